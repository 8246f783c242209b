//! Every setting, resolved: flag before environment variable before file before default, each value with its origin.

mod environment;
mod file;
mod origin;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) use environment::{Environment, SystemEnvironment};
pub(crate) use origin::{Origin, Resolved, Secret};
pub(crate) use values::{ColorWhen, Format, Key, LogFormat, Verbosity};

use goldsmith::MemoryLimit;

use crate::args::GlobalArgs;
use crate::error::{Error, Result};
use file::ConfigFile;

/// Settings file that is read from the working directory without being named.
pub(crate) const CONFIG_FILE: &str = "goldsmith.toml";
const CONFIG_VARIABLE: &str = "GOLDSMITH_CONFIG";

/// Flags of single commands that have a setting behind them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) source: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) threads: Option<String>,
    pub(crate) memory_limit: Option<String>,
}

/// All settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Model files; none: the built-in model.
    pub(crate) models: Resolved<Option<PathBuf>>,
    /// Root of the sources.
    pub(crate) source: Resolved<Option<String>>,
    /// Root of bronze and gold.
    pub(crate) target: Resolved<Option<String>>,
    /// Currency in place of the model's.
    pub(crate) currency: Resolved<Option<String>>,
    /// Tables worked on at once.
    pub(crate) threads: Resolved<usize>,
    /// Memory of the process.
    pub(crate) memory_limit: Resolved<MemoryLimit>,
    /// Form of the output.
    pub(crate) format: Resolved<Format>,
    /// When to use colors.
    pub(crate) color: Resolved<ColorWhen>,
    /// Form of log lines.
    pub(crate) log_format: Resolved<LogFormat>,
    /// Options of the object store.
    pub(crate) storage: BTreeMap<String, Resolved<Secret>>,
    /// How much to tell.
    pub(crate) verbosity: Verbosity,
}

impl Settings {
    /// Resolves every setting.
    ///
    /// # Errors
    /// A settings file that is missing, does not parse or has an unknown key; a value that cannot be used.
    pub(crate) fn resolve(global: &GlobalArgs, flags: &Overrides, environment: &dyn Environment) -> Result<Self> {
        let file = match config_path(global, environment)? {
            Some(path) => ConfigFile::read(&path)?,
            None => ConfigFile::default(),
        };
        let layers = Layers { environment, file: &file };
        let mut storage: BTreeMap<String, Resolved<Secret>> = file.storage().collect();
        for option in &global.storage_option {
            let value = Secret::new(option.value.clone());
            let origin = Origin::Flag("--storage-option");
            storage.insert(option.key.to_ascii_lowercase(), Resolved { value, origin });
        }
        for (key, option) in &storage {
            check_storage_option(key, &option.origin)?;
        }
        Ok(Self {
            models: layers.path(Key::Models, global.models.clone())?,
            source: layers.location(Key::Source, flags.source.clone())?,
            target: layers.location(Key::Target, flags.target.clone())?,
            currency: layers.currency(flags.currency.clone())?,
            threads: layers.threads(flags.threads.clone())?,
            memory_limit: layers.memory_limit(flags.memory_limit.clone())?,
            format: layers.choice(Key::Format, global.format)?,
            color: layers.choice(Key::Color, global.color)?,
            log_format: layers.choice(Key::LogFormat, global.log_format)?,
            storage,
            verbosity: global.verbosity(),
        })
    }

    /// The form in which what is wrong with arguments and settings themselves is told: that of the flag or of the variable.
    pub(crate) fn early_format(flag: Option<Format>, environment: &dyn Environment) -> Format {
        let variable = || environment.variable(Key::Format.variable()).ok().flatten();
        let of_variable = || <Format as clap::ValueEnum>::from_str(&variable()?, false).ok();
        flag.or_else(of_variable).unwrap_or_default()
    }

    /// The storage options in clear, for the engine alone.
    pub(crate) fn storage_options(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.storage.iter().map(|(key, option)| (key.clone(), option.value.reveal().to_string()))
    }

    /// The source.
    ///
    /// # Errors
    /// None is set.
    pub(crate) fn require_source(&self) -> Result<&str> {
        required(&self.source, "source", "the directory or URL of the sources")
    }

    /// The target.
    ///
    /// # Errors
    /// None is set.
    pub(crate) fn require_target(&self) -> Result<&str> {
        required(&self.target, "target", "the directory or URL below which bronze and gold shall live")
    }
}

fn required<'a>(setting: &'a Resolved<Option<String>>, name: &str, meaning: &str) -> Result<&'a str> {
    setting.value.as_deref().ok_or_else(|| {
        let variable = name.to_uppercase();
        Error::usage(
            format!("no {name} is set"),
            format!("give {meaning} with `--{name}`, `GOLDSMITH_{variable}`, or `{name}` in `{CONFIG_FILE}`"),
        )
    })
}

/// Storage options are checked before any storage is opened, so that a slip in one is told with its place.
fn check_storage_option(key: &str, origin: &Origin) -> Result<()> {
    let Err(error) = goldsmith::check_storage_option(key) else {
        return Ok(());
    };
    let help = Error::from(goldsmith::Error::from(error)).help();
    Err(Error::Usage { what: format!("`{key}` is no storage option ({origin})"), help })
}

