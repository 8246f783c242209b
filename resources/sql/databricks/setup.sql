-- What has to be there before any table.

-- statement: create
-- Creates a schema.
create schema if not exists main.bronze;

-- statement: create
-- Creates a schema.
create schema if not exists main.gold;

-- statement: create
-- Creates a schema.
create schema if not exists main.quarantine;

-- statement: create
-- Creates the table of positions.
create table if not exists main.gold.goldsmith_positions (
  table_name string comment 'Gold table.',
  fingerprint string comment 'Fingerprint of the model of the table.',
  `position` timestamp comment 'The table holds what bronze took over until then.',
  next_position timestamp comment 'How far bronze had come when the last run of the table began.'
)
using delta
comment 'How far the gold tables have come that Spark brings up to date.'
tblproperties ('delta.feature.domainMetadata' = 'supported', 'delta.enableRowTracking' = 'false', 'delta.enableDeletionVectors' = 'false');
