//! The body of a vehicle: drives, comes home, plugs in, charges.

use super::EvseBody;
use crate::bodies::battery::{show_storage, status};
use crate::bodies::{Embodied, Mean};
use crate::faults::{Condition, FaultState, Shown};
use crate::physics::charging::{Charger, Connection, Taper};
use crate::physics::storage::{EnergyWindow, StorageState, StorageUnit};
use crate::state::state;
use crate::weather::{Air, Step};
use crate::world::{Flows, Meters};
use agents::ev::{Ev, EvIntent, EvSense, Place, Trip};
use agents::reading::{AssetReading, AssetState, round_energy_kwh, round_power_kw};
use agents::{ParticipantId, Span, Time};
use bevy_ecs::component::Component;
use market::Energy;
use scenarios::EvParameters;
use serde::{Deserialize, Serialize};

#[derive(Component, Clone, Debug)]
pub(crate) struct EvBody {
    id: ParticipantId,
    pub(crate) unit: StorageUnit,
    charger: Charger,
    taper: Taper,
    intent: EvIntent,
    place: Whereabouts,
    /// With its charge point, from when it is plugged in for the first time.
    connection: Option<Connection>,
    /// Departure of the last trip that was begun.
    departed: Time,
    /// Energy that trips could not get, since the start.
    shortfall_kwh: f64,
    held: Held,
    /// What flows at the inlet now.
    flow_kw: f64,
    /// Mean over the interval.
    power_kw: f64,
    /// Energy taken less given since the start.
    register_kwh: f64,
    /// What its faults leave of it.
    condition: Condition,
}

/// Where the vehicle is, and what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Whereabouts {
    Parked,
    Plugged,
    Driving { trip: Trip, consumption_kw: f64 },
}

/// The power that the vehicle holds until the minute is over, as long as the offer stays.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Held {
    until: Time,
    offer_kw: f64,
    power_kw: f64,
}

impl Held {
    const NOTHING: Self = Self { until: Time(i64::MIN), offer_kw: 0.0, power_kw: 0.0 };
}

state! {
    /// What has come about in a vehicle.
    EvState of EvBody {
        intent: EvIntent,
        place: Whereabouts,
        departed: Time,
        shortfall_kwh: f64,
        held: Held,
        flow_kw: f64,
        power_kw: f64,
        register_kwh: f64,
    } parts { unit: StorageState } given { id, charger, taper, connection, condition }
}

impl EvState {
    /// What becomes of it in a vehicle that is `changed` at this instant.
    pub(crate) fn move_to(&mut self, original: &EvParameters, changed: &EvParameters) {
        if original != changed {
            self.unit.move_to(&original.into(), &changed.into());
            self.held = Held::NOTHING;
        }
    }
}

/// What is known from the field of a vehicle and its charge point throughout an interval; by default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Guide {
    /// Power at the charge point, consumption positive.
    pub(crate) power_kw: Option<f64>,
    /// Whether the vehicle is in the plug.
    pub(crate) is_plugged: Option<bool>,
    /// What came of it: energy that the power can not explain, see [`StorageUnit::undergo`].
    pub(crate) unexplained_kwh: f64,
}

impl EvBody {
    pub(crate) fn new(id: ParticipantId, spec: &EvParameters) -> Self {
        Self {
            id,
            unit: StorageUnit::new(spec.into()),
            charger: spec.into(),
            taper: spec.into(),
            intent: EvIntent::default(),
            place: Whereabouts::Parked,
            connection: None,
            departed: Time(i64::MIN),
            shortfall_kwh: 0.0,
            held: Held::NOTHING,
            flow_kw: 0.0,
            power_kw: 0.0,
            register_kwh: 0.0,
            condition: Condition::SOUND,
        }
    }

