-- billing.usage: Billable usage of the account. Corrections come as further rows, days later and under the old usage date, so all record types have to be summed.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.billing_usage (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the usage arose; null for some SKUs at the account level.',
  record_id string comment 'Id of the billing record, unique per row.',
  sku_name string comment 'Name of the SKU that was used.',
  cloud string comment 'Cloud on which the usage arose (AWS, AZURE or GCP).',
  usage_start_time timestamp comment 'Start of the usage, the first instant that the record covers.',
  usage_end_time timestamp comment 'End of the usage, the first instant that the record no longer covers.',
  usage_date date comment 'UTC date of the usage; a correction keeps the date of the usage that it corrects.',
  custom_tags map<string,string> comment 'Tags of the compute, the job or the policy that the usage is charged to, by name; null or empty when there are none.',
  usage_unit string comment 'Unit of the quantity, for instance DBU, GB, tokens or hours; quantities of different units must not be added up.',
  usage_quantity decimal(38,18) comment 'Units used; negative on a retraction.',
  usage_metadata struct<cluster_id:string,job_id:string,warehouse_id:string,instance_pool_id:string,node_type:string,job_run_id:string,notebook_id:string,dlt_pipeline_id:string,endpoint_name:string,endpoint_id:string,dlt_update_id:string,dlt_maintenance_id:string,run_name:string,job_name:string,notebook_path:string,central_clean_room_id:string,source_region:string,destination_region:string,app_id:string,app_name:string,metastore_id:string,private_endpoint_name:string,storage_api_type:string,budget_policy_id:string,ai_runtime_pool_id:string,ai_runtime_workload_id:string,uc_table_catalog:string,uc_table_schema:string,uc_table_name:string,database_instance_id:string,sharing_materialization_id:string,schema_id:string,usage_policy_id:string,base_environment_id:string,agent_bricks_id:string,index_id:string,catalog_id:string> comment 'Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  identity_metadata struct<run_as:string,created_by:string,owned_by:string> comment 'Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  record_type string comment 'Whether the record is an original, takes back one (RETRACTION, with a negative quantity) or restates one (RESTATEMENT).',
  ingestion_date date comment 'UTC date on which the record came into the table; later than the usage date for corrections.',
  billing_origin_product string comment 'Product that the usage comes from, for instance JOBS, SQL, DLT or MODEL_SERVING.',
  product_features struct<jobs_tier:string,sql_tier:string,dlt_tier:string,is_serverless:boolean,is_photon:boolean,serving_type:string,networking:struct<connectivity_type:string>,ai_runtime:struct<compute_type:string>,model_serving:struct<offering_type:string>,ai_gateway:struct<feature_type:string>,performance_target:string,serverless_gpu:struct<workload_type:string>,agent_bricks:struct<problem_type:string,workload_type:string>,ai_functions:struct<ai_function:string>,apps:struct<compute_size:string>,lakeflow_connect:struct<task_type:string>> comment 'Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  usage_type string comment 'What is charged for, for instance COMPUTE_TIME, STORAGE_SPACE, NETWORK_BYTE, API_OPERATION, TOKEN or GPU_TIME.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Billable usage of the account. Corrections come as further rows, days later and under the old usage date, so all record types have to be summed.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.billing_usage (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the usage arose; null for some SKUs at the account level.',
  record_id string comment 'Id of the billing record, unique per row.',
  sku_name string comment 'Name of the SKU that was used.',
  cloud string comment 'Cloud on which the usage arose (AWS, AZURE or GCP).',
  usage_start_time timestamp comment 'Start of the usage, the first instant that the record covers.',
  usage_end_time timestamp comment 'End of the usage, the first instant that the record no longer covers.',
  usage_date date comment 'UTC date of the usage; a correction keeps the date of the usage that it corrects.',
  custom_tags map<string,string> comment 'Tags of the compute, the job or the policy that the usage is charged to, by name; null or empty when there are none.',
  usage_unit string comment 'Unit of the quantity, for instance DBU, GB, tokens or hours; quantities of different units must not be added up.',
  usage_quantity decimal(38,18) comment 'Units used; negative on a retraction.',
  usage_metadata struct<cluster_id:string,job_id:string,warehouse_id:string,instance_pool_id:string,node_type:string,job_run_id:string,notebook_id:string,dlt_pipeline_id:string,endpoint_name:string,endpoint_id:string,dlt_update_id:string,dlt_maintenance_id:string,run_name:string,job_name:string,notebook_path:string,central_clean_room_id:string,source_region:string,destination_region:string,app_id:string,app_name:string,metastore_id:string,private_endpoint_name:string,storage_api_type:string,budget_policy_id:string,ai_runtime_pool_id:string,ai_runtime_workload_id:string,uc_table_catalog:string,uc_table_schema:string,uc_table_name:string,database_instance_id:string,sharing_materialization_id:string,schema_id:string,usage_policy_id:string,base_environment_id:string,agent_bricks_id:string,index_id:string,catalog_id:string> comment 'Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  identity_metadata struct<run_as:string,created_by:string,owned_by:string> comment 'Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  record_type string comment 'Whether the record is an original, takes back one (RETRACTION, with a negative quantity) or restates one (RESTATEMENT).',
  ingestion_date date comment 'UTC date on which the record came into the table; later than the usage date for corrections.',
  billing_origin_product string comment 'Product that the usage comes from, for instance JOBS, SQL, DLT or MODEL_SERVING.',
  product_features struct<jobs_tier:string,sql_tier:string,dlt_tier:string,is_serverless:boolean,is_photon:boolean,serving_type:string,networking:struct<connectivity_type:string>,ai_runtime:struct<compute_type:string>,model_serving:struct<offering_type:string>,ai_gateway:struct<feature_type:string>,performance_target:string,serverless_gpu:struct<workload_type:string>,agent_bricks:struct<problem_type:string,workload_type:string>,ai_functions:struct<ai_function:string>,apps:struct<compute_size:string>,lakeflow_connect:struct<task_type:string>> comment 'Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  usage_type string comment 'What is charged for, for instance COMPUTE_TIME, STORAGE_SPACE, NETWORK_BYTE, API_OPERATION, TOKEN or GPU_TIME.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of billing.usage that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.billing_usage (
    account_id, workspace_id, record_id, sku_name, cloud, usage_start_time, usage_end_time, usage_date,
    custom_tags, usage_unit, usage_quantity, usage_metadata, identity_metadata, record_type, ingestion_date,
    billing_origin_product, product_features, usage_type, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.record_id, d.sku_name, d.cloud, d.usage_start_time, d.usage_end_time,
    d.usage_date, d.custom_tags, d.usage_unit, d.usage_quantity, d.usage_metadata, d.identity_metadata,
    d.record_type, d.ingestion_date, d.billing_origin_product, d.product_features, d.usage_type,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.record_id, d.sku_name, d.cloud, d.usage_start_time, d.usage_end_time,
    d.usage_date, d.custom_tags, d.usage_unit, d.usage_quantity, d.usage_metadata, d.identity_metadata,
    d.record_type, d.ingestion_date, d.billing_origin_product, d.product_features, d.usage_type))), current_timestamp()
