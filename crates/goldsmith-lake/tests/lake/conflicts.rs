//! Upserts that somebody else overtook: they look again at what the winner touched, and end as if they had begun after it.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use goldsmith_lake::{CommitRequest, ErrorKind, Table, UpsertReport, UpsertRequest, WriteMode, WrittenFiles, upsert};

use crate::history::{History, Kind, Row};
use crate::races::{filled, unreferenced};
use crate::support::{Place, append, apply, pairs, pairs_schema, request, rows, versions};

/// What the other writer does first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Winner {
    AppendsOthers,
    AppendsOurNewRow,
    AppendsOurKey,
    ChangesWhatWeFoundEqual,
    DeletesWhatWeFoundEqual,
    MakesOurChange,
    MakesAllOurChanges,
    DeletesAGroup,
    Compacts,
    ChangesAndCompacts,
}

impl Winner {
    const ALL: [Self; 10] = [
        Self::AppendsOthers,
        Self::AppendsOurNewRow,
        Self::AppendsOurKey,
        Self::ChangesWhatWeFoundEqual,
        Self::DeletesWhatWeFoundEqual,
        Self::MakesOurChange,
        Self::MakesAllOurChanges,
        Self::DeletesAGroup,
        Self::Compacts,
        Self::ChangesAndCompacts,
    ];

