//! Generated deliveries for a scratch lake.

use arrow::array::RecordBatch;
use goldsmith::{DeliveryMode, LakeOptions, write_delivery};
use goldsmith_model::{BronzeTable, LoadMode, Model};
use goldsmith_synth::{Generator, SynthConfig};
use goldsmith_testkit::ScratchLake;

/// A generated world and how to deliver it.
pub struct World {
    generator: Generator,
}

#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
impl World {
    /// A world from a configuration.
    ///
    /// # Panics
    /// The configuration is not valid.
    pub fn new(config: SynthConfig) -> Self {
        Self { generator: Generator::new(config).expect("a valid configuration") }
    }

    /// Rows that a source gains in a delivery; of a merged source its whole snapshot then, if it is no stream.
    ///
    /// # Panics
    /// The generator does not know the source.
    pub fn rows(&self, source: &str, mode: LoadMode, batch: usize) -> Vec<RecordBatch> {
        let is_streamed = self.generator.is_streamed(source).expect("a known table");
        let batches = match mode {
            LoadMode::Merge if !is_streamed => self.generator.snapshot(source, batch),
            _ => self.generator.batch(source, batch),
        };
        batches.expect("a known table").map(|batch| batch.expect("a generated batch")).collect()
    }

    /// Delivers one batch of every source.
    ///
    /// # Panics
    /// A delivery fails.
    pub async fn deliver(&self, lake: &ScratchLake, batch: usize) {
        let root = lake.source();
        self.deliver_to(lake.model(), &LakeOptions::default(), &root.to_string_lossy(), batch).await;
    }

    /// Delivers one batch of every source to a root that these options reach.
    ///
    /// # Panics
    /// A delivery fails.
    pub async fn deliver_to(&self, model: &Model, options: &LakeOptions, root: &str, batch: usize) {
        for bronze in model.bronze.values() {
            self.deliver_one(bronze, options, root, batch).await;
        }
    }

    /// Delivers what one batch brings to the streamed sources, and nothing of those that are merged: where later batches came before,
    /// these are late rows and corrections alone.
    ///
    /// # Panics
    /// A delivery fails.
    pub async fn deliver_late(&self, lake: &ScratchLake, batch: usize) {
        let root = lake.source();
        for bronze in lake.model().bronze.values().filter(|bronze| bronze.load == LoadMode::Append) {
            self.deliver_one(bronze, &LakeOptions::default(), &root.to_string_lossy(), batch).await;
        }
    }

    async fn deliver_one(&self, bronze: &BronzeTable, options: &LakeOptions, root: &str, batch: usize) {
        let source = bronze.source.to_string();
        let mode = match bronze.load {
            LoadMode::Append => DeliveryMode::Append,
            LoadMode::Merge => DeliveryMode::Snapshot,
        };
        let rows = self.rows(&source, bronze.load, batch);
        write_delivery(options, root, &source, rows, mode).await.expect("a delivery");
    }
}
