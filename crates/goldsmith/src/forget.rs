//! Forgetting a source: the only way in which history leaves bronze.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use chrono::{NaiveDate, TimeDelta, Utc};
use futures::TryStreamExt;
use goldsmith_lake::ScanRequest;
use goldsmith_model::{BronzeTable, SourceName};
use goldsmith_query::columns;
use goldsmith_query::normalize::normalize_batch;
use serde::Serialize;

use crate::context::RunContext;
use crate::error::Result;

/// What is lost when a source is forgotten.
#[derive(Debug, Clone, Serialize)]
pub struct Forgetting {
    /// The source (`billing.usage`).
    pub source: String,
    /// Path or URL of its bronze table.
    pub location: String,
    /// Whether there is anything in the place of the bronze table.
    pub exists: bool,
    /// Rows of the bronze table; none when there is no table, or when its log cannot be read.
    pub rows: Option<u64>,
    /// Date of the oldest row, when the source has a date and the rows can be read.
    pub oldest: Option<NaiveDate>,
    /// Days after which the source itself forgets a row; none when it keeps all, as far as the model says.
    pub retention_days: Option<u32>,
    /// Rows that are older than that: they cannot be fetched again. None when the rows cannot be read.
    pub beyond_retention: Option<u64>,
    /// Rows that the source did not show any more when it was last read: they cannot be fetched again. None when that is not known, as
    /// the rows cannot be read, or the source is not merged, so that its rows are never looked for again.
    pub vanished: Option<u64>,
    /// Why the rows cannot be read; they can be forgotten all the same.
    pub unreadable: Option<String>,
    /// Gold tables that are built from the source; the next run builds them from what the source still has.
    pub gold: Vec<String>,
    /// Whether the bronze table was deleted.
    pub deleted: bool,
}

impl Forgetting {
    /// Rows that exist nowhere else; a row that counts twice is counted once where it can be told. None when it is not known of all rows.
    pub fn irrecoverable(&self) -> Option<u64> {
        Some(self.beyond_retention?.max(self.vanished?))
    }
}

/// Looks at what would be lost, and deletes the bronze table when `delete` is set.
pub(crate) async fn forget(
    ctx: &RunContext,
    name: &SourceName,
    bronze: &BronzeTable,
    delete: bool,
) -> Result<Forgetting> {
    let location = ctx.layout.bronze(name);
    let mut forgetting = Forgetting {
        source: name.to_string(),
        location: location.to_string(),
        exists: true,
        rows: None,
        oldest: None,
        retention_days: bronze.retention_days,
        beyond_retention: None,
        vanished: None,
        unreadable: None,
        gold: ctx.model.gold.values().filter(|table| table.sources().contains(&name)).map(|t| t.name.clone()).collect(),
        deleted: false,
    };
    match count(ctx, name, bronze, &mut forgetting).await {
        Ok(()) if !forgetting.exists => return Ok(forgetting),
        Ok(()) => {}
        // What is damaged must not be there for good because nobody can count it.
        Err(error) if !error.is_retryable() => forgetting.unreadable = Some(error.what()),
        Err(error) => return Err(error),
    }
    if delete {
        ctx.lake.delete_all(&location).await?;
        forgetting.deleted = true;
    }
    Ok(forgetting)
}

/// Counts what would be lost, as far as it can be read.
async fn count(ctx: &RunContext, name: &SourceName, bronze: &BronzeTable, forgetting: &mut Forgetting) -> Result<()> {
    let Some(table) = ctx.open_bronze(name).await? else {
        forgetting.exists = false;
        (forgetting.beyond_retention, forgetting.vanished) = (Some(0), Some(0));
        return Ok(());
    };
    forgetting.rows = Some(table.num_rows().await?);
    let schema = table.data_schema()?;
    let date = bronze.date_column.clone().filter(|column| schema.column_with_name(column).is_some());
    let present = schema.column_with_name(columns::IS_PRESENT).map(|_| columns::IS_PRESENT.to_string());
    let limit = bronze
        .retention_days
        .map(|days| Utc::now().date_naive() - TimeDelta::days(i64::from(days)))
        .map(|date| (date - NaiveDate::default()).num_days());
    let wanted: Vec<String> = date.iter().chain(&present).cloned().collect();
    let mut stream = table.scan(ScanRequest { columns: Some(wanted), ..ScanRequest::default() }).await?;
    let mut oldest: Option<i32> = None;
    let (mut beyond_retention, mut vanished) = (0, 0);
    while let Some(batch) = stream.try_next().await? {
        let batch = normalize_batch(&batch)?;
        if let Some(column) = date.as_ref().and_then(|name| batch.column_by_name(name)) {
            let days = Arc::clone(&cast(column, &DataType::Date32)?);
            let days = days.as_primitive::<Date32Type>();
            oldest = oldest.into_iter().chain(days.iter().flatten().min()).min();
            let is_old = |day: &i32| limit.is_some_and(|limit| i64::from(*day) < limit);
            beyond_retention += days.iter().flatten().filter(is_old).count() as u64;
        }
        if let Some(column) = present.as_ref().and_then(|name| batch.column_by_name(name)) {
            let present: &BooleanArray = column.as_boolean();
            vanished += present.iter().filter(|present| *present == Some(false)).count() as u64;
        }
    }
    // Of a source that is only appended to nobody looks which rows it still has.
    let vanished = present.is_some().then_some(vanished);
    forgetting.oldest = oldest.and_then(|day| NaiveDate::default().checked_add_signed(TimeDelta::days(day.into())));
    (forgetting.beyond_retention, forgetting.vanished) = (Some(beyond_retention), vanished);
    Ok(())
}
