-- compute.clusters: Configurations of all-purpose, job and pipeline clusters on classic compute, one row per change.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.compute_clusters (
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
  aws_attributes struct<first_on_demand:bigint,availability:string,zone_id:string,instance_profile_arn:string,spot_bid_price_percent:bigint,ebs_volume_type:string,ebs_volume_count:bigint,ebs_volume_size:bigint,ebs_volume_iops:bigint,ebs_volume_throughput:bigint> comment 'Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  azure_attributes struct<first_on_demand:bigint,availability:string,spot_bid_max_price:double> comment 'Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  gcp_attributes struct<use_preemptible_executors:boolean,google_service_account:string,boot_disk_size:bigint,availability:string,zone_id:string,local_ssd_count:bigint> comment 'Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  driver_instance_pool_id string comment 'Instance pool of the driver; null when it comes from none.',
  worker_instance_pool_id string comment 'Instance pool of the workers; null when they come from none.',
  dbr_version string comment 'Version text of the Databricks Runtime, for instance 15.4.x-scala2.12.',
  change_time timestamp comment 'When the configuration changed; orders the rows of a cluster.',
  change_date date comment 'UTC date of the change.',
  data_security_mode string comment 'Access mode of the cluster, for instance USER_ISOLATION or SINGLE_USER; null in older rows.',
  policy_id string comment 'Cluster policy that the cluster was created with; null when there is none.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Configurations of all-purpose, job and pipeline clusters on classic compute, one row per change.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.compute_clusters (
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
  aws_attributes struct<first_on_demand:bigint,availability:string,zone_id:string,instance_profile_arn:string,spot_bid_price_percent:bigint,ebs_volume_type:string,ebs_volume_count:bigint,ebs_volume_size:bigint,ebs_volume_iops:bigint,ebs_volume_throughput:bigint> comment 'Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  azure_attributes struct<first_on_demand:bigint,availability:string,spot_bid_max_price:double> comment 'Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  gcp_attributes struct<use_preemptible_executors:boolean,google_service_account:string,boot_disk_size:bigint,availability:string,zone_id:string,local_ssd_count:bigint> comment 'Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  driver_instance_pool_id string comment 'Instance pool of the driver; null when it comes from none.',
  worker_instance_pool_id string comment 'Instance pool of the workers; null when they come from none.',
  dbr_version string comment 'Version text of the Databricks Runtime, for instance 15.4.x-scala2.12.',
  change_time timestamp comment 'When the configuration changed; orders the rows of a cluster.',
  change_date date comment 'UTC date of the change.',
  data_security_mode string comment 'Access mode of the cluster, for instance USER_ISOLATION or SINGLE_USER; null in older rows.',
  policy_id string comment 'Cluster policy that the cluster was created with; null when there is none.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of compute.clusters that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.compute_clusters (
    account_id, workspace_id, cluster_id, cluster_name, owned_by, create_time, delete_time, driver_node_type,
    worker_node_type, worker_count, min_autoscale_workers, max_autoscale_workers, auto_termination_minutes,
    enable_elastic_disk, tags, cluster_source, init_scripts, aws_attributes, azure_attributes, gcp_attributes,
    driver_instance_pool_id, worker_instance_pool_id, dbr_version, change_time, change_date, data_security_mode,
    policy_id, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.cluster_id, d.cluster_name, d.owned_by, d.create_time, d.delete_time,
    d.driver_node_type, d.worker_node_type, d.worker_count, d.min_autoscale_workers, d.max_autoscale_workers,
    d.auto_termination_minutes, d.enable_elastic_disk, d.tags, d.cluster_source, d.init_scripts, d.aws_attributes,
    d.azure_attributes, d.gcp_attributes, d.driver_instance_pool_id, d.worker_instance_pool_id, d.dbr_version,
    d.change_time, d.change_date, d.data_security_mode, d.policy_id,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.cluster_id, d.cluster_name, d.owned_by, d.create_time, d.delete_time,
    d.driver_node_type, d.worker_node_type, d.worker_count, d.min_autoscale_workers, d.max_autoscale_workers,
    d.auto_termination_minutes, d.enable_elastic_disk, d.tags, d.cluster_source, d.init_scripts, d.aws_attributes,
    d.azure_attributes, d.gcp_attributes, d.driver_instance_pool_id, d.worker_instance_pool_id, d.dbr_version,
    d.change_time, d.change_date, d.data_security_mode, d.policy_id))), current_timestamp()
