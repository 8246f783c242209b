//! Checks of the project.

use super::Checker;
use crate::diagnostic::Code;
use crate::domain::currency_problem;

impl Checker<'_> {
    pub(super) fn check_project(&mut self) {
        let project = &self.model.project;
        let currency = project.currency.clone();
        let schemas = [
            ("bronze", project.bronze_schema.clone()),
            ("gold", project.gold_schema.clone()),
            ("quarantine", project.quarantine_schema.clone()),
        ];
        if let Some((message, help)) = currency_problem(&currency) {
            self.report("project", "settings.currency", Code::InvalidValue, message, Some(help));
        }
        for (index, (key, schema)) in schemas.iter().enumerate() {
            if let Some((other, _)) = schemas.iter().take(index).find(|(_, earlier)| earlier == schema) {
                let message = format!("{other} and {key} cannot share the schema `{schema}`");
                self.report("project", &format!("schemas.{key}"), Code::InvalidValue, message, None);
            }
        }
    }
}
