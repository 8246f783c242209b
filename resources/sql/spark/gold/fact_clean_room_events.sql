-- fact_clean_room_events: What was done in and to clean rooms. Which of the metadata columns are filled depends on the event type.
-- One row: one event.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_clean_room_events (
  account_id string comment 'Account that the row belongs to.',
  metastore_id string comment 'Unity Catalog metastore in which the event was recorded.',
  event_id string comment 'Id of the event, unique per row.',
  clean_room_name string comment 'Name of the clean room as its local securable is called.',
  central_clean_room_id string comment 'Id of the central clean room, shared by all collaborators.',
  initiator_global_metastore_id string comment 'Global metastore id of the collaborator who caused the event.',
  event_type string comment 'Kind of the event, for instance CLEAN_ROOM_CREATED or RUN_NOTEBOOK_STARTED.',
  clean_room_created_metadata_collaborators_json string comment 'Field `collaborators` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode string comment 'Field `egress_network_policy.internet_access.restriction_mode` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json string comment 'Field `egress_network_policy.internet_access.allowed_internet_destinations` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  clean_room_created_metadata_compliance_profile_is_enabled boolean comment 'Field `compliance_profile.is_enabled` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  clean_room_created_metadata_compliance_profile_compliance_standards array<string> comment 'Field `compliance_profile.compliance_standards` of `clean_room_created_metadata`: Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  clean_room_deleted_metadata_central_clean_room_id string comment 'Field `central_clean_room_id` of `clean_room_deleted_metadata`: Central id of a clean room that was deleted; null for other events.',
  run_notebook_started_metadata_notebook_name string comment 'Field `notebook_name` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  run_notebook_started_metadata_notebook_checksum string comment 'Field `notebook_checksum` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  run_notebook_started_metadata_run_id string comment 'Field `run_id` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  run_notebook_started_metadata_notebook_etag string comment 'Field `notebook_etag` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  run_notebook_started_metadata_notebook_update_time timestamp comment 'Field `notebook_update_time` of `run_notebook_started_metadata`: Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  run_notebook_completed_metadata_notebook_name string comment 'Field `notebook_name` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_run_id string comment 'Field `run_id` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_state string comment 'Field `state` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_duration_in_seconds int comment 'Field `duration_in_seconds` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_output_schema_name string comment 'Field `output_schema.name` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_output_schema_owner_global_metastore_id string comment 'Field `output_schema.owner_global_metastore_id` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_output_schema_action string comment 'Field `output_schema.action` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_output_schema_expire_time timestamp comment 'Field `output_schema.expire_time` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  run_notebook_completed_metadata_output_schema_assets_added_json string comment 'Field `output_schema.assets_added` of `run_notebook_completed_metadata`: Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  clean_room_assets_updated_metadata_added_assets_json string comment 'Field `added_assets` of `clean_room_assets_updated_metadata`: Assets that were added, updated and removed in one change of the clean room; null for other events.',
  clean_room_assets_updated_metadata_updated_assets_json string comment 'Field `updated_assets` of `clean_room_assets_updated_metadata`: Assets that were added, updated and removed in one change of the clean room; null for other events.',
  clean_room_assets_updated_metadata_removed_assets_json string comment 'Field `removed_assets` of `clean_room_assets_updated_metadata`: Assets that were added, updated and removed in one change of the clean room; null for other events.',
  event_time timestamp comment 'When the event happened.',
  output_schema_deleted_metadata_name string comment 'Field `name` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  output_schema_deleted_metadata_owner_global_metastore_id string comment 'Field `owner_global_metastore_id` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  output_schema_deleted_metadata_action string comment 'Field `action` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  output_schema_deleted_metadata_expire_time timestamp comment 'Field `expire_time` of `output_schema_deleted_metadata`: Name, owner and expiry of an output schema that was deleted; null for other events.',
  initiator_collaborator_alias string comment 'Alias, within the clean room, of the collaborator who caused the event.',
  asset_review_created_metadata_asset_name string comment 'Field `asset_name` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  asset_review_created_metadata_data_object_type string comment 'Field `data_object_type` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  asset_review_created_metadata_review_state string comment 'Field `review_state` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  asset_review_created_metadata_review_sub_reason string comment 'Field `review_sub_reason` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  asset_review_created_metadata_auto_approval_rule_id string comment 'Field `auto_approval_rule_id` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  asset_review_created_metadata_notebook_metadata_etag string comment 'Field `notebook_metadata.etag` of `asset_review_created_metadata`: Asset, state and reason of a review that was submitted; null for other events.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'What was done in and to clean rooms. Which of the metadata columns are filled depends on the event type.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_clean_room_events' as table_name, 'f5d8e71cb3d7796a' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.access_clean_room_events
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
insert overwrite table system_gold.fact_clean_room_events
with
-- Columns of access.clean_room_events: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    metastore_id,
    event_id,
    clean_room_name,
    central_clean_room_id,
    initiator_global_metastore_id,
    event_type,
    to_json(clean_room_created_metadata.collaborators) as clean_room_created_metadata_collaborators_json,
    clean_room_created_metadata.egress_network_policy.internet_access.restriction_mode as clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode,
    to_json(clean_room_created_metadata.egress_network_policy.internet_access.allowed_internet_destinations) as clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json,
    clean_room_created_metadata.compliance_profile.is_enabled as clean_room_created_metadata_compliance_profile_is_enabled,
    clean_room_created_metadata.compliance_profile.compliance_standards as clean_room_created_metadata_compliance_profile_compliance_standards,
    clean_room_deleted_metadata.central_clean_room_id as clean_room_deleted_metadata_central_clean_room_id,
    run_notebook_started_metadata.notebook_name as run_notebook_started_metadata_notebook_name,
    run_notebook_started_metadata.notebook_checksum as run_notebook_started_metadata_notebook_checksum,
    run_notebook_started_metadata.run_id as run_notebook_started_metadata_run_id,
    run_notebook_started_metadata.notebook_etag as run_notebook_started_metadata_notebook_etag,
    run_notebook_started_metadata.notebook_update_time as run_notebook_started_metadata_notebook_update_time,
    run_notebook_completed_metadata.notebook_name as run_notebook_completed_metadata_notebook_name,
    run_notebook_completed_metadata.run_id as run_notebook_completed_metadata_run_id,
    run_notebook_completed_metadata.state as run_notebook_completed_metadata_state,
    run_notebook_completed_metadata.duration_in_seconds as run_notebook_completed_metadata_duration_in_seconds,
    run_notebook_completed_metadata.output_schema.name as run_notebook_completed_metadata_output_schema_name,
    run_notebook_completed_metadata.output_schema.owner_global_metastore_id as run_notebook_completed_metadata_output_schema_owner_global_metastore_id,
    run_notebook_completed_metadata.output_schema.action as run_notebook_completed_metadata_output_schema_action,
    run_notebook_completed_metadata.output_schema.expire_time as run_notebook_completed_metadata_output_schema_expire_time,
    to_json(run_notebook_completed_metadata.output_schema.assets_added) as run_notebook_completed_metadata_output_schema_assets_added_json,
    to_json(clean_room_assets_updated_metadata.added_assets) as clean_room_assets_updated_metadata_added_assets_json,
    to_json(clean_room_assets_updated_metadata.updated_assets) as clean_room_assets_updated_metadata_updated_assets_json,
    to_json(clean_room_assets_updated_metadata.removed_assets) as clean_room_assets_updated_metadata_removed_assets_json,
    event_time,
    output_schema_deleted_metadata.name as output_schema_deleted_metadata_name,
    output_schema_deleted_metadata.owner_global_metastore_id as output_schema_deleted_metadata_owner_global_metastore_id,
    output_schema_deleted_metadata.action as output_schema_deleted_metadata_action,
    output_schema_deleted_metadata.expire_time as output_schema_deleted_metadata_expire_time,
    initiator_collaborator_alias,
    asset_review_created_metadata.asset_name as asset_review_created_metadata_asset_name,
    asset_review_created_metadata.data_object_type as asset_review_created_metadata_data_object_type,
    asset_review_created_metadata.review_state as asset_review_created_metadata_review_state,
    asset_review_created_metadata.review_sub_reason as asset_review_created_metadata_review_sub_reason,
    asset_review_created_metadata.auto_approval_rule_id as asset_review_created_metadata_auto_approval_rule_id,
    asset_review_created_metadata.notebook_metadata.etag as asset_review_created_metadata_notebook_metadata_etag
  from system_bronze.access_clean_room_events
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where event_id is not null
),

