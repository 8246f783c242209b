-- dim_job: Jobs with the history of their definitions. The numeric creator_id is resolved through dim_user.user_id.
-- One row: one version of a job.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_job (
  job_key bigint not null comment 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
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
  valid_from timestamp not null comment 'First instant of the version.',
  valid_to timestamp comment 'First instant after the version; null while it is open.',
  is_current boolean not null comment 'Whether the version is open.',
  is_deleted boolean not null comment 'Whether delete_time is set in this version.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Jobs with the history of their definitions. The numeric creator_id is resolved through dim_user.user_id.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_job' as table_name, '87703f7247181636' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.lakeflow_jobs
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
insert overwrite table system_gold.dim_job
with
-- Columns of lakeflow.jobs: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    job_id,
    name,
    creator_id,
    map_from_entries(array_sort(map_entries(tags))) as tags,
    run_as,
    change_time,
    delete_time,
    description
  from system_bronze.lakeflow_jobs
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where workspace_id is not null and job_id is not null
),

-- One row for each key and time of change; of several the content decides, column by column.
changes as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, job_id, change_time
    order by account_id desc nulls last, creator_id desc nulls last, delete_time desc nulls last,
      description desc nulls last, name desc nulls last, run_as desc nulls last, map_entries(tags) desc nulls last
  ) as _rank from identified where change_time is not null)
  where _rank = 1
),

-- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
tracked as (
  select *, explode(array(struct(
      delete_time is not null, account_id, name, creator_id, map_entries(tags), run_as, description
    ))) as _tracked
  from changes
),

-- Whether a row says the same as the one before it; then both are one version, the first of them.
compared as (
  select *, lag(_tracked) over (partition by workspace_id, job_id order by change_time) <=> _tracked as _is_same
  from tracked
),

-- A version holds from its own time until that of the next one.
versions as (
  select *,
    change_time as valid_from,
    lead(change_time) over (partition by workspace_id, job_id order by change_time) as valid_to
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
    md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(job_id) as string), ':', job_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
  from timeline
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as job_key
  from hashed
)
select
  job_key,
  account_id,
  workspace_id,
  job_id,
  name,
  creator_id,
  tags,
  run_as,
  change_time,
  delete_time,
  description,
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
  cast(null as string),
  cast(null as map<string,string>),
  cast(null as string),
  cast(null as timestamp),
  cast(null as timestamp),
  cast(null as string),
  timestamp_micros(0),
  cast(null as timestamp),
  true,
  false,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_job as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, job_id
    from system_bronze.lakeflow_jobs
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_job')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, job_id
    from (
      select * from arrived
    )
    where workspace_id is not null and job_id is not null
  ),

  -- Columns of lakeflow.jobs: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      job_id,
      name,
      creator_id,
      map_from_entries(array_sort(map_entries(tags))) as tags,
      run_as,
      change_time,
      delete_time,
      description
    from system_bronze.lakeflow_jobs
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.job_id <=> a.job_id
    where c.workspace_id is not null and c.job_id is not null
  ),

  -- One row for each key and time of change; of several the content decides, column by column.
  changes as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, job_id, change_time
      order by account_id desc nulls last, creator_id desc nulls last, delete_time desc nulls last,
        description desc nulls last, name desc nulls last, run_as desc nulls last, map_entries(tags) desc nulls last
    ) as _rank from identified where change_time is not null)
    where _rank = 1
  ),

  -- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
  tracked as (
    select *, explode(array(struct(
        delete_time is not null, account_id, name, creator_id, map_entries(tags), run_as, description
      ))) as _tracked
    from changes
  ),

  -- Whether a row says the same as the one before it; then both are one version, the first of them.
  compared as (
    select *, lag(_tracked) over (partition by workspace_id, job_id order by change_time) <=> _tracked as _is_same
    from tracked
  ),

  -- A version holds from its own time until that of the next one.
  versions as (
    select *,
      change_time as valid_from,
      lead(change_time) over (partition by workspace_id, job_id order by change_time) as valid_to
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
      md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(job_id) as string), ':', job_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
    from timeline
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as job_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      job_key,
      account_id,
      workspace_id,
      job_id,
      name,
      creator_id,
      tags,
      run_as,
      change_time,
      delete_time,
      description,
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
      cast(null as string),
      cast(null as map<string,string>),
      cast(null as string),
      cast(null as timestamp),
      cast(null as timestamp),
      cast(null as string),
      timestamp_micros(0),
      cast(null as timestamp),
      true,
      false,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.job_key, c.account_id, c.workspace_id, c.job_id, c.name, c.creator_id, c.tags, c.run_as, c.change_time,
      c.delete_time, c.description, c.valid_from, c.valid_to, c.is_current, c.is_deleted, c._run_id, c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_job
  ) as h on h.job_key = c.job_key
  where case when h._is_held then not (
    h.job_key <=> c.job_key and h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id
      and h.job_id <=> c.job_id and h.name <=> c.name and h.creator_id <=> c.creator_id
      and map_entries(h.tags) <=> map_entries(c.tags) and h.run_as <=> c.run_as and h.change_time <=> c.change_time
      and h.delete_time <=> c.delete_time and h.description <=> c.description and h.valid_from <=> c.valid_from
      and h.valid_to <=> c.valid_to and h.is_current <=> c.is_current and h.is_deleted <=> c.is_deleted
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.job_key, h.account_id, h.workspace_id, h.job_id, h.name, h.creator_id, h.tags, h.run_as, h.change_time,
      h.delete_time, h.description, h.valid_from, h.valid_to, h.is_current, h.is_deleted, h._run_id, h._loaded_at, true as _is_stale
  from system_gold.dim_job as h
  left semi join affected as a on h.workspace_id <=> a.workspace_id and h.job_id <=> a.job_id
  left anti join computed as c on h.job_key = c.job_key
) as s
on t.job_key = s.job_key
when matched and s._is_stale then delete
when matched then update set job_key = s.job_key, account_id = s.account_id, workspace_id = s.workspace_id, job_id = s.job_id,
    name = s.name, creator_id = s.creator_id, tags = s.tags, run_as = s.run_as, change_time = s.change_time,
    delete_time = s.delete_time, description = s.description, valid_from = s.valid_from, valid_to = s.valid_to,
    is_current = s.is_current, is_deleted = s.is_deleted, _run_id = s._run_id, _loaded_at = s._loaded_at
when not matched then insert (job_key, account_id, workspace_id, job_id, name, creator_id, tags, run_as, change_time, delete_time,
    description, valid_from, valid_to, is_current, is_deleted, _run_id, _loaded_at)
  values (s.job_key, s.account_id, s.workspace_id, s.job_id, s.name, s.creator_id, s.tags, s.run_as, s.change_time,
    s.delete_time, s.description, s.valid_from, s.valid_to, s.is_current, s.is_deleted, s._run_id, s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_job' and not (`position` <=> next_position);
