//! Rows of a fact lie sorted in its files, by the columns that its model names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use arrow::array::AsArray;
use arrow::datatypes::Date32Type;
use futures::TryStreamExt;
use goldsmith_lake::{Lake, LakeOptions, Location, ScanRequest};
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::synth::World;

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_fact_are_sorted_by_what_its_model_clusters_by() {
    let lake = ScratchLake::new().unwrap();
    assert_eq!(lake.model().gold["fact_usage"].cluster_by, ["usage_date"]);
    let config = SynthConfig { seed: 31, rows: 4_000, batches: 2, days: 8, late_share: 0.3, ..Default::default() };
    let world = World::new(config);
    for batch in 0..2 {
        world.deliver(&lake, batch).await;
        lake.run(&["fact_usage"]).await.unwrap();
    }
    let location = Location::from_path(&lake.target().join("system_gold/fact_usage")).unwrap();
    let table = Lake::new(LakeOptions::default()).open(&location).await.unwrap().expect("a filled target");
    for file in table.files().unwrap() {
        let request = ScanRequest {
            columns: Some(vec!["usage_date".to_owned()]),
            files: Some(vec![file.path.clone()]),
            ..ScanRequest::default()
        };
        let batches: Vec<_> = table.scan(request).await.unwrap().try_collect().await.unwrap();
        let days: Vec<i32> =
            batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Date32Type>().values().to_vec()).collect();
        assert!(days.is_sorted(), "{}: {days:?}", file.path);
        assert!(days.first() < days.last(), "{} has one day only: {days:?}", file.path);
    }
}
