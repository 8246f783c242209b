//! Loading a source that is a snapshot or updated in place: by natural key and sequence.
//!
//! What is written is found before the `MERGE`: Delta Lake writes every file anew that has a row which is matched, whatever is done
//! with it, so rows that are as they should be must not come near the table.

use goldsmith_model::BronzeTable;
use goldsmith_query::columns::{INGESTED_AT, IS_PRESENT, RUN_ID, SOURCE_VERSION};

use super::{comparable, identified};
use crate::carried::{Carried, Column, carried};
use crate::chain::{Chain, indented, listed};
use crate::error::Result;
use crate::kind::equal;
use crate::names::{Names, identifier, identifiers};
use crate::order::{conjunction, content, latest_first, wrapped};
use crate::script::RUN;

/// The column that tells what is done with a row: one of the values below, or null.
const CHANGE: &str = "_change";

/// The row is the first of its key, or comes after the one that bronze holds.
const BETTER: &str = "'better'";

/// The row has the sequence of the one that bronze holds, and another content.
const TIED: &str = "'tied'";

/// The source shows the key again, and bronze holds the version that stays.
const BACK: &str = "'back'";

/// The row is the one that bronze holds, beside one that is tied with it.
const STAYS: &str = "'held'";

/// The source no longer shows the key.
const GONE: &str = "'gone'";

/// The column that tells whether a row is that of bronze.
const IS_HELD: &str = "_is_held";

/// Before the name of a column beside the key: what bronze holds in it.
const HELD: &str = "_held_";

/// The statement that merges the latest versions and marks rows that the source no longer shows.
pub(super) fn merge(names: &Names, bronze: &BronzeTable, rules: &[(Vec<String>, String)]) -> Result<String> {
    let own: Vec<String> = bronze.columns.keys().map(|name| identifier(name)).collect();
    let mut chain = Chain::default();
    let latest = match &bronze.sequence_by {
        Some(sequence) => latest(names, bronze, rules, sequence, &mut chain, &own)?,
        None => shown(names, bronze, rules, &mut chain, &own)?,
    };
    let assignments: Vec<String> = own.iter().map(|name| format!("{name} = s.{name}")).collect();
    let values: Vec<String> = own.iter().map(|name| format!("s.{name}")).collect();
    let stamps = ["cast(null as bigint)", "current_timestamp()", RUN, "true"];
    let stamped = [SOURCE_VERSION, INGESTED_AT, RUN_ID, IS_PRESENT];
    let restamped: Vec<String> = stamped.iter().zip(stamps).map(|(name, value)| format!("{name} = {value}")).collect();
    Ok(format!(
        "merge into {} as t\nusing (\n{}\n) as s\non {}\n\
         when matched and s.{CHANGE} = {GONE} then update set {IS_PRESENT} = false\n\
         when matched and s.{CHANGE} = {BACK} then update set {IS_PRESENT} = true\n\
         when matched then update set\n    {},\n  {}\n\
         when not matched then insert (\n    {},\n  {}\n)\nvalues (\n    {},\n  {}\n)",
        names.bronze(&bronze.source),
        indented(&chain.query(&latest)),
        equal(&bronze.natural_key, "t", "s"),
        wrapped(&assignments),
        restamped.join(", "),
        wrapped(&own),
        stamped.join(", "),
        wrapped(&values),
        stamps.join(", "),
    ))
}

/// Adds the steps that find the first version of each key of a source with a sequence, and returns the select that yields those that come to
/// something. Versions are put in order only then, since most rows of a large source come to nothing.
fn latest(
    names: &Names,
    bronze: &BronzeTable,
    rules: &[(Vec<String>, String)],
    sequence: &String,
    chain: &mut Chain,
    own: &[String],
) -> Result<String> {
    let delivered = delivered(names, bronze, rules, own);
    chain.push("delivered", "Rows that can be identified.", delivered);
    push_compared(chain, names, bronze);
    chain.push(
        "competing",
        "Rows that come to something; with those that are as late as the one that bronze holds, that one competes.",
        competing(bronze),
    );
    let columns = push_flattened(chain, bronze)?;
    // A held row that stays may have to be marked as shown all the same.
    Ok(format!(
        "-- One version of each key: the latest, and where that is equal, the content decides.\n\
         select\n    {},\n  case when {IS_HELD} then {BACK} else {CHANGE} end as {CHANGE}\nfrom (\n  select *, {} as _rank\n  from {}\n)\n\
         where _rank = 1 and not ({IS_HELD} and _is_shown)",
        wrapped(own),
        indented(&latest_of(&columns, bronze, sequence)).trim_start(),
        chain.last(),
    ))
}

