//! One load in a process of its own: `crash_run <part> <source> <target>`. With `<number> <before|during|after>` behind it, the process
//! ends itself at that change to the storage. With `--way <link|rename|claim>` before all that, the target is where files are created in
//! that way.

use std::error::Error;
use std::path::Path;

use goldsmith::RunOptions;
use goldsmith_testkit::faults::{Fault, FaultLayer, Moment, OperationClass, Trigger};
use goldsmith_tests::crash::{engine, failures};
use goldsmith_tests::mount::{Mount, way_of};
use goldsmith_tests::part::Part;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (way, arguments) = match arguments.as_slice() {
        ["--way", way, rest @ ..] => (Some(way_of(way)?), rest),
        rest => (None, rest),
    };
    let (part, source, target, layer, options) = match arguments {
        [part, source, target] => (part, source, target, FaultLayer::recording(), RunOptions::default()),
        [part, source, target, number, moment] => {
            let fault = Fault::Abort(moment_of(moment)?);
            let trigger = Trigger { class: OperationClass::mutating(), number: number.parse()?, fault };
            let options = RunOptions { threads: 1, ..RunOptions::default() };
            (part, source, target, FaultLayer::striking(trigger), options)
        }
        _ => return Err("crash_run [--way <way>] <part> <source> <target> [<number> <before|during|after>]".into()),
    };
    let model = part.parse::<Part>()?.model()?;
    let (source, target) = (Path::new(source), Path::new(target));
    let engine = match way {
        Some(way) => engine(&model, source, target, Mount { way, faults: layer }, options.threads)?,
        None => engine(&model, source, target, layer, options.threads)?,
    };
    let report = engine.run(&options).await?;
    if report.is_success() { Ok(()) } else { Err(failures(&report).join("; ").into()) }
}

fn moment_of(text: &str) -> Result<Moment, String> {
    match text {
        "before" => Ok(Moment::Before),
        "during" => Ok(Moment::During),
        "after" => Ok(Moment::After),
        _ => Err(format!("no moment `{text}`")),
    }
}
