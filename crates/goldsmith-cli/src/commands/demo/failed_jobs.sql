-- Which jobs failed most often? Jobs go by the name that they had when the run started.
select
  coalesce(j.name, '(not known)') as job,
  coalesce(w.workspace_name, '(not listed)') as workspace,
  count(*) as runs,
  count(*) filter (where not r.is_success) as failed,
  cast(100.0 * count(*) filter (where not r.is_success) / count(*) as decimal(5, 1)) as failed_percent,
  max(r.run_end_time) filter (where not r.is_success) as last_failure
from fact_job_run_timeline r
join dim_job j on j.job_key = r.job_key
join dim_workspace w on w.workspace_key = r.workspace_key
where not r.is_running
group by j.name, w.workspace_name
having count(*) filter (where not r.is_success) > 0
order by failed desc, failed_percent desc, job, workspace
limit 10
