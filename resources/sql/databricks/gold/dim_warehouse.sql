-- dim_warehouse: SQL warehouses with the history of their configurations.
-- One row: one version of a SQL warehouse.

-- statement: create
-- Creates the table.
create table if not exists main.gold.dim_warehouse (
  warehouse_key bigint not null comment 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  warehouse_id string comment 'Id of the warehouse, unique within its workspace.',
  workspace_id string comment 'Workspace of the warehouse.',
  account_id string comment 'Account that the row belongs to.',
  warehouse_name string comment 'Name of the warehouse.',
  warehouse_type string comment 'Type of the warehouse, CLASSIC, PRO or SERVERLESS.',
  warehouse_channel string comment 'Release channel of the warehouse, for instance CURRENT or PREVIEW.',
  warehouse_size string comment 'Size of one cluster of the warehouse, for instance X_SMALL or MEDIUM.',
  min_clusters int comment 'Least number of clusters that the warehouse runs.',
  max_clusters int comment 'Greatest number of clusters that the warehouse scales out to.',
  auto_stop_minutes int comment 'Idle minutes after which the warehouse stops; 0 when it does not.',
  tags map<string,string> comment 'Tags of the warehouse by name; null or empty when there are none.',
  change_time timestamp comment 'When the configuration changed; orders the rows of a warehouse.',
  delete_time timestamp comment 'When the warehouse was deleted; null while it exists.',
  created_by string comment 'Principal that created the warehouse; null in older rows.',
  valid_from timestamp not null comment 'First instant of the version.',
  valid_to timestamp comment 'First instant after the version; null while it is open.',
  is_current boolean not null comment 'Whether the version is open.',
  is_deleted boolean not null comment 'Whether delete_time is set in this version.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'SQL warehouses with the history of their configurations.'
tblproperties ('delta.feature.domainMetadata' = 'supported', 'delta.enableRowTracking' = 'false', 'delta.enableDeletionVectors' = 'false');

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into main.gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_warehouse' as table_name, '5b36544e2dccd3c7' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from main.bronze.compute_warehouses
    ) as inputs
  ) as n
  left anti join main.gold.goldsmith_positions as p
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
insert overwrite table main.gold.dim_warehouse
with
-- Columns of compute.warehouses: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    warehouse_id,
    workspace_id,
    account_id,
    warehouse_name,
    warehouse_type,
    warehouse_channel,
    warehouse_size,
    min_clusters,
    max_clusters,
    auto_stop_minutes,
    map_from_entries(array_sort(map_entries(tags))) as tags,
    change_time,
    delete_time,
    created_by
  from main.bronze.compute_warehouses
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where workspace_id is not null and warehouse_id is not null
),

-- One row for each key and time of change; of several the content decides, column by column.
changes as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, warehouse_id, change_time
    order by account_id desc nulls last, auto_stop_minutes desc nulls last, created_by desc nulls last,
      delete_time desc nulls last, max_clusters desc nulls last, min_clusters desc nulls last,
      map_entries(tags) desc nulls last, warehouse_channel desc nulls last, warehouse_name desc nulls last,
      warehouse_size desc nulls last, warehouse_type desc nulls last
  ) as _rank from identified where change_time is not null)
  where _rank = 1
),

-- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
tracked as (
  select *, explode(array(struct(
      delete_time is not null, account_id, warehouse_name, warehouse_type, warehouse_channel, warehouse_size,
      min_clusters, max_clusters, auto_stop_minutes, map_entries(tags), created_by
    ))) as _tracked
  from changes
),

-- Whether a row says the same as the one before it; then both are one version, the first of them.
compared as (
  select *, lag(_tracked) over (partition by workspace_id, warehouse_id order by change_time) <=> _tracked as _is_same
  from tracked
),

