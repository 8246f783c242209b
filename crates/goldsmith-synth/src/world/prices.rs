use crate::calendar::{Calendar, DAY, HOUR};
use crate::world::{CLOUD, Sku};

/// Part of a price row: the interval's end is known.
pub(crate) const CLOSED: u32 = 1;
/// Part of a price row: the price has been corrected.
pub(crate) const REVISED: u32 = 2;

/// The price of a SKU over an interval, and which deliveries tell of it.
pub(crate) struct Price {
    pub(crate) sku_name: &'static str,
    pub(crate) cloud: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) start: i64,
    pub(crate) end: Option<i64>,
    pub(crate) default: i128,
    pub(crate) promotional: Option<i128>,
    pub(crate) effective_list: Option<i128>,
    /// Delivery of the row.
    pub(crate) published_in: usize,
    /// Delivery from which on the row has its end.
    pub(crate) closed_in: Option<usize>,
    /// Delivery from which on the row has another price.
    pub(crate) revised_in: Option<usize>,
}

/// List prices and account prices.
pub(super) fn prices(skus: &[Sku], calendar: &Calendar) -> (Vec<Price>, Vec<Price>) {
    let (mut list, mut account) = (Vec::new(), Vec::new());
    for (number, sku) in skus.iter().enumerate() {
        let Some(price) = sku.price else { continue };
        let mut add = |cloud, currency, price| {
            list.extend(series(sku, number, cloud, currency, price, calendar));
        };
        add(CLOUD, "USD", price);
        if number.is_multiple_of(2) {
            add(CLOUD, "EUR", price * 93 / 100);
        }
        if number.is_multiple_of(3) {
            add("AZURE", "USD", price * 3);
            add("GCP", "USD", price * 5);
        }
        if number % 6 != 5 {
            let discounted = series(sku, number, CLOUD, "USD", price * 85 / 100, calendar);
            account.extend(discounted.into_iter().map(|price| Price {
                promotional: None,
                effective_list: None,
                revised_in: None,
                ..price
            }));
        }
    }
    (list, account)
}

/// The intervals of one SKU, cloud and currency: they tile the time from long ago on.
fn series(
    sku: &Sku,
    number: usize,
    cloud: &'static str,
    currency: &'static str,
    price: i128,
    calendar: &Calendar,
) -> Vec<Price> {
    let (start, span) = (calendar.start(), calendar.end() - calendar.start());
    let long_ago = start - 400 * DAY;
    let mut starts = vec![long_ago];
    if number.is_multiple_of(3) {
        starts.push(long_ago + 280 * DAY);
    }
    if number % 5 != 4 {
        let change = start + span * (30 + 5 * (number as i64 % 8)) / 100;
        // Some prices change at midnight, others at any hour.
        let grid = if number.is_multiple_of(2) { HOUR } else { DAY };
        starts.push((change - change.rem_euclid(grid)).max(start + HOUR));
        if number.is_multiple_of(5) {
            starts.push(starts[starts.len() - 1] + span / 5 / HOUR * HOUR + HOUR);
        }
    }
    let last = calendar.last_batch();
    // One SKU in four becomes known a delivery after it holds.
    let published = |start: i64| {
        (calendar.batch_of(start) + usize::from(number % 4 == 1 && start > long_ago + 300 * DAY)).min(last)
    };
    let mut list = Vec::with_capacity(starts.len());
    for (place, &start) in starts.iter().enumerate() {
        let default = price * (100 + 8 * place as i128) / 100;
        let next = starts.get(place + 1).copied();
        // Another one in four is closed a delivery after its successor is known.
        let closed_in = next.map(|next| (published(next) + usize::from(number % 4 == 2)).min(last));
        let in_days = start >= calendar.start();
        let promotional = (number % 4 == 3 || (number.is_multiple_of(4) && in_days)).then_some(default * 3 / 4);
        let effective_list = match number % 4 {
            0 | 2 => Some(promotional.unwrap_or(default)),
            3 if in_days => Some(default * 7 / 10),
            _ => None,
        };
        let revised_in = (number % 7 == 3 && next.is_none()).then_some((published(start) + 1).min(last));
        list.push(Price {
            sku_name: sku.name,
            cloud,
            currency,
            // The price of one SKU goes over to another unit: its usage has no price from then on.
            unit: if sku.name == "AGENT_EVALUATION_TOKENS" && in_days { "DBU" } else { sku.unit },
            start,
            end: next,
            default,
            promotional,
            effective_list,
            published_in: published(start),
            closed_in,
            revised_in,
        });
    }
    list
}
