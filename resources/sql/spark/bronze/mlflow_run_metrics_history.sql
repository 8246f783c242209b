-- mlflow.run_metrics_history: Values of metrics that MLflow runs logged, one row per value.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.mlflow_run_metrics_history (
  account_id string comment 'Account that the row belongs to.',
  insert_time timestamp comment 'When the value came into the table.',
  record_id string comment 'Id of the value, unique per row.',
  workspace_id string comment 'Workspace of the run.',
  experiment_id string comment 'Experiment of the run.',
  run_id string comment 'Run that logged the value.',
  metric_name string comment 'Name of the metric.',
  metric_time timestamp comment 'When the value was logged, as told by the client.',
  metric_step bigint comment 'Step of the run (such as an epoch) that the value belongs to; 0 when the client gave none.',
  metric_value double comment 'Value of the metric; NaN and infinities occur.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Values of metrics that MLflow runs logged, one row per value.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.mlflow_run_metrics_history (
  account_id string comment 'Account that the row belongs to.',
  insert_time timestamp comment 'When the value came into the table.',
  record_id string comment 'Id of the value, unique per row.',
  workspace_id string comment 'Workspace of the run.',
  experiment_id string comment 'Experiment of the run.',
  run_id string comment 'Run that logged the value.',
  metric_name string comment 'Name of the metric.',
  metric_time timestamp comment 'When the value was logged, as told by the client.',
  metric_step bigint comment 'Step of the run (such as an epoch) that the value belongs to; 0 when the client gave none.',
  metric_value double comment 'Value of the metric; NaN and infinities occur.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of mlflow.run_metrics_history that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.mlflow_run_metrics_history (
    account_id, insert_time, record_id, workspace_id, experiment_id, run_id, metric_name, metric_time, metric_step,
    metric_value, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.insert_time, d.record_id, d.workspace_id, d.experiment_id, d.run_id, d.metric_name,
    d.metric_time, d.metric_step, d.metric_value,
  d._reason, md5(to_json(struct(d.account_id, d.insert_time, d.record_id, d.workspace_id, d.experiment_id, d.run_id, d.metric_name,
    d.metric_time, d.metric_step, d.metric_value))), current_timestamp()
from (
  select *, case when record_id is null then 'key (record_id) is null' end as _reason
  from system.mlflow.run_metrics_history
) as d
left anti join system_quarantine.mlflow_run_metrics_history as b
  on d.record_id <=> b.record_id
  and struct(d.account_id, d.insert_time, d.workspace_id, d.experiment_id, d.run_id, d.metric_name, d.metric_time,
    d.metric_step, d.metric_value)
  <=> struct(b.account_id, b.insert_time, b.workspace_id, b.experiment_id, b.run_id, b.metric_name, b.metric_time,
    b.metric_step, b.metric_value)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.mlflow_run_metrics_history (
    account_id, insert_time, record_id, workspace_id, experiment_id, run_id, metric_name, metric_time, metric_step,
    metric_value, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.insert_time, d.record_id, d.workspace_id, d.experiment_id, d.run_id, d.metric_name,
    d.metric_time, d.metric_step, d.metric_value,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.mlflow.run_metrics_history
  where not (record_id is null)
) as d
left anti join system_bronze.mlflow_run_metrics_history as b
  on d.record_id <=> b.record_id
  and struct(d.account_id, d.insert_time, d.workspace_id, d.experiment_id, d.run_id, d.metric_name, d.metric_time,
    d.metric_step, d.metric_value)
  <=> struct(b.account_id, b.insert_time, b.workspace_id, b.experiment_id, b.run_id, b.metric_name, b.metric_time,
    b.metric_step, b.metric_value);
