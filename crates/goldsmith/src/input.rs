//! Where the rows of a source come from: a table or directory below the source root, batches handed over, or a feed.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, RecordBatchIterator};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;
use goldsmith_lake::source::{
    Departures, Names, ReadKind, SeenFile, Source, SourceFile, SourcePosition, SourceRead, plan_parts,
};
use goldsmith_lake::{Lake, Location};
use goldsmith_model::BronzeTable;

use crate::error::{Error, Result};
use crate::feed::{BoxedReader, Bucket, Feed, OpenFeed, stream};
use goldsmith_query::normalize::{normalize_batch, normalize_schema};
use goldsmith_query::order::KeyHasher;
use goldsmith_query::types::declared_schema;

/// Opens the batches of a delivery from the first one on.
pub type OpenBatches = Arc<dyn Fn() -> Result<BoxedReader, ArrowError> + Send + Sync>;

/// Identity of handed-over batches in a position.
const BATCHES: &str = "batches";

/// The sources of an engine.
#[derive(Clone)]
pub(crate) struct Inputs {
    root: Option<Location>,
    /// Reaches the storage of the sources, which may be another one than that of the target.
    lake: Lake,
    handed_over: HashMap<String, HandOver>,
    feeds: HashMap<String, Arc<dyn Feed>>,
}

/// One delivery of batches.
#[derive(Clone)]
pub(crate) struct HandOver {
    delivery: u64,
    schema: SchemaRef,
    open: OpenBatches,
}

/// What a bronze table reads.
pub(crate) enum Input {
    /// A table or directory.
    Lake(Box<Source>),
    /// Batches of the caller.
    Batches(HandOver),
    /// Rows that the caller reads.
    Feed(OpenFeed),
}

impl Inputs {
    pub(crate) fn new(root: Option<Location>, lake: Lake) -> Self {
        Self { root, lake, handed_over: HashMap::new(), feeds: HashMap::new() }
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
        let reopened = schema.clone();
        let open: OpenBatches = Arc::new(move || {
            let batches = batches.clone().into_iter().map(Ok);
            Ok(Box::new(RecordBatchIterator::new(batches, reopened.clone())))
        });
        self.hand_over_stream(source, delivery, schema, open);
        Ok(())
    }

    /// As [`Self::hand_over`], with batches that are read when they are needed.
    pub(crate) fn hand_over_stream(&mut self, source: &str, delivery: u64, schema: SchemaRef, open: OpenBatches) {
        self.handed_over.insert(source.to_string(), HandOver { delivery, schema, open });
    }

    /// Lets the caller read a source; it stands in for a table of the source from now on.
    pub(crate) fn feed(&mut self, source: &str, feed: Arc<dyn Feed>) {
        self.feeds.insert(source.to_string(), feed);
    }

    /// Fails when a source root is given that is not there: a mistyped path must not look like absent tables.
    pub(crate) async fn check_root(&self) -> Result<()> {
        let Some(root) = &self.root else {
            if self.handed_over.is_empty() && self.feeds.is_empty() {
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

    /// Opens the source of a bronze table; none when it is absent. The directory of a schema may lack its leading underscores.
    pub(crate) async fn open(&self, bronze: &BronzeTable) -> Result<Option<Input>> {
        let source = &bronze.source;
        if let Some(handed_over) = self.handed_over.get(&source.to_string()) {
            return Ok(Some(Input::Batches(handed_over.clone())));
        }
        if let Some(feed) = self.feeds.get(&source.to_string()) {
            return Ok(OpenFeed::open(&source.to_string(), feed.clone()).await?.map(Input::Feed));
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
                return Ok(Some(Input::Lake(Box::new(found.with_declared(&declared_schema(bronze))))));
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
            Self::Feed(feed) => Ok(feed.schema.clone()),
        }
    }

    /// What has to be read.
    pub(crate) async fn plan_read(&self, position: Option<&SourcePosition>) -> Result<SourceRead> {
        match self {
            Self::Lake(source) => Ok(source.plan_read(position).await?),
            Self::Batches(handed_over) => Ok(handed_over.plan_read(position)),
            Self::Feed(feed) => Ok(feed.plan_read(position)),
        }
    }

    /// Where the rows are that the source shows no longer since a position; none when all of its keys have to be compared.
    pub(crate) async fn departures(&self, position: &SourcePosition, read: &SourceRead) -> Result<Option<Departures>> {
        match self {
            Self::Lake(source) => Ok(source.departures(position, read).await?),
            Self::Batches(_) | Self::Feed(_) => Ok(None),
        }
    }

    /// What has to be read to compare all of the source with bronze.
    pub(crate) async fn plan_comparison(&self) -> Result<SourceRead> {
        match self {
            // Without any position a delivery would be taken over as it is.
            Self::Batches(handed_over) => Ok(handed_over.plan_read(Some(&SourcePosition::at("", 0)))),
            _ => self.plan_read(None).await,
        }
    }

    /// Whether what it does not have is gone from the source. A delivery is not all that there is.
    pub(crate) fn is_whole(&self) -> bool {
        !matches!(self, Self::Batches(_))
    }

    async fn rows(&self, files: &[SourceFile], columns: Option<&[String]>) -> Result<SendableRecordBatchStream> {
        match self {
            Self::Lake(source) => Ok(source.stream(files, columns).await?),
            Self::Batches(handed_over) if files.is_empty() => Ok(empty(handed_over.schema.clone())),
            Self::Batches(handed_over) => handed_over.stream(),
            Self::Feed(feed) => feed.stream(files, columns, None),
        }
    }
}

/// An input whose columns go by their names in bronze: names are not told by case there.
pub(crate) struct NamedInput<'a> {
    input: &'a Input,
    names: Arc<Names>,
}

impl<'a> NamedInput<'a> {
    /// The columns are those of the first of `bases` that has them; others keep their names.
    pub(crate) fn new(input: &'a Input, bases: &[&Schema]) -> Result<Self> {
        let own = normalize_schema(input.schema()?.as_ref());
        Ok(Self { input, names: Arc::new(Names::new(&own, bases)) })
    }

    /// Columns in plain types.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.names.schema()
    }

    /// Columns and nested fields that the source names in another case, and how bronze does.
    pub(crate) fn matched(&self) -> &[(String, String)] {
        self.names.matched()
    }

    /// The table or directory, when its files have the columns under the names of bronze.
    pub(crate) fn as_it_is(&self) -> Option<&'a Source> {
        match self.input {
            Input::Lake(source) if self.names.are_own() => Some(source.as_ref()),
            _ => None,
        }
    }

