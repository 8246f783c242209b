-- fact_column_lineage: Reads and writes of columns, by source and target column. Rows without a source or without a target are kept.
-- One row: one lineage record.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_column_lineage (
  account_id string comment 'Account that the row belongs to.',
  metastore_id string comment 'Unity Catalog metastore in which the access was captured.',
  workspace_id string comment 'Workspace in which the lineage was captured.',
  entity_type string comment 'Kind of the entity that caused the access, such as NOTEBOOK, JOB, PIPELINE or DASHBOARD_V3; null when it is not known.',
  entity_id string comment 'Id of the entity that caused the access; null when the entity type is null.',
  entity_run_id string comment 'Id of the run of the entity, or of the statement; null when the entity type is null.',
  source_table_full_name string comment 'Three-part name of the table that was read; null for a write without a source table.',
  source_table_catalog string comment 'Catalog of the table that was read; null where its full name is null.',
  source_table_schema string comment 'Schema of the table that was read; null where its full name is null.',
  source_table_name string comment 'Name of the table that was read, without catalog and schema; null where its full name is null.',
  source_path string comment 'Storage location that was read by path; null when the source was accessed by name only.',
  source_type string comment 'Kind of the source, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure write.',
  source_column_name string comment 'Column that was read; null for a pure write.',
  target_table_full_name string comment 'Three-part name of the table that was written; null for a pure read.',
  target_table_catalog string comment 'Catalog of the table that was written; null where its full name is null.',
  target_table_schema string comment 'Schema of the table that was written; null where its full name is null.',
  target_table_name string comment 'Name of the table that was written, without catalog and schema; null where its full name is null.',
  target_path string comment 'Storage location that was written by path; null when the target was accessed by name only.',
  target_type string comment 'Kind of the target, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure read.',
  target_column_name string comment 'Column that was written; null for a pure read.',
  created_by string comment 'Principal that caused the access, an email address or the UUID of a service principal.',
  event_time timestamp comment 'When the access happened.',
  event_date date comment 'UTC date of the access.',
  record_id string comment 'Id of this lineage record, unique per row.',
  event_id string comment 'Id of the event behind the record; one event can produce several records.',
  statement_id string comment 'Id of the statement in query.history that caused the access; filled for SQL warehouses only.',
  entity_metadata_job_info_job_id string comment 'Field `job_info.job_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  entity_metadata_job_info_job_run_id string comment 'Field `job_info.job_run_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  entity_metadata_dashboard_id string comment 'Field `dashboard_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  entity_metadata_legacy_dashboard_id string comment 'Field `legacy_dashboard_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  entity_metadata_notebook_id string comment 'Field `notebook_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  entity_metadata_sql_query_id string comment 'Field `sql_query_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  entity_metadata_dlt_pipeline_info_dlt_pipeline_id string comment 'Field `dlt_pipeline_info.dlt_pipeline_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  entity_metadata_dlt_pipeline_info_dlt_update_id string comment 'Field `dlt_pipeline_info.dlt_update_id` of `entity_metadata`: Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  workspace_key bigint not null comment 'Key of the row of dim_workspace that the fact refers to; -1 when there is none.',
  user_key bigint not null comment 'Key of the row of dim_user that the fact refers to; -1 when there is none.',
  job_key bigint not null comment 'Key of the row of dim_job that the fact refers to; -1 when there is none.',
  pipeline_key bigint not null comment 'Key of the row of dim_pipeline that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Reads and writes of columns, by source and target column. Rows without a source or without a target are kept.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_column_lineage' as table_name, 'bfe5d7f4301fff63' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.access_column_lineage
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
insert overwrite table system_gold.fact_column_lineage
with
-- Columns of access.column_lineage: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    metastore_id,
    workspace_id,
    entity_type,
    entity_id,
    entity_run_id,
    source_table_full_name,
    source_table_catalog,
    source_table_schema,
    source_table_name,
    source_path,
    source_type,
    source_column_name,
    target_table_full_name,
    target_table_catalog,
    target_table_schema,
    target_table_name,
    target_path,
    target_type,
    target_column_name,
    created_by,
    event_time,
    event_date,
    record_id,
    event_id,
    statement_id,
    entity_metadata.job_info.job_id as entity_metadata_job_info_job_id,
    entity_metadata.job_info.job_run_id as entity_metadata_job_info_job_run_id,
    entity_metadata.dashboard_id as entity_metadata_dashboard_id,
    entity_metadata.legacy_dashboard_id as entity_metadata_legacy_dashboard_id,
    entity_metadata.notebook_id as entity_metadata_notebook_id,
    entity_metadata.sql_query_id as entity_metadata_sql_query_id,
    entity_metadata.dlt_pipeline_info.dlt_pipeline_id as entity_metadata_dlt_pipeline_info_dlt_pipeline_id,
    entity_metadata.dlt_pipeline_info.dlt_update_id as entity_metadata_dlt_pipeline_info_dlt_update_id
  from system_bronze.access_column_lineage
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where record_id is not null
),

