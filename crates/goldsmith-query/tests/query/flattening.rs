use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray, MapArray, RecordBatch,
    StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use goldsmith_model::load_embedded;
use goldsmith_query::QueryError;
use goldsmith_query::flatten::{Carried, Contested, contested};
use goldsmith_query::normalize::{normalize_batch, normalize_schema};
use goldsmith_query::types::{declared_schema, from_arrow, is_lossless, same_type, timestamp, to_arrow};

use crate::world::*;

fn structs(fields: Vec<(&str, ArrayRef)>, valid: Vec<bool>) -> ArrayRef {
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) =
        fields.into_iter().map(|(name, column)| (Field::new(name, column.data_type().clone(), true), column)).unzip();
    Arc::new(StructArray::new(fields.into(), columns, Some(NullBuffer::from(valid))))
}

fn lists(offsets: Vec<i32>, values: ArrayRef) -> ArrayRef {
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    Arc::new(ListArray::new(field, OffsetBuffer::new(offsets.into()), values, None))
}

fn map(offsets: Vec<i32>, keys: ArrayRef, values: ArrayRef) -> ArrayRef {
    let fields = Fields::from(vec![
        Field::new("keys", keys.data_type().clone(), false),
        Field::new("values", values.data_type().clone(), true),
    ]);
    let entries = StructArray::new(fields.clone(), vec![keys, values], None);
    let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
    Arc::new(MapArray::new(field, OffsetBuffer::new(offsets.into()), entries, None, false))
}

fn words(list: &[&str]) -> ArrayRef {
    texts(list.iter().map(|word| Some((*word).to_owned())))
}

/// Two rows; in the second one the struct is null above children that hold values.
fn source() -> RecordBatch {
    let inner = structs(vec![("job_id", words(&["j1", "hidden"]))], vec![true, true]);
    let deep =
        lists(vec![0, 2, 2], structs(vec![("x", ints([Some(1), None])), ("y", words(&["a", "b"]))], vec![true, true]));
    let metadata = structs(
        vec![
            ("cluster_id", cast(&words(&["c1", "hidden"]), &DataType::Utf8View).unwrap()),
            ("info", inner),
            ("items", deep),
        ],
        vec![true, false],
    );
    batch(vec![
        ("_run_id", words(&["r", "r"])),
        (
            "id",
            cast(&words(&["1", "2"]), &DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)))
                .unwrap(),
        ),
        ("metadata", metadata),
        ("tags", map(vec![0, 2, 3], words(&["b", "a", "k"]), words(&["2", "1", "v"]))),
        ("counts", lists(vec![0, 1, 3], ints([Some(1), Some(2), None]))),
        (
            "at",
            cast(
                &instants([Some(1_000_000), None]),
                &DataType::Timestamp(TimeUnit::Millisecond, Some("+00:00".into())),
            )
            .unwrap(),
        ),
        ("nested", map(vec![0, 1, 2], ints([Some(7), Some(8)]), lists(vec![0, 1, 1], words(&["q"])))),
    ])
}

#[test]
fn structs_are_flattened_and_what_is_deeper_becomes_json() {
    let rows = source();
    let carried = Carried::new(&rows.schema(), &[], &[]).unwrap();
    let flat = carried.apply(&rows).unwrap();
    let order: Vec<String> = flat.schema().fields().iter().map(|field| field.name().clone()).collect();
    let expected = [
        "id",
        "metadata_cluster_id",
        "metadata_info_job_id",
        "metadata_items_json",
        "tags",
        "counts",
        "at",
        "nested_json",
    ];
    assert_eq!(order, expected);
    assert_eq!(
        lines(&flat),
        [
            "at=1970-01-01T00:00:01Z counts=[1] id=1 metadata_cluster_id=c1 metadata_info_job_id=j1 \
             metadata_items_json=[{\"x\":1,\"y\":\"a\"},{\"y\":\"b\"}] nested_json={\"7\":[\"q\"]} tags={a: 1, b: 2}",
            "at=- counts=[2, -] id=2 metadata_cluster_id=- metadata_info_job_id=- metadata_items_json=- \
             nested_json={\"8\":[]} tags={k: v}",
        ]
    );
    assert_eq!(flat.schema(), *carried.schema());
    assert_eq!(flat["at"].data_type(), &timestamp());
    assert!(flat["tags"].as_map().len() == 2);
    assert_eq!(carried.source_columns(), ["id", "metadata", "tags", "counts", "at", "nested"]);
    assert_eq!(carried.source_path("metadata_info_job_id").as_deref(), Some("metadata.info.job_id"));
}

