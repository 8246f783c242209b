//! SQL expressions of a model: parsed, type-checked and compiled against a schema, without touching any data.
//!
//! Names are case-sensitive and taken as they are written. An expression must yield its declared type, or a type that
//! widens to it without loss. Expressions depend on their row only: subqueries, aggregates and functions whose value
//! depends on the time of execution are errors. Arithmetic of whole numbers and decimals is exact: a result that does not fit its type
//! is null, with a warning, and neither another number nor the end of the table.

mod analysis;
mod error;
mod logical;
mod projection;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use goldsmith_model::DerivedColumn;
use indexmap::IndexMap;

use analysis::Checked;
pub(crate) use analysis::{Typed, analyse, df_schema, find_text};
pub use error::{ExpressionError, ExpressionErrorKind};
pub use logical::{LogicalExpression, logical_derived, logical_projection};
pub use projection::Projection;

use crate::Result;
use crate::normalize::{column, new_batch, normalize_column, normalize_schema, widen};
use crate::types::{is_lossless, spelled, to_arrow, with_comment};

/// Compiled derived columns, in an order in which each finds the columns that it needs.
#[derive(Debug, Clone)]
pub struct Derived {
    steps: Vec<Step>,
    /// Result fields in their declared order.
    fields: Vec<Field>,
}

/// One compiled expression with the columns that it reads.
#[derive(Debug, Clone)]
struct Step {
    name: String,
    inputs: SchemaRef,
    expression: Arc<dyn PhysicalExpr>,
    result: DataType,
}

impl Step {
    fn new(name: &str, typed: &Typed, schema: &Schema, result: DataType) -> Checked<Self> {
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .filter(|field| typed.columns.contains(field.name()))
            .map(|field| field.as_ref().clone())
            .collect();
        let inputs = Schema::new(fields);
        let expression = analysis::physical(name, typed, &inputs)?;
        Ok(Self { name: name.to_owned(), inputs: Arc::new(inputs), expression, result })
    }

    /// Evaluates the expression, with columns found by `find`.
    fn evaluate<'a>(&self, rows: usize, find: impl Fn(&str) -> Result<&'a ArrayRef>) -> Result<ArrayRef> {
        let columns = self
            .inputs
            .fields()
            .iter()
            .map(|field| widen(field.name(), &normalize_column(find(field.name())?)?, field.data_type()))
            .collect::<Result<Vec<_>>>()?;
        let batch = new_batch(Arc::clone(&self.inputs), columns, rows)?;
        // Values that do not fit are told with the column that they are missing in.
        let _column = tracing::warn_span!("column", column = %self.name).entered();
        let value = self.expression.evaluate(&batch)?.into_array(rows)?;
        widen(&self.name, &value, &self.result)
    }
}

impl Derived {
    /// Compiles derived columns over the columns of `input`, in whatever order they refer to each other.
    ///
    /// A derived column may replace an input column of its name; then it alone sees the column that it replaces.
    ///
    /// # Errors
    /// Every error of every expression.
    pub fn compile(input: &Schema, derived: &IndexMap<String, DerivedColumn>) -> Result<Self, Vec<ExpressionError>> {
        let analysed = Analysed::new(input, derived)?;
        let order = analysed.order()?;
        analysed.build(&order, derived)
    }

