//! The SQL functions that the engine adds to those of DataFusion.
//!
//! | function | result |
//! |---|---|
//! | `multiply_money(a, b)` | exact product, half away from zero, `DECIMAL(38,12)`; null when it has more than 38 digits |
//! | `whole_seconds(start, end)` | seconds between two instants, truncated, `BIGINT` |
//! | `first_match(text, regex)` | first match of a regular expression, null without one |
//! | `is_uuid(text)` | whether the text is a UUID in its 8-4-4-4-12 form |
//! | `surrogate_key(a, ...)` | surrogate key of a business key, `BIGINT`; see [`crate::surrogate`] |
//! | `to_json(value)` | JSON text; see [`crate::json`] |
//!
//! All but `surrogate_key` are null when an argument is null.
//!
//! In expressions of a model `+`, `-`, `*`, `/` and `abs` of whole numbers and decimals are null where the result does not fit its type,
//! with a warning, as products of money are.

mod arithmetic;
mod money;
mod text;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::{Result as DataFusionResult, ScalarValue, plan_err};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::{SessionConfig, SessionContext};

pub(crate) use arithmetic::checked;
pub(crate) use money::MONEY;
pub(crate) use text::check_pattern;

use crate::types::timestamp;
use crate::{Result, json, surrogate};

/// Registers the engine's functions with a session.
pub fn register_all(context: &SessionContext) {
    for function in all() {
        context.register_udf(function.as_ref().clone());
    }
}

/// The engine's functions.
pub fn all() -> Vec<Arc<ScalarUDF>> {
    let functions = [
        EngineFunction::new("multiply_money", Arity::Exactly(2), MONEY, money::coerce, |arrays| {
            money::multiply(arrays)
        }),
        EngineFunction::new("whole_seconds", Arity::Exactly(2), DataType::Int64, coerce_instants, whole_seconds),
        EngineFunction::new("first_match", Arity::Exactly(2), DataType::Utf8, coerce_texts, text::first_match),
        EngineFunction::new("is_uuid", Arity::Exactly(1), DataType::Boolean, coerce_texts, text::is_uuid),
        EngineFunction::new("surrogate_key", Arity::AtLeastOne, DataType::Int64, coerce_nothing, |arrays| {
            Ok(Arc::new(surrogate::surrogate_key(arrays)?))
        }),
        EngineFunction::new("to_json", Arity::Exactly(1), DataType::Utf8, coerce_nothing, |arrays| {
            match arrays.first() {
                Some(array) => Ok(Arc::new(json::to_json(array)?)),
                None => Ok(arrow::array::new_empty_array(&DataType::Utf8)),
            }
        }),
    ];
    functions.into_iter().map(|function| Arc::new(ScalarUDF::new_from_impl(function))).collect()
}

/// The functions that expressions of a model can use, and how their SQL is read: names are taken as they are
/// written, text is `Utf8`, numbers with a point are decimals, zone-less timestamps are UTC.
///
/// The state is built once per process.
pub fn function_registry() -> &'static SessionState {
    static STATE: OnceLock<SessionState> = OnceLock::new();
    STATE.get_or_init(|| {
        let mut config = SessionConfig::new();
        let options = config.options_mut();
        options.sql_parser.enable_ident_normalization = false;
        options.sql_parser.parse_float_as_decimal = true;
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.time_zone = Some("UTC".to_owned());
        let mut builder = SessionStateBuilder::new().with_config(config).with_default_features();
        builder.scalar_functions().get_or_insert_default().extend(all());
        builder.build()
    })
}

type Coerce = fn(&[DataType]) -> DataFusionResult<Vec<DataType>>;
type Body = fn(&[ArrayRef]) -> Result<ArrayRef>;

/// How many arguments a function takes.
#[derive(Debug, Clone, Copy)]
enum Arity {
    Exactly(usize),
    AtLeastOne,
}

#[derive(Debug)]
struct EngineFunction {
    name: &'static str,
    arity: Arity,
    signature: Signature,
    result: DataType,
    coerce: Coerce,
    body: Body,
}

impl EngineFunction {
    fn new(name: &'static str, arity: Arity, result: DataType, coerce: Coerce, body: Body) -> Self {
        Self { name, arity, signature: Signature::user_defined(Volatility::Immutable), result, coerce, body }
    }
}

// The name says all: there is one function of a name.
impl PartialEq for EngineFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EngineFunction {}

impl Hash for EngineFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for EngineFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DataFusionResult<DataType> {
        Ok(self.result.clone())
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        match self.arity {
            Arity::Exactly(count) if types.len() != count => {
                plan_err!("`{}` takes {count} arguments, not {}", self.name, types.len())
            }
            Arity::AtLeastOne if types.is_empty() => plan_err!("`{}` takes at least one argument", self.name),
            _ => (self.coerce)(types),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        on_arrays(args, self.body)
    }
}

/// Calls a function over arrays; of constants alone the result is one.
fn on_arrays(
    args: ScalarFunctionArgs,
    body: impl FnOnce(&[ArrayRef]) -> Result<ArrayRef>,
) -> DataFusionResult<ColumnarValue> {
    let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { args.number_rows };
    let arrays = args.args.into_iter().map(|arg| arg.into_array(rows)).collect::<DataFusionResult<Vec<ArrayRef>>>()?;
    let result = body(&arrays).map_err(|error| DataFusionError::External(Box::new(error)))?;
    if constant {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
    }
    Ok(ColumnarValue::Array(result))
}

fn coerce_nothing(types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
    Ok(types.to_vec())
}

fn coerce_texts(types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
    types
        .iter()
        .map(|given| match given {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Ok(DataType::Utf8),
            other => plan_err!("text is needed here, not {other}"),
        })
        .collect()
}

fn coerce_instants(types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
    types
        .iter()
        .map(|given| match given {
            DataType::Timestamp(_, _) | DataType::Null => Ok(timestamp()),
            other => plan_err!("a timestamp is needed here, not {other}"),
        })
        .collect()
}

fn whole_seconds(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [start, end] = arrays else { return Ok(Arc::new(Int64Array::new_null(0))) };
    let start = start.as_primitive::<TimestampMicrosecondType>();
    let end = end.as_primitive::<TimestampMicrosecondType>();
    let seconds: Int64Array = start
        .iter()
        .zip(end.iter())
        .map(|(start, end)| seconds_between(i128::from(end?) - i128::from(start?)))
        .collect();
    Ok(Arc::new(seconds))
}

/// Whole seconds of a number of microseconds, truncated toward zero.
pub(crate) fn seconds_between(micros: i128) -> Option<i64> {
    i64::try_from(micros / 1_000_000).ok()
}
