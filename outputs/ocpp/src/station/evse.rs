//! An EVSE: what is connected, who is authorised, what is under way; and the points at which transactions start and stop.

use super::body::Reading;
use super::settings::EvseSettings;
use super::transaction::Transaction;
use crate::charging::Limit;
use crate::v201::{ChargingProfile, ChargingState, ConnectorStatus, DateTime, IdToken};
use agents::time::Time;
use serde::{Deserialize, Serialize};

/// A connector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Connector {
    pub(super) operative: bool,
    pub(super) faulted: bool,
    /// What the CSMS was last told.
    pub(super) told: Option<ConnectorStatus>,
}

/// Who may charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Authorised {
    pub(super) token: IdToken,
    pub(super) group: Option<IdToken>,
    /// Of RequestStartTransaction.
    pub(super) remote_start_id: Option<i32>,
    /// A profile that came with it (F01).
    pub(super) profile: Option<ChargingProfile>,
    /// Of the reservation it used (H03).
    pub(super) reservation_id: Option<i32>,
    /// Until when a vehicle must be connected (E03).
    pub(super) connect_by: Option<Time>,
}

/// A reservation (H01).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reservation {
    pub(super) id: i32,
    pub(super) expiry: DateTime,
    pub(super) token: IdToken,
    pub(super) group: Option<IdToken>,
}

/// An EVSE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Evse {
    pub(super) id: i32,
    pub(super) connectors: Vec<Connector>,
    pub(super) operative: bool,
    /// What it becomes once its transaction is over (G03).
    pub(super) then_operative: Option<bool>,
    pub(super) occupied: bool,
    /// The connector that is plugged.
    pub(super) plugged: Option<i32>,
    pub(super) drawing: bool,
    pub(super) authorised: Option<Authorised>,
    pub(super) transaction: Option<Transaction>,
    pub(super) reservation: Option<Reservation>,
    pub(super) meter: Reading,
    /// What was true when it was last looked at.
    pub(super) points: Points,
    /// The limit the body was told.
    pub(super) limit: Option<Limit>,
    pub(super) closed: bool,
    pub(super) locked: Option<i32>,
}

/// What transactions start and stop with (part 2, E.2: TxStartStopPoint), as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Points(u8);

impl Points {
    const PARKED: Self = Self(1);
    const CONNECTED: Self = Self(2);
    const AUTHORIZED: Self = Self(4);
    pub(super) const POWER_PATH: Self = Self(8);
    const ENERGY: Self = Self(16);

    /// Reads a list of points.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let named = [
            ("ParkingBayOccupancy", Self::PARKED),
            ("EVConnected", Self::CONNECTED),
            ("Authorized", Self::AUTHORIZED),
            ("PowerPathClosed", Self::POWER_PATH),
            ("EnergyTransfer", Self::ENERGY),
        ];
        let point = |name: &str| named.iter().find(|one| one.0.eq_ignore_ascii_case(name)).map_or(Self(0), |one| one.1);
        names.fold(Self(0), |points, name| points.or(point(name)))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn any(self) -> bool {
        self.0 != 0
    }
}

impl Evse {
    pub(super) fn new(id: i32, settings: &EvseSettings) -> Self {
        let connector = Connector { operative: true, faulted: false, told: None };
        Self {
            id,
            connectors: vec![connector; settings.connectors.len()],
            operative: true,
            then_operative: None,
            occupied: false,
            plugged: None,
            drawing: false,
            authorised: None,
            transaction: None,
            reservation: None,
            meter: Reading::default(),
            points: Points::default(),
            limit: None,
            closed: false,
            locked: None,
        }
    }

    /// Whether power may flow: somebody may charge, a vehicle is connected, nothing is wrong.
    pub(super) fn has_power_path(&self) -> bool {
        let connector = self.plugged.and_then(|id| self.connectors.get(id as usize - 1));
        self.authorised.is_some() && connector.is_some_and(|connector| !connector.faulted)
    }

    /// What is true now.
    pub(super) fn now(&self) -> Points {
        let when = |holds: bool, point: Points| if holds { point } else { Points(0) };
        when(self.occupied, Points::PARKED)
            .or(when(self.plugged.is_some(), Points::CONNECTED))
            .or(when(self.authorised.is_some(), Points::AUTHORIZED))
            .or(when(self.has_power_path(), Points::POWER_PATH))
            .or(when(self.has_power_path() && self.drawing, Points::ENERGY))
    }

    /// The charging state under a limit, where `least_a` is what a vehicle needs (part 2, `ChargingStateEnumType`).
    pub(super) fn charging_state(&self, least_a: f64) -> ChargingState {
        let offered = self.limit.is_none_or(|limit| limit.current_a >= least_a);
        match (self.plugged, self.has_power_path()) {
            (None, _) => ChargingState::Idle,
            (Some(_), false) => ChargingState::EvConnected,
            (Some(_), true) if !offered => ChargingState::SuspendedEvse,
            (Some(_), true) if self.drawing => ChargingState::Charging,
            (Some(_), true) => ChargingState::SuspendedEv,
        }
    }

    /// Whether somebody uses it, or is about to.
    pub(super) fn is_busy(&self) -> bool {
        self.transaction.is_some() || self.authorised.is_some()
    }

    /// Whether a reservation keeps `token` and its group out (H03).
    pub(super) fn is_reserved_for_others(&self, token: &IdToken, group: Option<&IdToken>) -> bool {
        self.reservation.as_ref().is_some_and(|reservation| {
            let by_group = reservation.group.as_ref().zip(group).is_some_and(|(mine, theirs)| mine.is(theirs));
            !reservation.token.is(token) && !by_group
        })
    }
}
