//! Statistics of data files, as the log has them.

mod footer;

use arrow::datatypes::{DataType, Fields};
use deltalake::kernel::Add;
use serde_json::Value;

pub(crate) use self::footer::{IndexedColumns, added_file};

/// A double holds this many decimal digits exactly, and bounds of decimals are written as doubles.
const EXACT_DIGITS: u8 = 15;
/// Key of the name that a column has in data files, in the metadata of the field of a table with mapped columns.
pub(crate) const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";

/// Takes bounds out of the statistics that can be narrower than the data, since a reader would skip rows by them: those of wide
/// decimals, and those of floating point numbers, which leave out NaN, although it is greater than all others.
pub(crate) fn drop_inexact_bounds(add: &mut Add, fields: &Fields) {
    if !fields.iter().any(|field| has_inexact(field.data_type())) {
        return;
    }
    let Some(mut stats) = add.stats.as_deref().and_then(|stats| serde_json::from_str::<Value>(stats).ok()) else {
        return;
    };
    for side in ["minValues", "maxValues"] {
        if let Some(bounds) = stats.get_mut(side) {
            drop_inexact(bounds, fields);
        }
    }
    add.stats = Some(stats.to_string());
}

fn drop_inexact(bounds: &mut Value, fields: &Fields) {
    let Some(bounds) = bounds.as_object_mut() else {
        return;
    };
    for field in fields {
        let name = field.metadata().get(PHYSICAL_NAME).unwrap_or(field.name());
        match field.data_type() {
            DataType::Struct(fields) => {
                if let Some(bounds) = bounds.get_mut(name) {
                    drop_inexact(bounds, fields);
                }
            }
            other if has_inexact(other) => {
                bounds.remove(name);
            }
            _ => {}
        }
    }
}

fn has_inexact(data_type: &DataType) -> bool {
    match data_type {
        DataType::Decimal128(precision, _) => *precision > EXACT_DIGITS,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => true,
        DataType::Struct(fields) => fields.iter().any(|field| has_inexact(field.data_type())),
        _ => false,
    }
}
