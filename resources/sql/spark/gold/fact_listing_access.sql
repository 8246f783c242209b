-- fact_listing_access: Consumers who asked for or got the data of a listing in the marketplace.
-- One row: one event.

-- statement: create
-- Creates the table.
create table if not exists system_gold.fact_listing_access (
  account_id string comment 'Account of the provider that hosts the listing.',
  metastore_id string comment 'Metastore of the provider that hosts the listing.',
  metastore_cloud string comment 'Cloud of the metastore of the provider.',
  metastore_region string comment 'Region of the metastore of the provider.',
  provider_id string comment 'Id of the profile of the provider.',
  provider_name string comment 'Name of the profile of the provider.',
  listing_id string comment 'Id of the listing.',
  listing_name string comment 'Name of the listing.',
  consumer_delta_sharing_recipient_name string comment 'Delta Sharing recipient of the consumer; null until the provider has shared the data.',
  consumer_delta_sharing_recipient_type string comment 'Whether the recipient is on Databricks or uses open sharing; null where there is no recipient.',
  consumer_cloud string comment 'Cloud of the consumer; null outside of Databricks.',
  consumer_region string comment 'Region of the consumer; null outside of Databricks.',
  consumer_metastore_id string comment 'Metastore of the consumer; null outside of Databricks.',
  consumer_email string comment 'Email address of the consumer.',
  consumer_name string comment 'Name of the consumer.',
  consumer_company string comment 'Company of the consumer.',
  consumer_intended_use string comment 'What the consumer wants to use the data for, as free text; null when nothing was written.',
  consumer_comment string comment 'Comment of the consumer, as free text; null when nothing was written.',
  event_type string comment 'What the consumer did, REQUEST_DATA or GET_DATA.',
  event_time timestamp comment 'When the event happened.',
  event_date date comment 'UTC date of the event.',
  date_key bigint not null comment 'Key of the row of dim_date that the fact refers to; -1 when there is none.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Consumers who asked for or got the data of a listing in the marketplace.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'fact_listing_access' as table_name, '6c32d0e8001be1a5' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.marketplace_listing_access_events
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
insert overwrite table system_gold.fact_listing_access
with
-- Columns of marketplace.listing_access_events: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    metastore_id,
    metastore_cloud,
    metastore_region,
    provider_id,
    provider_name,
    listing_id,
    listing_name,
    consumer_delta_sharing_recipient_name,
    consumer_delta_sharing_recipient_type,
    consumer_cloud,
    consumer_region,
    consumer_metastore_id,
    consumer_email,
    consumer_name,
    consumer_company,
    consumer_intended_use,
    consumer_comment,
    event_type,
    event_time,
    event_date
  from system_bronze.marketplace_listing_access_events
),

-- Rows without any part of their key cannot be told apart; they are in quarantine.
identified as (
  select *
  from carried
  where (account_id is not null or listing_id is not null or event_type is not null or event_time is not null or consumer_email is not null)
),

-- The latest version of each key by event_time; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by account_id, listing_id, event_type, event_time, consumer_email
    order by event_time desc nulls last, consumer_cloud desc nulls last, consumer_comment desc nulls last,
      consumer_company desc nulls last, consumer_delta_sharing_recipient_name desc nulls last,
      consumer_delta_sharing_recipient_type desc nulls last, consumer_intended_use desc nulls last,
      consumer_metastore_id desc nulls last, consumer_name desc nulls last, consumer_region desc nulls last,
      event_date desc nulls last, listing_name desc nulls last, metastore_cloud desc nulls last,
      metastore_id desc nulls last, metastore_region desc nulls last, provider_id desc nulls last,
      provider_name desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Keys of the dimensions that the fact refers to; -1 where there is none.
