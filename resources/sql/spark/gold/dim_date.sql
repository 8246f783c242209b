-- dim_date: Calendar that covers every date that a fact holds, with the configured fiscal year. Its date_key is the date as yyyymmdd.
-- One row: one date.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_date (
  date_key bigint not null comment 'Surrogate key: the date as yyyymmdd; -1 is the unknown member.',
  `date` date comment 'The date.',
  `year` int comment 'Calendar year.',
  `quarter` int comment 'Quarter of the calendar year, 1 to 4.',
  `month` int comment 'Month of the year, 1 to 12.',
  month_name string comment 'English name of the month, in full.',
  week_of_year int comment 'ISO week, 1 to 53; the first days of January can be in the last week of the year before.',
  day_of_month int comment 'Day of the month, 1 to 31.',
  day_of_week int comment 'Day of the week, from 1 for Monday to 7 for Sunday.',
  day_name string comment 'English name of the day of the week, in full.',
  is_weekend boolean comment 'Whether the date is a Saturday or a Sunday.',
  is_month_end boolean comment 'Whether the date is the last one of its month.',
  fiscal_year int comment 'Fiscal year, named by the calendar year in which it ends.',
  fiscal_quarter int comment 'Quarter of the fiscal year, 1 to 4.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Calendar that covers every date that a fact holds, with the configured fiscal year. Its date_key is the date as yyyymmdd.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_date' as table_name, '545c134572b7a1c7' as fingerprint, max(instant) as next_position
    from (
      select cast(null as timestamp) as instant
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
insert overwrite table system_gold.dim_date
with
-- Every date that a fact holds.
dates as (
  select cast(event_time as date) as day from system_gold.fact_assistant_events
  union
  select cast(event_time as date) as day from system_gold.fact_audit_logs
  union
  select cast(event_time as date) as day from system_gold.fact_clean_room_events
  union
  select cast(event_time as date) as day from system_gold.fact_column_lineage
  union
  select cast(latest_detected_time as date) as day from system_gold.fact_data_classification_results
  union
  select cast(event_time as date) as day from system_gold.fact_data_quality_monitoring_table_results
  union
  select cast(request_time as date) as day from system_gold.fact_endpoint_usage
  union
  select cast(event_time as date) as day from system_gold.fact_inbound_network
  union
  select cast(run_date as date) as day from system_gold.fact_job_run_timeline
  union
  select cast(run_date as date) as day from system_gold.fact_job_task_run_timeline
  union
  select cast(event_time as date) as day from system_gold.fact_listing_access
  union
  select cast(event_time as date) as day from system_gold.fact_listing_funnel
  union
  select cast(metric_time as date) as day from system_gold.fact_mlflow_run_metrics_history
  union
  select cast(start_time as date) as day from system_gold.fact_mlflow_runs
  union
  select cast(start_time as date) as day from system_gold.fact_node_timeline
  union
  select cast(event_time as date) as day from system_gold.fact_outbound_network
  union
  select cast(request_time as date) as day from system_gold.fact_payload_logs
  union
  select cast(run_date as date) as day from system_gold.fact_pipeline_update_timeline
  union
  select cast(start_time as date) as day from system_gold.fact_predictive_optimization
  union
  select cast(start_time as date) as day from system_gold.fact_query_history
  union
  select cast(created_at as date) as day from system_gold.fact_sharing_materialization
  union
  select cast(event_time as date) as day from system_gold.fact_table_lineage
  union
  select cast(usage_date as date) as day from system_gold.fact_usage
  union
  select cast(event_time as date) as day from system_gold.fact_warehouse_events
),

-- The first and the last of them; those of other centuries are taken for errors and stand alone.
span as (
  select min(day) as first_day, max(day) as last_day
  from dates
  where day >= date'1900-01-01' and day < date'2200-01-01'
),

-- Every day in between.
days as (
  select explode(sequence(first_day, last_day, interval 1 day)) as day
  from span
  where first_day is not null
  union all
  select day
  from dates
  where not (day >= date'1900-01-01' and day < date'2200-01-01') and year(day) between 1 and 9999
),

-- What is known of a day.
calendar as (
  select
    cast(year(day) * 10000 + month(day) * 100 + day(day) as bigint) as date_key,
    day as `date`,
    year(day) as `year`,
    quarter(day) as `quarter`,
    month(day) as `month`,
    element_at(array('January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'), month(day)) as month_name,
    weekofyear(day) as week_of_year,
    day(day) as day_of_month,
    ((dayofweek(day) + 5) % 7 + 1) as day_of_week,
    element_at(array('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'), ((dayofweek(day) + 5) % 7 + 1)) as day_name,
    ((dayofweek(day) + 5) % 7 + 1) > 5 as is_weekend,
    day = last_day(day) as is_month_end,
    year(day) as fiscal_year,
    pmod(month(day) - 1, 12) div 3 + 1 as fiscal_quarter
  from days
)
select
  date_key,
  `date`,
  `year`,
  `quarter`,
  `month`,
  month_name,
  week_of_year,
  day_of_month,
  day_of_week,
  day_name,
  is_weekend,
  is_month_end,
  fiscal_year,
  fiscal_quarter,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from calendar
union all
-- The unknown member.
select
  -1,
  cast(null as date),
  cast(null as int),
  cast(null as int),
  cast(null as int),
  cast(null as string),
  cast(null as int),
  cast(null as int),
  cast(null as int),
  cast(null as string),
  cast(null as boolean),
  cast(null as boolean),
  cast(null as int),
  cast(null as int),
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the table and writes what differs.
merge into system_gold.dim_date as t
using (
  with
  -- Every date that a fact holds.
  dates as (
    select cast(event_time as date) as day from system_gold.fact_assistant_events
    union
    select cast(event_time as date) as day from system_gold.fact_audit_logs
    union
    select cast(event_time as date) as day from system_gold.fact_clean_room_events
    union
    select cast(event_time as date) as day from system_gold.fact_column_lineage
    union
    select cast(latest_detected_time as date) as day from system_gold.fact_data_classification_results
    union
    select cast(event_time as date) as day from system_gold.fact_data_quality_monitoring_table_results
    union
    select cast(request_time as date) as day from system_gold.fact_endpoint_usage
    union
    select cast(event_time as date) as day from system_gold.fact_inbound_network
    union
    select cast(run_date as date) as day from system_gold.fact_job_run_timeline
    union
    select cast(run_date as date) as day from system_gold.fact_job_task_run_timeline
    union
    select cast(event_time as date) as day from system_gold.fact_listing_access
    union
    select cast(event_time as date) as day from system_gold.fact_listing_funnel
    union
    select cast(metric_time as date) as day from system_gold.fact_mlflow_run_metrics_history
    union
    select cast(start_time as date) as day from system_gold.fact_mlflow_runs
    union
    select cast(start_time as date) as day from system_gold.fact_node_timeline
    union
    select cast(event_time as date) as day from system_gold.fact_outbound_network
    union
    select cast(request_time as date) as day from system_gold.fact_payload_logs
    union
    select cast(run_date as date) as day from system_gold.fact_pipeline_update_timeline
    union
    select cast(start_time as date) as day from system_gold.fact_predictive_optimization
    union
    select cast(start_time as date) as day from system_gold.fact_query_history
    union
    select cast(created_at as date) as day from system_gold.fact_sharing_materialization
    union
    select cast(event_time as date) as day from system_gold.fact_table_lineage
    union
    select cast(usage_date as date) as day from system_gold.fact_usage
    union
    select cast(event_time as date) as day from system_gold.fact_warehouse_events
  ),

  -- The first and the last of them; those of other centuries are taken for errors and stand alone.
  span as (
    select min(day) as first_day, max(day) as last_day
    from dates
    where day >= date'1900-01-01' and day < date'2200-01-01'
  ),

  -- Every day in between.
  days as (
    select explode(sequence(first_day, last_day, interval 1 day)) as day
    from span
    where first_day is not null
    union all
    select day
    from dates
    where not (day >= date'1900-01-01' and day < date'2200-01-01') and year(day) between 1 and 9999
  ),

  -- What is known of a day.
  calendar as (
    select
      cast(year(day) * 10000 + month(day) * 100 + day(day) as bigint) as date_key,
      day as `date`,
      year(day) as `year`,
      quarter(day) as `quarter`,
      month(day) as `month`,
      element_at(array('January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'), month(day)) as month_name,
      weekofyear(day) as week_of_year,
      day(day) as day_of_month,
      ((dayofweek(day) + 5) % 7 + 1) as day_of_week,
      element_at(array('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'), ((dayofweek(day) + 5) % 7 + 1)) as day_name,
      ((dayofweek(day) + 5) % 7 + 1) > 5 as is_weekend,
      day = last_day(day) as is_month_end,
      year(day) as fiscal_year,
      pmod(month(day) - 1, 12) div 3 + 1 as fiscal_quarter
    from days
  ),

  -- The rows as they have to be.
  computed as (
    select
      date_key,
      `date`,
      `year`,
      `quarter`,
      `month`,
      month_name,
      week_of_year,
      day_of_month,
      day_of_week,
      day_name,
      is_weekend,
      is_month_end,
      fiscal_year,
      fiscal_quarter,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from calendar
    union all
    -- The unknown member.
    select
      -1,
      cast(null as date),
      cast(null as int),
      cast(null as int),
      cast(null as int),
      cast(null as string),
      cast(null as int),
      cast(null as int),
      cast(null as int),
      cast(null as string),
      cast(null as boolean),
      cast(null as boolean),
      cast(null as int),
      cast(null as int),
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.date_key, c.`date`, c.`year`, c.`quarter`, c.`month`, c.month_name, c.week_of_year, c.day_of_month,
      c.day_of_week, c.day_name, c.is_weekend, c.is_month_end, c.fiscal_year, c.fiscal_quarter, c._run_id,
      c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_date
  ) as h on h.date_key = c.date_key
  where case when h._is_held then not (
    h.date_key <=> c.date_key and h.`date` <=> c.`date` and h.`year` <=> c.`year` and h.`quarter` <=> c.`quarter`
      and h.`month` <=> c.`month` and h.month_name <=> c.month_name and h.week_of_year <=> c.week_of_year
      and h.day_of_month <=> c.day_of_month and h.day_of_week <=> c.day_of_week and h.day_name <=> c.day_name
      and h.is_weekend <=> c.is_weekend and h.is_month_end <=> c.is_month_end and h.fiscal_year <=> c.fiscal_year
      and h.fiscal_quarter <=> c.fiscal_quarter
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.date_key, h.`date`, h.`year`, h.`quarter`, h.`month`, h.month_name, h.week_of_year, h.day_of_month,
      h.day_of_week, h.day_name, h.is_weekend, h.is_month_end, h.fiscal_year, h.fiscal_quarter, h._run_id,
      h._loaded_at, true as _is_stale
  from system_gold.dim_date as h
  left anti join computed as c on h.date_key = c.date_key
) as s
on t.date_key = s.date_key
when matched and s._is_stale then delete
when matched then update set date_key = s.date_key, `date` = s.`date`, `year` = s.`year`, `quarter` = s.`quarter`, `month` = s.`month`,
    month_name = s.month_name, week_of_year = s.week_of_year, day_of_month = s.day_of_month,
    day_of_week = s.day_of_week, day_name = s.day_name, is_weekend = s.is_weekend, is_month_end = s.is_month_end,
    fiscal_year = s.fiscal_year, fiscal_quarter = s.fiscal_quarter, _run_id = s._run_id, _loaded_at = s._loaded_at
when not matched then insert (date_key, `date`, `year`, `quarter`, `month`, month_name, week_of_year, day_of_month, day_of_week, day_name,
    is_weekend, is_month_end, fiscal_year, fiscal_quarter, _run_id, _loaded_at)
  values (s.date_key, s.`date`, s.`year`, s.`quarter`, s.`month`, s.month_name, s.week_of_year, s.day_of_month,
    s.day_of_week, s.day_name, s.is_weekend, s.is_month_end, s.fiscal_year, s.fiscal_quarter, s._run_id,
    s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_date' and not (`position` <=> next_position);
