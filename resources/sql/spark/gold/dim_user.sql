-- dim_user: Principals that appear in any source, that is users by email address, service principals by UUID and internal names such as System-User. Redacted names are one member, __REDACTED__.
-- One row: one principal name.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_user (
  user_key bigint not null comment 'Surrogate key, computed from the business key; -1 is the unknown member.',
  user_name string comment 'Part of the business key.',
  user_id string comment 'Numeric user id, of the statement that the principal ran and that was updated last; null when it ran none.',
  first_seen_time timestamp comment 'First time at which the principal appears in a source.',
  last_seen_time timestamp comment 'Last time at which the principal appears in a source.',
  is_service_principal boolean comment 'Whether the name is a UUID, as that of a service principal is.',
  email_domain string comment 'What follows the last @ of the name; null when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Principals that appear in any source, that is users by email address, service principals by UUID and internal names such as System-User. Redacted names are one member, __REDACTED__.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_user' as table_name, 'ab7634e91b399956' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.access_audit
      union all
      select max(_ingested_at) as instant from system_bronze.access_assistant_events
      union all
      select max(_ingested_at) as instant from system_bronze.access_inbound_network
      union all
      select max(_ingested_at) as instant from system_bronze.access_table_lineage
      union all
      select max(_ingested_at) as instant from system_bronze.access_column_lineage
      union all
      select max(_ingested_at) as instant from system_bronze.billing_usage
      union all
      select max(_ingested_at) as instant from system_bronze.compute_clusters
      union all
      select max(_ingested_at) as instant from system_bronze.compute_warehouses
      union all
      select max(_ingested_at) as instant from system_bronze.lakeflow_pipelines
      union all
      select max(_ingested_at) as instant from system_bronze.lakeflow_pipeline_update_timeline
      union all
      select max(_ingested_at) as instant from system_bronze.mlflow_runs_latest
      union all
      select max(_ingested_at) as instant from system_bronze.query_history
      union all
      select max(_ingested_at) as instant from system_bronze.serving_served_entities
      union all
      select max(_ingested_at) as instant from system_bronze.serving_endpoint_usage
      union all
      select max(_ingested_at) as instant from system_bronze.internal_logging_payload_logs
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
insert overwrite table system_gold.dim_user
with
-- Columns of access.audit that members are made from.
access_audit as (
  select
    event_time,
    user_identity.email as user_identity_email,
    identity_metadata.run_by as identity_metadata_run_by,
    identity_metadata.run_as as identity_metadata_run_as
  from system_bronze.access_audit
),

-- Columns of access.assistant_events that members are made from.
access_assistant_events as (
  select
    event_time,
    initiated_by
  from system_bronze.access_assistant_events
),

-- Columns of access.inbound_network that members are made from.
access_inbound_network as (
  select
    authenticated_as,
    event_time
  from system_bronze.access_inbound_network
),

-- Columns of access.table_lineage that members are made from.
access_table_lineage as (
  select
    created_by,
    event_time
  from system_bronze.access_table_lineage
),

-- Columns of access.column_lineage that members are made from.
access_column_lineage as (
  select
    created_by,
    event_time
  from system_bronze.access_column_lineage
),

-- Columns of billing.usage that members are made from.
billing_usage as (
  select
    usage_start_time,
    identity_metadata.run_as as identity_metadata_run_as,
    identity_metadata.created_by as identity_metadata_created_by,
    identity_metadata.owned_by as identity_metadata_owned_by
  from system_bronze.billing_usage
),

-- Columns of compute.clusters that members are made from.
compute_clusters as (
  select
    owned_by,
    change_time
  from system_bronze.compute_clusters
),

-- Columns of compute.warehouses that members are made from.
compute_warehouses as (
  select
    change_time,
    created_by
  from system_bronze.compute_warehouses
),

-- Columns of lakeflow.pipelines that members are made from.
lakeflow_pipelines as (
  select
    created_by,
    run_as,
    change_time
  from system_bronze.lakeflow_pipelines
),

-- Columns of lakeflow.pipeline_update_timeline that members are made from.
lakeflow_pipeline_update_timeline as (
  select
    run_as_user_name,
    period_start_time
  from system_bronze.lakeflow_pipeline_update_timeline
),

-- Columns of mlflow.runs_latest that members are made from.
mlflow_runs_latest as (
  select
    created_by,
    start_time
  from system_bronze.mlflow_runs_latest
),

-- Columns of query.history that members are made from.
query_history as (
  select
    executed_by,
    executed_by_user_id,
    start_time,
    update_time,
    executed_as
  from system_bronze.query_history
),

-- Columns of serving.served_entities that members are made from.
serving_served_entities as (
  select
    created_by,
    change_time
  from system_bronze.serving_served_entities
),

-- Columns of serving.endpoint_usage that members are made from.
serving_endpoint_usage as (
  select
    requester,
    request_time
  from system_bronze.serving_endpoint_usage
),

-- Columns of __internal_logging.payload_logs that members are made from.
internal_logging_payload_logs as (
  select
    request_time,
    requester
  from system_bronze.internal_logging_payload_logs
),

-- Every row that mentions a member.
members as (
  select nullif(user_identity_email, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_audit
  union all
  select nullif(identity_metadata_run_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_audit
  union all
  select nullif(identity_metadata_run_as, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_audit
  union all
  select nullif(initiated_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_assistant_events
  union all
  select nullif(authenticated_as, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_inbound_network
  union all
  select nullif(created_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_table_lineage
  union all
  select nullif(created_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_column_lineage
  union all
  select nullif(identity_metadata_run_as, '') as user_name, usage_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from billing_usage
  union all
  select nullif(identity_metadata_created_by, '') as user_name, usage_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from billing_usage
  union all
  select nullif(identity_metadata_owned_by, '') as user_name, usage_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from billing_usage
  union all
  select nullif(owned_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from compute_clusters
  union all
  select nullif(created_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from compute_warehouses
  union all
  select nullif(created_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from lakeflow_pipelines
  union all
  select nullif(run_as, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from lakeflow_pipelines
  union all
  select nullif(run_as_user_name, '') as user_name, period_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from lakeflow_pipeline_update_timeline
  union all
  select nullif(created_by, '') as user_name, start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from mlflow_runs_latest
  union all
  select nullif(executed_by, '') as user_name, start_time as seen_time, executed_by_user_id as user_id, update_time as user_id_time from query_history
  union all
  select nullif(executed_as, '') as user_name, start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from query_history
  union all
  select nullif(created_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from serving_served_entities
  union all
  select nullif(requester, '') as user_name, request_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from serving_endpoint_usage
  union all
  select nullif(requester, '') as user_name, request_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from internal_logging_payload_logs
),

-- One row for each member. A null is no value.
gathered as (
  select
    user_name,
    cast(max_by(user_id, struct(user_id_time, user_id)) filter (where user_id is not null) as string) as user_id,
    cast(min(seen_time) as timestamp) as first_seen_time,
    cast(max(seen_time) as timestamp) as last_seen_time
  from members
  where user_name is not null
  group by user_name
),

-- Derived columns.
derived as (
  select
    *,
    (user_name rlike '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\\z') as is_service_principal,
    case when contains(user_name, '@') then split_part(user_name, '@', -1) end as email_domain
  from gathered
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(coalesce(concat('v', cast(octet_length(user_name) as string), ':', user_name), 'n')) as _digest
  from derived
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as user_key
  from hashed
)
select
  user_key,
  user_name,
  user_id,
  first_seen_time,
  last_seen_time,
  is_service_principal,
  email_domain,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from keyed
union all
-- The unknown member.
select
  -1,
  cast(null as string),
  cast(null as string),
  cast(null as timestamp),
  cast(null as timestamp),
  cast(null as boolean),
  cast(null as string),
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the table and writes what differs.
merge into system_gold.dim_user as t
using (
  with
  -- Columns of access.audit that members are made from.
  access_audit as (
    select
      event_time,
      user_identity.email as user_identity_email,
      identity_metadata.run_by as identity_metadata_run_by,
      identity_metadata.run_as as identity_metadata_run_as
    from system_bronze.access_audit
  ),

  -- Columns of access.assistant_events that members are made from.
  access_assistant_events as (
    select
      event_time,
      initiated_by
    from system_bronze.access_assistant_events
  ),

  -- Columns of access.inbound_network that members are made from.
  access_inbound_network as (
    select
      authenticated_as,
      event_time
    from system_bronze.access_inbound_network
  ),

  -- Columns of access.table_lineage that members are made from.
  access_table_lineage as (
    select
      created_by,
      event_time
    from system_bronze.access_table_lineage
  ),

  -- Columns of access.column_lineage that members are made from.
  access_column_lineage as (
    select
      created_by,
      event_time
    from system_bronze.access_column_lineage
  ),

  -- Columns of billing.usage that members are made from.
  billing_usage as (
    select
      usage_start_time,
      identity_metadata.run_as as identity_metadata_run_as,
      identity_metadata.created_by as identity_metadata_created_by,
      identity_metadata.owned_by as identity_metadata_owned_by
    from system_bronze.billing_usage
  ),

  -- Columns of compute.clusters that members are made from.
  compute_clusters as (
    select
      owned_by,
      change_time
    from system_bronze.compute_clusters
  ),

  -- Columns of compute.warehouses that members are made from.
  compute_warehouses as (
    select
      change_time,
      created_by
    from system_bronze.compute_warehouses
  ),

  -- Columns of lakeflow.pipelines that members are made from.
  lakeflow_pipelines as (
    select
      created_by,
      run_as,
      change_time
    from system_bronze.lakeflow_pipelines
  ),

  -- Columns of lakeflow.pipeline_update_timeline that members are made from.
  lakeflow_pipeline_update_timeline as (
    select
      run_as_user_name,
      period_start_time
    from system_bronze.lakeflow_pipeline_update_timeline
  ),

  -- Columns of mlflow.runs_latest that members are made from.
  mlflow_runs_latest as (
    select
      created_by,
      start_time
    from system_bronze.mlflow_runs_latest
  ),

  -- Columns of query.history that members are made from.
  query_history as (
    select
      executed_by,
      executed_by_user_id,
      start_time,
      update_time,
      executed_as
    from system_bronze.query_history
  ),

  -- Columns of serving.served_entities that members are made from.
  serving_served_entities as (
    select
      created_by,
      change_time
    from system_bronze.serving_served_entities
  ),

  -- Columns of serving.endpoint_usage that members are made from.
  serving_endpoint_usage as (
    select
      requester,
      request_time
    from system_bronze.serving_endpoint_usage
  ),

  -- Columns of __internal_logging.payload_logs that members are made from.
  internal_logging_payload_logs as (
    select
      request_time,
      requester
    from system_bronze.internal_logging_payload_logs
  ),

  -- Every row that mentions a member.
  members as (
    select nullif(user_identity_email, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_audit
    union all
    select nullif(identity_metadata_run_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_audit
    union all
    select nullif(identity_metadata_run_as, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_audit
    union all
    select nullif(initiated_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_assistant_events
    union all
    select nullif(authenticated_as, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_inbound_network
    union all
    select nullif(created_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_table_lineage
    union all
    select nullif(created_by, '') as user_name, event_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from access_column_lineage
    union all
    select nullif(identity_metadata_run_as, '') as user_name, usage_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from billing_usage
    union all
    select nullif(identity_metadata_created_by, '') as user_name, usage_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from billing_usage
    union all
    select nullif(identity_metadata_owned_by, '') as user_name, usage_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from billing_usage
    union all
    select nullif(owned_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from compute_clusters
    union all
    select nullif(created_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from compute_warehouses
    union all
    select nullif(created_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from lakeflow_pipelines
    union all
    select nullif(run_as, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from lakeflow_pipelines
    union all
    select nullif(run_as_user_name, '') as user_name, period_start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from lakeflow_pipeline_update_timeline
    union all
    select nullif(created_by, '') as user_name, start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from mlflow_runs_latest
    union all
    select nullif(executed_by, '') as user_name, start_time as seen_time, executed_by_user_id as user_id, update_time as user_id_time from query_history
    union all
    select nullif(executed_as, '') as user_name, start_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from query_history
    union all
    select nullif(created_by, '') as user_name, change_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from serving_served_entities
    union all
    select nullif(requester, '') as user_name, request_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from serving_endpoint_usage
    union all
    select nullif(requester, '') as user_name, request_time as seen_time, cast(null as string) as user_id, cast(null as timestamp) as user_id_time from internal_logging_payload_logs
  ),

  -- One row for each member. A null is no value.
  gathered as (
    select
      user_name,
      cast(max_by(user_id, struct(user_id_time, user_id)) filter (where user_id is not null) as string) as user_id,
      cast(min(seen_time) as timestamp) as first_seen_time,
      cast(max(seen_time) as timestamp) as last_seen_time
    from members
    where user_name is not null
    group by user_name
  ),

  -- Derived columns.
  derived as (
    select
      *,
      (user_name rlike '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\\z') as is_service_principal,
      case when contains(user_name, '@') then split_part(user_name, '@', -1) end as email_domain
    from gathered
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(coalesce(concat('v', cast(octet_length(user_name) as string), ':', user_name), 'n')) as _digest
    from derived
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as user_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      user_key,
      user_name,
      user_id,
      first_seen_time,
      last_seen_time,
      is_service_principal,
      email_domain,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from keyed
    union all
    -- The unknown member.
    select
      -1,
      cast(null as string),
      cast(null as string),
      cast(null as timestamp),
      cast(null as timestamp),
      cast(null as boolean),
      cast(null as string),
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.user_key, c.user_name, c.user_id, c.first_seen_time, c.last_seen_time, c.is_service_principal,
      c.email_domain, c._run_id, c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_user
  ) as h on h.user_key = c.user_key
  where case when h._is_held then not (
    h.user_key <=> c.user_key and h.user_name <=> c.user_name and h.user_id <=> c.user_id
      and h.first_seen_time <=> c.first_seen_time and h.last_seen_time <=> c.last_seen_time
      and h.is_service_principal <=> c.is_service_principal and h.email_domain <=> c.email_domain
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.user_key, h.user_name, h.user_id, h.first_seen_time, h.last_seen_time, h.is_service_principal,
      h.email_domain, h._run_id, h._loaded_at, true as _is_stale
  from system_gold.dim_user as h
  left anti join computed as c on h.user_key = c.user_key
) as s
on t.user_key = s.user_key
when matched and s._is_stale then delete
when matched then update set user_key = s.user_key, user_name = s.user_name, user_id = s.user_id, first_seen_time = s.first_seen_time,
    last_seen_time = s.last_seen_time, is_service_principal = s.is_service_principal,
    email_domain = s.email_domain, _run_id = s._run_id, _loaded_at = s._loaded_at
when not matched then insert (user_key, user_name, user_id, first_seen_time, last_seen_time, is_service_principal, email_domain, _run_id,
    _loaded_at)
  values (s.user_key, s.user_name, s.user_id, s.first_seen_time, s.last_seen_time, s.is_service_principal,
    s.email_domain, s._run_id, s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_user' and not (`position` <=> next_position);
