-- dim_workspace: Workspaces as they were delivered last; a workspace that is gone from the source stays.
-- One row: one workspace.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_workspace (
  workspace_key bigint not null comment 'Surrogate key, computed from the business key; -1 is the unknown member.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Id of the workspace.',
  workspace_name string comment 'Name of the workspace.',
  workspace_url string comment 'Address of the workspace.',
  create_time timestamp comment 'When the workspace was created.',
  status string comment 'Life-cycle state of the workspace, for instance PROVISIONING, RUNNING, FAILED or BANNED.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Workspaces as they were delivered last; a workspace that is gone from the source stays.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_workspace' as table_name, '2342169f5114baae' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.access_workspaces_latest
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
insert overwrite table system_gold.dim_workspace
with
-- Columns of access.workspaces_latest: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    workspace_name,
    workspace_url,
    create_time,
    status,
    _ingested_at,
    _source_version
  from system_bronze.access_workspaces_latest
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where workspace_id is not null
),

-- The last delivered version of each key; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by workspace_id
    order by _ingested_at desc nulls last, _source_version desc nulls last, account_id desc nulls last,
      create_time desc nulls last, status desc nulls last, workspace_name desc nulls last,
      workspace_url desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n')) as _digest
  from latest
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as workspace_key
  from hashed
)
select
  workspace_key,
  account_id,
  workspace_id,
  workspace_name,
  workspace_url,
  create_time,
  status,
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
  cast(null as timestamp),
  cast(null as string),
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_workspace as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id
    from system_bronze.access_workspaces_latest
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_workspace')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id
    from (
      select * from arrived
    )
    where workspace_id is not null
  ),

  -- Columns of access.workspaces_latest: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      workspace_name,
      workspace_url,
      create_time,
      status,
      _ingested_at,
      _source_version
    from system_bronze.access_workspaces_latest
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id
    where c.workspace_id is not null
  ),

  -- The last delivered version of each key; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by workspace_id
      order by _ingested_at desc nulls last, _source_version desc nulls last, account_id desc nulls last,
        create_time desc nulls last, status desc nulls last, workspace_name desc nulls last,
        workspace_url desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n')) as _digest
    from latest
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as workspace_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      workspace_key,
      account_id,
      workspace_id,
      workspace_name,
      workspace_url,
      create_time,
      status,
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
      cast(null as timestamp),
      cast(null as string),
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.workspace_key, c.account_id, c.workspace_id, c.workspace_name, c.workspace_url, c.create_time, c.status,
      c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_workspace
  ) as h on h.workspace_key = c.workspace_key
  where case when h._is_held then not (
    h.workspace_key <=> c.workspace_key and h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id
      and h.workspace_name <=> c.workspace_name and h.workspace_url <=> c.workspace_url
      and h.create_time <=> c.create_time and h.status <=> c.status
  ) else true end
) as s
on t.workspace_key = s.workspace_key
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_workspace' and not (`position` <=> next_position);
