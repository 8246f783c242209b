use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Float64Array, RecordBatch};
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use datafusion::prelude::SessionContext;
use goldsmith_model::{DataType, DerivedColumn};
use goldsmith_query::calendar::date_key;
use goldsmith_query::expression::{Derived, ExpressionError, ExpressionErrorKind, Projection};
use goldsmith_query::functions::{all, function_registry, register_all};
use indexmap::IndexMap;

use crate::world::*;

fn derived(list: &[(&str, &str, &str)]) -> IndexMap<String, DerivedColumn> {
    list.iter()
        .map(|(name, data_type, expression)| {
            let column = DerivedColumn {
                expression: (*expression).to_owned(),
                data_type: data_type.parse::<DataType>().unwrap(),
                description: format!("About {name}."),
            };
            ((*name).to_owned(), column)
        })
        .collect()
}

fn word(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn rows() -> RecordBatch {
    let decimals = |values: Vec<Option<i128>>| -> ArrayRef {
        Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 18).unwrap())
    };
    let one = 10_i128.pow(18);
    batch(vec![
        ("name", texts([word("ENTERPRISE_ALL_PURPOSE"), word("x@y@example.com"), None])),
        ("state", texts([word("SUCCEEDED"), word("FAILED"), None])),
        ("quantity", decimals(vec![Some(one * 3 / 2), Some(-one), None])),
        ("price", decimals(vec![Some(one / 2), Some(one), Some(one)])),
        ("start", instants([Some(0), Some(1_999_999), Some(5)])),
        ("end", instants([Some(86_400_000_000), Some(0), None])),
        ("date", Arc::new(Date32Array::from(vec![Some(0), None, Some(1)]))),
        ("year", ints([Some(2024), Some(1), None])),
        ("busy", Arc::new(Float64Array::from(vec![Some(0.25), Some(0.5), None]))),
        ("tags", {
            let tags = [Some(vec![("a".to_owned(), Some(1)), ("b".to_owned(), None)]), Some(vec![]), None];
            maps(&mut rand::SeedableRng::seed_from_u64(1), tags)
        }),
    ])
}

#[test]
fn expressions_of_the_kinds_that_the_model_uses() {
    let cases: &[(&str, &str, [&str; 3])] = &[
        ("bigint", "coalesce(cast(cardinality(tags) as bigint), 0)", ["2", "0", "0"]),
        ("decimal(38,12)", "multiply_money(quantity, price)", ["0.750000000000", "-1.000000000000", "-"]),
        ("bigint", "whole_seconds(start, end)", ["86400", "-1", "-"]),
        ("date", "cast(start as date)", ["1970-01-01", "1970-01-01", "1970-01-01"]),
        ("boolean", "state in ('SUCCEEDED', 'SUCCESS')", ["true", "false", "-"]),
        ("boolean", "state = 'SUCCEEDED'", ["true", "false", "-"]),
        ("boolean", "end is null", ["false", "false", "true"]),
        ("boolean", "contains(name, 'PURPOSE')", ["true", "false", "-"]),
        ("boolean", "lower(name) like '%purpose%'", ["true", "false", "-"]),
        ("boolean", "busy > 0.3", ["false", "true", "-"]),
        ("double", "busy + busy", ["0.5", "1.0", "-"]),
        ("string", "first_match(name, '[^@]+$')", ["ENTERPRISE_ALL_PURPOSE", "example.com", "-"]),
        ("boolean", "is_uuid(name)", ["false", "false", "-"]),
        ("string", "split_part(name, '_', 1)", ["ENTERPRISE", "x@y@example.com", "-"]),
        ("boolean", "regexp_like(name, '^ENT')", ["true", "false", "-"]),
        ("boolean", "starts_with(name, 'ENT')", ["true", "false", "-"]),
        ("string", "case state when 'FAILED' then 'bad' else 'good' end", ["good", "bad", "good"]),
        ("bigint", "year + 1", ["2025", "2", "-"]),
        ("date", "date", ["1970-01-01", "-", "1970-01-02"]),
        ("string", "to_json(tags)", ["{\"a\":1}", "{}", "-"]),
        ("bigint", "length(name)", ["22", "15", "-"]),
        ("string", "null", ["-", "-", "-"]),
        (
            "decimal(38,18)",
            "coalesce(quantity, price)",
            ["1.500000000000000000", "-1.000000000000000000", "1.000000000000000000"],
        ),
        (
            "timestamp",
            "coalesce(end, start)",
            ["1970-01-02T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000005Z"],
        ),
        ("bigint", "surrogate_key(state) - surrogate_key(state)", ["0", "0", "0"]),
    ];
    for (data_type, expression, expected) in cases {
        let compiled = Derived::compile(&rows().schema(), &derived(&[("out", data_type, expression)]))
            .unwrap_or_else(|errors| panic!("{expression}: {errors:?}"));
        let result = compiled.apply(&rows()).unwrap();
        assert_eq!(result.num_columns(), rows().num_columns() + 1);
        let only = result.project(&[result.num_columns() - 1]).unwrap();
        let expected: Vec<String> = expected.iter().map(|value| format!("out={value}")).collect();
        assert_eq!(lines(&only), expected, "{expression}");
    }
}

