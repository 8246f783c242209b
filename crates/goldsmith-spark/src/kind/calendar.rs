//! The calendar: every day from the first to the last date that a fact holds.

use goldsmith_model::{DataType, LookupKind};
use goldsmith_query::calendar::{CONTIGUOUS_YEARS, COVERED_YEARS, DAYS, MONTHS};

use crate::chain::{Chain, listed};
use crate::context::TableContext;
use crate::error::Result;
use crate::names::{identifier, literal};

/// 1 for Monday to 7. `weekday` would say it more plainly, but Sail answers -1 for Sundays.
const WEEKDAY: &str = "((dayofweek(day) + 5) % 7 + 1)";

pub(super) fn base(context: &TableContext<'_>, chain: &mut Chain) -> Result<()> {
    let mut held = Vec::new();
    for fact in context.model.gold.values() {
        for lookup in fact.dimensions.iter().filter(|lookup| lookup.dimension == context.table.name) {
            if let LookupKind::Calendar { date } = &lookup.kind {
                let column = identifier(date);
                held.push(format!("select cast({column} as date) as day from {}", context.names.gold(&fact.name)));
            }
        }
    }
    if held.is_empty() {
        held.push("select cast(null as date) as day where false".to_owned());
    }
    chain.push("dates", "Every date that a fact holds.", held.join("\nunion\n"));
    let (first, end) = (CONTIGUOUS_YEARS.start, CONTIGUOUS_YEARS.end);
    let inside = format!("day >= date'{first:04}-01-01' and day < date'{end:04}-01-01'");
    chain.push(
        "span",
        "The first and the last of them; those of other centuries are taken for errors and stand alone.",
        format!("select min(day) as first_day, max(day) as last_day\nfrom dates\nwhere {inside}"),
    );
    chain.push(
        "days",
        "Every day in between.",
        format!(
            "select explode(sequence(first_day, last_day, interval 1 day)) as day\nfrom span\nwhere first_day is not null\n\
             union all\nselect day\nfrom dates\nwhere not ({inside}) and {}",
            is_covered("day")
        ),
    );
    let start = context.model.project.fiscal_year_start_month.clamp(1, 12);
    let names =
        |names: &[&str]| format!("array({})", names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", "));
    let fiscal_year = if start == 1 {
        "year(day)".to_owned()
    } else {
        format!("case when month(day) >= {start} then year(day) + 1 else year(day) end")
    };
    let items = [
        format!("{} as {}", date_key("day"), identifier(&context.table.surrogate_key())),
        "day as `date`".to_owned(),
        "year(day) as `year`".to_owned(),
        "quarter(day) as `quarter`".to_owned(),
        "month(day) as `month`".to_owned(),
        format!("element_at({}, month(day)) as month_name", names(&MONTHS)),
        "weekofyear(day) as week_of_year".to_owned(),
        "day(day) as day_of_month".to_owned(),
        format!("{WEEKDAY} as day_of_week"),
        format!("element_at({}, {WEEKDAY}) as day_name", names(&DAYS)),
        format!("{WEEKDAY} > 5 as is_weekend"),
        "day = last_day(day) as is_month_end".to_owned(),
        format!("{fiscal_year} as fiscal_year"),
        format!("pmod(month(day) - {start}, 12) div 3 + 1 as fiscal_quarter"),
    ];
    chain.push("calendar", "What is known of a day.", format!("select\n{}\nfrom days", listed(&items)));
    Ok(())
}

/// Whether the calendar has the year of a date.
fn is_covered(date: &str) -> String {
    format!("year({date}) between {} and {}", COVERED_YEARS.start, COVERED_YEARS.end - 1)
}

/// The key of a date: `yyyymmdd` as a number.
fn date_key(date: &str) -> String {
    format!("cast(year({date}) * 10000 + month({date}) * 100 + day({date}) as bigint)")
}

/// The key of a date or an instant in the calendar, -1 for null and for years that the calendar has not.
pub(crate) fn key_of(sql: &str, data_type: &DataType) -> String {
    let date = if data_type == &DataType::Date { sql.to_owned() } else { format!("cast({sql} as date)") };
    format!("case when {} then {} else -1 end", is_covered(&date), date_key(&date))
}
