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
        usage_quantity,
      true as _is_delivered
    from system.storage.predictive_optimization_operations_history
    where not (operation_id is null)
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        d.account_id, d.workspace_id, d.start_time, d.end_time, d.metastore_name, d.metastore_id, d.catalog_name,
        d.schema_name, d.table_name, d.table_id, d.operation_type,
        coalesce(d.operation_id, h.operation_id) as operation_id, d.operation_status, d.operation_metrics,
        d.usage_unit, d.usage_quantity, h._held_account_id, h._held_workspace_id, h._held_start_time, h._held_end_time,
        h._held_metastore_name, h._held_metastore_id, h._held_catalog_name, h._held_schema_name, h._held_table_name,
        h._held_table_id, h._held_operation_type, h._held_operation_status, h._held_operation_metrics,
        h._held_usage_unit, h._held_usage_quantity,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when d.end_time > h._held_end_time or h._held_end_time is null and d.end_time is not null then 'better'
        when d.end_time <=> h._held_end_time and not (
          d.account_id <=> h._held_account_id and d.workspace_id <=> h._held_workspace_id
            and d.start_time <=> h._held_start_time and d.metastore_name <=> h._held_metastore_name
            and d.metastore_id <=> h._held_metastore_id and d.catalog_name <=> h._held_catalog_name
            and d.schema_name <=> h._held_schema_name and d.table_name <=> h._held_table_name
            and d.table_id <=> h._held_table_id and d.operation_type <=> h._held_operation_type
            and d.operation_status <=> h._held_operation_status
            and to_json(d.operation_metrics) <=> to_json(h._held_operation_metrics) and d.usage_unit <=> h._held_usage_unit
            and d.usage_quantity <=> h._held_usage_quantity
        ) then 'tied'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          account_id as _held_account_id, workspace_id as _held_workspace_id, start_time as _held_start_time,
          end_time as _held_end_time, metastore_name as _held_metastore_name, metastore_id as _held_metastore_id,
          catalog_name as _held_catalog_name, schema_name as _held_schema_name, table_name as _held_table_name,
          table_id as _held_table_id, operation_type as _held_operation_type, operation_id,
          operation_status as _held_operation_status, operation_metrics as _held_operation_metrics,
          usage_unit as _held_usage_unit, usage_quantity as _held_usage_quantity,
        _is_present <=> true as _is_shown,
        true as _is_held
      from system_bronze.storage_predictive_optimization_operations_history
    ) as h
      on d.operation_id <=> h.operation_id
  ),

  -- Rows that come to something; with those that are as late as the one that bronze holds, that one competes.
  competing as (
    select
        case when _side = 'held' then _held_account_id else account_id end as account_id,
        case when _side = 'held' then _held_workspace_id else workspace_id end as workspace_id,
        case when _side = 'held' then _held_start_time else start_time end as start_time,
        case when _side = 'held' then _held_end_time else end_time end as end_time,
        case when _side = 'held' then _held_metastore_name else metastore_name end as metastore_name,
        case when _side = 'held' then _held_metastore_id else metastore_id end as metastore_id,
        case when _side = 'held' then _held_catalog_name else catalog_name end as catalog_name,
        case when _side = 'held' then _held_schema_name else schema_name end as schema_name,
        case when _side = 'held' then _held_table_name else table_name end as table_name,
        case when _side = 'held' then _held_table_id else table_id end as table_id,
        case when _side = 'held' then _held_operation_type else operation_type end as operation_type, operation_id,
        case when _side = 'held' then _held_operation_status else operation_status end as operation_status,
        case when _side = 'held' then _held_operation_metrics else operation_metrics end as operation_metrics,
        case when _side = 'held' then _held_usage_unit else usage_unit end as usage_unit,
        case when _side = 'held' then _held_usage_quantity else usage_quantity end as usage_quantity,
      _side = 'held' as _is_held, _is_shown, _side as _change
    from (
      select *, explode(
        case when _change = 'tied' then array('tied', 'held') when _change is not null then array(_change) end
      ) as _side
      from compared
    )
  )
  -- One version of each key: the latest, and where that is equal, the content decides.
  select
      account_id, workspace_id, start_time, end_time, metastore_name, metastore_id, catalog_name, schema_name,
      table_name, table_id, operation_type, operation_id, operation_status, operation_metrics, usage_unit,
      usage_quantity,
    case when _is_held then 'back' else _change end as _change
  from (
    select *, row_number() over (
      partition by operation_id
      order by end_time desc nulls last, account_id desc nulls last, catalog_name desc nulls last,
        metastore_id desc nulls last, metastore_name desc nulls last, map_entries(operation_metrics) desc nulls last,
        operation_status desc nulls last, operation_type desc nulls last, schema_name desc nulls last,
        start_time desc nulls last, table_id desc nulls last, table_name desc nulls last,
        usage_quantity desc nulls last, usage_unit desc nulls last, workspace_id desc nulls last,
        _is_held desc nulls last
    ) as _rank
    from competing
  )
  where _rank = 1 and not (_is_held and _is_shown)
) as s
on t.operation_id <=> s.operation_id
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    account_id = s.account_id, workspace_id = s.workspace_id, start_time = s.start_time, end_time = s.end_time,
    metastore_name = s.metastore_name, metastore_id = s.metastore_id, catalog_name = s.catalog_name,
    schema_name = s.schema_name, table_name = s.table_name, table_id = s.table_id,
    operation_type = s.operation_type, operation_id = s.operation_id, operation_status = s.operation_status,
    operation_metrics = s.operation_metrics, usage_unit = s.usage_unit, usage_quantity = s.usage_quantity,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    account_id, workspace_id, start_time, end_time, metastore_name, metastore_id, catalog_name, schema_name,
    table_name, table_id, operation_type, operation_id, operation_status, operation_metrics, usage_unit,
    usage_quantity,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.account_id, s.workspace_id, s.start_time, s.end_time, s.metastore_name, s.metastore_id, s.catalog_name,
    s.schema_name, s.table_name, s.table_id, s.operation_type, s.operation_id, s.operation_status,
    s.operation_metrics, s.usage_unit, s.usage_quantity,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
