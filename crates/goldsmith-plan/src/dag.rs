//! The order in which gold tables are built.

use std::collections::{BTreeMap, BTreeSet};

use goldsmith_model::{GoldKind, GoldTable, LookupKind, Model};

use crate::position::InputName;

/// A name of a selection that no table has, or a cycle among the tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DagError {
    /// A selected name is neither a gold table nor a source nor a domain.
    #[error("`{name}` is no gold table, source or domain of the model")]
    UnknownSelection {
        /// The name.
        name: String,
        /// What may have been meant.
        help: String,
    },
    /// Tables need each other.
    #[error("the tables {} need each other", tables.join(", "))]
    Cycle {
        /// The tables on the cycle.
        tables: Vec<String>,
    },
}

impl DagError {
    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::UnknownSelection { help, .. } => Some(help),
            Self::Cycle { .. } => None,
        }
    }
}

/// Dependencies among the gold tables of a model.
#[derive(Debug, Clone)]
pub struct Dag {
    inputs: BTreeMap<String, Vec<InputName>>,
    order: Vec<String>,
}

impl Dag {
    /// Derives the order from the look-ups: dimensions before the facts that look them up, a calendar after
    /// the facts whose dates it must cover (its surrogate is computed from the date alone).
    ///
    /// # Errors
    /// [`DagError::Cycle`] when tables need each other.
    pub fn of(model: &Model) -> Result<Self, DagError> {
        let inputs: BTreeMap<String, Vec<InputName>> =
            model.gold.values().map(|table| (table.name.clone(), inputs_of(model, table))).collect();
        let mut order = Vec::with_capacity(inputs.len());
        let mut done = BTreeSet::new();
        while order.len() < inputs.len() {
            let ready: Vec<String> = inputs
                .iter()
                .filter(|(name, needs)| {
                    !done.contains(*name)
                        && needs.iter().all(|need| match need {
                            InputName::Gold(gold) => done.contains(gold),
                            InputName::Bronze(_) => true,
                        })
                })
                .map(|(name, _)| name.clone())
                .collect();
            if ready.is_empty() {
                let tables = inputs.keys().filter(|name| !done.contains(*name)).cloned().collect();
                return Err(DagError::Cycle { tables });
            }
            for name in ready {
                done.insert(name.clone());
                order.push(name);
            }
        }
        Ok(Self { inputs, order })
    }

    /// Gold tables in an order in which each comes after all it needs.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// Inputs of a gold table: bronze tables first, then gold tables.
    pub fn inputs(&self, table: &str) -> &[InputName] {
        self.inputs.get(table).map_or(&[], Vec::as_slice)
    }
}

fn inputs_of(model: &Model, table: &GoldTable) -> Vec<InputName> {
    let mut inputs: Vec<InputName> =
        table.sources().into_iter().map(|source| InputName::Bronze(source.to_string())).collect();
    for lookup in &table.dimensions {
        let name = InputName::Gold(lookup.dimension.clone());
        if !matches!(lookup.kind, LookupKind::Calendar { .. }) && !inputs.contains(&name) {
            inputs.push(name);
        }
    }
    if matches!(table.kind, GoldKind::Calendar(_)) {
        inputs.extend(
            model
                .gold
                .values()
                .filter(|fact| fact.dimensions.iter().any(|lookup| lookup.dimension == table.name))
                .map(|fact| InputName::Gold(fact.name.clone())),
        );
    }
    inputs
}

/// The tables that a run covers, by their names in the model: see [`Selection::resolve`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Sources whose bronze tables are loaded, as `<schema>.<table>`.
    pub sources: BTreeSet<String>,
    /// Gold tables that are built, by name.
    pub gold: BTreeSet<String>,
}

impl Selection {
    /// Resolves `names`: gold tables, sources (`billing.usage`, also as `system.billing.usage`) or domains. An empty list selects all.
    /// A selected gold table brings all that it needs; a selected source brings its bronze table alone.
    ///
    /// # Errors
    /// [`DagError::UnknownSelection`] for the first name that the model does not have.
    pub fn resolve(model: &Model, dag: &Dag, names: &[String]) -> Result<Self, DagError> {
        if names.is_empty() {
            return Ok(Self {
                sources: model.bronze.keys().map(ToString::to_string).collect(),
                gold: model.gold.keys().cloned().collect(),
            });
        }
        let mut out = Self { sources: BTreeSet::new(), gold: BTreeSet::new() };
        for name in names {
            if name.trim().is_empty() {
                let help =
                    "name a gold table, a source or a domain, or leave the selection out for everything".to_owned();
                return Err(DagError::UnknownSelection { name: name.clone(), help });
            }
            let by_domain: Vec<&str> =
                model.gold.values().filter(|table| &table.domain == name).map(|table| table.name.as_str()).collect();
            if model.gold.contains_key(name) {
                out.add_gold(dag, name);
            } else if let Some(source) = model.source_named(name) {
                out.sources.insert(source.to_string());
            } else if by_domain.is_empty() {
                return Err(DagError::UnknownSelection { name: name.clone(), help: suggestion(model, name) });
            } else {
                for table in by_domain {
                    out.add_gold(dag, table);
                }
            }
        }
        out.add_calendars(model);
        Ok(out)
    }

    /// Calendars that a selected fact looks up: they must cover its dates. What else they cover stays as it is.
    fn add_calendars(&mut self, model: &Model) {
        let calendars: Vec<String> = self
            .gold
            .iter()
            .filter_map(|name| model.gold.get(name))
            .flat_map(|table| &table.dimensions)
            .filter(|lookup| matches!(lookup.kind, LookupKind::Calendar { .. }))
            .map(|lookup| lookup.dimension.clone())
            .collect();
        self.gold.extend(calendars);
    }

    fn add_gold(&mut self, dag: &Dag, name: &str) {
        if !self.gold.insert(name.to_string()) {
            return;
        }
        for input in dag.inputs(name) {
            match input {
                InputName::Bronze(source) => {
                    self.sources.insert(source.clone());
                }
                InputName::Gold(table) => self.add_gold(dag, table),
            }
        }
    }
}

fn suggestion(model: &Model, name: &str) -> String {
    let sources: Vec<String> = model.bronze.keys().map(ToString::to_string).collect();
    let candidates = model.gold.keys().chain(sources.iter()).chain(model.gold.values().map(|table| &table.domain));
    goldsmith_model::nearest(name.strip_prefix("system.").unwrap_or(name), candidates.map(String::as_str))
        .map_or_else(|| all_domains(model), |best| format!("did you mean `{best}`?"))
}

/// Tables and sources are too many to be listed.
fn all_domains(model: &Model) -> String {
    let domains: BTreeSet<&str> = model.gold.values().map(|table| table.domain.as_str()).collect();
    let names: Vec<String> = domains.into_iter().map(|domain| format!("`{domain}`")).collect();
    format!("domains are {}, and `goldsmith plan --all` lists tables and sources", names.join(", "))
}
