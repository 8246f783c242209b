-- query.history: Statements that ran on SQL warehouses and on serverless notebooks and jobs, one row per statement, updated in place until it is final.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.query_history (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the statement ran.',
  statement_id string comment 'Id of the statement, unique within its workspace.',
  executed_by string comment 'Principal that ran the statement, an email address or another user name.',
  session_id string comment 'Spark session in which the statement ran.',
  execution_status string comment 'State of the statement. FINISHED, FAILED and CANCELED are final; before that it is queued or running.',
  compute struct<type:string,cluster_id:string,warehouse_id:string> comment 'Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
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
  query_source struct<job_info:struct<job_id:string,job_run_id:string,job_task_run_id:string>,legacy_dashboard_id:string,dashboard_id:string,alert_id:string,notebook_id:string,sql_query_id:string,genie_space_id:string,pipeline_info:struct<pipeline_id:string,update_id:string>> comment 'What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  executed_as_user_id string comment 'Numeric user id of the principal whose permissions were used.',
  executed_as string comment 'Principal whose permissions were used; differs from the one that ran the statement when it ran on behalf of another.',
  written_rows bigint comment 'Number of rows written to cloud storage; null when it is not known.',
  written_files bigint comment 'Number of files written to cloud storage; null when it is not known.',
  cache_origin_statement_id string comment 'Statement that put the result into the cache; null when the result did not come from it.',
  query_parameters struct<named_parameters:map<string,struct<exprs:array<struct<tag:string,data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,literal:struct<data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,int_value:int,long_value:bigint,double_value:double,float_value:float,byte_value:int,short_value:int,string_value:string,boolean_value:boolean,decimal_value:struct<value:string,precision:int,scale:int>,binary_value:binary,timestamp_value:bigint,timestamp_ntz_value:bigint,date_value:bigint,calendar_interval_value:struct<months:int,days:int,microseconds:bigint>,day_time_interval_value:bigint,year_month_interval_value:int>,seq_expression:struct<children:array<bigint>>,function:struct<function_name:string,arguments:array<bigint>>,alias:struct<expr:bigint,name:array<string>,metadata:string>,sort_order:struct<child:bigint,direction:string,null_ordering:string>,lambda_function:struct<function:bigint,arguments:array<struct<name_parts:array<string>>>>,window:struct<window_function:bigint,partition_spec:array<bigint>,order_spec:array<bigint>>,unresolved_extract_value:struct<child:bigint,extraction:bigint>,update_fields:struct<struct_expression:bigint,field_name:string,value_expression:bigint>,unresolved_named_lambda_variable:struct<name_parts:array<string>>,named_argument_expression:struct<key:string,value:bigint>,id:bigint>>>>,pos_parameters:array<struct<exprs:array<struct<tag:string,data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,literal:struct<data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,int_value:int,long_value:bigint,double_value:double,float_value:float,byte_value:int,short_value:int,string_value:string,boolean_value:boolean,decimal_value:struct<value:string,precision:int,scale:int>,binary_value:binary,timestamp_value:bigint,timestamp_ntz_value:bigint,date_value:bigint,calendar_interval_value:struct<months:int,days:int,microseconds:bigint>,day_time_interval_value:bigint,year_month_interval_value:int>,seq_expression:struct<children:array<bigint>>,function:struct<function_name:string,arguments:array<bigint>>,alias:struct<expr:bigint,name:array<string>,metadata:string>,sort_order:struct<child:bigint,direction:string,null_ordering:string>,lambda_function:struct<function:bigint,arguments:array<struct<name_parts:array<string>>>>,window:struct<window_function:bigint,partition_spec:array<bigint>,order_spec:array<bigint>>,unresolved_extract_value:struct<child:bigint,extraction:bigint>,update_fields:struct<struct_expression:bigint,field_name:string,value_expression:bigint>,unresolved_named_lambda_variable:struct<name_parts:array<string>>,named_argument_expression:struct<key:string,value:bigint>,id:bigint>>>>,truncated:boolean> comment 'Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  query_tags map<string,string> comment 'Tags that the client gave to the statement, by name; null or empty when there are none.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
)
using delta
comment 'Statements that ran on SQL warehouses and on serverless notebooks and jobs, one row per statement, updated in place until it is final.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.query_history (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace in which the statement ran.',
  statement_id string comment 'Id of the statement, unique within its workspace.',
  executed_by string comment 'Principal that ran the statement, an email address or another user name.',
  session_id string comment 'Spark session in which the statement ran.',
  execution_status string comment 'State of the statement. FINISHED, FAILED and CANCELED are final; before that it is queued or running.',
  compute struct<type:string,cluster_id:string,warehouse_id:string> comment 'Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
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
  query_source struct<job_info:struct<job_id:string,job_run_id:string,job_task_run_id:string>,legacy_dashboard_id:string,dashboard_id:string,alert_id:string,notebook_id:string,sql_query_id:string,genie_space_id:string,pipeline_info:struct<pipeline_id:string,update_id:string>> comment 'What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  executed_as_user_id string comment 'Numeric user id of the principal whose permissions were used.',
  executed_as string comment 'Principal whose permissions were used; differs from the one that ran the statement when it ran on behalf of another.',
  written_rows bigint comment 'Number of rows written to cloud storage; null when it is not known.',
  written_files bigint comment 'Number of files written to cloud storage; null when it is not known.',
  cache_origin_statement_id string comment 'Statement that put the result into the cache; null when the result did not come from it.',
  query_parameters struct<named_parameters:map<string,struct<exprs:array<struct<tag:string,data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,literal:struct<data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,int_value:int,long_value:bigint,double_value:double,float_value:float,byte_value:int,short_value:int,string_value:string,boolean_value:boolean,decimal_value:struct<value:string,precision:int,scale:int>,binary_value:binary,timestamp_value:bigint,timestamp_ntz_value:bigint,date_value:bigint,calendar_interval_value:struct<months:int,days:int,microseconds:bigint>,day_time_interval_value:bigint,year_month_interval_value:int>,seq_expression:struct<children:array<bigint>>,function:struct<function_name:string,arguments:array<bigint>>,alias:struct<expr:bigint,name:array<string>,metadata:string>,sort_order:struct<child:bigint,direction:string,null_ordering:string>,lambda_function:struct<function:bigint,arguments:array<struct<name_parts:array<string>>>>,window:struct<window_function:bigint,partition_spec:array<bigint>,order_spec:array<bigint>>,unresolved_extract_value:struct<child:bigint,extraction:bigint>,update_fields:struct<struct_expression:bigint,field_name:string,value_expression:bigint>,unresolved_named_lambda_variable:struct<name_parts:array<string>>,named_argument_expression:struct<key:string,value:bigint>,id:bigint>>>>,pos_parameters:array<struct<exprs:array<struct<tag:string,data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,literal:struct<data_type:struct<type_name:string,type_ddl:string,redacted_type_ddl:string>,int_value:int,long_value:bigint,double_value:double,float_value:float,byte_value:int,short_value:int,string_value:string,boolean_value:boolean,decimal_value:struct<value:string,precision:int,scale:int>,binary_value:binary,timestamp_value:bigint,timestamp_ntz_value:bigint,date_value:bigint,calendar_interval_value:struct<months:int,days:int,microseconds:bigint>,day_time_interval_value:bigint,year_month_interval_value:int>,seq_expression:struct<children:array<bigint>>,function:struct<function_name:string,arguments:array<bigint>>,alias:struct<expr:bigint,name:array<string>,metadata:string>,sort_order:struct<child:bigint,direction:string,null_ordering:string>,lambda_function:struct<function:bigint,arguments:array<struct<name_parts:array<string>>>>,window:struct<window_function:bigint,partition_spec:array<bigint>,order_spec:array<bigint>>,unresolved_extract_value:struct<child:bigint,extraction:bigint>,update_fields:struct<struct_expression:bigint,field_name:string,value_expression:bigint>,unresolved_named_lambda_variable:struct<name_parts:array<string>>,named_argument_expression:struct<key:string,value:bigint>,id:bigint>>>>,truncated:boolean> comment 'Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  query_tags map<string,string> comment 'Tags that the client gave to the statement, by name; null or empty when there are none.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of query.history that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.query_history (
    account_id, workspace_id, statement_id, executed_by, session_id, execution_status, compute,
    executed_by_user_id, statement_text, statement_type, error_message, client_application, client_driver,
    total_duration_ms, waiting_for_compute_duration_ms, waiting_at_capacity_duration_ms, execution_duration_ms,
    compilation_duration_ms, total_task_duration_ms, result_fetch_duration_ms, start_time, end_time, update_time,
    read_partitions, pruned_files, read_files, read_rows, produced_rows, read_bytes, read_io_cache_percent,
    from_result_cache, spilled_local_bytes, written_bytes, shuffle_read_bytes, query_source, executed_as_user_id,
    executed_as, written_rows, written_files, cache_origin_statement_id, query_parameters, query_tags, _reason,
    _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.statement_id, d.executed_by, d.session_id, d.execution_status, d.compute,
    d.executed_by_user_id, d.statement_text, d.statement_type, d.error_message, d.client_application,
    d.client_driver, d.total_duration_ms, d.waiting_for_compute_duration_ms, d.waiting_at_capacity_duration_ms,
    d.execution_duration_ms, d.compilation_duration_ms, d.total_task_duration_ms, d.result_fetch_duration_ms,
    d.start_time, d.end_time, d.update_time, d.read_partitions, d.pruned_files, d.read_files, d.read_rows,
    d.produced_rows, d.read_bytes, d.read_io_cache_percent, d.from_result_cache, d.spilled_local_bytes,
    d.written_bytes, d.shuffle_read_bytes, d.query_source, d.executed_as_user_id, d.executed_as, d.written_rows,
    d.written_files, d.cache_origin_statement_id, d.query_parameters, d.query_tags,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.statement_id, d.executed_by, d.session_id, d.execution_status, d.compute,
    d.executed_by_user_id, d.statement_text, d.statement_type, d.error_message, d.client_application,
    d.client_driver, d.total_duration_ms, d.waiting_for_compute_duration_ms, d.waiting_at_capacity_duration_ms,
    d.execution_duration_ms, d.compilation_duration_ms, d.total_task_duration_ms, d.result_fetch_duration_ms,
    d.start_time, d.end_time, d.update_time, d.read_partitions, d.pruned_files, d.read_files, d.read_rows,
    d.produced_rows, d.read_bytes, d.read_io_cache_percent, d.from_result_cache, d.spilled_local_bytes,
    d.written_bytes, d.shuffle_read_bytes, d.query_source, d.executed_as_user_id, d.executed_as, d.written_rows,
    d.written_files, d.cache_origin_statement_id, d.query_parameters, d.query_tags))), current_timestamp()
