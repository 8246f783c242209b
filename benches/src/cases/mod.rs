//! All cases.

mod dedup;
mod fold;
mod lookup;
mod probe;
mod runs;
mod scan;
mod timeline;
mod upsert;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;

pub(crate) use self::upsert::{append, rows_of_file};
use crate::{Case, Result, Sizes};

/// The cases of these sizes. Their data is made when they are loaded.
pub fn cases(sizes: &Sizes) -> Vec<Case> {
    let mut cases = dedup::cases(sizes);
    cases.extend(probe::cases(sizes));
    cases.extend(scan::cases(sizes));
    cases.extend(upsert::cases(sizes));
    cases.push(timeline::case(sizes));
    cases.push(fold::case(sizes));
    cases.push(lookup::case(sizes));
    cases.push(runs::case(sizes));
    cases
}

/// One batch of all rows, as the cores take them; part of what is measured, since scans yield many.
fn whole(batches: &[RecordBatch]) -> Result<RecordBatch> {
    let Some(first) = batches.first() else { return Err("there are no rows".into()) };
    Ok(concat_batches(first.schema_ref(), batches)?)
}

pub(crate) fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}
