-- fact_payload_logs: Requests to model serving endpoints with the payloads that were logged of them.
-- One row: one logged request.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_payload_logs (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the serving endpoint.',
  request_date date comment 'UTC date on which the request was received.',
  databricks_request_id string comment 'Id that the platform gave to the request; unique per request.',
  client_request_id string comment 'Id that the caller gave to the request; null when none was given.',
  request_time timestamp comment 'When the request was received.',
  status_code int comment 'HTTP status code that the endpoint returned.',
  sampling_fraction double comment 'Share of the requests that is logged, from 0 to 1; 1 means that every request is.',
  execution_duration_ms bigint comment 'Time that the model took for the request, in milliseconds, without network time.',
  request string comment 'Raw body of the request, usually JSON text; null when it could not be logged.',
  response string comment 'Raw body of the response, usually JSON text; null when it could not be logged.',
  logging_error_codes array<string> comment 'Codes of what went wrong while the payload was logged; null or empty when nothing did.',
  served_entity_id string comment 'Served entity that answered the request.',
  endpoint_table_id string comment 'Id of the logging table that belongs to the endpoint.',
  requester string comment 'Principal that sent the request, an email address or the UUID of a service principal.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  served_entity_key bigint not null comment 'Key of the row of dim_served_entity that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Requests to model serving endpoints with the payloads that were logged of them.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_payload_logs' as table_name, '6ee7cfb8118538d0' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.internal_logging_payload_logs
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
insert overwrite table system_gold.fact_payload_logs
with
-- Columns of __internal_logging.payload_logs: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    request_date,
    databricks_request_id,
    client_request_id,
    request_time,
    status_code,
    sampling_fraction,
    execution_duration_ms,
    request,
    response,
    logging_error_codes,
    served_entity_id,
    endpoint_table_id,
    requester
  from system_bronze.internal_logging_payload_logs
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
      endpoint_table_id desc nulls last, execution_duration_ms desc nulls last, logging_error_codes desc nulls last,
      request desc nulls last, request_date desc nulls last, requester desc nulls last, response desc nulls last,
      sampling_fraction desc nulls last, served_entity_id desc nulls last, status_code desc nulls last,
      workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
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
  from latest as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join served_entity_found on served_entity_found.served_entity_id = f.served_entity_id and (served_entity_found._is_first or served_entity_found.valid_from <= f.request_time) and (served_entity_found.valid_to is null or f.request_time < served_entity_found.valid_to) and f.request_time is not null
  left join system_gold.dim_user as user_found on user_found.user_name = f.requester and f.requester <> '' and user_found.user_key <> -1
)
select
  account_id,
  workspace_id,
  request_date,
  databricks_request_id,
  client_request_id,
  request_time,
  status_code,
  sampling_fraction,
  execution_duration_ms,
  request,
  response,
  logging_error_codes,
  served_entity_id,
  endpoint_table_id,
  requester,
  date_key,
  workspace_key,
  served_entity_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_payload_logs as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select databricks_request_id
    from system_bronze.internal_logging_payload_logs
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_payload_logs')
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
    from system_gold.fact_payload_logs as f
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

  -- Columns of __internal_logging.payload_logs: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      request_date,
      databricks_request_id,
      client_request_id,
      request_time,
      status_code,
      sampling_fraction,
      execution_duration_ms,
      request,
      response,
      logging_error_codes,
      served_entity_id,
      endpoint_table_id,
      requester
    from system_bronze.internal_logging_payload_logs
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
        endpoint_table_id desc nulls last, execution_duration_ms desc nulls last, logging_error_codes desc nulls last,
        request desc nulls last, request_date desc nulls last, requester desc nulls last, response desc nulls last,
        sampling_fraction desc nulls last, served_entity_id desc nulls last, status_code desc nulls last,
        workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
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
    from latest as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join served_entity_found on served_entity_found.served_entity_id = f.served_entity_id and (served_entity_found._is_first or served_entity_found.valid_from <= f.request_time) and (served_entity_found.valid_to is null or f.request_time < served_entity_found.valid_to) and f.request_time is not null
    left join system_gold.dim_user as user_found on user_found.user_name = f.requester and f.requester <> '' and user_found.user_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      request_date,
      databricks_request_id,
      client_request_id,
      request_time,
      status_code,
      sampling_fraction,
      execution_duration_ms,
      request,
      response,
      logging_error_codes,
      served_entity_id,
      endpoint_table_id,
      requester,
      date_key,
      workspace_key,
      served_entity_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.request_date, c.databricks_request_id, c.client_request_id, c.request_time,
      c.status_code, c.sampling_fraction, c.execution_duration_ms, c.request, c.response, c.logging_error_codes,
      c.served_entity_id, c.endpoint_table_id, c.requester, c.date_key, c.workspace_key, c.served_entity_key,
      c.user_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_payload_logs
  ) as h on h.databricks_request_id <=> c.databricks_request_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.request_date <=> c.request_date
      and h.databricks_request_id <=> c.databricks_request_id and h.client_request_id <=> c.client_request_id
      and h.request_time <=> c.request_time and h.status_code <=> c.status_code
      and h.sampling_fraction <=> c.sampling_fraction and h.execution_duration_ms <=> c.execution_duration_ms
      and h.request <=> c.request and h.response <=> c.response and h.logging_error_codes <=> c.logging_error_codes
      and h.served_entity_id <=> c.served_entity_id and h.endpoint_table_id <=> c.endpoint_table_id
      and h.requester <=> c.requester and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key
      and h.served_entity_key <=> c.served_entity_key and h.user_key <=> c.user_key
  ) else true end
) as s
on t.databricks_request_id <=> s.databricks_request_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_payload_logs' and not (`position` <=> next_position);