#[test]
fn columns_are_excluded_kept_and_narrowed() {
    let rows = source();
    let exclude = names(&["tags", "metadata_cluster_id", "nested_json"]);
    let carried = Carried::new(&rows.schema(), &exclude, &["_run_id"]).unwrap();
    let flat = carried.apply(&rows).unwrap();
    let order: Vec<String> = flat.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(order, ["_run_id", "id", "metadata_info_job_id", "metadata_items_json", "counts", "at"]);
    let narrow = carried.narrow(&["at", "metadata_info_job_id"]).unwrap();
    assert_eq!(narrow.source_columns(), ["metadata", "at"]);
    assert_eq!(narrow.apply(&rows).unwrap(), flat.project(&[2, 5]).unwrap());
    assert!(matches!(carried.narrow(&["tags"]), Err(QueryError::MissingColumn { .. })));
    assert!(matches!(carried.apply(&rows.project(&[0]).unwrap()), Err(QueryError::MissingColumn { .. })));
    let none = carried.narrow::<&str>(&[]).unwrap().apply(&rows).unwrap();
    assert_eq!((none.num_rows(), none.num_columns()), (2, 0));
}

#[test]
fn two_columns_of_one_name_are_refused_with_both_paths() {
    let rows = batch(vec![("a_b", ints([Some(1)])), ("a", structs(vec![("b", ints([Some(2)]))], vec![true]))]);
    let error = Carried::new(&rows.schema(), &[], &[]).unwrap_err();
    assert_eq!(error.to_string(), "`a_b` and `a.b` are both carried as `a_b`; exclude one of them");
    assert!(Carried::new(&rows.schema(), &names(&["a"]), &[]).is_ok());
}

#[test]
fn a_declared_column_keeps_its_name_and_of_others_the_first_has_it() {
    let model = load_embedded().unwrap().model;
    let declared = model.bronze.values().find(|table| table.source.to_string() == "access.inbound_network").unwrap();
    let field = |name: &str| Field::new(name, DataType::Utf8, true);
    let gained = DataType::Struct(vec![field("ip"), field("path"), field("id")].into());
    let mut fields: Vec<Field> =
        declared_schema(declared).fields().iter().map(|field| field.as_ref().clone()).collect();
    for known in &mut fields {
        if known.name() == "source" {
            *known = known.clone().with_data_type(gained.clone());
        }
    }
    fields.extend(["Source_IP", "source_path", "REQUEST_path", "Mine", "region", "_run_id"].map(field));
    let schema = Schema::new(fields);
    let contested = contested(&schema, declared, &[], &names(&["mine"]));
    let told: Vec<String> = contested
        .iter()
        .map(|column| {
            let holder = column.holder.as_ref().map_or("its own".to_owned(), |path| path.join("."));
            format!("{} as {}: {holder}", column.path.join("."), column.name)
        })
        .collect();
    assert_eq!(
        told,
        [
            "Source_IP as Source_IP: source.ip",
            "source_path as source_path: source.path",
            "REQUEST_path as REQUEST_path: request_path",
            "Mine as Mine: its own",
        ]
    );
    let exclude: Vec<String> = contested.iter().map(Contested::exclusion).collect();
    let carried = Carried::new(&schema, &exclude, &[]).unwrap();
    assert_eq!(carried.source_path("source_path").as_deref(), Some("source.path"));
    assert!(carried.source_path("Source_IP").is_none() && carried.source_path("region").is_some());

    let rows = RecordBatch::new_empty(Arc::new(schema));
    let whole = Carried::whole(rows.schema_ref(), declared, &[]).unwrap();
    let leaves = declared.columns.len() + 2 + 5;
    assert_eq!(whole.apply(&rows).unwrap().num_columns(), leaves, "everything but the metadata");
    let unique: std::collections::HashSet<&String> = whole.schema().fields().iter().map(|field| field.name()).collect();
    assert_eq!(unique.len(), leaves);
}

#[test]
fn normalised_batches_have_the_normalised_schema() {
    let rows = source();
    let normal = normalize_batch(&rows).unwrap();
    assert_eq!(*normal.schema(), normalize_schema(&rows.schema()));
    assert_eq!(normalize_batch(&normal).unwrap(), normal);
    assert_eq!(normal["metadata"].as_struct().null_count(), 1);
    let sliced = normalize_batch(&rows.slice(1, 1)).unwrap();
    assert_eq!(lines(&sliced), lines(&normal.slice(1, 1)));
    let empty = RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert_eq!(normalize_batch(&empty).unwrap().num_rows(), 0);
}

