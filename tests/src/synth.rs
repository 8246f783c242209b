//! Generated deliveries for a scratch lake.

use arrow::array::RecordBatch;
use goldsmith::DeliveryMode;
use goldsmith_model::LoadMode;
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
        for bronze in lake.model().bronze.values() {
            let source = bronze.source.to_string();
            let mode = match bronze.load {
                LoadMode::Append => DeliveryMode::Append,
                LoadMode::Merge => DeliveryMode::Snapshot,
            };
            let rows = self.rows(&source, bronze.load, batch);
            lake.deliver_batches(&source, rows, mode).await.expect("a delivery");
        }
    }
}
