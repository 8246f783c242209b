-- lakeflow.job_tasks: Definitions of the tasks of jobs, one row per change.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.lakeflow_job_tasks (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that the task belongs to; unique within its workspace only.',
  task_key string comment 'Key of the task, unique within its job.',
  depends_on_keys array<string> comment 'Keys of the tasks that have to end first; null or empty when there are none.',
  change_time timestamp comment 'When the task changed; orders the rows of a task.',
  delete_time timestamp comment 'When the task was deleted; null while it exists.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Definitions of the tasks of jobs, one row per change.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.lakeflow_job_tasks (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that the task belongs to; unique within its workspace only.',
  task_key string comment 'Key of the task, unique within its job.',
  depends_on_keys array<string> comment 'Keys of the tasks that have to end first; null or empty when there are none.',
  change_time timestamp comment 'When the task changed; orders the rows of a task.',
  delete_time timestamp comment 'When the task was deleted; null while it exists.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of lakeflow.job_tasks that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.lakeflow_job_tasks (
    account_id, workspace_id, job_id, task_key, depends_on_keys, change_time, delete_time, _reason, _row_hash,
    _quarantined_at
)
select
    d.account_id, d.workspace_id, d.job_id, d.task_key, d.depends_on_keys, d.change_time, d.delete_time,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.job_id, d.task_key, d.depends_on_keys, d.change_time, d.delete_time))), current_timestamp()
from (
  select *, case when workspace_id is null and job_id is null and task_key is null and change_time is null then 'key (workspace_id, job_id, task_key, change_time) is null' when workspace_id is null and job_id is null and task_key is null then 'key (workspace_id, job_id, task_key) is null' when change_time is null then 'change time change_time is null' end as _reason
  from system.lakeflow.job_tasks
) as d
left anti join system_quarantine.lakeflow_job_tasks as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.task_key <=> b.task_key and d.change_time <=> b.change_time
  and struct(d.account_id, d.depends_on_keys, d.delete_time)
  <=> struct(b.account_id, b.depends_on_keys, b.delete_time)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.lakeflow_job_tasks (
    account_id, workspace_id, job_id, task_key, depends_on_keys, change_time, delete_time, _source_version,
    _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.job_id, d.task_key, d.depends_on_keys, d.change_time, d.delete_time,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.lakeflow.job_tasks
  where not (workspace_id is null and job_id is null and task_key is null and change_time is null)
    and not (workspace_id is null and job_id is null and task_key is null)
    and not (change_time is null)
) as d
left anti join system_bronze.lakeflow_job_tasks as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.task_key <=> b.task_key and d.change_time <=> b.change_time
  and struct(d.account_id, d.depends_on_keys, d.delete_time)
  <=> struct(b.account_id, b.depends_on_keys, b.delete_time);
