-- dim_account_price: Prices agreed with the account, one row for each interval in which a price holds. Empty where the workspace has no such table; costs at account price are null then.
-- One row: one account price of a SKU, currency and unit from one start time on.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_account_price (
  account_price_key bigint not null comment 'Surrogate key, computed from the business key; -1 is the unknown member.',
  account_id string comment 'Account that the row belongs to.',
  price_start_time timestamp comment 'First instant at which the price holds.',
  price_end_time timestamp comment 'First instant at which the price no longer holds; null while it does.',
  sku_name string comment 'Name of the SKU that is priced.',
  cloud string comment 'Cloud that the price is for (AWS, AZURE or GCP).',
  currency_code string comment 'Currency of the price, as an ISO 4217 code.',
  usage_unit string comment 'Unit of usage that the price is for, for instance DBU.',
  pricing_default decimal(38,18) comment 'Field `default` of `pricing`: Price of one unit at the terms of the account.',
  unit_price decimal(38,18) comment 'Price of one unit at the terms of the account.',
  is_current boolean comment 'Whether the price has no end yet.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'Prices agreed with the account, one row for each interval in which a price holds. Empty where the workspace has no such table; costs at account price are null then.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_account_price' as table_name, '56935e3754d4a48d' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.billing_account_prices
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
insert overwrite table system_gold.dim_account_price
with
-- Columns of billing.account_prices: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
carried as (
  select
    account_id,
    price_start_time,
    price_end_time,
    sku_name,
    cloud,
    currency_code,
    usage_unit,
    pricing.`default` as pricing_default,
    _ingested_at,
    _source_version
  from system_bronze.billing_account_prices
),

-- Members need every part of their key; rows without one make none.
identified as (
  select *
  from carried
  where account_id is not null and sku_name is not null and cloud is not null and currency_code is not null and usage_unit is not null and price_start_time is not null
),

-- The last delivered version of each key; where that is equal, the content decides, column by column.
latest as (
  select *
  from (select *, row_number() over (
    partition by account_id, sku_name, cloud, currency_code, usage_unit, price_start_time
    order by _ingested_at desc nulls last, _source_version desc nulls last, price_end_time desc nulls last,
      pricing_default desc nulls last
  ) as _rank from identified)
  where _rank = 1
),

-- Derived columns.
derived as (
  select
    *,
    pricing_default as unit_price,
    price_end_time is null as is_current
  from latest
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(concat(coalesce(concat('v', cast(octet_length(account_id) as string), ':', account_id), 'n'), coalesce(concat('v', cast(octet_length(sku_name) as string), ':', sku_name), 'n'), coalesce(concat('v', cast(octet_length(cloud) as string), ':', cloud), 'n'), coalesce(concat('v', cast(octet_length(currency_code) as string), ':', currency_code), 'n'), coalesce(concat('v', cast(octet_length(usage_unit) as string), ':', usage_unit), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(price_start_time) as string)) as string), ':', cast(unix_micros(price_start_time) as string)), 'n'))) as _digest
  from derived
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as account_price_key
  from hashed
)
select
  account_price_key,
  account_id,
  price_start_time,
  price_end_time,
  sku_name,
  cloud,
  currency_code,
  usage_unit,
  pricing_default,
  unit_price,
  is_current,
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
  cast(null as string),
  cast(null as decimal(38,18)),
  cast(null as decimal(38,18)),
  cast(null as boolean),
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the affected keys again and writes what differs.
merge into system_gold.dim_account_price as t
using (
  with
  -- Keys of the rows that bronze took over since the table was written.
  arrived as (
    select account_id, sku_name, cloud, currency_code, usage_unit, price_start_time
    from system_bronze.billing_account_prices
    where _ingested_at >= (select coalesce(max(`position`), timestamp_micros(0)) - interval 1 hour from system_gold.goldsmith_positions where table_name = 'dim_account_price')
  ),

  -- The keys that are computed again.
  affected as (
    select distinct account_id, sku_name, cloud, currency_code, usage_unit, price_start_time
    from (
      select * from arrived
    )
    where account_id is not null and sku_name is not null and cloud is not null and currency_code is not null and usage_unit is not null and price_start_time is not null
  ),

  -- Columns of billing.account_prices: fields of structs by their path, entries of maps sorted, deeper values as JSON text.
  carried as (
    select
      account_id,
      price_start_time,
      price_end_time,
      sku_name,
      cloud,
      currency_code,
      usage_unit,
      pricing.`default` as pricing_default,
      _ingested_at,
      _source_version
    from system_bronze.billing_account_prices
  ),

  -- All rows of the affected keys.
  -- Members need every part of their key; rows without one make none.
  identified as (
    select c.*
    from carried as c
    left semi join affected as a on c.account_id <=> a.account_id and c.sku_name <=> a.sku_name and c.cloud <=> a.cloud and c.currency_code <=> a.currency_code and c.usage_unit <=> a.usage_unit and c.price_start_time <=> a.price_start_time
    where c.account_id is not null and c.sku_name is not null and c.cloud is not null and c.currency_code is not null and c.usage_unit is not null and c.price_start_time is not null
  ),

  -- The last delivered version of each key; where that is equal, the content decides, column by column.
  latest as (
    select *
    from (select *, row_number() over (
      partition by account_id, sku_name, cloud, currency_code, usage_unit, price_start_time
      order by _ingested_at desc nulls last, _source_version desc nulls last, price_end_time desc nulls last,
        pricing_default desc nulls last
    ) as _rank from identified)
    where _rank = 1
  ),

  -- Derived columns.
  derived as (
    select
      *,
      pricing_default as unit_price,
      price_end_time is null as is_current
    from latest
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(concat(coalesce(concat('v', cast(octet_length(account_id) as string), ':', account_id), 'n'), coalesce(concat('v', cast(octet_length(sku_name) as string), ':', sku_name), 'n'), coalesce(concat('v', cast(octet_length(cloud) as string), ':', cloud), 'n'), coalesce(concat('v', cast(octet_length(currency_code) as string), ':', currency_code), 'n'), coalesce(concat('v', cast(octet_length(usage_unit) as string), ':', usage_unit), 'n'), coalesce(concat('v', cast(octet_length(cast(unix_micros(price_start_time) as string)) as string), ':', cast(unix_micros(price_start_time) as string)), 'n'))) as _digest
    from derived
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as account_price_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      account_price_key,
      account_id,
      price_start_time,
      price_end_time,
      sku_name,
      cloud,
      currency_code,
      usage_unit,
      pricing_default,
      unit_price,
      is_current,
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
      cast(null as string),
      cast(null as decimal(38,18)),
      cast(null as decimal(38,18)),
      cast(null as boolean),
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.account_price_key, c.account_id, c.price_start_time, c.price_end_time, c.sku_name, c.cloud, c.currency_code,
      c.usage_unit, c.pricing_default, c.unit_price, c.is_current, c._run_id, c._loaded_at
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_account_price
  ) as h on h.account_price_key = c.account_price_key
  where case when h._is_held then not (
    h.account_price_key <=> c.account_price_key and h.account_id <=> c.account_id
      and h.price_start_time <=> c.price_start_time and h.price_end_time <=> c.price_end_time
      and h.sku_name <=> c.sku_name and h.cloud <=> c.cloud and h.currency_code <=> c.currency_code
      and h.usage_unit <=> c.usage_unit and h.pricing_default <=> c.pricing_default and h.unit_price <=> c.unit_price
      and h.is_current <=> c.is_current
  ) else true end
) as s
on t.account_price_key = s.account_price_key
when matched then update set *
when not matched then insert *;

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_account_price' and not (`position` <=> next_position);
