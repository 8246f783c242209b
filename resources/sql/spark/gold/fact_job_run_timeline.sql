-- fact_job_run_timeline: Runs of jobs, each folded from its hourly slices, with duration, attempts and outcome.
-- One row: one job run.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_job_run_timeline (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the job.',
  job_id string comment 'Job that ran; unique within its workspace only.',
  run_id string comment 'Run of the job; a retried run keeps its id.',
  trigger_type string comment 'What started the run, for instance PERIODIC, ONETIME, CONTINUOUS, RETRY or FILE_ARRIVAL.',
  result_state string comment 'Outcome of the last attempt that has ended; null while none has.',
  run_type string comment 'Kind of the run (JOB_RUN, SUBMIT_RUN or WORKFLOW_RUN); null in older rows.',
  run_name string comment 'Name that the user gave to the run; null in older rows.',
  compute_ids array<string> comment 'Compute that any slice of the run used, sorted, each once; null when no slice tells.',
  termination_code string comment 'Why the last attempt that has ended did so; null while none has, and when it was not recorded.',
  job_parameters_json string comment 'Parameters of the job in this run, by name; null when there are none and in older rows.',
  run_start_time timestamp comment 'When the run started, the start of its first slice.',
  last_seen_time timestamp comment 'End of the last slice that is known of the run.',
  slice_count bigint comment 'Number of slices that the run is folded from.',
  attempt_count bigint comment 'Number of attempts that have ended; more than one when the run was retried.',
  run_duration_seconds bigint comment 'Whole seconds that the run took so far, the sum over its slices; pauses between attempts do not count.',
  is_running boolean comment 'Whether the last slice has no outcome yet; true as well while a retry runs.',
  run_end_time timestamp comment 'When the run ended, the end of its last slice; null while it runs.',
  is_success boolean comment 'Whether the run succeeded in the end; null while it runs.',
  run_date date comment 'UTC date on which the run started.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  job_key bigint not null comment 'Key of the row of dim_job that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Runs of jobs, each folded from its hourly slices, with duration, attempts and outcome.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_job_run_timeline' as table_name, 'c83f0097f59fafda' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.lakeflow_job_run_timeline
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
insert overwrite table system_gold.fact_job_run_timeline
with
-- Columns of lakeflow.job_run_timeline: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    workspace_id,
    job_id,
    run_id,
    period_start_time,
    period_end_time,
    trigger_type,
    result_state,
    run_type,
    run_name,
    compute_ids,
    termination_code,
    concat('{', array_join(transform(filter(array_sort(map_keys(job_parameters)), k1 -> element_at(job_parameters, k1) is not null), k1 -> concat(nullif(trim(both '[]' from to_json(array(k1))), 'null'), ':', concat('{', array_join(transform(filter(array_sort(map_keys(element_at(job_parameters, k1))), k2 -> element_at(element_at(job_parameters, k1), k2) is not null), k2 -> concat(nullif(trim(both '[]' from to_json(array(k2))), 'null'), ':', nullif(trim(both '[]' from to_json(array(element_at(element_at(job_parameters, k1), k2)))), 'null'))), ','), '}'))), ','), '}') as job_parameters_json
  from system_bronze.lakeflow_job_run_timeline
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (workspace_id is not null or job_id is not null or run_id is not null)
),

-- One row for each slice (workspace_id, job_id, run_id, period_start_time): of several the one that ends last.
slices as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, job_id, run_id, period_start_time
    order by period_end_time desc nulls last, account_id desc nulls last, compute_ids desc nulls last,
      job_parameters_json desc nulls last, result_state desc nulls last, run_name desc nulls last,
      run_type desc nulls last, termination_code desc nulls last, trigger_type desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- The slices of a run by start and end; where these are equal, the content decides.
ordered as (
  select *, row_number() over (
      partition by workspace_id, job_id, run_id
      order by period_start_time nulls first, period_end_time nulls first, account_id nulls first, compute_ids nulls first,
      job_id nulls first, job_parameters_json nulls first, result_state nulls first, run_id nulls first,
      run_name nulls first, run_type nulls first, termination_code nulls first, trigger_type nulls first,
      workspace_id nulls first
    ) as _position
  from slices
),

