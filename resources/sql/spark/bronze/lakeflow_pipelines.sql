-- lakeflow.pipelines: Definitions of pipelines, one row per change. The newest row of a pipeline is kept beyond the retention.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.lakeflow_pipelines (
  workspace_id string comment 'Workspace of the pipeline.',
  pipeline_id string comment 'Id of the pipeline, unique within its workspace.',
  pipeline_type string comment 'Kind of the pipeline, for instance ETL_PIPELINE, MATERIALIZED_VIEW or STREAMING_TABLE.',
  name string comment 'Name of the pipeline.',
  created_by string comment 'Principal that created the pipeline, an email address or the UUID of a service principal.',
  run_as string comment 'Principal whose permissions the pipeline runs with.',
  tags map<string,string> comment 'Tags of the pipeline by name; null or empty when there are none.',
  settings struct<photon:boolean,development:boolean,continuous:boolean,serverless:boolean,edition:string,channel:string> comment 'Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  configuration map<string,string> comment 'Configuration that users set on the pipeline, by name; null or empty when there is none.',
  change_time timestamp comment 'When the pipeline changed; orders the rows of a pipeline.',
  delete_time timestamp comment 'When the pipeline was deleted; null while it exists.',
  account_id string comment 'Account that the row belongs to.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Definitions of pipelines, one row per change. The newest row of a pipeline is kept beyond the retention.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.lakeflow_pipelines (
  workspace_id string comment 'Workspace of the pipeline.',
  pipeline_id string comment 'Id of the pipeline, unique within its workspace.',
  pipeline_type string comment 'Kind of the pipeline, for instance ETL_PIPELINE, MATERIALIZED_VIEW or STREAMING_TABLE.',
  name string comment 'Name of the pipeline.',
  created_by string comment 'Principal that created the pipeline, an email address or the UUID of a service principal.',
  run_as string comment 'Principal whose permissions the pipeline runs with.',
  tags map<string,string> comment 'Tags of the pipeline by name; null or empty when there are none.',
  settings struct<photon:boolean,development:boolean,continuous:boolean,serverless:boolean,edition:string,channel:string> comment 'Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  configuration map<string,string> comment 'Configuration that users set on the pipeline, by name; null or empty when there is none.',
  change_time timestamp comment 'When the pipeline changed; orders the rows of a pipeline.',
  delete_time timestamp comment 'When the pipeline was deleted; null while it exists.',
  account_id string comment 'Account that the row belongs to.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of lakeflow.pipelines that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.lakeflow_pipelines (
    workspace_id, pipeline_id, pipeline_type, name, created_by, run_as, tags, settings, configuration, change_time,
    delete_time, account_id, _reason, _row_hash, _quarantined_at
)
select
    d.workspace_id, d.pipeline_id, d.pipeline_type, d.name, d.created_by, d.run_as, d.tags, d.settings,
    d.configuration, d.change_time, d.delete_time, d.account_id,
  d._reason, md5(to_json(struct(d.workspace_id, d.pipeline_id, d.pipeline_type, d.name, d.created_by, d.run_as, d.tags, d.settings,
    d.configuration, d.change_time, d.delete_time, d.account_id))), current_timestamp()
from (
  select *, case when workspace_id is null and pipeline_id is null and change_time is null then 'key (workspace_id, pipeline_id, change_time) is null' when workspace_id is null and pipeline_id is null then 'key (workspace_id, pipeline_id) is null' when change_time is null then 'change time change_time is null' end as _reason
  from system.lakeflow.pipelines
) as d
left anti join system_quarantine.lakeflow_pipelines as b
  on d.workspace_id <=> b.workspace_id and d.pipeline_id <=> b.pipeline_id and d.change_time <=> b.change_time
  and struct(d.pipeline_type, d.name, d.created_by, d.run_as, to_json(d.tags), d.settings, to_json(d.configuration),
    d.delete_time, d.account_id)
  <=> struct(b.pipeline_type, b.name, b.created_by, b.run_as, to_json(b.tags), b.settings, to_json(b.configuration),
    b.delete_time, b.account_id)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.lakeflow_pipelines (
    workspace_id, pipeline_id, pipeline_type, name, created_by, run_as, tags, settings, configuration, change_time,
    delete_time, account_id, _source_version, _ingested_at, _run_id
)
select
    d.workspace_id, d.pipeline_id, d.pipeline_type, d.name, d.created_by, d.run_as, d.tags, d.settings,
    d.configuration, d.change_time, d.delete_time, d.account_id,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.lakeflow.pipelines
  where not (workspace_id is null and pipeline_id is null and change_time is null)
    and not (workspace_id is null and pipeline_id is null)
    and not (change_time is null)
) as d
left anti join system_bronze.lakeflow_pipelines as b
  on d.workspace_id <=> b.workspace_id and d.pipeline_id <=> b.pipeline_id and d.change_time <=> b.change_time
  and struct(d.pipeline_type, d.name, d.created_by, d.run_as, to_json(d.tags), d.settings, to_json(d.configuration),
    d.delete_time, d.account_id)
  <=> struct(b.pipeline_type, b.name, b.created_by, b.run_as, to_json(b.tags), b.settings, to_json(b.configuration),
    b.delete_time, b.account_id);
