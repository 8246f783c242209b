-- access.outbound_network: Accesses from a workspace to the outside that an egress network policy denied, or would have denied in dry-run mode.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.access_outbound_network (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the access came from.',
  destination_type string comment 'Kind of the destination, DNS or STORAGE.',
  destination string comment 'Destination that was to be reached, a host name or a storage path.',
  dns_event struct<domain_name:string,rcode:int> comment 'Domain name and DNS return code of a name look-up; null for other destinations.',
  storage_event struct<hostname:string,path:string,rejection_reason:string> comment 'Host name, path and reason of rejection of a storage access; null for other destinations.',
  event_time timestamp comment 'When the access was denied.',
  access_type string comment 'How the policy acted, for instance DROP or a dry-run denial.',
  event_id string comment 'Id of the event, unique per row.',
  network_source_type string comment 'Kind of workload that the access came from, for instance serverless SQL or model serving.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Accesses from a workspace to the outside that an egress network policy denied, or would have denied in dry-run mode.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.access_outbound_network (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the access came from.',
  destination_type string comment 'Kind of the destination, DNS or STORAGE.',
  destination string comment 'Destination that was to be reached, a host name or a storage path.',
  dns_event struct<domain_name:string,rcode:int> comment 'Domain name and DNS return code of a name look-up; null for other destinations.',
  storage_event struct<hostname:string,path:string,rejection_reason:string> comment 'Host name, path and reason of rejection of a storage access; null for other destinations.',
  event_time timestamp comment 'When the access was denied.',
  access_type string comment 'How the policy acted, for instance DROP or a dry-run denial.',
  event_id string comment 'Id of the event, unique per row.',
  network_source_type string comment 'Kind of workload that the access came from, for instance serverless SQL or model serving.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of access.outbound_network that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.access_outbound_network (
    account_id, workspace_id, destination_type, destination, dns_event, storage_event, event_time, access_type,
    event_id, network_source_type, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.destination_type, d.destination, d.dns_event, d.storage_event, d.event_time,
    d.access_type, d.event_id, d.network_source_type,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.destination_type, d.destination, d.dns_event, d.storage_event, d.event_time,
    d.access_type, d.event_id, d.network_source_type))), current_timestamp()
from (
  select *, case when event_id is null then 'key (event_id) is null' end as _reason
  from system.access.outbound_network
) as d
left anti join system_quarantine.access_outbound_network as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.workspace_id, d.destination_type, d.destination, d.dns_event, d.storage_event, d.event_time,
    d.access_type, d.network_source_type)
  <=> struct(b.account_id, b.workspace_id, b.destination_type, b.destination, b.dns_event, b.storage_event, b.event_time,
    b.access_type, b.network_source_type)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.access_outbound_network (
    account_id, workspace_id, destination_type, destination, dns_event, storage_event, event_time, access_type,
    event_id, network_source_type, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.destination_type, d.destination, d.dns_event, d.storage_event, d.event_time,
    d.access_type, d.event_id, d.network_source_type,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.access.outbound_network
  where not (event_id is null)
) as d
left anti join system_bronze.access_outbound_network as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.workspace_id, d.destination_type, d.destination, d.dns_event, d.storage_event, d.event_time,
    d.access_type, d.network_source_type)
  <=> struct(b.account_id, b.workspace_id, b.destination_type, b.destination, b.dns_event, b.storage_event, b.event_time,
    b.access_type, b.network_source_type);
