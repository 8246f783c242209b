//! Directories of Parquet files as sources.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;

use super::delta::with_version;
use super::hive::{PathColumns, path_values};
use super::names::{Names, find, is_alike, relabel};
use super::parts::plan_parts;
use super::union::merge_fields;
use super::{ChangeCommit, ReadKind, SeenFile, SourceFile, SourcePosition, SourceRead, is_data_file};
use crate::conform::plain_schema;
use crate::error::{LakeError, Result};
use crate::lake::Lake;
use crate::location::Location;
use crate::log::object_path;
use crate::parquet_file::ParquetFile;
use crate::table::project;

/// The identity of every directory: there is nothing in it that would tell one from another.
pub(super) const IDENTITY: &str = "parquet";

/// A directory of Parquet files, as it was when it was listed.
#[derive(Clone)]
pub struct ParquetDirectory {
    location: Location,
    store: Arc<dyn ObjectStore>,
    schema: SchemaRef,
    /// Columns that no file has, and of which the paths of some tell the values.
    of_paths: BTreeSet<String>,
    files: Vec<SeenFile>,
    threads: usize,
}

impl fmt::Debug for ParquetDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetDirectory")
            .field("location", &self.location.to_string())
            .field("files", &self.files.len())
            .finish()
    }
}

impl ParquetDirectory {
    pub(crate) async fn open(lake: &Lake, location: &Location) -> Result<Self> {
        let text = location.to_string();
        let store = lake.log_store(location)?.object_store(None);
        // On a disk a tag is made of nothing but the size, the time and a number of the file that need not last.
        let has_tags = location.local_path().is_none();
        let mut files: Vec<SeenFile> = store
            .list(None)
            .try_filter(|meta| std::future::ready(is_data_file(&meta.location)))
            .map_ok(|meta| SeenFile {
                name: meta.location.to_string(),
                size: meta.size,
                modified: meta.last_modified.timestamp_millis(),
                e_tag: meta.e_tag.filter(|_| has_tags),
            })
            .try_collect()
            .await
            .map_err(|error| LakeError::storage(&text, error))?;
        files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let threads = lake.options().files_at_once();
        let (location, schema, of_paths) = (location.clone(), Arc::new(Schema::empty()), BTreeSet::new());
        let mut directory = Self { location, store, schema, of_paths, files, threads };
        (directory.schema, directory.of_paths) = directory.union_schema().await?;
        Ok(directory)
    }

    /// The same directory with columns that no file has, but the paths of files, in the types of `declared`; they are text otherwise.
    pub(super) fn with_declared(mut self, declared: &Schema) -> Self {
        let typed = |field: &FieldRef| match find(declared.fields(), field.name()) {
            Some((_, known)) if self.of_paths.contains(field.name()) => {
                Arc::new(Field::new(field.name(), known.data_type().clone(), true))
            }
            _ => Arc::clone(field),
        };
        let fields: Fields = self.schema.fields().iter().map(typed).collect();
        self.schema = Arc::new(Schema::new(fields));
        self
    }

    /// The columns of all files together, then those that only their paths tell.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Where the files are.
    pub fn location(&self) -> &Location {
        &self.location
    }

