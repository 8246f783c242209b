-- dim_node_type: Node types with their hardware. One account's types are another's, so the row that was delivered last stands for a type.
-- One row: one node type.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_node_type (
  node_type_key bigint not null comment 'Surrogate key, computed from the business key; -1 is the unknown member.',
  account_id string comment 'Account that the row belongs to.',
  node_type string comment 'Name of the node type, as its cloud provider calls it.',
  core_count double comment 'Number of virtual CPUs; can be a fraction.',
  memory_mb bigint comment 'Memory, in megabytes.',
  gpu_count bigint comment 'Number of GPUs; 0 when there are none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Node types with their hardware. One account\'s types are another\'s, so the row that was delivered last stands for a type.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_node_type' as table_name, '5abdda7f35cf91a8' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.compute_node_types
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
insert overwrite table system_gold.dim_node_type
with
-- Columns of compute.node_types: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    node_type,
    core_count,
    memory_mb,
    gpu_count,
    _ingested_at,
    _source_version
  from system_bronze.compute_node_types
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where node_type is not null
),

-- The last delivered version of each key; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by node_type
    order by _ingested_at desc nulls last, _source_version desc nulls last, account_id desc nulls last,
      core_count desc nulls last, gpu_count desc nulls last, memory_mb desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(coalesce(concat('v', cast(octet_length(node_type) as string), ':', node_type), 'n')) as _digest
  from latest
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as node_type_key
  from hashed
)
select
  node_type_key,
  account_id,
  node_type,
  core_count,
  memory_mb,
  gpu_count,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from keyed
union all
-- The unknown member.
select
  -1,
  cast(null as string),
  cast(null as string),
  cast(null as double),
  cast(null as bigint),
  cast(null as bigint),
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_node_type as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select node_type
    from system_bronze.compute_node_types
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_node_type')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct node_type
    from (
      select * from arrived
    )
    where node_type is not null
  ),

  -- Columns of compute.node_types: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      node_type,
      core_count,
      memory_mb,
      gpu_count,
      _ingested_at,
      _source_version
    from system_bronze.compute_node_types
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.node_type <=> a.node_type
    where c.node_type is not null
  ),

  -- The last delivered version of each key; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by node_type
      order by _ingested_at desc nulls last, _source_version desc nulls last, account_id desc nulls last,
        core_count desc nulls last, gpu_count desc nulls last, memory_mb desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(coalesce(concat('v', cast(octet_length(node_type) as string), ':', node_type), 'n')) as _digest
    from latest
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as node_type_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      node_type_key,
      account_id,
      node_type,
      core_count,
      memory_mb,
      gpu_count,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from keyed
    union all
    -- The unknown member.
    select
      -1,
      cast(null as string),
      cast(null as string),
      cast(null as double),
      cast(null as bigint),
      cast(null as bigint),
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.node_type_key, c.account_id, c.node_type, c.core_count, c.memory_mb, c.gpu_count, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_node_type
  ) as h on h.node_type_key = c.node_type_key
  where case when h._is_held then not (
    h.node_type_key <=> c.node_type_key and h.account_id <=> c.account_id and h.node_type <=> c.node_type
      and h.core_count <=> c.core_count and h.memory_mb <=> c.memory_mb and h.gpu_count <=> c.gpu_count
  ) else true end
) as s
on t.node_type_key = s.node_type_key
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_node_type' and not (`position` <=> next_position);
