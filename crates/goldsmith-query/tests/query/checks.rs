use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use goldsmith_model::{Code, GoldKind, Model, gold_columns, load_embedded, load_files};
use goldsmith_query::check::check_model;
use goldsmith_query::gold::{declared_carried, fetched_fields, gold_schema, unknown_member};
use goldsmith_query::types::to_arrow;

use crate::world::*;

const PROJECT: &str = "
version: 1
name: test
description: A test.
settings: {currency: USD, fiscal_year_start_month: 1}
schemas: {bronze: bronze, gold: gold, quarantine: quarantine}
";

const USAGE: &str = "
source: billing.usage
description: Usage.
mutability: correction_ledger
load: append
scope: global
natural_key: [record_id]
sequence_by: seen
columns:
  record_id: {type: string, description: Id.}
  record_type: {type: string, description: Type., values: [ORIGINAL, RETRACTION]}
  quantity: {type: 'decimal(38,18)', description: Quantity.}
  seen: {type: timestamp, description: When.}
  identity: {type: 'struct<run_as:string>', description: Who.}
";

const PRICES: &str = "
source: billing.prices
description: Prices.
mutability: interval_reference
load: merge
scope: global
natural_key: [record_id, start]
columns:
  record_id: {type: string, description: Id.}
  kind: {type: string, description: Kind., values: [LIST, OTHER]}
  price: {type: 'decimal(38,18)', description: Price.}
  start: {type: timestamp, description: From.}
  end: {type: timestamp, description: To.}
";

const PRICE: &str = "
table: dim_price
kind: dimension
scd: interval
interval: {start: start, end: end}
domain: billing
description: Prices.
grain: one price
source: billing.prices
key: [record_id, start]
";

