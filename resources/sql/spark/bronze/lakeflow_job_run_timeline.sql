-- lakeflow.job_run_timeline: Runs of jobs, one immutable row per run and clock hour in which it ran (older rows, per hour from the start of the run).

-- statement: create
-- Creates the table.
create table if not exists system_bronze.lakeflow_job_run_timeline (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that ran; unique within its workspace only.',
  run_id string comment 'Run of the job; a retried run keeps its id.',
  period_start_time timestamp comment 'Start of the slice of the run.',
  period_end_time timestamp comment 'End of the slice of the run; equal to the start when the run never started.',
  trigger_type string comment 'What started the run, for instance PERIODIC, ONETIME, CONTINUOUS, RETRY or FILE_ARRIVAL.',
  result_state string comment 'Outcome of an attempt, on the slice that ends it; null on every other slice. SUCCESS is the older text of SUCCEEDED.',
  run_type string comment 'Kind of the run (JOB_RUN, SUBMIT_RUN or WORKFLOW_RUN); null in older rows.',
  run_name string comment 'Name that the user gave to the run; null in older rows.',
  compute_ids array<string> comment 'Clusters that the run used, filled for one-time and notebook workflow runs; null or empty otherwise.',
  termination_code string comment 'Why the attempt ended, on the slice that ends it; null on every other slice and in older rows.',
  job_parameters map<string,map<string,string>> comment 'Parameters of the job in this run, by name; null when there are none and in older rows.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Runs of jobs, one immutable row per run and clock hour in which it ran (older rows, per hour from the start of the run).';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.lakeflow_job_run_timeline (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that ran; unique within its workspace only.',
  run_id string comment 'Run of the job; a retried run keeps its id.',
  period_start_time timestamp comment 'Start of the slice of the run.',
  period_end_time timestamp comment 'End of the slice of the run; equal to the start when the run never started.',
  trigger_type string comment 'What started the run, for instance PERIODIC, ONETIME, CONTINUOUS, RETRY or FILE_ARRIVAL.',
  result_state string comment 'Outcome of an attempt, on the slice that ends it; null on every other slice. SUCCESS is the older text of SUCCEEDED.',
  run_type string comment 'Kind of the run (JOB_RUN, SUBMIT_RUN or WORKFLOW_RUN); null in older rows.',
  run_name string comment 'Name that the user gave to the run; null in older rows.',
  compute_ids array<string> comment 'Clusters that the run used, filled for one-time and notebook workflow runs; null or empty otherwise.',
  termination_code string comment 'Why the attempt ended, on the slice that ends it; null on every other slice and in older rows.',
  job_parameters map<string,map<string,string>> comment 'Parameters of the job in this run, by name; null when there are none and in older rows.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of lakeflow.job_run_timeline that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.lakeflow_job_run_timeline (
    account_id, workspace_id, job_id, run_id, period_start_time, period_end_time, trigger_type, result_state,
    run_type, run_name, compute_ids, termination_code, job_parameters, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.job_id, d.run_id, d.period_start_time, d.period_end_time, d.trigger_type,
    d.result_state, d.run_type, d.run_name, d.compute_ids, d.termination_code, d.job_parameters,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.job_id, d.run_id, d.period_start_time, d.period_end_time, d.trigger_type,
    d.result_state, d.run_type, d.run_name, d.compute_ids, d.termination_code, d.job_parameters))), current_timestamp()
from (
  select *, case when workspace_id is null and job_id is null and run_id is null and period_start_time is null then 'key (workspace_id, job_id, run_id, period_start_time) is null' when workspace_id is null and job_id is null and run_id is null then 'key (workspace_id, job_id, run_id) is null' end as _reason
  from system.lakeflow.job_run_timeline
) as d
left anti join system_quarantine.lakeflow_job_run_timeline as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.run_id <=> b.run_id and d.period_start_time <=> b.period_start_time
  and struct(d.account_id, d.period_end_time, d.trigger_type, d.result_state, d.run_type, d.run_name, d.compute_ids,
    d.termination_code, to_json(d.job_parameters))
  <=> struct(b.account_id, b.period_end_time, b.trigger_type, b.result_state, b.run_type, b.run_name, b.compute_ids,
    b.termination_code, to_json(b.job_parameters))
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.lakeflow_job_run_timeline (
    account_id, workspace_id, job_id, run_id, period_start_time, period_end_time, trigger_type, result_state,
    run_type, run_name, compute_ids, termination_code, job_parameters, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.job_id, d.run_id, d.period_start_time, d.period_end_time, d.trigger_type,
    d.result_state, d.run_type, d.run_name, d.compute_ids, d.termination_code, d.job_parameters,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.lakeflow.job_run_timeline
  where not (workspace_id is null and job_id is null and run_id is null and period_start_time is null)
    and not (workspace_id is null and job_id is null and run_id is null)
) as d
left anti join system_bronze.lakeflow_job_run_timeline as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.run_id <=> b.run_id and d.period_start_time <=> b.period_start_time
  and struct(d.account_id, d.period_end_time, d.trigger_type, d.result_state, d.run_type, d.run_name, d.compute_ids,
    d.termination_code, to_json(d.job_parameters))
  <=> struct(b.account_id, b.period_end_time, b.trigger_type, b.result_state, b.run_type, b.run_name, b.compute_ids,
    b.termination_code, to_json(b.job_parameters));