-- The latest version of each key by event_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by event_id
    order by event_time desc nulls last, account_id desc nulls last,
      asset_review_created_metadata_asset_name desc nulls last,
      asset_review_created_metadata_auto_approval_rule_id desc nulls last,
      asset_review_created_metadata_data_object_type desc nulls last,
      asset_review_created_metadata_notebook_metadata_etag desc nulls last,
      asset_review_created_metadata_review_state desc nulls last,
      asset_review_created_metadata_review_sub_reason desc nulls last, central_clean_room_id desc nulls last,
      clean_room_assets_updated_metadata_added_assets_json desc nulls last,
      clean_room_assets_updated_metadata_removed_assets_json desc nulls last,
      clean_room_assets_updated_metadata_updated_assets_json desc nulls last,
      clean_room_created_metadata_collaborators_json desc nulls last,
      clean_room_created_metadata_compliance_profile_compliance_standards desc nulls last,
      clean_room_created_metadata_compliance_profile_is_enabled desc nulls last,
      clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json desc nulls last,
      clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode desc nulls last,
      clean_room_deleted_metadata_central_clean_room_id desc nulls last, clean_room_name desc nulls last,
      event_type desc nulls last, initiator_collaborator_alias desc nulls last,
      initiator_global_metastore_id desc nulls last, metastore_id desc nulls last,
      output_schema_deleted_metadata_action desc nulls last,
      output_schema_deleted_metadata_expire_time desc nulls last,
      output_schema_deleted_metadata_name desc nulls last,
      output_schema_deleted_metadata_owner_global_metastore_id desc nulls last,
      run_notebook_completed_metadata_duration_in_seconds desc nulls last,
      run_notebook_completed_metadata_notebook_name desc nulls last,
      run_notebook_completed_metadata_output_schema_action desc nulls last,
      run_notebook_completed_metadata_output_schema_assets_added_json desc nulls last,
      run_notebook_completed_metadata_output_schema_expire_time desc nulls last,
      run_notebook_completed_metadata_output_schema_name desc nulls last,
      run_notebook_completed_metadata_output_schema_owner_global_metastore_id desc nulls last,
      run_notebook_completed_metadata_run_id desc nulls last, run_notebook_completed_metadata_state desc nulls last,
      run_notebook_started_metadata_notebook_checksum desc nulls last,
      run_notebook_started_metadata_notebook_etag desc nulls last,
      run_notebook_started_metadata_notebook_name desc nulls last,
      run_notebook_started_metadata_notebook_update_time desc nulls last,
      run_notebook_started_metadata_run_id desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key
  from latest as f
)
select
  account_id,
  metastore_id,
  event_id,
  clean_room_name,
  central_clean_room_id,
  initiator_global_metastore_id,
  event_type,
  clean_room_created_metadata_collaborators_json,
  clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode,
  clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json,
  clean_room_created_metadata_compliance_profile_is_enabled,
  clean_room_created_metadata_compliance_profile_compliance_standards,
  clean_room_deleted_metadata_central_clean_room_id,
  run_notebook_started_metadata_notebook_name,
  run_notebook_started_metadata_notebook_checksum,
  run_notebook_started_metadata_run_id,
  run_notebook_started_metadata_notebook_etag,
  run_notebook_started_metadata_notebook_update_time,
  run_notebook_completed_metadata_notebook_name,
  run_notebook_completed_metadata_run_id,
  run_notebook_completed_metadata_state,
  run_notebook_completed_metadata_duration_in_seconds,
  run_notebook_completed_metadata_output_schema_name,
  run_notebook_completed_metadata_output_schema_owner_global_metastore_id,
  run_notebook_completed_metadata_output_schema_action,
  run_notebook_completed_metadata_output_schema_expire_time,
  run_notebook_completed_metadata_output_schema_assets_added_json,
  clean_room_assets_updated_metadata_added_assets_json,
  clean_room_assets_updated_metadata_updated_assets_json,
  clean_room_assets_updated_metadata_removed_assets_json,
  event_time,
  output_schema_deleted_metadata_name,
  output_schema_deleted_metadata_owner_global_metastore_id,
  output_schema_deleted_metadata_action,
  output_schema_deleted_metadata_expire_time,
  initiator_collaborator_alias,
  asset_review_created_metadata_asset_name,
  asset_review_created_metadata_data_object_type,
  asset_review_created_metadata_review_state,
  asset_review_created_metadata_review_sub_reason,
  asset_review_created_metadata_auto_approval_rule_id,
  asset_review_created_metadata_notebook_metadata_etag,
  date_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_clean_room_events as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select event_id
    from system_bronze.access_clean_room_events
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_clean_room_events')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct event_id
    from (
      select * from arrived
    )
    where event_id is not null
  ),

  -- Columns of access.clean_room_events: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      metastore_id,
      event_id,
      clean_room_name,
      central_clean_room_id,
      initiator_global_metastore_id,
      event_type,
      to_json(clean_room_created_metadata.collaborators) as clean_room_created_metadata_collaborators_json,
      clean_room_created_metadata.egress_network_policy.internet_access.restriction_mode as clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode,
      to_json(clean_room_created_metadata.egress_network_policy.internet_access.allowed_internet_destinations) as clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json,
      clean_room_created_metadata.compliance_profile.is_enabled as clean_room_created_metadata_compliance_profile_is_enabled,
      clean_room_created_metadata.compliance_profile.compliance_standards as clean_room_created_metadata_compliance_profile_compliance_standards,
      clean_room_deleted_metadata.central_clean_room_id as clean_room_deleted_metadata_central_clean_room_id,
      run_notebook_started_metadata.notebook_name as run_notebook_started_metadata_notebook_name,
      run_notebook_started_metadata.notebook_checksum as run_notebook_started_metadata_notebook_checksum,
      run_notebook_started_metadata.run_id as run_notebook_started_metadata_run_id,
      run_notebook_started_metadata.notebook_etag as run_notebook_started_metadata_notebook_etag,
      run_notebook_started_metadata.notebook_update_time as run_notebook_started_metadata_notebook_update_time,
      run_notebook_completed_metadata.notebook_name as run_notebook_completed_metadata_notebook_name,
      run_notebook_completed_metadata.run_id as run_notebook_completed_metadata_run_id,
      run_notebook_completed_metadata.state as run_notebook_completed_metadata_state,
      run_notebook_completed_metadata.duration_in_seconds as run_notebook_completed_metadata_duration_in_seconds,
      run_notebook_completed_metadata.output_schema.name as run_notebook_completed_metadata_output_schema_name,
      run_notebook_completed_metadata.output_schema.owner_global_metastore_id as run_notebook_completed_metadata_output_schema_owner_global_metastore_id,
      run_notebook_completed_metadata.output_schema.action as run_notebook_completed_metadata_output_schema_action,
      run_notebook_completed_metadata.output_schema.expire_time as run_notebook_completed_metadata_output_schema_expire_time,
      to_json(run_notebook_completed_metadata.output_schema.assets_added) as run_notebook_completed_metadata_output_schema_assets_added_json,
      to_json(clean_room_assets_updated_metadata.added_assets) as clean_room_assets_updated_metadata_added_assets_json,
      to_json(clean_room_assets_updated_metadata.updated_assets) as clean_room_assets_updated_metadata_updated_assets_json,
      to_json(clean_room_assets_updated_metadata.removed_assets) as clean_room_assets_updated_metadata_removed_assets_json,
      event_time,
      output_schema_deleted_metadata.name as output_schema_deleted_metadata_name,
      output_schema_deleted_metadata.owner_global_metastore_id as output_schema_deleted_metadata_owner_global_metastore_id,
      output_schema_deleted_metadata.action as output_schema_deleted_metadata_action,
      output_schema_deleted_metadata.expire_time as output_schema_deleted_metadata_expire_time,
      initiator_collaborator_alias,
      asset_review_created_metadata.asset_name as asset_review_created_metadata_asset_name,
      asset_review_created_metadata.data_object_type as asset_review_created_metadata_data_object_type,
      asset_review_created_metadata.review_state as asset_review_created_metadata_review_state,
      asset_review_created_metadata.review_sub_reason as asset_review_created_metadata_review_sub_reason,
      asset_review_created_metadata.auto_approval_rule_id as asset_review_created_metadata_auto_approval_rule_id,
      asset_review_created_metadata.notebook_metadata.etag as asset_review_created_metadata_notebook_metadata_etag
    from system_bronze.access_clean_room_events
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.event_id <=> a.event_id
    where c.event_id is not null
  ),

  -- The latest version of each key by event_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by event_id
      order by event_time desc nulls last, account_id desc nulls last,
        asset_review_created_metadata_asset_name desc nulls last,
        asset_review_created_metadata_auto_approval_rule_id desc nulls last,
        asset_review_created_metadata_data_object_type desc nulls last,
        asset_review_created_metadata_notebook_metadata_etag desc nulls last,
        asset_review_created_metadata_review_state desc nulls last,
        asset_review_created_metadata_review_sub_reason desc nulls last, central_clean_room_id desc nulls last,
        clean_room_assets_updated_metadata_added_assets_json desc nulls last,
        clean_room_assets_updated_metadata_removed_assets_json desc nulls last,
        clean_room_assets_updated_metadata_updated_assets_json desc nulls last,
        clean_room_created_metadata_collaborators_json desc nulls last,
        clean_room_created_metadata_compliance_profile_compliance_standards desc nulls last,
        clean_room_created_metadata_compliance_profile_is_enabled desc nulls last,
        clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json desc nulls last,
        clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode desc nulls last,
        clean_room_deleted_metadata_central_clean_room_id desc nulls last, clean_room_name desc nulls last,
        event_type desc nulls last, initiator_collaborator_alias desc nulls last,
        initiator_global_metastore_id desc nulls last, metastore_id desc nulls last,
        output_schema_deleted_metadata_action desc nulls last,
        output_schema_deleted_metadata_expire_time desc nulls last,
        output_schema_deleted_metadata_name desc nulls last,
        output_schema_deleted_metadata_owner_global_metastore_id desc nulls last,
        run_notebook_completed_metadata_duration_in_seconds desc nulls last,
        run_notebook_completed_metadata_notebook_name desc nulls last,
        run_notebook_completed_metadata_output_schema_action desc nulls last,
        run_notebook_completed_metadata_output_schema_assets_added_json desc nulls last,
        run_notebook_completed_metadata_output_schema_expire_time desc nulls last,
        run_notebook_completed_metadata_output_schema_name desc nulls last,
        run_notebook_completed_metadata_output_schema_owner_global_metastore_id desc nulls last,
        run_notebook_completed_metadata_run_id desc nulls last, run_notebook_completed_metadata_state desc nulls last,
        run_notebook_started_metadata_notebook_checksum desc nulls last,
        run_notebook_started_metadata_notebook_etag desc nulls last,
        run_notebook_started_metadata_notebook_name desc nulls last,
        run_notebook_started_metadata_notebook_update_time desc nulls last,
        run_notebook_started_metadata_run_id desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key
    from latest as f
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      metastore_id,
      event_id,
      clean_room_name,
      central_clean_room_id,
      initiator_global_metastore_id,
      event_type,
      clean_room_created_metadata_collaborators_json,
      clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode,
      clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json,
      clean_room_created_metadata_compliance_profile_is_enabled,
      clean_room_created_metadata_compliance_profile_compliance_standards,
      clean_room_deleted_metadata_central_clean_room_id,
      run_notebook_started_metadata_notebook_name,
      run_notebook_started_metadata_notebook_checksum,
      run_notebook_started_metadata_run_id,
      run_notebook_started_metadata_notebook_etag,
      run_notebook_started_metadata_notebook_update_time,
      run_notebook_completed_metadata_notebook_name,
      run_notebook_completed_metadata_run_id,
      run_notebook_completed_metadata_state,
      run_notebook_completed_metadata_duration_in_seconds,
      run_notebook_completed_metadata_output_schema_name,
      run_notebook_completed_metadata_output_schema_owner_global_metastore_id,
      run_notebook_completed_metadata_output_schema_action,
      run_notebook_completed_metadata_output_schema_expire_time,
      run_notebook_completed_metadata_output_schema_assets_added_json,
      clean_room_assets_updated_metadata_added_assets_json,
      clean_room_assets_updated_metadata_updated_assets_json,
      clean_room_assets_updated_metadata_removed_assets_json,
      event_time,
      output_schema_deleted_metadata_name,
      output_schema_deleted_metadata_owner_global_metastore_id,
      output_schema_deleted_metadata_action,
      output_schema_deleted_metadata_expire_time,
      initiator_collaborator_alias,
      asset_review_created_metadata_asset_name,
      asset_review_created_metadata_data_object_type,
      asset_review_created_metadata_review_state,
      asset_review_created_metadata_review_sub_reason,
      asset_review_created_metadata_auto_approval_rule_id,
      asset_review_created_metadata_notebook_metadata_etag,
      date_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.metastore_id, c.event_id, c.clean_room_name, c.central_clean_room_id,
      c.initiator_global_metastore_id, c.event_type, c.clean_room_created_metadata_collaborators_json,
      c.clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode,
      c.clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json,
      c.clean_room_created_metadata_compliance_profile_is_enabled,
      c.clean_room_created_metadata_compliance_profile_compliance_standards,
      c.clean_room_deleted_metadata_central_clean_room_id, c.run_notebook_started_metadata_notebook_name,
      c.run_notebook_started_metadata_notebook_checksum, c.run_notebook_started_metadata_run_id,
      c.run_notebook_started_metadata_notebook_etag, c.run_notebook_started_metadata_notebook_update_time,
      c.run_notebook_completed_metadata_notebook_name, c.run_notebook_completed_metadata_run_id,
      c.run_notebook_completed_metadata_state, c.run_notebook_completed_metadata_duration_in_seconds,
      c.run_notebook_completed_metadata_output_schema_name,
      c.run_notebook_completed_metadata_output_schema_owner_global_metastore_id,
      c.run_notebook_completed_metadata_output_schema_action,
      c.run_notebook_completed_metadata_output_schema_expire_time,
      c.run_notebook_completed_metadata_output_schema_assets_added_json,
      c.clean_room_assets_updated_metadata_added_assets_json,
      c.clean_room_assets_updated_metadata_updated_assets_json,
      c.clean_room_assets_updated_metadata_removed_assets_json, c.event_time, c.output_schema_deleted_metadata_name,
      c.output_schema_deleted_metadata_owner_global_metastore_id, c.output_schema_deleted_metadata_action,
      c.output_schema_deleted_metadata_expire_time, c.initiator_collaborator_alias,
      c.asset_review_created_metadata_asset_name, c.asset_review_created_metadata_data_object_type,
      c.asset_review_created_metadata_review_state, c.asset_review_created_metadata_review_sub_reason,
      c.asset_review_created_metadata_auto_approval_rule_id, c.asset_review_created_metadata_notebook_metadata_etag,
      c.date_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_clean_room_events
  ) as h on h.event_id <=> c.event_id
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.metastore_id <=> c.metastore_id and h.event_id <=> c.event_id
      and h.clean_room_name <=> c.clean_room_name and h.central_clean_room_id <=> c.central_clean_room_id
      and h.initiator_global_metastore_id <=> c.initiator_global_metastore_id and h.event_type <=> c.event_type
      and h.clean_room_created_metadata_collaborators_json <=> c.clean_room_created_metadata_collaborators_json
      and h.clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode <=> c.clean_room_created_metadata_egress_network_policy_internet_access_restriction_mode
      and h.clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json <=> c.clean_room_created_metadata_egress_network_policy_internet_access_allowed_internet_destinations_json
      and h.clean_room_created_metadata_compliance_profile_is_enabled <=> c.clean_room_created_metadata_compliance_profile_is_enabled
      and h.clean_room_created_metadata_compliance_profile_compliance_standards <=> c.clean_room_created_metadata_compliance_profile_compliance_standards
      and h.clean_room_deleted_metadata_central_clean_room_id <=> c.clean_room_deleted_metadata_central_clean_room_id
      and h.run_notebook_started_metadata_notebook_name <=> c.run_notebook_started_metadata_notebook_name
      and h.run_notebook_started_metadata_notebook_checksum <=> c.run_notebook_started_metadata_notebook_checksum
      and h.run_notebook_started_metadata_run_id <=> c.run_notebook_started_metadata_run_id
      and h.run_notebook_started_metadata_notebook_etag <=> c.run_notebook_started_metadata_notebook_etag
      and h.run_notebook_started_metadata_notebook_update_time <=> c.run_notebook_started_metadata_notebook_update_time
      and h.run_notebook_completed_metadata_notebook_name <=> c.run_notebook_completed_metadata_notebook_name
      and h.run_notebook_completed_metadata_run_id <=> c.run_notebook_completed_metadata_run_id
      and h.run_notebook_completed_metadata_state <=> c.run_notebook_completed_metadata_state
      and h.run_notebook_completed_metadata_duration_in_seconds <=> c.run_notebook_completed_metadata_duration_in_seconds
      and h.run_notebook_completed_metadata_output_schema_name <=> c.run_notebook_completed_metadata_output_schema_name
      and h.run_notebook_completed_metadata_output_schema_owner_global_metastore_id <=> c.run_notebook_completed_metadata_output_schema_owner_global_metastore_id
      and h.run_notebook_completed_metadata_output_schema_action <=> c.run_notebook_completed_metadata_output_schema_action
      and h.run_notebook_completed_metadata_output_schema_expire_time <=> c.run_notebook_completed_metadata_output_schema_expire_time
      and h.run_notebook_completed_metadata_output_schema_assets_added_json <=> c.run_notebook_completed_metadata_output_schema_assets_added_json
      and h.clean_room_assets_updated_metadata_added_assets_json <=> c.clean_room_assets_updated_metadata_added_assets_json
      and h.clean_room_assets_updated_metadata_updated_assets_json <=> c.clean_room_assets_updated_metadata_updated_assets_json
      and h.clean_room_assets_updated_metadata_removed_assets_json <=> c.clean_room_assets_updated_metadata_removed_assets_json
      and h.event_time <=> c.event_time
      and h.output_schema_deleted_metadata_name <=> c.output_schema_deleted_metadata_name
      and h.output_schema_deleted_metadata_owner_global_metastore_id <=> c.output_schema_deleted_metadata_owner_global_metastore_id
      and h.output_schema_deleted_metadata_action <=> c.output_schema_deleted_metadata_action
      and h.output_schema_deleted_metadata_expire_time <=> c.output_schema_deleted_metadata_expire_time
      and h.initiator_collaborator_alias <=> c.initiator_collaborator_alias
      and h.asset_review_created_metadata_asset_name <=> c.asset_review_created_metadata_asset_name
      and h.asset_review_created_metadata_data_object_type <=> c.asset_review_created_metadata_data_object_type
      and h.asset_review_created_metadata_review_state <=> c.asset_review_created_metadata_review_state
      and h.asset_review_created_metadata_review_sub_reason <=> c.asset_review_created_metadata_review_sub_reason
      and h.asset_review_created_metadata_auto_approval_rule_id <=> c.asset_review_created_metadata_auto_approval_rule_id
      and h.asset_review_created_metadata_notebook_metadata_etag <=> c.asset_review_created_metadata_notebook_metadata_etag
      and h.date_key <=> c.date_key
  ) else true end
) as s
on t.event_id <=> s.event_id
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_clean_room_events' and not (`position` <=> next_position);
