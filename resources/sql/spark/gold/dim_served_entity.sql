-- dim_served_entity: Models and functions behind serving endpoints with the history of their configurations.
-- One row: one version of a served entity.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_served_entity (
  served_entity_key bigint not null comment 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
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
  external_model_config_provider string comment 'Field `provider` of `external_model_config`: Provider of an external model; null for other kinds.',
  foundation_model_config_min_provisioned_throughput bigint comment 'Field `min_provisioned_throughput` of `foundation_model_config`: Bounds of the provisioned throughput of a foundation model; null for other kinds.',
  foundation_model_config_max_provisioned_throughput bigint comment 'Field `max_provisioned_throughput` of `foundation_model_config`: Bounds of the provisioned throughput of a foundation model; null for other kinds.',
  custom_model_config_min_concurrency int comment 'Field `min_concurrency` of `custom_model_config`: Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  custom_model_config_max_concurrency int comment 'Field `max_concurrency` of `custom_model_config`: Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  custom_model_config_compute_type string comment 'Field `compute_type` of `custom_model_config`: Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  feature_spec_config_min_concurrency int comment 'Field `min_concurrency` of `feature_spec_config`: Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  feature_spec_config_max_concurrency int comment 'Field `max_concurrency` of `feature_spec_config`: Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  feature_spec_config_compute_type string comment 'Field `compute_type` of `feature_spec_config`: Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  change_time timestamp comment 'When the served entity changed; orders the rows of an entity.',
  endpoint_delete_time timestamp comment 'When the endpoint was deleted; null while it exists.',
  valid_from timestamp not null comment 'First instant of the version.',
  valid_to timestamp comment 'First instant after the version; null while it is open.',
  is_current boolean not null comment 'Whether the version is open.',
  is_deleted boolean not null comment 'Whether endpoint_delete_time is set in this version.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Models and functions behind serving endpoints with the history of their configurations.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_served_entity' as table_name, '4f894bd19b1d9df3' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.serving_served_entities
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
insert overwrite table system_gold.dim_served_entity
with
-- Columns of serving.served_entities: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    served_entity_id,
    account_id,
    workspace_id,
    created_by,
    endpoint_name,
    endpoint_id,
    served_entity_name,
    entity_type,
    entity_name,
    entity_version,
    endpoint_config_version,
    task,
    external_model_config.provider as external_model_config_provider,
    foundation_model_config.min_provisioned_throughput as foundation_model_config_min_provisioned_throughput,
    foundation_model_config.max_provisioned_throughput as foundation_model_config_max_provisioned_throughput,
    custom_model_config.min_concurrency as custom_model_config_min_concurrency,
    custom_model_config.max_concurrency as custom_model_config_max_concurrency,
    custom_model_config.compute_type as custom_model_config_compute_type,
    feature_spec_config.min_concurrency as feature_spec_config_min_concurrency,
    feature_spec_config.max_concurrency as feature_spec_config_max_concurrency,
    feature_spec_config.compute_type as feature_spec_config_compute_type,
    change_time,
    endpoint_delete_time
  from system_bronze.serving_served_entities
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where served_entity_id is not null
),

-- One row for each key and time of change; of several the content decides, column by column.
changes as (
  select *
  from (select *, row_number() over (
    partition by served_entity_id, change_time
    order by account_id desc nulls last, created_by desc nulls last, custom_model_config_compute_type desc nulls last,
      custom_model_config_max_concurrency desc nulls last, custom_model_config_min_concurrency desc nulls last,
      endpoint_config_version desc nulls last, endpoint_delete_time desc nulls last, endpoint_id desc nulls last,
      endpoint_name desc nulls last, entity_name desc nulls last, entity_type desc nulls last,
      entity_version desc nulls last, external_model_config_provider desc nulls last,
      feature_spec_config_compute_type desc nulls last, feature_spec_config_max_concurrency desc nulls last,
      feature_spec_config_min_concurrency desc nulls last,
      foundation_model_config_max_provisioned_throughput desc nulls last,
      foundation_model_config_min_provisioned_throughput desc nulls last, served_entity_name desc nulls last,
      task desc nulls last, workspace_id desc nulls last
  ) as _rank from identified where change_time is not null)
  where _rank = 1
),

-- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
tracked as (
  select *, explode(array(struct(
      endpoint_delete_time is not null, account_id, workspace_id, created_by, endpoint_name, endpoint_id,
      served_entity_name, entity_type, entity_name, entity_version, endpoint_config_version, task,
      external_model_config_provider, foundation_model_config_min_provisioned_throughput,
      foundation_model_config_max_provisioned_throughput, custom_model_config_min_concurrency,
      custom_model_config_max_concurrency, custom_model_config_compute_type, feature_spec_config_min_concurrency,
      feature_spec_config_max_concurrency, feature_spec_config_compute_type
    ))) as _tracked
  from changes
),

