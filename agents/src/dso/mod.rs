//! The distribution system operator: publishes prices a day ahead, asks for help when the island's load is high, and buys
//! flexibility where a congestion point would exceed its limit.
//!
//! Where the scenario says so it also buys reserve ([`ReserveRules`]).
//!
//! Somebody outside can hold its signals at a value: customers are told what is held, and what holds when it is let go.

mod reserve;

pub use reserve::ReserveRules;
mod flexibility;
mod ledger;

pub use flexibility::{Aggregator, FlexSense, FlexTerms};

use crate::act::HeldSignal;
use crate::core::{Core, MeterReading, Outbox, Wake};
use crate::draw::Draws;
use crate::id::{Kind, ParticipantId};
use crate::look::LastLook;
use crate::mail::{Mail, Message};
use crate::reading::Signal;
use crate::record::{EventCode, Record};
use crate::series::Series;
use crate::time::{Every, Now, Span, Time};
use flexibility::FlexDesk;
use rand::RngExt;
use rand_distr::StandardNormal;
use reserve::ReserveDesk;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How often it looks at the island's load.
const WATCH: Span = Span::from_minutes(15);

/// The mind of a DSO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dso {
    policy: DsoPolicy,
    /// To whom it sends its signals.
    customers: Vec<ParticipantId>,
    draws: Draws,
    watch: Every,
    /// At the island's load: import less export.
    looked: LastLook,
    published: Option<Published>,
    load_control_until: Option<Time>,
    demand_response_until: Option<Time>,
    told: [Option<f64>; Signal::ALL.len()],
    /// What somebody outside holds, and until when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    held: BTreeMap<Signal, Hold>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reserve: Option<Box<ReserveDesk>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flexibility: Option<FlexDesk>,
}

/// A signal that is held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Hold {
    value: f64,
    /// None: until it is let go.
    until: Option<Time>,
}

/// What was published for a local day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Published {
    day: i64,
    consumption: Series,
    production: Series,
}

/// How a DSO prices energy and when it asks for help.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DsoPolicy {
    /// Mean price of consumption in EUR/MWh.
    pub price_eur_per_mwh: f64,
    /// Price of each local hour relative to the mean.
    pub price_shape: [f64; 24],
    /// Standard deviation of the day's mean price, relative.
    pub price_daily_spread: f64,
    /// Price of production relative to that of consumption.
    pub production_price_ratio: f64,
    /// CO2 intensity of each local hour in g/kWh.
    pub co2_g_per_kwh: [f64; 24],
    /// Load control begins when the island's load exceeds this power.
    pub load_control_above_kw: f64,
    /// Share of rated power left to flexible loads, in percent.
    pub load_control_percent: f64,
    /// Demand response is asked for when the island's load exceeds this power.
    pub demand_response_above_kw: f64,
    /// How long a request holds.
    pub request_length: Span,
}

/// What a DSO senses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DsoSense {
    /// The island's meter.
    pub island: MeterReading,
    /// Prices of consumption in EUR/MWh that a feed gives for the present local day, where there is one.
    pub price_feed: Option<Series>,
    /// CO2 intensities in g/kWh that a feed gives for the present local day, where there is one.
    pub co2_feed: Option<Series>,
    /// The meters of its flexibility market, where it has one.
    pub flexibility: Option<FlexSense>,
}

impl Dso {
    /// A DSO that sends its signals to `customers`.
    pub fn new(policy: DsoPolicy, customers: Vec<ParticipantId>, draws: Draws) -> Self {
        Self {
            policy,
            customers,
            draws,
            watch: Every::new(WATCH),
            looked: LastLook::default(),
            published: None,
            load_control_until: None,
            demand_response_until: None,
            told: [None; Signal::ALL.len()],
            held: BTreeMap::new(),
            reserve: None,
            flexibility: None,
        }
    }

    /// The same DSO, which buys flexibility on these terms.
    #[must_use]
    pub fn with_flexibility(self, terms: FlexTerms) -> Self {
        Self { flexibility: Some(FlexDesk::new(terms)), ..self }
    }

