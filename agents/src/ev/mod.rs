//! An electric vehicle and its driver: drives when it must, plugs in when it should, tells its needs.
//!
//! What the days of a driver are like is a [`Driver`]: trips from home, charging sessions drawn from tables, or sessions
//! that were measured. All of them yield one [`Trip`] after the other, and that is all the vehicle lives by.

mod driver;
mod recorded;
mod sessions;
pub mod tables;
mod trips;

pub use driver::{Driver, PlugIn, Trip};
pub use recorded::{RecordedSession, RecordedSessions};
pub use sessions::{DrawnSessions, Session, SessionDriver, SessionHabits, SessionSource};
pub use tables::SessionPlace;
pub use trips::{TripDriver, TripHabits};

use crate::core::{Core, Outbox, Wake};
use crate::id::{Kind, ParticipantId};
use crate::look::LastLook;
use crate::mail::{ChargingNeeds, Mail, Message, StorageStatus};
use crate::record::EventCode;
use crate::time::{Every, Now, Span, Time};
use market::Energy;
use serde::{Deserialize, Serialize};

/// How many trips a body is told ahead. Between two ticks, an hour apart at most, a vehicle can be back from one trip and
/// leave for the next before its core is stepped; drivers leave half an hour between departures at least, so that three
/// reach beyond the hour. (Measured sessions that follow each other faster are refused.)
pub const TRIPS_AHEAD: usize = 3;
/// What a vehicle says of its departure when its driver plans none.
const NO_DEPARTURE_WITHIN: Span = Span(Span::DAY.0 * 14);

/// The mind of a vehicle and its driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ev {
    evse: ParticipantId,
    driver: Driver,
    bounds: EnergyBounds,
    report: Every,
    reported: LastLook,
    /// The trip under way, if there is one, and those to come.
    trips: [Option<Trip>; TRIPS_AHEAD],
    /// Whether the driver has said that there will be no more.
    has_no_more_trips: bool,
    /// Energy that trips could not get, as far as it was told.
    told_shortfall_kwh: f64,
}

/// Between which energies the charge point may move the battery.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyBounds {
    /// Energy wanted at departure; charging stops there.
    pub target_kwh: f64,
    /// Energy below which the vehicle does not discharge into the network.
    pub reserve_kwh: f64,
}

/// What a vehicle senses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvSense {
    /// Where it is.
    pub place: Place,
    /// What its battery holds and can do; in the plug, as far as cable and charge point let it.
    pub storage: StorageStatus,
    /// Register of its inlet since the start: taken less given back.
    pub register: Energy,
    /// Energy that trips could not get from the empty battery, since the start.
    pub shortfall_kwh: f64,
    /// Trips that depart until then are begun, or never will be.
    pub departed: Time,
}

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// Where it charges, not plugged in.
    #[default]
    Parked,
    /// In the plug of its charge point.
    Plugged,
    /// On the road, or wherever else it does not charge.
    Driving,
}

/// What the driver is going to do. The default is safe: the vehicle stays, takes nothing and gives nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvIntent {
    /// The present trip and the next ones, in order of departure.
    pub trips: [Option<Trip>; TRIPS_AHEAD],
    /// What may be charged and discharged; none: nothing.
    pub bounds: Option<EnergyBounds>,
}

impl Ev {
    /// A vehicle that charges at `evse` and tells its needs every `report_every` while plugged in.
    pub fn new(evse: ParticipantId, driver: Driver, bounds: EnergyBounds, report_every: Span) -> Self {
        Self {
            evse,
            driver,
            bounds,
            report: Every::new(report_every),
            reported: LastLook::default(),
            trips: [None; TRIPS_AHEAD],
            has_no_more_trips: false,
            told_shortfall_kwh: 0.0,
        }
    }

    /// Forgets trips that are over and asks the driver for as many more.
    fn look_ahead(&mut self, now: Now) {
        // The body has lived up to now, not through it: a trip that ends now is still its business.
        while self.trips[0].is_some_and(|trip| trip.back < now.time) {
            self.trips[0] = None;
            self.trips.rotate_left(1);
        }
        for trip in &mut self.trips {
            if trip.is_none() && !self.has_no_more_trips {
                *trip = self.driver.next_trip(now);
                self.has_no_more_trips = trip.is_none();
            }
        }
    }

    fn tell_shortfall(&mut self, now: Now, sense: &EvSense, out: &mut Outbox) {
        let missing_kwh = sense.shortfall_kwh - self.told_shortfall_kwh;
        if missing_kwh > 0.0 && sense.place != Place::Driving {
            self.told_shortfall_kwh = sense.shortfall_kwh;
            out.event(
                now,
                EventCode::TripCutShort,
                format!("battery empty: {missing_kwh:.3} kWh of the trip not driven"),
            );
        }
    }

