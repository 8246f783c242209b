//! Expressions whose types follow from the expressions, as in the members of aggregate dimensions.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use indexmap::IndexMap;

use super::{ExpressionError, Step, analyse, df_schema};
use crate::Result;
use crate::normalize::{column, new_batch, normalize_schema, plain_type};

/// Compiled expressions that make new rows, each over the input columns alone.
#[derive(Debug, Clone)]
pub struct Projection {
    steps: Vec<Step>,
    schema: SchemaRef,
}

impl Projection {
    /// Compiles expressions, by column name, over the columns of `input`. Types are those that the expressions yield.
    ///
    /// # Errors
    /// Every error of every expression.
    pub fn compile(input: &Schema, expressions: &IndexMap<String, String>) -> Result<Self, Vec<ExpressionError>> {
        let input = normalize_schema(input);
        let shared = df_schema(&input).map_err(|text| vec![ExpressionError::type_error("", text)])?;
        let (mut steps, mut fields, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (name, text) in expressions {
            let compiled = analyse(name, text, &shared).and_then(|typed| {
                let result = plain_type(&typed.data_type);
                let step = Step::new(name, &typed, &input, result.clone())?;
                Ok((step, Field::new(name, result, true)))
            });
            match compiled {
                Ok((step, field)) => {
                    steps.push(step);
                    fields.push(field);
                }
                Err(error) => errors.push(*error),
            }
        }
        if errors.is_empty() { Ok(Self { steps, schema: Arc::new(Schema::new(fields)) }) } else { Err(errors) }
    }

    /// The projected columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The input columns that are read.
    pub fn inputs(&self) -> Vec<String> {
        let mut inputs: Vec<String> = Vec::new();
        for field in self.steps.iter().flat_map(|step| step.inputs.fields()) {
            if !inputs.contains(field.name()) {
                inputs.push(field.name().clone());
            }
        }
        inputs
    }

    /// Computes the projected columns of rows that have at least the columns of [`Self::inputs`].
    ///
    /// # Errors
    /// As [`super::Derived::apply`].
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self
            .steps
            .iter()
            .map(|step| step.evaluate(batch.num_rows(), |name| column(batch, name, "the rows")))
            .collect::<Result<Vec<_>>>()?;
        new_batch(Arc::clone(&self.schema), columns, batch.num_rows())
    }
}
