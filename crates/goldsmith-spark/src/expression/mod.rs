//! Expressions of a model in Spark SQL.
//!
//! An expression comes type-checked, with all conversions spelled out, so that nothing is left to the rules by which Spark
//! would convert. What Spark has no equal for is an error that names table, column and function; nothing is
//! translated that only looks the same.

mod function;
mod literal;
mod money;
mod pattern;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

use std::collections::HashMap;

use arrow::datatypes::DataType;
use datafusion::logical_expr::expr::{Between, BinaryExpr, Case, InList, Like};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use goldsmith_query::expression::LogicalExpression;
use goldsmith_query::types::from_arrow;

use crate::error::{Result, SparkError};
use crate::names::identifier;

/// An expression in Spark SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Translated {
    /// Columns that have to be there before, by name: values that the expression needs several times.
    pub(crate) helpers: Vec<(String, String)>,
    /// The expression.
    pub(crate) sql: String,
}

/// Says an expression in Spark SQL. `renamed` tells under which names columns are found, where it is not their own.
///
/// # Errors
/// [`SparkError::Untranslatable`].
pub(crate) fn translate(
    table: &str,
    expression: &LogicalExpression,
    renamed: &HashMap<String, String>,
) -> Result<Translated> {
    let mut translator = Translator { table, expression, renamed, helpers: Vec::new() };
    let sql = translator.sql(&expression.expression)?;
    let sql = if expression.yields == expression.data_type {
        sql
    } else {
        format!("cast({sql} as {})", translator.type_name(&expression.data_type)?)
    };
    Ok(Translated { helpers: translator.helpers, sql })
}

struct Translator<'a> {
    table: &'a str,
    expression: &'a LogicalExpression,
    renamed: &'a HashMap<String, String>,
    helpers: Vec<(String, String)>,
}