#[test]
fn a_decimal_that_does_not_fit_is_null_and_leaves_the_other_rows_alone() {
    let greatest = 10_i128.pow(38) - 1;
    let decimals = |values: [i128; 3]| -> ArrayRef {
        Arc::new(Decimal128Array::from(values.to_vec()).with_precision_and_scale(38, 0).unwrap())
    };
    // The second sum fits in 128 bits, and has 39 digits.
    let rows = batch(vec![("a", decimals([i128::MAX / 2, greatest, 1])), ("b", decimals([i128::MAX / 2 + 2, 1, 2]))]);
    for (expression, expected) in [
        ("a + b", ["-", "-", "3"]),
        ("a * b", ["-", "99999999999999999999999999999999999999", "2"]),
        ("abs(a - b)", ["2", "99999999999999999999999999999999999998", "1"]),
    ] {
        let compiled = Derived::compile(&rows.schema(), &derived(&[("out", "decimal(38,0)", expression)])).unwrap();
        let result = compiled.apply(&rows).unwrap();
        let found: Vec<String> = lines(&result.project(&[2]).unwrap());
        assert_eq!(found, expected.map(|value| format!("out={value}")), "{expression}");
    }
}

#[test]
fn derived_columns_are_ordered_by_need_and_kept_in_declared_order() {
    let columns = derived(&[("c", "bigint", "b + 1"), ("b", "bigint", "a * 2"), ("a", "bigint", "year + 10")]);
    let compiled = Derived::compile(&rows().schema(), &columns).unwrap();
    assert_eq!(compiled.inputs(), ["year"]);
    let order: Vec<&str> = compiled.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(order, ["c", "b", "a"]);
    assert_eq!(compiled.fields()[0].metadata()["comment"], "About c.");
    // Only what is needed has to be there, and what else is there stays.
    let narrow = batch(vec![("added_later", ints([Some(9)])), ("year", ints([Some(1)]))]);
    assert_eq!(lines(&compiled.apply(&narrow).unwrap()), ["a=11 added_later=9 b=22 c=23 year=1"]);
    assert_eq!(compiled.output_schema(&narrow.schema()), *compiled.apply(&narrow).unwrap().schema());
}

#[test]
fn a_derived_column_sees_the_column_that_it_replaces() {
    let columns = derived(&[("state", "string", "lower(state)"), ("is_bad", "boolean", "state = 'failed'")]);
    let result = Derived::compile(&rows().schema(), &columns).unwrap().apply(&rows()).unwrap();
    assert_eq!(text_at(&result, "state", 1).as_deref(), Some("failed"));
    assert_eq!(flag_at(&result, "is_bad", 1), Some(true));
    assert_eq!(result.schema().index_of("state").unwrap(), 1);
}

#[test]
fn columns_that_need_fetched_ones_are_split_off() {
    let later = Schema::new(vec![Field::new("list_price", ArrowType::Decimal128(38, 18), true)]);
    let columns = derived(&[
        ("list_cost", "decimal(38,12)", "multiply_money(quantity, list_price)"),
        ("usage_day", "date", "cast(start as date)"),
        ("is_costly", "boolean", "list_cost > 1 and usage_day is not null"),
    ]);
    let (before, after) = Derived::split(&rows().schema(), &columns, &later).unwrap();
    let names = |part: &Derived| part.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), ["usage_day"]);
    assert_eq!(names(&after), ["list_cost", "is_costly"]);
    let step = before.apply(&rows()).unwrap();
    let schema =
        Schema::new(step.schema().fields().iter().cloned().chain(later.fields().iter().cloned()).collect::<Vec<_>>());
    let columns = step.columns().iter().cloned().chain([step["price"].clone()]).collect();
    let step = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let result = after.apply(&step).unwrap();
    let flags: Vec<_> = (0..3).map(|row| flag_at(&result, "is_costly", row)).collect();
    assert_eq!(flags, [Some(false), Some(false), None]);
}

#[test]
fn dates_before_1970_are_rounded_down_as_calendar_keys_are() {
    let rows = batch(vec![("at", instants([Some(-1), Some(-86_400_000_000), Some(-86_400_000_001)]))]);
    let columns = derived(&[("day", "date", "cast(at as date)")]);
    let result = Derived::compile(&rows.schema(), &columns).unwrap().apply(&rows).unwrap();
    assert_eq!(date_key(&result["day"]).unwrap(), date_key(&rows["at"]).unwrap());
    assert_eq!(date_key(&rows["at"]).unwrap().values(), &[19_691_231, 19_691_231, 19_691_230]);
}

fn error_of(data_type: &str, expression: &str) -> ExpressionError {
    let errors = Derived::compile(&rows().schema(), &derived(&[("out", data_type, expression)])).unwrap_err();
    assert_eq!(errors.len(), 1);
    errors.into_iter().next().unwrap()
}

