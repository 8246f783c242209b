//! Kinds of corruption, each with the checks that must fail, and no other.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use goldsmith::CheckName::{self, *};
use goldsmith_query::surrogate::surrogate_key;
use serde_json::{Value, json};

use crate::edit::*;
use crate::plant::Planted;

/// One kind of corruption.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) failing: &'static [CheckName],
    /// A sample of everything looks up in the dimensions of the target, which is quicker than rebuilding them.
    pub(crate) sample: Option<f64>,
    kind: Kind,
}

enum Kind {
    /// Rows are edited.
    Rows(fn(RecordBatch) -> RecordBatch),
    /// The position is edited.
    Position(fn(Value) -> Value),
    /// The log counts rows wrongly.
    Miscount,
    /// A file is gone.
    LoseFile,
}

impl Case {
    pub(crate) async fn plant(&self, table: &Planted) {
        match self.kind {
            Kind::Rows(change) => table.edit(change).await,
            Kind::Position(change) => table.position(change).await,
            Kind::Miscount => table.miscount(),
            Kind::LoseFile => table.lose_file().await,
        }
    }

    fn rebuilding_dimensions(self) -> Self {
        Self { sample: None, ..self }
    }
}

/// Rows that were edited.
fn rows(
    name: &'static str,
    table: &'static str,
    failing: &'static [CheckName],
    change: fn(RecordBatch) -> RecordBatch,
) -> Case {
    Case { name, table, failing, sample: Some(1.0), kind: Kind::Rows(change) }
}

/// Books that were tampered with.
fn book(name: &'static str, failing: &'static [CheckName], kind: Kind) -> Case {
    Case { name, table: "fact_audit_logs", failing, sample: Some(1.0), kind }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = whole_rows();
    cases.extend(values());
    cases.extend(surrogates());
    cases.extend(histories());
    cases.extend(runs());
    cases.extend(books());
    cases
}

fn whole_rows() -> Vec<Case> {
    vec![
        rows("a row is deleted", "fact_table_lineage", &[MissingRows], |rows| without(&rows, 7)),
        rows("a row is there twice", "fact_table_lineage", &[UnexpectedRows, KeyUnique], |rows| twice(&rows, 7)),
        rows("the rows of the last run are gone", "fact_audit_logs", &[MissingRows], |rows| {
            let texts = goldsmith_testkit::rows_of(std::slice::from_ref(&rows)).unwrap();
            let last = texts.iter().map(|row| row["_run_id"].as_str().unwrap()).max().unwrap();
            let kept: Vec<usize> = (0..texts.len()).filter(|row| texts[*row]["_run_id"] != last).collect();
            assert!(!kept.is_empty() && kept.len() < texts.len());
            only(&rows, kept)
        }),
        rows("all rows are gone", "fact_listing_access", &[MissingRows], |rows| rows.slice(0, 0)),
        rows("the keys of two rows are swapped", "fact_table_lineage", &[DifferentRows], |rows| {
            let ids = column(&rows, "record_id").clone();
            set(&set(&rows, "record_id", 0, &ids.slice(1, 1)), "record_id", 1, &ids.slice(0, 1))
        }),
        rows("a run belongs to another workspace", "fact_job_run_timeline", &[MissingRows, UnexpectedRows], |rows| {
            let own = column(&rows, "workspace_id").clone();
            let row = find(&rows, |row| {
                row["workspace_id"] != goldsmith_testkit::rows_of(&[rows.slice(0, 1)]).unwrap()[0]["workspace_id"]
            });
            set(&rows, "workspace_id", row, &own.slice(0, 1))
        }),
        rows("a day is missing", "dim_date", &[MissingRows, CalendarContiguous], |rows| {
            let day = find(&rows, |row| row["date"] == "2025-01-10");
            without(&rows, day)
        }),
        rows("the unknown member is missing", "dim_user", &[MissingRows, UnknownMember], |rows| {
            let unknown = find(&rows, |row| row["user_key"] == -1);
            without(&rows, unknown)
        }),
        rows("the unknown member is there twice", "dim_user", &[UnexpectedRows, KeyUnique, UnknownMember], |rows| {
            let unknown = find(&rows, |row| row["user_key"] == -1);
            twice(&rows, unknown)
        }),
        rows("a member is missing", "dim_sku", &[MissingRows], |rows| {
            let member = find(&rows, |row| row["sku_key"] != -1);
            without(&rows, member)
        }),
    ]
}

