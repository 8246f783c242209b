//! How much memory may be used, as it is said.

use std::fmt;
use std::str::FromStr;

use super::machine::available;
use crate::error::Error;

/// Share of the machine that is used when nothing is said.
const DEFAULT_PERCENT: u8 = 60;
/// With less than this, what the program itself needs leaves nothing for rows.
const LEAST: u64 = 256 * MIB;
/// Taken for the memory of a machine that does not tell.
const UNKNOWN_MACHINE: u64 = 4 * GIB;

pub(super) const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// How much memory the process may use: a size (`512MB`, `2GiB`) or a share (`25%`) of what the machine, or the control group
/// in which the process runs, has. The default is 60 %.
///
/// ```
/// let limit: goldsmith::MemoryLimit = "2GiB".parse()?;
/// assert_eq!(limit.bytes(), 2 << 30);
/// # Ok::<(), goldsmith::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit(Said);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Bytes(u64),
    Percent(u8),
}

impl MemoryLimit {
    /// A limit of so many bytes.
    ///
    /// # Errors
    /// [`Error::Configuration`] for less than 256 MiB, with which the engine cannot work.
    pub fn of_bytes(bytes: u64) -> Result<Self, Error> {
        Self(Said::Bytes(bytes)).checked(available())
    }

    /// The limit in bytes, on this machine.
    pub fn bytes(self) -> u64 {
        self.bytes_of(available())
    }

    fn bytes_of(self, available: Option<u64>) -> u64 {
        match self.0 {
            Said::Bytes(bytes) => bytes,
            Said::Percent(percent) => {
                let bytes = u128::from(available.unwrap_or(UNKNOWN_MACHINE)) * u128::from(percent) / 100;
                u64::try_from(bytes).unwrap_or(u64::MAX)
            }
        }
    }

    fn checked(self, available: Option<u64>) -> Result<Self, Error> {
        let bytes = self.bytes_of(available);
        if bytes >= LEAST {
            return Ok(self);
        }
        Err(Error::Configuration {
            what: format!("a memory limit of {self} is too small"),
            help: format!("the engine needs {} at least", size(LEAST)),
        })
    }
}

impl Default for MemoryLimit {
    fn default() -> Self {
        Self(Said::Percent(DEFAULT_PERCENT))
    }
}

/// As it was said, a share with the size that it comes to here.
impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Said::Bytes(bytes) => f.write_str(&size(bytes)),
            Said::Percent(percent) => write!(f, "{percent}% ({})", size(self.bytes())),
        }
    }
}

impl FromStr for MemoryLimit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| not_understood(text))?.checked(available())
    }
}

fn not_understood(text: &str) -> Error {
    Error::Configuration {
        what: format!("`{text}` is no memory limit"),
        help: "give a size such as `512MB` or `2GiB`, or a share such as `25%`, from 1 to 100".into(),
    }
}

fn parse(text: &str) -> Option<MemoryLimit> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    if unit == "%" {
        let percent = number.parse().ok().filter(|percent| (1..=100).contains(percent))?;
        return Some(MemoryLimit(Said::Percent(percent)));
    }
    let factor: u64 = match unit.as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => MIB,
        "g" | "gib" => GIB,
        "t" | "tib" => 1 << 40,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).map(|bytes| MemoryLimit(Said::Bytes(bytes)));
    }
    let bytes = number.parse::<f64>().ok()? * factor as f64;
    (bytes < u64::MAX as f64).then_some(MemoryLimit(Said::Bytes(bytes as u64)))
}

/// A size in the greatest unit in which it is a whole number or large enough to be cut after one digit.
fn size(bytes: u64) -> String {
    let units = [(GIB, "GiB"), (1_000_000_000, "GB"), (MIB, "MiB"), (1_000_000, "MB")];
    for (unit, name) in units {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{} {name}", bytes / unit);
        }
    }
    if bytes >= GIB {
        return format!("{:.1} GiB", bytes as f64 / GIB as f64);
    }
    if bytes < 1_000_000 {
        // What somebody slipped a unit in is shown as it was said.
        return match bytes {
            kib if kib > 0 && kib.is_multiple_of(1 << 10) => format!("{} KiB", kib >> 10),
            kb if kb > 0 && kb.is_multiple_of(1_000) => format!("{} KB", kb / 1_000),
            bytes => format!("{bytes} B"),
        };
    }
    format!("{:.1} MiB", bytes as f64 / MIB as f64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares_are_understood() {
        for (text, bytes) in [
            ("512MB", 512_000_000),
            ("512 mb", 512_000_000),
            ("512MiB", 512 * MIB),
            ("512M", 512 * MIB),
            ("2GiB", 2 * GIB),
            ("2g", 2 * GIB),
            ("1.5GB", 1_500_000_000),
            ("1TB", 1_000_000_000_000),
            ("268435456B", LEAST),
            ("25%", 4 * GIB),
            ("100%", 16 * GIB),
        ] {
            let limit = parse(text).unwrap();
            assert_eq!(limit.bytes_of(Some(16 * GIB)), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused_with_what_to_do() {
        for text in ["", "512", "MB", "-1GB", "2 parsecs", "0%", "101%", "1.5%", "99999999999999999999GB", "1..5GB"] {
            let Err(Error::Configuration { what, help }) = text.parse::<MemoryLimit>() else {
                panic!("`{text}` was taken");
            };
            assert!(what.contains(&format!("`{text}`")) && help.contains("512MB"), "{what}; {help}");
        }
        for text in ["255MiB", "1MB", "0GB"] {
            let Err(Error::Configuration { what, help }) = text.parse::<MemoryLimit>() else {
                panic!("`{text}` was taken");
            };
            assert!(what.contains("is too small") && help.contains("256 MiB"), "{what}; {help}");
        }
        assert!(MemoryLimit::of_bytes(LEAST).is_ok() && MemoryLimit::of_bytes(LEAST - 1).is_err());
    }

    #[test]
    fn a_share_of_a_machine_too_small_is_refused() {
        let half = parse("50%").unwrap();
        assert!(half.checked(Some(512 * MIB + 100)).is_ok());
        assert!(half.checked(Some(500 * MIB)).is_err());
        assert!(half.checked(None).is_ok(), "nothing is known, so nothing is wrong");
    }

    #[test]
    fn a_limit_is_shown_as_it_was_said() {
        for (text, shown) in [
            ("512MB", "512 MB"),
            ("2GiB", "2 GiB"),
            ("1.3GiB", "1.3 GiB"),
            ("300.5MiB", "300.5 MiB"),
            ("1KB", "1 KB"),
            ("64k", "64 KiB"),
            ("1025B", "1025 B"),
            ("0GB", "0 B"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown);
        }
        assert!(MemoryLimit::default().to_string().starts_with("60% ("));
    }
}
