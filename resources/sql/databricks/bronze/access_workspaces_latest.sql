-- access.workspaces_latest: The workspaces of the account as they are now.

-- statement: create
-- Creates the table.
create table if not exists main.bronze.access_workspaces_latest (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Id of the workspace.',
  workspace_name string comment 'Name of the workspace.',
  workspace_url string comment 'Address of the workspace.',
  create_time timestamp comment 'When the workspace was created.',
  status string comment 'Life-cycle state of the workspace, for instance PROVISIONING, RUNNING, FAILED or BANNED.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
)
using delta
comment 'The workspaces of the account as they are now.'
tblproperties ('delta.feature.domainMetadata' = 'supported', 'delta.enableRowTracking' = 'false', 'delta.enableDeletionVectors' = 'false');

-- statement: create
-- Creates the quarantine of the source.
create table if not exists main.quarantine.access_workspaces_latest (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Id of the workspace.',
  workspace_name string comment 'Name of the workspace.',
  workspace_url string comment 'Address of the workspace.',
  create_time timestamp comment 'When the workspace was created.',
  status string comment 'Life-cycle state of the workspace, for instance PROVISIONING, RUNNING, FAILED or BANNED.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of access.workspaces_latest that cannot be identified.'
tblproperties ('delta.feature.domainMetadata' = 'supported', 'delta.enableRowTracking' = 'false', 'delta.enableDeletionVectors' = 'false');

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into main.quarantine.access_workspaces_latest (
    account_id, workspace_id, workspace_name, workspace_url, create_time, status, _reason, _row_hash,
    _quarantined_at
)
select
    d.account_id, d.workspace_id, d.workspace_name, d.workspace_url, d.create_time, d.status,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.workspace_name, d.workspace_url, d.create_time, d.status))), current_timestamp()
from (
  select *, case when workspace_id is null then 'key (workspace_id) is null' end as _reason
  from system.access.workspaces_latest
) as d
left anti join main.quarantine.access_workspaces_latest as b
  on d.workspace_id <=> b.workspace_id
  and struct(d.account_id, d.workspace_name, d.workspace_url, d.create_time, d.status)
  <=> struct(b.account_id, b.workspace_name, b.workspace_url, b.create_time, b.status)
where d._reason is not null;

-- statement: load
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into main.bronze.access_workspaces_latest as t
using (
  with
  -- Rows that can be identified.
  identified as (
    select
        account_id, workspace_id, workspace_name, workspace_url, create_time, status,
      true as _is_delivered
    from system.access.workspaces_latest
    where not (workspace_id is null)
  ),

  -- One row of each key; where the source shows several, the content decides.
  delivered as (
    select
        account_id, workspace_id, workspace_name, workspace_url, create_time, status,
      _is_delivered
    from (
      select *, row_number() over (
        partition by workspace_id
        order by account_id desc nulls last, create_time desc nulls last, status desc nulls last,
          workspace_name desc nulls last, workspace_url desc nulls last
      ) as _rank
      from identified
    )
    where _rank = 1
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        d.account_id, coalesce(d.workspace_id, h.workspace_id) as workspace_id, d.workspace_name, d.workspace_url,
        d.create_time, d.status,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when not (
          d.account_id <=> h._held_account_id and d.workspace_name <=> h._held_workspace_name
            and d.workspace_url <=> h._held_workspace_url and d.create_time <=> h._held_create_time
            and d.status <=> h._held_status
        ) then 'better'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          account_id as _held_account_id, workspace_id, workspace_name as _held_workspace_name,
          workspace_url as _held_workspace_url, create_time as _held_create_time, status as _held_status,
        _is_present <=> true as _is_shown,
        true as _is_held
      from main.bronze.access_workspaces_latest
    ) as h
      on d.workspace_id <=> h.workspace_id
  )
  select
      account_id, workspace_id, workspace_name, workspace_url, create_time, status,
    _change
  from compared
  where _change is not null
) as s
on t.workspace_id <=> s.workspace_id
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    account_id = s.account_id, workspace_id = s.workspace_id, workspace_name = s.workspace_name,
    workspace_url = s.workspace_url, create_time = s.create_time, status = s.status,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    account_id, workspace_id, workspace_name, workspace_url, create_time, status,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.account_id, s.workspace_id, s.workspace_name, s.workspace_url, s.create_time, s.status,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
