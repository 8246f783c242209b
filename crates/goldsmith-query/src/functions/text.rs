//! Functions over text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use datafusion::error::DataFusionError;
use regex::Regex;

use crate::{QueryError, Result};

pub(super) fn first_match(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [texts, patterns] = arrays else { return Ok(Arc::new(StringArray::new_null(0))) };
    let (texts, patterns) = (texts.as_string::<i32>(), patterns.as_string::<i32>());
    // The pattern is nearly always a constant: keep the last one compiled.
    let mut compiled: Option<(&str, Regex)> = None;
    let mut found: Vec<Option<&str>> = Vec::with_capacity(texts.len());
    for (text, pattern) in texts.iter().zip(patterns.iter()) {
        let (Some(text), Some(pattern)) = (text, pattern) else {
            found.push(None);
            continue;
        };
        let regex = match compiled.take() {
            Some((source, regex)) if source == pattern => regex,
            _ => Regex::new(pattern).map_err(invalid_pattern)?,
        };
        found.push(regex.find(text).map(|found| found.as_str()));
        compiled = Some((pattern, regex));
    }
    Ok(Arc::new(StringArray::from(found)))
}

fn invalid_pattern(error: regex::Error) -> QueryError {
    QueryError::DataFusion { source: DataFusionError::External(Box::new(error)) }
}

/// What is wrong with a regular expression, if anything.
pub(crate) fn check_pattern(pattern: &str) -> Option<String> {
    Regex::new(pattern).err().map(|error| error.to_string())
}

pub(super) fn is_uuid(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [texts] = arrays else { return Ok(Arc::new(BooleanArray::new_null(0))) };
    let flags: BooleanArray = texts.as_string::<i32>().iter().map(|text| text.map(has_uuid_form)).collect();
    Ok(Arc::new(flags))
}

fn has_uuid_form(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_told_by_its_form() {
        for (text, expected) in [
            ("123e4567-e89b-12d3-a456-426614174000", true),
            ("123E4567-E89B-12D3-A456-426614174000", true),
            ("123e4567e89b12d3a456426614174000", false),
            ("123e4567-e89b-12d3-a456-42661417400g", false),
            ("123e4567-e89b-12d3-a456-4266141740000", false),
            ("System-User", false),
            ("", false),
        ] {
            assert_eq!(has_uuid_form(text), expected, "{text}");
        }
    }
}
