//! Clusters, nodes and warehouses.

mod clusters;
mod nodes;
mod warehouses;

use crate::source::Source;

pub(crate) const SOURCES: [&Source; 5] = [
    &clusters::CLUSTERS,
    &nodes::NODE_TIMELINE,
    &nodes::NODE_TYPES,
    &warehouses::WAREHOUSE_EVENTS,
    &warehouses::WAREHOUSES,
];
