-- fact_data_quality_monitoring_table_results: Results of the freshness and completeness checks of monitored tables, without the internals of the checks.
-- One row: one check of one table.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_data_quality_monitoring_table_results (
  event_time timestamp comment 'When the check was made.',
  catalog_name string comment 'Name of the catalog of the table.',
  schema_name string comment 'Name of the schema of the table.',
  table_name string comment 'Name of the table.',
  catalog_id string comment 'Id of the catalog of the table.',
  schema_id string comment 'Id of the schema of the table.',
  table_id string comment 'Id of the table.',
  status string comment 'Overall result of the check, for instance Healthy, Unhealthy or Unknown.',
  freshness_status string comment 'Field `status` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  freshness_commit_freshness_status string comment 'Field `commit_freshness.status` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  freshness_commit_freshness_error_code string comment 'Field `commit_freshness.error_code` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  freshness_commit_freshness_last_value timestamp comment 'Field `commit_freshness.last_value` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  freshness_commit_freshness_predicted_value timestamp comment 'Field `commit_freshness.predicted_value` of `freshness`: Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  completeness_status string comment 'Field `status` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_total_row_count_status string comment 'Field `total_row_count.status` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_total_row_count_error_code string comment 'Field `total_row_count.error_code` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_total_row_count_last_value bigint comment 'Field `total_row_count.last_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_total_row_count_min_predicted_value bigint comment 'Field `total_row_count.min_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_total_row_count_max_predicted_value bigint comment 'Field `total_row_count.max_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_daily_row_count_status string comment 'Field `daily_row_count.status` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_daily_row_count_error_code string comment 'Field `daily_row_count.error_code` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_daily_row_count_last_value bigint comment 'Field `daily_row_count.last_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_daily_row_count_min_predicted_value bigint comment 'Field `daily_row_count.min_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  completeness_daily_row_count_max_predicted_value bigint comment 'Field `daily_row_count.max_predicted_value` of `completeness`: Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  downstream_impact_impact_level int comment 'Field `impact_level` of `downstream_impact`: What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  downstream_impact_num_downstream_tables bigint comment 'Field `num_downstream_tables` of `downstream_impact`: What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  downstream_impact_num_queries_on_affected_tables bigint comment 'Field `num_queries_on_affected_tables` of `downstream_impact`: What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  root_cause_analysis_upstream_jobs_json string comment 'Field `upstream_jobs` of `root_cause_analysis`: Upstream jobs that can be the cause, with their last run; null when the table is healthy.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Results of the freshness and completeness checks of monitored tables, without the internals of the checks.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_data_quality_monitoring_table_results' as table_name, 'b8728e124ac3dda7' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.data_quality_monitoring_table_results
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
insert overwrite table system_gold.fact_data_quality_monitoring_table_results
with
-- Columns of data_quality_monitoring.table_results: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    event_time,
    catalog_name,
    schema_name,
    table_name,
    catalog_id,
    schema_id,
    table_id,
    status,
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
    to_json(root_cause_analysis.upstream_jobs) as root_cause_analysis_upstream_jobs_json
  from system_bronze.data_quality_monitoring_table_results
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (catalog_id is not null or table_id is not null or event_time is not null)
),

-- The latest version of each key by event_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by catalog_id, table_id, event_time
    order by event_time desc nulls last, catalog_name desc nulls last,
      completeness_daily_row_count_error_code desc nulls last,
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
      schema_id desc nulls last, schema_name desc nulls last, status desc nulls last, table_name desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key
  from latest as f
)
select
  event_time,
  catalog_name,
  schema_name,
  table_name,
  catalog_id,
  schema_id,
  table_id,
  status,
  freshness_status,
  freshness_commit_freshness_status,
  freshness_commit_freshness_error_code,
  freshness_commit_freshness_last_value,
  freshness_commit_freshness_predicted_value,
  completeness_status,
  completeness_total_row_count_status,
  completeness_total_row_count_error_code,
  completeness_total_row_count_last_value,
  completeness_total_row_count_min_predicted_value,
  completeness_total_row_count_max_predicted_value,
  completeness_daily_row_count_status,
  completeness_daily_row_count_error_code,
  completeness_daily_row_count_last_value,
  completeness_daily_row_count_min_predicted_value,
  completeness_daily_row_count_max_predicted_value,
  downstream_impact_impact_level,
  downstream_impact_num_downstream_tables,
  downstream_impact_num_queries_on_affected_tables,
  root_cause_analysis_upstream_jobs_json,
  date_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_data_quality_monitoring_table_results as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select catalog_id, table_id, event_time
    from system_bronze.data_quality_monitoring_table_results
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_data_quality_monitoring_table_results')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct catalog_id, table_id, event_time
    from (
      select * from arrived
    )
    where (catalog_id is not null or table_id is not null or event_time is not null)
  ),

  -- Columns of data_quality_monitoring.table_results: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      event_time,
      catalog_name,
      schema_name,
      table_name,
      catalog_id,
      schema_id,
      table_id,
      status,
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
      to_json(root_cause_analysis.upstream_jobs) as root_cause_analysis_upstream_jobs_json
    from system_bronze.data_quality_monitoring_table_results
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.catalog_id <=> a.catalog_id and c.table_id <=> a.table_id and c.event_time <=> a.event_time
    where (c.catalog_id is not null or c.table_id is not null or c.event_time is not null)
  ),

  -- The latest version of each key by event_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by catalog_id, table_id, event_time
      order by event_time desc nulls last, catalog_name desc nulls last,
        completeness_daily_row_count_error_code desc nulls last,
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
        schema_id desc nulls last, schema_name desc nulls last, status desc nulls last, table_name desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key
    from latest as f
  ),

  -- The rows as they have to be.
  computed as (
    select
      event_time,
      catalog_name,
      schema_name,
      table_name,
      catalog_id,
      schema_id,
      table_id,
      status,
      freshness_status,
      freshness_commit_freshness_status,
      freshness_commit_freshness_error_code,
      freshness_commit_freshness_last_value,
      freshness_commit_freshness_predicted_value,
      completeness_status,
      completeness_total_row_count_status,
      completeness_total_row_count_error_code,
      completeness_total_row_count_last_value,
      completeness_total_row_count_min_predicted_value,
      completeness_total_row_count_max_predicted_value,
      completeness_daily_row_count_status,
      completeness_daily_row_count_error_code,
      completeness_daily_row_count_last_value,
      completeness_daily_row_count_min_predicted_value,
      completeness_daily_row_count_max_predicted_value,
      downstream_impact_impact_level,
      downstream_impact_num_downstream_tables,
      downstream_impact_num_queries_on_affected_tables,
      root_cause_analysis_upstream_jobs_json,
      date_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.event_time, c.catalog_name, c.schema_name, c.table_name, c.catalog_id, c.schema_id, c.table_id, c.status,
      c.freshness_status, c.freshness_commit_freshness_status, c.freshness_commit_freshness_error_code,
      c.freshness_commit_freshness_last_value, c.freshness_commit_freshness_predicted_value, c.completeness_status,
      c.completeness_total_row_count_status, c.completeness_total_row_count_error_code,
      c.completeness_total_row_count_last_value, c.completeness_total_row_count_min_predicted_value,
      c.completeness_total_row_count_max_predicted_value, c.completeness_daily_row_count_status,
      c.completeness_daily_row_count_error_code, c.completeness_daily_row_count_last_value,
      c.completeness_daily_row_count_min_predicted_value, c.completeness_daily_row_count_max_predicted_value,
      c.downstream_impact_impact_level, c.downstream_impact_num_downstream_tables,
      c.downstream_impact_num_queries_on_affected_tables, c.root_cause_analysis_upstream_jobs_json, c.date_key,
      c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_data_quality_monitoring_table_results
  ) as h on h.catalog_id <=> c.catalog_id and h.table_id <=> c.table_id and h.event_time <=> c.event_time
  where case when h._is_held then not (
    h.event_time <=> c.event_time and h.catalog_name <=> c.catalog_name and h.schema_name <=> c.schema_name
      and h.table_name <=> c.table_name and h.catalog_id <=> c.catalog_id and h.schema_id <=> c.schema_id
      and h.table_id <=> c.table_id and h.status <=> c.status and h.freshness_status <=> c.freshness_status
      and h.freshness_commit_freshness_status <=> c.freshness_commit_freshness_status
      and h.freshness_commit_freshness_error_code <=> c.freshness_commit_freshness_error_code
      and h.freshness_commit_freshness_last_value <=> c.freshness_commit_freshness_last_value
      and h.freshness_commit_freshness_predicted_value <=> c.freshness_commit_freshness_predicted_value
      and h.completeness_status <=> c.completeness_status
      and h.completeness_total_row_count_status <=> c.completeness_total_row_count_status
      and h.completeness_total_row_count_error_code <=> c.completeness_total_row_count_error_code
      and h.completeness_total_row_count_last_value <=> c.completeness_total_row_count_last_value
      and h.completeness_total_row_count_min_predicted_value <=> c.completeness_total_row_count_min_predicted_value
      and h.completeness_total_row_count_max_predicted_value <=> c.completeness_total_row_count_max_predicted_value
      and h.completeness_daily_row_count_status <=> c.completeness_daily_row_count_status
      and h.completeness_daily_row_count_error_code <=> c.completeness_daily_row_count_error_code
      and h.completeness_daily_row_count_last_value <=> c.completeness_daily_row_count_last_value
      and h.completeness_daily_row_count_min_predicted_value <=> c.completeness_daily_row_count_min_predicted_value
      and h.completeness_daily_row_count_max_predicted_value <=> c.completeness_daily_row_count_max_predicted_value
      and h.downstream_impact_impact_level <=> c.downstream_impact_impact_level
      and h.downstream_impact_num_downstream_tables <=> c.downstream_impact_num_downstream_tables
      and h.downstream_impact_num_queries_on_affected_tables <=> c.downstream_impact_num_queries_on_affected_tables
      and h.root_cause_analysis_upstream_jobs_json <=> c.root_cause_analysis_upstream_jobs_json
      and h.date_key <=> c.date_key
  ) else true end
) as s
on t.catalog_id <=> s.catalog_id and t.table_id <=> s.table_id and t.event_time <=> s.event_time
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_data_quality_monitoring_table_results' and not (`position` <=> next_position);
