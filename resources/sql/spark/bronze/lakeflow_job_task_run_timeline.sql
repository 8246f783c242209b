-- lakeflow.job_task_run_timeline: Runs of the tasks of jobs, one immutable row per task run and clock hour in which it ran (older rows, per hour from the start of the run).

-- statement: create
-- Creates the table.
create table if not exists system_bronze.lakeflow_job_task_run_timeline (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that the task belongs to; unique within its workspace only.',
  run_id string comment 'Run of the task.',
  period_start_time timestamp comment 'Start of the slice of the run.',
  period_end_time timestamp comment 'End of the slice of the run; equal to the start when the run never started.',
  task_key string comment 'Key of the task, unique within its job.',
  compute_ids array<string> comment 'Clusters and warehouses that the task used; null or empty when it used none or serverless compute.',
  result_state string comment 'Outcome of an attempt, on the slice that ends it; null on every other slice. SUCCESS is the older text of SUCCEEDED.',
  job_run_id string comment 'Run of the job that the task run belongs to; null in older rows.',
  parent_run_id string comment 'Run of the parent task; null when there is none and in older rows.',
  termination_code string comment 'Why the attempt ended, on the slice that ends it; null on every other slice and in older rows.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Runs of the tasks of jobs, one immutable row per task run and clock hour in which it ran (older rows, per hour from the start of the run).';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.lakeflow_job_task_run_timeline (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that the task belongs to; unique within its workspace only.',
  run_id string comment 'Run of the task.',
  period_start_time timestamp comment 'Start of the slice of the run.',
  period_end_time timestamp comment 'End of the slice of the run; equal to the start when the run never started.',
  task_key string comment 'Key of the task, unique within its job.',
  compute_ids array<string> comment 'Clusters and warehouses that the task used; null or empty when it used none or serverless compute.',
  result_state string comment 'Outcome of an attempt, on the slice that ends it; null on every other slice. SUCCESS is the older text of SUCCEEDED.',
  job_run_id string comment 'Run of the job that the task run belongs to; null in older rows.',
  parent_run_id string comment 'Run of the parent task; null when there is none and in older rows.',
  termination_code string comment 'Why the attempt ended, on the slice that ends it; null on every other slice and in older rows.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of lakeflow.job_task_run_timeline that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.lakeflow_job_task_run_timeline (
    account_id, workspace_id, job_id, run_id, period_start_time, period_end_time, task_key, compute_ids,
    result_state, job_run_id, parent_run_id, termination_code, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.job_id, d.run_id, d.period_start_time, d.period_end_time, d.task_key,
    d.compute_ids, d.result_state, d.job_run_id, d.parent_run_id, d.termination_code,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.job_id, d.run_id, d.period_start_time, d.period_end_time, d.task_key,
    d.compute_ids, d.result_state, d.job_run_id, d.parent_run_id, d.termination_code))), current_timestamp()
from (
  select *, case when workspace_id is null and job_id is null and run_id is null and period_start_time is null then 'key (workspace_id, job_id, run_id, period_start_time) is null' when workspace_id is null and job_id is null and run_id is null then 'key (workspace_id, job_id, run_id) is null' end as _reason
  from system.lakeflow.job_task_run_timeline
) as d
left anti join system_quarantine.lakeflow_job_task_run_timeline as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.run_id <=> b.run_id and d.period_start_time <=> b.period_start_time
  and struct(d.account_id, d.period_end_time, d.task_key, d.compute_ids, d.result_state, d.job_run_id, d.parent_run_id,
    d.termination_code)
  <=> struct(b.account_id, b.period_end_time, b.task_key, b.compute_ids, b.result_state, b.job_run_id, b.parent_run_id,
    b.termination_code)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.lakeflow_job_task_run_timeline (
    account_id, workspace_id, job_id, run_id, period_start_time, period_end_time, task_key, compute_ids,
    result_state, job_run_id, parent_run_id, termination_code, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.job_id, d.run_id, d.period_start_time, d.period_end_time, d.task_key,
    d.compute_ids, d.result_state, d.job_run_id, d.parent_run_id, d.termination_code,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.lakeflow.job_task_run_timeline
  where not (workspace_id is null and job_id is null and run_id is null and period_start_time is null)
    and not (workspace_id is null and job_id is null and run_id is null)
) as d
left anti join system_bronze.lakeflow_job_task_run_timeline as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.run_id <=> b.run_id and d.period_start_time <=> b.period_start_time
  and struct(d.account_id, d.period_end_time, d.task_key, d.compute_ids, d.result_state, d.job_run_id, d.parent_run_id,
    d.termination_code)
  <=> struct(b.account_id, b.period_end_time, b.task_key, b.compute_ids, b.result_state, b.job_run_id, b.parent_run_id,
    b.termination_code);