    /// Compiles those columns that need nothing but `input` (the first result) apart from those that also need
    /// columns that come `later`, as look-ups fetch them (the second result; applied to rows that have both).
    ///
    /// # Errors
    /// Every error of every expression; unknown is a column that is neither in `input` nor in `later`.
    pub fn split(
        input: &Schema,
        derived: &IndexMap<String, DerivedColumn>,
        later: &Schema,
    ) -> Result<(Self, Self), Vec<ExpressionError>> {
        let all: Vec<Field> = input.fields().iter().chain(later.fields()).map(|field| field.as_ref().clone()).collect();
        let analysed = Analysed::new(&Schema::new(all), derived)?;
        let order = analysed.order()?;
        let mut waits: HashSet<&str> = later
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .filter(|name| !input.fields().iter().any(|field| field.name() == name))
            .collect();
        let (mut now, mut then) = (Vec::new(), Vec::new());
        for index in order {
            let (name, typed) = &analysed.columns[index];
            if typed.columns.iter().any(|column| column != name && waits.contains(column.as_str())) {
                waits.insert(name);
                then.push(index);
            } else {
                now.push(index);
            }
        }
        Ok((analysed.build(&now, derived)?, analysed.build(&then, derived)?))
    }

    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The derived columns in their declared order, with descriptions as `comment`.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The columns that [`Self::apply`] reads from its input.
    pub fn inputs(&self) -> Vec<String> {
        let mut computed: Vec<&str> = Vec::new();
        let mut inputs: Vec<String> = Vec::new();
        for step in &self.steps {
            for field in step.inputs.fields() {
                let own = field.name() == &step.name || !computed.contains(&field.name().as_str());
                if own && !inputs.contains(field.name()) {
                    inputs.push(field.name().clone());
                }
            }
            computed.push(&step.name);
        }
        inputs
    }

    /// The schema of [`Self::apply`]'s result for rows of a schema: derived columns take the place of columns of their
    /// name, the others follow at the end.
    pub fn output_schema(&self, input: &Schema) -> Schema {
        let mut fields: Vec<Field> = input.fields().iter().map(|field| field.as_ref().clone()).collect();
        for derived in &self.fields {
            match fields.iter_mut().find(|field| field.name() == derived.name()) {
                Some(field) => *field = derived.clone(),
                None => fields.push(derived.clone()),
            }
        }
        Schema::new(fields)
    }

    /// Appends the derived columns to rows that have at least the columns of [`Self::inputs`].
    ///
    /// # Errors
    /// [`crate::QueryError::MissingColumn`] and [`crate::QueryError::WrongType`] when the rows are not as compiled,
    /// [`crate::QueryError::DataFusion`] when an expression fails on a value (a division by zero).
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut computed: IndexMap<&str, ArrayRef> = IndexMap::new();
        for step in &self.steps {
            let array = step.evaluate(batch.num_rows(), |name| match computed.get(name) {
                Some(array) if name != step.name => Ok(array),
                _ => column(batch, name, "the rows"),
            })?;
            computed.insert(&step.name, array);
        }
        let schema = self.output_schema(batch.schema_ref());
        let columns = schema
            .fields()
            .iter()
            .map(|field| match computed.get(field.name().as_str()) {
                Some(array) => Ok(Arc::clone(array)),
                None => column(batch, field.name(), "the rows").map(Arc::clone),
            })
            .collect::<Result<Vec<_>>>()?;
        new_batch(Arc::new(schema), columns, batch.num_rows())
    }
}

/// Type-checked derived columns.
pub(crate) struct Analysed {
    pub(crate) columns: Vec<(String, Typed)>,
    schema: Schema,
    replaced: Vec<Option<Field>>,
}

impl Analysed {
    /// Type-checks all columns; on failure, all errors.
    pub(crate) fn new(input: &Schema, derived: &IndexMap<String, DerivedColumn>) -> Result<Self, Vec<ExpressionError>> {
        let (analysed, errors) = Self::with_errors(input, derived);
        if errors.is_empty() { Ok(analysed) } else { Err(errors) }
    }

    /// Type-checks all columns and keeps those that are right.
    pub(crate) fn with_errors(
        input: &Schema,
        derived: &IndexMap<String, DerivedColumn>,
    ) -> (Self, Vec<ExpressionError>) {
        let input = normalize_schema(input);
        let mut errors = Vec::new();
        // Declared types stand for the derived columns, so that each expression is checked on its own.
        let mut fields: Vec<Field> = input
            .fields()
            .iter()
            .filter(|field| !derived.contains_key(field.name()))
            .map(|field| field.as_ref().clone())
            .collect();
        fields.extend(derived.iter().map(|(name, column)| Field::new(name, to_arrow(&column.data_type), true)));
        let schema = Schema::new(fields);
        let mut analysed = Self { columns: Vec::new(), schema, replaced: Vec::new() };
        let shared = match df_schema(&analysed.schema) {
            Ok(shared) => shared,
            Err(message) => {
                errors.push(ExpressionError::type_error("", message));
                return (analysed, errors);
            }
        };
        for (name, column) in derived {
            let replaced = input.fields().iter().find(|field| field.name() == name).map(|field| field.as_ref().clone());
            match analysed.check(name, column, replaced.as_ref(), &shared) {
                Ok(typed) => {
                    analysed.columns.push((name.clone(), typed));
                    analysed.replaced.push(replaced);
                }
                Err(error) => errors.push(*error),
            }
        }
        (analysed, errors)
    }

