//! A run is what its slices say, by the rules of the shipped model.

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, ListBuilder, RecordBatch, StringBuilder};
use goldsmith_model::{Fold, GoldKind, load_embedded};
use goldsmith_query::fold::{FoldSpec, fold};
use proptest::prelude::*;
use proptest::sample::select;

use super::{arrival, holds, instant, owned, word};
use crate::world::*;

const HOUR: i64 = 3_600_000_000;

/// One slice of a run.
#[derive(Debug, Clone, PartialEq)]
struct Slice {
    run: Option<&'static str>,
    start: Option<i64>,
    end: Option<i64>,
    state: Option<&'static str>,
    code: Option<&'static str>,
    trigger: Option<&'static str>,
    ids: Option<Vec<Option<&'static str>>>,
}

/// Content in the order of the column names: compute_ids, result_state, termination_code, trigger_type.
type Content<'a> = (Option<Vec<Option<&'a str>>>, Option<&'a str>, Option<&'a str>, Option<&'a str>);

impl Slice {
    fn content(&self) -> Content<'_> {
        (self.ids.clone(), self.state, self.code, self.trigger)
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Run {
    run: Option<String>,
    start: Option<i64>,
    seen: Option<i64>,
    state: Option<String>,
    code: Option<String>,
    trigger: Option<String>,
    ids: Option<Vec<String>>,
    slices: i64,
    attempts: i64,
    seconds: Option<i64>,
    is_running: bool,
}

fn slice() -> impl Strategy<Value = Slice> {
    let run = select(&[None, Some(""), Some("r"), Some("日")][..]);
    let bound = || prop::option::weighted(0.93, instant());
    let state = prop::option::weighted(0.4, select(&["FAILED", "SUCCEEDED"][..]));
    let ids = prop::option::weighted(0.5, prop::collection::vec(word(), 0..3));
    (run, bound(), bound(), state, word(), word(), ids).prop_map(|(run, start, end, state, code, trigger, ids)| Slice {
        run,
        start,
        end,
        state,
        code,
        trigger,
        ids,
    })
}

fn slices() -> impl Strategy<Value = Vec<Slice>> {
    prop::collection::vec(slice(), 0..16)
}

fn lists(slices: &[Slice]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for slice in slices {
        for id in slice.ids.iter().flatten() {
            builder.values().append_option(*id);
        }
        builder.append(slice.ids.is_some());
    }
    Arc::new(builder.finish())
}

fn rows(slices: &[Slice]) -> RecordBatch {
    let of = |get: fn(&Slice) -> Option<&'static str>| texts(slices.iter().map(|slice| owned(get(slice))));
    let constant = |text: &str| texts(slices.iter().map(|_| Some(text.to_owned())));
    batch(vec![
        ("workspace_id", constant("w")),
        ("job_id", constant("j")),
        ("run_id", of(|slice| slice.run)),
        ("period_start_time", instants(slices.iter().map(|slice| slice.start))),
        ("period_end_time", instants(slices.iter().map(|slice| slice.end))),
        ("trigger_type", of(|slice| slice.trigger)),
        ("result_state", of(|slice| slice.state)),
        ("compute_ids", lists(slices)),
        ("termination_code", of(|slice| slice.code)),
    ])
}

/// The rules for runs of jobs in the shipped model.
fn rules() -> &'static (FoldSpec, Fold) {
    static RULES: OnceLock<(FoldSpec, Fold)> = OnceLock::new();
    RULES.get_or_init(|| {
        let model = load_embedded().unwrap().model;
        let table = &model.gold["fact_job_run_timeline"];
        let GoldKind::SlicedRunFact { source, fold } = &table.kind else { panic!("runs of jobs are folded") };
        let bronze = &model.bronze[source];
        let spec = FoldSpec {
            key: table.key.clone(),
            natural_key: bronze.natural_key.clone(),
            sequence: bronze.sequence_by.clone(),
        };
        (spec, fold.clone())
    })
}

fn folded(slices: &[Slice]) -> Vec<Run> {
    let (spec, rules) = rules();
    let runs = fold(&rows(slices), spec, rules).unwrap();
    let ids = runs["compute_ids"].as_list::<i32>();
    (0..runs.num_rows())
        .map(|row| Run {
            run: text_at(&runs, "run_id", row),
            start: instant_at(&runs, "run_start_time", row),
            seen: instant_at(&runs, "last_seen_time", row),
            state: text_at(&runs, "result_state", row),
            code: text_at(&runs, "termination_code", row),
            trigger: text_at(&runs, "trigger_type", row),
            ids: ids
                .is_valid(row)
                .then(|| ids.value(row).as_string::<i32>().iter().map(|id| id.unwrap().to_owned()).collect()),
            slices: int_at(&runs, "slice_count", row).unwrap(),
            attempts: int_at(&runs, "attempt_count", row).unwrap(),
            seconds: int_at(&runs, "run_duration_seconds", row),
            is_running: flag_at(&runs, "is_running", row).unwrap(),
        })
        .collect()
}

/// One slice after the other: the known version of a slice goes when the new one ends later, or holds more.
fn reference(slices: &[Slice]) -> Vec<Run> {
    let mut known: Vec<&Slice> = Vec::new();
    for slice in slices {
        match known.iter_mut().find(|other| (other.run, other.start) == (slice.run, slice.start)) {
            Some(other) => {
                if (slice.end, slice.content()) > (other.end, other.content()) {
                    *other = slice;
                }
            }
            None => known.push(slice),
        }
    }
    known.sort_by_key(|slice| (slice.run, slice.start));
    let mut runs: Vec<Run> = Vec::new();
    for slice in known {
        if runs.last().is_none_or(|run| run.run != owned(slice.run)) {
            runs.push(Run { run: owned(slice.run), seconds: Some(0), ..Run::default() });
        }
        let run = runs.last_mut().unwrap();
        step(run, slice);
    }
    for run in &mut runs {
        run.seconds = run.seconds.map(|micros| micros / 1_000_000);
    }
    runs
}

