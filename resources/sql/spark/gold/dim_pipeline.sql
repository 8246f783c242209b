-- dim_pipeline: Pipelines with the history of their definitions.
-- One row: one version of a pipeline.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_pipeline (
  pipeline_key bigint not null comment 'Surrogate key of the version, computed from business key and valid_from; -1 is the unknown member.',
  workspace_id string comment 'Workspace of the pipeline.',
  pipeline_id string comment 'Id of the pipeline, unique within its workspace.',
  pipeline_type string comment 'Kind of the pipeline, for instance ETL_PIPELINE, MATERIALIZED_VIEW or STREAMING_TABLE.',
  name string comment 'Name of the pipeline.',
  created_by string comment 'Principal that created the pipeline, an email address or the UUID of a service principal.',
  run_as string comment 'Principal whose permissions the pipeline runs with.',
  tags map<string,string> comment 'Tags of the pipeline by name; null or empty when there are none.',
  settings_photon boolean comment 'Field `photon` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  settings_development boolean comment 'Field `development` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  settings_continuous boolean comment 'Field `continuous` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  settings_serverless boolean comment 'Field `serverless` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  settings_edition string comment 'Field `edition` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  settings_channel string comment 'Field `channel` of `settings`: Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  configuration map<string,string> comment 'Configuration that users set on the pipeline, by name; null or empty when there is none.',
  change_time timestamp comment 'When the pipeline changed; orders the rows of a pipeline.',
  delete_time timestamp comment 'When the pipeline was deleted; null while it exists.',
  account_id string comment 'Account that the row belongs to.',
  valid_from timestamp not null comment 'First instant of the version.',
  valid_to timestamp comment 'First instant after the version; null while it is open.',
  is_current boolean not null comment 'Whether the version is open.',
  is_deleted boolean not null comment 'Whether delete_time is set in this version.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Pipelines with the history of their definitions.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_pipeline' as table_name, 'b3a30b25e303255a' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.lakeflow_pipelines
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
insert overwrite table system_gold.dim_pipeline
with
-- Columns of lakeflow.pipelines: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    workspace_id,
    pipeline_id,
    pipeline_type,
    name,
    created_by,
    run_as,
    map_from_entries(array_sort(map_entries(tags))) as tags,
    settings.photon as settings_photon,
    settings.development as settings_development,
    settings.continuous as settings_continuous,
    settings.serverless as settings_serverless,
    settings.edition as settings_edition,
    settings.channel as settings_channel,
    map_from_entries(array_sort(map_entries(configuration))) as configuration,
    change_time,
    delete_time,
    account_id
  from system_bronze.lakeflow_pipelines
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where workspace_id is not null and pipeline_id is not null
),

-- One row for each key and time of change; of several the content decides, column by column.
changes as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, pipeline_id, change_time
    order by account_id desc nulls last, map_entries(configuration) desc nulls last, created_by desc nulls last,
      delete_time desc nulls last, name desc nulls last, pipeline_type desc nulls last, run_as desc nulls last,
      settings_channel desc nulls last, settings_continuous desc nulls last, settings_development desc nulls last,
      settings_edition desc nulls last, settings_photon desc nulls last, settings_serverless desc nulls last,
      map_entries(tags) desc nulls last
  ) as _rank from identified where change_time is not null)
  where _rank = 1
),

-- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
tracked as (
  select *, explode(array(struct(
      delete_time is not null, pipeline_type, name, created_by, run_as, map_entries(tags), settings_photon,
      settings_development, settings_continuous, settings_serverless, settings_edition, settings_channel,
      map_entries(configuration), account_id
    ))) as _tracked
  from changes
),

-- Whether a row says the same as the one before it; then both are one version, the first of them.
compared as (
  select *, lag(_tracked) over (partition by workspace_id, pipeline_id order by change_time) <=> _tracked as _is_same
  from tracked
),

-- A version holds from its own time until that of the next one.
versions as (
  select *,
    change_time as valid_from,
    lead(change_time) over (partition by workspace_id, pipeline_id order by change_time) as valid_to
  from compared
  where not _is_same
),

