-- fact_sharing_materialization: Materialisations of shared views and tables for recipients; the id is the one in the metadata of their usage.
-- One row: one materialization.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_sharing_materialization (
  sharing_materialization_id string comment 'Id of the materialisation; the same as in the metadata of its usage.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the materialisation is billed to.',
  recipient_name string comment 'Recipient that caused the materialisation; null when the row belongs to the recipient.',
  provider_name string comment 'Provider of the data; null when the row belongs to the provider.',
  share_name string comment 'Share that the table belongs to.',
  schema_name string comment 'Schema of the table that was materialised.',
  table_name string comment 'Table that was materialised.',
  created_at timestamp comment 'When the materialisation was created.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Materialisations of shared views and tables for recipients; the id is the one in the metadata of their usage.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_sharing_materialization' as table_name, '00d884e31324d201' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.sharing_materialization_history
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
insert overwrite table system_gold.fact_sharing_materialization
with
-- Columns of sharing.materialization_history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    sharing_materialization_id,
    account_id,
    workspace_id,
    recipient_name,
    provider_name,
    share_name,
    schema_name,
    table_name,
    created_at
  from system_bronze.sharing_materialization_history
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where sharing_materialization_id is not null
),

-- The latest version of each key by created_at; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by sharing_materialization_id
    order by created_at desc nulls last, account_id desc nulls last, provider_name desc nulls last,
      recipient_name desc nulls last, schema_name desc nulls last, share_name desc nulls last,
      table_name desc nulls last, workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.created_at as date)) between 1 and 9999 then cast(year(cast(f.created_at as date)) * 10000 + month(cast(f.created_at as date)) * 100 + day(cast(f.created_at as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key
  from latest as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
)
select
  sharing_materialization_id,
  account_id,
  workspace_id,
  recipient_name,
  provider_name,
  share_name,
  schema_name,
  table_name,
  created_at,
  date_key,
  workspace_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_sharing_materialization as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select sharing_materialization_id
    from system_bronze.sharing_materialization_history
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_sharing_materialization')
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.sharing_materialization_id
    from system_gold.fact_sharing_materialization as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct sharing_materialization_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where sharing_materialization_id is not null
  ),

  -- Columns of sharing.materialization_history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      sharing_materialization_id,
      account_id,
      workspace_id,
      recipient_name,
      provider_name,
      share_name,
      schema_name,
      table_name,
      created_at
    from system_bronze.sharing_materialization_history
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.sharing_materialization_id <=> a.sharing_materialization_id
    where c.sharing_materialization_id is not null
  ),

  -- The latest version of each key by created_at; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by sharing_materialization_id
      order by created_at desc nulls last, account_id desc nulls last, provider_name desc nulls last,
        recipient_name desc nulls last, schema_name desc nulls last, share_name desc nulls last,
        table_name desc nulls last, workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.created_at as date)) between 1 and 9999 then cast(year(cast(f.created_at as date)) * 10000 + month(cast(f.created_at as date)) * 100 + day(cast(f.created_at as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key
    from latest as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      sharing_materialization_id,
      account_id,
      workspace_id,
      recipient_name,
      provider_name,
      share_name,
      schema_name,
      table_name,
      created_at,
      date_key,
      workspace_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.sharing_materialization_id, c.account_id, c.workspace_id, c.recipient_name, c.provider_name, c.share_name,
      c.schema_name, c.table_name, c.created_at, c.date_key, c.workspace_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_sharing_materialization
  ) as h on h.sharing_materialization_id <=> c.sharing_materialization_id
  where case when h._is_held then not (
    h.sharing_materialization_id <=> c.sharing_materialization_id and h.account_id <=> c.account_id
      and h.workspace_id <=> c.workspace_id and h.recipient_name <=> c.recipient_name
      and h.provider_name <=> c.provider_name and h.share_name <=> c.share_name and h.schema_name <=> c.schema_name
      and h.table_name <=> c.table_name and h.created_at <=> c.created_at and h.date_key <=> c.date_key
      and h.workspace_key <=> c.workspace_key
  ) else true end
) as s
on t.sharing_materialization_id <=> s.sharing_materialization_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_sharing_materialization' and not (`position` <=> next_position);