/// A named file must exist; the one of the working directory may.
fn config_path(global: &GlobalArgs, environment: &dyn Environment) -> Result<Option<PathBuf>> {
    if let Some(path) = &global.config {
        return Ok(Some(path.clone()));
    }
    if let Some(path) = environment.variable(CONFIG_VARIABLE)? {
        return Ok(Some(PathBuf::from(path)));
    }
    let default = environment.directory().join(CONFIG_FILE);
    Ok(default.is_file().then(|| PathBuf::from(CONFIG_FILE)).map(|name| environment.directory().join(name)))
}

/// The layers below the flags.
struct Layers<'a> {
    environment: &'a dyn Environment,
    file: &'a ConfigFile,
}

impl Layers<'_> {
    /// The text of a setting from the highest layer that has one.
    fn find(&self, key: Key) -> Result<Option<Resolved<String>>> {
        if let Some(value) = self.environment.variable(key.variable())? {
            return Ok(Some(Resolved { value, origin: Origin::Environment(key.variable()) }));
        }
        Ok(self.file.value(key))
    }

    fn text(&self, key: Key, flag: Option<String>) -> Result<Resolved<Option<String>>> {
        if let Some(value) = flag {
            return Ok(Resolved { value: Some(value), origin: Origin::Flag(key.flag()) });
        }
        Ok(match self.find(key)? {
            Some(Resolved { value, origin }) => Resolved { value: Some(value), origin },
            None => Resolved { value: None, origin: Origin::Default },
        })
    }

    /// A directory or URL; a relative path of a file counts from the directory of the file.
    fn location(&self, key: Key, flag: Option<String>) -> Result<Resolved<Option<String>>> {
        let mut found = self.text(key, flag)?;
        if let (Origin::File { path, .. }, Some(value)) = (&found.origin, &found.value)
            && !value.contains("://")
        {
            found.value = Some(beside(path, value).display().to_string());
        }
        Ok(found)
    }

    fn path(&self, key: Key, flag: Option<PathBuf>) -> Result<Resolved<Option<PathBuf>>> {
        if flag.is_some() {
            return Ok(Resolved { value: flag, origin: Origin::Flag(key.flag()) });
        }
        let found = self.location(key, None)?;
        Ok(Resolved { value: found.value.map(PathBuf::from), origin: found.origin })
    }

    fn choice<T: clap::ValueEnum + Default>(&self, key: Key, flag: Option<T>) -> Result<Resolved<T>> {
        if let Some(value) = flag {
            return Ok(Resolved { value, origin: Origin::Flag(key.flag()) });
        }
        let Some(Resolved { value, origin }) = self.find(key)? else {
            return Ok(Resolved { value: T::default(), origin: Origin::Default });
        };
        match T::from_str(&value, false) {
            Ok(value) => Ok(Resolved { value, origin }),
            Err(_) => {
                let known: Vec<String> = T::value_variants()
                    .iter()
                    .filter_map(|choice| choice.to_possible_value())
                    .map(|choice| format!("`{}`", choice.get_name()))
                    .collect();
                Err(Error::usage(
                    format!("`{key}` is `{value}` ({origin}), which is none of its values"),
                    format!("use one of {}", known.join(", ")),
                ))
            }
        }
    }

    fn memory_limit(&self, flag: Option<String>) -> Result<Resolved<MemoryLimit>> {
        let found = self.text(Key::MemoryLimit, flag)?;
        let Resolved { value: Some(text), origin } = found else {
            return Ok(Resolved { value: MemoryLimit::default(), origin: found.origin });
        };
        match text.parse() {
            Ok(value) => Ok(Resolved { value, origin }),
            Err(goldsmith::Error::Configuration { what, help }) => {
                Err(Error::usage(format!("`{}`: {what} ({origin})", Key::MemoryLimit), help))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn currency(&self, flag: Option<String>) -> Result<Resolved<Option<String>>> {
        let found = self.text(Key::Currency, flag)?;
        match found.value.as_deref().map(goldsmith::check_currency) {
            None | Some(Ok(())) => Ok(found),
            Some(Err(goldsmith::Error::Configuration { what, help })) => {
                Err(Error::usage(format!("`{}`: {what} ({})", Key::Currency, found.origin), help))
            }
            Some(Err(error)) => Err(error.into()),
        }
    }

    fn threads(&self, flag: Option<String>) -> Result<Resolved<usize>> {
        let default = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let Resolved { value, origin } = self.text(Key::Threads, flag)?;
        let Some(text) = value else {
            return Ok(Resolved { value: default(), origin });
        };
        match text.trim().parse() {
            Ok(0) | Err(_) => Err(Error::usage(
                format!("`{}` must be a whole number from 1 on, and is `{text}` ({origin})", Key::Threads),
                "leave it out for the number of processors",
            )),
            Ok(value) => Ok(Resolved { value, origin }),
        }
    }
}

/// A path that counts from the directory of `file`.
fn beside(file: &Path, value: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(value)
}

#[cfg(test)]
mod tests;
