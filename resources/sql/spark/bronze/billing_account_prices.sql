-- billing.account_prices: Prices that were agreed with the account, each for the interval in which it holds. Not every workspace has this table.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.billing_account_prices (
  account_id string comment 'Account that the row belongs to.',
  price_start_time timestamp comment 'First instant at which the price holds.',
  price_end_time timestamp comment 'First instant at which the price no longer holds; null while it does.',
  sku_name string comment 'Name of the SKU that is priced.',
  cloud string comment 'Cloud that the price is for (AWS, AZURE or GCP).',
  currency_code string comment 'Currency of the price, as an ISO 4217 code.',
  usage_unit string comment 'Unit of usage that the price is for, for instance DBU.',
  pricing struct<default:decimal(38,18)> comment 'Price of one unit at the terms of the account.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Prices that were agreed with the account, each for the interval in which it holds. Not every workspace has this table.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.billing_account_prices (
  account_id string comment 'Account that the row belongs to.',
  price_start_time timestamp comment 'First instant at which the price holds.',
  price_end_time timestamp comment 'First instant at which the price no longer holds; null while it does.',
  sku_name string comment 'Name of the SKU that is priced.',
  cloud string comment 'Cloud that the price is for (AWS, AZURE or GCP).',
  currency_code string comment 'Currency of the price, as an ISO 4217 code.',
  usage_unit string comment 'Unit of usage that the price is for, for instance DBU.',
  pricing struct<default:decimal(38,18)> comment 'Price of one unit at the terms of the account.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of billing.account_prices that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.billing_account_prices (
    account_id, price_start_time, price_end_time, sku_name, cloud, currency_code, usage_unit, pricing, _reason,
    _row_hash, _quarantined_at
)
select
    d.account_id, d.price_start_time, d.price_end_time, d.sku_name, d.cloud, d.currency_code, d.usage_unit,
    d.pricing,
  d._reason, md5(to_json(struct(d.account_id, d.price_start_time, d.price_end_time, d.sku_name, d.cloud, d.currency_code, d.usage_unit,
    d.pricing))), current_timestamp()
from (
  select *, case when account_id is null and sku_name is null and cloud is null and currency_code is null and usage_unit is null and price_start_time is null then 'key (account_id, sku_name, cloud, currency_code, usage_unit, price_start_time) is null' end as _reason
  from system.billing.account_prices
) as d
left anti join system_quarantine.billing_account_prices as b
  on d.account_id <=> b.account_id and d.sku_name <=> b.sku_name and d.cloud <=> b.cloud and d.currency_code <=> b.currency_code and d.usage_unit <=> b.usage_unit and d.price_start_time <=> b.price_start_time
  and struct(d.price_end_time, d.pricing)
  <=> struct(b.price_end_time, b.pricing)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.billing_account_prices (
    account_id, price_start_time, price_end_time, sku_name, cloud, currency_code, usage_unit, pricing,
    _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.price_start_time, d.price_end_time, d.sku_name, d.cloud, d.currency_code, d.usage_unit,
    d.pricing,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.billing.account_prices
  where not (account_id is null and sku_name is null and cloud is null and currency_code is null and usage_unit is null and price_start_time is null)
) as d
left anti join system_bronze.billing_account_prices as b
  on d.account_id <=> b.account_id and d.sku_name <=> b.sku_name and d.cloud <=> b.cloud and d.currency_code <=> b.currency_code and d.usage_unit <=> b.usage_unit and d.price_start_time <=> b.price_start_time
  and struct(d.price_end_time, d.pricing)
  <=> struct(b.price_end_time, b.pricing);