#[test]
fn declared_types_go_to_arrow_and_back() {
    for text in [
        "string",
        "boolean",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "decimal(38,18)",
        "date",
        "timestamp",
        "timestamp_ntz",
        "binary",
        "array<decimal(10,2)>",
        "map<string,array<timestamp>>",
        "struct<a:int,b:struct<c:map<int,string>>>",
    ] {
        let declared: goldsmith_model::DataType = text.parse().unwrap();
        assert_eq!(from_arrow(&to_arrow(&declared)).unwrap(), declared);
    }
    assert!(from_arrow(&DataType::Time64(TimeUnit::Microsecond)).is_err());
    let list = |name: &str, item| DataType::List(Arc::new(Field::new(name, item, false)));
    assert!(same_type(&list("item", DataType::Utf8View), &list("element", DataType::LargeUtf8)));
    assert!(!same_type(&list("item", DataType::Utf8), &list("item", DataType::Int8)));
}

#[test]
fn only_lossless_widening_is_lossless() {
    use DataType::{Boolean, Date32, Decimal128, Float32, Float64, Int8, Int32, Int64, Null, Utf8, Utf8View};
    for (from, to, expected) in [
        (Utf8View, Utf8, true),
        (Int32, Int64, true),
        (Int64, Int32, false),
        (Int64, Decimal128(19, 0), true),
        (Int64, Decimal128(19, 1), false),
        (Int8, Decimal128(3, 0), true),
        (Decimal128(10, 2), Decimal128(12, 4), true),
        (Decimal128(10, 2), Decimal128(12, 5), false),
        (Decimal128(38, 18), Decimal128(38, 12), false),
        (Float32, Float64, true),
        (Float64, Float32, false),
        (Int64, Float64, false),
        (Null, Boolean, true),
        (Boolean, Int8, false),
        (Date32, timestamp(), false),
        (DataType::Timestamp(TimeUnit::Nanosecond, None), timestamp(), true),
    ] {
        assert_eq!(is_lossless(&from, &to), expected, "{from} to {to}");
    }
}

#[test]
fn json_text_is_escaped_and_null_is_null() {
    let rows: ArrayRef = Arc::new(StringArray::from(vec![Some("a\"b\n"), None]));
    let json = goldsmith_query::json::to_json(&rows).unwrap();
    assert_eq!(json.value(0), "\"a\\\"b\\n\"");
    assert!(json.is_null(1));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(5)]));
    assert_eq!(goldsmith_query::json::to_json(&numbers).unwrap().value(0), "5");
}

#[test]
fn what_json_has_no_number_for_is_a_text() {
    let doubles: ArrayRef =
        Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(f64::INFINITY), Some(2.5), None, Some(-0.0)]));
    let floats: ArrayRef =
        Arc::new(Float32Array::from(vec![Some(0.1), Some(f32::NEG_INFINITY), Some(f32::NAN), None, Some(1.5)]));
    let objects = structs(vec![("d", doubles.clone()), ("f", floats)], vec![true; 5]);
    let json = goldsmith_query::json::to_json(&lists(vec![0, 2, 3, 5], objects)).unwrap();
    assert_eq!(
        json.iter().flatten().collect::<Vec<_>>(),
        [
            r#"[{"d":"NaN","f":0.1},{"d":"Infinity","f":"-Infinity"}]"#,
            r#"[{"d":2.5,"f":"NaN"}]"#,
            r#"[{},{"d":-0.0,"f":1.5}]"#
        ]
    );
    let entries = map(vec![0, 2, 5], words(&["a", "b", "c", "d", "e"]), doubles);
    let json = goldsmith_query::json::to_json(&entries).unwrap();
    assert_eq!(json.value(0), r#"{"a":"NaN","b":"Infinity"}"#);
    assert_eq!(json.value(1), r#"{"c":2.5,"e":-0.0}"#);
}

#[test]
fn a_slice_of_rows_is_flattened_like_the_rows_themselves() {
    // Booleans and validity are bits, so that a slice begins in the middle of a byte.
    let rows = 1_100;
    let flags: ArrayRef = Arc::new(BooleanArray::from((0..rows).map(|row| row % 3 == 0).collect::<Vec<_>>()));
    let valid = (0..rows).map(|row| row % 5 != 0).collect::<Vec<_>>();
    let batch = RecordBatch::try_from_iter_with_nullable([("s", structs(vec![("flag", flags)], valid), true)]).unwrap();
    let carried = Carried::new(batch.schema_ref(), &[], &[]).unwrap();
    let whole = carried.apply(&batch).unwrap();
    for (offset, length) in [(0, rows), (3, 1_000), (33, 1_030), (1_063, 37)] {
        let sliced = carried.apply(&batch.slice(offset, length)).unwrap();
        assert_eq!(sliced, whole.slice(offset, length), "from {offset}");
    }
}
