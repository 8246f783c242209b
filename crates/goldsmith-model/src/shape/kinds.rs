//! Which keys go with which kind of gold table.

use crate::syntax::{Node, Scalar};

/// Kind of a gold table, as far as the keys of its file tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    EventFact,
    SlicedRunFact,
    Scd1,
    Scd2,
    Interval,
    Aggregate,
    Calendar,
}

use Kind::{Aggregate, Calendar, EventFact, Interval, Scd1, Scd2, SlicedRunFact};

/// Keys of a gold file that only some kinds have: kinds that need it, kinds that may have it.
pub(crate) const KIND_KEYS: &[(&str, &[Kind], &[Kind])] = &[
    ("scd", &[Scd1, Scd2, Interval, Aggregate, Calendar], &[]),
    ("source", &[EventFact, SlicedRunFact, Scd1, Scd2, Interval], &[]),
    ("event_time", &[EventFact, SlicedRunFact], &[]),
    ("dimensions", &[], &[EventFact, SlicedRunFact]),
    ("sequence_by", &[], &[EventFact, Scd1, Scd2, Interval]),
    ("exclude", &[], &[EventFact, SlicedRunFact, Scd1, Scd2, Interval]),
    ("fold", &[SlicedRunFact], &[]),
    ("delete_time", &[], &[Scd2]),
    ("untracked", &[], &[Scd2]),
    ("interval", &[Interval], &[]),
    ("members", &[Aggregate], &[]),
    ("aggregate", &[Aggregate], &[]),
    ("empty_is_null", &[], &[Aggregate]),
    ("calendar", &[Calendar], &[]),
    ("conserves", &[], &[EventFact, SlicedRunFact, Scd1, Interval]),
    ("derived", &[], &[EventFact, SlicedRunFact, Scd1, Scd2, Interval, Aggregate]),
];

impl Kind {
    /// The kind of a gold file; none when `kind` or `scd` are missing or wrong.
    pub(crate) fn of(file: &Node) -> Option<Self> {
        let has = |key: &str| file.get(key).is_some();
        match file.get("kind")?.scalar()? {
            Scalar::Text("fact") if has("fold") => Some(SlicedRunFact),
            Scalar::Text("fact") => Some(EventFact),
            Scalar::Text("dimension") => match file.get("scd")?.scalar()? {
                Scalar::Integer(1) | Scalar::Text("1") if has("members") || has("aggregate") => Some(Aggregate),
                Scalar::Integer(1) | Scalar::Text("1") if has("calendar") => Some(Calendar),
                Scalar::Integer(1) | Scalar::Text("1") => Some(Scd1),
                Scalar::Integer(2) | Scalar::Text("2") => Some(Scd2),
                Scalar::Text("interval") => Some(Interval),
                _ => None,
            },
            _ => None,
        }
    }

    /// What such a table is called in messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            EventFact => "fact",
            SlicedRunFact => "fact with `fold`",
            Scd1 => "dimension with `scd: 1`",
            Scd2 => "dimension with `scd: 2`",
            Interval => "dimension with `scd: interval`",
            Aggregate => "dimension with `members`",
            Calendar => "calendar dimension",
        }
    }
}
