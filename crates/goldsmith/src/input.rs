//! Where the rows of a source come from: a table or directory below the source root, or batches handed over.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use goldsmith_lake::source::{ReadKind, SOURCE_VERSION, Source, SourceFile, SourcePosition, SourceRead};
use goldsmith_lake::{Lake, Location};
use goldsmith_model::SourceName;

use crate::error::{Error, Result};

/// Identity of handed-over batches in a position.
const BATCHES: &str = "batches";

/// The sources of an engine.
#[derive(Clone)]
pub(crate) struct Inputs {
    root: Option<Location>,
    /// Reaches the storage of the sources, which may be another one than that of the target.
    lake: Lake,
    handed_over: HashMap<String, HandOver>,
}

/// One delivery of batches.
#[derive(Clone)]
pub(crate) struct HandOver {
    delivery: u64,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

/// What a bronze table reads.
pub(crate) enum Input {
    /// A table or directory.
    Lake(Source),
    /// Batches of the caller.
    Batches(HandOver),
}

impl Inputs {
    pub(crate) fn new(root: Option<Location>, lake: Lake) -> Self {
        Self { root, lake, handed_over: HashMap::new() }
    }

    /// Takes a delivery over; it stands in for a table of the source until the next one.
    pub(crate) fn hand_over(&mut self, source: &str, delivery: u64, batches: Vec<RecordBatch>) -> Result<()> {
        let schema = batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        if let Some(other) = batches.iter().find(|batch| batch.schema() != schema) {
            return Err(Error::Configuration {
                what: format!(
                    "the batches handed over for `{source}` differ in schema: {schema} and {}",
                    other.schema()
                ),
                help: "hand batches of different schemas over as deliveries of their own".into(),
            });
        }
        self.handed_over.insert(source.to_string(), HandOver { delivery, schema, batches });
        Ok(())
    }

    /// Fails when a source root is given that is not there: a mistyped path must not look like absent tables.
    pub(crate) async fn check_root(&self) -> Result<()> {
        let Some(root) = &self.root else {
            if self.handed_over.is_empty() {
                return Err(Error::Configuration {
                    what: "no source is set".into(),
                    help: "give the directory or URL of the system tables, or hand batches over".into(),
                });
            }
            return Ok(());
        };
        if self.lake.exists(root).await? {
            return Ok(());
        }
        Err(Error::Configuration {
            what: format!("the source `{root}` does not exist"),
            help: "give a directory or URL with tables laid out as `<schema>/<table>`".into(),
        })
    }

    /// Opens a source; none when it is absent. The directory of a schema may lack its leading underscores.
    pub(crate) async fn open(&self, source: &SourceName) -> Result<Option<Input>> {
        if let Some(handed_over) = self.handed_over.get(&source.to_string()) {
            return Ok(Some(Input::Batches(handed_over.clone())));
        }
        let Some(root) = &self.root else {
            return Ok(None);
        };
        let mut names = vec![source.schema.as_str()];
        let plain = source.schema.trim_start_matches('_');
        if plain != source.schema {
            names.push(plain);
        }
        for name in names {
            if let Some(found) = self.lake.open_source(&root.join(name).join(&source.table)).await? {
                return Ok(Some(Input::Lake(found)));
            }
        }
        Ok(None)
    }
}

impl Input {
    /// Columns of the source.
    pub(crate) fn schema(&self) -> Result<SchemaRef> {
        match self {
            Self::Lake(source) => Ok(source.schema()?),
            Self::Batches(handed_over) => Ok(handed_over.schema.clone()),
        }
    }

    /// What has to be read.
    pub(crate) async fn plan_read(&self, position: Option<&SourcePosition>) -> Result<SourceRead> {
        let handed_over = match self {
            Self::Lake(source) => return Ok(source.plan_read(position).await?),
            Self::Batches(handed_over) => handed_over,
        };
        let known =
            position.is_some_and(|position| position.identity == BATCHES && position.version >= handed_over.delivery);
        let kind = if known { ReadKind::Nothing } else { ReadKind::Appends };
        let new_position =
            SourcePosition { identity: BATCHES.into(), version: handed_over.delivery, files: Vec::new() };
        Ok(SourceRead { kind, files: Vec::new(), changes: Vec::new(), compactions_skipped: 0, new_position })
    }

    /// Rows that are known to be new: those of `files`, or the delivery.
    pub(crate) async fn new_rows(&self, files: &[SourceFile]) -> Result<SendableRecordBatchStream> {
        match self {
            Self::Lake(source) => Ok(source.stream(files, None).await?),
            Self::Batches(handed_over) => handed_over.stream(),
        }
    }

    /// Rows of files that change commits wrote; a delivery has none.
    pub(crate) async fn file_rows(
        &self,
        files: &[SourceFile],
        columns: Option<&[String]>,
    ) -> Result<SendableRecordBatchStream> {
        match self {
            Self::Lake(source) => Ok(source.stream(files, columns).await?),
            Self::Batches(handed_over) => Ok(empty(handed_over.schema.clone())),
        }
    }
}

impl HandOver {
    fn stream(&self) -> Result<SendableRecordBatchStream> {
        let version = i64::try_from(self.delivery).map_err(|error| Error::Internal(error.to_string()))?;
        let mut fields: Vec<_> = self.schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(SOURCE_VERSION, DataType::Int64, true)));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let batches = self
            .batches
            .iter()
            .map(|batch| {
                let mut columns = batch.columns().to_vec();
                columns.push(Arc::new(Int64Array::from_value(version, batch.num_rows())));
                Ok(RecordBatch::try_new(schema.clone(), columns)?)
            })
            .collect::<Vec<_>>();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches))))
    }
}

fn empty(schema: SchemaRef) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::empty()))
}
