-- Generated from models/ by `cargo xtask generate`; do not edit.
--   goldsmith catalog --catalog main --target s3://bucket/lake --layer gold

-- gold
CREATE SCHEMA IF NOT EXISTS `main`.`system_gold`;
COMMENT ON SCHEMA `main`.`system_gold` IS 'Star schema over the system tables: dimensions and facts. Written by goldsmith; read only.';

-- gold: dim_account_price
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_account_price` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_account_price';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_account_price` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_account_price` IS 'Prices agreed with the account, one row for each interval in which a price holds. Empty where the workspace has no such table; costs at account price are null then.';
ALTER TABLE `main`.`system_gold`.`dim_account_price` ALTER COLUMN
  `account_price_key` COMMENT 'Surrogate key, computed from the business key; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `price_start_time` COMMENT 'First instant at which the price holds.',
  `price_end_time` COMMENT 'First instant at which the price no longer holds; null while it does.',
  `sku_name` COMMENT 'Name of the SKU that is priced.',
  `cloud` COMMENT 'Cloud that the price is for (AWS, AZURE or GCP).',
  `currency_code` COMMENT 'Currency of the price, as an ISO 4217 code.',
  `usage_unit` COMMENT 'Unit of usage that the price is for, for instance DBU.',
  `pricing_default` COMMENT 'Field `default` of `pricing`: Price of one unit at the terms of the account.',
  `unit_price` COMMENT 'Price of one unit at the terms of the account.',
  `is_current` COMMENT 'Whether the price has no end yet.';
ALTER TABLE `main`.`system_gold`.`dim_account_price` SET TAGS ('layer' = 'gold', 'domain' = 'billing', 'kind' = 'dimension', 'cost' = 'true');

-- gold: dim_cluster
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_cluster` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_cluster';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_cluster` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_cluster` IS 'Clusters on classic compute with the history of their configurations.';
ALTER TABLE `main`.`system_gold`.`dim_cluster` ALTER COLUMN
  `cluster_key` COMMENT 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the cluster.',
  `cluster_id` COMMENT 'Id of the cluster, unique within its workspace.',
  `cluster_name` COMMENT 'Name of the cluster.',
  `owned_by` COMMENT 'Principal that owns the cluster, by default its creator.',
  `create_time` COMMENT 'When the cluster was created.',
  `delete_time` COMMENT 'When the cluster was deleted; null while it exists.',
  `driver_node_type` COMMENT 'Node type of the driver.',
  `worker_node_type` COMMENT 'Node type of the workers.',
  `worker_count` COMMENT 'Number of workers of a cluster of fixed size; null when it autoscales.',
  `min_autoscale_workers` COMMENT 'Least number of workers of an autoscaling cluster; null when its size is fixed.',
  `max_autoscale_workers` COMMENT 'Greatest number of workers of an autoscaling cluster; null when its size is fixed.',
  `auto_termination_minutes` COMMENT 'Idle minutes after which the cluster terminates; 0 or null when it does not.',
  `enable_elastic_disk` COMMENT 'Whether local storage grows by itself.',
  `tags` COMMENT 'Tags that users set on the cluster, without the default tags, by name; null or empty when there are none.',
  `cluster_source` COMMENT 'What created the cluster, for instance UI, API, JOB, PIPELINE or PIPELINE_MAINTENANCE.',
  `init_scripts` COMMENT 'Paths of the init scripts in the order of their execution; null or empty when there are none.',
  `aws_attributes_first_on_demand` COMMENT 'Field `first_on_demand` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_availability` COMMENT 'Field `availability` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_zone_id` COMMENT 'Field `zone_id` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_instance_profile_arn` COMMENT 'Field `instance_profile_arn` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_spot_bid_price_percent` COMMENT 'Field `spot_bid_price_percent` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_ebs_volume_type` COMMENT 'Field `ebs_volume_type` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_ebs_volume_count` COMMENT 'Field `ebs_volume_count` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_ebs_volume_size` COMMENT 'Field `ebs_volume_size` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_ebs_volume_iops` COMMENT 'Field `ebs_volume_iops` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `aws_attributes_ebs_volume_throughput` COMMENT 'Field `ebs_volume_throughput` of `aws_attributes`: Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `azure_attributes_first_on_demand` COMMENT 'Field `first_on_demand` of `azure_attributes`: Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  `azure_attributes_availability` COMMENT 'Field `availability` of `azure_attributes`: Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  `azure_attributes_spot_bid_max_price` COMMENT 'Field `spot_bid_max_price` of `azure_attributes`: Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  `gcp_attributes_use_preemptible_executors` COMMENT 'Field `use_preemptible_executors` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  `gcp_attributes_google_service_account` COMMENT 'Field `google_service_account` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  `gcp_attributes_boot_disk_size` COMMENT 'Field `boot_disk_size` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  `gcp_attributes_availability` COMMENT 'Field `availability` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  `gcp_attributes_zone_id` COMMENT 'Field `zone_id` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  `gcp_attributes_local_ssd_count` COMMENT 'Field `local_ssd_count` of `gcp_attributes`: Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  `driver_instance_pool_id` COMMENT 'Instance pool of the driver; null when it comes from none.',
  `worker_instance_pool_id` COMMENT 'Instance pool of the workers; null when they come from none.',
  `dbr_version` COMMENT 'Version text of the Databricks Runtime, for instance 15.4.x-scala2.12.',
  `change_time` COMMENT 'When the configuration changed; orders the rows of a cluster.',
  `change_date` COMMENT 'UTC date of the change.',
  `data_security_mode` COMMENT 'Access mode of the cluster, for instance USER_ISOLATION or SINGLE_USER; null in older rows.',
  `policy_id` COMMENT 'Cluster policy that the cluster was created with; null when there is none.',
  `dbr_major_minor` COMMENT 'Major and minor version of the Databricks Runtime, for instance 15.4; null when the version text has none.',
  `is_autoscaling` COMMENT 'Whether the number of workers adapts to the load; never null.',
  `valid_from` COMMENT 'First instant of the version.',
  `valid_to` COMMENT 'First instant after the version; null while it is open.',
  `is_current` COMMENT 'Whether the version is open.',
  `is_deleted` COMMENT 'Whether delete_time is set in this version.';
ALTER TABLE `main`.`system_gold`.`dim_cluster` SET TAGS ('layer' = 'gold', 'domain' = 'compute', 'kind' = 'dimension', 'performance' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_cluster` ALTER COLUMN `owned_by` SET TAGS ('pii' = 'true');

-- gold: dim_date
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_date` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_date';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_date` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_date` IS 'Calendar that covers every date that a fact holds, with the configured fiscal year. Its date_key is the date as yyyymmdd.';
ALTER TABLE `main`.`system_gold`.`dim_date` ALTER COLUMN
  `date_key` COMMENT 'Surrogate key: the date as yyyymmdd; -1 is the unknown member.',
  `date` COMMENT 'The date.',
  `year` COMMENT 'Calendar year.',
  `quarter` COMMENT 'Quarter of the calendar year, 1 to 4.',
  `month` COMMENT 'Month of the year, 1 to 12.',
  `month_name` COMMENT 'English name of the month, in full.',
  `week_of_year` COMMENT 'ISO week, 1 to 53; the first days of January can be in the last week of the year before.',
  `day_of_month` COMMENT 'Day of the month, 1 to 31.',
  `day_of_week` COMMENT 'Day of the week, from 1 for Monday to 7 for Sunday.',
  `day_name` COMMENT 'English name of the day of the week, in full.',
  `is_weekend` COMMENT 'Whether the date is a Saturday or a Sunday.',
  `is_month_end` COMMENT 'Whether the date is the last one of its month.',
  `fiscal_year` COMMENT 'Fiscal year, named by the calendar year in which it ends.',
  `fiscal_quarter` COMMENT 'Quarter of the fiscal year, 1 to 4.';
ALTER TABLE `main`.`system_gold`.`dim_date` SET TAGS ('layer' = 'gold', 'domain' = 'shared', 'kind' = 'dimension');

-- gold: dim_experiment
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_experiment` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_experiment';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_experiment` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_experiment` IS 'MLflow experiments in their latest state; deleted ones stay and are marked.';
ALTER TABLE `main`.`system_gold`.`dim_experiment` ALTER COLUMN
  `experiment_key` COMMENT 'Surrogate key, computed from the business key; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `update_time` COMMENT 'When the experiment last changed; orders the versions of a row.',
  `delete_time` COMMENT 'When the experiment was deleted; null while it exists.',
  `workspace_id` COMMENT 'Workspace of the experiment.',
  `experiment_id` COMMENT 'Id of the experiment, unique within its workspace.',
  `name` COMMENT 'Name of the experiment, usually a path.',
  `create_time` COMMENT 'When the experiment was created.',
  `is_deleted` COMMENT 'Whether the experiment was deleted; never null.';
ALTER TABLE `main`.`system_gold`.`dim_experiment` SET TAGS ('layer' = 'gold', 'domain' = 'mlflow', 'kind' = 'dimension', 'ml' = 'true');

-- gold: dim_job
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_job` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_job';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_job` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_job` IS 'Jobs with the history of their definitions. The numeric creator_id is resolved through dim_user.user_id.';
ALTER TABLE `main`.`system_gold`.`dim_job` ALTER COLUMN
  `job_key` COMMENT 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Id of the job, unique within its workspace.',
  `name` COMMENT 'Name of the job.',
  `creator_id` COMMENT 'Numeric user id of the principal that created the job.',
  `tags` COMMENT 'Tags of the job by name; null or empty when there are none.',
  `run_as` COMMENT 'Principal whose permissions the job runs with.',
  `change_time` COMMENT 'When the job changed; orders the rows of a job.',
  `delete_time` COMMENT 'When the job was deleted; null while it exists.',
  `description` COMMENT 'Description that users gave to the job; null when there is none and in older rows.',
  `valid_from` COMMENT 'First instant of the version.',
  `valid_to` COMMENT 'First instant after the version; null while it is open.',
  `is_current` COMMENT 'Whether the version is open.',
  `is_deleted` COMMENT 'Whether delete_time is set in this version.';
ALTER TABLE `main`.`system_gold`.`dim_job` SET TAGS ('layer' = 'gold', 'domain' = 'lakeflow', 'kind' = 'dimension', 'reliability' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_job` ALTER COLUMN `creator_id` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_job` ALTER COLUMN `run_as` SET TAGS ('pii' = 'true');

-- gold: dim_job_task
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_job_task` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_job_task';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_job_task` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_job_task` IS 'Tasks of jobs with the history of their definitions.';
ALTER TABLE `main`.`system_gold`.`dim_job_task` ALTER COLUMN
  `job_task_key` COMMENT 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Job that the task belongs to; unique within its workspace only.',
  `task_key` COMMENT 'Key of the task, unique within its job.',
  `depends_on_keys` COMMENT 'Keys of the tasks that have to end first; null or empty when there are none.',
  `change_time` COMMENT 'When the task changed; orders the rows of a task.',
  `delete_time` COMMENT 'When the task was deleted; null while it exists.',
  `valid_from` COMMENT 'First instant of the version.',
  `valid_to` COMMENT 'First instant after the version; null while it is open.',
  `is_current` COMMENT 'Whether the version is open.',
  `is_deleted` COMMENT 'Whether delete_time is set in this version.';
ALTER TABLE `main`.`system_gold`.`dim_job_task` SET TAGS ('layer' = 'gold', 'domain' = 'lakeflow', 'kind' = 'dimension', 'reliability' = 'true');

-- gold: dim_list_price
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_list_price` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_list_price';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_list_price` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_list_price` IS 'Published prices of all SKUs, one row for each interval in which a price holds. The interval is half-open, start <= t < end.';
ALTER TABLE `main`.`system_gold`.`dim_list_price` ALTER COLUMN
  `list_price_key` COMMENT 'Surrogate key, computed from the business key; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `price_start_time` COMMENT 'First instant at which the price holds.',
  `price_end_time` COMMENT 'First instant at which the price no longer holds; null while it does.',
  `sku_name` COMMENT 'Name of the SKU that is priced.',
  `cloud` COMMENT 'Cloud that the price is for (AWS, AZURE or GCP).',
  `currency_code` COMMENT 'Currency of the price, as an ISO 4217 code.',
  `usage_unit` COMMENT 'Unit of usage that the price is for, for instance DBU.',
  `pricing_default` COMMENT 'Field `default` of `pricing`: Prices of one unit. The list price (default), the promotional price while there is one (else null), and the list price in effect once promotions are applied (effective_list).',
  `pricing_promotional_default` COMMENT 'Field `promotional.default` of `pricing`: Prices of one unit. The list price (default), the promotional price while there is one (else null), and the list price in effect once promotions are applied (effective_list).',
  `pricing_effective_list_default` COMMENT 'Field `effective_list.default` of `pricing`: Prices of one unit. The list price (default), the promotional price while there is one (else null), and the list price in effect once promotions are applied (effective_list).',
  `unit_price` COMMENT 'Price of one unit, the list price in effect, else the promotional price, else the list price.',
  `is_current` COMMENT 'Whether the price has no end yet.';
ALTER TABLE `main`.`system_gold`.`dim_list_price` SET TAGS ('layer' = 'gold', 'domain' = 'billing', 'kind' = 'dimension', 'cost' = 'true');

-- gold: dim_node_type
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_node_type` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_node_type';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_node_type` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_node_type` IS 'Node types with their hardware. One account\'s types are another\'s, so the row that was delivered last stands for a type.';
ALTER TABLE `main`.`system_gold`.`dim_node_type` ALTER COLUMN
  `node_type_key` COMMENT 'Surrogate key, computed from the business key; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `node_type` COMMENT 'Name of the node type, as its cloud provider calls it.',
  `core_count` COMMENT 'Number of virtual CPUs; can be a fraction.',
  `memory_mb` COMMENT 'Memory, in megabytes.',
  `gpu_count` COMMENT 'Number of GPUs; 0 when there are none.';
