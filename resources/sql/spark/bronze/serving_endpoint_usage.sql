-- serving.endpoint_usage: Token and character counts of requests to model serving endpoints that have usage tracking turned on, one row per request.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.serving_endpoint_usage (
  workspace_id string comment 'Workspace of the serving endpoint.',
  account_id string comment 'Account that the row belongs to.',
  client_request_id string comment 'Id that the caller gave to the request; null when none was given.',
  databricks_request_id string comment 'Id that the platform gave to the request; unique per request.',
  requester string comment 'Principal whose permissions the request was made with, an email address or the UUID of a service principal.',
  status_code int comment 'HTTP status code that the model returned.',
  request_time timestamp comment 'When the request was received.',
  input_token_count bigint comment 'Number of tokens of the input; null where tokens do not apply.',
  output_token_count bigint comment 'Number of tokens of the output; null where tokens do not apply.',
  input_character_count bigint comment 'Number of characters of the input; null where it is not counted.',
  output_character_count bigint comment 'Number of characters of the output; null where it is not counted.',
  usage_context map<string,string> comment 'Identifiers that the caller gave of its end user or application, by name; null when none were given.',
  request_streaming boolean comment 'Whether the response was streamed.',
  served_entity_id string comment 'Served entity that answered the request.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Token and character counts of requests to model serving endpoints that have usage tracking turned on, one row per request.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.serving_endpoint_usage (
  workspace_id string comment 'Workspace of the serving endpoint.',
  account_id string comment 'Account that the row belongs to.',
  client_request_id string comment 'Id that the caller gave to the request; null when none was given.',
  databricks_request_id string comment 'Id that the platform gave to the request; unique per request.',
  requester string comment 'Principal whose permissions the request was made with, an email address or the UUID of a service principal.',
  status_code int comment 'HTTP status code that the model returned.',
  request_time timestamp comment 'When the request was received.',
  input_token_count bigint comment 'Number of tokens of the input; null where tokens do not apply.',
  output_token_count bigint comment 'Number of tokens of the output; null where tokens do not apply.',
  input_character_count bigint comment 'Number of characters of the input; null where it is not counted.',
  output_character_count bigint comment 'Number of characters of the output; null where it is not counted.',
  usage_context map<string,string> comment 'Identifiers that the caller gave of its end user or application, by name; null when none were given.',
  request_streaming boolean comment 'Whether the response was streamed.',
  served_entity_id string comment 'Served entity that answered the request.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of serving.endpoint_usage that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.serving_endpoint_usage (
    workspace_id, account_id, client_request_id, databricks_request_id, requester, status_code, request_time,
    input_token_count, output_token_count, input_character_count, output_character_count, usage_context,
    request_streaming, served_entity_id, _reason, _row_hash, _quarantined_at
)
select
    d.workspace_id, d.account_id, d.client_request_id, d.databricks_request_id, d.requester, d.status_code,
    d.request_time, d.input_token_count, d.output_token_count, d.input_character_count, d.output_character_count,
    d.usage_context, d.request_streaming, d.served_entity_id,
  d._reason, md5(to_json(struct(d.workspace_id, d.account_id, d.client_request_id, d.databricks_request_id, d.requester, d.status_code,
    d.request_time, d.input_token_count, d.output_token_count, d.input_character_count, d.output_character_count,
    d.usage_context, d.request_streaming, d.served_entity_id))), current_timestamp()
from (
  select *, case when databricks_request_id is null then 'key (databricks_request_id) is null' end as _reason
  from system.serving.endpoint_usage
) as d
left anti join system_quarantine.serving_endpoint_usage as b
  on d.databricks_request_id <=> b.databricks_request_id
  and struct(d.workspace_id, d.account_id, d.client_request_id, d.requester, d.status_code, d.request_time,
    d.input_token_count, d.output_token_count, d.input_character_count, d.output_character_count,
    to_json(d.usage_context), d.request_streaming, d.served_entity_id)
  <=> struct(b.workspace_id, b.account_id, b.client_request_id, b.requester, b.status_code, b.request_time,
    b.input_token_count, b.output_token_count, b.input_character_count, b.output_character_count,
    to_json(b.usage_context), b.request_streaming, b.served_entity_id)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.serving_endpoint_usage (
    workspace_id, account_id, client_request_id, databricks_request_id, requester, status_code, request_time,
    input_token_count, output_token_count, input_character_count, output_character_count, usage_context,
    request_streaming, served_entity_id, _source_version, _ingested_at, _run_id
)
select
    d.workspace_id, d.account_id, d.client_request_id, d.databricks_request_id, d.requester, d.status_code,
    d.request_time, d.input_token_count, d.output_token_count, d.input_character_count, d.output_character_count,
    d.usage_context, d.request_streaming, d.served_entity_id,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.serving.endpoint_usage
  where not (databricks_request_id is null)
) as d
left anti join system_bronze.serving_endpoint_usage as b
  on d.databricks_request_id <=> b.databricks_request_id
  and struct(d.workspace_id, d.account_id, d.client_request_id, d.requester, d.status_code, d.request_time,
    d.input_token_count, d.output_token_count, d.input_character_count, d.output_character_count,
    to_json(d.usage_context), d.request_streaming, d.served_entity_id)
  <=> struct(b.workspace_id, b.account_id, b.client_request_id, b.requester, b.status_code, b.request_time,
    b.input_token_count, b.output_token_count, b.input_character_count, b.output_character_count,
    to_json(b.usage_context), b.request_streaming, b.served_entity_id);
