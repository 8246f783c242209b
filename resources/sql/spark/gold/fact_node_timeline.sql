-- fact_node_timeline: Load of the instances of clusters over time. Time in use is the sum of the durations; nodes are counted as distinct instances.
-- One row: one instance and period.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_node_timeline (
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
  event_date date comment 'UTC date on which the period starts.',
  duration_seconds bigint comment 'Length of the period in whole seconds; null when a bound is not known.',
  cpu_busy_percent double comment 'Share of CPU time in user code and in the kernel, in percent; null when either is not known.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  cluster_key bigint not null comment 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  node_type_key bigint not null comment 'Key of the row of dim_node_type that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Load of the instances of clusters over time. Time in use is the sum of the durations; nodes are counted as distinct instances.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_node_timeline' as table_name, 'a9d888bf7a70b8e4' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.compute_node_timeline
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
insert overwrite table system_gold.fact_node_timeline
with
-- Columns of compute.node_timeline: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    cluster_id,
    instance_id,
    start_time,
    end_time,
    driver,
    cpu_user_percent,
    cpu_system_percent,
    cpu_wait_percent,
    mem_used_percent,
    mem_swap_percent,
    network_sent_bytes,
    network_received_bytes,
    map_from_entries(array_sort(map_entries(disk_free_bytes_per_mount_point))) as disk_free_bytes_per_mount_point,
    node_type,
    private_ip
  from system_bronze.compute_node_timeline
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (workspace_id is not null or cluster_id is not null or instance_id is not null or start_time is not null)
),

-- The latest version of each key by end_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, cluster_id, instance_id, start_time
    order by end_time desc nulls last, account_id desc nulls last, cpu_system_percent desc nulls last,
      cpu_user_percent desc nulls last, cpu_wait_percent desc nulls last,
      map_entries(disk_free_bytes_per_mount_point) desc nulls last, driver desc nulls last,
      mem_swap_percent desc nulls last, mem_used_percent desc nulls last, network_received_bytes desc nulls last,
      network_sent_bytes desc nulls last, node_type desc nulls last, private_ip desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    cast(start_time as date) as event_date,
    (unix_micros(end_time) - unix_micros(start_time)) div 1000000 as duration_seconds,
    cpu_user_percent + cpu_system_percent as cpu_busy_percent
  from latest
),

