-- dim_cluster: Clusters on classic compute with the history of their configurations.
-- One row: one version of a cluster.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_cluster (
  cluster_key bigint not null comment 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the cluster.',
  cluster_id string comment 'Id of the cluster, unique within its workspace.',
  cluster_name string comment 'Name of the cluster.',
  owned_by string comment 'Principal that owns the cluster, by default its creator.',
  create_time timestamp comment 'When the cluster was created.',
  delete_time timestamp comment 'When the cluster was deleted; null while it exists.',
  driver_node_type string comment 'Node type of the driver.',
  worker_node_type string comment 'Node type of the workers.',
  worker_count bigint comment 'Number of workers of a cluster of fixed size; null when it autoscales.',
  min_autoscale_workers bigint comment 'Least number of workers of an autoscaling cluster; null when its size is fixed.',
  max_autoscale_workers bigint comment 'Greatest number of workers of an autoscaling cluster; null when its size is fixed.',
  auto_termination_minutes bigint comment 'Idle minutes after which the cluster terminates; 0 or null when it does not.',
  enable_elastic_disk boolean comment 'Whether local storage grows by itself.',
  tags map<string,string> comment 'Tags that users set on the cluster, without the default tags, by name; null or empty when there are none.',
  cluster_source string comment 'What created the cluster, for instance UI, API, JOB, PIPELINE or PIPELINE_MAINTENANCE.',
  init_scripts array<string> comment 'Paths of the init scripts in the order of their execution; null or empty when there are none.',
  aws_attributes_first_on_demand bigint comment 'Field `first_on_demand` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_availability string comment 'Field `availability` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_zone_id string comment 'Field `zone_id` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_instance_profile_arn string comment 'Field `instance_profile_arn` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_spot_bid_price_percent bigint comment 'Field `spot_bid_price_percent` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_ebs_volume_type string comment 'Field `ebs_volume_type` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_ebs_volume_count bigint comment 'Field `ebs_volume_count` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_ebs_volume_size bigint comment 'Field `ebs_volume_size` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_ebs_volume_iops bigint comment 'Field `ebs_volume_iops` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  aws_attributes_ebs_volume_throughput bigint comment 'Field `ebs_volume_throughput` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  azure_attributes_first_on_demand bigint comment 'Field `first_on_demand` of `azure_attributes`: Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  azure_attributes_availability string comment 'Field `availability` of `azure_attributes`: Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  azure_attributes_spot_bid_max_price double comment 'Field `spot_bid_max_price` of `azure_attributes`: Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  gcp_attributes_use_preemptible_executors boolean comment 'Field `use_preemptible_executors` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  gcp_attributes_google_service_account string comment 'Field `google_service_account` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  gcp_attributes_boot_disk_size bigint comment 'Field `boot_disk_size` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  gcp_attributes_availability string comment 'Field `availability` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  gcp_attributes_zone_id string comment 'Field `zone_id` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  gcp_attributes_local_ssd_count bigint comment 'Field `local_ssd_count` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  driver_instance_pool_id string comment 'Instance pool of the driver; null when it comes from none.',
  worker_instance_pool_id string comment 'Instance pool of the workers; null when they come from none.',
  dbr_version string comment 'Version text of the Databricks Runtime, for instance 15.4.x-scala2.12.',
  change_time timestamp comment 'When the configuration changed; orders the rows of a cluster.',
  change_date date comment 'UTC date of the change.',
  data_security_mode string comment 'Access mode of the cluster, for instance USER_ISOLATION or SINGLE_USER; null in older rows.',
  policy_id string comment 'Cluster policy that the cluster was created with; null when there is none.',
  dbr_major_minor string comment 'Major and minor version of the Databricks Runtime, for instance 15.4; null when the version text has none.',
  is_autoscaling boolean comment 'Whether the number of workers adapts to the load; never null.',
  valid_from timestamp not null comment 'First instant of the version.',
  valid_to timestamp comment 'First instant after the version; null while it is open.',
  is_current boolean not null comment 'Whether the version is open.',
  is_deleted boolean not null comment 'Whether delete_time is set in this version.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Clusters on classic compute with the history of their configurations.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_cluster' as table_name, 'bfb7f394256a6520' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.compute_clusters
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
insert overwrite table system_gold.dim_cluster
with
-- Columns of compute.clusters: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    cluster_id,
    cluster_name,
    owned_by,
    create_time,
    delete_time,
    driver_node_type,
    worker_node_type,
    worker_count,
    min_autoscale_workers,
    max_autoscale_workers,
    auto_termination_minutes,
    enable_elastic_disk,
    map_from_entries(array_sort(map_entries(tags))) as tags,
    cluster_source,
    init_scripts,
    aws_attributes.first_on_demand as aws_attributes_first_on_demand,
    aws_attributes.availability as aws_attributes_availability,
    aws_attributes.zone_id as aws_attributes_zone_id,
    aws_attributes.instance_profile_arn as aws_attributes_instance_profile_arn,
    aws_attributes.spot_bid_price_percent as aws_attributes_spot_bid_price_percent,
    aws_attributes.ebs_volume_type as aws_attributes_ebs_volume_type,
    aws_attributes.ebs_volume_count as aws_attributes_ebs_volume_count,
    aws_attributes.ebs_volume_size as aws_attributes_ebs_volume_size,
    aws_attributes.ebs_volume_iops as aws_attributes_ebs_volume_iops,
    aws_attributes.ebs_volume_throughput as aws_attributes_ebs_volume_throughput,
    azure_attributes.first_on_demand as azure_attributes_first_on_demand,
    azure_attributes.availability as azure_attributes_availability,
    azure_attributes.spot_bid_max_price as azure_attributes_spot_bid_max_price,
    gcp_attributes.use_preemptible_executors as gcp_attributes_use_preemptible_executors,
    gcp_attributes.google_service_account as gcp_attributes_google_service_account,
    gcp_attributes.boot_disk_size as gcp_attributes_boot_disk_size,
    gcp_attributes.availability as gcp_attributes_availability,
    gcp_attributes.zone_id as gcp_attributes_zone_id,
    gcp_attributes.local_ssd_count as gcp_attributes_local_ssd_count,
    driver_instance_pool_id,
    worker_instance_pool_id,
    dbr_version,
    change_time,
    change_date,
    data_security_mode,
    policy_id
  from system_bronze.compute_clusters
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where workspace_id is not null and cluster_id is not null
),

