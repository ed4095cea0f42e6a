//! Which readings are sound: what an asset can show at all, and why a reading is refused.

use agents::Kind;
use agents::face::{FieldQuantity, FieldReading};
use agents::reading::AssetState;
use scenarios::{LoadModel, PlannedParticipant, Role};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Largest connections of Enedis' tariff for homes, single-phase and three-phase: what a household can take at most.
const HOUSEHOLD_KW: [f64; 2] = [12.0, 36.0];
/// What commercial sites and communes take at most relative to their mean.
const PEAK_OF_COMMERCIAL: f64 = 4.0;
const PEAK_OF_COMMUNE: f64 = 2.0;
/// What a plant may take, or a load give, relative to its rating, and in any case.
const LITTLE_SHARE: f64 = 0.02;
const LITTLE_KW: f64 = 0.05;
/// Energies and states of charge somewhat above full are those of a meter that is not exact.
const FULL: f64 = 1.05;

/// Why a reading is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It is not newer than the last one taken of its quantity, or too old to hold.
    Late,
    /// It lies in the future.
    Early,
    /// It is no number, or none that the asset could show.
    Wild,
    /// Produced where only consumption can be, or consumed where only production can be.
    WrongSign,
    /// The asset has no such quantity or state.
    WrongKind,
}

impl Refusal {
    /// The words used in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Early => "from the future",
            Self::Wild => "wild",
            Self::WrongSign => "of the wrong sign",
            Self::WrongKind => "of a quantity or state that it does not have",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an asset can show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    /// Highest power in either direction, by its parameters.
    pub(crate) rating_kw: f64,
    /// Nominal energy, of assets that store.
    pub(crate) capacity_kwh: Option<f64>,
}

/// A reading that was found sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sound {
    /// kW, consumption positive.
    Power(f64),
    /// kWh.
    Energy(f64),
    State(AssetState),
}

impl Spec {
    /// That of a participant; none unless it is an asset.
    pub(crate) fn of(participant: &PlannedParticipant) -> Option<Self> {
        let (rating_kw, capacity_kwh) = match &participant.role {
            Role::Pv(_, plant) => (plant.rating_kw(), None),
            Role::Battery(_, battery) => (battery.power_kw, Some(battery.capacity_kwh)),
            Role::Evse(_, point) => (point.power_kw, None),
            Role::Ev(_, vehicle) => {
                let parameters = &vehicle.parameters;
                (parameters.power_kw.max(parameters.discharge_kw.unwrap_or(0.0)), Some(parameters.capacity_kwh))
            }
            Role::Load(_, LoadModel::Household(household)) => (HOUSEHOLD_KW[usize::from(household.phases > 1)], None),
            Role::Load(_, LoadModel::Commercial(site)) => (site.mean_kw * PEAK_OF_COMMERCIAL, None),
            Role::Load(_, LoadModel::Commune(commune)) => (commune.mean_kw * PEAK_OF_COMMUNE, None),
            _ => return None,
        };
        Some(Self { kind: participant.role.kind(), rating_kw, capacity_kwh })
    }

    /// What a reading says, as far as this does not depend on those before it; powers above `wild_above` times the rating
    /// are none.
    pub(crate) fn examine(&self, reading: &FieldReading, wild_above: f64) -> Result<Sound, Refusal> {
        let value = reading.value;
        let stored = |full: f64, capacity_kwh: f64| {
            let energy_kwh = value / full * capacity_kwh;
            if (0.0..=FULL * full).contains(&value) { Ok(Sound::Energy(energy_kwh)) } else { Err(Refusal::Wild) }
        };
        match (reading.quantity, self.capacity_kwh) {
            (FieldQuantity::Power, _) => self.power(value, wild_above),
            (FieldQuantity::State, _) => self.state(value),
            (FieldQuantity::Energy, Some(capacity_kwh)) => stored(capacity_kwh, capacity_kwh),
            (FieldQuantity::Soc, Some(capacity_kwh)) => stored(100.0, capacity_kwh),
            (FieldQuantity::Energy | FieldQuantity::Soc, None) => Err(Refusal::WrongKind),
        }
    }

