-- lakeflow.jobs: Definitions of jobs, one row per change. The newest row of a job is kept beyond the retention.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.lakeflow_jobs (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Id of the job, unique within its workspace.',
  name string comment 'Name of the job.',
  creator_id string comment 'Numeric user id of the principal that created the job.',
  tags map<string,string> comment 'Tags of the job by name; null or empty when there are none.',
  run_as string comment 'Principal whose permissions the job runs with.',
  change_time timestamp comment 'When the job changed; orders the rows of a job.',
  delete_time timestamp comment 'When the job was deleted; null while it exists.',
  description string comment 'Description that users gave to the job; null when there is none and in older rows.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Definitions of jobs, one row per change. The newest row of a job is kept beyond the retention.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.lakeflow_jobs (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Id of the job, unique within its workspace.',
  name string comment 'Name of the job.',
  creator_id string comment 'Numeric user id of the principal that created the job.',
  tags map<string,string> comment 'Tags of the job by name; null or empty when there are none.',
  run_as string comment 'Principal whose permissions the job runs with.',
  change_time timestamp comment 'When the job changed; orders the rows of a job.',
  delete_time timestamp comment 'When the job was deleted; null while it exists.',
  description string comment 'Description that users gave to the job; null when there is none and in older rows.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of lakeflow.jobs that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.lakeflow_jobs (
    account_id, workspace_id, job_id, name, creator_id, tags, run_as, change_time, delete_time, description,
    _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.job_id, d.name, d.creator_id, d.tags, d.run_as, d.change_time, d.delete_time,
    d.description,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.job_id, d.name, d.creator_id, d.tags, d.run_as, d.change_time, d.delete_time,
    d.description))), current_timestamp()
from (
  select *, case when workspace_id is null and job_id is null and change_time is null then 'key (workspace_id, job_id, change_time) is null' when workspace_id is null and job_id is null then 'key (workspace_id, job_id) is null' when change_time is null then 'change time change_time is null' end as _reason
  from system.lakeflow.jobs
) as d
left anti join system_quarantine.lakeflow_jobs as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.name, d.creator_id, to_json(d.tags), d.run_as, d.delete_time, d.description)
  <=> struct(b.account_id, b.name, b.creator_id, to_json(b.tags), b.run_as, b.delete_time, b.description)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.lakeflow_jobs (
    account_id, workspace_id, job_id, name, creator_id, tags, run_as, change_time, delete_time, description,
    _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.job_id, d.name, d.creator_id, d.tags, d.run_as, d.change_time, d.delete_time,
    d.description,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.lakeflow.jobs
  where not (workspace_id is null and job_id is null and change_time is null)
    and not (workspace_id is null and job_id is null)
    and not (change_time is null)
) as d
left anti join system_bronze.lakeflow_jobs as b
  on d.workspace_id <=> b.workspace_id and d.job_id <=> b.job_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.name, d.creator_id, to_json(d.tags), d.run_as, d.delete_time, d.description)
  <=> struct(b.account_id, b.name, b.creator_id, to_json(b.tags), b.run_as, b.delete_time, b.description);
