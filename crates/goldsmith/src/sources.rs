//! Whether the sources of a run are where they are looked for: a wrong directory must not look like sources that are absent.

use std::collections::BTreeSet;

use goldsmith_lake::{Lake, Location};
use goldsmith_model::{BronzeTable, Model, SourceName};
use goldsmith_plan::Selection;

use crate::error::{Error, Result};
use crate::layout::Layout;

/// Directories below the root that are looked into for the schemas, when these are not in the root itself.
const LOOKED_INTO: usize = 20;

/// Fails when `root` has no source of the model at all. Those that are selected may all be absent, as they can still come; what the model
/// calls optional may always be, and a selection without any source needs none.
///
/// # Errors
/// [`Error::Configuration`] with the layout that is expected, and errors of the storage.
pub(crate) async fn check_sources(
    lake: &Lake,
    root: &Location,
    model: &Model,
    layout: &Layout,
    selection: &Selection,
) -> Result<()> {
    let selected: Vec<&BronzeTable> =
        model.bronze.values().filter(|bronze| selection.sources.contains(&bronze.source.to_string())).collect();
    let needed = selected.iter().filter(|bronze| !bronze.optional).map(|bronze| &bronze.source);
    // One with a plain name is the better example.
    let Some(example) = needed.min_by_key(|source| source.schema.starts_with('_')) else {
        return Ok(());
    };
    let Some(found) = names(lake, root).await? else {
        return Ok(());
    };
    let known: Vec<&BronzeTable> = model.bronze.values().collect();
    for schema in present_schemas(&known, &found) {
        let Some(tables) = names(lake, &root.join(schema)).await? else {
            return Ok(());
        };
        if known
            .iter()
            .any(|bronze| directories(&bronze.source).contains(&schema) && tables.contains(&bronze.source.table))
        {
            return Ok(());
        }
    }
    let what = format!("none of the {} sources of the model is in `{root}`", known.len());
    let example = root.join(&example.schema).join(&example.table);
    let expected = format!("tables are expected as `<root>/<schema>/<table>`, such as `{example}`");
    let help = match hint(lake, root, &found, model, layout).await? {
        Some(hint) => format!("{hint}; {expected}"),
        None => expected,
    };
    Err(Error::Configuration { what, help })
}

/// Those directories of schemas that are below the root.
fn present_schemas<'a>(known: &[&'a BronzeTable], found: &[String]) -> Vec<&'a str> {
    let schemas: BTreeSet<&'a str> = known.iter().flat_map(|bronze| directories(&bronze.source)).collect();
    schemas.into_iter().filter(|schema| found.iter().any(|name| name == schema)).collect()
}

/// What the root seems to be, when it is not that of the sources.
async fn hint(
    lake: &Lake,
    root: &Location,
    found: &[String],
    model: &Model,
    layout: &Layout,
) -> Result<Option<String>> {
    if let Some(hint) = hint_of_names(root, found, model, layout) {
        return Ok(Some(hint));
    }
    let schemas: BTreeSet<&str> = model.bronze.keys().flat_map(directories).collect();
    for name in found.iter().take(LOOKED_INTO) {
        let below = root.join(name);
        let inside = names(lake, &below).await?.unwrap_or_default();
        if !schemas.contains(name.as_str()) && inside.iter().any(|name| schemas.contains(name.as_str())) {
            return Ok(Some(format!("it looks like one level too high: give `{below}`")));
        }
    }
    Ok(None)
}

/// What the names below the root tell of it.
fn hint_of_names(root: &Location, found: &[String], model: &Model, layout: &Layout) -> Option<String> {
    if found.iter().any(|name| name == layout.bronze_schema() || name == layout.gold_schema()) {
        return Some("it looks like a target that goldsmith filled".to_owned());
    }
    if found.iter().any(|name| name == "_delta_log" || name.ends_with(".parquet")) {
        return Some(format!("it looks like a table itself, two levels too deep{}", above(root, 2)));
    }
    let text = root.to_string();
    let own = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let source =
        model.bronze.keys().find(|source| directories(source).contains(&own) && found.contains(&source.table))?;
    Some(format!("it looks like the schema `{}`, one level too deep{}", source.schema, above(root, 1)))
}

/// Advises the place so many levels above, when there is one.
fn above(root: &Location, levels: usize) -> String {
    let mut place = root.to_string();
    for _ in 0..levels {
        place = place.rsplit_once(['/', '\\']).map(|(above, _)| above.to_owned()).unwrap_or_default();
    }
    if place.is_empty() || place.ends_with([':', '/']) { String::new() } else { format!(": give `{place}`") }
}

/// The directories that can be that of the schema of a source, which may lack its leading underscores.
fn directories(source: &SourceName) -> Vec<&str> {
    let plain = source.schema.trim_start_matches('_');
    if plain == source.schema { vec![plain] } else { vec![source.schema.as_str(), plain] }
}

/// What is directly below a location; none when it may not be looked at, which the tables below it tell in their own words.
async fn names(lake: &Lake, location: &Location) -> Result<Option<Vec<String>>> {
    if let Some(path) = location.local_path()
        && let Err(error) = std::fs::read_dir(&path)
        && error.kind() == std::io::ErrorKind::PermissionDenied
    {
        return Ok(None);
    }
    Ok(Some(lake.list_names(location).await?))
}
