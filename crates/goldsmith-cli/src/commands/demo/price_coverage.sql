-- How far can the cost be trusted? Usage that no list price covers, and how fresh the usage is.
select
  u.billing_origin_product as product,
  count(*) as records,
  count(*) filter (where u.list_price_key = -1) as unpriced,
  cast(100.0 * count(*) filter (where u.list_price_key <> -1) / count(*) as decimal(5, 1)) as priced_percent,
  count(*) filter (where u.record_type <> 'ORIGINAL') as corrections,
  max(u.usage_date) as fresh_until
from fact_usage u
group by u.billing_origin_product
order by records desc, product
