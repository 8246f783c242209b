//! Where the tables are, and what shall be said of them.

use goldsmith_model::Project;

use crate::CatalogError;
use crate::statement::Layer;
use crate::text::identifier;

/// Schemes of cloud storage at which Unity Catalog can have external tables and the engine can write.
const SCHEMES: [&str; 3] = ["s3://", "abfss://", "gs://"];

/// Longest name of a catalog or schema.
const LONGEST_NAME: usize = 255;

/// A catalog, the schemas in it, and the location that the engine writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    name: String,
    target: String,
    bronze: Option<String>,
    gold: Option<String>,
    quarantine: Option<String>,
}

impl Catalog {
    /// The catalog `name` over the lake at `target`, with schemas that are called as in the model.
    ///
    /// # Errors
    /// [`CatalogError::Name`], and [`CatalogError::Location`] for a target that is no cloud URL.
    pub fn new(name: impl Into<String>, target: impl Into<String>) -> Result<Self, CatalogError> {
        let name = checked("catalog", name.into())?;
        let target = target.into();
        let path = SCHEMES.iter().find_map(|scheme| target.strip_prefix(scheme));
        if path.is_none_or(|path| path.trim_matches('/').is_empty()) {
            return Err(CatalogError::Location { location: target });
        }
        let target = target.trim_end_matches('/').to_owned();
        Ok(Self { name, target, bronze: None, gold: None, quarantine: None })
    }

    /// Calls the schema of a layer otherwise than the model, which still names the directory of its tables.
    ///
    /// # Errors
    /// [`CatalogError::Name`]
    pub fn with_schema(mut self, layer: Layer, schema: impl Into<String>) -> Result<Self, CatalogError> {
        let schema = Some(checked("schema", schema.into())?);
        match layer {
            Layer::Bronze => self.bronze = schema,
            Layer::Gold => self.gold = schema,
            Layer::Quarantine => self.quarantine = schema,
        }
        Ok(self)
    }

    /// Makes sure that each layer has a schema of its own. Unity Catalog does not tell names by their case.
    ///
    /// # Errors
    /// [`CatalogError::SameSchema`]
    pub fn check_schemas(&self, project: &Project) -> Result<(), CatalogError> {
        let pairs =
            [(Layer::Bronze, Layer::Gold), (Layer::Bronze, Layer::Quarantine), (Layer::Gold, Layer::Quarantine)];
        for (one, other) in pairs {
            let schema = self.schema_name(project, one);
            if schema.eq_ignore_ascii_case(self.schema_name(project, other)) {
                return Err(CatalogError::SameSchema { schema: schema.to_owned() });
            }
        }
        Ok(())
    }

    fn schema_name<'a>(&'a self, project: &'a Project, layer: Layer) -> &'a str {
        let own = match layer {
            Layer::Bronze => &self.bronze,
            Layer::Gold => &self.gold,
            Layer::Quarantine => &self.quarantine,
        };
        own.as_deref().unwrap_or_else(|| directory(project, layer))
    }

    /// The schema of a layer, quoted.
    pub(crate) fn schema(&self, project: &Project, layer: Layer) -> String {
        format!("{}.{}", identifier(&self.name), identifier(self.schema_name(project, layer)))
    }

    /// A table, quoted.
    pub(crate) fn table(&self, project: &Project, layer: Layer, table: &str) -> String {
        format!("{}.{}", self.schema(project, layer), identifier(table))
    }

    /// Where the files of a table are: `<target>/<schema>/<table>`, as the engine lays them out.
    pub(crate) fn location(&self, project: &Project, layer: Layer, table: &str) -> String {
        format!("{}/{}/{table}", self.target, directory(project, layer))
    }
}

fn directory(project: &Project, layer: Layer) -> &str {
    match layer {
        Layer::Bronze => &project.bronze_schema,
        Layer::Gold => &project.gold_schema,
        Layer::Quarantine => &project.quarantine_schema,
    }
}

fn checked(what: &'static str, name: String) -> Result<String, CatalogError> {
    let is_bad = |c: char| matches!(c, '.' | ' ' | '/') || c.is_control();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(is_bad) {
        return Err(CatalogError::Name { what, name });
    }
    Ok(name)
}

/// Which tables get a primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyPolicy {
    /// Tables whose key surely has no null: dimensions, by their surrogate key, and facts with one key column, since a row
    /// without it goes to quarantine.
    #[default]
    Certain,
    /// Every fact as well, by its whole grain. A fact with several key columns may have a null in one of them; Databricks
    /// refuses the `SET NOT NULL` if it has, and a run that meets one later fails for that table.
    All,
    /// None, and no foreign keys either.
    None,
}

/// What shall be said of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogOptions {
    /// The layers to register. Quarantine has a table only where rows went to it.
    pub layers: Vec<Layer>,
    /// Which tables get a primary key.
    pub keys: KeyPolicy,
    /// Whether the optimizer of Databricks may rely on primary keys (`RELY`). The engine keeps them unique; what others write
    /// to the tables is not checked.
    pub rely: bool,
}

impl Default for CatalogOptions {
    fn default() -> Self {
        Self { layers: vec![Layer::Bronze, Layer::Gold], keys: KeyPolicy::default(), rely: false }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_without_tables_of_unity_catalog_are_refused() {
        for target in [
            "/Volumes/main/default/lake",
            "lake",
            "file:///lake",
            "az://container/lake",
            "r2://b@a/lake",
            "s3://",
            "s3:///",
        ] {
            let error = Catalog::new("main", target).unwrap_err();
            assert_eq!(error, CatalogError::Location { location: target.to_owned() });
        }
        for target in ["s3://bucket/lake", "abfss://c@a.dfs.core.windows.net/lake/", "gs://bucket"] {
            Catalog::new("main", target).unwrap();
        }
    }

    #[test]
    fn names_that_unity_catalog_refuses_are_refused() {
        for name in ["", "a.b", "a b", "a/b", "a\nb", &"x".repeat(256)] {
            assert!(Catalog::new(name, "s3://b").is_err(), "{name}");
            let catalog = Catalog::new("main", "s3://b").unwrap();
            assert!(catalog.with_schema(Layer::Gold, name).is_err(), "{name}");
        }
        assert!(Catalog::new("with-dash", "s3://b").is_ok());
    }
}
