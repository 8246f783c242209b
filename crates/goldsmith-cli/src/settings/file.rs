//! The settings file, `goldsmith.toml`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{Key, Origin, Resolved, Secret};
use crate::error::{Error, Result};

const STORAGE: &str = "storage";
const SIDES: [&str; 2] = ["source", "target"];

/// What a settings file says.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    values: BTreeMap<Key, (String, usize)>,
    storage: BTreeMap<String, (Secret, usize)>,
}

impl ConfigFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or says something that no setting is.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::file("read the settings file", path, source))?;
        Self::parse(path, &text)
    }

    /// The value of a setting.
    pub(crate) fn value(&self, key: Key) -> Option<Resolved<String>> {
        self.values.get(&key).map(|(text, line)| Resolved { value: text.clone(), origin: self.origin(*line) })
    }

    /// The storage options.
    pub(crate) fn storage(&self) -> impl Iterator<Item = (String, Resolved<Secret>)> + '_ {
        self.storage
            .iter()
            .map(|(key, (value, line))| (key.clone(), Resolved { value: value.clone(), origin: self.origin(*line) }))
    }

    fn origin(&self, line: usize) -> Origin {
        Origin::File { path: self.path.clone(), line }
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let document = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, &span));
            Error::usage(
                format!("`{}` is no valid TOML, line {line}: {}", path.display(), error.message().trim()),
                "`goldsmith config --help` has an example",
            )
        })?;
        let mut entries: Vec<_> = document.get_ref().iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut file = Self { path: path.to_path_buf(), ..Self::default() };
        for (key, value) in entries {
            let place = Place { path, line: line_of(text, &key.span()) };
            let name = key.get_ref().as_ref();
            if name == STORAGE {
                file.storage = storage(path, text, value.get_ref(), &place)?;
                continue;
            }
            let Some(key) = Key::ALL.into_iter().find(|key| key.name() == name) else {
                return Err(place.unknown(name));
            };
            let scalar = match (key, value.get_ref()) {
                (Key::Threads, DeValue::Integer(number)) => number.as_str().to_string(),
                (Key::Threads, other) => return Err(place.wrong(name, "a whole number", other)),
                (_, DeValue::String(text)) => text.to_string(),
                (_, other) => return Err(place.wrong(name, "text in quotes", other)),
            };
            file.values.insert(key, (scalar, place.line));
        }
        Ok(file)
    }
}

fn storage(
    path: &Path,
    text: &str,
    value: &DeValue<'_>,
    place: &Place<'_>,
) -> Result<BTreeMap<String, (Secret, usize)>> {
    let DeValue::Table(options) = value else {
        return Err(place.wrong(STORAGE, "a table, `[storage]`", value));
    };
    let mut out = BTreeMap::new();
    for (key, value) in options {
        let side = key.get_ref().to_ascii_lowercase();
        match value.get_ref() {
            // `[storage.source]` and `[storage.target]` have the options of one side.
            DeValue::Table(options) if SIDES.contains(&side.as_str()) => {
                for (key, value) in options {
                    let place = Place { path, line: line_of(text, &key.span()) };
                    let name = format!("{side}.{}", key.get_ref().to_ascii_lowercase());
                    out.insert(name.clone(), (option(&name, value.get_ref(), &place)?, place.line));
                }
            }
            DeValue::Table(_) => {
                return Err(Place { path, line: line_of(text, &key.span()) }.no_side(key.get_ref()));
            }
            single => {
                let place = Place { path, line: line_of(text, &key.span()) };
                out.insert(side.clone(), (option(&side, single, &place)?, place.line));
            }
        }
    }
    Ok(out)
}

fn option(name: &str, value: &DeValue<'_>, place: &Place<'_>) -> Result<Secret> {
    match value {
        DeValue::String(text) => Ok(Secret::new(text.to_string())),
        DeValue::Boolean(flag) => Ok(Secret::new(flag.to_string())),
        DeValue::Integer(number) => Ok(Secret::new(number.as_str().to_string())),
        other => Err(place.wrong(&format!("{STORAGE}.{name}"), "text in quotes", other)),
    }
}

/// A line of the file.
struct Place<'a> {
    path: &'a Path,
    line: usize,
}

impl Place<'_> {
    fn unknown(&self, name: &str) -> Error {
        let known: Vec<&str> = Key::ALL.iter().map(|key| key.name()).chain([STORAGE]).collect();
        let help = match goldsmith::model::nearest(name, known.iter().copied()) {
            Some(best) => format!("did you mean `{best}`?"),
            None => format!("known keys are {}", known.join(", ")),
        };
        Error::usage(format!("unknown key `{name}` in `{}`, line {}", self.path.display(), self.line), help)
    }

    /// A table of storage options that is for neither side.
    fn no_side(&self, name: &str) -> Error {
        let help = match goldsmith::model::nearest(name, SIDES) {
            Some(side) => format!("did you mean `[{STORAGE}.{side}]`?"),
            None => format!("options for one side stand in `[{STORAGE}.source]` or `[{STORAGE}.target]`"),
        };
        Error::usage(
            format!("unknown table `[{STORAGE}.{name}]` in `{}`, line {}", self.path.display(), self.line),
            help,
        )
    }

    /// The value itself is not shown, it could be a secret.
    fn wrong(&self, name: &str, wanted: &str, found: &DeValue<'_>) -> Error {
        Error::Usage {
            what: format!(
                "`{name}` in `{}`, line {} must be {wanted}, not of type {}",
                self.path.display(),
                self.line,
                found.type_str()
            ),
            help: None,
        }
    }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}
