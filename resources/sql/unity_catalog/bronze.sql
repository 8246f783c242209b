-- Generated from models/ by `cargo xtask generate`; do not edit.
--   goldsmith catalog --catalog main --target s3://bucket/lake --layer bronze

-- bronze
CREATE SCHEMA IF NOT EXISTS `main`.`system_bronze`;
COMMENT ON SCHEMA `main`.`system_bronze` IS 'System tables, every row that was ever delivered. Written by goldsmith; read only.';

-- bronze: internal_logging_payload_logs
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`internal_logging_payload_logs` USING DELTA LOCATION 's3://bucket/lake/system_bronze/internal_logging_payload_logs';
MSCK REPAIR TABLE `main`.`system_bronze`.`internal_logging_payload_logs` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`internal_logging_payload_logs` IS 'Requests to and responses from model serving endpoints that have payload logging turned on.';
ALTER TABLE `main`.`system_bronze`.`internal_logging_payload_logs` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the serving endpoint.',
  `request_date` COMMENT 'UTC date on which the request was received.',
  `databricks_request_id` COMMENT 'Id that the platform gave to the request; unique per request.',
  `client_request_id` COMMENT 'Id that the caller gave to the request; null when none was given.',
  `request_time` COMMENT 'When the request was received.',
  `status_code` COMMENT 'HTTP status code that the endpoint returned.',
  `sampling_fraction` COMMENT 'Share of the requests that is logged, from 0 to 1; 1 means that every request is.',
  `execution_duration_ms` COMMENT 'Time that the model took for the request, in milliseconds, without network time.',
  `request` COMMENT 'Raw body of the request, usually JSON text; null when it could not be logged.',
  `response` COMMENT 'Raw body of the response, usually JSON text; null when it could not be logged.',
  `logging_error_codes` COMMENT 'Codes of what went wrong while the payload was logged; null or empty when nothing did.',
  `served_entity_id` COMMENT 'Served entity that answered the request.',
  `endpoint_table_id` COMMENT 'Id of the logging table that belongs to the endpoint.',
  `requester` COMMENT 'Principal that sent the request, an email address or the UUID of a service principal.';