/// Adds the steps that find what a source without a sequence shows of each key, and returns the select that yields those that come to
/// something. One row of each key is chosen before it is compared with the one that bronze holds: of two that the source shows, the one that
/// is held would drop out, and the other one would take its place in each run.
fn shown(
    names: &Names,
    bronze: &BronzeTable,
    rules: &[(Vec<String>, String)],
    chain: &mut Chain,
    own: &[String],
) -> Result<String> {
    chain.push("identified", "Rows that can be identified.", delivered(names, bronze, rules, own));
    let columns = push_flattened(chain, bronze)?;
    let query = format!(
        "select\n    {},\n  _is_delivered\nfrom (\n  select *, {} as _rank\n  from {}\n)\nwhere _rank = 1",
        wrapped(own),
        indented(&latest_first(&columns, &bronze.natural_key, &[])).trim_start(),
        chain.last(),
    );
    chain.push("delivered", "One row of each key; where the source shows several, the content decides.", query);
    push_compared(chain, names, bronze);
    Ok(format!("select\n    {},\n  {CHANGE}\nfrom compared\nwhere {CHANGE} is not null", wrapped(own)))
}

/// Rows of the source that can be identified.
fn delivered(names: &Names, bronze: &BronzeTable, rules: &[(Vec<String>, String)], own: &[String]) -> String {
    format!(
        "select\n    {},\n  true as _is_delivered\nfrom {}\nwhere {}",
        wrapped(own),
        names.source(&bronze.source),
        identified(rules)
    )
}

fn push_compared(chain: &mut Chain, names: &Names, bronze: &BronzeTable) {
    let comment = "Each row beside the one that bronze holds of its key, and what comes of it.";
    chain.push("compared", comment, compared(names, bronze));
}

/// Has the carried columns, by which the content is compared, stand beside those of the source. Returns all of them.
fn push_flattened(chain: &mut Chain, bronze: &BronzeTable) -> Result<Vec<Column>> {
    let flat = carried(bronze, &[])?;
    let beside: Vec<&Carried> =
        flat.iter().filter(|carried| !bronze.columns.contains_key(&carried.column.name)).collect();
    if !beside.is_empty() {
        let items: Vec<String> = std::iter::once("*".to_owned()).chain(beside.into_iter().map(Carried::item)).collect();
        let query = format!("select\n{}\nfrom {}", listed(&items), chain.last());
        chain.push("flattened", "With fields of structs and deeper values as the columns that are compared.", query);
    }
    Ok(flat.into_iter().map(|carried| carried.column).collect())
}

/// The order of versions of a sequence. Of two that differ in nothing that is compared the held one comes first, so that it is not written
/// again in each run.
fn latest_of(columns: &[Column], bronze: &BronzeTable, sequence: &String) -> String {
    let decided = bronze.natural_key.iter().chain([sequence]);
    let mut terms = vec![identifier(sequence)];
    terms.extend(content(columns, decided));
    terms.push(IS_HELD.to_owned());
    let terms: Vec<String> = terms.iter().map(|term| format!("{term} desc nulls last")).collect();
    format!(
        "row_number() over (\n  partition by {}\n  order by {}\n)",
        identifiers(&bronze.natural_key),
        wrapped(&terms)
    )
}