-- One row for each key and time of change; of several the content decides, column by column.
changes as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, cluster_id, change_time
    order by account_id desc nulls last, auto_termination_minutes desc nulls last,
      aws_attributes_availability desc nulls last, aws_attributes_ebs_volume_count desc nulls last,
      aws_attributes_ebs_volume_iops desc nulls last, aws_attributes_ebs_volume_size desc nulls last,
      aws_attributes_ebs_volume_throughput desc nulls last, aws_attributes_ebs_volume_type desc nulls last,
      aws_attributes_first_on_demand desc nulls last, aws_attributes_instance_profile_arn desc nulls last,
      aws_attributes_spot_bid_price_percent desc nulls last, aws_attributes_zone_id desc nulls last,
      azure_attributes_availability desc nulls last, azure_attributes_first_on_demand desc nulls last,
      azure_attributes_spot_bid_max_price desc nulls last, change_date desc nulls last, cluster_name desc nulls last,
      cluster_source desc nulls last, create_time desc nulls last, data_security_mode desc nulls last,
      dbr_version desc nulls last, delete_time desc nulls last, driver_instance_pool_id desc nulls last,
      driver_node_type desc nulls last, enable_elastic_disk desc nulls last,
      gcp_attributes_availability desc nulls last, gcp_attributes_boot_disk_size desc nulls last,
      gcp_attributes_google_service_account desc nulls last, gcp_attributes_local_ssd_count desc nulls last,
      gcp_attributes_use_preemptible_executors desc nulls last, gcp_attributes_zone_id desc nulls last,
      init_scripts desc nulls last, max_autoscale_workers desc nulls last, min_autoscale_workers desc nulls last,
      owned_by desc nulls last, policy_id desc nulls last, map_entries(tags) desc nulls last,
      worker_count desc nulls last, worker_instance_pool_id desc nulls last, worker_node_type desc nulls last
  ) as _rank from identified where change_time is not null)
  where _rank = 1
),

-- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
tracked as (
  select *, explode(array(struct(
      delete_time is not null, account_id, cluster_name, owned_by, create_time, driver_node_type, worker_node_type,
      worker_count, min_autoscale_workers, max_autoscale_workers, auto_termination_minutes, enable_elastic_disk,
      map_entries(tags), cluster_source, init_scripts, aws_attributes_first_on_demand, aws_attributes_availability,
      aws_attributes_zone_id, aws_attributes_instance_profile_arn, aws_attributes_spot_bid_price_percent,
      aws_attributes_ebs_volume_type, aws_attributes_ebs_volume_count, aws_attributes_ebs_volume_size,
      aws_attributes_ebs_volume_iops, aws_attributes_ebs_volume_throughput, azure_attributes_first_on_demand,
      azure_attributes_availability, azure_attributes_spot_bid_max_price, gcp_attributes_use_preemptible_executors,
      gcp_attributes_google_service_account, gcp_attributes_boot_disk_size, gcp_attributes_availability,
      gcp_attributes_zone_id, gcp_attributes_local_ssd_count, driver_instance_pool_id, worker_instance_pool_id,
      dbr_version, data_security_mode, policy_id
    ))) as _tracked
  from changes
),

-- Whether a row says the same as the one before it; then both are one version, the first of them.
compared as (
  select *, lag(_tracked) over (partition by workspace_id, cluster_id order by change_time) <=> _tracked as _is_same
  from tracked
),

-- A version holds from its own time until that of the next one.
versions as (
  select *,
    change_time as valid_from,
    lead(change_time) over (partition by workspace_id, cluster_id order by change_time) as valid_to
  from compared
  where not _is_same
),

-- The last version of a key is open.
timeline as (
  select *, valid_to is null as is_current, delete_time is not null as is_deleted
  from versions
),

-- Derived columns.
derived as (
  select
    *,
    case when dbr_version rlike '[0-9]+[.][0-9]+' then regexp_extract(dbr_version, '[0-9]+[.][0-9]+', 0) end as dbr_major_minor,
    max_autoscale_workers is not null as is_autoscaling
  from timeline
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(cluster_id) as string), ':', cluster_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
  from derived
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as cluster_key
  from hashed
)
select
  cluster_key,
  account_id,
  workspace_id,
  cluster_id,
  cluster_name,
  owned_by,
  create_time,
  delete_time,
  driver_node_type,
  worker_node_type,
  worker_count,
  min_autoscale_workers,
  max_autoscale_workers,
  auto_termination_minutes,
  enable_elastic_disk,
  tags,
  cluster_source,
  init_scripts,
  aws_attributes_first_on_demand,
  aws_attributes_availability,
  aws_attributes_zone_id,
  aws_attributes_instance_profile_arn,
  aws_attributes_spot_bid_price_percent,
  aws_attributes_ebs_volume_type,
  aws_attributes_ebs_volume_count,
  aws_attributes_ebs_volume_size,
  aws_attributes_ebs_volume_iops,
  aws_attributes_ebs_volume_throughput,
  azure_attributes_first_on_demand,
  azure_attributes_availability,
  azure_attributes_spot_bid_max_price,
  gcp_attributes_use_preemptible_executors,
  gcp_attributes_google_service_account,
  gcp_attributes_boot_disk_size,
  gcp_attributes_availability,
  gcp_attributes_zone_id,
  gcp_attributes_local_ssd_count,
  driver_instance_pool_id,
  worker_instance_pool_id,
  dbr_version,
  change_time,
  change_date,
  data_security_mode,
  policy_id,
  dbr_major_minor,
  is_autoscaling,
  valid_from,
  valid_to,
  is_current,
  is_deleted,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from keyed
