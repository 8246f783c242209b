select d.date, count(*) as statements, sum(q.read_bytes) as read_bytes from fact_query_history q join dim_date d on d.date_key = q.date_key group by 1 order by 1
