-- marketplace.listing_access_events: Consumers who asked for or got the data of a listing in the marketplace, one row per event.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.marketplace_listing_access_events (
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
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Consumers who asked for or got the data of a listing in the marketplace, one row per event.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.marketplace_listing_access_events (
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
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of marketplace.listing_access_events that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.marketplace_listing_access_events (
    account_id, metastore_id, metastore_cloud, metastore_region, provider_id, provider_name, listing_id,
    listing_name, consumer_delta_sharing_recipient_name, consumer_delta_sharing_recipient_type, consumer_cloud,
    consumer_region, consumer_metastore_id, consumer_email, consumer_name, consumer_company, consumer_intended_use,
    consumer_comment, event_type, event_time, event_date, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.metastore_id, d.metastore_cloud, d.metastore_region, d.provider_id, d.provider_name,
    d.listing_id, d.listing_name, d.consumer_delta_sharing_recipient_name, d.consumer_delta_sharing_recipient_type,
    d.consumer_cloud, d.consumer_region, d.consumer_metastore_id, d.consumer_email, d.consumer_name,
    d.consumer_company, d.consumer_intended_use, d.consumer_comment, d.event_type, d.event_time, d.event_date,
  d._reason, md5(to_json(struct(d.account_id, d.metastore_id, d.metastore_cloud, d.metastore_region, d.provider_id, d.provider_name,
    d.listing_id, d.listing_name, d.consumer_delta_sharing_recipient_name, d.consumer_delta_sharing_recipient_type,
    d.consumer_cloud, d.consumer_region, d.consumer_metastore_id, d.consumer_email, d.consumer_name,
    d.consumer_company, d.consumer_intended_use, d.consumer_comment, d.event_type, d.event_time, d.event_date))), current_timestamp()
from (
  select *, case when listing_id is null and event_type is null and event_time is null and consumer_email is null then 'key (listing_id, event_type, event_time, consumer_email) is null' when account_id is null and listing_id is null and event_type is null and event_time is null and consumer_email is null then 'key (account_id, listing_id, event_type, event_time, consumer_email) is null' end as _reason
  from system.marketplace.listing_access_events
) as d
left anti join system_quarantine.marketplace_listing_access_events as b
  on d.listing_id <=> b.listing_id and d.event_type <=> b.event_type and d.event_time <=> b.event_time and d.consumer_email <=> b.consumer_email
  and struct(d.account_id, d.metastore_id, d.metastore_cloud, d.metastore_region, d.provider_id, d.provider_name,
    d.listing_name, d.consumer_delta_sharing_recipient_name, d.consumer_delta_sharing_recipient_type,
    d.consumer_cloud, d.consumer_region, d.consumer_metastore_id, d.consumer_name, d.consumer_company,
    d.consumer_intended_use, d.consumer_comment, d.event_date)
  <=> struct(b.account_id, b.metastore_id, b.metastore_cloud, b.metastore_region, b.provider_id, b.provider_name,
    b.listing_name, b.consumer_delta_sharing_recipient_name, b.consumer_delta_sharing_recipient_type,
    b.consumer_cloud, b.consumer_region, b.consumer_metastore_id, b.consumer_name, b.consumer_company,
    b.consumer_intended_use, b.consumer_comment, b.event_date)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.marketplace_listing_access_events (
    account_id, metastore_id, metastore_cloud, metastore_region, provider_id, provider_name, listing_id,
    listing_name, consumer_delta_sharing_recipient_name, consumer_delta_sharing_recipient_type, consumer_cloud,
    consumer_region, consumer_metastore_id, consumer_email, consumer_name, consumer_company, consumer_intended_use,
    consumer_comment, event_type, event_time, event_date, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.metastore_id, d.metastore_cloud, d.metastore_region, d.provider_id, d.provider_name,
    d.listing_id, d.listing_name, d.consumer_delta_sharing_recipient_name, d.consumer_delta_sharing_recipient_type,
    d.consumer_cloud, d.consumer_region, d.consumer_metastore_id, d.consumer_email, d.consumer_name,
    d.consumer_company, d.consumer_intended_use, d.consumer_comment, d.event_type, d.event_time, d.event_date,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.marketplace.listing_access_events
  where not (listing_id is null and event_type is null and event_time is null and consumer_email is null)
    and not (account_id is null and listing_id is null and event_type is null and event_time is null and consumer_email is null)
) as d
left anti join system_bronze.marketplace_listing_access_events as b
  on d.listing_id <=> b.listing_id and d.event_type <=> b.event_type and d.event_time <=> b.event_time and d.consumer_email <=> b.consumer_email
  and struct(d.account_id, d.metastore_id, d.metastore_cloud, d.metastore_region, d.provider_id, d.provider_name,
    d.listing_name, d.consumer_delta_sharing_recipient_name, d.consumer_delta_sharing_recipient_type,
    d.consumer_cloud, d.consumer_region, d.consumer_metastore_id, d.consumer_name, d.consumer_company,
    d.consumer_intended_use, d.consumer_comment, d.event_date)
  <=> struct(b.account_id, b.metastore_id, b.metastore_cloud, b.metastore_region, b.provider_id, b.provider_name,
    b.listing_name, b.consumer_delta_sharing_recipient_name, b.consumer_delta_sharing_recipient_type,
    b.consumer_cloud, b.consumer_region, b.consumer_metastore_id, b.consumer_name, b.consumer_company,
    b.consumer_intended_use, b.consumer_comment, b.event_date);