-- Versions of dim_cluster; facts from before the first one refer to the first one.
cluster_found as (
  select workspace_id, cluster_id, cluster_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, cluster_id order by valid_from) is null as _is_first
  from system_gold.dim_cluster
  where cluster_key <> -1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.start_time as date)) between 1 and 9999 then cast(year(cast(f.start_time as date)) * 10000 + month(cast(f.start_time as date)) * 100 + day(cast(f.start_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(cluster_found.cluster_key, -1) as cluster_key,
    coalesce(node_type_found.node_type_key, -1) as node_type_key
  from derived as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.start_time) and (cluster_found.valid_to is null or f.start_time < cluster_found.valid_to) and f.start_time is not null
  left join system_gold.dim_node_type as node_type_found on node_type_found.node_type = f.node_type and node_type_found.node_type_key <> -1
)
select
  account_id,
  workspace_id,
  cluster_id,
  instance_id,
  start_time,
  end_time,
  driver,
  cpu_user_percent,
  cpu_system_percent,
  cpu_wait_percent,
  mem_used_percent,
  mem_swap_percent,
  network_sent_bytes,
  network_received_bytes,
  disk_free_bytes_per_mount_point,
  node_type,
  private_ip,
  event_date,
  duration_seconds,
  cpu_busy_percent,
  date_key,
  workspace_key,
  cluster_key,
  node_type_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_node_timeline as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, cluster_id, instance_id, start_time
    from system_bronze.compute_node_timeline
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_node_timeline')
  ),

  -- Versions of dim_cluster; facts from before the first one refer to the first one.
  cluster_now as (
    select workspace_id, cluster_id, cluster_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, cluster_id order by valid_from) is null as _is_first
    from system_gold.dim_cluster
    where cluster_key <> -1
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.workspace_id, f.cluster_id, f.instance_id, f.start_time
    from system_gold.fact_node_timeline as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join cluster_now on cluster_now.workspace_id = f.workspace_id and cluster_now.cluster_id = f.cluster_id and (cluster_now._is_first or cluster_now.valid_from <= f.start_time) and (cluster_now.valid_to is null or f.start_time < cluster_now.valid_to) and f.start_time is not null
    left join system_gold.dim_node_type as node_type_now on node_type_now.node_type = f.node_type and node_type_now.node_type_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.cluster_key <=> coalesce(cluster_now.cluster_key, -1))
      or not (f.node_type_key <=> coalesce(node_type_now.node_type_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, cluster_id, instance_id, start_time
    from (
      select * from arrived
      union all
      select * from moved
    )
    where (workspace_id is not null or cluster_id is not null or instance_id is not null or start_time is not null)
  ),

  -- Columns of compute.node_timeline: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      cluster_id,
      instance_id,
      start_time,
      end_time,
      driver,
      cpu_user_percent,
      cpu_system_percent,
      cpu_wait_percent,
      mem_used_percent,
      mem_swap_percent,
      network_sent_bytes,
      network_received_bytes,
      map_from_entries(array_sort(map_entries(disk_free_bytes_per_mount_point))) as disk_free_bytes_per_mount_point,
      node_type,
      private_ip
    from system_bronze.compute_node_timeline
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.cluster_id <=> a.cluster_id and c.instance_id <=> a.instance_id and c.start_time <=> a.start_time
    where (c.workspace_id is not null or c.cluster_id is not null or c.instance_id is not null or c.start_time is not null)
  ),

  -- The latest version of each key by end_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, cluster_id, instance_id, start_time
      order by end_time desc nulls last, account_id desc nulls last, cpu_system_percent desc nulls last,
        cpu_user_percent desc nulls last, cpu_wait_percent desc nulls last,
        map_entries(disk_free_bytes_per_mount_point) desc nulls last, driver desc nulls last,
        mem_swap_percent desc nulls last, mem_used_percent desc nulls last, network_received_bytes desc nulls last,
        network_sent_bytes desc nulls last, node_type desc nulls last, private_ip desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      cast(start_time as date) as event_date,
      (unix_micros(end_time) - unix_micros(start_time)) div 1000000 as duration_seconds,
      cpu_user_percent + cpu_system_percent as cpu_busy_percent
    from latest
  ),

  -- Versions of dim_cluster; facts from before the first one refer to the first one.
  cluster_found as (
    select workspace_id, cluster_id, cluster_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, cluster_id order by valid_from) is null as _is_first
    from system_gold.dim_cluster
    where cluster_key <> -1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.start_time as date)) between 1 and 9999 then cast(year(cast(f.start_time as date)) * 10000 + month(cast(f.start_time as date)) * 100 + day(cast(f.start_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(cluster_found.cluster_key, -1) as cluster_key,
      coalesce(node_type_found.node_type_key, -1) as node_type_key
    from derived as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.start_time) and (cluster_found.valid_to is null or f.start_time < cluster_found.valid_to) and f.start_time is not null
    left join system_gold.dim_node_type as node_type_found on node_type_found.node_type = f.node_type and node_type_found.node_type_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      cluster_id,
      instance_id,
      start_time,
      end_time,
      driver,
      cpu_user_percent,
      cpu_system_percent,
      cpu_wait_percent,
      mem_used_percent,
      mem_swap_percent,
      network_sent_bytes,
      network_received_bytes,
      disk_free_bytes_per_mount_point,
      node_type,
      private_ip,
      event_date,
      duration_seconds,
      cpu_busy_percent,
      date_key,
      workspace_key,
      cluster_key,
      node_type_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.cluster_id, c.instance_id, c.start_time, c.end_time, c.driver,
      c.cpu_user_percent, c.cpu_system_percent, c.cpu_wait_percent, c.mem_used_percent, c.mem_swap_percent,
      c.network_sent_bytes, c.network_received_bytes, c.disk_free_bytes_per_mount_point, c.node_type, c.private_ip,
      c.event_date, c.duration_seconds, c.cpu_busy_percent, c.date_key, c.workspace_key, c.cluster_key,
      c.node_type_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_node_timeline
  ) as h on h.workspace_id <=> c.workspace_id and h.cluster_id <=> c.cluster_id and h.instance_id <=> c.instance_id and h.start_time <=> c.start_time
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.cluster_id <=> c.cluster_id
      and h.instance_id <=> c.instance_id and h.start_time <=> c.start_time and h.end_time <=> c.end_time
      and h.driver <=> c.driver and h.cpu_user_percent <=> c.cpu_user_percent
      and h.cpu_system_percent <=> c.cpu_system_percent and h.cpu_wait_percent <=> c.cpu_wait_percent
      and h.mem_used_percent <=> c.mem_used_percent and h.mem_swap_percent <=> c.mem_swap_percent
      and h.network_sent_bytes <=> c.network_sent_bytes and h.network_received_bytes <=> c.network_received_bytes
      and map_entries(h.disk_free_bytes_per_mount_point) <=> map_entries(c.disk_free_bytes_per_mount_point)
      and h.node_type <=> c.node_type and h.private_ip <=> c.private_ip and h.event_date <=> c.event_date
      and h.duration_seconds <=> c.duration_seconds and h.cpu_busy_percent <=> c.cpu_busy_percent
      and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key and h.cluster_key <=> c.cluster_key
      and h.node_type_key <=> c.node_type_key
  ) else true end
) as s
on t.workspace_id <=> s.workspace_id and t.cluster_id <=> s.cluster_id and t.instance_id <=> s.instance_id and t.start_time <=> s.start_time
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_node_timeline' and not (`position` <=> next_position);
