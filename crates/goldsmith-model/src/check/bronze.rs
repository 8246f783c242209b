//! Checks of one source.

use super::Checker;
use super::visible::{DATE, Visible};
use crate::diagnostic::Code;
use crate::domain::{LoadMode, MutabilityClass};
use crate::read::RawBronze;

/// Columns that bronze adds to those of the source.
const BRONZE_COLUMNS: [&str; 4] = ["_source_version", "_ingested_at", "_run_id", "_is_present"];

impl Checker<'_> {
    pub(super) fn check_bronze(&mut self, raw: &RawBronze) {
        let table = &raw.table;
        let name = table.source.to_string();
        let visible = Visible::of_source(raw);
        self.check_key(&name, "natural_key", &table.natural_key, &visible);
        if let Some(column) = &table.sequence_by {
            self.check_sequence(&name, "sequence_by", column, &visible);
        }
        if let Some(column) = &table.date_column {
            self.typed((&name, "date_column"), column, &visible, &DATE);
        }
        for column in table.columns.keys().filter(|column| BRONZE_COLUMNS.contains(&column.as_str())) {
            let message = format!("bronze adds a column `{column}` itself");
            let help = "a source column of that name cannot be taken over".to_owned();
            self.report(&name, &format!("columns.{column}"), Code::ReservedColumn, message, Some(help));
        }
        for (column, definition) in &table.columns {
            if definition.values.is_some() && !definition.data_type.is_scalar() && !raw.opaque {
                let message = format!("`values` needs a scalar column, but `{column}` is `{}`", definition.data_type);
                self.report(&name, &format!("columns.{column}.values"), Code::TypeMismatch, message, None);
            }
        }
        let Some(mutability) = raw.mutability else { return };
        let needs_order = matches!(mutability, MutabilityClass::MutableRow | MutabilityClass::Scd2Log);
        if needs_order && table.sequence_by.is_none() {
            let message = format!(
                "a `{mutability}` source needs `sequence_by`: without it nothing says which version is the later one"
            );
            let help = "name the column with the time of the change".to_owned();
            self.report(&name, "mutability", Code::NoTotalOrder, message, Some(help));
        }
        // A merge knows which version came last. In a stream a row that goes back to what it was is taken for a repetition, and the
        // version between the two would stay.
        if mutability == MutabilityClass::IntervalReference
            && table.load == LoadMode::Append
            && table.sequence_by.is_none()
        {
            let message = format!(
                "`{mutability}` with `load: append` needs `sequence_by`: its rows change, and a row that goes back to what it was \
                 would be taken for a repetition"
            );
            let help = "use `load: merge`, or name the column with the time of the change".to_owned();
            self.report(&name, "load", Code::NoTotalOrder, message, Some(help));
        }
        if mutability == MutabilityClass::LatestSnapshot && table.load == LoadMode::Append {
            let message =
                "`load: append` contradicts `latest_snapshot`: a snapshot is not a stream of appended rows".to_owned();
            let help = "use `load: merge`; if rows are only ever appended, the class is another one".to_owned();
            self.report(&name, "load", Code::LoadContradictsMutability, message, Some(help));
        }
    }
}
