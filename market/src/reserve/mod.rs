//! Reserve up and down: capacity tenders and the activation of what was accepted.
//!
//! Three steps, each a pure function over integers:
//!
//! 1. [`Tender::new`] checks offers and demand, [`procure`] accepts capacity: per direction, with minimum acceptances and
//!    minima per zone, exactly;
//! 2. [`activate`] calls the energy needed in each slot from the accepted capacity, by activation price;
//! 3. [`settle_delivery`] compares what was delivered with what was called, pays for it and fines what is missing.
//!
//! Capacity is in watts, its price in micro-euro per kilowatt for the whole window, energy in watt-hours: watts ×
//! micro-euro per kilowatt is nano-euro, so nothing is rounded. The forms of control reserve follow the agent-based
//! market tool ASSUME; minimum acceptances and zones follow what European balancing-capacity tenders allow.
//!
//! ```
//! use market::reserve::*;
//! use market::{AgentId, OrderId, Price, time::{Span, Time}};
//!
//! let window = Window { start: Time(0), duration: Span::from_minutes(240) };
//! let offer = |id, watts, eur_per_kw: i64| ReserveOffer {
//!     id: OrderId(id), provider: AgentId(id as u32), direction: Direction::Up, capacity: Power(watts),
//!     minimum: Power(0), capacity_price: CapacityPrice(eur_per_kw * 1_000_000), activation_price: Price(200_000),
//!     zone: Zone(0), window, submitted_ms: 0, lottery: id,
//! };
//! let demand = Demand {
//!     direction: Direction::Up, capacity: Power(5_000), surplus_allowed: Power(0), zone_minima: vec![], price_cap: None,
//! };
//! let tender = Tender::new(window, [demand], [offer(1, 4_000, 2), offer(2, 4_000, 3)])?;
//! let bought = procure(&tender, &TenderRules::default());
//! let up = bought.direction(Direction::Up).expect("it was asked for");
//! assert_eq!(up.accepted(), Power(5_000));
//! assert_eq!(up.payment().as_eur(), 15.0); // 5 kW at the price of the second offer
//! # Ok::<(), ReserveError>(())
//! ```

mod activation;
mod delivery;
mod offer;
mod power;
mod procurement;
mod search;

pub use activation::{Activation, ActivationOrder, SlotActivation, SlotNeed, activate};
pub use delivery::{Delivery, DeliveryReport, DeliveryRules, ProviderAccount, SlotDelivery, settle_delivery};
pub use offer::{Demand, Direction, ReserveError, ReserveOffer, Tender, Window, Zone};
pub use power::{CapacityPrice, Power};
pub use procurement::{CapacityAward, DirectionResult, Objective, Pricing, Procurement, TenderRules, procure};

pub(crate) use power::{HOUR_MS, in_proportion};
