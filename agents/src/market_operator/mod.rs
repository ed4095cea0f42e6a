//! The market operator: collects orders until a gate closes, clears, and tells who got what; or has them meet as they come.
//!
//! Each of its products has gates of its own, and orders may come long before theirs. The books of a gate are complete
//! once no mail is left, so it asks to be woken when quiet; its awards open the next rounds.

mod areas;
mod auction;
mod continuous;
mod desk;
mod exchanged;
mod venue;
mod view;

pub use areas::{AreaFees, Areas};
pub use venue::{MarketRules, Trading, Venue, Venues};
pub(crate) use venue::{gates_at, next_gate};
pub use view::{BookView, ContractView, MarketView, OpenOrder, ProductView, TraderView};

use crate::act::ActId;
use crate::core::{Core, Outbox, Stage, Wake};
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message, RetailTariff};
use crate::record::{ClearingRow, EventCode, Record};
use crate::retailer::{Alternative, AlternativeId, Rule};
use crate::time::{Now, Slot, Span, Time};
use desk::{Books, Desk, Ordered};
use exchanged::Exchanged;
use market::auction::{Preferences, Specification};
use market::product::ProductId;
use market::{AgentId, Order};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The mind of a market operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketOperator {
    venues: Venues,
    /// Length of a settlement slot.
    slot: Span,
    retailer: ParticipantId,
    ticket: u64,
    /// The mechanisms with which the settlement is compared.
    shadows: Vec<(AlternativeId, Specification)>,
    /// One per venue.
    books: Vec<Books>,
    /// The last instant whose gates were opened.
    opened: Option<Time>,
    /// Whether gates of the present tick are still to be closed.
    is_open: bool,
    /// One per venue: what was cleared at its last gate.
    #[serde(default)]
    cleared: Vec<Vec<ClearingRow>>,
    /// Who is told the prices of auctions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    audience: Vec<ParticipantId>,
    /// Where those who trade are, if it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    areas: Option<Arc<Areas>>,
    /// What is traded across boundaries with limits and not yet delivered.
    #[serde(default, skip_serializing_if = "Exchanged::is_empty")]
    exchanged: Exchanged,
    /// The prices at which the retailer stands behind each auction, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backstop: Option<RetailTariff>,
    /// Who would rather trade with whom, where a mechanism asks.
    #[serde(default, skip_serializing_if = "Preferences::is_empty")]
    preferences: Preferences,
}

impl MarketOperator {
    /// An operator of `venues`, settled in slots of length `slot`, that reports positions to `retailer`.
    ///
    /// `ticket` seeds the lottery among exact ties.
    pub fn new(venues: Venues, slot: Span, retailer: ParticipantId, ticket: u64) -> Self {
        let books: Vec<_> = venues.iter().map(|venue| Books::of(&venue.trading)).collect();
        let cleared = vec![Vec::new(); books.len()];
        Self {
            venues,
            slot,
            retailer,
            ticket,
            shadows: Vec::new(),
            books,
            opened: None,
            is_open: false,
            cleared,
            audience: Vec::new(),
            areas: None,
            exchanged: Exchanged::default(),
            backstop: None,
            preferences: Preferences::default(),
        }
    }

    /// One whose auctions are cleared in these areas.
    #[must_use]
    pub fn within(self, areas: Option<Arc<Areas>>) -> Self {
        Self { areas, ..self }
    }

    /// One behind whose auctions the retailer stands with its tariff, whose feed-in price is less than any import price.
    #[must_use]
    pub fn with_backstop(self, backstop: Option<RetailTariff>) -> Self {
        Self { backstop, ..self }
    }

    /// The same, which tells the retailer also what each clearing would have come to under these alternatives.
    #[must_use]
    pub fn comparing(mut self, alternatives: &[Alternative]) -> Self {
        let shadow = |(index, alternative): (usize, &Alternative)| match &alternative.rule {
            Rule::Auction(mechanism) if index > 0 => Some((AlternativeId(index as u8), mechanism.clone())),
            _ => None,
        };
        self.shadows = alternatives.iter().enumerate().filter_map(shadow).collect();
        self
    }

    /// One that tells `audience` the prices of its auctions.
    #[must_use]
    pub fn with_audience(self, audience: Vec<ParticipantId>) -> Self {
        Self { audience, ..self }
    }

    /// One whose participants would rather trade with some than with others: prosumers, each with its partners, the most
    /// preferred first.
    #[must_use]
    pub fn with_partners(self, partners: impl IntoIterator<Item = (ParticipantId, Vec<ParticipantId>)>) -> Self {
        let agent = |id: ParticipantId| AgentId(id.0);
        let list = |(prosumer, others): (_, Vec<_>)| (agent(prosumer), others.into_iter().map(agent).collect());
        Self { preferences: Preferences::in_order(partners.into_iter().map(list)), ..self }
    }

