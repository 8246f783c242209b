-- compute.node_timeline: Load of each instance of classic compute and of serverless warehouses, about one row per instance and minute.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.compute_node_timeline (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the cluster.',
  cluster_id string comment 'Cluster that the instance belongs to.',
  instance_id string comment 'Instance, as its cloud provider calls it.',
  start_time timestamp comment 'Start of the period that the row covers.',
  end_time timestamp comment 'End of the period that the row covers.',
  driver boolean comment 'Whether the instance is the driver; otherwise it is a worker.',
  cpu_user_percent double comment 'Share of CPU time in user code, in percent over the period.',
  cpu_system_percent double comment 'Share of CPU time in the kernel, in percent over the period.',
  cpu_wait_percent double comment 'Share of CPU time spent waiting for input and output, in percent over the period.',
  mem_used_percent double comment 'Share of the memory in use, in percent, memory of background processes included.',
  mem_swap_percent double comment 'Share of the memory that was swapped out, in percent.',
  network_sent_bytes bigint comment 'Bytes sent over the network in the period.',
  network_received_bytes bigint comment 'Bytes received over the network in the period.',
  disk_free_bytes_per_mount_point map<string,bigint> comment 'Free bytes by mount point at the time of the sample.',
  node_type string comment 'Node type of the instance.',
  private_ip string comment 'IP address of the instance in its private network.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Load of each instance of classic compute and of serverless warehouses, about one row per instance and minute.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.compute_node_timeline (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the cluster.',
  cluster_id string comment 'Cluster that the instance belongs to.',
  instance_id string comment 'Instance, as its cloud provider calls it.',
  start_time timestamp comment 'Start of the period that the row covers.',
  end_time timestamp comment 'End of the period that the row covers.',
  driver boolean comment 'Whether the instance is the driver; otherwise it is a worker.',
  cpu_user_percent double comment 'Share of CPU time in user code, in percent over the period.',
  cpu_system_percent double comment 'Share of CPU time in the kernel, in percent over the period.',
  cpu_wait_percent double comment 'Share of CPU time spent waiting for input and output, in percent over the period.',
  mem_used_percent double comment 'Share of the memory in use, in percent, memory of background processes included.',
  mem_swap_percent double comment 'Share of the memory that was swapped out, in percent.',
  network_sent_bytes bigint comment 'Bytes sent over the network in the period.',
  network_received_bytes bigint comment 'Bytes received over the network in the period.',
  disk_free_bytes_per_mount_point map<string,bigint> comment 'Free bytes by mount point at the time of the sample.',
  node_type string comment 'Node type of the instance.',
  private_ip string comment 'IP address of the instance in its private network.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of compute.node_timeline that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.compute_node_timeline (
    account_id, workspace_id, cluster_id, instance_id, start_time, end_time, driver, cpu_user_percent,
    cpu_system_percent, cpu_wait_percent, mem_used_percent, mem_swap_percent, network_sent_bytes,
    network_received_bytes, disk_free_bytes_per_mount_point, node_type, private_ip, _reason, _row_hash,
    _quarantined_at
)
select
    d.account_id, d.workspace_id, d.cluster_id, d.instance_id, d.start_time, d.end_time, d.driver,
    d.cpu_user_percent, d.cpu_system_percent, d.cpu_wait_percent, d.mem_used_percent, d.mem_swap_percent,
    d.network_sent_bytes, d.network_received_bytes, d.disk_free_bytes_per_mount_point, d.node_type, d.private_ip,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.cluster_id, d.instance_id, d.start_time, d.end_time, d.driver,
    d.cpu_user_percent, d.cpu_system_percent, d.cpu_wait_percent, d.mem_used_percent, d.mem_swap_percent,
    d.network_sent_bytes, d.network_received_bytes, d.disk_free_bytes_per_mount_point, d.node_type, d.private_ip))), current_timestamp()
from (
  select *, case when workspace_id is null and cluster_id is null and instance_id is null and start_time is null then 'key (workspace_id, cluster_id, instance_id, start_time) is null' end as _reason
  from system.compute.node_timeline
) as d
left anti join system_quarantine.compute_node_timeline as b
  on d.workspace_id <=> b.workspace_id and d.cluster_id <=> b.cluster_id and d.instance_id <=> b.instance_id and d.start_time <=> b.start_time
  and struct(d.account_id, d.end_time, d.driver, d.cpu_user_percent, d.cpu_system_percent, d.cpu_wait_percent,
    d.mem_used_percent, d.mem_swap_percent, d.network_sent_bytes, d.network_received_bytes,
    to_json(d.disk_free_bytes_per_mount_point), d.node_type, d.private_ip)
  <=> struct(b.account_id, b.end_time, b.driver, b.cpu_user_percent, b.cpu_system_percent, b.cpu_wait_percent,
    b.mem_used_percent, b.mem_swap_percent, b.network_sent_bytes, b.network_received_bytes,
    to_json(b.disk_free_bytes_per_mount_point), b.node_type, b.private_ip)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.compute_node_timeline (
    account_id, workspace_id, cluster_id, instance_id, start_time, end_time, driver, cpu_user_percent,
    cpu_system_percent, cpu_wait_percent, mem_used_percent, mem_swap_percent, network_sent_bytes,
    network_received_bytes, disk_free_bytes_per_mount_point, node_type, private_ip, _source_version, _ingested_at,
    _run_id
)
select
    d.account_id, d.workspace_id, d.cluster_id, d.instance_id, d.start_time, d.end_time, d.driver,
    d.cpu_user_percent, d.cpu_system_percent, d.cpu_wait_percent, d.mem_used_percent, d.mem_swap_percent,
    d.network_sent_bytes, d.network_received_bytes, d.disk_free_bytes_per_mount_point, d.node_type, d.private_ip,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.compute.node_timeline
  where not (workspace_id is null and cluster_id is null and instance_id is null and start_time is null)
) as d
left anti join system_bronze.compute_node_timeline as b
  on d.workspace_id <=> b.workspace_id and d.cluster_id <=> b.cluster_id and d.instance_id <=> b.instance_id and d.start_time <=> b.start_time
  and struct(d.account_id, d.end_time, d.driver, d.cpu_user_percent, d.cpu_system_percent, d.cpu_wait_percent,
    d.mem_used_percent, d.mem_swap_percent, d.network_sent_bytes, d.network_received_bytes,
    to_json(d.disk_free_bytes_per_mount_point), d.node_type, d.private_ip)
  <=> struct(b.account_id, b.end_time, b.driver, b.cpu_user_percent, b.cpu_system_percent, b.cpu_wait_percent,
    b.mem_used_percent, b.mem_swap_percent, b.network_sent_bytes, b.network_received_bytes,
    to_json(b.disk_free_bytes_per_mount_point), b.node_type, b.private_ip);
