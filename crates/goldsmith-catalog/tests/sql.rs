//! The SQL is SQL, in the right order, and says what the model says.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};

use goldsmith_catalog::{
    Catalog, CatalogOptions, KeyPolicy, Layer, Purpose, Statement, check_query, script, statements,
};
use goldsmith_model::{Model, load_embedded};
use sqlparser::dialect::{DatabricksDialect, Dialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

/// Databricks as the parser knows it, with two things that the parser's dialect lacks: the backslash that escapes in
/// literals, and comments on things.
#[derive(Debug)]
struct Databricks;

impl Dialect for Databricks {
    fn dialect(&self) -> TypeId {
        TypeId::of::<DatabricksDialect>()
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        DatabricksDialect.is_delimited_identifier_start(c)
    }

    fn is_identifier_start(&self, c: char) -> bool {
        DatabricksDialect.is_identifier_start(c)
    }

    fn is_identifier_part(&self, c: char) -> bool {
        DatabricksDialect.is_identifier_part(c)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_comment_on(&self) -> bool {
        true
    }
}

fn model() -> Model {
    load_embedded().unwrap().model
}

fn catalog() -> Catalog {
    Catalog::new("main", "s3://bucket/lake/").unwrap()
}

fn all(options: &CatalogOptions) -> Vec<Statement> {
    statements(&model(), &catalog(), options)
}

fn everything() -> CatalogOptions {
    let layers = vec![Layer::Bronze, Layer::Gold, Layer::Quarantine];
    CatalogOptions { layers, keys: KeyPolicy::All, rely: true }
}

fn of_purpose(statements: &[Statement], purpose: Purpose) -> Vec<&Statement> {
    statements.iter().filter(|statement| statement.purpose == purpose).collect()
}

/// The tokens of a statement without white space.
fn tokens(sql: &str) -> Vec<Token> {
    let tokens = Tokenizer::new(&Databricks, sql).tokenize().unwrap();
    tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(space) if !is_comment(space))).collect()
}

