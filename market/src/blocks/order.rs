//! A block order: one decision over several slots.

use serde::{Deserialize, Serialize};

use crate::{AgentId, Energy, OrderId, Price, Side};

/// The number of an exclusive group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct GroupId(pub u32);

/// An order for a profile of energy over several slots, accepted at one ratio in all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockOrder {
    /// Unique among blocks and simple orders of the coupled book.
    pub id: OrderId,
    /// Who pays or is paid.
    pub agent: AgentId,
    /// Buy or sell, in every slot.
    pub side: Side,
    /// Slot and watt-hours at full acceptance; positive on both sides, each slot once.
    pub profile: Vec<(usize, Energy)>,
    /// The most a bid pays, the least an offer takes, as the average over the profile weighted by energy.
    pub limit: Price,
    /// The least ratio of acceptance other than none, in per mille: 1000 is all or nothing. Between ratios that whole
    /// watt-hours allow it counts as the next larger.
    pub minimum_permille: u16,
    /// Blocks of which none may be accepted at a smaller ratio than this one.
    pub parents: Vec<OrderId>,
    /// The group in which the ratios add up to one at most.
    pub group: Option<GroupId>,
}

impl BlockOrder {
    /// An all-or-nothing block without links.
    pub fn new(
        id: OrderId,
        agent: AgentId,
        side: Side,
        profile: impl IntoIterator<Item = (usize, Energy)>,
        limit: Price,
    ) -> BlockOrder {
        let profile = profile.into_iter().collect();
        BlockOrder { id, agent, side, profile, limit, minimum_permille: 1000, parents: Vec::new(), group: None }
    }

    /// A flexible order: the profile of `self`, moved by 0 to `latest` slots, once at most. The copies have ids that
    /// count up from that of `self` and share the exclusive group; the same energy can so be accepted in one place, or
    /// divided among several where the minimum ratio allows.
    ///
    /// `None` where an id or a slot number would go beyond its integer.
    pub fn flexible(&self, latest: usize, group: GroupId) -> Option<Vec<BlockOrder>> {
        let moved = |by: usize| {
            let profile = self.profile.iter().map(|&(slot, energy)| Some((slot.checked_add(by)?, energy)));
            Some(BlockOrder {
                id: OrderId(self.id.0.checked_add(u64::try_from(by).ok()?)?),
                profile: profile.collect::<Option<_>>()?,
                group: Some(group),
                ..self.clone()
            })
        };
        (0..=latest).map(moved).collect()
    }
}
