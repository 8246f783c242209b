use goldsmith_lake::{ErrorKind, LakeError};

use crate::support::{Place, append, names, pairs, pairs_schema, rows};
use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::pretty::pretty_format_batches;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_there_is_none_and_other_content_is_an_error() {
    let place = Place::new();
    assert!(place.lake.open(&place.at("absent")).await.unwrap().is_none());
    std::fs::create_dir(place.dir.path().join("empty")).unwrap();
    assert!(place.lake.open(&place.at("empty")).await.unwrap().is_none());
    assert!(place.lake.open_source(&place.at("empty")).await.unwrap().is_none());

    std::fs::create_dir(place.dir.path().join("full")).unwrap();
    std::fs::write(place.dir.path().join("full/notes.txt"), "hello").unwrap();
    let error = place.lake.open(&place.at("full")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADeltaTable);
    assert!(error.to_string().contains("notes.txt"), "{error}");
    let error = place.lake.open_source(&place.at("full")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADeltaTable);
    assert!(error.to_string().contains("notes.txt") && !error.to_string().contains("remove"), "{error}");
    let error = place.lake.open(&place.at("full/notes.txt")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = place.lake.exists(&place.at("full/notes.txt")).await.unwrap_err();
    assert!(error.to_string().contains("it is a file"), "{error}");

    std::fs::write(place.dir.path().join("full/data.parquet"), "PAR1").unwrap();
    assert!(place.lake.open(&place.at("full")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_twice_opens_the_first_table() {
    let place = Place::new();
    let first = place.create("t", pairs_schema()).await;
    let second = place.create("t", pairs_schema()).await;
    assert_eq!(first.table_id().unwrap(), second.table_id().unwrap());
    assert_eq!(second.version(), 0);
    assert_eq!(first.num_rows().await.unwrap(), 0);
    assert!(rows(&first).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_at_the_same_time_makes_one_table() {
    let place = Place::new();
    let tasks: Vec<_> = (0..4)
        .map(|run| {
            let lake = place.lake.clone();
            let location = place.at("t");
            tokio::spawn(async move {
                let spec = goldsmith_lake::TableSpec {
                    name: "t".to_owned(),
                    description: None,
                    schema: pairs_schema(),
                    run_id: format!("run-{run}"),
                };
                lake.create(&location, spec).await.unwrap().table_id().unwrap()
            })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(place.open("t").await.version(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_and_protocol_are_as_promised() {
    let place = Place::new();
    let comment = |text: &str| HashMap::from([("comment".to_owned(), text.to_owned())]);
    let inner = Field::new("inner", DataType::Utf8, true).with_metadata(comment("inside"));
    let schema = Arc::new(Schema::new(vec![
        Field::new("k", DataType::Int64, false).with_metadata(comment("the key")),
        Field::new("s", DataType::Struct(vec![inner].into()), true),
    ]));
    let table = place.create("t", schema).await;
    let read = place.open("t").await.schema().unwrap();
    assert_eq!(read.field(0).metadata()["comment"], "the key");
    assert!(!read.field(0).is_nullable());
    let DataType::Struct(fields) = read.field(1).data_type() else {
        panic!("no struct");
    };
    assert_eq!(fields[0].metadata()["comment"], "inside");
    assert!(table.data_schema().unwrap().field(0).metadata().is_empty());

    let log = std::fs::read_to_string(place.dir.path().join("t/_delta_log/00000000000000000000.json")).unwrap();
    assert!(log.contains("\"minReaderVersion\":1"), "{log}");
    assert!(log.contains("domainMetadata"), "{log}");
    assert!(log.contains("\"goldsmithRunId\":\"run-0\""), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_logs_name_the_entry() {
    let place = Place::new();
    type Damage<'a> = &'a dyn Fn(&std::path::Path);
    let damage: [(&str, Damage<'_>); 4] = [
        ("cut", &|log| {
            let path = log.join("00000000000000000001.json");
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, &text[..text.len() / 2]).unwrap();
        }),
        ("garbage", &|log| std::fs::write(log.join("00000000000000000001.json"), "not json").unwrap()),
        ("empty", &|log| std::fs::write(log.join("00000000000000000001.json"), "").unwrap()),
        ("gap", &|log| std::fs::remove_file(log.join("00000000000000000001.json")).unwrap()),
    ];
    for (name, damage) in damage {
        let mut table = place.create(name, pairs_schema()).await;
        append(&mut table, &pairs(&[(1, "a")]), None, "r").await;
        append(&mut table, &pairs(&[(2, "b")]), None, "r").await;
        damage(&place.dir.path().join(name).join("_delta_log"));
        let error = place.lake.open(&place.at(name)).await.unwrap_err();
        let LakeError::CorruptLog { entry, .. } = &error else {
            panic!("{name}: {error:?}");
        };
        assert_eq!(entry, "_delta_log/00000000000000000001.json", "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_reader_features_are_named() {
    let place = Place::new();
    place.create("t", pairs_schema()).await;
    let path = place.dir.path().join("t/_delta_log/00000000000000000000.json");
    let log = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\"minReaderVersion\":1", "\"readerFeatures\":[\"teleportation\"],\"minReaderVersion\":3");
    std::fs::write(path, log.replace("[\"appendOnly\"", "[\"teleportation\",\"appendOnly\"")).unwrap();
    let error = place.lake.open(&place.at("t")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
    assert!(error.to_string().contains("teleportation"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writer_features_that_we_do_not_know_forbid_writing_only() {
    let place = Place::new();
    place.create("t", pairs_schema()).await;
    let path = place.dir.path().join("t/_delta_log/00000000000000000000.json");
    let log = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, log.replace("\"appendOnly\"", "\"rowTracking\"")).unwrap();
    let table = place.open("t").await;
    assert!(rows(&table).await.is_empty());
    let error = table.writer().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("rowTracking"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed_and_queried() {
    let place = Place::new();
    let mut b = place.create("b", pairs_schema()).await;
    place.create("a", pairs_schema()).await;
    std::fs::create_dir(place.dir.path().join("c")).unwrap();
    append(&mut b, &pairs(&[(1, "x"), (2, "y")]), None, "r").await;
    assert_eq!(place.lake.list_tables(&place.at("")).await.unwrap(), names(&["a", "b"]));
    assert!(place.lake.list_tables(&place.at("absent")).await.unwrap().is_empty());

    let context = place
        .lake
        .sql_context(vec![
            ("gold".to_owned(), "b".to_owned(), b),
            ("gold".to_owned(), "a".to_owned(), place.open("a").await),
        ])
        .await
        .unwrap();
    let frame = context.sql("select v, (select count(*) from gold.a) as n from gold.b where k = 2").await.unwrap();
    let text = pretty_format_batches(&frame.collect().await.unwrap()).unwrap().to_string();
    assert!(text.contains("| y | 0 |"), "{text}");
}
