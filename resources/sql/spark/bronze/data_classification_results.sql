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
        column_name, data_type, class_tag, samples, confidence, frequency,
      true as _is_delivered
    from system.data_classification.results
    where not (catalog_id is null and table_id is null and column_name is null and class_tag is null)
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        coalesce(d.catalog_id, h.catalog_id) as catalog_id, coalesce(d.table_id, h.table_id) as table_id,
        d.latest_detected_time, d.first_detected_time, d.catalog_name, d.schema_name, d.table_name,
        coalesce(d.column_name, h.column_name) as column_name, d.data_type,
        coalesce(d.class_tag, h.class_tag) as class_tag, d.samples, d.confidence, d.frequency,
        h._held_latest_detected_time, h._held_first_detected_time, h._held_catalog_name, h._held_schema_name,
        h._held_table_name, h._held_data_type, h._held_samples, h._held_confidence, h._held_frequency,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when d.latest_detected_time > h._held_latest_detected_time or h._held_latest_detected_time is null and d.latest_detected_time is not null then 'better'
        when d.latest_detected_time <=> h._held_latest_detected_time and not (
          d.first_detected_time <=> h._held_first_detected_time and d.catalog_name <=> h._held_catalog_name
            and d.schema_name <=> h._held_schema_name and d.table_name <=> h._held_table_name
            and d.data_type <=> h._held_data_type and d.samples <=> h._held_samples and d.confidence <=> h._held_confidence
            and d.frequency <=> h._held_frequency
        ) then 'tied'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          catalog_id, table_id, latest_detected_time as _held_latest_detected_time,
          first_detected_time as _held_first_detected_time, catalog_name as _held_catalog_name,
          schema_name as _held_schema_name, table_name as _held_table_name, column_name, data_type as _held_data_type,
          class_tag, samples as _held_samples, confidence as _held_confidence, frequency as _held_frequency,
        _is_present <=> true as _is_shown,
        true as _is_held
      from system_bronze.data_classification_results
    ) as h
      on d.catalog_id <=> h.catalog_id and d.table_id <=> h.table_id and d.column_name <=> h.column_name and d.class_tag <=> h.class_tag
  ),

  -- Rows that come to something; with those that are as late as the one that bronze holds, that one competes.
  competing as (
    select
        catalog_id, table_id,
        case when _side = 'held' then _held_latest_detected_time else latest_detected_time end as latest_detected_time,
        case when _side = 'held' then _held_first_detected_time else first_detected_time end as first_detected_time,
        case when _side = 'held' then _held_catalog_name else catalog_name end as catalog_name,
        case when _side = 'held' then _held_schema_name else schema_name end as schema_name,
        case when _side = 'held' then _held_table_name else table_name end as table_name, column_name,
        case when _side = 'held' then _held_data_type else data_type end as data_type, class_tag,
        case when _side = 'held' then _held_samples else samples end as samples,
        case when _side = 'held' then _held_confidence else confidence end as confidence,
        case when _side = 'held' then _held_frequency else frequency end as frequency,
      _side = 'held' as _is_held, _is_shown, _side as _change
    from (
      select *, explode(
        case when _change = 'tied' then array('tied', 'held') when _change is not null then array(_change) end
      ) as _side
      from compared
    )
  )
  -- One version of each key: the latest, and where that is equal, the content decides.
  select
      catalog_id, table_id, latest_detected_time, first_detected_time, catalog_name, schema_name, table_name,
      column_name, data_type, class_tag, samples, confidence, frequency,
    case when _is_held then 'back' else _change end as _change
  from (
    select *, row_number() over (
      partition by catalog_id, table_id, column_name, class_tag
      order by latest_detected_time desc nulls last, catalog_name desc nulls last, confidence desc nulls last,
        data_type desc nulls last, first_detected_time desc nulls last, frequency desc nulls last,
        samples desc nulls last, schema_name desc nulls last, table_name desc nulls last, _is_held desc nulls last
    ) as _rank
    from competing
  )
  where _rank = 1 and not (_is_held and _is_shown)
) as s
on t.catalog_id <=> s.catalog_id and t.table_id <=> s.table_id and t.column_name <=> s.column_name and t.class_tag <=> s.class_tag
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    catalog_id = s.catalog_id, table_id = s.table_id, latest_detected_time = s.latest_detected_time,
    first_detected_time = s.first_detected_time, catalog_name = s.catalog_name, schema_name = s.schema_name,
    table_name = s.table_name, column_name = s.column_name, data_type = s.data_type, class_tag = s.class_tag,
    samples = s.samples, confidence = s.confidence, frequency = s.frequency,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    catalog_id, table_id, latest_detected_time, first_detected_time, catalog_name, schema_name, table_name,
    column_name, data_type, class_tag, samples, confidence, frequency,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.catalog_id, s.table_id, s.latest_detected_time, s.first_detected_time, s.catalog_name, s.schema_name,
    s.table_name, s.column_name, s.data_type, s.class_tag, s.samples, s.confidence, s.frequency,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