fn is_comment(space: &Whitespace) -> bool {
    matches!(space, Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
}

#[test]
fn every_statement_is_one_statement() {
    for statement in all(&everything()) {
        for token in tokens(&statement.sql) {
            let is_odd = matches!(token, Token::SemiColon | Token::Whitespace(_) | Token::Char(_));
            assert!(!is_odd, "{token:?} in {}", statement.sql);
        }
    }
}

#[test]
fn what_the_parser_knows_of_databricks_parses() {
    let mut unknown: BTreeSet<(Purpose, &str)> = BTreeSet::new();
    for statement in all(&CatalogOptions { rely: false, ..everything() }) {
        let sql = &statement.sql;
        match Parser::parse_sql(&Databricks, sql) {
            Ok(parsed) => assert_eq!(parsed.len(), 1, "{sql}"),
            Err(error) => {
                let forms = ["USING DELTA", "SYNC METADATA", "ALTER COLUMN", "SET TAGS"];
                let form = forms.into_iter().find(|form| sql.contains(form));
                unknown.insert((statement.purpose, form.unwrap_or_else(|| panic!("{error}: {sql}"))));
            }
        }
    }
    // The parser lacks these; Spark's own parser reads all but the tags and the sync (`tests/tests/catalog.rs`).
    let expected = BTreeSet::from([
        (Purpose::Table, "USING DELTA"),
        (Purpose::Sync, "SYNC METADATA"),
        (Purpose::Comment, "ALTER COLUMN"),
        (Purpose::Tag, "ALTER COLUMN"),
        (Purpose::Tag, "SET TAGS"),
        (Purpose::NotNull, "ALTER COLUMN"),
    ]);
    assert_eq!(unknown, expected);
}

#[test]
fn every_table_is_registered_once_where_the_engine_writes_it() {
    let model = model();
    let found = all(&everything());
    let tables: Vec<&str> = of_purpose(&found, Purpose::Table).iter().map(|found| found.sql.as_str()).collect();
    assert_eq!(tables.len(), 2 * model.bronze.len() + model.gold.len());
    let distinct: HashSet<&str> = tables.iter().copied().collect();
    assert_eq!(distinct.len(), tables.len());
    for expected in [
        "CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_usage` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_usage'",
        "CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`internal_logging_payload_logs` USING DELTA LOCATION 's3://bucket/lake/system_bronze/internal_logging_payload_logs'",
        "CREATE TABLE IF NOT EXISTS `main`.`system_quarantine`.`billing_usage` USING DELTA LOCATION 's3://bucket/lake/system_quarantine/billing_usage'",
    ] {
        assert!(distinct.contains(expected), "{expected}");
    }
}

#[test]
fn a_schema_may_be_called_otherwise_than_its_directory() {
    let catalog = catalog().with_schema(Layer::Gold, "my_gold").unwrap();
    let options = CatalogOptions { layers: vec![Layer::Gold], ..CatalogOptions::default() };
    let text = script(&statements(&model(), &catalog, &options));
    assert!(text.contains("`main`.`my_gold`.`dim_user` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_user'"));
    assert!(!text.contains("`system_gold`"), "a name of the schema is left");
}

#[test]
fn personal_data_is_tagged_in_columns_and_tables() {
    let model = model();
    let found = all(&everything());
    let tags: HashSet<&str> = of_purpose(&found, Purpose::Tag).iter().map(|found| found.sql.as_str()).collect();
    for expected in [
        "ALTER TABLE `main`.`system_gold`.`dim_user` ALTER COLUMN `user_name` SET TAGS ('pii' = 'true')",
        "ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `statement_text` SET TAGS ('pii' = 'true')",
        "ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `source_ip_address` SET TAGS ('pii' = 'true')",
    ] {
        assert!(tags.contains(expected), "{expected}");
    }
    let tagged = model.bronze.values().flat_map(|table| &table.columns).filter(|(_, column)| !column.tags.is_empty());
    let in_bronze = tags.iter().filter(|sql| sql.contains("`system_bronze`") && sql.contains("ALTER COLUMN"));
    assert_eq!(in_bronze.count(), tagged.count());
    for table in of_purpose(&found, Purpose::Tag).into_iter().filter(|found| !found.sql.contains("ALTER COLUMN")) {
        let layer = table.layer.name();
        assert!(table.sql.contains(&format!("'layer' = '{layer}', 'domain' = '")), "{}", table.sql);
        let name = table.table.as_deref().unwrap();
        let prefix = format!("`system_{layer}`.`{name}` ALTER COLUMN");
        if tags.iter().any(|sql| sql.contains(&prefix)) {
            assert!(table.sql.contains("'pii' = 'true'"), "{}", table.sql);
        }
    }
}

#[test]
fn every_description_of_the_model_arrives_as_a_comment() {
    let model = model();
    let text = script(&all(&CatalogOptions::default()));
    let escaped = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\'', "\\'");
    for table in model.bronze.values() {
        assert!(text.contains(&escaped(&table.description)), "{}", table.source);
        for (name, column) in &table.columns {
            let expected = format!("`{name}` COMMENT '{}'", escaped(&column.description));
            assert!(text.contains(&expected), "{}: {expected}", table.source);
        }
    }
    for table in model.gold.values() {
        for column in goldsmith_model::gold_columns(&model, table) {
            let is_there = text.contains(&format!("`{}` COMMENT '{}'", column.name, escaped(&column.description)));
            assert!(is_there || column.name.starts_with('_'), "{}.{}", table.name, column.name);
        }
    }
}

#[test]
fn keys_are_declared_in_an_order_that_databricks_accepts_again_and_again() {
    let found = all(&everything());
    let position = |purpose: Purpose, wanted: fn(&str) -> bool| {
        let at = |(at, statement): (usize, &Statement)| {
            (statement.purpose == purpose && wanted(&statement.sql)).then_some(at)
        };
        let places: Vec<usize> = found.iter().enumerate().filter_map(at).collect();
        (*places.first().unwrap(), *places.last().unwrap())
    };
    let any: fn(&str) -> bool = |_| true;
    let order = [
        position(Purpose::Table, any),
        position(Purpose::NotNull, any),
        position(Purpose::DropKey, |sql| sql.contains("`fk_")),
        position(Purpose::DropKey, |sql| sql.contains("`pk_")),
        position(Purpose::PrimaryKey, any),
        position(Purpose::ForeignKey, any),
    ];
    for pair in order.windows(2) {
        assert!(pair[0].1 < pair[1].0, "{order:?}");
    }
    // Whatever is declared was dropped by the same name, and no name stands twice.
    let constraint =
        |sql: &str, verb: &str| sql.split_once(verb).map(|(_, rest)| rest.split('`').nth(1).unwrap().to_owned());
    let added: Vec<String> = found.iter().filter_map(|found| constraint(&found.sql, "ADD CONSTRAINT")).collect();
    let dropped: BTreeSet<String> =
        found.iter().filter_map(|found| constraint(&found.sql, "DROP CONSTRAINT IF EXISTS")).collect();
    let distinct: BTreeSet<String> = added.iter().cloned().collect();
    assert_eq!((added.len(), &distinct), (dropped.len(), &dropped));
    assert!(of_purpose(&found, Purpose::PrimaryKey).iter().all(|found| found.sql.ends_with(") RELY")));
}

