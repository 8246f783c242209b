//! When things happen: working hours are busy, nights and weekends are quiet.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The day of an instant, as days since 1970-01-01.
pub(crate) fn date_of(time: i64) -> i32 {
    time.div_euclid(DAY) as i32
}

/// The generated days, their busy hours, and the deliveries that they are split into.
#[derive(Debug)]
pub(crate) struct Calendar {
    start: i64,
    span: i64,
    batches: usize,
    /// Share of all events that happen before the given hour; one more element than hours.
    cumulative: Vec<f64>,
}

impl Calendar {
    pub(crate) fn new(first_day: NaiveDate, days: u32, batches: usize) -> Self {
        let epoch = NaiveDate::default();
        let start = first_day.signed_duration_since(epoch).num_days() * DAY;
        let hours = days as usize * 24;
        let first_weekday = first_day.weekday().num_days_from_monday() as usize;
        let mut total = 0.0;
        let mut cumulative = Vec::with_capacity(hours + 1);
        cumulative.push(0.0);
        for hour in 0..hours {
            total += weight((first_weekday + hour / 24) % 7, hour % 24);
            cumulative.push(total);
        }
        for value in &mut cumulative {
            *value /= total;
        }
        Self { start, span: hours as i64 * HOUR, batches, cumulative }
    }

    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    pub(crate) fn end(&self) -> i64 {
        self.start + self.span
    }

    /// The last delivery.
    pub(crate) fn last_batch(&self) -> usize {
        self.batches - 1
    }

    /// The instant at which the given share of all events has happened.
    pub(crate) fn time_at(&self, share: f64) -> i64 {
        let hour = self.cumulative.partition_point(|&before| before <= share).clamp(1, self.cumulative.len() - 1) - 1;
        let (low, high) = (self.cumulative[hour], self.cumulative[hour + 1]);
        let part = ((share - low) / (high - low)).clamp(0.0, 0.999_999_9);
        self.start + hour as i64 * HOUR + (part * HOUR as f64) as i64
    }

    /// The share of all events that have happened by an instant.
    pub(crate) fn share_at(&self, time: i64) -> f64 {
        if time <= self.start {
            return 0.0;
        }
        if time >= self.end() {
            return 1.0;
        }
        let hour = ((time - self.start) / HOUR) as usize;
        let part = ((time - self.start) % HOUR) as f64 / HOUR as f64;
        let (low, high) = (self.cumulative[hour], self.cumulative[hour + 1]);
        low + part * (high - low)
    }

    /// The numbers of the events, of `count` spread over the days, that happen from `from` until `until`;
    /// a few more at both ends.
    pub(crate) fn numbers(&self, count: u64, from: i64, until: i64) -> Range<u64> {
        let first = (self.share_at(from) * count as f64) as u64;
        let last = (self.share_at(until) * count as f64) as u64;
        first.saturating_sub(2)..last.saturating_add(3).min(count)
    }

    /// The delivery whose time an instant belongs to; the first one for all earlier instants.
    pub(crate) fn batch_of(&self, time: i64) -> usize {
        if time < self.start {
            return 0;
        }
        let offset = i128::from(time - self.start) * self.batches as i128;
        ((offset / i128::from(self.span)) as usize).min(self.last_batch())
    }

    /// The time that one delivery covers, rounded outwards by a microsecond.
    pub(crate) fn window(&self, batch: usize) -> Range<i64> {
        let edge = |number: usize| self.start + (i128::from(self.span) * number as i128 / self.batches as i128) as i64;
        edge(batch)..edge(batch + 1) + 1
    }
}

/// How busy an hour is: weekday 0 is Monday.
fn weight(weekday: usize, hour: usize) -> f64 {
    let by_hour = match hour {
        10..=15 => 1.4,
        7..=9 | 16..=18 => 1.0,
        1..=3 => 0.4,
        _ => 0.25,
    };
    if weekday >= 5 { by_hour * 0.2 } else { by_hour }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn calendar(batches: usize) -> Calendar {
        Calendar::new(NaiveDate::from_ymd_opt(2025, 1, 1).unwrap(), 30, batches)
    }

    #[test]
    fn times_grow_with_the_share_and_go_back_to_it() {
        let calendar = calendar(4);
        let mut before = calendar.start();
        for step in 0..1000 {
            let share = f64::from(step) / 1000.0;
            let time = calendar.time_at(share);
            assert!(time >= before && time < calendar.end());
            assert!((calendar.share_at(time) - share).abs() < 1e-6);
            before = time;
        }
    }

    #[test]
    fn deliveries_tile_the_days() {
        for batches in [1, 3, 4, 7] {
            let calendar = calendar(batches);
            assert_eq!(calendar.batch_of(calendar.start() - DAY), 0);
            assert_eq!(calendar.batch_of(calendar.end() + DAY), batches - 1);
            for batch in 0..batches {
                let window = calendar.window(batch);
                assert_eq!(calendar.batch_of(window.start + 1), batch);
                assert_eq!(calendar.batch_of(window.end - 3), batch);
            }
        }
    }
}
