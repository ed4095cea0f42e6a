//! The network operator's flexibility market: request, offers, order, activation, settlement; and redispatch.

mod market;
mod message;
mod program;
pub mod redispatch;
mod search;
mod selection;
mod settlement;
mod state;
mod trail;
mod validate;

pub use market::{FlexMarket, FlexMarketRules};
pub use message::{
    ActivationFactor, CongestionPoint, ContractId, DPrognosis, Disposition, FlexOffer, FlexOfferRevocation, FlexOrder,
    FlexRequest, FlexReservationUpdate, IspPower, IspRequest, MessageId, OfferOption, OptionReference,
};
pub use selection::{Proof, Selected, Selection, SelectionRules, select};
pub use settlement::{
    ContractDay, ContractIsp, ContractSettlement, FlexContract, FlexOrderSettlement, IspSettlement, Penalty,
    settle_contract, settle_order,
};
pub use state::{OfferEvent, OfferState, OrderEvent, OrderState, RequestState};
pub use trail::{FlexMessage, FlexOrderResponse, Metering, TrailEntry};
pub use validate::{Isps, POWER_LIMIT, PRICE_LIMIT, Rejection, Room};
