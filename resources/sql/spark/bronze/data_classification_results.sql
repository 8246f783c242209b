-- data_classification.results: Columns in which data classification found a class of sensitive data; rows are updated in place when the class is found again.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.data_classification_results (
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
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
)
using delta
comment 'Columns in which data classification found a class of sensitive data; rows are updated in place when the class is found again.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.data_classification_results (
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
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of data_classification.results that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.data_classification_results (
    catalog_id, table_id, latest_detected_time, first_detected_time, catalog_name, schema_name, table_name,
    column_name, data_type, class_tag, samples, confidence, frequency, _reason, _row_hash, _quarantined_at
)
select
    d.catalog_id, d.table_id, d.latest_detected_time, d.first_detected_time, d.catalog_name, d.schema_name,
    d.table_name, d.column_name, d.data_type, d.class_tag, d.samples, d.confidence, d.frequency,
  d._reason, md5(to_json(struct(d.catalog_id, d.table_id, d.latest_detected_time, d.first_detected_time, d.catalog_name, d.schema_name,
    d.table_name, d.column_name, d.data_type, d.class_tag, d.samples, d.confidence, d.frequency))), current_timestamp()
from (
  select *, case when catalog_id is null and table_id is null and column_name is null and class_tag is null then 'key (catalog_id, table_id, column_name, class_tag) is null' end as _reason
  from system.data_classification.results
) as d
left anti join system_quarantine.data_classification_results as b
  on d.catalog_id <=> b.catalog_id and d.table_id <=> b.table_id and d.column_name <=> b.column_name and d.class_tag <=> b.class_tag
  and struct(d.latest_detected_time, d.first_detected_time, d.catalog_name, d.schema_name, d.table_name, d.data_type,
    d.samples, d.confidence, d.frequency)
  <=> struct(b.latest_detected_time, b.first_detected_time, b.catalog_name, b.schema_name, b.table_name, b.data_type,
    b.samples, b.confidence, b.frequency)
where d._reason is not null;

-- statement: load
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into system_bronze.data_classification_results as t
using (
  with
  -- Rows that can be identified.
  delivered as (
    select
      catalog_id, table_id, latest_detected_time, first_detected_time, catalog_name, schema_name, table_name,
        column_name, data_type, class_tag, samples, confidence, frequency
    from system.data_classification.results
    where not (catalog_id is null and table_id is null and column_name is null and class_tag is null)
  )
  -- One version of each key: the latest, and where that is equal, the content decides.
  select *
  from (
    select *, row_number() over (
      partition by catalog_id, table_id, column_name, class_tag
      order by latest_detected_time desc nulls last, catalog_name desc nulls last, confidence desc nulls last,
      data_type desc nulls last, first_detected_time desc nulls last, frequency desc nulls last,
      samples desc nulls last, schema_name desc nulls last, table_name desc nulls last
    ) as _rank
    from delivered
  )
  where _rank = 1
) as s
on t.catalog_id <=> s.catalog_id and t.table_id <=> s.table_id and t.column_name <=> s.column_name and t.class_tag <=> s.class_tag
when matched and (t.latest_detected_time is null or s.latest_detected_time >= t.latest_detected_time) and not (
  s.catalog_id <=> t.catalog_id and s.table_id <=> t.table_id and s.column_name <=> t.column_name and s.class_tag <=> t.class_tag
    and s.latest_detected_time <=> t.latest_detected_time and s.first_detected_time <=> t.first_detected_time
    and s.catalog_name <=> t.catalog_name and s.schema_name <=> t.schema_name and s.table_name <=> t.table_name
    and s.data_type <=> t.data_type and s.samples <=> t.samples and s.confidence <=> t.confidence
    and s.frequency <=> t.frequency
) then update set
    catalog_id = s.catalog_id, table_id = s.table_id, latest_detected_time = s.latest_detected_time,
    first_detected_time = s.first_detected_time, catalog_name = s.catalog_name, schema_name = s.schema_name,
    table_name = s.table_name, column_name = s.column_name, data_type = s.data_type, class_tag = s.class_tag,
    samples = s.samples, confidence = s.confidence, frequency = s.frequency,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when matched and not (t._is_present <=> true) then update set _is_present = true
when not matched then insert (
    catalog_id, table_id, latest_detected_time, first_detected_time, catalog_name, schema_name, table_name,
    column_name, data_type, class_tag, samples, confidence, frequency, _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.catalog_id, s.table_id, s.latest_detected_time, s.first_detected_time, s.catalog_name, s.schema_name,
    s.table_name, s.column_name, s.data_type, s.class_tag, s.samples, s.confidence, s.frequency,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
)
when not matched by source and t._is_present <=> true then update set _is_present = false;
