-- access.clean_room_events: What was done in and to clean rooms. Which of the metadata columns is filled depends on the event type.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.access_clean_room_events (
  account_id string comment 'Account that the row belongs to.',
  metastore_id string comment 'Unity Catalog metastore in which the event was recorded.',
  event_id string comment 'Id of the event, unique per row.',
  clean_room_name string comment 'Name of the clean room as its local securable is called.',
  central_clean_room_id string comment 'Id of the central clean room, shared by all collaborators.',
  initiator_global_metastore_id string comment 'Global metastore id of the collaborator who caused the event.',
  event_type string comment 'Kind of the event, for instance CLEAN_ROOM_CREATED or RUN_NOTEBOOK_STARTED.',
  clean_room_created_metadata struct<collaborators:array<struct<collaborator_global_metastore_id:string,collaborator_alias:string>>,egress_network_policy:struct<internet_access:struct<restriction_mode:string,allowed_internet_destinations:array<struct<destination:string,type:string,protocol:string>>>>,compliance_profile:struct<is_enabled:boolean,compliance_standards:array<string>>> comment 'Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  clean_room_deleted_metadata struct<central_clean_room_id:string> comment 'Central id of a clean room that was deleted; null for other events.',
  run_notebook_started_metadata struct<notebook_name:string,notebook_checksum:string,run_id:string,notebook_etag:string,notebook_update_time:timestamp> comment 'Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  run_notebook_completed_metadata struct<notebook_name:string,run_id:string,state:string,duration_in_seconds:int,output_schema:struct<name:string,owner_global_metastore_id:string,action:string,expire_time:timestamp,assets_added:array<struct<name:string,data_object_type:string>>>> comment 'Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  clean_room_assets_updated_metadata struct<added_assets:array<struct<data_object_type:string,catalog:string,name:string,notebook_metadata:struct<etag:string,checksum:string,runner_collaborator_aliases:array<string>>>>,updated_assets:array<struct<data_object_type:string,catalog:string,name:string,notebook_metadata:struct<etag:string,checksum:string,runner_collaborator_aliases:array<string>>>>,removed_assets:array<struct<data_object_type:string,catalog:string,name:string,notebook_metadata:struct<etag:string,checksum:string,runner_collaborator_aliases:array<string>>>>> comment 'Assets that were added, updated and removed in one change of the clean room; null for other events.',
  event_time timestamp comment 'When the event happened.',
  output_schema_deleted_metadata struct<name:string,owner_global_metastore_id:string,action:string,expire_time:timestamp> comment 'Name, owner and expiry of an output schema that was deleted; null for other events.',
  initiator_collaborator_alias string comment 'Alias, within the clean room, of the collaborator who caused the event.',
  asset_review_created_metadata struct<asset_name:string,data_object_type:string,review_state:string,review_sub_reason:string,auto_approval_rule_id:string,notebook_metadata:struct<etag:string>> comment 'Asset, state and reason of a review that was submitted; null for other events.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'What was done in and to clean rooms. Which of the metadata columns is filled depends on the event type.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.access_clean_room_events (
  account_id string comment 'Account that the row belongs to.',
  metastore_id string comment 'Unity Catalog metastore in which the event was recorded.',
  event_id string comment 'Id of the event, unique per row.',
  clean_room_name string comment 'Name of the clean room as its local securable is called.',
  central_clean_room_id string comment 'Id of the central clean room, shared by all collaborators.',
  initiator_global_metastore_id string comment 'Global metastore id of the collaborator who caused the event.',
  event_type string comment 'Kind of the event, for instance CLEAN_ROOM_CREATED or RUN_NOTEBOOK_STARTED.',
  clean_room_created_metadata struct<collaborators:array<struct<collaborator_global_metastore_id:string,collaborator_alias:string>>,egress_network_policy:struct<internet_access:struct<restriction_mode:string,allowed_internet_destinations:array<struct<destination:string,type:string,protocol:string>>>>,compliance_profile:struct<is_enabled:boolean,compliance_standards:array<string>>> comment 'Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  clean_room_deleted_metadata struct<central_clean_room_id:string> comment 'Central id of a clean room that was deleted; null for other events.',
  run_notebook_started_metadata struct<notebook_name:string,notebook_checksum:string,run_id:string,notebook_etag:string,notebook_update_time:timestamp> comment 'Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  run_notebook_completed_metadata struct<notebook_name:string,run_id:string,state:string,duration_in_seconds:int,output_schema:struct<name:string,owner_global_metastore_id:string,action:string,expire_time:timestamp,assets_added:array<struct<name:string,data_object_type:string>>>> comment 'Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  clean_room_assets_updated_metadata struct<added_assets:array<struct<data_object_type:string,catalog:string,name:string,notebook_metadata:struct<etag:string,checksum:string,runner_collaborator_aliases:array<string>>>>,updated_assets:array<struct<data_object_type:string,catalog:string,name:string,notebook_metadata:struct<etag:string,checksum:string,runner_collaborator_aliases:array<string>>>>,removed_assets:array<struct<data_object_type:string,catalog:string,name:string,notebook_metadata:struct<etag:string,checksum:string,runner_collaborator_aliases:array<string>>>>> comment 'Assets that were added, updated and removed in one change of the clean room; null for other events.',
  event_time timestamp comment 'When the event happened.',
  output_schema_deleted_metadata struct<name:string,owner_global_metastore_id:string,action:string,expire_time:timestamp> comment 'Name, owner and expiry of an output schema that was deleted; null for other events.',
  initiator_collaborator_alias string comment 'Alias, within the clean room, of the collaborator who caused the event.',
  asset_review_created_metadata struct<asset_name:string,data_object_type:string,review_state:string,review_sub_reason:string,auto_approval_rule_id:string,notebook_metadata:struct<etag:string>> comment 'Asset, state and reason of a review that was submitted; null for other events.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of access.clean_room_events that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.access_clean_room_events (
    account_id, metastore_id, event_id, clean_room_name, central_clean_room_id, initiator_global_metastore_id,
    event_type, clean_room_created_metadata, clean_room_deleted_metadata, run_notebook_started_metadata,
    run_notebook_completed_metadata, clean_room_assets_updated_metadata, event_time,
    output_schema_deleted_metadata, initiator_collaborator_alias, asset_review_created_metadata, _reason,
    _row_hash, _quarantined_at
)
select
    d.account_id, d.metastore_id, d.event_id, d.clean_room_name, d.central_clean_room_id,
    d.initiator_global_metastore_id, d.event_type, d.clean_room_created_metadata, d.clean_room_deleted_metadata,
    d.run_notebook_started_metadata, d.run_notebook_completed_metadata, d.clean_room_assets_updated_metadata,
    d.event_time, d.output_schema_deleted_metadata, d.initiator_collaborator_alias,
    d.asset_review_created_metadata,
  d._reason, md5(to_json(struct(d.account_id, d.metastore_id, d.event_id, d.clean_room_name, d.central_clean_room_id,
    d.initiator_global_metastore_id, d.event_type, d.clean_room_created_metadata, d.clean_room_deleted_metadata,
    d.run_notebook_started_metadata, d.run_notebook_completed_metadata, d.clean_room_assets_updated_metadata,
    d.event_time, d.output_schema_deleted_metadata, d.initiator_collaborator_alias,
    d.asset_review_created_metadata))), current_timestamp()
from (
  select *, case when event_id is null then 'key (event_id) is null' end as _reason
  from system.access.clean_room_events
) as d
left anti join system_quarantine.access_clean_room_events as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.metastore_id, d.clean_room_name, d.central_clean_room_id, d.initiator_global_metastore_id,
    d.event_type, d.clean_room_created_metadata, d.clean_room_deleted_metadata, d.run_notebook_started_metadata,
    d.run_notebook_completed_metadata, d.clean_room_assets_updated_metadata, d.event_time,
    d.output_schema_deleted_metadata, d.initiator_collaborator_alias, d.asset_review_created_metadata)
  <=> struct(b.account_id, b.metastore_id, b.clean_room_name, b.central_clean_room_id, b.initiator_global_metastore_id,
    b.event_type, b.clean_room_created_metadata, b.clean_room_deleted_metadata, b.run_notebook_started_metadata,
    b.run_notebook_completed_metadata, b.clean_room_assets_updated_metadata, b.event_time,
    b.output_schema_deleted_metadata, b.initiator_collaborator_alias, b.asset_review_created_metadata)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.access_clean_room_events (
    account_id, metastore_id, event_id, clean_room_name, central_clean_room_id, initiator_global_metastore_id,
    event_type, clean_room_created_metadata, clean_room_deleted_metadata, run_notebook_started_metadata,
    run_notebook_completed_metadata, clean_room_assets_updated_metadata, event_time,
    output_schema_deleted_metadata, initiator_collaborator_alias, asset_review_created_metadata, _source_version,
    _ingested_at, _run_id
)
select
    d.account_id, d.metastore_id, d.event_id, d.clean_room_name, d.central_clean_room_id,
    d.initiator_global_metastore_id, d.event_type, d.clean_room_created_metadata, d.clean_room_deleted_metadata,
    d.run_notebook_started_metadata, d.run_notebook_completed_metadata, d.clean_room_assets_updated_metadata,
    d.event_time, d.output_schema_deleted_metadata, d.initiator_collaborator_alias,
    d.asset_review_created_metadata,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.access.clean_room_events
  where not (event_id is null)
) as d
left anti join system_bronze.access_clean_room_events as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.metastore_id, d.clean_room_name, d.central_clean_room_id, d.initiator_global_metastore_id,
    d.event_type, d.clean_room_created_metadata, d.clean_room_deleted_metadata, d.run_notebook_started_metadata,
    d.run_notebook_completed_metadata, d.clean_room_assets_updated_metadata, d.event_time,
    d.output_schema_deleted_metadata, d.initiator_collaborator_alias, d.asset_review_created_metadata)
  <=> struct(b.account_id, b.metastore_id, b.clean_room_name, b.central_clean_room_id, b.initiator_global_metastore_id,
    b.event_type, b.clean_room_created_metadata, b.clean_room_deleted_metadata, b.run_notebook_started_metadata,
    b.run_notebook_completed_metadata, b.clean_room_assets_updated_metadata, b.event_time,
    b.output_schema_deleted_metadata, b.initiator_collaborator_alias, b.asset_review_created_metadata);
