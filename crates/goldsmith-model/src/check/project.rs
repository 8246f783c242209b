//! Checks of the project.

use super::Checker;
use crate::diagnostic::Code;

impl Checker<'_> {
    pub(super) fn check_project(&mut self) {
        let project = &self.model.project;
        let currency = project.currency.clone();
        let schemas = [
            ("bronze", project.bronze_schema.clone()),
            ("gold", project.gold_schema.clone()),
            ("quarantine", project.quarantine_schema.clone()),
        ];
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let message = format!("`{currency}` is no currency code");
            let help = "a currency is three capital letters (ISO 4217), for instance `USD`".to_owned();
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
