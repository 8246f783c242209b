//! Everything that loaders of these tables are known to trip over does occur at the default scale.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, HashMap, HashSet};

use support::{collect, deliveries, generator, rows, whole_rows};

type Row = Vec<Option<String>>;

/// The rows of all deliveries.
fn all(table: &str, columns: &[&str]) -> Vec<Row> {
    rows(&deliveries(&generator(), table).concat(), columns)
}

/// The rows of each delivery.
fn by_delivery(table: &str, columns: &[&str]) -> Vec<Vec<Row>> {
    deliveries(&generator(), table).iter().map(|batches| rows(batches, columns)).collect()
}

/// Rows by the texts of their first columns, in the order of arrival; rows without a key aside.
fn grouped(rows: Vec<Row>, key: usize) -> BTreeMap<Row, Vec<Row>> {
    let mut groups: BTreeMap<Row, Vec<Row>> = BTreeMap::new();
    for mut row in rows {
        let rest = row.split_off(key);
        if row.iter().any(Option::is_some) {
            groups.entry(row).or_default().push(rest);
        }
    }
    groups
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("null")
}

#[test]
fn rows_stand_twice_in_one_delivery_and_again_in_later_ones() {
    for table in ["access.audit", "billing.usage", "compute.node_timeline", "lakeflow.job_run_timeline"] {
        let (mut twice, mut again) = (0, 0);
        let mut before: HashSet<Row> = HashSet::new();
        for batches in deliveries(&generator(), table) {
            let mut here = HashSet::new();
            for row in whole_rows(&batches) {
                again += usize::from(before.contains(&row));
                twice += usize::from(!here.insert(row));
            }
            before.extend(here);
        }
        assert!(twice > 10 && again > 10, "{table}: {twice} twice, {again} again");
    }
}

#[test]
fn rows_come_late_and_out_of_order() {
    for (table, time) in [("access.audit", "event_time"), ("serving.endpoint_usage", "request_time")] {
        let mut newest = String::new();
        let mut late = 0;
        for rows in by_delivery(table, &[time]) {
            let before = newest.clone();
            late += rows.iter().filter(|row| text(&row[0]) < before.as_str()).count();
            let sorted = rows.windows(2).all(|pair| pair[0] <= pair[1]);
            assert!(!sorted, "{table} is in order");
            newest = rows.into_iter().map(|mut row| row.remove(0).unwrap()).max().unwrap().max(newest);
        }
        assert!(late > 20, "{table}: {late} late rows");
    }
}

#[test]
fn runs_have_slices_retries_and_loose_ends() {
    for (table, deliver) in [("lakeflow.job_run_timeline", 1), ("lakeflow.job_task_run_timeline", 1)] {
        let columns = ["workspace_id", "job_id", "run_id", "period_start_time", "period_end_time", "result_state"];
        let runs = grouped(all(table, &columns), 3);
        let count = |test: &dyn Fn(&Vec<Row>) -> bool| runs.values().filter(|slices| test(slices)).count();
        let starts = |slices: &Vec<Row>| slices.iter().map(|row| row[0].clone()).collect::<HashSet<_>>();
        let ends = |slices: &Vec<Row>| {
            slices.iter().filter(|row| row[2].is_some()).map(|row| row[0].clone()).collect::<HashSet<_>>()
        };
        let day = |value: &Option<String>| text(value)[..10].to_owned();
        assert!(count(&|slices| starts(slices).len() >= 5) >= 5 * deliver, "{table}: long runs");
        assert!(count(&|slices| ends(slices).len() >= 2) > 5, "{table}: retries");
        assert!(count(&|slices| slices.iter().any(|row| row[0] == row[1])) > 5, "{table}: never started");
        assert!(count(&|slices| ends(slices).is_empty()) > 0, "{table}: still running");
        let over_midnight = |slices: &Vec<Row>| slices.iter().map(|row| day(&row[0])).collect::<HashSet<_>>().len() > 1;
        assert!(count(&over_midnight) > 5, "{table}: over midnight");
        // The same slice, first cut short, then whole.
        let cut_short = |slices: &Vec<Row>| {
            let whole: HashSet<_> = slices.iter().map(|row| (&row[0], &row[1])).collect();
            whole.len() > starts(slices).len()
        };
        assert!(count(&cut_short) > 3, "{table}: slices told twice");
        let states: HashSet<&str> = runs.values().flatten().map(|row| text(&row[2])).collect();
        for state in ["SUCCEEDED", "SUCCESS", "FAILED", "CANCELLED", "TIMED_OUT", "SKIPPED", "null"] {
            assert!(states.contains(state), "{table}: {state}");
        }
    }
}

