//! A layer that notes which files are read.

use std::sync::{Arc, Mutex};

use goldsmith_lake::StoreLayer;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::intercepted::{Interceptor, intercepted};

/// Notes the names of data files that are read.
#[derive(Debug, Clone, Default)]
pub struct Noted(Arc<Mutex<Vec<String>>>);

impl Noted {
    /// The data files that were read since the last call, each once, sorted.
    pub fn take(&self) -> Vec<String> {
        let mut names = std::mem::take(&mut *self.0.lock().unwrap());
        names.sort();
        names.dedup();
        names
    }
}

impl Interceptor for Noted {
    fn before_read(&self, location: &Path) {
        let name = location.filename().unwrap_or_default();
        if name.ends_with(".parquet") && !name.contains("checkpoint") {
            self.0.lock().unwrap().push(name.to_owned());
        }
    }
}

impl StoreLayer for Noted {
    fn wrap(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        intercepted(store, self.clone())
    }
}
