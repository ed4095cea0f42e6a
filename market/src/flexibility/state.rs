//! The lives of requests, offers and orders: who may still do what.
//!
//! Each is a small machine; an event that its state does not allow changes nothing and says why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The life of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// Offers are taken until it expires.
    Open,
    /// A later revision took its place.
    Replaced,
    /// The DSO has decided.
    Decided,
}

/// The life of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferState {
    /// It can be ordered until it expires.
    Standing,
    /// Its aggregator took it back.
    Revoked,
    /// One of its options was ordered.
    Ordered,
    /// The DSO decided without it, or its request was replaced.
    Declined,
}

/// What can happen to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferEvent {
    /// The aggregator takes it back.
    Revoke,
    /// The DSO orders.
    Order,
    /// The DSO goes without it.
    Decline,
}

/// The life of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// On its way to the aggregator. No answer counts as acceptance: the offer was binding.
    Sent,
    /// The aggregator has confirmed it.
    Accepted,
    /// The aggregator can not deliver; it is settled as nothing delivered.
    Refused,
    /// Paid.
    Settled,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEvent {
    /// The aggregator confirms.
    Accept,
    /// The aggregator refuses.
    Refuse,
    /// The DSO settles.
    Settle,
}

impl OfferState {
    /// The state after `event`; `None` where it is not allowed.
    pub fn after(self, event: OfferEvent) -> Option<OfferState> {
        match (self, event) {
            (OfferState::Standing, OfferEvent::Revoke) => Some(OfferState::Revoked),
            (OfferState::Standing, OfferEvent::Order) => Some(OfferState::Ordered),
            (OfferState::Standing, OfferEvent::Decline) => Some(OfferState::Declined),
            _ => None,
        }
    }
}

impl OrderState {
    /// The state after `event`; `None` where it is not allowed.
    pub fn after(self, event: OrderEvent) -> Option<OrderState> {
        match (self, event) {
            (OrderState::Sent, OrderEvent::Accept) => Some(OrderState::Accepted),
            (OrderState::Sent, OrderEvent::Refuse) => Some(OrderState::Refused),
            (OrderState::Sent | OrderState::Accepted | OrderState::Refused, OrderEvent::Settle) => {
                Some(OrderState::Settled)
            }
            _ => None,
        }
    }
}

impl fmt::Display for OfferState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OfferState::Standing => "standing",
            OfferState::Revoked => "revoked",
            OfferState::Ordered => "ordered",
            OfferState::Declined => "declined",
        })
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OrderState::Sent => "sent",
            OrderState::Accepted => "accepted",
            OrderState::Refused => "refused",
            OrderState::Settled => "settled",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_ordered_revoked_or_declined_once() {
        for event in [OfferEvent::Revoke, OfferEvent::Order, OfferEvent::Decline] {
            let after = OfferState::Standing.after(event).expect("a standing offer takes every event");
            assert_eq!(after.after(OfferEvent::Revoke), None);
            assert_eq!(after.after(OfferEvent::Order), None);
        }
    }

    #[test]
    fn an_order_is_answered_once_and_settled_once() {
        assert_eq!(OrderState::Accepted.after(OrderEvent::Refuse), None);
        assert_eq!(OrderState::Refused.after(OrderEvent::Accept), None);
        assert_eq!(OrderState::Sent.after(OrderEvent::Settle), Some(OrderState::Settled));
        assert_eq!(OrderState::Settled.after(OrderEvent::Settle), None);
    }
}
