-- data_quality_monitoring.table_results: Results of the freshness and completeness checks of monitored tables, one row per table and check.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.data_quality_monitoring_table_results (
  event_time timestamp comment 'When the check was made.',
  catalog_name string comment 'Name of the catalog of the table.',
  schema_name string comment 'Name of the schema of the table.',
  table_name string comment 'Name of the table.',
  catalog_id string comment 'Id of the catalog of the table.',
  schema_id string comment 'Id of the schema of the table.',
  table_id string comment 'Id of the table.',
  status string comment 'Overall result of the check, for instance Healthy, Unhealthy or Unknown.',
  freshness struct<status:string,commit_freshness:struct<status:string,error_code:string,last_value:timestamp,predicted_value:timestamp>> comment 'Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  completeness struct<status:string,total_row_count:struct<status:string,error_code:string,last_value:bigint,min_predicted_value:bigint,max_predicted_value:bigint>,daily_row_count:struct<status:string,error_code:string,last_value:bigint,min_predicted_value:bigint,max_predicted_value:bigint>> comment 'Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  downstream_impact struct<impact_level:int,num_downstream_tables:bigint,num_queries_on_affected_tables:bigint> comment 'What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  root_cause_analysis struct<upstream_jobs:array<struct<job_id:string,workspace_id:string,job_name:string,last_run_status:string,run_page_url:string>>> comment 'Upstream jobs that can be the cause, with their last run; null when the table is healthy.',
  _internal_debug_info struct<event_freshness:struct<status:string,error_code:string,last_event_value:timestamp,predicted_event_value:timestamp,last_event_latency_seconds:bigint,predicted_event_latency_seconds:bigint,event_column:string>,unhealthy_groups:array<struct<group:map<string,string>>>,status_since:timestamp,is_static:boolean,completeness:struct<historical_row_count:array<struct<timestamp:timestamp,row_count:bigint>>>,commit_freshness:struct<commit_history:array<struct<version:string,timestamp:timestamp,operation:string,operation_metrics:map<string,string>>>>,custom_sql:array<struct<name:string,column_vars:map<string,string>,sql_query:string,actual_value:double,status:string,violation_type:string,predicted_lower_bound:double,predicted_upper_bound:double,error_code:string,_internal:struct<history:array<struct<timestamp:timestamp,value:double>>,model_selection:map<string,string>>>>> comment 'Internals of the check, kept in bronze only.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
)
using delta
comment 'Results of the freshness and completeness checks of monitored tables, one row per table and check.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.data_quality_monitoring_table_results (
  event_time timestamp comment 'When the check was made.',
  catalog_name string comment 'Name of the catalog of the table.',
  schema_name string comment 'Name of the schema of the table.',
  table_name string comment 'Name of the table.',
  catalog_id string comment 'Id of the catalog of the table.',
  schema_id string comment 'Id of the schema of the table.',
  table_id string comment 'Id of the table.',
  status string comment 'Overall result of the check, for instance Healthy, Unhealthy or Unknown.',
  freshness struct<status:string,commit_freshness:struct<status:string,error_code:string,last_value:timestamp,predicted_value:timestamp>> comment 'Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  completeness struct<status:string,total_row_count:struct<status:string,error_code:string,last_value:bigint,min_predicted_value:bigint,max_predicted_value:bigint>,daily_row_count:struct<status:string,error_code:string,last_value:bigint,min_predicted_value:bigint,max_predicted_value:bigint>> comment 'Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  downstream_impact struct<impact_level:int,num_downstream_tables:bigint,num_queries_on_affected_tables:bigint> comment 'What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  root_cause_analysis struct<upstream_jobs:array<struct<job_id:string,workspace_id:string,job_name:string,last_run_status:string,run_page_url:string>>> comment 'Upstream jobs that can be the cause, with their last run; null when the table is healthy.',
  _internal_debug_info struct<event_freshness:struct<status:string,error_code:string,last_event_value:timestamp,predicted_event_value:timestamp,last_event_latency_seconds:bigint,predicted_event_latency_seconds:bigint,event_column:string>,unhealthy_groups:array<struct<group:map<string,string>>>,status_since:timestamp,is_static:boolean,completeness:struct<historical_row_count:array<struct<timestamp:timestamp,row_count:bigint>>>,commit_freshness:struct<commit_history:array<struct<version:string,timestamp:timestamp,operation:string,operation_metrics:map<string,string>>>>,custom_sql:array<struct<name:string,column_vars:map<string,string>,sql_query:string,actual_value:double,status:string,violation_type:string,predicted_lower_bound:double,predicted_upper_bound:double,error_code:string,_internal:struct<history:array<struct<timestamp:timestamp,value:double>>,model_selection:map<string,string>>>>> comment 'Internals of the check, kept in bronze only.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of data_quality_monitoring.table_results that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.data_quality_monitoring_table_results (
    event_time, catalog_name, schema_name, table_name, catalog_id, schema_id, table_id, status, freshness,
    completeness, downstream_impact, root_cause_analysis, _internal_debug_info, _reason, _row_hash,
    _quarantined_at
)
select
    d.event_time, d.catalog_name, d.schema_name, d.table_name, d.catalog_id, d.schema_id, d.table_id, d.status,
    d.freshness, d.completeness, d.downstream_impact, d.root_cause_analysis, d._internal_debug_info,
  d._reason, md5(to_json(struct(d.event_time, d.catalog_name, d.schema_name, d.table_name, d.catalog_id, d.schema_id, d.table_id, d.status,
    d.freshness, d.completeness, d.downstream_impact, d.root_cause_analysis, d._internal_debug_info))), current_timestamp()
