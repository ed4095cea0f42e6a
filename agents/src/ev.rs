//! An electric vehicle and its driver: drives when it must, plugs in when it should, tells its needs.

use crate::core::{Core, Outbox, Wake};
use crate::draw::Draws;
use crate::id::{Kind, ParticipantId};
use crate::mail::{ChargingNeeds, Mail, Message, StorageStatus};
use crate::record::EventCode;
use crate::time::{Every, Now, Span, Time};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// A trip is not shorter than this, nor the stay before the next one.
const SHORTEST: Span = Span::from_minutes(30);
/// If no day within this many is a driving day, the driver looks again later.
const DAYS_AHEAD: i64 = 14;

/// The mind of a vehicle and its driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ev {
    evse: ParticipantId,
    driver: Driver,
    draws: Draws,
    report: Every,
    trip: Option<Trip>,
    /// Return from the last trip that was taken note of.
    returned: Time,
}

/// Habits of a driver: one round trip on a driving day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// Probability that a day is a driving day, in [0, 1].
    pub drives_on_a_day: f64,
    /// Mean departure, local time of day in hours.
    pub departure_h: f64,
    /// Standard deviation of the departure in hours.
    pub departure_spread_h: f64,
    /// Mean time away in hours.
    pub away_h: f64,
    /// Standard deviation of the time away in hours.
    pub away_spread_h: f64,
    /// Mean distance of a driving day in km; log-normal.
    pub distance_km: f64,
    /// Standard deviation of the logarithm of the distance.
    pub distance_log_spread: f64,
    /// Consumption in kWh per km, at the battery.
    pub consumption_kwh_per_km: f64,
    /// The driver plugs in on return when the battery holds less than this.
    pub plug_below_kwh: f64,
    /// Energy wanted at departure.
    pub target_kwh: f64,
    /// Energy below which the vehicle does not discharge into the network.
    pub reserve_kwh: f64,
}

/// A round trip.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// When the vehicle leaves.
    pub depart: Time,
    /// When it is back.
    pub back: Time,
    /// What the trip takes from the battery.
    pub energy_kwh: f64,
}

/// What a vehicle senses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvSense {
    /// Where it is.
    pub place: Place,
    /// What its battery holds and can do.
    pub storage: StorageStatus,
    /// The trip that ended last.
    pub last_trip: Option<TripEnd>,
}

/// How a trip ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripEnd {
    /// When the vehicle was back.
    pub back: Time,
    /// Energy that the trip could not get from the empty battery.
    pub shortfall_kwh: f64,
}

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// At home, not plugged in.
    #[default]
    Parked,
    /// At home, in the plug of its charge point.
    Plugged,
    /// On the road.
    Driving,
}

/// What the driver is going to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvIntent {
    /// The next (or present) trip.
    pub trip: Option<Trip>,
    /// Plug in on return, and now, when the battery holds less than this.
    pub plug_below_kwh: f64,
    /// Stop charging at this energy.
    pub target_kwh: f64,
    /// Do not discharge below this energy.
    pub reserve_kwh: f64,
}

impl Ev {
    /// A vehicle that charges at `evse` and tells its needs every `report_every` while plugged in.
    pub fn new(evse: ParticipantId, driver: Driver, draws: Draws, report_every: Span) -> Self {
        Self { evse, driver, draws, report: Every::new(report_every), trip: None, returned: Time(i64::MIN) }
    }

    /// The first trip that does not depart before `now`, from one stream of draws per local day.
    fn next_trip(&self, now: Now) -> Option<Trip> {
        let first = now.day();
        (first..first + DAYS_AHEAD)
            .find_map(|day| self.driver.trip(&self.draws, now, day).filter(|t| t.depart >= now.time))
    }
}

impl Driver {
    fn trip(&self, draws: &Draws, now: Now, day: i64) -> Option<Trip> {
        let mut draw = draws.at(day);
        let drives = draw.random::<f64>() < self.drives_on_a_day;
        let [departure, away, distance]: [f64; 3] = std::array::from_fn(|_| draw.sample(StandardNormal));
        if !drives {
            return None;
        }
        let depart_h = (self.departure_h + self.departure_spread_h * departure).clamp(0.0, 23.0);
        let away_h = self.away_h + self.away_spread_h * away;
        let depart = now.calendar.midnight(day) + Span::from_hours(depart_h);
        // Back before the next day's earliest departure, so that trips never overlap.
        let latest = now.calendar.midnight(day + 1) - SHORTEST;
        let back = (depart + Span::from_hours(away_h)).clamp(depart + SHORTEST, latest.max(depart + SHORTEST));
        // The mean of a log-normal is exp(mu + sigma²/2).
        let sigma = self.distance_log_spread;
        let distance_km = self.distance_km * libm::exp(sigma * distance - sigma * sigma / 2.0);
        Some(Trip { depart, back, energy_kwh: distance_km * self.consumption_kwh_per_km })
    }
}

