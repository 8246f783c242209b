-- fact_pipeline_update_timeline: Updates of pipelines, each folded from its hourly slices, with duration and outcome.
-- One row: one pipeline update.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_pipeline_update_timeline (
  workspace_id string comment 'Workspace of the pipeline.',
  pipeline_id string comment 'Pipeline that was updated; unique within its workspace only.',
  update_id string comment 'Id of the update of the pipeline.',
  update_type string comment 'Kind of the update, for instance REFRESH, FULL_REFRESH or VALIDATE.',
  request_id string comment 'Id of the request behind the update; retries of one request share it.',
  run_as_user_name string comment 'Principal whose permissions the update ran with.',
  trigger_type string comment 'What started the update, for instance a job task, a user action or a schedule.',
  trigger_details_job_task_job_id string comment 'Field `job_task.job_id` of `trigger_details`: Job and task run that started the update, and their performance target; null when no job task did.',
  trigger_details_job_task_job_task_run_id string comment 'Field `job_task.job_task_run_id` of `trigger_details`: Job and task run that started the update, and their performance target; null when no job task did.',
  trigger_details_job_task_performance_target string comment 'Field `job_task.performance_target` of `trigger_details`: Job and task run that started the update, and their performance target; null when no job task did.',
  result_state string comment 'Outcome of the last attempt that has ended; null while none has.',
  compute_type string comment 'Field `type` of `compute`: Kind of compute that ran the update and its cluster; the cluster is null on serverless compute.',
  compute_cluster_id string comment 'Field `cluster_id` of `compute`: Kind of compute that ran the update and its cluster; the cluster is null on serverless compute.',
  refresh_selection_json string comment 'Tables that were to be refreshed; null or empty when no selection was made.',
  full_refresh_selection_json string comment 'Tables that were to be refreshed in full; null or empty when no selection was made.',
  reset_checkpoint_selection array<string> comment 'Flows whose checkpoints were to be reset; null or empty when no selection was made.',
  account_id string comment 'Account that the row belongs to.',
  run_start_time timestamp comment 'When the update started, the start of its first slice.',
  last_seen_time timestamp comment 'End of the last slice that is known of the update.',
  slice_count bigint comment 'Number of slices that the update is folded from.',
  attempt_count bigint comment 'Number of attempts that have ended; more than one when the update was retried under its id.',
  run_duration_seconds bigint comment 'Whole seconds that the update took so far, the sum over its slices; pauses between attempts do not count.',
  is_running boolean comment 'Whether the last slice has no outcome yet; true as well while a retry runs.',
  run_end_time timestamp comment 'When the update ended, the end of its last slice; null while it runs.',
  is_success boolean comment 'Whether the update completed in the end; null while it runs.',
  run_date date comment 'UTC date on which the update started.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  pipeline_key bigint not null comment 'Key of the row of dim_pipeline that the fact refers to; -1 when there is none.',
  cluster_key bigint not null comment 'Key of the row of dim_cluster that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Updates of pipelines, each folded from its hourly slices, with duration and outcome.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_pipeline_update_timeline' as table_name, 'd2483aee51c0bcb1' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.lakeflow_pipeline_update_timeline
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
insert overwrite table system_gold.fact_pipeline_update_timeline
with
-- Columns of lakeflow.pipeline_update_timeline: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    workspace_id,
    pipeline_id,
    update_id,
    update_type,
    request_id,
    run_as_user_name,
    trigger_type,
    trigger_details.job_task.job_id as trigger_details_job_task_job_id,
    trigger_details.job_task.job_task_run_id as trigger_details_job_task_job_task_run_id,
    trigger_details.job_task.performance_target as trigger_details_job_task_performance_target,
    result_state,
    compute.`type` as compute_type,
    compute.cluster_id as compute_cluster_id,
    period_start_time,
    period_end_time,
    to_json(refresh_selection) as refresh_selection_json,
    to_json(full_refresh_selection) as full_refresh_selection_json,
    reset_checkpoint_selection,
    account_id
  from system_bronze.lakeflow_pipeline_update_timeline
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (workspace_id is not null or pipeline_id is not null or update_id is not null)
),

