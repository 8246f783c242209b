//! What writers of a table have to know, and what our commits ask of readers and writers.

use deltalake::kernel::{Add, DataType, Metadata, MetadataExt, Protocol, StructType};
use serde_json::json;

use crate::error::{LakeError, Result};
use crate::table::Table;

/// The feature of a table that has deletion vectors.
const DELETION_VECTORS: &str = "deletionVectors";

/// Says whether writers shall make deletion vectors.
const ENABLE_DELETION_VECTORS: &str = "delta.enableDeletionVectors";

/// The feature of a table that keeps our positions.
const DOMAIN_METADATA: &str = "domainMetadata";

/// The feature of a table that has times without a zone.
const TIMESTAMP_NTZ: &str = "timestampNtz";

/// The feature of a table whose files have other names of columns.
const COLUMN_MAPPING: &str = "columnMapping";

/// Features of a writer that change nothing for appended or rewritten files of our kind, or that delta-rs takes care of.
const WRITABLE_FEATURES: &[&str] = &[
    "appendOnly",
    "invariants",
    "domainMetadata",
    TIMESTAMP_NTZ,
    "deletionVectors",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "checkpointProtection",
    "checkConstraints",
    "changeDataFeed",
    "generatedColumns",
    COLUMN_MAPPING,
];

/// The features that versions before 7 of the protocol stand for (Delta protocol, "Writer Version Requirements").
const LEGACY_FEATURES: &[(i32, &str)] = &[
    (2, "appendOnly"),
    (2, "invariants"),
    (3, "checkConstraints"),
    (4, "changeDataFeed"),
    (4, "generatedColumns"),
    (5, COLUMN_MAPPING),
    (6, "identityColumns"),
];

/// What writers have to know, by name; versions before 7 of the protocol name none, and stand for some.
fn writer_features(protocol: &Protocol) -> Vec<String> {
    match protocol.writer_features() {
        Some(features) => features.iter().map(ToString::to_string).collect(),
        None => {
            let known = LEGACY_FEATURES.iter().filter(|(version, _)| *version <= protocol.min_writer_version());
            known.map(|(_, name)| (*name).to_owned()).collect()
        }
    }
}

