use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use goldsmith_lake::{CommitOutcome, CommitRequest, LakeError};

use crate::support::{Place, append, of_delta_rs, pairs, pairs_schema, rows};

fn nested_schema(inner: &[&str]) -> SchemaRef {
    let fields: Vec<Field> = inner.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let object = DataType::Struct(fields.into());
    Arc::new(Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("s", object.clone(), true),
        Field::new("l", DataType::List(Arc::new(Field::new("element", object, true))), true),
    ]))
}

fn nested_batch(schema: &SchemaRef, key: i64, text: &str) -> RecordBatch {
    let DataType::Struct(fields) = schema.field(1).data_type() else {
        panic!("no struct");
    };
    let columns: Vec<ArrayRef> = fields.iter().map(|_| Arc::new(StringArray::from(vec![text])) as ArrayRef).collect();
    let object = StructArray::new(fields.clone(), columns, None);
    let DataType::List(element) = schema.field(2).data_type() else {
        panic!("no list");
    };
    let list = ListArray::new(Arc::clone(element), OffsetBuffer::from_lengths([1]), Arc::new(object.clone()), None);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![key])), Arc::new(object), Arc::new(list)];
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_columns_and_nested_fields_read_as_null_in_old_files() {
    let place = Place::new();
    let old = nested_schema(&["a"]);
    let mut table = place.create("t", Arc::clone(&old)).await;
    append(&mut table, &nested_batch(&old, 1, "x"), Some("p"), "r").await;
    let id = table.table_id().unwrap();

    let new = nested_schema(&["a", "b"]);
    let mut fields: Vec<FieldRef> = new.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("later", DataType::Int32, false)));
    assert!(table.add_columns(&fields).unwrap());
    assert!(!table.add_columns(&fields).unwrap(), "what is staged is there already");
    assert_eq!(rows(&table).await, ["1|{a: x, b: ~}|[{a: x, b: ~}]|~"]);
    assert_eq!(place.open("t").await.schema().unwrap().fields().len(), 3, "others see it with the commit");
    assert!(matches!(table.commit(CommitRequest::default()).await, Ok(CommitOutcome::Committed { version: 2 })));
    assert!(!table.add_columns(&fields).unwrap());
    assert_eq!(table.table_id().unwrap(), id);
    assert_eq!(table.position().await.unwrap().as_deref(), Some("p"));

    let mut columns = nested_batch(&new, 2, "y").columns().to_vec();
    columns.push(Arc::new(Int32Array::from(vec![5])));
    let batch = RecordBatch::try_new(table.data_schema().unwrap(), columns).unwrap();
    append(&mut table, &batch, None, "r").await;
    assert_eq!(rows(&table).await, ["1|{a: x, b: ~}|[{a: x, b: ~}]|~", "2|{a: y, b: y}|[{a: y, b: y}]|5"]);
    // A file from before can still be written in its old nested shape.
    let mut old_shape = nested_batch(&old, 3, "z").columns().to_vec();
    old_shape.push(Arc::new(Int32Array::new_null(1)));
    let mut old_fields: Vec<FieldRef> = old.fields().iter().cloned().collect();
    old_fields.push(Arc::new(Field::new("later", DataType::Int32, true)));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(old_fields)), old_shape).unwrap();
    append(&mut table, &batch, None, "r").await;
    assert_eq!(rows(&table).await.len(), 3);
    assert_eq!(rows(&place.open("t").await).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_without_a_zone_bring_their_feature_at_any_depth() {
    let zoneless = DataType::Timestamp(TimeUnit::Microsecond, None);
    let entries = vec![Field::new("key", DataType::Utf8, false), Field::new("value", zoneless.clone(), true)];
    let map = DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries.into()), false)), false);
    let list = DataType::List(Arc::new(Field::new("element", zoneless.clone(), true)));
    let place = Place::new();
    for (name, data_type) in [("column", zoneless), ("map", map), ("list", list)] {
        let mut table = place.create(name, pairs_schema()).await;
        append(&mut table, &pairs(&[(1, "a")]), Some("p"), "r").await;
        let column: FieldRef = Arc::new(Field::new("t", data_type, true));
        assert!(table.add_columns(std::slice::from_ref(&column)).unwrap());
        let fields = pairs_schema().fields().iter().cloned().chain([Arc::clone(&column)]).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(fields));
        let row = |key: i64| {
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(vec![key])),
                Arc::new(StringArray::from(vec!["b"])),
                new_null_array(column.data_type(), 1),
            ];
            RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
        };
        append(&mut table, &row(2), None, "r").await;
        let log = place.dir.path().join(format!("{name}/_delta_log"));
        let entry = std::fs::read_to_string(log.join(format!("{:020}.json", 2))).unwrap();
        for key in ["readerFeatures", "writerFeatures"] {
            let features = entry.split(key).nth(1).and_then(|rest| rest.split(']').next()).unwrap();
            assert!(features.contains("timestampNtz"), "{name}: {entry}");
        }
        append(&mut table, &row(3), None, "r").await;
        let entry = std::fs::read_to_string(log.join(format!("{:020}.json", 3))).unwrap();
        assert!(!entry.contains(r#""protocol""#), "the feature is there already: {entry}");
        assert_eq!(rows(&place.open(name).await).await, ["1|a|~", "2|b|~", "3|b|~"], "{name}");
        of_delta_rs(&table).await;
        // A new table has it from the beginning.
        place.create(&format!("{name}_anew"), schema).await;
        assert!(place.open(&format!("{name}_anew")).await.files().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_type_is_refused_by_path() {
    let place = Place::new();
    let mut table = place.create("t", nested_schema(&["a"])).await;
    let object = DataType::Struct(vec![Field::new("a", DataType::Int32, true)].into());
    let error = table.add_columns(&[Arc::new(Field::new("s", object, true))]).unwrap_err();
    let LakeError::TypeChanged { column, from, to } = error else {
        panic!("{error:?}");
    };
    assert_eq!((column.as_str(), from.as_str(), to.as_str()), ("s.a", "string", "integer"));
    assert_eq!(table.version(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evolution_that_lost_a_race_is_a_conflict_and_a_blind_append_survives_one() {
    let place = Place::new();
    let schema = nested_schema(&["a"]);
    let mut first = place.create("t", Arc::clone(&schema)).await;
    let mut second = place.open("t").await;
    let mut third = place.open("t").await;
    let column: FieldRef = Arc::new(Field::new("n", DataType::Int64, true));
    first.add_columns(std::slice::from_ref(&column)).unwrap();
    second.add_columns(&[column]).unwrap();
    assert!(first.commit(CommitRequest::default()).await.is_ok());
    let error = second.commit(CommitRequest::default()).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");

    let mut writer = third.writer().unwrap();
    writer.write(&nested_batch(&schema, 1, "x")).await.unwrap();
    let added = writer.finish().await.unwrap();
    let request = CommitRequest { added, blind_append: true, ..CommitRequest::default() };
    assert!(third.commit(request).await.is_ok());
    assert_eq!(rows(&third).await, ["1|{a: x}|[{a: x}]|~"]);
}
