-- fact_query_history: Statements with their durations, volumes and outcome, each in its latest state.
-- One row: one statement.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_query_history (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the statement ran.',
  statement_id string comment 'Id of the statement, unique within its workspace.',
  executed_by string comment 'Principal that ran the statement, an email address or another user name.',
  session_id string comment 'Spark session in which the statement ran.',
  execution_status string comment 'State of the statement. FINISHED, FAILED and CANCELED are final; before that it is queued or running.',
  compute_type string comment 'Field `type` of `compute`: Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
  compute_cluster_id string comment 'Field `cluster_id` of `compute`: Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
  compute_warehouse_id string comment 'Field `warehouse_id` of `compute`: Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
  executed_by_user_id string comment 'Numeric user id of the principal that ran the statement.',
  statement_text string comment 'Text of the statement; null or redacted when a customer-managed key or a lack of permission hides it.',
  statement_type string comment 'Kind of the statement, for instance SELECT, MERGE, COPY or ALTER.',
  error_message string comment 'Why the statement failed, as text that can quote values; null when it did not fail.',
  client_application string comment 'Client that ran the statement, for instance Databricks SQL Editor or Tableau; null when it is not known.',
  client_driver string comment 'Driver that connected the client, for instance Databricks JDBC Driver; null when it is not known.',
  total_duration_ms bigint comment 'Time from submission to end, in milliseconds, without the time to fetch the result.',
  waiting_for_compute_duration_ms bigint comment 'Time spent waiting for compute to be provisioned, in milliseconds; null when it is not known.',
  waiting_at_capacity_duration_ms bigint comment 'Time spent queued for free capacity, in milliseconds; null when it is not known.',
  execution_duration_ms bigint comment 'Time spent executing, in milliseconds; null when it is not known.',
  compilation_duration_ms bigint comment 'Time spent loading metadata and optimising, in milliseconds; null when it is not known.',
  total_task_duration_ms bigint comment 'Sum of the durations of all tasks, in milliseconds; more than the elapsed time when tasks ran in parallel.',
  result_fetch_duration_ms bigint comment 'Time that the client took to fetch the result, in milliseconds; null when it is not known.',
  start_time timestamp comment 'When the statement was received.',
  end_time timestamp comment 'When the statement ended, without the time to fetch the result; null while it runs.',
  update_time timestamp comment 'When the row was last updated; orders the versions of a statement.',
  read_partitions bigint comment 'Number of partitions read after pruning.',
  pruned_files bigint comment 'Number of files that pruning left out.',
  read_files bigint comment 'Number of files read after pruning.',
  read_rows bigint comment 'Number of rows read.',
  produced_rows bigint comment 'Number of rows that the statement returned.',
  read_bytes bigint comment 'Bytes of the data read.',
  read_io_cache_percent tinyint comment 'Share of the bytes read that came from the IO cache, in percent.',
  from_result_cache boolean comment 'Whether the result came from the result cache.',
  spilled_local_bytes bigint comment 'Bytes that were spilled to local disk for want of memory; 0 when none were.',
  written_bytes bigint comment 'Bytes of persistent data written to cloud storage; 0 when none were.',
  shuffle_read_bytes bigint comment 'Bytes sent over the network in shuffles.',
  query_source_job_info_job_id string comment 'Field `job_info.job_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_job_info_job_run_id string comment 'Field `job_info.job_run_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_job_info_job_task_run_id string comment 'Field `job_info.job_task_run_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_legacy_dashboard_id string comment 'Field `legacy_dashboard_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_dashboard_id string comment 'Field `dashboard_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_alert_id string comment 'Field `alert_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_notebook_id string comment 'Field `notebook_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_sql_query_id string comment 'Field `sql_query_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_genie_space_id string comment 'Field `genie_space_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_pipeline_info_pipeline_id string comment 'Field `pipeline_info.pipeline_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  query_source_pipeline_info_update_id string comment 'Field `pipeline_info.update_id` of `query_source`: What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  executed_as_user_id string comment 'Numeric user id of the principal whose permissions were used.',
  executed_as string comment 'Principal whose permissions were used; differs from the one that ran the statement when it ran on behalf of another.',
  written_rows bigint comment 'Number of rows written to cloud storage; null when it is not known.',
  written_files bigint comment 'Number of files written to cloud storage; null when it is not known.',
  cache_origin_statement_id string comment 'Statement that put the result into the cache; null when the result did not come from it.',
  query_parameters_named_parameters_json string comment 'Field `named_parameters` of `query_parameters`: Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  query_parameters_pos_parameters_json string comment 'Field `pos_parameters` of `query_parameters`: Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  query_parameters_truncated boolean comment 'Field `truncated` of `query_parameters`: Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  query_tags map<string,string> comment 'Tags that the client gave to the statement, by name; null or empty when there are none.',
  query_date date comment 'UTC date on which the statement was received.',
  is_final boolean comment 'Whether the statement has reached a state that no longer changes; null without a state.',
  is_success boolean comment 'Whether the statement finished without failure; null until it is final.',
  queue_duration_ms bigint comment 'Time spent waiting for compute and for capacity, in milliseconds; null when either is not known.',
  has_spill boolean comment 'Whether data was spilled to local disk; null when it is not known.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  warehouse_key bigint not null comment 'Key of the row of dim_warehouse that the fact refers to; -1 when there is none.',
  cluster_key bigint not null comment 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Statements with their durations, volumes and outcome, each in its latest state.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_query_history' as table_name, 'd1b4d299af5ee6df' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.query_history
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
insert overwrite table system_gold.fact_query_history
with
-- Columns of query.history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    statement_id,
    executed_by,
    session_id,
    execution_status,
    compute.`type` as compute_type,
    compute.cluster_id as compute_cluster_id,
    compute.warehouse_id as compute_warehouse_id,
    executed_by_user_id,
    statement_text,
    statement_type,
    error_message,
    client_application,
    client_driver,
    total_duration_ms,
    waiting_for_compute_duration_ms,
    waiting_at_capacity_duration_ms,
    execution_duration_ms,
    compilation_duration_ms,
    total_task_duration_ms,
    result_fetch_duration_ms,
    start_time,
    end_time,
    update_time,
    read_partitions,
    pruned_files,
    read_files,
    read_rows,
    produced_rows,
    read_bytes,
    read_io_cache_percent,
    from_result_cache,
    spilled_local_bytes,
    written_bytes,
    shuffle_read_bytes,
    query_source.job_info.job_id as query_source_job_info_job_id,
    query_source.job_info.job_run_id as query_source_job_info_job_run_id,
    query_source.job_info.job_task_run_id as query_source_job_info_job_task_run_id,
    query_source.legacy_dashboard_id as query_source_legacy_dashboard_id,
    query_source.dashboard_id as query_source_dashboard_id,
    query_source.alert_id as query_source_alert_id,
    query_source.notebook_id as query_source_notebook_id,
    query_source.sql_query_id as query_source_sql_query_id,
    query_source.genie_space_id as query_source_genie_space_id,
    query_source.pipeline_info.pipeline_id as query_source_pipeline_info_pipeline_id,
    query_source.pipeline_info.update_id as query_source_pipeline_info_update_id,
    executed_as_user_id,
    executed_as,
    written_rows,
    written_files,
    cache_origin_statement_id,
    concat('{', array_join(transform(filter(array_sort(map_keys(query_parameters.named_parameters)), k1 -> element_at(query_parameters.named_parameters, k1) is not null), k1 -> concat(nullif(trim(both '[]' from to_json(array(k1))), 'null'), ':', case when element_at(query_parameters.named_parameters, k1) is not null then concat('{', concat_ws(',', concat('"exprs":', concat('[', array_join(transform(element_at(query_parameters.named_parameters, k1).exprs, e2 -> coalesce(case when e2 is not null then concat('{', concat_ws(',', concat('"tag":', nullif(trim(both '[]' from to_json(array(e2.tag))), 'null')), concat('"data_type":', to_json(e2.data_type)), concat('"literal":', case when e2.literal is not null then concat('{', concat_ws(',', concat('"data_type":', to_json(e2.literal.data_type)), concat('"int_value":', cast(e2.literal.int_value as string)), concat('"long_value":', cast(e2.literal.long_value as string)), concat('"double_value":', case when isnan(e2.literal.double_value) then '"NaN"' when e2.literal.double_value = double('infinity') then '"Infinity"' when e2.literal.double_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.double_value) >= 1e-5 and abs(e2.literal.double_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.double_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.double_value as string), 'E', 'e') end), concat('"float_value":', case when isnan(e2.literal.float_value) then '"NaN"' when e2.literal.float_value = double('infinity') then '"Infinity"' when e2.literal.float_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.float_value) >= 1e-5 and abs(e2.literal.float_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.float_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.float_value as string), 'E', 'e') end), concat('"byte_value":', cast(e2.literal.byte_value as string)), concat('"short_value":', cast(e2.literal.short_value as string)), concat('"string_value":', nullif(trim(both '[]' from to_json(array(e2.literal.string_value))), 'null')), concat('"boolean_value":', cast(e2.literal.boolean_value as string)), concat('"decimal_value":', to_json(e2.literal.decimal_value)), concat('"binary_value":', concat('"', lower(hex(e2.literal.binary_value)), '"')), concat('"timestamp_value":', cast(e2.literal.timestamp_value as string)), concat('"timestamp_ntz_value":', cast(e2.literal.timestamp_ntz_value as string)), concat('"date_value":', cast(e2.literal.date_value as string)), concat('"calendar_interval_value":', to_json(e2.literal.calendar_interval_value)), concat('"day_time_interval_value":', cast(e2.literal.day_time_interval_value as string)), concat('"year_month_interval_value":', cast(e2.literal.year_month_interval_value as string))), '}') end), concat('"seq_expression":', to_json(e2.seq_expression)), concat('"function":', to_json(e2.`function`)), concat('"alias":', to_json(e2.alias)), concat('"sort_order":', to_json(e2.sort_order)), concat('"lambda_function":', to_json(e2.lambda_function)), concat('"window":', to_json(e2.`window`)), concat('"unresolved_extract_value":', to_json(e2.unresolved_extract_value)), concat('"update_fields":', to_json(e2.update_fields)), concat('"unresolved_named_lambda_variable":', to_json(e2.unresolved_named_lambda_variable)), concat('"named_argument_expression":', to_json(e2.named_argument_expression)), concat('"id":', cast(e2.id as string))), '}') end, 'null')), ','), ']'))), '}') end)), ','), '}') as query_parameters_named_parameters_json,
    concat('[', array_join(transform(query_parameters.pos_parameters, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"exprs":', concat('[', array_join(transform(e1.exprs, e2 -> coalesce(case when e2 is not null then concat('{', concat_ws(',', concat('"tag":', nullif(trim(both '[]' from to_json(array(e2.tag))), 'null')), concat('"data_type":', to_json(e2.data_type)), concat('"literal":', case when e2.literal is not null then concat('{', concat_ws(',', concat('"data_type":', to_json(e2.literal.data_type)), concat('"int_value":', cast(e2.literal.int_value as string)), concat('"long_value":', cast(e2.literal.long_value as string)), concat('"double_value":', case when isnan(e2.literal.double_value) then '"NaN"' when e2.literal.double_value = double('infinity') then '"Infinity"' when e2.literal.double_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.double_value) >= 1e-5 and abs(e2.literal.double_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.double_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.double_value as string), 'E', 'e') end), concat('"float_value":', case when isnan(e2.literal.float_value) then '"NaN"' when e2.literal.float_value = double('infinity') then '"Infinity"' when e2.literal.float_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.float_value) >= 1e-5 and abs(e2.literal.float_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.float_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.float_value as string), 'E', 'e') end), concat('"byte_value":', cast(e2.literal.byte_value as string)), concat('"short_value":', cast(e2.literal.short_value as string)), concat('"string_value":', nullif(trim(both '[]' from to_json(array(e2.literal.string_value))), 'null')), concat('"boolean_value":', cast(e2.literal.boolean_value as string)), concat('"decimal_value":', to_json(e2.literal.decimal_value)), concat('"binary_value":', concat('"', lower(hex(e2.literal.binary_value)), '"')), concat('"timestamp_value":', cast(e2.literal.timestamp_value as string)), concat('"timestamp_ntz_value":', cast(e2.literal.timestamp_ntz_value as string)), concat('"date_value":', cast(e2.literal.date_value as string)), concat('"calendar_interval_value":', to_json(e2.literal.calendar_interval_value)), concat('"day_time_interval_value":', cast(e2.literal.day_time_interval_value as string)), concat('"year_month_interval_value":', cast(e2.literal.year_month_interval_value as string))), '}') end), concat('"seq_expression":', to_json(e2.seq_expression)), concat('"function":', to_json(e2.`function`)), concat('"alias":', to_json(e2.alias)), concat('"sort_order":', to_json(e2.sort_order)), concat('"lambda_function":', to_json(e2.lambda_function)), concat('"window":', to_json(e2.`window`)), concat('"unresolved_extract_value":', to_json(e2.unresolved_extract_value)), concat('"update_fields":', to_json(e2.update_fields)), concat('"unresolved_named_lambda_variable":', to_json(e2.unresolved_named_lambda_variable)), concat('"named_argument_expression":', to_json(e2.named_argument_expression)), concat('"id":', cast(e2.id as string))), '}') end, 'null')), ','), ']'))), '}') end, 'null')), ','), ']') as query_parameters_pos_parameters_json,
    query_parameters.truncated as query_parameters_truncated,
    map_from_entries(array_sort(map_entries(query_tags))) as query_tags
  from system_bronze.query_history
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (workspace_id is not null or statement_id is not null)
),

