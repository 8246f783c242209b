-- access.inbound_network: Requests into a workspace that an ingress network policy denied, or would have denied in dry-run mode.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.access_inbound_network (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the request was for.',
  event_id string comment 'Id of the event, unique per row.',
  request_path string comment 'Path of the URL that was asked for.',
  source struct<ip:string> comment 'Where the request came from, as an IP address.',
  authenticated_as string comment 'Principal that the request was authenticated as; null or empty when it was not authenticated.',
  event_time timestamp comment 'When the request was denied.',
  policy_outcome string comment 'What the policy decided, for instance DENY or a dry-run denial.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Requests into a workspace that an ingress network policy denied, or would have denied in dry-run mode.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.access_inbound_network (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the request was for.',
  event_id string comment 'Id of the event, unique per row.',
  request_path string comment 'Path of the URL that was asked for.',
  source struct<ip:string> comment 'Where the request came from, as an IP address.',
  authenticated_as string comment 'Principal that the request was authenticated as; null or empty when it was not authenticated.',
  event_time timestamp comment 'When the request was denied.',
  policy_outcome string comment 'What the policy decided, for instance DENY or a dry-run denial.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of access.inbound_network that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.access_inbound_network (
    account_id, workspace_id, event_id, request_path, source, authenticated_as, event_time, policy_outcome,
    _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.event_id, d.request_path, d.source, d.authenticated_as, d.event_time,
    d.policy_outcome,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.event_id, d.request_path, d.source, d.authenticated_as, d.event_time,
    d.policy_outcome))), current_timestamp()
from (
  select *, case when event_id is null then 'key (event_id) is null' end as _reason
  from system.access.inbound_network
) as d
left anti join system_quarantine.access_inbound_network as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.workspace_id, d.request_path, d.source, d.authenticated_as, d.event_time, d.policy_outcome)
  <=> struct(b.account_id, b.workspace_id, b.request_path, b.source, b.authenticated_as, b.event_time, b.policy_outcome)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.access_inbound_network (
    account_id, workspace_id, event_id, request_path, source, authenticated_as, event_time, policy_outcome,
    _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.event_id, d.request_path, d.source, d.authenticated_as, d.event_time,
    d.policy_outcome,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.access.inbound_network
  where not (event_id is null)
) as d
left anti join system_bronze.access_inbound_network as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.workspace_id, d.request_path, d.source, d.authenticated_as, d.event_time, d.policy_outcome)
  <=> struct(b.account_id, b.workspace_id, b.request_path, b.source, b.authenticated_as, b.event_time, b.policy_outcome);