union all
-- The unknown member.
select
  -1,
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as timestamp),
  cast(null as timestamp),
  cast(null as string),
  cast(null as string),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as boolean),
  cast(null as map<string,string>),
  cast(null as string),
  cast(null as array<string>),
  cast(null as bigint),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as bigint),
  cast(null as string),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as string),
  cast(null as double),
  cast(null as boolean),
  cast(null as string),
  cast(null as bigint),
  cast(null as string),
  cast(null as string),
  cast(null as bigint),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as timestamp),
  cast(null as date),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as boolean),
  timestamp_micros(0),
  cast(null as timestamp),
  true,
  false,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_cluster as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, cluster_id
    from system_bronze.compute_clusters
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_cluster')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, cluster_id
    from (
      select * from arrived
    )
    where workspace_id is not null and cluster_id is not null
  ),

  -- Columns of compute.clusters: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      cluster_id,
      cluster_name,
      owned_by,
      create_time,
      delete_time,
      driver_node_type,
      worker_node_type,
      worker_count,
      min_autoscale_workers,
      max_autoscale_workers,
      auto_termination_minutes,
      enable_elastic_disk,
      map_from_entries(array_sort(map_entries(tags))) as tags,
      cluster_source,
      init_scripts,
      aws_attributes.first_on_demand as aws_attributes_first_on_demand,
      aws_attributes.availability as aws_attributes_availability,
      aws_attributes.zone_id as aws_attributes_zone_id,
      aws_attributes.instance_profile_arn as aws_attributes_instance_profile_arn,
      aws_attributes.spot_bid_price_percent as aws_attributes_spot_bid_price_percent,
      aws_attributes.ebs_volume_type as aws_attributes_ebs_volume_type,
      aws_attributes.ebs_volume_count as aws_attributes_ebs_volume_count,
      aws_attributes.ebs_volume_size as aws_attributes_ebs_volume_size,
      aws_attributes.ebs_volume_iops as aws_attributes_ebs_volume_iops,
      aws_attributes.ebs_volume_throughput as aws_attributes_ebs_volume_throughput,
      azure_attributes.first_on_demand as azure_attributes_first_on_demand,
      azure_attributes.availability as azure_attributes_availability,
      azure_attributes.spot_bid_max_price as azure_attributes_spot_bid_max_price,
      gcp_attributes.use_preemptible_executors as gcp_attributes_use_preemptible_executors,
      gcp_attributes.google_service_account as gcp_attributes_google_service_account,
      gcp_attributes.boot_disk_size as gcp_attributes_boot_disk_size,
      gcp_attributes.availability as gcp_attributes_availability,
      gcp_attributes.zone_id as gcp_attributes_zone_id,
      gcp_attributes.local_ssd_count as gcp_attributes_local_ssd_count,
      driver_instance_pool_id,
      worker_instance_pool_id,
      dbr_version,
      change_time,
      change_date,
      data_security_mode,
      policy_id
    from system_bronze.compute_clusters
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.cluster_id <=> a.cluster_id
    where c.workspace_id is not null and c.cluster_id is not null
  ),

  -- One row for each key and time of change; of several the content decides, column by column.
  changes as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, cluster_id, change_time
      order by account_id desc nulls last, auto_termination_minutes desc nulls last,
        aws_attributes_availability desc nulls last, aws_attributes_ebs_volume_count desc nulls last,
        aws_attributes_ebs_volume_iops desc nulls last, aws_attributes_ebs_volume_size desc nulls last,
        aws_attributes_ebs_volume_throughput desc nulls last, aws_attributes_ebs_volume_type desc nulls last,
        aws_attributes_first_on_demand desc nulls last, aws_attributes_instance_profile_arn desc nulls last,
        aws_attributes_spot_bid_price_percent desc nulls last, aws_attributes_zone_id desc nulls last,
        azure_attributes_availability desc nulls last, azure_attributes_first_on_demand desc nulls last,
        azure_attributes_spot_bid_max_price desc nulls last, change_date desc nulls last, cluster_name desc nulls last,
        cluster_source desc nulls last, create_time desc nulls last, data_security_mode desc nulls last,
        dbr_version desc nulls last, delete_time desc nulls last, driver_instance_pool_id desc nulls last,
        driver_node_type desc nulls last, enable_elastic_disk desc nulls last,
        gcp_attributes_availability desc nulls last, gcp_attributes_boot_disk_size desc nulls last,
        gcp_attributes_google_service_account desc nulls last, gcp_attributes_local_ssd_count desc nulls last,
        gcp_attributes_use_preemptible_executors desc nulls last, gcp_attributes_zone_id desc nulls last,
        init_scripts desc nulls last, max_autoscale_workers desc nulls last, min_autoscale_workers desc nulls last,
        owned_by desc nulls last, policy_id desc nulls last, map_entries(tags) desc nulls last,
        worker_count desc nulls last, worker_instance_pool_id desc nulls last, worker_node_type desc nulls last
    ) as _rank from identified where change_time is not null)
    where _rank = 1
  ),

  -- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
  tracked as (
    select *, explode(array(struct(
        delete_time is not null, account_id, cluster_name, owned_by, create_time, driver_node_type, worker_node_type,
        worker_count, min_autoscale_workers, max_autoscale_workers, auto_termination_minutes, enable_elastic_disk,
        map_entries(tags), cluster_source, init_scripts, aws_attributes_first_on_demand, aws_attributes_availability,
        aws_attributes_zone_id, aws_attributes_instance_profile_arn, aws_attributes_spot_bid_price_percent,
        aws_attributes_ebs_volume_type, aws_attributes_ebs_volume_count, aws_attributes_ebs_volume_size,
        aws_attributes_ebs_volume_iops, aws_attributes_ebs_volume_throughput, azure_attributes_first_on_demand,
        azure_attributes_availability, azure_attributes_spot_bid_max_price, gcp_attributes_use_preemptible_executors,
        gcp_attributes_google_service_account, gcp_attributes_boot_disk_size, gcp_attributes_availability,
        gcp_attributes_zone_id, gcp_attributes_local_ssd_count, driver_instance_pool_id, worker_instance_pool_id,
        dbr_version, data_security_mode, policy_id
      ))) as _tracked
    from changes
  ),

  -- Whether a row says the same as the one before it; then both are one version, the first of them.
  compared as (
    select *, lag(_tracked) over (partition by workspace_id, cluster_id order by change_time) <=> _tracked as _is_same
    from tracked
  ),

  -- A version holds from its own time until that of the next one.
  versions as (
    select *,
      change_time as valid_from,
      lead(change_time) over (partition by workspace_id, cluster_id order by change_time) as valid_to
    from compared
    where not _is_same
  ),

  -- The last version of a key is open.
  timeline as (
    select *, valid_to is null as is_current, delete_time is not null as is_deleted
    from versions
  ),

  -- Derived columns.
  derived as (
    select
      *,
      case when dbr_version rlike '[0-9]+[.][0-9]+' then regexp_extract(dbr_version, '[0-9]+[.][0-9]+', 0) end as dbr_major_minor,
      max_autoscale_workers is not null as is_autoscaling
    from timeline
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(cluster_id) as string), ':', cluster_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
    from derived
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as cluster_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      cluster_key,
      account_id,
      workspace_id,
      cluster_id,
      cluster_name,
      owned_by,
      create_time,
      delete_time,
      driver_node_type,
      worker_node_type,
      worker_count,
      min_autoscale_workers,
      max_autoscale_workers,
      auto_termination_minutes,
      enable_elastic_disk,
      tags,
      cluster_source,
      init_scripts,
      aws_attributes_first_on_demand,
      aws_attributes_availability,
      aws_attributes_zone_id,
      aws_attributes_instance_profile_arn,
      aws_attributes_spot_bid_price_percent,
      aws_attributes_ebs_volume_type,
      aws_attributes_ebs_volume_count,
      aws_attributes_ebs_volume_size,
      aws_attributes_ebs_volume_iops,
      aws_attributes_ebs_volume_throughput,
      azure_attributes_first_on_demand,
      azure_attributes_availability,
      azure_attributes_spot_bid_max_price,
      gcp_attributes_use_preemptible_executors,
      gcp_attributes_google_service_account,
      gcp_attributes_boot_disk_size,
      gcp_attributes_availability,
      gcp_attributes_zone_id,
      gcp_attributes_local_ssd_count,
      driver_instance_pool_id,
      worker_instance_pool_id,
      dbr_version,
      change_time,
      change_date,
      data_security_mode,
      policy_id,
      dbr_major_minor,
      is_autoscaling,
      valid_from,
      valid_to,
      is_current,
      is_deleted,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from keyed
    union all
    -- The unknown member.
    select
      -1,
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as timestamp),
      cast(null as timestamp),
      cast(null as string),
      cast(null as string),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as boolean),
      cast(null as map<string,string>),
      cast(null as string),
      cast(null as array<string>),
      cast(null as bigint),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as bigint),
      cast(null as string),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as string),
      cast(null as double),
      cast(null as boolean),
      cast(null as string),
      cast(null as bigint),
      cast(null as string),
      cast(null as string),
      cast(null as bigint),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as timestamp),
      cast(null as date),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as boolean),
      timestamp_micros(0),
      cast(null as timestamp),
      true,
      false,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.cluster_key, c.account_id, c.workspace_id, c.cluster_id, c.cluster_name, c.owned_by, c.create_time,
      c.delete_time, c.driver_node_type, c.worker_node_type, c.worker_count, c.min_autoscale_workers,
      c.max_autoscale_workers, c.auto_termination_minutes, c.enable_elastic_disk, c.tags, c.cluster_source,
      c.init_scripts, c.aws_attributes_first_on_demand, c.aws_attributes_availability, c.aws_attributes_zone_id,
      c.aws_attributes_instance_profile_arn, c.aws_attributes_spot_bid_price_percent,
      c.aws_attributes_ebs_volume_type, c.aws_attributes_ebs_volume_count, c.aws_attributes_ebs_volume_size,
      c.aws_attributes_ebs_volume_iops, c.aws_attributes_ebs_volume_throughput, c.azure_attributes_first_on_demand,
      c.azure_attributes_availability, c.azure_attributes_spot_bid_max_price,
      c.gcp_attributes_use_preemptible_executors, c.gcp_attributes_google_service_account,
      c.gcp_attributes_boot_disk_size, c.gcp_attributes_availability, c.gcp_attributes_zone_id,
      c.gcp_attributes_local_ssd_count, c.driver_instance_pool_id, c.worker_instance_pool_id, c.dbr_version,
      c.change_time, c.change_date, c.data_security_mode, c.policy_id, c.dbr_major_minor, c.is_autoscaling,
      c.valid_from, c.valid_to, c.is_current, c.is_deleted, c._run_id, c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_cluster
  ) as h on h.cluster_key = c.cluster_key
  where case when h._is_held then not (
    h.cluster_key <=> c.cluster_key and h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id
      and h.cluster_id <=> c.cluster_id and h.cluster_name <=> c.cluster_name and h.owned_by <=> c.owned_by
      and h.create_time <=> c.create_time and h.delete_time <=> c.delete_time
      and h.driver_node_type <=> c.driver_node_type and h.worker_node_type <=> c.worker_node_type
      and h.worker_count <=> c.worker_count and h.min_autoscale_workers <=> c.min_autoscale_workers
      and h.max_autoscale_workers <=> c.max_autoscale_workers
      and h.auto_termination_minutes <=> c.auto_termination_minutes and h.enable_elastic_disk <=> c.enable_elastic_disk
      and map_entries(h.tags) <=> map_entries(c.tags) and h.cluster_source <=> c.cluster_source
      and h.init_scripts <=> c.init_scripts and h.aws_attributes_first_on_demand <=> c.aws_attributes_first_on_demand
      and h.aws_attributes_availability <=> c.aws_attributes_availability
      and h.aws_attributes_zone_id <=> c.aws_attributes_zone_id
      and h.aws_attributes_instance_profile_arn <=> c.aws_attributes_instance_profile_arn
      and h.aws_attributes_spot_bid_price_percent <=> c.aws_attributes_spot_bid_price_percent
      and h.aws_attributes_ebs_volume_type <=> c.aws_attributes_ebs_volume_type
      and h.aws_attributes_ebs_volume_count <=> c.aws_attributes_ebs_volume_count
      and h.aws_attributes_ebs_volume_size <=> c.aws_attributes_ebs_volume_size
      and h.aws_attributes_ebs_volume_iops <=> c.aws_attributes_ebs_volume_iops
      and h.aws_attributes_ebs_volume_throughput <=> c.aws_attributes_ebs_volume_throughput
      and h.azure_attributes_first_on_demand <=> c.azure_attributes_first_on_demand
      and h.azure_attributes_availability <=> c.azure_attributes_availability
      and h.azure_attributes_spot_bid_max_price <=> c.azure_attributes_spot_bid_max_price
      and h.gcp_attributes_use_preemptible_executors <=> c.gcp_attributes_use_preemptible_executors
      and h.gcp_attributes_google_service_account <=> c.gcp_attributes_google_service_account
      and h.gcp_attributes_boot_disk_size <=> c.gcp_attributes_boot_disk_size
      and h.gcp_attributes_availability <=> c.gcp_attributes_availability
      and h.gcp_attributes_zone_id <=> c.gcp_attributes_zone_id
      and h.gcp_attributes_local_ssd_count <=> c.gcp_attributes_local_ssd_count
      and h.driver_instance_pool_id <=> c.driver_instance_pool_id
      and h.worker_instance_pool_id <=> c.worker_instance_pool_id and h.dbr_version <=> c.dbr_version
      and h.change_time <=> c.change_time and h.change_date <=> c.change_date
      and h.data_security_mode <=> c.data_security_mode and h.policy_id <=> c.policy_id
      and h.dbr_major_minor <=> c.dbr_major_minor and h.is_autoscaling <=> c.is_autoscaling
      and h.valid_from <=> c.valid_from and h.valid_to <=> c.valid_to and h.is_current <=> c.is_current
      and h.is_deleted <=> c.is_deleted
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.cluster_key, h.account_id, h.workspace_id, h.cluster_id, h.cluster_name, h.owned_by, h.create_time,
      h.delete_time, h.driver_node_type, h.worker_node_type, h.worker_count, h.min_autoscale_workers,
      h.max_autoscale_workers, h.auto_termination_minutes, h.enable_elastic_disk, h.tags, h.cluster_source,
      h.init_scripts, h.aws_attributes_first_on_demand, h.aws_attributes_availability, h.aws_attributes_zone_id,
      h.aws_attributes_instance_profile_arn, h.aws_attributes_spot_bid_price_percent,
      h.aws_attributes_ebs_volume_type, h.aws_attributes_ebs_volume_count, h.aws_attributes_ebs_volume_size,
      h.aws_attributes_ebs_volume_iops, h.aws_attributes_ebs_volume_throughput, h.azure_attributes_first_on_demand,
      h.azure_attributes_availability, h.azure_attributes_spot_bid_max_price,
      h.gcp_attributes_use_preemptible_executors, h.gcp_attributes_google_service_account,
      h.gcp_attributes_boot_disk_size, h.gcp_attributes_availability, h.gcp_attributes_zone_id,
      h.gcp_attributes_local_ssd_count, h.driver_instance_pool_id, h.worker_instance_pool_id, h.dbr_version,
      h.change_time, h.change_date, h.data_security_mode, h.policy_id, h.dbr_major_minor, h.is_autoscaling,
      h.valid_from, h.valid_to, h.is_current, h.is_deleted, h._run_id, h._loaded_at, true as _is_stale
  from system_gold.dim_cluster as h
  left semi join affected as a on h.workspace_id <=> a.workspace_id and h.cluster_id <=> a.cluster_id
  left anti join computed as c on h.cluster_key = c.cluster_key
) as s
on t.cluster_key = s.cluster_key
when matched and s._is_stale then delete
when matched then update set cluster_key = s.cluster_key, account_id = s.account_id, workspace_id = s.workspace_id,
    cluster_id = s.cluster_id, cluster_name = s.cluster_name, owned_by = s.owned_by, create_time = s.create_time,
    delete_time = s.delete_time, driver_node_type = s.driver_node_type, worker_node_type = s.worker_node_type,
    worker_count = s.worker_count, min_autoscale_workers = s.min_autoscale_workers,
    max_autoscale_workers = s.max_autoscale_workers, auto_termination_minutes = s.auto_termination_minutes,
    enable_elastic_disk = s.enable_elastic_disk, tags = s.tags, cluster_source = s.cluster_source,
    init_scripts = s.init_scripts, aws_attributes_first_on_demand = s.aws_attributes_first_on_demand,
    aws_attributes_availability = s.aws_attributes_availability, aws_attributes_zone_id = s.aws_attributes_zone_id,
    aws_attributes_instance_profile_arn = s.aws_attributes_instance_profile_arn,
    aws_attributes_spot_bid_price_percent = s.aws_attributes_spot_bid_price_percent,
    aws_attributes_ebs_volume_type = s.aws_attributes_ebs_volume_type,
    aws_attributes_ebs_volume_count = s.aws_attributes_ebs_volume_count,
    aws_attributes_ebs_volume_size = s.aws_attributes_ebs_volume_size,
    aws_attributes_ebs_volume_iops = s.aws_attributes_ebs_volume_iops,
    aws_attributes_ebs_volume_throughput = s.aws_attributes_ebs_volume_throughput,
    azure_attributes_first_on_demand = s.azure_attributes_first_on_demand,
    azure_attributes_availability = s.azure_attributes_availability,
    azure_attributes_spot_bid_max_price = s.azure_attributes_spot_bid_max_price,
    gcp_attributes_use_preemptible_executors = s.gcp_attributes_use_preemptible_executors,
    gcp_attributes_google_service_account = s.gcp_attributes_google_service_account,
    gcp_attributes_boot_disk_size = s.gcp_attributes_boot_disk_size,
    gcp_attributes_availability = s.gcp_attributes_availability, gcp_attributes_zone_id = s.gcp_attributes_zone_id,
    gcp_attributes_local_ssd_count = s.gcp_attributes_local_ssd_count,
    driver_instance_pool_id = s.driver_instance_pool_id, worker_instance_pool_id = s.worker_instance_pool_id,
    dbr_version = s.dbr_version, change_time = s.change_time, change_date = s.change_date,
    data_security_mode = s.data_security_mode, policy_id = s.policy_id, dbr_major_minor = s.dbr_major_minor,
    is_autoscaling = s.is_autoscaling, valid_from = s.valid_from, valid_to = s.valid_to, is_current = s.is_current,
    is_deleted = s.is_deleted, _run_id = s._run_id, _loaded_at = s._loaded_at
