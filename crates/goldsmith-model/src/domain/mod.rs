//! The validated dimensional model: what every other crate reads.
//!
//! Everything here is plain data. A value of these types has passed all structural checks (see
//! [`crate::load`]), so that readers need not check again that a named table or column exists.

mod bronze;
mod conservation;
mod data_test;
mod data_type;
mod gold;
mod type_parser;
mod write_mode;

use indexmap::IndexMap;

pub use bronze::{BronzeTable, ColumnDef, LoadMode, MutabilityClass, Scope, SourceName};
pub use conservation::Conservation;
pub use data_test::{DataTest, DataTestCase, TestRow};
pub use data_type::{DataType, StructField};
pub use gold::{
    Aggregate, AggregateFunction, Calendar, DerivedColumn, Fetch, Fold, FoldColumn, FoldFunction, GoldKind, GoldTable,
    Lookup, LookupKeyPart, LookupKind, Member,
};
pub use type_parser::ParseTypeError;
pub use write_mode::WriteMode;

/// A whole model: project settings, the sources with their bronze tables, and the gold tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Project-wide settings of `project.yaml`.
    pub project: Project,
    /// The sources, in file order (sorted by schema and table).
    pub bronze: IndexMap<SourceName, BronzeTable>,
    /// The gold tables by name, sorted by name.
    pub gold: IndexMap<String, GoldTable>,
}

impl Model {
    /// Looks prices up in another currency (ISO 4217) than `project.yaml` says: wherever a look-up takes a constant from
    /// `$currency`.
    pub fn set_currency(&mut self, currency: &str) {
        currency.clone_into(&mut self.project.currency);
        for part in self.gold.values_mut().flat_map(|table| &mut table.dimensions).flat_map(Lookup::key_mut) {
            if let LookupKeyPart::Constant { value, setting: Some(setting), .. } = part
                && setting == "currency"
            {
                currency.clone_into(value);
            }
        }
    }

    /// The source that a text names (see [`SourceName::is_named`]).
    pub fn source_named(&self, text: &str) -> Option<&SourceName> {
        let exact = self.bronze.keys().find(|source| source.to_string() == text);
        exact.or_else(|| self.bronze.keys().find(|source| source.is_named(text)))
    }

    /// Whether a row of this source that is delivered again, as it was, can decide what a gold table shows: several rows of the source
    /// may share a key of the table, they have no sequence, and so the last delivered wins.
    pub fn is_decided_by_delivery(&self, bronze: &BronzeTable) -> bool {
        self.gold.values().any(|table| match &table.kind {
            GoldKind::EventFact { source, sequence_by: None }
            | GoldKind::Scd1 { source, sequence_by: None }
            | GoldKind::Interval { source, sequence_by: None, .. } => {
                *source == bronze.source && !bronze.natural_key.iter().all(|column| table.key.contains(column))
            }
            _ => false,
        })
    }
}

/// What is wrong with the code of a currency, and what to do; none when it has the form of one (ISO 4217).
pub fn currency_problem(code: &str) -> Option<(String, String)> {
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let help = "a currency is three capital letters (ISO 4217), for instance `USD`";
    Some((format!("`{code}` is no currency code"), help.to_owned()))
}

/// What `project.yaml` says: what holds for all tables of a model. It has been checked, and what the file leaves out has its default.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Name of the project, an identifier.
    pub name: String,
    /// Version of the model language; this crate reads version 1.
    pub version: u32,
    /// What the project is for.
    pub description: String,
    /// Currency in which list and account prices are looked up (ISO 4217), by default `USD`.
    pub currency: String,
    /// First month of the fiscal year, 1 to 12. A fiscal year is named by the year in which it ends.
    pub fiscal_year_start_month: u32,
    /// How tables that say nothing else delete rows of existing files.
    pub write_mode: WriteMode,
    /// Name of the schema (directory) below the target that holds bronze, by default `bronze`. The names of the three schemas differ.
    pub bronze_schema: String,
    /// Name of the schema (directory) below the target that holds gold.
    pub gold_schema: String,
    /// Name of the schema (directory) below the target that holds quarantined rows.
    pub quarantine_schema: String,
}

impl Project {
    /// Resolves a `$name` reference of a lookup constant: `$currency` is the only one today.
    pub fn setting(&self, name: &str) -> Option<&str> {
        match name {
            "currency" => Some(&self.currency),
            _ => None,
        }
    }
}
