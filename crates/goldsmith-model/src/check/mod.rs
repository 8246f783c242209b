//! Checks between files: names that must exist, types that must fit, kinds that must go with their sources.

mod aggregate;
mod bronze;
mod columns;
mod data_tests;
mod fold;
mod gold;
mod kind;
mod laws;
mod lookup;
mod project;
mod visible;

use indexmap::IndexMap;

pub(crate) use data_tests::check_data_test;
pub(crate) use kind::build;

use crate::diagnostic::{Code, Diagnostic, Problem};
use crate::domain::{GoldTable, Model, SourceName};
use crate::locator::Locator;
use crate::read::{RawBronze, RawGold};
use crate::suggest;

/// Everything that was read, and what is found while it is checked.
pub(crate) struct Checker<'a> {
    pub(crate) locator: &'a Locator,
    pub(crate) bronze: &'a IndexMap<SourceName, RawBronze>,
    pub(crate) raw: &'a IndexMap<String, RawGold>,
    /// Gold tables of which only the name is known, because their file is no valid YAML.
    pub(crate) unreadable: &'a [String],
    /// What could be built so far; grows while look-ups are resolved.
    pub(crate) model: Model,
    pub(crate) found: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Runs all checks. The model is whole when no error was found.
    pub(crate) fn run(&mut self) {
        self.check_project();
        for bronze in self.bronze.values() {
            self.check_bronze(bronze);
        }
        for raw in self.raw.values() {
            self.check_gold(raw);
        }
        for raw in self.raw.values() {
            let lookups = self.resolve_lookups(raw);
            if let Some(table) = self.model.gold.get_mut(&raw.name) {
                table.dimensions = lookups;
            }
        }
        for raw in self.raw.values() {
            self.check_names(raw);
            self.check_laws(raw);
        }
        self.check_duplicate_content();
        self.check_unused_sources();
    }

    fn report(&mut self, table: &str, pointer: &str, code: Code, message: String, help: Option<String>) {
        let problem = Problem { table, pointer, range: None, code, message, help };
        self.found.push(Diagnostic::from_problem(self.locator, problem));
    }

    fn check_duplicate_content(&mut self) {
        let identity = |table: &GoldTable| {
            let mut key = table.key.clone();
            key.sort();
            let sources: Vec<SourceName> = table.sources().into_iter().cloned().collect();
            let lookups: Vec<String> = table.dimensions.iter().map(|lookup| lookup.dimension.clone()).collect();
            (table.kind.clone(), sources, key, table.derived.clone(), lookups, table.exclude.clone())
        };
        let mut seen: Vec<(&GoldTable, _)> = Vec::new();
        let mut twins = Vec::new();
        for table in self.model.gold.values() {
            let identity = identity(table);
            match seen.iter().find(|(_, other)| *other == identity) {
                Some((first, _)) => twins.push((table.name.clone(), first.name.clone())),
                None => seen.push((table, identity)),
            }
        }
        for (table, first) in twins {
            let message = format!("`{table}` holds the same as `{first}`: same kind, source, key and columns");
            let help = "keep one of the two, and derive in it what the other one adds".to_owned();
            self.report(&table, "table", Code::DuplicateContent, message, Some(help));
        }
    }

    fn check_unused_sources(&mut self) {
        // While anything is wrong, the table that reads the source may be what is wrong.
        if !self.found.is_empty() {
            return;
        }
        let is_used = |source: &SourceName| {
            let of = |raw: &RawGold| {
                raw.source.as_ref() == Some(source) || raw.members.iter().any(|member| member.source == *source)
            };
            self.raw.values().any(of)
        };
        let unused: Vec<String> =
            self.bronze.keys().filter(|source| !is_used(source)).map(ToString::to_string).collect();
        for source in unused {
            let help = "bronze keeps it all the same; name it in a gold table, or remove the file".to_owned();
            self.report(&source, "source", Code::UnusedSource, format!("no gold table reads `{source}`"), Some(help));
        }
    }

    fn unknown_source(&mut self, table: &str, pointer: &str, source: &str) {
        let names: Vec<String> = self.bronze.keys().map(ToString::to_string).collect();
        let help = suggest::help(source, names.iter().map(String::as_str))
            .unwrap_or_else(|| "a source is declared by a file bronze/<schema>/<table>.yaml".to_owned());
        self.report(table, pointer, Code::UnknownSource, format!("unknown source `{source}`"), Some(help));
    }
}
