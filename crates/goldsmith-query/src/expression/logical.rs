//! Type-checked expressions as logical expressions, for those who do not evaluate them but say them in another dialect.

use arrow::datatypes::{DataType, Schema};
use datafusion::common::DFSchemaRef;
use datafusion::logical_expr::Expr;
use goldsmith_model::DerivedColumn;
use indexmap::IndexMap;

use super::{Analysed, ExpressionError, Typed, analyse, df_schema};
use crate::normalize::{normalize_schema, plain_type};
use crate::types::to_arrow;

/// One expression of a model, parsed and type-checked.
#[derive(Debug, Clone)]
pub struct LogicalExpression {
    /// The column that it computes.
    pub name: String,
    /// The expression with all conversions of types spelled out.
    pub expression: Expr,
    /// The type that it yields.
    pub yields: DataType,
    /// The type that the column has.
    pub data_type: DataType,
    /// The columns that it refers to, sorted.
    pub columns: Vec<String>,
    /// The columns that it sees, with their types.
    pub schema: DFSchemaRef,
}

impl LogicalExpression {
    fn new(name: &str, typed: &Typed, data_type: DataType, schema: DFSchemaRef) -> Self {
        let mut columns: Vec<String> = typed.columns.iter().cloned().collect();
        columns.sort_unstable();
        Self {
            name: name.to_owned(),
            expression: typed.expression.clone(),
            yields: plain_type(&typed.data_type),
            data_type,
            columns,
            schema,
        }
    }
}

/// Derived columns over the columns of `input`, each after those that it refers to. As in [`super::Derived`], a column
/// that replaces an input column of its name alone sees the column that it replaces.
///
/// # Errors
/// Every error of every expression.
pub fn logical_derived(
    input: &Schema,
    derived: &IndexMap<String, DerivedColumn>,
) -> Result<Vec<LogicalExpression>, Vec<ExpressionError>> {
    let analysed = Analysed::new(input, derived)?;
    let order = analysed.order()?;
    let mut out = Vec::with_capacity(order.len());
    for index in order {
        let (name, typed) = &analysed.columns[index];
        let seen = match &analysed.replaced[index] {
            Some(field) => analysed.seen_by(field),
            None => analysed.schema.clone(),
        };
        let schema = df_schema(&seen).map_err(|text| vec![ExpressionError::type_error(name, text)])?;
        let data_type = derived.get(name).map_or_else(|| typed.data_type.clone(), |column| to_arrow(&column.data_type));
        out.push(LogicalExpression::new(name, typed, data_type, schema));
    }
    Ok(out)
}

/// Expressions, by column name, over the columns of `input` alone, in their order; types are those that they yield.
///
/// # Errors
/// Every error of every expression.
pub fn logical_projection(
    input: &Schema,
    expressions: &IndexMap<String, String>,
) -> Result<Vec<LogicalExpression>, Vec<ExpressionError>> {
    let schema = df_schema(&normalize_schema(input)).map_err(|text| vec![ExpressionError::type_error("", text)])?;
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    for (name, text) in expressions {
        match analyse(name, text, &schema) {
            Ok(typed) => {
                out.push(LogicalExpression::new(
                    name,
                    &typed,
                    plain_type(&typed.data_type),
                    DFSchemaRef::clone(&schema),
                ));
            }
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}
