//! What an operator who buys reserve and an aggregator who offers it tell each other.
//!
//! A day goes tender, offers, what is held; a slot in which reserve is called goes call, plan, measurement. What is
//! delivered is the difference between the plan, told when the slot begins, and what the device's register shows when it is
//! over. A *unit* is a device behind the aggregator; the aggregator is who is paid.

use crate::id::ParticipantId;
use crate::time::{Slot, Span};
use market::reserve::{CapacityPrice, Direction, Power};
use market::{Energy, Price};
use serde::{Deserialize, Serialize};

/// A message about reserve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReserveMail {
    /// Operator to aggregators: capacity is wanted in each of these windows, in each of these directions.
    Tender {
        /// The windows, one after the other.
        windows: Vec<Slot>,
        /// Up, down, or both.
        directions: Vec<Direction>,
    },
    /// Aggregator to operator: all that it offers.
    Offers(Vec<CapacityOffer>),
    /// Operator to aggregator: what was accepted, and is to be held.
    Held(Vec<HeldCapacity>),
    /// Operator to aggregator, when a slot begins: what is called in it. A unit is called in one direction at a time.
    Called {
        /// The slot.
        slot: Slot,
        /// By unit.
        calls: Vec<Call>,
    },
    /// Aggregator to operator, when a slot begins: what called units would take without the call.
    Planned {
        /// The slot.
        slot: Slot,
        /// By unit.
        flows: Vec<Flow>,
    },
    /// Aggregator to operator, when a slot is over: what called units took. A unit that is silent is missing here.
    Measured {
        /// The slot.
        slot: Slot,
        /// By unit.
        flows: Vec<Flow>,
    },
}

/// Capacity of one unit in one window and direction; divisible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityOffer {
    /// The device.
    pub unit: ParticipantId,
    /// When it is held.
    pub window: Slot,
    /// Up or down.
    pub direction: Direction,
    /// Most that is held, positive.
    pub capacity: Power,
    /// Asked per kilowatt for the window.
    pub capacity_price: CapacityPrice,
    /// Asked per kilowatt-hour delivered, in either direction.
    pub activation_price: Price,
    /// Its lot among equal offers, lowest first.
    pub lottery: u64,
}

/// Capacity that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCapacity {
    /// The device.
    pub unit: ParticipantId,
    /// When it is held.
    pub window: Slot,
    /// Up or down.
    pub direction: Direction,
    /// How much, positive.
    pub power: Power,
}

/// Energy called of a unit in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The device.
    pub unit: ParticipantId,
    /// Up or down.
    pub direction: Direction,
    /// How much, positive.
    pub energy: Energy,
}

/// Energy that flows through a unit in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The device.
    pub unit: ParticipantId,
    /// Consumption positive, production negative.
    pub energy: Energy,
}

/// On which terms an aggregator offers the capacity of batteries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReserveTerms {
    /// Asked for a MW held for an hour.
    pub capacity_eur_per_mw_h: f64,
    /// Each unit asks up to this share more or less in each window, by lot; in [0, 1].
    pub capacity_spread: f64,
    /// Asked for a kilowatt-hour delivered.
    pub activation_price: Price,
    /// Share of its rating that a unit offers at most in each direction, and with which it recovers; in (0, 1].
    pub power_share: f64,
    /// Share of the energy that is left after charging, and again after discharging, in (0, 1].
    pub efficiency: f64,
    /// Share of the usable range that is kept out of reserve at either end, where power falls, in [0, 0.5).
    pub margin: f64,
}

/// Power that gives `energy` in `span`, in kW.
pub(crate) fn mean_kw(energy: Energy, span: Span) -> f64 {
    energy.as_kwh() / span.hours()
}
