//! Collective self-consumption: what the members of a community feed in is shared among those who consume in the
//! same slot, by coefficients.
//!
//! The keys are those of the French scheme (Code de l'énergie, articles L315-2 and D315-6; Enedis,
//! "Autoconsommation collective", keys of repartition): static, dynamic by default in proportion to consumption,
//! and dynamic in full, given by the organiser. No member's share exceeds its consumption of the slot; what is
//! not shared is fed in as surplus.

use serde::{Deserialize, Serialize};

use super::{CommunityError, Member, totals};
use crate::settlement::apportion;
use crate::{AgentId, Energy, OrderId, Price, Trade};

/// All coefficients together, in parts per million.
pub const WHOLE_PPM: u64 = 1_000_000;

/// How production is shared in one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coefficients {
    /// Nothing is shared.
    None,
    /// The same coefficients for all slots, one per member, in parts per million.
    Static(Vec<u32>),
    /// In proportion to the consumption of the slot: the scheme's default.
    DynamicByConsumption,
    /// Coefficients that the organiser gives for this very slot, one per member, in parts per million.
    DynamicFull(Vec<u32>),
}

/// What becomes of a share beyond its member's consumption. Concerns coefficients that are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leftover {
    /// It is fed in as surplus, as in the scheme.
    #[default]
    FedIn,
    /// It is shared again by the same coefficients among members that still consume, until nothing is left or
    /// nobody with a coefficient still consumes.
    Redistributed,
}

/// Who gets how much of whose production.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sharing {
    /// What each member receives, in the order of members; at most its import.
    pub received: Vec<Energy>,
    /// What each member's production contributes; at most its export.
    pub given: Vec<Energy>,
    /// The same as trades at the local price. Bid and offer are the places of the two members in the list.
    pub trades: Vec<Trade>,
}

impl Sharing {
    /// All that was shared.
    pub fn volume(&self) -> Energy {
        self.received.iter().copied().sum()
    }
}

/// Shares the production of one slot among `members` at `local_price`.
///
/// Each watt-hour is allocated whole: shares are rounded down and the rest goes to the largest remainders, equal
/// ones by lottery ticket. What is shared is taken from the producers in proportion to their export. A member may
/// receive its own production; that moves no money. O(members log members), times the rounds of redistribution,
/// of which there are at most as many as members.
///
/// # Errors
/// If a register is negative, a member is there twice, sums exceed 64 bits, or given coefficients do not match
/// the members or do not sum to one.
pub fn share(
    members: &[Member],
    coefficients: &Coefficients,
    leftover: Leftover,
    local_price: Price,
) -> Result<Sharing, CommunityError> {
    let (consumed, produced) = totals(members)?;
    let received = match coefficients {
        Coefficients::None => vec![Energy::ZERO; members.len()],
        Coefficients::DynamicByConsumption => {
            let weights = members.iter().map(|member| member.import.0.into()).collect::<Vec<i128>>();
            allot(members, produced.min(consumed), &weights)?
        }
        Coefficients::Static(given) | Coefficients::DynamicFull(given) => {
            check_coefficients(given, members.len())?;
            by_coefficients(members, produced, given, leftover)?
        }
    };
    let shared = received.iter().copied().sum();
    let exports = members.iter().map(|member| member.export.0.into()).collect::<Vec<i128>>();
    let given = allot(members, shared, &exports)?;
    let trades = pair_up(members, &received, &given, local_price);
    Ok(Sharing { received, given, trades })
}

fn check_coefficients(given: &[u32], members: usize) -> Result<(), CommunityError> {
    if given.len() != members {
        return Err(CommunityError::CoefficientsMismatch { coefficients: given.len(), members });
    }
    let sum_ppm = given.iter().map(|&ppm| u64::from(ppm)).sum();
    if sum_ppm == WHOLE_PPM { Ok(()) } else { Err(CommunityError::CoefficientsNotWhole { sum_ppm }) }
}

/// Gives out `energy` by weight.
fn allot(members: &[Member], energy: Energy, weights: &[i128]) -> Result<Vec<Energy>, CommunityError> {
    let tickets: Vec<u64> = members.iter().map(|member| member.lottery).collect();
    let shares = apportion(energy.0.into(), weights, &tickets)?;
    let fits = |share| Energy(i64::try_from(share).expect("a share is at most the energy given out"));
    Ok(shares.into_iter().map(fits).collect())
}

/// In every round all members get their part and give back what exceeds their consumption. A round that gives
/// something back has satisfied a member, so there are no more rounds than members.
fn by_coefficients(
    members: &[Member],
    produced: Energy,
    given: &[u32],
    leftover: Leftover,
) -> Result<Vec<Energy>, CommunityError> {
    let mut received = vec![Energy::ZERO; members.len()];
    let mut left = produced;
    loop {
        let wanting = |at: usize| leftover == Leftover::FedIn || received[at] < members[at].import;
        let weights: Vec<i128> =
            given.iter().enumerate().map(|(at, &ppm)| if wanting(at) { ppm.into() } else { 0 }).collect();
        if left == Energy::ZERO || weights.iter().all(|&weight| weight == 0) {
            return Ok(received);
        }
        let mut returned = Energy::ZERO;
        for (at, part) in allot(members, left, &weights)?.into_iter().enumerate() {
            let taken = part.min(members[at].import - received[at]);
            received[at] += taken;
            returned += part - taken;
        }
        if leftover == Leftover::FedIn {
            return Ok(received);
        }
        left = returned;
    }
}

/// Walks receivers and givers side by side; one trade per overlap, so fewer trades than there are receivers and
/// givers.
fn pair_up(members: &[Member], received: &[Energy], given: &[Energy], price: Price) -> Vec<Trade> {
    let mut trades = Vec::new();
    let (mut buyer, mut seller) = (0, 0);
    let (mut wanted, mut offered) = (received.to_vec(), given.to_vec());
    while buyer < members.len() && seller < members.len() {
        let quantity = wanted[buyer].min(offered[seller]);
        if quantity > Energy::ZERO {
            let [bid, offer] = [buyer, seller].map(|at| OrderId(at as u64));
            let [from, to]: [AgentId; 2] = [members[seller].agent, members[buyer].agent];
            trades.push(Trade { bid, offer, buyer: to, seller: from, quantity, price });
            wanted[buyer] -= quantity;
            offered[seller] -= quantity;
        }
        if wanted[buyer] == Energy::ZERO {
            buyer += 1;
        } else {
            seller += 1;
        }
    }
    trades
}