from (
  select *, case when workspace_id is null and cluster_id is null and change_time is null then 'key (workspace_id, cluster_id, change_time) is null' when workspace_id is null and cluster_id is null then 'key (workspace_id, cluster_id) is null' when change_time is null then 'change time change_time is null' end as _reason
  from system.compute.clusters
) as d
left anti join system_quarantine.compute_clusters as b
  on d.workspace_id <=> b.workspace_id and d.cluster_id <=> b.cluster_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.cluster_name, d.owned_by, d.create_time, d.delete_time, d.driver_node_type, d.worker_node_type,
    d.worker_count, d.min_autoscale_workers, d.max_autoscale_workers, d.auto_termination_minutes,
    d.enable_elastic_disk, to_json(d.tags), d.cluster_source, d.init_scripts, d.aws_attributes, d.azure_attributes,
    d.gcp_attributes, d.driver_instance_pool_id, d.worker_instance_pool_id, d.dbr_version, d.change_date,
    d.data_security_mode, d.policy_id)
  <=> struct(b.account_id, b.cluster_name, b.owned_by, b.create_time, b.delete_time, b.driver_node_type, b.worker_node_type,
    b.worker_count, b.min_autoscale_workers, b.max_autoscale_workers, b.auto_termination_minutes,
    b.enable_elastic_disk, to_json(b.tags), b.cluster_source, b.init_scripts, b.aws_attributes, b.azure_attributes,
    b.gcp_attributes, b.driver_instance_pool_id, b.worker_instance_pool_id, b.dbr_version, b.change_date,
    b.data_security_mode, b.policy_id)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.compute_clusters (
    account_id, workspace_id, cluster_id, cluster_name, owned_by, create_time, delete_time, driver_node_type,
    worker_node_type, worker_count, min_autoscale_workers, max_autoscale_workers, auto_termination_minutes,
    enable_elastic_disk, tags, cluster_source, init_scripts, aws_attributes, azure_attributes, gcp_attributes,
    driver_instance_pool_id, worker_instance_pool_id, dbr_version, change_time, change_date, data_security_mode,
    policy_id, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.cluster_id, d.cluster_name, d.owned_by, d.create_time, d.delete_time,
    d.driver_node_type, d.worker_node_type, d.worker_count, d.min_autoscale_workers, d.max_autoscale_workers,
    d.auto_termination_minutes, d.enable_elastic_disk, d.tags, d.cluster_source, d.init_scripts, d.aws_attributes,
    d.azure_attributes, d.gcp_attributes, d.driver_instance_pool_id, d.worker_instance_pool_id, d.dbr_version,
    d.change_time, d.change_date, d.data_security_mode, d.policy_id,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.compute.clusters
  where not (workspace_id is null and cluster_id is null and change_time is null)
    and not (workspace_id is null and cluster_id is null)
    and not (change_time is null)
) as d
left anti join system_bronze.compute_clusters as b
  on d.workspace_id <=> b.workspace_id and d.cluster_id <=> b.cluster_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.cluster_name, d.owned_by, d.create_time, d.delete_time, d.driver_node_type, d.worker_node_type,
    d.worker_count, d.min_autoscale_workers, d.max_autoscale_workers, d.auto_termination_minutes,
    d.enable_elastic_disk, to_json(d.tags), d.cluster_source, d.init_scripts, d.aws_attributes, d.azure_attributes,
    d.gcp_attributes, d.driver_instance_pool_id, d.worker_instance_pool_id, d.dbr_version, d.change_date,
    d.data_security_mode, d.policy_id)
  <=> struct(b.account_id, b.cluster_name, b.owned_by, b.create_time, b.delete_time, b.driver_node_type, b.worker_node_type,
    b.worker_count, b.min_autoscale_workers, b.max_autoscale_workers, b.auto_termination_minutes,
    b.enable_elastic_disk, to_json(b.tags), b.cluster_source, b.init_scripts, b.aws_attributes, b.azure_attributes,
    b.gcp_attributes, b.driver_instance_pool_id, b.worker_instance_pool_id, b.dbr_version, b.change_date,
    b.data_security_mode, b.policy_id);