ALTER TABLE `main`.`system_gold`.`dim_node_type` SET TAGS ('layer' = 'gold', 'domain' = 'compute', 'kind' = 'dimension', 'performance' = 'true');

-- gold: dim_pipeline
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_pipeline` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_pipeline';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_pipeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_pipeline` IS 'Pipelines with the history of their definitions.';
ALTER TABLE `main`.`system_gold`.`dim_pipeline` ALTER COLUMN
  `pipeline_key` COMMENT 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  `workspace_id` COMMENT 'Workspace of the pipeline.',
  `pipeline_id` COMMENT 'Id of the pipeline, unique within its workspace.',
  `pipeline_type` COMMENT 'Kind of the pipeline, for instance ETL_PIPELINE, MATERIALIZED_VIEW or STREAMING_TABLE.',
  `name` COMMENT 'Name of the pipeline.',
  `created_by` COMMENT 'Principal that created the pipeline, an email address or the UUID of a service principal.',
  `run_as` COMMENT 'Principal whose permissions the pipeline runs with.',
  `tags` COMMENT 'Tags of the pipeline by name; null or empty when there are none.',
  `settings_photon` COMMENT 'Field `photon` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  `settings_development` COMMENT 'Field `development` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  `settings_continuous` COMMENT 'Field `continuous` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  `settings_serverless` COMMENT 'Field `serverless` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  `settings_edition` COMMENT 'Field `edition` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  `settings_channel` COMMENT 'Field `channel` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  `configuration` COMMENT 'Configuration that users set on the pipeline, by name; null or empty when there is none.',
  `change_time` COMMENT 'When the pipeline changed; orders the rows of a pipeline.',
  `delete_time` COMMENT 'When the pipeline was deleted; null while it exists.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `valid_from` COMMENT 'First instant of the version.',
  `valid_to` COMMENT 'First instant after the version; null while it is open.',
  `is_current` COMMENT 'Whether the version is open.',
  `is_deleted` COMMENT 'Whether delete_time is set in this version.';
