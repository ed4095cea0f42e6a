//! A desk: where one product is traded, by whatever rule.

use super::areas::Areas;
use super::auction::Auction;
use super::continuous::Continuous;
use super::exchanged::Exchanged;
use super::{Trading, Venue};
use crate::core::Outbox;
use crate::id::ParticipantId;
use crate::mail::RetailTariff;
use crate::retailer::AlternativeId;
use crate::time::{Calendar, Now, Slot, Span, Time};
use market::auction::{Preferences, Specification};
use market::product::ProductId;
use market::settlement::Traded;
use market::{Energy, Money, Order, Price, Side, Trade};
use serde::{Deserialize, Serialize};

/// The open books of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Books {
    Auction(Auction),
    Continuous(Continuous),
}

impl Default for Books {
    fn default() -> Self {
        Self::Auction(Auction::default())
    }
}

// With these bounds a day's bill, and the value of a contract, are within 64 bits of nano-euro: no order can stop the twin.

/// The furthest limit that is taken, either way: 10,000 EUR/MWh, as in intraday coupling in Europe.
const FURTHEST_LIMIT: Price = Price(10_000_000);

/// Most energy of all bids, or of all offers, for a contract in each settlement slot: 1 GWh, sixteen times what Martinique
/// takes in a quarter hour.
const MOST_PER_SLOT: Energy = Energy(1_000_000_000);

/// The same over the whole contract.
const MOST_ENERGY: Energy = Energy(900_000_000_000);

/// A product's desk: what is the same for all of its books.
pub(super) struct Desk<'a> {
    pub(super) product: ProductId,
    pub(super) venue: &'a Venue,
    /// Who settles what is traded.
    pub(super) retailer: ParticipantId,
    /// Length of a settlement slot.
    pub(super) slot: Span,
    /// The operator's ticket in the lottery among exact ties.
    pub(super) ticket: u64,
    /// The mechanisms it is compared with.
    pub(super) shadows: &'a [(AlternativeId, Specification)],
    /// Who is told the prices of auctions.
    pub(super) audience: &'a [ParticipantId],
    /// Where those who trade are, if it matters.
    pub(super) areas: Option<&'a Areas>,
    /// The prices at which the retailer stands behind each auction, if it does.
    pub(super) backstop: Option<&'a RetailTariff>,
    /// Who would rather trade with whom.
    pub(super) preferences: &'a Preferences,
}

/// The part of one side in a trade.
pub(super) fn part(trade: &Trade, side: Side) -> Traded {
    match side {
        Side::Bid => Traded { bought: trade.quantity, paid: trade.payment(), ..Traded::default() },
        Side::Offer => Traded { sold: trade.quantity, received: trade.payment(), ..Traded::default() },
    }
}

/// An order, its agent and instant set, and what it is for.
pub(super) struct Ordered {
    pub(super) order: Order,
    pub(super) contract: Slot,
    /// Whether it came from outside.
    pub(super) is_outside: bool,
    /// The storage it is for, if it is for one.
    pub(super) storage: Option<ParticipantId>,
}

impl Desk<'_> {
    /// How many settlement slots a contract has.
    pub(super) fn slots(&self) -> i64 {
        self.venue.product.delivery.0 / self.slot.0
    }

    /// Whether an order can be for `contract`, where gates at `earliest` or later can be reached.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub(super) fn examine(&self, contract: Slot, earliest: Time, calendar: Calendar) -> Result<(), String> {
        let product = &self.venue.product;
        let (name, start) = (&product.name, contract.start);
        if product.gate_for(contract, earliest, calendar).is_none() {
            let gate = product.gate_from(earliest, calendar);
            let mut open = product.contracts_at(gate);
            let first = open.next().expect("a product has contracts").start;
            let last = open.last().map_or(first, |contract| contract.start);
            let s = product.delivery.seconds();
            return Err(format!(
                "gate closed for the slot of {start}, or {name} has no such contract: its next gate, at {gate}, is about \
                 deliveries of {s} s from {first} to {last}"
            ));
        }
        let is_open = match self.venue.trading {
            Trading::Auction { .. } => true,
            Trading::Continuous => product.is_about(product.gate_from(earliest, calendar), contract),
        };
        is_open.then_some(()).ok_or_else(|| format!("{name} does not trade the slot of {start} yet"))
    }

    /// What one side of a contract adds up to with one more order.
    ///
    /// # Errors
    /// A sentence that says why the order can not be meant.
    pub(super) fn add_up(&self, total: Energy, order: &Order) -> Result<Energy, String> {
        if order.limit.0.unsigned_abs() > FURTHEST_LIMIT.0.unsigned_abs() {
            return Err(format!(
                "limit of {} EUR/MWh is beyond {}",
                order.limit.as_eur_per_mwh(),
                FURTHEST_LIMIT.as_eur_per_mwh()
            ));
        }
        let most = MOST_PER_SLOT.min(Energy(MOST_ENERGY.0 / self.slots()));
        let sum = total.0.checked_add(order.quantity.0).map(Energy).filter(|sum| *sum <= most);
        sum.ok_or_else(|| {
            let [kwh, most_kwh] = [order.quantity, most].map(Energy::as_kwh);
            format!("{kwh} kWh in each settlement slot takes the {}s of the contract beyond {most_kwh} kWh", order.side)
        })
    }

    /// What is paid over the whole contract, of what is paid in each of its settlement slots.
    pub(super) fn in_all(&self, amount: Money) -> Money {
        Money(amount.0 * i128::from(self.slots()))
    }

    /// Energy over the whole contract, of what flows in each of its settlement slots.
    pub(super) fn whole(&self, energy: Energy) -> Energy {
        Energy(energy.0 * self.slots())
    }
}

impl Books {
    /// No book yet, of a product traded like this.
    pub(super) fn of(trading: &Trading) -> Self {
        match trading {
            Trading::Auction { .. } => Self::Auction(Auction::default()),
            Trading::Continuous => Self::Continuous(Continuous::default()),
        }
    }

    pub(super) fn take(&mut self, now: Now, ordered: Ordered, desk: &Desk<'_>, out: &mut Outbox) -> Result<(), String> {
        match self {
            Self::Auction(auction) => auction.take(ordered, desk),
            Self::Continuous(continuous) => continuous.take(now, ordered, desk, out),
        }
    }

    /// Withdraws what `from` has ordered by itself, or from outside; how many orders that were.
    pub(super) fn cancel(
        &mut self,
        now: Now,
        (from, is_outside): (ParticipantId, bool),
        contract: Slot,
        desk: &Desk<'_>,
        out: &mut Outbox,
    ) -> usize {
        match self {
            Self::Auction(auction) => auction.cancel(from, contract, is_outside),
            Self::Continuous(continuous) => continuous.cancel(now, (from, is_outside), contract, desk, out),
        }
    }

    /// Closes what is to be closed at the gate at `now`.
    pub(super) fn close(&mut self, now: Now, desk: &Desk<'_>, exchanged: &mut Exchanged, out: &mut Outbox) {
        match self {
            Self::Auction(auction) => auction.close(now, desk, exchanged, out),
            Self::Continuous(continuous) => continuous.close(now, desk, out),
        }
    }
}
