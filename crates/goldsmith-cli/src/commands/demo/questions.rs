//! The questions that a demo answers: one SQL file each, whose first comment is the question.

use arrow::array::RecordBatch;
use goldsmith::Engine;

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

/// Answers all questions.
///
/// # Errors
/// A query fails.
pub(super) async fn answer(engine: &Engine) -> Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(QUESTIONS.len());
    for (name, sql) in QUESTIONS {
        answers.push(Answer { name, question: question(sql), batches: engine.query(sql).await? });
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