    /// Rows of files or parts that are known to be new.
    pub(crate) async fn new_rows(&self, files: &[SourceFile]) -> Result<SendableRecordBatchStream> {
        self.file_rows(files, None).await
    }

    /// Rows of files or parts, whatever is known of them.
    pub(crate) async fn file_rows(
        &self,
        files: &[SourceFile],
        columns: Option<&[String]>,
    ) -> Result<SendableRecordBatchStream> {
        let own: Option<Vec<String>> =
            columns.map(|columns| columns.iter().map(|name| self.names.own_name(name).to_owned()).collect());
        Ok(self.named(self.input.rows(files, own.as_deref()).await?))
    }

    /// Rows of files or parts that fall into one bucket by their key. A feed makes the buckets itself, so that each of its rows is
    /// handed over once.
    pub(crate) async fn bucket_rows(
        &self,
        files: &[SourceFile],
        key: &[String],
        bucket: Bucket,
    ) -> Result<SendableRecordBatchStream> {
        if let Input::Feed(feed) = self.input {
            return Ok(self.named(feed.stream(files, None, Some(bucket).filter(|bucket| bucket.of > 1))?));
        }
        let rows = self.file_rows(files, None).await?;
        if bucket.of == 1 {
            return Ok(rows);
        }
        let (hasher, key, schema) = (KeyHasher::default(), key.to_vec(), rows.schema());
        let rows = rows.and_then(move |batch| {
            let of_bucket = normalize_batch(&batch).and_then(|plain| hasher.hash(&plain, &key));
            let of_bucket = of_bucket.map_err(|error| DataFusionError::External(Box::new(error)));
            std::future::ready(of_bucket.and_then(|hashes| {
                let mask: BooleanArray =
                    hashes.into_iter().map(|hash| Some(hash % bucket.of == bucket.number)).collect();
                Ok(filter_record_batch(&batch, &mask)?)
            }))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    /// Whether a row of one file or part may be in another one as well.
    pub(crate) fn repeats_rows(&self) -> bool {
        !matches!(self.input, Input::Feed(_))
    }

    fn named(&self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        if self.names.are_own() {
            return rows;
        }
        let names = Arc::clone(&self.names);
        let schema = names.of(&normalize_schema(rows.schema().as_ref()));
        let rows = rows.and_then(move |batch| {
            let plain = normalize_batch(&batch).map_err(|error| DataFusionError::External(Box::new(error)));
            std::future::ready(plain.and_then(|plain| Ok(names.rename(&plain)?)))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }
}

impl HandOver {
    /// Nothing, when the delivery or a later one was taken over. After another kind of source its rows are compared with bronze.
    fn plan_read(&self, position: Option<&SourcePosition>) -> SourceRead {
        let part = SeenFile { name: format!("delivery {}", self.delivery), size: 0, modified: 0, e_tag: None };
        let same = position.filter(|position| position.identity == BATCHES);
        let mut read = match (position, same) {
            (_, Some(same)) if same.version >= self.delivery => plan_parts(BATCHES, &[], Some(same)),
            (None, _) | (_, Some(_)) => {
                SourceRead { kind: ReadKind::Appends, ..plan_parts(BATCHES, std::slice::from_ref(&part), None) }
            }
            (Some(other), None) => {
                let known = SourcePosition {
                    files: vec![SeenFile { modified: -1, ..part.clone() }],
                    ..SourcePosition::at(BATCHES, other.version)
                };
                plan_parts(BATCHES, std::slice::from_ref(&part), Some(&known))
            }
        };
        read.new_position = SourcePosition::at(BATCHES, self.delivery);
        read
    }

    fn stream(&self) -> Result<SendableRecordBatchStream> {
        let open = self.open.clone();
        stream(&self.schema, self.delivery, move || open().map(Some))
    }
}

fn empty(schema: SchemaRef) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::empty()))
}
