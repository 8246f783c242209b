//! SCD2: changes that arrive in any order over several runs split, shift, merge and coalesce versions.

use goldsmith::Layer;
use goldsmith_testkit::{Row, ScratchLake};
use goldsmith_tests::seeds;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::support::*;

const DAY: &str = "2024-01-01T";

/// A change of a job, written as `08:00 name` or `08:00 name gone`.
fn change(job: &str, text: &str) -> Row {
    let mut words = text.split(' ');
    let (time, name) = (words.next().unwrap(), words.next().unwrap());
    let time = format!("{DAY}{time}Z");
    let deleted = words.next().map_or(Value::Null, |_| json!(time));
    let row = json!({"workspace_id": "1", "job_id": job, "name": name, "change_time": time, "delete_time": deleted});
    row.as_object().unwrap().clone()
}

/// The versions of a job, written as their changes; checks that they tile time.
async fn history(lake: &ScratchLake, job: &str) -> Vec<String> {
    let sql = format!(
        "select valid_from, valid_to, name, is_current, is_deleted from dim_job where job_id = '{job}' order by valid_from"
    );
    let rows = lake.query(&sql).await.unwrap();
    for (index, row) in rows.iter().enumerate() {
        let next = rows.get(index + 1);
        assert_eq!(row["valid_to"], next.map_or(Value::Null, |next| next["valid_from"].clone()), "{rows:?}");
        assert_eq!(row["is_current"], next.is_none(), "{rows:?}");
    }
    let line = |row: &Row| {
        let time = text(row, "valid_from").trim_start_matches(DAY).trim_end_matches('Z').to_owned();
        let gone = if row["is_deleted"] == true { " gone" } else { "" };
        format!("{time} {}{gone}", text(row, "name"))
    };
    rows.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_out_of_order_split_shift_merge_and_coalesce_versions() {
    let start = ["07:00:00 b", "08:30:00 a", "09:00:00 b", "10:00:00 a"];
    let steps: &[(&str, &[&str], Vec<&str>)] = &[
        ("the first change", &["10:00:00 a"], vec!["10:00:00 a"]),
        ("an earlier change", &["08:00:00 b"], vec!["08:00:00 b", "10:00:00 a"]),
        ("an equal neighbour", &["09:00:00 b"], vec!["08:00:00 b", "10:00:00 a"]),
        (
            "another version between the two",
            &["08:30:00 a"],
            vec!["08:00:00 b", "08:30:00 a", "09:00:00 b", "10:00:00 a"],
        ),
        ("an equal version before the first", &["07:00:00 b"], start.to_vec()),
        (
            "a re-creation and the deletion before it",
            &["12:00:00 a", "11:00:00 a gone"],
            [&start[..], &["11:00:00 a gone", "12:00:00 a"]].concat(),
        ),
        (
            "versions a millisecond apart",
            &["12:00:00.002 a", "12:00:00.001 c"],
            [&start[..], &["11:00:00 a gone", "12:00:00 a", "12:00:00.001 c", "12:00:00.002 a"]].concat(),
        ),
        (
            "a greater content at a known time, equal to what is before it",
            &["08:30:00 b"],
            vec!["07:00:00 b", "10:00:00 a", "11:00:00 a gone", "12:00:00 a", "12:00:00.001 c", "12:00:00.002 a"],
        ),
        (
            "a deletion in between, told late",
            &["09:30:00 b gone"],
            vec![
                "07:00:00 b",
                "09:30:00 b gone",
                "10:00:00 a",
                "11:00:00 a gone",
                "12:00:00 a",
                "12:00:00.001 c",
                "12:00:00.002 a",
            ],
        ),
    ];
    let lake = ScratchLake::new().unwrap();
    lake.deliver("lakeflow.jobs", &[change("other", "09:00:00 x")]).await.unwrap();
    lake.run(&["dim_job"]).await.unwrap();
    let other = writers(&lake, "dim_job", "job_id").await["other"].clone();
    for (when, changes, expected) in steps {
        let rows: Vec<Row> = changes.iter().map(|text| change("j", text)).collect();
        for repeated in [false, true] {
            lake.deliver("lakeflow.jobs", &rows).await.unwrap();
            let report = lake.run(&["dim_job"]).await.unwrap();
            assert_eq!(history(&lake, "j").await, *expected, "{when}");
            let books = report.table(Layer::Gold, "dim_job").unwrap().rows;
            assert!(!repeated || books.written() + books.deleted == 0, "{when}, repeated: {books:?}");
        }
        assert_equals_rebuild(&lake, &["dim_job"], when).await;
    }
    assert_eq!(writers(&lake, "dim_job", "job_id").await["other"], other, "the other job was never touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_changes_over_several_runs_equal_a_rebuild() {
    for seed in seeds(0..3) {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let lake = ScratchLake::new().unwrap();
        for step in 0..4 {
            let changes: Vec<Row> = (0..rng.random_range(1..8))
                .map(|_| {
                    let time = ["08:00:00", "08:00:00.001", "09:00:00", "10:00:00"][rng.random_range(0..4)];
                    let name = ["a", "b", "ä"][rng.random_range(0..3)];
                    let gone = if rng.random_bool(0.3) { " gone" } else { "" };
                    change(["j", "k"][rng.random_range(0..2)], &format!("{time} {name}{gone}"))
                })
                .collect();
            lake.deliver("lakeflow.jobs", &changes).await.unwrap();
            lake.run(&["dim_job"]).await.unwrap();
            for job in ["j", "k"] {
                history(&lake, job).await;
            }
            assert_equals_rebuild(&lake, &["dim_job"], &format!("seed {seed}, run {step}")).await;
        }
    }
}
