-- mlflow.experiments_latest: MLflow experiments in their latest state; rows are updated in place.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.mlflow_experiments_latest (
  account_id string comment 'Account that the row belongs to.',
  update_time timestamp comment 'When the experiment last changed; orders the versions of a row.',
  delete_time timestamp comment 'When the experiment was deleted; null while it exists.',
  workspace_id string comment 'Workspace of the experiment.',
  experiment_id string comment 'Id of the experiment, unique within its workspace.',
  name string comment 'Name of the experiment, usually a path.',
  create_time timestamp comment 'When the experiment was created.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'MLflow experiments in their latest state; rows are updated in place.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.mlflow_experiments_latest (
  account_id string comment 'Account that the row belongs to.',
  update_time timestamp comment 'When the experiment last changed; orders the versions of a row.',
  delete_time timestamp comment 'When the experiment was deleted; null while it exists.',
  workspace_id string comment 'Workspace of the experiment.',
  experiment_id string comment 'Id of the experiment, unique within its workspace.',
  name string comment 'Name of the experiment, usually a path.',
  create_time timestamp comment 'When the experiment was created.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of mlflow.experiments_latest that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.mlflow_experiments_latest (
    account_id, update_time, delete_time, workspace_id, experiment_id, name, create_time, _reason, _row_hash,
    _quarantined_at
)
select
    d.account_id, d.update_time, d.delete_time, d.workspace_id, d.experiment_id, d.name, d.create_time,
  d._reason, md5(to_json(struct(d.account_id, d.update_time, d.delete_time, d.workspace_id, d.experiment_id, d.name, d.create_time))), current_timestamp()
from (
  select *, case when workspace_id is null and experiment_id is null then 'key (workspace_id, experiment_id) is null' end as _reason
  from system.mlflow.experiments_latest
) as d
left anti join system_quarantine.mlflow_experiments_latest as b
  on d.workspace_id <=> b.workspace_id and d.experiment_id <=> b.experiment_id
  and struct(d.account_id, d.update_time, d.delete_time, d.name, d.create_time)
  <=> struct(b.account_id, b.update_time, b.delete_time, b.name, b.create_time)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.mlflow_experiments_latest (
    account_id, update_time, delete_time, workspace_id, experiment_id, name, create_time, _source_version,
    _ingested_at, _run_id
)
select
    d.account_id, d.update_time, d.delete_time, d.workspace_id, d.experiment_id, d.name, d.create_time,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.mlflow.experiments_latest
  where not (workspace_id is null and experiment_id is null)
) as d
left anti join system_bronze.mlflow_experiments_latest as b
  on d.workspace_id <=> b.workspace_id and d.experiment_id <=> b.experiment_id
  and struct(d.account_id, d.update_time, d.delete_time, d.name, d.create_time)
  <=> struct(b.account_id, b.update_time, b.delete_time, b.name, b.create_time);
