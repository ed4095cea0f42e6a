//! The bodies of charge points and vehicles: arrivals and departures split a step, the session counts energy.

mod ev;
mod evse;

pub(crate) use ev::{EvBody, EvState, Guide};
pub(crate) use evse::{EvseBody, EvseState};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::Embodied;
    use crate::weather::{Air, Step, cut_into_steps};
    use crate::world::{Flows, Meters};
    use agents::command::{Command, Directive, Priority, Value};
    use agents::ev::{Ev, EvIntent, EvSense, RecordedSession, SessionPlace, tables};
    use agents::evse::{Evse, EvseIntent, EvseSense};
    use agents::reading::AssetState;
    use agents::record::{EventCode, Record, SessionRow};
    use agents::{Calendar, Core, Mail, Message, Now, Outbox, ParticipantId, SiteId, Span, Time};
    use scenarios::{EvParameters, EvseParameters};

    const EV: ParticipantId = ParticipantId(0);
    const EVSE: ParticipantId = ParticipantId(1);
    const CALENDAR: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    /// A local midnight, of a Monday.
    const START: Time = Time((20_003 * 24 + 4) * 3_600_000);

    /// A vehicle at a charge point of nobody, lived tick by tick as the kernel does.
    struct Rig {
        cores: (Ev, Evse),
        bodies: (EvBody, EvseBody),
        meters: Meters,
        flows: Flows,
        steps: Vec<Step>,
        now: Now,
        out: Outbox,
        is_out: bool,
        /// What the field says.
        guide: Guide,
    }

    fn vehicle(text: &str) -> EvParameters {
        EvParameters::from_toml(&format!("capacity_kwh = 75.0\n{}", with_power(text))).expect("a valid vehicle")
    }

    fn with_power(text: &str) -> String {
        if text.contains("power_kw") { text.into() } else { format!("power_kw = 22.0\n{text}") }
    }

    fn hour(hour: f64) -> Time {
        START + Span::from_hours(hour)
    }

    /// Plugged in from 01:00 to 07:00 and, after a trip of 20 kWh AC, from 12:00 on.
    fn two_sessions() -> [RecordedSession; 2] {
        let session =
            |from, until, energy_kwh| RecordedSession { plug_in: hour(from), plug_out: hour(until), energy_kwh };
        [session(1.0, 7.0, 10.0), session(12.0, 47.0, 20.0)]
    }

    impl Rig {
        fn new(vehicle: &EvParameters, core: Ev, point: &str) -> Self {
            let point = EvseParameters::from_toml(&with_power(point)).expect("a valid charge point");
            let now = Now { time: START, calendar: CALENDAR };
            let mut rig = Self {
                cores: (core, Evse::new(None, None)),
                bodies: (EvBody::new(EV, vehicle), EvseBody::new(EVSE, SiteId(0), &point)),
                meters: Meters::new(1, 0),
                flows: Flows::new(vec![None], 0),
                steps: Vec::new(),
                now,
                out: Outbox::default(),
                is_out: false,
                guide: Guide::default(),
            };
            rig.step_cores(&[]);
            rig
        }

        fn drawn(text: &str, id: &str) -> Self {
            let vehicle = vehicle(text);
            let core = vehicle.core(EVSE, 11, id, Span::from_minutes(15));
            Self::new(&vehicle, core, "")
        }

        fn recorded(text: &str, point: &str) -> Self {
            let vehicle = vehicle(text);
            let core = vehicle.recorded_core(EVSE, two_sessions(), Span::from_minutes(15));
            Self::new(&vehicle, core, point)
        }

        fn sense(&self) -> EvSense {
            let mut sense = EvSense::default();
            Ev::sense(&self.bodies.0, &self.meters, &mut sense);
            sense
        }

        fn step_cores(&mut self, inbox: &[Mail]) {
            let (ev, mut evse) = (self.sense(), EvseSense::default());
            Evse::sense(&self.bodies.1, &self.meters, &mut evse);
            if !self.is_out {
                let intent = self.cores.0.step(self.now, &ev, &[], &mut self.out);
                Ev::obey(&mut self.bodies.0, intent);
            }
            let intent = self.cores.1.step(self.now, &evse, inbox, &mut self.out);
            Evse::obey(&mut self.bodies.1, intent);
        }

        fn advance(&mut self, until: Time, tick: Span) {
            while self.now.time < until {
                let end = self.now.time + tick;
                cut_into_steps(self.now.time, end, CALENDAR, &mut self.steps);
                self.flows.reset(self.steps.len());
                self.bodies.1.begin_interval();
                let air = vec![Air { temperature_c: 27.0, wind_m_per_s: 4.0 }; self.steps.len()];
                let (ev, evse) = &mut self.bodies;
                ev.advance(&self.steps, &air, evse, &mut self.guide, &mut [None, None], &mut self.flows);
                self.now.time = end;
                self.step_cores(&[]);
            }
        }

        /// Advances by quarter hours.
        fn live_until(&mut self, hours: f64) -> &mut Self {
            self.advance(hour(hours), Span::from_minutes(15));
            self
        }

        fn command(&mut self, directive: Directive) {
            let (effective, expires) = (self.now.time, self.now.time + Span::DAY);
            let command = Command { source: EV, priority: Priority::Ems, directive, effective, expires };
            self.step_cores(&[Mail { to: EVSE, from: EV, message: Message::Command(command) }]);
        }

        fn set_kw(&mut self, power_kw: f64) {
            self.command(Directive::Setpoint(Value::Constant(power_kw)));
        }

        fn sessions(&self) -> Vec<SessionRow> {
            let session = |record: &Record| if let Record::Session(row) = record { Some(*row) } else { None };
            self.out.records.iter().filter_map(session).collect()
        }

        fn events(&self, code: EventCode) -> Vec<&str> {
            let events = self.out.records.iter().filter_map(|record| match record {
                Record::Event(event) if event.code == code => Some(event.detail.as_str()),
                _ => None,
            });
            events.collect()
        }

        fn states(&self) -> [AssetState; 2] {
            [self.bodies.0.reading().state, self.bodies.1.reading().state]
        }

        fn energy_kwh(&self) -> f64 {
            self.bodies.0.unit.energy_kwh
        }
    }

    #[test]
    fn a_measured_session_is_given_back_what_the_trip_before_it_took() {
        let mut rig = Rig::recorded("initial_soc = 1.0\ncharge_taper_above = 0.99", "");
        rig.live_until(6.0);
        assert!((rig.energy_kwh() - 75.0).abs() < 1e-3, "full again: {} kWh", rig.energy_kwh());
        rig.live_until(9.5);
        // Half of a trip of five hours, which takes 20 kWh · 0.93.
        assert!((rig.energy_kwh() - (75.0 - 9.3)).abs() < 1e-3, "{} kWh", rig.energy_kwh());
        assert_eq!(rig.states(), [AssetState::Driving, AssetState::Available]);
        rig.live_until(50.0);
        let rows = rig.sessions();
        let times: Vec<_> = rows.iter().map(|row| (row.start, row.end)).collect();
        assert_eq!(times, [(hour(1.0), hour(7.0)), (hour(12.0), hour(47.0))]);
        for (row, expected_kwh) in rows.iter().zip([10.0, 20.0]) {
            assert!((row.delivered_kwh - expected_kwh).abs() < 2e-3 && row.unserved_kwh < 1e-3, "{row:?}");
        }
    }

    #[test]
    fn a_vehicle_that_the_field_has_in_the_plug_does_not_leave_and_one_that_it_has_not_is_on_its_trip() {
        let mut rig = Rig::recorded("", "");
        rig.live_until(6.0);
        rig.guide.is_plugged = Some(true);
        rig.bodies.0.pass_over_trips(|trip| trip.depart < hour(9.0));
        rig.live_until(9.0);
        assert!(rig.bodies.0.is_plugged() && rig.sessions().is_empty(), "the trip began at seven");
        let (now, (ev, evse)) = (rig.now.time, &mut rig.bodies);
        assert!(ev.be_plugged(false, now, evse) && !ev.be_plugged(false, now, evse));
        rig.step_cores(&[]);
        assert_eq!(rig.states(), [AssetState::Driving, AssetState::Available]);
        let before_kwh = rig.energy_kwh();
        rig.guide.is_plugged = None;
        rig.live_until(10.0);
        assert_eq!(rig.sessions()[0].end, hour(9.0));
        // An hour of a trip of five hours, which takes 20 kWh · 0.93.
        assert!((before_kwh - rig.energy_kwh() - 18.6 / 5.0).abs() < 1e-9);
        rig.live_until(12.25);
        assert!(rig.bodies.0.is_plugged(), "back in time");
    }

    #[test]
    fn a_vehicle_comes_home_when_the_field_says_so_and_is_parked_where_it_is_not_in_the_plug() {
        let mut rig = Rig::recorded("", "");
        rig.guide.is_plugged = Some(false);
        rig.live_until(5.0);
        assert_eq!(
            rig.states(),
            [AssetState::Parked, AssetState::Available],
            "its driver would have plugged in at one"
        );
        rig.live_until(8.0);
        assert_eq!(rig.states(), [AssetState::Driving, AssetState::Available]);
        rig.guide.is_plugged = Some(true);
        let (now, (ev, evse)) = (rig.now.time, &mut rig.bodies);
        assert!(ev.be_plugged(true, now, evse) && !ev.be_plugged(true, now, evse));
        rig.live_until(9.0);
        assert!(rig.bodies.0.is_plugged(), "four hours before its trip ends");
    }

    #[test]
    fn what_flows_in_the_field_is_counted_and_stored_whatever_the_vehicle_wants() {
        let mut rig = Rig::recorded("initial_soc = 0.5", "");
        rig.live_until(2.0);
        rig.set_kw(0.0);
        rig.guide = Guide { power_kw: Some(-4.0), is_plugged: Some(true), ..Guide::default() };
        let before_kwh = rig.energy_kwh();
        rig.live_until(2.0 + 0.25);
        assert_eq!(rig.states(), [AssetState::Discharging; 2]);
        assert!(rig.energy_kwh() < before_kwh - 1.0 && rig.bodies.1.power_kw() == -4.0);
        rig.guide.is_plugged = Some(false);
        let (now, (ev, evse)) = (rig.now.time, &mut rig.bodies);
        ev.be_plugged(false, now, evse);
        rig.step_cores(&[]);
        let before_kwh = rig.energy_kwh();
        rig.live_until(2.5);
        assert_eq!((rig.energy_kwh(), rig.bodies.0.power_kw(), rig.bodies.1.power_kw()), (before_kwh, 0.0, -4.0));
        assert!((rig.sessions()[0].returned_kwh - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_a_trip_takes_beyond_what_the_battery_holds_is_told_and_the_battery_is_empty_then() {
        let mut rig = Rig::recorded("initial_soc = 0.1", "");
        rig.live_until(1.0).live_until(1.25);
        // The trip wants 9.3 kWh of 7.5.
        assert_eq!(rig.events(EventCode::TripCutShort), ["battery empty: 1.800 kWh of the trip not driven"]);
        rig.live_until(50.0);
        assert_eq!(rig.events(EventCode::TripCutShort).len(), 1);
    }

    #[test]
    fn who_leaves_early_leaves_with_less_and_the_row_says_so() {
        let mut rig = Rig::recorded("initial_soc = 0.2", "");
        rig.command(Directive::ImportLimit(Value::Constant(5.0)));
        rig.live_until(8.0);
        let row = rig.sessions()[0];
        // From 15 − 9.3 kWh six hours at 5 kW.
        assert!((row.delivered_kwh - 30.0).abs() < 1e-3, "{row:?}");
        assert!((row.unserved_kwh - (75.0 - 5.7 - 30.0 * 0.93)).abs() < 1e-3, "{row:?}");
    }

    #[test]
    fn the_charge_points_state_tells_who_holds_up_the_charging() {
        let mut rig = Rig::recorded("initial_soc = 0.6", "");
        assert_eq!(rig.live_until(0.5).states(), [AssetState::Driving, AssetState::Available]);
        assert_eq!(rig.live_until(1.5).states(), [AssetState::Charging, AssetState::Charging]);
        rig.command(Directive::ImportLimit(Value::Constant(4.0)));
        assert_eq!(rig.live_until(2.0).states(), [AssetState::Idle, AssetState::SuspendedEvse], "less than 6 A");
        rig = Rig::recorded("initial_soc = 0.6\nreserve_soc = 0.5", "");
        rig.live_until(1.5).set_kw(-22.0);
        assert_eq!(rig.live_until(1.75).states(), [AssetState::Discharging, AssetState::Discharging]);
        assert_eq!(rig.live_until(4.0).states(), [AssetState::Idle, AssetState::SuspendedEv], "at its reserve");
        assert!((rig.energy_kwh() - 0.5 * 75.0).abs() < 1e-9);
        rig.set_kw(0.0);
        assert_eq!(rig.live_until(4.25).states(), [AssetState::Idle, AssetState::SuspendedEvse]);
    }

    #[test]
    fn a_vehicle_whose_core_is_out_is_neither_drained_nor_charged() {
        for power_kw in [-22.0, 22.0] {
            let mut rig = Rig::recorded("initial_soc = 0.6", "");
            rig.live_until(1.5).set_kw(power_kw);
            rig.live_until(1.75);
            let before_kwh = rig.energy_kwh();
            rig.is_out = true;
            Ev::obey(&mut rig.bodies.0, EvIntent::default());
            rig.live_until(48.0);
            assert_eq!(rig.energy_kwh(), before_kwh);
            assert_eq!(rig.states(), [AssetState::Idle, AssetState::SuspendedEv], "it stays where it is");
        }
    }

    #[test]
    fn a_charge_point_whose_core_is_out_offers_nothing() {
        let mut rig = Rig::recorded("initial_soc = 0.6", "");
        rig.live_until(1.5);
        Evse::obey(&mut rig.bodies.1, EvseIntent::default());
        assert_eq!(rig.states()[1], AssetState::Charging, "what flowed until now");
        assert_eq!(rig.bodies.1.offer_kw(), 0.0);
    }

    #[test]
    fn nothing_flows_back_without_a_vehicle_and_a_charge_point_made_for_it() {
        for (ev, point, flows) in [("", "", true), ("v2g = false", "", false), ("", "bidirectional = false", false)] {
            let mut rig = Rig::recorded(&format!("initial_soc = 0.9\n{ev}"), point);
            rig.live_until(1.5).set_kw(-22.0);
            rig.live_until(1.75);
            assert_eq!(rig.bodies.1.power_kw() < 0.0, flows, "{ev} {point}");
            assert_eq!(rig.states()[1] == AssetState::SuspendedEvse, !flows, "{ev} {point}");
        }
    }

    #[test]
    fn the_power_of_an_interval_is_told_by_phase_of_the_network() {
        let mut rig = Rig::recorded("initial_soc = 0.4\nphases = 1\npower_kw = 6.9", "first_phase = 3");
        // Plugged in for the second half of the interval.
        rig.advance(hour(2.0), Span::HOUR * 2);
        assert_eq!(rig.bodies.1.phases_kw().map(|phase_kw| (phase_kw * 1e9).round() / 1e9), [0.0, 0.0, 3.45]);
        let mut rig = Rig::recorded("initial_soc = 0.4", "power_kw = 11.0");
        rig.advance(hour(2.0), Span::HOUR * 2);
        let sum_kw: f64 = rig.bodies.1.phases_kw().iter().sum();
        assert!((sum_kw - 5.5).abs() < 1e-9 && rig.bodies.1.phases_kw()[0] == rig.bodies.1.phases_kw()[2]);
    }

    #[test]
    fn a_vehicle_tells_no_more_power_than_cable_and_charge_point_let_it() {
        let mut rig = Rig::recorded("initial_soc = 0.4", "cable_a = 20.0\nbidirectional = false");
        let storage = rig.live_until(1.5).sense().storage;
        assert!((storage.charge_limit_kw - 13.8).abs() < 1e-9);
        assert_eq!(storage.discharge_limit_kw, 0.0);
    }

    /// Public sessions are often shorter than a tick, full batteries taper, and the energy manager is not asked.
    #[test]
    fn ticks_of_any_length_see_the_same_sessions() {
        let habits =
            "driver = \"sessions\"\nsession_place = \"public\"\nsessions_per_day = 1.0\nsession_energy_factor = 2.0";
        let run = |id: &str, tick| {
            let mut rig = Rig::drawn(habits, id);
            rig.advance(START + Span::DAY * 8, tick);
            (rig.sessions(), rig.energy_kwh(), rig.sense().shortfall_kwh)
        };
        let (mut count, mut short, mut missing) = (0, 0, 0.0);
        for vehicle in 0..12 {
            let id = format!("ev_{vehicle}");
            let (expected, expected_kwh, shortfall_kwh) = run(&id, Span::from_s(if vehicle < 4 { 1 } else { 10 }));
            for tick in [Span::from_minutes(1), Span::from_minutes(15), Span::HOUR] {
                let (found, found_kwh, found_shortfall_kwh) = run(&id, tick);
                assert_eq!(found, expected, "{id}, ticks of {} s", tick.seconds());
                assert!((found_kwh / expected_kwh - 1.0).abs() < 1e-9, "{found_kwh} {expected_kwh}");
                assert!((found_shortfall_kwh - shortfall_kwh).abs() < 1e-9);
            }
            count += expected.len();
            short += expected.iter().filter(|row| row.end - row.start < Span::from_minutes(30)).count();
            missing += shortfall_kwh;
        }
        assert!(
            count > 60 && short > 3 && missing > 1.0,
            "{count} sessions, {short} short ones, {missing} kWh missing"
        );
    }

    /// A share found among `count` may miss its probability by four standard errors, two cases, and `bias`.
    #[track_caller]
    fn assert_share(found: usize, count: usize, probability: f64, bias: f64, what: &str) {
        let share = found as f64 / count as f64;
        let n = count as f64;
        let tolerance = 4.0 * (probability * (1.0 - probability) / n).sqrt() + 2.0 / n + bias;
        assert!((share - probability).abs() <= tolerance, "{what}: {share}, not {probability} ± {tolerance}, {count}");
    }

    /// Session rows of a fleet that begin after the start and would end before the end however long they are, each with the
    /// AC energy it asked for.
    fn fleet(place: &str, vehicles: usize, days: i64) -> Vec<(SessionRow, f64)> {
        let habits =
            format!("driver = \"sessions\"\nsession_place = \"{place}\"\nsessions_per_day = 0.3\ninitial_soc = 1.0");
        let mut rows = Vec::new();
        for vehicle in 0..vehicles {
            let mut rig = Rig::drawn(&habits, &format!("{place}_{vehicle}"));
            rig.advance(START + Span::DAY * days, Span::HOUR);
            let mut open_kwh = 0.0;
            for row in rig.sessions() {
                // What the session before left open is asked for again, and no wish of this one.
                let asked_kwh = row.delivered_kwh + (row.unserved_kwh - open_kwh) / 0.93;
                open_kwh = row.unserved_kwh;
                if START < row.start && row.start < START + Span::DAY * (days - 4) {
                    rows.push((row, asked_kwh));
                }
            }
        }
        rows
    }

    #[test]
    fn the_session_rows_of_a_fleet_at_22_kw_have_the_arrivals_durations_and_energies_of_the_tables() {
        for (name, place) in [("private", SessionPlace::Private), ("public", SessionPlace::Public)] {
            let rows = fleet(name, 120, 124);
            let (count, tables) = (rows.len(), place.tables());
            assert!(count > 3500, "only {count} sessions");
            for (index, pct) in tables::QUANTILES_PCT.iter().enumerate().filter(|(_, pct)| **pct >= 5.0) {
                let (connected_h, energy_kwh) = (tables.connected_h[index] + 1e-6, tables.energy_kwh[index] + 1e-3);
                let shorter = rows.iter().filter(|(row, _)| (row.end - row.start).hours() <= connected_h).count();
                let less = rows.iter().filter(|(_, asked_kwh)| *asked_kwh <= energy_kwh).count();
                assert_share(shorter, count, pct / 100.0, 0.0, &format!("{name}: connected for {connected_h} h"));
                assert_share(less, count, pct / 100.0, 0.0, &format!("{name}: {energy_kwh} kWh"));
            }
            for is_weekend in [false, true] {
                let shares = tables.arrivals_pct(is_weekend);
                let is_meant = |row: &SessionRow| Calendar::is_weekend(CALENDAR.day(row.start)) == is_weekend;
                let hours = rows.iter().filter(|(row, _)| is_meant(row));
                let hours: Vec<_> = hours.map(|(row, _)| CALENDAR.time_of_day(row.start).hours() as usize).collect();
                for (hour, pct) in shares.iter().enumerate() {
                    let found = hours.iter().filter(|found| **found == hour).count();
                    // Of the arrivals of an hour at most a fifth falls into a session still going on.
                    assert_share(found, hours.len(), pct / 100.0, 0.2 * pct / 100.0, &format!("{name}: {hour} h"));
                }
            }
        }
    }
}