-- The last version of a key is open.
timeline as (
  select *, valid_to is null as is_current, delete_time is not null as is_deleted
  from versions
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(pipeline_id) as string), ':', pipeline_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
  from timeline
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as pipeline_key
  from hashed
)
select
  pipeline_key,
  workspace_id,
  pipeline_id,
  pipeline_type,
  name,
  created_by,
  run_as,
  tags,
  settings_photon,
  settings_development,
  settings_continuous,
  settings_serverless,
  settings_edition,
  settings_channel,
  configuration,
  change_time,
  delete_time,
  account_id,
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
  cast(null as map<string,string>),
  cast(null as boolean),
  cast(null as boolean),
  cast(null as boolean),
  cast(null as boolean),
  cast(null as string),
  cast(null as string),
  cast(null as map<string,string>),
  cast(null as timestamp),
  cast(null as timestamp),
  cast(null as string),
  timestamp_micros(0),
  cast(null as timestamp),
  true,
  false,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_pipeline as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, pipeline_id
    from system_bronze.lakeflow_pipelines
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_pipeline')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, pipeline_id
    from (
      select * from arrived
    )
    where workspace_id is not null and pipeline_id is not null
  ),

  -- Columns of lakeflow.pipelines: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      workspace_id,
      pipeline_id,
      pipeline_type,
      name,
      created_by,
      run_as,
      map_from_entries(array_sort(map_entries(tags))) as tags,
      settings.photon as settings_photon,
      settings.development as settings_development,
      settings.continuous as settings_continuous,
      settings.serverless as settings_serverless,
      settings.edition as settings_edition,
      settings.channel as settings_channel,
      map_from_entries(array_sort(map_entries(configuration))) as configuration,
      change_time,
      delete_time,
      account_id
    from system_bronze.lakeflow_pipelines
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.pipeline_id <=> a.pipeline_id
    where c.workspace_id is not null and c.pipeline_id is not null
  ),

  -- One row for each key and time of change; of several the content decides, column by column.
  changes as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, pipeline_id, change_time
      order by account_id desc nulls last, map_entries(configuration) desc nulls last, created_by desc nulls last,
        delete_time desc nulls last, name desc nulls last, pipeline_type desc nulls last, run_as desc nulls last,
        settings_channel desc nulls last, settings_continuous desc nulls last, settings_development desc nulls last,
        settings_edition desc nulls last, settings_photon desc nulls last, settings_serverless desc nulls last,
        map_entries(tags) desc nulls last
    ) as _rank from identified where change_time is not null)
    where _rank = 1
  ),

  -- What makes a version: every column but the key, the times, and what is not tracked; of a deletion whether there is one.
  tracked as (
    select *, explode(array(struct(
        delete_time is not null, pipeline_type, name, created_by, run_as, map_entries(tags), settings_photon,
        settings_development, settings_continuous, settings_serverless, settings_edition, settings_channel,
        map_entries(configuration), account_id
      ))) as _tracked
    from changes
  ),

  -- Whether a row says the same as the one before it; then both are one version, the first of them.
  compared as (
    select *, lag(_tracked) over (partition by workspace_id, pipeline_id order by change_time) <=> _tracked as _is_same
    from tracked
  ),

  -- A version holds from its own time until that of the next one.
  versions as (
    select *,
      change_time as valid_from,
      lead(change_time) over (partition by workspace_id, pipeline_id order by change_time) as valid_to
    from compared
    where not _is_same
  ),

  -- The last version of a key is open.
  timeline as (
    select *, valid_to is null as is_current, delete_time is not null as is_deleted
    from versions
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(pipeline_id) as string), ':', pipeline_id), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(valid_from) as string)) as string), ':', cast(unix_micros(valid_from) as string)), 'n'))) as _digest
    from timeline
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as pipeline_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      pipeline_key,
      workspace_id,
      pipeline_id,
      pipeline_type,
      name,
      created_by,
      run_as,
      tags,
      settings_photon,
      settings_development,
      settings_continuous,
      settings_serverless,
      settings_edition,
      settings_channel,
      configuration,
      change_time,
      delete_time,
      account_id,
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
      cast(null as map<string,string>),
      cast(null as boolean),
      cast(null as boolean),
      cast(null as boolean),
      cast(null as boolean),
      cast(null as string),
      cast(null as string),
      cast(null as map<string,string>),
      cast(null as timestamp),
      cast(null as timestamp),
      cast(null as string),
      timestamp_micros(0),
      cast(null as timestamp),
      true,
      false,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.pipeline_key, c.workspace_id, c.pipeline_id, c.pipeline_type, c.name, c.created_by, c.run_as, c.tags,
      c.settings_photon, c.settings_development, c.settings_continuous, c.settings_serverless, c.settings_edition,
      c.settings_channel, c.configuration, c.change_time, c.delete_time, c.account_id, c.valid_from, c.valid_to,
      c.is_current, c.is_deleted, c._run_id, c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_pipeline
  ) as h on h.pipeline_key = c.pipeline_key
  where case when h._is_held then not (
    h.pipeline_key <=> c.pipeline_key and h.workspace_id <=> c.workspace_id and h.pipeline_id <=> c.pipeline_id
      and h.pipeline_type <=> c.pipeline_type and h.name <=> c.name and h.created_by <=> c.created_by
      and h.run_as <=> c.run_as and map_entries(h.tags) <=> map_entries(c.tags)
      and h.settings_photon <=> c.settings_photon and h.settings_development <=> c.settings_development
      and h.settings_continuous <=> c.settings_continuous and h.settings_serverless <=> c.settings_serverless
      and h.settings_edition <=> c.settings_edition and h.settings_channel <=> c.settings_channel
      and map_entries(h.configuration) <=> map_entries(c.configuration) and h.change_time <=> c.change_time
      and h.delete_time <=> c.delete_time and h.account_id <=> c.account_id and h.valid_from <=> c.valid_from
      and h.valid_to <=> c.valid_to and h.is_current <=> c.is_current and h.is_deleted <=> c.is_deleted
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.pipeline_key, h.workspace_id, h.pipeline_id, h.pipeline_type, h.name, h.created_by, h.run_as, h.tags,
      h.settings_photon, h.settings_development, h.settings_continuous, h.settings_serverless, h.settings_edition,
      h.settings_channel, h.configuration, h.change_time, h.delete_time, h.account_id, h.valid_from, h.valid_to,
      h.is_current, h.is_deleted, h._run_id, h._loaded_at, true as _is_stale
  from system_gold.dim_pipeline as h
  left semi join affected as a on h.workspace_id <=> a.workspace_id and h.pipeline_id <=> a.pipeline_id
  left anti join computed as c on h.pipeline_key = c.pipeline_key
) as s
on t.pipeline_key = s.pipeline_key
when matched and s._is_stale then delete
when matched then update set pipeline_key = s.pipeline_key, workspace_id = s.workspace_id, pipeline_id = s.pipeline_id,
    pipeline_type = s.pipeline_type, name = s.name, created_by = s.created_by, run_as = s.run_as, tags = s.tags,
    settings_photon = s.settings_photon, settings_development = s.settings_development,
    settings_continuous = s.settings_continuous, settings_serverless = s.settings_serverless,
    settings_edition = s.settings_edition, settings_channel = s.settings_channel, configuration = s.configuration,
    change_time = s.change_time, delete_time = s.delete_time, account_id = s.account_id, valid_from = s.valid_from,
    valid_to = s.valid_to, is_current = s.is_current, is_deleted = s.is_deleted, _run_id = s._run_id,
    _loaded_at = s._loaded_at
when not matched then insert (pipeline_key, workspace_id, pipeline_id, pipeline_type, name, created_by, run_as, tags, settings_photon,
    settings_development, settings_continuous, settings_serverless, settings_edition, settings_channel,
    configuration, change_time, delete_time, account_id, valid_from, valid_to, is_current, is_deleted, _run_id,
    _loaded_at)
  values (s.pipeline_key, s.workspace_id, s.pipeline_id, s.pipeline_type, s.name, s.created_by, s.run_as, s.tags,
    s.settings_photon, s.settings_development, s.settings_continuous, s.settings_serverless, s.settings_edition,
    s.settings_channel, s.configuration, s.change_time, s.delete_time, s.account_id, s.valid_from, s.valid_to,
    s.is_current, s.is_deleted, s._run_id, s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_pipeline' and not (`position` <=> next_position);
