//! Whether a gold table must be touched, and how.

use std::collections::BTreeMap;

use crate::position::{GoldPosition, InputName, InputPosition};

/// State of one input at the time of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputState {
    /// Which input.
    pub name: InputName,
    /// Where it stands; none: the table does not exist.
    pub position: Option<InputPosition>,
    /// Whether it will move further before the gold table is built (known when planning ahead).
    pub pending: bool,
    /// The operation by which another engine took rows that the gold table may contain, so that what came since does not tell all.
    pub taken_by: Option<String>,
}

/// State of a gold table at the time of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldState {
    /// Whether the table exists.
    pub exists: bool,
    /// The position it records.
    pub position: Option<GoldPosition>,
    /// Who changed its rows last.
    pub last_writer: LastWriter,
}

impl GoldState {
    /// Whether the table was made from a later version of an input than `position`: another run has come further than this one has looked.
    pub fn is_ahead_of(&self, input: &InputName, position: Option<&InputPosition>) -> bool {
        let recorded = self.position.as_ref().and_then(|recorded| recorded.inputs.get(&input.to_string()));
        match (recorded, position) {
            (Some(recorded), Some(now)) => recorded.table_id == now.table_id && recorded.version > now.version,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

/// Who changed the rows of a gold table last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastWriter {
    /// This engine, or nobody yet.
    #[default]
    Own,
    /// Another engine that told its position, which is a lower bound.
    Told,
    /// Somebody who tells nothing.
    Foreign,
}

/// Why a table is built from all of bronze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RebuildReason {
    /// It does not exist, or was created and never filled.
    New,
    /// Something else than an engine of ours changed its rows.
    Foreign,
    /// The user asked for it.
    FullRefresh,
    /// Its model changed since it was built.
    ModelChanged,
    /// An input was dropped and created anew.
    InputReplaced(String),
    /// Another engine took rows from an input.
    RowsTaken {
        /// The input.
        input: String,
        /// The operation of the other engine.
        by: String,
    },
}

impl std::fmt::Display for RebuildReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("the table is new"),
            Self::Foreign => f.write_str("another writer changed its rows, and does not tell how far it has come"),
            Self::FullRefresh => f.write_str("a full refresh was asked for"),
            Self::ModelChanged => f.write_str("its model changed"),
            Self::InputReplaced(input) => write!(f, "its input `{input}` was created anew"),
            Self::RowsTaken { input, by } => write!(f, "`{by}` of another engine took rows from its input `{input}`"),
        }
    }
}

/// What must be done with a gold table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoldAction {
    /// Nothing: all inputs stand where the table has them.
    UpToDate,
    /// Build it from all of bronze.
    Rebuild(RebuildReason),
    /// Recompute what the named inputs changed.
    Incremental {
        /// Inputs that moved, with the version up to which the table contains them.
        /// None: the input did not exist then. Empty: just the position is taken down.
        changed: BTreeMap<InputName, Option<u64>>,
    },
}