    fn check(
        &self,
        name: &str,
        column: &DerivedColumn,
        replaced: Option<&Field>,
        shared: &DFSchemaRef,
    ) -> Checked<Typed> {
        let own = match replaced {
            Some(field) => {
                let seen = df_schema(&self.seen_by(field));
                Some(seen.map_err(|text| Box::new(ExpressionError::type_error(name, text)))?)
            }
            None => None,
        };
        let typed = analyse(name, &column.expression, own.as_ref().unwrap_or(shared))?;
        let declared = to_arrow(&column.data_type);
        if is_lossless(&typed.data_type, &declared) {
            Ok(typed)
        } else {
            let message = format!(
                "the expression yields {}, which does not go into the declared {} without loss",
                spelled(&typed.data_type),
                spelled(&declared),
            );
            let help = "declare the type that it yields, or cast in the expression";
            Err(Box::new(ExpressionError::type_error(name, message).with_help(help)))
        }
    }

    /// The schema as the expression of a column sees it that replaces an input column.
    fn seen_by(&self, replaced: &Field) -> Schema {
        let fields: Vec<Field> = self
            .schema
            .fields()
            .iter()
            .map(|field| if field.name() == replaced.name() { replaced.clone() } else { field.as_ref().clone() })
            .collect();
        Schema::new(fields)
    }

    /// Indices of the columns so that each comes after those that it refers to.
    pub(crate) fn order(&self) -> Result<Vec<usize>, Vec<ExpressionError>> {
        let mut order: Vec<usize> = Vec::new();
        let mut placed: HashSet<&str> = HashSet::new();
        loop {
            let ready = self.columns.iter().position(|(name, typed)| {
                !placed.contains(name.as_str())
                    && self.columns.iter().enumerate().all(|(index, (other, _))| {
                        let itself = other == name && self.replaced[index].is_some();
                        itself || placed.contains(other.as_str()) || !typed.columns.contains(other)
                    })
            });
            match ready {
                Some(index) => {
                    order.push(index);
                    placed.insert(&self.columns[index].0);
                }
                None if order.len() == self.columns.len() => return Ok(order),
                None => {
                    let stuck: Vec<&str> = self
                        .columns
                        .iter()
                        .map(|(name, _)| name.as_str())
                        .filter(|name| !placed.contains(name))
                        .collect();
                    return Err(stuck.iter().map(|name| ExpressionError::cycle(name, &stuck)).collect());
                }
            }
        }
    }

    fn build(
        &self,
        order: &[usize],
        derived: &IndexMap<String, DerivedColumn>,
    ) -> Result<Derived, Vec<ExpressionError>> {
        let mut errors = Vec::new();
        let mut steps = Vec::new();
        for index in order {
            let (name, typed) = &self.columns[*index];
            let Some(declared) = derived.get(name) else { continue };
            let schema = match &self.replaced[*index] {
                Some(field) => self.seen_by(field),
                None => self.schema.clone(),
            };
            match Step::new(name, typed, &schema, to_arrow(&declared.data_type)) {
                Ok(step) => steps.push(step),
                Err(error) => errors.push(*error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let fields = derived
            .iter()
            .filter(|(name, _)| steps.iter().any(|step| &step.name == *name))
            .map(|(name, column)| {
                with_comment(Field::new(name, to_arrow(&column.data_type), true), Some(&column.description))
            })
            .collect();
        Ok(Derived { steps, fields })
    }
}