-- One row for each slice (workspace_id, pipeline_id, update_id, period_start_time): of several the one that ends last.
slices as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, pipeline_id, update_id, period_start_time
    order by period_end_time desc nulls last, account_id desc nulls last, compute_cluster_id desc nulls last,
      compute_type desc nulls last, full_refresh_selection_json desc nulls last,
      refresh_selection_json desc nulls last, request_id desc nulls last, reset_checkpoint_selection desc nulls last,
      result_state desc nulls last, run_as_user_name desc nulls last,
      trigger_details_job_task_job_id desc nulls last, trigger_details_job_task_job_task_run_id desc nulls last,
      trigger_details_job_task_performance_target desc nulls last, trigger_type desc nulls last,
      update_type desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- The slices of a run by start and end; where these are equal, the content decides.
ordered as (
  select *, row_number() over (
      partition by workspace_id, pipeline_id, update_id
      order by period_start_time nulls first, period_end_time nulls first, account_id nulls first,
      compute_cluster_id nulls first, compute_type nulls first, full_refresh_selection_json nulls first,
      pipeline_id nulls first, refresh_selection_json nulls first, request_id nulls first,
      reset_checkpoint_selection nulls first, result_state nulls first, run_as_user_name nulls first,
      trigger_details_job_task_job_id nulls first, trigger_details_job_task_job_task_run_id nulls first,
      trigger_details_job_task_performance_target nulls first, trigger_type nulls first, update_id nulls first,
      update_type nulls first, workspace_id nulls first
    ) as _position
  from slices
),

-- One row for each run. Columns without a rule have the value of the last slice that has one.
runs as (
  select
    workspace_id,
    pipeline_id,
    update_id,
    max_by(update_type, case when update_type is not null then _position end) as update_type,
    max_by(request_id, case when request_id is not null then _position end) as request_id,
    max_by(run_as_user_name, case when run_as_user_name is not null then _position end) as run_as_user_name,
    max_by(trigger_type, case when trigger_type is not null then _position end) as trigger_type,
    max_by(trigger_details_job_task_job_id, case when trigger_details_job_task_job_id is not null then _position end) as trigger_details_job_task_job_id,
    max_by(trigger_details_job_task_job_task_run_id, case when trigger_details_job_task_job_task_run_id is not null then _position end) as trigger_details_job_task_job_task_run_id,
    max_by(trigger_details_job_task_performance_target, case when trigger_details_job_task_performance_target is not null then _position end) as trigger_details_job_task_performance_target,
    cast(max_by(result_state, case when result_state is not null then _position end) as string) as result_state,
    max_by(compute_type, case when compute_type is not null then _position end) as compute_type,
    max_by(compute_cluster_id, case when compute_cluster_id is not null then _position end) as compute_cluster_id,
    max_by(refresh_selection_json, case when refresh_selection_json is not null then _position end) as refresh_selection_json,
    max_by(full_refresh_selection_json, case when full_refresh_selection_json is not null then _position end) as full_refresh_selection_json,
    max_by(reset_checkpoint_selection, case when reset_checkpoint_selection is not null then _position end) as reset_checkpoint_selection,
    max_by(account_id, case when account_id is not null then _position end) as account_id,
    cast(min(period_start_time) as timestamp) as run_start_time,
    cast(max(period_end_time) as timestamp) as last_seen_time,
    cast(count(*) as bigint) as slice_count,
    cast(count(result_state) as bigint) as attempt_count,
    cast(case when count(period_start_time) = count(*) and count(period_end_time) = count(*) then sum(unix_micros(period_end_time) - unix_micros(period_start_time)) div 1000000 end as bigint) as run_duration_seconds,
    cast(max_by(result_state is null, _position) as boolean) as is_running
  from ordered
  group by workspace_id, pipeline_id, update_id
),

-- Derived columns.
derived as (
  select
    *,
    case when not is_running then last_seen_time end as run_end_time,
    case when not is_running then result_state = 'COMPLETED' end as is_success,
    cast(run_start_time as date) as run_date
  from runs
),

