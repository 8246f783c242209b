-- Generated from models/ by `cargo xtask generate`; do not edit.
-- The setup job runs it with the parameters `catalog` and `gold_schema`; it fails with a list of what is missing.

WITH expected (table_name, primary_key, foreign_keys) AS (
  VALUES
    ('dim_account_price', 'pk_dim_account_price', 0),
    ('dim_cluster', 'pk_dim_cluster', 0),
    ('dim_date', 'pk_dim_date', 0),
    ('dim_experiment', 'pk_dim_experiment', 0),
    ('dim_job', 'pk_dim_job', 0),
    ('dim_job_task', 'pk_dim_job_task', 0),
    ('dim_list_price', 'pk_dim_list_price', 0),
    ('dim_node_type', 'pk_dim_node_type', 0),
    ('dim_pipeline', 'pk_dim_pipeline', 0),
    ('dim_served_entity', 'pk_dim_served_entity', 0),
    ('dim_sku', 'pk_dim_sku', 0),
    ('dim_user', 'pk_dim_user', 0),
    ('dim_warehouse', 'pk_dim_warehouse', 0),
    ('dim_workspace', 'pk_dim_workspace', 0),
    ('fact_assistant_events', 'pk_fact_assistant_events', 3),
    ('fact_audit_logs', 'pk_fact_audit_logs', 3),
    ('fact_clean_room_events', 'pk_fact_clean_room_events', 1),
    ('fact_column_lineage', 'pk_fact_column_lineage', 5),
    ('fact_data_classification_results', NULL, 1),
    ('fact_data_quality_monitoring_table_results', NULL, 1),
    ('fact_endpoint_usage', 'pk_fact_endpoint_usage', 4),
    ('fact_inbound_network', 'pk_fact_inbound_network', 3),
    ('fact_job_run_timeline', NULL, 3),
    ('fact_job_task_run_timeline', NULL, 4),
    ('fact_listing_access', NULL, 1),
    ('fact_listing_funnel', NULL, 1),
    ('fact_mlflow_run_metrics_history', 'pk_fact_mlflow_run_metrics_history', 3),
    ('fact_mlflow_runs', NULL, 4),
    ('fact_node_timeline', NULL, 4),
    ('fact_outbound_network', 'pk_fact_outbound_network', 2),
    ('fact_payload_logs', 'pk_fact_payload_logs', 4),
    ('fact_pipeline_update_timeline', NULL, 5),
    ('fact_predictive_optimization', 'pk_fact_predictive_optimization', 2),
    ('fact_query_history', NULL, 5),
    ('fact_sharing_materialization', 'pk_fact_sharing_materialization', 2),
    ('fact_table_lineage', 'pk_fact_table_lineage', 5),
    ('fact_usage', 'pk_fact_usage', 10),
    ('fact_warehouse_events', NULL, 3)
),
found AS (
  SELECT table_name, comment
  FROM IDENTIFIER(:catalog || '.information_schema.tables')
  WHERE table_schema = :gold_schema
),
keys AS (
  SELECT
    table_name,
    collect_set(CASE WHEN constraint_type = 'PRIMARY KEY' THEN constraint_name END) AS primary_keys,
    count_if(constraint_type = 'FOREIGN KEY' AND constraint_name LIKE 'fk\\_%') AS foreign_keys
  FROM IDENTIFIER(:catalog || '.information_schema.table_constraints')
  WHERE table_schema = :gold_schema
  GROUP BY table_name
),
missing AS (
  SELECT
    expected.table_name || ': ' || concat_ws(
      ', ',
      CASE WHEN found.table_name IS NULL THEN 'no table' END,
      CASE WHEN found.table_name IS NOT NULL AND coalesce(found.comment, '') = '' THEN 'no comment' END,
      CASE
        WHEN expected.primary_key IS NOT NULL AND NOT coalesce(array_contains(keys.primary_keys, expected.primary_key), false)
        THEN 'no primary key'
      END,
      CASE
        WHEN coalesce(keys.foreign_keys, 0) < expected.foreign_keys
        THEN coalesce(keys.foreign_keys, 0) || ' of ' || expected.foreign_keys || ' foreign keys'
      END
    ) AS what
  FROM expected
  LEFT JOIN found ON found.table_name = expected.table_name
  LEFT JOIN keys ON keys.table_name = expected.table_name
)
SELECT
  count(*) AS tables,
  CASE
    WHEN count_if(what NOT LIKE '%: ') > 0
    THEN raise_error('gold is not complete in the catalog; run the setup job again. ' || concat_ws('; ', sort_array(collect_list(CASE WHEN what NOT LIKE '%: ' THEN what END))))
  END AS problem
FROM missing
