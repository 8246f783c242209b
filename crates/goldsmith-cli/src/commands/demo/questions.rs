//! The questions that a demo answers: one SQL file each, whose first comment is the question.

use arrow::array::RecordBatch;
use goldsmith::Engine;

use crate::commands::Context;
use crate::error::Result;

/// A query to try next.
pub(super) const HINT: &str = include_str!("hint.sql").trim_ascii();

const QUESTIONS: [(&str, &str); 5] = [
    ("spend", include_str!("spend.sql")),
    ("failed_jobs", include_str!("failed_jobs.sql")),
    ("slow_warehouses", include_str!("slow_warehouses.sql")),
    ("sensitive_actions", include_str!("sensitive_actions.sql")),
    ("price_coverage", include_str!("price_coverage.sql")),
];

/// A question with its answer.
pub(super) struct Answer {
    pub(super) name: &'static str,
    pub(super) question: String,
    pub(super) batches: Vec<RecordBatch>,
}

/// Answers all questions. An own model may lack what one asks for; then it is told and left out.
///
/// # Errors
/// A query over the built-in model fails.
pub(super) async fn answer(context: &Context, engine: &Engine) -> Result<Vec<Answer>> {
    let is_own_model = context.settings.models.value.is_some();
    let mut answers = Vec::with_capacity(QUESTIONS.len());
    for (name, sql) in QUESTIONS {
        match engine.query(sql).await {
            Ok(batches) => answers.push(Answer { name, question: question(sql), batches }),
            Err(error) if is_own_model => {
                context.printer.say(&format!("this model does not answer the question `{name}`: {}", error.chain()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(answers)
}

fn question(sql: &str) -> String {
    let comments = sql.lines().map_while(|line| line.strip_prefix("--"));
    comments.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_begins_with_its_question() {
        for (name, sql) in QUESTIONS {
            assert!(question(sql).contains('?'), "{name}");
        }
        assert!(!HINT.contains(['\'', '\n']), "the hint stands in quotes on one line");
    }
}