/// Decides what must be done with a gold table.
///
/// The rule is a comparison of what the table itself records with where its inputs stand: no clock, no
/// filter on dates already seen, no state beside the table.
pub fn decide_gold(fingerprint: &str, state: &GoldState, inputs: &[InputState], full_refresh: bool) -> GoldAction {
    if state.exists && state.last_writer == LastWriter::Foreign {
        return GoldAction::Rebuild(RebuildReason::Foreign);
    }
    let position = match (&state.position, state.exists) {
        (Some(position), true) => position,
        _ => return GoldAction::Rebuild(RebuildReason::New),
    };
    if full_refresh {
        return GoldAction::Rebuild(RebuildReason::FullRefresh);
    }
    if position.fingerprint != fingerprint {
        return GoldAction::Rebuild(RebuildReason::ModelChanged);
    }
    let mut changed = BTreeMap::new();
    for input in inputs {
        let recorded = position.inputs.get(&input.name.to_string());
        match (recorded, &input.position) {
            (Some(recorded), Some(now)) if recorded.table_id != now.table_id => {
                // Surrogates are functions of business keys, so a dimension that was built anew only needs
                // its look-ups compared again; rows of a replaced bronze table must all be read.
                if matches!(input.name, InputName::Bronze(_)) {
                    return GoldAction::Rebuild(RebuildReason::InputReplaced(input.name.to_string()));
                }
                changed.insert(input.name.clone(), None);
            }
            (Some(recorded), Some(now)) if recorded.version != now.version || input.pending => {
                if let Some(by) = &input.taken_by {
                    return GoldAction::Rebuild(RebuildReason::RowsTaken {
                        input: input.name.to_string(),
                        by: by.clone(),
                    });
                }
                changed.insert(input.name.clone(), Some(recorded.version));
            }
            (None, Some(_)) => {
                changed.insert(input.name.clone(), None);
            }
            (None, None) | (Some(_), None) if input.pending => {
                changed.insert(input.name.clone(), None);
            }
            _ => {}
        }
    }
    // What another engine told becomes the table's own record with a commit.
    if changed.is_empty() && state.last_writer == LastWriter::Own {
        GoldAction::UpToDate
    } else {
        GoldAction::Incremental { changed }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    fn at(version: u64) -> Option<InputPosition> {
        Some(InputPosition { table_id: "t".into(), version })
    }

    fn input(version: Option<InputPosition>, pending: bool) -> InputState {
        InputState { name: InputName::Bronze("billing.usage".into()), position: version, pending, taken_by: None }
    }

    fn robbed(version: Option<InputPosition>) -> InputState {
        InputState { taken_by: Some("DELETE".into()), ..input(version, false) }
    }

    fn built(version: Option<u64>) -> GoldState {
        let inputs = version
            .map(|v| ("bronze:billing.usage".to_string(), InputPosition { table_id: "t".into(), version: v }))
            .into_iter()
            .collect();
        GoldState { exists: true, position: Some(GoldPosition::new("f".into(), inputs)), last_writer: LastWriter::Own }
    }

    fn incremental(from: Option<u64>) -> GoldAction {
        GoldAction::Incremental { changed: [(InputName::Bronze("billing.usage".into()), from)].into() }
    }

    #[test]
    fn decisions_follow_from_recorded_and_present_positions() {
        let replaced = InputPosition { table_id: "other".into(), version: 1 };
        let new = GoldState { exists: false, position: None, last_writer: LastWriter::Own };
        let never_filled = GoldState { exists: true, ..new.clone() };
        let foreign = GoldState { last_writer: LastWriter::Foreign, ..built(Some(3)) };
        let told = GoldState { last_writer: LastWriter::Told, ..built(Some(3)) };
        let nothing = GoldAction::Incremental { changed: BTreeMap::new() };
        let cases = [
            ("absent", new, "f", input(at(3), false), false, GoldAction::Rebuild(RebuildReason::New)),
            (
                "created, crashed before its rows",
                never_filled,
                "f",
                input(at(3), false),
                false,
                GoldAction::Rebuild(RebuildReason::New),
            ),
            (
                "changed by somebody else",
                foreign,
                "f",
                input(at(3), false),
                false,
                GoldAction::Rebuild(RebuildReason::Foreign),
            ),
            ("told by another engine, nothing new", told, "f", input(at(3), false), false, nothing),
            ("same version", built(Some(3)), "f", input(at(3), false), false, GoldAction::UpToDate),
            ("later version", built(Some(3)), "f", input(at(5), false), false, incremental(Some(3))),
            ("will move", built(Some(3)), "f", input(at(3), true), false, incremental(Some(3))),
            ("input appeared", built(None), "f", input(at(0), false), false, incremental(None)),
            ("input still absent", built(None), "f", input(None, false), false, GoldAction::UpToDate),
            (
                "model changed",
                built(Some(3)),
                "g",
                input(at(3), false),
                false,
                GoldAction::Rebuild(RebuildReason::ModelChanged),
            ),
            (
                "asked for",
                built(Some(3)),
                "f",
                input(at(3), false),
                true,
                GoldAction::Rebuild(RebuildReason::FullRefresh),
            ),
            (
                "input replaced",
                built(Some(3)),
                "f",
                input(Some(replaced), false),
                false,
                GoldAction::Rebuild(RebuildReason::InputReplaced("bronze:billing.usage".into())),
            ),
            (
                "rows taken by another engine",
                built(Some(3)),
                "f",
                robbed(at(5)),
                false,
                GoldAction::Rebuild(RebuildReason::RowsTaken {
                    input: "bronze:billing.usage".into(),
                    by: "DELETE".into(),
                }),
            ),
            ("rows taken before it was built", built(Some(5)), "f", robbed(at(5)), false, GoldAction::UpToDate),
        ];
        for (name, state, fingerprint, input, full_refresh, expected) in cases {
            assert_eq!(decide_gold(fingerprint, &state, &[input], full_refresh), expected, "{name}");
        }
    }

    #[test]
    fn a_table_is_ahead_of_an_input_that_was_seen_earlier() {
        let bronze = InputName::Bronze("billing.usage".into());
        let replaced = InputPosition { table_id: "other".into(), version: 1 };
        for (position, expected) in
            [(at(2), true), (at(3), false), (at(4), false), (Some(replaced), false), (None, true)]
        {
            assert_eq!(built(Some(3)).is_ahead_of(&bronze, position.as_ref()), expected, "{position:?}");
        }
        assert!(!built(None).is_ahead_of(&bronze, None));
    }

    #[test]
    fn position_text_is_stable_and_round_trips() {
        let position = built(Some(3)).position.expect("built");
        let again = GoldPosition::parse(&position.to_text()).expect("parses");
        assert_eq!(again, position);
        assert_eq!(again.to_text(), position.to_text());
    }
}
