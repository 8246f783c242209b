//! Functions, by the names that they have in a model.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

use super::{Translator, pattern};
use crate::error::Result;
use crate::names::literal;
use crate::surrogate;

/// Functions that Spark has under the same name with the same meaning.
const SAME: &[&str] = &[
    "abs",
    "coalesce",
    "concat_ws",
    "contains",
    "date_trunc",
    "greatest",
    "least",
    "lower",
    "md5",
    "nullif",
    "octet_length",
    "replace",
    "repeat",
    "reverse",
    "split_part",
    "upper",
];

/// Functions that Spark has under another name with the same meaning.
const RENAMED: &[(&str, &str)] = &[
    ("array_has", "array_contains"),
    ("btrim", "trim"),
    ("character_length", "char_length"),
    ("ends_with", "endswith"),
    ("ltrim", "ltrim"),
    ("rtrim", "rtrim"),
    ("starts_with", "startswith"),
    ("strpos", "instr"),
];

impl Translator<'_> {
    /// A call of a function.
    pub(super) fn call(&mut self, name: &str, arguments: &[Expr]) -> Result<String> {
        match (name, arguments) {
            ("multiply_money", _) => self.multiply_money(arguments),
            ("whole_seconds", [start, end]) => {
                let (start, end) = (self.sql(start)?, self.sql(end)?);
                Ok(format!("(unix_micros({end}) - unix_micros({start})) div 1000000"))
            }
            ("first_match", [text, regex]) => {
                let (text, regex) = (self.sql(text)?, self.pattern(name, regex)?);
                Ok(format!("case when {text} rlike {regex} then regexp_extract({text}, {regex}, 0) end"))
            }
            ("regexp_like", [text, regex]) => {
                let (text, regex) = (self.operand(text)?, self.pattern(name, regex)?);
                Ok(format!("({text} rlike {regex})"))
            }
            ("is_uuid", [text]) => {
                let text = self.operand(text)?;
                let form = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\\z";
                Ok(format!("({text} rlike {})", literal(form)))
            }
            ("surrogate_key", parts) => {
                let mut components = Vec::with_capacity(parts.len());
                for part in parts {
                    let data_type = self.type_of(part)?;
                    components.push((self.sql(part)?, goldsmith_query::types::from_arrow(&data_type)?));
                }
                Ok(surrogate::key_of(&surrogate::digest(&components)))
            }
            // A missing part is nothing in the engine, and makes the whole text null in Spark.
            ("concat", parts) => {
                let parts: Vec<String> =
                    self.all(parts)?.into_iter().map(|part| format!("coalesce({part}, '')")).collect();
                Ok(format!("concat({})", parts.join(", ")))
            }
            ("cardinality", [value]) => match self.type_of(value)? {
                DataType::Map(..) => Ok(format!("cast(cardinality({}) as bigint)", self.sql(value)?)),
                other => self.refuse(format!("`cardinality` of {other}"), "it is the same for maps alone"),
            },
            ("substr" | "substring", [_, from, ..]) if positive(from) => {
                Ok(format!("substring({})", self.all(arguments)?.join(", ")))
            }
            ("left" | "right", [_, count]) if positive(count) => {
                Ok(format!("{name}({})", self.all(arguments)?.join(", ")))
            }
            ("to_json", [value]) => {
                let data_type = goldsmith_query::types::from_arrow(&self.type_of(value)?)?;
                Ok(crate::json::text(&self.sql(value)?, &data_type))
            }
            ("split_part", [_, _, index]) if !matches!(index, Expr::Literal(..) | Expr::Negative(_)) => {
                self.refuse("`split_part` with a computed index", "give a number")
            }
            ("btrim" | "ltrim" | "rtrim", [_, _]) => {
                self.refuse(format!("`{name}` with characters"), "trim blanks, or use `replace`")
            }
            (name, arguments) if SAME.contains(&name) => Ok(format!("{name}({})", self.all(arguments)?.join(", "))),
            (name, arguments) => match RENAMED.iter().find(|(own, _)| *own == name) {
                Some((_, other)) => Ok(format!("{other}({})", self.all(arguments)?.join(", "))),
                None => self.refuse(
                    format!("the function `{name}`"),
                    "use a function that both have, or leave the column out of a model that is compiled",
                ),
            },
        }
    }

    fn pattern(&self, function: &str, regex: &Expr) -> Result<String> {
        let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = regex else {
            return self.refuse(format!("`{function}` with a computed pattern"), "give the pattern as a text");
        };
        match pattern::pattern(text) {
            Ok(same) => Ok(literal(&same)),
            Err(what) => self.refuse(what, "use literals, classes, alternatives, groups and repetition"),
        }
    }
}

fn positive(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => *value > 0,
        Expr::Literal(ScalarValue::Int32(Some(value)), _) => *value > 0,
        _ => false,
    }
}
