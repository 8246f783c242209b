//! Jobs, tasks, pipelines and their runs.

mod definitions;
mod job_runs;
mod pipeline_updates;
mod timeline;

use crate::source::Source;

pub(crate) use job_runs::{Run, run, run_near};
pub(crate) use pipeline_updates::{Update, update_near};

pub(crate) const SOURCES: [&Source; 6] = [
    &definitions::JOBS,
    &definitions::JOB_TASKS,
    &definitions::PIPELINES,
    &job_runs::JOB_RUNS,
    &job_runs::TASK_RUNS,
    &pipeline_updates::PIPELINE_UPDATES,
];
