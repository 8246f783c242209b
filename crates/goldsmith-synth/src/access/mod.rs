//! Audit, lineage, network, clean rooms, the assistant, and the workspaces themselves.

mod assistant;
mod audit;
mod clean_rooms;
mod lineage;
mod network;
mod workspaces;

use crate::source::Source;

pub(crate) const SOURCES: [&Source; 8] = [
    &assistant::ASSISTANT_EVENTS,
    &audit::AUDIT,
    &clean_rooms::CLEAN_ROOM_EVENTS,
    &lineage::COLUMN_LINEAGE,
    &network::INBOUND_NETWORK,
    &network::OUTBOUND_NETWORK,
    &lineage::TABLE_LINEAGE,
    &workspaces::WORKSPACES_LATEST,
];
