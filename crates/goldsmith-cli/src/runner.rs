//! From arguments to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, misuse, misuse_code, typed_format};
use crate::commands::{self, Context, Outcome};
use crate::error::{Error, Result};
use crate::printer::Printer;
use crate::render;
use crate::settings::{ColorWhen, Format, Settings, SystemEnvironment, Verbosity};

/// Stack of a worker thread: plans of deep expressions recurse, and do so deeply in unoptimised builds.
const STACK_BYTES: usize = 16 << 20;

/// Bytes of memory up to which the allocator is told to return what was freed. That takes a tenth more time, too much where there is more.
const LITTLE_MEMORY: u64 = 2 << 30;

/// All is well.
const DONE: u8 = 0;

/// What was found or done has failures.
const FAILED: u8 = 1;

/// What was asked for could not be found out.
const UNKNOWN: u8 = 2;

/// Runs the program with `args`, the first of which is its name, and returns the exit code: 0 done, 1 the user
/// can fix it (a wrong flag included), 2 unexpected; of a verification 1 says that it found something, and 2 that it
/// could not be made. A second interrupt ends the process.
pub fn main_with(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run_with(args))
}

/// Whether these arguments, with the settings, ask for so small a limit of memory that what an allocator keeps of freed memory counts.
pub fn is_short_of_memory(args: &[OsString]) -> bool {
    let Ok(cli) = Cli::try_parse_from(args) else { return false };
    let settings = Settings::resolve(&cli.global, &cli.command.overrides(), &SystemEnvironment);
    settings.is_ok_and(|settings| settings.memory_limit.value.bytes() <= LITTLE_MEMORY)
}

/// As [`main_with`], for programs that end the process themselves: returns the exit code as a number.
pub fn run_with(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(usage) => {
            // Nothing is left to tell when the terminal is gone.
            let _ = usage.print();
            if !usage.use_stderr() {
                return DONE;
            }
            if Settings::early_format(typed_format(&args), &SystemEnvironment) == Format::Json {
                let printer = Printer::new(Format::Json, ColorWhen::Never, Verbosity::Normal);
                let (what, help) = misuse(&usage);
                let _ = printer.json(&render::error::json(&Error::usage(what, help)));
            }
            return misuse_code(&args);
        }
    };
    let failure_code = cli.command.failure_code();
    let settings = match Settings::resolve(&cli.global, &cli.command.overrides(), &SystemEnvironment) {
        Ok(settings) => settings,
        Err(error) => {
            let format = Settings::early_format(cli.global.format, &SystemEnvironment);
            let color = cli.global.color.unwrap_or(ColorWhen::Auto);
            return fail(&error, failure_code, &Printer::new(format, color, cli.global.verbosity()));
        }
    };
    let printer = Printer::new(settings.format.value, settings.color.value, settings.verbosity);
    let models = settings.models.value.clone();
    let outcome = logging_started(&settings).and_then(|()| start(cli, settings, printer.clone()));
    match outcome.map_err(|error| error.of_model(models.as_deref())) {
        Ok(Outcome::Done) => DONE,
        Ok(Outcome::Failed) => FAILED,
        Ok(Outcome::Unknown) => UNKNOWN,
        Err(error) => fail(&error, failure_code, &printer),
    }
}

fn logging_started(settings: &Settings) -> Result<()> {
    crate::logging::start(settings.log_format.value, settings.verbosity, &SystemEnvironment)?;
    tracing::debug!(version = env!("CARGO_PKG_VERSION"), "goldsmith starts");
    Ok(())
}

fn start(cli: Cli, settings: Settings, printer: Printer) -> Result<Outcome> {
    if settings.format.value == Format::Csv && !cli.command.knows_csv() {
        return Err(Error::usage(
            "the format `csv` is for `goldsmith query` alone",
            "use `--format human` or `--format json`",
        ));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .map_err(Error::Runtime)?;
    let context = Context { settings, printer };
    runtime.block_on(commands::dispatch(cli.command, &context))
}

/// Tells an error on standard error, and as the one JSON document when JSON was asked for.
fn fail(error: &Error, code: Option<u8>, printer: &Printer) -> u8 {
    if error.is_closed_output() {
        return DONE;
    }
    printer.error(&render::error::text(error, printer.stderr_color()));
    if printer.format() == Format::Json {
        // A failure to write is told by the exit code, which says failure already.
        let _ = printer.json(&render::error::json(error));
    }
    code.unwrap_or_else(|| error.exit_code())
}
