//! Slices to runs: `fold` beside GROUP BY with ordered aggregates.

use arrow::array::RecordBatch;
use goldsmith::model::{DataType, Fold, FoldColumn, FoldFunction};
use goldsmith_query::fold::{FoldSpec, fold};

use super::{names, whole};
use crate::case::no_side;
use crate::data::{EPOCH, batches, hash, instants, number, texts};
use crate::sizes::short;
use crate::sql::Sql;
use crate::{Case, Job, Lab, Result, Side, Sizes, Work};

const OURS: &str = "fold";
const PEER: &str = "group_by";
const SIDES: [Side; 2] = [Side::ours(OURS), Side::reference(PEER)];
/// Rows of one run.
const SLICES: u64 = 4;
const HOUR: i64 = 3_600_000_000;

pub(super) fn case(sizes: &Sizes) -> Case {
    let rows = sizes.rows;
    let title = format!("{} slices, {SLICES} a run", short(rows));
    Case::new("fold", rows.to_string(), title, rows, &SIDES, move |lab| Ok(Box::new(Folding::new(lab, rows)?)))
}

struct Folding {
    batches: Vec<RecordBatch>,
    spec: FoldSpec,
    rules: Fold,
    sql: Sql,
}

impl Folding {
    fn new(lab: &Lab, rows: u64) -> Result<Self> {
        let batches = slices(rows)?;
        let sql = Sql::over(lab, &[("slices", &batches)], QUERY.to_owned())?;
        let spec = FoldSpec {
            key: names(&["workspace_id", "run_id"]),
            natural_key: names(&["workspace_id", "run_id", "slice_start"]),
            sequence: None,
        };
        Ok(Self { batches, spec, rules: rules(), sql })
    }
}

impl Work for Folding {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        match side {
            OURS => Ok(Box::new(|| Ok(Box::new(vec![fold(&whole(&self.batches)?, &self.spec, &self.rules)?])))),
            PEER => Ok(self.sql.job()),
            other => no_side(other),
        }
    }
}

/// Slices of all runs, ordered by time. One in 20 tells of the slice before it once more, with a later end.
fn slices(rows: u64) -> Result<Vec<RecordBatch>> {
    let runs = (rows / SLICES).max(1);
    batches(rows, |range| {
        let (run, slice) = (|row: u64| row % runs, |row: u64| row / runs);
        let is_again = |row: u64| slice(row) > 0 && hash(row, 1).is_multiple_of(20);
        let start = |row: u64| {
            let place = slice(row) - u64::from(is_again(row));
            EPOCH + number(run(row), 2, 86_400) * 1_000_000 + i64::try_from(place).unwrap_or_default() * HOUR
        };
        let end = |row: u64| start(row) + HOUR + i64::from(is_again(row)) * 1_000_000;
        let has_state = |row: u64| slice(row) + 1 >= SLICES || hash(row, 3).is_multiple_of(10);
        let state = |row: u64| if hash(row, 4).is_multiple_of(9) { "FAILED" } else { "SUCCEEDED" };
        vec![
            ("workspace_id", texts(range, |row| Some(format!("{}", 4_000_000_000 + hash(run(row), 5) % 40)))),
            ("run_id", texts(range, |row| Some(format!("{:015}", run(row))))),
            ("job_id", texts(range, |row| Some(format!("{:09}", hash(run(row), 6) % 100_000)))),
            ("slice_start", instants(range, |row| Some(start(row)))),
            ("slice_end", instants(range, |row| Some(end(row)))),
            ("result_state", texts(range, |row| has_state(row).then(|| state(row).to_owned()))),
            ("code", texts(range, |row| (has_state(row) && state(row) == "FAILED").then(|| "RUN_ERROR".to_owned()))),
            ("trigger", texts(range, |row| (slice(row) == 0).then(|| "PERIODIC".to_owned()))),
        ]
    })
}

fn rules() -> Fold {
    let rule = |function, data_type| FoldColumn { function, data_type, description: String::new() };
    let text = |name: &str| name.to_owned();
    let code = FoldFunction::ValueAtLast { column: text("code"), of: text("result_state") };
    let columns = [
        ("period_start", rule(FoldFunction::Min(text("slice_start")), DataType::Timestamp)),
        ("period_end", rule(FoldFunction::Max(text("slice_end")), DataType::Timestamp)),
        ("result_state", rule(FoldFunction::Last(text("result_state")), DataType::String)),
        ("code", rule(code, DataType::String)),
        ("slice_count", rule(FoldFunction::CountSlices, DataType::BigInt)),
        ("attempt_count", rule(FoldFunction::Count(text("result_state")), DataType::BigInt)),
        ("duration_seconds", rule(FoldFunction::DurationSeconds, DataType::BigInt)),
        ("is_running", rule(FoldFunction::LastIsNull(text("result_state")), DataType::Boolean)),
    ];
    Fold {
        slice_start: text("slice_start"),
        slice_end: text("slice_end"),
        columns: columns.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect(),
    }
}

/// Seconds are whole in the data, so that the quotient has no remainder.
const QUERY: &str = "
WITH distinct_slices AS (
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY workspace_id, run_id, slice_start ORDER BY slice_end DESC) AS place
    FROM slices
  ) WHERE place = 1
)
SELECT
  workspace_id,
  run_id,
  last_value(job_id ORDER BY slice_start, slice_end) FILTER (WHERE job_id IS NOT NULL) AS job_id,
  last_value(result_state ORDER BY slice_start, slice_end) FILTER (WHERE result_state IS NOT NULL) AS result_state,
  last_value(code ORDER BY slice_start, slice_end) FILTER (WHERE result_state IS NOT NULL) AS code,
  last_value(trigger ORDER BY slice_start, slice_end) FILTER (WHERE trigger IS NOT NULL) AS trigger,
  min(slice_start) AS period_start,
  max(slice_end) AS period_end,
  count(*) AS slice_count,
  count(result_state) AS attempt_count,
  sum(CAST(slice_end AS BIGINT) - CAST(slice_start AS BIGINT)) / 1000000 AS duration_seconds,
  last_value(result_state IS NULL ORDER BY slice_start, slice_end) AS is_running
FROM distinct_slices
GROUP BY workspace_id, run_id";
