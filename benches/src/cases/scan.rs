//! SQL over a Delta table with deletion vectors: our scan beside the provider of delta-rs, in the same session.
//!
//! One row in a hundred was changed, all over the table, so that every file has a vector. Planning is part of what is measured, since
//! it loads the vectors.

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use goldsmith_lake::{Lake, UpsertRequest, WriteMode, upsert};

use super::names;
use super::upsert::{Spread, create, open, options};
use crate::case::no_side;
use crate::data::{DAY, EPOCH, KEY, RowVersion, UsageLog};
use crate::sizes::short;
use crate::sql::Sql;
use crate::{Case, Job, Lab, Result, Side, Sizes, Work, merge};

const OURS: &str = "scan";
const PEER: &str = "delta_rs_provider";
const SIDES: [Side; 2] = [Side::ours(OURS), Side::reference(PEER)];
/// Rows that were changed, by rows of the table.
const CHANGED_PERCENT: u64 = 1;

pub(super) fn cases(sizes: &Sizes) -> Vec<Case> {
    let (rows, files) = (sizes.table_rows, sizes.table_files);
    let day = EPOCH / DAY + 10;
    let wide = "usage_date, record_id, sku_name, usage_quantity, usage_metadata, custom_tag";
    let queries = [
        (
            "one_day",
            "one day of 64",
            format!("SELECT {wide} FROM usage WHERE usage_date = arrow_cast(arrow_cast({day}, 'Int32'), 'Date32')"),
        ),
        ("scattered", "1 % all over", format!("SELECT {wide} FROM usage WHERE job_run_id < 10000000")),
        (
            "sums",
            "sums over half of the rows",
            "SELECT sku_name, sum(usage_quantity) AS quantity, count(*) AS records FROM usage \
             WHERE active_minutes < 720 GROUP BY sku_name"
                .to_owned(),
        ),
    ];
    let case = |(name, title, query): (&str, &str, String)| {
        let title = format!("{title}, {} rows with vectors", short(rows));
        let load = move |lab: &Lab| Ok(Box::new(Scanning::new(lab, rows, files, &query)?) as _);
        Case::new("scan", format!("{rows}_{name}"), title, rows, &SIDES, load)
    };
    queries.map(case).into()
}

struct Scanning {
    ours: Sql,
    theirs: Sql,
}

impl Scanning {
    fn new(lab: &Lab, rows: u64, files: u64, query: &str) -> Result<Self> {
        let log = UsageLog { rows };
        let directory = lab.kept(&format!("goldsmith-vectors-{rows}-{files}"), |directory| {
            lab.runtime.block_on(create_with_vectors(directory, log, files))
        })?;
        let sql = |provider: Arc<dyn TableProvider>| -> Result<Sql> {
            let context = lab.runtime.block_on(Lake::new(options()).sql_context(Vec::new()))?;
            context.register_table("usage", provider)?;
            Ok(Sql::new(lab, context, query.to_owned()))
        };
        let ours = lab.runtime.block_on(our_provider(&directory))?;
        let theirs = lab.runtime.block_on(their_provider(&directory))?;
        Ok(Self { ours: sql(ours)?, theirs: sql(theirs)? })
    }
}

impl Work for Scanning {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        match side {
            OURS => Ok(self.ours.job()),
            PEER => Ok(self.theirs.job()),
            other => no_side(other),
        }
    }
}

async fn our_provider(directory: &Path) -> Result<Arc<dyn TableProvider>> {
    Ok(open(directory).await?.provider().await?)
}

async fn their_provider(directory: &Path) -> Result<Arc<dyn TableProvider>> {
    let context = Lake::new(options()).sql_context(Vec::new()).await?;
    let table = merge::open(directory).await?;
    Ok(table.table_provider().with_session(Arc::new(context.state())).await?)
}

async fn create_with_vectors(directory: &Path, log: UsageLog, files: u64) -> Result<()> {
    create(directory, log, files).await?;
    let changed = Spread::Scattered.pick(log, log.rows * CHANGED_PERCENT / 100);
    let versions: Vec<RowVersion> = changed.map(|index| RowVersion { index, version: 2 }).collect();
    let request = UpsertRequest {
        key: names(&KEY),
        group: names(&KEY),
        rows: vec![log.batch(&versions)?],
        write_mode: WriteMode::MergeOnRead,
        run_id: "bench".to_owned(),
        operation: "MERGE".to_owned(),
        ..UpsertRequest::default()
    };
    let report = upsert(&mut open(directory).await?, request).await?;
    if report.files_masked as u64 == files {
        Ok(())
    } else {
        Err(format!("not every file has a vector: {report:?}").into())
    }
}