impl Translator<'_> {
    fn refuse<T>(&self, what: impl Into<String>, help: impl Into<String>) -> Result<T> {
        Err(SparkError::Untranslatable {
            table: self.table.to_owned(),
            column: self.expression.name.clone(),
            what: what.into(),
            help: help.into(),
        })
    }

    fn type_of(&self, expression: &Expr) -> Result<DataType> {
        match expression.get_type(&self.expression.schema) {
            Ok(found) => Ok(found),
            Err(error) => self.refuse(format!("`{expression}`"), error.strip_backtrace()),
        }
    }

    fn type_name(&self, data_type: &DataType) -> Result<String> {
        Ok(from_arrow(data_type)?.to_string())
    }

    fn all(&mut self, expressions: &[Expr]) -> Result<Vec<String>> {
        expressions.iter().map(|expression| self.sql(expression)).collect()
    }

    /// As an operand: in brackets, unless it cannot be torn apart.
    fn operand(&mut self, expression: &Expr) -> Result<String> {
        let sql = self.sql(expression)?;
        let whole = matches!(
            expression,
            Expr::Column(_)
                | Expr::Literal(..)
                | Expr::ScalarFunction(_)
                | Expr::Cast(_)
                | Expr::TryCast(_)
                | Expr::Case(_)
        );
        Ok(if whole { sql } else { format!("({sql})") })
    }

    fn sql(&mut self, expression: &Expr) -> Result<String> {
        match expression {
            Expr::Alias(alias) => self.sql(&alias.expr),
            Expr::Column(column) => {
                let name = self.renamed.get(&column.name).unwrap_or(&column.name);
                Ok(identifier(name))
            }
            Expr::Literal(value, _) => match literal::literal(value) {
                Some(sql) => Ok(sql),
                None => self.refuse(format!("the constant `{value}`"), "write it as a conversion from text"),
            },
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::Not(inner) => Ok(format!("not {}", self.operand(inner)?)),
            Expr::IsNull(inner) | Expr::IsUnknown(inner) => self.postfixed(inner, "is null"),
            Expr::IsNotNull(inner) | Expr::IsNotUnknown(inner) => self.postfixed(inner, "is not null"),
            Expr::IsTrue(inner) => self.postfixed(inner, "is true"),
            Expr::IsFalse(inner) => self.postfixed(inner, "is false"),
            Expr::IsNotTrue(inner) => self.postfixed(inner, "is not true"),
            Expr::IsNotFalse(inner) => self.postfixed(inner, "is not false"),
            Expr::Negative(inner) => Ok(format!("-{}", self.operand(inner)?)),
            Expr::Between(between) => self.between(between),
            Expr::Case(case) => self.case(case),
            Expr::Cast(cast) => {
                let (from, to) = (self.type_of(&cast.expr)?, cast.field.data_type());
                self.cast(&cast.expr, &from, to, "cast")
            }
            Expr::TryCast(cast) => {
                let (from, to) = (self.type_of(&cast.expr)?, cast.field.data_type());
                self.cast(&cast.expr, &from, to, "try_cast")
            }
            Expr::InList(list) => self.in_list(list),
            Expr::Like(like) => self.like(like),
            Expr::ScalarFunction(call) => self.call(call.func.name(), &call.args),
            other => self.refuse(format!("`{other}`"), "say it by operators and functions over one row"),
        }
    }

    fn postfixed(&mut self, inner: &Expr, test: &str) -> Result<String> {
        Ok(format!("{} {test}", self.operand(inner)?))
    }

    fn between(&mut self, between: &Between) -> Result<String> {
        let not = if between.negated { "not " } else { "" };
        let (value, low, high) =
            (self.operand(&between.expr)?, self.operand(&between.low)?, self.operand(&between.high)?);
        Ok(format!("{value} {not}between {low} and {high}"))
    }

    fn case(&mut self, case: &Case) -> Result<String> {
        let mut sql = "case".to_owned();
        if let Some(base) = &case.expr {
            sql.push_str(&format!(" {}", self.operand(base)?));
        }
        for (when, then) in &case.when_then_expr {
            sql.push_str(&format!(" when {} then {}", self.sql(when)?, self.sql(then)?));
        }
        if let Some(otherwise) = &case.else_expr {
            sql.push_str(&format!(" else {}", self.sql(otherwise)?));
        }
        Ok(sql + " end")
    }

    fn in_list(&mut self, list: &InList) -> Result<String> {
        let not = if list.negated { "not " } else { "" };
        let (value, members) = (self.operand(&list.expr)?, self.all(&list.list)?);
        Ok(format!("{value} {not}in ({})", members.join(", ")))
    }

    fn like(&mut self, like: &Like) -> Result<String> {
        if like.escape_char.is_some_and(|escape| escape != '\\') {
            return self.refuse("an escape character of `like`", "escape with a backslash");
        }
        let operator = if like.case_insensitive { "ilike" } else { "like" };
        let not = if like.negated { "not " } else { "" };
        Ok(format!("{} {not}{operator} {}", self.operand(&like.expr)?, self.operand(&like.pattern)?))
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Result<String> {
        let operator = match binary.op {
            Operator::Eq => "=",
            Operator::NotEq => "<>",
            Operator::Lt => "<",
            Operator::LtEq => "<=",
            Operator::Gt => ">",
            Operator::GtEq => ">=",
            Operator::And => "and",
            Operator::Or => "or",
            Operator::StringConcat => "||",
            Operator::IsNotDistinctFrom => "<=>",
            Operator::IsDistinctFrom => {
                return Ok(format!("not ({} <=> {})", self.operand(&binary.left)?, self.operand(&binary.right)?));
            }
            Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo => {
                return self.arithmetic(binary);
            }
            other => return self.refuse(format!("the operator `{other}`"), "say it by functions"),
        };
        // A chain of one connective needs no brackets.
        let mut side = |expression: &Expr| match expression {
            Expr::BinaryExpr(inner) if inner.op == binary.op && matches!(inner.op, Operator::And | Operator::Or) => {
                self.sql(expression)
            }
            _ => self.operand(expression),
        };
        let (left, right) = (side(&binary.left)?, side(&binary.right)?);
        Ok(format!("{left} {operator} {right}"))
    }

    /// Arithmetic of equal types. Results of integers are brought back to their type, since Spark widens some of them, and are null
    /// where they do not fit it, as in the engine.
    fn arithmetic(&mut self, binary: &BinaryExpr) -> Result<String> {
        let (left_type, right_type) = (self.type_of(&binary.left)?, self.type_of(&binary.right)?);
        let result = self.type_of(&Expr::BinaryExpr(binary.clone()))?;
        let (left, right) = (self.operand(&binary.left)?, self.operand(&binary.right)?);
        let number = |data_type: &DataType| data_type.is_integer() || data_type.is_floating();
        if number(&left_type) && left_type == right_type {
            let tried = |function: &str, left: &str, right: &str| format!("{function}({left}, {right})");
            return Ok(match binary.op {
                Operator::Divide if left_type.is_integer() => {
                    format!("cast({left} div {right} as {})", self.type_name(&result)?)
                }
                Operator::Plus if left_type.is_integer() => tried("try_add", &left, &right),
                Operator::Minus if left_type.is_integer() => tried("try_subtract", &left, &right),
                Operator::Multiply if left_type.is_integer() => tried("try_multiply", &left, &right),
                operator => format!("{left} {operator} {right}"),
            });
        }
        let decimals = (&left_type, &right_type, &result);
        if let (DataType::Decimal128(..), DataType::Decimal128(..), DataType::Decimal128(precision, scale)) = decimals
            && matches!(binary.op, Operator::Plus | Operator::Minus)
            && exact_sum(&left_type, &right_type) == Some((*precision, *scale))
        {
            return Ok(format!("{left} {} {right}", binary.op));
        }
        let what = format!("`{}` of {left_type} and {right_type}", binary.op);
        self.refuse(what, "use integers, floating point, sums of decimals below 38 digits, or `multiply_money`")
    }

    fn cast(&mut self, inner: &Expr, from: &DataType, to: &DataType, function: &str) -> Result<String> {
        if let Expr::Literal(value, _) = inner
            && let Ok(converted) = value.cast_to(to)
            && let Some(sql) = literal::literal(&converted)
        {
            return Ok(sql);
        }
        let sql = self.sql(inner)?;
        if from == to || from_arrow(from).ok() == from_arrow(to).ok() {
            return Ok(sql);
        }
        if !is_same_conversion(from, to) {
            let (from, to) = (self.type_name(from)?, self.type_name(to)?);
            let help = "conversions of integers, decimals, dates and booleans to each other are the same in both";
            return self.refuse(format!("a conversion of {from} to {to}"), help);
        }
        Ok(format!("{function}({sql} as {})", self.type_name(to)?))
    }
}