    /// On which terms it buys flexibility, if it does.
    pub fn flexibility(&self) -> Option<&FlexTerms> {
        self.flexibility.as_ref().map(FlexDesk::terms)
    }

    /// Holds what it is told to hold, lets go what is over, and tells customers of both.
    fn hold_signals(&mut self, now: Now, inbox: &[Mail], out: &mut Outbox) {
        let mut changed = BTreeSet::new();
        for mail in inbox {
            let Message::HoldSignal(HeldSignal { signal, value, until }) = mail.message else { continue };
            match value {
                Some(value) => self.held.insert(signal, Hold { value, until }),
                None => self.held.remove(&signal),
            };
            changed.insert(signal);
        }
        self.held.retain(|signal, hold| {
            let is_over = hold.until.is_some_and(|until| until <= now.time);
            changed.extend(is_over.then_some(*signal));
            !is_over
        });
        for signal in changed {
            self.tell_customers(signal, now, out);
        }
    }

    fn held(&self, signal: Signal) -> Option<f64> {
        self.held.get(&signal).map(|hold| hold.value)
    }

    /// Tells customers what is held of a signal, or what holds now that nothing is.
    fn tell_customers(&self, signal: Signal, now: Now, out: &mut Outbox) {
        let hold = self.held.get(&signal);
        let own_end = |until: Option<Time>| until.unwrap_or(now.time);
        let held_end = |hold: &Hold| hold.until.unwrap_or(Time::NEVER);
        match signal {
            Signal::LoadControl => {
                let percent = hold.map_or(self.policy.load_control_percent, |hold| hold.value);
                let end = hold.map_or(own_end(self.load_control_until), held_end);
                self.send(&Message::LoadControl { percent, start: now.time, end }, out);
            }
            Signal::DemandResponse => {
                let level = hold.map_or(1, |hold| hold.value.round() as u8);
                let end = hold.map_or(own_end(self.demand_response_until), held_end);
                self.send(&Message::DemandResponse { level, start: now.time, end }, out);
            }
            Signal::ConsumptionPrice | Signal::ProductionPrice => self.send_prices(now, out),
            Signal::Co2Intensity | Signal::Irradiance | Signal::Temperature | Signal::WindSpeed => {}
            // A call is a matter between operator and aggregator, by the slot.
            Signal::ReserveActivation => {}
        }
    }

    /// Sends the prices of the day that was published, with what is held in their place.
    fn send_prices(&self, now: Now, out: &mut Outbox) {
        let Some(Published { consumption, production, .. }) = &self.published else { return };
        let priced = |signal, published: &Series| match self.held.get(&signal) {
            Some(hold) => hold.laid_over(published, now),
            None => published.clone(),
        };
        let consumption = priced(Signal::ConsumptionPrice, consumption);
        let production = priced(Signal::ProductionPrice, production);
        self.send(&Message::EnergyPrices { consumption, production }, out);
    }

    fn send(&self, message: &Message, out: &mut Outbox) {
        for customer in &self.customers {
            out.send(*customer, message.clone());
        }
    }

    fn publish_prices(&mut self, now: Now, sense: &DsoSense, out: &mut Outbox) {
        let day = now.day();
        if self.published.as_ref().is_some_and(|published| published.day == day) {
            return;
        }
        let consumption = sense.price_feed.clone().unwrap_or_else(|| self.synthetic_prices(now, day));
        let ratio = self.policy.production_price_ratio;
        let production =
            Series { values: consumption.values.iter().map(|price| price * ratio).collect(), ..consumption };
        self.published = Some(Published { day, consumption, production });
        self.send_prices(now, out);
    }

    fn synthetic_prices(&self, now: Now, day: i64) -> Series {
        let deviation: f64 = self.draws.at(day).sample(StandardNormal);
        let mean = self.policy.price_eur_per_mwh * (1.0 + self.policy.price_daily_spread * deviation);
        let cents = |price: f64| (price * 100.0).round() / 100.0;
        let values = self.policy.price_shape.iter().map(|shape| cents(mean * shape)).collect();
        Series { start: now.calendar.midnight(day), step: Span::HOUR, values }
    }

