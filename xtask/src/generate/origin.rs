//! Where the columns of a gold table come from: for each the rule, and the source fields behind it.

use goldsmith_model::{
    BronzeTable, CarriedColumn, ColumnRole, FoldFunction, GoldColumn, GoldKind, GoldTable, Lookup, Member, Model,
    SourceName, carried_columns, gold_columns,
};

use super::describe::{chosen, matched_on, read_columns};
use super::markdown::code;

/// A column with its origin.
pub(super) struct ColumnOrigin {
    /// The column.
    pub(super) column: GoldColumn,
    /// How its value comes about, in markdown.
    pub(super) rule: String,
    /// The source fields behind it, `<schema>.<table>.<column>.<field>`.
    pub(super) fields: Vec<String>,
}

/// The origins of all columns of a table, in their order.
pub(super) fn origins(model: &Model, table: &GoldTable) -> Vec<ColumnOrigin> {
    let tracer = Tracer { model, table, columns: gold_columns(model, table) };
    let trace = |column: &GoldColumn| {
        let mut fields = Vec::new();
        tracer.trace(&column.name, &mut fields, &mut Vec::new());
        ColumnOrigin { column: column.clone(), rule: tracer.rule(column), fields }
    };
    tracer.columns.iter().map(trace).collect()
}

/// The source of a table that has just one: it is then named once, and its fields without it.
pub(super) fn only_source(table: &GoldTable) -> Option<&SourceName> {
    match table.sources().as_slice() {
        [source] => Some(*source),
        _ => None,
    }
}

/// A field without its source, when that is `prefix`.
pub(super) fn without_prefix<'f>(field: &'f str, prefix: Option<&SourceName>) -> &'f str {
    let prefix = prefix.map(|source| format!("{source}."));
    prefix.and_then(|prefix| field.strip_prefix(&prefix)).unwrap_or(field)
}

struct Tracer<'m> {
    model: &'m Model,
    table: &'m GoldTable,
    columns: Vec<GoldColumn>,
}

