-- fact_warehouse_events: Starts, stops and changes of size of SQL warehouses.
-- One row: one event.

-- statement: create
-- Creates the table.
create table if not exists main.gold.fact_warehouse_events (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the warehouse.',
  warehouse_id string comment 'Warehouse that the event is about.',
  event_type string comment 'What happened, for instance STARTING, RUNNING, SCALED_UP, SCALED_DOWN, STOPPING or STOPPED.',
  cluster_count int comment 'Number of clusters that run once the event has happened.',
  event_time timestamp comment 'When the event happened.',
  event_date date comment 'UTC date of the event.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  warehouse_key bigint not null comment 'Key of the row of dim_warehouse that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Starts, stops and changes of size of SQL warehouses.'
tblproperties ('delta.feature.domainMetadata' = 'supported', 'delta.enableRowTracking' = 'false', 'delta.enableDeletionVectors' = 'false');

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into main.gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_warehouse_events' as table_name, '8686aff3e13bda33' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from main.bronze.compute_warehouse_events
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
insert overwrite table main.gold.fact_warehouse_events
with
-- Columns of compute.warehouse_events: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    warehouse_id,
    event_type,
    cluster_count,
    event_time
  from main.bronze.compute_warehouse_events
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (workspace_id is not null or warehouse_id is not null or event_type is not null or event_time is not null)
),

-- The latest version of each key by event_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, warehouse_id, event_type, event_time
    order by event_time desc nulls last, account_id desc nulls last, cluster_count desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    cast(event_time as date) as event_date
  from latest
),

-- Versions of dim_warehouse; facts from before the first one refer to the first one.
warehouse_found as (
  select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
  from main.gold.dim_warehouse
  where warehouse_key <> -1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(warehouse_found.warehouse_key, -1) as warehouse_key
  from derived as f
  left join main.gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join warehouse_found on warehouse_found.workspace_id = f.workspace_id and warehouse_found.warehouse_id = f.warehouse_id and (warehouse_found._is_first or warehouse_found.valid_from <= f.event_time) and (warehouse_found.valid_to is null or f.event_time < warehouse_found.valid_to) and f.event_time is not null
)
select
  account_id,
  workspace_id,
  warehouse_id,
  event_type,
  cluster_count,
  event_time,
  event_date,
  date_key,
  workspace_key,
  warehouse_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into main.gold.fact_warehouse_events as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, warehouse_id, event_type, event_time
    from main.bronze.compute_warehouse_events
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from main.gold.goldsmith_positions where table_name = 'fact_warehouse_events')
  ),

  -- Versions of dim_warehouse; facts from before the first one refer to the first one.
  warehouse_now as (
    select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
    from main.gold.dim_warehouse
    where warehouse_key <> -1
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.workspace_id, f.warehouse_id, f.event_type, f.event_time
    from main.gold.fact_warehouse_events as f
    left join main.gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join warehouse_now on warehouse_now.workspace_id = f.workspace_id and warehouse_now.warehouse_id = f.warehouse_id and (warehouse_now._is_first or warehouse_now.valid_from <= f.event_time) and (warehouse_now.valid_to is null or f.event_time < warehouse_now.valid_to) and f.event_time is not null
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.warehouse_key <=> coalesce(warehouse_now.warehouse_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, warehouse_id, event_type, event_time
    from (
      select * from arrived
      union all
      select * from moved
    )
    where (workspace_id is not null or warehouse_id is not null or event_type is not null or event_time is not null)
  ),

  -- Columns of compute.warehouse_events: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      warehouse_id,
      event_type,
      cluster_count,
      event_time
    from main.bronze.compute_warehouse_events
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.warehouse_id <=> a.warehouse_id and c.event_type <=> a.event_type and c.event_time <=> a.event_time
    where (c.workspace_id is not null or c.warehouse_id is not null or c.event_type is not null or c.event_time is not null)
  ),

  -- The latest version of each key by event_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, warehouse_id, event_type, event_time
      order by event_time desc nulls last, account_id desc nulls last, cluster_count desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      cast(event_time as date) as event_date
    from latest
  ),

  -- Versions of dim_warehouse; facts from before the first one refer to the first one.
  warehouse_found as (
    select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
    from main.gold.dim_warehouse
    where warehouse_key <> -1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(warehouse_found.warehouse_key, -1) as warehouse_key
    from derived as f
    left join main.gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join warehouse_found on warehouse_found.workspace_id = f.workspace_id and warehouse_found.warehouse_id = f.warehouse_id and (warehouse_found._is_first or warehouse_found.valid_from <= f.event_time) and (warehouse_found.valid_to is null or f.event_time < warehouse_found.valid_to) and f.event_time is not null
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      warehouse_id,
      event_type,
      cluster_count,
      event_time,
      event_date,
      date_key,
      workspace_key,
      warehouse_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.warehouse_id, c.event_type, c.cluster_count, c.event_time, c.event_date,
      c.date_key, c.workspace_key, c.warehouse_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from main.gold.fact_warehouse_events
  ) as h on h.workspace_id <=> c.workspace_id and h.warehouse_id <=> c.warehouse_id and h.event_type <=> c.event_type and h.event_time <=> c.event_time
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.warehouse_id <=> c.warehouse_id
      and h.event_type <=> c.event_type and h.cluster_count <=> c.cluster_count and h.event_time <=> c.event_time
      and h.event_date <=> c.event_date and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key
      and h.warehouse_key <=> c.warehouse_key
  ) else true end
) as s
on t.workspace_id <=> s.workspace_id and t.warehouse_id <=> s.warehouse_id and t.event_type <=> s.event_type and t.event_time <=> s.event_time
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update main.gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_warehouse_events' and not (`position` <=> next_position);
