-- access.audit: Audit events of the account and of the workspaces of one region. Events at the account level appear in every region.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.access_audit (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the event happened; 0 for events at the account level.',
  `version` string comment 'Version of the audit log schema.',
  event_time timestamp comment 'When the event happened.',
  event_date date comment 'UTC date of the event.',
  source_ip_address string comment 'IP address from which the request came; null for actions of the platform itself.',
  user_agent string comment 'Client that the request came from, as its user agent text; null when it sent none.',
  session_id string comment 'Session in which the request was made; null when there was none.',
  user_identity struct<email:string,subject_name:string> comment 'Who made the request, as an email address and a subject name; a service principal stands there by its UUID.',
  service_name string comment 'Service that logged the event, such as accounts, unityCatalog, jobs or clusters.',
  action_name string comment 'What was done, in the wording of the service, for instance createTable.',
  request_id string comment 'Id of the request that caused the event.',
  request_params map<string,string> comment 'Parameters of the request by name, as text; the set depends on the action.',
  response struct<status_code:int,error_message:string,result:string> comment 'Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  audit_level string comment 'Whether the event belongs to a workspace (WORKSPACE_LEVEL) or to the account (ACCOUNT_LEVEL).',
  event_id string comment 'Id of the event, unique per event and the same in every region.',
  identity_metadata struct<run_by:string,run_as:string,acting_resource:string> comment 'Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Audit events of the account and of the workspaces of one region. Events at the account level appear in every region.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.access_audit (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the event happened; 0 for events at the account level.',
  `version` string comment 'Version of the audit log schema.',
  event_time timestamp comment 'When the event happened.',
  event_date date comment 'UTC date of the event.',
  source_ip_address string comment 'IP address from which the request came; null for actions of the platform itself.',
  user_agent string comment 'Client that the request came from, as its user agent text; null when it sent none.',
  session_id string comment 'Session in which the request was made; null when there was none.',
  user_identity struct<email:string,subject_name:string> comment 'Who made the request, as an email address and a subject name; a service principal stands there by its UUID.',
  service_name string comment 'Service that logged the event, such as accounts, unityCatalog, jobs or clusters.',
  action_name string comment 'What was done, in the wording of the service, for instance createTable.',
  request_id string comment 'Id of the request that caused the event.',
  request_params map<string,string> comment 'Parameters of the request by name, as text; the set depends on the action.',
  response struct<status_code:int,error_message:string,result:string> comment 'Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  audit_level string comment 'Whether the event belongs to a workspace (WORKSPACE_LEVEL) or to the account (ACCOUNT_LEVEL).',
  event_id string comment 'Id of the event, unique per event and the same in every region.',
  identity_metadata struct<run_by:string,run_as:string,acting_resource:string> comment 'Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of access.audit that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.access_audit (
    account_id, workspace_id, `version`, event_time, event_date, source_ip_address, user_agent, session_id,
    user_identity, service_name, action_name, request_id, request_params, response, audit_level, event_id,
    identity_metadata, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.`version`, d.event_time, d.event_date, d.source_ip_address, d.user_agent,
    d.session_id, d.user_identity, d.service_name, d.action_name, d.request_id, d.request_params, d.response,
    d.audit_level, d.event_id, d.identity_metadata,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.`version`, d.event_time, d.event_date, d.source_ip_address, d.user_agent,
    d.session_id, d.user_identity, d.service_name, d.action_name, d.request_id, d.request_params, d.response,
    d.audit_level, d.event_id, d.identity_metadata))), current_timestamp()
from (
  select *, case when event_id is null then 'key (event_id) is null' end as _reason
  from system.access.audit
) as d
left anti join system_quarantine.access_audit as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.workspace_id, d.`version`, d.event_time, d.event_date, d.source_ip_address, d.user_agent,
    d.session_id, d.user_identity, d.service_name, d.action_name, d.request_id, to_json(d.request_params),
    d.response, d.audit_level, d.identity_metadata)
  <=> struct(b.account_id, b.workspace_id, b.`version`, b.event_time, b.event_date, b.source_ip_address, b.user_agent,
    b.session_id, b.user_identity, b.service_name, b.action_name, b.request_id, to_json(b.request_params),
    b.response, b.audit_level, b.identity_metadata)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.access_audit (
    account_id, workspace_id, `version`, event_time, event_date, source_ip_address, user_agent, session_id,
    user_identity, service_name, action_name, request_id, request_params, response, audit_level, event_id,
    identity_metadata, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.`version`, d.event_time, d.event_date, d.source_ip_address, d.user_agent,
    d.session_id, d.user_identity, d.service_name, d.action_name, d.request_id, d.request_params, d.response,
    d.audit_level, d.event_id, d.identity_metadata,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.access.audit
  where not (event_id is null)
) as d
left anti join system_bronze.access_audit as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.workspace_id, d.`version`, d.event_time, d.event_date, d.source_ip_address, d.user_agent,
    d.session_id, d.user_identity, d.service_name, d.action_name, d.request_id, to_json(d.request_params),
    d.response, d.audit_level, d.identity_metadata)
  <=> struct(b.account_id, b.workspace_id, b.`version`, b.event_time, b.event_date, b.source_ip_address, b.user_agent,
    b.session_id, b.user_identity, b.service_name, b.action_name, b.request_id, to_json(b.request_params),
    b.response, b.audit_level, b.identity_metadata);
