//! Facts to the version of a dimension that was valid at their time: `DimensionIndex` and the as-of join of a plan beside a join
//! on the key and the interval, whose bounds window functions give.
//!
//! All make the index or the intervals anew each time, and fetch one column. A fact before the first version gets the first, one
//! without a key in the dimension the unknown member. Joins run on all cores, the index is looked up on one.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::prelude::{coalesce, col, lit};
use goldsmith_query::asof::{AsOfSpec, asof_join};
use goldsmith_query::columns::UNKNOWN_KEY;
use goldsmith_query::lookup::{DimensionIndex, IndexSpec};

use super::names;
use crate::case::no_side;
use crate::data::{DAY, EPOCH, batches, hash, instants, integers, number, texts};
use crate::sizes::short;
use crate::sql::Sql;
use crate::{Case, Job, Lab, Result, Side, Sizes, Work};

const INDEX: &str = "dimension_index";
const JOIN: &str = "asof_join";
const PEER: &str = "interval_join";
const SIDES: [Side; 3] = [Side::ours(INDEX), Side::ours(JOIN), Side::reference(PEER)];
/// Versions of one key.
const VERSIONS: u64 = 5;
/// Days between two versions of one key.
const VERSION_DAYS: i64 = 10;
/// Facts for one key of the dimension.
const FACTS: u64 = 100;

pub(super) fn case(sizes: &Sizes) -> Case {
    let rows = sizes.rows;
    let title = format!("{} facts, {} versions", short(rows), short(rows / FACTS * VERSIONS));
    Case::new("as_of", rows.to_string(), title, rows, &SIDES, move |lab| Ok(Box::new(AsOf::new(lab, rows)?)))
}

struct AsOf {
    lab: Lab,
    facts: Vec<RecordBatch>,
    versions: Vec<RecordBatch>,
    spec: IndexSpec,
    sql: Sql,
}

impl AsOf {
    fn new(lab: &Lab, rows: u64) -> Result<Self> {
        let jobs = (rows / FACTS).max(1);
        let (facts, versions) = (facts(rows, jobs)?, versions(jobs)?);
        let sql = Sql::over(lab, &[("facts", &facts), ("jobs", &versions)], QUERY.to_owned())?;
        let spec = IndexSpec {
            key: names(&["workspace_id", "job_id"]),
            surrogate: "job_key".to_owned(),
            fetch: names(&["job_name"]),
        };
        Ok(Self { lab: lab.clone(), facts, versions, spec, sql })
    }

    fn look_up(&self) -> Result<Vec<RecordBatch>> {
        let index = DimensionIndex::as_of(&self.versions, &self.spec, "valid_from")?;
        let mut out = Vec::with_capacity(self.facts.len());
        for batch in &self.facts {
            let column =
                |name: &str| Ok::<_, arrow::error::ArrowError>(batch.column(batch.schema_ref().index_of(name)?));
            let keys = [Arc::clone(column("workspace_id")?), Arc::clone(column("job_id")?)];
            let found = index.resolve(&keys, Some(column("event_time")?), false)?;
            let columns: [(&str, ArrayRef); 3] = [
                ("fact_id", Arc::clone(column("fact_id")?)),
                ("job_key", Arc::new(found.surrogate)),
                ("job_name", index.fetch("job_name", &found.row)?),
            ];
            out.push(RecordBatch::try_from_iter(columns)?);
        }
        Ok(out)
    }
}

impl AsOf {
    async fn join(&self) -> Result<Vec<RecordBatch>> {
        let spec = AsOfSpec {
            left_key: self.spec.key.clone(),
            instant: "event_time".to_owned(),
            right_key: self.spec.key.clone(),
            start: "valid_from".to_owned(),
            end: None,
            surrogate: self.spec.surrogate.clone(),
            fetch: ["job_key", "job_name"].map(|name| (name.to_owned(), name.to_owned())).into(),
        };
        let (facts, jobs) = (self.sql.table("facts").await?, self.sql.table("jobs").await?);
        let key = coalesce(vec![col("job_key"), lit(UNKNOWN_KEY)]).alias("job_key");
        let found = asof_join(facts, jobs, &spec)?.select(vec![col("fact_id"), key, col("job_name")])?;
        Ok(found.collect().await?)
    }
}

impl Work for AsOf {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        match side {
            INDEX => Ok(Box::new(|| Ok(Box::new(self.look_up()?)))),
            JOIN => Ok(Box::new(|| Ok(Box::new(self.lab.runtime.block_on(self.join())?)))),
            PEER => Ok(self.sql.job()),
            other => no_side(other),
        }
    }
}

fn workspace(job: u64) -> String {
    format!("{}", 4_000_000_000 + hash(job, 1) % 40)
}

/// The versions of all jobs, key by key.
fn versions(jobs: u64) -> Result<Vec<RecordBatch>> {
    batches(jobs * VERSIONS, |range| {
        let (job, version) = (|row: u64| row / VERSIONS, |row: u64| i64::try_from(row % VERSIONS).unwrap_or_default());
        let start = |row: u64| EPOCH + version(row) * VERSION_DAYS * DAY + number(job(row), 2, 86_400) * 1_000_000;
        vec![
            ("job_key", integers(range, |row| i64::try_from(hash(row, 3) >> 1).ok())),
            ("workspace_id", texts(range, |row| Some(workspace(job(row))))),
            ("job_id", texts(range, |row| Some(format!("{:09}", job(row))))),
            ("valid_from", instants(range, |row| Some(start(row)))),
            ("job_name", texts(range, |row| Some(format!("job {}", hash(row, 4) % 100_000)))),
        ]
    })
}

/// Facts of jobs all over, from five days before the first version on; three in a hundred jobs are not in the dimension.
fn facts(rows: u64, jobs: u64) -> Result<Vec<RecordBatch>> {
    let known_or_not = jobs + jobs.div_ceil(32);
    batches(rows, |range| {
        let job = |row: u64| hash(row, 5) % known_or_not;
        let time = |row: u64| EPOCH - 5 * DAY + number(row, 6, 60 * 86_400) * 1_000_000;
        vec![
            ("fact_id", integers(range, |row| i64::try_from(row).ok())),
            ("workspace_id", texts(range, |row| Some(workspace(job(row))))),
            ("job_id", texts(range, |row| Some(format!("{:09}", job(row))))),
            ("event_time", instants(range, |row| Some(time(row)))),
        ]
    })
}

const QUERY: &str = "
WITH bounded AS (
  SELECT *,
    lag(valid_from) OVER (PARTITION BY workspace_id, job_id ORDER BY valid_from) IS NULL AS is_first,
    lead(valid_from) OVER (PARTITION BY workspace_id, job_id ORDER BY valid_from) AS next_from
  FROM jobs
)
SELECT facts.fact_id, coalesce(bounded.job_key, -1) AS job_key, bounded.job_name
FROM facts LEFT JOIN bounded
  ON facts.workspace_id = bounded.workspace_id AND facts.job_id = bounded.job_id
  AND (bounded.is_first OR bounded.valid_from <= facts.event_time)
  AND (bounded.next_from IS NULL OR facts.event_time < bounded.next_from)";
