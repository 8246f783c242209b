-- storage.predictive_optimization_operations_history: Maintenance that predictive optimization ran on tables (compaction, clustering, vacuum, statistics), one row per operation.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.storage_predictive_optimization_operations_history (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the operation was started from.',
  start_time timestamp comment 'When the operation started.',
  end_time timestamp comment 'When the operation ended; orders the versions of a row.',
  metastore_name string comment 'Name of the metastore of the table.',
  metastore_id string comment 'Id of the metastore of the table.',
  catalog_name string comment 'Name of the catalog of the table.',
  schema_name string comment 'Name of the schema of the table.',
  table_name string comment 'Name of the table.',
  table_id string comment 'Id of the table.',
  operation_type string comment 'What was done, for instance COMPACTION, CLUSTERING, VACUUM or ANALYZE.',
  operation_id string comment 'Id of the operation, unique per operation.',
  operation_status string comment 'How the operation ended, SUCCESSFUL or a text that starts with FAILED.',
  operation_metrics map<string,string> comment 'Figures of the operation by name, as text, such as files and bytes before and after; depends on the operation.',
  usage_unit string comment 'Unit of the quantity, for instance ESTIMATED_DBU.',
  usage_quantity decimal(38,18) comment 'Estimated usage that the operation caused, in its unit.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
)
using delta
comment 'Maintenance that predictive optimization ran on tables (compaction, clustering, vacuum, statistics), one row per operation.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.storage_predictive_optimization_operations_history (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the operation was started from.',
  start_time timestamp comment 'When the operation started.',
  end_time timestamp comment 'When the operation ended; orders the versions of a row.',
  metastore_name string comment 'Name of the metastore of the table.',
  metastore_id string comment 'Id of the metastore of the table.',
  catalog_name string comment 'Name of the catalog of the table.',
  schema_name string comment 'Name of the schema of the table.',
  table_name string comment 'Name of the table.',
  table_id string comment 'Id of the table.',
  operation_type string comment 'What was done, for instance COMPACTION, CLUSTERING, VACUUM or ANALYZE.',
  operation_id string comment 'Id of the operation, unique per operation.',
  operation_status string comment 'How the operation ended, SUCCESSFUL or a text that starts with FAILED.',
  operation_metrics map<string,string> comment 'Figures of the operation by name, as text, such as files and bytes before and after; depends on the operation.',
  usage_unit string comment 'Unit of the quantity, for instance ESTIMATED_DBU.',
  usage_quantity decimal(38,18) comment 'Estimated usage that the operation caused, in its unit.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of storage.predictive_optimization_operations_history that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.storage_predictive_optimization_operations_history (
    account_id, workspace_id, start_time, end_time, metastore_name, metastore_id, catalog_name, schema_name,
    table_name, table_id, operation_type, operation_id, operation_status, operation_metrics, usage_unit,
    usage_quantity, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.start_time, d.end_time, d.metastore_name, d.metastore_id, d.catalog_name,
    d.schema_name, d.table_name, d.table_id, d.operation_type, d.operation_id, d.operation_status,
    d.operation_metrics, d.usage_unit, d.usage_quantity,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.start_time, d.end_time, d.metastore_name, d.metastore_id, d.catalog_name,
    d.schema_name, d.table_name, d.table_id, d.operation_type, d.operation_id, d.operation_status,
    d.operation_metrics, d.usage_unit, d.usage_quantity))), current_timestamp()
from (
  select *, case when operation_id is null then 'key (operation_id) is null' end as _reason
  from system.storage.predictive_optimization_operations_history
) as d
left anti join system_quarantine.storage_predictive_optimization_operations_history as b
  on d.operation_id <=> b.operation_id
  and struct(d.account_id, d.workspace_id, d.start_time, d.end_time, d.metastore_name, d.metastore_id, d.catalog_name,
    d.schema_name, d.table_name, d.table_id, d.operation_type, d.operation_status, to_json(d.operation_metrics),
    d.usage_unit, d.usage_quantity)
  <=> struct(b.account_id, b.workspace_id, b.start_time, b.end_time, b.metastore_name, b.metastore_id, b.catalog_name,
    b.schema_name, b.table_name, b.table_id, b.operation_type, b.operation_status, to_json(b.operation_metrics),
    b.usage_unit, b.usage_quantity)
where d._reason is not null;

-- statement: load
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into system_bronze.storage_predictive_optimization_operations_history as t
using (
  with
  -- Rows that can be identified.
  delivered as (
    select
      account_id, workspace_id, start_time, end_time, metastore_name, metastore_id, catalog_name, schema_name,
        table_name, table_id, operation_type, operation_id, operation_status, operation_metrics, usage_unit,
        usage_quantity
    from system.storage.predictive_optimization_operations_history
    where not (operation_id is null)
  )
  -- One version of each key: the latest, and where that is equal, the content decides.
  select *
  from (
    select *, row_number() over (
      partition by operation_id
      order by end_time desc nulls last, account_id desc nulls last, catalog_name desc nulls last,
      metastore_id desc nulls last, metastore_name desc nulls last, map_entries(operation_metrics) desc nulls last,
      operation_status desc nulls last, operation_type desc nulls last, schema_name desc nulls last,
      start_time desc nulls last, table_id desc nulls last, table_name desc nulls last,
      usage_quantity desc nulls last, usage_unit desc nulls last, workspace_id desc nulls last
    ) as _rank
    from delivered
  )
  where _rank = 1
) as s
on t.operation_id <=> s.operation_id
when matched and (t.end_time is null or s.end_time >= t.end_time) and not (
  s.operation_id <=> t.operation_id and s.account_id <=> t.account_id and s.workspace_id <=> t.workspace_id
    and s.start_time <=> t.start_time and s.end_time <=> t.end_time and s.metastore_name <=> t.metastore_name
    and s.metastore_id <=> t.metastore_id and s.catalog_name <=> t.catalog_name and s.schema_name <=> t.schema_name
    and s.table_name <=> t.table_name and s.table_id <=> t.table_id and s.operation_type <=> t.operation_type
    and s.operation_status <=> t.operation_status and to_json(s.operation_metrics) <=> to_json(t.operation_metrics)
    and s.usage_unit <=> t.usage_unit and s.usage_quantity <=> t.usage_quantity
) then update set
    account_id = s.account_id, workspace_id = s.workspace_id, start_time = s.start_time, end_time = s.end_time,
    metastore_name = s.metastore_name, metastore_id = s.metastore_id, catalog_name = s.catalog_name,
    schema_name = s.schema_name, table_name = s.table_name, table_id = s.table_id,
    operation_type = s.operation_type, operation_id = s.operation_id, operation_status = s.operation_status,
    operation_metrics = s.operation_metrics, usage_unit = s.usage_unit, usage_quantity = s.usage_quantity,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when matched and not (t._is_present <=> true) then update set _is_present = true
when not matched then insert (
    account_id, workspace_id, start_time, end_time, metastore_name, metastore_id, catalog_name, schema_name,
    table_name, table_id, operation_type, operation_id, operation_status, operation_metrics, usage_unit,
    usage_quantity, _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.account_id, s.workspace_id, s.start_time, s.end_time, s.metastore_name, s.metastore_id, s.catalog_name,
    s.schema_name, s.table_name, s.table_id, s.operation_type, s.operation_id, s.operation_status,
    s.operation_metrics, s.usage_unit, s.usage_quantity,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
)
when not matched by source and t._is_present <=> true then update set _is_present = false;
