-- Who changes access, secrets or data? Principals by the number of their sensitive actions.
select
  u.user_name as principal,
  count(*) as actions,
  count(*) filter (where a.is_sensitive_action) as sensitive,
  count(*) filter (where a.is_failed_action) as failed,
  count(distinct a.service_name) as services,
  max(a.event_time) as last_action
from fact_audit_logs a
join dim_user u on u.user_key = a.user_key
where a.user_key <> -1
group by u.user_name
order by sensitive desc, actions desc, principal
limit 10