#[test]
fn runs_go_on_in_later_deliveries() {
    let key = ["workspace_id", "job_id", "run_id", "result_state"];
    let mut unfinished: HashSet<Row> = HashSet::new();
    let mut went_on = 0;
    for rows in by_delivery("lakeflow.job_run_timeline", &key) {
        let here: HashSet<Row> = rows.iter().map(|row| row[..3].to_vec()).collect();
        went_on += here.intersection(&unfinished).count();
        let ended: HashSet<Row> = rows.iter().filter(|row| row[3].is_some()).map(|row| row[..3].to_vec()).collect();
        unfinished.extend(here.difference(&ended).cloned());
    }
    assert!(went_on > 3, "{went_on} runs");
}

#[test]
fn slices_add_up_to_the_time_of_the_run() {
    let columns = ["workspace_id", "job_id", "run_id", "period_start_time", "period_end_time"];
    for slices in grouped(all("lakeflow.job_run_timeline", &columns), 3).into_values() {
        // One slice per start, the longest; none overlaps the next.
        let mut longest: BTreeMap<String, String> = BTreeMap::new();
        for row in slices {
            let (start, end) = (row[0].clone().unwrap(), row[1].clone().unwrap());
            assert!(start <= end);
            let held = longest.entry(start).or_default();
            *held = end.max(held.clone());
        }
        let spans: Vec<_> = longest.into_iter().collect();
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    }
}

#[test]
fn compute_and_newer_columns_are_null_or_empty_at_times() {
    let rows = all("lakeflow.job_run_timeline", &["compute_ids", "run_type", "termination_code", "result_state"]);
    for wanted in ["null", "[]"] {
        assert!(rows.iter().filter(|row| text(&row[0]) == wanted).count() > 20, "{wanted}");
    }
    assert!(rows.iter().any(|row| row[1].is_none()) && rows.iter().any(|row| row[1].is_some()));
    assert!(rows.iter().any(|row| row[2].is_none() && row[3].is_some()), "a result without a code");
}

#[test]
fn ids_are_shared_between_workspaces() {
    let pairs = [
        ("lakeflow.jobs", "job_id"),
        ("lakeflow.pipelines", "pipeline_id"),
        ("compute.clusters", "cluster_id"),
        ("lakeflow.job_run_timeline", "job_id"),
    ];
    for (table, id) in pairs {
        let by_id = grouped(all(table, &[id, "workspace_id"]), 1);
        let shared = by_id.values().filter(|rows| rows.iter().collect::<HashSet<_>>().len() > 1).count();
        assert!(shared > 0, "{table}");
    }
}

#[test]
fn change_logs_hold_every_kind_of_history() {
    let logs: [(&str, &[&str], &str, &str); 6] = [
        ("lakeflow.jobs", &["workspace_id", "job_id"], "change_time", "delete_time"),
        ("lakeflow.job_tasks", &["workspace_id", "job_id", "task_key"], "change_time", "delete_time"),
        ("lakeflow.pipelines", &["workspace_id", "pipeline_id"], "change_time", "delete_time"),
        ("compute.clusters", &["workspace_id", "cluster_id"], "change_time", "delete_time"),
        ("compute.warehouses", &["workspace_id", "warehouse_id"], "change_time", "delete_time"),
        ("serving.served_entities", &["served_entity_id"], "change_time", "endpoint_delete_time"),
    ];
    let (mut ties, mut shuffled) = (0, 0);
    for (table, key, time, deleted) in logs {
        let generator = generator();
        let schema = generator.schema(table).unwrap();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let tracked = names.filter(|name| !key.contains(name) && ![time, deleted, "change_date"].contains(name));
        let columns: Vec<&str> = key.iter().copied().chain([time, deleted]).chain(tracked).collect();
        let histories = grouped(rows(&deliveries(&generator, table).concat(), &columns), key.len());
        let (mut close, mut equal, mut gone, mut back, mut several) = (0, 0, 0, 0, 0);
        for arrived in histories.values() {
            shuffled += usize::from(arrived.windows(2).any(|pair| pair[0][0] > pair[1][0]));
            let mut history = arrived.clone();
            history.sort();
            history.dedup();
            several += usize::from(history.len() > 2);
            gone += usize::from(history.iter().any(|row| row[1].is_some()));
            for pair in history.windows(2) {
                ties += usize::from(pair[0][0] == pair[1][0]);
                // Within the same second.
                close += usize::from(text(&pair[0][0])[..19] == text(&pair[1][0])[..19]);
                equal += usize::from(pair[0][1].is_some() == pair[1][1].is_some() && pair[0][2..] == pair[1][2..]);
                back += usize::from(pair[0][1].is_some() && pair[1][1].is_none());
            }
        }
        assert!(several > 5 && close > 2 && equal > 0, "{table}: {several} {close} {equal}");
        assert!(gone > 2 && back > 0, "{table}: {gone} deleted, {back} came back");
    }
    assert!(ties > 3, "{ties} ties");
    assert!(shuffled > 20, "{shuffled} histories out of order");
}

