-- fact_usage: Billable usage with its cost at list price and at account price. Every record type is kept, so sums over all rows are net of corrections; quantities of different units must not be added up.
-- One row: one billing record.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_usage (
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
  usage_metadata_cluster_id string comment 'Field `cluster_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_job_id string comment 'Field `job_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_warehouse_id string comment 'Field `warehouse_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_instance_pool_id string comment 'Field `instance_pool_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_node_type string comment 'Field `node_type` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_job_run_id string comment 'Field `job_run_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_notebook_id string comment 'Field `notebook_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_dlt_pipeline_id string comment 'Field `dlt_pipeline_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_endpoint_name string comment 'Field `endpoint_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_endpoint_id string comment 'Field `endpoint_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_dlt_update_id string comment 'Field `dlt_update_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_dlt_maintenance_id string comment 'Field `dlt_maintenance_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_run_name string comment 'Field `run_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_job_name string comment 'Field `job_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_notebook_path string comment 'Field `notebook_path` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_central_clean_room_id string comment 'Field `central_clean_room_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_source_region string comment 'Field `source_region` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_destination_region string comment 'Field `destination_region` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_app_id string comment 'Field `app_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_app_name string comment 'Field `app_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_metastore_id string comment 'Field `metastore_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_private_endpoint_name string comment 'Field `private_endpoint_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_storage_api_type string comment 'Field `storage_api_type` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_budget_policy_id string comment 'Field `budget_policy_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_ai_runtime_pool_id string comment 'Field `ai_runtime_pool_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_ai_runtime_workload_id string comment 'Field `ai_runtime_workload_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_uc_table_catalog string comment 'Field `uc_table_catalog` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_uc_table_schema string comment 'Field `uc_table_schema` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_uc_table_name string comment 'Field `uc_table_name` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_database_instance_id string comment 'Field `database_instance_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_sharing_materialization_id string comment 'Field `sharing_materialization_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_schema_id string comment 'Field `schema_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_usage_policy_id string comment 'Field `usage_policy_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_base_environment_id string comment 'Field `base_environment_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_agent_bricks_id string comment 'Field `agent_bricks_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_index_id string comment 'Field `index_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  usage_metadata_catalog_id string comment 'Field `catalog_id` of `usage_metadata`: Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  identity_metadata_run_as string comment 'Field `run_as` of `identity_metadata`: Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  identity_metadata_created_by string comment 'Field `created_by` of `identity_metadata`: Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  identity_metadata_owned_by string comment 'Field `owned_by` of `identity_metadata`: Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  record_type string comment 'Whether the record is an original, takes back one (RETRACTION, with a negative quantity) or restates one (RESTATEMENT).',
  ingestion_date date comment 'UTC date on which the record came into the table; later than the usage date for corrections.',
  billing_origin_product string comment 'Product that the usage comes from, for instance JOBS, SQL, DLT or MODEL_SERVING.',
  product_features_jobs_tier string comment 'Field `jobs_tier` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_sql_tier string comment 'Field `sql_tier` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_dlt_tier string comment 'Field `dlt_tier` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_is_serverless boolean comment 'Field `is_serverless` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_is_photon boolean comment 'Field `is_photon` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_serving_type string comment 'Field `serving_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_networking_connectivity_type string comment 'Field `networking.connectivity_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_ai_runtime_compute_type string comment 'Field `ai_runtime.compute_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_model_serving_offering_type string comment 'Field `model_serving.offering_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_ai_gateway_feature_type string comment 'Field `ai_gateway.feature_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_performance_target string comment 'Field `performance_target` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_serverless_gpu_workload_type string comment 'Field `serverless_gpu.workload_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_agent_bricks_problem_type string comment 'Field `agent_bricks.problem_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_agent_bricks_workload_type string comment 'Field `agent_bricks.workload_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_ai_functions_ai_function string comment 'Field `ai_functions.ai_function` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_apps_compute_size string comment 'Field `apps.compute_size` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  product_features_lakeflow_connect_task_type string comment 'Field `lakeflow_connect.task_type` of `product_features`: Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  usage_type string comment 'What is charged for, for instance COMPUTE_TIME, STORAGE_SPACE, NETWORK_BYTE, API_OPERATION, TOKEN or GPU_TIME.',
  list_cost decimal(38,12) comment 'Quantity times list price in the configured currency, negative on retractions; null without a price.',
  account_cost decimal(38,12) comment 'Quantity times account price in the configured currency, negative on retractions; null without a price.',
  tag_count bigint comment 'Number of custom tags; 0 when there are none, never null.',
  is_tagged boolean comment 'Whether the usage carries at least one custom tag; never null.',
  list_price decimal(38,18) comment 'List price of one unit at the start of the usage, in the configured currency; null when there is none.',
  account_price decimal(38,18) comment 'Account price of one unit at the start of the usage, in the configured currency; null when there is none.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  sku_key bigint not null comment 'Key of the row of dim_sku that the fact refers to; -1 when there is none.',
  list_price_key bigint not null comment 'Key of the row of dim_list_price that the fact refers to; -1 when there is none.',
  account_price_key bigint not null comment 'Key of the row of dim_account_price that the fact refers to; -1 when there is none.',
  cluster_key bigint not null comment 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  warehouse_key bigint not null comment 'Key of the row of dim_warehouse that the fact refers to; -1 when there is none.',
  job_key bigint not null comment 'Key of the row of dim_job that the fact refers to; -1 when there is none.',
  pipeline_key bigint not null comment 'Key of the row of dim_pipeline that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Billable usage with its cost at list price and at account price. Every record type is kept, so sums over all rows are net of corrections; quantities of different units must not be added up.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_usage' as table_name, '1e78a0f7d5d43cff' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.billing_usage
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
insert overwrite table system_gold.fact_usage
with
-- Columns of billing.usage: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    record_id,
    sku_name,
    cloud,
    usage_start_time,
    usage_end_time,
    usage_date,
    map_from_entries(array_sort(map_entries(custom_tags))) as custom_tags,
    usage_unit,
    usage_quantity,
    usage_metadata.cluster_id as usage_metadata_cluster_id,
    usage_metadata.job_id as usage_metadata_job_id,
    usage_metadata.warehouse_id as usage_metadata_warehouse_id,
    usage_metadata.instance_pool_id as usage_metadata_instance_pool_id,
    usage_metadata.node_type as usage_metadata_node_type,
    usage_metadata.job_run_id as usage_metadata_job_run_id,
    usage_metadata.notebook_id as usage_metadata_notebook_id,
    usage_metadata.dlt_pipeline_id as usage_metadata_dlt_pipeline_id,
    usage_metadata.endpoint_name as usage_metadata_endpoint_name,
    usage_metadata.endpoint_id as usage_metadata_endpoint_id,
    usage_metadata.dlt_update_id as usage_metadata_dlt_update_id,
    usage_metadata.dlt_maintenance_id as usage_metadata_dlt_maintenance_id,
    usage_metadata.run_name as usage_metadata_run_name,
    usage_metadata.job_name as usage_metadata_job_name,
    usage_metadata.notebook_path as usage_metadata_notebook_path,
    usage_metadata.central_clean_room_id as usage_metadata_central_clean_room_id,
    usage_metadata.source_region as usage_metadata_source_region,
    usage_metadata.destination_region as usage_metadata_destination_region,
    usage_metadata.app_id as usage_metadata_app_id,
    usage_metadata.app_name as usage_metadata_app_name,
    usage_metadata.metastore_id as usage_metadata_metastore_id,
    usage_metadata.private_endpoint_name as usage_metadata_private_endpoint_name,
    usage_metadata.storage_api_type as usage_metadata_storage_api_type,
    usage_metadata.budget_policy_id as usage_metadata_budget_policy_id,
    usage_metadata.ai_runtime_pool_id as usage_metadata_ai_runtime_pool_id,
    usage_metadata.ai_runtime_workload_id as usage_metadata_ai_runtime_workload_id,
    usage_metadata.uc_table_catalog as usage_metadata_uc_table_catalog,
    usage_metadata.uc_table_schema as usage_metadata_uc_table_schema,
    usage_metadata.uc_table_name as usage_metadata_uc_table_name,
    usage_metadata.database_instance_id as usage_metadata_database_instance_id,
    usage_metadata.sharing_materialization_id as usage_metadata_sharing_materialization_id,
    usage_metadata.schema_id as usage_metadata_schema_id,
    usage_metadata.usage_policy_id as usage_metadata_usage_policy_id,
    usage_metadata.base_environment_id as usage_metadata_base_environment_id,
    usage_metadata.agent_bricks_id as usage_metadata_agent_bricks_id,
    usage_metadata.index_id as usage_metadata_index_id,
    usage_metadata.catalog_id as usage_metadata_catalog_id,
    identity_metadata.run_as as identity_metadata_run_as,
    identity_metadata.created_by as identity_metadata_created_by,
    identity_metadata.owned_by as identity_metadata_owned_by,
    record_type,
    ingestion_date,
    billing_origin_product,
    product_features.jobs_tier as product_features_jobs_tier,
    product_features.sql_tier as product_features_sql_tier,
    product_features.dlt_tier as product_features_dlt_tier,
    product_features.is_serverless as product_features_is_serverless,
    product_features.is_photon as product_features_is_photon,
    product_features.serving_type as product_features_serving_type,
    product_features.networking.connectivity_type as product_features_networking_connectivity_type,
    product_features.ai_runtime.compute_type as product_features_ai_runtime_compute_type,
    product_features.model_serving.offering_type as product_features_model_serving_offering_type,
    product_features.ai_gateway.feature_type as product_features_ai_gateway_feature_type,
    product_features.performance_target as product_features_performance_target,
    product_features.serverless_gpu.workload_type as product_features_serverless_gpu_workload_type,
    product_features.agent_bricks.problem_type as product_features_agent_bricks_problem_type,
    product_features.agent_bricks.workload_type as product_features_agent_bricks_workload_type,
    product_features.ai_functions.ai_function as product_features_ai_functions_ai_function,
    product_features.apps.compute_size as product_features_apps_compute_size,
    product_features.lakeflow_connect.task_type as product_features_lakeflow_connect_task_type,
    usage_type
  from system_bronze.billing_usage
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where record_id is not null
),

