use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, Schema};
use goldsmith_model::DerivedColumn;
use goldsmith_query::expression::logical_derived;
use goldsmith_query::types::timestamp;
use indexmap::IndexMap;

use super::translate;

fn translated(expression: &str, data_type: &str) -> Result<String, String> {
    let input = Schema::new(vec![
        Field::new("a", DataType::Int64, true),
        Field::new("b", DataType::Int64, true),
        Field::new("x", DataType::Float64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("date", DataType::Date32, true),
        Field::new("start", timestamp(), true),
        Field::new("flag", DataType::Boolean, true),
        Field::new("price", DataType::Decimal128(38, 18), true),
        Field::new("cents", DataType::Decimal128(10, 2), true),
    ]);
    let column = DerivedColumn {
        expression: expression.to_owned(),
        data_type: data_type.parse().unwrap(),
        description: String::new(),
    };
    let derived: IndexMap<String, DerivedColumn> = [("out".to_owned(), column)].into_iter().collect();
    let expressions = logical_derived(&input, &derived).unwrap();
    translate("fact", &expressions[0], &HashMap::new()).map(|found| found.sql).map_err(|error| error.to_string())
}

#[test]
fn expressions_keep_their_meaning() {
    for (expression, data_type, expected) in [
        ("a + b", "bigint", "try_add(a, b)"),
        // Spark's own division would be one of floating-point numbers.
        ("a / b", "bigint", "cast(a div b as bigint)"),
        ("a / b * 2", "bigint", "try_multiply((cast(a div b as bigint)), 2)"),
        ("not flag", "boolean", "not flag"),
        ("flag and a > 1 and b is null", "boolean", "flag and (a > 1) and (b is null)"),
        ("a is distinct from b", "boolean", "not (a <=> b)"),
        ("name in ('it''s', 'B')", "boolean", "name in ('it\\'s', 'B')"),
        ("cast(start as date)", "date", "cast(`start` as date)"),
        ("case when flag then 'yes' end", "string", "case when flag then 'yes' end"),
        ("contains(name, '\\')", "boolean", "contains(name, '\\\\')"),
        ("regexp_like(name, 'x$')", "boolean", "(name rlike 'x\\\\z')"),
        ("concat(name, '!')", "string", "concat(coalesce(name, ''), coalesce('!', ''))"),
        ("whole_seconds(start, start)", "bigint", "(unix_micros(`start`) - unix_micros(`start`)) div 1000000"),
        ("cents + cents", "decimal(11,2)", "cents + cents"),
        ("cents", "decimal(38,18)", "cast(cents as decimal(38,18))"),
        ("split_part(name, '@', -1)", "string", "split_part(name, '@', -1)"),
    ] {
        assert_eq!(translated(expression, data_type).as_deref(), Ok(expected), "{expression}");
    }
}

#[test]
fn what_spark_has_no_equal_for_is_refused_by_name() {
    for (expression, data_type, named) in [
        ("levenshtein(name, 'a')", "int", "`fact`.`out`: the function `levenshtein`"),
        ("cast(start as string)", "string", "a conversion of timestamp to string"),
        ("cast(x as string)", "string", "a conversion of double to string"),
        ("regexp_like(name, '\\d')", "boolean", "`\\d` in a regular expression"),
        ("regexp_like(name, name)", "boolean", "`regexp_like` with a computed pattern"),
        ("price + price", "decimal(38,18)", "`+` of"),
        ("a & b", "bigint", "the operator `&`"),
    ] {
        match translated(expression, data_type) {
            Ok(sql) => panic!("{expression} became {sql}"),
            Err(message) => {
                assert!(message.contains(named), "{expression}: {message}");
                assert!(message.contains("cannot be said in Spark SQL"), "{message}");
            }
        }
    }
}
