//! A rebuild beside readers: they see the old table or the new one, never half of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::AsArray;
use futures::TryStreamExt;
use goldsmith::{DeliveryMode, RunOptions};
use goldsmith_lake::{Lake, LakeOptions, Location, ScanRequest, Table};
use goldsmith_model::LoadMode;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

use crate::support::*;

const FACT: &str = "fact_usage";

/// What a reader sees of the table: the runs that wrote its rows, and the number of rows.
async fn seen(table: &Table) -> (BTreeSet<String>, usize) {
    let columns = Some(vec!["_run_id".to_owned()]);
    let stream = table.scan(ScanRequest { columns, ..Default::default() }).await.unwrap();
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    let mut runs = BTreeSet::new();
    let mut rows = 0;
    for batch in batches {
        rows += batch.num_rows();
        runs.extend(batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    (runs, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_the_old_or_the_new_table_while_it_is_built_anew() {
    let lake = ScratchLake::new().unwrap();
    let world = World::new(SynthConfig { seed: 34, rows: 20_000, batches: 1, ..Default::default() });
    for (source, load) in [("billing.usage", LoadMode::Append), ("billing.list_prices", LoadMode::Merge)] {
        lake.deliver_batches(source, world.rows(source, load, 0), DeliveryMode::Append).await.unwrap();
    }
    let first = lake.run(&[FACT]).await.unwrap();
    let location = Location::from_path(&lake.target().join("system_gold").join(FACT)).unwrap();
    let open = || async { Lake::new(LakeOptions::default()).open(&location).await.unwrap().unwrap() };
    let opened_before = open().await;
    let (writers, rows) = seen(&opened_before).await;
    assert_eq!(writers, BTreeSet::from([first.run_id.clone()]));
    assert!(rows > 100, "{rows} rows");

    let done = Arc::new(AtomicBool::new(false));
    let refreshes = {
        let (done, engine) = (done.clone(), lake.engine().unwrap());
        tokio::spawn(async move {
            let mut ids = BTreeSet::new();
            for _ in 0..4 {
                let options = RunOptions { full_refresh: true, ..select(&[FACT]) };
                ids.insert(run(&engine, &options).await.run_id);
            }
            done.store(true, Ordering::SeqCst);
            ids
        })
    };
    let mut versions: BTreeSet<String> = BTreeSet::new();
    let sql = format!(
        "select count(*) as n, count(distinct _run_id) as runs, max(_run_id) as run, \
         cast(sum(usage_quantity) as varchar) as quantity, cast(sum(list_cost) as varchar) as cost from {FACT}"
    );
    let before = lake.query(&sql).await.unwrap().remove(0);
    let mut reads = 0;
    loop {
        let last = done.load(Ordering::SeqCst);
        // One reader opens the table anew each time, the other one opened it before all this.
        let now = lake.query(&sql).await.unwrap().remove(0);
        assert_eq!(now["runs"], 1, "half of two tables: {now:?}");
        for column in ["n", "quantity", "cost"] {
            assert_eq!(now[column], before[column], "read {reads}: {now:?}");
        }
        versions.insert(text(&now, "run").to_owned());
        assert_eq!(seen(&opened_before).await, (BTreeSet::from([first.run_id.clone()]), rows), "read {reads}");
        reads += 1;
        if last {
            break;
        }
    }
    let ids = refreshes.await.unwrap();
    versions.remove(&first.run_id);
    assert!(!versions.is_empty() && versions.is_subset(&ids), "{versions:?} are none of the rebuilds {ids:?}");
    assert!(reads > 2, "{reads} reads show little");
}
