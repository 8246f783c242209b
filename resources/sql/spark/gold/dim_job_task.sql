-- dim_job_task: Tasks of jobs with the history of their definitions.
-- One row: one version of a task of a job.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_job_task (
  job_task_key bigint not null comment 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that the task belongs to; unique within its workspace only.',
  task_key string comment 'Key of the task, unique within its job.',
  depends_on_keys array<string> comment 'Keys of the tasks that have to end first; null or empty when there are none.',
  change_time timestamp comment 'When the task changed; orders the rows of a task.',
  delete_time timestamp comment 'When the task was deleted; null while it exists.',
  valid_from timestamp not null comment 'First instant of the version.',
  valid_to timestamp comment 'First instant after the version; null while it is open.',
  is_current boolean not null comment 'Whether the version is open.',
  is_deleted boolean not null comment 'Whether delete_time is set in this version.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Tasks of jobs with the history of their definitions.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_job_task' as table_name, '1faa9e26e001edc0' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.lakeflow_job_tasks
    ) as inputs
  ) as n
  left anti join system_gold.goldsmith_positions as p
    on p.table_name = n.table_name and p.fingerprint = n.fingerprint and p.next_position <=> n.next_position
) as s
on t.table_name = s.table_name
when matched then update set
  `position` = case when t.fingerprint = s.fingerprint then t.`position` end,
  fingerprint = s.fingerprint,
  next_position = s.next_position
when not matched then insert (table_name, fingerprint, `position`, next_position)
  values (s.table_name, s.fingerprint, null, s.next_position);

-- statement: rebuild
-- Builds the whole table from bronze.
insert overwrite table system_gold.dim_job_task
with
-- Columns of lakeflow.job_tasks: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    job_id,
    task_key,
    depends_on_keys,
    change_time,
    delete_time
  from system_bronze.lakeflow_job_tasks
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where workspace_id is not null and job_id is not null and task_key is not null
),

-- One row for each key and time of change; of several the content decides, column by column.
changes as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, job_id, task_key, change_time
    order by account_id desc nulls last, delete_time desc nulls last, depends_on_keys desc nulls last
  ) as _rank from identified where change_time is not null)
  where _rank = 1
),

-- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
tracked as (
  select *, explode(array(struct(
      delete_time is not null, account_id, depends_on_keys
    ))) as _tracked
  from changes
),

-- Whether a row says the same as the one before it; then both are one version, the first of them.
compared as (
  select *, lag(_tracked) over (partition by workspace_id, job_id, task_key order by change_time) <=> _tracked as _is_same
  from tracked
),

-- A version holds from its own time until that of the next one.
versions as (
  select *,
    change_time as valid_from,
    lead(change_time) over (partition by workspace_id, job_id, task_key order by change_time) as valid_to
  from compared
  where not _is_same
),

-- The last version of a key is open.
timeline as (
  select *, valid_to is null as is_current, delete_time is not null as is_deleted
  from versions
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(job_id) as string), ':', job_id), 'n'), coalesce(concat('v', cast(octet_length(task_key) as string), ':', task_key), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
  from timeline
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as job_task_key
  from hashed
)
select
  job_task_key,
  account_id,
  workspace_id,
  job_id,
  task_key,
  depends_on_keys,
  change_time,
  delete_time,
  valid_from,
  valid_to,
  is_current,
  is_deleted,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from keyed
