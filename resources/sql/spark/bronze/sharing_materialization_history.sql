-- sharing.materialization_history: Materialisations of shared views, materialized views and streaming tables for recipients, one row each.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.sharing_materialization_history (
  sharing_materialization_id string comment 'Id of the materialisation; the same as in the metadata of its usage.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the materialisation is billed to.',
  recipient_name string comment 'Recipient that caused the materialisation; null when the row belongs to the recipient.',
  provider_name string comment 'Provider of the data; null when the row belongs to the provider.',
  share_name string comment 'Share that the table belongs to.',
  schema_name string comment 'Schema of the table that was materialised.',
  table_name string comment 'Table that was materialised.',
  created_at timestamp comment 'When the materialisation was created.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Materialisations of shared views, materialized views and streaming tables for recipients, one row each.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.sharing_materialization_history (
  sharing_materialization_id string comment 'Id of the materialisation; the same as in the metadata of its usage.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace that the materialisation is billed to.',
  recipient_name string comment 'Recipient that caused the materialisation; null when the row belongs to the recipient.',
  provider_name string comment 'Provider of the data; null when the row belongs to the provider.',
  share_name string comment 'Share that the table belongs to.',
  schema_name string comment 'Schema of the table that was materialised.',
  table_name string comment 'Table that was materialised.',
  created_at timestamp comment 'When the materialisation was created.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of sharing.materialization_history that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.sharing_materialization_history (
    sharing_materialization_id, account_id, workspace_id, recipient_name, provider_name, share_name, schema_name,
    table_name, created_at, _reason, _row_hash, _quarantined_at
)
select
    d.sharing_materialization_id, d.account_id, d.workspace_id, d.recipient_name, d.provider_name, d.share_name,
    d.schema_name, d.table_name, d.created_at,
  d._reason, md5(to_json(struct(d.sharing_materialization_id, d.account_id, d.workspace_id, d.recipient_name, d.provider_name, d.share_name,
    d.schema_name, d.table_name, d.created_at))), current_timestamp()
from (
  select *, case when sharing_materialization_id is null then 'key (sharing_materialization_id) is null' end as _reason
  from system.sharing.materialization_history
) as d
left anti join system_quarantine.sharing_materialization_history as b
  on d.sharing_materialization_id <=> b.sharing_materialization_id
  and struct(d.account_id, d.workspace_id, d.recipient_name, d.provider_name, d.share_name, d.schema_name, d.table_name,
    d.created_at)
  <=> struct(b.account_id, b.workspace_id, b.recipient_name, b.provider_name, b.share_name, b.schema_name, b.table_name,
    b.created_at)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.sharing_materialization_history (
    sharing_materialization_id, account_id, workspace_id, recipient_name, provider_name, share_name, schema_name,
    table_name, created_at, _source_version, _ingested_at, _run_id
)
select
    d.sharing_materialization_id, d.account_id, d.workspace_id, d.recipient_name, d.provider_name, d.share_name,
    d.schema_name, d.table_name, d.created_at,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.sharing.materialization_history
  where not (sharing_materialization_id is null)
) as d
left anti join system_bronze.sharing_materialization_history as b
  on d.sharing_materialization_id <=> b.sharing_materialization_id
  and struct(d.account_id, d.workspace_id, d.recipient_name, d.provider_name, d.share_name, d.schema_name, d.table_name,
    d.created_at)
  <=> struct(b.account_id, b.workspace_id, b.recipient_name, b.provider_name, b.share_name, b.schema_name, b.table_name,
    b.created_at);
