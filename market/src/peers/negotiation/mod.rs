//! Negotiation of energy blocks between pairs by price adjustment.
//!
//! Every possible seller and buyer have, for every slot, a few candidate contracts of the same energy, each with a price on
//! either side; both begin at zero. In every round each peer picks the contracts that are best for it at its own sides'
//! prices, against the grid's. Where a buyer wants a contract and the seller does not, the price moves up one increment:
//! the seller's side if the buyer's is above it, else the buyer's. It ends when no such contract is left. What both then
//! want is traded, and the buyer pays the price of the seller's side. (Morstyn and McCulloch, 2018, in the form of OPLEM.)
//!
//! Where the grid serves a peer just as well, a buyer takes the grid and a seller the contract; of contracts equally good a peer takes
//! those of the pair given first.
//!
//! Prices rise only, and stop at what buyers would pay the grid, so the negotiation ends after at most as many rounds as
//! there are prices to pass; [`Negotiation::most_rounds`] bounds it all the same, and says so when it does.

mod choice;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::PeerTrade;
use crate::dispatch::{DispatchError, Storage};
use crate::optimise::{OptimiseError, Optimiser};
use crate::{Energy, Price};

/// A peer with load, PV and storages behind its own connection to the grid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prosumer {
    /// Consumption that cannot be moved, not negative, one number per slot.
    pub load: Vec<Energy>,
    /// PV available, not negative, one number per slot; it may be curtailed.
    pub pv: Vec<Energy>,
    /// Its storages; kW and kWh.
    pub storages: Vec<Storage>,
}

/// What is negotiated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Negotiation {
    /// Length of a slot, hours.
    pub slot_h: f64,
    /// What the grid takes for energy, one price per slot; never below what it gives.
    pub import_price: Vec<Price>,
    /// What the grid gives for energy, one price per slot.
    pub export_price: Vec<Price>,
    /// The energy of every contract.
    pub contract: Energy,
    /// How far a price moves at once.
    pub increment: Price,
    /// Candidate contracts per pair and slot.
    pub contracts_per_pair: usize,
    /// The negotiation is broken off after so many rounds.
    pub most_rounds: u64,
    /// Who negotiates.
    pub peers: Vec<Prosumer>,
    /// Who may sell to whom: seller, buyer, and a fee on what they trade, half of it paid by each (of an odd one the
    /// buyer pays the larger half).
    pub pairs: Vec<(usize, usize, Price)>,
}

/// How a negotiation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Contracts that both sides want, by slot, then pair in the order given.
    pub trades: Vec<PeerTrade>,
    /// Rounds it took.
    pub rounds: u64,
    /// Contracts that buyers still want and sellers refuse: none unless the negotiation was broken off.
    pub open: usize,
}

impl Outcome {
    /// Whether it came to its end, and was not broken off.
    pub fn is_finished(&self) -> bool {
        self.open == 0
    }
}

/// Why there is no outcome.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the parts of the message of each case")]
pub enum NegotiationError {
    /// Something makes no sense.
    #[error("{what} is {value}; give {allowed}")]
    OutOfRange { what: String, value: String, allowed: &'static str },
    /// A series of another length.
    #[error("{what} has {found} values for {expected} slots; give one per slot")]
    Length { what: String, expected: usize, found: usize },
    /// A pair of somebody who is not there, or of one peer.
    #[error("a pair has seller {seller} and buyer {buyer} of {peers} peers; give two different ones of them")]
    Pair { seller: usize, buyer: usize, peers: usize },
    /// The storages of a peer make no sense or cannot keep their limits.
    #[error("the storages of peer {peer} can not be planned")]
    Storage {
        peer: usize,
        #[source]
        error: DispatchError,
    },
    /// The plan of a peer with storages was not found.
    #[error("peer {peer} could not choose its contracts in round {round}")]
    Choice {
        peer: usize,
        round: u64,
        #[source]
        error: OptimiseError,
    },
}

/// A contract on offer; its number is its place.
#[derive(Debug, Clone, Copy)]
struct Contract {
    slot: usize,
    pair: usize,
    seller: usize,
    buyer: usize,
    seller_price: Price,
    buyer_price: Price,
    seller_fee: Price,
    buyer_fee: Price,
}

impl Negotiation {
    /// Pairs of everyone who has PV or a storage with everyone else who has a load or a storage, without fees, by seller and then buyer.
    pub fn natural_pairs(peers: &[Prosumer]) -> Vec<(usize, usize, Price)> {
        let some = |energy: &[Energy]| energy.iter().any(|energy| *energy > Energy::ZERO);
        let sells = |peer: &Prosumer| some(&peer.pv) || !peer.storages.is_empty();
        let buys = |peer: &Prosumer| some(&peer.load) || !peer.storages.is_empty();
        let sellers = (0..peers.len()).filter(|&seller| sells(&peers[seller]));
        let with = |seller: usize| {
            let buyers = (0..peers.len()).filter(move |&buyer| buyer != seller && buys(&peers[buyer]));
            buyers.map(move |buyer| (seller, buyer, Price::ZERO))
        };
        sellers.flat_map(with).collect()
    }

