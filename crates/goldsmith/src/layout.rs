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

    /// Root of the target.
    pub fn target(&self) -> &Location {
        &self.target
    }

    /// Name of the bronze schema.
    pub fn bronze_schema(&self) -> &str {
        &self.bronze
    }

    /// Name of the gold schema.
    pub fn gold_schema(&self) -> &str {
        &self.gold
    }

    /// Name of the quarantine schema.
    pub fn quarantine_schema(&self) -> &str {
        &self.quarantine
    }

    /// Bronze table of a source.
    pub fn bronze(&self, source: &SourceName) -> Location {
        self.target.join(&self.bronze).join(&source.bronze_table())
    }

    /// Gold table by name.
    pub fn gold(&self, table: &str) -> Location {
        self.target.join(&self.gold).join(table)
    }

    /// Quarantine of a source.
    pub fn quarantine(&self, source: &SourceName) -> Location {
        self.target.join(&self.quarantine).join(&source.bronze_table())
    }
}
