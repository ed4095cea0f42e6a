//! Communities: sharing after the fact, the retailer as a backstop, and the figures by which mechanisms compare.
//!
//! - [`share`]: collective self-consumption by coefficients (the French *autoconsommation collective*), as trades
//!   at an agreed local price, so that [`settle_slot`](crate::settlement::settle_slot) bills the rest with the
//!   retailer;
//! - [`ex_post`]: one community price for the slot, found after metering from the share of energy that stayed
//!   local;
//! - [`backstop`]: the retailer's orders, with which nobody in a book is left without a counterparty;
//! - [`indicators`]: welfare, local share, self-sufficiency, self-consumption, fairness and peaks.

pub mod indicators;

mod backstop;
mod error;
mod ex_post;
mod sharing;

pub use backstop::{Backstop, backstop};
pub use error::CommunityError;
pub use ex_post::{CommunitySlot, LocalShare, MemberBill, PriceCurve, PricePoint, Residue, ex_post};
pub use sharing::{Coefficients, Leftover, Sharing, WHOLE_PPM, share};

use std::collections::BTreeSet;

use crate::{AgentId, Energy};

/// The registers of one member in one slot, both from zero up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    /// Whose account.
    pub agent: AgentId,
    /// Taken from the grid.
    pub import: Energy,
    /// Fed into the grid.
    pub export: Energy,
    /// Breaks ties over the last watt-hour or nano-euro, lowest first, then by place in the list.
    pub lottery: u64,
}

/// Sums of imports and of exports.
fn totals(members: &[Member]) -> Result<(Energy, Energy), CommunityError> {
    let (mut import, mut export) = (0_i64, 0_i64);
    let mut known = BTreeSet::new();
    for member in members {
        let agent = member.agent;
        if member.import.min(member.export) < Energy::ZERO {
            return Err(CommunityError::NegativeRegister { agent, import: member.import, export: member.export });
        }
        if !known.insert(agent) {
            return Err(CommunityError::DuplicateMember { agent });
        }
        import = import.checked_add(member.import.0).ok_or(CommunityError::TooLarge { agent })?;
        export = export.checked_add(member.export.0).ok_or(CommunityError::TooLarge { agent })?;
    }
    Ok((Energy(import), Energy(export)))
}
