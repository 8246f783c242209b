//! Storage that fails on purpose, and tells what was asked of it.
//!
//! A [`FaultLayer`] goes into `LakeOptions::layer`. It numbers every request to the storage, and at the one that a [`Trigger`]
//! names it ends the process, cuts the storage off, fails the request, or loses its answer.

mod layer;
mod operation;
mod store;
mod upload;

pub use layer::FaultLayer;
pub use operation::{Operation, OperationClass, OperationKind};

/// When, seen from the request at which it strikes, a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of the request reaches the storage.
    Before,
    /// Half of its bytes reach the storage, as an upload that is never completed: a local disk keeps a staging file beside the
    /// object, a bucket an open multipart upload. Requests without bytes are atomic; for them it is the same as before.
    During,
    /// The request is carried out, but nobody hears of it.
    After,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process ends at once, with nothing cleaned up.
    Abort(Moment),
    /// This request fails and so does every one after it: what a crash is to the storage, without a process of its own.
    Freeze(Moment),
    /// The request fails and is not carried out; the next ones are.
    Transient,
    /// The request is carried out, but its answer is an error; the next ones are answered.
    LostAnswer,
}

/// A fault at one request.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The requests that count.
    pub class: OperationClass,
    /// Which of these it is, from 1.
    pub number: u64,
    /// What happens then.
    pub fault: Fault,
}