    fn needs(&self, now: Now, departed: Time, storage: StorageStatus) -> ChargingNeeds {
        let EnergyBounds { target_kwh, reserve_kwh } = self.bounds;
        // In the plug during a trip it will not make it: somebody has put it there.
        let is_to_come = |trip: &&Trip| departed < trip.depart || trip.back <= now.time;
        let departure =
            self.trips.iter().flatten().find(is_to_come).map_or(now.time + NO_DEPARTURE_WITHIN, |trip| trip.depart);
        ChargingNeeds { storage, target_kwh, reserve_kwh, departure }
    }
}

impl Core for Ev {
    const KIND: Kind = Kind::Ev;
    type Sense = EvSense;
    type Intent = EvIntent;

    fn step(&mut self, now: Now, sense: &EvSense, _: &[Mail], out: &mut Outbox) -> EvIntent {
        self.tell_shortfall(now, sense, out);
        self.look_ahead(now);
        if self.report.is_due(now.time) {
            let power_kw = self.reported.mean_kw(now.time, sense.register).unwrap_or(sense.storage.power_kw);
            if sense.place == Place::Plugged {
                let storage = StorageStatus { power_kw, ..sense.storage };
                out.send(self.evse, Message::ChargingNeeds(self.needs(now, sense.departed, storage)));
            }
        }
        EvIntent { trips: self.trips, bounds: Some(self.bounds) }
    }

    fn next_wake(&self, _: Now) -> Wake {
        Wake::At(self.report.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;

    const BOUNDS: EnergyBounds = EnergyBounds { target_kwh: 60.0, reserve_kwh: 30.0 };

    fn at(minute: i64) -> Now {
        Now { time: Time(0) + Span::from_minutes(minute), calendar: Calendar::default() }
    }

    /// A vehicle whose sessions last half an hour and begin at each full hour.
    fn ev() -> Ev {
        let session = |hour: i64| RecordedSession {
            plug_in: at(60 * hour).time,
            plug_out: at(60 * hour + 30).time,
            energy_kwh: 1.0,
        };
        let driver = SessionDriver::new(RecordedSessions::new((0..6).map(session)), 1.0);
        Ev::new(ParticipantId(0), Driver::Recorded(driver), BOUNDS, Span::from_minutes(15))
    }

    #[test]
    fn a_plugged_vehicle_tells_its_needs_every_quarter_hour() {
        let (mut ev, mut out) = (ev(), Outbox::of(ParticipantId(1)));
        let sense = EvSense { place: Place::Plugged, ..EvSense::default() };
        for minute in 0..30 {
            ev.step(at(minute), &sense, &[], &mut out);
        }
        assert_eq!(out.mail.len(), 2);
        let Message::ChargingNeeds(needs) = out.mail[1].message else { panic!("{:?}", out.mail[1]) };
        assert_eq!((needs.departure, needs.target_kwh, needs.reserve_kwh), (at(30).time, 60.0, 30.0));
    }

    #[test]
    fn a_trip_is_the_bodys_business_until_after_the_instant_at_which_it_ends() {
        let (mut ev, mut out) = (ev(), Outbox::of(ParticipantId(1)));
        let mut departures = |minute| {
            let intent = ev.step(at(minute), &EvSense::default(), &[], &mut out);
            intent.trips.map(|trip| trip.map(|trip| (trip.depart - Time(0)).0 / Span::MINUTE.0))
        };
        assert_eq!(departures(0), [Some(0), Some(30), Some(90)], "an arrival at the start, then trips");
        assert_eq!(departures(60), [Some(30), Some(90), Some(150)]);
        assert_eq!(departures(61), [Some(90), Some(150), Some(210)]);
    }

    #[test]
    fn what_a_trip_could_not_get_is_told_once_when_the_vehicle_is_back() {
        let (mut ev, mut out) = (ev(), Outbox::of(ParticipantId(1)));
        let mut told = Vec::new();
        for (minute, place, shortfall_kwh) in
            [(0, Place::Driving, 2.0), (15, Place::Parked, 3.0), (30, Place::Plugged, 3.0), (45, Place::Plugged, 3.5)]
        {
            ev.step(at(minute), &EvSense { place, shortfall_kwh, ..EvSense::default() }, &[], &mut out);
            told.push(out.records.len());
        }
        assert_eq!(told, [0, 1, 1, 2]);
    }

    #[test]
    fn the_default_intent_takes_and_gives_nothing() {
        assert_eq!(EvIntent::default().bounds, None);
    }
}
