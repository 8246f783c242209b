//! Look-ups by a setting of the project, such as the currency, that no member of their dimension has.

use goldsmith_model::{Lookup, LookupKeyPart, LookupKind};

use super::pipeline::BoundLookup;
use crate::error::Result;

/// Values that are named at most.
const NAMED: usize = 5;

/// What to tell when a look-up can find nothing in any row, since no member of the dimension has the value of a setting. A dimension
/// without members is told by its absent source.
pub(super) async fn warning(bound: &BoundLookup) -> Result<Option<String>> {
    let Some(members) = &bound.members else { return Ok(None) };
    for part in key(&bound.lookup) {
        let LookupKeyPart::Constant { dimension: column, value, setting: Some(setting) } = part else { continue };
        let found = members.key_texts(column).await?;
        if !found.is_empty() && !found.contains(value) {
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            return Ok(Some(told(&bound.lookup, column, (setting.as_str(), value.as_str()), &found)));
        }
    }
    Ok(None)
}

fn key(lookup: &Lookup) -> &[LookupKeyPart] {
    match &lookup.kind {
        LookupKind::Calendar { .. } => &[],
        LookupKind::Plain { key } | LookupKind::AsOf { key, .. } | LookupKind::Interval { key, .. } => key,
    }
}

fn told(lookup: &Lookup, column: &str, (setting, value): (&str, &str), found: &[&str]) -> String {
    let mut named = found.iter().take(NAMED).map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
    match found.len().saturating_sub(NAMED) {
        0 => {}
        more => named.push_str(&format!(" and {more} more")),
    }
    let mut columns = vec![format!("`{}` is -1", lookup.key_column)];
    columns.extend(lookup.fetch.keys().map(|name| format!("`{name}` is null")));
    format!(
        "the setting `{setting}` is `{value}`, and no row of `{}` has that in `{column}`, where there is {named}: in every row {}",
        lookup.dimension,
        columns.join(", ")
    )
}
