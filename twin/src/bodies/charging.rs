//! The bodies of charge points and vehicles: arrivals and departures split a step, the session counts energy.

use super::battery::status;
use super::{Embodied, Mean};
use crate::physics::storage::{EnergyWindow, StorageUnit};
use crate::weather::{Air, Step};
use crate::world::{Flows, Meters};
use agents::ev::{Ev, EvIntent, EvSense, Place, Trip, TripEnd};
use agents::evse::{Evse, EvseIntent, EvseSense, Plug};
use agents::reading::{AssetReading, AssetState, round_energy_kwh, round_power_kw};
use agents::record::SessionRow;
use agents::{ParticipantId, SiteId, Time};
use bevy_ecs::component::Component;
use scenarios::{EvParameters, EvseParameters};

#[derive(Component, Debug)]
pub(crate) struct EvseBody {
    id: ParticipantId,
    site: SiteId,
    rated_kw: f64,
    intent: EvseIntent,
    plug: Option<Plug>,
    delivered_kwh: f64,
    returned_kwh: f64,
    ended: Vec<SessionRow>,
    power_kw: f64,
}

#[derive(Component, Debug)]
pub(crate) struct EvBody {
    id: ParticipantId,
    pub(crate) unit: StorageUnit,
    is_v2g: bool,
    intent: EvIntent,
    place: Place,
    last_trip: Option<TripEnd>,
    shortfall_kwh: f64,
    power_kw: f64,
}

impl EvseBody {
    pub(crate) fn new(id: ParticipantId, site: SiteId, spec: &EvseParameters) -> Self {
        Self {
            id,
            site,
            rated_kw: spec.power_kw,
            intent: EvseIntent::default(),
            plug: None,
            delivered_kwh: 0.0,
            returned_kwh: 0.0,
            ended: Vec::new(),
            power_kw: 0.0,
        }
    }

    /// Begins an interval: what ended in the last one has been sensed.
    pub(crate) fn begin_interval(&mut self) {
        self.ended.clear();
        self.power_kw = 0.0;
    }

    /// Power it allows a vehicle to take (negative: asks it to give): the setpoint, or as much as the vehicle wants.
    fn offer_kw(&self) -> f64 {
        let highest_kw = self.rated_kw.min(self.intent.import_limit_kw.unwrap_or(f64::INFINITY));
        let lowest_kw = -self.rated_kw.min(self.intent.export_limit_kw.unwrap_or(f64::INFINITY));
        self.intent.setpoint_kw.unwrap_or(f64::INFINITY).clamp(lowest_kw, highest_kw)
    }

    fn count(&mut self, energy_kwh: f64) {
        self.delivered_kwh += energy_kwh.max(0.0);
        self.returned_kwh += (-energy_kwh).max(0.0);
    }

    fn plug_in(&mut self, vehicle: ParticipantId, since: Time) {
        self.plug = Some(Plug { vehicle, since });
        self.delivered_kwh = 0.0;
        self.returned_kwh = 0.0;
    }

    fn unplug(&mut self, end: Time, unserved_kwh: f64) {
        if let Some(Plug { vehicle, since }) = self.plug.take() {
            self.ended.push(SessionRow {
                evse: self.id,
                vehicle,
                start: since,
                end,
                delivered_kwh: round_energy_kwh(self.delivered_kwh),
                returned_kwh: round_energy_kwh(self.returned_kwh),
                unserved_kwh: round_energy_kwh(unserved_kwh),
                cost: None,
            });
        }
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power on each phase of the network.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        [self.power_kw / 3.0; 3]
    }

    pub(crate) fn reading(&self) -> AssetReading {
        let power_kw = round_power_kw(self.power_kw);
        let state = match AssetState::of_storage(power_kw) {
            AssetState::Idle if self.plug.is_some() => AssetState::Occupied,
            AssetState::Idle => AssetState::Available,
            busy => busy,
        };
        let setpoint_kw = self.intent.setpoint_kw.map(round_power_kw);
        AssetReading { asset: self.id, power_kw, setpoint_kw, energy_kwh: None, reactive_kvar: None, state }
    }
}

impl EvBody {
    pub(crate) fn new(id: ParticipantId, spec: &EvParameters) -> Self {
        Self {
            id,
            unit: StorageUnit::new(spec.into()),
            is_v2g: spec.v2g,
            intent: EvIntent::default(),
            place: Place::Parked,
            last_trip: None,
            shortfall_kwh: 0.0,
            power_kw: 0.0,
        }
    }