/// Delivered rows and those that bronze holds side by side, with what is to be done. Held columns have their names before the join: of an
/// expression over columns that are renamed above it Spark derives one for each subset of them.
fn compared(names: &Names, bronze: &BronzeTable) -> String {
    let (mut items, mut below) = (Vec::new(), Vec::new());
    for name in bronze.columns.keys() {
        let own = identifier(name);
        if bronze.natural_key.contains(name) {
            // A row that is gone is known by its key.
            items.push(format!("coalesce(d.{own}, h.{own}) as {own}"));
            below.push(own);
        } else {
            items.push(format!("d.{own}"));
            below.push(format!("{own} as {}", held(name)));
        }
    }
    if bronze.sequence_by.is_some() {
        items.extend(beside_key(bronze).map(|name| format!("h.{}", held(name))));
    }
    format!(
        "select\n    {},\n  h._is_shown,\n  case\n{}\n  end as {CHANGE}\nfrom delivered as d\nfull outer join (\n  select\n      {},\n    \
         {IS_PRESENT} <=> true as _is_shown,\n    true as {IS_HELD}\n  from {}\n) as h\n  on {}",
        wrapped(&items),
        indented(&indented(&cases(bronze).join("\n"))),
        wrapped(&below).replace('\n', "\n  "),
        names.bronze(&bronze.source),
        equal(&bronze.natural_key, "d", "h"),
    )
}

/// What is done with a row, the first that holds; nothing when none does.
fn cases(bronze: &BronzeTable) -> Vec<String> {
    let same: Vec<String> = beside_key(bronze)
        .filter(|name| bronze.sequence_by.as_ref() != Some(name))
        .map(|name| {
            let data_type = &bronze.columns[name].data_type;
            let [new, old] = [format!("d.{}", identifier(name)), format!("h.{}", held(name))];
            format!("{} <=> {}", comparable(&new, data_type), comparable(&old, data_type))
        })
        .collect();
    let differs = (!same.is_empty()).then(|| format!("not (\n  {}\n)", conjunction(&same)));
    let mut cases = vec![
        format!("when h.{IS_HELD} is null then {BETTER}"),
        format!("when d._is_delivered is null then case when h._is_shown then {GONE} end"),
    ];
    match &bronze.sequence_by {
        // Versions that are part of the key are equal where the rows meet.
        Some(sequence) if bronze.natural_key.contains(sequence) => {
            cases.extend(differs.map(|differs| format!("when {differs} then {TIED}")));
        }
        Some(sequence) => {
            let (new, old) = (format!("d.{}", identifier(sequence)), format!("h.{}", held(sequence)));
            cases.push(format!("when {new} > {old} or {old} is null and {new} is not null then {BETTER}"));
            cases.extend(differs.map(|differs| format!("when {new} <=> {old} and {differs} then {TIED}")));
        }
        None => cases.extend(differs.map(|differs| format!("when {differs} then {BETTER}"))),
    }
    cases.push(format!("when not h._is_shown then {BACK}"));
    cases
}

/// The rows that come to something, and the held ones that they have to outrank. What is compared takes long expressions, of which servers
/// plan one faster than one for each side, so both sides become rows of one kind. Nulls are left out by `explode`: of a filter in its place Spark
/// derives so many other conditions that it does not come to an end.
fn competing(bronze: &BronzeTable) -> String {
    let items: Vec<String> = bronze
        .columns
        .keys()
        .map(|name| {
            let own = identifier(name);
            if bronze.natural_key.contains(name) {
                return own;
            }
            format!("case when _side = {STAYS} then {} else {own} end as {own}", held(name))
        })
        .collect();
    format!(
        "select\n    {},\n  _side = {STAYS} as {IS_HELD}, _is_shown, _side as {CHANGE}\nfrom (\n  select *, explode(\n    \
         case when {CHANGE} = {TIED} then array({TIED}, {STAYS}) when {CHANGE} is not null then array({CHANGE}) end\n  ) as _side\n  \
         from compared\n)",
        wrapped(&items),
    )
}

fn beside_key(bronze: &BronzeTable) -> impl Iterator<Item = &String> {
    bronze.columns.keys().filter(|name| !bronze.natural_key.contains(name))
}

fn held(name: &str) -> String {
    identifier(&format!("{HELD}{name}"))
}
