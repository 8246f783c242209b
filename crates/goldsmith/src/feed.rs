//! Sources that the caller reads: another engine's tables, handed over as Arrow.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, RecordBatchReader};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use goldsmith_lake::source::{
    ChangeCommit, ReadKind, SOURCE_VERSION, SeenFile, SourceFile, SourcePosition, SourceRead, plan_parts,
};

use crate::error::{Error, Result};

/// Batches that wait to be taken over. The reader is asked for the next one when there is room, so that a slow
/// engine holds a fast source back.
const BATCHES_AHEAD: usize = 2;

/// Rows that go through the engine at once; larger batches are taken over in slices, without a copy.
const ROWS_AT_ONCE: usize = 65_536;

/// Arrow batches of one schema, one after the other.
pub type BoxedReader = Box<dyn RecordBatchReader + Send>;

/// A source that the caller reads for the engine, in parts by which it is told what is new.
///
/// The part of a row must follow from its content alone. A part that the engine never saw is taken over as it is; of
/// one that differs from what it was, only the rows are taken over that bronze does not hold. So a feed needs no
/// position of its own, repeats nothing, and loses nothing however late a row comes.
///
/// The methods may block; they are called on threads for that.
pub trait Feed: Send + Sync {
    /// What is there now; none when the source is absent.
    ///
    /// # Errors
    /// The source cannot be reached or read.
    fn state(&self) -> Result<Option<FeedState>, ArrowError>;

    /// Reads rows in batches of any size.
    ///
    /// # Errors
    /// The source cannot be read; the reader may fail as well.
    fn read(&self, request: &FeedRequest) -> Result<BoxedReader, ArrowError>;
}

/// What a [`Feed`] has at one moment. What is read later may be newer: the next run compares the parts that differ.
#[derive(Debug, Clone)]
pub struct FeedState {
    /// Tells the source, and the way in which it is cut into parts, from others. When it changes, everything is
    /// compared with bronze once.
    pub identity: String,
    /// The columns, the same of all parts.
    pub schema: SchemaRef,
    /// The parts, in any order; together they hold every row of the source once. Their names differ.
    pub parts: Vec<FeedPart>,
}

/// A part of a [`Feed`], such as a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPart {
    /// Name of the part.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// A number that differs when the rows differ.
    pub digest: i64,
}

/// Which rows of a [`Feed`] are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRequest {
    /// Names of the parts.
    pub parts: Vec<String>,
    /// The columns, in this order; none: all.
    pub columns: Option<Vec<String>>,
    /// Only the rows of one of so many buckets; equal rows must be in the same one. None: all rows.
    pub bucket: Option<Bucket>,
}

/// One of `of` about equal shares of the rows, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Number of the bucket.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

/// A feed as it was when it was opened.
#[derive(Clone)]
pub(crate) struct OpenFeed {
    feed: Arc<dyn Feed>,
    identity: String,
    pub(crate) schema: SchemaRef,
    parts: Vec<SeenFile>,
}

impl OpenFeed {
    /// Looks what is there; none when the source is absent.
    pub(crate) async fn open(source: &str, feed: Arc<dyn Feed>) -> Result<Option<Self>> {
        let asked = feed.clone();
        let state = tokio::task::spawn_blocking(move || asked.state())
            .await
            .map_err(|error| Error::Internal(error.to_string()))?
            .map_err(|cause| Error::Feed { source_name: source.to_string(), cause })?;
        Ok(state.map(|state| {
            let parts = state.parts.into_iter();
            let parts = parts
                .map(|part| SeenFile { name: part.name, size: part.rows, modified: part.digest, e_tag: None })
                .collect();
            Self { feed, identity: state.identity, schema: state.schema, parts }
        }))
    }