impl Tracer<'_> {
    /// Adds the source fields behind a column. `seen` holds the columns on the way, so that a circle ends.
    fn trace(&self, name: &str, fields: &mut Vec<String>, seen: &mut Vec<String>) {
        if seen.iter().any(|other| other == name) {
            return;
        }
        seen.push(name.to_owned());
        match self.columns.iter().find(|column| column.name == name) {
            Some(column) => {
                for input in self.inputs(column, fields) {
                    self.trace(&input, fields, seen);
                }
            }
            // The bounds of slices and the like: columns of the source that the table does not have.
            None => self.add_carried(name, fields),
        }
    }

    /// The columns of the table (or of its source) that a column is computed from; what is known as a source field
    /// is added to `fields` at once.
    fn inputs(&self, column: &GoldColumn, fields: &mut Vec<String>) -> Vec<String> {
        if let Some((source, path)) = &column.source_path {
            add(fields, field(source, path));
        }
        match column.role {
            ColumnRole::Derived => match self.table.derived.get(&column.name) {
                Some(derived) => {
                    let mut words = identifiers(&derived.expression);
                    words.retain(|word| self.columns.iter().any(|column| column.name == *word));
                    words
                }
                None => Vec::new(),
            },
            ColumnRole::Folded | ColumnRole::Key => self.gathered_from(&column.name, fields),
            ColumnRole::SurrogateKey => {
                let mut inputs = self.table.key.clone();
                if let GoldKind::Scd2 { sequence_by, .. } = &self.table.kind {
                    inputs.push(sequence_by.clone());
                }
                inputs
            }
            ColumnRole::DimensionKey => match self.lookup(|lookup| lookup.key_column == column.name) {
                Some(lookup) => read_columns(lookup).into_iter().map(str::to_owned).collect(),
                None => Vec::new(),
            },
            ColumnRole::Fetched => {
                self.add_fetched(&column.name, fields);
                Vec::new()
            }
            ColumnRole::Validity => match &self.table.kind {
                GoldKind::Scd2 { delete_time, .. } if column.name == "is_deleted" => {
                    delete_time.iter().cloned().collect()
                }
                GoldKind::Scd2 { sequence_by, .. } => vec![sequence_by.clone()],
                _ => Vec::new(),
            },
            ColumnRole::Carried | ColumnRole::Audit => Vec::new(),
        }
    }

    /// What a folded or aggregated column is gathered from.
    fn gathered_from(&self, name: &str, fields: &mut Vec<String>) -> Vec<String> {
        match &self.table.kind {
            GoldKind::SlicedRunFact { fold, .. } => match fold.columns.get(name).map(|rule| &rule.function) {
                Some(FoldFunction::ValueAtLast { column, of }) => vec![column.clone(), of.clone()],
                Some(FoldFunction::CountSlices | FoldFunction::DurationSeconds) => {
                    vec![fold.slice_start.clone(), fold.slice_end.clone()]
                }
                Some(function) => function.column().into_iter().map(str::to_owned).collect(),
                None => Vec::new(),
            },
            GoldKind::Aggregate { members, aggregates, .. } => {
                let mut wanted = vec![name];
                if let Some(aggregate) = aggregates.get(name) {
                    wanted = std::iter::once(&aggregate.column).chain(&aggregate.by).map(String::as_str).collect();
                }
                for member in members {
                    self.add_member(member, &wanted, fields);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn add_member(&self, member: &Member, wanted: &[&str], fields: &mut Vec<String>) {
        let Some(bronze) = self.model.bronze.get(&member.source) else { return };
        for expression in wanted.iter().filter_map(|name| member.columns.get(*name)) {
            add_named(bronze, &identifiers(expression), fields);
        }
    }

    fn add_fetched(&self, name: &str, fields: &mut Vec<String>) {
        let Some(lookup) = self.lookup(|lookup| lookup.fetch.contains_key(name)) else { return };
        let Some(dimension) = self.model.gold.get(&lookup.dimension) else { return };
        let Some(fetch) = lookup.fetch.get(name) else { return };
        let tracer = Tracer { model: self.model, table: dimension, columns: gold_columns(self.model, dimension) };
        let mut found = Vec::new();
        tracer.trace(&fetch.column, &mut found, &mut Vec::new());
        found.into_iter().for_each(|path| add(fields, path));
    }

    fn add_carried(&self, name: &str, fields: &mut Vec<String>) {
        for bronze in self.table.sources().into_iter().filter_map(|source| self.model.bronze.get(source)) {
            add_named(bronze, &[name.to_owned()], fields);
        }
    }

    fn lookup(&self, is_wanted: impl Fn(&&Lookup) -> bool) -> Option<&Lookup> {
        self.table.dimensions.iter().find(is_wanted)
    }

    /// How the value of a column comes about.
    fn rule(&self, column: &GoldColumn) -> String {
        let name = &column.name;
        match column.role {
            ColumnRole::SurrogateKey => match self.table.kind {
                GoldKind::Calendar(_) => "the date as yyyymmdd".to_owned(),
                GoldKind::Scd2 { .. } => "function of business key and `valid_from`".to_owned(),
                _ => "function of the business key".to_owned(),
            },
            ColumnRole::Key | ColumnRole::Carried => self.carried_rule(column),
            ColumnRole::Folded => self.folded_rule(name),
            ColumnRole::Derived => match self.table.derived.get(name) {
                Some(derived) => code(&derived.expression),
                None => "generated".to_owned(),
            },
            ColumnRole::Fetched => match self.lookup(|lookup| lookup.fetch.contains_key(name)) {
                Some(lookup) => {
                    let from = lookup.fetch.get(name).map(|fetch| fetch.column.as_str()).unwrap_or_default();
                    format!(
                        "{} of the row that {} refers to",
                        code(format!("{}.{from}", lookup.dimension)),
                        code(&lookup.key_column)
                    )
                }
                None => String::new(),
            },
            ColumnRole::DimensionKey => match self.lookup(|lookup| lookup.key_column == *name) {
                Some(lookup) => format!("{} by {}: {}", code(&lookup.dimension), matched_on(lookup), chosen(lookup)),
                None => String::new(),
            },
            ColumnRole::Validity => match name.as_str() {
                "valid_from" => "start of the version".to_owned(),
                "valid_to" => "start of the next version".to_owned(),
                "is_current" => "whether `valid_to` is null".to_owned(),
                _ => self.deletion_rule(),
            },
            ColumnRole::Audit => "engine".to_owned(),
        }
    }

    fn deletion_rule(&self) -> String {
        match &self.table.kind {
            GoldKind::Scd2 { delete_time: Some(column), .. } => format!("whether {} is set", code(column)),
            _ => "always false".to_owned(),
        }
    }

    fn carried_rule(&self, column: &GoldColumn) -> String {
        let GoldKind::Aggregate { members, .. } = &self.table.kind else {
            let as_json = column.source_path.as_ref().and_then(|(source, path)| {
                let bronze = self.model.bronze.get(source)?;
                carried_columns(&bronze.columns).into_iter().find(|carried| carried.path == *path)
            });
            return match (&self.table.kind, as_json) {
                (GoldKind::Calendar(_), _) => "generated".to_owned(),
                (GoldKind::SlicedRunFact { .. }, json) if column.role == ColumnRole::Carried => {
                    let suffix = if json.is_some_and(|carried| carried.is_json) { ", as JSON text" } else { "" };
                    format!("last value that is not null{suffix}")
                }
                (_, Some(CarriedColumn { is_json: true, .. })) => "as JSON text".to_owned(),
                _ => "unchanged".to_owned(),
            };
        };
        let sources = members.iter().filter(|member| member.columns.contains_key(&column.name)).count();
        format!("distinct values of {sources} members")
    }

    fn folded_rule(&self, name: &str) -> String {
        match &self.table.kind {
            GoldKind::SlicedRunFact { fold, .. } => match fold.columns.get(name).map(|rule| &rule.function) {
                Some(FoldFunction::Min(column)) => format!("smallest {}", code(column)),
                Some(FoldFunction::Max(column)) => format!("greatest {}", code(column)),
                Some(FoldFunction::Last(column)) => format!("last {} that is not null", code(column)),
                Some(FoldFunction::ValueAtLast { column, of }) => {
                    format!("{} of the last slice with {}", code(column), code(of))
                }
                Some(FoldFunction::Count(column)) => format!("number of slices with {}", code(column)),
                Some(FoldFunction::CountSlices) => "number of slices".to_owned(),
                Some(FoldFunction::LastIsNull(column)) => format!("whether the last slice lacks {}", code(column)),
                Some(FoldFunction::DurationSeconds) => "whole seconds of the sum over the slices".to_owned(),
                Some(FoldFunction::Union(column)) => format!("sorted distinct union of {}", code(column)),
                None => String::new(),
            },
            GoldKind::Aggregate { aggregates, .. } => match aggregates.get(name) {
                Some(aggregate) if aggregate.by.is_empty() => {
                    format!("{} of member column {}", aggregate.function.name(), code(&aggregate.column))
                }
                Some(aggregate) => {
                    let by = aggregate.by.iter().map(code).collect::<Vec<_>>().join(", ");
                    format!("{} of member column {} by {by}", aggregate.function.name(), code(&aggregate.column))
                }
                None => String::new(),
            },
            _ => String::new(),
        }
    }
}

fn add_named(bronze: &BronzeTable, names: &[String], fields: &mut Vec<String>) {
    for carried in carried_columns(&bronze.columns) {
        if names.contains(&carried.name) {
            add(fields, field(&bronze.source, &carried.path));
        }
    }
}

fn add(fields: &mut Vec<String>, field: String) {
    if !fields.contains(&field) {
        fields.push(field);
    }
}

fn field(source: &SourceName, path: &[String]) -> String {
    format!("{source}.{}", path.join("."))
}

/// The words of a SQL expression that can be column names. Words that are functions or keywords do no harm: they
/// match no column.
pub(super) fn identifiers(expression: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut in_text = false;
    for c in expression.chars().chain([' ']) {
        if !in_text && (c.is_alphanumeric() || c == '_') {
            word.push(c);
            continue;
        }
        if c == '\'' {
            in_text = !in_text;
        }
        if !word.is_empty() {
            let found = std::mem::take(&mut word);
            if !out.contains(&found) {
                out.push(found);
            }
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_traced_to_their_source_fields() {
        let model = crate::load_model(&crate::root()).unwrap();
        let cases: [(&str, &str, &[&str]); 7] = [
            ("fact_usage", "usage_metadata_job_id", &["billing.usage.usage_metadata.job_id"]),
            ("fact_usage", "is_tagged", &["billing.usage.custom_tags"]),
            ("fact_usage", "account_cost", &["billing.usage.usage_quantity", "billing.account_prices.pricing.default"]),
            (
                "fact_job_run_timeline",
                "run_duration_seconds",
                &["lakeflow.job_run_timeline.period_start_time", "lakeflow.job_run_timeline.period_end_time"],
            ),
            ("dim_sku", "first_usage_date", &["billing.usage.usage_date"]),
            ("dim_job", "is_deleted", &["lakeflow.jobs.delete_time"]),
            ("dim_date", "year", &[]),
        ];
        for (table, column, expected) in cases {
            let found = origins(&model, model.gold.get(table).unwrap());
            let origin = found.into_iter().find(|origin| origin.column.name == column).unwrap();
            assert_eq!(origin.fields, expected, "{table}.{column}");
        }
    }

    #[test]
    fn words_within_texts_are_no_columns() {
        let words = identifiers("case when a = 'b' then split_part(c, '_', 1) end");
        assert_eq!(words, ["case", "when", "a", "then", "split_part", "c", "1", "end"]);
    }
}
