//! Where tables live below the target.

use goldsmith_lake::Location;
use goldsmith_model::{Project, SourceName};

/// Locations of all tables of one target: `<target>/<schema>/<table>`.
#[derive(Debug, Clone)]
pub struct Layout {
    target: Location,
    bronze: String,
    gold: String,
    quarantine: String,
}

impl Layout {
    /// The layout of `target` under the schema names of `project`.
    pub fn new(target: Location, project: &Project) -> Self {
        Self {
            target,
            bronze: project.bronze_schema.clone(),
            gold: project.gold_schema.clone(),
            quarantine: project.quarantine_schema.clone(),
        }
    }

    /// The root that the directories of the schemas are in.
    pub fn target(&self) -> &Location {
        &self.target
    }

    /// Name of the schema of bronze, and of its directory.
    pub fn bronze_schema(&self) -> &str {
        &self.bronze
    }

    /// Name of the schema of gold, and of its directory.
    pub fn gold_schema(&self) -> &str {
        &self.gold
    }

    /// Name of the schema of quarantined rows, and of its directory. It is there once a row went to it.
    pub fn quarantine_schema(&self) -> &str {
        &self.quarantine
    }

    /// Where the bronze table of a source is, or would be.
    pub fn bronze(&self, source: &SourceName) -> Location {
        self.target.join(&self.bronze).join(&source.bronze_table())
    }

    /// Where a gold table is, or would be.
    pub fn gold(&self, table: &str) -> Location {
        self.target.join(&self.gold).join(table)
    }

    /// Where the rows of a source without a key are, or would be.
    pub fn quarantine(&self, source: &SourceName) -> Location {
        self.target.join(&self.quarantine).join(&source.bronze_table())
    }
}