impl Table {
    /// Refuses tables on which our way of writing would break something that others rely on.
    pub(crate) fn check_writable(&self) -> Result<()> {
        let location = self.location.to_string();
        let refuse = |features: String| {
            Err(LakeError::UnsupportedFeature { location: location.clone(), features, access: "write" })
        };
        let snapshot = self.snapshot()?;
        let names = writer_features(snapshot.protocol());
        let unknown: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| !WRITABLE_FEATURES.contains(name)).collect();
        if !unknown.is_empty() {
            return refuse(unknown.join(", "));
        }
        let guards = self.guards()?;
        if !self.is_plain()? && !guards.column_mapping && !guards.partitions {
            return refuse("deletion vectors outside of the table".to_owned());
        }
        if snapshot.metadata().configuration().get("delta.appendOnly").is_some_and(|value| value == "true") {
            return refuse("appendOnly".to_owned());
        }
        Ok(())
    }

    /// Whether somebody told the table that it shall get no deletion vectors. A table that says nothing may get them.
    pub(crate) fn refuses_vectors(&self) -> Result<bool> {
        let wanted = self.snapshot()?.metadata().configuration().get(ENABLE_DELETION_VECTORS);
        Ok(wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case("false")))
    }

    /// Protocol and metadata that the table needs before a commit. A feature comes with the first commit that uses it: that of
    /// positions with our first one to a table that somebody else made, that of deletion vectors with the first vector, and that of
    /// times without a zone with the first such column or field, so that tables without any stay readable by software that does
    /// not know it.
    pub(crate) fn enable_features(
        &self,
        added: &[Add],
        has_position: bool,
        metadata: Option<Metadata>,
    ) -> Result<(Option<Protocol>, Option<Metadata>)> {
        let location = self.location.to_string();
        let snapshot = self.snapshot()?;
        let schema = metadata.as_ref().map(|metadata| metadata.parse_schema()).transpose();
        let schema = schema.map_err(|error| LakeError::delta(&location, error.into()))?;
        let has_vectors = added.iter().any(|add| add.deletion_vector.is_some());
        let mut of_both = features_of(schema.as_ref());
        if has_vectors {
            of_both.push(DELETION_VECTORS);
        }
        let of_writers: &[&str] = if has_position { &[DOMAIN_METADATA] } else { &[] };
        let Some(protocol) = self.protocol_with(of_writers, &of_both)? else {
            return Ok((None, metadata));
        };
        let metadata = match metadata {
            metadata if !has_vectors => metadata,
            metadata => Some(
                metadata
                    .unwrap_or_else(|| snapshot.metadata().clone())
                    .add_config_key(ENABLE_DELETION_VECTORS.to_owned(), "true".to_owned())
                    .map_err(|error| LakeError::delta(&location, error.into()))?,
            ),
        };
        Ok((Some(protocol), metadata))
    }

    /// The protocol of the table with what its staged columns ask for.
    pub(crate) fn protocol_of_staged(&self) -> Result<Protocol> {
        let features = features_of(self.staged.metadata().map(|(_, schema)| schema));
        match self.protocol_with(&[], &features)? {
            Some(protocol) => Ok(protocol),
            None => Ok(self.snapshot()?.protocol().clone()),
        }
    }

    /// The protocol of the table with further features of writers, and of readers and writers; none when it has them all.
    fn protocol_with(&self, of_writers: &[&str], of_both: &[&str]) -> Result<Option<Protocol>> {
        let protocol = self.snapshot()?.protocol();
        let mut writers = writer_features(protocol);
        let mut readers: Option<Vec<String>> =
            protocol.reader_features().map(|features| features.iter().map(ToString::to_string).collect());
        let mut is_changed = false;
        let mut enable = |features: &mut Vec<String>, name: &str| {
            if !features.iter().any(|known| known == name) {
                features.push(name.to_owned());
                is_changed = true;
            }
        };
        for name in of_writers.iter().chain(of_both).copied() {
            enable(&mut writers, name);
        }
        // Version 2 of the protocol of readers stands for one feature.
        let named = || if protocol.min_reader_version() == 2 { vec![COLUMN_MAPPING.to_owned()] } else { Vec::new() };
        for name in of_both.iter().copied() {
            enable(readers.get_or_insert_with(named), name);
        }
        if !is_changed {
            return Ok(None);
        }
        let text = match readers {
            Some(readers) => json!({
                "minReaderVersion": 3,
                "minWriterVersion": 7,
                "readerFeatures": readers,
                "writerFeatures": writers,
            }),
            None => json!({
                "minReaderVersion": protocol.min_reader_version(),
                "minWriterVersion": 7,
                "writerFeatures": writers,
            }),
        };
        let protocol = serde_json::from_value::<Protocol>(text);
        protocol.map(Some).map_err(|error| LakeError::delta(&self.location.to_string(), error.into()))
    }
}

/// What readers and writers have to know because of the types of a schema.
fn features_of(schema: Option<&StructType>) -> Vec<&'static str> {
    match schema {
        Some(schema) if has_times_without_zone(schema) => vec![TIMESTAMP_NTZ],
        _ => Vec::new(),
    }
}

/// Whether a column or anything inside of one has this type. What delta-rs has for that does not look into maps.
pub(crate) fn has_times_without_zone(schema: &StructType) -> bool {
    fn is_one(data_type: &DataType) -> bool {
        match data_type {
            DataType::Struct(fields) => has_times_without_zone(fields),
            DataType::Array(array) => is_one(array.element_type()),
            DataType::Map(map) => is_one(map.key_type()) || is_one(map.value_type()),
            other => *other == DataType::TIMESTAMP_NTZ,
        }
    }
    schema.fields().any(|field| is_one(field.data_type()))
}
