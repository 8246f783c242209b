//! Runs the default model: `cargo run --example default_model -- SOURCE TARGET`.
#![allow(clippy::print_stdout)]

use goldsmith::{Engine, Error, RunOptions};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let (Some(source), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err(Error::Configuration {
            what: "two arguments are needed".into(),
            help: "give the root of the system tables and the target directory".into(),
        });
    };
    let engine = Engine::builder().source(source).target(target).build()?;
    let report = engine.run(&RunOptions::default()).await?;
    for table in &report.tables {
        println!("{:<45} {:?}, {} rows written", table.name, table.status, table.rows.written());
    }
    Ok(())
}