    /// The first instant whose gate an order that comes now can still reach.
    fn earliest(&self, now: Now) -> Time {
        if self.opened == Some(now.time) && !self.is_open { now.time + Span(1) } else { now.time }
    }

    fn desk<'a>(&'a self, product: ProductId, venue: &'a Venue) -> Desk<'a> {
        let Self { retailer, slot, ticket, .. } = *self;
        let (shadows, audience) = (self.shadows.as_slice(), self.audience.as_slice());
        let (areas, backstop) = (self.areas.as_deref(), self.backstop.as_ref());
        let preferences = &self.preferences;
        Desk { product, venue, retailer, slot, ticket, shadows, audience, areas, backstop, preferences }
    }

    /// Has the books of a product do something at its desk; none if there is no such product.
    fn at_desk<T>(&mut self, product: ProductId, act: impl FnOnce(&mut Books, &Desk<'_>) -> T) -> Option<T> {
        let index = usize::from(product.0);
        // The books are taken out while the desk looks at the rest.
        let mut books = std::mem::take(self.books.get_mut(index)?);
        let done = self.venues.get(index).map(|venue| act(&mut books, &self.desk(product, venue)));
        self.books[index] = books;
        done
    }

    fn take(&mut self, now: Now, product: ProductId, ordered: Ordered, act: Option<ActId>, out: &mut Outbox) {
        let (earliest, contract) = (self.earliest(now), ordered.contract);
        let taken = self.at_desk(product, |books, desk| {
            desk.examine(contract, earliest, now.calendar)?;
            books.take(now, ordered, desk, out)
        });
        if let Err(reason) = taken.unwrap_or_else(|| Err(format!("there is no product {}", product.0))) {
            out.event(now, EventCode::OrderRefused, reason.as_str());
            out.records.extend(act.map(|act| Record::ActFailed(act, reason)));
        }
    }

    fn cancel(
        &mut self,
        now: Now,
        from: ParticipantId,
        (product, slot): (ProductId, Slot),
        act: Option<ActId>,
        out: &mut Outbox,
    ) {
        let whose = (from, act.is_some());
        let withdrawn = self.at_desk(product, |books, desk| books.cancel(now, whose, slot, desk, out));
        if let (Some(act), 0) = (act, withdrawn.unwrap_or(0)) {
            let reason = format!("no order from outside waits for the slot of {}", slot.start);
            out.record(Record::ActFailed(act, reason));
        }
    }

    fn close(&mut self, now: Now, product: ProductId, out: &mut Outbox) {
        let before = out.records.len();
        let mut exchanged = std::mem::take(&mut self.exchanged);
        exchanged.drop_delivered(now.time, self.slot);
        self.at_desk(product, |books, desk| books.close(now, desk, &mut exchanged, out));
        self.exchanged = exchanged;
        let clearing = |record: &Record| if let Record::Clearing(row) = record { Some(*row) } else { None };
        self.cleared.resize(self.books.len(), Vec::new());
        self.cleared[usize::from(product.0)] = out.records[before..].iter().filter_map(clearing).collect();
    }
}

impl Core for MarketOperator {
    const KIND: Kind = Kind::MarketOperator;
    type Sense = ();
    type Intent = ();

    fn step(&mut self, now: Now, (): &(), inbox: &[Mail], out: &mut Outbox) {
        let opens = self.opened != Some(now.time) && gates_at(&self.venues, now).next().is_some();
        if opens {
            (self.opened, self.is_open) = (Some(now.time), true);
        }
        // What is withdrawn is withdrawn before anything of the same round can trade.
        for mail in inbox {
            if let Message::CancelOrders { product, slot, act } = mail.message {
                self.cancel(now, mail.from, (product, slot), act, out);
            }
        }
        for mail in inbox {
            if let Message::Order { product, slot, order, act, storage } = &mail.message {
                let order = Order { agent: AgentId(mail.from.0), submitted_ms: now.time.0, ..*order };
                let ordered = Ordered { order, contract: *slot, is_outside: act.is_some(), storage: *storage };
                self.take(now, *product, ordered, *act, out);
            }
        }
        if inbox.is_empty() && !opens && self.is_open {
            self.is_open = false;
            let due: Vec<ProductId> = gates_at(&self.venues, now).map(|(product, _)| product).collect();
            for product in due {
                self.close(now, product, out);
            }
        }
    }

    fn next_wake(&self, now: Now) -> Wake {
        if self.is_open {
            return Wake::WhenQuiet(Stage::Clear);
        }
        // Before its first step nothing has been opened: a gate may be at this very instant.
        next_gate(&self.venues, now).map_or(Wake::OnMail, Wake::At)
    }
}

#[cfg(test)]
mod tests;
