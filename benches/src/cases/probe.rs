//! Which rows of a table have one of these keys: a scan with a probe beside DataFusion's semi join over the same files.
//!
//! Both know the keys only. Where they are all in the newest files, the scan leaves the others out by the statistics of the log,
//! and the join by a dynamic filter on those of the files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::TryStreamExt;
use goldsmith_lake::{RowProbe, ScanRequest, Table};
use goldsmith_query::order::KeySet;
use tokio::runtime::Runtime;

use super::names;
use super::upsert::{Spread, our_table};
use crate::case::no_side;
use crate::data::{KEY, RowVersion, UsageLog};
use crate::sizes::short;
use crate::sql::Sql;
use crate::{Case, Job, Lab, Result, Side, Sizes, Work};

const OURS: &str = "probe";
const PEER: &str = "semi_join";
const SIDES: [Side; 2] = [Side::ours(OURS), Side::reference(PEER)];
/// Keys that are looked for, by rows of the table.
const KEYS_PERCENT: u64 = 1;

pub(super) fn cases(sizes: &Sizes) -> Vec<Case> {
    [Spread::HotTail, Spread::Scattered].map(|spread| case(sizes, spread)).into()
}

fn case(sizes: &Sizes, spread: Spread) -> Case {
    let (rows, files) = (sizes.table_rows, sizes.table_files);
    let place = match spread {
        Spread::HotTail => "in the newest tenth",
        Spread::Scattered => "all over",
    };
    let title = format!("{} keys {place} of {} rows", short(rows * KEYS_PERCENT / 100), short(rows));
    let name = format!("{rows}_{}", spread.name());
    Case::new("probe", name, title, rows, &SIDES, move |lab| Ok(Box::new(Probing::new(lab, rows, files, spread)?)))
}

struct Probing {
    runtime: Arc<Runtime>,
    table: Table,
    keys: RecordBatch,
    sql: Sql,
}

impl Probing {
    fn new(lab: &Lab, rows: u64, files: u64, spread: Spread) -> Result<Self> {
        let log = UsageLog { rows };
        let wanted = spread.pick(log, rows * KEYS_PERCENT / 100);
        let versions: Vec<RowVersion> = wanted.map(|index| RowVersion { index, version: 1 }).collect();
        let keys = log.batches(&versions, Some(&KEY))?;
        let keys = super::whole(&keys)?;
        let (directory, table) = our_table(lab, log, files)?;
        let context = lab.runtime.block_on(session(&directory, &table, &keys))?;
        let equal = KEY.map(|name| format!("usage.{name} = wanted.{name}")).join(" AND ");
        let columns = KEY.map(|name| format!("usage.{name}")).join(", ");
        let sql = Sql::new(lab, context, format!("SELECT {columns} FROM usage LEFT SEMI JOIN wanted ON {equal}"));
        Ok(Self { runtime: Arc::clone(&lab.runtime), table, keys, sql })
    }

    async fn probe(&self) -> Result<Vec<RecordBatch>> {
        let key = names(&KEY);
        let mut wanted = KeySet::new(self.keys.schema_ref(), &key)?;
        wanted.insert_batch(&self.keys)?;
        let probe = RowProbe {
            columns: key.clone(),
            filter: Arc::new(move |batch| {
                wanted.contains_mask(batch).map_err(|error| ArrowError::ExternalError(Box::new(error)))
            }),
            values: Some(self.keys.clone()),
        };
        let request = ScanRequest { columns: Some(key), probe: Some(probe), ..ScanRequest::default() };
        Ok(self.table.scan(request).await?.try_collect().await?)
    }
}

impl Work for Probing {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        match side {
            OURS => Ok(Box::new(|| Ok(Box::new(self.runtime.block_on(self.probe())?)))),
            PEER => Ok(self.sql.job()),
            other => no_side(other),
        }
    }
}

/// A session over the live files of the table, as plain Parquet, and the keys.
async fn session(directory: &Path, table: &Table, keys: &RecordBatch) -> Result<SessionContext> {
    let context = SessionContext::new();
    let paths: Vec<PathBuf> = table.files()?.iter().map(|file| directory.join(&file.path)).collect();
    let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let files = context.read_parquet(paths, ParquetReadOptions::default()).await?;
    context.register_table("usage", files.into_view())?;
    context.register_batch("wanted", keys.clone())?;
    Ok(context)
}
