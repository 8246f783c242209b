-- dim_experiment: MLflow experiments in their latest state; deleted ones stay and are marked.
-- One row: one experiment.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_experiment (
  experiment_key bigint not null comment 'Surrogate key, computed from the business key; -1 is the unknown member.',
  account_id string comment 'Account that the row belongs to.',
  update_time timestamp comment 'When the experiment last changed; orders the versions of a row.',
  delete_time timestamp comment 'When the experiment was deleted; null while it exists.',
  workspace_id string comment 'Workspace of the experiment.',
  experiment_id string comment 'Id of the experiment, unique within its workspace.',
  name string comment 'Name of the experiment, usually a path.',
  create_time timestamp comment 'When the experiment was created.',
  is_deleted boolean comment 'Whether the experiment was deleted; never null.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'MLflow experiments in their latest state; deleted ones stay and are marked.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_experiment' as table_name, '6d74b0df6b8174fc' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.mlflow_experiments_latest
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
insert overwrite table system_gold.dim_experiment
with
-- Columns of mlflow.experiments_latest: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    update_time,
    delete_time,
    workspace_id,
    experiment_id,
    name,
    create_time
  from system_bronze.mlflow_experiments_latest
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where workspace_id is not null and experiment_id is not null
),

-- The latest version of each key by update_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by workspace_id, experiment_id
    order by update_time desc nulls last, account_id desc nulls last, create_time desc nulls last,
      delete_time desc nulls last, name desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    delete_time is not null as is_deleted
  from latest
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(experiment_id) as string), ':', experiment_id), 'n'))) as _digest
  from derived
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as experiment_key
  from hashed
)
select
  experiment_key,
  account_id,
  update_time,
  delete_time,
  workspace_id,
  experiment_id,
  name,
  create_time,
  is_deleted,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from keyed
union all
-- The unknown member.
select
  -1,
  cast(null as string),
  cast(null as timestamp),
  cast(null as timestamp),
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as timestamp),
  cast(null as boolean),
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_experiment as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select workspace_id, experiment_id
    from system_bronze.mlflow_experiments_latest
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_experiment')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct workspace_id, experiment_id
    from (
      select * from arrived
    )
    where workspace_id is not null and experiment_id is not null
  ),

  -- Columns of mlflow.experiments_latest: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      update_time,
      delete_time,
      workspace_id,
      experiment_id,
      name,
      create_time
    from system_bronze.mlflow_experiments_latest
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.workspace_id <=> a.workspace_id and c.experiment_id <=> a.experiment_id
    where c.workspace_id is not null and c.experiment_id is not null
  ),

  -- The latest version of each key by update_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by workspace_id, experiment_id
      order by update_time desc nulls last, account_id desc nulls last, create_time desc nulls last,
        delete_time desc nulls last, name desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      delete_time is not null as is_deleted
    from latest
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(concat(coalesce(concat('v', cast(octet_length(workspace_id) as string), ':', workspace_id), 'n'), coalesce(concat('v', cast(octet_length(experiment_id) as string), ':', experiment_id), 'n'))) as _digest
    from derived
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as experiment_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      experiment_key,
      account_id,
      update_time,
      delete_time,
      workspace_id,
      experiment_id,
      name,
      create_time,
      is_deleted,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from keyed
    union all
    -- The unknown member.
    select
      -1,
      cast(null as string),
      cast(null as timestamp),
      cast(null as timestamp),
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as timestamp),
      cast(null as boolean),
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.experiment_key, c.account_id, c.update_time, c.delete_time, c.workspace_id, c.experiment_id, c.name,
      c.create_time, c.is_deleted, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_experiment
  ) as h on h.experiment_key = c.experiment_key
  where case when h._is_held then not (
    h.experiment_key <=> c.experiment_key and h.account_id <=> c.account_id and h.update_time <=> c.update_time
      and h.delete_time <=> c.delete_time and h.workspace_id <=> c.workspace_id and h.experiment_id <=> c.experiment_id
      and h.name <=> c.name and h.create_time <=> c.create_time and h.is_deleted <=> c.is_deleted
  ) else true end
) as s
on t.experiment_key = s.experiment_key
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_experiment' and not (`position` <=> next_position);
