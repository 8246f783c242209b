use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;

use crate::delivery::{Deliveries, Delivery, Kind, LATEST, Pick};
use crate::rng::Rng;
use crate::source::{Numbering, Source, Table};
use crate::world::World;
use crate::{SynthConfig, SynthError, TableSummary};
use crate::{
    access, billing, compute, lakeflow, marketplace, mlflow, quality, query, schema, serving, sharing, storage,
};

/// A made-up account, able to tell any delivery of any of its system tables.
///
/// Cheap to clone; what it holds grows with the number of entities, not with the number of rows.
#[derive(Clone)]
pub struct Generator {
    world: Arc<World>,
    schemas: Arc<HashMap<&'static str, SchemaRef>>,
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator").field("config", &self.world.config).finish_non_exhaustive()
    }
}

impl Generator {
    /// Derives the account from the settings.
    ///
    /// # Errors
    /// [`SynthError::InvalidConfig`] when a setting is out of its range.
    pub fn new(config: SynthConfig) -> Result<Self, SynthError> {
        let schemas = Arc::new(schema::system_tables()?);
        Ok(Self { world: Arc::new(World::new(config)?), schemas })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &SynthConfig {
        &self.world.config
    }

    /// The names of all 35 tables, such as `billing.usage`, in alphabetical order.
    #[must_use]
    pub fn tables(&self) -> &'static [&'static str] {
        Table::NAMES
    }

    /// The Arrow schema of a table.
    ///
    /// # Errors
    /// [`SynthError::UnknownTable`].
    pub fn schema(&self, table: &str) -> Result<SchemaRef, SynthError> {
        self.schemas.get(table).cloned().ok_or_else(|| SynthError::UnknownTable { table: table.to_owned() })
    }

    /// Whether a table is read as a stream of appends; otherwise it has snapshots.
    ///
    /// # Errors
    /// [`SynthError::UnknownTable`].
    pub fn is_streamed(&self, table: &str) -> Result<bool, SynthError> {
        Ok(source(table)?.table.is_streamed())
    }

    /// What delivery `batch` (counted from 0) brings of a table: for a streamed table the rows appended
    /// by it, for any other the rows that it adds or changes. There may be none.
    ///
    /// # Errors
    /// [`SynthError::UnknownTable`] and [`SynthError::UnknownBatch`].
    pub fn batch(&self, table: &str, batch: usize) -> Result<Batches, SynthError> {
        self.rows(table, batch, Mode::Delivery)
    }

    /// All rows that a table which is not streamed holds at delivery `batch`, each in its state of then.
    /// Rows leave it by retention, and seldom one stands twice.
    ///
    /// # Errors
    /// [`SynthError::NotASnapshotTable`], and those of [`Generator::batch`].
    pub fn snapshot(&self, table: &str, batch: usize) -> Result<Batches, SynthError> {
        if self.is_streamed(table)? {
            return Err(SynthError::NotASnapshotTable { table: table.to_owned() });
        }
        self.rows(table, batch, Mode::Snapshot)
    }

    /// Counts what [`Generator::batch`] brings, exactly, for all tables in the order of
    /// [`Generator::tables`]. It goes through all records without writing rows.
    #[must_use]
    pub fn describe(&self) -> Vec<TableSummary> {
        sources().map(|source| summary(&self.world, source)).collect()
    }

    fn rows(&self, table: &str, batch: usize, mode: Mode) -> Result<Batches, SynthError> {
        let source = source(table)?;
        let batches = self.world.config.batches;
        if batch >= batches {
            return Err(SynthError::UnknownBatch { batch, batches });
        }
        Ok(Batches {
            world: Arc::clone(&self.world),
            schema: self.schema(table)?,
            source,
            batch,
            mode,
            numbers: candidates(&self.world, source, batch, mode),
            pending: Vec::new(),
        })
    }
}

fn sources() -> impl Iterator<Item = &'static Source> {
    let mut all: Vec<&'static Source> = Vec::with_capacity(Table::ALL.len());
    all.extend(access::SOURCES);
    all.extend(billing::SOURCES);
    all.extend(compute::SOURCES);
    all.extend(lakeflow::SOURCES);
    all.extend(marketplace::SOURCES);
    all.extend(mlflow::SOURCES);
    all.extend(quality::SOURCES);
    all.extend(query::SOURCES);
    all.extend(serving::SOURCES);
    all.extend(sharing::SOURCES);
    all.extend(storage::SOURCES);
    all.sort_by_key(|source| source.table as usize);
    all.into_iter()
}