-- A version holds from its own time until that of the next one.
versions as (
  select *,
    change_time as valid_from,
    lead(change_time) over (partition by workspace_id, warehouse_id order by change_time) as valid_to
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
    md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(warehouse_id) as string), ':', warehouse_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
  from timeline
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as warehouse_key
  from hashed
)
select
  warehouse_key,
  warehouse_id,
  workspace_id,
  account_id,
  warehouse_name,
  warehouse_type,
  warehouse_channel,
  warehouse_size,
  min_clusters,
  max_clusters,
  auto_stop_minutes,
  tags,
  change_time,
  delete_time,
  created_by,
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
  cast(null as string),
  cast(null as string),
  cast(null as int),
  cast(null as int),
  cast(null as int),
  cast(null as map<string,string>),
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
merge into main.gold.dim_warehouse as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, warehouse_id
    from main.bronze.compute_warehouses
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from main.gold.goldsmith_positions where table_name = 'dim_warehouse')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, warehouse_id
    from (
      select * from arrived
    )
    where workspace_id is not null and warehouse_id is not null
  ),

  -- Columns of compute.warehouses: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      warehouse_id,
      workspace_id,
      account_id,
      warehouse_name,
      warehouse_type,
      warehouse_channel,
      warehouse_size,
      min_clusters,
      max_clusters,
      auto_stop_minutes,
      map_from_entries(array_sort(map_entries(tags))) as tags,
      change_time,
      delete_time,
      created_by
    from main.bronze.compute_warehouses
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.warehouse_id <=> a.warehouse_id
    where c.workspace_id is not null and c.warehouse_id is not null
  ),

  -- One row for each key and time of change; of several the content decides, column by column.
  changes as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, warehouse_id, change_time
      order by account_id desc nulls last, auto_stop_minutes desc nulls last, created_by desc nulls last,
        delete_time desc nulls last, max_clusters desc nulls last, min_clusters desc nulls last,
        map_entries(tags) desc nulls last, warehouse_channel desc nulls last, warehouse_name desc nulls last,
        warehouse_size desc nulls last, warehouse_type desc nulls last
    ) as _rank from identified where change_time is not null)
    where _rank = 1
  ),

  -- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
  tracked as (
    select *, explode(array(struct(
        delete_time is not null, account_id, warehouse_name, warehouse_type, warehouse_channel, warehouse_size,
        min_clusters, max_clusters, auto_stop_minutes, map_entries(tags), created_by
      ))) as _tracked
    from changes
  ),

  -- Whether a row says the same as the one before it; then both are one version, the first of them.
  compared as (
    select *, lag(_tracked) over (partition by workspace_id, warehouse_id order by change_time) <=> _tracked as _is_same
    from tracked
  ),

  -- A version holds from its own time until that of the next one.
  versions as (
    select *,
      change_time as valid_from,
      lead(change_time) over (partition by workspace_id, warehouse_id order by change_time) as valid_to
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
      md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(warehouse_id) as string), ':', warehouse_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
    from timeline
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as warehouse_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      warehouse_key,
      warehouse_id,
      workspace_id,
      account_id,
      warehouse_name,
      warehouse_type,
      warehouse_channel,
      warehouse_size,
      min_clusters,
      max_clusters,
      auto_stop_minutes,
      tags,
      change_time,
      delete_time,
      created_by,
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
      cast(null as string),
      cast(null as string),
      cast(null as int),
      cast(null as int),
      cast(null as int),
      cast(null as map<string,string>),
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
  select c.warehouse_key, c.warehouse_id, c.workspace_id, c.account_id, c.warehouse_name, c.warehouse_type,
      c.warehouse_channel, c.warehouse_size, c.min_clusters, c.max_clusters, c.auto_stop_minutes, c.tags,
      c.change_time, c.delete_time, c.created_by, c.valid_from, c.valid_to, c.is_current, c.is_deleted, c._run_id,
      c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from main.gold.dim_warehouse
  ) as h on h.warehouse_key = c.warehouse_key
  where case when h._is_held then not (
    h.warehouse_key <=> c.warehouse_key and h.warehouse_id <=> c.warehouse_id
      and h.workspace_id <=> c.workspace_id and h.account_id <=> c.account_id and h.warehouse_name <=> c.warehouse_name
      and h.warehouse_type <=> c.warehouse_type and h.warehouse_channel <=> c.warehouse_channel
      and h.warehouse_size <=> c.warehouse_size and h.min_clusters <=> c.min_clusters
      and h.max_clusters <=> c.max_clusters and h.auto_stop_minutes <=> c.auto_stop_minutes
      and map_entries(h.tags) <=> map_entries(c.tags) and h.change_time <=> c.change_time
      and h.delete_time <=> c.delete_time and h.created_by <=> c.created_by and h.valid_from <=> c.valid_from
      and h.valid_to <=> c.valid_to and h.is_current <=> c.is_current and h.is_deleted <=> c.is_deleted
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.warehouse_key, h.warehouse_id, h.workspace_id, h.account_id, h.warehouse_name, h.warehouse_type,
      h.warehouse_channel, h.warehouse_size, h.min_clusters, h.max_clusters, h.auto_stop_minutes, h.tags,
      h.change_time, h.delete_time, h.created_by, h.valid_from, h.valid_to, h.is_current, h.is_deleted, h._run_id,
      h._loaded_at, true as _is_stale
  from main.gold.dim_warehouse as h
  left semi join affected as a on h.workspace_id <=> a.workspace_id and h.warehouse_id <=> a.warehouse_id
  left anti join computed as c on h.warehouse_key = c.warehouse_key
) as s
on t.warehouse_key = s.warehouse_key
when matched and s._is_stale then delete
when matched then update set warehouse_key = s.warehouse_key, warehouse_id = s.warehouse_id, workspace_id = s.workspace_id,
    account_id = s.account_id, warehouse_name = s.warehouse_name, warehouse_type = s.warehouse_type,
    warehouse_channel = s.warehouse_channel, warehouse_size = s.warehouse_size, min_clusters = s.min_clusters,
    max_clusters = s.max_clusters, auto_stop_minutes = s.auto_stop_minutes, tags = s.tags,
    change_time = s.change_time, delete_time = s.delete_time, created_by = s.created_by, valid_from = s.valid_from,
    valid_to = s.valid_to, is_current = s.is_current, is_deleted = s.is_deleted, _run_id = s._run_id,
    _loaded_at = s._loaded_at
when not matched then insert (warehouse_key, warehouse_id, workspace_id, account_id, warehouse_name, warehouse_type, warehouse_channel,
    warehouse_size, min_clusters, max_clusters, auto_stop_minutes, tags, change_time, delete_time, created_by,
    valid_from, valid_to, is_current, is_deleted, _run_id, _loaded_at)
  values (s.warehouse_key, s.warehouse_id, s.workspace_id, s.account_id, s.warehouse_name, s.warehouse_type,
    s.warehouse_channel, s.warehouse_size, s.min_clusters, s.max_clusters, s.auto_stop_minutes, s.tags,
    s.change_time, s.delete_time, s.created_by, s.valid_from, s.valid_to, s.is_current, s.is_deleted, s._run_id,
    s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update main.gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_warehouse' and not (`position` <=> next_position);