    fn power(&self, power_kw: f64, wild_above: f64) -> Result<Sound, Refusal> {
        if !power_kw.is_finite() || power_kw.abs() > wild_above * self.rating_kw {
            return Err(Refusal::Wild);
        }
        let little_kw = (LITTLE_SHARE * self.rating_kw).max(LITTLE_KW);
        match self.kind {
            Kind::Pv if power_kw > little_kw => Err(Refusal::WrongSign),
            Kind::Load if power_kw < -little_kw => Err(Refusal::WrongSign),
            // One that rounds to nothing is no negative zero in the rows.
            _ => Ok(Sound::Power(power_kw + 0.0)),
        }
    }

    fn state(&self, code: f64) -> Result<Sound, Refusal> {
        let is_code = code >= 0.0 && code.fract() == 0.0 && code < AssetState::ALL.len() as f64;
        let state = if is_code { AssetState::ALL[code as usize] } else { return Err(Refusal::Wild) };
        use AssetState as S;
        let is_its_own = match self.kind {
            Kind::Pv => matches!(state, S::Idle | S::Producing | S::Curtailed | S::Derated),
            Kind::Load => matches!(state, S::Idle | S::Consuming | S::Limited),
            Kind::Battery => matches!(state, S::Idle | S::Charging | S::Discharging),
            Kind::Ev => matches!(state, S::Idle | S::Charging | S::Discharging | S::Parked | S::Driving),
            _ => matches!(
                state,
                S::Idle | S::Charging | S::Discharging | S::Available | S::SuspendedEvse | S::SuspendedEv
            ),
        };
        if is_its_own { Ok(Sound::State(state)) } else { Err(Refusal::WrongKind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::{ParticipantId, Time};

    const PV: Spec = Spec { kind: Kind::Pv, rating_kw: 5.0, capacity_kwh: None };
    const BATTERY: Spec = Spec { kind: Kind::Battery, rating_kw: 50.0, capacity_kwh: Some(80.0) };
    const EVSE: Spec = Spec { kind: Kind::Evse, rating_kw: 22.0, capacity_kwh: None };

    fn examine(spec: Spec, quantity: FieldQuantity, value: f64) -> Result<Sound, Refusal> {
        spec.examine(&FieldReading { asset: ParticipantId(0), quantity, value, time: Time(0) }, 1.5)
    }

    #[test]
    fn powers_beyond_the_rating_are_wild_and_those_of_the_wrong_sign_are_told_as_such() {
        use FieldQuantity::Power;
        assert_eq!(examine(PV, Power, -7.5), Ok(Sound::Power(-7.5)));
        assert_eq!(examine(PV, Power, 0.09), Ok(Sound::Power(0.09)), "its standby");
        assert_eq!(examine(PV, Power, 0.11), Err(Refusal::WrongSign));
        for value in [-7.51, f64::NAN, f64::INFINITY] {
            assert_eq!(examine(PV, Power, value), Err(Refusal::Wild));
        }
        assert_eq!(examine(Spec { kind: Kind::Load, ..PV }, Power, -0.2), Err(Refusal::WrongSign));
        assert_eq!(examine(BATTERY, Power, 75.0), Ok(Sound::Power(75.0)));
    }

    #[test]
    fn energies_and_states_of_charge_may_lie_a_little_above_full() {
        use FieldQuantity::{Energy, Soc};
        assert_eq!(examine(BATTERY, Energy, 84.0), Ok(Sound::Energy(84.0)));
        assert_eq!(examine(BATTERY, Soc, 25.0), Ok(Sound::Energy(20.0)));
        for (quantity, value) in
            [(Energy, 84.1), (Energy, -0.1), (Soc, 105.1), (Soc, -1.0), (Soc, f64::NAN), (Energy, f64::INFINITY)]
        {
            assert_eq!(examine(BATTERY, quantity, value), Err(Refusal::Wild), "{quantity} {value}");
        }
        assert_eq!(examine(PV, Soc, 50.0), Err(Refusal::WrongKind));
    }

    #[test]
    fn a_state_is_a_code_of_the_list_that_the_kind_of_asset_can_have() {
        let code = |state: AssetState| f64::from(state as u8);
        let state = |spec, value| examine(spec, FieldQuantity::State, value);
        assert_eq!(state(EVSE, code(AssetState::Available)), Ok(Sound::State(AssetState::Available)));
        assert_eq!(state(BATTERY, code(AssetState::Driving)), Err(Refusal::WrongKind));
        for value in [-1.0, 0.5, 14.0, 1e300, f64::NAN] {
            assert_eq!(state(EVSE, value), Err(Refusal::Wild), "{value}");
        }
    }
}
