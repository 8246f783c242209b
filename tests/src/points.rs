//! Going through points at which something is disturbed.

use std::future::Future;

use tokio::task::JoinSet;

/// How many points of each load of the whole model are asked for: `GOLDSMITH_CRASH_POINTS=all`, or a number of them, evenly
/// spread. None when the variable is not set, and parts of the model are enough.
///
/// # Panics
/// When the variable holds anything else.
#[expect(clippy::panic, reason = "a test that is told something it does not know must not pass")]
pub fn points_of_the_whole() -> Option<u64> {
    match std::env::var("GOLDSMITH_CRASH_POINTS").ok()?.as_str() {
        "all" => Some(u64::MAX),
        number => match number.parse() {
            Ok(number) if number > 0 => Some(number),
            _ => panic!("GOLDSMITH_CRASH_POINTS is `all` or a number above 0, not `{number}`"),
        },
    }
}

/// At most `most` numbers from 1 to `total`, evenly spread, the first and the last among them.
pub fn spread(total: u64, most: u64) -> Vec<u64> {
    if total <= most {
        return (1..=total).collect();
    }
    (0..most).map(|index| 1 + index * (total - 1) / (most - 1).max(1)).collect()
}

/// Checks all points, as many at once as there are cores. Returns how many there are.
///
/// # Panics
/// With all points at which the check failed.
#[expect(clippy::panic, reason = "what a failed check means")]
pub async fn on_all_cores<P, F>(points: Vec<P>, check: impl Fn(P) -> F) -> usize
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let count = points.len();
    let mut waiting = points.into_iter();
    let mut running = JoinSet::new();
    let mut failed = Vec::new();
    loop {
        while running.len() < cores
            && let Some(point) = waiting.next()
        {
            running.spawn(check(point));
        }
        match running.join_next().await {
            None => break,
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => failed.push(error),
            Some(Err(error)) => failed.push(error.to_string()),
        }
    }
    assert!(count > 0, "nothing was checked");
    if !failed.is_empty() {
        panic!("{} of {count} points failed:\n{}", failed.len(), failed.join("\n"));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn points_are_spread_from_the_first_to_the_last() {
        assert_eq!(spread(3, 5), [1, 2, 3]);
        assert_eq!(spread(9, 3), [1, 5, 9]);
        assert!(spread(0, 3).is_empty());
        assert_eq!(spread(7, 1), [1]);
    }
}