#[test]
fn usage_is_corrected_later_under_its_old_date() {
    let columns = ["usage_date", "ingestion_date", "record_type", "usage_quantity", "record_id", "sku_name"];
    let delivered = by_delivery("billing.usage", &columns);
    let newest_first_delivery = delivered[0].iter().map(|row| row[0].clone()).max().unwrap();
    let mut kinds: HashMap<String, usize> = HashMap::new();
    let mut old = 0;
    for (batch, rows) in delivered.iter().enumerate() {
        for row in rows {
            let kind = text(&row[2]);
            *kinds.entry(kind.to_owned()).or_default() += 1;
            assert!(row[0] <= row[1], "{row:?}");
            assert_eq!(text(&row[3]).starts_with('-'), kind == "RETRACTION" && text(&row[3]) != "0.000000000000000000");
            old += usize::from(batch > 0 && kind != "ORIGINAL" && row[0] < newest_first_delivery);
        }
    }
    assert!(old > 10, "{old} late corrections");
    assert!(kinds["RETRACTION"] > 50 && kinds["RESTATEMENT"] > 50);
}

#[test]
fn quantities_are_exact_decimals() {
    let rows = all("billing.usage", &["usage_quantity", "usage_unit"]);
    let fraction = |row: &Row| text(&row[0]).split_once('.').unwrap().1.to_owned();
    assert!(rows.iter().all(|row| fraction(row).len() == 18));
    assert!(rows.iter().filter(|row| !fraction(row).ends_with('0')).count() > 500, "all 18 decimals");
    let units: HashSet<&str> = rows.iter().map(|row| text(&row[1])).collect();
    for unit in ["DBU", "GB", "TOKEN", "HOUR"] {
        assert!(units.contains(unit), "{unit}");
    }
    let tokens = |row: &&Row| text(&row[1]) == "TOKEN";
    assert!(rows.iter().filter(tokens).all(|row| fraction(row) == "000000000000000000"));
}

#[test]
fn prices_change_while_facts_refer_to_them() {
    let starts: HashSet<Row> = all("billing.list_prices", &["sku_name", "price_start_time"]).into_iter().collect();
    let usage = all("billing.usage", &["sku_name", "usage_start_time", "usage_end_time"]);
    let at_start = usage.iter().filter(|row| starts.contains(&row[..2])).count();
    let until_start = usage.iter().filter(|row| starts.contains(&vec![row[0].clone(), row[2].clone()])).count();
    assert!(at_start > 3 && until_start > 3, "{at_start} hours begin and {until_start} end at a change");
    let priced: HashSet<&Option<String>> = starts.iter().map(|row| &row[0]).collect();
    assert!(usage.iter().any(|row| !priced.contains(&row[0])), "usage without a price");

    let key = ["sku_name", "cloud", "currency_code", "price_start_time", "price_end_time"];
    for table in ["billing.list_prices", "billing.account_prices"] {
        let versions = grouped(all(table, &key), 4);
        let closed_later =
            versions.values().filter(|rows| rows[0][0].is_none() && rows.iter().any(|row| row[0].is_some()));
        assert!(closed_later.count() > 5, "{table}: ends that come later");
    }
    let generator = generator();
    let twice_open = (0..4).any(|batch| {
        let rows = rows(&collect(generator.snapshot("billing.list_prices", batch).unwrap()), &key);
        let open: HashSet<Row> = rows.into_iter().filter(|row| row[4].is_none()).collect();
        let mut series: HashMap<Row, usize> = HashMap::new();
        open.into_iter().for_each(|row| *series.entry(row[..3].to_vec()).or_default() += 1);
        series.values().any(|count| *count > 1)
    });
    assert!(twice_open, "two open intervals of one price");
}

