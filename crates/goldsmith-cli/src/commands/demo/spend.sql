-- What was spent, by SKU and workspace? At list price, net of corrections.
select
  s.sku_name as sku,
  coalesce(w.workspace_name, '(not listed)') as workspace,
  cast(sum(u.usage_quantity) as decimal(18, 2)) as quantity,
  u.usage_unit as unit,
  cast(sum(u.list_cost) as decimal(18, 2)) as list_cost,
  p.currency_code as currency
from fact_usage u
join dim_sku s on s.sku_key = u.sku_key
join dim_workspace w on w.workspace_key = u.workspace_key
join dim_list_price p on p.list_price_key = u.list_price_key
where u.list_cost is not null
group by s.sku_name, w.workspace_name, u.usage_unit, p.currency_code
order by list_cost desc
limit 10
