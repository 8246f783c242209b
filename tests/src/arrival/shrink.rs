//! Making a case that fails as small as it goes.

use super::{Failure, Setting};

/// The smallest case that was found to fail.
#[derive(Debug)]
pub struct Shrunk {
    /// The case.
    pub setting: Setting,
    /// How it fails.
    pub failure: Failure,
    /// How many cases were tried.
    pub tried: usize,
}

/// Looks for a smaller case that fails too: without crashes and repetitions, with the sources alone that feed the table that
/// differs, with fewer deliveries and rows. At most `most` cases are tried.
pub async fn shrink(
    setting: Setting,
    failure: Failure,
    most: usize,
    feeding: impl Fn(&str) -> Vec<String>,
    check: impl AsyncFn(&Setting) -> Result<(), Failure>,
) -> Shrunk {
    let mut best = Shrunk { setting, failure, tried: 0 };
    'smaller: loop {
        let sources = best.failure.table.as_deref().map(&feeding).unwrap_or_default();
        for candidate in candidates(&best.setting, &sources) {
            if best.tried == most {
                return best;
            }
            best.tried += 1;
            if let Err(failure) = check(&candidate).await {
                best = Shrunk { setting: candidate, failure, tried: best.tried };
                continue 'smaller;
            }
        }
        return best;
    }
}

/// Cases a little smaller than this one, those that tell most first.
fn candidates(setting: &Setting, feeding: &[String]) -> Vec<Setting> {
    let mut out = Vec::new();
    let mut add = |change: &dyn Fn(&mut Setting)| {
        let mut smaller = setting.clone();
        change(&mut smaller);
        if smaller != *setting {
            out.push(smaller);
        }
    };
    add(&|smaller| smaller.crashes = false);
    add(&|smaller| smaller.repeats = false);
    if setting.sources.is_empty() {
        add(&|smaller| smaller.sources = feeding.to_vec());
    } else if setting.sources.len() > 1 {
        for source in &setting.sources {
            add(&|smaller| smaller.sources.retain(|name| name != source));
        }
    }
    add(&|smaller| smaller.batches = (setting.batches - 1).max(1));
    add(&|smaller| smaller.rows = (setting.rows / 2).max(1));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::Part;

    #[tokio::test]
    async fn what_does_not_matter_is_left_out_and_what_matters_stays() {
        let fails = async |setting: &Setting| {
            let matters = setting.rows >= 100 && setting.batches >= 2 && setting.has("b") && setting.repeats;
            let failure = Failure { table: Some("t".to_owned()), text: setting.to_string() };
            if matters { Err(failure) } else { Ok(()) }
        };
        let start = Setting::new(3, Part::Costs, 1_000, 4);
        let Err(failure) = fails(&start).await else { unreachable!() };
        let feeding = |table: &str| {
            assert_eq!(table, "t");
            ["a", "b", "c"].map(String::from).to_vec()
        };
        let shrunk = shrink(start.clone(), failure.clone(), 100, feeding, fails).await;
        let text = "seed=3 part=costs rows=125 batches=2 sources=b crashes=false repeats=true";
        assert_eq!(shrunk.setting.to_string(), text);
        assert_eq!(shrunk.failure.text, text);
        assert_eq!(shrink(start.clone(), failure, 0, feeding, fails).await.setting, start);
    }
}