    /// Lives through the steps: drives, comes home, plugs in, charges; as far as `guide` knows, as in the field. `faults`
    /// are its own and its charge point's. Returns whether anything happened that the cores of vehicle and charge point should know of.
    pub(crate) fn advance(
        &mut self,
        steps: &[Step],
        air: &[Air],
        evse: &mut EvseBody,
        guide: &mut Guide,
        faults: &mut [Option<FaultState>; 2],
        flows: &mut Flows,
    ) -> bool {
        let mut mean = Mean::default();
        let mut happened = false;
        let [own_faults, its_faults] = faults;
        for (index, (step, air)) in steps.iter().zip(air).enumerate() {
            if let Some(faults) = own_faults {
                self.meet(faults.at(step.start));
            }
            if let Some(faults) = its_faults {
                evse.meet(faults.at(step.start));
            }
            let stored_kwh = self.unit.energy_kwh;
            let energy_kwh = self.live(step.start, step.end, evse, guide, &mut happened);
            self.unit.pass(step.hours, step.day, air.temperature_c);
            let power_kw = energy_kwh / step.hours;
            flows.add(evse.site, index, guide.power_kw.unwrap_or(power_kw));
            mean.add(power_kw, step);
            if let Some(faults) = own_faults {
                faults.count(step, power_kw, Some(stored_kwh));
            }
            if let Some(faults) = its_faults {
                faults.count(step, guide.power_kw.unwrap_or(power_kw), None);
            }
        }
        self.power_kw = mean.power_kw();
        self.register_kwh += mean.energy_kwh();
        evse.end_interval(guide.power_kw.unwrap_or(self.power_kw));
        happened
    }

    /// Lives from `start` to `end`, at most a minute, split where something happens; returns the energy taken at the inlet.
    fn live(&mut self, start: Time, end: Time, evse: &mut EvseBody, guide: &mut Guide, happened: &mut bool) -> f64 {
        let (mut time, mut energy_kwh) = (start, 0.0);
        while time < end {
            *happened |= self.change_place(time, evse, guide);
            let until = self.next_change(evse, guide).min(end);
            let hours = (until - time).hours();
            match self.place {
                Whereabouts::Parked => {}
                Whereabouts::Driving { consumption_kw, .. } => self.drive(consumption_kw * hours),
                Whereabouts::Plugged => {
                    self.flow_kw = match guide.power_kw {
                        Some(power_kw) => {
                            self.held = Held::NOTHING;
                            guide.unexplained_kwh += self.unit.undergo(power_kw, hours);
                            power_kw
                        }
                        None => self.charge(evse.offer_kw(), time, hours),
                    };
                    evse.count(self.flow_kw, hours);
                    energy_kwh += self.flow_kw * hours;
                }
            }
            time = until;
        }
        if self.is_held_fast(evse) {
            self.pass_over_trips(|trip| trip.back <= end);
        }
        energy_kwh
    }

    /// Lives with what its faults leave of it from now on.
    pub(crate) fn meet(&mut self, condition: Condition) {
        self.condition = condition;
    }

    /// Whether it is in the plug and can not get out of it.
    pub(crate) fn is_held_fast(&self, evse: &EvseBody) -> bool {
        evse.is_locked() && self.is_plugged()
    }

    /// Is put into the plug, wherever it is, or taken out of it and parked; its driver lets it be until `until`, or until
    /// the next trip.
    pub(crate) fn be_put(&mut self, is_plugged: bool, now: Time, until: Option<Time>, evse: &mut EvseBody) {
        self.be_plugged(is_plugged, now, evse);
        if !is_plugged {
            self.place = Whereabouts::Parked;
        }
        // A trip that should be under way is none any more, told or not.
        self.departed = self.departed.max(until.map_or(now, |until| until - Span(1)));
    }