ALTER TABLE `main`.`system_bronze`.`internal_logging_payload_logs` SET TAGS ('layer' = 'bronze', 'domain' = 'internal_logging', 'source' = '__internal_logging.payload_logs', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`internal_logging_payload_logs` ALTER COLUMN `request` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`internal_logging_payload_logs` ALTER COLUMN `response` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`internal_logging_payload_logs` ALTER COLUMN `requester` SET TAGS ('pii' = 'true');

-- bronze: access_assistant_events
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_assistant_events` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_assistant_events';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_assistant_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_assistant_events` IS 'Messages that users sent to Databricks Assistant, one row per message.';
ALTER TABLE `main`.`system_bronze`.`access_assistant_events` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace from which the message was sent.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `event_time` COMMENT 'When the message was sent.',
  `event_date` COMMENT 'UTC date on which the message was sent.',
  `user_agent` COMMENT 'Client that the message came from, as its user agent text; null when it sent none.',
  `initiated_by` COMMENT 'User who sent the message, as an email address.';
ALTER TABLE `main`.`system_bronze`.`access_assistant_events` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.assistant_events', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_assistant_events` ALTER COLUMN `user_agent` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_assistant_events` ALTER COLUMN `initiated_by` SET TAGS ('pii' = 'true');

-- bronze: access_audit
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_audit` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_audit';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_audit` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_audit` IS 'Audit events of the account and of the workspaces of one region. Events at the account level appear in every region.';
ALTER TABLE `main`.`system_bronze`.`access_audit` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace in which the event happened; 0 for events at the account level.',
  `version` COMMENT 'Version of the audit log schema.',
  `event_time` COMMENT 'When the event happened.',
  `event_date` COMMENT 'UTC date of the event.',
  `source_ip_address` COMMENT 'IP address from which the request came; null for actions of the platform itself.',
  `user_agent` COMMENT 'Client that the request came from, as its user agent text; null when it sent none.',
  `session_id` COMMENT 'Session in which the request was made; null when there was none.',
  `user_identity` COMMENT 'Who made the request, as an email address and a subject name; a service principal stands there by its UUID.',
  `service_name` COMMENT 'Service that logged the event, such as accounts, unityCatalog, jobs or clusters.',
  `action_name` COMMENT 'What was done, in the wording of the service, for instance createTable.',
  `request_id` COMMENT 'Id of the request that caused the event.',
  `request_params` COMMENT 'Parameters of the request by name, as text; the set depends on the action.',
  `response` COMMENT 'Outcome of the request. HTTP status code, error message (null or empty on success) and result text.',
  `audit_level` COMMENT 'Whether the event belongs to a workspace (WORKSPACE_LEVEL) or to the account (ACCOUNT_LEVEL).',
  `event_id` COMMENT 'Id of the event, unique per event and the same in every region.',
  `identity_metadata` COMMENT 'Identities behind the action. Who started it (run_by), whose permissions were used (run_as) and the acting resource; null when not recorded.';
ALTER TABLE `main`.`system_bronze`.`access_audit` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.audit', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_audit` ALTER COLUMN `source_ip_address` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_audit` ALTER COLUMN `user_agent` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_audit` ALTER COLUMN `user_identity` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_audit` ALTER COLUMN `request_params` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_audit` ALTER COLUMN `identity_metadata` SET TAGS ('pii' = 'true');

-- bronze: access_clean_room_events
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_clean_room_events` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_clean_room_events';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_clean_room_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_clean_room_events` IS 'What was done in and to clean rooms. Which of the metadata columns is filled depends on the event type.';
ALTER TABLE `main`.`system_bronze`.`access_clean_room_events` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `metastore_id` COMMENT 'Unity Catalog metastore in which the event was recorded.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `clean_room_name` COMMENT 'Name of the clean room as its local securable is called.',
  `central_clean_room_id` COMMENT 'Id of the central clean room, shared by all collaborators.',
  `initiator_global_metastore_id` COMMENT 'Global metastore id of the collaborator who caused the event.',
  `event_type` COMMENT 'Kind of the event, for instance CLEAN_ROOM_CREATED or RUN_NOTEBOOK_STARTED.',
  `clean_room_created_metadata` COMMENT 'Collaborators, egress policy and compliance profile of a clean room that was created; null for other events.',
  `clean_room_deleted_metadata` COMMENT 'Central id of a clean room that was deleted; null for other events.',
  `run_notebook_started_metadata` COMMENT 'Name, checksum, version and run id of a notebook whose run was started; null for other events.',
  `run_notebook_completed_metadata` COMMENT 'Run id, final state, duration in seconds and output schema of a notebook run that ended; null for other events.',
  `clean_room_assets_updated_metadata` COMMENT 'Assets that were added, updated and removed in one change of the clean room; null for other events.',
  `event_time` COMMENT 'When the event happened.',
  `output_schema_deleted_metadata` COMMENT 'Name, owner and expiry of an output schema that was deleted; null for other events.',
  `initiator_collaborator_alias` COMMENT 'Alias, within the clean room, of the collaborator who caused the event.',
  `asset_review_created_metadata` COMMENT 'Asset, state and reason of a review that was submitted; null for other events.';
ALTER TABLE `main`.`system_bronze`.`access_clean_room_events` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.clean_room_events');

-- bronze: access_column_lineage
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_column_lineage` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_column_lineage';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_column_lineage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_column_lineage` IS 'Reads and writes of columns that Unity Catalog captured, one row per source and target column.';
ALTER TABLE `main`.`system_bronze`.`access_column_lineage` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `metastore_id` COMMENT 'Unity Catalog metastore in which the access was captured.',
  `workspace_id` COMMENT 'Workspace in which the lineage was captured.',
  `entity_type` COMMENT 'Kind of the entity that caused the access, such as NOTEBOOK, JOB, PIPELINE or DASHBOARD_V3; null when it is not known.',
  `entity_id` COMMENT 'Id of the entity that caused the access; null when the entity type is null.',
  `entity_run_id` COMMENT 'Id of the run of the entity, or of the statement; null when the entity type is null.',
  `source_table_full_name` COMMENT 'Three-part name of the table that was read; null for a write without a source table.',
  `source_table_catalog` COMMENT 'Catalog of the table that was read; null where its full name is null.',
  `source_table_schema` COMMENT 'Schema of the table that was read; null where its full name is null.',
  `source_table_name` COMMENT 'Name of the table that was read, without catalog and schema; null where its full name is null.',
  `source_path` COMMENT 'Storage location that was read by path; null when the source was accessed by name only.',
  `source_type` COMMENT 'Kind of the source, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure write.',
  `source_column_name` COMMENT 'Column that was read; null for a pure write.',
  `target_table_full_name` COMMENT 'Three-part name of the table that was written; null for a pure read.',
  `target_table_catalog` COMMENT 'Catalog of the table that was written; null where its full name is null.',
  `target_table_schema` COMMENT 'Schema of the table that was written; null where its full name is null.',
  `target_table_name` COMMENT 'Name of the table that was written, without catalog and schema; null where its full name is null.',
  `target_path` COMMENT 'Storage location that was written by path; null when the target was accessed by name only.',
  `target_type` COMMENT 'Kind of the target, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure read.',
  `target_column_name` COMMENT 'Column that was written; null for a pure read.',
  `created_by` COMMENT 'Principal that caused the access, an email address or the UUID of a service principal.',
  `event_time` COMMENT 'When the access happened.',
  `event_date` COMMENT 'UTC date of the access.',
  `record_id` COMMENT 'Id of this lineage record, unique per row.',
  `event_id` COMMENT 'Id of the event behind the record; one event can produce several records.',
  `statement_id` COMMENT 'Id of the statement in query.history that caused the access; filled for SQL warehouses only.',
  `entity_metadata` COMMENT 'Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.';
ALTER TABLE `main`.`system_bronze`.`access_column_lineage` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.column_lineage', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_column_lineage` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- bronze: access_inbound_network
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_inbound_network` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_inbound_network';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_inbound_network` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_inbound_network` IS 'Requests into a workspace that an ingress network policy denied, or would have denied in dry-run mode.';
ALTER TABLE `main`.`system_bronze`.`access_inbound_network` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the request was for.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `request_path` COMMENT 'Path of the URL that was asked for.',
  `source` COMMENT 'Where the request came from, as an IP address.',
  `authenticated_as` COMMENT 'Principal that the request was authenticated as; null or empty when it was not authenticated.',
  `event_time` COMMENT 'When the request was denied.',
  `policy_outcome` COMMENT 'What the policy decided, for instance DENY or a dry-run denial.';
ALTER TABLE `main`.`system_bronze`.`access_inbound_network` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.inbound_network', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_inbound_network` ALTER COLUMN `source` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_inbound_network` ALTER COLUMN `authenticated_as` SET TAGS ('pii' = 'true');

-- bronze: access_outbound_network
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_outbound_network` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_outbound_network';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_outbound_network` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_outbound_network` IS 'Accesses from a workspace to the outside that an egress network policy denied, or would have denied in dry-run mode.';
ALTER TABLE `main`.`system_bronze`.`access_outbound_network` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the access came from.',
  `destination_type` COMMENT 'Kind of the destination, DNS or STORAGE.',
  `destination` COMMENT 'Destination that was to be reached, a host name or a storage path.',
  `dns_event` COMMENT 'Domain name and DNS return code of a name look-up; null for other destinations.',
  `storage_event` COMMENT 'Host name, path and reason of rejection of a storage access; null for other destinations.',
  `event_time` COMMENT 'When the access was denied.',
  `access_type` COMMENT 'How the policy acted, for instance DROP or a dry-run denial.',
  `event_id` COMMENT 'Id of the event, unique per row.',
  `network_source_type` COMMENT 'Kind of workload that the access came from, for instance serverless SQL or model serving.';
ALTER TABLE `main`.`system_bronze`.`access_outbound_network` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.outbound_network');

-- bronze: access_table_lineage
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_table_lineage` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_table_lineage';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_table_lineage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_table_lineage` IS 'Reads and writes of tables and paths that Unity Catalog captured, one row per source and target.';
ALTER TABLE `main`.`system_bronze`.`access_table_lineage` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `metastore_id` COMMENT 'Unity Catalog metastore in which the access was captured.',
  `workspace_id` COMMENT 'Workspace in which the lineage was captured.',
  `entity_type` COMMENT 'Kind of the entity that caused the access, such as NOTEBOOK, JOB, PIPELINE or DASHBOARD_V3; null when it is not known.',
  `entity_id` COMMENT 'Id of the entity that caused the access; null when the entity type is null.',
  `entity_run_id` COMMENT 'Id of the run of the entity, or of the statement; null when the entity type is null.',
  `source_table_full_name` COMMENT 'Three-part name of the table that was read; null for a write without a source table.',
  `source_table_catalog` COMMENT 'Catalog of the table that was read; null where its full name is null.',
  `source_table_schema` COMMENT 'Schema of the table that was read; null where its full name is null.',
  `source_table_name` COMMENT 'Name of the table that was read, without catalog and schema; null where its full name is null.',
  `source_path` COMMENT 'Storage location that was read by path; null when the source was accessed by name only.',
  `source_type` COMMENT 'Kind of the source, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure write.',
  `target_table_full_name` COMMENT 'Three-part name of the table that was written; null for a pure read.',
  `target_table_catalog` COMMENT 'Catalog of the table that was written; null where its full name is null.',
  `target_table_schema` COMMENT 'Schema of the table that was written; null where its full name is null.',
  `target_table_name` COMMENT 'Name of the table that was written, without catalog and schema; null where its full name is null.',
  `target_path` COMMENT 'Storage location that was written by path; null when the target was accessed by name only.',
  `target_type` COMMENT 'Kind of the target, such as TABLE, PATH, VIEW, MATERIALIZED_VIEW, METRIC_VIEW or STREAMING_TABLE; null for a pure read.',
  `created_by` COMMENT 'Principal that caused the access, an email address or the UUID of a service principal.',
  `event_time` COMMENT 'When the access happened.',
  `event_date` COMMENT 'UTC date of the access.',
  `record_id` COMMENT 'Id of this lineage record, unique per row.',
  `event_id` COMMENT 'Id of the event behind the record; one event can produce several records.',
  `statement_id` COMMENT 'Id of the statement in query.history that caused the access; filled for SQL warehouses only.',
  `entity_metadata` COMMENT 'Ids of the job and its run, dashboard, notebook, saved query, or pipeline and its update that caused the access; a field is null when that kind of entity was not involved.';
ALTER TABLE `main`.`system_bronze`.`access_table_lineage` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.table_lineage', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`access_table_lineage` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- bronze: access_workspaces_latest
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`access_workspaces_latest` USING DELTA LOCATION 's3://bucket/lake/system_bronze/access_workspaces_latest';
MSCK REPAIR TABLE `main`.`system_bronze`.`access_workspaces_latest` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`access_workspaces_latest` IS 'The workspaces of the account as they are now.';
ALTER TABLE `main`.`system_bronze`.`access_workspaces_latest` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Id of the workspace.',
  `workspace_name` COMMENT 'Name of the workspace.',
  `workspace_url` COMMENT 'Address of the workspace.',
  `create_time` COMMENT 'When the workspace was created.',
  `status` COMMENT 'Life-cycle state of the workspace, for instance PROVISIONING, RUNNING, FAILED or BANNED.';
ALTER TABLE `main`.`system_bronze`.`access_workspaces_latest` SET TAGS ('layer' = 'bronze', 'domain' = 'access', 'source' = 'access.workspaces_latest');

-- bronze: billing_account_prices
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`billing_account_prices` USING DELTA LOCATION 's3://bucket/lake/system_bronze/billing_account_prices';
MSCK REPAIR TABLE `main`.`system_bronze`.`billing_account_prices` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`billing_account_prices` IS 'Prices that were agreed with the account, each for the interval in which it holds. Not every workspace has this table.';
ALTER TABLE `main`.`system_bronze`.`billing_account_prices` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `price_start_time` COMMENT 'First instant at which the price holds.',
  `price_end_time` COMMENT 'First instant at which the price no longer holds; null while it does.',
  `sku_name` COMMENT 'Name of the SKU that is priced.',
  `cloud` COMMENT 'Cloud that the price is for (AWS, AZURE or GCP).',
  `currency_code` COMMENT 'Currency of the price, as an ISO 4217 code.',
  `usage_unit` COMMENT 'Unit of usage that the price is for, for instance DBU.',
  `pricing` COMMENT 'Price of one unit at the terms of the account.';
ALTER TABLE `main`.`system_bronze`.`billing_account_prices` SET TAGS ('layer' = 'bronze', 'domain' = 'billing', 'source' = 'billing.account_prices');

-- bronze: billing_list_prices
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`billing_list_prices` USING DELTA LOCATION 's3://bucket/lake/system_bronze/billing_list_prices';
MSCK REPAIR TABLE `main`.`system_bronze`.`billing_list_prices` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`billing_list_prices` IS 'Published prices of all SKUs, each for the interval in which it holds.';
ALTER TABLE `main`.`system_bronze`.`billing_list_prices` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `price_start_time` COMMENT 'First instant at which the price holds.',
  `price_end_time` COMMENT 'First instant at which the price no longer holds; null while it does.',
  `sku_name` COMMENT 'Name of the SKU that is priced.',
  `cloud` COMMENT 'Cloud that the price is for (AWS, AZURE or GCP).',
  `currency_code` COMMENT 'Currency of the price, as an ISO 4217 code.',
  `usage_unit` COMMENT 'Unit of usage that the price is for, for instance DBU.',
  `pricing` COMMENT 'Prices of one unit. The list price (default), the promotional price while there is one (else null), and the list price in effect once promotions are applied (effective_list).';
ALTER TABLE `main`.`system_bronze`.`billing_list_prices` SET TAGS ('layer' = 'bronze', 'domain' = 'billing', 'source' = 'billing.list_prices');

-- bronze: billing_usage
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`billing_usage` USING DELTA LOCATION 's3://bucket/lake/system_bronze/billing_usage';
MSCK REPAIR TABLE `main`.`system_bronze`.`billing_usage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`billing_usage` IS 'Billable usage of the account. Corrections come as further rows, days later and under the old usage date, so all record types have to be summed.';
ALTER TABLE `main`.`system_bronze`.`billing_usage` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace in which the usage arose; null for some SKUs at the account level.',
  `record_id` COMMENT 'Id of the billing record, unique per row.',
  `sku_name` COMMENT 'Name of the SKU that was used.',
  `cloud` COMMENT 'Cloud on which the usage arose (AWS, AZURE or GCP).',
  `usage_start_time` COMMENT 'Start of the usage, the first instant that the record covers.',
  `usage_end_time` COMMENT 'End of the usage, the first instant that the record no longer covers.',
  `usage_date` COMMENT 'UTC date of the usage; a correction keeps the date of the usage that it corrects.',
  `custom_tags` COMMENT 'Tags of the compute, the job or the policy that the usage is charged to, by name; null or empty when there are none.',
  `usage_unit` COMMENT 'Unit of the quantity, for instance DBU, GB, tokens or hours; quantities of different units must not be added up.',
  `usage_quantity` COMMENT 'Units used; negative on a retraction.',
  `usage_metadata` COMMENT 'Ids and names of what was used (cluster, job, warehouse, pipeline, endpoint, notebook and others); fields that do not apply are null.',
  `identity_metadata` COMMENT 'Principals behind the usage. Whose permissions were used (run_as), who created and who owns the resource; a field is null where it does not apply.',
  `record_type` COMMENT 'Whether the record is an original, takes back one (RETRACTION, with a negative quantity) or restates one (RESTATEMENT).',
  `ingestion_date` COMMENT 'UTC date on which the record came into the table; later than the usage date for corrections.',
  `billing_origin_product` COMMENT 'Product that the usage comes from, for instance JOBS, SQL, DLT or MODEL_SERVING.',
  `product_features` COMMENT 'Features of the product that were in use, such as tiers, serverless, Photon and kinds of serving; fields that do not apply are null.',
  `usage_type` COMMENT 'What is charged for, for instance COMPUTE_TIME, STORAGE_SPACE, NETWORK_BYTE, API_OPERATION, TOKEN or GPU_TIME.';
ALTER TABLE `main`.`system_bronze`.`billing_usage` SET TAGS ('layer' = 'bronze', 'domain' = 'billing', 'source' = 'billing.usage', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`billing_usage` ALTER COLUMN `identity_metadata` SET TAGS ('pii' = 'true');

-- bronze: compute_clusters
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`compute_clusters` USING DELTA LOCATION 's3://bucket/lake/system_bronze/compute_clusters';
MSCK REPAIR TABLE `main`.`system_bronze`.`compute_clusters` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`compute_clusters` IS 'Configurations of all-purpose, job and pipeline clusters on classic compute, one row per change.';
ALTER TABLE `main`.`system_bronze`.`compute_clusters` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the cluster.',
  `cluster_id` COMMENT 'Id of the cluster, unique within its workspace.',
  `cluster_name` COMMENT 'Name of the cluster.',
  `owned_by` COMMENT 'Principal that owns the cluster, by default its creator.',
  `create_time` COMMENT 'When the cluster was created.',
  `delete_time` COMMENT 'When the cluster was deleted; null while it exists.',
  `driver_node_type` COMMENT 'Node type of the driver.',
  `worker_node_type` COMMENT 'Node type of the workers.',
  `worker_count` COMMENT 'Number of workers of a cluster of fixed size; null when it autoscales.',
  `min_autoscale_workers` COMMENT 'Least number of workers of an autoscaling cluster; null when its size is fixed.',
  `max_autoscale_workers` COMMENT 'Greatest number of workers of an autoscaling cluster; null when its size is fixed.',
  `auto_termination_minutes` COMMENT 'Idle minutes after which the cluster terminates; 0 or null when it does not.',
  `enable_elastic_disk` COMMENT 'Whether local storage grows by itself.',
  `tags` COMMENT 'Tags that users set on the cluster, without the default tags, by name; null or empty when there are none.',
  `cluster_source` COMMENT 'What created the cluster, for instance UI, API, JOB, PIPELINE or PIPELINE_MAINTENANCE.',
  `init_scripts` COMMENT 'Paths of the init scripts in the order of their execution; null or empty when there are none.',
  `aws_attributes` COMMENT 'Settings that only exist on AWS, among them availability, zone, spot bid and EBS volumes; null on other clouds.',
  `azure_attributes` COMMENT 'Settings that only exist on Azure, among them availability and greatest spot bid; null on other clouds.',
  `gcp_attributes` COMMENT 'Settings that only exist on GCP, among them availability, zone and local SSDs; null on other clouds.',
  `driver_instance_pool_id` COMMENT 'Instance pool of the driver; null when it comes from none.',
  `worker_instance_pool_id` COMMENT 'Instance pool of the workers; null when they come from none.',
  `dbr_version` COMMENT 'Version text of the Databricks Runtime, for instance 15.4.x-scala2.12.',
  `change_time` COMMENT 'When the configuration changed; orders the rows of a cluster.',
  `change_date` COMMENT 'UTC date of the change.',
  `data_security_mode` COMMENT 'Access mode of the cluster, for instance USER_ISOLATION or SINGLE_USER; null in older rows.',
  `policy_id` COMMENT 'Cluster policy that the cluster was created with; null when there is none.';
ALTER TABLE `main`.`system_bronze`.`compute_clusters` SET TAGS ('layer' = 'bronze', 'domain' = 'compute', 'source' = 'compute.clusters', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`compute_clusters` ALTER COLUMN `owned_by` SET TAGS ('pii' = 'true');

-- bronze: compute_node_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`compute_node_timeline` USING DELTA LOCATION 's3://bucket/lake/system_bronze/compute_node_timeline';
MSCK REPAIR TABLE `main`.`system_bronze`.`compute_node_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`compute_node_timeline` IS 'Load of each instance of classic compute and of serverless warehouses, about one row per instance and minute.';
ALTER TABLE `main`.`system_bronze`.`compute_node_timeline` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the cluster.',
  `cluster_id` COMMENT 'Cluster that the instance belongs to.',
  `instance_id` COMMENT 'Instance, as its cloud provider calls it.',
  `start_time` COMMENT 'Start of the period that the row covers.',
  `end_time` COMMENT 'End of the period that the row covers.',
  `driver` COMMENT 'Whether the instance is the driver; otherwise it is a worker.',
  `cpu_user_percent` COMMENT 'Share of CPU time in user code, in percent over the period.',
  `cpu_system_percent` COMMENT 'Share of CPU time in the kernel, in percent over the period.',
  `cpu_wait_percent` COMMENT 'Share of CPU time spent waiting for input and output, in percent over the period.',
  `mem_used_percent` COMMENT 'Share of the memory in use, in percent, memory of background processes included.',
  `mem_swap_percent` COMMENT 'Share of the memory that was swapped out, in percent.',
  `network_sent_bytes` COMMENT 'Bytes sent over the network in the period.',
  `network_received_bytes` COMMENT 'Bytes received over the network in the period.',
  `disk_free_bytes_per_mount_point` COMMENT 'Free bytes by mount point at the time of the sample.',
  `node_type` COMMENT 'Node type of the instance.',
  `private_ip` COMMENT 'IP address of the instance in its private network.';
ALTER TABLE `main`.`system_bronze`.`compute_node_timeline` SET TAGS ('layer' = 'bronze', 'domain' = 'compute', 'source' = 'compute.node_timeline');

-- bronze: compute_node_types
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`compute_node_types` USING DELTA LOCATION 's3://bucket/lake/system_bronze/compute_node_types';
MSCK REPAIR TABLE `main`.`system_bronze`.`compute_node_types` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`compute_node_types` IS 'The node types that are available now, with their hardware.';
ALTER TABLE `main`.`system_bronze`.`compute_node_types` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `node_type` COMMENT 'Name of the node type, as its cloud provider calls it.',
  `core_count` COMMENT 'Number of virtual CPUs; can be a fraction.',
  `memory_mb` COMMENT 'Memory, in megabytes.',
  `gpu_count` COMMENT 'Number of GPUs; 0 when there are none.';
ALTER TABLE `main`.`system_bronze`.`compute_node_types` SET TAGS ('layer' = 'bronze', 'domain' = 'compute', 'source' = 'compute.node_types');

-- bronze: compute_warehouse_events
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`compute_warehouse_events` USING DELTA LOCATION 's3://bucket/lake/system_bronze/compute_warehouse_events';
MSCK REPAIR TABLE `main`.`system_bronze`.`compute_warehouse_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`compute_warehouse_events` IS 'Starts, stops and changes of size of SQL warehouses, one row per event.';
ALTER TABLE `main`.`system_bronze`.`compute_warehouse_events` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the warehouse.',
  `warehouse_id` COMMENT 'Warehouse that the event is about.',
  `event_type` COMMENT 'What happened, for instance STARTING, RUNNING, SCALED_UP, SCALED_DOWN, STOPPING or STOPPED.',
  `cluster_count` COMMENT 'Number of clusters that run once the event has happened.',
  `event_time` COMMENT 'When the event happened.';
ALTER TABLE `main`.`system_bronze`.`compute_warehouse_events` SET TAGS ('layer' = 'bronze', 'domain' = 'compute', 'source' = 'compute.warehouse_events');

-- bronze: compute_warehouses
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`compute_warehouses` USING DELTA LOCATION 's3://bucket/lake/system_bronze/compute_warehouses';
MSCK REPAIR TABLE `main`.`system_bronze`.`compute_warehouses` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`compute_warehouses` IS 'Configurations of SQL warehouses, one row per change.';
ALTER TABLE `main`.`system_bronze`.`compute_warehouses` ALTER COLUMN
  `warehouse_id` COMMENT 'Id of the warehouse, unique within its workspace.',
  `workspace_id` COMMENT 'Workspace of the warehouse.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `warehouse_name` COMMENT 'Name of the warehouse.',
  `warehouse_type` COMMENT 'Type of the warehouse, CLASSIC, PRO or SERVERLESS.',
  `warehouse_channel` COMMENT 'Release channel of the warehouse, for instance CURRENT or PREVIEW.',
  `warehouse_size` COMMENT 'Size of one cluster of the warehouse, for instance X_SMALL or MEDIUM.',
  `min_clusters` COMMENT 'Least number of clusters that the warehouse runs.',
  `max_clusters` COMMENT 'Greatest number of clusters that the warehouse scales out to.',
  `auto_stop_minutes` COMMENT 'Idle minutes after which the warehouse stops; 0 when it does not.',
  `tags` COMMENT 'Tags of the warehouse by name; null or empty when there are none.',
  `change_time` COMMENT 'When the configuration changed; orders the rows of a warehouse.',
  `delete_time` COMMENT 'When the warehouse was deleted; null while it exists.',
  `created_by` COMMENT 'Principal that created the warehouse; null in older rows.';
ALTER TABLE `main`.`system_bronze`.`compute_warehouses` SET TAGS ('layer' = 'bronze', 'domain' = 'compute', 'source' = 'compute.warehouses', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`compute_warehouses` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- bronze: data_classification_results
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`data_classification_results` USING DELTA LOCATION 's3://bucket/lake/system_bronze/data_classification_results';
MSCK REPAIR TABLE `main`.`system_bronze`.`data_classification_results` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`data_classification_results` IS 'Columns in which data classification found a class of sensitive data; rows are updated in place when the class is found again.';
ALTER TABLE `main`.`system_bronze`.`data_classification_results` ALTER COLUMN
  `catalog_id` COMMENT 'Id of the catalog of the table.',
  `table_id` COMMENT 'Id of the table.',
  `latest_detected_time` COMMENT 'When the class was last found in the column.',
  `first_detected_time` COMMENT 'When the class was first found in the column.',
  `catalog_name` COMMENT 'Name of the catalog of the table.',
  `schema_name` COMMENT 'Name of the schema of the table.',
  `table_name` COMMENT 'Name of the table.',
  `column_name` COMMENT 'Column in which the class was found.',
  `data_type` COMMENT 'Type of the column; nested types are written out.',
  `class_tag` COMMENT 'Tag of the class that was found, for instance class.email_address.',
  `samples` COMMENT 'A few values of the column that matched; null or empty when none were kept.',
  `confidence` COMMENT 'How sure the finding is, HIGH or LOW.',
  `frequency` COMMENT 'Estimated share of the rows that match, from 0 to 1.';
ALTER TABLE `main`.`system_bronze`.`data_classification_results` SET TAGS ('layer' = 'bronze', 'domain' = 'data_classification', 'source' = 'data_classification.results', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`data_classification_results` ALTER COLUMN `samples` SET TAGS ('pii' = 'true');

-- bronze: data_quality_monitoring_table_results
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`data_quality_monitoring_table_results` USING DELTA LOCATION 's3://bucket/lake/system_bronze/data_quality_monitoring_table_results';
MSCK REPAIR TABLE `main`.`system_bronze`.`data_quality_monitoring_table_results` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`data_quality_monitoring_table_results` IS 'Results of the freshness and completeness checks of monitored tables, one row per table and check.';
ALTER TABLE `main`.`system_bronze`.`data_quality_monitoring_table_results` ALTER COLUMN
  `event_time` COMMENT 'When the check was made.',
  `catalog_name` COMMENT 'Name of the catalog of the table.',
  `schema_name` COMMENT 'Name of the schema of the table.',
  `table_name` COMMENT 'Name of the table.',
  `catalog_id` COMMENT 'Id of the catalog of the table.',
  `schema_id` COMMENT 'Id of the schema of the table.',
  `table_id` COMMENT 'Id of the table.',
  `status` COMMENT 'Overall result of the check, for instance Healthy, Unhealthy or Unknown.',
  `freshness` COMMENT 'Result of the freshness check. Status, and last and predicted time of a commit; fields are null where a prediction was not possible.',
  `completeness` COMMENT 'Result of the completeness check. Status, and number of rows in total and of the last day with their predicted bounds; fields are null where a prediction was not possible.',
  `downstream_impact` COMMENT 'What an unhealthy table affects. Level of impact, number of downstream tables, and of queries on the affected tables; null when there is none.',
  `root_cause_analysis` COMMENT 'Upstream jobs that can be the cause, with their last run; null when the table is healthy.',
  `_internal_debug_info` COMMENT 'Internals of the check, kept in bronze only.';
ALTER TABLE `main`.`system_bronze`.`data_quality_monitoring_table_results` SET TAGS ('layer' = 'bronze', 'domain' = 'data_quality_monitoring', 'source' = 'data_quality_monitoring.table_results');

-- bronze: lakeflow_job_run_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`lakeflow_job_run_timeline` USING DELTA LOCATION 's3://bucket/lake/system_bronze/lakeflow_job_run_timeline';
MSCK REPAIR TABLE `main`.`system_bronze`.`lakeflow_job_run_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`lakeflow_job_run_timeline` IS 'Runs of jobs, one immutable row per run and clock hour in which it ran (older rows, per hour from the start of the run).';
ALTER TABLE `main`.`system_bronze`.`lakeflow_job_run_timeline` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Job that ran; unique within its workspace only.',
  `run_id` COMMENT 'Run of the job; a retried run keeps its id.',
  `period_start_time` COMMENT 'Start of the slice of the run.',
  `period_end_time` COMMENT 'End of the slice of the run; equal to the start when the run never started.',
  `trigger_type` COMMENT 'What started the run, for instance PERIODIC, ONETIME, CONTINUOUS, RETRY or FILE_ARRIVAL.',
  `result_state` COMMENT 'Outcome of an attempt, on the slice that ends it; null on every other slice. SUCCESS is the older text of SUCCEEDED.',
  `run_type` COMMENT 'Kind of the run (JOB_RUN, SUBMIT_RUN or WORKFLOW_RUN); null in older rows.',
  `run_name` COMMENT 'Name that the user gave to the run; null in older rows.',
  `compute_ids` COMMENT 'Clusters that the run used, filled for one-time and notebook workflow runs; null or empty otherwise.',
  `termination_code` COMMENT 'Why the attempt ended, on the slice that ends it; null on every other slice and in older rows.',
  `job_parameters` COMMENT 'Parameters of the job in this run, by name; null when there are none and in older rows.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_job_run_timeline` SET TAGS ('layer' = 'bronze', 'domain' = 'lakeflow', 'source' = 'lakeflow.job_run_timeline', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`lakeflow_job_run_timeline` ALTER COLUMN `job_parameters` SET TAGS ('pii' = 'true');

-- bronze: lakeflow_job_task_run_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`lakeflow_job_task_run_timeline` USING DELTA LOCATION 's3://bucket/lake/system_bronze/lakeflow_job_task_run_timeline';
MSCK REPAIR TABLE `main`.`system_bronze`.`lakeflow_job_task_run_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`lakeflow_job_task_run_timeline` IS 'Runs of the tasks of jobs, one immutable row per task run and clock hour in which it ran (older rows, per hour from the start of the run).';
ALTER TABLE `main`.`system_bronze`.`lakeflow_job_task_run_timeline` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Job that the task belongs to; unique within its workspace only.',
  `run_id` COMMENT 'Run of the task.',
  `period_start_time` COMMENT 'Start of the slice of the run.',
  `period_end_time` COMMENT 'End of the slice of the run; equal to the start when the run never started.',
  `task_key` COMMENT 'Key of the task, unique within its job.',
  `compute_ids` COMMENT 'Clusters and warehouses that the task used; null or empty when it used none or serverless compute.',
  `result_state` COMMENT 'Outcome of an attempt, on the slice that ends it; null on every other slice. SUCCESS is the older text of SUCCEEDED.',
  `job_run_id` COMMENT 'Run of the job that the task run belongs to; null in older rows.',
  `parent_run_id` COMMENT 'Run of the parent task; null when there is none and in older rows.',
  `termination_code` COMMENT 'Why the attempt ended, on the slice that ends it; null on every other slice and in older rows.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_job_task_run_timeline` SET TAGS ('layer' = 'bronze', 'domain' = 'lakeflow', 'source' = 'lakeflow.job_task_run_timeline');

-- bronze: lakeflow_job_tasks
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`lakeflow_job_tasks` USING DELTA LOCATION 's3://bucket/lake/system_bronze/lakeflow_job_tasks';
MSCK REPAIR TABLE `main`.`system_bronze`.`lakeflow_job_tasks` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`lakeflow_job_tasks` IS 'Definitions of the tasks of jobs, one row per change.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_job_tasks` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Job that the task belongs to; unique within its workspace only.',
  `task_key` COMMENT 'Key of the task, unique within its job.',
  `depends_on_keys` COMMENT 'Keys of the tasks that have to end first; null or empty when there are none.',
  `change_time` COMMENT 'When the task changed; orders the rows of a task.',
  `delete_time` COMMENT 'When the task was deleted; null while it exists.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_job_tasks` SET TAGS ('layer' = 'bronze', 'domain' = 'lakeflow', 'source' = 'lakeflow.job_tasks');

-- bronze: lakeflow_jobs
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`lakeflow_jobs` USING DELTA LOCATION 's3://bucket/lake/system_bronze/lakeflow_jobs';
MSCK REPAIR TABLE `main`.`system_bronze`.`lakeflow_jobs` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`lakeflow_jobs` IS 'Definitions of jobs, one row per change. The newest row of a job is kept beyond the retention.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_jobs` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the job.',
  `job_id` COMMENT 'Id of the job, unique within its workspace.',
  `name` COMMENT 'Name of the job.',
  `creator_id` COMMENT 'Numeric user id of the principal that created the job.',
  `tags` COMMENT 'Tags of the job by name; null or empty when there are none.',
  `run_as` COMMENT 'Principal whose permissions the job runs with.',
  `change_time` COMMENT 'When the job changed; orders the rows of a job.',
  `delete_time` COMMENT 'When the job was deleted; null while it exists.',
  `description` COMMENT 'Description that users gave to the job; null when there is none and in older rows.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_jobs` SET TAGS ('layer' = 'bronze', 'domain' = 'lakeflow', 'source' = 'lakeflow.jobs', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`lakeflow_jobs` ALTER COLUMN `creator_id` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`lakeflow_jobs` ALTER COLUMN `run_as` SET TAGS ('pii' = 'true');

-- bronze: lakeflow_pipeline_update_timeline
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`lakeflow_pipeline_update_timeline` USING DELTA LOCATION 's3://bucket/lake/system_bronze/lakeflow_pipeline_update_timeline';
MSCK REPAIR TABLE `main`.`system_bronze`.`lakeflow_pipeline_update_timeline` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`lakeflow_pipeline_update_timeline` IS 'Updates of pipelines, one immutable row per update and clock hour in which it ran.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_pipeline_update_timeline` ALTER COLUMN
  `workspace_id` COMMENT 'Workspace of the pipeline.',
  `pipeline_id` COMMENT 'Pipeline that was updated; unique within its workspace only.',
  `update_id` COMMENT 'Id of the update of the pipeline.',
  `update_type` COMMENT 'Kind of the update, for instance REFRESH, FULL_REFRESH or VALIDATE.',
  `request_id` COMMENT 'Id of the request behind the update; retries of one request share it.',
  `run_as_user_name` COMMENT 'Principal whose permissions the update ran with.',
  `trigger_type` COMMENT 'What started the update, for instance a job task, a user action or a schedule.',
  `trigger_details` COMMENT 'Job and task run that started the update, and their performance target; null when no job task did.',
  `result_state` COMMENT 'Outcome of the update, on the slice that ends it; null on every other slice.',
  `compute` COMMENT 'Kind of compute that ran the update and its cluster; the cluster is null on serverless compute.',
  `period_start_time` COMMENT 'Start of the slice of the update.',
  `period_end_time` COMMENT 'End of the slice of the update.',
  `refresh_selection` COMMENT 'Tables that were to be refreshed; null or empty when no selection was made.',
  `full_refresh_selection` COMMENT 'Tables that were to be refreshed in full; null or empty when no selection was made.',
  `reset_checkpoint_selection` COMMENT 'Flows whose checkpoints were to be reset; null or empty when no selection was made.',
  `account_id` COMMENT 'Account that the row belongs to.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_pipeline_update_timeline` SET TAGS ('layer' = 'bronze', 'domain' = 'lakeflow', 'source' = 'lakeflow.pipeline_update_timeline', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`lakeflow_pipeline_update_timeline` ALTER COLUMN `run_as_user_name` SET TAGS ('pii' = 'true');

-- bronze: lakeflow_pipelines
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`lakeflow_pipelines` USING DELTA LOCATION 's3://bucket/lake/system_bronze/lakeflow_pipelines';
MSCK REPAIR TABLE `main`.`system_bronze`.`lakeflow_pipelines` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`lakeflow_pipelines` IS 'Definitions of pipelines, one row per change. The newest row of a pipeline is kept beyond the retention.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_pipelines` ALTER COLUMN
  `workspace_id` COMMENT 'Workspace of the pipeline.',
  `pipeline_id` COMMENT 'Id of the pipeline, unique within its workspace.',
  `pipeline_type` COMMENT 'Kind of the pipeline, for instance ETL_PIPELINE, MATERIALIZED_VIEW or STREAMING_TABLE.',
  `name` COMMENT 'Name of the pipeline.',
  `created_by` COMMENT 'Principal that created the pipeline, an email address or the UUID of a service principal.',
  `run_as` COMMENT 'Principal whose permissions the pipeline runs with.',
  `tags` COMMENT 'Tags of the pipeline by name; null or empty when there are none.',
  `settings` COMMENT 'Settings of the pipeline, among them Photon, development mode, continuous mode, serverless, edition and channel.',
  `configuration` COMMENT 'Configuration that users set on the pipeline, by name; null or empty when there is none.',
  `change_time` COMMENT 'When the pipeline changed; orders the rows of a pipeline.',
  `delete_time` COMMENT 'When the pipeline was deleted; null while it exists.',
  `account_id` COMMENT 'Account that the row belongs to.';
ALTER TABLE `main`.`system_bronze`.`lakeflow_pipelines` SET TAGS ('layer' = 'bronze', 'domain' = 'lakeflow', 'source' = 'lakeflow.pipelines', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`lakeflow_pipelines` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`lakeflow_pipelines` ALTER COLUMN `run_as` SET TAGS ('pii' = 'true');

-- bronze: marketplace_listing_access_events
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`marketplace_listing_access_events` USING DELTA LOCATION 's3://bucket/lake/system_bronze/marketplace_listing_access_events';
MSCK REPAIR TABLE `main`.`system_bronze`.`marketplace_listing_access_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`marketplace_listing_access_events` IS 'Consumers who asked for or got the data of a listing in the marketplace, one row per event.';
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_access_events` ALTER COLUMN
  `account_id` COMMENT 'Account of the provider that hosts the listing.',
  `metastore_id` COMMENT 'Metastore of the provider that hosts the listing.',
  `metastore_cloud` COMMENT 'Cloud of the metastore of the provider.',
  `metastore_region` COMMENT 'Region of the metastore of the provider.',
  `provider_id` COMMENT 'Id of the profile of the provider.',
  `provider_name` COMMENT 'Name of the profile of the provider.',
  `listing_id` COMMENT 'Id of the listing.',
  `listing_name` COMMENT 'Name of the listing.',
  `consumer_delta_sharing_recipient_name` COMMENT 'Delta Sharing recipient of the consumer; null until the provider has shared the data.',
  `consumer_delta_sharing_recipient_type` COMMENT 'Whether the recipient is on Databricks or uses open sharing; null where there is no recipient.',
  `consumer_cloud` COMMENT 'Cloud of the consumer; null outside of Databricks.',
  `consumer_region` COMMENT 'Region of the consumer; null outside of Databricks.',
  `consumer_metastore_id` COMMENT 'Metastore of the consumer; null outside of Databricks.',
  `consumer_email` COMMENT 'Email address of the consumer.',
  `consumer_name` COMMENT 'Name of the consumer.',
  `consumer_company` COMMENT 'Company of the consumer.',
  `consumer_intended_use` COMMENT 'What the consumer wants to use the data for, as free text; null when nothing was written.',
  `consumer_comment` COMMENT 'Comment of the consumer, as free text; null when nothing was written.',
  `event_type` COMMENT 'What the consumer did, REQUEST_DATA or GET_DATA.',
  `event_time` COMMENT 'When the event happened.',
  `event_date` COMMENT 'UTC date of the event.';
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_access_events` SET TAGS ('layer' = 'bronze', 'domain' = 'marketplace', 'source' = 'marketplace.listing_access_events', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_access_events` ALTER COLUMN `consumer_email` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_access_events` ALTER COLUMN `consumer_name` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_access_events` ALTER COLUMN `consumer_company` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_access_events` ALTER COLUMN `consumer_intended_use` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_access_events` ALTER COLUMN `consumer_comment` SET TAGS ('pii' = 'true');

-- bronze: marketplace_listing_funnel_events
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`marketplace_listing_funnel_events` USING DELTA LOCATION 's3://bucket/lake/system_bronze/marketplace_listing_funnel_events';
MSCK REPAIR TABLE `main`.`system_bronze`.`marketplace_listing_funnel_events` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`marketplace_listing_funnel_events` IS 'Views of and steps towards the data of a listing in the marketplace, one row per event.';
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_funnel_events` ALTER COLUMN
  `account_id` COMMENT 'Account of the provider that hosts the listing.',
  `metastore_id` COMMENT 'Metastore of the provider that hosts the listing.',
  `metastore_cloud` COMMENT 'Cloud of the metastore of the provider.',
  `metastore_region` COMMENT 'Region of the metastore of the provider.',
  `provider_id` COMMENT 'Id of the profile of the provider.',
  `provider_name` COMMENT 'Name of the profile of the provider.',
  `listing_id` COMMENT 'Id of the listing.',
  `listing_name` COMMENT 'Name of the listing.',
  `event_type` COMMENT 'Step that the consumer took, for instance VIEW_LISTING, START_GET_DATA or COMPLETE_GET_DATA.',
  `event_time` COMMENT 'When the event happened.',
  `event_date` COMMENT 'UTC date of the event.',
  `consumer_cloud` COMMENT 'Cloud of the consumer; null outside of Databricks.',
  `consumer_region` COMMENT 'Region of the consumer; null outside of Databricks.';
ALTER TABLE `main`.`system_bronze`.`marketplace_listing_funnel_events` SET TAGS ('layer' = 'bronze', 'domain' = 'marketplace', 'source' = 'marketplace.listing_funnel_events');

-- bronze: mlflow_experiments_latest
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`mlflow_experiments_latest` USING DELTA LOCATION 's3://bucket/lake/system_bronze/mlflow_experiments_latest';
MSCK REPAIR TABLE `main`.`system_bronze`.`mlflow_experiments_latest` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`mlflow_experiments_latest` IS 'MLflow experiments in their latest state; rows are updated in place.';
ALTER TABLE `main`.`system_bronze`.`mlflow_experiments_latest` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `update_time` COMMENT 'When the experiment last changed; orders the versions of a row.',
  `delete_time` COMMENT 'When the experiment was deleted; null while it exists.',
  `workspace_id` COMMENT 'Workspace of the experiment.',
  `experiment_id` COMMENT 'Id of the experiment, unique within its workspace.',
  `name` COMMENT 'Name of the experiment, usually a path.',
  `create_time` COMMENT 'When the experiment was created.';
ALTER TABLE `main`.`system_bronze`.`mlflow_experiments_latest` SET TAGS ('layer' = 'bronze', 'domain' = 'mlflow', 'source' = 'mlflow.experiments_latest');

-- bronze: mlflow_run_metrics_history
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`mlflow_run_metrics_history` USING DELTA LOCATION 's3://bucket/lake/system_bronze/mlflow_run_metrics_history';
MSCK REPAIR TABLE `main`.`system_bronze`.`mlflow_run_metrics_history` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`mlflow_run_metrics_history` IS 'Values of metrics that MLflow runs logged, one row per value.';
ALTER TABLE `main`.`system_bronze`.`mlflow_run_metrics_history` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `insert_time` COMMENT 'When the value came into the table.',
  `record_id` COMMENT 'Id of the value, unique per row.',
  `workspace_id` COMMENT 'Workspace of the run.',
  `experiment_id` COMMENT 'Experiment of the run.',
  `run_id` COMMENT 'Run that logged the value.',
  `metric_name` COMMENT 'Name of the metric.',
  `metric_time` COMMENT 'When the value was logged, as told by the client.',
  `metric_step` COMMENT 'Step of the run (such as an epoch) that the value belongs to; 0 when the client gave none.',
  `metric_value` COMMENT 'Value of the metric; NaN and infinities occur.';
ALTER TABLE `main`.`system_bronze`.`mlflow_run_metrics_history` SET TAGS ('layer' = 'bronze', 'domain' = 'mlflow', 'source' = 'mlflow.run_metrics_history');

-- bronze: mlflow_runs_latest
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`mlflow_runs_latest` USING DELTA LOCATION 's3://bucket/lake/system_bronze/mlflow_runs_latest';
MSCK REPAIR TABLE `main`.`system_bronze`.`mlflow_runs_latest` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`mlflow_runs_latest` IS 'MLflow runs in their latest state; rows are updated in place.';
ALTER TABLE `main`.`system_bronze`.`mlflow_runs_latest` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `update_time` COMMENT 'When the run last changed; orders the versions of a row.',
  `delete_time` COMMENT 'When the run was deleted; null while it exists.',
  `workspace_id` COMMENT 'Workspace of the run.',
  `run_id` COMMENT 'Id of the run, unique within its workspace.',
  `experiment_id` COMMENT 'Experiment of the run.',
  `created_by` COMMENT 'Principal that created the run.',
  `start_time` COMMENT 'When the run was started, as told by the client.',
  `end_time` COMMENT 'When the run ended, as told by the client; null while it runs.',
  `run_name` COMMENT 'Name of the run.',
  `status` COMMENT 'State of the run, for instance RUNNING, FINISHED, FAILED or KILLED.',
  `params` COMMENT 'Parameters that the run logged, by name; null or empty when there are none.',
  `tags` COMMENT 'Tags of the run by name, among them the user and the source of the run.',
  `aggregated_metrics` COMMENT 'Least, greatest and latest value of each metric that the run logged; null or empty when there are none.';
ALTER TABLE `main`.`system_bronze`.`mlflow_runs_latest` SET TAGS ('layer' = 'bronze', 'domain' = 'mlflow', 'source' = 'mlflow.runs_latest', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`mlflow_runs_latest` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`mlflow_runs_latest` ALTER COLUMN `tags` SET TAGS ('pii' = 'true');

-- bronze: query_history
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`query_history` USING DELTA LOCATION 's3://bucket/lake/system_bronze/query_history';
MSCK REPAIR TABLE `main`.`system_bronze`.`query_history` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`query_history` IS 'Statements that ran on SQL warehouses and on serverless notebooks and jobs, one row per statement, updated in place until it is final.';
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace in which the statement ran.',
  `statement_id` COMMENT 'Id of the statement, unique within its workspace.',
  `executed_by` COMMENT 'Principal that ran the statement, an email address or another user name.',
  `session_id` COMMENT 'Spark session in which the statement ran.',
  `execution_status` COMMENT 'State of the statement. FINISHED, FAILED and CANCELED are final; before that it is queued or running.',
  `compute` COMMENT 'Compute that ran the statement, its type and its warehouse or cluster; the warehouse is null on serverless notebooks and jobs.',
  `executed_by_user_id` COMMENT 'Numeric user id of the principal that ran the statement.',
  `statement_text` COMMENT 'Text of the statement; null or redacted when a customer-managed key or a lack of permission hides it.',
  `statement_type` COMMENT 'Kind of the statement, for instance SELECT, MERGE, COPY or ALTER.',
  `error_message` COMMENT 'Why the statement failed, as text that can quote values; null when it did not fail.',
  `client_application` COMMENT 'Client that ran the statement, for instance Databricks SQL Editor or Tableau; null when it is not known.',
  `client_driver` COMMENT 'Driver that connected the client, for instance Databricks JDBC Driver; null when it is not known.',
  `total_duration_ms` COMMENT 'Time from submission to end, in milliseconds, without the time to fetch the result.',
  `waiting_for_compute_duration_ms` COMMENT 'Time spent waiting for compute to be provisioned, in milliseconds; null when it is not known.',
  `waiting_at_capacity_duration_ms` COMMENT 'Time spent queued for free capacity, in milliseconds; null when it is not known.',
  `execution_duration_ms` COMMENT 'Time spent executing, in milliseconds; null when it is not known.',
  `compilation_duration_ms` COMMENT 'Time spent loading metadata and optimising, in milliseconds; null when it is not known.',
  `total_task_duration_ms` COMMENT 'Sum of the durations of all tasks, in milliseconds; more than the elapsed time when tasks ran in parallel.',
  `result_fetch_duration_ms` COMMENT 'Time that the client took to fetch the result, in milliseconds; null when it is not known.',
  `start_time` COMMENT 'When the statement was received.',
  `end_time` COMMENT 'When the statement ended, without the time to fetch the result; null while it runs.',
  `update_time` COMMENT 'When the row was last updated; orders the versions of a statement.',
  `read_partitions` COMMENT 'Number of partitions read after pruning.',
  `pruned_files` COMMENT 'Number of files that pruning left out.',
  `read_files` COMMENT 'Number of files read after pruning.',
  `read_rows` COMMENT 'Number of rows read.',
  `produced_rows` COMMENT 'Number of rows that the statement returned.',
  `read_bytes` COMMENT 'Bytes of the data read.',
  `read_io_cache_percent` COMMENT 'Share of the bytes read that came from the IO cache, in percent.',
  `from_result_cache` COMMENT 'Whether the result came from the result cache.',
  `spilled_local_bytes` COMMENT 'Bytes that were spilled to local disk for want of memory; 0 when none were.',
  `written_bytes` COMMENT 'Bytes of persistent data written to cloud storage; 0 when none were.',
  `shuffle_read_bytes` COMMENT 'Bytes sent over the network in shuffles.',
  `query_source` COMMENT 'What the statement belongs to (job run, dashboard, alert, notebook, saved query, Genie space or pipeline update); fields that do not apply are null.',
  `executed_as_user_id` COMMENT 'Numeric user id of the principal whose permissions were used.',
  `executed_as` COMMENT 'Principal whose permissions were used; differs from the one that ran the statement when it ran on behalf of another.',
  `written_rows` COMMENT 'Number of rows written to cloud storage; null when it is not known.',
  `written_files` COMMENT 'Number of files written to cloud storage; null when it is not known.',
  `cache_origin_statement_id` COMMENT 'Statement that put the result into the cache; null when the result did not come from it.',
  `query_parameters` COMMENT 'Named and positional parameters of the statement with their values, and whether they were cut off; null when there are none.',
  `query_tags` COMMENT 'Tags that the client gave to the statement, by name; null or empty when there are none.';
ALTER TABLE `main`.`system_bronze`.`query_history` SET TAGS ('layer' = 'bronze', 'domain' = 'query', 'source' = 'query.history', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `executed_by` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `executed_by_user_id` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `statement_text` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `error_message` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `executed_as_user_id` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `executed_as` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`query_history` ALTER COLUMN `query_parameters` SET TAGS ('pii' = 'true');

-- bronze: serving_endpoint_usage
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`serving_endpoint_usage` USING DELTA LOCATION 's3://bucket/lake/system_bronze/serving_endpoint_usage';
MSCK REPAIR TABLE `main`.`system_bronze`.`serving_endpoint_usage` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`serving_endpoint_usage` IS 'Token and character counts of requests to model serving endpoints that have usage tracking turned on, one row per request.';
ALTER TABLE `main`.`system_bronze`.`serving_endpoint_usage` ALTER COLUMN
  `workspace_id` COMMENT 'Workspace of the serving endpoint.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `client_request_id` COMMENT 'Id that the caller gave to the request; null when none was given.',
  `databricks_request_id` COMMENT 'Id that the platform gave to the request; unique per request.',
  `requester` COMMENT 'Principal whose permissions the request was made with, an email address or the UUID of a service principal.',
  `status_code` COMMENT 'HTTP status code that the model returned.',
  `request_time` COMMENT 'When the request was received.',
  `input_token_count` COMMENT 'Number of tokens of the input; null where tokens do not apply.',
  `output_token_count` COMMENT 'Number of tokens of the output; null where tokens do not apply.',
  `input_character_count` COMMENT 'Number of characters of the input; null where it is not counted.',
  `output_character_count` COMMENT 'Number of characters of the output; null where it is not counted.',
  `usage_context` COMMENT 'Identifiers that the caller gave of its end user or application, by name; null when none were given.',
  `request_streaming` COMMENT 'Whether the response was streamed.',
  `served_entity_id` COMMENT 'Served entity that answered the request.';
ALTER TABLE `main`.`system_bronze`.`serving_endpoint_usage` SET TAGS ('layer' = 'bronze', 'domain' = 'serving', 'source' = 'serving.endpoint_usage', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`serving_endpoint_usage` ALTER COLUMN `requester` SET TAGS ('pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`serving_endpoint_usage` ALTER COLUMN `usage_context` SET TAGS ('pii' = 'true');

-- bronze: serving_served_entities
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`serving_served_entities` USING DELTA LOCATION 's3://bucket/lake/system_bronze/serving_served_entities';
MSCK REPAIR TABLE `main`.`system_bronze`.`serving_served_entities` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`serving_served_entities` IS 'Models and functions behind serving endpoints, one row per change.';
ALTER TABLE `main`.`system_bronze`.`serving_served_entities` ALTER COLUMN
  `served_entity_id` COMMENT 'Id of the served entity.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace of the serving endpoint.',
  `created_by` COMMENT 'Principal that created the served entity.',
  `endpoint_name` COMMENT 'Name of the serving endpoint.',
  `endpoint_id` COMMENT 'Id of the serving endpoint.',
  `served_entity_name` COMMENT 'Name of the served entity within its endpoint.',
  `entity_type` COMMENT 'Kind of the entity, for instance CUSTOM_MODEL, FOUNDATION_MODEL, EXTERNAL_MODEL or FEATURE_SPEC.',
  `entity_name` COMMENT 'Name of what is served, for instance the full name of a model in Unity Catalog.',
  `entity_version` COMMENT 'Version of what is served; null when it has none.',
  `endpoint_config_version` COMMENT 'Version of the configuration of the endpoint that the row belongs to.',
  `task` COMMENT 'Task of the model, for instance llm/v1/chat or llm/v1/embeddings; null when it has none.',
  `external_model_config` COMMENT 'Provider of an external model; null for other kinds.',
  `foundation_model_config` COMMENT 'Bounds of the provisioned throughput of a foundation model; null for other kinds.',
  `custom_model_config` COMMENT 'Bounds of the concurrency and type of compute of a custom model; null for other kinds.',
  `feature_spec_config` COMMENT 'Bounds of the concurrency and type of compute of a feature spec; null for other kinds.',
  `change_time` COMMENT 'When the served entity changed; orders the rows of an entity.',
  `endpoint_delete_time` COMMENT 'When the endpoint was deleted; null while it exists.';
ALTER TABLE `main`.`system_bronze`.`serving_served_entities` SET TAGS ('layer' = 'bronze', 'domain' = 'serving', 'source' = 'serving.served_entities', 'pii' = 'true');
ALTER TABLE `main`.`system_bronze`.`serving_served_entities` ALTER COLUMN `created_by` SET TAGS ('pii' = 'true');

-- bronze: sharing_materialization_history
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`sharing_materialization_history` USING DELTA LOCATION 's3://bucket/lake/system_bronze/sharing_materialization_history';
MSCK REPAIR TABLE `main`.`system_bronze`.`sharing_materialization_history` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`sharing_materialization_history` IS 'Materialisations of shared views, materialized views and streaming tables for recipients, one row each.';
ALTER TABLE `main`.`system_bronze`.`sharing_materialization_history` ALTER COLUMN
  `sharing_materialization_id` COMMENT 'Id of the materialisation; the same as in the metadata of its usage.',
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the materialisation is billed to.',
  `recipient_name` COMMENT 'Recipient that caused the materialisation; null when the row belongs to the recipient.',
  `provider_name` COMMENT 'Provider of the data; null when the row belongs to the provider.',
  `share_name` COMMENT 'Share that the table belongs to.',
  `schema_name` COMMENT 'Schema of the table that was materialised.',
  `table_name` COMMENT 'Table that was materialised.',
  `created_at` COMMENT 'When the materialisation was created.';
ALTER TABLE `main`.`system_bronze`.`sharing_materialization_history` SET TAGS ('layer' = 'bronze', 'domain' = 'sharing', 'source' = 'sharing.materialization_history');

-- bronze: storage_predictive_optimization_operations_history
CREATE TABLE IF NOT EXISTS `main`.`system_bronze`.`storage_predictive_optimization_operations_history` USING DELTA LOCATION 's3://bucket/lake/system_bronze/storage_predictive_optimization_operations_history';
MSCK REPAIR TABLE `main`.`system_bronze`.`storage_predictive_optimization_operations_history` SYNC METADATA;
COMMENT ON TABLE `main`.`system_bronze`.`storage_predictive_optimization_operations_history` IS 'Maintenance that predictive optimization ran on tables (compaction, clustering, vacuum, statistics), one row per operation.';
ALTER TABLE `main`.`system_bronze`.`storage_predictive_optimization_operations_history` ALTER COLUMN
  `account_id` COMMENT 'Account that the row belongs to.',
  `workspace_id` COMMENT 'Workspace that the operation was started from.',
  `start_time` COMMENT 'When the operation started.',
  `end_time` COMMENT 'When the operation ended; orders the versions of a row.',
  `metastore_name` COMMENT 'Name of the metastore of the table.',
  `metastore_id` COMMENT 'Id of the metastore of the table.',
  `catalog_name` COMMENT 'Name of the catalog of the table.',
  `schema_name` COMMENT 'Name of the schema of the table.',
  `table_name` COMMENT 'Name of the table.',
  `table_id` COMMENT 'Id of the table.',
  `operation_type` COMMENT 'What was done, for instance COMPACTION, CLUSTERING, VACUUM or ANALYZE.',
  `operation_id` COMMENT 'Id of the operation, unique per operation.',
  `operation_status` COMMENT 'How the operation ended, SUCCESSFUL or a text that starts with FAILED.',
  `operation_metrics` COMMENT 'Figures of the operation by name, as text, such as files and bytes before and after; depends on the operation.',
  `usage_unit` COMMENT 'Unit of the quantity, for instance ESTIMATED_DBU.',
  `usage_quantity` COMMENT 'Estimated usage that the operation caused, in its unit.';
ALTER TABLE `main`.`system_bronze`.`storage_predictive_optimization_operations_history` SET TAGS ('layer' = 'bronze', 'domain' = 'storage', 'source' = 'storage.predictive_optimization_operations_history');
