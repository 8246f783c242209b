//! One file for each command. None of them knows a flag.

mod catalog;
mod compile;
mod config;
mod demo;
mod explain;
mod forget;
mod generate;
mod maintain;
mod models;
mod plan;
mod query;
mod run;
mod schema;
mod status;
mod synth;
mod test;
mod validate;
mod verify;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use goldsmith::{Engine, EngineBuilder, LakeOptions, Location, ModelSource, Observer};
use goldsmith_catalog::{CatalogOptions, Layer};

use crate::args::{CatalogArgs, Command};
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::settings::Settings;

/// What every command has.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
}

/// How a command that did its work came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// What was found or done has failures; they are told already.
    Failed,
    /// What was asked for could not be found out; the reasons are told already.
    Unknown,
}

impl Outcome {
    pub(crate) fn of(success: bool) -> Self {
        if success { Self::Done } else { Self::Failed }
    }
}

/// Carries a command out.
///
/// # Errors
/// Whatever kept it from its work.
pub(crate) async fn dispatch(command: Command, context: &Context) -> Result<Outcome> {
    match command {
        Command::Demo(args) => demo::demo(context, &args.dir, args.generator.config(), args.keep).await,
        Command::Validate(args) => match args.schema {
            Some(kind) => schema::schema(context, kind.into()),
            None => validate::validate(context),
        },
        Command::Test(args) => test::test(context, &args.select).await,
        Command::Plan(args) => {
            plan::plan(context, args.selection.options(context.settings.threads.value), args.all).await
        }
        Command::Run(args) => run::run(context, args.selection.options(context.settings.threads.value)).await,
        Command::Status(_) => status::status(context).await,
        Command::Query(args) => query::query(context, &args.sql).await,
        Command::Verify(args) => verify::verify(context, args.options()).await,
        Command::Forget(args) => forget::forget(context, &args.source, args.yes).await,
        Command::Maintain(args) => maintain::maintain(context, args.options()).await,
        Command::Catalog(args) => catalog::catalog(context, catalog_request(&args)).await,
        Command::Synth(args) => synth::synth(context, &args.out, args.generator.config()).await,
        Command::Models(args) => models::models(context, &args.out),
        Command::Compile(args) => compile::compile(context, &args.options(), &args.out),
        Command::Config(_) => config::config(context),
        Command::Schema(args) => schema::schema(context, args.kind.into()),
        Command::Explain(args) => explain::explain(context, args.code.as_deref()),
    }
}

/// Refuses a local directory with content, to which files of a command would be added, and a file.
fn check_unused(out: &Path) -> Result<()> {
    let shown = out.display();
    match std::fs::read_dir(out) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::usage(
                format!("the directory `{shown}` is not empty"),
                "give an empty or a new one with `--out`",
            )),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Err(not_a_directory(out)),
        Err(source) => Err(Error::file("write to the directory", out, source)),
    }
}

/// A file where files shall be written to.
fn not_a_directory(out: &Path) -> Error {
    Error::usage(format!("`{}` is a file, or lies below one", out.display()), "give a directory with `--out`")
}

/// What `goldsmith catalog` is asked for.
fn catalog_request(args: &CatalogArgs) -> catalog::Request<'_> {
    let defaults = CatalogOptions::default();
    let mut layers: Vec<Layer> = args.layer.iter().map(|layer| Layer::from(*layer)).collect();
    layers.sort_unstable();
    layers.dedup();
    let schemas = [
        (Layer::Bronze, &args.bronze_schema),
        (Layer::Gold, &args.gold_schema),
        (Layer::Quarantine, &args.quarantine_schema),
    ];
    catalog::Request {
        catalog: &args.catalog,
        schemas: schemas.into_iter().filter_map(|(layer, name)| Some((layer, name.as_deref()?))).collect(),
        options: CatalogOptions {
            layers: if layers.is_empty() { defaults.layers } else { layers },
            keys: args.keys.into(),
            rely: args.rely,
        },
        present: args.present,
        out: args.out.as_deref(),
    }
}

impl Context {
    /// The model that is set.
    ///
    /// # Errors
    /// The directory is not there, or has no model.
    fn model(&self) -> Result<ModelSource> {
        let Some(directory) = &self.settings.models.value else {
            return Ok(ModelSource::Embedded);
        };
        if !directory.is_dir() {
            return Err(Error::usage(
                format!("`{}` is no directory of model files ({})", directory.display(), self.settings.models.origin),
                "leave it out for the built-in model",
            ));
        }
        let is_model = ["project.yaml", "bronze", "gold"].iter().any(|name| directory.join(name).exists());
        if !is_model {
            return Err(Error::usage(
                format!("no model files in `{}` ({})", directory.display(), self.settings.models.origin),
                "give the directory that has `project.yaml`; `goldsmith models` writes one to begin with",
            ));
        }
        Ok(ModelSource::Directory(directory.clone()))
    }

    /// Options of the storage.
    fn lake_options(&self) -> LakeOptions {
        LakeOptions {
            storage_options: self.settings.storage_options().collect(),
            threads: self.settings.threads.value,
            ..LakeOptions::default()
        }
    }

    /// An engine builder with everything that is set but locations.
    fn engine(&self) -> Result<EngineBuilder> {
        let mut builder = Engine::builder().model(self.model()?).lake_options(self.lake_options());
        builder = builder.memory_limit(self.settings.memory_limit.value);
        if let Some(currency) = &self.settings.currency.value {
            builder = builder.currency(currency);
        }
        Ok(builder)
    }

    /// An engine from sources to target.
    fn running_engine(&self, observer: Arc<dyn Observer>) -> Result<Engine> {
        let source = self.settings.require_source()?;
        let target = self.settings.require_target()?;
        Ok(self.engine()?.source(source).target(target).observer(observer).build()?)
    }

    /// An engine that only looks at the target.
    fn reading_engine(&self) -> Result<Engine> {
        Ok(self.engine_on_target()?.build()?)
    }

    /// An engine builder with a target that is there, as otherwise a slip in its name would look like an empty lake.
    fn engine_on_target(&self) -> Result<EngineBuilder> {
        let target = self.settings.require_target()?;
        let location = Location::parse(target).map_err(goldsmith::Error::from)?;
        location.check_volume().map_err(goldsmith::Error::from)?;
        if let Some(path) = location.local_path().filter(|path| !path.is_dir()) {
            let what = if path.is_file() { "is a file" } else { "is no directory" };
            return Err(Error::usage(
                format!("the target `{target}` {what} ({})", self.settings.target.origin),
                "give the directory that `goldsmith run` filled",
            ));
        }
        Ok(self.engine()?.target(target))
    }
}
