//! Embeds a model of one's own and hands Arrow batches over, in place of tables: `cargo run --example own_model`.
#![allow(clippy::print_stdout)]

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use goldsmith::{Engine, Error, ModelSource, RunOptions};

const PROJECT: &str = "
version: 1
name: sensors
description: Readings of sensors.
settings: {currency: EUR, fiscal_year_start_month: 1}
schemas: {bronze: bronze, gold: gold, quarantine: quarantine}
";

const READINGS: &str = "
source: plant.readings
description: Readings, one row each.
mutability: append_event
load: append
scope: regional
natural_key: [reading_id]
sequence_by: read_at
columns:
  reading_id: {type: string, description: Identifier of the reading.}
  sensor: {type: string, description: Name of the sensor.}
  read_at: {type: timestamp, description: When it was read.}
  value: {type: bigint, description: What was read.}
";

const FACT: &str = "
table: fact_reading
kind: fact
domain: plant
description: Readings of sensors.
grain: one reading
source: plant.readings
key: [reading_id]
event_time: read_at
derived:
  is_high: {type: boolean, expr: value > 100, description: Whether the value is above 100.}
";

fn readings(ids: &[&str], values: &[i64]) -> Result<RecordBatch, Error> {
    let times: Vec<i64> = (0..values.len() as i64).map(|number| number * 1_000_000).collect();
    Ok(RecordBatch::try_from_iter(vec![
        ("reading_id", Arc::new(StringArray::from(ids.to_vec())) as _),
        ("sensor", Arc::new(StringArray::from(vec!["boiler"; ids.len()])) as _),
        ("read_at", Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")) as _),
        ("value", Arc::new(Int64Array::from(values.to_vec())) as _),
    ])?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let files =
        [("project.yaml", PROJECT), ("bronze/plant/readings.yaml", READINGS), ("gold/plant/fact_reading.yaml", FACT)];
    let files = files.iter().map(|(path, text)| ((*path).to_string(), (*text).to_string())).collect();
    let target = std::env::temp_dir().join(format!("goldsmith-own-model-{}", std::process::id()));
    let mut engine = Engine::builder().model(ModelSource::Files(files)).target(target.to_string_lossy()).build()?;
    engine.hand_over("plant.readings", 1, vec![readings(&["a", "b"], &[90, 110])?])?;
    engine.run(&RunOptions::default()).await?;
    // The same delivery again is not taken over twice; the next one is.
    engine.hand_over("plant.readings", 1, vec![readings(&["a", "b"], &[90, 110])?])?;
    engine.run(&RunOptions::default()).await?;
    engine.hand_over("plant.readings", 2, vec![readings(&["c"], &[120])?])?;
    let report = engine.run(&RunOptions::default()).await?;
    println!("{} table(s) looked at", report.tables.len());
    let answer = engine.query("select is_high, count(*) as readings from fact_reading group by 1 order by 1").await?;
    println!("{}", arrow::util::pretty::pretty_format_batches(&answer)?);
    Ok(())
}