#[test]
fn each_look_up_is_a_foreign_key_to_the_surrogate_key_of_its_dimension() {
    let model = model();
    let found = all(&CatalogOptions::default());
    let foreign: HashSet<&str> =
        of_purpose(&found, Purpose::ForeignKey).iter().map(|found| found.sql.as_str()).collect();
    let lookups: usize = model.gold.values().map(|table| table.dimensions.len()).sum();
    assert_eq!(foreign.len(), lookups);
    let expected = "ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_workspace_key` \
                    FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`)";
    assert!(foreign.contains(expected), "{foreign:#?}");
    let keyed: HashSet<&str> =
        of_purpose(&found, Purpose::PrimaryKey).iter().filter_map(|found| found.table.as_deref()).collect();
    for statement in of_purpose(&found, Purpose::ForeignKey) {
        assert!(keyed.contains(statement.references.as_deref().unwrap()), "{}", statement.sql);
    }
}

#[test]
fn only_keys_without_nulls_are_primary_unless_all_are_asked_for() {
    let model = model();
    let tables = |keys: KeyPolicy| -> BTreeSet<String> {
        let found = all(&CatalogOptions { keys, ..CatalogOptions::default() });
        of_purpose(&found, Purpose::PrimaryKey).iter().map(|found| found.table.clone().unwrap()).collect()
    };
    let certain = tables(KeyPolicy::Certain);
    for table in model.gold.values() {
        let expected = table.is_dimension() || table.key.len() == 1;
        assert_eq!(certain.contains(&table.name), expected, "{}", table.name);
    }
    assert_eq!(tables(KeyPolicy::All).len(), model.gold.len());
    let none = all(&CatalogOptions { keys: KeyPolicy::None, ..CatalogOptions::default() });
    assert!(none.iter().all(|found| !found.sql.contains("CONSTRAINT") && found.purpose != Purpose::NotNull));
}

#[test]
fn text_of_a_model_cannot_leave_its_literal() {
    let files = vec![
        ("project.yaml".to_owned(), "version: 1\nname: small\ndescription: Small.\n".to_owned()),
        (
            "bronze/billing/usage.yaml".to_owned(),
            "source: billing.usage\ndescription: \"one's \\\\'; DROP SCHEMA main; --\"\nmutability: append_event\n\
             load: append\nscope: global\nnatural_key: [record_id]\nsequence_by: at\ncolumns:\n  \
             record_id: {type: string, description: \"a \\\\\"}\n  at: {type: timestamp, description: When.}\n"
                .to_owned(),
        ),
        (
            "gold/billing/fact_usage.yaml".to_owned(),
            "table: fact_usage\nkind: fact\ndomain: billing\ndescription: Usage.\ngrain: one record\nsource: billing.usage\n\
             key: [record_id]\nevent_time: at\n"
                .to_owned(),
        ),
    ];
    let model = goldsmith_model::load_files(files).unwrap().model;
    let found = statements(&model, &catalog(), &CatalogOptions::default());
    let comments: Vec<&str> = of_purpose(&found, Purpose::Comment).iter().map(|found| found.sql.as_str()).collect();
    assert!(
        comments
            .contains(&"COMMENT ON TABLE `main`.`bronze`.`billing_usage` IS 'one\\'s \\\\\\'; DROP SCHEMA main; --'"),
        "{comments:#?}"
    );
    let sql = comments.iter().find(|sql| sql.contains("one\\'s")).unwrap();
    assert_eq!(Parser::parse_sql(&Databricks, sql).unwrap().len(), 1);
}

#[test]
fn the_check_asks_for_every_table_and_key() {
    let model = model();
    let text = check_query(&model, &CatalogOptions::default());
    for table in model.gold.values() {
        let primary = if table.is_dimension() || table.key.len() == 1 {
            format!("'pk_{}'", table.name)
        } else {
            "NULL".to_owned()
        };
        let row = format!("('{}', {primary}, {})", table.name, table.dimensions.len());
        assert!(text.contains(&row), "{row}");
    }
}