ALTER TABLE `main`.`system_gold`.`dim_pipeline` SET TAGS ('layer' = 'gold', 'domain' = 'lakeflow', 'kind' = 'dimension', 'reliability' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_pipeline` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_pipeline` ALTER COLUMN `run_as` SET TAGS ('pii' = 'true');

-- gold: dim_served_entity
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_served_entity` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_served_entity';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_served_entity` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_served_entity` IS 'Models and functions behind serving endpoints with the history of their configurations.';
ALTER TABLE `main`.`system_gold`.`dim_served_entity` ALTER COLUMN
  `served_entity_key` COMMENT 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  `served_entity_id` COMMENT 'Id of the served entity.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the serving endpoint.',
  `created_by` COMMENT 'Principal that created the served entity.',
  `endpoint_name` COMMENT 'Name of the serving endpoint.',
  `endpoint_id` COMMENT 'Id of the serving endpoint.',
  `served_entity_name` COMMENT 'Name of the served entity within its endpoint.',
  `entity_type` COMMENT 'Kind of the entity, for instance CUSTOM_MODEL, FOUNDATION_MODEL, EXTERNAL_MODEL or FEATURE_SPEC.',
  `entity_name` COMMENT 'Name of what is served, for instance the full name of a model in Unity Catalog.',
  `entity_version` COMMENT 'Version of what is served; null when it has none.',
  `endpoint_config_version` COMMENT 'Version of the configuration of the endpoint that the row belongs to.',
  `task` COMMENT 'Task of the model, for instance llm/v1/chat or llm/v1/embeddings; null when it has none.',
  `external_model_config_provider` COMMENT 'Field `provider` of `external_model_config`: Provider of an external model; null for other kinds.',
  `foundation_model_config_min_provisioned_throughput` COMMENT 'Field `min_provisioned_throughput` of `foundation_model_config`: Bounds of the provisioned throughput of a foundation model; null for other kinds.',
  `foundation_model_config_max_provisioned_throughput` COMMENT 'Field `max_provisioned_throughput` of `foundation_model_config`: Bounds of the provisioned throughput of a foundation model; null for other kinds.',
  `custom_model_config_min_concurrency` COMMENT 'Field `min_concurrency` of `custom_model_config`: Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  `custom_model_config_max_concurrency` COMMENT 'Field `max_concurrency` of `custom_model_config`: Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  `custom_model_config_compute_type` COMMENT 'Field `compute_type` of `custom_model_config`: Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  `feature_spec_config_min_concurrency` COMMENT 'Field `min_concurrency` of `feature_spec_config`: Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  `feature_spec_config_max_concurrency` COMMENT 'Field `max_concurrency` of `feature_spec_config`: Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  `feature_spec_config_compute_type` COMMENT 'Field `compute_type` of `feature_spec_config`: Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  `change_time` COMMENT 'When the served entity changed; orders the rows of an entity.',
  `endpoint_delete_time` COMMENT 'When the endpoint was deleted; null while it exists.',
  `valid_from` COMMENT 'First instant of the version.',
  `valid_to` COMMENT 'First instant after the version; null while it is open.',
  `is_current` COMMENT 'Whether the version is open.',
  `is_deleted` COMMENT 'Whether endpoint_delete_time is set in this version.';
ALTER TABLE `main`.`system_gold`.`dim_served_entity` SET TAGS ('layer' = 'gold', 'domain' = 'serving', 'kind' = 'dimension', 'ml' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_served_entity` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- gold: dim_sku
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_sku` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_sku';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_sku` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_sku` IS 'SKUs that were used or are priced, with what their names tell about tier and features.';
ALTER TABLE `main`.`system_gold`.`dim_sku` ALTER COLUMN
  `sku_key` COMMENT 'Surrogate key, computed from the business key; -1 is the unknown member.',
  `sku_name` COMMENT 'Name of the SKU that was used.',
  `cloud` COMMENT 'Cloud on which the usage arose (AWS, AZURE or GCP).',
  `usage_unit` COMMENT 'Unit in which the SKU is measured, of the usage or price that starts last.',
  `first_usage_date` COMMENT 'First date on which the SKU was used; null when it is only priced.',
  `last_usage_date` COMMENT 'Last date on which the SKU was used; null when it is only priced.',
  `sku_tier` COMMENT 'STANDARD, PREMIUM or ENTERPRISE when the name begins with that word and an underscore, else null.',
  `is_serverless` COMMENT 'Whether the name of the SKU contains SERVERLESS.',
  `is_photon` COMMENT 'Whether the name of the SKU contains PHOTON.';
ALTER TABLE `main`.`system_gold`.`dim_sku` SET TAGS ('layer' = 'gold', 'domain' = 'billing', 'kind' = 'dimension', 'cost' = 'true');

-- gold: dim_user
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_user` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_user';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_user` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_user` IS 'Principals that appear in any source, that is users by email address, service principals by UUID and internal names such as System-User. Redacted names are one member, __REDACTED__.';
ALTER TABLE `main`.`system_gold`.`dim_user` ALTER COLUMN
  `user_key` COMMENT 'Surrogate key, computed from the business key; -1 is the unknown member.',
  `user_name` COMMENT 'Part of the business key.',
  `user_id` COMMENT 'Numeric user id, of the statement that the principal ran and that was updated last; null when it ran none.',
  `first_seen_time` COMMENT 'First time at which the principal appears in a source.',
  `last_seen_time` COMMENT 'Last time at which the principal appears in a source.',
  `is_service_principal` COMMENT 'Whether the name is a UUID, as that of a service principal is.',
  `email_domain` COMMENT 'What follows the last @ of the name; null when there is none.';
ALTER TABLE `main`.`system_gold`.`dim_user` SET TAGS ('layer' = 'gold', 'domain' = 'shared', 'kind' = 'dimension', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_user` ALTER COLUMN `user_name` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_user` ALTER COLUMN `user_id` SET TAGS ('pii' = 'true');

-- gold: dim_warehouse
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_warehouse` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_warehouse';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_warehouse` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_warehouse` IS 'SQL warehouses with the history of their configurations.';
ALTER TABLE `main`.`system_gold`.`dim_warehouse` ALTER COLUMN
  `warehouse_key` COMMENT 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  `warehouse_id` COMMENT 'Id of the warehouse, unique within its workspace.',
  `workspace_id` COMMENT 'Workspace of the warehouse.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `warehouse_name` COMMENT 'Name of the warehouse.',
  `warehouse_type` COMMENT 'Type of the warehouse, CLASSIC, PRO or SERVERLESS.',
  `warehouse_channel` COMMENT 'Release channel of the warehouse, for instance CURRENT or PREVIEW.',
  `warehouse_size` COMMENT 'Size of one cluster of the warehouse, for instance X_SMALL or MEDIUM.',
  `min_clusters` COMMENT 'Least number of clusters that the warehouse runs.',
  `max_clusters` COMMENT 'Greatest number of clusters that the warehouse scales out to.',
  `auto_stop_minutes` COMMENT 'Idle minutes after which the warehouse stops; 0 when it does not.',
  `tags` COMMENT 'Tags of the warehouse by name; null or empty when there are none.',
  `change_time` COMMENT 'When the configuration changed; orders the rows of a warehouse.',
  `delete_time` COMMENT 'When the warehouse was deleted; null while it exists.',
  `created_by` COMMENT 'Principal that created the warehouse; null in older rows.',
  `valid_from` COMMENT 'First instant of the version.',
  `valid_to` COMMENT 'First instant after the version; null while it is open.',
  `is_current` COMMENT 'Whether the version is open.',
  `is_deleted` COMMENT 'Whether delete_time is set in this version.';
ALTER TABLE `main`.`system_gold`.`dim_warehouse` SET TAGS ('layer' = 'gold', 'domain' = 'query', 'kind' = 'dimension', 'performance' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`dim_warehouse` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- gold: dim_workspace
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`dim_workspace` USING DELTA LOCATION 's3://bucket/lake/system_gold/dim_workspace';
MSCK REPAIR TABLE `main`.`system_gold`.`dim_workspace` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`dim_workspace` IS 'Workspaces as they were delivered last; a workspace that is gone from the source stays.';
ALTER TABLE `main`.`system_gold`.`dim_workspace` ALTER COLUMN
  `workspace_key` COMMENT 'Surrogate key, computed from the business key; -1 is the unknown member.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Id of the workspace.',
  `workspace_name` COMMENT 'Name of the workspace.',
  `workspace_url` COMMENT 'Address of the workspace.',
  `create_time` COMMENT 'When the workspace was created.',
  `status` COMMENT 'Life-cycle state of the workspace, for instance PROVISIONING, RUNNING, FAILED or BANNED.';
ALTER TABLE `main`.`system_gold`.`dim_workspace` SET TAGS ('layer' = 'gold', 'domain' = 'shared', 'kind' = 'dimension');

-- gold: fact_assistant_events
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_assistant_events` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_assistant_events';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_assistant_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_assistant_events` IS 'Messages that users sent to Databricks Assistant.';
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace from which the message was sent.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `event_time` COMMENT 'When the message was sent.',
  `event_date` COMMENT 'UTC date on which the message was sent.',
  `user_agent` COMMENT 'Client that the message came from, as its user agent text; null when it sent none.',
  `initiated_by` COMMENT 'User who sent the message, as an email address.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` SET TAGS ('layer' = 'gold', 'domain' = 'security', 'kind' = 'fact', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ALTER COLUMN `user_agent` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ALTER COLUMN `initiated_by` SET TAGS ('pii' = 'true');

-- gold: fact_audit_logs
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_audit_logs` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_audit_logs';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_audit_logs` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_audit_logs` IS 'Audit events of workspaces and of the account. Events at the account level have workspace_id 0 and are held once, though every region delivers them.';
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace in which the event happened; 0 for events at the account level.',
  `version` COMMENT 'Version of the audit log schema.',
  `event_time` COMMENT 'When the event happened.',
  `event_date` COMMENT 'UTC date of the event.',
  `source_ip_address` COMMENT 'IP address from which the request came; null for actions of the platform itself.',
  `user_agent` COMMENT 'Client that the request came from, as its user agent text; null when it sent none.',
  `session_id` COMMENT 'Session in which the request was made; null when there was none.',
  `user_identity_email` COMMENT 'Field `email` of `user_identity`: Who made the request, as an email address and a subject name; a service principal stands there by its UUID.',
  `user_identity_subject_name` COMMENT 'Field `subject_name` of `user_identity`: Who made the request, as an email address and a subject name; a service principal stands there by its UUID.',
  `service_name` COMMENT 'Service that logged the event, such as accounts, unityCatalog, jobs or clusters.',
  `action_name` COMMENT 'What was done, in the wording of the service, for instance createTable.',
  `request_id` COMMENT 'Id of the request that caused the event.',
  `request_params` COMMENT 'Parameters of the request by name, as text; the set depends on the action.',
  `response_status_code` COMMENT 'Field `status_code` of `response`: Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  `response_error_message` COMMENT 'Field `error_message` of `response`: Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  `response_result` COMMENT 'Field `result` of `response`: Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  `audit_level` COMMENT 'Whether the event belongs to a workspace (WORKSPACE_LEVEL) or to the account (ACCOUNT_LEVEL).',
  `event_id` COMMENT 'Id of the event, unique per event and the same in every region.',
  `identity_metadata_run_by` COMMENT 'Field `run_by` of `identity_metadata`: Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  `identity_metadata_run_as` COMMENT 'Field `run_as` of `identity_metadata`: Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  `identity_metadata_acting_resource` COMMENT 'Field `acting_resource` of `identity_metadata`: Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.',
  `is_failed_action` COMMENT 'Whether the response has a status code of 400 or more, or an error message; null when it has neither status nor message.',
  `is_sensitive_action` COMMENT 'Whether the action changes or removes access, secrets or data, judged by its name. Reading, listing and logging in are not sensitive; null when the action has no name.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` SET TAGS ('layer' = 'gold', 'domain' = 'security', 'kind' = 'fact', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `source_ip_address` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `user_agent` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `user_identity_email` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `user_identity_subject_name` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `request_params` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `identity_metadata_run_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `identity_metadata_run_as` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `identity_metadata_acting_resource` SET TAGS ('pii' = 'true');

-- gold: fact_clean_room_events
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_clean_room_events` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_clean_room_events';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_clean_room_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_clean_room_events` IS 'What was done in and to clean rooms. Which of the metadata columns are filled depends on the event type.';
ALTER TABLE `main`.`system_gold`.`fact_clean_room_events` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `metastore_id` COMMENT 'Unity Catalog metastore in which the event was recorded.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `clean_room_name` COMMENT 'Name of the clean room as its local securable is called.',
  `central_clean_room_id` COMMENT 'Id of the central clean room, shared by all collaborators.',
  `initiator_global_metastore_id` COMMENT 'Global metastore id of the collaborator who caused the event.',
  `event_type` COMMENT 'Kind of the event, for instance CLEAN_ROOM_CREATED or RUN_NOTEBOOK_STARTED.',
  `clean_room_created_metadata_collaborators_json` COMMENT 'Field `collaborators` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  `clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode` COMMENT 'Field `egress_network_policy.internet_access.restriction_mode` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  `clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json` COMMENT 'Field `egress_network_policy.internet_access.allowed_internet_destinations` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  `clean_room_created_metadata_compliance_profile_is_enabled` COMMENT 'Field `compliance_profile.is_enabled` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  `clean_room_created_metadata_compliance_profile_compliance_standards` COMMENT 'Field `compliance_profile.compliance_standards` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  `clean_room_deleted_metadata_central_clean_room_id` COMMENT 'Field `central_clean_room_id` of `clean_room_deleted_metadata`: Central id of a clean room that was deleted; null for other events.',
  `run_notebook_started_metadata_notebook_name` COMMENT 'Field `notebook_name` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  `run_notebook_started_metadata_notebook_checksum` COMMENT 'Field `notebook_checksum` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  `run_notebook_started_metadata_run_id` COMMENT 'Field `run_id` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  `run_notebook_started_metadata_notebook_etag` COMMENT 'Field `notebook_etag` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  `run_notebook_started_metadata_notebook_update_time` COMMENT 'Field `notebook_update_time` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  `run_notebook_completed_metadata_notebook_name` COMMENT 'Field `notebook_name` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_run_id` COMMENT 'Field `run_id` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_state` COMMENT 'Field `state` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_duration_in_seconds` COMMENT 'Field `duration_in_seconds` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_output_schema_name` COMMENT 'Field `output_schema.name` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_output_schema_owner_global_metastore_id` COMMENT 'Field `output_schema.owner_global_metastore_id` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_output_schema_action` COMMENT 'Field `output_schema.action` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_output_schema_expire_time` COMMENT 'Field `output_schema.expire_time` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `run_notebook_completed_metadata_output_schema_assets_added_json` COMMENT 'Field `output_schema.assets_added` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `clean_room_assets_updated_metadata_added_assets_json` COMMENT 'Field `added_assets` of `clean_room_assets_updated_metadata`: Assets that were added, updated and removed in one change of the clean room; null for other events.',
  `clean_room_assets_updated_metadata_updated_assets_json` COMMENT 'Field `updated_assets` of `clean_room_assets_updated_metadata`: Assets that were added, updated and removed in one change of the clean room; null for other events.',
  `clean_room_assets_updated_metadata_removed_assets_json` COMMENT 'Field `removed_assets` of `clean_room_assets_updated_metadata`: Assets that were added, updated and removed in one change of the clean room; null for other events.',
  `event_time` COMMENT 'When the event happened.',
  `output_schema_deleted_metadata_name` COMMENT 'Field `name` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  `output_schema_deleted_metadata_owner_global_metastore_id` COMMENT 'Field `owner_global_metastore_id` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  `output_schema_deleted_metadata_action` COMMENT 'Field `action` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  `output_schema_deleted_metadata_expire_time` COMMENT 'Field `expire_time` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  `initiator_collaborator_alias` COMMENT 'Alias, within the clean room, of the collaborator who caused the event.',
  `asset_review_created_metadata_asset_name` COMMENT 'Field `asset_name` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  `asset_review_created_metadata_data_object_type` COMMENT 'Field `data_object_type` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  `asset_review_created_metadata_review_state` COMMENT 'Field `review_state` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  `asset_review_created_metadata_review_sub_reason` COMMENT 'Field `review_sub_reason` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  `asset_review_created_metadata_auto_approval_rule_id` COMMENT 'Field `auto_approval_rule_id` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  `asset_review_created_metadata_notebook_metadata_etag` COMMENT 'Field `notebook_metadata.etag` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_clean_room_events` SET TAGS ('layer' = 'gold', 'domain' = 'security', 'kind' = 'fact');

-- gold: fact_column_lineage
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_column_lineage` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_column_lineage';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_column_lineage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_column_lineage` IS 'Reads and writes of columns, by source and target column. Rows without a source or without a target are kept.';
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `metastore_id` COMMENT 'Unity Catalog metastore in which the access was captured.',
  `workspace_id` COMMENT 'Workspace in which the lineage was captured.',
  `entity_type` COMMENT 'Kind of the entity that caused the access, such as NOTEBOOK, JOB, PIPELINE or DASHBOARD_V3; null when it is not known.',
  `entity_id` COMMENT 'Id of the entity that caused the access; null when the entity type is null.',
  `entity_run_id` COMMENT 'Id of the run of the entity, or of the statement; null when the entity type is null.',
  `source_table_full_name` COMMENT 'Three-part name of the table that was read; null for a write without a source table.',
  `source_table_catalog` COMMENT 'Catalog of the table that was read; null where its full name is null.',
  `source_table_schema` COMMENT 'Schema of the table that was read; null where its full name is null.',
  `source_table_name` COMMENT 'Name of the table that was read, without catalog and schema; null where its full name is null.',
  `source_path` COMMENT 'Storage location that was read by path; null when the source was accessed by name only.',
  `source_type` COMMENT 'Kind of the source, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure write.',
  `source_column_name` COMMENT 'Column that was read; null for a pure write.',
  `target_table_full_name` COMMENT 'Three-part name of the table that was written; null for a pure read.',
  `target_table_catalog` COMMENT 'Catalog of the table that was written; null where its full name is null.',
  `target_table_schema` COMMENT 'Schema of the table that was written; null where its full name is null.',
  `target_table_name` COMMENT 'Name of the table that was written, without catalog and schema; null where its full name is null.',
  `target_path` COMMENT 'Storage location that was written by path; null when the target was accessed by name only.',
  `target_type` COMMENT 'Kind of the target, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure read.',
  `target_column_name` COMMENT 'Column that was written; null for a pure read.',
  `created_by` COMMENT 'Principal that caused the access, an email address or the UUID of a service principal.',
  `event_time` COMMENT 'When the access happened.',
  `event_date` COMMENT 'UTC date of the access.',
  `record_id` COMMENT 'Id of this lineage record, unique per row.',
  `event_id` COMMENT 'Id of the event behind the record; one event can produce several records.',
  `statement_id` COMMENT 'Id of the statement in query.history that caused the access; filled for SQL warehouses only.',
  `entity_metadata_job_info_job_id` COMMENT 'Field `job_info.job_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_job_info_job_run_id` COMMENT 'Field `job_info.job_run_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_dashboard_id` COMMENT 'Field `dashboard_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_legacy_dashboard_id` COMMENT 'Field `legacy_dashboard_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_notebook_id` COMMENT 'Field `notebook_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_sql_query_id` COMMENT 'Field `sql_query_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_dlt_pipeline_info_dlt_pipeline_id` COMMENT 'Field `dlt_pipeline_info.dlt_pipeline_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_dlt_pipeline_info_dlt_update_id` COMMENT 'Field `dlt_pipeline_info.dlt_update_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  `job_key` COMMENT 'Key of the row of dim_job that the fact refers to; -1 when there is none.',
  `pipeline_key` COMMENT 'Key of the row of dim_pipeline that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` SET TAGS ('layer' = 'gold', 'domain' = 'governance', 'kind' = 'fact', 'security' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- gold: fact_data_classification_results
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_data_classification_results` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_data_classification_results';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_data_classification_results` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_data_classification_results` IS 'Classes of sensitive data that were found in columns, each as it was found last.';
ALTER TABLE `main`.`system_gold`.`fact_data_classification_results` ALTER COLUMN
  `catalog_id` COMMENT 'Id of the catalog of the table.',
  `table_id` COMMENT 'Id of the table.',
  `latest_detected_time` COMMENT 'When the class was last found in the column.',
  `first_detected_time` COMMENT 'When the class was first found in the column.',
  `catalog_name` COMMENT 'Name of the catalog of the table.',
  `schema_name` COMMENT 'Name of the schema of the table.',
  `table_name` COMMENT 'Name of the table.',
  `column_name` COMMENT 'Column in which the class was found.',
  `data_type` COMMENT 'Type of the column; nested types are written out.',
  `class_tag` COMMENT 'Tag of the class that was found, for instance class.email_address.',
  `samples` COMMENT 'A few values of the column that matched; null or empty when none were kept.',
  `confidence` COMMENT 'How sure the finding is, HIGH or LOW.',
  `frequency` COMMENT 'Estimated share of the rows that match, from 0 to 1.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_data_classification_results` SET TAGS ('layer' = 'gold', 'domain' = 'data_classification', 'kind' = 'fact', 'quality' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_data_classification_results` ALTER COLUMN `samples` SET TAGS ('pii' = 'true');

-- gold: fact_data_quality_monitoring_table_results
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_data_quality_monitoring_table_results` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_data_quality_monitoring_table_results';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_data_quality_monitoring_table_results` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_data_quality_monitoring_table_results` IS 'Results of the freshness and completeness checks of monitored tables, without the internals of the checks.';
ALTER TABLE `main`.`system_gold`.`fact_data_quality_monitoring_table_results` ALTER COLUMN
  `event_time` COMMENT 'When the check was made.',
  `catalog_name` COMMENT 'Name of the catalog of the table.',
  `schema_name` COMMENT 'Name of the schema of the table.',
  `table_name` COMMENT 'Name of the table.',
  `catalog_id` COMMENT 'Id of the catalog of the table.',
  `schema_id` COMMENT 'Id of the schema of the table.',
  `table_id` COMMENT 'Id of the table.',
  `status` COMMENT 'Overall result of the check, for instance Healthy, Unhealthy or Unknown.',
  `freshness_status` COMMENT 'Field `status` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  `freshness_commit_freshness_status` COMMENT 'Field `commit_freshness.status` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  `freshness_commit_freshness_error_code` COMMENT 'Field `commit_freshness.error_code` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  `freshness_commit_freshness_last_value` COMMENT 'Field `commit_freshness.last_value` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  `freshness_commit_freshness_predicted_value` COMMENT 'Field `commit_freshness.predicted_value` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  `completeness_status` COMMENT 'Field `status` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_total_row_count_status` COMMENT 'Field `total_row_count.status` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_total_row_count_error_code` COMMENT 'Field `total_row_count.error_code` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_total_row_count_last_value` COMMENT 'Field `total_row_count.last_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_total_row_count_min_predicted_value` COMMENT 'Field `total_row_count.min_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_total_row_count_max_predicted_value` COMMENT 'Field `total_row_count.max_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_daily_row_count_status` COMMENT 'Field `daily_row_count.status` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_daily_row_count_error_code` COMMENT 'Field `daily_row_count.error_code` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_daily_row_count_last_value` COMMENT 'Field `daily_row_count.last_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_daily_row_count_min_predicted_value` COMMENT 'Field `daily_row_count.min_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `completeness_daily_row_count_max_predicted_value` COMMENT 'Field `daily_row_count.max_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `downstream_impact_impact_level` COMMENT 'Field `impact_level` of `downstream_impact`: What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  `downstream_impact_num_downstream_tables` COMMENT 'Field `num_downstream_tables` of `downstream_impact`: What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  `downstream_impact_num_queries_on_affected_tables` COMMENT 'Field `num_queries_on_affected_tables` of `downstream_impact`: What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  `root_cause_analysis_upstream_jobs_json` COMMENT 'Field `upstream_jobs` of `root_cause_analysis`: Upstream jobs that can be the cause, with their last run; null when the table is healthy.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_data_quality_monitoring_table_results` SET TAGS ('layer' = 'gold', 'domain' = 'data_quality_monitoring', 'kind' = 'fact', 'quality' = 'true');

-- gold: fact_endpoint_usage
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_endpoint_usage` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_endpoint_usage';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_endpoint_usage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_endpoint_usage` IS 'Requests to model serving endpoints with their token and character counts.';
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ALTER COLUMN
  `workspace_id` COMMENT 'Workspace of the serving endpoint.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `client_request_id` COMMENT 'Id that the caller gave to the request; null when none was given.',
  `databricks_request_id` COMMENT 'Id that the platform gave to the request; unique per request.',
  `requester` COMMENT 'Principal whose permissions the request was made with, an email address or the UUID of a service principal.',
  `status_code` COMMENT 'HTTP status code that the model returned.',
  `request_time` COMMENT 'When the request was received.',
  `input_token_count` COMMENT 'Number of tokens of the input; null where tokens do not apply.',
  `output_token_count` COMMENT 'Number of tokens of the output; null where tokens do not apply.',
  `input_character_count` COMMENT 'Number of characters of the input; null where it is not counted.',
  `output_character_count` COMMENT 'Number of characters of the output; null where it is not counted.',
  `usage_context` COMMENT 'Identifiers that the caller gave of its end user or application, by name; null when none were given.',
  `request_streaming` COMMENT 'Whether the response was streamed.',
  `served_entity_id` COMMENT 'Served entity that answered the request.',
  `request_date` COMMENT 'UTC date on which the request was received.',
  `total_token_count` COMMENT 'Number of tokens of input and output; null when either is not known.',
  `is_error` COMMENT 'Whether the request failed, by its HTTP status code; null without one.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `served_entity_key` COMMENT 'Key of the row of dim_served_entity that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` SET TAGS ('layer' = 'gold', 'domain' = 'serving', 'kind' = 'fact', 'ml' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ALTER COLUMN `requester` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ALTER COLUMN `usage_context` SET TAGS ('pii' = 'true');

-- gold: fact_inbound_network
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_inbound_network` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_inbound_network';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_inbound_network` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_inbound_network` IS 'Requests into workspaces that a network policy denied, or would have denied in dry-run mode.';
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the request was for.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `request_path` COMMENT 'Path of the URL that was asked for.',
  `source_ip` COMMENT 'Field `ip` of `source`: Where the request came from, as an IP address.',
  `authenticated_as` COMMENT 'Principal that the request was authenticated as; null or empty when it was not authenticated.',
  `event_time` COMMENT 'When the request was denied.',
  `policy_outcome` COMMENT 'What the policy decided, for instance DENY or a dry-run denial.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` SET TAGS ('layer' = 'gold', 'domain' = 'security', 'kind' = 'fact', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ALTER COLUMN `source_ip` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ALTER COLUMN `authenticated_as` SET TAGS ('pii' = 'true');

-- gold: fact_job_run_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_job_run_timeline` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_job_run_timeline';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_job_run_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_job_run_timeline` IS 'Runs of jobs, each folded from its hourly slices, with duration, attempts and outcome.';
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Job that ran; unique within its workspace only.',
  `run_id` COMMENT 'Run of the job; a retried run keeps its id.',
  `trigger_type` COMMENT 'What started the run, for instance PERIODIC, ONETIME, CONTINUOUS, RETRY or FILE_ARRIVAL.',
  `result_state` COMMENT 'Outcome of the last attempt that has ended; null while none has.',
  `run_type` COMMENT 'Kind of the run (JOB_RUN, SUBMIT_RUN or WORKFLOW_RUN); null in older rows.',
  `run_name` COMMENT 'Name that the user gave to the run; null in older rows.',
  `compute_ids` COMMENT 'Compute that any slice of the run used, sorted, each once; null when no slice tells.',
  `termination_code` COMMENT 'Why the last attempt that has ended did so; null while none has, and when it was not recorded.',
  `job_parameters_json` COMMENT 'Parameters of the job in this run, by name; null when there are none and in older rows.',
  `run_start_time` COMMENT 'When the run started, the start of its first slice.',
  `last_seen_time` COMMENT 'End of the last slice that is known of the run.',
  `slice_count` COMMENT 'Number of slices that the run is folded from.',
  `attempt_count` COMMENT 'Number of attempts that have ended; more than one when the run was retried.',
  `run_duration_seconds` COMMENT 'Whole seconds that the run took so far, the sum over its slices; pauses between attempts do not count.',
  `is_running` COMMENT 'Whether the last slice has no outcome yet; true as well while a retry runs.',
  `run_end_time` COMMENT 'When the run ended, the end of its last slice; null while it runs.',
  `is_success` COMMENT 'Whether the run succeeded in the end; null while it runs.',
  `run_date` COMMENT 'UTC date on which the run started.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `job_key` COMMENT 'Key of the row of dim_job that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` SET TAGS ('layer' = 'gold', 'domain' = 'lakeflow', 'kind' = 'fact', 'reliability' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` ALTER COLUMN `job_parameters_json` SET TAGS ('pii' = 'true');

-- gold: fact_job_task_run_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_job_task_run_timeline` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_job_task_run_timeline';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_job_task_run_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_job_task_run_timeline` IS 'Runs of the tasks of jobs, each folded from its hourly slices; job_run_id is the run_id in fact_job_run_timeline.';
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Job that the task belongs to; unique within its workspace only.',
  `run_id` COMMENT 'Run of the task.',
  `task_key` COMMENT 'Key of the task, unique within its job.',
  `compute_ids` COMMENT 'Compute that any slice of the task run used, sorted, each once; null when no slice tells.',
  `result_state` COMMENT 'Outcome of the last attempt that has ended; null while none has.',
  `job_run_id` COMMENT 'Run of the job that the task run belongs to; null in older rows.',
  `parent_run_id` COMMENT 'Run of the parent task; null when there is none and in older rows.',
  `termination_code` COMMENT 'Why the last attempt that has ended did so; null while none has, and when it was not recorded.',
  `run_start_time` COMMENT 'When the task run started, the start of its first slice.',
  `last_seen_time` COMMENT 'End of the last slice that is known of the task run.',
  `slice_count` COMMENT 'Number of slices that the task run is folded from.',
  `attempt_count` COMMENT 'Number of attempts that have ended; more than one when the task run was retried.',
  `run_duration_seconds` COMMENT 'Whole seconds that the task run took so far, the sum over its slices; pauses between attempts do not count.',
  `is_running` COMMENT 'Whether the last slice has no outcome yet; true as well while a retry runs.',
  `run_end_time` COMMENT 'When the task run ended, the end of its last slice; null while it runs.',
  `is_success` COMMENT 'Whether the task run succeeded in the end; null while it runs.',
  `run_date` COMMENT 'UTC date on which the task run started.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `job_key` COMMENT 'Key of the row of dim_job that the fact refers to; -1 when there is none.',
  `job_task_key` COMMENT 'Key of the row of dim_job_task that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` SET TAGS ('layer' = 'gold', 'domain' = 'lakeflow', 'kind' = 'fact', 'reliability' = 'true');

-- gold: fact_listing_access
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_listing_access` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_listing_access';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_listing_access` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_listing_access` IS 'Consumers who asked for or got the data of a listing in the marketplace.';
ALTER TABLE `main`.`system_gold`.`fact_listing_access` ALTER COLUMN
  `account_id` COMMENT 'Account of the provider that hosts the listing.',
  `metastore_id` COMMENT 'Metastore of the provider that hosts the listing.',
  `metastore_cloud` COMMENT 'Cloud of the metastore of the provider.',
  `metastore_region` COMMENT 'Region of the metastore of the provider.',
  `provider_id` COMMENT 'Id of the profile of the provider.',
  `provider_name` COMMENT 'Name of the profile of the provider.',
  `listing_id` COMMENT 'Id of the listing.',
  `listing_name` COMMENT 'Name of the listing.',
  `consumer_delta_sharing_recipient_name` COMMENT 'Delta Sharing recipient of the consumer; null until the provider has shared the data.',
  `consumer_delta_sharing_recipient_type` COMMENT 'Whether the recipient is on Databricks or uses open sharing; null where there is no recipient.',
  `consumer_cloud` COMMENT 'Cloud of the consumer; null outside of Databricks.',
  `consumer_region` COMMENT 'Region of the consumer; null outside of Databricks.',
  `consumer_metastore_id` COMMENT 'Metastore of the consumer; null outside of Databricks.',
  `consumer_email` COMMENT 'Email address of the consumer.',
  `consumer_name` COMMENT 'Name of the consumer.',
  `consumer_company` COMMENT 'Company of the consumer.',
  `consumer_intended_use` COMMENT 'What the consumer wants to use the data for, as free text; null when nothing was written.',
  `consumer_comment` COMMENT 'Comment of the consumer, as free text; null when nothing was written.',
  `event_type` COMMENT 'What the consumer did, REQUEST_DATA or GET_DATA.',
  `event_time` COMMENT 'When the event happened.',
  `event_date` COMMENT 'UTC date of the event.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_listing_access` SET TAGS ('layer' = 'gold', 'domain' = 'marketplace', 'kind' = 'fact', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_listing_access` ALTER COLUMN `consumer_email` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_listing_access` ALTER COLUMN `consumer_name` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_listing_access` ALTER COLUMN `consumer_company` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_listing_access` ALTER COLUMN `consumer_intended_use` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_listing_access` ALTER COLUMN `consumer_comment` SET TAGS ('pii' = 'true');

-- gold: fact_listing_funnel
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_listing_funnel` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_listing_funnel';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_listing_funnel` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_listing_funnel` IS 'Views of and steps towards the data of a listing in the marketplace.';
ALTER TABLE `main`.`system_gold`.`fact_listing_funnel` ALTER COLUMN
  `account_id` COMMENT 'Account of the provider that hosts the listing.',
  `metastore_id` COMMENT 'Metastore of the provider that hosts the listing.',
  `metastore_cloud` COMMENT 'Cloud of the metastore of the provider.',
  `metastore_region` COMMENT 'Region of the metastore of the provider.',
  `provider_id` COMMENT 'Id of the profile of the provider.',
  `provider_name` COMMENT 'Name of the profile of the provider.',
  `listing_id` COMMENT 'Id of the listing.',
  `listing_name` COMMENT 'Name of the listing.',
  `event_type` COMMENT 'Step that the consumer took, for instance VIEW_LISTING, START_GET_DATA or COMPLETE_GET_DATA.',
  `event_time` COMMENT 'When the event happened.',
  `event_date` COMMENT 'UTC date of the event.',
  `consumer_cloud` COMMENT 'Cloud of the consumer; null outside of Databricks.',
  `consumer_region` COMMENT 'Region of the consumer; null outside of Databricks.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_listing_funnel` SET TAGS ('layer' = 'gold', 'domain' = 'marketplace', 'kind' = 'fact');

-- gold: fact_mlflow_run_metrics_history
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_mlflow_run_metrics_history` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_mlflow_run_metrics_history';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` IS 'Values of metrics that MLflow runs logged, step by step.';
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `insert_time` COMMENT 'When the value came into the table.',
  `record_id` COMMENT 'Id of the value, unique per row.',
  `workspace_id` COMMENT 'Workspace of the run.',
  `experiment_id` COMMENT 'Experiment of the run.',
  `run_id` COMMENT 'Run that logged the value.',
  `metric_name` COMMENT 'Name of the metric.',
  `metric_time` COMMENT 'When the value was logged, as told by the client.',
  `metric_step` COMMENT 'Step of the run (such as an epoch) that the value belongs to; 0 when the client gave none.',
  `metric_value` COMMENT 'Value of the metric; NaN and infinities occur.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `experiment_key` COMMENT 'Key of the row of dim_experiment that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` SET TAGS ('layer' = 'gold', 'domain' = 'mlflow', 'kind' = 'fact', 'ml' = 'true');

-- gold: fact_mlflow_runs
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_mlflow_runs` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_mlflow_runs';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_mlflow_runs` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_mlflow_runs` IS 'MLflow runs in their latest state, with parameters, tags and aggregated metrics.';
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `update_time` COMMENT 'When the run last changed; orders the versions of a row.',
  `delete_time` COMMENT 'When the run was deleted; null while it exists.',
  `workspace_id` COMMENT 'Workspace of the run.',
  `run_id` COMMENT 'Id of the run, unique within its workspace.',
  `experiment_id` COMMENT 'Experiment of the run.',
  `created_by` COMMENT 'Principal that created the run.',
  `start_time` COMMENT 'When the run was started, as told by the client.',
  `end_time` COMMENT 'When the run ended, as told by the client; null while it runs.',
  `run_name` COMMENT 'Name of the run.',
  `status` COMMENT 'State of the run, for instance RUNNING, FINISHED, FAILED or KILLED.',
  `params` COMMENT 'Parameters that the run logged, by name; null or empty when there are none.',
  `tags` COMMENT 'Tags of the run by name, among them the user and the source of the run.',
  `aggregated_metrics_json` COMMENT 'Least, greatest and latest value of each metric that the run logged; null or empty when there are none.',
  `duration_seconds` COMMENT 'Time from start to end in whole seconds; null while the run goes on.',
  `is_success` COMMENT 'True when the run finished, false when it failed or was killed, else null.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `experiment_key` COMMENT 'Key of the row of dim_experiment that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` SET TAGS ('layer' = 'gold', 'domain' = 'mlflow', 'kind' = 'fact', 'ml' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` ALTER COLUMN `tags` SET TAGS ('pii' = 'true');

-- gold: fact_node_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_node_timeline` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_node_timeline';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_node_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_node_timeline` IS 'Load of the instances of clusters over time. Time in use is the sum of the durations; nodes are counted as distinct instances.';
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the cluster.',
  `cluster_id` COMMENT 'Cluster that the instance belongs to.',
  `instance_id` COMMENT 'Instance, as its cloud provider calls it.',
  `start_time` COMMENT 'Start of the period that the row covers.',
  `end_time` COMMENT 'End of the period that the row covers.',
  `driver` COMMENT 'Whether the instance is the driver; otherwise it is a worker.',
  `cpu_user_percent` COMMENT 'Share of CPU time in user code, in percent over the period.',
  `cpu_system_percent` COMMENT 'Share of CPU time in the kernel, in percent over the period.',
  `cpu_wait_percent` COMMENT 'Share of CPU time spent waiting for input and output, in percent over the period.',
  `mem_used_percent` COMMENT 'Share of the memory in use, in percent, memory of background processes included.',
  `mem_swap_percent` COMMENT 'Share of the memory that was swapped out, in percent.',
  `network_sent_bytes` COMMENT 'Bytes sent over the network in the period.',
  `network_received_bytes` COMMENT 'Bytes received over the network in the period.',
  `disk_free_bytes_per_mount_point` COMMENT 'Free bytes by mount point at the time of the sample.',
  `node_type` COMMENT 'Node type of the instance.',
  `private_ip` COMMENT 'IP address of the instance in its private network.',
  `event_date` COMMENT 'UTC date on which the period starts.',
  `duration_seconds` COMMENT 'Length of the period in whole seconds; null when a bound is not known.',
  `cpu_busy_percent` COMMENT 'Share of CPU time in user code and in the kernel, in percent; null when either is not known.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `cluster_key` COMMENT 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  `node_type_key` COMMENT 'Key of the row of dim_node_type that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` SET TAGS ('layer' = 'gold', 'domain' = 'compute', 'kind' = 'fact', 'performance' = 'true');

-- gold: fact_outbound_network
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_outbound_network` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_outbound_network';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_outbound_network` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_outbound_network` IS 'Accesses from workspaces to the outside that a network policy denied, or would have denied in dry-run mode.';
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the access came from.',
  `destination_type` COMMENT 'Kind of the destination, DNS or STORAGE.',
  `destination` COMMENT 'Destination that was to be reached, a host name or a storage path.',
  `dns_event_domain_name` COMMENT 'Field `domain_name` of `dns_event`: Domain name and DNS return code of a name look-up; null for other destinations.',
  `dns_event_rcode` COMMENT 'Field `rcode` of `dns_event`: Domain name and DNS return code of a name look-up; null for other destinations.',
  `storage_event_hostname` COMMENT 'Field `hostname` of `storage_event`: Host name, path and reason of rejection of a storage access; null for other destinations.',
  `storage_event_path` COMMENT 'Field `path` of `storage_event`: Host name, path and reason of rejection of a storage access; null for other destinations.',
  `storage_event_rejection_reason` COMMENT 'Field `rejection_reason` of `storage_event`: Host name, path and reason of rejection of a storage access; null for other destinations.',
  `event_time` COMMENT 'When the access was denied.',
  `access_type` COMMENT 'How the policy acted, for instance DROP or a dry-run denial.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `network_source_type` COMMENT 'Kind of workload that the access came from, for instance serverless SQL or model serving.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` SET TAGS ('layer' = 'gold', 'domain' = 'security', 'kind' = 'fact');

-- gold: fact_payload_logs
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_payload_logs` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_payload_logs';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_payload_logs` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_payload_logs` IS 'Requests to model serving endpoints with the payloads that were logged of them.';
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the serving endpoint.',
  `request_date` COMMENT 'UTC date on which the request was received.',
  `databricks_request_id` COMMENT 'Id that the platform gave to the request; unique per request.',
  `client_request_id` COMMENT 'Id that the caller gave to the request; null when none was given.',
  `request_time` COMMENT 'When the request was received.',
  `status_code` COMMENT 'HTTP status code that the endpoint returned.',
  `sampling_fraction` COMMENT 'Share of the requests that is logged, from 0 to 1; 1 means that every request is.',
  `execution_duration_ms` COMMENT 'Time that the model took for the request, in milliseconds, without network time.',
  `request` COMMENT 'Raw body of the request, usually JSON text; null when it could not be logged.',
  `response` COMMENT 'Raw body of the response, usually JSON text; null when it could not be logged.',
  `logging_error_codes` COMMENT 'Codes of what went wrong while the payload was logged; null or empty when nothing did.',
  `served_entity_id` COMMENT 'Served entity that answered the request.',
  `endpoint_table_id` COMMENT 'Id of the logging table that belongs to the endpoint.',
  `requester` COMMENT 'Principal that sent the request, an email address or the UUID of a service principal.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `served_entity_key` COMMENT 'Key of the row of dim_served_entity that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` SET TAGS ('layer' = 'gold', 'domain' = 'serving', 'kind' = 'fact', 'ml' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ALTER COLUMN `request` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ALTER COLUMN `response` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ALTER COLUMN `requester` SET TAGS ('pii' = 'true');

-- gold: fact_pipeline_update_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_pipeline_update_timeline` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_pipeline_update_timeline';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` IS 'Updates of pipelines, each folded from its hourly slices, with duration and outcome.';
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` ALTER COLUMN
  `workspace_id` COMMENT 'Workspace of the pipeline.',
  `pipeline_id` COMMENT 'Pipeline that was updated; unique within its workspace only.',
  `update_id` COMMENT 'Id of the update of the pipeline.',
  `update_type` COMMENT 'Kind of the update, for instance REFRESH, FULL_REFRESH or VALIDATE.',
  `request_id` COMMENT 'Id of the request behind the update; retries of one request share it.',
  `run_as_user_name` COMMENT 'Principal whose permissions the update ran with.',
  `trigger_type` COMMENT 'What started the update, for instance a job task, a user action or a schedule.',
  `trigger_details_job_task_job_id` COMMENT 'Field `job_task.job_id` of `trigger_details`: Job and task run that started the update, and their performance target; null when no job task did.',
  `trigger_details_job_task_job_task_run_id` COMMENT 'Field `job_task.job_task_run_id` of `trigger_details`: Job and task run that started the update, and their performance target; null when no job task did.',
  `trigger_details_job_task_performance_target` COMMENT 'Field `job_task.performance_target` of `trigger_details`: Job and task run that started the update, and their performance target; null when no job task did.',
  `result_state` COMMENT 'Outcome of the last attempt that has ended; null while none has.',
  `compute_type` COMMENT 'Field `type` of `compute`: Kind of compute that ran the update and its cluster; the cluster is null on serverless compute.',
  `compute_cluster_id` COMMENT 'Field `cluster_id` of `compute`: Kind of compute that ran the update and its cluster; the cluster is null on serverless compute.',
  `refresh_selection_json` COMMENT 'Tables that were to be refreshed; null or empty when no selection was made.',
  `full_refresh_selection_json` COMMENT 'Tables that were to be refreshed in full; null or empty when no selection was made.',
  `reset_checkpoint_selection` COMMENT 'Flows whose checkpoints were to be reset; null or empty when no selection was made.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `run_start_time` COMMENT 'When the update started, the start of its first slice.',
  `last_seen_time` COMMENT 'End of the last slice that is known of the update.',
  `slice_count` COMMENT 'Number of slices that the update is folded from.',
  `attempt_count` COMMENT 'Number of attempts that have ended; more than one when the update was retried under its id.',
  `run_duration_seconds` COMMENT 'Whole seconds that the update took so far, the sum over its slices; pauses between attempts do not count.',
  `is_running` COMMENT 'Whether the last slice has no outcome yet; true as well while a retry runs.',
  `run_end_time` COMMENT 'When the update ended, the end of its last slice; null while it runs.',
  `is_success` COMMENT 'Whether the update completed in the end; null while it runs.',
  `run_date` COMMENT 'UTC date on which the update started.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `pipeline_key` COMMENT 'Key of the row of dim_pipeline that the fact refers to; -1 when there is none.',
  `cluster_key` COMMENT 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` SET TAGS ('layer' = 'gold', 'domain' = 'lakeflow', 'kind' = 'fact', 'reliability' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` ALTER COLUMN `run_as_user_name` SET TAGS ('pii' = 'true');

-- gold: fact_predictive_optimization
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_predictive_optimization` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_predictive_optimization';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_predictive_optimization` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_predictive_optimization` IS 'Maintenance that predictive optimization ran on tables, with its estimated usage.';
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the operation was started from.',
  `start_time` COMMENT 'When the operation started.',
  `end_time` COMMENT 'When the operation ended; orders the versions of a row.',
  `metastore_name` COMMENT 'Name of the metastore of the table.',
  `metastore_id` COMMENT 'Id of the metastore of the table.',
  `catalog_name` COMMENT 'Name of the catalog of the table.',
  `schema_name` COMMENT 'Name of the schema of the table.',
  `table_name` COMMENT 'Name of the table.',
  `table_id` COMMENT 'Id of the table.',
  `operation_type` COMMENT 'What was done, for instance COMPACTION, CLUSTERING, VACUUM or ANALYZE.',
  `operation_id` COMMENT 'Id of the operation, unique per operation.',
  `operation_status` COMMENT 'How the operation ended, SUCCESSFUL or a text that starts with FAILED.',
  `operation_metrics` COMMENT 'Figures of the operation by name, as text, such as files and bytes before and after; depends on the operation.',
  `usage_unit` COMMENT 'Unit of the quantity, for instance ESTIMATED_DBU.',
  `usage_quantity` COMMENT 'Estimated usage that the operation caused, in its unit.',
  `duration_seconds` COMMENT 'Time from start to end in whole seconds; null when either is not known.',
  `is_success` COMMENT 'Whether the operation was successful; null without a status.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` SET TAGS ('layer' = 'gold', 'domain' = 'storage', 'kind' = 'fact');

-- gold: fact_query_history
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_query_history` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_query_history';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_query_history` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_query_history` IS 'Statements with their durations, volumes and outcome, each in its latest state.';
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace in which the statement ran.',
  `statement_id` COMMENT 'Id of the statement, unique within its workspace.',
  `executed_by` COMMENT 'Principal that ran the statement, an email address or another user name.',
  `session_id` COMMENT 'Spark session in which the statement ran.',
  `execution_status` COMMENT 'State of the statement. FINISHED, FAILED and CANCELED are final; before that it is queued or running.',
  `compute_type` COMMENT 'Field `type` of `compute`: Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
  `compute_cluster_id` COMMENT 'Field `cluster_id` of `compute`: Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
  `compute_warehouse_id` COMMENT 'Field `warehouse_id` of `compute`: Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
  `executed_by_user_id` COMMENT 'Numeric user id of the principal that ran the statement.',
  `statement_text` COMMENT 'Text of the statement; null or redacted when a customer-managed key or a lack of permission hides it.',
  `statement_type` COMMENT 'Kind of the statement, for instance SELECT, MERGE, COPY or ALTER.',
  `error_message` COMMENT 'Why the statement failed, as text that can quote values; null when it did not fail.',
  `client_application` COMMENT 'Client that ran the statement, for instance Databricks SQL Editor or Tableau; null when it is not known.',
  `client_driver` COMMENT 'Driver that connected the client, for instance Databricks JDBC Driver; null when it is not known.',
  `total_duration_ms` COMMENT 'Time from submission to end, in milliseconds, without the time to fetch the result.',
  `waiting_for_compute_duration_ms` COMMENT 'Time spent waiting for compute to be provisioned, in milliseconds; null when it is not known.',
  `waiting_at_capacity_duration_ms` COMMENT 'Time spent queued for free capacity, in milliseconds; null when it is not known.',
  `execution_duration_ms` COMMENT 'Time spent executing, in milliseconds; null when it is not known.',
  `compilation_duration_ms` COMMENT 'Time spent loading metadata and optimising, in milliseconds; null when it is not known.',
  `total_task_duration_ms` COMMENT 'Sum of the durations of all tasks, in milliseconds; more than the elapsed time when tasks ran in parallel.',
  `result_fetch_duration_ms` COMMENT 'Time that the client took to fetch the result, in milliseconds; null when it is not known.',
  `start_time` COMMENT 'When the statement was received.',
  `end_time` COMMENT 'When the statement ended, without the time to fetch the result; null while it runs.',
  `update_time` COMMENT 'When the row was last updated; orders the versions of a statement.',
  `read_partitions` COMMENT 'Number of partitions read after pruning.',
  `pruned_files` COMMENT 'Number of files that pruning left out.',
  `read_files` COMMENT 'Number of files read after pruning.',
  `read_rows` COMMENT 'Number of rows read.',
  `produced_rows` COMMENT 'Number of rows that the statement returned.',
  `read_bytes` COMMENT 'Bytes of the data read.',
  `read_io_cache_percent` COMMENT 'Share of the bytes read that came from the IO cache, in percent.',
  `from_result_cache` COMMENT 'Whether the result came from the result cache.',
  `spilled_local_bytes` COMMENT 'Bytes that were spilled to local disk for want of memory; 0 when none were.',
  `written_bytes` COMMENT 'Bytes of persistent data written to cloud storage; 0 when none were.',
  `shuffle_read_bytes` COMMENT 'Bytes sent over the network in shuffles.',
  `query_source_job_info_job_id` COMMENT 'Field `job_info.job_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_job_info_job_run_id` COMMENT 'Field `job_info.job_run_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_job_info_job_task_run_id` COMMENT 'Field `job_info.job_task_run_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_legacy_dashboard_id` COMMENT 'Field `legacy_dashboard_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_dashboard_id` COMMENT 'Field `dashboard_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_alert_id` COMMENT 'Field `alert_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_notebook_id` COMMENT 'Field `notebook_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_sql_query_id` COMMENT 'Field `sql_query_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_genie_space_id` COMMENT 'Field `genie_space_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_pipeline_info_pipeline_id` COMMENT 'Field `pipeline_info.pipeline_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `query_source_pipeline_info_update_id` COMMENT 'Field `pipeline_info.update_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `executed_as_user_id` COMMENT 'Numeric user id of the principal whose permissions were used.',
  `executed_as` COMMENT 'Principal whose permissions were used; differs from the one that ran the statement when it ran on behalf of another.',
  `written_rows` COMMENT 'Number of rows written to cloud storage; null when it is not known.',
  `written_files` COMMENT 'Number of files written to cloud storage; null when it is not known.',
  `cache_origin_statement_id` COMMENT 'Statement that put the result into the cache; null when the result did not come from it.',
  `query_parameters_named_parameters_json` COMMENT 'Field `named_parameters` of `query_parameters`: Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  `query_parameters_pos_parameters_json` COMMENT 'Field `pos_parameters` of `query_parameters`: Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  `query_parameters_truncated` COMMENT 'Field `truncated` of `query_parameters`: Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  `query_tags` COMMENT 'Tags that the client gave to the statement, by name; null or empty when there are none.',
  `query_date` COMMENT 'UTC date on which the statement was received.',
  `is_final` COMMENT 'Whether the statement has reached a state that no longer changes; null without a state.',
  `is_success` COMMENT 'Whether the statement finished without failure; null until it is final.',
  `queue_duration_ms` COMMENT 'Time spent waiting for compute and for capacity, in milliseconds; null when either is not known.',
  `has_spill` COMMENT 'Whether data was spilled to local disk; null when it is not known.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `warehouse_key` COMMENT 'Key of the row of dim_warehouse that the fact refers to; -1 when there is none.',
  `cluster_key` COMMENT 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_query_history` SET TAGS ('layer' = 'gold', 'domain' = 'query', 'kind' = 'fact', 'performance' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `executed_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `executed_by_user_id` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `statement_text` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `error_message` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `executed_as_user_id` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `executed_as` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `query_parameters_named_parameters_json` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `query_parameters_pos_parameters_json` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_query_history` ALTER COLUMN `query_parameters_truncated` SET TAGS ('pii' = 'true');

-- gold: fact_sharing_materialization
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_sharing_materialization` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_sharing_materialization';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_sharing_materialization` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_sharing_materialization` IS 'Materialisations of shared views and tables for recipients; the id is the one in the metadata of their usage.';
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` ALTER COLUMN
  `sharing_materialization_id` COMMENT 'Id of the materialisation; the same as in the metadata of its usage.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the materialisation is billed to.',
  `recipient_name` COMMENT 'Recipient that caused the materialisation; null when the row belongs to the recipient.',
  `provider_name` COMMENT 'Provider of the data; null when the row belongs to the provider.',
  `share_name` COMMENT 'Share that the table belongs to.',
  `schema_name` COMMENT 'Schema of the table that was materialised.',
  `table_name` COMMENT 'Table that was materialised.',
  `created_at` COMMENT 'When the materialisation was created.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` SET TAGS ('layer' = 'gold', 'domain' = 'sharing', 'kind' = 'fact');

-- gold: fact_table_lineage
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_table_lineage` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_table_lineage';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_table_lineage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_table_lineage` IS 'Reads and writes of tables and paths. Rows without a source (pure writes) or without a target (pure reads) are kept.';
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `metastore_id` COMMENT 'Unity Catalog metastore in which the access was captured.',
  `workspace_id` COMMENT 'Workspace in which the lineage was captured.',
  `entity_type` COMMENT 'Kind of the entity that caused the access, such as NOTEBOOK, JOB, PIPELINE or DASHBOARD_V3; null when it is not known.',
  `entity_id` COMMENT 'Id of the entity that caused the access; null when the entity type is null.',
  `entity_run_id` COMMENT 'Id of the run of the entity, or of the statement; null when the entity type is null.',
  `source_table_full_name` COMMENT 'Three-part name of the table that was read; null for a write without a source table.',
  `source_table_catalog` COMMENT 'Catalog of the table that was read; null where its full name is null.',
  `source_table_schema` COMMENT 'Schema of the table that was read; null where its full name is null.',
  `source_table_name` COMMENT 'Name of the table that was read, without catalog and schema; null where its full name is null.',
  `source_path` COMMENT 'Storage location that was read by path; null when the source was accessed by name only.',
  `source_type` COMMENT 'Kind of the source, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure write.',
  `target_table_full_name` COMMENT 'Three-part name of the table that was written; null for a pure read.',
  `target_table_catalog` COMMENT 'Catalog of the table that was written; null where its full name is null.',
  `target_table_schema` COMMENT 'Schema of the table that was written; null where its full name is null.',
  `target_table_name` COMMENT 'Name of the table that was written, without catalog and schema; null where its full name is null.',
  `target_path` COMMENT 'Storage location that was written by path; null when the target was accessed by name only.',
  `target_type` COMMENT 'Kind of the target, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure read.',
  `created_by` COMMENT 'Principal that caused the access, an email address or the UUID of a service principal.',
  `event_time` COMMENT 'When the access happened.',
  `event_date` COMMENT 'UTC date of the access.',
  `record_id` COMMENT 'Id of this lineage record, unique per row.',
  `event_id` COMMENT 'Id of the event behind the record; one event can produce several records.',
  `statement_id` COMMENT 'Id of the statement in query.history that caused the access; filled for SQL warehouses only.',
  `entity_metadata_job_info_job_id` COMMENT 'Field `job_info.job_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_job_info_job_run_id` COMMENT 'Field `job_info.job_run_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_dashboard_id` COMMENT 'Field `dashboard_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_legacy_dashboard_id` COMMENT 'Field `legacy_dashboard_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_notebook_id` COMMENT 'Field `notebook_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_sql_query_id` COMMENT 'Field `sql_query_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_dlt_pipeline_info_dlt_pipeline_id` COMMENT 'Field `dlt_pipeline_info.dlt_pipeline_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `entity_metadata_dlt_pipeline_info_dlt_update_id` COMMENT 'Field `dlt_pipeline_info.dlt_update_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  `is_read` COMMENT 'Whether a table or a path was read; never null.',
  `is_write` COMMENT 'Whether a table or a path was written; never null.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  `job_key` COMMENT 'Key of the row of dim_job that the fact refers to; -1 when there is none.',
  `pipeline_key` COMMENT 'Key of the row of dim_pipeline that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` SET TAGS ('layer' = 'gold', 'domain' = 'governance', 'kind' = 'fact', 'security' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- gold: fact_usage
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_usage` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_usage';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_usage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_usage` IS 'Billable usage with its cost at list price and at account price. Every record type is kept, so sums over all rows are net of corrections; quantities of different units must not be added up.';
ALTER TABLE `main`.`system_gold`.`fact_usage` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace in which the usage arose; null for some SKUs at the account level.',
  `record_id` COMMENT 'Id of the billing record, unique per row.',
  `sku_name` COMMENT 'Name of the SKU that was used.',
  `cloud` COMMENT 'Cloud on which the usage arose (AWS, AZURE or GCP).',
  `usage_start_time` COMMENT 'Start of the usage, the first instant that the record covers.',
  `usage_end_time` COMMENT 'End of the usage, the first instant that the record no longer covers.',
  `usage_date` COMMENT 'UTC date of the usage; a correction keeps the date of the usage that it corrects.',
  `custom_tags` COMMENT 'Tags of the compute, the job or the policy that the usage is charged to, by name; null or empty when there are none.',
  `usage_unit` COMMENT 'Unit of the quantity, for instance DBU, GB, tokens or hours; quantities of different units must not be added up.',
  `usage_quantity` COMMENT 'Units used; negative on a retraction.',
  `usage_metadata_cluster_id` COMMENT 'Field `cluster_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_job_id` COMMENT 'Field `job_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_warehouse_id` COMMENT 'Field `warehouse_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_instance_pool_id` COMMENT 'Field `instance_pool_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_node_type` COMMENT 'Field `node_type` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_job_run_id` COMMENT 'Field `job_run_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_notebook_id` COMMENT 'Field `notebook_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_dlt_pipeline_id` COMMENT 'Field `dlt_pipeline_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_endpoint_name` COMMENT 'Field `endpoint_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_endpoint_id` COMMENT 'Field `endpoint_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_dlt_update_id` COMMENT 'Field `dlt_update_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_dlt_maintenance_id` COMMENT 'Field `dlt_maintenance_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_run_name` COMMENT 'Field `run_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_job_name` COMMENT 'Field `job_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_notebook_path` COMMENT 'Field `notebook_path` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_central_clean_room_id` COMMENT 'Field `central_clean_room_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_source_region` COMMENT 'Field `source_region` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_destination_region` COMMENT 'Field `destination_region` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_app_id` COMMENT 'Field `app_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_app_name` COMMENT 'Field `app_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_metastore_id` COMMENT 'Field `metastore_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_private_endpoint_name` COMMENT 'Field `private_endpoint_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_storage_api_type` COMMENT 'Field `storage_api_type` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_budget_policy_id` COMMENT 'Field `budget_policy_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_ai_runtime_pool_id` COMMENT 'Field `ai_runtime_pool_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_ai_runtime_workload_id` COMMENT 'Field `ai_runtime_workload_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_uc_table_catalog` COMMENT 'Field `uc_table_catalog` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_uc_table_schema` COMMENT 'Field `uc_table_schema` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_uc_table_name` COMMENT 'Field `uc_table_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_database_instance_id` COMMENT 'Field `database_instance_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_sharing_materialization_id` COMMENT 'Field `sharing_materialization_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_schema_id` COMMENT 'Field `schema_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_usage_policy_id` COMMENT 'Field `usage_policy_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_base_environment_id` COMMENT 'Field `base_environment_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_agent_bricks_id` COMMENT 'Field `agent_bricks_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_index_id` COMMENT 'Field `index_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `usage_metadata_catalog_id` COMMENT 'Field `catalog_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `identity_metadata_run_as` COMMENT 'Field `run_as` of `identity_metadata`: Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  `identity_metadata_created_by` COMMENT 'Field `created_by` of `identity_metadata`: Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  `identity_metadata_owned_by` COMMENT 'Field `owned_by` of `identity_metadata`: Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  `record_type` COMMENT 'Whether the record is an original, takes back one (RETRACTION, with a negative quantity) or restates one (RESTATEMENT).',
  `ingestion_date` COMMENT 'UTC date on which the record came into the table; later than the usage date for corrections.',
  `billing_origin_product` COMMENT 'Product that the usage comes from, for instance JOBS, SQL, DLT or MODEL_SERVING.',
  `product_features_jobs_tier` COMMENT 'Field `jobs_tier` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_sql_tier` COMMENT 'Field `sql_tier` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_dlt_tier` COMMENT 'Field `dlt_tier` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_is_serverless` COMMENT 'Field `is_serverless` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_is_photon` COMMENT 'Field `is_photon` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_serving_type` COMMENT 'Field `serving_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_networking_connectivity_type` COMMENT 'Field `networking.connectivity_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_ai_runtime_compute_type` COMMENT 'Field `ai_runtime.compute_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_model_serving_offering_type` COMMENT 'Field `model_serving.offering_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_ai_gateway_feature_type` COMMENT 'Field `ai_gateway.feature_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_performance_target` COMMENT 'Field `performance_target` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_serverless_gpu_workload_type` COMMENT 'Field `serverless_gpu.workload_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_agent_bricks_problem_type` COMMENT 'Field `agent_bricks.problem_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_agent_bricks_workload_type` COMMENT 'Field `agent_bricks.workload_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_ai_functions_ai_function` COMMENT 'Field `ai_functions.ai_function` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_apps_compute_size` COMMENT 'Field `apps.compute_size` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `product_features_lakeflow_connect_task_type` COMMENT 'Field `lakeflow_connect.task_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `usage_type` COMMENT 'What is charged for, for instance COMPUTE_TIME, STORAGE_SPACE, NETWORK_BYTE, API_OPERATION, TOKEN or GPU_TIME.',
  `list_cost` COMMENT 'Quantity times list price in the configured currency, negative on retractions; null without a price.',
  `account_cost` COMMENT 'Quantity times account price in the configured currency, negative on retractions; null without a price.',
  `tag_count` COMMENT 'Number of custom tags; 0 when there are none, never null.',
  `is_tagged` COMMENT 'Whether the usage carries at least one custom tag; never null.',
  `list_price` COMMENT 'List price of one unit at the start of the usage, in the configured currency; null when there is none.',
  `account_price` COMMENT 'Account price of one unit at the start of the usage, in the configured currency; null when there is none.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `sku_key` COMMENT 'Key of the row of dim_sku that the fact refers to; -1 when there is none.',
  `list_price_key` COMMENT 'Key of the row of dim_list_price that the fact refers to; -1 when there is none.',
  `account_price_key` COMMENT 'Key of the row of dim_account_price that the fact refers to; -1 when there is none.',
  `cluster_key` COMMENT 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  `warehouse_key` COMMENT 'Key of the row of dim_warehouse that the fact refers to; -1 when there is none.',
  `job_key` COMMENT 'Key of the row of dim_job that the fact refers to; -1 when there is none.',
  `pipeline_key` COMMENT 'Key of the row of dim_pipeline that the fact refers to; -1 when there is none.',
  `user_key` COMMENT 'Key of the row of dim_user that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_usage` SET TAGS ('layer' = 'gold', 'domain' = 'billing', 'kind' = 'fact', 'cost' = 'true', 'pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_usage` ALTER COLUMN `identity_metadata_run_as` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_usage` ALTER COLUMN `identity_metadata_created_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_gold`.`fact_usage` ALTER COLUMN `identity_metadata_owned_by` SET TAGS ('pii' = 'true');

-- gold: fact_warehouse_events
CREATE TABLE IF NOT EXISTS `main`.`system_gold`.`fact_warehouse_events` USING DELTA LOCATION 's3://bucket/lake/system_gold/fact_warehouse_events';
MSCK REPAIR TABLE `main`.`system_gold`.`fact_warehouse_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_gold`.`fact_warehouse_events` IS 'Starts, stops and changes of size of SQL warehouses.';
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the warehouse.',
  `warehouse_id` COMMENT 'Warehouse that the event is about.',
  `event_type` COMMENT 'What happened, for instance STARTING, RUNNING, SCALED_UP, SCALED_DOWN, STOPPING or STOPPED.',
  `cluster_count` COMMENT 'Number of clusters that run once the event has happened.',
  `event_time` COMMENT 'When the event happened.',
  `event_date` COMMENT 'UTC date of the event.',
  `date_key` COMMENT 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  `workspace_key` COMMENT 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  `warehouse_key` COMMENT 'Key of the row of dim_warehouse that the fact refers to; -1 when there is none.';
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` SET TAGS ('layer' = 'gold', 'domain' = 'query', 'kind' = 'fact', 'performance' = 'true');

-- gold: fact_assistant_events
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ALTER COLUMN `event_id` SET NOT NULL;

-- gold: fact_audit_logs
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ALTER COLUMN `event_id` SET NOT NULL;

-- gold: fact_clean_room_events
ALTER TABLE `main`.`system_gold`.`fact_clean_room_events` ALTER COLUMN `event_id` SET NOT NULL;

-- gold: fact_column_lineage
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ALTER COLUMN `record_id` SET NOT NULL;

-- gold: fact_endpoint_usage
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ALTER COLUMN `databricks_request_id` SET NOT NULL;

-- gold: fact_inbound_network
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ALTER COLUMN `event_id` SET NOT NULL;

-- gold: fact_mlflow_run_metrics_history
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` ALTER COLUMN `record_id` SET NOT NULL;

-- gold: fact_outbound_network
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` ALTER COLUMN `event_id` SET NOT NULL;

-- gold: fact_payload_logs
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ALTER COLUMN `databricks_request_id` SET NOT NULL;

-- gold: fact_predictive_optimization
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` ALTER COLUMN `operation_id` SET NOT NULL;

-- gold: fact_sharing_materialization
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` ALTER COLUMN `sharing_materialization_id` SET NOT NULL;

-- gold: fact_table_lineage
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ALTER COLUMN `record_id` SET NOT NULL;

-- gold: fact_usage
ALTER TABLE `main`.`system_gold`.`fact_usage` ALTER COLUMN `record_id` SET NOT NULL;

-- gold: fact_assistant_events
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` DROP CONSTRAINT IF EXISTS `fk_fact_assistant_events_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` DROP CONSTRAINT IF EXISTS `fk_fact_assistant_events_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` DROP CONSTRAINT IF EXISTS `fk_fact_assistant_events_user_key`;

-- gold: fact_audit_logs
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` DROP CONSTRAINT IF EXISTS `fk_fact_audit_logs_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` DROP CONSTRAINT IF EXISTS `fk_fact_audit_logs_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` DROP CONSTRAINT IF EXISTS `fk_fact_audit_logs_user_key`;

-- gold: fact_clean_room_events
ALTER TABLE `main`.`system_gold`.`fact_clean_room_events` DROP CONSTRAINT IF EXISTS `fk_fact_clean_room_events_date_key`;

-- gold: fact_column_lineage
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_column_lineage_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_column_lineage_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_column_lineage_user_key`;
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_column_lineage_job_key`;
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_column_lineage_pipeline_key`;

-- gold: fact_data_classification_results
ALTER TABLE `main`.`system_gold`.`fact_data_classification_results` DROP CONSTRAINT IF EXISTS `fk_fact_data_classification_results_date_key`;

-- gold: fact_data_quality_monitoring_table_results
ALTER TABLE `main`.`system_gold`.`fact_data_quality_monitoring_table_results` DROP CONSTRAINT IF EXISTS `fk_fact_data_quality_monitoring_table_results_date_key`;

-- gold: fact_endpoint_usage
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` DROP CONSTRAINT IF EXISTS `fk_fact_endpoint_usage_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` DROP CONSTRAINT IF EXISTS `fk_fact_endpoint_usage_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` DROP CONSTRAINT IF EXISTS `fk_fact_endpoint_usage_served_entity_key`;
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` DROP CONSTRAINT IF EXISTS `fk_fact_endpoint_usage_user_key`;

-- gold: fact_inbound_network
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` DROP CONSTRAINT IF EXISTS `fk_fact_inbound_network_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` DROP CONSTRAINT IF EXISTS `fk_fact_inbound_network_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` DROP CONSTRAINT IF EXISTS `fk_fact_inbound_network_user_key`;

-- gold: fact_job_run_timeline
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_job_run_timeline_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_job_run_timeline_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_job_run_timeline_job_key`;

-- gold: fact_job_task_run_timeline
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_job_task_run_timeline_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_job_task_run_timeline_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_job_task_run_timeline_job_key`;
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_job_task_run_timeline_job_task_key`;

-- gold: fact_listing_access
ALTER TABLE `main`.`system_gold`.`fact_listing_access` DROP CONSTRAINT IF EXISTS `fk_fact_listing_access_date_key`;

-- gold: fact_listing_funnel
ALTER TABLE `main`.`system_gold`.`fact_listing_funnel` DROP CONSTRAINT IF EXISTS `fk_fact_listing_funnel_date_key`;

-- gold: fact_mlflow_run_metrics_history
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` DROP CONSTRAINT IF EXISTS `fk_fact_mlflow_run_metrics_history_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` DROP CONSTRAINT IF EXISTS `fk_fact_mlflow_run_metrics_history_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` DROP CONSTRAINT IF EXISTS `fk_fact_mlflow_run_metrics_history_experiment_key`;

-- gold: fact_mlflow_runs
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` DROP CONSTRAINT IF EXISTS `fk_fact_mlflow_runs_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` DROP CONSTRAINT IF EXISTS `fk_fact_mlflow_runs_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` DROP CONSTRAINT IF EXISTS `fk_fact_mlflow_runs_experiment_key`;
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` DROP CONSTRAINT IF EXISTS `fk_fact_mlflow_runs_user_key`;

-- gold: fact_node_timeline
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_node_timeline_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_node_timeline_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_node_timeline_cluster_key`;
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_node_timeline_node_type_key`;

-- gold: fact_outbound_network
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` DROP CONSTRAINT IF EXISTS `fk_fact_outbound_network_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` DROP CONSTRAINT IF EXISTS `fk_fact_outbound_network_workspace_key`;

-- gold: fact_payload_logs
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` DROP CONSTRAINT IF EXISTS `fk_fact_payload_logs_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` DROP CONSTRAINT IF EXISTS `fk_fact_payload_logs_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` DROP CONSTRAINT IF EXISTS `fk_fact_payload_logs_served_entity_key`;
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` DROP CONSTRAINT IF EXISTS `fk_fact_payload_logs_user_key`;

-- gold: fact_pipeline_update_timeline
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_pipeline_update_timeline_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_pipeline_update_timeline_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_pipeline_update_timeline_pipeline_key`;
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_pipeline_update_timeline_cluster_key`;
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` DROP CONSTRAINT IF EXISTS `fk_fact_pipeline_update_timeline_user_key`;

-- gold: fact_predictive_optimization
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` DROP CONSTRAINT IF EXISTS `fk_fact_predictive_optimization_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` DROP CONSTRAINT IF EXISTS `fk_fact_predictive_optimization_workspace_key`;

-- gold: fact_query_history
ALTER TABLE `main`.`system_gold`.`fact_query_history` DROP CONSTRAINT IF EXISTS `fk_fact_query_history_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_query_history` DROP CONSTRAINT IF EXISTS `fk_fact_query_history_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_query_history` DROP CONSTRAINT IF EXISTS `fk_fact_query_history_warehouse_key`;
ALTER TABLE `main`.`system_gold`.`fact_query_history` DROP CONSTRAINT IF EXISTS `fk_fact_query_history_cluster_key`;
ALTER TABLE `main`.`system_gold`.`fact_query_history` DROP CONSTRAINT IF EXISTS `fk_fact_query_history_user_key`;

-- gold: fact_sharing_materialization
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` DROP CONSTRAINT IF EXISTS `fk_fact_sharing_materialization_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` DROP CONSTRAINT IF EXISTS `fk_fact_sharing_materialization_workspace_key`;

-- gold: fact_table_lineage
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_table_lineage_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_table_lineage_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_table_lineage_user_key`;
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_table_lineage_job_key`;
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` DROP CONSTRAINT IF EXISTS `fk_fact_table_lineage_pipeline_key`;

-- gold: fact_usage
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_sku_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_list_price_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_account_price_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_cluster_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_warehouse_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_job_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_pipeline_key`;
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `fk_fact_usage_user_key`;

-- gold: fact_warehouse_events
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` DROP CONSTRAINT IF EXISTS `fk_fact_warehouse_events_date_key`;
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` DROP CONSTRAINT IF EXISTS `fk_fact_warehouse_events_workspace_key`;
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` DROP CONSTRAINT IF EXISTS `fk_fact_warehouse_events_warehouse_key`;

-- gold: dim_account_price
ALTER TABLE `main`.`system_gold`.`dim_account_price` DROP CONSTRAINT IF EXISTS `pk_dim_account_price`;

-- gold: dim_cluster
ALTER TABLE `main`.`system_gold`.`dim_cluster` DROP CONSTRAINT IF EXISTS `pk_dim_cluster`;

-- gold: dim_date
ALTER TABLE `main`.`system_gold`.`dim_date` DROP CONSTRAINT IF EXISTS `pk_dim_date`;

-- gold: dim_experiment
ALTER TABLE `main`.`system_gold`.`dim_experiment` DROP CONSTRAINT IF EXISTS `pk_dim_experiment`;

-- gold: dim_job
ALTER TABLE `main`.`system_gold`.`dim_job` DROP CONSTRAINT IF EXISTS `pk_dim_job`;

-- gold: dim_job_task
ALTER TABLE `main`.`system_gold`.`dim_job_task` DROP CONSTRAINT IF EXISTS `pk_dim_job_task`;

-- gold: dim_list_price
ALTER TABLE `main`.`system_gold`.`dim_list_price` DROP CONSTRAINT IF EXISTS `pk_dim_list_price`;

-- gold: dim_node_type
ALTER TABLE `main`.`system_gold`.`dim_node_type` DROP CONSTRAINT IF EXISTS `pk_dim_node_type`;

-- gold: dim_pipeline
ALTER TABLE `main`.`system_gold`.`dim_pipeline` DROP CONSTRAINT IF EXISTS `pk_dim_pipeline`;

-- gold: dim_served_entity
ALTER TABLE `main`.`system_gold`.`dim_served_entity` DROP CONSTRAINT IF EXISTS `pk_dim_served_entity`;

-- gold: dim_sku
ALTER TABLE `main`.`system_gold`.`dim_sku` DROP CONSTRAINT IF EXISTS `pk_dim_sku`;

-- gold: dim_user
ALTER TABLE `main`.`system_gold`.`dim_user` DROP CONSTRAINT IF EXISTS `pk_dim_user`;

-- gold: dim_warehouse
ALTER TABLE `main`.`system_gold`.`dim_warehouse` DROP CONSTRAINT IF EXISTS `pk_dim_warehouse`;

-- gold: dim_workspace
ALTER TABLE `main`.`system_gold`.`dim_workspace` DROP CONSTRAINT IF EXISTS `pk_dim_workspace`;

-- gold: fact_assistant_events
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` DROP CONSTRAINT IF EXISTS `pk_fact_assistant_events`;

-- gold: fact_audit_logs
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` DROP CONSTRAINT IF EXISTS `pk_fact_audit_logs`;

-- gold: fact_clean_room_events
ALTER TABLE `main`.`system_gold`.`fact_clean_room_events` DROP CONSTRAINT IF EXISTS `pk_fact_clean_room_events`;

-- gold: fact_column_lineage
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` DROP CONSTRAINT IF EXISTS `pk_fact_column_lineage`;

-- gold: fact_endpoint_usage
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` DROP CONSTRAINT IF EXISTS `pk_fact_endpoint_usage`;

-- gold: fact_inbound_network
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` DROP CONSTRAINT IF EXISTS `pk_fact_inbound_network`;

-- gold: fact_mlflow_run_metrics_history
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` DROP CONSTRAINT IF EXISTS `pk_fact_mlflow_run_metrics_history`;

-- gold: fact_outbound_network
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` DROP CONSTRAINT IF EXISTS `pk_fact_outbound_network`;

-- gold: fact_payload_logs
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` DROP CONSTRAINT IF EXISTS `pk_fact_payload_logs`;

-- gold: fact_predictive_optimization
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` DROP CONSTRAINT IF EXISTS `pk_fact_predictive_optimization`;

-- gold: fact_sharing_materialization
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` DROP CONSTRAINT IF EXISTS `pk_fact_sharing_materialization`;

-- gold: fact_table_lineage
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` DROP CONSTRAINT IF EXISTS `pk_fact_table_lineage`;

-- gold: fact_usage
ALTER TABLE `main`.`system_gold`.`fact_usage` DROP CONSTRAINT IF EXISTS `pk_fact_usage`;

-- gold: dim_account_price
ALTER TABLE `main`.`system_gold`.`dim_account_price` ADD CONSTRAINT `pk_dim_account_price` PRIMARY KEY (`account_price_key`);

-- gold: dim_cluster
ALTER TABLE `main`.`system_gold`.`dim_cluster` ADD CONSTRAINT `pk_dim_cluster` PRIMARY KEY (`cluster_key`);

-- gold: dim_date
ALTER TABLE `main`.`system_gold`.`dim_date` ADD CONSTRAINT `pk_dim_date` PRIMARY KEY (`date_key`);

-- gold: dim_experiment
ALTER TABLE `main`.`system_gold`.`dim_experiment` ADD CONSTRAINT `pk_dim_experiment` PRIMARY KEY (`experiment_key`);

-- gold: dim_job
ALTER TABLE `main`.`system_gold`.`dim_job` ADD CONSTRAINT `pk_dim_job` PRIMARY KEY (`job_key`);

-- gold: dim_job_task
ALTER TABLE `main`.`system_gold`.`dim_job_task` ADD CONSTRAINT `pk_dim_job_task` PRIMARY KEY (`job_task_key`);

-- gold: dim_list_price
ALTER TABLE `main`.`system_gold`.`dim_list_price` ADD CONSTRAINT `pk_dim_list_price` PRIMARY KEY (`list_price_key`);

-- gold: dim_node_type
ALTER TABLE `main`.`system_gold`.`dim_node_type` ADD CONSTRAINT `pk_dim_node_type` PRIMARY KEY (`node_type_key`);

-- gold: dim_pipeline
ALTER TABLE `main`.`system_gold`.`dim_pipeline` ADD CONSTRAINT `pk_dim_pipeline` PRIMARY KEY (`pipeline_key`);

-- gold: dim_served_entity
ALTER TABLE `main`.`system_gold`.`dim_served_entity` ADD CONSTRAINT `pk_dim_served_entity` PRIMARY KEY (`served_entity_key`);

-- gold: dim_sku
ALTER TABLE `main`.`system_gold`.`dim_sku` ADD CONSTRAINT `pk_dim_sku` PRIMARY KEY (`sku_key`);

-- gold: dim_user
ALTER TABLE `main`.`system_gold`.`dim_user` ADD CONSTRAINT `pk_dim_user` PRIMARY KEY (`user_key`);

-- gold: dim_warehouse
ALTER TABLE `main`.`system_gold`.`dim_warehouse` ADD CONSTRAINT `pk_dim_warehouse` PRIMARY KEY (`warehouse_key`);

-- gold: dim_workspace
ALTER TABLE `main`.`system_gold`.`dim_workspace` ADD CONSTRAINT `pk_dim_workspace` PRIMARY KEY (`workspace_key`);

-- gold: fact_assistant_events
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ADD CONSTRAINT `pk_fact_assistant_events` PRIMARY KEY (`event_id`);

-- gold: fact_audit_logs
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ADD CONSTRAINT `pk_fact_audit_logs` PRIMARY KEY (`event_id`);

-- gold: fact_clean_room_events
ALTER TABLE `main`.`system_gold`.`fact_clean_room_events` ADD CONSTRAINT `pk_fact_clean_room_events` PRIMARY KEY (`event_id`);

-- gold: fact_column_lineage
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ADD CONSTRAINT `pk_fact_column_lineage` PRIMARY KEY (`record_id`);

-- gold: fact_endpoint_usage
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ADD CONSTRAINT `pk_fact_endpoint_usage` PRIMARY KEY (`databricks_request_id`);

-- gold: fact_inbound_network
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ADD CONSTRAINT `pk_fact_inbound_network` PRIMARY KEY (`event_id`);

-- gold: fact_mlflow_run_metrics_history
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` ADD CONSTRAINT `pk_fact_mlflow_run_metrics_history` PRIMARY KEY (`record_id`);

-- gold: fact_outbound_network
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` ADD CONSTRAINT `pk_fact_outbound_network` PRIMARY KEY (`event_id`);

-- gold: fact_payload_logs
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ADD CONSTRAINT `pk_fact_payload_logs` PRIMARY KEY (`databricks_request_id`);

-- gold: fact_predictive_optimization
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` ADD CONSTRAINT `pk_fact_predictive_optimization` PRIMARY KEY (`operation_id`);

-- gold: fact_sharing_materialization
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` ADD CONSTRAINT `pk_fact_sharing_materialization` PRIMARY KEY (`sharing_materialization_id`);

-- gold: fact_table_lineage
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ADD CONSTRAINT `pk_fact_table_lineage` PRIMARY KEY (`record_id`);

-- gold: fact_usage
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `pk_fact_usage` PRIMARY KEY (`record_id`);

-- gold: fact_assistant_events
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ADD CONSTRAINT `fk_fact_assistant_events_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ADD CONSTRAINT `fk_fact_assistant_events_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_assistant_events` ADD CONSTRAINT `fk_fact_assistant_events_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_audit_logs
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ADD CONSTRAINT `fk_fact_audit_logs_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ADD CONSTRAINT `fk_fact_audit_logs_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_audit_logs` ADD CONSTRAINT `fk_fact_audit_logs_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_clean_room_events
ALTER TABLE `main`.`system_gold`.`fact_clean_room_events` ADD CONSTRAINT `fk_fact_clean_room_events_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);

-- gold: fact_column_lineage
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ADD CONSTRAINT `fk_fact_column_lineage_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ADD CONSTRAINT `fk_fact_column_lineage_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ADD CONSTRAINT `fk_fact_column_lineage_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ADD CONSTRAINT `fk_fact_column_lineage_job_key` FOREIGN KEY (`job_key`) REFERENCES `main`.`system_gold`.`dim_job` (`job_key`);
ALTER TABLE `main`.`system_gold`.`fact_column_lineage` ADD CONSTRAINT `fk_fact_column_lineage_pipeline_key` FOREIGN KEY (`pipeline_key`) REFERENCES `main`.`system_gold`.`dim_pipeline` (`pipeline_key`);

-- gold: fact_data_classification_results
ALTER TABLE `main`.`system_gold`.`fact_data_classification_results` ADD CONSTRAINT `fk_fact_data_classification_results_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);

-- gold: fact_data_quality_monitoring_table_results
ALTER TABLE `main`.`system_gold`.`fact_data_quality_monitoring_table_results` ADD CONSTRAINT `fk_fact_data_quality_monitoring_table_results_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);

-- gold: fact_endpoint_usage
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ADD CONSTRAINT `fk_fact_endpoint_usage_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ADD CONSTRAINT `fk_fact_endpoint_usage_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ADD CONSTRAINT `fk_fact_endpoint_usage_served_entity_key` FOREIGN KEY (`served_entity_key`) REFERENCES `main`.`system_gold`.`dim_served_entity` (`served_entity_key`);
ALTER TABLE `main`.`system_gold`.`fact_endpoint_usage` ADD CONSTRAINT `fk_fact_endpoint_usage_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_inbound_network
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ADD CONSTRAINT `fk_fact_inbound_network_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ADD CONSTRAINT `fk_fact_inbound_network_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_inbound_network` ADD CONSTRAINT `fk_fact_inbound_network_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_job_run_timeline
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` ADD CONSTRAINT `fk_fact_job_run_timeline_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` ADD CONSTRAINT `fk_fact_job_run_timeline_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_job_run_timeline` ADD CONSTRAINT `fk_fact_job_run_timeline_job_key` FOREIGN KEY (`job_key`) REFERENCES `main`.`system_gold`.`dim_job` (`job_key`);

-- gold: fact_job_task_run_timeline
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` ADD CONSTRAINT `fk_fact_job_task_run_timeline_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` ADD CONSTRAINT `fk_fact_job_task_run_timeline_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` ADD CONSTRAINT `fk_fact_job_task_run_timeline_job_key` FOREIGN KEY (`job_key`) REFERENCES `main`.`system_gold`.`dim_job` (`job_key`);
ALTER TABLE `main`.`system_gold`.`fact_job_task_run_timeline` ADD CONSTRAINT `fk_fact_job_task_run_timeline_job_task_key` FOREIGN KEY (`job_task_key`) REFERENCES `main`.`system_gold`.`dim_job_task` (`job_task_key`);

-- gold: fact_listing_access
ALTER TABLE `main`.`system_gold`.`fact_listing_access` ADD CONSTRAINT `fk_fact_listing_access_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);

-- gold: fact_listing_funnel
ALTER TABLE `main`.`system_gold`.`fact_listing_funnel` ADD CONSTRAINT `fk_fact_listing_funnel_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);

-- gold: fact_mlflow_run_metrics_history
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` ADD CONSTRAINT `fk_fact_mlflow_run_metrics_history_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` ADD CONSTRAINT `fk_fact_mlflow_run_metrics_history_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_mlflow_run_metrics_history` ADD CONSTRAINT `fk_fact_mlflow_run_metrics_history_experiment_key` FOREIGN KEY (`experiment_key`) REFERENCES `main`.`system_gold`.`dim_experiment` (`experiment_key`);

-- gold: fact_mlflow_runs
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` ADD CONSTRAINT `fk_fact_mlflow_runs_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` ADD CONSTRAINT `fk_fact_mlflow_runs_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` ADD CONSTRAINT `fk_fact_mlflow_runs_experiment_key` FOREIGN KEY (`experiment_key`) REFERENCES `main`.`system_gold`.`dim_experiment` (`experiment_key`);
ALTER TABLE `main`.`system_gold`.`fact_mlflow_runs` ADD CONSTRAINT `fk_fact_mlflow_runs_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_node_timeline
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` ADD CONSTRAINT `fk_fact_node_timeline_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` ADD CONSTRAINT `fk_fact_node_timeline_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` ADD CONSTRAINT `fk_fact_node_timeline_cluster_key` FOREIGN KEY (`cluster_key`) REFERENCES `main`.`system_gold`.`dim_cluster` (`cluster_key`);
ALTER TABLE `main`.`system_gold`.`fact_node_timeline` ADD CONSTRAINT `fk_fact_node_timeline_node_type_key` FOREIGN KEY (`node_type_key`) REFERENCES `main`.`system_gold`.`dim_node_type` (`node_type_key`);

-- gold: fact_outbound_network
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` ADD CONSTRAINT `fk_fact_outbound_network_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_outbound_network` ADD CONSTRAINT `fk_fact_outbound_network_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);

-- gold: fact_payload_logs
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ADD CONSTRAINT `fk_fact_payload_logs_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ADD CONSTRAINT `fk_fact_payload_logs_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ADD CONSTRAINT `fk_fact_payload_logs_served_entity_key` FOREIGN KEY (`served_entity_key`) REFERENCES `main`.`system_gold`.`dim_served_entity` (`served_entity_key`);
ALTER TABLE `main`.`system_gold`.`fact_payload_logs` ADD CONSTRAINT `fk_fact_payload_logs_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_pipeline_update_timeline
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` ADD CONSTRAINT `fk_fact_pipeline_update_timeline_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` ADD CONSTRAINT `fk_fact_pipeline_update_timeline_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` ADD CONSTRAINT `fk_fact_pipeline_update_timeline_pipeline_key` FOREIGN KEY (`pipeline_key`) REFERENCES `main`.`system_gold`.`dim_pipeline` (`pipeline_key`);
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` ADD CONSTRAINT `fk_fact_pipeline_update_timeline_cluster_key` FOREIGN KEY (`cluster_key`) REFERENCES `main`.`system_gold`.`dim_cluster` (`cluster_key`);
ALTER TABLE `main`.`system_gold`.`fact_pipeline_update_timeline` ADD CONSTRAINT `fk_fact_pipeline_update_timeline_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_predictive_optimization
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` ADD CONSTRAINT `fk_fact_predictive_optimization_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_predictive_optimization` ADD CONSTRAINT `fk_fact_predictive_optimization_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);

-- gold: fact_query_history
ALTER TABLE `main`.`system_gold`.`fact_query_history` ADD CONSTRAINT `fk_fact_query_history_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_query_history` ADD CONSTRAINT `fk_fact_query_history_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_query_history` ADD CONSTRAINT `fk_fact_query_history_warehouse_key` FOREIGN KEY (`warehouse_key`) REFERENCES `main`.`system_gold`.`dim_warehouse` (`warehouse_key`);
ALTER TABLE `main`.`system_gold`.`fact_query_history` ADD CONSTRAINT `fk_fact_query_history_cluster_key` FOREIGN KEY (`cluster_key`) REFERENCES `main`.`system_gold`.`dim_cluster` (`cluster_key`);
ALTER TABLE `main`.`system_gold`.`fact_query_history` ADD CONSTRAINT `fk_fact_query_history_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_sharing_materialization
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` ADD CONSTRAINT `fk_fact_sharing_materialization_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_sharing_materialization` ADD CONSTRAINT `fk_fact_sharing_materialization_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);

-- gold: fact_table_lineage
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ADD CONSTRAINT `fk_fact_table_lineage_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ADD CONSTRAINT `fk_fact_table_lineage_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ADD CONSTRAINT `fk_fact_table_lineage_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ADD CONSTRAINT `fk_fact_table_lineage_job_key` FOREIGN KEY (`job_key`) REFERENCES `main`.`system_gold`.`dim_job` (`job_key`);
ALTER TABLE `main`.`system_gold`.`fact_table_lineage` ADD CONSTRAINT `fk_fact_table_lineage_pipeline_key` FOREIGN KEY (`pipeline_key`) REFERENCES `main`.`system_gold`.`dim_pipeline` (`pipeline_key`);

-- gold: fact_usage
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_sku_key` FOREIGN KEY (`sku_key`) REFERENCES `main`.`system_gold`.`dim_sku` (`sku_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_list_price_key` FOREIGN KEY (`list_price_key`) REFERENCES `main`.`system_gold`.`dim_list_price` (`list_price_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_account_price_key` FOREIGN KEY (`account_price_key`) REFERENCES `main`.`system_gold`.`dim_account_price` (`account_price_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_cluster_key` FOREIGN KEY (`cluster_key`) REFERENCES `main`.`system_gold`.`dim_cluster` (`cluster_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_warehouse_key` FOREIGN KEY (`warehouse_key`) REFERENCES `main`.`system_gold`.`dim_warehouse` (`warehouse_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_job_key` FOREIGN KEY (`job_key`) REFERENCES `main`.`system_gold`.`dim_job` (`job_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_pipeline_key` FOREIGN KEY (`pipeline_key`) REFERENCES `main`.`system_gold`.`dim_pipeline` (`pipeline_key`);
ALTER TABLE `main`.`system_gold`.`fact_usage` ADD CONSTRAINT `fk_fact_usage_user_key` FOREIGN KEY (`user_key`) REFERENCES `main`.`system_gold`.`dim_user` (`user_key`);

-- gold: fact_warehouse_events
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` ADD CONSTRAINT `fk_fact_warehouse_events_date_key` FOREIGN KEY (`date_key`) REFERENCES `main`.`system_gold`.`dim_date` (`date_key`);
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` ADD CONSTRAINT `fk_fact_warehouse_events_workspace_key` FOREIGN KEY (`workspace_key`) REFERENCES `main`.`system_gold`.`dim_workspace` (`workspace_key`);
ALTER TABLE `main`.`system_gold`.`fact_warehouse_events` ADD CONSTRAINT `fk_fact_warehouse_events_warehouse_key` FOREIGN KEY (`warehouse_key`) REFERENCES `main`.`system_gold`.`dim_warehouse` (`warehouse_key`);
