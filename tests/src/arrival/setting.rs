//! What decides one case of a randomised test.

use std::fmt;
use std::str::FromStr;

use crate::part::Part;

/// One case of a randomised test; it can be written down and read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Everything random follows from it.
    pub seed: u64,
    /// What of the model is loaded.
    pub part: Part,
    /// Rows of all sources together, roughly.
    pub rows: u64,
    /// Deliveries in which the rows arrive when they arrive in order.
    pub batches: usize,
    /// Sources that deliver anything; empty: all.
    pub sources: Vec<String>,
    /// Whether runs crash.
    pub crashes: bool,
    /// Whether rows are delivered again.
    pub repeats: bool,
}

impl Setting {
    /// A case with everything in it.
    pub fn new(seed: u64, part: Part, rows: u64, batches: usize) -> Self {
        Self { seed, part, rows, batches, sources: Vec::new(), crashes: true, repeats: true }
    }

    /// Whether a source delivers.
    pub fn has(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|name| name == source)
    }

    /// The command that repeats the case.
    pub fn command(&self) -> String {
        format!("GOLDSMITH_CASE='{self}' cargo test --workspace --test equivalence")
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, part, rows, batches, sources, crashes, repeats } = self;
        let sources = if sources.is_empty() { "all".to_owned() } else { sources.join(",") };
        write!(
            f,
            "seed={seed} part={} rows={rows} batches={batches} sources={sources} crashes={crashes} repeats={repeats}",
            part.name()
        )
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = |name: &str| {
            let found = text.split_whitespace().filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name);
            found.map(|(_, value)| value).ok_or_else(|| format!("`{name}=` is missing in `{text}`"))
        };
        fn parsed<T: FromStr>(text: &str) -> Result<T, String> {
            text.parse().map_err(|_| format!("`{text}` is no value"))
        }
        let sources = match value("sources")? {
            "all" => Vec::new(),
            names => names.split(',').map(str::to_owned).collect(),
        };
        Ok(Self {
            seed: parsed(value("seed")?)?,
            part: value("part")?.parse()?,
            rows: parsed(value("rows")?)?,
            batches: parsed(value("batches")?)?,
            sources,
            crashes: parsed(value("crashes")?)?,
            repeats: parsed(value("repeats")?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_as_it_is_written() {
        let mut setting = Setting::new(7, Part::Whole, 1_500, 3);
        assert_eq!(setting.to_string().parse(), Ok(setting.clone()));
        setting.sources = vec!["billing.usage".to_owned(), "lakeflow.jobs".to_owned()];
        setting.crashes = false;
        assert_eq!(setting.to_string().parse(), Ok(setting));
        assert!("seed=1".parse::<Setting>().is_err_and(|error| error.contains("`sources=` is missing")));
    }
}
