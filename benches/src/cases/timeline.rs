//! A change log to versions (SCD2): `timeline` beside window functions.
//!
//! A row that repeats what its key had already makes no version, and of two rows of a key and instant the one that is
//! greater by content stays. The query says the same; versions come sorted from ours only.

use arrow::array::RecordBatch;
use goldsmith_query::timeline::{Scd2Spec, timeline};

use super::{names, whole};
use crate::case::no_side;
use crate::data::{DAY, EPOCH, batches, hash, instants, integers, number, texts};
use crate::sizes::short;
use crate::sql::Sql;
use crate::{Case, Job, Lab, Result, Side, Sizes, Work};

const OURS: &str = "timeline";
const PEER: &str = "window_functions";
const SIDES: [Side; 2] = [Side::ours(OURS), Side::reference(PEER)];
/// Rows of one key.
const CHANGES: u64 = 8;
const KEY: [&str; 2] = ["workspace_id", "job_id"];
const SEQUENCE: &str = "change_time";
const DELETE: &str = "delete_time";
const UNTRACKED: &str = "revision";
const TRACKED: [&str; 5] = ["creator", "description", "name", "run_as", "timeout_seconds"];

pub(super) fn case(sizes: &Sizes) -> Case {
    let rows = sizes.rows;
    let title = format!("{} changes, {CHANGES} a key", short(rows));
    Case::new("timeline", rows.to_string(), title, rows, &SIDES, move |lab| Ok(Box::new(Timeline::new(lab, rows)?)))
}

struct Timeline {
    batches: Vec<RecordBatch>,
    spec: Scd2Spec,
    sql: Sql,
}

impl Timeline {
    fn new(lab: &Lab, rows: u64) -> Result<Self> {
        let batches = change_log(rows)?;
        let sql = Sql::over(lab, &[("changes", &batches)], query())?;
        let spec = Scd2Spec {
            key: names(&KEY),
            sequence: SEQUENCE.to_owned(),
            delete: Some(DELETE.to_owned()),
            untracked: names(&[UNTRACKED]),
        };
        Ok(Self { batches, spec, sql })
    }
}

impl Work for Timeline {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        match side {
            OURS => Ok(Box::new(|| Ok(Box::new(vec![timeline(&whole(&self.batches)?, &self.spec)?])))),
            PEER => Ok(self.sql.job()),
            other => no_side(other),
        }
    }
}

/// Changes of all jobs, ordered by time. Every other one changes nothing that is tracked, and one in 50 has the instant of the
/// change before it.
fn change_log(rows: u64) -> Result<Vec<RecordBatch>> {
    let jobs = (rows / CHANGES).max(1);
    batches(rows, |range| {
        let (job, change) = (|row: u64| row % jobs, |row: u64| row / jobs);
        let state = |row: u64| job(row) * CHANGES + change(row) / 2;
        let instant = |row: u64| {
            let step = change(row) - u64::from(change(row) > 0 && hash(row, 1).is_multiple_of(50));
            EPOCH + number(job(row), 2, 86_400) * 1_000_000 + i64::try_from(step).unwrap_or(0) * DAY
        };
        let is_deleted = |row: u64| change(row) + 1 >= CHANGES && job(row).is_multiple_of(20);
        vec![
            (KEY[0], texts(range, |row| Some(format!("{}", 4_000_000_000 + hash(job(row), 3) % 40)))),
            (KEY[1], texts(range, |row| Some(format!("{:015}", job(row))))),
            (SEQUENCE, instants(range, |row| Some(instant(row)))),
            (TRACKED[0], texts(range, |row| Some(format!("user-{}@example.com", hash(job(row), 4) % 2_000)))),
            (
                TRACKED[1],
                texts(range, |row| {
                    (!hash(state(row), 5).is_multiple_of(3)).then(|| format!("load {:x}", hash(state(row), 6)))
                }),
            ),
            (TRACKED[2], texts(range, |row| Some(format!("job {}", hash(state(row), 7) % 100_000)))),
            (TRACKED[3], texts(range, |row| Some(format!("service-{}", hash(state(row), 8) % 50)))),
            (TRACKED[4], integers(range, |row| Some(number(state(row), 9, 86_400)))),
            (DELETE, instants(range, |row| is_deleted(row).then(|| instant(row)))),
            (UNTRACKED, integers(range, |row| i64::try_from(row).ok())),
        ]
    })
}

fn query() -> String {
    let columns = [KEY.as_slice(), &[SEQUENCE], &TRACKED, &[DELETE, UNTRACKED]].concat().join(", ");
    let key = KEY.join(", ");
    // By content in the order of the names, as ties are broken.
    let content = ["creator", DELETE, "description", "name", UNTRACKED, "run_as", "timeout_seconds"]
        .map(|name| format!("{name} DESC NULLS LAST"))
        .join(", ");
    let by_time = format!("OVER (PARTITION BY {key} ORDER BY {SEQUENCE})");
    let changed = TRACKED.map(|name| format!("({name} IS DISTINCT FROM lag({name}) {by_time})")).join(" OR ");
    format!(
        "WITH distinct_changes AS (
           SELECT {columns} FROM (
             SELECT *, row_number() OVER (PARTITION BY {key}, {SEQUENCE} ORDER BY {content}) AS place FROM changes
           ) WHERE place = 1
         ), compared AS (
           SELECT *, lag({SEQUENCE}) {by_time} IS NULL OR {changed}
             OR ({DELETE} IS NULL) <> (lag({DELETE}) {by_time} IS NULL) AS is_version
           FROM distinct_changes
         )
         SELECT {columns}, {SEQUENCE} AS valid_from, lead({SEQUENCE}) {by_time} AS valid_to,
           lead({SEQUENCE}) {by_time} IS NULL AS is_current, {DELETE} IS NOT NULL AS is_deleted
         FROM compared WHERE is_version"
    )
}