when not matched then insert (cluster_key, account_id, workspace_id, cluster_id, cluster_name, owned_by, create_time, delete_time,
    driver_node_type, worker_node_type, worker_count, min_autoscale_workers, max_autoscale_workers,
    auto_termination_minutes, enable_elastic_disk, tags, cluster_source, init_scripts,
    aws_attributes_first_on_demand, aws_attributes_availability, aws_attributes_zone_id,
    aws_attributes_instance_profile_arn, aws_attributes_spot_bid_price_percent, aws_attributes_ebs_volume_type,
    aws_attributes_ebs_volume_count, aws_attributes_ebs_volume_size, aws_attributes_ebs_volume_iops,
    aws_attributes_ebs_volume_throughput, azure_attributes_first_on_demand, azure_attributes_availability,
    azure_attributes_spot_bid_max_price, gcp_attributes_use_preemptible_executors,
    gcp_attributes_google_service_account, gcp_attributes_boot_disk_size, gcp_attributes_availability,
    gcp_attributes_zone_id, gcp_attributes_local_ssd_count, driver_instance_pool_id, worker_instance_pool_id,
    dbr_version, change_time, change_date, data_security_mode, policy_id, dbr_major_minor, is_autoscaling,
    valid_from, valid_to, is_current, is_deleted, _run_id, _loaded_at)
  values (s.cluster_key, s.account_id, s.workspace_id, s.cluster_id, s.cluster_name, s.owned_by, s.create_time,
    s.delete_time, s.driver_node_type, s.worker_node_type, s.worker_count, s.min_autoscale_workers,
    s.max_autoscale_workers, s.auto_termination_minutes, s.enable_elastic_disk, s.tags, s.cluster_source,
    s.init_scripts, s.aws_attributes_first_on_demand, s.aws_attributes_availability, s.aws_attributes_zone_id,
    s.aws_attributes_instance_profile_arn, s.aws_attributes_spot_bid_price_percent,
    s.aws_attributes_ebs_volume_type, s.aws_attributes_ebs_volume_count, s.aws_attributes_ebs_volume_size,
    s.aws_attributes_ebs_volume_iops, s.aws_attributes_ebs_volume_throughput, s.azure_attributes_first_on_demand,
    s.azure_attributes_availability, s.azure_attributes_spot_bid_max_price,
    s.gcp_attributes_use_preemptible_executors, s.gcp_attributes_google_service_account,
    s.gcp_attributes_boot_disk_size, s.gcp_attributes_availability, s.gcp_attributes_zone_id,
    s.gcp_attributes_local_ssd_count, s.driver_instance_pool_id, s.worker_instance_pool_id, s.dbr_version,
    s.change_time, s.change_date, s.data_security_mode, s.policy_id, s.dbr_major_minor, s.is_autoscaling,
    s.valid_from, s.valid_to, s.is_current, s.is_deleted, s._run_id, s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_cluster' and not (`position` <=> next_position);
