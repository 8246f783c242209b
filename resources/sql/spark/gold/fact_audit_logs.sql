-- fact_audit_logs: Audit events of workspaces and of the account. Events at the account level have workspace_id 0 and are held once, though every region delivers them.
-- One row: one audit event.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_audit_logs (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the event happened; 0 for events at the account level.',
  `version` string comment 'Version of the audit log schema.',
  event_time timestamp comment 'When the event happened.',
  event_date date comment 'UTC date of the event.',
  source_ip_address string comment 'IP address from which the request came; null for actions of the platform itself.',
  user_agent string comment 'Client that the request came from, as its user agent text; null when it sent none.',
  session_id string comment 'Session in which the request was made; null when there was none.',
  user_identity_email string comment 'Field `email` of `user_identity`: Who made the request, as an email address and a subject name; a service principal stands there by its UUID.',
  user_identity_subject_name string comment 'Field `subject_name` of `user_identity`: Who made the request, as an email address and a subject name; a service principal stands there by its UUID.',
  service_name string comment 'Service that logged the event, such as accounts, unityCatalog, jobs or clusters.',
  action_name string comment 'What was done, in the wording of the service, for instance createTable.',
  request_id string comment 'Id of the request that caused the event.',
  request_params map<string,string> comment 'Parameters of the request by name, as text; the set depends on the action.',
  response_status_code int comment 'Field `status_code` of `response`: Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  response_error_message string comment 'Field `error_message` of `response`: Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  response_result string comment 'Field `result` of `response`: Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  audit_level string comment 'Whether the event belongs to a workspace (WORKSPACE_LEVEL) or to the account (ACCOUNT_LEVEL).',
  event_id string comment 'Id of the event, unique per event and the same in every region.',
  identity_metadata_run_by string comment 'Field `run_by` of `identity_metadata`: Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  identity_metadata_run_as string comment 'Field `run_as` of `identity_metadata`: Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  identity_metadata_acting_resource string comment 'Field `acting_resource` of `identity_metadata`: Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  is_failed_action boolean comment 'Whether the response has a status code of 400 or more, or an error message; null when it has neither status nor message.',
  is_sensitive_action boolean comment 'Whether the action changes or removes access, secrets or data, judged by its name. Reading, listing and logging in are not sensitive; null when the action has no name.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Audit events of workspaces and of the account. Events at the account level have workspace_id 0 and are held once, though every region delivers them.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_audit_logs' as table_name, '9faee9b043fcd3da' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.access_audit
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
insert overwrite table system_gold.fact_audit_logs
with
-- Columns of access.audit: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    `version`,
    event_time,
    event_date,
    source_ip_address,
    user_agent,
    session_id,
    user_identity.email as user_identity_email,
    user_identity.subject_name as user_identity_subject_name,
    service_name,
    action_name,
    request_id,
    map_from_entries(array_sort(map_entries(request_params))) as request_params,
    response.status_code as response_status_code,
    response.error_message as response_error_message,
    response.result as response_result,
    audit_level,
    event_id,
    identity_metadata.run_by as identity_metadata_run_by,
    identity_metadata.run_as as identity_metadata_run_as,
    identity_metadata.acting_resource as identity_metadata_acting_resource
  from system_bronze.access_audit
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
    order by event_time desc nulls last, account_id desc nulls last, action_name desc nulls last,
      audit_level desc nulls last, event_date desc nulls last, identity_metadata_acting_resource desc nulls last,
      identity_metadata_run_as desc nulls last, identity_metadata_run_by desc nulls last, request_id desc nulls last,
      map_entries(request_params) desc nulls last, response_error_message desc nulls last,
      response_result desc nulls last, response_status_code desc nulls last, service_name desc nulls last,
      session_id desc nulls last, source_ip_address desc nulls last, user_agent desc nulls last,
      user_identity_email desc nulls last, user_identity_subject_name desc nulls last, `version` desc nulls last,
      workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    case when coalesce(response_error_message, '') <> '' then true else cast(response_status_code as bigint) >= 400 end as is_failed_action,
    (lower(action_name) rlike 'grant|revoke|delete|secret|permission|token|password|credential') and (not (lower(action_name) rlike '^(get|list|read|describe|generatetemporary)|login|authorization')) as is_sensitive_action
  from latest
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(user_found.user_key, -1) as user_key
  from derived as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join system_gold.dim_user as user_found on user_found.user_name = f.user_identity_email and f.user_identity_email <> '' and user_found.user_key <> -1
)
select
  account_id,
  workspace_id,
  `version`,
  event_time,
  event_date,
  source_ip_address,
  user_agent,
  session_id,
  user_identity_email,
  user_identity_subject_name,
  service_name,
  action_name,
  request_id,
  request_params,
  response_status_code,
  response_error_message,
  response_result,
  audit_level,
  event_id,
  identity_metadata_run_by,
  identity_metadata_run_as,
  identity_metadata_acting_resource,
  is_failed_action,
  is_sensitive_action,
  date_key,
  workspace_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_audit_logs as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select event_id
    from system_bronze.access_audit
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_audit_logs')
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.event_id
    from system_gold.fact_audit_logs as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join system_gold.dim_user as user_now on user_now.user_name = f.user_identity_email and f.user_identity_email <> '' and user_now.user_key <> -1
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

  -- Columns of access.audit: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      `version`,
      event_time,
      event_date,
      source_ip_address,
      user_agent,
      session_id,
      user_identity.email as user_identity_email,
      user_identity.subject_name as user_identity_subject_name,
      service_name,
      action_name,
      request_id,
      map_from_entries(array_sort(map_entries(request_params))) as request_params,
      response.status_code as response_status_code,
      response.error_message as response_error_message,
      response.result as response_result,
      audit_level,
      event_id,
      identity_metadata.run_by as identity_metadata_run_by,
      identity_metadata.run_as as identity_metadata_run_as,
      identity_metadata.acting_resource as identity_metadata_acting_resource
    from system_bronze.access_audit
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
      order by event_time desc nulls last, account_id desc nulls last, action_name desc nulls last,
        audit_level desc nulls last, event_date desc nulls last, identity_metadata_acting_resource desc nulls last,
        identity_metadata_run_as desc nulls last, identity_metadata_run_by desc nulls last, request_id desc nulls last,
        map_entries(request_params) desc nulls last, response_error_message desc nulls last,
        response_result desc nulls last, response_status_code desc nulls last, service_name desc nulls last,
        session_id desc nulls last, source_ip_address desc nulls last, user_agent desc nulls last,
        user_identity_email desc nulls last, user_identity_subject_name desc nulls last, `version` desc nulls last,
        workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      case when coalesce(response_error_message, '') <> '' then true else cast(response_status_code as bigint) >= 400 end as is_failed_action,
      (lower(action_name) rlike 'grant|revoke|delete|secret|permission|token|password|credential') and (not (lower(action_name) rlike '^(get|list|read|describe|generatetemporary)|login|authorization')) as is_sensitive_action
    from latest
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(user_found.user_key, -1) as user_key
    from derived as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join system_gold.dim_user as user_found on user_found.user_name = f.user_identity_email and f.user_identity_email <> '' and user_found.user_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      `version`,
      event_time,
      event_date,
      source_ip_address,
      user_agent,
      session_id,
      user_identity_email,
      user_identity_subject_name,
      service_name,
      action_name,
      request_id,
      request_params,
      response_status_code,
      response_error_message,
      response_result,
      audit_level,
      event_id,
      identity_metadata_run_by,
      identity_metadata_run_as,
      identity_metadata_acting_resource,
      is_failed_action,
      is_sensitive_action,
      date_key,
      workspace_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.`version`, c.event_time, c.event_date, c.source_ip_address, c.user_agent,
      c.session_id, c.user_identity_email, c.user_identity_subject_name, c.service_name, c.action_name, c.request_id,
      c.request_params, c.response_status_code, c.response_error_message, c.response_result, c.audit_level,
      c.event_id, c.identity_metadata_run_by, c.identity_metadata_run_as, c.identity_metadata_acting_resource,
      c.is_failed_action, c.is_sensitive_action, c.date_key, c.workspace_key, c.user_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_audit_logs
  ) as h on h.event_id <=> c.event_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.`version` <=> c.`version`
      and h.event_time <=> c.event_time and h.event_date <=> c.event_date
      and h.source_ip_address <=> c.source_ip_address and h.user_agent <=> c.user_agent
      and h.session_id <=> c.session_id and h.user_identity_email <=> c.user_identity_email
      and h.user_identity_subject_name <=> c.user_identity_subject_name and h.service_name <=> c.service_name
      and h.action_name <=> c.action_name and h.request_id <=> c.request_id
      and map_entries(h.request_params) <=> map_entries(c.request_params)
      and h.response_status_code <=> c.response_status_code and h.response_error_message <=> c.response_error_message
      and h.response_result <=> c.response_result and h.audit_level <=> c.audit_level and h.event_id <=> c.event_id
      and h.identity_metadata_run_by <=> c.identity_metadata_run_by
      and h.identity_metadata_run_as <=> c.identity_metadata_run_as
      and h.identity_metadata_acting_resource <=> c.identity_metadata_acting_resource
      and h.is_failed_action <=> c.is_failed_action and h.is_sensitive_action <=> c.is_sensitive_action
      and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key and h.user_key <=> c.user_key
  ) else true end
) as s
on t.event_id <=> s.event_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_audit_logs' and not (`position` <=> next_position);
