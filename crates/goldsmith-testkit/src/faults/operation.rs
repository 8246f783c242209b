//! Requests to a storage, and sets of them.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OperationKind {
    /// Content or metadata of an object.
    Get,
    /// Objects below a prefix.
    List,
    /// Writing an object at once.
    Put,
    /// Beginning to write an object in parts; nothing is there yet.
    StartUpload,
    /// One part of an object.
    PutPart,
    /// Making an object of its parts.
    CompleteUpload,
    /// Giving up an object that is written in parts.
    AbortUpload,
    /// Copying an object.
    Copy,
    /// Moving an object.
    Rename,
    /// Deleting an object.
    Delete,
}

impl OperationKind {
    /// Whether the request changes what the storage holds.
    pub fn is_mutating(self) -> bool {
        matches!(self, Self::Put | Self::PutPart | Self::CompleteUpload | Self::Copy | Self::Rename | Self::Delete)
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its number among all requests, from 1.
    pub number: u64,
    /// What it asks for.
    pub kind: OperationKind,
    /// The object or prefix, from the root of the storage; of a copy or move, where it goes.
    pub path: String,
}

/// A set of requests.
#[derive(Debug, Clone, Default)]
pub struct OperationClass {
    mutating: bool,
    below: Option<String>,
    ending: Option<String>,
}

impl OperationClass {
    /// All requests.
    pub fn all() -> Self {
        Self::default()
    }

    /// Requests that change what the storage holds.
    pub fn mutating() -> Self {
        Self { mutating: true, ..Self::default() }
    }

    /// Those of them whose path has this part, such as `/dim_job/_delta_log/`.
    #[must_use]
    pub fn below(mut self, part: impl Into<String>) -> Self {
        self.below = Some(part.into());
        self
    }

    /// Those of them whose path ends like this, such as `.checkpoint.parquet`.
    #[must_use]
    pub fn ending(mut self, end: impl Into<String>) -> Self {
        self.ending = Some(end.into());
        self
    }

    /// Whether a request is one of them.
    pub fn contains(&self, operation: &Operation) -> bool {
        (!self.mutating || operation.kind.is_mutating())
            && self.below.as_ref().is_none_or(|part| operation.path.contains(part.as_str()))
            && self.ending.as_ref().is_none_or(|end| operation.path.ends_with(end.as_str()))
    }
}
