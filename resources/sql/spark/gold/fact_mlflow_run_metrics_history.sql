-- fact_mlflow_run_metrics_history: Values of metrics that MLflow runs logged, step by step.
-- One row: one logged metric value.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_mlflow_run_metrics_history (
  account_id string comment 'Account that the row belongs to.',
  insert_time timestamp comment 'When the value came into the table.',
  record_id string comment 'Id of the value, unique per row.',
  workspace_id string comment 'Workspace of the run.',
  experiment_id string comment 'Experiment of the run.',
  run_id string comment 'Run that logged the value.',
  metric_name string comment 'Name of the metric.',
  metric_time timestamp comment 'When the value was logged, as told by the client.',
  metric_step bigint comment 'Step of the run (such as an epoch) that the value belongs to; 0 when the client gave none.',
  metric_value double comment 'Value of the metric; NaN and infinities occur.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  experiment_key bigint not null comment 'Key of the row of dim_experiment that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Values of metrics that MLflow runs logged, step by step.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_mlflow_run_metrics_history' as table_name, '18b858de654da617' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.mlflow_run_metrics_history
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
insert overwrite table system_gold.fact_mlflow_run_metrics_history
with
-- Columns of mlflow.run_metrics_history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    insert_time,
    record_id,
    workspace_id,
    experiment_id,
    run_id,
    metric_name,
    metric_time,
    metric_step,
    metric_value
  from system_bronze.mlflow_run_metrics_history
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where record_id is not null
),

-- The latest version of each key by insert_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by record_id
    order by insert_time desc nulls last, account_id desc nulls last, experiment_id desc nulls last,
      metric_name desc nulls last, metric_step desc nulls last, metric_time desc nulls last,
      metric_value desc nulls last, run_id desc nulls last, workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.metric_time as date)) between 1 and 9999 then cast(year(cast(f.metric_time as date)) * 10000 + month(cast(f.metric_time as date)) * 100 + day(cast(f.metric_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(experiment_found.experiment_key, -1) as experiment_key
  from latest as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join system_gold.dim_experiment as experiment_found on experiment_found.workspace_id = f.workspace_id and experiment_found.experiment_id = f.experiment_id and experiment_found.experiment_key <> -1
)
select
  account_id,
  insert_time,
  record_id,
  workspace_id,
  experiment_id,
  run_id,
  metric_name,
  metric_time,
  metric_step,
  metric_value,
  date_key,
  workspace_key,
  experiment_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_mlflow_run_metrics_history as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select record_id
    from system_bronze.mlflow_run_metrics_history
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_mlflow_run_metrics_history')
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.record_id
    from system_gold.fact_mlflow_run_metrics_history as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join system_gold.dim_experiment as experiment_now on experiment_now.workspace_id = f.workspace_id and experiment_now.experiment_id = f.experiment_id and experiment_now.experiment_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.experiment_key <=> coalesce(experiment_now.experiment_key, -1))
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

  -- Columns of mlflow.run_metrics_history: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      insert_time,
      record_id,
      workspace_id,
      experiment_id,
      run_id,
      metric_name,
      metric_time,
      metric_step,
      metric_value
    from system_bronze.mlflow_run_metrics_history
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.record_id <=> a.record_id
    where c.record_id is not null
  ),

  -- The latest version of each key by insert_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by record_id
      order by insert_time desc nulls last, account_id desc nulls last, experiment_id desc nulls last,
        metric_name desc nulls last, metric_step desc nulls last, metric_time desc nulls last,
        metric_value desc nulls last, run_id desc nulls last, workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.metric_time as date)) between 1 and 9999 then cast(year(cast(f.metric_time as date)) * 10000 + month(cast(f.metric_time as date)) * 100 + day(cast(f.metric_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(experiment_found.experiment_key, -1) as experiment_key
    from latest as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join system_gold.dim_experiment as experiment_found on experiment_found.workspace_id = f.workspace_id and experiment_found.experiment_id = f.experiment_id and experiment_found.experiment_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      insert_time,
      record_id,
      workspace_id,
      experiment_id,
      run_id,
      metric_name,
      metric_time,
      metric_step,
      metric_value,
      date_key,
      workspace_key,
      experiment_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.insert_time, c.record_id, c.workspace_id, c.experiment_id, c.run_id, c.metric_name,
      c.metric_time, c.metric_step, c.metric_value, c.date_key, c.workspace_key, c.experiment_key, c._run_id,
      c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_mlflow_run_metrics_history
  ) as h on h.record_id <=> c.record_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.insert_time <=> c.insert_time and h.record_id <=> c.record_id
      and h.workspace_id <=> c.workspace_id and h.experiment_id <=> c.experiment_id and h.run_id <=> c.run_id
      and h.metric_name <=> c.metric_name and h.metric_time <=> c.metric_time and h.metric_step <=> c.metric_step
      and h.metric_value <=> c.metric_value and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key
      and h.experiment_key <=> c.experiment_key
  ) else true end
) as s
on t.record_id <=> s.record_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_mlflow_run_metrics_history' and not (`position` <=> next_position);
