-- access.assistant_events: Messages that users sent to Databricks Assistant, one row per message.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.access_assistant_events (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace from which the message was sent.',
  event_id string comment 'Id of the event, unique per row.',
  event_time timestamp comment 'When the message was sent.',
  event_date date comment 'UTC date on which the message was sent.',
  user_agent string comment 'Client that the message came from, as its user agent text; null when it sent none.',
  initiated_by string comment 'User who sent the message, as an email address.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.',
  _is_present boolean comment 'Whether the source still shows the row.'
)
using delta
comment 'Messages that users sent to Databricks Assistant, one row per message.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.access_assistant_events (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace from which the message was sent.',
  event_id string comment 'Id of the event, unique per row.',
  event_time timestamp comment 'When the message was sent.',
  event_date date comment 'UTC date on which the message was sent.',
  user_agent string comment 'Client that the message came from, as its user agent text; null when it sent none.',
  initiated_by string comment 'User who sent the message, as an email address.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of access.assistant_events that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.access_assistant_events (
    account_id, workspace_id, event_id, event_time, event_date, user_agent, initiated_by, _reason, _row_hash,
    _quarantined_at
)
select
    d.account_id, d.workspace_id, d.event_id, d.event_time, d.event_date, d.user_agent, d.initiated_by,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.event_id, d.event_time, d.event_date, d.user_agent, d.initiated_by))), current_timestamp()
from (
  select *, case when event_id is null then 'key (event_id) is null' end as _reason
  from system.access.assistant_events
) as d
left anti join system_quarantine.access_assistant_events as b
  on d.event_id <=> b.event_id
  and struct(d.account_id, d.workspace_id, d.event_time, d.event_date, d.user_agent, d.initiated_by)
  <=> struct(b.account_id, b.workspace_id, b.event_time, b.event_date, b.user_agent, b.initiated_by)
where d._reason is not null;

-- statement: load
-- Merges the latest versions, and marks rows that the source no longer shows.
merge into system_bronze.access_assistant_events as t
using (
  with
  -- Rows that can be identified.
  delivered as (
    select
        account_id, workspace_id, event_id, event_time, event_date, user_agent, initiated_by,
      true as _is_delivered
    from system.access.assistant_events
    where not (event_id is null)
  ),

  -- Each row beside the one that bronze holds of its key, and what comes of it.
  compared as (
    select
        d.account_id, d.workspace_id, coalesce(d.event_id, h.event_id) as event_id, d.event_time, d.event_date,
        d.user_agent, d.initiated_by, h._held_account_id, h._held_workspace_id, h._held_event_time, h._held_event_date,
        h._held_user_agent, h._held_initiated_by,
      h._is_shown,
      case
        when h._is_held is null then 'better'
        when d._is_delivered is null then case when h._is_shown then 'gone' end
        when d.event_time > h._held_event_time or h._held_event_time is null and d.event_time is not null then 'better'
        when d.event_time <=> h._held_event_time and not (
          d.account_id <=> h._held_account_id and d.workspace_id <=> h._held_workspace_id
            and d.event_date <=> h._held_event_date and d.user_agent <=> h._held_user_agent
            and d.initiated_by <=> h._held_initiated_by
        ) then 'tied'
        when not h._is_shown then 'back'
      end as _change
    from delivered as d
    full outer join (
      select
          account_id as _held_account_id, workspace_id as _held_workspace_id, event_id, event_time as _held_event_time,
          event_date as _held_event_date, user_agent as _held_user_agent, initiated_by as _held_initiated_by,
        _is_present <=> true as _is_shown,
        true as _is_held
      from system_bronze.access_assistant_events
    ) as h
      on d.event_id <=> h.event_id
  ),

  -- Rows that come to something; with those that are as late as the one that bronze holds, that one competes.
  competing as (
    select
        case when _side = 'held' then _held_account_id else account_id end as account_id,
        case when _side = 'held' then _held_workspace_id else workspace_id end as workspace_id, event_id,
        case when _side = 'held' then _held_event_time else event_time end as event_time,
        case when _side = 'held' then _held_event_date else event_date end as event_date,
        case when _side = 'held' then _held_user_agent else user_agent end as user_agent,
        case when _side = 'held' then _held_initiated_by else initiated_by end as initiated_by,
      _side = 'held' as _is_held, _is_shown, _side as _change
    from (
      select *, explode(
        case when _change = 'tied' then array('tied', 'held') when _change is not null then array(_change) end
      ) as _side
      from compared
    )
  )
  -- One version of each key: the latest, and where that is equal, the content decides.
  select
      account_id, workspace_id, event_id, event_time, event_date, user_agent, initiated_by,
    case when _is_held then 'back' else _change end as _change
  from (
    select *, row_number() over (
      partition by event_id
      order by event_time desc nulls last, account_id desc nulls last, event_date desc nulls last,
        initiated_by desc nulls last, user_agent desc nulls last, workspace_id desc nulls last,
        _is_held desc nulls last
    ) as _rank
    from competing
  )
  where _rank = 1 and not (_is_held and _is_shown)
) as s
on t.event_id <=> s.event_id
when matched and s._change = 'gone' then update set _is_present = false
when matched and s._change = 'back' then update set _is_present = true
when matched then update set
    account_id = s.account_id, workspace_id = s.workspace_id, event_id = s.event_id, event_time = s.event_time,
    event_date = s.event_date, user_agent = s.user_agent, initiated_by = s.initiated_by,
  _source_version = cast(null as bigint), _ingested_at = current_timestamp(), _run_id = concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), _is_present = true
when not matched then insert (
    account_id, workspace_id, event_id, event_time, event_date, user_agent, initiated_by,
  _source_version, _ingested_at, _run_id, _is_present
)
values (
    s.account_id, s.workspace_id, s.event_id, s.event_time, s.event_date, s.user_agent, s.initiated_by,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS')), true
);
