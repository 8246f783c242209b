//! Maps as JSON objects. Keys of JSON are text, and those of a map may have any type.

use arrow::array::{Array, AsArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};
use serde_json::Value;

/// Writes keys that are no text as the text of what JSON has for them: `1`, `true`, `2024-01-01`.
#[derive(Debug)]
pub(super) struct TextKeys;

impl EncoderFactory for TextKeys {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let Some(map) = array.as_map_opt() else { return Ok(None) };
        if matches!(map.key_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
            return Ok(None);
        }
        if map.keys().logical_null_count() > 0 {
            return Err(ArrowError::JsonError("a map has a key that is null".into()));
        }
        let keys = make_encoder(field, map.keys(), options)?;
        let values = make_encoder(field, map.values(), options)?;
        let encoder = MapEncoder { offsets: map.offsets().clone(), keys, values };
        Ok(Some(NullableEncoder::new(Box::new(encoder), map.nulls().cloned())))
    }
}

struct MapEncoder<'a> {
    offsets: OffsetBuffer<i32>,
    keys: NullableEncoder<'a>,
    values: NullableEncoder<'a>,
}

impl Encoder for MapEncoder<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let (start, end) = (self.offsets[row] as usize, self.offsets[row + 1] as usize);
        out.push(b'{');
        for at in start..end {
            if at > start {
                out.push(b',');
            }
            let begin = out.len();
            self.keys.encode(at, out);
            if out.get(begin) != Some(&b'"') {
                let key = Value::from(String::from_utf8_lossy(&out.split_off(begin)));
                out.extend_from_slice(key.to_string().as_bytes());
            }
            out.push(b':');
            if self.values.is_null(at) {
                out.extend_from_slice(b"null");
            } else {
                self.values.encode(at, out);
            }
        }
        out.push(b'}');
    }
}