fn values() -> Vec<Case> {
    vec![
        rows("money differs in the last digit", "fact_usage", &[DifferentRows], |rows| {
            let priced = find(&rows, |row| !row["list_cost"].is_null());
            add_ulp(&rows, "list_cost", priced)
        })
        .rebuilding_dimensions(),
        rows("a text is normalised in another way", "dim_job", &[DifferentRows], |rows| {
            let accented = find(&rows, |row| row["name"] == "caf\u{e9}");
            set_text(&rows, "name", accented, "cafe\u{301}")
        }),
        rows("null stands for 0", "fact_usage", &[DifferentRows], |rows| {
            let untagged = find(&rows, |row| row["tag_count"] == 0);
            set_null(&rows, "tag_count", untagged)
        }),
        rows("an instant is a microsecond late", "fact_audit_logs", &[DifferentRows], |rows| {
            let instant = instant(&rows, "event_time", 3);
            set_instant(&rows, "event_time", 3, instant + 1)
        }),
        rows("a date key is a day late", "fact_usage", &[DifferentRows], |rows| {
            let row = find(&rows, |row| row["usage_date"] == "2025-01-10");
            set_number(&rows, "date_key", row, 20_250_111)
        }),
        rows("a value moves to an empty column", "fact_usage", &[DifferentRows], |rows| {
            let row = find(&rows, |row| {
                !row["usage_metadata_job_id"].is_null() && row["usage_metadata_warehouse_id"].is_null()
            });
            let job = column(&rows, "usage_metadata_job_id").slice(row, 1);
            set_null(&set(&rows, "usage_metadata_warehouse_id", row, &job), "usage_metadata_job_id", row)
        }),
        rows(
            "a key is null",
            "dim_workspace",
            &[MissingRows, UnexpectedRows, KeyUnique, KeyNotNull, SurrogateKeyDeterministic],
            |rows| {
                let member = find(&rows, |row| row["workspace_key"] != -1);
                set_null(&rows, "workspace_id", member)
            },
        ),
        rows("a price ends later", "dim_list_price", &[DifferentRows, IntervalsDisjoint], |rows| {
            let key = ["account_id", "sku_name", "cloud", "currency_code", "usage_unit"];
            let (first, _) = neighbours(&rows, &key, "price_start_time", |row| !row["price_end_time"].is_null());
            let end = instant(&rows, "price_end_time", first);
            set_instant(&rows, "price_end_time", first, end + 1)
        }),
        rows("a price ends before it begins", "dim_list_price", &[DifferentRows, IntervalsForward], |rows| {
            let row = find(&rows, |row| !row["price_end_time"].is_null());
            let start = instant(&rows, "price_start_time", row);
            set_instant(&rows, "price_end_time", row, start - 1)
        }),
    ]
}

fn surrogates() -> Vec<Case> {
    vec![
        rows("a surrogate key is another", "dim_workspace", &[DifferentRows, SurrogateKeyDeterministic], |rows| {
            let member = find(&rows, |row| row["workspace_key"] != -1);
            let key = number(&rows, "workspace_key", member);
            set_number(&rows, "workspace_key", member, key + 1)
        }),
        rows("two surrogate keys are swapped", "dim_job", &[DifferentRows, SurrogateKeyDeterministic], |rows| {
            let (first, last) = versions(&rows);
            let (a, b) = (number(&rows, "job_key", first), number(&rows, "job_key", last));
            set_number(&set_number(&rows, "job_key", first, b), "job_key", last, a)
        }),
        rows(
            "a surrogate key is there twice",
            "dim_job",
            &[DifferentRows, SurrogateKeyDeterministic, SurrogateKeyUnique],
            |rows| {
                let (first, last) = versions(&rows);
                let key = number(&rows, "job_key", first);
                set_number(&rows, "job_key", last, key)
            },
        ),
        rows("a foreign key leads nowhere", "fact_usage", &[DifferentRows, ForeignKeys], |rows| {
            set_number(&rows, "workspace_key", 4, 12_345)
        })
        .rebuilding_dimensions(),
        rows("a foreign key leads to another member", "fact_usage", &[DifferentRows], |rows| {
            let sku = find(&rows, |row| row["sku_key"] != -1);
            let key = number(&rows, "sku_key", sku);
            let other = find(&rows, |row| row["sku_key"] != -1 && row["sku_key"] != key);
            set_number(&rows, "sku_key", other, key)
        }),
        rows("a foreign key is -1 where a member exists", "fact_job_run_timeline", &[DifferentRows], |rows| {
            let row = find(&rows, |row| row["job_key"] != -1);
            set_number(&rows, "job_key", row, -1)
        })
        .rebuilding_dimensions(),
        rows("a foreign key leads to another version", "fact_job_run_timeline", &[DifferentRows], |rows| {
            let texts = goldsmith_testkit::rows_of(std::slice::from_ref(&rows)).unwrap();
            let (row, other) = (0..texts.len())
                .flat_map(|row| (0..row).map(move |other| (row, other)))
                .find(|(row, other)| {
                    let (row, other) = (&texts[*row], &texts[*other]);
                    let same = |name: &str| row[name] == other[name];
                    same("workspace_id") && same("job_id") && !same("job_key")
                })
                .expect("a job that ran in two versions");
            let key = number(&rows, "job_key", other);
            set_number(&rows, "job_key", row, key)
        }),
    ]
}

