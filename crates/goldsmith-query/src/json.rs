//! JSON text of nested values.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StringArray, StringBuilder, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};

use crate::Result;
use crate::normalize::{normalize_column, sort_maps};

/// The JSON text of each value; SQL null for null.
///
/// Entries of maps are sorted by key and members of structs that are null are left out, so that equal values have
/// equal texts and a field that is added to a struct later changes no text of older rows. What JSON has no number for is a text, as
/// `to_json` of Spark writes it: `"NaN"`, `"Infinity"`, `"-Infinity"`.
///
/// # Errors
/// [`crate::QueryError::Arrow`] for types that have no JSON form.
pub fn to_json(array: &ArrayRef) -> Result<StringArray> {
    let plain = text_keys(&sort_maps(&normalize_column(array)?)?)?;
    let field = Arc::new(Field::new("value", plain.data_type().clone(), true));
    let options = EncoderOptions::default().with_encoder_factory(Arc::new(NoNumbers));
    let mut encoder = make_encoder(&field, plain.as_ref(), &options)?;
    let mut builder = StringBuilder::with_capacity(plain.len(), 0);
    let mut text = Vec::new();
    for row in 0..plain.len() {
        if plain.is_null(row) {
            builder.append_null();
        } else {
            text.clear();
            encoder.encode(row, &mut text);
            builder.append_value(String::from_utf8_lossy(&text));
        }
    }
    Ok(builder.finish())
}

/// Arrow would write null for what JSON has no number for.
#[derive(Debug)]
struct NoNumbers;

impl EncoderFactory for NoNumbers {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        static PLAIN: LazyLock<EncoderOptions> = LazyLock::new(EncoderOptions::default);
        let name_at: Box<dyn Fn(usize) -> Option<&'static str> + 'a> = match array.data_type() {
            DataType::Float32 => {
                let values = array.as_primitive::<Float32Type>().values();
                if values.iter().all(|value| value.is_finite()) {
                    return Ok(None);
                }
                Box::new(move |row| name_of(values[row].into()))
            }
            DataType::Float64 => {
                let values = array.as_primitive::<Float64Type>().values();
                if values.iter().all(|value| value.is_finite()) {
                    return Ok(None);
                }
                Box::new(move |row| name_of(values[row]))
            }
            _ => return Ok(None),
        };
        let numbers = make_encoder(field, array, &PLAIN)?;
        Ok(Some(NullableEncoder::new(Box::new(WithNames { numbers, name_at }), array.nulls().cloned())))
    }
}

/// Numbers, some of which have a name instead.
struct WithNames<'a> {
    numbers: NullableEncoder<'a>,
    name_at: Box<dyn Fn(usize) -> Option<&'static str> + 'a>,
}

impl Encoder for WithNames<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        match (self.name_at)(row) {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => self.numbers.encode(row, out),
        }
    }
}

fn name_of(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some(r#""NaN""#)
    } else if value.is_infinite() {
        Some(if value > 0.0 { r#""Infinity""# } else { r#""-Infinity""# })
    } else {
        None
    }
}

/// JSON has only text as key, so the keys of other maps become their text.
fn text_keys(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::List(child) => {
            let list = array.as_list::<i32>();
            let values = text_keys(list.values())?;
            let child = Arc::new(child.as_ref().clone().with_data_type(values.data_type().clone()));
            Ok(Arc::new(ListArray::try_new(child, list.offsets().clone(), values, list.nulls().cloned())?))
        }
        DataType::Struct(fields) => {
            let source = array.as_struct();
            let children = source.columns().iter().map(text_keys).collect::<Result<Vec<_>>>()?;
            let fields: Vec<Field> = fields
                .iter()
                .zip(&children)
                .map(|(field, child)| field.as_ref().clone().with_data_type(child.data_type().clone()))
                .collect();
            let nulls = source.nulls().cloned();
            Ok(Arc::new(StructArray::try_new_with_length(fields.into(), children, nulls, array.len())?))
        }
        DataType::Map(_, _) => {
            let map = array.as_map();
            let (keys, values) = (cast(map.keys(), &DataType::Utf8)?, text_keys(map.values())?);
            let fields =
                vec![Field::new("key", DataType::Utf8, false), Field::new("value", values.data_type().clone(), true)];
            let entries = StructArray::try_new(fields.into(), vec![keys, values], None)?;
            let field = Arc::new(Field::new("key_value", entries.data_type().clone(), false));
            let map = MapArray::try_new(field, map.offsets().clone(), entries, map.nulls().cloned(), false)?;
            Ok(Arc::new(map))
        }
        _ => Ok(Arc::clone(array)),
    }
}