-- The latest version of each key by ingestion_date; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by record_id
    order by ingestion_date desc nulls last, account_id desc nulls last, billing_origin_product desc nulls last,
      cloud desc nulls last, map_entries(custom_tags) desc nulls last, identity_metadata_created_by desc nulls last,
      identity_metadata_owned_by desc nulls last, identity_metadata_run_as desc nulls last,
      product_features_agent_bricks_problem_type desc nulls last,
      product_features_agent_bricks_workload_type desc nulls last,
      product_features_ai_functions_ai_function desc nulls last,
      product_features_ai_gateway_feature_type desc nulls last,
      product_features_ai_runtime_compute_type desc nulls last, product_features_apps_compute_size desc nulls last,
      product_features_dlt_tier desc nulls last, product_features_is_photon desc nulls last,
      product_features_is_serverless desc nulls last, product_features_jobs_tier desc nulls last,
      product_features_lakeflow_connect_task_type desc nulls last,
      product_features_model_serving_offering_type desc nulls last,
      product_features_networking_connectivity_type desc nulls last,
      product_features_performance_target desc nulls last,
      product_features_serverless_gpu_workload_type desc nulls last, product_features_serving_type desc nulls last,
      product_features_sql_tier desc nulls last, record_type desc nulls last, sku_name desc nulls last,
      usage_date desc nulls last, usage_end_time desc nulls last, usage_metadata_agent_bricks_id desc nulls last,
      usage_metadata_ai_runtime_pool_id desc nulls last, usage_metadata_ai_runtime_workload_id desc nulls last,
      usage_metadata_app_id desc nulls last, usage_metadata_app_name desc nulls last,
      usage_metadata_base_environment_id desc nulls last, usage_metadata_budget_policy_id desc nulls last,
      usage_metadata_catalog_id desc nulls last, usage_metadata_central_clean_room_id desc nulls last,
      usage_metadata_cluster_id desc nulls last, usage_metadata_database_instance_id desc nulls last,
      usage_metadata_destination_region desc nulls last, usage_metadata_dlt_maintenance_id desc nulls last,
      usage_metadata_dlt_pipeline_id desc nulls last, usage_metadata_dlt_update_id desc nulls last,
      usage_metadata_endpoint_id desc nulls last, usage_metadata_endpoint_name desc nulls last,
      usage_metadata_index_id desc nulls last, usage_metadata_instance_pool_id desc nulls last,
      usage_metadata_job_id desc nulls last, usage_metadata_job_name desc nulls last,
      usage_metadata_job_run_id desc nulls last, usage_metadata_metastore_id desc nulls last,
      usage_metadata_node_type desc nulls last, usage_metadata_notebook_id desc nulls last,
      usage_metadata_notebook_path desc nulls last, usage_metadata_private_endpoint_name desc nulls last,
      usage_metadata_run_name desc nulls last, usage_metadata_schema_id desc nulls last,
      usage_metadata_sharing_materialization_id desc nulls last, usage_metadata_source_region desc nulls last,
      usage_metadata_storage_api_type desc nulls last, usage_metadata_uc_table_catalog desc nulls last,
      usage_metadata_uc_table_name desc nulls last, usage_metadata_uc_table_schema desc nulls last,
      usage_metadata_usage_policy_id desc nulls last, usage_metadata_warehouse_id desc nulls last,
      usage_quantity desc nulls last, usage_start_time desc nulls last, usage_type desc nulls last,
      usage_unit desc nulls last, workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    case when custom_tags is null then 0 else cast(cast(cardinality(custom_tags) as bigint) as bigint) end as tag_count
  from latest
),

-- Derived columns.
derived_2 as (
  select
    *,
    tag_count > 0 as is_tagged
  from derived
),

-- The row of dim_list_price whose half-open interval contains the instant; of several, because an end is not closed yet, the one that starts last.
list_price_found as (
  select *
  from (
    select f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time, d.list_price_key, d.unit_price as unit_price,
      row_number() over (partition by f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time order by d.price_start_time desc, d.list_price_key desc) as _rank
    from (select distinct account_id, sku_name, cloud, usage_unit, usage_start_time from derived_2) as f
    join system_gold.dim_list_price as d on d.account_id = f.account_id and d.sku_name = f.sku_name and d.cloud = f.cloud and d.currency_code = 'USD' and d.usage_unit = f.usage_unit and d.price_start_time <= f.usage_start_time and (d.price_end_time is null or f.usage_start_time < d.price_end_time)
    where d.list_price_key <> -1
  )
  where _rank = 1
),

-- The row of dim_account_price whose half-open interval contains the instant; of several, because an end is not closed yet, the one that starts last.
account_price_found as (
  select *
  from (
    select f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time, d.account_price_key, d.unit_price as unit_price,
      row_number() over (partition by f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time order by d.price_start_time desc, d.account_price_key desc) as _rank
    from (select distinct account_id, sku_name, cloud, usage_unit, usage_start_time from derived_2) as f
    join system_gold.dim_account_price as d on d.account_id = f.account_id and d.sku_name = f.sku_name and d.cloud = f.cloud and d.currency_code = 'USD' and d.usage_unit = f.usage_unit and d.price_start_time <= f.usage_start_time and (d.price_end_time is null or f.usage_start_time < d.price_end_time)
    where d.account_price_key <> -1
  )
  where _rank = 1
),