-- The latest version of each key by event_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by record_id
    order by event_time desc nulls last, account_id desc nulls last, created_by desc nulls last, entity_id desc nulls last,
      entity_metadata_dashboard_id desc nulls last,
      entity_metadata_dlt_pipeline_info_dlt_pipeline_id desc nulls last,
      entity_metadata_dlt_pipeline_info_dlt_update_id desc nulls last,
      entity_metadata_job_info_job_id desc nulls last, entity_metadata_job_info_job_run_id desc nulls last,
      entity_metadata_legacy_dashboard_id desc nulls last, entity_metadata_notebook_id desc nulls last,
      entity_metadata_sql_query_id desc nulls last, entity_run_id desc nulls last, entity_type desc nulls last,
      event_date desc nulls last, event_id desc nulls last, metastore_id desc nulls last,
      source_column_name desc nulls last, source_path desc nulls last, source_table_catalog desc nulls last,
      source_table_full_name desc nulls last, source_table_name desc nulls last, source_table_schema desc nulls last,
      source_type desc nulls last, statement_id desc nulls last, target_column_name desc nulls last,
      target_path desc nulls last, target_table_catalog desc nulls last, target_table_full_name desc nulls last,
      target_table_name desc nulls last, target_table_schema desc nulls last, target_type desc nulls last,
      workspace_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
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
    case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
    coalesce(workspace_found.workspace_key, -1) as workspace_key,
    coalesce(user_found.user_key, -1) as user_key,
    coalesce(job_found.job_key, -1) as job_key,
    coalesce(pipeline_found.pipeline_key, -1) as pipeline_key
  from latest as f
  left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
  left join system_gold.dim_user as user_found on user_found.user_name = f.created_by and f.created_by <> '' and user_found.user_key <> -1
  left join job_found on job_found.workspace_id = f.workspace_id and job_found.job_id = f.entity_metadata_job_info_job_id and (job_found._is_first or job_found.valid_from <= f.event_time) and (job_found.valid_to is null or f.event_time < job_found.valid_to) and f.event_time is not null
  left join pipeline_found on pipeline_found.workspace_id = f.workspace_id and pipeline_found.pipeline_id = f.entity_metadata_dlt_pipeline_info_dlt_pipeline_id and (pipeline_found._is_first or pipeline_found.valid_from <= f.event_time) and (pipeline_found.valid_to is null or f.event_time < pipeline_found.valid_to) and f.event_time is not null
)
select
  account_id,
  metastore_id,
  workspace_id,
  entity_type,
  entity_id,
  entity_run_id,
  source_table_full_name,
  source_table_catalog,
  source_table_schema,
  source_table_name,
  source_path,
  source_type,
  source_column_name,
  target_table_full_name,
  target_table_catalog,
  target_table_schema,
  target_table_name,
  target_path,
  target_type,
  target_column_name,
  created_by,
  event_time,
  event_date,
  record_id,
  event_id,
  statement_id,
  entity_metadata_job_info_job_id,
  entity_metadata_job_info_job_run_id,
  entity_metadata_dashboard_id,
  entity_metadata_legacy_dashboard_id,
  entity_metadata_notebook_id,
  entity_metadata_sql_query_id,
  entity_metadata_dlt_pipeline_info_dlt_pipeline_id,
  entity_metadata_dlt_pipeline_info_dlt_update_id,
  date_key,
  workspace_key,
  user_key,
  job_key,
  pipeline_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_column_lineage as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select record_id
    from system_bronze.access_column_lineage
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_column_lineage')
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
    from system_gold.fact_column_lineage as f
    left join system_gold.dim_workspace as workspace_now on workspace_now.workspace_id = f.workspace_id and workspace_now.workspace_key <> -1
    left join system_gold.dim_user as user_now on user_now.user_name = f.created_by and f.created_by <> '' and user_now.user_key <> -1
    left join job_now on job_now.workspace_id = f.workspace_id and job_now.job_id = f.entity_metadata_job_info_job_id and (job_now._is_first or job_now.valid_from <= f.event_time) and (job_now.valid_to is null or f.event_time < job_now.valid_to) and f.event_time is not null
    left join pipeline_now on pipeline_now.workspace_id = f.workspace_id and pipeline_now.pipeline_id = f.entity_metadata_dlt_pipeline_info_dlt_pipeline_id and (pipeline_now._is_first or pipeline_now.valid_from <= f.event_time) and (pipeline_now.valid_to is null or f.event_time < pipeline_now.valid_to) and f.event_time is not null
    where not (f.workspace_key <=> coalesce(workspace_now.workspace_key, -1))
      or not (f.user_key <=> coalesce(user_now.user_key, -1))
      or not (f.job_key <=> coalesce(job_now.job_key, -1))
      or not (f.pipeline_key <=> coalesce(pipeline_now.pipeline_key, -1))
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

  -- Columns of access.column_lineage: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      metastore_id,
      workspace_id,
      entity_type,
      entity_id,
      entity_run_id,
      source_table_full_name,
      source_table_catalog,
      source_table_schema,
      source_table_name,
      source_path,
      source_type,
      source_column_name,
      target_table_full_name,
      target_table_catalog,
      target_table_schema,
      target_table_name,
      target_path,
      target_type,
      target_column_name,
      created_by,
      event_time,
      event_date,
      record_id,
      event_id,
      statement_id,
      entity_metadata.job_info.job_id as entity_metadata_job_info_job_id,
      entity_metadata.job_info.job_run_id as entity_metadata_job_info_job_run_id,
      entity_metadata.dashboard_id as entity_metadata_dashboard_id,
      entity_metadata.legacy_dashboard_id as entity_metadata_legacy_dashboard_id,
      entity_metadata.notebook_id as entity_metadata_notebook_id,
      entity_metadata.sql_query_id as entity_metadata_sql_query_id,
      entity_metadata.dlt_pipeline_info.dlt_pipeline_id as entity_metadata_dlt_pipeline_info_dlt_pipeline_id,
      entity_metadata.dlt_pipeline_info.dlt_update_id as entity_metadata_dlt_pipeline_info_dlt_update_id
    from system_bronze.access_column_lineage
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.record_id <=> a.record_id
    where c.record_id is not null
  ),

  -- The latest version of each key by event_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by record_id
      order by event_time desc nulls last, account_id desc nulls last, created_by desc nulls last, entity_id desc nulls last,
        entity_metadata_dashboard_id desc nulls last,
        entity_metadata_dlt_pipeline_info_dlt_pipeline_id desc nulls last,
        entity_metadata_dlt_pipeline_info_dlt_update_id desc nulls last,
        entity_metadata_job_info_job_id desc nulls last, entity_metadata_job_info_job_run_id desc nulls last,
        entity_metadata_legacy_dashboard_id desc nulls last, entity_metadata_notebook_id desc nulls last,
        entity_metadata_sql_query_id desc nulls last, entity_run_id desc nulls last, entity_type desc nulls last,
        event_date desc nulls last, event_id desc nulls last, metastore_id desc nulls last,
        source_column_name desc nulls last, source_path desc nulls last, source_table_catalog desc nulls last,
        source_table_full_name desc nulls last, source_table_name desc nulls last, source_table_schema desc nulls last,
        source_type desc nulls last, statement_id desc nulls last, target_column_name desc nulls last,
        target_path desc nulls last, target_table_catalog desc nulls last, target_table_full_name desc nulls last,
        target_table_name desc nulls last, target_table_schema desc nulls last, target_type desc nulls last,
        workspace_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
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
      case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key,
      coalesce(workspace_found.workspace_key, -1) as workspace_key,
      coalesce(user_found.user_key, -1) as user_key,
      coalesce(job_found.job_key, -1) as job_key,
      coalesce(pipeline_found.pipeline_key, -1) as pipeline_key
    from latest as f
    left join system_gold.dim_workspace as workspace_found on workspace_found.workspace_id = f.workspace_id and workspace_found.workspace_key <> -1
    left join system_gold.dim_user as user_found on user_found.user_name = f.created_by and f.created_by <> '' and user_found.user_key <> -1
    left join job_found on job_found.workspace_id = f.workspace_id and job_found.job_id = f.entity_metadata_job_info_job_id and (job_found._is_first or job_found.valid_from <= f.event_time) and (job_found.valid_to is null or f.event_time < job_found.valid_to) and f.event_time is not null
    left join pipeline_found on pipeline_found.workspace_id = f.workspace_id and pipeline_found.pipeline_id = f.entity_metadata_dlt_pipeline_info_dlt_pipeline_id and (pipeline_found._is_first or pipeline_found.valid_from <= f.event_time) and (pipeline_found.valid_to is null or f.event_time < pipeline_found.valid_to) and f.event_time is not null
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      metastore_id,
      workspace_id,
      entity_type,
      entity_id,
      entity_run_id,
      source_table_full_name,
      source_table_catalog,
      source_table_schema,
      source_table_name,
      source_path,
      source_type,
      source_column_name,
      target_table_full_name,
      target_table_catalog,
      target_table_schema,
      target_table_name,
      target_path,
      target_type,
      target_column_name,
      created_by,
      event_time,
      event_date,
      record_id,
      event_id,
      statement_id,
      entity_metadata_job_info_job_id,
      entity_metadata_job_info_job_run_id,
      entity_metadata_dashboard_id,
      entity_metadata_legacy_dashboard_id,
      entity_metadata_notebook_id,
      entity_metadata_sql_query_id,
      entity_metadata_dlt_pipeline_info_dlt_pipeline_id,
      entity_metadata_dlt_pipeline_info_dlt_update_id,
      date_key,
      workspace_key,
      user_key,
      job_key,
      pipeline_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.metastore_id, c.workspace_id, c.entity_type, c.entity_id, c.entity_run_id,
      c.source_table_full_name, c.source_table_catalog, c.source_table_schema, c.source_table_name, c.source_path,
      c.source_type, c.source_column_name, c.target_table_full_name, c.target_table_catalog, c.target_table_schema,
      c.target_table_name, c.target_path, c.target_type, c.target_column_name, c.created_by, c.event_time,
      c.event_date, c.record_id, c.event_id, c.statement_id, c.entity_metadata_job_info_job_id,
      c.entity_metadata_job_info_job_run_id, c.entity_metadata_dashboard_id, c.entity_metadata_legacy_dashboard_id,
      c.entity_metadata_notebook_id, c.entity_metadata_sql_query_id,
      c.entity_metadata_dlt_pipeline_info_dlt_pipeline_id, c.entity_metadata_dlt_pipeline_info_dlt_update_id,
      c.date_key, c.workspace_key, c.user_key, c.job_key, c.pipeline_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_column_lineage
  ) as h on h.record_id <=> c.record_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.metastore_id <=> c.metastore_id and h.workspace_id <=> c.workspace_id
      and h.entity_type <=> c.entity_type and h.entity_id <=> c.entity_id and h.entity_run_id <=> c.entity_run_id
      and h.source_table_full_name <=> c.source_table_full_name and h.source_table_catalog <=> c.source_table_catalog
      and h.source_table_schema <=> c.source_table_schema and h.source_table_name <=> c.source_table_name
      and h.source_path <=> c.source_path and h.source_type <=> c.source_type
      and h.source_column_name <=> c.source_column_name and h.target_table_full_name <=> c.target_table_full_name
      and h.target_table_catalog <=> c.target_table_catalog and h.target_table_schema <=> c.target_table_schema
      and h.target_table_name <=> c.target_table_name and h.target_path <=> c.target_path
      and h.target_type <=> c.target_type and h.target_column_name <=> c.target_column_name
      and h.created_by <=> c.created_by and h.event_time <=> c.event_time and h.event_date <=> c.event_date
      and h.record_id <=> c.record_id and h.event_id <=> c.event_id and h.statement_id <=> c.statement_id
      and h.entity_metadata_job_info_job_id <=> c.entity_metadata_job_info_job_id
      and h.entity_metadata_job_info_job_run_id <=> c.entity_metadata_job_info_job_run_id
      and h.entity_metadata_dashboard_id <=> c.entity_metadata_dashboard_id
      and h.entity_metadata_legacy_dashboard_id <=> c.entity_metadata_legacy_dashboard_id
      and h.entity_metadata_notebook_id <=> c.entity_metadata_notebook_id
      and h.entity_metadata_sql_query_id <=> c.entity_metadata_sql_query_id
      and h.entity_metadata_dlt_pipeline_info_dlt_pipeline_id <=> c.entity_metadata_dlt_pipeline_info_dlt_pipeline_id
      and h.entity_metadata_dlt_pipeline_info_dlt_update_id <=> c.entity_metadata_dlt_pipeline_info_dlt_update_id
      and h.date_key <=> c.date_key and h.workspace_key <=> c.workspace_key and h.user_key <=> c.user_key
      and h.job_key <=> c.job_key and h.pipeline_key <=> c.pipeline_key
  ) else true end
) as s
on t.record_id <=> s.record_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_column_lineage' and not (`position` <=> next_position);
