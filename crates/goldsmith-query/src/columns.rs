//! Names of the columns that the engine adds to tables.

/// Bronze: version of the source table that delivered the row, BIGINT.
pub const SOURCE_VERSION: &str = "_source_version";
/// Bronze: when the row was taken over, TIMESTAMP.
pub const INGESTED_AT: &str = "_ingested_at";
/// Bronze and gold: the run that wrote the row, STRING.
pub const RUN_ID: &str = "_run_id";
/// Bronze: whether a merged row is still in the source, BOOLEAN.
pub const IS_PRESENT: &str = "_is_present";
/// Gold: when the row was written, TIMESTAMP.
pub const LOADED_AT: &str = "_loaded_at";

/// SCD2: first instant of a version, TIMESTAMP.
pub const VALID_FROM: &str = "valid_from";
/// SCD2: first instant after a version, null while open, TIMESTAMP.
pub const VALID_TO: &str = "valid_to";
/// SCD2: whether a version is open, BOOLEAN.
pub const IS_CURRENT: &str = "is_current";
/// SCD2: whether the entity is deleted in a version, BOOLEAN.
pub const IS_DELETED: &str = "is_deleted";

/// Surrogate key of the unknown member of every dimension.
pub const UNKNOWN_KEY: i64 = -1;

/// The columns that bronze adds to those of the source.
pub const METADATA: [&str; 4] = [SOURCE_VERSION, INGESTED_AT, RUN_ID, IS_PRESENT];

/// The columns that gold adds to every table, outside of every claim of equality.
pub const AUDIT: [&str; 2] = [RUN_ID, LOADED_AT];

/// Whether a column was added by bronze.
pub fn is_metadata(name: &str) -> bool {
    METADATA.contains(&name)
}
