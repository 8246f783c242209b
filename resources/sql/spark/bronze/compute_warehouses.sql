-- compute.warehouses: Configurations of SQL warehouses, one row per change.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.compute_warehouses (
  warehouse_id string comment 'Id of the warehouse, unique within its workspace.',
  workspace_id string comment 'Workspace of the warehouse.',
  account_id string comment 'Account that the row belongs to.',
  warehouse_name string comment 'Name of the warehouse.',
  warehouse_type string comment 'Type of the warehouse, CLASSIC, PRO or SERVERLESS.',
  warehouse_channel string comment 'Release channel of the warehouse, for instance CURRENT or PREVIEW.',
  warehouse_size string comment 'Size of one cluster of the warehouse, for instance X_SMALL or MEDIUM.',
  min_clusters int comment 'Least number of clusters that the warehouse runs.',
  max_clusters int comment 'Greatest number of clusters that the warehouse scales out to.',
  auto_stop_minutes int comment 'Idle minutes after which the warehouse stops; 0 when it does not.',
  tags map<string,string> comment 'Tags of the warehouse by name; null or empty when there are none.',
  change_time timestamp comment 'When the configuration changed; orders the rows of a warehouse.',
  delete_time timestamp comment 'When the warehouse was deleted; null while it exists.',
  created_by string comment 'Principal that created the warehouse; null in older rows.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Configurations of SQL warehouses, one row per change.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.compute_warehouses (
  warehouse_id string comment 'Id of the warehouse, unique within its workspace.',
  workspace_id string comment 'Workspace of the warehouse.',
  account_id string comment 'Account that the row belongs to.',
  warehouse_name string comment 'Name of the warehouse.',
  warehouse_type string comment 'Type of the warehouse, CLASSIC, PRO or SERVERLESS.',
  warehouse_channel string comment 'Release channel of the warehouse, for instance CURRENT or PREVIEW.',
  warehouse_size string comment 'Size of one cluster of the warehouse, for instance X_SMALL or MEDIUM.',
  min_clusters int comment 'Least number of clusters that the warehouse runs.',
  max_clusters int comment 'Greatest number of clusters that the warehouse scales out to.',
  auto_stop_minutes int comment 'Idle minutes after which the warehouse stops; 0 when it does not.',
  tags map<string,string> comment 'Tags of the warehouse by name; null or empty when there are none.',
  change_time timestamp comment 'When the configuration changed; orders the rows of a warehouse.',
  delete_time timestamp comment 'When the warehouse was deleted; null while it exists.',
  created_by string comment 'Principal that created the warehouse; null in older rows.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of compute.warehouses that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.compute_warehouses (
    warehouse_id, workspace_id, account_id, warehouse_name, warehouse_type, warehouse_channel, warehouse_size,
    min_clusters, max_clusters, auto_stop_minutes, tags, change_time, delete_time, created_by, _reason, _row_hash,
    _quarantined_at
)
select
    d.warehouse_id, d.workspace_id, d.account_id, d.warehouse_name, d.warehouse_type, d.warehouse_channel,
    d.warehouse_size, d.min_clusters, d.max_clusters, d.auto_stop_minutes, d.tags, d.change_time, d.delete_time,
    d.created_by,
  d._reason, md5(to_json(struct(d.warehouse_id, d.workspace_id, d.account_id, d.warehouse_name, d.warehouse_type, d.warehouse_channel,
    d.warehouse_size, d.min_clusters, d.max_clusters, d.auto_stop_minutes, d.tags, d.change_time, d.delete_time,
    d.created_by))), current_timestamp()
from (
  select *, case when workspace_id is null and warehouse_id is null and change_time is null then 'key (workspace_id, warehouse_id, change_time) is null' when workspace_id is null and warehouse_id is null then 'key (workspace_id, warehouse_id) is null' when change_time is null then 'change time change_time is null' end as _reason
  from system.compute.warehouses
) as d
left anti join system_quarantine.compute_warehouses as b
  on d.workspace_id <=> b.workspace_id and d.warehouse_id <=> b.warehouse_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.warehouse_name, d.warehouse_type, d.warehouse_channel, d.warehouse_size, d.min_clusters,
    d.max_clusters, d.auto_stop_minutes, to_json(d.tags), d.delete_time, d.created_by)
  <=> struct(b.account_id, b.warehouse_name, b.warehouse_type, b.warehouse_channel, b.warehouse_size, b.min_clusters,
    b.max_clusters, b.auto_stop_minutes, to_json(b.tags), b.delete_time, b.created_by)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.compute_warehouses (
    warehouse_id, workspace_id, account_id, warehouse_name, warehouse_type, warehouse_channel, warehouse_size,
    min_clusters, max_clusters, auto_stop_minutes, tags, change_time, delete_time, created_by, _source_version,
    _ingested_at, _run_id
)
select
    d.warehouse_id, d.workspace_id, d.account_id, d.warehouse_name, d.warehouse_type, d.warehouse_channel,
    d.warehouse_size, d.min_clusters, d.max_clusters, d.auto_stop_minutes, d.tags, d.change_time, d.delete_time,
    d.created_by,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.compute.warehouses
  where not (workspace_id is null and warehouse_id is null and change_time is null)
    and not (workspace_id is null and warehouse_id is null)
    and not (change_time is null)
) as d
left anti join system_bronze.compute_warehouses as b
  on d.workspace_id <=> b.workspace_id and d.warehouse_id <=> b.warehouse_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.warehouse_name, d.warehouse_type, d.warehouse_channel, d.warehouse_size, d.min_clusters,
    d.max_clusters, d.auto_stop_minutes, to_json(d.tags), d.delete_time, d.created_by)
  <=> struct(b.account_id, b.warehouse_name, b.warehouse_type, b.warehouse_channel, b.warehouse_size, b.min_clusters,
    b.max_clusters, b.auto_stop_minutes, to_json(b.tags), b.delete_time, b.created_by);