from (
  select *, case when workspace_id is null and statement_id is null then 'key (workspace_id, statement_id) is null' end as _reason
  from system.query.history
) as d
left anti join system_quarantine.query_history as b
  on d.workspace_id <=> b.workspace_id and d.statement_id <=> b.statement_id
  and struct(d.account_id, d.executed_by, d.session_id, d.execution_status, d.compute, d.executed_by_user_id,
    d.statement_text, d.statement_type, d.error_message, d.client_application, d.client_driver,
    d.total_duration_ms, d.waiting_for_compute_duration_ms, d.waiting_at_capacity_duration_ms,
    d.execution_duration_ms, d.compilation_duration_ms, d.total_task_duration_ms, d.result_fetch_duration_ms,
    d.start_time, d.end_time, d.update_time, d.read_partitions, d.pruned_files, d.read_files, d.read_rows,
    d.produced_rows, d.read_bytes, d.read_io_cache_percent, d.from_result_cache, d.spilled_local_bytes,
    d.written_bytes, d.shuffle_read_bytes, d.query_source, d.executed_as_user_id, d.executed_as, d.written_rows,
    d.written_files, d.cache_origin_statement_id, to_json(d.query_parameters), to_json(d.query_tags))
  <=> struct(b.account_id, b.executed_by, b.session_id, b.execution_status, b.compute, b.executed_by_user_id,
    b.statement_text, b.statement_type, b.error_message, b.client_application, b.client_driver,
    b.total_duration_ms, b.waiting_for_compute_duration_ms, b.waiting_at_capacity_duration_ms,
    b.execution_duration_ms, b.compilation_duration_ms, b.total_task_duration_ms, b.result_fetch_duration_ms,
    b.start_time, b.end_time, b.update_time, b.read_partitions, b.pruned_files, b.read_files, b.read_rows,
    b.produced_rows, b.read_bytes, b.read_io_cache_percent, b.from_result_cache, b.spilled_local_bytes,
    b.written_bytes, b.shuffle_read_bytes, b.query_source, b.executed_as_user_id, b.executed_as, b.written_rows,
    b.written_files, b.cache_origin_statement_id, to_json(b.query_parameters), to_json(b.query_tags))
