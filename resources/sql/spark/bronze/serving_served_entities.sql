-- serving.served_entities: Models and functions behind serving endpoints, one row per change.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.serving_served_entities (
  served_entity_id string comment 'Id of the served entity.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the serving endpoint.',
  created_by string comment 'Principal that created the served entity.',
  endpoint_name string comment 'Name of the serving endpoint.',
  endpoint_id string comment 'Id of the serving endpoint.',
  served_entity_name string comment 'Name of the served entity within its endpoint.',
  entity_type string comment 'Kind of the entity, for instance CUSTOM_MODEL, FOUNDATION_MODEL, EXTERNAL_MODEL or FEATURE_SPEC.',
  entity_name string comment 'Name of what is served, for instance the full name of a model in Unity Catalog.',
  entity_version string comment 'Version of what is served; null when it has none.',
  endpoint_config_version int comment 'Version of the configuration of the endpoint that the row belongs to.',
  task string comment 'Task of the model, for instance llm/v1/chat or llm/v1/embeddings; null when it has none.',
  external_model_config struct<provider:string> comment 'Provider of an external model; null for other kinds.',
  foundation_model_config struct<min_provisioned_throughput:bigint,max_provisioned_throughput:bigint> comment 'Bounds of the provisioned throughput of a foundation model; null for other kinds.',
  custom_model_config struct<min_concurrency:int,max_concurrency:int,compute_type:string> comment 'Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  feature_spec_config struct<min_concurrency:int,max_concurrency:int,compute_type:string> comment 'Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  change_time timestamp comment 'When the served entity changed; orders the rows of an entity.',
  endpoint_delete_time timestamp comment 'When the endpoint was deleted; null while it exists.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Models and functions behind serving endpoints, one row per change.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.serving_served_entities (
  served_entity_id string comment 'Id of the served entity.',
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the serving endpoint.',
  created_by string comment 'Principal that created the served entity.',
  endpoint_name string comment 'Name of the serving endpoint.',
  endpoint_id string comment 'Id of the serving endpoint.',
  served_entity_name string comment 'Name of the served entity within its endpoint.',
  entity_type string comment 'Kind of the entity, for instance CUSTOM_MODEL, FOUNDATION_MODEL, EXTERNAL_MODEL or FEATURE_SPEC.',
  entity_name string comment 'Name of what is served, for instance the full name of a model in Unity Catalog.',
  entity_version string comment 'Version of what is served; null when it has none.',
  endpoint_config_version int comment 'Version of the configuration of the endpoint that the row belongs to.',
  task string comment 'Task of the model, for instance llm/v1/chat or llm/v1/embeddings; null when it has none.',
  external_model_config struct<provider:string> comment 'Provider of an external model; null for other kinds.',
  foundation_model_config struct<min_provisioned_throughput:bigint,max_provisioned_throughput:bigint> comment 'Bounds of the provisioned throughput of a foundation model; null for other kinds.',
  custom_model_config struct<min_concurrency:int,max_concurrency:int,compute_type:string> comment 'Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  feature_spec_config struct<min_concurrency:int,max_concurrency:int,compute_type:string> comment 'Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  change_time timestamp comment 'When the served entity changed; orders the rows of an entity.',
  endpoint_delete_time timestamp comment 'When the endpoint was deleted; null while it exists.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of serving.served_entities that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.serving_served_entities (
    served_entity_id, account_id, workspace_id, created_by, endpoint_name, endpoint_id, served_entity_name,
    entity_type, entity_name, entity_version, endpoint_config_version, task, external_model_config,
    foundation_model_config, custom_model_config, feature_spec_config, change_time, endpoint_delete_time, _reason,
    _row_hash, _quarantined_at
)
select
    d.served_entity_id, d.account_id, d.workspace_id, d.created_by, d.endpoint_name, d.endpoint_id,
    d.served_entity_name, d.entity_type, d.entity_name, d.entity_version, d.endpoint_config_version, d.task,
    d.external_model_config, d.foundation_model_config, d.custom_model_config, d.feature_spec_config,
    d.change_time, d.endpoint_delete_time,
  d._reason, md5(to_json(struct(d.served_entity_id, d.account_id, d.workspace_id, d.created_by, d.endpoint_name, d.endpoint_id,
    d.served_entity_name, d.entity_type, d.entity_name, d.entity_version, d.endpoint_config_version, d.task,
    d.external_model_config, d.foundation_model_config, d.custom_model_config, d.feature_spec_config,
    d.change_time, d.endpoint_delete_time))), current_timestamp()
from (
  select *, case when served_entity_id is null and change_time is null then 'key (served_entity_id, change_time) is null' when served_entity_id is null then 'key (served_entity_id) is null' when change_time is null then 'change time change_time is null' end as _reason
  from system.serving.served_entities
) as d
left anti join system_quarantine.serving_served_entities as b
  on d.served_entity_id <=> b.served_entity_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.workspace_id, d.created_by, d.endpoint_name, d.endpoint_id, d.served_entity_name,
    d.entity_type, d.entity_name, d.entity_version, d.endpoint_config_version, d.task, d.external_model_config,
    d.foundation_model_config, d.custom_model_config, d.feature_spec_config, d.endpoint_delete_time)
  <=> struct(b.account_id, b.workspace_id, b.created_by, b.endpoint_name, b.endpoint_id, b.served_entity_name,
    b.entity_type, b.entity_name, b.entity_version, b.endpoint_config_version, b.task, b.external_model_config,
    b.foundation_model_config, b.custom_model_config, b.feature_spec_config, b.endpoint_delete_time)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.serving_served_entities (
    served_entity_id, account_id, workspace_id, created_by, endpoint_name, endpoint_id, served_entity_name,
    entity_type, entity_name, entity_version, endpoint_config_version, task, external_model_config,
    foundation_model_config, custom_model_config, feature_spec_config, change_time, endpoint_delete_time,
    _source_version, _ingested_at, _run_id
)
select
    d.served_entity_id, d.account_id, d.workspace_id, d.created_by, d.endpoint_name, d.endpoint_id,
    d.served_entity_name, d.entity_type, d.entity_name, d.entity_version, d.endpoint_config_version, d.task,
    d.external_model_config, d.foundation_model_config, d.custom_model_config, d.feature_spec_config,
    d.change_time, d.endpoint_delete_time,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.serving.served_entities
  where not (served_entity_id is null and change_time is null)
    and not (served_entity_id is null)
    and not (change_time is null)
) as d
left anti join system_bronze.serving_served_entities as b
  on d.served_entity_id <=> b.served_entity_id and d.change_time <=> b.change_time
  and struct(d.account_id, d.workspace_id, d.created_by, d.endpoint_name, d.endpoint_id, d.served_entity_name,
    d.entity_type, d.entity_name, d.entity_version, d.endpoint_config_version, d.task, d.external_model_config,
    d.foundation_model_config, d.custom_model_config, d.feature_spec_config, d.endpoint_delete_time)
  <=> struct(b.account_id, b.workspace_id, b.created_by, b.endpoint_name, b.endpoint_id, b.served_entity_name,
    b.entity_type, b.entity_name, b.entity_version, b.endpoint_config_version, b.task, b.external_model_config,
    b.foundation_model_config, b.custom_model_config, b.feature_spec_config, b.endpoint_delete_time);
