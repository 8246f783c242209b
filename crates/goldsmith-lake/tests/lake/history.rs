//! What a table must hold after commits one after the other, as a map tells.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::kernels::cmp::gt;
use goldsmith_lake::{Preference, UpsertReport, UpsertRequest};

use crate::support::{names, timeline, versions};

/// Identifier, time and name; the first two are the key.
pub type Row<'a> = (&'a str, i64, &'a str);

/// What an upsert does with rows that it finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It replaces those of its keys.
    Plain,
    /// It replaces all of its identifiers.
    Timeline,
    /// It replaces those of its keys, unless their names are greater.
    GreaterStays,
    /// The same, as names are the sequence.
    Sequence,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Timeline, Self::GreaterStays, Self::Sequence];
}

/// The rows by key: name, and the run that wrote it.
#[derive(Debug, Clone, Default)]
pub struct History(BTreeMap<(String, i64), (String, String)>);

fn batch(rows: &[Row<'_>], run: &str) -> RecordBatch {
    let rows: Vec<(Option<&str>, i64, &str, &str)> =
        rows.iter().map(|(id, time, name)| (Some(*id), *time, *name, run)).collect();
    versions(&rows)
}

impl History {
    pub fn append(&mut self, rows: &[Row<'_>], run: &str) -> RecordBatch {
        for (id, time, name) in rows {
            self.0.insert(((*id).to_owned(), *time), ((*name).to_owned(), run.to_owned()));
        }
        batch(rows, run)
    }

    /// Does an upsert, and gives its request with the numbers that it has to report.
    pub fn upsert(&mut self, kind: Kind, rows: &[Row<'_>], run: &str) -> (UpsertRequest, [u64; 5]) {
        let (mut inserted, mut updated, mut unchanged, mut outranked) = (0, 0, 0, 0);
        let before = self.0.len();
        if kind == Kind::Timeline {
            let ids: BTreeSet<&str> = rows.iter().map(|row| row.0).collect();
            let keys: BTreeSet<(&str, i64)> = rows.iter().map(|row| (row.0, row.1)).collect();
            self.0.retain(|(id, time), _| !ids.contains(id.as_str()) || keys.contains(&(id.as_str(), *time)));
        }
        let deleted = (before - self.0.len()) as u64;
        for (id, time, name) in rows {
            let key = ((*id).to_owned(), *time);
            match self.0.get(&key) {
                None => inserted += 1,
                Some((held, _)) if held == name => {
                    unchanged += 1;
                    continue;
                }
                Some((held, _)) if [Kind::GreaterStays, Kind::Sequence].contains(&kind) && held.as_str() > *name => {
                    outranked += 1;
                    continue;
                }
                Some(_) => updated += 1,
            }
            self.0.insert(key, ((*name).to_owned(), run.to_owned()));
        }
        let mut request = timeline(vec![batch(rows, run)]);
        if kind != Kind::Timeline {
            request.group = request.key.clone();
            request.delete_missing_in_group = false;
        }
        if kind == Kind::GreaterStays {
            let held_stays = |held: &RecordBatch, new: &RecordBatch| {
                gt(held.column_by_name("name").unwrap(), new.column_by_name("name").unwrap())
            };
            request.preference = Some(Preference { columns: Vec::new(), held_stays: Arc::new(held_stays) });
        }
        if kind == Kind::Sequence {
            request.sequence = names(&["name"]);
        }
        (request, [inserted, updated, deleted, unchanged, outranked])
    }

    /// The numbers of a report, in the order of those that an upsert has to report.
    pub fn fates(report: &UpsertReport) -> [u64; 5] {
        [report.inserted, report.updated, report.deleted, report.unchanged, report.outranked]
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The rows as a scan of the table shows them, sorted.
    pub fn lines(&self) -> Vec<String> {
        let line = |((id, time), (name, run)): (&(String, i64), &(String, String))| {
            let time = if *time == 0 { String::new() } else { format!(".00000{time}") };
            format!("{id}|1970-01-01T00:00:00{time}Z|{name}|{run}")
        };
        let mut lines: Vec<String> = self.0.iter().map(line).collect();
        lines.sort();
        lines
    }
}
