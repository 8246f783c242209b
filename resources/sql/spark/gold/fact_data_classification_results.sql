-- fact_data_classification_results: Classes of sensitive data that were found in columns, each as it was found last.
-- One row: one column and class tag.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_data_classification_results (
  catalog_id string comment 'Id of the catalog of the table.',
  table_id string comment 'Id of the table.',
  latest_detected_time timestamp comment 'When the class was last found in the column.',
  first_detected_time timestamp comment 'When the class was first found in the column.',
  catalog_name string comment 'Name of the catalog of the table.',
  schema_name string comment 'Name of the schema of the table.',
  table_name string comment 'Name of the table.',
  column_name string comment 'Column in which the class was found.',
  data_type string comment 'Type of the column; nested types are written out.',
  class_tag string comment 'Tag of the class that was found, for instance class.email_address.',
  samples array<string> comment 'A few values of the column that matched; null or empty when none were kept.',
  confidence string comment 'How sure the finding is, HIGH or LOW.',
  frequency double comment 'Estimated share of the rows that match, from 0 to 1.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Classes of sensitive data that were found in columns, each as it was found last.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_data_classification_results' as table_name, '84aaac5e6a18731d' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.data_classification_results
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
insert overwrite table system_gold.fact_data_classification_results
with
-- Columns of data_classification.results: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    catalog_id,
    table_id,
    latest_detected_time,
    first_detected_time,
    catalog_name,
    schema_name,
    table_name,
    column_name,
    data_type,
    class_tag,
    samples,
    confidence,
    frequency
  from system_bronze.data_classification_results
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (catalog_id is not null or table_id is not null or column_name is not null or class_tag is not null)
),

-- The latest version of each key by latest_detected_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by catalog_id, table_id, column_name, class_tag
    order by latest_detected_time desc nulls last, catalog_name desc nulls last, confidence desc nulls last,
      data_type desc nulls last, first_detected_time desc nulls last, frequency desc nulls last,
      samples desc nulls last, schema_name desc nulls last, table_name desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.latest_detected_time as date)) between 1 and 9999 then cast(year(cast(f.latest_detected_time as date)) * 10000 + month(cast(f.latest_detected_time as date)) * 100 + day(cast(f.latest_detected_time as date)) as bigint) else -1 end as date_key
  from latest as f
)
select
  catalog_id,
  table_id,
  latest_detected_time,
  first_detected_time,
  catalog_name,
  schema_name,
  table_name,
  column_name,
  data_type,
  class_tag,
  samples,
  confidence,
  frequency,
  date_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_data_classification_results as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select catalog_id, table_id, column_name, class_tag
    from system_bronze.data_classification_results
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_data_classification_results')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct catalog_id, table_id, column_name, class_tag
    from (
      select * from arrived
    )
    where (catalog_id is not null or table_id is not null or column_name is not null or class_tag is not null)
  ),

  -- Columns of data_classification.results: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      catalog_id,
      table_id,
      latest_detected_time,
      first_detected_time,
      catalog_name,
      schema_name,
      table_name,
      column_name,
      data_type,
      class_tag,
      samples,
      confidence,
      frequency
    from system_bronze.data_classification_results
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.catalog_id <=> a.catalog_id and c.table_id <=> a.table_id and c.column_name <=> a.column_name and c.class_tag <=> a.class_tag
    where (c.catalog_id is not null or c.table_id is not null or c.column_name is not null or c.class_tag is not null)
  ),

  -- The latest version of each key by latest_detected_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by catalog_id, table_id, column_name, class_tag
      order by latest_detected_time desc nulls last, catalog_name desc nulls last, confidence desc nulls last,
        data_type desc nulls last, first_detected_time desc nulls last, frequency desc nulls last,
        samples desc nulls last, schema_name desc nulls last, table_name desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.latest_detected_time as date)) between 1 and 9999 then cast(year(cast(f.latest_detected_time as date)) * 10000 + month(cast(f.latest_detected_time as date)) * 100 + day(cast(f.latest_detected_time as date)) as bigint) else -1 end as date_key
    from latest as f
  ),

  -- The rows as they have to be.
  computed as (
    select
      catalog_id,
      table_id,
      latest_detected_time,
      first_detected_time,
      catalog_name,
      schema_name,
      table_name,
      column_name,
      data_type,
      class_tag,
      samples,
      confidence,
      frequency,
      date_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.catalog_id, c.table_id, c.latest_detected_time, c.first_detected_time, c.catalog_name, c.schema_name,
      c.table_name, c.column_name, c.data_type, c.class_tag, c.samples, c.confidence, c.frequency, c.date_key,
      c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_data_classification_results
  ) as h on h.catalog_id <=> c.catalog_id and h.table_id <=> c.table_id and h.column_name <=> c.column_name and h.class_tag <=> c.class_tag
  where case when h._is_held then not (
    h.catalog_id <=> c.catalog_id and h.table_id <=> c.table_id
      and h.latest_detected_time <=> c.latest_detected_time and h.first_detected_time <=> c.first_detected_time
      and h.catalog_name <=> c.catalog_name and h.schema_name <=> c.schema_name and h.table_name <=> c.table_name
      and h.column_name <=> c.column_name and h.data_type <=> c.data_type and h.class_tag <=> c.class_tag
      and h.samples <=> c.samples and h.confidence <=> c.confidence and h.frequency <=> c.frequency
      and h.date_key <=> c.date_key
  ) else true end
) as s
on t.catalog_id <=> s.catalog_id and t.table_id <=> s.table_id and t.column_name <=> s.column_name and t.class_tag <=> s.class_tag
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_data_classification_results' and not (`position` <=> next_position);
