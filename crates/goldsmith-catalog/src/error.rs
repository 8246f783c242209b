//! What can be wrong with the names and places that are asked for.

/// A catalog or location for which no statement can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The name of the catalog or of a schema cannot be one in Unity Catalog.
    ///
    /// Source: Databricks, "Names": no period, space, slash or control character, at most 255 characters.
    #[error("`{name}` is no name of a {what}")]
    Name {
        /// `catalog` or `schema`.
        what: &'static str,
        /// What was given.
        name: String,
    },
    /// Tables of two layers would end in one schema.
    #[error("two layers have the schema `{schema}`")]
    SameSchema {
        /// The name of both.
        schema: String,
    },
    /// Tables of Unity Catalog cannot lie there.
    ///
    /// Source: Databricks, "Path rules and access in Unity Catalog volumes": tables cannot be defined on files in a volume.
    #[error("Unity Catalog has no tables at `{location}`")]
    Location {
        /// What was given.
        location: String,
    },
}

impl CatalogError {
    /// What to give instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Name { .. } => "use 1 to 255 characters without periods, spaces, slashes and control characters",
            Self::SameSchema { .. } => "give bronze, gold and quarantine a schema each",
            Self::Location { .. } => "use the cloud URL of an external location: `s3://`, `abfss://` or `gs://`",
        }
    }
}
