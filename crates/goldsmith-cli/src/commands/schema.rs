//! `goldsmith schema`

use goldsmith::model::{FileKind, json_schema};

use super::{Context, Outcome};
use crate::args::SchemaKind;
use crate::error::Result;

impl From<SchemaKind> for FileKind {
    fn from(kind: SchemaKind) -> Self {
        match kind {
            SchemaKind::Project => Self::Project,
            SchemaKind::Bronze => Self::Bronze,
            SchemaKind::Gold => Self::Gold,
            SchemaKind::Test => Self::DataTest,
        }
    }
}

/// Prints the JSON Schema of a kind of model file.
pub(super) fn schema(context: &Context, kind: FileKind) -> Result<Outcome> {
    context.printer.json(&json_schema(kind))?;
    Ok(Outcome::Done)
}
