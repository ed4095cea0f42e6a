//! The audit trail: every message a market has seen, when, and what became of it.

use serde::{Deserialize, Serialize};

use super::{
    ContractSettlement, DPrognosis, FlexOffer, FlexOfferRevocation, FlexOrder, FlexOrderSettlement, FlexRequest,
    FlexReservationUpdate, MessageId, Rejection, Selection,
};
use crate::AgentId;
use crate::reserve::Power;
use crate::time::Time;

/// An aggregator's answer to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexOrderResponse {
    /// Its number.
    pub id: MessageId,
    /// Who answers.
    pub aggregator: AgentId,
    /// The order.
    pub order: MessageId,
    /// Confirmed, or refused because it can not be delivered.
    pub accepted: bool,
}

/// What was metered behind a congestion point for one aggregator on the day of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metering {
    /// Its number.
    pub id: MessageId,
    /// The order that it settles.
    pub order: MessageId,
    /// Mean power taken in each ISP of the day.
    pub powers: Vec<Power>,
}

/// Every message of the market, in and out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each case is the message of its name")]
pub enum FlexMessage {
    Prognosis(DPrognosis),
    Reservation(FlexReservationUpdate),
    Request(FlexRequest),
    Offer(FlexOffer),
    Revocation(FlexOfferRevocation),
    OrderResponse(FlexOrderResponse),
    Metering(Metering),
    /// The decision on a request, which the orders follow.
    Decision {
        request: MessageId,
        selection: Selection,
    },
    Order(FlexOrder),
    OrderSettlement(FlexOrderSettlement),
    ContractSettlement(ContractSettlement),
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailEntry {
    /// When it was handed over or sent.
    pub time: Time,
    /// What.
    pub message: FlexMessage,
    /// Why it was refused, if it was.
    pub rejection: Option<Rejection>,
}

impl FlexMessage {
    /// The number its sender gave it; what the market itself decides and settles has none.
    pub fn id(&self) -> Option<MessageId> {
        match self {
            FlexMessage::Prognosis(message) => Some(message.id),
            FlexMessage::Reservation(message) => Some(message.id),
            FlexMessage::Request(message) => Some(message.id),
            FlexMessage::Offer(message) => Some(message.id),
            FlexMessage::Revocation(message) => Some(message.id),
            FlexMessage::OrderResponse(message) => Some(message.id),
            FlexMessage::Metering(message) => Some(message.id),
            FlexMessage::Order(message) => Some(message.id),
            FlexMessage::Decision { .. } | FlexMessage::OrderSettlement(_) | FlexMessage::ContractSettlement(_) => None,
        }
    }
}