    async fn act(self, table: &mut Table, history: &mut History, write_mode: WriteMode) {
        let (kind, changed): (Kind, &[Row<'_>]) = match self {
            Self::AppendsOthers | Self::AppendsOurNewRow | Self::AppendsOurKey => {
                let row = match self {
                    Self::AppendsOthers => ("z", 0, "w"),
                    Self::AppendsOurNewRow => ("g", 0, "n"),
                    _ => ("g", 0, "w"),
                };
                return append(table, &history.append(&[row], "winner"), None, "winner").await;
            }
            Self::ChangesWhatWeFoundEqual | Self::ChangesAndCompacts => (Kind::Plain, &[("a", 0, "w")]),
            Self::DeletesWhatWeFoundEqual => (Kind::Timeline, &[("a", 1, "m")]),
            Self::MakesOurChange => (Kind::Plain, &[("a", 1, "n")]),
            Self::MakesAllOurChanges => (Kind::Timeline, OURS),
            Self::DeletesAGroup => (Kind::Timeline, &[("c", 7, "w")]),
            Self::Compacts => (Kind::Plain, &[]),
        };
        if self != Self::Compacts {
            let request = history.upsert(kind, changed, "winner").0;
            apply(table, UpsertRequest { write_mode, ..request }).await;
        }
        if matches!(self, Self::Compacts | Self::ChangesAndCompacts) {
            assert!(table.compact("winner", false).await.unwrap().version.is_some());
        }
    }
}

/// Rows that are equal, that differ, and one that is new.
const OURS: &[Row<'_>] = &[("a", 0, "m"), ("a", 1, "n"), ("c", 0, "b"), ("e", 0, "m"), ("g", 0, "n")];

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_ends_as_if_it_had_begun_after_the_winner() {
    let place = Place::new();
    let start = filled(&place).await;
    let base = place.dir.path().join("t");
    for (number, winner) in Winner::ALL.into_iter().enumerate() {
        // Files are so small that `Auto` rewrites them as well.
        for write_mode in [WriteMode::MergeOnRead, WriteMode::CopyOnWrite] {
            for kind in Kind::ALL {
                let case = format!("{winner:?} {write_mode:?} {kind:?}");
                let names = ["raced", "after"].map(|name| format!("{name}-{number}-{write_mode:?}-{kind:?}"));
                let mut reports = Vec::new();
                for name in &names {
                    copy(&base, &place.dir.path().join(name));
                    let mut history = start.clone();
                    let mut stale = place.open(name).await;
                    winner.act(&mut place.open(name).await, &mut history, write_mode).await;
                    let mut table = if name.starts_with("raced") { stale } else { place.open(name).await };
                    let (request, fates) = history.upsert(kind, OURS, "ours");
                    let report = upsert(&mut table, UpsertRequest { write_mode, ..request }).await.expect(&case);
                    assert_eq!(History::fates(&report), fates, "{case} {name}");
                    stale = place.open(name).await;
                    assert_eq!(rows(&stale).await, history.lines(), "{case} {name}");
                    assert_eq!(stale.num_rows().await.unwrap(), history.len() as u64, "{case} {name}");
                    assert_eq!(unreferenced(&place, name), Vec::<String>::new(), "{case} {name}");
                    reports.push(report);
                }
                let again = reports[0].files_reprobed;
                assert_eq!(again > 0, winner != Winner::AppendsOthers, "{case} looked into {again} files again");
                assert_eq!(reports[0], UpsertReport { files_reprobed: again, ..reports[1] }, "{case}");
                for name in names {
                    std::fs::remove_dir_all(place.dir.path().join(name)).unwrap();
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_stays_when_the_row_before_it_goes() {
    for first in [0, 1] {
        let place = Place::new();
        let mut table = place.create("t", pairs_schema()).await;
        for other in [7, 8] {
            append(&mut table, &pairs(&[(1, "a"), (other, "x")]), None, "r").await;
        }
        let mut ours = place.open("t").await;
        let removed = vec![table.files().unwrap()[first].path.clone()];
        let _ = table.commit(CommitRequest { removed, ..CommitRequest::default() }).await.unwrap();
        let report = apply(&mut ours, request(vec![pairs(&[(1, "a"), (2, "b")])])).await;
        assert_eq!((report.inserted, report.unchanged, report.deleted), (1, 1, 0), "{report:?}");
        let found = rows(&place.open("t").await).await;
        assert_eq!(found.iter().filter(|row| *row == "1|a").count(), 1, "{found:?}");
        assert_eq!(found.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_goes_takes_what_came_to_it_meanwhile() {
    let place = Place::new();
    let mut history = filled(&place).await;
    let mut ours = place.open("t").await;
    let came = history.append(&[("s", 5, "w"), ("z", 0, "w")], "winner");
    append(&mut place.open("t").await, &came, None, "winner").await;
    let (emptied, _) = history.upsert(Kind::Timeline, &[], "ours");
    let gone = versions(&[(Some("s"), 0, "", "")]);
    let report = apply(&mut ours, UpsertRequest { rows: Vec::new(), extra_groups: Some(gone), ..emptied }).await;
    assert_eq!((report.deleted, report.rows_copied, report.files_reprobed), (2, 2, 1), "{report:?}");
    let kept = history.lines().into_iter().filter(|line| !line.starts_with("s|")).collect::<Vec<_>>();
    assert_eq!(rows(&place.open("t").await).await, kept);
    assert_eq!(unreferenced(&place, "t"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_winner_left_nothing_of_is_not_committed() {
    let place = Place::new();
    let mut history = filled(&place).await;
    let mut ours = place.open("t").await;
    let mut table = place.open("t").await;
    Winner::MakesAllOurChanges.act(&mut table, &mut history, WriteMode::Auto).await;
    let (request, fates) = history.upsert(Kind::Timeline, OURS, "ours");
    let report = apply(&mut ours, request).await;
    assert_eq!((History::fates(&report), report.version), (fates, None));
    assert_eq!(place.open("t").await.version(), table.version());
    assert_eq!(unreferenced(&place, "t"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_that_stay_conflicts_leave_no_file() {
    let place = Place::new();
    let start = filled(&place).await;
    let base = place.dir.path().join("t");
    for (name, cause, why) in [
        ("position", "moved the position", "another run was faster"),
        ("columns", "rows were added", "the columns changed"),
        ("staged", "rows were added", "who stages has to see changes of others"),
        ("several", "rows were added", "who stages several upserts has to see them as well"),
        ("files", "was removed", "who names a file means that file"),
    ] {
        copy(&base, &place.dir.path().join(name));
        let mut history = start.clone();
        let mut ours = place.open(name).await;
        let held: Vec<String> = ours.files().unwrap().into_iter().map(|file| file.path).collect();
        let mut winner = place.open(name).await;
        match name {
            "position" => {
                let rows = versions(&[(Some("z"), 0, "w", "winner")]);
                append(&mut winner, &rows, Some("theirs"), "winner").await;
            }
            "columns" => {
                winner.add_columns(&[Arc::new(Field::new("more", DataType::Int64, true))]).unwrap();
                let rows = versions(&[(Some("z"), 0, "w", "winner")]);
                let mut request = CommitRequest::default();
                let mut writer = place.open(name).await.writer().unwrap();
                writer.write(&rows).await.unwrap();
                request.added = writer.finish().await.unwrap();
                let _ = winner.commit(request).await.unwrap();
            }
            "staged" | "several" => Winner::AppendsOthers.act(&mut winner, &mut history, WriteMode::Auto).await,
            _ => Winner::Compacts.act(&mut winner, &mut history, WriteMode::Auto).await,
        }
        let (request, _) = history.clone().upsert(Kind::Plain, OURS, "ours");
        let stage = !["position", "columns"].contains(&name);
        let mut done = upsert(&mut ours, UpsertRequest { stage, ..request }).await.map(|_| ());
        if name == "several" {
            let (request, _) = history.upsert(Kind::Plain, &[("h", 0, "n")], "ours");
            done = upsert(&mut ours, UpsertRequest { stage, ..request }).await.map(|_| ());
        }
        if name == "files" {
            let kept = ours.files().unwrap().into_iter().find(|file| held.contains(&file.path)).unwrap();
            ours.stage(WrittenFiles::default(), &[kept.path]).await;
        }
        if stage {
            done.unwrap();
            done = ours.commit(CommitRequest::default()).await.map(|_| ());
        }
        let error = done.expect_err(why);
        assert!(error.kind() == ErrorKind::Conflict && error.is_retryable(), "{name}: {error}");
        assert!(error.to_string().contains(cause), "{name}: {error}");
        assert_eq!(unreferenced(&place, name), Vec::<String>::new(), "{name}");
    }
}