    /// Mean load since it last looked, whatever the length of a tick; at the very first look what the meter shows.
    fn mean_load_kw(&mut self, now: Now, meter: &MeterReading) -> f64 {
        self.looked.mean_kw(now.time, meter.imported - meter.exported).unwrap_or(meter.power_kw)
    }

    fn watch_the_load(&mut self, now: Now, load_kw: f64, out: &mut Outbox) {
        let end = now.time + self.policy.request_length;
        let (start, load_mw) = (now.time, load_kw / 1000.0);
        if self.load_control_until.is_none() && load_kw > self.policy.load_control_above_kw {
            let percent = self.policy.load_control_percent;
            self.load_control_until = Some(end);
            if !self.held.contains_key(&Signal::LoadControl) {
                self.send(&Message::LoadControl { percent, start, end }, out);
            }
            out.event(now, EventCode::LoadControl, format!("{percent} % until {end}: island at {load_mw:.1} MW"));
        }
        if self.demand_response_until.is_none() && load_kw > self.policy.demand_response_above_kw {
            self.demand_response_until = Some(end);
            if !self.held.contains_key(&Signal::DemandResponse) {
                self.send(&Message::DemandResponse { level: 1, start, end }, out);
            }
            out.event(now, EventCode::DemandResponse, format!("level 1 until {end}: island at {load_mw:.1} MW"));
        }
    }

    fn tell_signals(&mut self, now: Now, sense: &DsoSense, out: &mut Outbox) {
        let hour = (now.time_of_day().0 / Span::HOUR.0) as usize;
        let price = |series: &Series| series.at(now.time);
        let values = [
            (Signal::ConsumptionPrice, self.published.as_ref().and_then(|published| price(&published.consumption))),
            (Signal::ProductionPrice, self.published.as_ref().and_then(|published| price(&published.production))),
            (Signal::LoadControl, Some(self.load_control_until.map_or(100.0, |_| self.policy.load_control_percent))),
            (Signal::DemandResponse, Some(self.demand_response_until.map_or(0.0, |_| 1.0))),
            (Signal::Co2Intensity, sense.co2_feed.as_ref().map_or(Some(self.policy.co2_g_per_kwh[hour]), price)),
            (Signal::ReserveActivation, self.reserve.as_ref().map(|reserve| reserve.percent())),
        ];
        for (signal, value) in values {
            let value = self.held(signal).or(value);
            let told = &mut self.told[signal as usize];
            if let Some(value) = value.filter(|value| *told != Some(*value)) {
                *told = Some(value);
                out.record(Record::Signal(signal, value));
            }
        }
    }
}

impl Hold {
    /// The held value from now on, as long as it holds, in place of what was published for a day; by the minute.
    fn laid_over(&self, published: &Series, now: Now) -> Series {
        let Some(minutes) = usize::try_from((published.end() - published.start).0 / Span::MINUTE.0).ok() else {
            return published.clone();
        };
        let value = |index: usize| {
            let time = published.start + Span::MINUTE * index as i64;
            let is_held = now.time.floor(Span::MINUTE) <= time && self.until.is_none_or(|until| time < until);
            if is_held { self.value } else { published.at(time).unwrap_or(f64::NAN) }
        };
        Series { start: published.start, step: Span::MINUTE, values: (0..minutes).map(value).collect() }
    }
}

impl Core for Dso {
    const KIND: Kind = Kind::Dso;
    type Sense = DsoSense;
    type Intent = ();

    fn step(&mut self, now: Now, sense: &DsoSense, inbox: &[Mail], out: &mut Outbox) {
        let over = |until: &mut Option<Time>| {
            if until.is_some_and(|until| until <= now.time) {
                *until = None;
            }
        };
        over(&mut self.load_control_until);
        over(&mut self.demand_response_until);
        self.publish_prices(now, sense, out);
        self.hold_signals(now, inbox, out);
        let held_percent = self.held(Signal::ReserveActivation);
        if let Some(reserve) = &mut self.reserve {
            reserve.step(now, held_percent, inbox, out);
        }
        if self.watch.is_due(now.time) {
            let load_kw = self.mean_load_kw(now, &sense.island);
            self.watch_the_load(now, load_kw, out);
        }
        if let (Some(desk), Some(sense)) = (&mut self.flexibility, &sense.flexibility) {
            desk.step(now, sense, inbox, out);
        }
        self.tell_signals(now, sense, out);
    }

