//! Runs told as one row per clock hour.

use crate::calendar::{HOUR, MINUTE};
use crate::delivery::{Deliveries, Kind};
use crate::rng::Rng;
use crate::world::World;

/// One attempt of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) state: &'static str,
    pub(crate) code: &'static str,
}

/// All attempts of a run, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    attempts: [Option<Attempt>; 3],
    /// Slices are hours from the start of the attempt instead of clock hours, as older rows are.
    from_start: bool,
}

/// One row of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// State and code, on the slice that ends an attempt.
    pub(crate) result: Option<(&'static str, &'static str)>,
}

impl Timeline {
    pub(crate) fn new(attempts: [Option<Attempt>; 3], from_start: bool) -> Self {
        Self { attempts, from_start }
    }

    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().flatten()
    }

    pub(crate) fn slices(&self) -> impl Iterator<Item = Slice> {
        self.attempts().flat_map(move |attempt| {
            let mut next = Some(attempt.start);
            std::iter::from_fn(move || {
                let start = next?;
                let hour = if self.from_start { start } else { start - start.rem_euclid(HOUR) } + HOUR;
                let end = hour.min(attempt.end);
                let is_last = end == attempt.end;
                next = (!is_last).then_some(end);
                let result = is_last.then_some((attempt.state, attempt.code));
                Some(Slice { start, end, result })
            })
        })
    }

    /// The slice that a part stands for: even parts are whole slices, odd ones the beginning of one.
    pub(crate) fn slice(&self, part: u32) -> Option<Slice> {
        let slice = self.slices().nth((part / 2) as usize)?;
        Some(if part.is_multiple_of(2) { slice } else { beginning(slice) })
    }

    /// Delivers each slice when it ends; what ends after the last day is never delivered. Of a few slices
    /// the beginning is delivered first, under the same key.
    pub(crate) fn schedule(&self, world: &World, salt: u64, base: u32, out: &mut Deliveries<'_>) {
        let (calendar, config) = (&world.calendar, &world.config);
        for (place, slice) in self.slices().enumerate() {
            let part = base + 2 * place as u32;
            let mut rng = Rng::at(config.seed, salt ^ 0x511C_E000, u64::from(part));
            let mut kind = Kind::New;
            if slice.end - slice.start > 2 * MINUTE && rng.chance(config.tie_share * 10.0) {
                let seen = beginning(slice).end;
                if seen < calendar.end() {
                    out.row(calendar.batch_of(seen), part + 1, Kind::New);
                    kind = Kind::Version;
                }
            }
            if slice.end < calendar.end() {
                out.row(calendar.batch_of(slice.end), part, kind);
            }
        }
    }
}

fn beginning(slice: Slice) -> Slice {
    Slice { end: slice.start + (slice.end - slice.start) / 2, result: None, ..slice }
}

/// How long a run takes: mostly minutes, sometimes hours, seldom more than a day.
pub(crate) fn duration(rng: &mut Rng) -> i64 {
    let minutes = match rng.below(1_000) {
        0..700 => rng.between(1, 20),
        700..900 => rng.between(20, 120),
        900..990 => rng.between(120, 480),
        _ => rng.between(480, 1_800),
    };
    minutes * MINUTE + rng.between(-30_000_000, 30_000_000)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn attempt(start: i64, end: i64) -> Option<Attempt> {
        Some(Attempt { start, end, state: "SUCCEEDED", code: "SUCCESS" })
    }

    #[test]
    fn slices_are_cut_at_clock_hours_and_only_the_last_has_a_result() {
        let run = Timeline::new([attempt(HOUR / 2, 3 * HOUR), None, None], false);
        let slices: Vec<_> = run.slices().collect();
        assert_eq!(slices.len(), 3);
        assert_eq!(slices.iter().map(|slice| slice.end - slice.start).sum::<i64>(), 5 * HOUR / 2);
        assert!(slices[0].result.is_none() && slices[2].result.is_some());
        assert_eq!(slices[1].start, HOUR);
    }

    #[test]
    fn older_slices_are_cut_at_hours_from_the_start() {
        let run = Timeline::new([attempt(HOUR / 2, 2 * HOUR), None, None], true);
        assert_eq!(run.slices().nth(1).unwrap().start, 3 * HOUR / 2);
    }

    #[test]
    fn a_run_that_never_started_is_one_slice_without_length() {
        let run = Timeline::new([attempt(7, 7), None, None], false);
        let slices: Vec<_> = run.slices().collect();
        assert_eq!(slices.len(), 1);
        assert_eq!(slices[0].start, slices[0].end);
    }
}