-- One row for each run. Columns without a rule have the value of the last slice that has one.
runs as (
  select
    max_by(account_id, case when account_id is not null then _position end) as account_id,
    workspace_id,
    job_id,
    run_id,
    max_by(trigger_type, case when trigger_type is not null then _position end) as trigger_type,
    cast(max_by(result_state, case when result_state is not null then _position end) as string) as result_state,
    max_by(run_type, case when run_type is not null then _position end) as run_type,
    max_by(run_name, case when run_name is not null then _position end) as run_name,
    cast(case when count(compute_ids) > 0 then array_sort(array_distinct(filter(flatten(collect_list(compute_ids)), e -> e is not null))) end as array<string>) as compute_ids,
    cast(max_by(termination_code, case when result_state is not null then _position end) as string) as termination_code,
    max_by(job_parameters_json, case when job_parameters_json is not null then _position end) as job_parameters_json,
    cast(min(period_start_time) as timestamp) as run_start_time,
    cast(max(period_end_time) as timestamp) as last_seen_time,
    cast(count(*) as bigint) as slice_count,
    cast(count(result_state) as bigint) as attempt_count,
    cast(case when count(period_start_time) = count(*) and count(period_end_time) = count(*) then sum(unix_micros(period_end_time) - unix_micros(period_start_time)) div 1000000 end as bigint) as run_duration_seconds,
    cast(max_by(result_state is null, _position) as boolean) as is_running
  from ordered
  group by workspace_id, job_id, run_id
),

-- Derived columns.
derived as (
  select
    *,
    case when not is_running then last_seen_time end as run_end_time,
    case when not is_running then result_state in ('SUCCEEDED', 'SUCCESS') end as is_success,
    cast(run_start_time as date) as run_date
  from runs
),

