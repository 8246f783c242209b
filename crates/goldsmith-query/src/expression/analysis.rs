//! Parsing and typing of one expression.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DFSchemaRef, DataFusionError, ScalarValue, SchemaError};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ExprSchemable, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;

use super::{ExpressionError, ExpressionErrorKind};
use crate::functions::{check_pattern, checked, function_registry};

/// What came of checking one expression. Boxed, since errors are large and rare.
pub(crate) type Checked<T> = Result<T, Box<ExpressionError>>;

/// A type-checked expression.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    /// The expression, coerced.
    pub(crate) expression: Expr,
    /// As the user wrote it, before coercion.
    pub(crate) written: Expr,
    /// The type that it yields.
    pub(crate) data_type: DataType,
    /// The columns that it refers to.
    pub(crate) columns: HashSet<String>,
}

/// The schema in the form that expressions are planned against; on failure the reason.
pub(crate) fn df_schema(schema: &Schema) -> Result<DFSchemaRef, String> {
    DFSchema::try_from(schema.clone()).map(Arc::new).map_err(|error| first_line(&error))
}

fn first_line(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let text = ["Error during planning: ", "Execution error: ", "Schema error: ", "SQL error: "]
        .iter()
        .fold(text.as_str(), |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Parses and type-checks the expression of a column.
pub(crate) fn analyse(column: &str, text: &str, schema: &DFSchemaRef) -> Checked<Typed> {
    let state = function_registry();
    let fail = |error: DataFusionError| Box::new(explain(column, text, schema, &error));
    let dialect = state.config().options().sql_parser.dialect;
    let parsed = state.sql_to_expr_with_alias(text, &dialect).map_err(fail)?;
    if let Some(alias) = &parsed.alias {
        let message = format!("an alias (`{}`) has no place here", alias.value);
        return Err(Box::new(ExpressionError::type_error(column, message).with_range(find_word(text, &alias.value))));
    }
    let written = state.create_logical_expr_from_sql_expr(parsed, schema).map_err(fail)?;
    refuse(column, text, &written)?;
    let columns: HashSet<String> = written.column_refs().into_iter().map(|column| column.name.clone()).collect();
    if let Some(unknown) = columns.iter().filter(|name| schema.field_with_unqualified_name(name).is_err()).min() {
        return Err(Box::new(unknown_column(column, text, schema, unknown)));
    }
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::clone(schema)).build());
    let expression = simplifier.coerce(written.clone(), schema).map_err(fail)?;
    let data_type = expression.get_type(schema).map_err(fail)?;
    Ok(Typed { expression, written, data_type, columns })
}

/// Compiles a type-checked expression over the columns that it refers to.
pub(super) fn physical(column: &str, typed: &Typed, inputs: &Schema) -> Checked<Arc<dyn PhysicalExpr>> {
    let fail = |error: DataFusionError| Box::new(ExpressionError::type_error(column, first_line(&error)));
    let schema = df_schema(inputs).map_err(|text| Box::new(ExpressionError::type_error(column, text)))?;
    // Before constants are folded, which would wrap around too.
    let exact = checked(typed.expression.clone(), &schema).map_err(fail)?;
    let context = SimplifyContext::builder().with_schema(Arc::clone(&schema)).build();
    let simplified = ExprSimplifier::new(context).simplify(exact).map_err(fail)?;
    function_registry().create_physical_expr(simplified, &schema).map_err(fail)
}

/// Refuses what is a SQL expression but none over one row, and regular expressions that are none.
fn refuse(column: &str, text: &str, expression: &Expr) -> Checked<()> {
    let mut refused: Option<ExpressionError> = None;
    let visited = expression.apply(|node| {
        let reason = match node {
            Expr::AggregateFunction(function) => {
                Some((format!("the aggregate `{}` has no place here", function.func.name()), None))
            }
            Expr::WindowFunction(_) => Some(("a window function has no place here".to_owned(), None)),
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) => {
                Some(("a subquery has no place here".to_owned(), None))
            }
            Expr::Placeholder(_) | Expr::ScalarVariable(_, _) => {
                Some(("a parameter has no place here".to_owned(), None))
            }
            Expr::Unnest(_) => Some(("`unnest` has no place here".to_owned(), None)),
            Expr::ScalarFunction(call) if call.func.signature().volatility != Volatility::Immutable => {
                let name = call.func.name();
                let range = find_word(text, name);
                Some((format!("`{name}` depends on the time of execution, so a rebuild would differ"), range))
            }
            Expr::ScalarFunction(call) if call.func.name() == "first_match" => match call.args.get(1) {
                Some(Expr::Literal(ScalarValue::Utf8(Some(pattern)), _)) => {
                    let place = find_text(text, pattern);
                    check_pattern(pattern).map(|wrong| (wrong, place))
                }
                _ => None,
            },
            _ => None,
        };
        Ok(match reason {
            Some((message, range)) => {
                refused = Some(ExpressionError::type_error(column, message).with_range(range));
                TreeNodeRecursion::Stop
            }
            None => TreeNodeRecursion::Continue,
        })
    });
    match (refused, visited) {
        (Some(error), _) => Err(Box::new(error)),
        (None, Err(error)) => Err(Box::new(ExpressionError::type_error(column, first_line(&error)))),
        (None, Ok(_)) => Ok(()),
    }
}