where d._reason is not null;

-- statement: load
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into system_bronze.query_history as t
using (
  with
  -- Rows that can be identified.
  delivered as (
    select
        account_id, workspace_id, statement_id, executed_by, session_id, execution_status, compute,
        executed_by_user_id, statement_text, statement_type, error_message, client_application, client_driver,
        total_duration_ms, waiting_for_compute_duration_ms, waiting_at_capacity_duration_ms, execution_duration_ms,
        compilation_duration_ms, total_task_duration_ms, result_fetch_duration_ms, start_time, end_time, update_time,
        read_partitions, pruned_files, read_files, read_rows, produced_rows, read_bytes, read_io_cache_percent,
        from_result_cache, spilled_local_bytes, written_bytes, shuffle_read_bytes, query_source, executed_as_user_id,
        executed_as, written_rows, written_files, cache_origin_statement_id, query_parameters, query_tags,
      true as _is_delivered
    from system.query.history
    where not (workspace_id is null and statement_id is null)
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        d.account_id, coalesce(d.workspace_id, h.workspace_id) as workspace_id,
        coalesce(d.statement_id, h.statement_id) as statement_id, d.executed_by, d.session_id, d.execution_status,
        d.compute, d.executed_by_user_id, d.statement_text, d.statement_type, d.error_message, d.client_application,
        d.client_driver, d.total_duration_ms, d.waiting_for_compute_duration_ms, d.waiting_at_capacity_duration_ms,
        d.execution_duration_ms, d.compilation_duration_ms, d.total_task_duration_ms, d.result_fetch_duration_ms,
        d.start_time, d.end_time, d.update_time, d.read_partitions, d.pruned_files, d.read_files, d.read_rows,
        d.produced_rows, d.read_bytes, d.read_io_cache_percent, d.from_result_cache, d.spilled_local_bytes,
        d.written_bytes, d.shuffle_read_bytes, d.query_source, d.executed_as_user_id, d.executed_as, d.written_rows,
        d.written_files, d.cache_origin_statement_id, d.query_parameters, d.query_tags, h._held_account_id,
        h._held_executed_by, h._held_session_id, h._held_execution_status, h._held_compute,
        h._held_executed_by_user_id, h._held_statement_text, h._held_statement_type, h._held_error_message,
        h._held_client_application, h._held_client_driver, h._held_total_duration_ms,
        h._held_waiting_for_compute_duration_ms, h._held_waiting_at_capacity_duration_ms,
        h._held_execution_duration_ms, h._held_compilation_duration_ms, h._held_total_task_duration_ms,
        h._held_result_fetch_duration_ms, h._held_start_time, h._held_end_time, h._held_update_time,
        h._held_read_partitions, h._held_pruned_files, h._held_read_files, h._held_read_rows, h._held_produced_rows,
        h._held_read_bytes, h._held_read_io_cache_percent, h._held_from_result_cache, h._held_spilled_local_bytes,
        h._held_written_bytes, h._held_shuffle_read_bytes, h._held_query_source, h._held_executed_as_user_id,
        h._held_executed_as, h._held_written_rows, h._held_written_files, h._held_cache_origin_statement_id,
        h._held_query_parameters, h._held_query_tags,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when d.update_time > h._held_update_time or h._held_update_time is null and d.update_time is not null then 'better'
        when d.update_time <=> h._held_update_time and not (
          d.account_id <=> h._held_account_id and d.executed_by <=> h._held_executed_by
            and d.session_id <=> h._held_session_id and d.execution_status <=> h._held_execution_status
            and d.compute <=> h._held_compute and d.executed_by_user_id <=> h._held_executed_by_user_id
            and d.statement_text <=> h._held_statement_text and d.statement_type <=> h._held_statement_type
            and d.error_message <=> h._held_error_message and d.client_application <=> h._held_client_application
            and d.client_driver <=> h._held_client_driver and d.total_duration_ms <=> h._held_total_duration_ms
            and d.waiting_for_compute_duration_ms <=> h._held_waiting_for_compute_duration_ms
            and d.waiting_at_capacity_duration_ms <=> h._held_waiting_at_capacity_duration_ms
            and d.execution_duration_ms <=> h._held_execution_duration_ms
            and d.compilation_duration_ms <=> h._held_compilation_duration_ms
            and d.total_task_duration_ms <=> h._held_total_task_duration_ms
            and d.result_fetch_duration_ms <=> h._held_result_fetch_duration_ms and d.start_time <=> h._held_start_time
            and d.end_time <=> h._held_end_time and d.read_partitions <=> h._held_read_partitions
            and d.pruned_files <=> h._held_pruned_files and d.read_files <=> h._held_read_files
            and d.read_rows <=> h._held_read_rows and d.produced_rows <=> h._held_produced_rows
            and d.read_bytes <=> h._held_read_bytes and d.read_io_cache_percent <=> h._held_read_io_cache_percent
            and d.from_result_cache <=> h._held_from_result_cache and d.spilled_local_bytes <=> h._held_spilled_local_bytes
            and d.written_bytes <=> h._held_written_bytes and d.shuffle_read_bytes <=> h._held_shuffle_read_bytes
            and d.query_source <=> h._held_query_source and d.executed_as_user_id <=> h._held_executed_as_user_id
            and d.executed_as <=> h._held_executed_as and d.written_rows <=> h._held_written_rows
            and d.written_files <=> h._held_written_files
            and d.cache_origin_statement_id <=> h._held_cache_origin_statement_id
            and to_json(d.query_parameters) <=> to_json(h._held_query_parameters)
            and to_json(d.query_tags) <=> to_json(h._held_query_tags)
        ) then 'tied'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          account_id as _held_account_id, workspace_id, statement_id, executed_by as _held_executed_by,
          session_id as _held_session_id, execution_status as _held_execution_status, compute as _held_compute,
          executed_by_user_id as _held_executed_by_user_id, statement_text as _held_statement_text,
          statement_type as _held_statement_type, error_message as _held_error_message,
          client_application as _held_client_application, client_driver as _held_client_driver,
          total_duration_ms as _held_total_duration_ms,
          waiting_for_compute_duration_ms as _held_waiting_for_compute_duration_ms,
          waiting_at_capacity_duration_ms as _held_waiting_at_capacity_duration_ms,
          execution_duration_ms as _held_execution_duration_ms, compilation_duration_ms as _held_compilation_duration_ms,
          total_task_duration_ms as _held_total_task_duration_ms,
          result_fetch_duration_ms as _held_result_fetch_duration_ms, start_time as _held_start_time,
          end_time as _held_end_time, update_time as _held_update_time, read_partitions as _held_read_partitions,
          pruned_files as _held_pruned_files, read_files as _held_read_files, read_rows as _held_read_rows,
          produced_rows as _held_produced_rows, read_bytes as _held_read_bytes,
          read_io_cache_percent as _held_read_io_cache_percent, from_result_cache as _held_from_result_cache,
          spilled_local_bytes as _held_spilled_local_bytes, written_bytes as _held_written_bytes,
          shuffle_read_bytes as _held_shuffle_read_bytes, query_source as _held_query_source,
          executed_as_user_id as _held_executed_as_user_id, executed_as as _held_executed_as,
          written_rows as _held_written_rows, written_files as _held_written_files,
          cache_origin_statement_id as _held_cache_origin_statement_id, query_parameters as _held_query_parameters,
          query_tags as _held_query_tags,
        _is_present <=> true as _is_shown,
        true as _is_held
      from system_bronze.query_history
    ) as h
      on d.workspace_id <=> h.workspace_id and d.statement_id <=> h.statement_id
  ),

  -- Rows that come to something; with those that are as late as the one that bronze holds, that one competes.
  competing as (
    select
        case when _side = 'held' then _held_account_id else account_id end as account_id, workspace_id, statement_id,
        case when _side = 'held' then _held_executed_by else executed_by end as executed_by,
        case when _side = 'held' then _held_session_id else session_id end as session_id,
        case when _side = 'held' then _held_execution_status else execution_status end as execution_status,
        case when _side = 'held' then _held_compute else compute end as compute,
        case when _side = 'held' then _held_executed_by_user_id else executed_by_user_id end as executed_by_user_id,
        case when _side = 'held' then _held_statement_text else statement_text end as statement_text,
        case when _side = 'held' then _held_statement_type else statement_type end as statement_type,
        case when _side = 'held' then _held_error_message else error_message end as error_message,
        case when _side = 'held' then _held_client_application else client_application end as client_application,
        case when _side = 'held' then _held_client_driver else client_driver end as client_driver,
        case when _side = 'held' then _held_total_duration_ms else total_duration_ms end as total_duration_ms,
        case when _side = 'held' then _held_waiting_for_compute_duration_ms else waiting_for_compute_duration_ms end as waiting_for_compute_duration_ms,
        case when _side = 'held' then _held_waiting_at_capacity_duration_ms else waiting_at_capacity_duration_ms end as waiting_at_capacity_duration_ms,
        case when _side = 'held' then _held_execution_duration_ms else execution_duration_ms end as execution_duration_ms,
        case when _side = 'held' then _held_compilation_duration_ms else compilation_duration_ms end as compilation_duration_ms,
        case when _side = 'held' then _held_total_task_duration_ms else total_task_duration_ms end as total_task_duration_ms,
        case when _side = 'held' then _held_result_fetch_duration_ms else result_fetch_duration_ms end as result_fetch_duration_ms,
        case when _side = 'held' then _held_start_time else start_time end as start_time,
        case when _side = 'held' then _held_end_time else end_time end as end_time,
        case when _side = 'held' then _held_update_time else update_time end as update_time,
        case when _side = 'held' then _held_read_partitions else read_partitions end as read_partitions,
        case when _side = 'held' then _held_pruned_files else pruned_files end as pruned_files,
        case when _side = 'held' then _held_read_files else read_files end as read_files,
        case when _side = 'held' then _held_read_rows else read_rows end as read_rows,
        case when _side = 'held' then _held_produced_rows else produced_rows end as produced_rows,
        case when _side = 'held' then _held_read_bytes else read_bytes end as read_bytes,
        case when _side = 'held' then _held_read_io_cache_percent else read_io_cache_percent end as read_io_cache_percent,
        case when _side = 'held' then _held_from_result_cache else from_result_cache end as from_result_cache,
        case when _side = 'held' then _held_spilled_local_bytes else spilled_local_bytes end as spilled_local_bytes,
        case when _side = 'held' then _held_written_bytes else written_bytes end as written_bytes,
        case when _side = 'held' then _held_shuffle_read_bytes else shuffle_read_bytes end as shuffle_read_bytes,
        case when _side = 'held' then _held_query_source else query_source end as query_source,
        case when _side = 'held' then _held_executed_as_user_id else executed_as_user_id end as executed_as_user_id,
        case when _side = 'held' then _held_executed_as else executed_as end as executed_as,
        case when _side = 'held' then _held_written_rows else written_rows end as written_rows,
        case when _side = 'held' then _held_written_files else written_files end as written_files,
        case when _side = 'held' then _held_cache_origin_statement_id else cache_origin_statement_id end as cache_origin_statement_id,
        case when _side = 'held' then _held_query_parameters else query_parameters end as query_parameters,
        case when _side = 'held' then _held_query_tags else query_tags end as query_tags,
      _side = 'held' as _is_held, _is_shown, _side as _change
    from (
      select *, explode(
        case when _change = 'tied' then array('tied', 'held') when _change is not null then array(_change) end
      ) as _side
      from compared
    )
  ),

  -- With fields of structs and deeper values as the columns that are compared.
  flattened as (
    select
      *,
      compute.`type` as compute_type,
      compute.cluster_id as compute_cluster_id,
      compute.warehouse_id as compute_warehouse_id,
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
      concat('{', array_join(transform(filter(array_sort(map_keys(query_parameters.named_parameters)), k1 -> element_at(query_parameters.named_parameters, k1) is not null), k1 -> concat(nullif(trim(both '[]' from to_json(array(k1))), 'null'), ':', case when element_at(query_parameters.named_parameters, k1) is not null then concat('{', concat_ws(',', concat('"exprs":', concat('[', array_join(transform(element_at(query_parameters.named_parameters, k1).exprs, e2 -> coalesce(case when e2 is not null then concat('{', concat_ws(',', concat('"tag":', nullif(trim(both '[]' from to_json(array(e2.tag))), 'null')), concat('"data_type":', to_json(e2.data_type)), concat('"literal":', case when e2.literal is not null then concat('{', concat_ws(',', concat('"data_type":', to_json(e2.literal.data_type)), concat('"int_value":', cast(e2.literal.int_value as string)), concat('"long_value":', cast(e2.literal.long_value as string)), concat('"double_value":', case when isnan(e2.literal.double_value) then '"NaN"' when e2.literal.double_value = double('infinity') then '"Infinity"' when e2.literal.double_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.double_value) >= 1e-5 and abs(e2.literal.double_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.double_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.double_value as string), 'E', 'e') end), concat('"float_value":', case when isnan(e2.literal.float_value) then '"NaN"' when e2.literal.float_value = double('infinity') then '"Infinity"' when e2.literal.float_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.float_value) >= 1e-5 and abs(e2.literal.float_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.float_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.float_value as string), 'E', 'e') end), concat('"byte_value":', cast(e2.literal.byte_value as string)), concat('"short_value":', cast(e2.literal.short_value as string)), concat('"string_value":', nullif(trim(both '[]' from to_json(array(e2.literal.string_value))), 'null')), concat('"boolean_value":', cast(e2.literal.boolean_value as string)), concat('"decimal_value":', to_json(e2.literal.decimal_value)), concat('"binary_value":', concat('"', lower(hex(e2.literal.binary_value)), '"')), concat('"timestamp_value":', cast(e2.literal.timestamp_value as string)), concat('"timestamp_ntz_value":', cast(e2.literal.timestamp_ntz_value as string)), concat('"date_value":', cast(e2.literal.date_value as string)), concat('"calendar_interval_value":', to_json(e2.literal.calendar_interval_value)), concat('"day_time_interval_value":', cast(e2.literal.day_time_interval_value as string)), concat('"year_month_interval_value":', cast(e2.literal.year_month_interval_value as string))), '}') end), concat('"seq_expression":', to_json(e2.seq_expression)), concat('"function":', to_json(e2.`function`)), concat('"alias":', to_json(e2.alias)), concat('"sort_order":', to_json(e2.sort_order)), concat('"lambda_function":', to_json(e2.lambda_function)), concat('"window":', to_json(e2.`window`)), concat('"unresolved_extract_value":', to_json(e2.unresolved_extract_value)), concat('"update_fields":', to_json(e2.update_fields)), concat('"unresolved_named_lambda_variable":', to_json(e2.unresolved_named_lambda_variable)), concat('"named_argument_expression":', to_json(e2.named_argument_expression)), concat('"id":', cast(e2.id as string))), '}') end, 'null')), ','), ']'))), '}') end)), ','), '}') as query_parameters_named_parameters_json,
      concat('[', array_join(transform(query_parameters.pos_parameters, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"exprs":', concat('[', array_join(transform(e1.exprs, e2 -> coalesce(case when e2 is not null then concat('{', concat_ws(',', concat('"tag":', nullif(trim(both '[]' from to_json(array(e2.tag))), 'null')), concat('"data_type":', to_json(e2.data_type)), concat('"literal":', case when e2.literal is not null then concat('{', concat_ws(',', concat('"data_type":', to_json(e2.literal.data_type)), concat('"int_value":', cast(e2.literal.int_value as string)), concat('"long_value":', cast(e2.literal.long_value as string)), concat('"double_value":', case when isnan(e2.literal.double_value) then '"NaN"' when e2.literal.double_value = double('infinity') then '"Infinity"' when e2.literal.double_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.double_value) >= 1e-5 and abs(e2.literal.double_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.double_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.double_value as string), 'E', 'e') end), concat('"float_value":', case when isnan(e2.literal.float_value) then '"NaN"' when e2.literal.float_value = double('infinity') then '"Infinity"' when e2.literal.float_value = double('-infinity') then '"-Infinity"' when abs(e2.literal.float_value) >= 1e-5 and abs(e2.literal.float_value) < 1e10 then regexp_replace(cast(cast(cast(e2.literal.float_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.literal.float_value as string), 'E', 'e') end), concat('"byte_value":', cast(e2.literal.byte_value as string)), concat('"short_value":', cast(e2.literal.short_value as string)), concat('"string_value":', nullif(trim(both '[]' from to_json(array(e2.literal.string_value))), 'null')), concat('"boolean_value":', cast(e2.literal.boolean_value as string)), concat('"decimal_value":', to_json(e2.literal.decimal_value)), concat('"binary_value":', concat('"', lower(hex(e2.literal.binary_value)), '"')), concat('"timestamp_value":', cast(e2.literal.timestamp_value as string)), concat('"timestamp_ntz_value":', cast(e2.literal.timestamp_ntz_value as string)), concat('"date_value":', cast(e2.literal.date_value as string)), concat('"calendar_interval_value":', to_json(e2.literal.calendar_interval_value)), concat('"day_time_interval_value":', cast(e2.literal.day_time_interval_value as string)), concat('"year_month_interval_value":', cast(e2.literal.year_month_interval_value as string))), '}') end), concat('"seq_expression":', to_json(e2.seq_expression)), concat('"function":', to_json(e2.`function`)), concat('"alias":', to_json(e2.alias)), concat('"sort_order":', to_json(e2.sort_order)), concat('"lambda_function":', to_json(e2.lambda_function)), concat('"window":', to_json(e2.`window`)), concat('"unresolved_extract_value":', to_json(e2.unresolved_extract_value)), concat('"update_fields":', to_json(e2.update_fields)), concat('"unresolved_named_lambda_variable":', to_json(e2.unresolved_named_lambda_variable)), concat('"named_argument_expression":', to_json(e2.named_argument_expression)), concat('"id":', cast(e2.id as string))), '}') end, 'null')), ','), ']'))), '}') end, 'null')), ','), ']') as query_parameters_pos_parameters_json,
      query_parameters.truncated as query_parameters_truncated
    from competing
  )
  -- One version of each key: the latest, and where that is equal, the content decides.
  select
      account_id, workspace_id, statement_id, executed_by, session_id, execution_status, compute,
      executed_by_user_id, statement_text, statement_type, error_message, client_application, client_driver,
      total_duration_ms, waiting_for_compute_duration_ms, waiting_at_capacity_duration_ms, execution_duration_ms,
      compilation_duration_ms, total_task_duration_ms, result_fetch_duration_ms, start_time, end_time, update_time,
      read_partitions, pruned_files, read_files, read_rows, produced_rows, read_bytes, read_io_cache_percent,
      from_result_cache, spilled_local_bytes, written_bytes, shuffle_read_bytes, query_source, executed_as_user_id,
      executed_as, written_rows, written_files, cache_origin_statement_id, query_parameters, query_tags,
    case when _is_held then 'back' else _change end as _change
  from (
    select *, row_number() over (
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
        written_bytes desc nulls last, written_files desc nulls last, written_rows desc nulls last,
        _is_held desc nulls last
    ) as _rank
    from flattened
  )
  where _rank = 1 and not (_is_held and _is_shown)
) as s
on t.workspace_id <=> s.workspace_id and t.statement_id <=> s.statement_id
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    account_id = s.account_id, workspace_id = s.workspace_id, statement_id = s.statement_id,
    executed_by = s.executed_by, session_id = s.session_id, execution_status = s.execution_status,
    compute = s.compute, executed_by_user_id = s.executed_by_user_id, statement_text = s.statement_text,
    statement_type = s.statement_type, error_message = s.error_message, client_application = s.client_application,
    client_driver = s.client_driver, total_duration_ms = s.total_duration_ms,
    waiting_for_compute_duration_ms = s.waiting_for_compute_duration_ms,
    waiting_at_capacity_duration_ms = s.waiting_at_capacity_duration_ms,
    execution_duration_ms = s.execution_duration_ms, compilation_duration_ms = s.compilation_duration_ms,
    total_task_duration_ms = s.total_task_duration_ms, result_fetch_duration_ms = s.result_fetch_duration_ms,
    start_time = s.start_time, end_time = s.end_time, update_time = s.update_time,
    read_partitions = s.read_partitions, pruned_files = s.pruned_files, read_files = s.read_files,
    read_rows = s.read_rows, produced_rows = s.produced_rows, read_bytes = s.read_bytes,
    read_io_cache_percent = s.read_io_cache_percent, from_result_cache = s.from_result_cache,
    spilled_local_bytes = s.spilled_local_bytes, written_bytes = s.written_bytes,
    shuffle_read_bytes = s.shuffle_read_bytes, query_source = s.query_source,
    executed_as_user_id = s.executed_as_user_id, executed_as = s.executed_as, written_rows = s.written_rows,
    written_files = s.written_files, cache_origin_statement_id = s.cache_origin_statement_id,
    query_parameters = s.query_parameters, query_tags = s.query_tags,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    account_id, workspace_id, statement_id, executed_by, session_id, execution_status, compute,
    executed_by_user_id, statement_text, statement_type, error_message, client_application, client_driver,
    total_duration_ms, waiting_for_compute_duration_ms, waiting_at_capacity_duration_ms, execution_duration_ms,
    compilation_duration_ms, total_task_duration_ms, result_fetch_duration_ms, start_time, end_time, update_time,
    read_partitions, pruned_files, read_files, read_rows, produced_rows, read_bytes, read_io_cache_percent,
    from_result_cache, spilled_local_bytes, written_bytes, shuffle_read_bytes, query_source, executed_as_user_id,
    executed_as, written_rows, written_files, cache_origin_statement_id, query_parameters, query_tags,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.account_id, s.workspace_id, s.statement_id, s.executed_by, s.session_id, s.execution_status, s.compute,
    s.executed_by_user_id, s.statement_text, s.statement_type, s.error_message, s.client_application,
    s.client_driver, s.total_duration_ms, s.waiting_for_compute_duration_ms, s.waiting_at_capacity_duration_ms,
    s.execution_duration_ms, s.compilation_duration_ms, s.total_task_duration_ms, s.result_fetch_duration_ms,
    s.start_time, s.end_time, s.update_time, s.read_partitions, s.pruned_files, s.read_files, s.read_rows,
    s.produced_rows, s.read_bytes, s.read_io_cache_percent, s.from_result_cache, s.spilled_local_bytes,
    s.written_bytes, s.shuffle_read_bytes, s.query_source, s.executed_as_user_id, s.executed_as, s.written_rows,
    s.written_files, s.cache_origin_statement_id, s.query_parameters, s.query_tags,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