-- Versions of dim_cluster; facts from before the first one refer to the first one.
cluster_found as (
  select workspace_id, cluster_id, cluster_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, cluster_id order by valid_from) is null as _is_first
  from system_gold.dim_cluster
  where cluster_key <> -1
),

-- Versions of dim_warehouse; facts from before the first one refer to the first one.
warehouse_found as (
  select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
  from system_gold.dim_warehouse
  where warehouse_key <> -1
),

-- Versions of dim_job; facts from before the first one refer to the first one.
job_found as (
  select workspace_id, job_id, job_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, job_id order by valid_from) is null as _is_first
  from system_gold.dim_job
  where job_key <> -1
),

-- Versions of dim_pipeline; facts from before the first one refer to the first one.
pipeline_found as (
  select workspace_id, pipeline_id, pipeline_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, pipeline_id order by valid_from) is null as _is_first
  from system_gold.dim_pipeline
  where pipeline_key <> -1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(f.usage_date) between 1 and 9999 then cast(year(f.usage_date) * 10000 + month(f.usage_date) * 100 + day(f.usage_date) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(sku_found.sku_key, -1) as sku_key,
    coalesce(list_price_found.list_price_key, -1) as list_price_key,
    list_price_found.unit_price as list_price,
    coalesce(account_price_found.account_price_key, -1) as account_price_key,
    account_price_found.unit_price as account_price,
    coalesce(cluster_found.cluster_key, -1) as cluster_key,
    coalesce(warehouse_found.warehouse_key, -1) as warehouse_key,
    coalesce(job_found.job_key, -1) as job_key,
    coalesce(pipeline_found.pipeline_key, -1) as pipeline_key,
    coalesce(user_found.user_key, -1) as user_key
  from derived_2 as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join system_gold.dim_sku as sku_found on sku_found.sku_name = f.sku_name and sku_found.cloud = f.cloud and sku_found.sku_key <> -1
  left join list_price_found on list_price_found.account_id = f.account_id and list_price_found.sku_name = f.sku_name and list_price_found.cloud = f.cloud and list_price_found.usage_unit = f.usage_unit and list_price_found.usage_start_time = f.usage_start_time
  left join account_price_found on account_price_found.account_id = f.account_id and account_price_found.sku_name = f.sku_name and account_price_found.cloud = f.cloud and account_price_found.usage_unit = f.usage_unit and account_price_found.usage_start_time = f.usage_start_time
  left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.usage_metadata_cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.usage_start_time) and (cluster_found.valid_to is null or f.usage_start_time < cluster_found.valid_to) and f.usage_start_time is not null
  left join warehouse_found on warehouse_found.workspace_id = f.workspace_id and warehouse_found.warehouse_id = f.usage_metadata_warehouse_id and (warehouse_found._is_first or warehouse_found.valid_from <= f.usage_start_time) and (warehouse_found.valid_to is null or f.usage_start_time < warehouse_found.valid_to) and f.usage_start_time is not null
  left join job_found on job_found.workspace_id = f.workspace_id and job_found.job_id = f.usage_metadata_job_id and (job_found._is_first or job_found.valid_from <= f.usage_start_time) and (job_found.valid_to is null or f.usage_start_time < job_found.valid_to) and f.usage_start_time is not null
  left join pipeline_found on pipeline_found.workspace_id = f.workspace_id and pipeline_found.pipeline_id = f.usage_metadata_dlt_pipeline_id and (pipeline_found._is_first or pipeline_found.valid_from <= f.usage_start_time) and (pipeline_found.valid_to is null or f.usage_start_time < pipeline_found.valid_to) and f.usage_start_time is not null
  left join system_gold.dim_user as user_found on user_found.user_name = f.identity_metadata_run_as and f.identity_metadata_run_as <> '' and user_found.user_key <> -1
),

