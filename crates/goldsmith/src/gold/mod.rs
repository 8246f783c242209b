//! Gold: the star schema.

mod affected;
mod calendar;
mod decide;
mod gather;
mod history;
mod hold;
mod index;
mod job;
mod latest;
mod open;
mod others;
mod pipeline;
mod read;
mod repair;
mod runs;
mod setting;
mod shape;
mod unidentified;

pub(crate) use decide::{decide, describe, read_position};
pub(crate) use hold::{Pending, pieces};
pub(crate) use index::{Dimension, Members};
pub(crate) use job::run_gold;
pub(crate) use others::is_told_by_others;
pub(crate) use pipeline::{Stamp, column_arrays, with_column};
pub(crate) use read::{CarriedTable, FILE_COLUMN, Matching, file_names};
pub(crate) use shape::carried_table;