from (
  select *, case when record_id is null then 'key (record_id) is null' end as _reason
  from system.billing.usage
) as d
left anti join system_quarantine.billing_usage as b
  on d.record_id <=> b.record_id
  and struct(d.account_id, d.workspace_id, d.sku_name, d.cloud, d.usage_start_time, d.usage_end_time, d.usage_date,
    to_json(d.custom_tags), d.usage_unit, d.usage_quantity, d.usage_metadata, d.identity_metadata, d.record_type,
    d.ingestion_date, d.billing_origin_product, d.product_features, d.usage_type)
  <=> struct(b.account_id, b.workspace_id, b.sku_name, b.cloud, b.usage_start_time, b.usage_end_time, b.usage_date,
    to_json(b.custom_tags), b.usage_unit, b.usage_quantity, b.usage_metadata, b.identity_metadata, b.record_type,
    b.ingestion_date, b.billing_origin_product, b.product_features, b.usage_type)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.billing_usage (
    account_id, workspace_id, record_id, sku_name, cloud, usage_start_time, usage_end_time, usage_date,
    custom_tags, usage_unit, usage_quantity, usage_metadata, identity_metadata, record_type, ingestion_date,
    billing_origin_product, product_features, usage_type, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.record_id, d.sku_name, d.cloud, d.usage_start_time, d.usage_end_time,
    d.usage_date, d.custom_tags, d.usage_unit, d.usage_quantity, d.usage_metadata, d.identity_metadata,
    d.record_type, d.ingestion_date, d.billing_origin_product, d.product_features, d.usage_type,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.billing.usage
  where not (record_id is null)
) as d
left anti join system_bronze.billing_usage as b
  on d.record_id <=> b.record_id
  and struct(d.account_id, d.workspace_id, d.sku_name, d.cloud, d.usage_start_time, d.usage_end_time, d.usage_date,
    to_json(d.custom_tags), d.usage_unit, d.usage_quantity, d.usage_metadata, d.identity_metadata, d.record_type,
    d.ingestion_date, d.billing_origin_product, d.product_features, d.usage_type)
  <=> struct(b.account_id, b.workspace_id, b.sku_name, b.cloud, b.usage_start_time, b.usage_end_time, b.usage_date,
    to_json(b.custom_tags), b.usage_unit, b.usage_quantity, b.usage_metadata, b.identity_metadata, b.record_type,
    b.ingestion_date, b.billing_origin_product, b.product_features, b.usage_type);