/// The last two versions of a job.
fn versions(rows: &RecordBatch) -> (usize, usize) {
    neighbours(rows, &["workspace_id", "job_id"], "valid_from", |_| true)
}

fn histories() -> Vec<Case> {
    vec![
        rows("a version ends too early", "dim_job", &[DifferentRows, VersionsContiguous], |rows| {
            let (first, _) = versions(&rows);
            let end = instant(&rows, "valid_to", first);
            set_instant(&rows, "valid_to", first, end - 1)
        }),
        rows("a version ends too late", "dim_job", &[DifferentRows, VersionsContiguous], |rows| {
            let (first, _) = versions(&rows);
            let end = instant(&rows, "valid_to", first);
            set_instant(&rows, "valid_to", first, end + 1)
        }),
        rows("a version ends as it begins", "dim_job", &[DifferentRows, VersionsContiguous, VersionsForward], |rows| {
            let (first, _) = versions(&rows);
            let start = instant(&rows, "valid_from", first);
            set_instant(&rows, "valid_to", first, start)
        }),
        rows("two versions are current", "dim_job", &[DifferentRows, OneCurrentVersion, CurrentFlag], |rows| {
            let (first, _) = versions(&rows);
            set_flag(&rows, "is_current", first, true)
        }),
        rows("no version is current", "dim_job", &[DifferentRows, OneCurrentVersion, CurrentFlag], |rows| {
            let (_, last) = versions(&rows);
            set_flag(&rows, "is_current", last, false)
        }),
        rows("the last version is missing", "dim_job", &[MissingRows, OneCurrentVersion], |rows| {
            let (_, last) = versions(&rows);
            without(&rows, last)
        }),
        rows("two equal versions are not one", "dim_job", &[DifferentRows, UnexpectedRows], |rows| {
            let (_, last) = versions(&rows);
            let from = instant(&rows, "valid_from", last) + 1_000_000;
            let mut later = rows.slice(last, 1);
            for name in ["valid_from", "change_time"] {
                later = set_instant(&later, name, 0, from);
            }
            let parts: Vec<ArrayRef> =
                ["workspace_id", "job_id", "valid_from"].iter().map(|name| Arc::clone(column(&later, name))).collect();
            let key = surrogate_key(&parts).unwrap();
            let later = set(&later, "job_key", 0, &key);
            let earlier = set_flag(&set_instant(&rows, "valid_to", last, from), "is_current", last, false);
            with(&earlier, &later)
        }),
    ]
}

fn runs() -> Vec<Case> {
    vec![
        rows("attempts are counted wrongly", "fact_job_run_timeline", &[DifferentRows], |rows| {
            let attempts = number(&rows, "attempt_count", 2);
            set_number(&rows, "attempt_count", 2, attempts + 1)
        }),
        rows("the state is that of an earlier attempt", "fact_job_run_timeline", &[DifferentRows], |rows| {
            let row = find(&rows, |row| row["result_state"] == "SUCCEEDED");
            set_text(&rows, "result_state", row, "FAILED")
        }),
        rows("a union is in another order", "fact_job_run_timeline", &[DifferentRows], |rows| {
            let row = find(&rows, |row| row["compute_ids"].as_array().is_some_and(|ids| ids.len() > 1));
            reverse(&rows, "compute_ids", row)
        }),
    ]
}

fn books() -> Vec<Case> {
    let version = |mut position: Value| {
        position["inputs"]["bronze:access.audit"]["version"] = json!(1_000);
        position
    };
    let fingerprint = |mut position: Value| {
        position["fingerprint"] = json!("0123456789abcdef");
        position
    };
    vec![
        book("the position names a version that never was", &[Position], Kind::Position(version)),
        book("the position cannot be read", &[Position], Kind::Position(|_| json!("nonsense"))),
        book("the table was built by another model", &[Model], Kind::Position(fingerprint)),
        book("the log counts other rows", &[FileStatistics], Kind::Miscount),
        book("a data file is gone", &[Readable], Kind::LoseFile),
    ]
}
