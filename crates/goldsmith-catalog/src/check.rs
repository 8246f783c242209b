//! A query that asks the catalog whether everything is there.

use goldsmith_model::Model;

use crate::keys::{primary_key, primary_key_name};
use crate::text::literal;
use crate::{CatalogOptions, KeyPolicy};

/// A query over `information_schema` that fails with a list of what gold lacks in the catalog: tables, comments and keys.
///
/// It has two parameters, `:catalog` and `:gold_schema`, and returns one row when nothing is missing.
pub fn check_query(model: &Model, options: &CatalogOptions) -> String {
    let tables: Vec<String> = model
        .gold
        .values()
        .map(|table| {
            let primary = primary_key(table, options.keys).map(|_| primary_key_name(table));
            let references = if options.keys == KeyPolicy::None { 0 } else { table.dimensions.len() };
            let primary = primary.as_deref().map_or_else(|| "NULL".to_owned(), literal);
            format!("    ({}, {primary}, {references})", literal(&table.name))
        })
        .collect();
    format!(
        "WITH expected (table_name, primary_key, foreign_keys) AS (\n  VALUES\n{}\n),\n{}",
        tables.join(",\n"),
        QUERY
    )
}

/// Compares what is expected with what the catalog knows.
const QUERY: &str = "\
found AS (
  SELECT table_name, comment
  FROM IDENTIFIER(:catalog || '.information_schema.tables')
  WHERE table_schema = :gold_schema
),
keys AS (
  SELECT
    table_name,
    collect_set(CASE WHEN constraint_type = 'PRIMARY KEY' THEN constraint_name END) AS primary_keys,
    count_if(constraint_type = 'FOREIGN KEY' AND constraint_name LIKE 'fk\\\\_%') AS foreign_keys
  FROM IDENTIFIER(:catalog || '.information_schema.table_constraints')
  WHERE table_schema = :gold_schema
  GROUP BY table_name
),
missing AS (
  SELECT
    expected.table_name || ': ' || concat_ws(
      ', ',
      CASE WHEN found.table_name IS NULL THEN 'no table' END,
      CASE WHEN found.table_name IS NOT NULL AND coalesce(found.comment, '') = '' THEN 'no comment' END,
      CASE
        WHEN expected.primary_key IS NOT NULL AND NOT coalesce(array_contains(keys.primary_keys, expected.primary_key), false)
        THEN 'no primary key'
      END,
      CASE
        WHEN coalesce(keys.foreign_keys, 0) < expected.foreign_keys
        THEN coalesce(keys.foreign_keys, 0) || ' of ' || expected.foreign_keys || ' foreign keys'
      END
    ) AS what
  FROM expected
  LEFT JOIN found ON found.table_name = expected.table_name
  LEFT JOIN keys ON keys.table_name = expected.table_name
)
SELECT
  count(*) AS tables,
  CASE
    WHEN count_if(what NOT LIKE '%: ') > 0
    THEN raise_error('gold is not complete in the catalog; run the setup job again. ' || concat_ws('; ', sort_array(collect_list(CASE WHEN what NOT LIKE '%: ' THEN what END))))
  END AS problem
FROM missing
";