    fn next_wake(&self, now: Now) -> Wake {
        let wake = Wake::At(self.watch.next().min(now.next_midnight()))
            .or_at(self.load_control_until)
            .or_at(self.demand_response_until)
            .or_at(self.flexibility.as_ref().map(FlexDesk::next))
            .or_at(self.held.values().filter_map(|hold| hold.until).min());
        self.reserve.as_ref().map_or(wake, |reserve| reserve.next_wake(wake))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;
    use market::Energy;

    fn dso() -> Dso {
        let policy = DsoPolicy {
            price_eur_per_mwh: 200.0,
            price_shape: std::array::from_fn(|hour| 0.5 + hour as f64 / 24.0),
            price_daily_spread: 0.1,
            production_price_ratio: 0.5,
            co2_g_per_kwh: [580.0; 24],
            load_control_above_kw: 100.0,
            load_control_percent: 50.0,
            demand_response_above_kw: 200.0,
            request_length: Span::HOUR * 4,
        };
        Dso::new(policy, vec![ParticipantId(2)], Draws::new(1, "dso", "price"))
    }

    fn at(minutes: i64) -> Now {
        Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
    }

    fn load(power_kw: f64) -> DsoSense {
        DsoSense { island: MeterReading { power_kw, ..MeterReading::default() }, ..DsoSense::default() }
    }

    #[test]
    fn prices_are_published_once_a_day_for_the_whole_day() {
        let (mut dso, mut out) = (dso(), Outbox::of(ParticipantId(1)));
        for hour in 0..25 {
            dso.step(at(60 * hour), &load(0.0), &[], &mut out);
        }
        let Message::EnergyPrices { consumption, production } = &out.mail[0].message else { panic!("prices first") };
        assert_eq!((consumption.start, consumption.end()), (at(0).time, at(1440).time));
        assert!((consumption.values[23] / consumption.values[0] - (0.5 + 23.0 / 24.0) / 0.5).abs() < 1e-3);
        assert_eq!(production.values[5], consumption.values[5] * 0.5);
        assert_eq!(out.mail.len(), 2, "one publication for each of the two days");
    }

    #[test]
    fn a_feed_takes_the_place_of_its_own_prices() {
        let feed = Series { start: Time(0), step: Span::HOUR, values: vec![123.0; 24].into() };
        let (mut dso, mut out) = (dso(), Outbox::of(ParticipantId(1)));
        dso.step(at(0), &DsoSense { price_feed: Some(feed), ..load(0.0) }, &[], &mut out);
        assert!(out.records.contains(&Record::Signal(Signal::ConsumptionPrice, 123.0)));
    }

    #[test]
    fn the_mean_of_the_last_quarter_hour_counts_not_what_the_meter_shows_at_its_end() {
        let (mut dso, mut out) = (dso(), Outbox::of(ParticipantId(1)));
        dso.step(at(0), &load(0.0), &[], &mut out);
        let requests = |out: &Outbox| out.records.iter().filter(|record| matches!(record, Record::Event(_))).count();
        let island = |power_kw, imported_kwh| {
            let imported = Energy::from_kwh(imported_kwh);
            DsoSense { island: MeterReading { power_kw, imported, exported: Energy(0) }, ..DsoSense::default() }
        };
        dso.step(at(15), &island(1000.0, 24.9), &[], &mut out);
        assert_eq!(requests(&out), 0, "99.6 kW on average");
        dso.step(at(30), &island(0.0, 50.0), &[], &mut out);
        assert_eq!(requests(&out), 1, "100.4 kW on average");
    }

    #[test]
    fn requests_begin_above_the_threshold_and_end_after_their_length() {
        let (mut dso, mut out) = (dso(), Outbox::of(ParticipantId(1)));
        dso.step(at(0), &load(150.0), &[], &mut out);
        let request = |mail: &&Mail| matches!(mail.message, Message::LoadControl { percent: 50.0, .. });
        assert_eq!(out.mail.iter().filter(request).count(), 1);
        assert!(!out.mail.iter().any(|mail| matches!(mail.message, Message::DemandResponse { .. })));
        for quarter in 1..=16 {
            dso.step(at(15 * quarter), &load(50.0), &[], &mut out);
        }
        let told: Vec<_> = out.records.iter().filter(|r| matches!(r, Record::Signal(Signal::LoadControl, _))).collect();
        assert_eq!(told, [&Record::Signal(Signal::LoadControl, 50.0), &Record::Signal(Signal::LoadControl, 100.0)]);
    }

    fn hold(signal: Signal, value: Option<f64>, until: Option<Time>) -> Mail {
        let message = Message::HoldSignal(HeldSignal { signal, value, until });
        Mail { to: ParticipantId(1), from: ParticipantId::OUTSIDE, message }
    }

    #[test]
    fn what_is_held_is_told_to_customers_and_again_when_it_is_let_go() {
        let (mut dso, mut out) = (dso(), Outbox::of(ParticipantId(1)));
        dso.step(at(0), &load(0.0), &[], &mut out);
        out.mail.clear();
        let requests = [
            hold(Signal::LoadControl, Some(30.0), Some(at(60).time)),
            hold(Signal::DemandResponse, Some(2.0), None),
            hold(Signal::Co2Intensity, Some(700.0), None),
        ];
        dso.step(at(15), &load(0.0), &requests, &mut out);
        let told: Vec<_> = out.mail.drain(..).map(|mail| mail.message).collect();
        let expected = [
            Message::LoadControl { percent: 30.0, start: at(15).time, end: at(60).time },
            Message::DemandResponse { level: 2, start: at(15).time, end: Time::NEVER },
        ];
        assert_eq!(told, expected);
        for record in [
            Record::Signal(Signal::LoadControl, 30.0),
            Record::Signal(Signal::DemandResponse, 2.0),
            Record::Signal(Signal::Co2Intensity, 700.0),
        ] {
            assert!(out.records.contains(&record), "{record:?}");
        }
        assert!(matches!(dso.next_wake(at(45)), crate::core::Wake::At(time) if time <= at(60).time));
        dso.step(at(60), &load(0.0), &[hold(Signal::DemandResponse, None, None)], &mut out);
        let ends: Vec<_> = out.mail.drain(..).map(|mail| mail.message).collect();
        assert!(
            matches!(ends[..], [Message::LoadControl { end, .. }, Message::DemandResponse { end: other, .. }]
                if end == at(60).time && other == end),
            "{ends:?}"
        );
        assert!(out.records.contains(&Record::Signal(Signal::LoadControl, 100.0)));
    }

    #[test]
    fn a_held_price_takes_the_place_of_those_published_from_then_on() {
        let (mut dso, mut out) = (dso(), Outbox::of(ParticipantId(1)));
        dso.step(at(0), &load(0.0), &[], &mut out);
        let prices = |out: &mut Outbox| match out.mail.pop().expect("prices").message {
            Message::EnergyPrices { consumption, production } => (consumption, production),
            other => panic!("{other:?}"),
        };
        let (published, production) = prices(&mut out);
        let request = hold(Signal::ConsumptionPrice, Some(-50.0), Some(at(150).time));
        dso.step(at(75), &load(0.0), &[request], &mut out);
        let (held, other) = prices(&mut out);
        let at = |minutes| at(minutes).time;
        assert_eq!([held.at(at(75)), held.at(at(149))], [Some(-50.0); 2]);
        for minutes in [0, 74, 150, 1439] {
            assert_eq!(held.at(at(minutes)), published.at(at(minutes)), "{minutes}");
        }
        assert_eq!((other, held.end()), (production, published.end()));
        dso.step(self::at(150), &load(0.0), &[], &mut out);
        assert_eq!(prices(&mut out).0, published);
    }
}