fn user(member: &str, aggregate: &str) -> String {
    format!(
        "
table: dim_user
kind: dimension
scd: 1
domain: shared
description: Users.
grain: one user
key: [user_name]
members:
  - {{source: billing.usage, columns: {{user_name: identity_run_as, seen_time: seen}}}}
  - {{source: billing.usage, columns: {{user_name: record_id, seen_time: {member}}}}}
aggregate:
  last_seen: {{function: max, column: seen_time, type: {aggregate}, description: Last.}}
derived:
  domain: {{type: string, expr: \"split_part(user_name, '@', 2)\", description: Domain.}}
"
    )
}

fn fact(derived: &str) -> String {
    format!(
        "
table: fact_usage
kind: fact
domain: billing
description: Usage.
grain: one record
source: billing.usage
key: [record_id]
event_time: seen
dimensions:
  - dimension: dim_price
    fetch:
      list_price: {{column: price, description: Price.}}
      price_kind: {{column: kind, description: Kind.}}
derived:
{derived}
"
    )
}

fn model(user: String, fact: String) -> Model {
    let files = [
        ("project.yaml", PROJECT.to_owned()),
        ("bronze/billing/usage.yaml", USAGE.to_owned()),
        ("bronze/billing/prices.yaml", PRICES.to_owned()),
        ("gold/billing/dim_price.yaml", PRICE.to_owned()),
        ("gold/shared/dim_user.yaml", user),
        ("gold/billing/fact_usage.yaml", fact),
    ];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
    load_files(files).unwrap_or_else(|problems| panic!("{problems:#?}")).model
}

fn one(data_type: &str, expression: &str) -> String {
    fact(&format!("  out: {{type: '{data_type}', expr: \"{expression}\", description: Out.}}"))
}

#[test]
fn problems_are_found_with_their_place() {
    use Code::{
        ExpressionCycle, ExpressionSyntax, PredicateOutsideDomain, TypeMismatch, UnknownColumn, UnknownFunction,
    };
    type Expected = Option<(Code, Option<&'static str>)>;
    let cases: &[(&str, &str, Expected)] = &[
        ("decimal(38,12)", "multiply_money(quantity, list_price)", None),
        ("boolean", "record_type in ('ORIGINAL', 'RETRACTION') and price_kind = 'LIST'", None),
        ("boolean", "record_type = 'original'", Some((PredicateOutsideDomain, Some("'original'")))),
        ("boolean", "'x' <> record_type", Some((PredicateOutsideDomain, Some("'x'")))),
        ("boolean", "record_type in ('ORIGINAL', 'OTHER')", Some((PredicateOutsideDomain, Some("'OTHER'")))),
        ("string", "case record_type when 'OTHER' then 'a' end", Some((PredicateOutsideDomain, Some("'OTHER'")))),
        ("boolean", "price_kind = 'ORIGINAL'", Some((PredicateOutsideDomain, Some("'ORIGINAL'")))),
        ("bigint", "quantty", Some((UnknownColumn, Some("quantty")))),
        ("string", "run_as", Some((UnknownColumn, Some("run_as")))),
        ("string", "lowr(record_id)", Some((UnknownFunction, Some("lowr")))),
        ("bigint", "record_id", Some((TypeMismatch, None))),
        ("bigint", "quantity +", Some((ExpressionSyntax, None))),
        ("bigint", "out", Some((ExpressionCycle, None))),
    ];
    for (data_type, expression, expected) in cases {
        let problems = check_model(&model(user("seen", "timestamp"), one(data_type, expression)));
        let found: Vec<_> = problems
            .iter()
            .map(|problem| {
                assert_eq!((problem.table.as_str(), problem.pointer.as_str()), ("fact_usage", "derived.out.expr"));
                assert_eq!(problem.problem().code, problem.code);
                let place = problem.range.clone().map(|range| &expression[range]).filter(|text| !text.is_empty());
                (problem.code, place)
            })
            .collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{expression}: {problems:?}");
    }
    let help = |expression| check_model(&model(user("seen", "timestamp"), one("bigint", expression)))[0].help.clone();
    assert_eq!(help("quantty").as_deref(), Some("did you mean `quantity`?"));
    assert_eq!(help("run_as").as_deref(), Some("did you mean `identity_run_as`?"));
}

#[test]
fn both_sides_of_laws_are_checked() {
    use Code::{ExpressionSyntax, InexactSum, PredicateOutsideDomain, TypeMismatch, UnknownColumn, UnknownFunction};
    type Expected = Option<(&'static str, Code, &'static str, Option<&'static str>)>;
    let on_both_sides = "without `equals` the same expression is computed over the row of the source; give `equals`";
    let exact = "sum integers or decimals, for instance `cast(... as decimal(38,18))`";
    let count = "count with `case when ... then 1 else 0 end`";
    let cases: &[(&str, Option<&str>, Expected)] = &[
        ("quantity", None, None),
        ("quantity", Some("-quantity * cast(-1 as decimal(1,0))"), None),
        ("1", None, None),
        ("case when record_type = 'ORIGINAL' then quantity else 0 end", None, None),
        ("case when is_priced then 1 else 0 end", Some("0"), None),
        ("quantty", None, Some(("sum", UnknownColumn, "quantty", Some("did you mean `quantity`?")))),
        ("quantity", Some("quantty"), Some(("equals", UnknownColumn, "quantty", Some("did you mean `quantity`?")))),
        ("quantity", Some("list_price"), Some(("equals", UnknownColumn, "list_price", None))),
        ("list_price", None, Some(("sum", UnknownColumn, "list_price", Some(on_both_sides)))),
        ("_loaded_at", None, Some(("sum", UnknownColumn, "_loaded_at", None))),
        ("cast(quantity as double)", Some("quantity"), Some(("sum", InexactSum, "", Some(exact)))),
        ("quantity", Some("cast(quantity as float)"), Some(("equals", InexactSum, "", Some(exact)))),
        ("cast(quantity as double)", None, Some(("sum", InexactSum, "", Some(exact)))),
        ("is_priced", Some("1"), Some(("sum", TypeMismatch, "", Some(count)))),
        ("record_id", None, Some(("sum", TypeMismatch, "", Some("a law sums integers or decimals")))),
        ("sum(quantity)", Some("quantity"), Some(("sum", TypeMismatch, "", None))),
        ("1", Some("lenth(record_id)"), Some(("equals", UnknownFunction, "lenth", Some("did you mean `length`?")))),
        ("1", Some("quantity +"), Some(("equals", ExpressionSyntax, "", None))),
        (
            "1",
            Some("case when record_type = 'OTHER' then 1 else 0 end"),
            Some(("equals", PredicateOutsideDomain, "'OTHER'", Some("its values are ORIGINAL, RETRACTION"))),
        ),
    ];
    for (sum, equals, expected) in cases {
        let equals = equals.map(|text| format!("    equals: \"{text}\"\n")).unwrap_or_default();
        let laws = format!("conserves:\n  - name: rows\n    sum: \"{sum}\"\n{equals}    description: Rows.\n");
        let derived = "  is_priced: {type: boolean, expr: \"list_price is not null\", description: Priced.}\n";
        let model = model(user("seen", "timestamp"), fact(derived) + &laws);
        let law = &model.gold["fact_usage"].conserves[0];
        let problems = check_model(&model);
        let found: Vec<_> = problems
            .iter()
            .map(|problem| {
                assert_eq!(problem.table, "fact_usage");
                let side = problem.pointer.strip_prefix("conserves[0].").unwrap();
                let text = if side == "sum" { law.sum.as_str() } else { law.equals() };
                let place = problem.range.clone().map_or("", |range| &text[range]);
                (side, problem.code, place, problem.help.as_deref())
            })
            .collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{sum} {equals}: {problems:?}");
    }
}

#[test]
fn members_and_their_aggregates_are_checked() {
    let fine = || one("string", "record_id");
    for (member, aggregate, expected) in [
        ("seen", "timestamp", None),
        ("sen", "timestamp", Some(("members[1].columns.seen_time", Code::UnknownColumn))),
        ("quantity", "timestamp", Some(("members[1].columns.seen_time", Code::TypeMismatch))),
        ("seen", "date", Some(("aggregate.last_seen.type", Code::TypeMismatch))),
    ] {
        let problems = check_model(&model(user(member, aggregate), fine()));
        let found: Vec<_> = problems.iter().map(|problem| (problem.pointer.as_str(), problem.code)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{problems:?}");
    }
}

#[test]
fn schemas_have_keys_descriptions_and_what_came_later() {
    let model = model(user("seen", "timestamp"), one("decimal(38,12)", "multiply_money(quantity, list_price)"));
    let fact = &model.gold["fact_usage"];
    let carried = declared_carried(fact, &model).unwrap();
    let mut evolved = arrow::datatypes::SchemaBuilder::from(carried);
    evolved.push(arrow::datatypes::Field::new("added_later", DataType::Utf8View, true));
    let schema = gold_schema(fact, &evolved.finish(), &model).unwrap();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let expected = [
        "record_id",
        "record_type",
        "quantity",
        "seen",
        "identity_run_as",
        "added_later",
        "out",
        "list_price",
        "price_kind",
        "price_key",
        "_run_id",
        "_loaded_at",
    ];
    assert_eq!(names, expected);
    let field = |name: &str| schema.field_with_name(name).unwrap();
    assert!(!field("price_key").is_nullable());
    assert_eq!(field("added_later").data_type(), &DataType::Utf8);
    assert_eq!(field("record_id").metadata()["comment"], "Id.");
    assert_eq!(field("list_price").metadata()["comment"], "Price.");
    assert_eq!(field("list_price").data_type(), &DataType::Decimal128(38, 18));
    assert_eq!(fetched_fields(fact, &model).unwrap().len(), 2);
}

#[test]
fn the_shipped_model_is_right() {
    let model = load_embedded().unwrap_or_else(|problems| panic!("{problems:#?}")).model;
    assert!(!model.gold.is_empty());
    assert_eq!(check_model(&model), []);
    for table in model.gold.values() {
        let schema = gold_schema(table, &declared_carried(table, &model).unwrap(), &model).unwrap();
        let expected = gold_columns(&model, table);
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        assert_eq!(names, expected.iter().map(|column| &column.name).collect::<Vec<_>>(), "{}", table.name);
        for (field, column) in schema.fields().iter().zip(&expected) {
            if let Some(declared) = &column.data_type {
                assert_eq!(field.data_type(), &to_arrow(declared), "{}.{}", table.name, column.name);
            }
            assert_eq!(field.metadata().get("comment"), Some(&column.description), "{}.{}", table.name, column.name);
        }
        if table.is_dimension() {
            let unknown = unknown_member(&schema, &table.surrogate_key(), &table.kind).unwrap();
            assert_eq!(unknown.num_rows(), 1);
            assert_eq!(unknown[table.surrogate_key().as_str()].as_primitive::<Int64Type>().value(0), -1);
            assert!(table.key.iter().all(|key| unknown[key.as_str()].is_null(0)));
            if matches!(table.kind, GoldKind::Scd2 { .. }) {
                assert_eq!(instant_at(&unknown, "valid_from", 0), Some(0));
                assert_eq!(instant_at(&unknown, "valid_to", 0), None);
                assert_eq!(flag_at(&unknown, "is_current", 0), Some(true));
                assert_eq!(flag_at(&unknown, "is_deleted", 0), Some(false));
            }
        }
    }
}
