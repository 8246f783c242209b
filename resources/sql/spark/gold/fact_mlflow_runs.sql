-- fact_mlflow_runs: MLflow runs in their latest state, with parameters, tags and aggregated metrics.
-- One row: one run.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_mlflow_runs (
  account_id string comment 'Account that the row belongs to.',
  update_time timestamp comment 'When the run last changed; orders the versions of a row.',
  delete_time timestamp comment 'When the run was deleted; null while it exists.',
  workspace_id string comment 'Workspace of the run.',
  run_id string comment 'Id of the run, unique within its workspace.',
  experiment_id string comment 'Experiment of the run.',
  created_by string comment 'Principal that created the run.',
  start_time timestamp comment 'When the run was started, as told by the client.',
  end_time timestamp comment 'When the run ended, as told by the client; null while it runs.',
  run_name string comment 'Name of the run.',
  status string comment 'State of the run, for instance RUNNING, FINISHED, FAILED or KILLED.',
  params map<string,string> comment 'Parameters that the run logged, by name; null or empty when there are none.',
  tags map<string,string> comment 'Tags of the run by name, among them the user and the source of the run.',
  aggregated_metrics_json string comment 'Least, greatest and latest value of each metric that the run logged; null or empty when there are none.',
  duration_seconds bigint comment 'Time from start to end in whole seconds; null while the run goes on.',
  is_success boolean comment 'True when the run finished, false when it failed or was killed, else null.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  experiment_key bigint not null comment 'Key of the row of dim_experiment that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'MLflow runs in their latest state, with parameters, tags and aggregated metrics.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_mlflow_runs' as table_name, '87c4f751ff401f0a' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.mlflow_runs_latest
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
insert overwrite table system_gold.fact_mlflow_runs
with
-- Columns of mlflow.runs_latest: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    update_time,
    delete_time,
    workspace_id,
    run_id,
    experiment_id,
    created_by,
    start_time,
    end_time,
    run_name,
    status,
    map_from_entries(array_sort(map_entries(params))) as params,
    map_from_entries(array_sort(map_entries(tags))) as tags,
    concat('[', array_join(transform(aggregated_metrics, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"metric_name":', nullif(trim(both '[]' from to_json(array(e1.metric_name))), 'null')), concat('"min_value":', case when isnan(e1.min_value) then '"NaN"' when e1.min_value = double('infinity') then '"Infinity"' when e1.min_value = double('-infinity') then '"-Infinity"' when abs(e1.min_value) >= 1e-5 and abs(e1.min_value) < 1e10 then regexp_replace(cast(cast(cast(e1.min_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.min_value as string), 'E', 'e') end), concat('"max_value":', case when isnan(e1.max_value) then '"NaN"' when e1.max_value = double('infinity') then '"Infinity"' when e1.max_value = double('-infinity') then '"-Infinity"' when abs(e1.max_value) >= 1e-5 and abs(e1.max_value) < 1e10 then regexp_replace(cast(cast(cast(e1.max_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.max_value as string), 'E', 'e') end), concat('"latest_value":', case when isnan(e1.latest_value) then '"NaN"' when e1.latest_value = double('infinity') then '"Infinity"' when e1.latest_value = double('-infinity') then '"-Infinity"' when abs(e1.latest_value) >= 1e-5 and abs(e1.latest_value) < 1e10 then regexp_replace(cast(cast(cast(e1.latest_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.latest_value as string), 'E', 'e') end)), '}') end, 'null')), ','), ']') as aggregated_metrics_json
  from system_bronze.mlflow_runs_latest
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (workspace_id is not null or run_id is not null)
),

-- The latest version of each key by update_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, run_id
    order by update_time desc nulls last, account_id desc nulls last, aggregated_metrics_json desc nulls last,
      created_by desc nulls last, delete_time desc nulls last, end_time desc nulls last,
      experiment_id desc nulls last, map_entries(params) desc nulls last, run_name desc nulls last,
      start_time desc nulls last, status desc nulls last, map_entries(tags) desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    (unix_micros(end_time) - unix_micros(start_time)) div 1000000 as duration_seconds,
    case when status = 'FINISHED' then true when status in ('FAILED', 'KILLED') then false end as is_success
  from latest
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.start_time as date)) between 1 and 9999 then cast(year(cast(f.start_time as date)) * 10000 + month(cast(f.start_time as date)) * 100 + day(cast(f.start_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(experiment_found.experiment_key, -1) as experiment_key,
    coalesce(user_found.user_key, -1) as user_key
  from derived as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join system_gold.dim_experiment as experiment_found on experiment_found.workspace_id = f.workspace_id and experiment_found.experiment_id = f.experiment_id and experiment_found.experiment_key <> -1
  left join system_gold.dim_user as user_found on user_found.user_name = f.created_by and f.created_by <> '' and user_found.user_key <> -1
)
select
  account_id,
  update_time,
  delete_time,
  workspace_id,
  run_id,
  experiment_id,
  created_by,
  start_time,
  end_time,
  run_name,
  status,
  params,
  tags,
  aggregated_metrics_json,
  duration_seconds,
  is_success,
  date_key,
  workspace_key,
  experiment_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_mlflow_runs as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, run_id
    from system_bronze.mlflow_runs_latest
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_mlflow_runs')
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.workspace_id, f.run_id
    from system_gold.fact_mlflow_runs as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join system_gold.dim_experiment as experiment_now on experiment_now.workspace_id = f.workspace_id and experiment_now.experiment_id = f.experiment_id and experiment_now.experiment_key <> -1
    left join system_gold.dim_user as user_now on user_now.user_name = f.created_by and f.created_by <> '' and user_now.user_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.experiment_key <=> coalesce(experiment_now.experiment_key, -1))
      or not (f.user_key <=> coalesce(user_now.user_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, run_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where (workspace_id is not null or run_id is not null)
  ),

  -- Columns of mlflow.runs_latest: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      update_time,
      delete_time,
      workspace_id,
      run_id,
      experiment_id,
      created_by,
      start_time,
      end_time,
      run_name,
      status,
      map_from_entries(array_sort(map_entries(params))) as params,
      map_from_entries(array_sort(map_entries(tags))) as tags,
      concat('[', array_join(transform(aggregated_metrics, e1 -> coalesce(case when e1 is not null then concat('{', concat_ws(',', concat('"metric_name":', nullif(trim(both '[]' from to_json(array(e1.metric_name))), 'null')), concat('"min_value":', case when isnan(e1.min_value) then '"NaN"' when e1.min_value = double('infinity') then '"Infinity"' when e1.min_value = double('-infinity') then '"-Infinity"' when abs(e1.min_value) >= 1e-5 and abs(e1.min_value) < 1e10 then regexp_replace(cast(cast(cast(e1.min_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.min_value as string), 'E', 'e') end), concat('"max_value":', case when isnan(e1.max_value) then '"NaN"' when e1.max_value = double('infinity') then '"Infinity"' when e1.max_value = double('-infinity') then '"-Infinity"' when abs(e1.max_value) >= 1e-5 and abs(e1.max_value) < 1e10 then regexp_replace(cast(cast(cast(e1.max_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.max_value as string), 'E', 'e') end), concat('"latest_value":', case when isnan(e1.latest_value) then '"NaN"' when e1.latest_value = double('infinity') then '"Infinity"' when e1.latest_value = double('-infinity') then '"-Infinity"' when abs(e1.latest_value) >= 1e-5 and abs(e1.latest_value) < 1e10 then regexp_replace(cast(cast(cast(e1.latest_value as string) as decimal(38,22)) as string), '([.][0-9]+?)0*$', '$1') else replace(cast(e1.latest_value as string), 'E', 'e') end)), '}') end, 'null')), ','), ']') as aggregated_metrics_json
    from system_bronze.mlflow_runs_latest
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.run_id <=> a.run_id
    where (c.workspace_id is not null or c.run_id is not null)
  ),

  -- The latest version of each key by update_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, run_id
      order by update_time desc nulls last, account_id desc nulls last, aggregated_metrics_json desc nulls last,
        created_by desc nulls last, delete_time desc nulls last, end_time desc nulls last,
        experiment_id desc nulls last, map_entries(params) desc nulls last, run_name desc nulls last,
        start_time desc nulls last, status desc nulls last, map_entries(tags) desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      (unix_micros(end_time) - unix_micros(start_time)) div 1000000 as duration_seconds,
      case when status = 'FINISHED' then true when status in ('FAILED', 'KILLED') then false end as is_success
    from latest
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.start_time as date)) between 1 and 9999 then cast(year(cast(f.start_time as date)) * 10000 + month(cast(f.start_time as date)) * 100 + day(cast(f.start_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(experiment_found.experiment_key, -1) as experiment_key,
      coalesce(user_found.user_key, -1) as user_key
    from derived as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join system_gold.dim_experiment as experiment_found on experiment_found.workspace_id = f.workspace_id and experiment_found.experiment_id = f.experiment_id and experiment_found.experiment_key <> -1
    left join system_gold.dim_user as user_found on user_found.user_name = f.created_by and f.created_by <> '' and user_found.user_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      update_time,
      delete_time,
      workspace_id,
      run_id,
      experiment_id,
      created_by,
      start_time,
      end_time,
      run_name,
      status,
      params,
      tags,
      aggregated_metrics_json,
      duration_seconds,
      is_success,
      date_key,
      workspace_key,
      experiment_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.update_time, c.delete_time, c.workspace_id, c.run_id, c.experiment_id, c.created_by,
      c.start_time, c.end_time, c.run_name, c.status, c.params, c.tags, c.aggregated_metrics_json,
      c.duration_seconds, c.is_success, c.date_key, c.workspace_key, c.experiment_key, c.user_key, c._run_id,
      c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_mlflow_runs
  ) as h on h.workspace_id <=> c.workspace_id and h.run_id <=> c.run_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.update_time <=> c.update_time and h.delete_time <=> c.delete_time
      and h.workspace_id <=> c.workspace_id and h.run_id <=> c.run_id and h.experiment_id <=> c.experiment_id
      and h.created_by <=> c.created_by and h.start_time <=> c.start_time and h.end_time <=> c.end_time
      and h.run_name <=> c.run_name and h.status <=> c.status and map_entries(h.params) <=> map_entries(c.params)
      and map_entries(h.tags) <=> map_entries(c.tags) and h.aggregated_metrics_json <=> c.aggregated_metrics_json
      and h.duration_seconds <=> c.duration_seconds and h.is_success <=> c.is_success and h.date_key <=> c.date_key
      and h.workspace_key <=> c.workspace_key and h.experiment_key <=> c.experiment_key and h.user_key <=> c.user_key
  ) else true end
) as s
on t.workspace_id <=> s.workspace_id and t.run_id <=> s.run_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_mlflow_runs' and not (`position` <=> next_position);
