//! The declared conservation laws hold between bronze and gold, and a gold row that is lost or doubled breaks them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, take_record_batch};
use goldsmith_model::{GoldKind, GoldTable};
use goldsmith_query::flatten::Carried;
use goldsmith_query::fold::{FoldSpec, distinct_slices};
use goldsmith_query::law::{BrokenLaw, Law, Ledger};
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::latest_per_key;
use goldsmith_synth::SynthConfig;
use goldsmith_testkit::ScratchLake;
use goldsmith_tests::{seeds, synth::World};

const BATCHES: usize = 3;

async fn all_rows(lake: &ScratchLake, schema: &str, table: &str) -> RecordBatch {
    let batches = lake.engine().unwrap().query(&format!("select * from {schema}.{table}")).await.unwrap();
    normalize_batch(&concat_batches(&batches[0].schema(), &batches).unwrap()).unwrap()
}

/// The rows of bronze that a gold table is made from: the latest version of each key, or the distinct slices.
async fn entering(lake: &ScratchLake, table: &GoldTable) -> RecordBatch {
    let source = table.sources()[0];
    let bronze = all_rows(lake, &lake.model().project.bronze_schema, &source.bronze_table()).await;
    let carried = Carried::new(bronze.schema_ref(), &table.exclude, &[]).unwrap().apply(&bronze).unwrap();
    match &table.kind {
        GoldKind::SlicedRunFact { fold, .. } => {
            let declared = &lake.model().bronze[source];
            let spec = FoldSpec {
                key: table.key.clone(),
                natural_key: declared.natural_key.clone(),
                sequence: declared.sequence_by.clone(),
            };
            distinct_slices(&carried, &spec, fold).unwrap()
        }
        GoldKind::EventFact { sequence_by: Some(sequence), .. } => {
            let winners = latest_per_key(&carried, &table.key, std::slice::from_ref(sequence)).unwrap();
            take_record_batch(&carried, &winners).unwrap()
        }
        other => panic!("`{}` has laws, and this test does not know the rows of a {other:?}", table.name),
    }
}

fn settled(laws: &[Law], entering: &RecordBatch, leaving: &[RecordBatch]) -> Result<(), Vec<BrokenLaw>> {
    let mut ledger = Ledger::new(laws);
    ledger.enter(entering).unwrap();
    leaving.iter().for_each(|rows| ledger.leave(rows).unwrap());
    ledger.settle()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gold_holds_is_what_bronze_delivered() {
    for seed in seeds(71..72) {
        println!("seed {seed}");
        let lake = ScratchLake::new().unwrap();
        let world = World::new(SynthConfig { seed, rows: 2_000, batches: BATCHES, ..Default::default() });
        let tables: Vec<&GoldTable> = lake.model().gold.values().filter(|table| !table.conserves.is_empty()).collect();
        assert!(!tables.is_empty(), "the default model declares laws");
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        // The first run builds the tables, the second one takes over what came since.
        world.deliver(&lake, 0).await;
        lake.run(&names).await.unwrap();
        for batch in 1..BATCHES {
            world.deliver(&lake, batch).await;
        }
        lake.run(&names).await.unwrap();
        for table in tables {
            let entering = entering(&lake, table).await;
            let gold = all_rows(&lake, &lake.model().project.gold_schema, &table.name).await;
            for declared in &table.conserves {
                let what = format!("seed {seed}: `{}` of `{}`", declared.name, table.name);
                let law = Law::compile(declared, entering.schema_ref(), gold.schema_ref()).unwrap();
                let laws = std::slice::from_ref(&law);
                assert_eq!(settled(laws, &entering, std::slice::from_ref(&gold)), Ok(()), "{what}");
                // A row without a quantity may go unnoticed, half of them may not.
                let half = gold.slice(0, gold.num_rows() / 2);
                assert!(
                    settled(laws, &entering, std::slice::from_ref(&half)).is_err(),
                    "{what}: half of the rows lost"
                );
                assert!(settled(laws, &entering, &[gold.clone(), half]).is_err(), "{what}: half of the rows doubled");
            }
        }
    }
}
