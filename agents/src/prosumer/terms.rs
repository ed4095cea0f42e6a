//! What a prosumer's orders say besides energy and price: quality, and what it pays for it.

use market::Side;
use serde::{Deserialize, Serialize};

/// What all orders of a prosumer say, unless one from outside says otherwise. The default is grey on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTerms {
    /// Level of quality of what it offers: 0 grey, 1 green or local, 2 green and local.
    pub quality: u8,
    /// The least level of quality that it bids for.
    pub wanted_quality: u8,
    /// What its bids add to their limits where a mechanism pays premiums, in hundredths of a percent of the limit.
    pub premium_bp: u32,
}

impl OrderTerms {
    /// Quality and premium of an order on `side`.
    pub(super) fn of(self, side: Side) -> (u8, u32) {
        match side {
            Side::Bid => (self.wanted_quality, self.premium_bp),
            Side::Offer => (self.quality, 0),
        }
    }
}