    async fn union_schema(&self) -> Result<(SchemaRef, BTreeSet<String>)> {
        let files: Vec<_> = self.files.iter().map(|file| self.parquet_file(&file.name, file.size)).collect();
        let store = Arc::clone(&self.store);
        // The futures own what they need: borrowing ones are not `Send` for every lifetime.
        let schemas: Vec<SchemaRef> = futures::stream::iter(files)
            .map(move |file| {
                let store = Arc::clone(&store);
                async move { file.schema(&store).await }
            })
            .buffered(self.threads * 4)
            .try_collect()
            .await?;
        let mut union = Fields::empty();
        for schema in schemas {
            // Files may differ in the case of names.
            let names = Names::new(&plain_schema(&schema), &[&Schema::new(union.clone())]);
            union = merge_fields(&union, names.schema().fields(), "", &self.location.to_string())?;
        }
        let mut of_paths = BTreeSet::new();
        for name in self.files.iter().flat_map(|file| path_values(&file.name).into_keys()) {
            let is_known = |known: &str| is_alike(known, &name);
            if !union.iter().any(|field| is_known(field.name())) && !of_paths.iter().any(|path: &String| is_known(path))
            {
                of_paths.insert(name);
            }
        }
        let texts = of_paths.iter().map(|name| Arc::new(Field::new(name, DataType::Utf8, true)));
        let fields: Fields = union.iter().cloned().chain(texts).collect();
        Ok((Arc::new(Schema::new(fields)), of_paths))
    }

    fn parquet_file(&self, name: &str, size: u64) -> ParquetFile {
        ParquetFile { path: object_path(name), size, display: format!("{}/{name}", self.location), is_loose: true }
    }

    /// Nothing tells what became of the rows of a file that went: its name alone may have changed, or it was merged with others.
    /// Therefore new files are no pure appends from then on. That it went is a change, as rows may have gone with it.
    pub(super) fn plan_read(&self, position: Option<&SourcePosition>) -> SourceRead {
        let mut read = plan_parts(IDENTITY, &self.files, position);
        let Some(seen) = position.filter(|position| position.identity == IDENTITY) else {
            return read;
        };
        let names: HashSet<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        let gone = seen.files.iter().filter(|file| !names.contains(file.name.as_str())).count();
        if gone > 0 {
            let version = seen.version + 1;
            read.kind = ReadKind::Appends;
            read.new_position.version = version;
            read.changes.push(ChangeCommit {
                version,
                operation: Some("REMOVE FILES".to_owned()),
                changed_files: Vec::new(),
                removed_files: gone,
                rows_deleted: None,
            });
        }
        read.may_repeat = seen.may_repeat || gone > 0;
        read.new_position.may_repeat = read.may_repeat;
        read
    }

    pub(super) fn stream(&self, files: &[SourceFile], columns: Option<&[String]>) -> Result<SendableRecordBatchStream> {
        let schema = match columns {
            Some(columns) => project(&self.schema, columns, &self.location.to_string())?,
            None => Arc::clone(&self.schema),
        };
        let target = with_version(&schema);
        let directory = self.clone();
        let inner = Arc::clone(&target);
        let stream = futures::stream::iter(files.to_vec())
            .map(move |source_file| {
                let file = directory.parquet_file(&source_file.path, source_file.size);
                let store = Arc::clone(&directory.store);
                let location = file.display.clone();
                let (all, schema) = (Arc::clone(&directory.schema), Arc::clone(&schema));
                let target = Arc::clone(&inner);
                async move {
                    let open = file.open(&store).await?;
                    let of_path = PathColumns::new(&source_file.path, &location, open.schema(), &schema)?;
                    // The columns by the names that this file has for them.
                    let names = Names::new(&all, &[plain_schema(open.schema()).as_ref()]);
                    let batches = open.read(&names.of(&schema), None)?;
                    let version = i64::try_from(source_file.version).unwrap_or(i64::MAX);
                    Ok::<_, LakeError>(batches.and_then(move |batch| {
                        let named = relabel(&batch, &schema);
                        let batch = named.and_then(|batch| of_path.fill(&batch)).and_then(|mut columns| {
                            columns.push(Arc::new(Int64Array::from_value(version, batch.num_rows())));
                            RecordBatch::try_new(Arc::clone(&target), columns)
                        });
                        std::future::ready(batch.map_err(|error| LakeError::arrow(&location, error)))
                    }))
                }
            })
            .buffered(self.threads)
            .try_flatten()
            .map_err(datafusion::error::DataFusionError::from);
        Ok(Box::pin(RecordBatchStreamAdapter::new(target, stream)))
    }
}
