//! `project.yaml`.

use super::{description, integer, text, write_mode};
use crate::domain::Project;
use crate::syntax::Node;

/// Version of the model language that this crate reads.
pub(crate) const VERSION: u32 = 1;

/// The project, with defaults for what the file does not say.
pub(crate) fn project(file: Option<&Node>) -> Project {
    let setting = |section: &str, key: &str| file.and_then(|file| text(file.get(section)?, key));
    let or = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
    let number =
        |section: Option<&Node>, key: &str| section.and_then(|node| integer(node, key)).and_then(|n| n.try_into().ok());
    Project {
        name: or(file.and_then(|file| text(file, "name")), "project"),
        version: number(file, "version").unwrap_or(VERSION),
        description: file.map(description).unwrap_or_default(),
        currency: or(setting("settings", "currency"), "USD"),
        fiscal_year_start_month: number(file.and_then(|file| file.get("settings")), "fiscal_year_start_month")
            .unwrap_or(1),
        write_mode: file.and_then(|file| write_mode(file.get("settings")?)).unwrap_or_default(),
        bronze_schema: or(setting("schemas", "bronze"), "bronze"),
        gold_schema: or(setting("schemas", "gold"), "gold"),
        quarantine_schema: or(setting("schemas", "quarantine"), "quarantine"),
    }
}