-- The latest version of each key by update_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, statement_id
    order by update_time desc nulls last, account_id desc nulls last, cache_origin_statement_id desc nulls last,
      client_application desc nulls last, client_driver desc nulls last, compilation_duration_ms desc nulls last,
      compute_cluster_id desc nulls last, compute_type desc nulls last, compute_warehouse_id desc nulls last,
      end_time desc nulls last, error_message desc nulls last, executed_as desc nulls last,
      executed_as_user_id desc nulls last, executed_by desc nulls last, executed_by_user_id desc nulls last,
      execution_duration_ms desc nulls last, execution_status desc nulls last, from_result_cache desc nulls last,
      produced_rows desc nulls last, pruned_files desc nulls last,
      query_parameters_named_parameters_json desc nulls last, query_parameters_pos_parameters_json desc nulls last,
      query_parameters_truncated desc nulls last, query_source_alert_id desc nulls last,
      query_source_dashboard_id desc nulls last, query_source_genie_space_id desc nulls last,
      query_source_job_info_job_id desc nulls last, query_source_job_info_job_run_id desc nulls last,
      query_source_job_info_job_task_run_id desc nulls last, query_source_legacy_dashboard_id desc nulls last,
      query_source_notebook_id desc nulls last, query_source_pipeline_info_pipeline_id desc nulls last,
      query_source_pipeline_info_update_id desc nulls last, query_source_sql_query_id desc nulls last,
      map_entries(query_tags) desc nulls last, read_bytes desc nulls last, read_files desc nulls last,
      read_io_cache_percent desc nulls last, read_partitions desc nulls last, read_rows desc nulls last,
      result_fetch_duration_ms desc nulls last, session_id desc nulls last, shuffle_read_bytes desc nulls last,
      spilled_local_bytes desc nulls last, start_time desc nulls last, statement_text desc nulls last,
      statement_type desc nulls last, total_duration_ms desc nulls last, total_task_duration_ms desc nulls last,
      waiting_at_capacity_duration_ms desc nulls last, waiting_for_compute_duration_ms desc nulls last,
      written_bytes desc nulls last, written_files desc nulls last, written_rows desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    cast(start_time as date) as query_date,
    execution_status in ('FINISHED', 'FAILED', 'CANCELED') as is_final,
    try_add(waiting_for_compute_duration_ms, waiting_at_capacity_duration_ms) as queue_duration_ms,
    spilled_local_bytes > 0 as has_spill
  from latest
),