    /// # Errors
    /// The first thing that makes no sense.
    fn check(&self) -> Result<(), NegotiationError> {
        // Larger numbers are mistakes, and could overflow sums.
        const LARGEST: i64 = 1_000_000_000_000_000;
        let slots = self.import_price.len();
        let positive = |what: &str, value: i64| match value {
            1..=LARGEST => Ok(()),
            _ => Err(out_of_range(what, value, "a whole number above 0 and within 1e15")),
        };
        positive("the energy of a contract in Wh", self.contract.0)?;
        positive("the increment in µ€/kWh", self.increment.0)?;
        if !(self.slot_h > 0.0 && self.slot_h <= 1e6) {
            return Err(out_of_range("the length of a slot in hours", self.slot_h, "a number above 0 and within 1e6"));
        }
        length("the export price", slots, self.export_price.len())?;
        for (import, export) in self.import_price.iter().zip(&self.export_price) {
            if export > import || import.0.max(-export.0) > LARGEST {
                return Err(out_of_range("an export price", export, "one not above the import price, within 1e15"));
            }
        }
        for &(seller, buyer, fee) in &self.pairs {
            let peers = self.peers.len();
            if seller == buyer || seller.max(buyer) >= peers {
                return Err(NegotiationError::Pair { seller, buyer, peers });
            }
            if !(0..=LARGEST).contains(&fee.0) {
                return Err(out_of_range("a fee", fee, "one of 0 or more and within 1e15"));
            }
        }
        for (index, peer) in self.peers.iter().enumerate() {
            for (what, series) in [("load", &peer.load), ("PV", &peer.pv)] {
                length(&format!("the {what} of peer {index}"), slots, series.len())?;
                if let Some(wrong) = series.iter().find(|energy| !(0..=LARGEST).contains(&energy.0)) {
                    return Err(out_of_range(
                        &format!("the {what} of peer {index}"),
                        wrong,
                        "0 Wh or more, within 1e15",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Slots first, then pairs, then copies.
    fn contracts(&self) -> Vec<Contract> {
        let slots = 0..self.import_price.len();
        let of_slot = |slot| self.pairs.iter().enumerate().map(move |pair| (slot, pair));
        let copies = |place| std::iter::repeat_n(place, self.contracts_per_pair);
        slots
            .flat_map(of_slot)
            .flat_map(copies)
            .map(|(slot, (pair, &(seller, buyer, fee)))| Contract {
                slot,
                pair,
                seller,
                buyer,
                seller_price: Price::ZERO,
                buyer_price: Price::ZERO,
                seller_fee: Price(fee.0 / 2),
                buyer_fee: Price(fee.0 - fee.0 / 2),
            })
            .collect()
    }
}

/// Negotiates until nobody who wants a contract is refused. `optimiser` plans for peers with storages and must handle integer columns;
/// others choose in O(contracts log contracts).
///
/// # Errors
/// Input that makes no sense, and a peer whose storages have no plan. Being broken off is an [`Outcome`], not an error.
pub fn negotiate(negotiation: &Negotiation, optimiser: &dyn Optimiser) -> Result<Outcome, NegotiationError> {
    negotiation.check()?;
    let mut contracts = negotiation.contracts();
    let peers = negotiation.peers.len();
    let mut of_peer: Vec<Vec<usize>> = vec![Vec::new(); peers];
    for (number, contract) in contracts.iter().enumerate() {
        of_peer[contract.seller].push(number);
        of_peer[contract.buyer].push(number);
    }
    let choosers = (0..peers).map(|peer| choice::Chooser::of(negotiation, peer)).collect::<Result<Vec<_>, _>>()?;
    // Who must choose anew: those one of whose prices moved.
    let mut moved = vec![true; peers];
    let mut wanted = vec![[false; 2]; contracts.len()];
    let mut rounds = 0;
    loop {
        rounds += 1;
        for peer in (0..peers).filter(|&peer| moved[peer]) {
            let chosen = choosers[peer]
                .choose(negotiation, &contracts, &of_peer[peer], optimiser)
                .map_err(|error| NegotiationError::Choice { peer, round: rounds, error })?;
            for (&number, is_chosen) in of_peer[peer].iter().zip(chosen) {
                wanted[number][usize::from(contracts[number].buyer == peer)] = is_chosen;
            }
        }
        let refused: Vec<usize> = (0..contracts.len()).filter(|&number| wanted[number] == [false, true]).collect();
        if refused.is_empty() || rounds >= negotiation.most_rounds {
            return Ok(Outcome { trades: agreed(negotiation, &contracts, &wanted), rounds, open: refused.len() });
        }
        moved.fill(false);
        for number in refused {
            let contract = &mut contracts[number];
            if contract.buyer_price > contract.seller_price {
                contract.seller_price += negotiation.increment;
                moved[contract.seller] = true;
            } else {
                contract.buyer_price += negotiation.increment;
                moved[contract.buyer] = true;
            }
        }
    }
}

fn agreed(negotiation: &Negotiation, contracts: &[Contract], wanted: &[[bool; 2]]) -> Vec<PeerTrade> {
    let both =
        contracts.iter().zip(wanted).filter(|(_, wanted)| **wanted == [true, true]).map(|(contract, _)| contract);
    let mut both: Vec<&Contract> = both.collect();
    both.sort_by_key(|contract| (contract.slot, contract.pair));
    let trade = |contract: &Contract| PeerTrade {
        slot: contract.slot,
        seller: contract.seller,
        buyer: contract.buyer,
        energy: negotiation.contract,
        price: contract.seller_price,
        buyer_fee: contract.buyer_fee,
        seller_fee: contract.seller_fee,
    };
    both.into_iter().map(trade).collect()
}

fn out_of_range(what: &str, value: impl ToString, allowed: &'static str) -> NegotiationError {
    NegotiationError::OutOfRange { what: what.to_owned(), value: value.to_string(), allowed }
}

fn length(what: &str, expected: usize, found: usize) -> Result<(), NegotiationError> {
    if expected == found { Ok(()) } else { Err(NegotiationError::Length { what: what.to_owned(), expected, found }) }
}
