-- access.table_lineage: Reads and writes of tables and paths that Unity Catalog captured, one row per source and target.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.access_table_lineage (
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
  target_table_full_name string comment 'Three-part name of the table that was written; null for a pure read.',
  target_table_catalog string comment 'Catalog of the table that was written; null where its full name is null.',
  target_table_schema string comment 'Schema of the table that was written; null where its full name is null.',
  target_table_name string comment 'Name of the table that was written, without catalog and schema; null where its full name is null.',
  target_path string comment 'Storage location that was written by path; null when the target was accessed by name only.',
  target_type string comment 'Kind of the target, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure read.',
  created_by string comment 'Principal that caused the access, an email address or the UUID of a service principal.',
  event_time timestamp comment 'When the access happened.',
  event_date date comment 'UTC date of the access.',
  record_id string comment 'Id of this lineage record, unique per row.',
  event_id string comment 'Id of the event behind the record; one event can produce several records.',
  statement_id string comment 'Id of the statement in query.history that caused the access; filled for SQL warehouses only.',
  entity_metadata struct<job_info:struct<job_id:string,job_run_id:string>,dashboard_id:string,legacy_dashboard_id:string,notebook_id:string,sql_query_id:string,dlt_pipeline_info:struct<dlt_pipeline_id:string,dlt_update_id:string>> comment 'Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Reads and writes of tables and paths that Unity Catalog captured, one row per source and target.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.access_table_lineage (
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
  target_table_full_name string comment 'Three-part name of the table that was written; null for a pure read.',
  target_table_catalog string comment 'Catalog of the table that was written; null where its full name is null.',
  target_table_schema string comment 'Schema of the table that was written; null where its full name is null.',
  target_table_name string comment 'Name of the table that was written, without catalog and schema; null where its full name is null.',
  target_path string comment 'Storage location that was written by path; null when the target was accessed by name only.',
  target_type string comment 'Kind of the target, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure read.',
  created_by string comment 'Principal that caused the access, an email address or the UUID of a service principal.',
  event_time timestamp comment 'When the access happened.',
  event_date date comment 'UTC date of the access.',
  record_id string comment 'Id of this lineage record, unique per row.',
  event_id string comment 'Id of the event behind the record; one event can produce several records.',
  statement_id string comment 'Id of the statement in query.history that caused the access; filled for SQL warehouses only.',
  entity_metadata struct<job_info:struct<job_id:string,job_run_id:string>,dashboard_id:string,legacy_dashboard_id:string,notebook_id:string,sql_query_id:string,dlt_pipeline_info:struct<dlt_pipeline_id:string,dlt_update_id:string>> comment 'Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of access.table_lineage that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.access_table_lineage (
    account_id, metastore_id, workspace_id, entity_type, entity_id, entity_run_id, source_table_full_name,
    source_table_catalog, source_table_schema, source_table_name, source_path, source_type, target_table_full_name,
    target_table_catalog, target_table_schema, target_table_name, target_path, target_type, created_by, event_time,
    event_date, record_id, event_id, statement_id, entity_metadata, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.metastore_id, d.workspace_id, d.entity_type, d.entity_id, d.entity_run_id,
    d.source_table_full_name, d.source_table_catalog, d.source_table_schema, d.source_table_name, d.source_path,
    d.source_type, d.target_table_full_name, d.target_table_catalog, d.target_table_schema, d.target_table_name,
    d.target_path, d.target_type, d.created_by, d.event_time, d.event_date, d.record_id, d.event_id,
    d.statement_id, d.entity_metadata,
  d._reason, md5(to_json(struct(d.account_id, d.metastore_id, d.workspace_id, d.entity_type, d.entity_id, d.entity_run_id,
    d.source_table_full_name, d.source_table_catalog, d.source_table_schema, d.source_table_name, d.source_path,
    d.source_type, d.target_table_full_name, d.target_table_catalog, d.target_table_schema, d.target_table_name,
    d.target_path, d.target_type, d.created_by, d.event_time, d.event_date, d.record_id, d.event_id,
    d.statement_id, d.entity_metadata))), current_timestamp()
from (
  select *, case when record_id is null then 'key (record_id) is null' end as _reason
  from system.access.table_lineage
) as d
left anti join system_quarantine.access_table_lineage as b
  on d.record_id <=> b.record_id
  and struct(d.account_id, d.metastore_id, d.workspace_id, d.entity_type, d.entity_id, d.entity_run_id,
    d.source_table_full_name, d.source_table_catalog, d.source_table_schema, d.source_table_name, d.source_path,
    d.source_type, d.target_table_full_name, d.target_table_catalog, d.target_table_schema, d.target_table_name,
    d.target_path, d.target_type, d.created_by, d.event_time, d.event_date, d.event_id, d.statement_id,
    d.entity_metadata)
  <=> struct(b.account_id, b.metastore_id, b.workspace_id, b.entity_type, b.entity_id, b.entity_run_id,
    b.source_table_full_name, b.source_table_catalog, b.source_table_schema, b.source_table_name, b.source_path,
    b.source_type, b.target_table_full_name, b.target_table_catalog, b.target_table_schema, b.target_table_name,
    b.target_path, b.target_type, b.created_by, b.event_time, b.event_date, b.event_id, b.statement_id,
    b.entity_metadata)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.access_table_lineage (
    account_id, metastore_id, workspace_id, entity_type, entity_id, entity_run_id, source_table_full_name,
    source_table_catalog, source_table_schema, source_table_name, source_path, source_type, target_table_full_name,
    target_table_catalog, target_table_schema, target_table_name, target_path, target_type, created_by, event_time,
    event_date, record_id, event_id, statement_id, entity_metadata, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.metastore_id, d.workspace_id, d.entity_type, d.entity_id, d.entity_run_id,
    d.source_table_full_name, d.source_table_catalog, d.source_table_schema, d.source_table_name, d.source_path,
    d.source_type, d.target_table_full_name, d.target_table_catalog, d.target_table_schema, d.target_table_name,
    d.target_path, d.target_type, d.created_by, d.event_time, d.event_date, d.record_id, d.event_id,
    d.statement_id, d.entity_metadata,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.access.table_lineage
  where not (record_id is null)
) as d
left anti join system_bronze.access_table_lineage as b
  on d.record_id <=> b.record_id
  and struct(d.account_id, d.metastore_id, d.workspace_id, d.entity_type, d.entity_id, d.entity_run_id,
    d.source_table_full_name, d.source_table_catalog, d.source_table_schema, d.source_table_name, d.source_path,
    d.source_type, d.target_table_full_name, d.target_table_catalog, d.target_table_schema, d.target_table_name,
    d.target_path, d.target_type, d.created_by, d.event_time, d.event_date, d.event_id, d.statement_id,
    d.entity_metadata)
  <=> struct(b.account_id, b.metastore_id, b.workspace_id, b.entity_type, b.entity_id, b.entity_run_id,
    b.source_table_full_name, b.source_table_catalog, b.source_table_schema, b.source_table_name, b.source_path,
    b.source_type, b.target_table_full_name, b.target_table_catalog, b.target_table_schema, b.target_table_name,
    b.target_path, b.target_type, b.created_by, b.event_time, b.event_date, b.event_id, b.statement_id,
    b.entity_metadata);
