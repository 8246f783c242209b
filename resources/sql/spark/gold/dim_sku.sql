-- dim_sku: SKUs that were used or are priced, with what their names tell about tier and features.
-- One row: one SKU on one cloud.

-- statement: create
-- Creates the table.
create table if not exists system_gold.dim_sku (
  sku_key bigint not null comment 'Surrogate key, computed from the business key; -1 is the unknown member.',
  sku_name string comment 'Name of the SKU that was used.',
  cloud string comment 'Cloud on which the usage arose (AWS, AZURE or GCP).',
  usage_unit string comment 'Unit in which the SKU is measured, of the usage or price that starts last.',
  first_usage_date date comment 'First date on which the SKU was used; null when it is only priced.',
  last_usage_date date comment 'Last date on which the SKU was used; null when it is only priced.',
  sku_tier string comment 'STANDARD, PREMIUM or ENTERPRISE when the name begins with that word and an underscore, else null.',
  is_serverless boolean comment 'Whether the name of the SKU contains SERVERLESS.',
  is_photon boolean comment 'Whether the name of the SKU contains PHOTON.',
  _run_id string comment 'Run that wrote the row.',
  _loaded_at timestamp comment 'When the row was written.'
)
using delta
comment 'SKUs that were used or are priced, with what their names tell about tier and features.';

