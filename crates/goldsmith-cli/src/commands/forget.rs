//! `goldsmith forget`

use goldsmith::Forgetting;

use super::{Context, Outcome};
use crate::error::Result;
use crate::render::number::{grouped, plural};

/// Says what forgetting a source loses, and does it when it is confirmed.
pub(super) async fn forget(context: &Context, source: &str, confirmed: bool) -> Result<Outcome> {
    let forgetting = context.reading_engine()?.forget(source, confirmed).await?;
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&forgetting)?;
    } else {
        printer.data(&describe(&forgetting))?;
    }
    Ok(Outcome::Done)
}

fn describe(forgetting: &Forgetting) -> String {
    if !forgetting.exists {
        return format!("{} has no history at {}; nothing to forget\n", forgetting.source, forgetting.location);
    }
    let number = |rows: Option<u64>| rows.map_or_else(|| "an unknown number".to_owned(), grouped);
    let rows = forgetting.rows.map_or_else(|| "an unknown number of rows".to_owned(), |rows| plural(rows, "row"));
    let since = forgetting.oldest.map(|date| format!(", the oldest of {date}")).unwrap_or_default();
    let keeps = match forgetting.retention_days {
        Some(days) => format!("the source keeps {}", plural(u64::from(days), "day")),
        None => "how long the source keeps its rows is not known".to_owned(),
    };
    let done = if forgetting.deleted { "deleted" } else { "would be deleted" };
    let dropped = match (forgetting.vanished, &forgetting.unreadable) {
        // Only the rows of merged sources are looked for when they are gone.
        (None, None) => "whether the source dropped others is not known".to_owned(),
        (vanished, _) => format!("{} because the source dropped them", number(vanished)),
    };
    let mut text = format!(
        "{}: {rows} at {}{since}; {done}\n  {keeps}\n  {} cannot be fetched again for their age; {dropped}\n",
        forgetting.source,
        forgetting.location,
        number(forgetting.beyond_retention),
    );
    if let Some(reason) = &forgetting.unreadable {
        text.push_str(&format!("  the rows cannot be read: {reason}\n"));
    }
    if !forgetting.gold.is_empty() {
        text.push_str(&format!("  the next run builds anew: {}\n", forgetting.gold.join(", ")));
    }
    if !forgetting.deleted {
        text.push_str("nothing was changed; to delete, say `--yes`\n");
    }
    text
}
