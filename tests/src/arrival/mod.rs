//! The same rows, arriving in different ways: in order, shuffled over more runs with repetitions and crashes, and rebuilt.

mod check;
mod setting;
mod shrink;

pub use check::{Failure, LITTLE_MEMORY, check, feeding};
pub use setting::Setting;
pub use shrink::{Shrunk, shrink};
