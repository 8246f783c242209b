-- fact_endpoint_usage: Requests to model serving endpoints with their token and character counts.
-- One row: one request.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_endpoint_usage (
  workspace_id string comment 'Workspace of the serving endpoint.',
  account_id string comment 'Account that the row belongs to.',
  client_request_id string comment 'Id that the caller gave to the request; null when none was given.',
  databricks_request_id string comment 'Id that the platform gave to the request; unique per request.',
  requester string comment 'Principal whose permissions the request was made with, an email address or the UUID of a service principal.',
  status_code int comment 'HTTP status code that the model returned.',
  request_time timestamp comment 'When the request was received.',
  input_token_count bigint comment 'Number of tokens of the input; null where tokens do not apply.',
  output_token_count bigint comment 'Number of tokens of the output; null where tokens do not apply.',
  input_character_count bigint comment 'Number of characters of the input; null where it is not counted.',
  output_character_count bigint comment 'Number of characters of the output; null where it is not counted.',
  usage_context map<string,string> comment 'Identifiers that the caller gave of its end user or application, by name; null when none were given.',
  request_streaming boolean comment 'Whether the response was streamed.',
  served_entity_id string comment 'Served entity that answered the request.',
  request_date date comment 'UTC date on which the request was received.',
  total_token_count bigint comment 'Number of tokens of input and output; null when either is not known.',
  is_error boolean comment 'Whether the request failed, by its HTTP status code; null without one.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  served_entity_key bigint not null comment 'Key of the row of dim_served_entity that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Requests to model serving endpoints with their token and character counts.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_endpoint_usage' as table_name, '76e98995ab739d3e' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.serving_endpoint_usage
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
insert overwrite table system_gold.fact_endpoint_usage
with
-- Columns of serving.endpoint_usage: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    workspace_id,
    account_id,
    client_request_id,
    databricks_request_id,
    requester,
    status_code,
    request_time,
    input_token_count,
    output_token_count,
    input_character_count,
    output_character_count,
    map_from_entries(array_sort(map_entries(usage_context))) as usage_context,
    request_streaming,
    served_entity_id
  from system_bronze.serving_endpoint_usage
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where databricks_request_id is not null
),

-- The latest version of each key by request_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by databricks_request_id
    order by request_time desc nulls last, account_id desc nulls last, client_request_id desc nulls last,
      input_character_count desc nulls last, input_token_count desc nulls last,
      output_character_count desc nulls last, output_token_count desc nulls last, request_streaming desc nulls last,
      requester desc nulls last, served_entity_id desc nulls last, status_code desc nulls last,
      map_entries(usage_context) desc nulls last, workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    cast(request_time as date) as request_date,
    try_add(input_token_count, output_token_count) as total_token_count,
    cast(status_code as bigint) >= 400 as is_error
  from latest
),