#[test]
fn prices_are_of_every_kind_and_get_corrected() {
    let columns = [
        "sku_name",
        "cloud",
        "currency_code",
        "price_start_time",
        "pricing.default",
        "pricing.promotional.default",
        "pricing.effective_list.default",
    ];
    let versions = grouped(all("billing.list_prices", &columns), 4);
    let revised = versions.values().filter(|rows| rows.iter().map(|row| &row[0]).collect::<HashSet<_>>().len() > 1);
    assert!(revised.count() > 0, "a corrected price");
    let kinds: HashSet<(bool, bool)> =
        versions.values().flatten().map(|row| (row[1].is_some(), row[2].is_some())).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    let clouds: HashSet<(&str, &str)> = versions.keys().map(|key| (text(&key[1]), text(&key[2]))).collect();
    assert!(clouds.contains(&("AZURE", "USD")) && clouds.contains(&("AWS", "EUR")));
}

#[test]
fn statements_are_updated_in_place() {
    let columns = ["workspace_id", "statement_id", "update_time", "execution_status", "end_time", "produced_rows"];
    let statements = grouped(all("query.history", &columns), 2);
    let (mut ended, mut running, mut ties, mut stale) = (0, 0, 0, 0);
    for versions in statements.values() {
        let newest = versions.iter().max_by_key(|row| row[0].clone()).unwrap();
        running += usize::from(text(&newest[1]) == "RUNNING");
        ended += usize::from(versions.iter().any(|row| text(&row[1]) == "RUNNING") && text(&newest[1]) != "RUNNING");
        stale += usize::from(versions.last() != Some(newest) && text(&versions.last().unwrap()[1]) == "RUNNING");
        let distinct: HashSet<_> = versions.iter().collect();
        let times: HashSet<_> = distinct.iter().map(|row| &row[0]).collect();
        ties += usize::from(distinct.len() > times.len());
        for version in versions {
            assert_eq!(version[2].is_none(), text(&version[1]) == "RUNNING");
        }
    }
    assert!(ended > 100 && running > 20 && ties > 2 && stale > 0, "{ended} {running} {ties} {stale}");
    let computes = all("query.history", &["compute.warehouse_id", "compute.type"]);
    assert!(computes.iter().filter(|row| row[0].is_none()).count() > 500);
}

#[test]
fn principals_are_of_every_kind() {
    let names: HashSet<Option<String>> =
        all("access.audit", &["user_identity.email"]).into_iter().map(|mut row| row.remove(0)).collect();
    for special in [None, Some(""), Some("System-User"), Some("__REDACTED__")] {
        assert!(names.contains(&special.map(str::to_owned)), "{special:?}");
    }
    let named = || names.iter().flatten();
    assert!(named().any(|name| name.len() == 36 && name.split('-').count() == 5), "a service principal");
    assert!(named().any(|name| !name.is_ascii()), "a name beyond ASCII");
    assert!(
        named()
            .filter(|name| name.contains('@'))
            .all(|name| name.ends_with("@example.com") || name.ends_with("@example.org"))
    );
}

#[test]
fn audit_events_have_every_outcome() {
    let columns = ["workspace_id", "audit_level", "action_name", "response.status_code", "response.error_message"];
    let rows = all("access.audit", &columns);
    assert!(rows.iter().filter(|row| text(&row[0]) == "0").count() > 500);
    assert!(rows.iter().all(|row| (text(&row[0]) == "0") == (text(&row[1]) == "ACCOUNT_LEVEL")));
    assert!(rows.iter().any(|row| row[2].is_none()));
    let outcomes: HashSet<(bool, &str)> = rows
        .iter()
        .map(|row| {
            (
                row[3].is_some(),
                if text(&row[4]).is_empty() { "empty" } else { row[4].as_deref().map_or("null", |_| "text") },
            )
        })
        .collect();
    for outcome in [(true, "null"), (true, "empty"), (true, "text"), (false, "text"), (false, "null")] {
        assert!(outcomes.contains(&outcome), "{outcome:?}");
    }
}

#[test]
fn lineage_has_one_sided_records_and_paths() {
    for table in ["access.table_lineage", "access.column_lineage"] {
        let rows = all(table, &["source_table_full_name", "source_path", "target_table_full_name", "target_path"]);
        let ends: HashSet<(bool, bool)> = rows
            .iter()
            .map(|row| {
                let there = |name: usize| row[name..name + 2].iter().flatten().any(|text| !text.is_empty());
                (there(0), there(2))
            })
            .collect();
        assert!(ends.contains(&(true, false)) && ends.contains(&(false, true)) && ends.contains(&(true, true)));
        assert!(!ends.contains(&(false, false)));
        assert!(rows.iter().any(|row| row[0].is_none() && row[1].is_some()), "a path");
        assert!(rows.iter().any(|row| text(&row[0]).is_empty()), "an empty name");
    }
}

