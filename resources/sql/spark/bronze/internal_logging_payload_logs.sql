-- __internal_logging.payload_logs: Requests to and responses from model serving endpoints that have payload logging turned on.

-- statement: create
-- Creates the table.
create table if not exists system_bronze.internal_logging_payload_logs (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the serving endpoint.',
  request_date date comment 'UTC date on which the request was received.',
  databricks_request_id string comment 'Id that the platform gave to the request; unique per request.',
  client_request_id string comment 'Id that the caller gave to the request; null when none was given.',
  request_time timestamp comment 'When the request was received.',
  status_code int comment 'HTTP status code that the endpoint returned.',
  sampling_fraction double comment 'Share of the requests that is logged, from 0 to 1; 1 means that every request is.',
  execution_duration_ms bigint comment 'Time that the model took for the request, in milliseconds, without network time.',
  request string comment 'Raw body of the request, usually JSON text; null when it could not be logged.',
  response string comment 'Raw body of the response, usually JSON text; null when it could not be logged.',
  logging_error_codes array<string> comment 'Codes of what went wrong while the payload was logged; null or empty when nothing did.',
  served_entity_id string comment 'Served entity that answered the request.',
  endpoint_table_id string comment 'Id of the logging table that belongs to the endpoint.',
  requester string comment 'Principal that sent the request, an email address or the UUID of a service principal.',
  _source_version bigint comment 'Version of the source that delivered the row.',
  _ingested_at timestamp comment 'When the run that took the row over began.',
  _run_id string comment 'Run that took the row over.'
)
using delta
comment 'Requests to and responses from model serving endpoints that have payload logging turned on.';

-- statement: create
-- Creates the quarantine of the source.
create table if not exists system_quarantine.internal_logging_payload_logs (
  account_id string comment 'Account that the row belongs to.',
  workspace_id string comment 'Workspace of the serving endpoint.',
  request_date date comment 'UTC date on which the request was received.',
  databricks_request_id string comment 'Id that the platform gave to the request; unique per request.',
  client_request_id string comment 'Id that the caller gave to the request; null when none was given.',
  request_time timestamp comment 'When the request was received.',
  status_code int comment 'HTTP status code that the endpoint returned.',
  sampling_fraction double comment 'Share of the requests that is logged, from 0 to 1; 1 means that every request is.',
  execution_duration_ms bigint comment 'Time that the model took for the request, in milliseconds, without network time.',
  request string comment 'Raw body of the request, usually JSON text; null when it could not be logged.',
  response string comment 'Raw body of the response, usually JSON text; null when it could not be logged.',
  logging_error_codes array<string> comment 'Codes of what went wrong while the payload was logged; null or empty when nothing did.',
  served_entity_id string comment 'Served entity that answered the request.',
  endpoint_table_id string comment 'Id of the logging table that belongs to the endpoint.',
  requester string comment 'Principal that sent the request, an email address or the UUID of a service principal.',
  _reason string comment 'Why the row cannot be identified.',
  _row_hash string comment 'Hash of the row.',
  _quarantined_at timestamp comment 'When the row came.'
)
using delta
comment 'Rows of __internal_logging.payload_logs that cannot be identified.';

-- statement: quarantine
-- Keeps rows that cannot be identified, once.
insert into system_quarantine.internal_logging_payload_logs (
    account_id, workspace_id, request_date, databricks_request_id, client_request_id, request_time, status_code,
    sampling_fraction, execution_duration_ms, request, response, logging_error_codes, served_entity_id,
    endpoint_table_id, requester, _reason, _row_hash, _quarantined_at
)
select
    d.account_id, d.workspace_id, d.request_date, d.databricks_request_id, d.client_request_id, d.request_time,
    d.status_code, d.sampling_fraction, d.execution_duration_ms, d.request, d.response, d.logging_error_codes,
    d.served_entity_id, d.endpoint_table_id, d.requester,
  d._reason, md5(to_json(struct(d.account_id, d.workspace_id, d.request_date, d.databricks_request_id, d.client_request_id, d.request_time,
    d.status_code, d.sampling_fraction, d.execution_duration_ms, d.request, d.response, d.logging_error_codes,
    d.served_entity_id, d.endpoint_table_id, d.requester))), current_timestamp()
from (
  select *, case when databricks_request_id is null then 'key (databricks_request_id) is null' end as _reason
  from system.__internal_logging.payload_logs
) as d
left anti join system_quarantine.internal_logging_payload_logs as b
  on d.databricks_request_id <=> b.databricks_request_id
  and struct(d.account_id, d.workspace_id, d.request_date, d.client_request_id, d.request_time, d.status_code,
    d.sampling_fraction, d.execution_duration_ms, d.request, d.response, d.logging_error_codes, d.served_entity_id,
    d.endpoint_table_id, d.requester)
  <=> struct(b.account_id, b.workspace_id, b.request_date, b.client_request_id, b.request_time, b.status_code,
    b.sampling_fraction, b.execution_duration_ms, b.request, b.response, b.logging_error_codes, b.served_entity_id,
    b.endpoint_table_id, b.requester)
where d._reason is not null;

-- statement: load
-- Appends the rows of the source that bronze does not hold in every column.
insert into system_bronze.internal_logging_payload_logs (
    account_id, workspace_id, request_date, databricks_request_id, client_request_id, request_time, status_code,
    sampling_fraction, execution_duration_ms, request, response, logging_error_codes, served_entity_id,
    endpoint_table_id, requester, _source_version, _ingested_at, _run_id
)
select
    d.account_id, d.workspace_id, d.request_date, d.databricks_request_id, d.client_request_id, d.request_time,
    d.status_code, d.sampling_fraction, d.execution_duration_ms, d.request, d.response, d.logging_error_codes,
    d.served_entity_id, d.endpoint_table_id, d.requester,
  cast(null as bigint), current_timestamp(), concat('spark-', date_format(current_timestamp(), 'yyyyMMddHHmmssSSS'))
from (
  select *
  from system.__internal_logging.payload_logs
  where not (databricks_request_id is null)
) as d
left anti join system_bronze.internal_logging_payload_logs as b
  on d.databricks_request_id <=> b.databricks_request_id
  and struct(d.account_id, d.workspace_id, d.request_date, d.client_request_id, d.request_time, d.status_code,
    d.sampling_fraction, d.execution_duration_ms, d.request, d.response, d.logging_error_codes, d.served_entity_id,
    d.endpoint_table_id, d.requester)
  <=> struct(b.account_id, b.workspace_id, b.request_date, b.client_request_id, b.request_time, b.status_code,
    b.sampling_fraction, b.execution_duration_ms, b.request, b.response, b.logging_error_codes, b.served_entity_id,
    b.endpoint_table_id, b.requester);
