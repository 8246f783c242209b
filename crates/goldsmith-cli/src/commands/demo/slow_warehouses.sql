-- Which warehouses are slow? Statements with their whole time and the time that they waited, in seconds.
select
  coalesce(h.warehouse_name, '(not known)') as warehouse,
  h.warehouse_size as size,
  count(*) as statements,
  cast(avg(q.total_duration_ms) / 1000 as decimal(12, 1)) as average,
  cast(approx_percentile_cont(q.total_duration_ms, 0.95) / 1000 as decimal(12, 1)) as p95,
  cast(avg(q.queue_duration_ms) / 1000 as decimal(12, 1)) as queued
from fact_query_history q
join dim_warehouse h on h.warehouse_key = q.warehouse_key
where q.is_final and q.warehouse_key <> -1
group by h.warehouse_name, h.warehouse_size
order by p95 desc, warehouse, size
limit 10
