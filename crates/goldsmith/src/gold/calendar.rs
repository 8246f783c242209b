//! The generated calendar: covers every date that a fact holds.

use std::collections::BTreeSet;

use arrow::compute::concat_batches;
use futures::TryStreamExt;
use goldsmith_lake::Days;
use goldsmith_model::LookupKind;
use goldsmith_query::calendar::{CONTIGUOUS, calendar, days as days_of};

use super::job::GoldJob;
use super::pipeline::column_arrays;
use super::read::CarriedTable;
use crate::error::Result;

/// Files of a fact that have to be read for their dates.
struct Unread {
    fact: CarriedTable,
    date: String,
    /// Each with the first and the last day that it may hold, as far as that is known.
    files: Vec<(String, Option<(i32, i32)>)>,
}

/// Computes the calendar from the dates of all facts that look it up, and writes what differs.
pub(crate) async fn recompute(job: &mut GoldJob<'_>) -> Result<()> {
    let mut days: BTreeSet<i32> = BTreeSet::new();
    let mut unread = Vec::new();
    for fact in job.ctx.model.clone().gold.values() {
        for lookup in fact.dimensions.iter().filter(|lookup| lookup.dimension == job.table.name) {
            if let (LookupKind::Calendar { date }, Some(table)) = (&lookup.kind, job.ctx.gold(&fact.name).await) {
                let fact = CarriedTable::new(table, &[], &[])?.narrow(std::slice::from_ref(date))?;
                unread.push(ask_log(fact, date, &mut days)?);
            }
        }
    }
    for fact in unread {
        read(job, fact, &mut days).await?;
    }
    let days: Vec<i32> = days.into_iter().collect();
    let calendar = calendar(&days, job.ctx.model.project.fiscal_year_start_month)?;
    job.rows.read += calendar.num_rows() as u64;
    let calendar = job.pipeline.stamped(&calendar)?;
    let unknown = job.unknown_member()?;
    let rows = concat_batches(&calendar.schema(), [&unknown, &calendar])?;
    job.upsert_whole(rows).await
}

/// Adds the first and the last day of files whose statistics tell them: those between are in the calendar anyway. Returns the other
/// files.
fn ask_log(fact: CarriedTable, date: &str, days: &mut BTreeSet<i32>) -> Result<Unread> {
    let is_inside = |first, last| CONTIGUOUS.contains(&first) && CONTIGUOUS.contains(&last);
    let mut files = Vec::new();
    for file in fact.table.days_of_files(date)? {
        match file.days {
            Days::None => {}
            Days::Held(first, last) if is_inside(first, last) => days.extend([first, last]),
            Days::Within(first, last) if is_inside(first, last) => files.push((file.path, Some((first, last)))),
            _ => files.push((file.path, None)),
        }
    }
    Ok(Unread { fact, date: date.to_owned(), files })
}

/// Reads the dates of files that may hold a day beyond those that are known.
async fn read(job: &GoldJob<'_>, fact: Unread, days: &mut BTreeSet<i32>) -> Result<()> {
    let known = days.range(CONTIGUOUS);
    let known = known.clone().next().copied().zip(known.clone().next_back().copied());
    let adds_nothing = |may_hold: Option<(i32, i32)>| {
        may_hold.zip(known).is_some_and(|(may_hold, known)| known.0 <= may_hold.0 && may_hold.1 <= known.1)
    };
    let files: Vec<String> =
        fact.files.into_iter().filter(|(_, may_hold)| !adds_nothing(*may_hold)).map(|(path, _)| path).collect();
    if files.is_empty() {
        return Ok(());
    }
    let mut stream = Box::pin(fact.fact.stream(Some(files)).await?);
    let mut last = None;
    while let Some(batch) = stream.try_next().await? {
        job.ctx.check()?;
        for day in days_of(&column_arrays(&batch, std::slice::from_ref(&fact.date))?[0])?.iter().flatten() {
            // Rows of one day come together.
            if last.replace(day) != Some(day) {
                days.insert(day);
            }
        }
    }
    Ok(())
}