#[test]
fn one_column_alone_tells_events_apart() {
    let cases: [(&str, &[&str], &str); 2] = [
        ("compute.warehouse_events", &["workspace_id", "warehouse_id", "event_time"], "event_type"),
        ("marketplace.listing_funnel_events", &["listing_id", "event_type", "event_time"], "consumer_region"),
    ];
    for (table, same, other) in cases {
        let columns: Vec<&str> = same.iter().copied().chain([other]).collect();
        let groups = grouped(all(table, &columns), same.len());
        let apart = groups.values().filter(|rows| rows.iter().collect::<HashSet<_>>().len() > 1).count();
        assert!(apart > 20, "{table}: {apart}");
    }
}

#[test]
fn facts_refer_to_entities_mostly() {
    let generator = generator();
    let known = |table: &str, columns: &[&str]| -> HashSet<Row> { all(table, columns).into_iter().collect() };
    let references = [
        ("lakeflow.job_run_timeline", "job_id", "lakeflow.jobs", "job_id"),
        ("compute.node_timeline", "cluster_id", "compute.clusters", "cluster_id"),
        ("billing.usage", "usage_metadata.warehouse_id", "compute.warehouses", "warehouse_id"),
        ("billing.usage", "usage_metadata.job_id", "lakeflow.jobs", "job_id"),
        ("query.history", "compute.cluster_id", "compute.clusters", "cluster_id"),
        ("lakeflow.pipeline_update_timeline", "pipeline_id", "lakeflow.pipelines", "pipeline_id"),
    ];
    let mut unknown = 0;
    for (fact, column, dimension, id) in references {
        let entities = known(dimension, &["workspace_id", id]);
        let refer: Vec<Row> = all(fact, &["workspace_id", column]).into_iter().filter(|row| row[1].is_some()).collect();
        let found = refer.iter().filter(|row| entities.contains(*row)).count();
        unknown += refer.len() - found;
        assert!(found * 100 > refer.len() * 95, "{fact}: {found} of {}", refer.len());
    }
    assert!(unknown > 0, "every reference is known");
    let listed = rows(&collect(generator.snapshot("access.workspaces_latest", 0).unwrap()), &["workspace_id"]);
    let listed: HashSet<Row> = listed.into_iter().collect();
    let unlisted =
        all("access.audit", &["workspace_id"]).into_iter().filter(|row| text(&row[0]) != "0" && !listed.contains(row));
    assert!(unlisted.count() > 20);
    let runs = known("lakeflow.job_run_timeline", &["workspace_id", "job_id", "run_id"]);
    let tasks = all("lakeflow.job_task_run_timeline", &["workspace_id", "job_id", "job_run_id"]);
    let tasks: Vec<&Row> = tasks.iter().filter(|row| row[2].is_some()).collect();
    let tied = tasks.iter().filter(|row| runs.contains(**row)).count();
    assert!(tied * 100 > tasks.len() * 95, "{tied} of {} tasks", tasks.len());
}

#[test]
fn tags_are_null_empty_and_beyond_ascii() {
    let tags: Vec<Row> = all("billing.usage", &["custom_tags"]);
    assert!(tags.iter().filter(|row| row[0].is_none()).count() > 500);
    assert!(tags.iter().filter(|row| text(&row[0]) == "{}").count() > 500);
    assert!(tags.iter().any(|row| !text(&row[0]).is_ascii()));
}

#[test]
fn work_happens_in_working_hours_and_few_workspaces_are_heavy() {
    let rows = all("access.audit", &["event_time", "workspace_id"]);
    let hour = |row: &Row| text(&row[0])[11..13].parse::<u32>().unwrap();
    let busy = rows.iter().filter(|row| (7..19).contains(&hour(row))).count();
    assert!(busy * 10 > rows.len() * 7, "{busy} of {}", rows.len());
    let workspaces = grouped(all("access.audit", &["workspace_id", "event_time"]), 1);
    let heaviest = workspaces.values().map(Vec::len).max().unwrap();
    assert!(heaviest * 3 > rows.len(), "{heaviest} of {}", rows.len());
}