#[test]
fn errors_say_what_and_where() {
    let cases: &[(&str, &str, &str, &str, Option<&str>)] = &[
        ("bigint", "yaer + 1", "unknown_column", "there is no column `yaer`", Some("yaer")),
        ("bigint", "Year + 1", "unknown_column", "there is no column `Year`", Some("Year")),
        ("bigint", "a.b", "unknown_column", "there is no column `a.b`", Some("a.b")),
        ("bigint", "cardinalty(tags)", "unknown_function", "there is no function `cardinalty`", Some("cardinalty")),
        ("bigint", "year +", "invalid_expression", "Expected: an expression, found: EOF", None),
        ("bigint", "year year year", "invalid_expression", "", Some("year")),
        (
            "int",
            "year",
            "type_mismatch",
            "the expression yields bigint, which does not go into the declared int without loss",
            None,
        ),
        ("bigint", "sum(year)", "type_mismatch", "the aggregate `sum` has no place here", None),
        ("bigint", "year as x", "type_mismatch", "an alias (`x`) has no place here", None),
        (
            "timestamp",
            "now()",
            "type_mismatch",
            "`now` depends on the time of execution, so a rebuild would differ",
            Some("now"),
        ),
        (
            "double",
            "random()",
            "type_mismatch",
            "`random` depends on the time of execution, so a rebuild would differ",
            Some("random"),
        ),
        ("string", "first_match(name, '(')", "type_mismatch", "", Some("'('")),
        ("decimal(38,12)", "multiply_money(busy, price)", "type_mismatch", "", None),
        ("decimal(38,12)", "multiply_money(price)", "type_mismatch", "", None),
        ("bigint", "out + 1", "expression_cycle", "`out` cannot be computed: `out` need each other", None),
    ];
    for (data_type, expression, code, message, place) in cases {
        let error = error_of(data_type, expression);
        assert_eq!(error.kind.code(), *code, "{expression}: {error:?}");
        assert_eq!(error.column, "out");
        if !message.is_empty() {
            assert_eq!(error.message, *message, "{expression}");
        }
        let range = error.range.clone().map(|range| &expression[range]);
        assert_eq!(range.filter(|_| place.is_some()), *place, "{expression}: {error:?}");
    }
    let ExpressionErrorKind::UnknownColumn { candidates, .. } = error_of("bigint", "nothing").kind else { panic!() };
    assert!(candidates.contains(&"quantity".to_owned()));
    assert_eq!(error_of("bigint", "cardinalty(tags)").help.as_deref(), Some("did you mean `cardinality`?"));
}

#[test]
fn all_errors_are_found_at_once() {
    let columns = derived(&[("a", "bigint", "x"), ("b", "bigint", "year"), ("c", "int", "year")]);
    let errors = Derived::compile(&rows().schema(), &columns).unwrap_err();
    let columns: Vec<&str> = errors.iter().map(|error| error.column.as_str()).collect();
    assert_eq!(columns, ["a", "c"]);
    let circle = derived(&[("a", "bigint", "b"), ("b", "bigint", "a"), ("c", "bigint", "year")]);
    let errors = Derived::compile(&rows().schema(), &circle).unwrap_err();
    assert!(errors.iter().all(|error| error.kind == ExpressionErrorKind::Cycle));
    assert_eq!(errors.len(), 2);
}

#[test]
fn projections_take_their_types_from_their_expressions() {
    let expressions = [("user_name", "state"), ("day", "cast(start as date)"), ("one", "1")];
    let expressions = expressions.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let projection = Projection::compile(&rows().schema(), &expressions).unwrap();
    let types: Vec<&ArrowType> = projection.schema().fields().iter().map(|field| field.data_type()).collect();
    assert_eq!(types, [&ArrowType::Utf8, &ArrowType::Date32, &ArrowType::Int64]);
    assert_eq!(projection.inputs(), ["state", "start"]);
    let result = projection.apply(&rows()).unwrap();
    assert_eq!(result.schema(), *projection.schema());
    assert_eq!(result.num_rows(), 3);
}

#[test]
fn a_session_knows_the_functions_after_registration() {
    let context = SessionContext::new();
    register_all(&context);
    for function in all() {
        assert_eq!(context.state().scalar_functions()[function.name()].name(), function.name());
        assert!(function_registry().scalar_functions().contains_key(function.name()));
    }
}

#[test]
fn functions_take_constants() {
    let expressions = [
        ("a", "multiply_money(cast(2.5 as decimal(38,18)), 3)"),
        ("b", "is_uuid('x')"),
        ("c", "to_json(make_array(1, 2))"),
        ("d", "first_match('v13.3.x', '[0-9]+[.][0-9]+')"),
        ("e", "surrogate_key('abc')"),
        ("f", "whole_seconds(start, null)"),
    ];
    let expressions = expressions.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let result = Projection::compile(&rows().schema(), &expressions).unwrap().apply(&rows()).unwrap();
    assert_eq!(lines(&result)[0], "a=7.500000000000 b=false c=[1,2] d=13.3 e=4368577260639858428 f=-");
}