    /// Lives through the steps: drives, comes home, plugs in, charges. Returns whether anything happened that the cores
    /// of vehicle and charge point should know of.
    pub(crate) fn advance(&mut self, steps: &[Step], air: &[Air], evse: &mut EvseBody, flows: &mut Flows) -> bool {
        let mut mean = Mean::default();
        let mut happened = false;
        for (index, (step, air)) in steps.iter().zip(air).enumerate() {
            let energy_kwh = self.live(step, evse, &mut happened);
            self.unit.pass(step.hours, step.day, air.temperature_c);
            let power_kw = energy_kwh / step.hours;
            flows.add(evse.site, index, power_kw);
            mean.add(power_kw, step);
        }
        self.power_kw = mean.power_kw();
        evse.power_kw = self.power_kw;
        happened
    }

    /// One step, split where something happens; returns the energy taken at the inlet.
    fn live(&mut self, step: &Step, evse: &mut EvseBody, happened: &mut bool) -> f64 {
        let (mut time, mut energy_kwh) = (step.start, 0.0);
        while time < step.end {
            *happened |= self.change_place(time, evse);
            let until = self.next_change(time).min(step.end);
            let hours = (until - time).hours();
            match self.place {
                Place::Parked => {}
                Place::Driving => self.drive(hours),
                Place::Plugged => {
                    let taken_kwh = self.charge(evse.offer_kw(), hours) * hours;
                    evse.count(taken_kwh);
                    energy_kwh += taken_kwh;
                }
            }
            time = until;
        }
        energy_kwh
    }

    /// The trip under way or to come; one that is over says nothing.
    fn trip_at(&self, time: Time) -> Option<Trip> {
        self.intent.trip.filter(|trip| time < trip.back)
    }

    fn next_change(&self, time: Time) -> Time {
        match (self.place, self.trip_at(time)) {
            (_, None) => Time::NEVER,
            (Place::Driving, Some(trip)) => trip.back,
            (_, Some(trip)) => trip.depart,
        }
    }

    fn change_place(&mut self, time: Time, evse: &mut EvseBody) -> bool {
        let trip = self.trip_at(time);
        let before = self.place;
        if self.place == Place::Driving && trip.is_none() {
            self.place = Place::Parked;
            self.last_trip = Some(TripEnd { back: time, shortfall_kwh: self.shortfall_kwh });
        }
        if self.place != Place::Driving && trip.is_some_and(|trip| trip.depart <= time) {
            if self.place == Place::Plugged {
                evse.unplug(time, (self.intent.target_kwh - self.unit.energy_kwh).max(0.0));
            }
            self.place = Place::Driving;
            self.shortfall_kwh = 0.0;
        }
        if self.place == Place::Parked && evse.plug.is_none() && self.unit.energy_kwh < self.intent.plug_below_kwh {
            evse.plug_in(self.id, time);
            self.place = Place::Plugged;
        }
        self.place != before
    }

    fn drive(&mut self, hours: f64) {
        let Some(trip) = self.intent.trip else { return };
        let needed_kwh = trip.energy_kwh * hours / (trip.back - trip.depart).hours();
        let driven_kwh = needed_kwh.min(self.unit.energy_kwh);
        self.unit.energy_kwh -= driven_kwh;
        self.shortfall_kwh += needed_kwh - driven_kwh;
    }

    /// Charges or discharges under the charge point's offer; returns the power at the inlet.
    fn charge(&mut self, offer_kw: f64, hours: f64) -> f64 {
        if offer_kw < 0.0 && !self.is_v2g {
            return 0.0;
        }
        let window = EnergyWindow {
            floor_kwh: self.intent.reserve_kwh.max(self.unit.spec.min_kwh),
            ceiling_kwh: self.intent.target_kwh.min(self.unit.spec.max_kwh),
        };
        self.unit.exchange(offer_kw, hours, window)
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    pub(crate) fn reading(&self) -> AssetReading {
        let power_kw = round_power_kw(self.power_kw);
        let state = match (AssetState::of_storage(power_kw), self.place) {
            (AssetState::Idle, Place::Driving) => AssetState::Driving,
            (AssetState::Idle, Place::Parked) => AssetState::Parked,
            (state, _) => state,
        };
        let energy_kwh = Some(round_energy_kwh(self.unit.energy_kwh));
        AssetReading { asset: self.id, power_kw, setpoint_kw: None, energy_kwh, reactive_kvar: None, state }
    }
}

impl Embodied for Evse {
    type Body = EvseBody;

    fn sense(body: &EvseBody, _: &Meters, sense: &mut EvseSense) {
        sense.plug = body.plug;
        sense.ended.clone_from(&body.ended);
    }

    fn obey(body: &mut EvseBody, intent: EvseIntent) {
        body.intent = intent;
    }
}

impl Embodied for Ev {
    type Body = EvBody;

    fn sense(body: &EvBody, _: &Meters, sense: &mut EvSense) {
        sense.place = body.place;
        sense.storage = status(&body.unit, body.power_kw);
        sense.last_trip = body.last_trip;
    }

    fn obey(body: &mut EvBody, intent: EvIntent) {
        body.intent = intent;
    }
}