-- Versions of dim_pipeline; facts from before the first one refer to the first one.
pipeline_found as (
  select workspace_id, pipeline_id, pipeline_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, pipeline_id order by valid_from) is null as _is_first
  from system_gold.dim_pipeline
  where pipeline_key <> -1
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
    case when year(f.run_date) between 1 and 9999 then cast(year(f.run_date) * 10000 + month(f.run_date) * 100 + day(f.run_date) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(pipeline_found.pipeline_key, -1) as pipeline_key,
    coalesce(cluster_found.cluster_key, -1) as cluster_key,
    coalesce(user_found.user_key, -1) as user_key
  from derived as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join pipeline_found on pipeline_found.workspace_id = f.workspace_id and pipeline_found.pipeline_id = f.pipeline_id and (pipeline_found._is_first or pipeline_found.valid_from <= f.run_start_time) and (pipeline_found.valid_to is null or f.run_start_time < pipeline_found.valid_to) and f.run_start_time is not null
  left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.compute_cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.run_start_time) and (cluster_found.valid_to is null or f.run_start_time < cluster_found.valid_to) and f.run_start_time is not null
  left join system_gold.dim_user as user_found on user_found.user_name = f.run_as_user_name and f.run_as_user_name <> '' and user_found.user_key <> -1
)
select
  workspace_id,
  pipeline_id,
  update_id,
  update_type,
  request_id,
  run_as_user_name,
  trigger_type,
  trigger_details_job_task_job_id,
  trigger_details_job_task_job_task_run_id,
  trigger_details_job_task_performance_target,
  result_state,
  compute_type,
  compute_cluster_id,
  refresh_selection_json,
  full_refresh_selection_json,
  reset_checkpoint_selection,
  account_id,
  run_start_time,
  last_seen_time,
  slice_count,
  attempt_count,
  run_duration_seconds,
  is_running,
  run_end_time,
  is_success,
  run_date,
  date_key,
  workspace_key,
  pipeline_key,
  cluster_key,
  user_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_pipeline_update_timeline as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, pipeline_id, update_id
    from system_bronze.lakeflow_pipeline_update_timeline
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_pipeline_update_timeline')
  ),

  -- Versions of dim_pipeline; facts from before the first one refer to the first one.
  pipeline_now as (
    select workspace_id, pipeline_id, pipeline_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, pipeline_id order by valid_from) is null as _is_first
    from system_gold.dim_pipeline
    where pipeline_key <> -1
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
    select f.workspace_id, f.pipeline_id, f.update_id
    from system_gold.fact_pipeline_update_timeline as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join pipeline_now on pipeline_now.workspace_id = f.workspace_id and pipeline_now.pipeline_id = f.pipeline_id and (pipeline_now._is_first or pipeline_now.valid_from <= f.run_start_time) and (pipeline_now.valid_to is null or f.run_start_time < pipeline_now.valid_to) and f.run_start_time is not null
    left join cluster_now on cluster_now.workspace_id = f.workspace_id and cluster_now.cluster_id = f.compute_cluster_id and (cluster_now._is_first or cluster_now.valid_from <= f.run_start_time) and (cluster_now.valid_to is null or f.run_start_time < cluster_now.valid_to) and f.run_start_time is not null
    left join system_gold.dim_user as user_now on user_now.user_name = f.run_as_user_name and f.run_as_user_name <> '' and user_now.user_key <> -1
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.pipeline_key <=> coalesce(pipeline_now.pipeline_key, -1))
      or not (f.cluster_key <=> coalesce(cluster_now.cluster_key, -1))
      or not (f.user_key <=> coalesce(user_now.user_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, pipeline_id, update_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where (workspace_id is not null or pipeline_id is not null or update_id is not null)
  ),

  -- Columns of lakeflow.pipeline_update_timeline: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      workspace_id,
      pipeline_id,
      update_id,
      update_type,
      request_id,
      run_as_user_name,
      trigger_type,
      trigger_details.job_task.job_id as trigger_details_job_task_job_id,
      trigger_details.job_task.job_task_run_id as trigger_details_job_task_job_task_run_id,
      trigger_details.job_task.performance_target as trigger_details_job_task_performance_target,
      result_state,
      compute.`type` as compute_type,
      compute.cluster_id as compute_cluster_id,
      period_start_time,
      period_end_time,
      to_json(refresh_selection) as refresh_selection_json,
      to_json(full_refresh_selection) as full_refresh_selection_json,
      reset_checkpoint_selection,
      account_id
    from system_bronze.lakeflow_pipeline_update_timeline
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.pipeline_id <=> a.pipeline_id and c.update_id <=> a.update_id
    where (c.workspace_id is not null or c.pipeline_id is not null or c.update_id is not null)
  ),

  -- One row for each slice (workspace_id, pipeline_id, update_id, period_start_time): of several the one that ends last.
  slices as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, pipeline_id, update_id, period_start_time
      order by period_end_time desc nulls last, account_id desc nulls last, compute_cluster_id desc nulls last,
        compute_type desc nulls last, full_refresh_selection_json desc nulls last,
        refresh_selection_json desc nulls last, request_id desc nulls last, reset_checkpoint_selection desc nulls last,
        result_state desc nulls last, run_as_user_name desc nulls last,
        trigger_details_job_task_job_id desc nulls last, trigger_details_job_task_job_task_run_id desc nulls last,
        trigger_details_job_task_performance_target desc nulls last, trigger_type desc nulls last,
        update_type desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- The slices of a run by start and end; where these are equal, the content decides.
  ordered as (
    select *, row_number() over (
        partition by workspace_id, pipeline_id, update_id
        order by period_start_time nulls first, period_end_time nulls first, account_id nulls first,
        compute_cluster_id nulls first, compute_type nulls first, full_refresh_selection_json nulls first,
        pipeline_id nulls first, refresh_selection_json nulls first, request_id nulls first,
        reset_checkpoint_selection nulls first, result_state nulls first, run_as_user_name nulls first,
        trigger_details_job_task_job_id nulls first, trigger_details_job_task_job_task_run_id nulls first,
        trigger_details_job_task_performance_target nulls first, trigger_type nulls first, update_id nulls first,
        update_type nulls first, workspace_id nulls first
      ) as _position
    from slices
  ),

  -- One row for each run. Columns without a rule have the value of the last slice that has one.
  runs as (
    select
      workspace_id,
      pipeline_id,
      update_id,
      max_by(update_type, case when update_type is not null then _position end) as update_type,
      max_by(request_id, case when request_id is not null then _position end) as request_id,
      max_by(run_as_user_name, case when run_as_user_name is not null then _position end) as run_as_user_name,
      max_by(trigger_type, case when trigger_type is not null then _position end) as trigger_type,
      max_by(trigger_details_job_task_job_id, case when trigger_details_job_task_job_id is not null then _position end) as trigger_details_job_task_job_id,
      max_by(trigger_details_job_task_job_task_run_id, case when trigger_details_job_task_job_task_run_id is not null then _position end) as trigger_details_job_task_job_task_run_id,
      max_by(trigger_details_job_task_performance_target, case when trigger_details_job_task_performance_target is not null then _position end) as trigger_details_job_task_performance_target,
      cast(max_by(result_state, case when result_state is not null then _position end) as string) as result_state,
      max_by(compute_type, case when compute_type is not null then _position end) as compute_type,
      max_by(compute_cluster_id, case when compute_cluster_id is not null then _position end) as compute_cluster_id,
      max_by(refresh_selection_json, case when refresh_selection_json is not null then _position end) as refresh_selection_json,
      max_by(full_refresh_selection_json, case when full_refresh_selection_json is not null then _position end) as full_refresh_selection_json,
      max_by(reset_checkpoint_selection, case when reset_checkpoint_selection is not null then _position end) as reset_checkpoint_selection,
      max_by(account_id, case when account_id is not null then _position end) as account_id,
      cast(min(period_start_time) as timestamp) as run_start_time,
      cast(max(period_end_time) as timestamp) as last_seen_time,
      cast(count(*) as bigint) as slice_count,
      cast(count(result_state) as bigint) as attempt_count,
      cast(case when count(period_start_time) = count(*) and count(period_end_time) = count(*) then sum(unix_micros(period_end_time) - unix_micros(period_start_time)) div 1000000 end as bigint) as run_duration_seconds,
      cast(max_by(result_state is null, _position) as boolean) as is_running
    from ordered
    group by workspace_id, pipeline_id, update_id
  ),

  -- Derived columns.
  derived as (
    select
      *,
      case when not is_running then last_seen_time end as run_end_time,
      case when not is_running then result_state = 'COMPLETED' end as is_success,
      cast(run_start_time as date) as run_date
    from runs
  ),

  -- Versions of dim_pipeline; facts from before the first one refer to the first one.
  pipeline_found as (
    select workspace_id, pipeline_id, pipeline_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, pipeline_id order by valid_from) is null as _is_first
    from system_gold.dim_pipeline
    where pipeline_key <> -1
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
      case when year(f.run_date) between 1 and 9999 then cast(year(f.run_date) * 10000 + month(f.run_date) * 100 + day(f.run_date) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(pipeline_found.pipeline_key, -1) as pipeline_key,
      coalesce(cluster_found.cluster_key, -1) as cluster_key,
      coalesce(user_found.user_key, -1) as user_key
    from derived as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join pipeline_found on pipeline_found.workspace_id = f.workspace_id and pipeline_found.pipeline_id = f.pipeline_id and (pipeline_found._is_first or pipeline_found.valid_from <= f.run_start_time) and (pipeline_found.valid_to is null or f.run_start_time < pipeline_found.valid_to) and f.run_start_time is not null
    left join cluster_found on cluster_found.workspace_id = f.workspace_id and cluster_found.cluster_id = f.compute_cluster_id and (cluster_found._is_first or cluster_found.valid_from <= f.run_start_time) and (cluster_found.valid_to is null or f.run_start_time < cluster_found.valid_to) and f.run_start_time is not null
    left join system_gold.dim_user as user_found on user_found.user_name = f.run_as_user_name and f.run_as_user_name <> '' and user_found.user_key <> -1
  ),

  -- The rows as they have to be.
  computed as (
    select
      workspace_id,
      pipeline_id,
      update_id,
      update_type,
      request_id,
      run_as_user_name,
      trigger_type,
      trigger_details_job_task_job_id,
      trigger_details_job_task_job_task_run_id,
      trigger_details_job_task_performance_target,
      result_state,
      compute_type,
      compute_cluster_id,
      refresh_selection_json,
      full_refresh_selection_json,
      reset_checkpoint_selection,
      account_id,
      run_start_time,
      last_seen_time,
      slice_count,
      attempt_count,
      run_duration_seconds,
      is_running,
      run_end_time,
      is_success,
      run_date,
      date_key,
      workspace_key,
      pipeline_key,
      cluster_key,
      user_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.workspace_id, c.pipeline_id, c.update_id, c.update_type, c.request_id, c.run_as_user_name, c.trigger_type,
      c.trigger_details_job_task_job_id, c.trigger_details_job_task_job_task_run_id,
      c.trigger_details_job_task_performance_target, c.result_state, c.compute_type, c.compute_cluster_id,
      c.refresh_selection_json, c.full_refresh_selection_json, c.reset_checkpoint_selection, c.account_id,
      c.run_start_time, c.last_seen_time, c.slice_count, c.attempt_count, c.run_duration_seconds, c.is_running,
      c.run_end_time, c.is_success, c.run_date, c.date_key, c.workspace_key, c.pipeline_key, c.cluster_key,
      c.user_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_pipeline_update_timeline
  ) as h on h.workspace_id <=> c.workspace_id and h.pipeline_id <=> c.pipeline_id and h.update_id <=> c.update_id
  where case when h._is_held then not (
    h.workspace_id <=> c.workspace_id and h.pipeline_id <=> c.pipeline_id and h.update_id <=> c.update_id
      and h.update_type <=> c.update_type and h.request_id <=> c.request_id
      and h.run_as_user_name <=> c.run_as_user_name and h.trigger_type <=> c.trigger_type
      and h.trigger_details_job_task_job_id <=> c.trigger_details_job_task_job_id
      and h.trigger_details_job_task_job_task_run_id <=> c.trigger_details_job_task_job_task_run_id
      and h.trigger_details_job_task_performance_target <=> c.trigger_details_job_task_performance_target
      and h.result_state <=> c.result_state and h.compute_type <=> c.compute_type
      and h.compute_cluster_id <=> c.compute_cluster_id and h.refresh_selection_json <=> c.refresh_selection_json
      and h.full_refresh_selection_json <=> c.full_refresh_selection_json
      and h.reset_checkpoint_selection <=> c.reset_checkpoint_selection and h.account_id <=> c.account_id
      and h.run_start_time <=> c.run_start_time and h.last_seen_time <=> c.last_seen_time
      and h.slice_count <=> c.slice_count and h.attempt_count <=> c.attempt_count
      and h.run_duration_seconds <=> c.run_duration_seconds and h.is_running <=> c.is_running
      and h.run_end_time <=> c.run_end_time and h.is_success <=> c.is_success and h.run_date <=> c.run_date
      and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key and h.pipeline_key <=> c.pipeline_key
      and h.cluster_key <=> c.cluster_key and h.user_key <=> c.user_key
  ) else true end
) as s
on t.workspace_id <=> s.workspace_id and t.pipeline_id <=> s.pipeline_id and t.update_id <=> s.update_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_pipeline_update_timeline' and not (`position` <=> next_position);