fn unknown_column(column: &str, text: &str, schema: &DFSchema, name: &str) -> ExpressionError {
    let candidates = schema.fields().iter().map(|field| field.name().clone()).collect();
    let kind = ExpressionErrorKind::UnknownColumn { name: name.to_owned(), candidates };
    ExpressionError::new(column, kind, format!("there is no column `{name}`")).with_range(find_word(text, name))
}

fn explain(column: &str, text: &str, schema: &DFSchema, error: &DataFusionError) -> ExpressionError {
    match error.find_root() {
        DataFusionError::SchemaError(inner, _) => {
            if let SchemaError::FieldNotFound { field, .. } = inner.as_ref() {
                return unknown_column(column, text, schema, &field.flat_name());
            }
        }
        DataFusionError::SQL(inner, _) => {
            let message = inner.to_string();
            let message = message.strip_prefix("sql parser error: ").unwrap_or(&message);
            let (message, range) = match message.split_once(" at Line: ") {
                Some((message, place)) => (message, place_in(text, place)),
                None => (message, None),
            };
            return ExpressionError::new(column, ExpressionErrorKind::Syntax, message.to_owned()).with_range(range);
        }
        _ => {}
    }
    let message = first_line(error);
    if let Some(rest) = message.strip_prefix("Invalid function '")
        && let Some((name, hint)) = rest.split_once('\'')
    {
        let name = name.to_owned();
        let found = ExpressionError::new(
            column,
            ExpressionErrorKind::UnknownFunction { name: name.clone() },
            format!("there is no function `{name}`"),
        )
        .with_range(find_word(text, &name));
        let suggestion = hint.split_once("Did you mean '").and_then(|(_, rest)| rest.split('\'').next());
        return match suggestion {
            Some(suggestion) => found.with_help(format!("did you mean `{suggestion}`?")),
            None => found,
        };
    }
    ExpressionError::type_error(column, message)
}

/// The place of the parser's `<line>, Column: <column>`, both counted from one, as the rest of that word.
fn place_in(text: &str, place: &str) -> Option<Range<usize>> {
    let (line, column) = place.split_once(", Column: ")?;
    let (line, column): (usize, usize) = (line.trim().parse().ok()?, column.trim().parse().ok()?);
    let start_of_line: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(start_of_line..)?;
    let start = start_of_line + rest.char_indices().nth(column.checked_sub(1)?).map_or(rest.len(), |(at, _)| at);
    let length = text.get(start..)?.find(char::is_whitespace).unwrap_or(text.len() - start);
    Some(start..start + length)
}

/// The first place where a name stands as a word of its own, outside of literals.
fn find_word(text: &str, name: &str) -> Option<Range<usize>> {
    if name.is_empty() {
        return None;
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut in_literal = false;
    for (at, c) in text.char_indices() {
        if c == '\'' {
            in_literal = !in_literal;
        }
        let Some(rest) = text.get(at..) else { continue };
        let matches = rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
        if !in_literal
            && matches
            && !text.get(..at)?.ends_with(is_word)
            && !rest.get(name.len()..)?.starts_with(is_word)
        {
            return Some(at..at + name.len());
        }
    }
    None
}

/// The place of a text literal, quotes included.
pub(crate) fn find_text(text: &str, literal: &str) -> Option<Range<usize>> {
    let quoted = format!("'{}'", literal.replace('\'', "''"));
    text.find(&quoted).map(|start| start..start + quoted.len())
}