-- Whether a row says the same as the one before it; then both are one version, the first of them.
compared as (
  select *, lag(_tracked) over (partition by served_entity_id order by change_time) <=> _tracked as _is_same
  from tracked
),

-- A version holds from its own time until that of the next one.
versions as (
  select *,
    change_time as valid_from,
    lead(change_time) over (partition by served_entity_id order by change_time) as valid_to
  from compared
  where not _is_same
),

-- The last version of a key is open.
timeline as (
  select *, valid_to is null as is_current, endpoint_delete_time is not null as is_deleted
  from versions
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(concat(coalesce(concat('v', cast(octet_length(served_entity_id) as string), ':', served_entity_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
  from timeline
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as served_entity_key
  from hashed
)
select
  served_entity_key,
  served_entity_id,
  account_id,
  workspace_id,
  created_by,
  endpoint_name,
  endpoint_id,
  served_entity_name,
  entity_type,
  entity_name,
  entity_version,
  endpoint_config_version,
  task,
  external_model_config_provider,
  foundation_model_config_min_provisioned_throughput,
  foundation_model_config_max_provisioned_throughput,
  custom_model_config_min_concurrency,
  custom_model_config_max_concurrency,
  custom_model_config_compute_type,
  feature_spec_config_min_concurrency,
  feature_spec_config_max_concurrency,
  feature_spec_config_compute_type,
  change_time,
  endpoint_delete_time,
  valid_from,
  valid_to,
  is_current,
  is_deleted,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from keyed
union all
-- The unknown member.
select
  -1,
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as int),
  cast(null as string),
  cast(null as string),
  cast(null as bigint),
  cast(null as bigint),
  cast(null as int),
  cast(null as int),
  cast(null as string),
  cast(null as int),
  cast(null as int),
  cast(null as string),
  cast(null as timestamp),
  cast(null as timestamp),
  timestamp_micros(0),
  cast(null as timestamp),
  true,
  false,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_served_entity as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select served_entity_id
    from system_bronze.serving_served_entities
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_served_entity')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct served_entity_id
    from (
      select * from arrived
    )
    where served_entity_id is not null
  ),

  -- Columns of serving.served_entities: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      served_entity_id,
      account_id,
      workspace_id,
      created_by,
      endpoint_name,
      endpoint_id,
      served_entity_name,
      entity_type,
      entity_name,
      entity_version,
      endpoint_config_version,
      task,
      external_model_config.provider as external_model_config_provider,
      foundation_model_config.min_provisioned_throughput as foundation_model_config_min_provisioned_throughput,
      foundation_model_config.max_provisioned_throughput as foundation_model_config_max_provisioned_throughput,
      custom_model_config.min_concurrency as custom_model_config_min_concurrency,
      custom_model_config.max_concurrency as custom_model_config_max_concurrency,
      custom_model_config.compute_type as custom_model_config_compute_type,
      feature_spec_config.min_concurrency as feature_spec_config_min_concurrency,
      feature_spec_config.max_concurrency as feature_spec_config_max_concurrency,
      feature_spec_config.compute_type as feature_spec_config_compute_type,
      change_time,
      endpoint_delete_time
    from system_bronze.serving_served_entities
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.served_entity_id <=> a.served_entity_id
    where c.served_entity_id is not null
  ),

  -- One row for each key and time of change; of several the content decides, column by column.
  changes as (
    select *
    from (select *, row_number() over (
      partition by served_entity_id, change_time
      order by account_id desc nulls last, created_by desc nulls last, custom_model_config_compute_type desc nulls last,
        custom_model_config_max_concurrency desc nulls last, custom_model_config_min_concurrency desc nulls last,
        endpoint_config_version desc nulls last, endpoint_delete_time desc nulls last, endpoint_id desc nulls last,
        endpoint_name desc nulls last, entity_name desc nulls last, entity_type desc nulls last,
        entity_version desc nulls last, external_model_config_provider desc nulls last,
        feature_spec_config_compute_type desc nulls last, feature_spec_config_max_concurrency desc nulls last,
        feature_spec_config_min_concurrency desc nulls last,
        foundation_model_config_max_provisioned_throughput desc nulls last,
        foundation_model_config_min_provisioned_throughput desc nulls last, served_entity_name desc nulls last,
        task desc nulls last, workspace_id desc nulls last
    ) as _rank from identified where change_time is not null)
    where _rank = 1
  ),

  -- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
  tracked as (
    select *, explode(array(struct(
        endpoint_delete_time is not null, account_id, workspace_id, created_by, endpoint_name, endpoint_id,
        served_entity_name, entity_type, entity_name, entity_version, endpoint_config_version, task,
        external_model_config_provider, foundation_model_config_min_provisioned_throughput,
        foundation_model_config_max_provisioned_throughput, custom_model_config_min_concurrency,
        custom_model_config_max_concurrency, custom_model_config_compute_type, feature_spec_config_min_concurrency,
        feature_spec_config_max_concurrency, feature_spec_config_compute_type
      ))) as _tracked
    from changes
  ),

  -- Whether a row says the same as the one before it; then both are one version, the first of them.
  compared as (
    select *, lag(_tracked) over (partition by served_entity_id order by change_time) <=> _tracked as _is_same
    from tracked
  ),

  -- A version holds from its own time until that of the next one.
  versions as (
    select *,
      change_time as valid_from,
      lead(change_time) over (partition by served_entity_id order by change_time) as valid_to
    from compared
    where not _is_same
  ),

  -- The last version of a key is open.
  timeline as (
    select *, valid_to is null as is_current, endpoint_delete_time is not null as is_deleted
    from versions
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(concat(coalesce(concat('v', cast(octet_length(served_entity_id) as string), ':', served_entity_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
    from timeline
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as served_entity_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      served_entity_key,
      served_entity_id,
      account_id,
      workspace_id,
      created_by,
      endpoint_name,
      endpoint_id,
      served_entity_name,
      entity_type,
      entity_name,
      entity_version,
      endpoint_config_version,
      task,
      external_model_config_provider,
      foundation_model_config_min_provisioned_throughput,
      foundation_model_config_max_provisioned_throughput,
      custom_model_config_min_concurrency,
      custom_model_config_max_concurrency,
      custom_model_config_compute_type,
      feature_spec_config_min_concurrency,
      feature_spec_config_max_concurrency,
      feature_spec_config_compute_type,
      change_time,
      endpoint_delete_time,
      valid_from,
      valid_to,
      is_current,
      is_deleted,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from keyed
    union all
    -- The unknown member.
    select
      -1,
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as int),
      cast(null as string),
      cast(null as string),
      cast(null as bigint),
      cast(null as bigint),
      cast(null as int),
      cast(null as int),
      cast(null as string),
      cast(null as int),
      cast(null as int),
      cast(null as string),
      cast(null as timestamp),
      cast(null as timestamp),
      timestamp_micros(0),
      cast(null as timestamp),
      true,
      false,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.served_entity_key, c.served_entity_id, c.account_id, c.workspace_id, c.created_by, c.endpoint_name,
      c.endpoint_id, c.served_entity_name, c.entity_type, c.entity_name, c.entity_version, c.endpoint_config_version,
      c.task, c.external_model_config_provider, c.foundation_model_config_min_provisioned_throughput,
      c.foundation_model_config_max_provisioned_throughput, c.custom_model_config_min_concurrency,
      c.custom_model_config_max_concurrency, c.custom_model_config_compute_type,
      c.feature_spec_config_min_concurrency, c.feature_spec_config_max_concurrency,
      c.feature_spec_config_compute_type, c.change_time, c.endpoint_delete_time, c.valid_from, c.valid_to,
      c.is_current, c.is_deleted, c._run_id, c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_served_entity
  ) as h on h.served_entity_key = c.served_entity_key
  where case when h._is_held then not (
    h.served_entity_key <=> c.served_entity_key and h.served_entity_id <=> c.served_entity_id
      and h.account_id <=> c.account_id and h.workspace_id <=> c.workspace_id and h.created_by <=> c.created_by
      and h.endpoint_name <=> c.endpoint_name and h.endpoint_id <=> c.endpoint_id
      and h.served_entity_name <=> c.served_entity_name and h.entity_type <=> c.entity_type
      and h.entity_name <=> c.entity_name and h.entity_version <=> c.entity_version
      and h.endpoint_config_version <=> c.endpoint_config_version and h.task <=> c.task
      and h.external_model_config_provider <=> c.external_model_config_provider
      and h.foundation_model_config_min_provisioned_throughput <=> c.foundation_model_config_min_provisioned_throughput
      and h.foundation_model_config_max_provisioned_throughput <=> c.foundation_model_config_max_provisioned_throughput
      and h.custom_model_config_min_concurrency <=> c.custom_model_config_min_concurrency
      and h.custom_model_config_max_concurrency <=> c.custom_model_config_max_concurrency
      and h.custom_model_config_compute_type <=> c.custom_model_config_compute_type
      and h.feature_spec_config_min_concurrency <=> c.feature_spec_config_min_concurrency
      and h.feature_spec_config_max_concurrency <=> c.feature_spec_config_max_concurrency
      and h.feature_spec_config_compute_type <=> c.feature_spec_config_compute_type and h.change_time <=> c.change_time
      and h.endpoint_delete_time <=> c.endpoint_delete_time and h.valid_from <=> c.valid_from
      and h.valid_to <=> c.valid_to and h.is_current <=> c.is_current and h.is_deleted <=> c.is_deleted
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.served_entity_key, h.served_entity_id, h.account_id, h.workspace_id, h.created_by, h.endpoint_name,
      h.endpoint_id, h.served_entity_name, h.entity_type, h.entity_name, h.entity_version, h.endpoint_config_version,
      h.task, h.external_model_config_provider, h.foundation_model_config_min_provisioned_throughput,
      h.foundation_model_config_max_provisioned_throughput, h.custom_model_config_min_concurrency,
      h.custom_model_config_max_concurrency, h.custom_model_config_compute_type,
      h.feature_spec_config_min_concurrency, h.feature_spec_config_max_concurrency,
      h.feature_spec_config_compute_type, h.change_time, h.endpoint_delete_time, h.valid_from, h.valid_to,
      h.is_current, h.is_deleted, h._run_id, h._loaded_at, true as _is_stale
  from system_gold.dim_served_entity as h
  left semi join affected as a on h.served_entity_id <=> a.served_entity_id
  left anti join computed as c on h.served_entity_key = c.served_entity_key
) as s
on t.served_entity_key = s.served_entity_key
when matched and s._is_stale then delete
when matched then update set served_entity_key = s.served_entity_key, served_entity_id = s.served_entity_id, account_id = s.account_id,
    workspace_id = s.workspace_id, created_by = s.created_by, endpoint_name = s.endpoint_name,
    endpoint_id = s.endpoint_id, served_entity_name = s.served_entity_name, entity_type = s.entity_type,
    entity_name = s.entity_name, entity_version = s.entity_version,
    endpoint_config_version = s.endpoint_config_version, task = s.task,
    external_model_config_provider = s.external_model_config_provider,
    foundation_model_config_min_provisioned_throughput = s.foundation_model_config_min_provisioned_throughput,
    foundation_model_config_max_provisioned_throughput = s.foundation_model_config_max_provisioned_throughput,
    custom_model_config_min_concurrency = s.custom_model_config_min_concurrency,
    custom_model_config_max_concurrency = s.custom_model_config_max_concurrency,
    custom_model_config_compute_type = s.custom_model_config_compute_type,
    feature_spec_config_min_concurrency = s.feature_spec_config_min_concurrency,
    feature_spec_config_max_concurrency = s.feature_spec_config_max_concurrency,
    feature_spec_config_compute_type = s.feature_spec_config_compute_type, change_time = s.change_time,
    endpoint_delete_time = s.endpoint_delete_time, valid_from = s.valid_from, valid_to = s.valid_to,
    is_current = s.is_current, is_deleted = s.is_deleted, _run_id = s._run_id, _loaded_at = s._loaded_at
when not matched then insert (served_entity_key, served_entity_id, account_id, workspace_id, created_by, endpoint_name, endpoint_id,
    served_entity_name, entity_type, entity_name, entity_version, endpoint_config_version, task,
    external_model_config_provider, foundation_model_config_min_provisioned_throughput,
    foundation_model_config_max_provisioned_throughput, custom_model_config_min_concurrency,
    custom_model_config_max_concurrency, custom_model_config_compute_type, feature_spec_config_min_concurrency,
    feature_spec_config_max_concurrency, feature_spec_config_compute_type, change_time, endpoint_delete_time,
    valid_from, valid_to, is_current, is_deleted, _run_id, _loaded_at)
  values (s.served_entity_key, s.served_entity_id, s.account_id, s.workspace_id, s.created_by, s.endpoint_name,
    s.endpoint_id, s.served_entity_name, s.entity_type, s.entity_name, s.entity_version, s.endpoint_config_version,
    s.task, s.external_model_config_provider, s.foundation_model_config_min_provisioned_throughput,
    s.foundation_model_config_max_provisioned_throughput, s.custom_model_config_min_concurrency,
    s.custom_model_config_max_concurrency, s.custom_model_config_compute_type,
    s.feature_spec_config_min_concurrency, s.feature_spec_config_max_concurrency,
    s.feature_spec_config_compute_type, s.change_time, s.endpoint_delete_time, s.valid_from, s.valid_to,
    s.is_current, s.is_deleted, s._run_id, s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_served_entity' and not (`position` <=> next_position);