from (
  select *, case when catalog_id is null and table_id is null and event_time is null then 'key (catalog_id, table_id, event_time) is null' end as _reason
  from system.data_quality_monitoring.table_results
) as d
left anti join system_quarantine.data_quality_monitoring_table_results as b
  on d.catalog_id <=> b.catalog_id and d.table_id <=> b.table_id and d.event_time <=> b.event_time
  and struct(d.catalog_name, d.schema_name, d.table_name, d.schema_id, d.status, d.freshness, d.completeness,
    d.downstream_impact, d.root_cause_analysis, to_json(d._internal_debug_info))
  <=> struct(b.catalog_name, b.schema_name, b.table_name, b.schema_id, b.status, b.freshness, b.completeness,
    b.downstream_impact, b.root_cause_analysis, to_json(b._internal_debug_info))
where d._reason is not null;

-- statement: load
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into system_bronze.data_quality_monitoring_table_results as t
using (
  with
  -- Rows that can be identified.
  delivered as (
    select
        event_time, catalog_name, schema_name, table_name, catalog_id, schema_id, table_id, status, freshness,
        completeness, downstream_impact, root_cause_analysis, _internal_debug_info,
      true as _is_delivered
    from system.data_quality_monitoring.table_results
    where not (catalog_id is null and table_id is null and event_time is null)
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        coalesce(d.event_time, h.event_time) as event_time, d.catalog_name, d.schema_name, d.table_name,
        coalesce(d.catalog_id, h.catalog_id) as catalog_id, d.schema_id, coalesce(d.table_id, h.table_id) as table_id,
        d.status, d.freshness, d.completeness, d.downstream_impact, d.root_cause_analysis, d._internal_debug_info,
        h._held_catalog_name, h._held_schema_name, h._held_table_name, h._held_schema_id, h._held_status,
        h._held_freshness, h._held_completeness, h._held_downstream_impact, h._held_root_cause_analysis,
        h._held__internal_debug_info,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when not (
          d.catalog_name <=> h._held_catalog_name and d.schema_name <=> h._held_schema_name
            and d.table_name <=> h._held_table_name and d.schema_id <=> h._held_schema_id and d.status <=> h._held_status
            and d.freshness <=> h._held_freshness and d.completeness <=> h._held_completeness
            and d.downstream_impact <=> h._held_downstream_impact and d.root_cause_analysis <=> h._held_root_cause_analysis
            and to_json(d._internal_debug_info) <=> to_json(h._held__internal_debug_info)
        ) then 'tied'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          event_time, catalog_name as _held_catalog_name, schema_name as _held_schema_name,
          table_name as _held_table_name, catalog_id, schema_id as _held_schema_id, table_id, status as _held_status,
          freshness as _held_freshness, completeness as _held_completeness, downstream_impact as _held_downstream_impact,
          root_cause_analysis as _held_root_cause_analysis, _internal_debug_info as _held__internal_debug_info,
        _is_present <=> true as _is_shown,
        true as _is_held
      from system_bronze.data_quality_monitoring_table_results
    ) as h
      on d.catalog_id <=> h.catalog_id and d.table_id <=> h.table_id and d.event_time <=> h.event_time
  ),

  -- Rows that come to something; with those that are as late as the one that bronze holds, that one competes.
  competing as (
    select
        event_time, case when _side = 'held' then _held_catalog_name else catalog_name end as catalog_name,
        case when _side = 'held' then _held_schema_name else schema_name end as schema_name,
        case when _side = 'held' then _held_table_name else table_name end as table_name, catalog_id,
        case when _side = 'held' then _held_schema_id else schema_id end as schema_id, table_id,
        case when _side = 'held' then _held_status else status end as status,
        case when _side = 'held' then _held_freshness else freshness end as freshness,
        case when _side = 'held' then _held_completeness else completeness end as completeness,
        case when _side = 'held' then _held_downstream_impact else downstream_impact end as downstream_impact,
        case when _side = 'held' then _held_root_cause_analysis else root_cause_analysis end as root_cause_analysis,
        case when _side = 'held' then _held__internal_debug_info else _internal_debug_info end as _internal_debug_info,
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
      freshness.status as freshness_status,
      freshness.commit_freshness.status as freshness_commit_freshness_status,
      freshness.commit_freshness.error_code as freshness_commit_freshness_error_code,
      freshness.commit_freshness.last_value as freshness_commit_freshness_last_value,
      freshness.commit_freshness.predicted_value as freshness_commit_freshness_predicted_value,
      completeness.status as completeness_status,
      completeness.total_row_count.status as completeness_total_row_count_status,
      completeness.total_row_count.error_code as completeness_total_row_count_error_code,
      completeness.total_row_count.last_value as completeness_total_row_count_last_value,
      completeness.total_row_count.min_predicted_value as completeness_total_row_count_min_predicted_value,
      completeness.total_row_count.max_predicted_value as completeness_total_row_count_max_predicted_value,
      completeness.daily_row_count.status as completeness_daily_row_count_status,
      completeness.daily_row_count.error_code as completeness_daily_row_count_error_code,
      completeness.daily_row_count.last_value as completeness_daily_row_count_last_value,
      completeness.daily_row_count.min_predicted_value as completeness_daily_row_count_min_predicted_value,
      completeness.daily_row_count.max_predicted_value as completeness_daily_row_count_max_predicted_value,
      downstream_impact.impact_level as downstream_impact_impact_level,
      downstream_impact.num_downstream_tables as downstream_impact_num_downstream_tables,
      downstream_impact.num_queries_on_affected_tables as downstream_impact_num_queries_on_affected_tables,
      to_json(root_cause_analysis.upstream_jobs) as root_cause_analysis_upstream_jobs_json,
      _internal_debug_info.event_freshness.status as _internal_debug_info_event_freshness_status,
      _internal_debug_info.event_freshness.error_code as _internal_debug_info_event_freshness_error_code,
      _internal_debug_info.event_freshness.last_event_value as _internal_debug_info_event_freshness_last_event_value,
      _internal_debug_info.event_freshness.predicted_event_value as _internal_debug_info_event_freshness_predicted_event_value,
      _internal_debug_info.event_freshness.last_event_latency_seconds as _internal_debug_info_event_freshness_last_event_latency_seconds,
      _internal_debug_info.event_freshness.predicted_event_latency_seconds as _internal_debug_info_event_freshness_predicted_event_latency_seconds,
      _internal_debug_info.event_freshness.event_column as _internal_debug_info_event_freshness_event_column,
      concat('[', array_join(transform(_internal_debug_info.unhealthy_groups, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"group":', concat('{', array_join(transform(filter(array_sort(map_keys(e1.`group`)), k2 -> element_at(e1.`group`, k2) is not null), k2 -> concat(nullif(trim(both '[]' from to_json(array(k2))), 'null'), ':', nullif(trim(both '[]' from to_json(array(element_at(e1.`group`, k2)))), 'null'))), ','), '}'))), '}') end, 'null')), ','), ']') as _internal_debug_info_unhealthy_groups_json,
      _internal_debug_info.status_since as _internal_debug_info_status_since,
      _internal_debug_info.is_static as _internal_debug_info_is_static,
      concat('[', array_join(transform(_internal_debug_info.completeness.historical_row_count, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"timestamp":', concat('"', case when unix_micros(e1.`timestamp`) % 1000000 = 0 then date_format(e1.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss') when unix_micros(e1.`timestamp`) % 1000 = 0 then date_format(e1.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss.SSS') else date_format(e1.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss.SSSSSS') end, 'Z"')), concat('"row_count":', cast(e1.row_count as string))), '}') end, 'null')), ','), ']') as _internal_debug_info_completeness_historical_row_count_json,
      concat('[', array_join(transform(_internal_debug_info.commit_freshness.commit_history, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"version":', nullif(trim(both '[]' from to_json(array(e1.`version`))), 'null')), concat('"timestamp":', concat('"', case when unix_micros(e1.`timestamp`) % 1000000 = 0 then date_format(e1.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss') when unix_micros(e1.`timestamp`) % 1000 = 0 then date_format(e1.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss.SSS') else date_format(e1.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss.SSSSSS') end, 'Z"')), concat('"operation":', nullif(trim(both '[]' from to_json(array(e1.operation))), 'null')), concat('"operation_metrics":', concat('{', array_join(transform(filter(array_sort(map_keys(e1.operation_metrics)), k2 -> element_at(e1.operation_metrics, k2) is not null), k2 -> concat(nullif(trim(both '[]' from to_json(array(k2))), 'null'), ':', nullif(trim(both '[]' from to_json(array(element_at(e1.operation_metrics, k2)))), 'null'))), ','), '}'))), '}') end, 'null')), ','), ']') as _internal_debug_info_commit_freshness_commit_history_json,
      concat('[', array_join(transform(_internal_debug_info.custom_sql, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"name":', nullif(trim(both '[]' from to_json(array(e1.name))), 'null')), concat('"column_vars":', concat('{', array_join(transform(filter(array_sort(map_keys(e1.column_vars)), k2 -> element_at(e1.column_vars, k2) is not null), k2 -> concat(nullif(trim(both '[]' from to_json(array(k2))), 'null'), ':', nullif(trim(both '[]' from to_json(array(element_at(e1.column_vars, k2)))), 'null'))), ','), '}')), concat('"sql_query":', nullif(trim(both '[]' from to_json(array(e1.sql_query))), 'null')), concat('"actual_value":', case when isnan(e1.actual_value) then '"NaN"' when e1.actual_value = double('infinity') then '"Infinity"' when e1.actual_value = double('-infinity') then '"-Infinity"' when abs(e1.actual_value) >= 1e-5 and abs(e1.actual_value) < 1e10 then regexp_replace(cast(cast(cast(e1.actual_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.actual_value as string), 'E', 'e') end), concat('"status":', nullif(trim(both '[]' from to_json(array(e1.status))), 'null')), concat('"violation_type":', nullif(trim(both '[]' from to_json(array(e1.violation_type))), 'null')), concat('"predicted_lower_bound":', case when isnan(e1.predicted_lower_bound) then '"NaN"' when e1.predicted_lower_bound = double('infinity') then '"Infinity"' when e1.predicted_lower_bound = double('-infinity') then '"-Infinity"' when abs(e1.predicted_lower_bound) >= 1e-5 and abs(e1.predicted_lower_bound) < 1e10 then regexp_replace(cast(cast(cast(e1.predicted_lower_bound as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.predicted_lower_bound as string), 'E', 'e') end), concat('"predicted_upper_bound":', case when isnan(e1.predicted_upper_bound) then '"NaN"' when e1.predicted_upper_bound = double('infinity') then '"Infinity"' when e1.predicted_upper_bound = double('-infinity') then '"-Infinity"' when abs(e1.predicted_upper_bound) >= 1e-5 and abs(e1.predicted_upper_bound) < 1e10 then regexp_replace(cast(cast(cast(e1.predicted_upper_bound as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.predicted_upper_bound as string), 'E', 'e') end), concat('"error_code":', nullif(trim(both '[]' from to_json(array(e1.error_code))), 'null')), concat('"_internal":', case when e1._internal is not null then concat('{', concat_ws(',', concat('"history":', concat('[', array_join(transform(e1._internal.history, e2 -> coalesce(case when e2 is not null then concat('{', concat_ws(',', concat('"timestamp":', concat('"', case when unix_micros(e2.`timestamp`) % 1000000 = 0 then date_format(e2.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss') when unix_micros(e2.`timestamp`) % 1000 = 0 then date_format(e2.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss.SSS') else date_format(e2.`timestamp`, 'yyyy-MM-dd\'T\'HH:mm:ss.SSSSSS') end, 'Z"')), concat('"value":', case when isnan(e2.value) then '"NaN"' when e2.value = double('infinity') then '"Infinity"' when e2.value = double('-infinity') then '"-Infinity"' when abs(e2.value) >= 1e-5 and abs(e2.value) < 1e10 then regexp_replace(cast(cast(cast(e2.value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e2.value as string), 'E', 'e') end)), '}') end, 'null')), ','), ']')), concat('"model_selection":', concat('{', array_join(transform(filter(array_sort(map_keys(e1._internal.model_selection)), k2 -> element_at(e1._internal.model_selection, k2) is not null), k2 -> concat(nullif(trim(both '[]' from to_json(array(k2))), 'null'), ':', nullif(trim(both '[]' from to_json(array(element_at(e1._internal.model_selection, k2)))), 'null'))), ','), '}'))), '}') end)), '}') end, 'null')), ','), ']') as _internal_debug_info_custom_sql_json
    from competing
  )
  -- One version of each key: the latest, and where that is equal, the content decides.
  select
      event_time, catalog_name, schema_name, table_name, catalog_id, schema_id, table_id, status, freshness,
      completeness, downstream_impact, root_cause_analysis, _internal_debug_info,
    case when _is_held then 'back' else _change end as _change
  from (
    select *, row_number() over (
      partition by catalog_id, table_id, event_time
      order by event_time desc nulls last, _internal_debug_info_commit_freshness_commit_history_json desc nulls last,
        _internal_debug_info_completeness_historical_row_count_json desc nulls last,
        _internal_debug_info_custom_sql_json desc nulls last,
        _internal_debug_info_event_freshness_error_code desc nulls last,
        _internal_debug_info_event_freshness_event_column desc nulls last,
        _internal_debug_info_event_freshness_last_event_latency_seconds desc nulls last,
        _internal_debug_info_event_freshness_last_event_value desc nulls last,
        _internal_debug_info_event_freshness_predicted_event_latency_seconds desc nulls last,
        _internal_debug_info_event_freshness_predicted_event_value desc nulls last,
        _internal_debug_info_event_freshness_status desc nulls last, _internal_debug_info_is_static desc nulls last,
        _internal_debug_info_status_since desc nulls last, _internal_debug_info_unhealthy_groups_json desc nulls last,
        catalog_name desc nulls last, completeness_daily_row_count_error_code desc nulls last,
        completeness_daily_row_count_last_value desc nulls last,
        completeness_daily_row_count_max_predicted_value desc nulls last,
        completeness_daily_row_count_min_predicted_value desc nulls last,
        completeness_daily_row_count_status desc nulls last, completeness_status desc nulls last,
        completeness_total_row_count_error_code desc nulls last,
        completeness_total_row_count_last_value desc nulls last,
        completeness_total_row_count_max_predicted_value desc nulls last,
        completeness_total_row_count_min_predicted_value desc nulls last,
        completeness_total_row_count_status desc nulls last, downstream_impact_impact_level desc nulls last,
        downstream_impact_num_downstream_tables desc nulls last,
        downstream_impact_num_queries_on_affected_tables desc nulls last,
        freshness_commit_freshness_error_code desc nulls last, freshness_commit_freshness_last_value desc nulls last,
        freshness_commit_freshness_predicted_value desc nulls last, freshness_commit_freshness_status desc nulls last,
        freshness_status desc nulls last, root_cause_analysis_upstream_jobs_json desc nulls last,
        schema_id desc nulls last, schema_name desc nulls last, status desc nulls last, table_name desc nulls last,
        _is_held desc nulls last
    ) as _rank
    from flattened
  )
  where _rank = 1 and not (_is_held and _is_shown)
) as s
on t.catalog_id <=> s.catalog_id and t.table_id <=> s.table_id and t.event_time <=> s.event_time
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    event_time = s.event_time, catalog_name = s.catalog_name, schema_name = s.schema_name,
    table_name = s.table_name, catalog_id = s.catalog_id, schema_id = s.schema_id, table_id = s.table_id,
    status = s.status, freshness = s.freshness, completeness = s.completeness,
    downstream_impact = s.downstream_impact, root_cause_analysis = s.root_cause_analysis,
    _internal_debug_info = s._internal_debug_info,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    event_time, catalog_name, schema_name, table_name, catalog_id, schema_id, table_id, status, freshness,
    completeness, downstream_impact, root_cause_analysis, _internal_debug_info,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.event_time, s.catalog_name, s.schema_name, s.table_name, s.catalog_id, s.schema_id, s.table_id, s.status,
    s.freshness, s.completeness, s.downstream_impact, s.root_cause_analysis, s._internal_debug_info,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