    /// What has to be read. Parts that vanished stay in the position, as empty ones: should one come back, its rows are compared
    /// with bronze.
    pub(crate) fn plan_read(&self, position: Option<&SourcePosition>) -> SourceRead {
        let mut read = plan_parts(&self.identity, &self.parts, position);
        let seen = position.filter(|position| position.identity == self.identity);
        if let Some(seen) = seen {
            let names: HashSet<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
            let gone: Vec<&SeenFile> = seen.files.iter().filter(|part| !names.contains(part.name.as_str())).collect();
            let vanished = gone.iter().filter(|part| !is_gone(part)).count();
            read.new_position.files.extend(gone.iter().map(|part| gone_part(&part.name)));
            if vanished > 0 {
                let version = seen.version + 1;
                read.kind = ReadKind::Appends;
                read.new_position.version = version;
                read.changes.push(ChangeCommit {
                    version,
                    operation: Some("REMOVE PARTS".into()),
                    changed_files: Vec::new(),
                    removed_files: vanished,
                    rows_deleted: None,
                });
            }
        }
        let changed = read.changes.iter_mut().flat_map(|change| &mut change.changed_files);
        for part in read.files.iter_mut().chain(changed) {
            part.rows = Some(part.size);
        }
        read
    }

    pub(crate) fn stream(
        &self,
        parts: &[SourceFile],
        columns: Option<&[String]>,
        bucket: Option<Bucket>,
    ) -> Result<SendableRecordBatchStream> {
        let schema = match columns {
            None => self.schema.clone(),
            Some(columns) => {
                let fields = columns.iter().map(|name| Ok(self.schema.field_with_name(name)?.clone()));
                Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?))
            }
        };
        let version = parts.iter().map(|part| part.version).max().unwrap_or_default();
        let request = FeedRequest {
            parts: parts.iter().map(|part| part.path.clone()).collect(),
            columns: columns.map(<[String]>::to_vec),
            bucket,
        };
        let feed = self.feed.clone();
        stream(
            &schema,
            version,
            move || if request.parts.is_empty() { Ok(None) } else { feed.read(&request).map(Some) },
        )
    }
}

fn gone_part(name: &str) -> SeenFile {
    SeenFile { name: name.to_owned(), size: 0, modified: 0, e_tag: None }
}

fn is_gone(part: &SeenFile) -> bool {
    *part == gone_part(&part.name)
}

/// Reads on a thread of its own, as fast as the rows are taken, and adds the version of the source to them.
pub(crate) fn stream(
    schema: &SchemaRef,
    version: u64,
    open: impl FnOnce() -> Result<Option<BoxedReader>, ArrowError> + Send + 'static,
) -> Result<SendableRecordBatchStream> {
    let version = i64::try_from(version).map_err(|error| Error::Internal(error.to_string()))?;
    // A column that the source has by this name is not taken over.
    let taken: Vec<usize> = schema
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| field.name() != SOURCE_VERSION)
        .map(|(at, _)| at)
        .collect();
    let mut fields = schema.project(&taken)?.fields().to_vec();
    fields.push(Arc::new(Field::new(SOURCE_VERSION, DataType::Int64, true)));
    let target: SchemaRef = Arc::new(Schema::new(fields));
    let mut builder = RecordBatchReceiverStreamBuilder::new(target.clone(), BATCHES_AHEAD);
    let sender = builder.tx();
    builder.spawn_blocking(move || {
        let Some(reader) = open().map_err(failed)? else { return Ok(()) };
        for batch in reader {
            let batch = batch.map_err(failed)?;
            for offset in (0..batch.num_rows()).step_by(ROWS_AT_ONCE) {
                let rows = batch.slice(offset, ROWS_AT_ONCE.min(batch.num_rows() - offset));
                let rows = rows.project(&taken).map_err(failed)?;
                let mut columns = rows.columns().to_vec();
                columns.push(Arc::new(Int64Array::from_value(version, rows.num_rows())));
                let rows = RecordBatch::try_new(target.clone(), columns).map_err(failed)?;
                if sender.blocking_send(Ok(rows)).is_err() {
                    // Nobody wants the rest.
                    return Ok(());
                }
            }
        }
        Ok(())
    });
    Ok(builder.build())
}

fn failed(error: ArrowError) -> DataFusionError {
    DataFusionError::ArrowError(Box::new(error), None)
}