-- Versions of dim_served_entity; facts from before the first one refer to the first one.
served_entity_found as (
  select served_entity_id, served_entity_key, valid_from, valid_to,
    lag(valid_from) over (partition by served_entity_id order by valid_from) is null as _is_first
  from system_gold.dim_served_entity
  where served_entity_key <> -1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.request_time as date)) between 1 and 9999 then cast(year(cast(f.request_time as date)) * 10000 + month(cast(f.request_time as date)) * 100 + day(cast(f.request_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(served_entity_found.served_entity_key, -1) as served_entity_key,
    coalesce(user_found.user_key, -1) as user_key
  from derived as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join served_entity_found on served_entity_found.served_entity_id = f.served_entity_id and (served_entity_found._is_first or served_entity_found.valid_from <= f.request_time) and (served_entity_found.valid_to is null or f.request_time < served_entity_found.valid_to) and f.request_time is not null
  left join system_gold.dim_user as user_found on user_found.user_name = f.requester and f.requester <> '' and user_found.user_key <> -1
)
select
  workspace_id,
  account_id,
  client_request_id,
  databricks_request_id,
  requester,
  status_code,
  request_time,
  input_token_count,
  output_token_count,
  input_character_count,
  output_character_count,
  usage_context,
  request_streaming,
  served_entity_id,
  request_date,
  total_token_count,
  is_error,
  date_key,
  workspace_key,
  served_entity_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_endpoint_usage as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select databricks_request_id
    from system_bronze.serving_endpoint_usage
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_endpoint_usage')
  ),

  -- Versions of dim_served_entity; facts from before the first one refer to the first one.
  served_entity_now as (
    select served_entity_id, served_entity_key, valid_from, valid_to,
      lag(valid_from) over (partition by served_entity_id order by valid_from) is null as _is_first
    from system_gold.dim_served_entity
    where served_entity_key <> -1
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.databricks_request_id
    from system_gold.fact_endpoint_usage as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join served_entity_now on served_entity_now.served_entity_id = f.served_entity_id and (served_entity_now._is_first or served_entity_now.valid_from <= f.request_time) and (served_entity_now.valid_to is null or f.request_time < served_entity_now.valid_to) and f.request_time is not null
    left join system_gold.dim_user as user_now on user_now.user_name = f.requester and f.requester <> '' and user_now.user_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.served_entity_key <=> coalesce(served_entity_now.served_entity_key, -1))
      or not (f.user_key <=> coalesce(user_now.user_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct databricks_request_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where databricks_request_id is not null
  ),

  -- Columns of serving.endpoint_usage: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      workspace_id,
      account_id,
      client_request_id,
      databricks_request_id,
      requester,
      status_code,
      request_time,
      input_token_count,
      output_token_count,
      input_character_count,
      output_character_count,
      map_from_entries(array_sort(map_entries(usage_context))) as usage_context,
      request_streaming,
      served_entity_id
    from system_bronze.serving_endpoint_usage
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.databricks_request_id <=> a.databricks_request_id
    where c.databricks_request_id is not null
  ),

  -- The latest version of each key by request_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by databricks_request_id
      order by request_time desc nulls last, account_id desc nulls last, client_request_id desc nulls last,
        input_character_count desc nulls last, input_token_count desc nulls last,
        output_character_count desc nulls last, output_token_count desc nulls last, request_streaming desc nulls last,
        requester desc nulls last, served_entity_id desc nulls last, status_code desc nulls last,
        map_entries(usage_context) desc nulls last, workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      cast(request_time as date) as request_date,
      try_add(input_token_count, output_token_count) as total_token_count,
      cast(status_code as bigint) >= 400 as is_error
    from latest
  ),

  -- Versions of dim_served_entity; facts from before the first one refer to the first one.
  served_entity_found as (
    select served_entity_id, served_entity_key, valid_from, valid_to,
      lag(valid_from) over (partition by served_entity_id order by valid_from) is null as _is_first
    from system_gold.dim_served_entity
    where served_entity_key <> -1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.request_time as date)) between 1 and 9999 then cast(year(cast(f.request_time as date)) * 10000 + month(cast(f.request_time as date)) * 100 + day(cast(f.request_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(served_entity_found.served_entity_key, -1) as served_entity_key,
      coalesce(user_found.user_key, -1) as user_key
    from derived as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join served_entity_found on served_entity_found.served_entity_id = f.served_entity_id and (served_entity_found._is_first or served_entity_found.valid_from <= f.request_time) and (served_entity_found.valid_to is null or f.request_time < served_entity_found.valid_to) and f.request_time is not null
    left join system_gold.dim_user as user_found on user_found.user_name = f.requester and f.requester <> '' and user_found.user_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      workspace_id,
      account_id,
      client_request_id,
      databricks_request_id,
      requester,
      status_code,
      request_time,
      input_token_count,
      output_token_count,
      input_character_count,
      output_character_count,
      usage_context,
      request_streaming,
      served_entity_id,
      request_date,
      total_token_count,
      is_error,
      date_key,
      workspace_key,
      served_entity_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.workspace_id, c.account_id, c.client_request_id, c.databricks_request_id, c.requester, c.status_code,
      c.request_time, c.input_token_count, c.output_token_count, c.input_character_count, c.output_character_count,
      c.usage_context, c.request_streaming, c.served_entity_id, c.request_date, c.total_token_count, c.is_error,
      c.date_key, c.workspace_key, c.served_entity_key, c.user_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_endpoint_usage
  ) as h on h.databricks_request_id <=> c.databricks_request_id
  where case when h._is_held then not (
    h.workspace_id <=> c.workspace_id and h.account_id <=> c.account_id
      and h.client_request_id <=> c.client_request_id and h.databricks_request_id <=> c.databricks_request_id
      and h.requester <=> c.requester and h.status_code <=> c.status_code and h.request_time <=> c.request_time
      and h.input_token_count <=> c.input_token_count and h.output_token_count <=> c.output_token_count
      and h.input_character_count <=> c.input_character_count and h.output_character_count <=> c.output_character_count
      and map_entries(h.usage_context) <=> map_entries(c.usage_context) and h.request_streaming <=> c.request_streaming
      and h.served_entity_id <=> c.served_entity_id and h.request_date <=> c.request_date
      and h.total_token_count <=> c.total_token_count and h.is_error <=> c.is_error and h.date_key <=> c.date_key
      and h.workspace_key <=> c.workspace_key and h.served_entity_key <=> c.served_entity_key
      and h.user_key <=> c.user_key
  ) else true end
) as s
on t.databricks_request_id <=> s.databricks_request_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_endpoint_usage' and not (`position` <=> next_position);
