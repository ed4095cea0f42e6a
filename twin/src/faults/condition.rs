//! What the faults of a device leave of it, at one instant.

use super::FaultState;
use agents::Time;
use agents::fault::Fault;

/// What a body can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Condition {
    /// Its supply or the network is gone: nothing flows, not even what its electronics take.
    pub(crate) is_dead: bool,
    /// It has disconnected, or is starting: nothing flows but what its electronics take.
    pub(crate) is_off: bool,
    /// Share of its rating that is left.
    pub(crate) rating_share: f64,
    /// Share of its array that is left.
    pub(crate) array_share: f64,
    /// Share of its capacity below which it does not discharge, and that above which it does not charge.
    pub(crate) window: [f64; 2],
    /// Its contactor does not open.
    pub(crate) is_welded: bool,
    /// Its connector is locked.
    pub(crate) is_locked: bool,
    /// Its control pilot is broken.
    pub(crate) has_no_pilot: bool,
}

impl Condition {
    /// That of a device without faults.
    pub(crate) const SOUND: Self = Self {
        is_dead: false,
        is_off: false,
        rating_share: 1.0,
        array_share: 1.0,
        window: [0.0, 1.0],
        is_welded: false,
        is_locked: false,
        has_no_pilot: false,
    };

    /// Whether a fault keeps the device from doing what it is for.
    pub(crate) fn is_out_of_order(&self) -> bool {
        self.is_dead || self.is_off || self.has_no_pilot
    }

    /// Whether the device is not connected to the network, or can not be.
    pub(crate) fn is_disconnected(&self) -> bool {
        self.is_dead || self.is_off
    }
}

impl FaultState {
    /// What the faults that act at `time` leave of the device.
    pub(crate) fn at(&self, time: Time) -> Condition {
        let mut condition = Condition::SOUND;
        for held in self.acting_at(time) {
            match held.fault {
                // Of a network that is gone nothing can be taken, not even by electronics that live on otherwise.
                Fault::PowerLoss { .. } | Fault::Islanding { .. } if held.is_in_force(time) => condition.is_dead = true,
                Fault::PowerLoss { .. }
                | Fault::InverterTrip { .. }
                | Fault::Islanding { .. }
                | Fault::GroundFault {} => condition.is_off = true,
                Fault::Derating { share } => condition.rating_share = share,
                Fault::StringLoss { share } => condition.array_share = 1.0 - share,
                Fault::CellLimit { floor_percent, ceiling_percent } => {
                    condition.window = [floor_percent / 100.0, ceiling_percent / 100.0];
                }
                Fault::WeldedContactor {} => condition.is_welded = true,
                Fault::ConnectorStuck {} => condition.is_locked = true,
                Fault::PilotFault {} => condition.has_no_pilot = true,
                _ => {}
            }
        }
        condition
    }
}