/// Takes the next slice of a run in; the duration is in microseconds until the end.
fn step(run: &mut Run, slice: &Slice) {
    run.start = [run.start, slice.start].into_iter().flatten().min();
    run.seen = [run.seen, slice.end].into_iter().flatten().max();
    if slice.state.is_some() {
        run.state = owned(slice.state);
        run.code = owned(slice.code);
        run.attempts += 1;
    }
    if slice.trigger.is_some() {
        run.trigger = owned(slice.trigger);
    }
    if let Some(ids) = &slice.ids {
        let known = run.ids.get_or_insert_default();
        for id in ids.iter().flatten() {
            if !known.iter().any(|other| other == id) {
                known.push((*id).to_owned());
            }
        }
        known.sort();
    }
    run.slices += 1;
    run.is_running = slice.state.is_none();
    run.seconds = match (run.seconds, slice.start, slice.end) {
        (Some(micros), Some(start), Some(end)) => Some(micros + end - start),
        _ => None,
    };
}

#[test]
fn runs_are_what_their_slices_say_one_by_one() {
    holds(slices(), |slices| {
        prop_assert_eq!(folded(&slices), reference(&slices));
        Ok(())
    });
}

#[test]
fn order_and_repetition_do_not_matter() {
    holds((slices(), arrival()), |(slices, arrival)| {
        prop_assert_eq!(folded(&arrival.of(&slices)), folded(&slices));
        Ok(())
    });
}

#[test]
fn recomputing_the_affected_runs_of_each_piece_equals_the_whole() {
    holds((slices(), arrival()), |(slices, arrival)| {
        let mut bronze: Vec<Slice> = Vec::new();
        let mut table: Vec<Run> = Vec::new();
        for piece in arrival.pieces(&slices) {
            bronze.extend(piece.iter().cloned());
            let affected: Vec<Option<String>> = piece.iter().map(|slice| owned(slice.run)).collect();
            table.retain(|run| !affected.contains(&run.run));
            let own: Vec<Slice> = bronze.iter().filter(|slice| affected.contains(&owned(slice.run))).cloned().collect();
            table.extend(folded(&own));
        }
        table.sort_by(|a, b| a.run.cmp(&b.run));
        prop_assert_eq!(table, folded(&slices));
        Ok(())
    });
}

/// What happened to a run: per attempt the number of slices; whether the last attempt still runs.
fn life(attempts: &[u8], still_running: bool) -> Vec<Slice> {
    let mut slices: Vec<Slice> = Vec::new();
    for attempt in attempts {
        for slice in 0..*attempt {
            let start = slices.len() as i64 * HOUR;
            let ends = slice + 1 == *attempt;
            slices.push(Slice {
                run: Some("r"),
                start: Some(start),
                end: Some(start + HOUR),
                state: ends.then_some("FAILED"),
                code: ends.then_some("c"),
                trigger: None,
                ids: None,
            });
        }
    }
    if let Some(last) = slices.last_mut() {
        last.state = (!still_running).then_some("SUCCEEDED");
        last.code = None;
    }
    slices
}

#[test]
fn attempts_count_until_the_run_ends_for_good() {
    let cases = (prop::collection::vec(1..4_u8, 1..4), any::<bool>(), arrival());
    holds(cases, |(attempts, still_running, arrival)| {
        let slices = life(&attempts, still_running);
        let count = attempts.len() as i64;
        let expected = Run {
            run: Some("r".to_owned()),
            start: Some(0),
            seen: Some(slices.len() as i64 * HOUR),
            state: if !still_running { Some("SUCCEEDED".to_owned()) } else { (count > 1).then(|| "FAILED".to_owned()) },
            code: (still_running && count > 1).then(|| "c".to_owned()),
            slices: slices.len() as i64,
            attempts: if still_running { count - 1 } else { count },
            seconds: Some(slices.len() as i64 * 3_600),
            is_running: still_running,
            ..Run::default()
        };
        prop_assert_eq!(folded(&arrival.of(&slices)), vec![expected.clone()]);
        // The last slice comes again when the run has ended, a little longer than it was known.
        let mut ended = slices.clone();
        let last = ended.last_mut().unwrap();
        last.end = last.end.map(|end| end + 1_000_000);
        last.state = Some("SUCCEEDED");
        let all: Vec<Slice> = slices.into_iter().chain(ended).collect();
        let expected = Run {
            seen: expected.seen.map(|end| end + 1_000_000),
            state: Some("SUCCEEDED".to_owned()),
            code: None,
            attempts: count,
            seconds: expected.seconds.map(|seconds| seconds + 1),
            is_running: false,
            ..expected
        };
        prop_assert_eq!(folded(&arrival.of(&all)), vec![expected]);
        Ok(())
    });
}

#[test]
fn a_run_that_never_started_has_an_outcome_and_no_duration() {
    holds((instant(), word(), arrival()), |(at, code, arrival)| {
        let slice = Slice {
            run: Some("r"),
            start: Some(at),
            end: Some(at),
            state: Some("SKIPPED"),
            code,
            trigger: None,
            ids: None,
        };
        let expected = Run {
            run: Some("r".to_owned()),
            start: Some(at),
            seen: Some(at),
            state: Some("SKIPPED".to_owned()),
            code: owned(code),
            slices: 1,
            attempts: 1,
            seconds: Some(0),
            ..Run::default()
        };
        prop_assert_eq!(folded(&arrival.of(&[slice])), vec![expected]);
        Ok(())
    });
}
