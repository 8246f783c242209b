//! Reading tables of other software with mapped columns or deletion vectors outside of the table.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StringBuilder};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::Column;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::Expr;
use futures::StreamExt;
use object_store::path::Path;

use super::ScanRequest;
use crate::conform::conform;
use crate::error::{LakeError, Result};
use crate::merge::shadow::Shadow;
use crate::session::session;
use crate::table::{Table, project};

/// Reads `schema` of a table whose files do not simply hold its columns by name.
pub(super) async fn scan(table: &Table, schema: SchemaRef, request: &ScanRequest) -> Result<SendableRecordBatchStream> {
    let location = table.location.to_string();
    let fail = |error| LakeError::query(&location, error);
    let context = session(table.options())?;
    let shadow = if table.has_staged() { Some(Shadow::new(table, None).await?) } else { None };
    let delta = shadow.as_ref().map_or(&table.delta, |shadow| &shadow.delta);
    let mut builder = delta.table_provider().with_session(Arc::new(context.state()));
    if let Some(files) = &request.files {
        builder = builder.with_file_paths(select_files(table, files)?.iter().map(|path| as_in_log(path)));
    }
    let probe = match &request.probe {
        None => None,
        Some(probe) => {
            Some((project(table.data_schema()?.as_ref(), &probe.columns, &location)?, Arc::clone(&probe.filter)))
        }
    };
    // The columns to give come first, then what only the probe looks at.
    let mut names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    if let Some(name) = &request.with_file_column {
        builder = builder.with_file_column(name);
        names.push(name);
    }
    let given = names.len();
    for field in probe.iter().flat_map(|(columns, _)| columns.fields()) {
        if !names.contains(&field.name()) {
            names.push(field.name());
        }
    }
    let select: Vec<Expr> = names.into_iter().map(|name| column(name)).collect();
    let provider = builder.await.map_err(fail)?;
    let stream = context
        .read_table(provider)
        .and_then(|frame| frame.select(select))
        .map_err(fail)?
        .execute_stream()
        .await
        .map_err(fail)?;

    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    if let Some(name) = &request.with_file_column {
        fields.push(Arc::new(Field::new(name, DataType::Utf8, true)));
    }
    let target: SchemaRef = Arc::new(Schema::new(fields));
    let paths = if request.with_file_column.is_some() { Some(FilePaths::new(table)?) } else { None };
    let wanted: Vec<usize> = (0..given).collect();
    let inner = Arc::clone(&target);
    Ok(adapt(target, stream, move |batch| {
        let fail = |error| LakeError::arrow(&location, error);
        let batch = match &probe {
            None => batch.clone(),
            Some((columns, filter)) => {
                let mask = filter(&conform(batch, columns, &location)?).map_err(fail)?;
                filter_record_batch(batch, &mask).map_err(fail)?
            }
        };
        let batch = conform(&batch.project(&wanted).map_err(fail)?, &inner, &location)?;
        let Some(paths) = &paths else { return Ok(batch) };
        let mut columns = batch.columns().to_vec();
        if let Some(last) = columns.last_mut() {
            *last = paths.relative(last, &location)?;
        }
        RecordBatch::try_new(batch.schema(), columns).map_err(fail)
    }))
}

fn select_files(table: &Table, files: &[String]) -> Result<Vec<String>> {
    let wanted: HashSet<&str> = files.iter().map(String::as_str).collect();
    let selected: Vec<String> = table
        .file_views()?
        .iter()
        .map(|view| view.path().into_owned())
        .chain(table.staged.added().iter().map(|add| add.path.clone()))
        .filter(|path| wanted.contains(path.as_str()))
        .collect();
    if selected.len() < wanted.len() {
        let found: HashSet<&str> = selected.iter().map(String::as_str).collect();
        if let Some(file) = wanted.into_iter().find(|file| !found.contains(file)) {
            return Err(LakeError::NoSuchFile {
                location: table.location.to_string(),
                file: file.to_owned(),
                version: table.version(),
            });
        }
    }
    Ok(selected)
}

/// A path as other software writes it into the log, by which the scan tells files apart: of what the paths of object stores encode,
/// neither delta-rs nor Spark encodes `~`.
fn as_in_log(path: &str) -> String {
    Path::from(path).to_string().replace("%7E", "~")
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

/// Changes each batch of a stream.
pub(crate) fn adapt(
    schema: SchemaRef,
    stream: SendableRecordBatchStream,
    change: impl Fn(&RecordBatch) -> Result<RecordBatch> + Send + 'static,
) -> SendableRecordBatchStream {
    let stream = stream.map(move |batch| Ok(change(&batch?)?));
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}

/// Turns the URLs that a scan reports into the paths that the log holds.
struct FilePaths {
    root: String,
    paths: Vec<String>,
}

impl FilePaths {
    fn new(table: &Table) -> Result<Self> {
        Ok(Self {
            root: table.delta.log_store().root_url().to_string(),
            paths: table.files()?.into_iter().map(|file| file.path).collect(),
        })
    }

    fn relative(&self, urls: &ArrayRef, location: &str) -> Result<ArrayRef> {
        let urls = cast(urls, &DataType::Utf8).map_err(|error| LakeError::arrow(location, error))?;
        let urls: &StringArray = urls.as_string();
        let mut paths = StringBuilder::with_capacity(urls.len(), urls.value_data().len());
        let mut last: Option<(&str, String)> = None;
        for url in urls {
            let Some(url) = url else {
                paths.append_null();
                continue;
            };
            let path = match last.take() {
                Some((seen, path)) if seen == url => path,
                _ => self.path_of(url),
            };
            paths.append_value(&path);
            last = Some((url, path));
        }
        Ok(Arc::new(paths.finish()))
    }

    fn path_of(&self, url: &str) -> String {
        let root = self.root.trim_end_matches('/');
        if let Some(rest) = url.strip_prefix(root) {
            return percent_decode(rest.trim_start_matches('/'));
        }
        // The scan may have resolved links in the path of the table.
        let decoded = percent_decode(url);
        self.paths.iter().find(|path| decoded.ends_with(&format!("/{path}"))).cloned().unwrap_or(decoded)
    }
}

/// A text of which characters may be written as `%` and the digits of their bytes.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let hex = (first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex {
            Some(byte) => {
                decoded.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