union all
-- The unknown member.
select
  -1,
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as array<string>),
  cast(null as timestamp),
  cast(null as timestamp),
  timestamp_micros(0),
  cast(null as timestamp),
  true,
  false,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_job_task as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, job_id, task_key
    from system_bronze.lakeflow_job_tasks
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_job_task')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, job_id, task_key
    from (
      select * from arrived
    )
    where workspace_id is not null and job_id is not null and task_key is not null
  ),

  -- Columns of lakeflow.job_tasks: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      job_id,
      task_key,
      depends_on_keys,
      change_time,
      delete_time
    from system_bronze.lakeflow_job_tasks
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.job_id <=> a.job_id and c.task_key <=> a.task_key
    where c.workspace_id is not null and c.job_id is not null and c.task_key is not null
  ),

  -- One row for each key and time of change; of several the content decides, column by column.
  changes as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, job_id, task_key, change_time
      order by account_id desc nulls last, delete_time desc nulls last, depends_on_keys desc nulls last
    ) as _rank from identified where change_time is not null)
    where _rank = 1
  ),

  -- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
  tracked as (
    select *, explode(array(struct(
        delete_time is not null, account_id, depends_on_keys
      ))) as _tracked
    from changes
  ),

  -- Whether a row says the same as the one before it; then both are one version, the first of them.
  compared as (
    select *, lag(_tracked) over (partition by workspace_id, job_id, task_key order by change_time) <=> _tracked as _is_same
    from tracked
  ),

  -- A version holds from its own time until that of the next one.
  versions as (
    select *,
      change_time as valid_from,
      lead(change_time) over (partition by workspace_id, job_id, task_key order by change_time) as valid_to
    from compared
    where not _is_same
  ),

  -- The last version of a key is open.
  timeline as (
    select *, valid_to is null as is_current, delete_time is not null as is_deleted
    from versions
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(job_id) as string), ':', job_id), 'n'), coalesce(concat('v', cast(octet_length(task_key) as string), ':', task_key), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
    from timeline
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as job_task_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      job_task_key,
      account_id,
      workspace_id,
      job_id,
      task_key,
      depends_on_keys,
      change_time,
      delete_time,
      valid_from,
      valid_to,
      is_current,
      is_deleted,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from keyed
    union all
    -- The unknown member.
    select
      -1,
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as array<string>),
      cast(null as timestamp),
      cast(null as timestamp),
      timestamp_micros(0),
      cast(null as timestamp),
      true,
      false,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.job_task_key, c.account_id, c.workspace_id, c.job_id, c.task_key, c.depends_on_keys, c.change_time,
      c.delete_time, c.valid_from, c.valid_to, c.is_current, c.is_deleted, c._run_id, c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_job_task
  ) as h on h.job_task_key = c.job_task_key
  where case when h._is_held then not (
    h.job_task_key <=> c.job_task_key and h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id
      and h.job_id <=> c.job_id and h.task_key <=> c.task_key and h.depends_on_keys <=> c.depends_on_keys
      and h.change_time <=> c.change_time and h.delete_time <=> c.delete_time and h.valid_from <=> c.valid_from
      and h.valid_to <=> c.valid_to and h.is_current <=> c.is_current and h.is_deleted <=> c.is_deleted
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.job_task_key, h.account_id, h.workspace_id, h.job_id, h.task_key, h.depends_on_keys, h.change_time,
      h.delete_time, h.valid_from, h.valid_to, h.is_current, h.is_deleted, h._run_id, h._loaded_at, true as _is_stale
  from system_gold.dim_job_task as h
  left semi join affected as a on h.workspace_id <=> a.workspace_id and h.job_id <=> a.job_id and h.task_key <=> a.task_key
  left anti join computed as c on h.job_task_key = c.job_task_key
) as s
on t.job_task_key = s.job_task_key
when matched and s._is_stale then delete
when matched then update set job_task_key = s.job_task_key, account_id = s.account_id, workspace_id = s.workspace_id, job_id = s.job_id,
    task_key = s.task_key, depends_on_keys = s.depends_on_keys, change_time = s.change_time,
    delete_time = s.delete_time, valid_from = s.valid_from, valid_to = s.valid_to, is_current = s.is_current,
    is_deleted = s.is_deleted, _run_id = s._run_id, _loaded_at = s._loaded_at
when not matched then insert (job_task_key, account_id, workspace_id, job_id, task_key, depends_on_keys, change_time, delete_time,
    valid_from, valid_to, is_current, is_deleted, _run_id, _loaded_at)
  values (s.job_task_key, s.account_id, s.workspace_id, s.job_id, s.task_key, s.depends_on_keys, s.change_time,
    s.delete_time, s.valid_from, s.valid_to, s.is_current, s.is_deleted, s._run_id, s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_job_task' and not (`position` <=> next_position);
