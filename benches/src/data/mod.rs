//! Made-up rows, each a function of its number alone.

mod usage;
mod values;

pub(crate) use usage::{KEY, QUANTITY, RowVersion, UsageLog, VERSION, usage_schema};
pub(crate) use values::{DAY, EPOCH, batches, hash, instants, integers, number, texts};
