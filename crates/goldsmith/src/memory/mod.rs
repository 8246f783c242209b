//! One memory limit for everything that an engine does.
//!
//! | part of the limit | for |
//! |---|---|
//! | 128 MiB and an eighth | the program itself, logs of tables, buffers of storage and runtime, what the allocator keeps |
//! | the rest, in equal shares | the tables that are worked on at once, each on a lease of its own ([`Share`]) |
//!
//! Tables are worked on at once only while each has a share of 192 MiB. A table whose neighbours have nothing to do takes half
//! of what lies free. What a share is used for:
//!
//! | part of the share | for |
//! |---|---|
//! | 1/6 | rows that an operator collects before it computes with them ([`Share::rows`]) |
//! | 1/6 | keys and hashes that it remembers ([`Share::keys`]) |
//! | 1/6 | row groups under construction, and batches read ahead; then what a staged upsert keeps until its commit (`LakeOptions::memory`) |
//! | the rest | indexes of dimensions, and copies while computing: sorted, encoded and finished rows take about three times what was collected |
//!
//! A share says how much is done at once, never what comes out.

mod budget;
mod limit;
mod machine;

pub(crate) use budget::{Budget, Share};
pub use limit::MemoryLimit;
