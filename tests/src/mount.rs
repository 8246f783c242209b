//! Targets on file systems without hard links.

use std::sync::Arc;

use goldsmith::StoreLayer;
use goldsmith_lake::{CreateBy, LocalStore};
use goldsmith_testkit::faults::FaultLayer;
use object_store::ObjectStore;

/// Stores of local directories in which nothing can be linked, behind a layer of faults.
#[derive(Debug)]
pub struct Mount {
    /// How files are created.
    pub way: CreateBy,
    /// What fails.
    pub faults: FaultLayer,
}

impl StoreLayer for Mount {
    fn wrap(&self, _: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        self.faults.wrap(Arc::new(LocalStore::with_way(self.way)))
    }
}

/// The way with a name, as programs of the tests are told it.
///
/// # Errors
/// There is none of that name.
pub fn way_of(name: &str) -> Result<CreateBy, String> {
    match name {
        "link" => Ok(CreateBy::HardLink),
        "rename" => Ok(CreateBy::Rename),
        "claim" => Ok(CreateBy::Claim),
        _ => Err(format!("no way `{name}`")),
    }
}

/// What a writer of entries puts into each, large enough to be interrupted.
pub fn entry_of(writer: &str) -> String {
    format!("{writer}\n{}end", "x".repeat(200_000))
}

/// Whether an entry holds all that [`entry_of`] gives for its writer.
pub fn is_whole(entry: &[u8]) -> bool {
    let text = String::from_utf8_lossy(entry);
    text.lines().next().is_some_and(|writer| text == entry_of(writer))
}
