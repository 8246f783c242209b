//! Arithmetic of whole numbers and decimals that never wraps around: what does not fit its type is null.
//!
//! Each operation is looked at by itself and each row by itself, so that a result depends neither on the order of rows nor on what
//! they come together with.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::compute::concat;
use arrow::compute::kernels::cmp::lt;
use arrow::compute::kernels::numeric::{add, div, mul, neg, sub};
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{DataType, Decimal128Type};
use arrow::error::ArrowError;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result as DataFusionResult, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::on_arrays;
use crate::Result;
use crate::types::spelled;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    Absolute,
}

/// An expression with checked arithmetic in the place of that of DataFusion, which wraps around when a number does not fit, or
/// fails for all rows because of one. Takes a coerced expression; what it yields stays what it is.
pub(crate) fn checked(expression: Expr, schema: &DFSchema) -> DataFusionResult<Expr> {
    let replace = |node: Expr| {
        let operation = match &node {
            Expr::BinaryExpr(binary) => match binary.op {
                Operator::Plus => Operation::Add,
                Operator::Minus => Operation::Subtract,
                Operator::Multiply => Operation::Multiply,
                Operator::Divide => Operation::Divide,
                _ => return Ok(Transformed::no(node)),
            },
            Expr::Negative(_) => Operation::Negate,
            Expr::ScalarFunction(call) if call.func.name() == "abs" => Operation::Absolute,
            _ => return Ok(Transformed::no(node)),
        };
        let result = node.get_type(schema)?;
        let arguments = match &node {
            Expr::BinaryExpr(binary) => vec![binary.left.as_ref().clone(), binary.right.as_ref().clone()],
            Expr::Negative(inner) => vec![inner.as_ref().clone()],
            Expr::ScalarFunction(call) => call.args.clone(),
            _ => return Ok(Transformed::no(node)),
        };
        let types = arguments.iter().map(|argument| argument.get_type(schema)).collect::<DataFusionResult<Vec<_>>>()?;
        // Days between dates are whole numbers too, and the sign of a number that has none cannot be lost.
        let is_unsigned = |found: &DataType| found.is_unsigned_integer();
        if !is_exact(&result) || !types.iter().all(is_exact) || matches!(types.as_slice(), [only] if is_unsigned(only))
        {
            return Ok(Transformed::no(node));
        }
        let function = ScalarUDF::new_from_impl(Checked::new(operation, result));
        Ok(Transformed::yes(function.call(arguments)))
    };
    Ok(expression.transform_up(replace)?.data)
}

fn is_exact(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Decimal128(..))
}

/// One operation with a known result type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operation: Operation,
    result: DataType,
    signature: Signature,
}

impl Checked {
    fn new(operation: Operation, result: DataType) -> Self {
        Self { operation, result, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn compute(&self, arrays: &[ArrayRef]) -> Result<ArrayRef> {
        let computed = match self.kernel(arrays) {
            Err(ArrowError::ArithmeticOverflow(_)) => self.row_by_row(arrays)?,
            other => other?,
        };
        let computed: ArrayRef = match &self.result {
            // A decimal can have more digits than its type allows, without leaving the 128 bits that it has.
            DataType::Decimal128(precision, scale) => {
                let fitting = computed.as_primitive::<Decimal128Type>().null_if_overflow_precision(*precision);
                Arc::new(fitting.with_precision_and_scale(*precision, *scale)?)
            }
            _ => computed,
        };
        let unknown = arrays.iter().fold(None, |nulls, array| NullBuffer::union(nulls.as_ref(), array.nulls()));
        let lost = computed.null_count().saturating_sub(unknown.map_or(0, |nulls| nulls.null_count()));
        if lost > 0 {
            tracing::warn!(values = lost, "results of arithmetic that do not fit {} are null", spelled(&self.result));
        }
        Ok(computed)
    }

    /// Row by row, so that one that does not fit leaves the others alone. Only batches with such a row come here.
    fn row_by_row(&self, arrays: &[ArrayRef]) -> Result<ArrayRef> {
        let rows = arrays.first().map_or(0, |array| array.len());
        let computed = (0..rows)
            .map(|row| {
                let row: Vec<ArrayRef> = arrays.iter().map(|array| array.slice(row, 1)).collect();
                match self.kernel(&row) {
                    Err(ArrowError::ArithmeticOverflow(_)) => Ok(new_null_array(&self.result, 1)),
                    other => other,
                }
            })
            .collect::<std::result::Result<Vec<ArrayRef>, ArrowError>>()?;
        let computed: Vec<&dyn Array> = computed.iter().map(AsRef::as_ref).collect();
        Ok(concat(&computed)?)
    }

    fn kernel(&self, arrays: &[ArrayRef]) -> std::result::Result<ArrayRef, ArrowError> {
        match (self.operation, arrays) {
            (Operation::Add, [left, right]) => add(left, right),
            (Operation::Subtract, [left, right]) => sub(left, right),
            (Operation::Multiply, [left, right]) => mul(left, right),
            (Operation::Divide, [left, right]) => div(left, right),
            (Operation::Negate, [only]) => negative(only),
            (Operation::Absolute, [only]) => {
                let zero = ScalarValue::new_zero(only.data_type())?.to_scalar()?;
                let below = lt(only, &zero)?;
                // The others would be negated for nothing, and all but the least number can be.
                zip(&below, &negative(only)?, only)
            }
            (operation, arrays) => {
                Err(ArrowError::InvalidArgumentError(format!("{operation:?} of {} arguments", arrays.len())))
            }
        }
    }
}

fn negative(array: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    neg(array.as_ref())
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Add => "checked_add",
            Operation::Subtract => "checked_subtract",
            Operation::Multiply => "checked_multiply",
            Operation::Divide => "checked_divide",
            Operation::Negate => "checked_negate",
            Operation::Absolute => "checked_absolute",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DataFusionResult<DataType> {
        Ok(self.result.clone())
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        on_arrays(args, |arrays| self.compute(arrays))
    }
}
