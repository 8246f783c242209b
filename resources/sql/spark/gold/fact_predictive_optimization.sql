-- fact_predictive_optimization: Maintenance that predictive optimization ran on tables, with its estimated usage.
-- One row: one operation.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_predictive_optimization (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the operation was started from.',
  start_time timestamp comment 'When the operation started.',
  end_time timestamp comment 'When the operation ended; orders the versions of a row.',
  metastore_name string comment 'Name of the metastore of the table.',
  metastore_id string comment 'Id of the metastore of the table.',
  catalog_name string comment 'Name of the catalog of the table.',
  schema_name string comment 'Name of the schema of the table.',
  table_name string comment 'Name of the table.',
  table_id string comment 'Id of the table.',
  operation_type string comment 'What was done, for instance COMPACTION, CLUSTERING, VACUUM or ANALYZE.',
  operation_id string comment 'Id of the operation, unique per operation.',
  operation_status string comment 'How the operation ended, SUCCESSFUL or a text that starts with FAILED.',
  operation_metrics map<string,string> comment 'Figures of the operation by name, as text, such as files and bytes before and after; depends on the operation.',
  usage_unit string comment 'Unit of the quantity, for instance ESTIMATED_DBU.',
  usage_quantity decimal(38,18) comment 'Estimated usage that the operation caused, in its unit.',
  duration_seconds bigint comment 'Time from start to end in whole seconds; null when either is not known.',
  is_success boolean comment 'Whether the operation was successful; null without a status.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Maintenance that predictive optimization ran on tables, with its estimated usage.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_predictive_optimization' as table_name, 'dc618fb319968f77' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.storage_predictive_optimization_operations_history
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
insert overwrite table system_gold.fact_predictive_optimization
with
-- Columns of storage.predictive_optimization_operations_history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    start_time,
    end_time,
    metastore_name,
    metastore_id,
    catalog_name,
    schema_name,
    table_name,
    table_id,
    operation_type,
    operation_id,
    operation_status,
    map_from_entries(array_sort(map_entries(operation_metrics))) as operation_metrics,
    usage_unit,
    usage_quantity
  from system_bronze.storage_predictive_optimization_operations_history
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where operation_id is not null
),

-- The latest version of each key by end_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by operation_id
    order by end_time desc nulls last, account_id desc nulls last, catalog_name desc nulls last,
      metastore_id desc nulls last, metastore_name desc nulls last, map_entries(operation_metrics) desc nulls last,
      operation_status desc nulls last, operation_type desc nulls last, schema_name desc nulls last,
      start_time desc nulls last, table_id desc nulls last, table_name desc nulls last,
      usage_quantity desc nulls last, usage_unit desc nulls last, workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    (unix_micros(end_time) - unix_micros(start_time)) div 1000000 as duration_seconds,
    operation_status = 'SUCCESSFUL' as is_success
  from latest
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.start_time as date)) between 1 and 9999 then cast(year(cast(f.start_time as date)) * 10000 + month(cast(f.start_time as date)) * 100 + day(cast(f.start_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key
  from derived as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
)
select
  account_id,
  workspace_id,
  start_time,
  end_time,
  metastore_name,
  metastore_id,
  catalog_name,
  schema_name,
  table_name,
  table_id,
  operation_type,
  operation_id,
  operation_status,
  operation_metrics,
  usage_unit,
  usage_quantity,
  duration_seconds,
  is_success,
  date_key,
  workspace_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_predictive_optimization as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select operation_id
    from system_bronze.storage_predictive_optimization_operations_history
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_predictive_optimization')
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.operation_id
    from system_gold.fact_predictive_optimization as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct operation_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where operation_id is not null
  ),

  -- Columns of storage.predictive_optimization_operations_history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      start_time,
      end_time,
      metastore_name,
      metastore_id,
      catalog_name,
      schema_name,
      table_name,
      table_id,
      operation_type,
      operation_id,
      operation_status,
      map_from_entries(array_sort(map_entries(operation_metrics))) as operation_metrics,
      usage_unit,
      usage_quantity
    from system_bronze.storage_predictive_optimization_operations_history
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.operation_id <=> a.operation_id
    where c.operation_id is not null
  ),

  -- The latest version of each key by end_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by operation_id
      order by end_time desc nulls last, account_id desc nulls last, catalog_name desc nulls last,
        metastore_id desc nulls last, metastore_name desc nulls last, map_entries(operation_metrics) desc nulls last,
        operation_status desc nulls last, operation_type desc nulls last, schema_name desc nulls last,
        start_time desc nulls last, table_id desc nulls last, table_name desc nulls last,
        usage_quantity desc nulls last, usage_unit desc nulls last, workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      (unix_micros(end_time) - unix_micros(start_time)) div 1000000 as duration_seconds,
      operation_status = 'SUCCESSFUL' as is_success
    from latest
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.start_time as date)) between 1 and 9999 then cast(year(cast(f.start_time as date)) * 10000 + month(cast(f.start_time as date)) * 100 + day(cast(f.start_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key
    from derived as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      start_time,
      end_time,
      metastore_name,
      metastore_id,
      catalog_name,
      schema_name,
      table_name,
      table_id,
      operation_type,
      operation_id,
      operation_status,
      operation_metrics,
      usage_unit,
      usage_quantity,
      duration_seconds,
      is_success,
      date_key,
      workspace_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.start_time, c.end_time, c.metastore_name, c.metastore_id, c.catalog_name,
      c.schema_name, c.table_name, c.table_id, c.operation_type, c.operation_id, c.operation_status,
      c.operation_metrics, c.usage_unit, c.usage_quantity, c.duration_seconds, c.is_success, c.date_key,
      c.workspace_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_predictive_optimization
  ) as h on h.operation_id <=> c.operation_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.start_time <=> c.start_time
      and h.end_time <=> c.end_time and h.metastore_name <=> c.metastore_name and h.metastore_id <=> c.metastore_id
      and h.catalog_name <=> c.catalog_name and h.schema_name <=> c.schema_name and h.table_name <=> c.table_name
      and h.table_id <=> c.table_id and h.operation_type <=> c.operation_type and h.operation_id <=> c.operation_id
      and h.operation_status <=> c.operation_status
      and map_entries(h.operation_metrics) <=> map_entries(c.operation_metrics) and h.usage_unit <=> c.usage_unit
      and h.usage_quantity <=> c.usage_quantity and h.duration_seconds <=> c.duration_seconds
      and h.is_success <=> c.is_success and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key
  ) else true end
) as s
on t.operation_id <=> s.operation_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_predictive_optimization' and not (`position` <=> next_position);
