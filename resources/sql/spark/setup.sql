-- What has to be there before any table.

-- statement: create
-- Creates a schema.
create schema if not exists system_bronze;

-- statement: create
-- Creates a schema.
create schema if not exists system_gold;

-- statement: create
-- Creates a schema.
create schema if not exists system_quarantine;

-- statement: create
-- Creates the table of positions.
create table if not exists system_gold.goldsmith_positions (
  table_name string comment 'Gold table.',
  fingerprint string comment 'Fingerprint of the model of the table.',
  `position` timestamp comment 'The table holds what bronze took over until then.',
  next_position timestamp comment 'How far bronze had come when the last run of the table began.'
)
using delta
comment 'How far the gold tables have come that Spark brings up to date.';
