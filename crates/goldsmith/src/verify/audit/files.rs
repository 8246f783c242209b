//! The books of a table: rows of each file beside what the log says.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use goldsmith_lake::{ScanRequest, Table};
use goldsmith_model::GoldTable;

use super::super::report::{Check, CheckName, Findings};
use crate::context::RunContext;
use crate::error::Result;
use crate::gold::file_names;

/// Counts the rows of all files, and compares them with the statistics in the log.
pub(super) async fn statistics(
    ctx: &RunContext,
    table: &GoldTable,
    held: &Table,
    limit: usize,
) -> Result<(u64, Check)> {
    let request = ScanRequest {
        columns: Some(table.key.iter().take(1).cloned().collect()),
        with_file_column: Some(crate::gold::FILE_COLUMN.to_string()),
        ..ScanRequest::default()
    };
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    let mut stream = held.scan(request).await?;
    while let Some(batch) = stream.try_next().await? {
        ctx.check()?;
        for file in file_names(&batch)?.iter().flatten() {
            match counted.get_mut(file) {
                Some(rows) => *rows += 1,
                None => {
                    counted.insert(file.to_string(), 1);
                }
            }
        }
    }
    let mut findings = Findings::new(CheckName::FileStatistics, limit);
    for file in held.files()? {
        let rows = counted.get(&file.path).copied().unwrap_or_default();
        match file.num_records {
            Some(recorded) if recorded != rows => {
                findings.add(|| -> Result<_> {
                    Ok((format!("file={}", file.path), format!("has {rows} rows, the log says {recorded}")))
                })?;
            }
            _ => {}
        }
    }
    Ok((counted.values().sum(), findings.into_check()))
}
