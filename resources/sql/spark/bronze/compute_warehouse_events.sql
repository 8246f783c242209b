-- compute.warehouse_events: Starts, stops and changes of size of SQL warehouses, one row per event.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.compute_warehouse_events (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the warehouse.',
  warehouse_id string comment 'Warehouse that the event is about.',
  event_type string comment 'What happened, for instance STARTING, RUNNING, SCALED_UP, SCALED_DOWN, STOPPING or STOPPED.',
  cluster_count int comment 'Number of clusters that run once the event has happened.',
  event_time timestamp comment 'When the event happened.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Starts, stops and changes of size of SQL warehouses, one row per event.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.compute_warehouse_events (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the warehouse.',
  warehouse_id string comment 'Warehouse that the event is about.',
  event_type string comment 'What happened, for instance STARTING, RUNNING, SCALED_UP, SCALED_DOWN, STOPPING or STOPPED.',
  cluster_count int comment 'Number of clusters that run once the event has happened.',
  event_time timestamp comment 'When the event happened.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of compute.warehouse_events that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.compute_warehouse_events (
    account_id, workspace_id, warehouse_id, event_type, cluster_count, event_time, _reason, _row_hash,
    _quarantined_at
)
select
    d.account_id, d.workspace_id, d.warehouse_id, d.event_type, d.cluster_count, d.event_time,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.warehouse_id, d.event_type, d.cluster_count, d.event_time))), current_timestamp()
from (
  select *, case when workspace_id is null and warehouse_id is null and event_type is null and event_time is null then 'key (workspace_id, warehouse_id, event_type, event_time) is null' end as _reason
  from system.compute.warehouse_events
) as d
left anti join system_quarantine.compute_warehouse_events as b
  on d.workspace_id <=> b.workspace_id and d.warehouse_id <=> b.warehouse_id and d.event_type <=> b.event_type and d.event_time <=> b.event_time
  and struct(d.account_id, d.cluster_count)
  <=> struct(b.account_id, b.cluster_count)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.compute_warehouse_events (
    account_id, workspace_id, warehouse_id, event_type, cluster_count, event_time, _source_version, _ingested_at,
    _run_id
)
select
    d.account_id, d.workspace_id, d.warehouse_id, d.event_type, d.cluster_count, d.event_time,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.compute.warehouse_events
  where not (workspace_id is null and warehouse_id is null and event_type is null and event_time is null)
) as d
left anti join system_bronze.compute_warehouse_events as b
  on d.workspace_id <=> b.workspace_id and d.warehouse_id <=> b.warehouse_id and d.event_type <=> b.event_type and d.event_time <=> b.event_time
  and struct(d.account_id, d.cluster_count)
  <=> struct(b.account_id, b.cluster_count);