    /// Goes where the field says it is; returns whether that changes anything.
    ///
    /// A vehicle that the field has in the plug is there, whatever trip it should be on. One that the field does not have
    /// in the plug is on the trip that it should be on now, or parked.
    pub(crate) fn be_plugged(&mut self, is_plugged: bool, time: Time, evse: &mut EvseBody) -> bool {
        match (self.place, is_plugged) {
            (Whereabouts::Plugged, true) | (Whereabouts::Parked | Whereabouts::Driving { .. }, false) => false,
            (_, true) => {
                self.held = Held::NOTHING;
                self.connection = Some(evse.plug_in(self.id, &self.charger, time));
                self.place = Whereabouts::Plugged;
                true
            }
            (Whereabouts::Plugged, false) => {
                self.unplug(time, evse);
                let is_under_way = |trip: &&Trip| trip.depart <= time && time < trip.back;
                self.place = match self.intent.trips.iter().flatten().find(is_under_way) {
                    Some(&trip) => {
                        self.departed = self.departed.max(trip.depart);
                        let consumption_kw = trip.energy_kwh / (trip.back - trip.depart).hours();
                        Whereabouts::Driving { trip, consumption_kw }
                    }
                    None => Whereabouts::Parked,
                };
                true
            }
        }
    }

    /// Takes the trips of which `is_over` says so as driven, or as never to be driven.
    pub(crate) fn pass_over_trips(&mut self, is_over: impl Fn(&Trip) -> bool) {
        let over = self.intent.trips.iter().flatten().filter(|trip| is_over(trip)).map(|trip| trip.depart);
        self.departed = over.fold(self.departed, Time::max);
    }

    /// Whether it is in the plug of its charge point.
    pub(crate) fn is_plugged(&self) -> bool {
        self.place == Whereabouts::Plugged
    }

    fn unplug(&mut self, time: Time, evse: &mut EvseBody) {
        let missing_kwh = self.intent.bounds.map_or(0.0, |bounds| bounds.target_kwh - self.unit.energy_kwh);
        evse.unplug(time, missing_kwh.max(0.0));
        self.flow_kw = 0.0;
        self.held = Held::NOTHING;
    }

    /// The next trip that was not begun yet.
    fn next_trip(&self) -> Option<Trip> {
        self.intent.trips.iter().flatten().find(|trip| trip.depart > self.departed).copied()
    }

    fn next_change(&self, evse: &EvseBody, guide: &Guide) -> Time {
        match self.place {
            _ if guide.is_plugged == Some(true) || self.is_held_fast(evse) => Time::NEVER,
            Whereabouts::Driving { trip, .. } => trip.back,
            _ => self.next_trip().map_or(Time::NEVER, |trip| trip.depart),
        }
    }

    /// Leaves and comes back, as often as it does so at `time`.
    fn change_place(&mut self, time: Time, evse: &mut EvseBody, guide: &Guide) -> bool {
        let mut is_changed = false;
        if guide.is_plugged == Some(true) {
            return is_changed;
        }
        loop {
            if self.is_held_fast(evse) {
                return is_changed;
            }
            match self.place {
                Whereabouts::Driving { trip, .. } if trip.back <= time => self.come_back(trip, time, evse, guide),
                Whereabouts::Driving { .. } => return is_changed,
                _ => match self.next_trip().filter(|trip| trip.depart <= time) {
                    Some(trip) => self.leave(trip, time, evse),
                    None => return is_changed,
                },
            }
            is_changed = true;
        }
    }

    /// Leaves now, if it should not have done so before; the trip ends in time, and takes all of its energy.
    fn leave(&mut self, trip: Trip, time: Time, evse: &mut EvseBody) {
        if self.place == Whereabouts::Plugged {
            self.unplug(time, evse);
        }
        self.departed = trip.depart;
        let length = trip.back - time;
        let consumption_kw = if length > Span::ZERO { trip.energy_kwh / length.hours() } else { 0.0 };
        if length <= Span::ZERO {
            self.drive(trip.energy_kwh);
        }
        self.place = Whereabouts::Driving { trip, consumption_kw };
    }

    fn come_back(&mut self, trip: Trip, time: Time, evse: &mut EvseBody, guide: &Guide) {
        let may_plug_in = evse.is_free() && guide.is_plugged.is_none();
        let plugs_in = may_plug_in && trip.plug_in.is_wanted_at(self.unit.energy_kwh);
        self.place = if plugs_in {
            self.connection = Some(evse.plug_in(self.id, &self.charger, time));
            Whereabouts::Plugged
        } else {
            Whereabouts::Parked
        };
    }

