//! The statements as one text.

use crate::Statement;

/// Writes statements as a script, with a heading before each table.
pub fn script(statements: &[Statement]) -> String {
    let mut out = String::new();
    let mut heading = None;
    for statement in statements {
        let subject = (statement.layer, statement.table.as_deref());
        if heading != Some(subject) {
            if heading.is_some() {
                out.push('\n');
            }
            match &statement.table {
                Some(table) => out.push_str(&format!("-- {}: {table}\n", statement.layer)),
                None => out.push_str(&format!("-- {}\n", statement.layer)),
            }
            heading = Some(subject);
        }
        out.push_str(&statement.sql);
        out.push_str(";\n");
    }
    out
}
