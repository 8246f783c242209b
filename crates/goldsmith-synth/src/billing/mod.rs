//! Usage and prices.

mod prices;
mod usage;

use crate::source::Source;

pub(crate) const SOURCES: [&Source; 3] = [&prices::ACCOUNT_PRICES, &prices::LIST_PRICES, &usage::USAGE];