-- Versions of dim_job; facts from before the first one refer to the first one.
job_found as (
  select workspace_id, job_id, job_key, valid_from, valid_to,
    lag(valid_from) over (partition by workspace_id, job_id order by valid_from) is null as _is_first
  from system_gold.dim_job
  where job_key <> -1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(f.run_date) between 1 and 9999 then cast(year(f.run_date) * 10000 + month(f.run_date) * 100 + day(f.run_date) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(job_found.job_key, -1) as job_key
  from derived as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join job_found on job_found.workspace_id = f.workspace_id and job_found.job_id = f.job_id and (job_found._is_first or job_found.valid_from <= f.run_start_time) and (job_found.valid_to is null or f.run_start_time < job_found.valid_to) and f.run_start_time is not null
)
select
  account_id,
  workspace_id,
  job_id,
  run_id,
  trigger_type,
  result_state,
  run_type,
  run_name,
  compute_ids,
  termination_code,
  job_parameters_json,
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
  job_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_job_run_timeline as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, job_id, run_id
    from system_bronze.lakeflow_job_run_timeline
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_job_run_timeline')
  ),

  -- Versions of dim_job; facts from before the first one refer to the first one.
  job_now as (
    select workspace_id, job_id, job_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, job_id order by valid_from) is null as _is_first
    from system_gold.dim_job
    where job_key <> -1
  ),

  -- Keys of the facts whose dimensions have changed since: they refer to another row now.
  moved as (
    select f.workspace_id, f.job_id, f.run_id
    from system_gold.fact_job_run_timeline as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join job_now on job_now.workspace_id = f.workspace_id and job_now.job_id = f.job_id and (job_now._is_first or job_now.valid_from <= f.run_start_time) and (job_now.valid_to is null or f.run_start_time < job_now.valid_to) and f.run_start_time is not null
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.job_key <=> coalesce(job_now.job_key, -1))
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, job_id, run_id
    from (
      select * from arrived
      union all
      select * from moved
    )
    where (workspace_id is not null or job_id is not null or run_id is not null)
  ),

  -- Columns of lakeflow.job_run_timeline: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      workspace_id,
      job_id,
      run_id,
      period_start_time,
      period_end_time,
      trigger_type,
      result_state,
      run_type,
      run_name,
      compute_ids,
      termination_code,
      concat('{', array_join(transform(filter(array_sort(map_keys(job_parameters)), k1 -> element_at(job_parameters, k1) is not null), k1 -> concat(nullif(trim(both '[]' from to_json(array(k1))), 'null'), ':', concat('{', array_join(transform(filter(array_sort(map_keys(element_at(job_parameters, k1))), k2 -> element_at(element_at(job_parameters, k1), k2) is not null), k2 -> concat(nullif(trim(both '[]' from to_json(array(k2))), 'null'), ':', nullif(trim(both '[]' from to_json(array(element_at(element_at(job_parameters, k1), k2)))), 'null'))), ','), '}'))), ','), '}') as job_parameters_json
    from system_bronze.lakeflow_job_run_timeline
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.job_id <=> a.job_id and c.run_id <=> a.run_id
    where (c.workspace_id is not null or c.job_id is not null or c.run_id is not null)
  ),

  -- One row for each slice (workspace_id, job_id, run_id, period_start_time): of several the one that ends last.
  slices as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, job_id, run_id, period_start_time
      order by period_end_time desc nulls last, account_id desc nulls last, compute_ids desc nulls last,
        job_parameters_json desc nulls last, result_state desc nulls last, run_name desc nulls last,
        run_type desc nulls last, termination_code desc nulls last, trigger_type desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- The slices of a run by start and end; where these are equal, the content decides.
  ordered as (
    select *, row_number() over (
        partition by workspace_id, job_id, run_id
        order by period_start_time nulls first, period_end_time nulls first, account_id nulls first, compute_ids nulls first,
        job_id nulls first, job_parameters_json nulls first, result_state nulls first, run_id nulls first,
        run_name nulls first, run_type nulls first, termination_code nulls first, trigger_type nulls first,
        workspace_id nulls first
      ) as _position
    from slices
  ),

  -- One row for each run. Columns without a rule have the value of the last slice that has one.
  runs as (
    select
      max_by(account_id, case when account_id is not null then _position end) as account_id,
      workspace_id,
      job_id,
      run_id,
      max_by(trigger_type, case when trigger_type is not null then _position end) as trigger_type,
      cast(max_by(result_state, case when result_state is not null then _position end) as string) as result_state,
      max_by(run_type, case when run_type is not null then _position end) as run_type,
      max_by(run_name, case when run_name is not null then _position end) as run_name,
      cast(case when count(compute_ids) > 0 then array_sort(array_distinct(filter(flatten(collect_list(compute_ids)), e -> e is not null))) end as array<string>) as compute_ids,
      cast(max_by(termination_code, case when result_state is not null then _position end) as string) as termination_code,
      max_by(job_parameters_json, case when job_parameters_json is not null then _position end) as job_parameters_json,
      cast(min(period_start_time) as timestamp) as run_start_time,
      cast(max(period_end_time) as timestamp) as last_seen_time,
      cast(count(*) as bigint) as slice_count,
      cast(count(result_state) as bigint) as attempt_count,
      cast(case when count(period_start_time) = count(*) and count(period_end_time) = count(*) then sum(unix_micros(period_end_time) - unix_micros(period_start_time)) div 1000000 end as bigint) as run_duration_seconds,
      cast(max_by(result_state is null, _position) as boolean) as is_running
    from ordered
    group by workspace_id, job_id, run_id
  ),

  -- Derived columns.
  derived as (
    select
      *,
      case when not is_running then last_seen_time end as run_end_time,
      case when not is_running then result_state in ('SUCCEEDED', 'SUCCESS') end as is_success,
      cast(run_start_time as date) as run_date
    from runs
  ),

  -- Versions of dim_job; facts from before the first one refer to the first one.
  job_found as (
    select workspace_id, job_id, job_key, valid_from, valid_to,
      lag(valid_from) over (partition by workspace_id, job_id order by valid_from) is null as _is_first
    from system_gold.dim_job
    where job_key <> -1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(f.run_date) between 1 and 9999 then cast(year(f.run_date) * 10000 + month(f.run_date) * 100 + day(f.run_date) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(job_found.job_key, -1) as job_key
    from derived as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join job_found on job_found.workspace_id = f.workspace_id and job_found.job_id = f.job_id and (job_found._is_first or job_found.valid_from <= f.run_start_time) and (job_found.valid_to is null or f.run_start_time < job_found.valid_to) and f.run_start_time is not null
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      workspace_id,
      job_id,
      run_id,
      trigger_type,
      result_state,
      run_type,
      run_name,
      compute_ids,
      termination_code,
      job_parameters_json,
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
      job_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.workspace_id, c.job_id, c.run_id, c.trigger_type, c.result_state, c.run_type, c.run_name,
      c.compute_ids, c.termination_code, c.job_parameters_json, c.run_start_time, c.last_seen_time, c.slice_count,
      c.attempt_count, c.run_duration_seconds, c.is_running, c.run_end_time, c.is_success, c.run_date, c.date_key,
      c.workspace_key, c.job_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_job_run_timeline
  ) as h on h.workspace_id <=> c.workspace_id and h.job_id <=> c.job_id and h.run_id <=> c.run_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.job_id <=> c.job_id
      and h.run_id <=> c.run_id and h.trigger_type <=> c.trigger_type and h.result_state <=> c.result_state
      and h.run_type <=> c.run_type and h.run_name <=> c.run_name and h.compute_ids <=> c.compute_ids
      and h.termination_code <=> c.termination_code and h.job_parameters_json <=> c.job_parameters_json
      and h.run_start_time <=> c.run_start_time and h.last_seen_time <=> c.last_seen_time
      and h.slice_count <=> c.slice_count and h.attempt_count <=> c.attempt_count
      and h.run_duration_seconds <=> c.run_duration_seconds and h.is_running <=> c.is_running
      and h.run_end_time <=> c.run_end_time and h.is_success <=> c.is_success and h.run_date <=> c.run_date
      and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key and h.job_key <=> c.job_key
  ) else true end
) as s
on t.workspace_id <=> s.workspace_id and t.job_id <=> s.job_id and t.run_id <=> s.run_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_job_run_timeline' and not (`position` <=> next_position);
