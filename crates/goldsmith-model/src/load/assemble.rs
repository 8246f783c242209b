//! From texts to a model: syntax, structure, then the checks between files. No stage stops at a problem, so that one
//! run reports all of them.

use indexmap::IndexMap;

use super::Loaded;
use super::files::Role;
use crate::check::{Checker, build, check_data_test};
use crate::diagnostic::{Code, Diagnostic, Severity, sort};
use crate::domain::{BronzeTable, DataTest, GoldTable, Model, Project, SourceName};
use crate::locator::{Locator, Place, SourceFile};
use crate::read::{self, RawBronze, RawGold, VERSION};
use crate::shape::{KIND_KEYS, Kind, check};
use crate::syntax::{Node, Scalar, parse};

pub(super) fn assemble(mut files: Vec<(String, String)>, problems: Vec<Diagnostic>) -> Result<Loaded, Vec<Diagnostic>> {
    files.sort();
    let mut reader = Reader::default();
    for problem in problems {
        reader.unreadable_file(problem);
    }
    for (path, text) in &files {
        reader.file(path, text);
        if let Some(newer) = reader.newer.take() {
            // What a newer program means cannot be judged here, so nothing else is said about the model.
            return Err(vec![newer]);
        }
    }
    if !reader.project_read {
        let help = "add one with `version: 1`, `name` and `description`".to_owned();
        let place = Place::start_of("project.yaml");
        reader
            .found
            .push(Diagnostic::new(Code::MissingProject, place, "the model has no project.yaml").with_help(help));
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    project: Option<Project>,
    project_read: bool,
    newer: Option<Diagnostic>,
    bronze: IndexMap<SourceName, RawBronze>,
    gold: IndexMap<String, RawGold>,
    unreadable: Vec<String>,
    tests: Vec<DataTest>,
    locator: Locator,
    found: Vec<Diagnostic>,
}

impl Reader {
    /// A file that is there but cannot be read: its name is known, what it says is not.
    fn unreadable_file(&mut self, problem: Diagnostic) {
        match Role::of(&problem.file) {
            Some(Role::Project) => self.project_read = true,
            Some(Role::Bronze(source)) => {
                self.bronze.insert(source.clone(), read::bronze(None, source));
            }
            Some(Role::Gold { table, .. }) => self.unreadable.push(table),
            Some(Role::DataTest { .. }) | None => {}
        }
        self.found.push(problem);
    }

    fn file(&mut self, path: &str, text: &str) {
        let Some(role) = Role::of(path) else {
            let help = if path.ends_with(".yml") {
                "model files end in `.yaml`"
            } else {
                "model files are project.yaml, bronze/<schema>/<table>.yaml, gold/<domain>/<table>.yaml and tests/<table>.yaml"
            };
            let diagnostic =
                Diagnostic::new(Code::UnexpectedFile, Place::start_of(path), "this is no place for a model file");
            self.found.push(diagnostic.with_help(help.to_owned()));
            return;
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (root, problems) = parse(text);
        let file = SourceFile::new(path, text, root);
        for problem in problems {
            let diagnostic = Diagnostic::new(problem.code, file.place(problem.span), problem.message);
            self.found.push(diagnostic.with_help(problem.help));
        }
        let problems = check(&file, role.kind().shape());
        match role {
            Role::Project => self.project(file, problems),
            _ => {
                self.found.extend(problems);
                match role {
                    Role::Bronze(source) => self.bronze(file, source),
                    Role::Gold { domain, table } => self.gold(file, domain, table),
                    Role::DataTest { table } => self.data_test(file, &table),
                    Role::Project => {}
                }
            }
        }
    }

    fn project(&mut self, file: SourceFile, problems: Vec<Diagnostic>) {
        self.project_read = true;
        if let Some(Scalar::Integer(version)) = file.root.as_ref().and_then(|root| root.get("version")?.scalar())
            && version > i64::from(VERSION)
        {
            let message = format!(
                "the model is written for a newer goldsmith: version {version}, this one reads version {VERSION}"
            );
            let diagnostic = Diagnostic::new(Code::UnsupportedVersion, file.locate("version"), message);
            self.newer = Some(diagnostic.with_help("update goldsmith".to_owned()));
        }
        self.found.extend(problems);
        self.project = Some(read::project(file.root.as_ref()));
        self.locator.insert("project", file);
    }

    fn bronze(&mut self, file: SourceFile, source: SourceName) {
        self.path_matches(&file, "source", &source.to_string(), "bronze/<schema>/<table>.yaml");
        let twin = self
            .bronze
            .values()
            .map(|raw| &raw.table.source)
            .find(|other| other.bronze_table() == source.bronze_table());
        if let Some(twin) = twin.filter(|twin| **twin != source) {
            let message =
                format!("`{source}` would be kept in the same bronze table as `{twin}`, `{}`", source.bronze_table());
            self.found.push(Diagnostic::new(Code::DuplicateTable, file.locate("source"), message));
        }
        self.bronze.insert(source.clone(), read::bronze(file.root.as_ref(), source.clone()));
        self.locator.insert(&source.to_string(), file);
    }

    fn gold(&mut self, file: SourceFile, domain: String, table: String) {
        if let Some(first) = self.locator.file(&table) {
            let message = format!("the table `{table}` is already there, in {first}");
            let help = "rename or remove one of the two files".to_owned();
            self.found.push(Diagnostic::new(Code::DuplicateTable, file.locate("table"), message).with_help(help));
            return;
        }
        self.path_matches(&file, "table", &table, "gold/<domain>/<table>.yaml");
        self.path_matches(&file, "domain", &domain, "gold/<domain>/<table>.yaml");
        match file.root.as_ref().filter(|root| !root.entries().is_empty()) {
            Some(root) => {
                self.check_kind_keys(&file, root);
                self.gold.insert(table.clone(), read::gold(root, table.clone(), domain));
            }
            None => self.unreadable.push(table.clone()),
        }
        self.locator.insert(&table, file);
    }

    fn data_test(&mut self, file: SourceFile, table: &str) {
        self.path_matches(&file, "table", table, "tests/<table>.yaml");
        if let Some(mut test) = file.root.as_ref().and_then(read::data_test) {
            test.table = table.to_owned();
            self.tests.push(test);
        }
        self.locator.insert(&format!("tests/{table}"), file);
    }

    /// The path of a file names its table once more; both must agree.
    fn path_matches(&mut self, file: &SourceFile, key: &str, expected: &str, pattern: &str) {
        let Some(Scalar::Text(given)) = file.root.as_ref().and_then(|root| root.get(key)?.scalar()) else { return };
        if given != expected {
            let message = format!("`{key}` is `{given}`, but by its path the file is about `{expected}`");
            let help = format!("a file lies at {pattern}; move the file or change `{key}`");
            self.found.push(Diagnostic::new(Code::PathMismatch, file.locate(key), message).with_help(help));
        }
    }

    /// Keys that the kind of the table needs, and those that it cannot have.
    fn check_kind_keys(&mut self, file: &SourceFile, root: &Node) {
        let Some(kind) = Kind::of(root) else {
            let is_dimension = root.get("kind").and_then(Node::scalar) == Some(Scalar::Text("dimension"));
            if is_dimension && root.get("scd").is_none() {
                let help = "`scd` is 1 (latest version), 2 (all versions) or `interval`".to_owned();
                self.found.push(
                    Diagnostic::new(Code::MissingKey, file.locate("kind"), "a dimension needs `scd`").with_help(help),
                );
            }
            return;
        };
        for (key, needed_by, allowed_for) in KIND_KEYS {
            let present = root.get(key).is_some();
            if !present && needed_by.contains(&kind) {
                let message = format!("a {} needs `{key}`", kind.noun());
                self.found.push(Diagnostic::new(Code::MissingKey, file.locate("kind"), message));
            } else if present && !needed_by.contains(&kind) && !allowed_for.contains(&kind) {
                let message = format!("`{key}` does not belong to a {}", kind.noun());
                let entry = root.entries().iter().find(|entry| entry.key == *key);
                let place = entry.map_or_else(|| file.locate(key), |entry| file.place(entry.key_span));
                self.found.push(Diagnostic::new(Code::MisplacedKey, place, message));
            }
        }
    }

    fn finish(mut self) -> Result<Loaded, Vec<Diagnostic>> {
        self.bronze.sort_keys();
        self.gold.sort_keys();
        self.tests.sort_by(|a, b| a.table.cmp(&b.table));
        let bronze: IndexMap<SourceName, BronzeTable> =
            self.bronze.iter().map(|(source, raw)| (source.clone(), raw.table.clone())).collect();
        let build_table = |(name, raw): (&String, &RawGold)| -> Option<(String, GoldTable)> {
            let bronze = raw.source.as_ref().and_then(|source| self.bronze.get(source));
            Some((name.clone(), build(raw, bronze)?))
        };
        let gold = self.gold.iter().filter_map(build_table).collect();
        let project = self.project.unwrap_or_else(|| read::project(None));
        let mut checker = Checker {
            locator: &self.locator,
            bronze: &self.bronze,
            raw: &self.gold,
            unreadable: &self.unreadable,
            model: Model { project, bronze, gold },
            found: self.found,
        };
        checker.run();
        for test in &self.tests {
            check_data_test(&mut checker, test);
        }
        let Checker { model, mut found, .. } = checker;
        sort(&mut found);
        if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(found);
        }
        Ok(Loaded { model, tests: self.tests, warnings: found, locator: self.locator })
    }
}