fn source(table: &str) -> Result<&'static Source, SynthError> {
    sources()
        .find(|source| source.table.name() == table)
        .ok_or_else(|| SynthError::UnknownTable { table: table.to_owned() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Delivery,
    Snapshot,
}

/// The numbers of all records that a delivery or a snapshot may have rows of.
fn candidates(world: &World, source: &Source, batch: usize, mode: Mode) -> Range<u64> {
    let count = world.count(source.table);
    let (tail, round) = match source.numbering {
        Numbering::Free => return 0..count,
        Numbering::ByTime { tail } => (tail, 0),
        Numbering::InRounds { size } => (0, size(world)),
    };
    let calendar = &world.calendar;
    let until = calendar.window(batch).end;
    let from = match mode {
        Mode::Snapshot => calendar.start(),
        Mode::Delivery => calendar.window(batch.saturating_sub(LATEST)).start - tail,
    };
    let numbers = calendar.numbers(count, from, until);
    // The round that holds the last number may be told a minute, and a round, earlier.
    numbers.start..numbers.end.saturating_add(2 * round).min(count)
}

fn summary(world: &World, source: &Source) -> TableSummary {
    let mut summary = TableSummary {
        table: source.table.name(),
        is_streamed: source.table.is_streamed(),
        rows_by_batch: vec![0; world.config.batches],
        keys: 0,
        copies: 0,
        keyless: 0,
    };
    let mut deliveries = Deliveries::new(world, source.table.salt());
    for number in 0..world.count(source.table) {
        deliveries.restart(number);
        (source.schedule)(world, number, &mut deliveries);
        for delivery in &deliveries.list {
            summary.rows_by_batch[delivery.batch] += 1;
            match delivery.kind {
                Kind::New => summary.keys += 1,
                Kind::Copy => summary.copies += 1,
                Kind::Keyless => summary.keyless += 1,
                Kind::Version => {}
            }
        }
    }
    summary
}

/// The rows of one delivery or snapshot as Arrow batches, written one at a time as they are asked for.
pub struct Batches {
    world: Arc<World>,
    schema: SchemaRef,
    source: &'static Source,
    batch: usize,
    mode: Mode,
    numbers: Range<u64>,
    pending: Vec<Pick>,
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches")
            .field("table", &self.source.table.name())
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

impl Batches {
    /// The schema of all batches.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Collects rows until there are enough for one Arrow batch, or no more.
    fn fill(&mut self) {
        let size = self.world.config.batch_size;
        let mut deliveries = Deliveries::new(&self.world, self.source.table.salt());
        while self.pending.len() < size {
            let Some(number) = self.numbers.next() else { break };
            deliveries.restart(number);
            (self.source.schedule)(&self.world, number, &mut deliveries);
            let pick = |delivery: &Delivery| Pick { number, part: delivery.part };
            match self.mode {
                Mode::Delivery => {
                    let here = deliveries.list.iter().filter(|delivery| delivery.batch == self.batch);
                    self.pending.extend(here.map(pick));
                }
                Mode::Snapshot if self.is_gone(number) => {}
                Mode::Snapshot => {
                    let known = || deliveries.list.iter().filter(|delivery| delivery.batch <= self.batch);
                    if let Some(latest) = known().map(|delivery| delivery.part).max() {
                        let doubled = known().any(|delivery| {
                            delivery.kind == Kind::Copy && delivery.part == latest && delivery.batch == self.batch
                        });
                        let row = Pick { number, part: latest };
                        self.pending.extend(std::iter::repeat_n(row, 1 + usize::from(doubled)));
                    }
                }
            }
        }
    }

    /// Whether a row has left the snapshots.
    fn is_gone(&self, number: u64) -> bool {
        let calendar = &self.world.calendar;
        let forgotten = self.source.ages_from.is_some_and(|ages_from| {
            ages_from(&self.world, number) + self.world.snapshot_retention() < calendar.window(self.batch).end
        });
        // Small reference tables lose a row at the very end.
        let removed = matches!(self.source.table, Table::NodeTypes | Table::WorkspacesLatest)
            && number % 8 == 6
            && self.batch > 0
            && self.batch == calendar.last_batch();
        forgotten || removed
    }

    /// Lets some rows change places.
    fn stir(&self, picks: &mut [Pick]) {
        let share = self.world.config.out_of_order_share;
        let first = picks.first().map_or(0, |pick| pick.number);
        let mut rng = Rng::at(self.world.config.seed, self.source.table.salt() ^ self.batch as u64, first);
        for _ in 0..(picks.len() as f64 * share / 2.0) as usize {
            let (one, other) = (rng.index(picks.len()), rng.index(picks.len()));
            picks.swap(one, other);
        }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, SynthError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.fill();
        let size = self.pending.len().min(self.world.config.batch_size);
        if size == 0 {
            return None;
        }
        let mut picks: Vec<Pick> = self.pending.drain(..size).collect();
        self.stir(&mut picks);
        let batch = (self.source.build)(&self.world, &picks, self.schema.fields()).and_then(|columns| {
            let options = RecordBatchOptions::new().with_row_count(Some(picks.len()));
            Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
        });
        Some(batch)
    }
}
