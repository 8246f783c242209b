//! One load in a process of its own, which a fault ends at one request: `crash_run <part> <source> <target> <number> <moment>`.

use std::path::Path;

use goldsmith_testkit::faults::{Fault, FaultLayer, Moment, OperationClass, Trigger};
use goldsmith_tests::crash::{failures, sequential, sequential_engine};
use goldsmith_tests::part::Part;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [part, source, target, number, moment] = arguments.as_slice() else {
        return Err("crash_run <part> <source> <target> <number> <before|during|after>".into());
    };
    let moment = match moment.as_str() {
        "before" => Moment::Before,
        "during" => Moment::During,
        "after" => Moment::After,
        other => return Err(format!("no moment `{other}`").into()),
    };
    let trigger =
        Trigger { class: OperationClass::mutating(), number: number.parse()?, fault: Fault::Abort(moment) };
    let model = part.parse::<Part>()?.model()?;
    let engine =
        sequential_engine(&model, Path::new(source), Path::new(target), FaultLayer::striking(trigger))?;
    let report = engine.run(&sequential()).await?;
    if report.is_success() { Ok(()) } else { Err(failures(&report).join("; ").into()) }
}