/// The type of a sum of decimals, as long as it has not more digits than a decimal can have.
fn exact_sum(left: &DataType, right: &DataType) -> Option<(u8, i8)> {
    let (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)) = (left, right) else { return None };
    let scale = *s1.max(s2);
    let digits = (i16::from(*p1) - i16::from(*s1)).max(i16::from(*p2) - i16::from(*s2)) + i16::from(scale) + 1;
    u8::try_from(digits).ok().filter(|digits| *digits <= 38).map(|digits| (digits, scale))
}

/// Whether both engines convert every value alike. Texts of instants and of floating-point numbers differ, and so does
/// what is read as one.
fn is_same_conversion(from: &DataType, to: &DataType) -> bool {
    use DataType::{Boolean, Date32, Decimal128, Timestamp, Utf8};
    match (from, to) {
        (DataType::Null, _) => true,
        (Date32, Timestamp(..)) | (Timestamp(..), Date32) => true,
        (Boolean | Date32 | Decimal128(..), Utf8) => true,
        (Decimal128(..), Decimal128(..)) => true,
        (from, Utf8) => from.is_integer(),
        (Boolean, to) => to.is_integer(),
        (from, Decimal128(..)) => from.is_integer(),
        (from, to) if from.is_integer() => to.is_integer() || to.is_floating(),
        (from, to) => from.is_floating() && to == &DataType::Float64,
    }
}
