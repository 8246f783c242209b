-- mlflow.runs_latest: MLflow runs in their latest state; rows are updated in place.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.mlflow_runs_latest (
  account_id string comment 'Account that the row belongs to.',
  update_time timestamp comment 'When the run last changed; orders the versions of a row.',
  delete_time timestamp comment 'When the run was deleted; null while it exists.',
  workspace_id string comment 'Workspace of the run.',
  run_id string comment 'Id of the run, unique within its workspace.',
  experiment_id string comment 'Experiment of the run.',
  created_by string comment 'Principal that created the run.',
  start_time timestamp comment 'When the run was started, as told by the client.',
  end_time timestamp comment 'When the run ended, as told by the client; null while it runs.',
  run_name string comment 'Name of the run.',
  status string comment 'State of the run, for instance RUNNING, FINISHED, FAILED or KILLED.',
  params map<string,string> comment 'Parameters that the run logged, by name; null or empty when there are none.',
  tags map<string,string> comment 'Tags of the run by name, among them the user and the source of the run.',
  aggregated_metrics array<struct<metric_name:string,min_value:double,max_value:double,latest_value:double>> comment 'Least, greatest and latest value of each metric that the run logged; null or empty when there are none.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'MLflow runs in their latest state; rows are updated in place.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.mlflow_runs_latest (
  account_id string comment 'Account that the row belongs to.',
  update_time timestamp comment 'When the run last changed; orders the versions of a row.',
  delete_time timestamp comment 'When the run was deleted; null while it exists.',
  workspace_id string comment 'Workspace of the run.',
  run_id string comment 'Id of the run, unique within its workspace.',
  experiment_id string comment 'Experiment of the run.',
  created_by string comment 'Principal that created the run.',
  start_time timestamp comment 'When the run was started, as told by the client.',
  end_time timestamp comment 'When the run ended, as told by the client; null while it runs.',
  run_name string comment 'Name of the run.',
  status string comment 'State of the run, for instance RUNNING, FINISHED, FAILED or KILLED.',
  params map<string,string> comment 'Parameters that the run logged, by name; null or empty when there are none.',
  tags map<string,string> comment 'Tags of the run by name, among them the user and the source of the run.',
  aggregated_metrics array<struct<metric_name:string,min_value:double,max_value:double,latest_value:double>> comment 'Least, greatest and latest value of each metric that the run logged; null or empty when there are none.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of mlflow.runs_latest that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.mlflow_runs_latest (
    account_id, update_time, delete_time, workspace_id, run_id, experiment_id, created_by, start_time, end_time,
    run_name, status, params, tags, aggregated_metrics, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.update_time, d.delete_time, d.workspace_id, d.run_id, d.experiment_id, d.created_by,
    d.start_time, d.end_time, d.run_name, d.status, d.params, d.tags, d.aggregated_metrics,
  d._reason, md5(to_json(struct(d.account_id, d.update_time, d.delete_time, d.workspace_id, d.run_id, d.experiment_id, d.created_by,
    d.start_time, d.end_time, d.run_name, d.status, d.params, d.tags, d.aggregated_metrics))), current_timestamp()
from (
  select *, case when workspace_id is null and run_id is null then 'key (workspace_id, run_id) is null' end as _reason
  from system.mlflow.runs_latest
) as d
left anti join system_quarantine.mlflow_runs_latest as b
  on d.workspace_id <=> b.workspace_id and d.run_id <=> b.run_id
  and struct(d.account_id, d.update_time, d.delete_time, d.experiment_id, d.created_by, d.start_time, d.end_time,
    d.run_name, d.status, to_json(d.params), to_json(d.tags), d.aggregated_metrics)
  <=> struct(b.account_id, b.update_time, b.delete_time, b.experiment_id, b.created_by, b.start_time, b.end_time,
    b.run_name, b.status, to_json(b.params), to_json(b.tags), b.aggregated_metrics)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.mlflow_runs_latest (
    account_id, update_time, delete_time, workspace_id, run_id, experiment_id, created_by, start_time, end_time,
    run_name, status, params, tags, aggregated_metrics, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.update_time, d.delete_time, d.workspace_id, d.run_id, d.experiment_id, d.created_by,
    d.start_time, d.end_time, d.run_name, d.status, d.params, d.tags, d.aggregated_metrics,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.mlflow.runs_latest
  where not (workspace_id is null and run_id is null)
) as d
left anti join system_bronze.mlflow_runs_latest as b
  on d.workspace_id <=> b.workspace_id and d.run_id <=> b.run_id
  and struct(d.account_id, d.update_time, d.delete_time, d.experiment_id, d.created_by, d.start_time, d.end_time,
    d.run_name, d.status, to_json(d.params), to_json(d.tags), d.aggregated_metrics)
  <=> struct(b.account_id, b.update_time, b.delete_time, b.experiment_id, b.created_by, b.start_time, b.end_time,
    b.run_name, b.status, to_json(b.params), to_json(b.tags), b.aggregated_metrics);
