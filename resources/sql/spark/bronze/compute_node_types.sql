-- compute.node_types: The node types that are available now, with their hardware.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.compute_node_types (
  account_id string comment 'Account that the row belongs to.',
  node_type string comment 'Name of the node type, as its cloud provider calls it.',
  core_count double comment 'Number of virtual CPUs; can be a fraction.',
  memory_mb bigint comment 'Memory, in megabytes.',
  gpu_count bigint comment 'Number of GPUs; 0 when there are none.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
)
using delta
comment 'The node types that are available now, with their hardware.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.compute_node_types (
  account_id string comment 'Account that the row belongs to.',
  node_type string comment 'Name of the node type, as its cloud provider calls it.',
  core_count double comment 'Number of virtual CPUs; can be a fraction.',
  memory_mb bigint comment 'Memory, in megabytes.',
  gpu_count bigint comment 'Number of GPUs; 0 when there are none.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of compute.node_types that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.compute_node_types (
    account_id, node_type, core_count, memory_mb, gpu_count, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.node_type, d.core_count, d.memory_mb, d.gpu_count,
  d._reason, md5(to_json(struct(d.account_id, d.node_type, d.core_count, d.memory_mb, d.gpu_count))), current_timestamp()
from (
  select *, case when account_id is null and node_type is null then 'key (account_id, node_type) is null' when node_type is null then 'key (node_type) is null' end as _reason
  from system.compute.node_types
) as d
left anti join system_quarantine.compute_node_types as b
  on d.account_id <=> b.account_id and d.node_type <=> b.node_type
  and struct(d.core_count, d.memory_mb, d.gpu_count)
  <=> struct(b.core_count, b.memory_mb, b.gpu_count)
where d._reason is not null;

-- statement: load
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into system_bronze.compute_node_types as t
using (
  with
  -- Rows that can be identified.
  identified as (
    select
        account_id, node_type, core_count, memory_mb, gpu_count,
      true as _is_delivered
    from system.compute.node_types
    where not (account_id is null and node_type is null)
      and not (node_type is null)
  ),

  -- One row of each key; where the source shows several, the content decides.
  delivered as (
    select
        account_id, node_type, core_count, memory_mb, gpu_count,
      _is_delivered
    from (
      select *, row_number() over (
        partition by account_id, node_type
        order by core_count desc nulls last, gpu_count desc nulls last, memory_mb desc nulls last
      ) as _rank
      from identified
    )
    where _rank = 1
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        coalesce(d.account_id, h.account_id) as account_id, coalesce(d.node_type, h.node_type) as node_type,
        d.core_count, d.memory_mb, d.gpu_count,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when not (
          d.core_count <=> h._held_core_count and d.memory_mb <=> h._held_memory_mb
            and d.gpu_count <=> h._held_gpu_count
        ) then 'better'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          account_id, node_type, core_count as _held_core_count, memory_mb as _held_memory_mb,
          gpu_count as _held_gpu_count,
        _is_present <=> true as _is_shown,
        true as _is_held
      from system_bronze.compute_node_types
    ) as h
      on d.account_id <=> h.account_id and d.node_type <=> h.node_type
  )
  select
      account_id, node_type, core_count, memory_mb, gpu_count,
    _change
  from compared
  where _change is not null
) as s
on t.account_id <=> s.account_id and t.node_type <=> s.node_type
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    account_id = s.account_id, node_type = s.node_type, core_count = s.core_count, memory_mb = s.memory_mb,
    gpu_count = s.gpu_count,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    account_id, node_type, core_count, memory_mb, gpu_count,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.account_id, s.node_type, s.core_count, s.memory_mb, s.gpu_count,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