-- Derived columns.
derived_2 as (
  select
    *,
    case when is_final then execution_status = 'FINISHED' end as is_success
  from derived
),

-- Versions of dim_warehouse; facts from before the first one refer to the first one.
warehouse_found as (
  select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
  from system_gold.dim_warehouse
  where warehouse_key <> -1
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
    coalesce(warehouse_found.warehouse_key, -1) as warehouse_key,
    coalesce(cluster_found.cluster_key, -1) as cluster_key,
    coalesce(user_found.user_key, -1) as user_key
  from derived_2 as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join warehouse_found on warehouse_found.workspace_id = f.workspace_id and warehouse_found.warehouse_id = f.compute_warehouse_id and (warehouse_found._is_first or warehouse_found.valid_from <= f.start_time) and (warehouse_found.valid_to is null or f.start_time < warehouse_found.valid_to) and f.start_time is not null
  left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.compute_cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.start_time) and (cluster_found.valid_to is null or f.start_time < cluster_found.valid_to) and f.start_time is not null
  left join system_gold.dim_user as user_found on user_found.user_name = f.executed_by and f.executed_by <> '' and user_found.user_key <> -1
)
select
  account_id,
  workspace_id,
  statement_id,
  executed_by,
  session_id,
  execution_status,
  compute_type,
  compute_cluster_id,
  compute_warehouse_id,
  executed_by_user_id,
  statement_text,
  statement_type,
  error_message,
  client_application,
  client_driver,
  total_duration_ms,
  waiting_for_compute_duration_ms,
  waiting_at_capacity_duration_ms,
  execution_duration_ms,
  compilation_duration_ms,
  total_task_duration_ms,
  result_fetch_duration_ms,
  start_time,
  end_time,
  update_time,
  read_partitions,
  pruned_files,
  read_files,
  read_rows,
  produced_rows,
  read_bytes,
  read_io_cache_percent,
  from_result_cache,
  spilled_local_bytes,
  written_bytes,
  shuffle_read_bytes,
  query_source_job_info_job_id,
  query_source_job_info_job_run_id,
  query_source_job_info_job_task_run_id,
  query_source_legacy_dashboard_id,
  query_source_dashboard_id,
  query_source_alert_id,
  query_source_notebook_id,
  query_source_sql_query_id,
  query_source_genie_space_id,
  query_source_pipeline_info_pipeline_id,
  query_source_pipeline_info_update_id,
  executed_as_user_id,
  executed_as,
  written_rows,
  written_files,
  cache_origin_statement_id,
  query_parameters_named_parameters_json,
  query_parameters_pos_parameters_json,
  query_parameters_truncated,
  query_tags,
  query_date,
  is_final,
  is_success,
  queue_duration_ms,
  has_spill,
  date_key,
  workspace_key,
  warehouse_key,
  cluster_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_query_history as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, statement_id
    from system_bronze.query_history
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_query_history')
  ),

  -- Versions of dim_warehouse; facts from before the first one refer to the first one.
  warehouse_now as (
    select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
    from system_gold.dim_warehouse
    where warehouse_key <> -1
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
    select f.workspace_id, f.statement_id
    from system_gold.fact_query_history as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join warehouse_now on warehouse_now.workspace_id = f.workspace_id and warehouse_now.warehouse_id = f.compute_warehouse_id and (warehouse_now._is_first or warehouse_now.valid_from <= f.start_time) and (warehouse_now.valid_to is null or f.start_time < warehouse_now.valid_to) and f.start_time is not null
    left join cluster_now on cluster_now.workspace_id = f.workspace_id and cluster_now.cluster_id = f.compute_cluster_id and (cluster_now._is_first or cluster_now.valid_from <= f.start_time) and (cluster_now.valid_to is null or f.start_time < cluster_now.valid_to) and f.start_time is not null
    left join system_gold.dim_user as user_now on user_now.user_name = f.executed_by and f.executed_by <> '' and user_now.user_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.warehouse_key <=> coalesce(warehouse_now.warehouse_key, -1))
      or not (f.cluster_key <=> coalesce(cluster_now.cluster_key, -1))
      or not (f.user_key <=> coalesce(user_now.user_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, statement_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where (workspace_id is not null or statement_id is not null)
  ),

  -- Columns of query.history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      statement_id,
      executed_by,
      session_id,
      execution_status,
      compute.`type` as compute_type,
      compute.cluster_id as compute_cluster_id,
      compute.warehouse_id as compute_warehouse_id,
      executed_by_user_id,
      statement_text,
      statement_type,
      error_message,
      client_application,
      client_driver,
      total_duration_ms,
      waiting_for_compute_duration_ms,
      waiting_at_capacity_duration_ms,
      execution_duration_ms,
      compilation_duration_ms,
      total_task_duration_ms,
      result_fetch_duration_ms,
      start_time,
      end_time,
      update_time,
      read_partitions,
      pruned_files,
      read_files,
      read_rows,
      produced_rows,
      read_bytes,
      read_io_cache_percent,
      from_result_cache,
      spilled_local_bytes,
      written_bytes,
      shuffle_read_bytes,
      query_source.job_info.job_id as query_source_job_info_job_id,
      query_source.job_info.job_run_id as query_source_job_info_job_run_id,
      query_source.job_info.job_task_run_id as query_source_job_info_job_task_run_id,
      query_source.legacy_dashboard_id as query_source_legacy_dashboard_id,
      query_source.dashboard_id as query_source_dashboard_id,
      query_source.alert_id as query_source_alert_id,
      query_source.notebook_id as query_source_notebook_id,
      query_source.sql_query_id as query_source_sql_query_id,
      query_source.genie_space_id as query_source_genie_space_id,
      query_source.pipeline_info.pipeline_id as query_source_pipeline_info_pipeline_id,
      query_source.pipeline_info.update_id as query_source_pipeline_info_update_id,
      executed_as_user_id,
      executed_as,
      written_rows,
      written_files,
      cache_origin_statement_id,
      concat('{', array_join(transform(filter(array_sort(map_keys(query_parameters.named_parameters)), k1 -> element_at(query_parameters.named_parameters, k1) is not null), k1 -> concat(nullif(trim(both '[]' from to_json(array(k1))), 'null'), ':', case when element_at(query_parameters.named_parameters, k1) is not null then concat('{', concat_ws(',', concat('"exprs":', concat('[', array_join(transform(element_at(query_parameters.named_parameters, k1).exprs, e2 -> coalesce(case when e2 is not null then concat('{', concat_ws(',', concat('"tag":', nullif(trim(both '[]' from to_json(array(e2.tag))), 'null')), concat('"data_type":', to_json(e2.data_type)), concat('"literal":', case when e2.literal is not null then concat('{', concat_ws(',', concat('"data_type":', to_json(e2.literal.data_type)), concat('"int_value":', cast(e2.literal.int_value as string)), concat('"long_value":', cast(e2.literal.long_value as string)), concat('"double_value":', case when isnan(e2.literal.double_value) then '"NaN"' when e2.literal.double_value = double('infinity') then '"Infinity"' when e2.literal.double_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.double_value) >= 1e-5 and abs(e2.literal.double_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.double_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.double_value as string), 'E', 'e') end), concat('"float_value":', case when isnan(e2.literal.float_value) then '"NaN"' when e2.literal.float_value = double('infinity') then '"Infinity"' when e2.literal.float_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.float_value) >= 1e-5 and abs(e2.literal.float_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.float_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.float_value as string), 'E', 'e') end), concat('"byte_value":', cast(e2.literal.byte_value as string)), concat('"short_value":', cast(e2.literal.short_value as string)), concat('"string_value":', nullif(trim(both '[]' from to_json(array(e2.literal.string_value))), 'null')), concat('"boolean_value":', cast(e2.literal.boolean_value as string)), concat('"decimal_value":', to_json(e2.literal.decimal_value)), concat('"binary_value":', concat('"', lower(hex(e2.literal.binary_value)), '"')), concat('"timestamp_value":', cast(e2.literal.timestamp_value as string)), concat('"timestamp_ntz_value":', cast(e2.literal.timestamp_ntz_value as string)), concat('"date_value":', cast(e2.literal.date_value as string)), concat('"calendar_interval_value":', to_json(e2.literal.calendar_interval_value)), concat('"day_time_interval_value":', cast(e2.literal.day_time_interval_value as string)), concat('"year_month_interval_value":', cast(e2.literal.year_month_interval_value as string))), '}') end), concat('"seq_expression":', to_json(e2.seq_expression)), concat('"function":', to_json(e2.`function`)), concat('"alias":', to_json(e2.alias)), concat('"sort_order":', to_json(e2.sort_order)), concat('"lambda_function":', to_json(e2.lambda_function)), concat('"window":', to_json(e2.`window`)), concat('"unresolved_extract_value":', to_json(e2.unresolved_extract_value)), concat('"update_fields":', to_json(e2.update_fields)), concat('"unresolved_named_lambda_variable":', to_json(e2.unresolved_named_lambda_variable)), concat('"named_argument_expression":', to_json(e2.named_argument_expression)), concat('"id":', cast(e2.id as string))), '}') end, 'null')), ','), ']'))), '}') end)), ','), '}') as query_parameters_named_parameters_json,
      concat('[', array_join(transform(query_parameters.pos_parameters, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"exprs":', concat('[', array_join(transform(e1.exprs, e2 -> coalesce(case when e2 is not null then concat('{', concat_ws(',', concat('"tag":', nullif(trim(both '[]' from to_json(array(e2.tag))), 'null')), concat('"data_type":', to_json(e2.data_type)), concat('"literal":', case when e2.literal is not null then concat('{', concat_ws(',', concat('"data_type":', to_json(e2.literal.data_type)), concat('"int_value":', cast(e2.literal.int_value as string)), concat('"long_value":', cast(e2.literal.long_value as string)), concat('"double_value":', case when isnan(e2.literal.double_value) then '"NaN"' when e2.literal.double_value = double('infinity') then '"Infinity"' when e2.literal.double_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.double_value) >= 1e-5 and abs(e2.literal.double_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.double_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.double_value as string), 'E', 'e') end), concat('"float_value":', case when isnan(e2.literal.float_value) then '"NaN"' when e2.literal.float_value = double('infinity') then '"Infinity"' when e2.literal.float_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.float_value) >= 1e-5 and abs(e2.literal.float_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.float_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.float_value as string), 'E', 'e') end), concat('"byte_value":', cast(e2.literal.byte_value as string)), concat('"short_value":', cast(e2.literal.short_value as string)), concat('"string_value":', nullif(trim(both '[]' from to_json(array(e2.literal.string_value))), 'null')), concat('"boolean_value":', cast(e2.literal.boolean_value as string)), concat('"decimal_value":', to_json(e2.literal.decimal_value)), concat('"binary_value":', concat('"', lower(hex(e2.literal.binary_value)), '"')), concat('"timestamp_value":', cast(e2.literal.timestamp_value as string)), concat('"timestamp_ntz_value":', cast(e2.literal.timestamp_ntz_value as string)), concat('"date_value":', cast(e2.literal.date_value as string)), concat('"calendar_interval_value":', to_json(e2.literal.calendar_interval_value)), concat('"day_time_interval_value":', cast(e2.literal.day_time_interval_value as string)), concat('"year_month_interval_value":', cast(e2.literal.year_month_interval_value as string))), '}') end), concat('"seq_expression":', to_json(e2.seq_expression)), concat('"function":', to_json(e2.`function`)), concat('"alias":', to_json(e2.alias)), concat('"sort_order":', to_json(e2.sort_order)), concat('"lambda_function":', to_json(e2.lambda_function)), concat('"window":', to_json(e2.`window`)), concat('"unresolved_extract_value":', to_json(e2.unresolved_extract_value)), concat('"update_fields":', to_json(e2.update_fields)), concat('"unresolved_named_lambda_variable":', to_json(e2.unresolved_named_lambda_variable)), concat('"named_argument_expression":', to_json(e2.named_argument_expression)), concat('"id":', cast(e2.id as string))), '}') end, 'null')), ','), ']'))), '}') end, 'null')), ','), ']') as query_parameters_pos_parameters_json,
      query_parameters.truncated as query_parameters_truncated,
      map_from_entries(array_sort(map_entries(query_tags))) as query_tags
    from system_bronze.query_history
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.statement_id <=> a.statement_id
    where (c.workspace_id is not null or c.statement_id is not null)
  ),

  -- The latest version of each key by update_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, statement_id
      order by update_time desc nulls last, account_id desc nulls last, cache_origin_statement_id desc nulls last,
        client_application desc nulls last, client_driver desc nulls last, compilation_duration_ms desc nulls last,
        compute_cluster_id desc nulls last, compute_type desc nulls last, compute_warehouse_id desc nulls last,
        end_time desc nulls last, error_message desc nulls last, executed_as desc nulls last,
        executed_as_user_id desc nulls last, executed_by desc nulls last, executed_by_user_id desc nulls last,
        execution_duration_ms desc nulls last, execution_status desc nulls last, from_result_cache desc nulls last,
        produced_rows desc nulls last, pruned_files desc nulls last,
        query_parameters_named_parameters_json desc nulls last, query_parameters_pos_parameters_json desc nulls last,
        query_parameters_truncated desc nulls last, query_source_alert_id desc nulls last,
        query_source_dashboard_id desc nulls last, query_source_genie_space_id desc nulls last,
        query_source_job_info_job_id desc nulls last, query_source_job_info_job_run_id desc nulls last,
        query_source_job_info_job_task_run_id desc nulls last, query_source_legacy_dashboard_id desc nulls last,
        query_source_notebook_id desc nulls last, query_source_pipeline_info_pipeline_id desc nulls last,
        query_source_pipeline_info_update_id desc nulls last, query_source_sql_query_id desc nulls last,
        map_entries(query_tags) desc nulls last, read_bytes desc nulls last, read_files desc nulls last,
        read_io_cache_percent desc nulls last, read_partitions desc nulls last, read_rows desc nulls last,
        result_fetch_duration_ms desc nulls last, session_id desc nulls last, shuffle_read_bytes desc nulls last,
        spilled_local_bytes desc nulls last, start_time desc nulls last, statement_text desc nulls last,
        statement_type desc nulls last, total_duration_ms desc nulls last, total_task_duration_ms desc nulls last,
        waiting_at_capacity_duration_ms desc nulls last, waiting_for_compute_duration_ms desc nulls last,
        written_bytes desc nulls last, written_files desc nulls last, written_rows desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      cast(start_time as date) as query_date,
      execution_status in ('FINISHED', 'FAILED', 'CANCELED') as is_final,
      try_add(waiting_for_compute_duration_ms, waiting_at_capacity_duration_ms) as queue_duration_ms,
      spilled_local_bytes > 0 as has_spill
    from latest
  ),

  -- Derived columns.
  derived_2 as (
    select
      *,
      case when is_final then execution_status = 'FINISHED' end as is_success
    from derived
  ),

  -- Versions of dim_warehouse; facts from before the first one refer to the first one.
  warehouse_found as (
    select workspace_id, warehouse_id, warehouse_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, warehouse_id order by valid_from) is null as _is_first
    from system_gold.dim_warehouse
    where warehouse_key <> -1
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
      coalesce(warehouse_found.warehouse_key, -1) as warehouse_key,
      coalesce(cluster_found.cluster_key, -1) as cluster_key,
      coalesce(user_found.user_key, -1) as user_key
    from derived_2 as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join warehouse_found on warehouse_found.workspace_id = f.workspace_id and warehouse_found.warehouse_id = f.compute_warehouse_id and (warehouse_found._is_first or warehouse_found.valid_from <= f.start_time) and (warehouse_found.valid_to is null or f.start_time < warehouse_found.valid_to) and f.start_time is not null
    left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.compute_cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.start_time) and (cluster_found.valid_to is null or f.start_time < cluster_found.valid_to) and f.start_time is not null
    left join system_gold.dim_user as user_found on user_found.user_name = f.executed_by and f.executed_by <> '' and user_found.user_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      statement_id,
      executed_by,
      session_id,
      execution_status,
      compute_type,
      compute_cluster_id,
      compute_warehouse_id,
      executed_by_user_id,
      statement_text,
      statement_type,
      error_message,
      client_application,
      client_driver,
      total_duration_ms,
      waiting_for_compute_duration_ms,
      waiting_at_capacity_duration_ms,
      execution_duration_ms,
      compilation_duration_ms,
      total_task_duration_ms,
      result_fetch_duration_ms,
      start_time,
      end_time,
      update_time,
      read_partitions,
      pruned_files,
      read_files,
      read_rows,
      produced_rows,
      read_bytes,
      read_io_cache_percent,
      from_result_cache,
      spilled_local_bytes,
      written_bytes,
      shuffle_read_bytes,
      query_source_job_info_job_id,
      query_source_job_info_job_run_id,
      query_source_job_info_job_task_run_id,
      query_source_legacy_dashboard_id,
      query_source_dashboard_id,
      query_source_alert_id,
      query_source_notebook_id,
      query_source_sql_query_id,
      query_source_genie_space_id,
      query_source_pipeline_info_pipeline_id,
      query_source_pipeline_info_update_id,
      executed_as_user_id,
      executed_as,
      written_rows,
      written_files,
      cache_origin_statement_id,
      query_parameters_named_parameters_json,
      query_parameters_pos_parameters_json,
      query_parameters_truncated,
      query_tags,
      query_date,
      is_final,
      is_success,
      queue_duration_ms,
      has_spill,
      date_key,
      workspace_key,
      warehouse_key,
      cluster_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.statement_id, c.executed_by, c.session_id, c.execution_status, c.compute_type,
      c.compute_cluster_id, c.compute_warehouse_id, c.executed_by_user_id, c.statement_text, c.statement_type,
      c.error_message, c.client_application, c.client_driver, c.total_duration_ms, c.waiting_for_compute_duration_ms,
      c.waiting_at_capacity_duration_ms, c.execution_duration_ms, c.compilation_duration_ms,
      c.total_task_duration_ms, c.result_fetch_duration_ms, c.start_time, c.end_time, c.update_time,
      c.read_partitions, c.pruned_files, c.read_files, c.read_rows, c.produced_rows, c.read_bytes,
      c.read_io_cache_percent, c.from_result_cache, c.spilled_local_bytes, c.written_bytes, c.shuffle_read_bytes,
      c.query_source_job_info_job_id, c.query_source_job_info_job_run_id, c.query_source_job_info_job_task_run_id,
      c.query_source_legacy_dashboard_id, c.query_source_dashboard_id, c.query_source_alert_id,
      c.query_source_notebook_id, c.query_source_sql_query_id, c.query_source_genie_space_id,
      c.query_source_pipeline_info_pipeline_id, c.query_source_pipeline_info_update_id, c.executed_as_user_id,
      c.executed_as, c.written_rows, c.written_files, c.cache_origin_statement_id,
      c.query_parameters_named_parameters_json, c.query_parameters_pos_parameters_json, c.query_parameters_truncated,
      c.query_tags, c.query_date, c.is_final, c.is_success, c.queue_duration_ms, c.has_spill, c.date_key,
      c.workspace_key, c.warehouse_key, c.cluster_key, c.user_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_query_history
  ) as h on h.workspace_id <=> c.workspace_id and h.statement_id <=> c.statement_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.statement_id <=> c.statement_id
      and h.executed_by <=> c.executed_by and h.session_id <=> c.session_id
      and h.execution_status <=> c.execution_status and h.compute_type <=> c.compute_type
      and h.compute_cluster_id <=> c.compute_cluster_id and h.compute_warehouse_id <=> c.compute_warehouse_id
      and h.executed_by_user_id <=> c.executed_by_user_id and h.statement_text <=> c.statement_text
      and h.statement_type <=> c.statement_type and h.error_message <=> c.error_message
      and h.client_application <=> c.client_application and h.client_driver <=> c.client_driver
      and h.total_duration_ms <=> c.total_duration_ms
      and h.waiting_for_compute_duration_ms <=> c.waiting_for_compute_duration_ms
      and h.waiting_at_capacity_duration_ms <=> c.waiting_at_capacity_duration_ms
      and h.execution_duration_ms <=> c.execution_duration_ms
      and h.compilation_duration_ms <=> c.compilation_duration_ms
      and h.total_task_duration_ms <=> c.total_task_duration_ms
      and h.result_fetch_duration_ms <=> c.result_fetch_duration_ms and h.start_time <=> c.start_time
      and h.end_time <=> c.end_time and h.update_time <=> c.update_time and h.read_partitions <=> c.read_partitions
      and h.pruned_files <=> c.pruned_files and h.read_files <=> c.read_files and h.read_rows <=> c.read_rows
      and h.produced_rows <=> c.produced_rows and h.read_bytes <=> c.read_bytes
      and h.read_io_cache_percent <=> c.read_io_cache_percent and h.from_result_cache <=> c.from_result_cache
      and h.spilled_local_bytes <=> c.spilled_local_bytes and h.written_bytes <=> c.written_bytes
      and h.shuffle_read_bytes <=> c.shuffle_read_bytes
      and h.query_source_job_info_job_id <=> c.query_source_job_info_job_id
      and h.query_source_job_info_job_run_id <=> c.query_source_job_info_job_run_id
      and h.query_source_job_info_job_task_run_id <=> c.query_source_job_info_job_task_run_id
      and h.query_source_legacy_dashboard_id <=> c.query_source_legacy_dashboard_id
      and h.query_source_dashboard_id <=> c.query_source_dashboard_id
      and h.query_source_alert_id <=> c.query_source_alert_id
      and h.query_source_notebook_id <=> c.query_source_notebook_id
      and h.query_source_sql_query_id <=> c.query_source_sql_query_id
      and h.query_source_genie_space_id <=> c.query_source_genie_space_id
      and h.query_source_pipeline_info_pipeline_id <=> c.query_source_pipeline_info_pipeline_id
      and h.query_source_pipeline_info_update_id <=> c.query_source_pipeline_info_update_id
      and h.executed_as_user_id <=> c.executed_as_user_id and h.executed_as <=> c.executed_as
      and h.written_rows <=> c.written_rows and h.written_files <=> c.written_files
      and h.cache_origin_statement_id <=> c.cache_origin_statement_id
      and h.query_parameters_named_parameters_json <=> c.query_parameters_named_parameters_json
      and h.query_parameters_pos_parameters_json <=> c.query_parameters_pos_parameters_json
      and h.query_parameters_truncated <=> c.query_parameters_truncated
      and map_entries(h.query_tags) <=> map_entries(c.query_tags) and h.query_date <=> c.query_date
      and h.is_final <=> c.is_final and h.is_success <=> c.is_success and h.queue_duration_ms <=> c.queue_duration_ms
      and h.has_spill <=> c.has_spill and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key
      and h.warehouse_key <=> c.warehouse_key and h.cluster_key <=> c.cluster_key and h.user_key <=> c.user_key
  ) else true end
) as s
on t.workspace_id <=> s.workspace_id and t.statement_id <=> s.statement_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_query_history' and not (`position` <=> next_position);