-- statement: begin
-- Notes how far bronze has come, before it is read.
merge into system_gold.goldsmith_positions as t
using (
  select n.*
  from (
    select 'dim_sku' as table_name, '5ecbbc972df20d5e' as fingerprint, max(instant) as next_position
    from (
      select max(_ingested_at) as instant from system_bronze.billing_usage
      union all
      select max(_ingested_at) as instant from system_bronze.billing_list_prices
      union all
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
insert overwrite table system_gold.dim_sku
with
-- Columns of billing.usage that members are made from.
billing_usage as (
  select
    sku_name,
    cloud,
    usage_start_time,
    usage_date,
    usage_unit
  from system_bronze.billing_usage
),

-- Columns of billing.list_prices that members are made from.
billing_list_prices as (
  select
    price_start_time,
    sku_name,
    cloud,
    usage_unit
  from system_bronze.billing_list_prices
),

-- Columns of billing.account_prices that members are made from.
billing_account_prices as (
  select
    price_start_time,
    sku_name,
    cloud,
    usage_unit
  from system_bronze.billing_account_prices
),

-- Every row that mentions a member.
members as (
  select sku_name, cloud, usage_unit, usage_start_time as unit_time, usage_date from billing_usage
  union all
  select sku_name, cloud, usage_unit, price_start_time as unit_time, cast(null as date) as usage_date from billing_list_prices
  union all
  select sku_name, cloud, usage_unit, price_start_time as unit_time, cast(null as date) as usage_date from billing_account_prices
),

-- One row for each member. A null is no value.
gathered as (
  select
    sku_name,
    cloud,
    cast(max_by(usage_unit, struct(unit_time, usage_unit)) filter (where usage_unit is not null) as string) as usage_unit,
    cast(min(usage_date) as date) as first_usage_date,
    cast(max(usage_date) as date) as last_usage_date
  from members
  where sku_name is not null and cloud is not null
  group by sku_name, cloud
),

-- Derived columns.
derived as (
  select
    *,
    case when (sku_name rlike '^(STANDARD|PREMIUM|ENTERPRISE)_') then split_part(sku_name, '_', 1) end as sku_tier,
    contains(sku_name, 'SERVERLESS') as is_serverless,
    contains(sku_name, 'PHOTON') as is_photon
  from gathered
),

-- A hash of the key: each part with its length, so that no two keys have one text.
hashed as (
  select
    *,
    md5(concat(coalesce(concat('v', cast(octet_length(sku_name) as string), ':', sku_name), 'n'), coalesce(concat('v', cast(octet_length(cloud) as string), ':', cloud), 'n'))) as _digest
  from derived
),

-- The surrogate key: 63 bits of the hash.
keyed as (
  select
    *,
    cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as sku_key
  from hashed
)
select
  sku_key,
  sku_name,
  cloud,
  usage_unit,
  first_usage_date,
  last_usage_date,
  sku_tier,
  is_serverless,
  is_photon,
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
  current_timestamp() as _loaded_at
from keyed
union all
-- The unknown member.
select
  -1,
  cast(null as string),
  cast(null as string),
  cast(null as string),
  cast(null as date),
  cast(null as date),
  cast(null as string),
  cast(null as boolean),
  cast(null as boolean),
  concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
  current_timestamp();

-- statement: refresh
-- Computes the table and writes what differs.
merge into system_gold.dim_sku as t
using (
  with
  -- Columns of billing.usage that members are made from.
  billing_usage as (
    select
      sku_name,
      cloud,
      usage_start_time,
      usage_date,
      usage_unit
    from system_bronze.billing_usage
  ),

  -- Columns of billing.list_prices that members are made from.
  billing_list_prices as (
    select
      price_start_time,
      sku_name,
      cloud,
      usage_unit
    from system_bronze.billing_list_prices
  ),

  -- Columns of billing.account_prices that members are made from.
  billing_account_prices as (
    select
      price_start_time,
      sku_name,
      cloud,
      usage_unit
    from system_bronze.billing_account_prices
  ),

  -- Every row that mentions a member.
  members as (
    select sku_name, cloud, usage_unit, usage_start_time as unit_time, usage_date from billing_usage
    union all
    select sku_name, cloud, usage_unit, price_start_time as unit_time, cast(null as date) as usage_date from billing_list_prices
    union all
    select sku_name, cloud, usage_unit, price_start_time as unit_time, cast(null as date) as usage_date from billing_account_prices
  ),

  -- One row for each member. A null is no value.
  gathered as (
    select
      sku_name,
      cloud,
      cast(max_by(usage_unit, struct(unit_time, usage_unit)) filter (where usage_unit is not null) as string) as usage_unit,
      cast(min(usage_date) as date) as first_usage_date,
      cast(max(usage_date) as date) as last_usage_date
    from members
    where sku_name is not null and cloud is not null
    group by sku_name, cloud
  ),

  -- Derived columns.
  derived as (
    select
      *,
      case when (sku_name rlike '^(STANDARD|PREMIUM|ENTERPRISE)_') then split_part(sku_name, '_', 1) end as sku_tier,
      contains(sku_name, 'SERVERLESS') as is_serverless,
      contains(sku_name, 'PHOTON') as is_photon
    from gathered
  ),

  -- A hash of the key: each part with its length, so that no two keys have one text.
  hashed as (
    select
      *,
      md5(concat(coalesce(concat('v', cast(octet_length(sku_name) as string), ':', sku_name), 'n'), coalesce(concat('v', cast(octet_length(cloud) as string), ':', cloud), 'n'))) as _digest
    from derived
  ),

  -- The surrogate key: 63 bits of the hash.
  keyed as (
    select
      *,
      cast(conv(substring(_digest, 1, 8), 16, 10) as bigint) * 2147483648 + shiftright(cast(conv(substring(_digest, 9, 8), 16, 10) as bigint), 1) as sku_key
    from hashed
  ),

  -- The rows as they have to be.
  computed as (
    select
      sku_key,
      sku_name,
      cloud,
      usage_unit,
      first_usage_date,
      last_usage_date,
      sku_tier,
      is_serverless,
      is_photon,
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')) as _run_id,
      current_timestamp() as _loaded_at
    from keyed
    union all
    -- The unknown member.
    select
      -1,
      cast(null as string),
      cast(null as string),
      cast(null as string),
      cast(null as date),
      cast(null as date),
      cast(null as string),
      cast(null as boolean),
      cast(null as boolean),
      concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')),
      current_timestamp()
  )
  select c.sku_key, c.sku_name, c.cloud, c.usage_unit, c.first_usage_date, c.last_usage_date, c.sku_tier,
      c.is_serverless, c.is_photon, c._run_id, c._loaded_at, false as _is_stale
  from computed as c
  left join (
    select *, true as _is_held
    from system_gold.dim_sku
  ) as h on h.sku_key = c.sku_key
  where case when h._is_held then not (
    h.sku_key <=> c.sku_key and h.sku_name <=> c.sku_name and h.cloud <=> c.cloud
      and h.usage_unit <=> c.usage_unit and h.first_usage_date <=> c.first_usage_date
      and h.last_usage_date <=> c.last_usage_date and h.sku_tier <=> c.sku_tier and h.is_serverless <=> c.is_serverless
      and h.is_photon <=> c.is_photon
  ) else true end
  union all
  -- Rows that the table holds and that are rows no more.
  select h.sku_key, h.sku_name, h.cloud, h.usage_unit, h.first_usage_date, h.last_usage_date, h.sku_tier,
      h.is_serverless, h.is_photon, h._run_id, h._loaded_at, true as _is_stale
  from system_gold.dim_sku as h
  left anti join computed as c on h.sku_key = c.sku_key
) as s
on t.sku_key = s.sku_key
when matched and s._is_stale then delete
when matched then update set sku_key = s.sku_key, sku_name = s.sku_name, cloud = s.cloud, usage_unit = s.usage_unit,
    first_usage_date = s.first_usage_date, last_usage_date = s.last_usage_date, sku_tier = s.sku_tier,
    is_serverless = s.is_serverless, is_photon = s.is_photon, _run_id = s._run_id, _loaded_at = s._loaded_at
when not matched then insert (sku_key, sku_name, cloud, usage_unit, first_usage_date, last_usage_date, sku_tier, is_serverless, is_photon,
    _run_id, _loaded_at)
  values (s.sku_key, s.sku_name, s.cloud, s.usage_unit, s.first_usage_date, s.last_usage_date, s.sku_tier,
    s.is_serverless, s.is_photon, s._run_id, s._loaded_at);

-- statement: end
-- Takes down that the table holds what was noted.
update system_gold.goldsmith_positions set `position` = next_position
where table_name = 'dim_sku' and not (`position` <=> next_position);
