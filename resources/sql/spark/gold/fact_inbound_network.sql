-- fact_inbound_network: Requests into workspaces that a network policy denied, or would have denied in dry-run mode.
-- One row: one denied request.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_inbound_network (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the request was for.',
  event_id string comment 'Id of the event, unique per row.',
  request_path string comment 'Path of the URL that was asked for.',
  source_ip string comment 'Field `ip` of `source`: Where the request came from, as an IP address.',
  authenticated_as string comment 'Principal that the request was authenticated as; null or empty when it was not authenticated.',
  event_time timestamp comment 'When the request was denied.',
  policy_outcome string comment 'What the policy decided, for instance DENY or a dry-run denial.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Requests into workspaces that a network policy denied, or would have denied in dry-run mode.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_inbound_network' as table_name, '09ff58401487103b' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.access_inbound_network
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
insert overwrite table system_gold.fact_inbound_network
with
-- Columns of access.inbound_network: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    event_id,
    request_path,
    source.ip as source_ip,
    authenticated_as,
    event_time,
    policy_outcome
  from system_bronze.access_inbound_network
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where event_id is not null
),

-- The latest version of each key by event_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by event_id
    order by event_time desc nulls last, account_id desc nulls last, authenticated_as desc nulls last,
      policy_outcome desc nulls last, request_path desc nulls last, source_ip desc nulls last,
      workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(user_found.user_key, -1) as user_key
  from latest as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join system_gold.dim_user as user_found on user_found.user_name = f.authenticated_as and f.authenticated_as <> '' and user_found.user_key <> -1
)
select
  account_id,
  workspace_id,
  event_id,
  request_path,
  source_ip,
  authenticated_as,
  event_time,
  policy_outcome,
  date_key,
  workspace_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_inbound_network as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select event_id
    from system_bronze.access_inbound_network
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_inbound_network')
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.event_id
    from system_gold.fact_inbound_network as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join system_gold.dim_user as user_now on user_now.user_name = f.authenticated_as and f.authenticated_as <> '' and user_now.user_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.user_key <=> coalesce(user_now.user_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct event_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where event_id is not null
  ),

  -- Columns of access.inbound_network: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      event_id,
      request_path,
      source.ip as source_ip,
      authenticated_as,
      event_time,
      policy_outcome
    from system_bronze.access_inbound_network
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.event_id <=> a.event_id
    where c.event_id is not null
  ),

  -- The latest version of each key by event_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by event_id
      order by event_time desc nulls last, account_id desc nulls last, authenticated_as desc nulls last,
        policy_outcome desc nulls last, request_path desc nulls last, source_ip desc nulls last,
        workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(user_found.user_key, -1) as user_key
    from latest as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join system_gold.dim_user as user_found on user_found.user_name = f.authenticated_as and f.authenticated_as <> '' and user_found.user_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      event_id,
      request_path,
      source_ip,
      authenticated_as,
      event_time,
      policy_outcome,
      date_key,
      workspace_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.event_id, c.request_path, c.source_ip, c.authenticated_as, c.event_time,
      c.policy_outcome, c.date_key, c.workspace_key, c.user_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_inbound_network
  ) as h on h.event_id <=> c.event_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.event_id <=> c.event_id
      and h.request_path <=> c.request_path and h.source_ip <=> c.source_ip
      and h.authenticated_as <=> c.authenticated_as and h.event_time <=> c.event_time
      and h.policy_outcome <=> c.policy_outcome and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key
      and h.user_key <=> c.user_key
  ) else true end
) as s
on t.event_id <=> s.event_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_inbound_network' and not (`position` <=> next_position);
