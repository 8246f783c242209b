//! Sources that are a list of named parts, such as the files of a directory.

use std::collections::HashMap;

use super::{ChangeCommit, FullReason, ReadKind, SeenFile, SourceFile, SourcePosition, SourceRead};

/// Says what has to be read to get from `position` to the `parts` that are there now. A part with a new name is an append, one that
/// differs from what the position knows of it a change. A part that vanished took nothing back: what was read stays read.
pub fn plan_parts(identity: &str, parts: &[SeenFile], position: Option<&SourcePosition>) -> SourceRead {
    let source_file = |part: &SeenFile, version| SourceFile {
        path: part.name.clone(),
        version,
        size: part.size,
        rows: None,
        read_at: version,
    };
    let position_at = |version| SourcePosition { files: parts.to_vec(), ..SourcePosition::at(identity, version) };
    let full = |reason| SourceRead {
        kind: ReadKind::Full { reason },
        files: parts.iter().map(|part| source_file(part, 0)).collect(),
        may_repeat: false,
        changes: Vec::new(),
        compactions_skipped: 0,
        new_position: position_at(0),
    };
    let Some(position) = position else {
        return full(FullReason::FirstRead);
    };
    if position.identity != identity {
        return full(FullReason::Recreated { before: position.identity.clone(), now: identity.to_owned() });
    }
    let seen: HashMap<&str, &SeenFile> = position.files.iter().map(|part| (part.name.as_str(), part)).collect();
    let version = position.version + 1;
    let mut files = Vec::new();
    let mut replaced = Vec::new();
    for part in parts {
        match seen.get(part.name.as_str()) {
            None => files.push(source_file(part, version)),
            Some(before) if !before.is_same(part) => replaced.push(source_file(part, version)),
            Some(_) => {}
        }
    }
    if files.is_empty() && replaced.is_empty() {
        return SourceRead {
            kind: ReadKind::Nothing,
            files,
            may_repeat: false,
            changes: Vec::new(),
            compactions_skipped: 0,
            new_position: position_at(position.version),
        };
    }
    let changes = if replaced.is_empty() {
        Vec::new()
    } else {
        vec![ChangeCommit {
            version,
            operation: Some("REPLACE FILES".to_owned()),
            removed_files: replaced.len(),
            changed_files: replaced,
            rows_deleted: None,
        }]
    };
    SourceRead {
        kind: ReadKind::Appends,
        files,
        may_repeat: false,
        changes,
        compactions_skipped: 0,
        new_position: position_at(version),
    }
}
