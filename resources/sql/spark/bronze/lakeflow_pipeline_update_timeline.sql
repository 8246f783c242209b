-- lakeflow.pipeline_update_timeline: Updates of pipelines, one immutable row per update and clock hour in which it ran.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.lakeflow_pipeline_update_timeline (
  workspace_id string comment 'Workspace of the pipeline.',
  pipeline_id string comment 'Pipeline that was updated; unique within its workspace only.',
  update_id string comment 'Id of the update of the pipeline.',
  update_type string comment 'Kind of the update, for instance REFRESH, FULL_REFRESH or VALIDATE.',
  request_id string comment 'Id of the request behind the update; retries of one request share it.',
  run_as_user_name string comment 'Principal whose permissions the update ran with.',
  trigger_type string comment 'What started the update, for instance a job task, a user action or a schedule.',
  trigger_details struct<job_task:struct<job_id:string,job_task_run_id:string,performance_target:string>> comment 'Job and task run that started the update, and their performance target; null when no job task did.',
  result_state string comment 'Outcome of the update, on the slice that ends it; null on every other slice.',
  compute struct<type:string,cluster_id:string> comment 'Kind of compute that ran the update and its cluster; the cluster is null on serverless compute.',
  period_start_time timestamp comment 'Start of the slice of the update.',
  period_end_time timestamp comment 'End of the slice of the update.',
  refresh_selection array<struct<table_catalog:string,table_schema:string,table_name:string>> comment 'Tables that were to be refreshed; null or empty when no selection was made.',
  full_refresh_selection array<struct<table_catalog:string,table_schema:string,table_name:string>> comment 'Tables that were to be refreshed in full; null or empty when no selection was made.',
  reset_checkpoint_selection array<string> comment 'Flows whose checkpoints were to be reset; null or empty when no selection was made.',
  account_id string comment 'Account that the row belongs to.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Updates of pipelines, one immutable row per update and clock hour in which it ran.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.lakeflow_pipeline_update_timeline (
  workspace_id string comment 'Workspace of the pipeline.',
  pipeline_id string comment 'Pipeline that was updated; unique within its workspace only.',
  update_id string comment 'Id of the update of the pipeline.',
  update_type string comment 'Kind of the update, for instance REFRESH, FULL_REFRESH or VALIDATE.',
  request_id string comment 'Id of the request behind the update; retries of one request share it.',
  run_as_user_name string comment 'Principal whose permissions the update ran with.',
  trigger_type string comment 'What started the update, for instance a job task, a user action or a schedule.',
  trigger_details struct<job_task:struct<job_id:string,job_task_run_id:string,performance_target:string>> comment 'Job and task run that started the update, and their performance target; null when no job task did.',
  result_state string comment 'Outcome of the update, on the slice that ends it; null on every other slice.',
  compute struct<type:string,cluster_id:string> comment 'Kind of compute that ran the update and its cluster; the cluster is null on serverless compute.',
  period_start_time timestamp comment 'Start of the slice of the update.',
  period_end_time timestamp comment 'End of the slice of the update.',
  refresh_selection array<struct<table_catalog:string,table_schema:string,table_name:string>> comment 'Tables that were to be refreshed; null or empty when no selection was made.',
  full_refresh_selection array<struct<table_catalog:string,table_schema:string,table_name:string>> comment 'Tables that were to be refreshed in full; null or empty when no selection was made.',
  reset_checkpoint_selection array<string> comment 'Flows whose checkpoints were to be reset; null or empty when no selection was made.',
  account_id string comment 'Account that the row belongs to.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of lakeflow.pipeline_update_timeline that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.lakeflow_pipeline_update_timeline (
    workspace_id, pipeline_id, update_id, update_type, request_id, run_as_user_name, trigger_type, trigger_details,
    result_state, compute, period_start_time, period_end_time, refresh_selection, full_refresh_selection,
    reset_checkpoint_selection, account_id, _reason, _row_hash, _quarantined_at
)
select
    d.workspace_id, d.pipeline_id, d.update_id, d.update_type, d.request_id, d.run_as_user_name, d.trigger_type,
    d.trigger_details, d.result_state, d.compute, d.period_start_time, d.period_end_time, d.refresh_selection,
    d.full_refresh_selection, d.reset_checkpoint_selection, d.account_id,
  d._reason, md5(to_json(struct(d.workspace_id, d.pipeline_id, d.update_id, d.update_type, d.request_id, d.run_as_user_name, d.trigger_type,
    d.trigger_details, d.result_state, d.compute, d.period_start_time, d.period_end_time, d.refresh_selection,
    d.full_refresh_selection, d.reset_checkpoint_selection, d.account_id))), current_timestamp()
from (
  select *, case when workspace_id is null and pipeline_id is null and update_id is null and period_start_time is null then 'key (workspace_id, pipeline_id, update_id, period_start_time) is null' when workspace_id is null and pipeline_id is null and update_id is null then 'key (workspace_id, pipeline_id, update_id) is null' end as _reason
  from system.lakeflow.pipeline_update_timeline
) as d
left anti join system_quarantine.lakeflow_pipeline_update_timeline as b
  on d.workspace_id <=> b.workspace_id and d.pipeline_id <=> b.pipeline_id and d.update_id <=> b.update_id and d.period_start_time <=> b.period_start_time
  and struct(d.update_type, d.request_id, d.run_as_user_name, d.trigger_type, d.trigger_details, d.result_state, d.compute,
    d.period_end_time, d.refresh_selection, d.full_refresh_selection, d.reset_checkpoint_selection, d.account_id)
  <=> struct(b.update_type, b.request_id, b.run_as_user_name, b.trigger_type, b.trigger_details, b.result_state, b.compute,
    b.period_end_time, b.refresh_selection, b.full_refresh_selection, b.reset_checkpoint_selection, b.account_id)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.lakeflow_pipeline_update_timeline (
    workspace_id, pipeline_id, update_id, update_type, request_id, run_as_user_name, trigger_type, trigger_details,
    result_state, compute, period_start_time, period_end_time, refresh_selection, full_refresh_selection,
    reset_checkpoint_selection, account_id, _source_version, _ingested_at, _run_id
)
select
    d.workspace_id, d.pipeline_id, d.update_id, d.update_type, d.request_id, d.run_as_user_name, d.trigger_type,
    d.trigger_details, d.result_state, d.compute, d.period_start_time, d.period_end_time, d.refresh_selection,
    d.full_refresh_selection, d.reset_checkpoint_selection, d.account_id,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.lakeflow.pipeline_update_timeline
  where not (workspace_id is null and pipeline_id is null and update_id is null and period_start_time is null)
    and not (workspace_id is null and pipeline_id is null and update_id is null)
) as d
left anti join system_bronze.lakeflow_pipeline_update_timeline as b
  on d.workspace_id <=> b.workspace_id and d.pipeline_id <=> b.pipeline_id and d.update_id <=> b.update_id and d.period_start_time <=> b.period_start_time
  and struct(d.update_type, d.request_id, d.run_as_user_name, d.trigger_type, d.trigger_details, d.result_state, d.compute,
    d.period_end_time, d.refresh_selection, d.full_refresh_selection, d.reset_checkpoint_selection, d.account_id)
  <=> struct(b.update_type, b.request_id, b.run_as_user_name, b.trigger_type, b.trigger_details, b.result_state, b.compute,
    b.period_end_time, b.refresh_selection, b.full_refresh_selection, b.reset_checkpoint_selection, b.account_id);