impl Core for Ev {
    const KIND: Kind = Kind::Ev;
    type Sense = EvSense;
    type Intent = EvIntent;

    fn step(&mut self, now: Now, sense: &EvSense, _: &[Mail], out: &mut Outbox) -> EvIntent {
        if let Some(trip) = sense.last_trip.filter(|trip| trip.back > self.returned) {
            self.returned = trip.back;
            if trip.shortfall_kwh > 0.0 {
                let detail = format!("battery empty: {:.3} kWh of the trip not driven", trip.shortfall_kwh);
                out.event(now, EventCode::TripCutShort, detail);
            }
        }
        if sense.place != Place::Driving && self.trip.is_none_or(|trip| trip.back <= now.time) {
            self.trip = self.next_trip(now);
        }
        if self.report.is_due(now.time) && sense.place == Place::Plugged {
            out.send(self.evse, Message::ChargingNeeds(self.needs(now, sense)));
        }
        let Driver { plug_below_kwh, target_kwh, reserve_kwh, .. } = self.driver;
        EvIntent { trip: self.trip, plug_below_kwh, target_kwh, reserve_kwh }
    }

    fn next_wake(&self, _: Now) -> Wake {
        Wake::At(self.report.next())
    }
}

impl Ev {
    fn needs(&self, now: Now, sense: &EvSense) -> ChargingNeeds {
        ChargingNeeds {
            storage: sense.storage,
            target_kwh: self.driver.target_kwh,
            reserve_kwh: self.driver.reserve_kwh,
            departure: self.trip.map_or(now.time + Span::DAY * DAYS_AHEAD, |trip| trip.depart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;

    const DRIVER: Driver = Driver {
        drives_on_a_day: 0.8,
        departure_h: 7.25,
        departure_spread_h: 0.75,
        away_h: 10.0,
        away_spread_h: 2.0,
        distance_km: 28.75,
        distance_log_spread: 0.6,
        consumption_kwh_per_km: 0.17,
        plug_below_kwh: 60.0,
        target_kwh: 60.0,
        reserve_kwh: 30.0,
    };

    fn ev(id: &str) -> Ev {
        Ev::new(ParticipantId(0), DRIVER, Draws::new(42, id, "trip"), Span::from_minutes(15))
    }

    fn year(id: &str) -> Vec<Trip> {
        let (ev, calendar) = (ev(id), Calendar { utc_offset: Span::HOUR * -4 });
        let mut now = Now { time: calendar.midnight(20_000), calendar };
        let mut trips = Vec::new();
        while let Some(trip) = ev.next_trip(now).filter(|trip| trip.depart < calendar.midnight(20_365)) {
            trips.push(trip);
            now.time = trip.back;
        }
        trips
    }

    #[test]
    fn a_year_of_trips_has_the_configured_frequency_and_distance() {
        let trips: Vec<_> = (0..40).flat_map(|vehicle| year(&format!("ev_{vehicle}"))).collect();
        let days = 365.0 * 40.0;
        let per_day_km = trips.iter().map(|t| t.energy_kwh).sum::<f64>() / DRIVER.consumption_kwh_per_km / days;
        assert!((trips.len() as f64 / days - 0.8).abs() < 0.02);
        assert!((per_day_km - 23.0).abs() < 0.5, "{per_day_km} km/day");
    }

    #[test]
    fn trips_never_overlap() {
        for pair in year("ev_01").windows(2) {
            assert!(pair[0].back + SHORTEST <= pair[1].depart, "{pair:?}");
        }
    }

    #[test]
    fn a_plugged_vehicle_tells_its_needs_every_quarter_hour() {
        let mut ev = ev("ev_01");
        let sense = EvSense { place: Place::Plugged, ..EvSense::default() };
        let mut out = Outbox::of(ParticipantId(1));
        for minute in 0..30 {
            let now = Now { time: Time(0) + Span::from_minutes(minute), calendar: Calendar::default() };
            ev.step(now, &sense, &[], &mut out);
        }
        assert_eq!(out.mail.len(), 2);
    }
}