resolved as (
  select
    f.*,
    case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key
  from latest as f
)
select
  account_id,
  metastore_id,
  metastore_cloud,
  metastore_region,
  provider_id,
  provider_name,
  listing_id,
  listing_name,
  consumer_delta_sharing_recipient_name,
  consumer_delta_sharing_recipient_type,
  consumer_cloud,
  consumer_region,
  consumer_metastore_id,
  consumer_email,
  consumer_name,
  consumer_company,
  consumer_intended_use,
  consumer_comment,
  event_type,
  event_time,
  event_date,
  date_key,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from resolved;

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.fact_listing_access as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select account_id, listing_id, event_type, event_time, consumer_email
    from system_bronze.marketplace_listing_access_events
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'fact_listing_access')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct account_id, listing_id, event_type, event_time, consumer_email
    from (
      select * from arrived
    )
    where (account_id is not null or listing_id is not null or event_type is not null or event_time is not null or consumer_email is not null)
  ),

  -- Columns of marketplace.listing_access_events: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      metastore_id,
      metastore_cloud,
      metastore_region,
      provider_id,
      provider_name,
      listing_id,
      listing_name,
      consumer_delta_sharing_recipient_name,
      consumer_delta_sharing_recipient_type,
      consumer_cloud,
      consumer_region,
      consumer_metastore_id,
      consumer_email,
      consumer_name,
      consumer_company,
      consumer_intended_use,
      consumer_comment,
      event_type,
      event_time,
      event_date
    from system_bronze.marketplace_listing_access_events
  ),

  -- All rows of the affected keys.
  -- Rows without any part of their key cannot be told apart; they are in quarantine.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.account_id <=> a.account_id and c.listing_id <=> a.listing_id and c.event_type <=> a.event_type and c.event_time <=> a.event_time and c.consumer_email <=> a.consumer_email
    where (c.account_id is not null or c.listing_id is not null or c.event_type is not null or c.event_time is not null or c.consumer_email is not null)
  ),

  -- The latest version of each key by event_time; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by account_id, listing_id, event_type, event_time, consumer_email
      order by event_time desc nulls last, consumer_cloud desc nulls last, consumer_comment desc nulls last,
        consumer_company desc nulls last, consumer_delta_sharing_recipient_name desc nulls last,
        consumer_delta_sharing_recipient_type desc nulls last, consumer_intended_use desc nulls last,
        consumer_metastore_id desc nulls last, consumer_name desc nulls last, consumer_region desc nulls last,
        event_date desc nulls last, listing_name desc nulls last, metastore_cloud desc nulls last,
        metastore_id desc nulls last, metastore_region desc nulls last, provider_id desc nulls last,
        provider_name desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Keys of the dimensions that the fact refers to; -1 where there is none.
  resolved as (
    select
      f.*,
      case when year(cast(f.event_time as date)) between 1 and 9999 then cast(year(cast(f.event_time as date)) * 10000 + month(cast(f.event_time as date)) * 100 + day(cast(f.event_time as date)) as bigint) else -1 end as date_key
    from latest as f
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_id,
      metastore_id,
      metastore_cloud,
      metastore_region,
      provider_id,
      provider_name,
      listing_id,
      listing_name,
      consumer_delta_sharing_recipient_name,
      consumer_delta_sharing_recipient_type,
      consumer_cloud,
      consumer_region,
      consumer_metastore_id,
      consumer_email,
      consumer_name,
      consumer_company,
      consumer_intended_use,
      consumer_comment,
      event_type,
      event_time,
      event_date,
      date_key,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from resolved
  )
  select c.account_id, c.metastore_id, c.metastore_cloud, c.metastore_region, c.provider_id, c.provider_name,
      c.listing_id, c.listing_name, c.consumer_delta_sharing_recipient_name, c.consumer_delta_sharing_recipient_type,
      c.consumer_cloud, c.consumer_region, c.consumer_metastore_id, c.consumer_email, c.consumer_name,
      c.consumer_company, c.consumer_intended_use, c.consumer_comment, c.event_type, c.event_time, c.event_date,
      c.date_key, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.fact_listing_access
  ) as h on h.account_id <=> c.account_id and h.listing_id <=> c.listing_id and h.event_type <=> c.event_type and h.event_time <=> c.event_time and h.consumer_email <=> c.consumer_email
  where case when h._is_held then not (
    h.account_id <=> c.account_id and h.metastore_id <=> c.metastore_id
      and h.metastore_cloud <=> c.metastore_cloud and h.metastore_region <=> c.metastore_region
      and h.provider_id <=> c.provider_id and h.provider_name <=> c.provider_name and h.listing_id <=> c.listing_id
      and h.listing_name <=> c.listing_name
      and h.consumer_delta_sharing_recipient_name <=> c.consumer_delta_sharing_recipient_name
      and h.consumer_delta_sharing_recipient_type <=> c.consumer_delta_sharing_recipient_type
      and h.consumer_cloud <=> c.consumer_cloud and h.consumer_region <=> c.consumer_region
      and h.consumer_metastore_id <=> c.consumer_metastore_id and h.consumer_email <=> c.consumer_email
      and h.consumer_name <=> c.consumer_name and h.consumer_company <=> c.consumer_company
      and h.consumer_intended_use <=> c.consumer_intended_use and h.consumer_comment <=> c.consumer_comment
      and h.event_type <=> c.event_type and h.event_time <=> c.event_time and h.event_date <=> c.event_date
      and h.date_key <=> c.date_key
  ) else true end
) as s
on t.account_id <=> s.account_id and t.listing_id <=> s.listing_id and t.event_type <=> s.event_type and t.event_time <=> s.event_time and t.consumer_email <=> s.consumer_email
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'fact_listing_access' and not (`position` <=> next_position);
