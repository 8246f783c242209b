//! Taking whole files of a source over without decoding them: the encoded columns of a Parquet file are copied as they are, and only
//! what every row has in common is encoded and put beside them.
//!
//! Encoding is what costs most when rows are taken over that stay as they are. A file qualifies when all of its rows are wanted and its
//! columns are those of the table; its row groups stay what they are, so that a small file, which others should be merged with, does
//! not. Every page that is copied is decompressed once, so that damage which shows in that is found here.

mod chunks;
mod file;
mod plan;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::ArrayRef;
use futures::{Stream, StreamExt};

pub(crate) use self::chunks::Chunks;
use self::file::FileCopy;
use self::plan::Plan;
use crate::error::{LakeError, Result};
use crate::parquet_file::ParquetFile;
use crate::scan::live_files;
use crate::source::{Source, SourceFile};
use crate::table::Table;
use crate::written::WrittenFiles;

/// What the rows of a copied file are to be like.
#[derive(Debug, Clone)]
pub struct CopyRequest {
    /// Columns of the table that the source has not, each with the one value that every row of the file gets.
    pub constants: Vec<(String, ArrayRef)>,
    /// In each of these sets of columns one at least must have no null in the whole file.
    pub identified_by: Vec<Vec<String>>,
}

/// What became of a file that might be copied.
#[must_use = "a copied file takes effect only with a commit"]
pub enum Copied {
    /// A file of the table has its rows. Nothing shows it before [`Table::stage`] and a commit.
    Whole(WrittenFiles),
    /// Its rows have to be read and written.
    No(SourceFile),
}

impl Table {
    /// Copies files of a source, several at a time, as far as they qualify: see [`Copied`]. The outcomes come in no particular order.
    ///
    /// `request` tells for a file what its rows are to be like. Files with fewer rows than [`crate::LakeOptions::least_rows_to_copy`]
    /// do not qualify, nor do files of another kind of source than a Delta table of plain files.
    ///
    /// # Errors
    /// Errors of the Delta layer; in the stream [`LakeError::CorruptFile`] for a file that cannot be read, and errors of the storage.
    /// Copies that came before stay, invisible.
    pub fn copy_files<'a>(
        &'a self,
        source: &'a Source,
        files: Vec<SourceFile>,
        request: impl Fn(&SourceFile) -> CopyRequest + Send + 'a,
    ) -> Result<impl Stream<Item = Result<Copied>> + Send + 'a> {
        let mut found = self.files_to_copy(source, &files)?;
        let at_once = self.options().files_at_once().max(1);
        Ok(futures::stream::iter(files)
            .map(move |file| {
                let copy = found.remove(&file.path).map(|found| self.prepare_copy(source, found, request(&file)));
                async move {
                    let Some(copy) = copy.transpose()?.flatten() else { return Ok(Copied::No(file)) };
                    // A task of its own, so that several files are worked on by several threads.
                    let done = tokio::spawn(copy.run()).await.unwrap_or_else(|error| {
                        Err(LakeError::Task { location: self.location.to_string(), reason: error.to_string() })
                    });
                    Ok(done?.map_or(Copied::No(file), Copied::Whole))
                }
            })
            .buffer_unordered(at_once))
    }

    /// Those of the files that qualify as far as the logs of both tables tell.
    fn files_to_copy(&self, source: &Source, files: &[SourceFile]) -> Result<HashMap<String, ParquetFile>> {
        let Source::Delta(source) = source else { return Ok(HashMap::new()) };
        let least = self.options().least_rows_to_copy;
        let large: HashSet<&str> = files
            .iter()
            .filter(|file| file.rows.is_some_and(|rows| rows >= least))
            .map(|file| file.path.as_str())
            .collect();
        if large.is_empty() || !self.guards()?.is_empty() || !source.is_plain()? {
            return Ok(HashMap::new());
        }
        // A file that is not live any more is read through an older version.
        let live = live_files(source, None)?.into_iter().filter(|live| live.vector.is_none());
        Ok(live.filter(|live| large.contains(live.path.as_str())).map(|live| (live.path, live.file)).collect())
    }

    fn prepare_copy(&self, source: &Source, file: ParquetFile, request: CopyRequest) -> Result<Option<FileCopy>> {
        let Source::Delta(source) = source else { return Ok(None) };
        let plan = Plan::new(&self.data_schema()?, &source.data_schema()?, request);
        let from = source.delta.log_store().object_store(None);
        Ok(plan.map(|plan| FileCopy::new(self, file, from, Arc::new(plan))))
    }
}
