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
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
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
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into system_bronze.billing_account_prices as t
using (
  with
  -- Rows that can be identified.
  identified as (
    select
        account_id, price_start_time, price_end_time, sku_name, cloud, currency_code, usage_unit, pricing,
      true as _is_delivered
    from system.billing.account_prices
    where not (account_id is null and sku_name is null and cloud is null and currency_code is null and usage_unit is null and price_start_time is null)
  ),

  -- With fields of structs and deeper values as the columns that are compared.
  flattened as (
    select
      *,
      pricing.`default` as pricing_default
    from identified
  ),

  -- One row of each key; where the source shows several, the content decides.
  delivered as (
    select
        account_id, price_start_time, price_end_time, sku_name, cloud, currency_code, usage_unit, pricing,
      _is_delivered
    from (
      select *, row_number() over (
        partition by account_id, sku_name, cloud, currency_code, usage_unit, price_start_time
        order by price_end_time desc nulls last, pricing_default desc nulls last
      ) as _rank
      from flattened
    )
    where _rank = 1
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        coalesce(d.account_id, h.account_id) as account_id,
        coalesce(d.price_start_time, h.price_start_time) as price_start_time, d.price_end_time,
        coalesce(d.sku_name, h.sku_name) as sku_name, coalesce(d.cloud, h.cloud) as cloud,
        coalesce(d.currency_code, h.currency_code) as currency_code,
        coalesce(d.usage_unit, h.usage_unit) as usage_unit, d.pricing,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when not (
          d.price_end_time <=> h._held_price_end_time and d.pricing <=> h._held_pricing
        ) then 'better'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          account_id, price_start_time, price_end_time as _held_price_end_time, sku_name, cloud, currency_code,
          usage_unit, pricing as _held_pricing,
        _is_present <=> true as _is_shown,
        true as _is_held
      from system_bronze.billing_account_prices
    ) as h
      on d.account_id <=> h.account_id and d.sku_name <=> h.sku_name and d.cloud <=> h.cloud and d.currency_code <=> h.currency_code and d.usage_unit <=> h.usage_unit and d.price_start_time <=> h.price_start_time
  )
  select
      account_id, price_start_time, price_end_time, sku_name, cloud, currency_code, usage_unit, pricing,
    _change
  from compared
  where _change is not null
) as s
on t.account_id <=> s.account_id and t.sku_name <=> s.sku_name and t.cloud <=> s.cloud and t.currency_code <=> s.currency_code and t.usage_unit <=> s.usage_unit and t.price_start_time <=> s.price_start_time
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    account_id = s.account_id, price_start_time = s.price_start_time, price_end_time = s.price_end_time,
    sku_name = s.sku_name, cloud = s.cloud, currency_code = s.currency_code, usage_unit = s.usage_unit,
    pricing = s.pricing,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    account_id, price_start_time, price_end_time, sku_name, cloud, currency_code, usage_unit, pricing,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.account_id, s.price_start_time, s.price_end_time, s.sku_name, s.cloud, s.currency_code, s.usage_unit,
    s.pricing,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
