//! Conservation laws: what goes into a gold table in sums must come out of it.
//!
//! A [`Law`] is compiled from a [`Conservation`] of the model. A [`Ledger`] adds up both of its sides, batch by batch: the
//! rows that enter a table and the gold rows that leave for it. [`Ledger::settle`] compares them.
//!
//! Sums are exact: integers and decimals are added up as 256-bit integers, never as floats. So they depend neither on
//! the order of the rows nor on how they are split into batches, and a single lost or doubled row is found in the last
//! of 38 digits.

mod amount;
mod ledger;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::row::RowConverter;
use goldsmith_model::Conservation;

use crate::normalize::{column, field, normalize_column, plain_type, widen};
use crate::order::{OLDEST_FIRST, converter};
use crate::types::common_type;
use crate::{QueryError, Result};

pub(crate) use amount::exact_scale;
use amount::{Amount, CARRIED_ROWS, GOLD_ROWS};
pub use ledger::{BrokenLaw, Ledger};

/// A compiled conservation law. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Law {
    name: Arc<str>,
    entered: Amount,
    left: Amount,
    groups: Arc<Groups>,
}

impl Law {
    /// Compiles a law over the carried columns of the source and the columns of the gold table, as they are at hand:
    /// types come from these schemas, not from the model.
    ///
    /// # Errors
    /// [`QueryError::Expression`] when one of the expressions does not compile, or yields something else than integers
    /// or decimals; [`QueryError::MissingColumn`] when a side lacks a column of `by`, [`QueryError::WrongType`] when it
    /// has different types on the two sides, [`QueryError::UnsupportedType`] when its values do not compare exactly.
    pub fn compile(law: &Conservation, source: &Schema, gold: &Schema) -> Result<Self> {
        let entered = Amount::compile(&law.name, law.equals(), source, CARRIED_ROWS);
        let left = Amount::compile(&law.name, &law.sum, gold, GOLD_ROWS);
        let (entered, left) = match (entered, left) {
            (Ok(entered), Ok(left)) => (entered, left),
            (entered, left) => {
                let errors = entered.err().into_iter().chain(left.err()).flatten().collect();
                return Err(QueryError::Expression { errors });
            }
        };
        let groups = Arc::new(Groups::new(&law.by, source, gold)?);
        Ok(Self { name: law.name.as_str().into(), entered, left, groups })
    }

    /// Name of the law.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The columns by which a law groups, and how their values become keys that compare as bytes.
#[derive(Debug)]
struct Groups {
    fields: Fields,
    /// None without columns: all rows are one group.
    converter: Option<RowConverter>,
}

impl Groups {
    fn new(by: &[String], source: &Schema, gold: &Schema) -> Result<Self> {
        let common = |name: &String| -> Result<Field> {
            let found = field(source, name, CARRIED_ROWS)?.data_type();
            let expected = field(gold, name, GOLD_ROWS)?.data_type();
            let common = common_type(found, expected).ok_or_else(|| QueryError::WrongType {
                column: name.clone(),
                expected: plain_type(expected),
                found: plain_type(found),
            })?;
            if common.is_nested() || common.is_floating() || common == DataType::Binary {
                return Err(QueryError::UnsupportedType { column: name.clone(), data_type: common });
            }
            Ok(Field::new(name, common, true))
        };
        let fields: Fields = by.iter().map(common).collect::<Result<Vec<_>>>()?.into();
        let converter = match by {
            [] => None,
            _ => Some(converter(fields.iter().map(|field| field.data_type()), OLDEST_FIRST)?),
        };
        Ok(Self { fields, converter })
    }

    /// Calls `each` for every row with the key of its group.
    fn for_each(&self, rows: &RecordBatch, context: &str, mut each: impl FnMut(usize, &[u8])) -> Result<()> {
        let Some(converter) = &self.converter else {
            (0..rows.num_rows()).for_each(|row| each(row, &[]));
            return Ok(());
        };
        let columns = self
            .fields
            .iter()
            .map(|field| {
                let plain = normalize_column(column(rows, field.name(), context)?)?;
                widen(field.name(), &plain, field.data_type())
            })
            .collect::<Result<Vec<ArrayRef>>>()?;
        let encoded = converter.convert_columns(&columns)?;
        encoded.iter().enumerate().for_each(|(row, key)| each(row, key.as_ref()));
        Ok(())
    }

    /// The values of groups, one array per column.
    fn decode<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) -> Result<Vec<ArrayRef>> {
        let Some(converter) = &self.converter else { return Ok(Vec::new()) };
        let parser = converter.parser();
        Ok(converter.convert_rows(keys.map(|key| parser.parse(key)))?)
    }
}