-- Parts of exact products: Spark would cut a product of two decimals, so their digits are multiplied in limbs of twelve.
priced_parts as (
  select
    *,
    cast(cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _list_cost_a_low,
    cast((cast(abs(cast(usage_quantity as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _list_cost_a_middle,
    cast(floor(abs(cast(usage_quantity as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _list_cost_a_high,
    cast(cast(abs(cast(list_price as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _list_cost_b_low,
    cast((cast(abs(cast(list_price as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(list_price as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _list_cost_b_middle,
    cast(floor(abs(cast(list_price as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _list_cost_b_high,
    cast(cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _account_cost_a_low,
    cast((cast(abs(cast(usage_quantity as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _account_cost_a_middle,
    cast(floor(abs(cast(usage_quantity as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _account_cost_a_high,
    cast(cast(abs(cast(account_price as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _account_cost_b_low,
    cast((cast(abs(cast(account_price as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(account_price as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _account_cost_b_middle,
    cast(floor(abs(cast(account_price as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _account_cost_b_high
  from resolved
),

-- Parts of exact products: Spark would cut a product of two decimals, so their digits are multiplied in limbs of twelve.
priced_parts_2 as (
  select
    *,
    cast(_list_cost_a_low * _list_cost_b_high + _list_cost_a_middle * _list_cost_b_middle + _list_cost_a_high * _list_cost_b_low as decimal(38,0)) + cast((_list_cost_a_low * _list_cost_b_middle + _list_cost_a_middle * _list_cost_b_low + (_list_cost_a_low * _list_cost_b_low) div 1000000000000BD + 500000000000BD) div 1000000000000BD as decimal(38,0)) as _list_cost_small,
    case when _list_cost_a_high * _list_cost_b_high < 100000000000000BD then cast(cast(_list_cost_a_high * _list_cost_b_high as decimal(15,0)) * 1000000000000BD as decimal(38,0)) + cast(_list_cost_a_middle * _list_cost_b_high + _list_cost_a_high * _list_cost_b_middle as decimal(38,0)) end as _list_cost_large,
    cast(_account_cost_a_low * _account_cost_b_high + _account_cost_a_middle * _account_cost_b_middle + _account_cost_a_high * _account_cost_b_low as decimal(38,0)) + cast((_account_cost_a_low * _account_cost_b_middle + _account_cost_a_middle * _account_cost_b_low + (_account_cost_a_low * _account_cost_b_low) div 1000000000000BD + 500000000000BD) div 1000000000000BD as decimal(38,0)) as _account_cost_small,
    case when _account_cost_a_high * _account_cost_b_high < 100000000000000BD then cast(cast(_account_cost_a_high * _account_cost_b_high as decimal(15,0)) * 1000000000000BD as decimal(38,0)) + cast(_account_cost_a_middle * _account_cost_b_high + _account_cost_a_high * _account_cost_b_middle as decimal(38,0)) end as _account_cost_large
  from priced_parts
),

-- Derived columns.
priced as (
  select
    *,
    case when _list_cost_large + cast(_list_cost_small div 1000000000000BD as decimal(38,0)) < 100000000000000000000000000BD then cast(concat(case when (cast(usage_quantity as decimal(38,18)) < 0) <> (cast(list_price as decimal(38,18)) < 0) then '-' else '' end, cast(cast(_list_cost_large + cast(_list_cost_small div 1000000000000BD as decimal(38,0)) as decimal(26,0)) as string), '.', lpad(cast(cast(_list_cost_small % 1000000000000BD as decimal(12,0)) as string), 12, '0')) as decimal(38,12)) end as list_cost,
    case when _account_cost_large + cast(_account_cost_small div 1000000000000BD as decimal(38,0)) < 100000000000000000000000000BD then cast(concat(case when (cast(usage_quantity as decimal(38,18)) < 0) <> (cast(account_price as decimal(38,18)) < 0) then '-' else '' end, cast(cast(_account_cost_large + cast(_account_cost_small div 1000000000000BD as decimal(38,0)) as decimal(26,0)) as string), '.', lpad(cast(cast(_account_cost_small % 1000000000000BD as decimal(12,0)) as string), 12, '0')) as decimal(38,12)) end as account_cost
  from priced_parts_2
)
select
  account_id,
  workspace_id,
  record_id,
  sku_name,
  cloud,
  usage_start_time,
  usage_end_time,
  usage_date,
  custom_tags,
  usage_unit,
  usage_quantity,
  usage_metadata_cluster_id,
  usage_metadata_job_id,
  usage_metadata_warehouse_id,
  usage_metadata_instance_pool_id,
  usage_metadata_node_type,
  usage_metadata_job_run_id,
  usage_metadata_notebook_id,
  usage_metadata_dlt_pipeline_id,
  usage_metadata_endpoint_name,
  usage_metadata_endpoint_id,
  usage_metadata_dlt_update_id,
  usage_metadata_dlt_maintenance_id,
  usage_metadata_run_name,
  usage_metadata_job_name,
  usage_metadata_notebook_path,
  usage_metadata_central_clean_room_id,
  usage_metadata_source_region,
  usage_metadata_destination_region,
  usage_metadata_app_id,
  usage_metadata_app_name,
  usage_metadata_metastore_id,
  usage_metadata_private_endpoint_name,
  usage_metadata_storage_api_type,
  usage_metadata_budget_policy_id,
  usage_metadata_ai_runtime_pool_id,
  usage_metadata_ai_runtime_workload_id,
  usage_metadata_uc_table_catalog,
  usage_metadata_uc_table_schema,
  usage_metadata_uc_table_name,
  usage_metadata_database_instance_id,
  usage_metadata_sharing_materialization_id,
  usage_metadata_schema_id,
  usage_metadata_usage_policy_id,
  usage_metadata_base_environment_id,
  usage_metadata_agent_bricks_id,
  usage_metadata_index_id,
  usage_metadata_catalog_id,
  identity_metadata_run_as,
  identity_metadata_created_by,
  identity_metadata_owned_by,
  record_type,
  ingestion_date,
  billing_origin_product,
  product_features_jobs_tier,
  product_features_sql_tier,
  product_features_dlt_tier,
  product_features_is_serverless,
  product_features_is_photon,
  product_features_serving_type,
  product_features_networking_connectivity_type,
  product_features_ai_runtime_compute_type,
  product_features_model_serving_offering_type,
  product_features_ai_gateway_feature_type,
  product_features_performance_target,
  product_features_serverless_gpu_workload_type,
  product_features_agent_bricks_problem_type,
  product_features_agent_bricks_workload_type,
  product_features_ai_functions_ai_function,
  product_features_apps_compute_size,
  product_features_lakeflow_connect_task_type,
  usage_type,
  list_cost,
  account_cost,
  tag_count,
  is_tagged,
  list_price,
  account_price,
  date_key,
  workspace_key,
  sku_key,
  list_price_key,
  account_price_key,
  cluster_key,
  warehouse_key,
  job_key,
  pipeline_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from priced;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_usage as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select record_id
    from system_bronze.billing_usage
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_usage')
  ),

  -- The row of dim_list_price whose half-open interval contains the instant; of several, because an end is not closed yet, the one that starts last.
  list_price_now as (
    select *
    from (
      select f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time, d.list_price_key, d.unit_price as unit_price,
        row_number() over (partition by f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time order by d.price_start_time desc, d.list_price_key desc) as _rank
      from (select distinct account_id, sku_name, cloud, usage_unit, usage_start_time from system_gold.fact_usage) as f
      join system_gold.dim_list_price as d on d.account_id = f.account_id and d.sku_name = f.sku_name and d.cloud = f.cloud and d.currency_code = 'USD' and d.usage_unit = f.usage_unit and d.price_start_time <= f.usage_start_time and (d.price_end_time is null or f.usage_start_time < d.price_end_time)
      where d.list_price_key <> -1
    )
    where _rank = 1
  ),

  -- The row of dim_account_price whose half-open interval contains the instant; of several, because an end is not closed yet, the one that starts last.
  account_price_now as (
    select *
    from (
      select f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time, d.account_price_key, d.unit_price as unit_price,
        row_number() over (partition by f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time order by d.price_start_time desc, d.account_price_key desc) as _rank
      from (select distinct account_id, sku_name, cloud, usage_unit, usage_start_time from system_gold.fact_usage) as f
      join system_gold.dim_account_price as d on d.account_id = f.account_id and d.sku_name = f.sku_name and d.cloud = f.cloud and d.currency_code = 'USD' and d.usage_unit = f.usage_unit and d.price_start_time <= f.usage_start_time and (d.price_end_time is null or f.usage_start_time < d.price_end_time)
      where d.account_price_key <> -1
    )
    where _rank = 1
  ),

  -- Versions of dim_cluster; facts from before the first one refer to the first one.
  cluster_now as (
    select workspace_id, cluster_id, cluster_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, cluster_id order by valid_from) is null as _is_first
    from system_gold.dim_cluster
    where cluster_key <> -1
  ),

  -- Versions of dim_warehouse; facts from before the first one refer to the first one.
  warehouse_now as (
    select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
    from system_gold.dim_warehouse
    where warehouse_key <> -1
  ),

  -- Versions of dim_job; facts from before the first one refer to the first one.
  job_now as (
    select workspace_id, job_id, job_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, job_id order by valid_from) is null as _is_first
    from system_gold.dim_job
    where job_key <> -1
  ),

  -- Versions of dim_pipeline; facts from before the first one refer to the first one.
  pipeline_now as (
    select workspace_id, pipeline_id, pipeline_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, pipeline_id order by valid_from) is null as _is_first
    from system_gold.dim_pipeline
    where pipeline_key <> -1
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.record_id
    from system_gold.fact_usage as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join system_gold.dim_sku as sku_now on sku_now.sku_name = f.sku_name and sku_now.cloud = f.cloud and sku_now.sku_key <> -1
    left join list_price_now on list_price_now.account_id = f.account_id and list_price_now.sku_name = f.sku_name and list_price_now.cloud = f.cloud and list_price_now.usage_unit = f.usage_unit and list_price_now.usage_start_time = f.usage_start_time
    left join account_price_now on account_price_now.account_id = f.account_id and account_price_now.sku_name = f.sku_name and account_price_now.cloud = f.cloud and account_price_now.usage_unit = f.usage_unit and account_price_now.usage_start_time = f.usage_start_time
    left join cluster_now on cluster_now.workspace_id = f.workspace_id and cluster_now.cluster_id = f.usage_metadata_cluster_id and (cluster_now._is_first or cluster_now.valid_from <= f.usage_start_time) and (cluster_now.valid_to is null or f.usage_start_time < cluster_now.valid_to) and f.usage_start_time is not null
    left join warehouse_now on warehouse_now.workspace_id = f.workspace_id and warehouse_now.warehouse_id = f.usage_metadata_warehouse_id and (warehouse_now._is_first or warehouse_now.valid_from <= f.usage_start_time) and (warehouse_now.valid_to is null or f.usage_start_time < warehouse_now.valid_to) and f.usage_start_time is not null
    left join job_now on job_now.workspace_id = f.workspace_id and job_now.job_id = f.usage_metadata_job_id and (job_now._is_first or job_now.valid_from <= f.usage_start_time) and (job_now.valid_to is null or f.usage_start_time < job_now.valid_to) and f.usage_start_time is not null
    left join pipeline_now on pipeline_now.workspace_id = f.workspace_id and pipeline_now.pipeline_id = f.usage_metadata_dlt_pipeline_id and (pipeline_now._is_first or pipeline_now.valid_from <= f.usage_start_time) and (pipeline_now.valid_to is null or f.usage_start_time < pipeline_now.valid_to) and f.usage_start_time is not null
    left join system_gold.dim_user as user_now on user_now.user_name = f.identity_metadata_run_as and f.identity_metadata_run_as <> '' and user_now.user_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.sku_key <=> coalesce(sku_now.sku_key, -1))
      or not (f.list_price_key <=> coalesce(list_price_now.list_price_key, -1))
      or not (f.list_price <=> list_price_now.unit_price)
      or not (f.account_price_key <=> coalesce(account_price_now.account_price_key, -1))
      or not (f.account_price <=> account_price_now.unit_price)
      or not (f.cluster_key <=> coalesce(cluster_now.cluster_key, -1))
      or not (f.warehouse_key <=> coalesce(warehouse_now.warehouse_key, -1))
      or not (f.job_key <=> coalesce(job_now.job_key, -1))
      or not (f.pipeline_key <=> coalesce(pipeline_now.pipeline_key, -1))
      or not (f.user_key <=> coalesce(user_now.user_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct record_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where record_id is not null
  ),

  -- Columns of billing.usage: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      record_id,
      sku_name,
      cloud,
      usage_start_time,
      usage_end_time,
      usage_date,
      map_from_entries(array_sort(map_entries(custom_tags))) as custom_tags,
      usage_unit,
      usage_quantity,
      usage_metadata.cluster_id as usage_metadata_cluster_id,
      usage_metadata.job_id as usage_metadata_job_id,
      usage_metadata.warehouse_id as usage_metadata_warehouse_id,
      usage_metadata.instance_pool_id as usage_metadata_instance_pool_id,
      usage_metadata.node_type as usage_metadata_node_type,
      usage_metadata.job_run_id as usage_metadata_job_run_id,
      usage_metadata.notebook_id as usage_metadata_notebook_id,
      usage_metadata.dlt_pipeline_id as usage_metadata_dlt_pipeline_id,
      usage_metadata.endpoint_name as usage_metadata_endpoint_name,
      usage_metadata.endpoint_id as usage_metadata_endpoint_id,
      usage_metadata.dlt_update_id as usage_metadata_dlt_update_id,
      usage_metadata.dlt_maintenance_id as usage_metadata_dlt_maintenance_id,
      usage_metadata.run_name as usage_metadata_run_name,
      usage_metadata.job_name as usage_metadata_job_name,
      usage_metadata.notebook_path as usage_metadata_notebook_path,
      usage_metadata.central_clean_room_id as usage_metadata_central_clean_room_id,
      usage_metadata.source_region as usage_metadata_source_region,
      usage_metadata.destination_region as usage_metadata_destination_region,
      usage_metadata.app_id as usage_metadata_app_id,
      usage_metadata.app_name as usage_metadata_app_name,
      usage_metadata.metastore_id as usage_metadata_metastore_id,
      usage_metadata.private_endpoint_name as usage_metadata_private_endpoint_name,
      usage_metadata.storage_api_type as usage_metadata_storage_api_type,
      usage_metadata.budget_policy_id as usage_metadata_budget_policy_id,
      usage_metadata.ai_runtime_pool_id as usage_metadata_ai_runtime_pool_id,
      usage_metadata.ai_runtime_workload_id as usage_metadata_ai_runtime_workload_id,
      usage_metadata.uc_table_catalog as usage_metadata_uc_table_catalog,
      usage_metadata.uc_table_schema as usage_metadata_uc_table_schema,
      usage_metadata.uc_table_name as usage_metadata_uc_table_name,
      usage_metadata.database_instance_id as usage_metadata_database_instance_id,
      usage_metadata.sharing_materialization_id as usage_metadata_sharing_materialization_id,
      usage_metadata.schema_id as usage_metadata_schema_id,
      usage_metadata.usage_policy_id as usage_metadata_usage_policy_id,
      usage_metadata.base_environment_id as usage_metadata_base_environment_id,
      usage_metadata.agent_bricks_id as usage_metadata_agent_bricks_id,
      usage_metadata.index_id as usage_metadata_index_id,
      usage_metadata.catalog_id as usage_metadata_catalog_id,
      identity_metadata.run_as as identity_metadata_run_as,
      identity_metadata.created_by as identity_metadata_created_by,
      identity_metadata.owned_by as identity_metadata_owned_by,
      record_type,
      ingestion_date,
      billing_origin_product,
      product_features.jobs_tier as product_features_jobs_tier,
      product_features.sql_tier as product_features_sql_tier,
      product_features.dlt_tier as product_features_dlt_tier,
      product_features.is_serverless as product_features_is_serverless,
      product_features.is_photon as product_features_is_photon,
      product_features.serving_type as product_features_serving_type,
      product_features.networking.connectivity_type as product_features_networking_connectivity_type,
      product_features.ai_runtime.compute_type as product_features_ai_runtime_compute_type,
      product_features.model_serving.offering_type as product_features_model_serving_offering_type,
      product_features.ai_gateway.feature_type as product_features_ai_gateway_feature_type,
      product_features.performance_target as product_features_performance_target,
      product_features.serverless_gpu.workload_type as product_features_serverless_gpu_workload_type,
      product_features.agent_bricks.problem_type as product_features_agent_bricks_problem_type,
      product_features.agent_bricks.workload_type as product_features_agent_bricks_workload_type,
      product_features.ai_functions.ai_function as product_features_ai_functions_ai_function,
      product_features.apps.compute_size as product_features_apps_compute_size,
      product_features.lakeflow_connect.task_type as product_features_lakeflow_connect_task_type,
      usage_type
    from system_bronze.billing_usage
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.record_id <=> a.record_id
    where c.record_id is not null
  ),

  -- The latest version of each key by ingestion_date; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by record_id
      order by ingestion_date desc nulls last, account_id desc nulls last, billing_origin_product desc nulls last,
        cloud desc nulls last, map_entries(custom_tags) desc nulls last, identity_metadata_created_by desc nulls last,
        identity_metadata_owned_by desc nulls last, identity_metadata_run_as desc nulls last,
        product_features_agent_bricks_problem_type desc nulls last,
        product_features_agent_bricks_workload_type desc nulls last,
        product_features_ai_functions_ai_function desc nulls last,
        product_features_ai_gateway_feature_type desc nulls last,
        product_features_ai_runtime_compute_type desc nulls last, product_features_apps_compute_size desc nulls last,
        product_features_dlt_tier desc nulls last, product_features_is_photon desc nulls last,
        product_features_is_serverless desc nulls last, product_features_jobs_tier desc nulls last,
        product_features_lakeflow_connect_task_type desc nulls last,
        product_features_model_serving_offering_type desc nulls last,
        product_features_networking_connectivity_type desc nulls last,
        product_features_performance_target desc nulls last,
        product_features_serverless_gpu_workload_type desc nulls last, product_features_serving_type desc nulls last,
        product_features_sql_tier desc nulls last, record_type desc nulls last, sku_name desc nulls last,
        usage_date desc nulls last, usage_end_time desc nulls last, usage_metadata_agent_bricks_id desc nulls last,
        usage_metadata_ai_runtime_pool_id desc nulls last, usage_metadata_ai_runtime_workload_id desc nulls last,
        usage_metadata_app_id desc nulls last, usage_metadata_app_name desc nulls last,
        usage_metadata_base_environment_id desc nulls last, usage_metadata_budget_policy_id desc nulls last,
        usage_metadata_catalog_id desc nulls last, usage_metadata_central_clean_room_id desc nulls last,
        usage_metadata_cluster_id desc nulls last, usage_metadata_database_instance_id desc nulls last,
        usage_metadata_destination_region desc nulls last, usage_metadata_dlt_maintenance_id desc nulls last,
        usage_metadata_dlt_pipeline_id desc nulls last, usage_metadata_dlt_update_id desc nulls last,
        usage_metadata_endpoint_id desc nulls last, usage_metadata_endpoint_name desc nulls last,
        usage_metadata_index_id desc nulls last, usage_metadata_instance_pool_id desc nulls last,
        usage_metadata_job_id desc nulls last, usage_metadata_job_name desc nulls last,
        usage_metadata_job_run_id desc nulls last, usage_metadata_metastore_id desc nulls last,
        usage_metadata_node_type desc nulls last, usage_metadata_notebook_id desc nulls last,
        usage_metadata_notebook_path desc nulls last, usage_metadata_private_endpoint_name desc nulls last,
        usage_metadata_run_name desc nulls last, usage_metadata_schema_id desc nulls last,
        usage_metadata_sharing_materialization_id desc nulls last, usage_metadata_source_region desc nulls last,
        usage_metadata_storage_api_type desc nulls last, usage_metadata_uc_table_catalog desc nulls last,
        usage_metadata_uc_table_name desc nulls last, usage_metadata_uc_table_schema desc nulls last,
        usage_metadata_usage_policy_id desc nulls last, usage_metadata_warehouse_id desc nulls last,
        usage_quantity desc nulls last, usage_start_time desc nulls last, usage_type desc nulls last,
        usage_unit desc nulls last, workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      case when custom_tags is null then 0 else cast(cast(cardinality(custom_tags) as bigint) as bigint) end as tag_count
    from latest
  ),

  -- Derived columns.
  derived_2 as (
    select
      *,
      tag_count > 0 as is_tagged
    from derived
  ),

  -- The row of dim_list_price whose half-open interval contains the instant; of several, because an end is not closed yet, the one that starts last.
  list_price_found as (
    select *
    from (
      select f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time, d.list_price_key, d.unit_price as unit_price,
        row_number() over (partition by f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time order by d.price_start_time desc, d.list_price_key desc) as _rank
      from (select distinct account_id, sku_name, cloud, usage_unit, usage_start_time from derived_2) as f
      join system_gold.dim_list_price as d on d.account_id = f.account_id and d.sku_name = f.sku_name and d.cloud = f.cloud and d.currency_code = 'USD' and d.usage_unit = f.usage_unit and d.price_start_time <= f.usage_start_time and (d.price_end_time is null or f.usage_start_time < d.price_end_time)
      where d.list_price_key <> -1
    )
    where _rank = 1
  ),

  -- The row of dim_account_price whose half-open interval contains the instant; of several, because an end is not closed yet, the one that starts last.
  account_price_found as (
    select *
    from (
      select f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time, d.account_price_key, d.unit_price as unit_price,
        row_number() over (partition by f.account_id, f.sku_name, f.cloud, f.usage_unit, f.usage_start_time order by d.price_start_time desc, d.account_price_key desc) as _rank
      from (select distinct account_id, sku_name, cloud, usage_unit, usage_start_time from derived_2) as f
      join system_gold.dim_account_price as d on d.account_id = f.account_id and d.sku_name = f.sku_name and d.cloud = f.cloud and d.currency_code = 'USD' and d.usage_unit = f.usage_unit and d.price_start_time <= f.usage_start_time and (d.price_end_time is null or f.usage_start_time < d.price_end_time)
      where d.account_price_key <> -1
    )
    where _rank = 1
  ),

  -- Versions of dim_cluster; facts from before the first one refer to the first one.
  cluster_found as (
    select workspace_id, cluster_id, cluster_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, cluster_id order by valid_from) is null as _is_first
    from system_gold.dim_cluster
    where cluster_key <> -1
  ),

  -- Versions of dim_warehouse; facts from before the first one refer to the first one.
  warehouse_found as (
    select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
    from system_gold.dim_warehouse
    where warehouse_key <> -1
  ),

  -- Versions of dim_job; facts from before the first one refer to the first one.
  job_found as (
    select workspace_id, job_id, job_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, job_id order by valid_from) is null as _is_first
    from system_gold.dim_job
    where job_key <> -1
  ),

  -- Versions of dim_pipeline; facts from before the first one refer to the first one.
  pipeline_found as (
    select workspace_id, pipeline_id, pipeline_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, pipeline_id order by valid_from) is null as _is_first
    from system_gold.dim_pipeline
    where pipeline_key <> -1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(f.usage_date) between 1 and 9999 then cast(year(f.usage_date) * 10000 + month(f.usage_date) * 100 + day(f.usage_date) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(sku_found.sku_key, -1) as sku_key,
      coalesce(list_price_found.list_price_key, -1) as list_price_key,
      list_price_found.unit_price as list_price,
      coalesce(account_price_found.account_price_key, -1) as account_price_key,
      account_price_found.unit_price as account_price,
      coalesce(cluster_found.cluster_key, -1) as cluster_key,
      coalesce(warehouse_found.warehouse_key, -1) as warehouse_key,
      coalesce(job_found.job_key, -1) as job_key,
      coalesce(pipeline_found.pipeline_key, -1) as pipeline_key,
      coalesce(user_found.user_key, -1) as user_key
    from derived_2 as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join system_gold.dim_sku as sku_found on sku_found.sku_name = f.sku_name and sku_found.cloud = f.cloud and sku_found.sku_key <> -1
    left join list_price_found on list_price_found.account_id = f.account_id and list_price_found.sku_name = f.sku_name and list_price_found.cloud = f.cloud and list_price_found.usage_unit = f.usage_unit and list_price_found.usage_start_time = f.usage_start_time
    left join account_price_found on account_price_found.account_id = f.account_id and account_price_found.sku_name = f.sku_name and account_price_found.cloud = f.cloud and account_price_found.usage_unit = f.usage_unit and account_price_found.usage_start_time = f.usage_start_time
    left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.usage_metadata_cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.usage_start_time) and (cluster_found.valid_to is null or f.usage_start_time < cluster_found.valid_to) and f.usage_start_time is not null
    left join warehouse_found on warehouse_found.workspace_id = f.workspace_id and warehouse_found.warehouse_id = f.usage_metadata_warehouse_id and (warehouse_found._is_first or warehouse_found.valid_from <= f.usage_start_time) and (warehouse_found.valid_to is null or f.usage_start_time < warehouse_found.valid_to) and f.usage_start_time is not null
    left join job_found on job_found.workspace_id = f.workspace_id and job_found.job_id = f.usage_metadata_job_id and (job_found._is_first or job_found.valid_from <= f.usage_start_time) and (job_found.valid_to is null or f.usage_start_time < job_found.valid_to) and f.usage_start_time is not null
    left join pipeline_found on pipeline_found.workspace_id = f.workspace_id and pipeline_found.pipeline_id = f.usage_metadata_dlt_pipeline_id and (pipeline_found._is_first or pipeline_found.valid_from <= f.usage_start_time) and (pipeline_found.valid_to is null or f.usage_start_time < pipeline_found.valid_to) and f.usage_start_time is not null
    left join system_gold.dim_user as user_found on user_found.user_name = f.identity_metadata_run_as and f.identity_metadata_run_as <> '' and user_found.user_key <> -1
  ),

  -- Parts of exact products: Spark would cut a product of two decimals, so their digits are multiplied in limbs of twelve.
  priced_parts as (
    select
      *,
      cast(cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _list_cost_a_low,
      cast((cast(abs(cast(usage_quantity as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _list_cost_a_middle,
      cast(floor(abs(cast(usage_quantity as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _list_cost_a_high,
      cast(cast(abs(cast(list_price as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _list_cost_b_low,
      cast((cast(abs(cast(list_price as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(list_price as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _list_cost_b_middle,
      cast(floor(abs(cast(list_price as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _list_cost_b_high,
      cast(cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _account_cost_a_low,
      cast((cast(abs(cast(usage_quantity as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(usage_quantity as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _account_cost_a_middle,
      cast(floor(abs(cast(usage_quantity as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _account_cost_a_high,
      cast(cast(abs(cast(account_price as decimal(38,18))) % 0.000001BD as decimal(18,18)) * 1000000000000000000BD as decimal(12,0)) as _account_cost_b_low,
      cast((cast(abs(cast(account_price as decimal(38,18))) % 1000000BD as decimal(25,18)) - cast(abs(cast(account_price as decimal(38,18))) % 0.000001BD as decimal(18,18))) * 1000000BD as decimal(12,0)) as _account_cost_b_middle,
      cast(floor(abs(cast(account_price as decimal(38,18)))) div 1000000BD as decimal(14,0)) as _account_cost_b_high
    from resolved
  ),

  -- Parts of exact products: Spark would cut a product of two decimals, so their digits are multiplied in limbs of twelve.
  priced_parts_2 as (
    select
      *,
      cast(_list_cost_a_low * _list_cost_b_high + _list_cost_a_middle * _list_cost_b_middle + _list_cost_a_high * _list_cost_b_low as decimal(38,0)) + cast((_list_cost_a_low * _list_cost_b_middle + _list_cost_a_middle * _list_cost_b_low + (_list_cost_a_low * _list_cost_b_low) div 1000000000000BD + 500000000000BD) div 1000000000000BD as decimal(38,0)) as _list_cost_small,
      case when _list_cost_a_high * _list_cost_b_high < 100000000000000BD then cast(cast(_list_cost_a_high * _list_cost_b_high as decimal(15,0)) * 1000000000000BD as decimal(38,0)) + cast(_list_cost_a_middle * _list_cost_b_high + _list_cost_a_high * _list_cost_b_middle as decimal(38,0)) end as _list_cost_large,
      cast(_account_cost_a_low * _account_cost_b_high + _account_cost_a_middle * _account_cost_b_middle + _account_cost_a_high * _account_cost_b_low as decimal(38,0)) + cast((_account_cost_a_low * _account_cost_b_middle + _account_cost_a_middle * _account_cost_b_low + (_account_cost_a_low * _account_cost_b_low) div 1000000000000BD + 500000000000BD) div 1000000000000BD as decimal(38,0)) as _account_cost_small,
      case when _account_cost_a_high * _account_cost_b_high < 100000000000000BD then cast(cast(_account_cost_a_high * _account_cost_b_high as decimal(15,0)) * 1000000000000BD as decimal(38,0)) + cast(_account_cost_a_middle * _account_cost_b_high + _account_cost_a_high * _account_cost_b_middle as decimal(38,0)) end as _account_cost_large
    from priced_parts
  ),

  -- Derived columns.
  priced as (
    select
      *,
      case when _list_cost_large + cast(_list_cost_small div 1000000000000BD as decimal(38,0)) < 100000000000000000000000000BD then cast(concat(case when (cast(usage_quantity as decimal(38,18)) < 0) <> (cast(list_price as decimal(38,18)) < 0) then '-' else '' end, cast(cast(_list_cost_large + cast(_list_cost_small div 1000000000000BD as decimal(38,0)) as decimal(26,0)) as string), '.', lpad(cast(cast(_list_cost_small % 1000000000000BD as decimal(12,0)) as string), 12, '0')) as decimal(38,12)) end as list_cost,
      case when _account_cost_large + cast(_account_cost_small div 1000000000000BD as decimal(38,0)) < 100000000000000000000000000BD then cast(concat(case when (cast(usage_quantity as decimal(38,18)) < 0) <> (cast(account_price as decimal(38,18)) < 0) then '-' else '' end, cast(cast(_account_cost_large + cast(_account_cost_small div 1000000000000BD as decimal(38,0)) as decimal(26,0)) as string), '.', lpad(cast(cast(_account_cost_small % 1000000000000BD as decimal(12,0)) as string), 12, '0')) as decimal(38,12)) end as account_cost
    from priced_parts_2
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      record_id,
      sku_name,
      cloud,
      usage_start_time,
      usage_end_time,
      usage_date,
      custom_tags,
      usage_unit,
      usage_quantity,
      usage_metadata_cluster_id,
      usage_metadata_job_id,
      usage_metadata_warehouse_id,
      usage_metadata_instance_pool_id,
      usage_metadata_node_type,
      usage_metadata_job_run_id,
      usage_metadata_notebook_id,
      usage_metadata_dlt_pipeline_id,
      usage_metadata_endpoint_name,
      usage_metadata_endpoint_id,
      usage_metadata_dlt_update_id,
      usage_metadata_dlt_maintenance_id,
      usage_metadata_run_name,
      usage_metadata_job_name,
      usage_metadata_notebook_path,
      usage_metadata_central_clean_room_id,
      usage_metadata_source_region,
      usage_metadata_destination_region,
      usage_metadata_app_id,
      usage_metadata_app_name,
      usage_metadata_metastore_id,
      usage_metadata_private_endpoint_name,
      usage_metadata_storage_api_type,
      usage_metadata_budget_policy_id,
      usage_metadata_ai_runtime_pool_id,
      usage_metadata_ai_runtime_workload_id,
      usage_metadata_uc_table_catalog,
      usage_metadata_uc_table_schema,
      usage_metadata_uc_table_name,
      usage_metadata_database_instance_id,
      usage_metadata_sharing_materialization_id,
      usage_metadata_schema_id,
      usage_metadata_usage_policy_id,
      usage_metadata_base_environment_id,
      usage_metadata_agent_bricks_id,
      usage_metadata_index_id,
      usage_metadata_catalog_id,
      identity_metadata_run_as,
      identity_metadata_created_by,
      identity_metadata_owned_by,
      record_type,
      ingestion_date,
      billing_origin_product,
      product_features_jobs_tier,
      product_features_sql_tier,
      product_features_dlt_tier,
      product_features_is_serverless,
      product_features_is_photon,
      product_features_serving_type,
      product_features_networking_connectivity_type,
      product_features_ai_runtime_compute_type,
      product_features_model_serving_offering_type,
      product_features_ai_gateway_feature_type,
      product_features_performance_target,
      product_features_serverless_gpu_workload_type,
      product_features_agent_bricks_problem_type,
      product_features_agent_bricks_workload_type,
      product_features_ai_functions_ai_function,
      product_features_apps_compute_size,
      product_features_lakeflow_connect_task_type,
      usage_type,
      list_cost,
      account_cost,
      tag_count,
      is_tagged,
      list_price,
      account_price,
      date_key,
      workspace_key,
      sku_key,
      list_price_key,
      account_price_key,
      cluster_key,
      warehouse_key,
      job_key,
      pipeline_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from priced
  )
  select c.account_id, c.workspace_id, c.record_id, c.sku_name, c.cloud, c.usage_start_time, c.usage_end_time,
      c.usage_date, c.custom_tags, c.usage_unit, c.usage_quantity, c.usage_metadata_cluster_id,
      c.usage_metadata_job_id, c.usage_metadata_warehouse_id, c.usage_metadata_instance_pool_id,
      c.usage_metadata_node_type, c.usage_metadata_job_run_id, c.usage_metadata_notebook_id,
      c.usage_metadata_dlt_pipeline_id, c.usage_metadata_endpoint_name, c.usage_metadata_endpoint_id,
      c.usage_metadata_dlt_update_id, c.usage_metadata_dlt_maintenance_id, c.usage_metadata_run_name,
      c.usage_metadata_job_name, c.usage_metadata_notebook_path, c.usage_metadata_central_clean_room_id,
      c.usage_metadata_source_region, c.usage_metadata_destination_region, c.usage_metadata_app_id,
      c.usage_metadata_app_name, c.usage_metadata_metastore_id, c.usage_metadata_private_endpoint_name,
      c.usage_metadata_storage_api_type, c.usage_metadata_budget_policy_id, c.usage_metadata_ai_runtime_pool_id,
      c.usage_metadata_ai_runtime_workload_id, c.usage_metadata_uc_table_catalog, c.usage_metadata_uc_table_schema,
      c.usage_metadata_uc_table_name, c.usage_metadata_database_instance_id,
      c.usage_metadata_sharing_materialization_id, c.usage_metadata_schema_id, c.usage_metadata_usage_policy_id,
      c.usage_metadata_base_environment_id, c.usage_metadata_agent_bricks_id, c.usage_metadata_index_id,
      c.usage_metadata_catalog_id, c.identity_metadata_run_as, c.identity_metadata_created_by,
      c.identity_metadata_owned_by, c.record_type, c.ingestion_date, c.billing_origin_product,
      c.product_features_jobs_tier, c.product_features_sql_tier, c.product_features_dlt_tier,
      c.product_features_is_serverless, c.product_features_is_photon, c.product_features_serving_type,
      c.product_features_networking_connectivity_type, c.product_features_ai_runtime_compute_type,
      c.product_features_model_serving_offering_type, c.product_features_ai_gateway_feature_type,
      c.product_features_performance_target, c.product_features_serverless_gpu_workload_type,
      c.product_features_agent_bricks_problem_type, c.product_features_agent_bricks_workload_type,
      c.product_features_ai_functions_ai_function, c.product_features_apps_compute_size,
      c.product_features_lakeflow_connect_task_type, c.usage_type, c.list_cost, c.account_cost, c.tag_count,
      c.is_tagged, c.list_price, c.account_price, c.date_key, c.workspace_key, c.sku_key, c.list_price_key,
      c.account_price_key, c.cluster_key, c.warehouse_key, c.job_key, c.pipeline_key, c.user_key, c._run_id,
      c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_usage
  ) as h on h.record_id <=> c.record_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.record_id <=> c.record_id
      and h.sku_name <=> c.sku_name and h.cloud <=> c.cloud and h.usage_start_time <=> c.usage_start_time
      and h.usage_end_time <=> c.usage_end_time and h.usage_date <=> c.usage_date
      and map_entries(h.custom_tags) <=> map_entries(c.custom_tags) and h.usage_unit <=> c.usage_unit
      and h.usage_quantity <=> c.usage_quantity and h.usage_metadata_cluster_id <=> c.usage_metadata_cluster_id
      and h.usage_metadata_job_id <=> c.usage_metadata_job_id
      and h.usage_metadata_warehouse_id <=> c.usage_metadata_warehouse_id
      and h.usage_metadata_instance_pool_id <=> c.usage_metadata_instance_pool_id
      and h.usage_metadata_node_type <=> c.usage_metadata_node_type
      and h.usage_metadata_job_run_id <=> c.usage_metadata_job_run_id
      and h.usage_metadata_notebook_id <=> c.usage_metadata_notebook_id
      and h.usage_metadata_dlt_pipeline_id <=> c.usage_metadata_dlt_pipeline_id
      and h.usage_metadata_endpoint_name <=> c.usage_metadata_endpoint_name
      and h.usage_metadata_endpoint_id <=> c.usage_metadata_endpoint_id
      and h.usage_metadata_dlt_update_id <=> c.usage_metadata_dlt_update_id
      and h.usage_metadata_dlt_maintenance_id <=> c.usage_metadata_dlt_maintenance_id
      and h.usage_metadata_run_name <=> c.usage_metadata_run_name
      and h.usage_metadata_job_name <=> c.usage_metadata_job_name
      and h.usage_metadata_notebook_path <=> c.usage_metadata_notebook_path
      and h.usage_metadata_central_clean_room_id <=> c.usage_metadata_central_clean_room_id
      and h.usage_metadata_source_region <=> c.usage_metadata_source_region
      and h.usage_metadata_destination_region <=> c.usage_metadata_destination_region
      and h.usage_metadata_app_id <=> c.usage_metadata_app_id
      and h.usage_metadata_app_name <=> c.usage_metadata_app_name
      and h.usage_metadata_metastore_id <=> c.usage_metadata_metastore_id
      and h.usage_metadata_private_endpoint_name <=> c.usage_metadata_private_endpoint_name
      and h.usage_metadata_storage_api_type <=> c.usage_metadata_storage_api_type
      and h.usage_metadata_budget_policy_id <=> c.usage_metadata_budget_policy_id
      and h.usage_metadata_ai_runtime_pool_id <=> c.usage_metadata_ai_runtime_pool_id
      and h.usage_metadata_ai_runtime_workload_id <=> c.usage_metadata_ai_runtime_workload_id
      and h.usage_metadata_uc_table_catalog <=> c.usage_metadata_uc_table_catalog
      and h.usage_metadata_uc_table_schema <=> c.usage_metadata_uc_table_schema
      and h.usage_metadata_uc_table_name <=> c.usage_metadata_uc_table_name
      and h.usage_metadata_database_instance_id <=> c.usage_metadata_database_instance_id
      and h.usage_metadata_sharing_materialization_id <=> c.usage_metadata_sharing_materialization_id
      and h.usage_metadata_schema_id <=> c.usage_metadata_schema_id
      and h.usage_metadata_usage_policy_id <=> c.usage_metadata_usage_policy_id
      and h.usage_metadata_base_environment_id <=> c.usage_metadata_base_environment_id
      and h.usage_metadata_agent_bricks_id <=> c.usage_metadata_agent_bricks_id
      and h.usage_metadata_index_id <=> c.usage_metadata_index_id
      and h.usage_metadata_catalog_id <=> c.usage_metadata_catalog_id
      and h.identity_metadata_run_as <=> c.identity_metadata_run_as
      and h.identity_metadata_created_by <=> c.identity_metadata_created_by
      and h.identity_metadata_owned_by <=> c.identity_metadata_owned_by and h.record_type <=> c.record_type
      and h.ingestion_date <=> c.ingestion_date and h.billing_origin_product <=> c.billing_origin_product
      and h.product_features_jobs_tier <=> c.product_features_jobs_tier
      and h.product_features_sql_tier <=> c.product_features_sql_tier
      and h.product_features_dlt_tier <=> c.product_features_dlt_tier
      and h.product_features_is_serverless <=> c.product_features_is_serverless
      and h.product_features_is_photon <=> c.product_features_is_photon
      and h.product_features_serving_type <=> c.product_features_serving_type
      and h.product_features_networking_connectivity_type <=> c.product_features_networking_connectivity_type
      and h.product_features_ai_runtime_compute_type <=> c.product_features_ai_runtime_compute_type
      and h.product_features_model_serving_offering_type <=> c.product_features_model_serving_offering_type
      and h.product_features_ai_gateway_feature_type <=> c.product_features_ai_gateway_feature_type
      and h.product_features_performance_target <=> c.product_features_performance_target
      and h.product_features_serverless_gpu_workload_type <=> c.product_features_serverless_gpu_workload_type
      and h.product_features_agent_bricks_problem_type <=> c.product_features_agent_bricks_problem_type
      and h.product_features_agent_bricks_workload_type <=> c.product_features_agent_bricks_workload_type
      and h.product_features_ai_functions_ai_function <=> c.product_features_ai_functions_ai_function
      and h.product_features_apps_compute_size <=> c.product_features_apps_compute_size
      and h.product_features_lakeflow_connect_task_type <=> c.product_features_lakeflow_connect_task_type
      and h.usage_type <=> c.usage_type and h.list_cost <=> c.list_cost and h.account_cost <=> c.account_cost
      and h.tag_count <=> c.tag_count and h.is_tagged <=> c.is_tagged and h.list_price <=> c.list_price
      and h.account_price <=> c.account_price and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key
      and h.sku_key <=> c.sku_key and h.list_price_key <=> c.list_price_key
      and h.account_price_key <=> c.account_price_key and h.cluster_key <=> c.cluster_key
      and h.warehouse_key <=> c.warehouse_key and h.job_key <=> c.job_key and h.pipeline_key <=> c.pipeline_key
      and h.user_key <=> c.user_key
  ) else true end
) as s
on t.record_id <=> s.record_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_usage' and not (`position` <=> next_position);
