//! The layer: numbers requests and decides which of them a fault strikes.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use goldsmith::StoreLayer;
use object_store::{Error, ObjectStore, Result};

use super::operation::{Operation, OperationClass, OperationKind};
use super::store::FaultStore;
use super::{Fault, Moment, Trigger};

/// A layer over the stores of a lake that records every request and lets at most one fault strike.
///
/// Cheap to clone; clones share the record.
#[derive(Clone)]
pub struct FaultLayer {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    operations: Vec<Operation>,
    trigger: Option<Trigger>,
    /// Requests of the trigger's class so far.
    matched: u64,
    struck: Option<Operation>,
    frozen: bool,
}

impl fmt::Debug for FaultLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("FaultLayer")
            .field("operations", &state.operations.len())
            .field("trigger", &state.trigger)
            .field("struck", &state.struck)
            .finish_non_exhaustive()
    }
}

impl StoreLayer for FaultLayer {
    fn wrap(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        Arc::new(FaultStore::new(store, self.clone()))
    }
}

impl FaultLayer {
    /// A layer that only records.
    pub fn recording() -> Self {
        Self { state: Arc::default() }
    }

    /// A layer whose fault strikes once.
    pub fn striking(trigger: Trigger) -> Self {
        let state = State { trigger: Some(trigger), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The requests so far, in the order in which they began.
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    /// How many requests of a class there were so far.
    pub fn count(&self, class: &OperationClass) -> u64 {
        self.state().operations.iter().filter(|operation| class.contains(operation)).count() as u64
    }

    /// The request at which the fault struck.
    pub fn struck(&self) -> Option<Operation> {
        self.state().struck.clone()
    }

    /// Whether the storage is cut off.
    pub(super) fn is_frozen(&self) -> bool {
        self.state().frozen
    }

    /// Counts a request, and tells the fault that strikes it.
    ///
    /// # Errors
    /// The storage is cut off.
    pub(super) fn begin(&self, kind: OperationKind, path: &str) -> Result<Option<Fault>> {
        let mut state = self.state();
        let operation = Operation { number: state.operations.len() as u64 + 1, kind, path: path.to_owned() };
        state.operations.push(operation.clone());
        if state.frozen {
            return Err(fault(path, "the storage is cut off"));
        }
        let Some(trigger) = &state.trigger else {
            return Ok(None);
        };
        let (is_match, number, fault) = (trigger.class.contains(&operation), trigger.number, trigger.fault);
        if !is_match {
            return Ok(None);
        }
        state.matched += 1;
        if state.matched != number {
            return Ok(None);
        }
        state.struck = Some(operation);
        // Requests that begin while this one is carried out belong to the time after the crash.
        state.frozen = matches!(fault, Fault::Freeze(_) | Fault::Abort(_));
        Ok(Some(fault))
    }

    /// Carries a request out, or what a fault leaves of it. `half` is what an interrupted request does.
    pub(super) async fn perform<T>(
        &self,
        kind: OperationKind,
        path: &str,
        half: impl Future<Output = Result<()>>,
        whole: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.begin(kind, path)? {
            None => whole.await,
            Some(struck) => self.suffer(struck, path, half, whole).await,
        }
    }

    /// What a fault leaves of a request.
    pub(super) async fn suffer<T>(
        &self,
        struck: Fault,
        path: &str,
        half: impl Future<Output = Result<()>>,
        whole: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let moment = match struck {
            Fault::Transient => return Err(fault(path, "the request was not carried out")),
            Fault::LostAnswer => {
                whole.await?;
                return Err(fault(path, "the answer was lost"));
            }
            Fault::Abort(moment) | Fault::Freeze(moment) => moment,
        };
        // Whatever the storage says to a request that nobody will hear of is lost.
        match moment {
            Moment::Before => {}
            Moment::During => drop(half.await),
            Moment::After => drop(whole.await),
        }
        if matches!(struck, Fault::Abort(_)) {
            std::process::abort();
        }
        Err(fault(path, "the storage is cut off"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a request that a fault struck.
pub(super) fn fault(path: &str, what: &str) -> Error {
    Error::Generic { store: "faults", source: format!("{what}: `{path}`").into() }
}