    fn drive(&mut self, needed_kwh: f64) {
        let driven_kwh = needed_kwh.min(self.unit.energy_kwh);
        self.unit.energy_kwh -= driven_kwh;
        self.shortfall_kwh += needed_kwh - driven_kwh;
    }

    /// Charges or discharges under the charge point's offer; returns the power at the inlet.
    fn charge(&mut self, offer_kw: f64, time: Time, hours: f64) -> f64 {
        let Some(bounds) = self.intent.bounds.filter(|_| offer_kw != 0.0) else { return 0.0 };
        let mut own = self.unit.window();
        if self.condition != Condition::SOUND {
            own = own.within(self.condition.window.map(|share| share * self.unit.spec.capacity_kwh));
        }
        let window = EnergyWindow {
            floor_kwh: bounds.reserve_kwh.max(own.floor_kwh),
            ceiling_kwh: bounds.target_kwh.min(own.ceiling_kwh),
        };
        let power_kw = self.held_kw(offer_kw, time);
        self.unit.exchange(power_kw, hours, window)
    }

    fn held_kw(&mut self, offer_kw: f64, time: Time) -> f64 {
        if self.held.until <= time || self.held.offer_kw != offer_kw {
            let until = time.next_multiple(Span::MINUTE);
            let limit_kw = if offer_kw > 0.0 { self.unit.charge_limit_kw() } else { self.unit.discharge_limit_kw() };
            let power_kw = self.taper.held_kw(offer_kw, limit_kw, self.unit.soc(), (until - time).hours());
            self.held = Held { until, offer_kw, power_kw };
        }
        self.held.power_kw
    }

    /// Goes on where it was: in the plug of `evse`, or not. Returns whether both agree on that.
    pub(crate) fn resume(&mut self, evse: &mut EvseBody) -> bool {
        self.connection = evse.resume(self.id, &self.charger);
        self.connection.is_some() == (self.place == Whereabouts::Plugged)
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    pub(crate) fn reading(&self) -> AssetReading {
        let state = match self.place {
            Whereabouts::Parked => AssetState::Parked,
            Whereabouts::Plugged => AssetState::of_storage(round_power_kw(self.flow_kw)),
            Whereabouts::Driving { .. } => AssetState::Driving,
        };
        AssetReading {
            asset: self.id,
            power_kw: round_power_kw(self.power_kw),
            setpoint_kw: None,
            reactive_kvar: None,
            energy_kwh: Some(round_energy_kwh(self.unit.energy_kwh)),
            state,
        }
    }
}

impl Embodied for Ev {
    type Body = EvBody;

    fn sense(body: &EvBody, _: &Meters, sense: &mut EvSense) {
        sense.storage = status(&body.unit, body.power_kw);
        sense.register = Energy::from_kwh(body.register_kwh);
        sense.shortfall_kwh = body.shortfall_kwh;
        sense.departed = body.departed;
        sense.place = match body.place {
            Whereabouts::Parked => Place::Parked,
            Whereabouts::Driving { .. } => Place::Driving,
            Whereabouts::Plugged => {
                let connection = body.connection.expect("a vehicle in a plug is connected");
                // Whoever plans must know what cable and charge point leave of the vehicle's own limits.
                let storage = &mut sense.storage;
                storage.charge_limit_kw = storage.charge_limit_kw.min(connection.charge_kw());
                storage.discharge_limit_kw = storage.discharge_limit_kw.min(connection.discharge_kw());
                Place::Plugged
            }
        };
    }

    fn be_shown(sense: &mut EvSense, shown: &Shown) {
        show_storage(&mut sense.storage, &mut sense.register, shown);
    }

    fn obey(body: &mut EvBody, intent: EvIntent) {
        body.intent = intent;
    }
}
