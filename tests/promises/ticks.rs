//! Promises about time: the length of a tick changes how closely the world is looked at, not the world.

use crate::rig::{Keep, busy, martinique, plan, street};
use agents::record::{Event, EventCode, Record};
use agents::{Kind, MeterId, ParticipantId, SiteId};
use scenarios::{Plan, Scenario};
use std::collections::BTreeMap;
use twin::{Kernel, SweepHost, World};

/// What is compared of a day, and how well its amounts in a run of 1 s ticks and in one of longer ticks must agree,
/// relative. Found over two days of eight seeds: 5e-9 for demand and PV, 6e-12 for vehicles, 1.5e-3 for batteries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Amount {
    /// Produced by PV.
    Produced,
    /// Consumed by loads.
    Consumed,
    /// Charged by vehicles less what they gave back, at their inlets.
    Charged,
    /// Moved by charge points in either direction.
    Moved,
    /// Throughput of the batteries that have a site of their own, charge plus discharge, from the registers of their
    /// meters: a mean power would hide what goes to and fro within a tick.
    Throughput,
    /// Traded in the local market.
    Traded,
}

impl Amount {
    fn tolerance(self) -> f64 {
        match self {
            Self::Produced | Self::Consumed => 1e-7,
            Self::Charged | Self::Moved => 1e-9,
            Self::Throughput => 3e-3,
            // Which of equally full batteries works is a matter of the last watt, and with it who trades with whom.
            Self::Traded => 0.1,
        }
    }
}

/// Energies in kWh by local day, and what the DSO asked for.
#[derive(Default)]
struct Days {
    energy_kwh: BTreeMap<(i64, Amount), f64>,
    requests: Vec<Event>,
}

impl Days {
    fn add(&mut self, day: i64, amount: Amount, energy_kwh: f64) {
        *self.energy_kwh.entry((day, amount)).or_default() += energy_kwh;
    }

    fn of(scenario: &Scenario) -> Self {
        let plan = plan(scenario);
        let mut kernel = Kernel::new(&plan);
        let mut host = SweepHost::new(&plan, kernel.world_mut());
        let (mut rows, mut days) = (Keep::default(), Self::default());
        let (assets, sites) = (assets(&plan), sites_of_single_batteries(&plan));
        let (hours, mut registers_kwh) = (plan.tick.hours(), 0.0);
        while !kernel.is_over() {
            let day = plan.calendar.day(kernel.now());
            rows.0.clear();
            kernel.tick(&mut host, &mut rows).unwrap();
            for (asset, kind) in &assets {
                let energy_kwh = kernel.world().power_kw(*asset).unwrap() * hours;
                match kind {
                    Kind::Pv => days.add(day, Amount::Produced, -energy_kwh),
                    Kind::Load => days.add(day, Amount::Consumed, energy_kwh),
                    Kind::Ev => days.add(day, Amount::Charged, energy_kwh),
                    Kind::Evse => days.add(day, Amount::Moved, energy_kwh.abs()),
                    _ => {}
                }
            }
            let before_kwh = std::mem::replace(&mut registers_kwh, throughput_kwh(kernel.world(), &sites));
            days.add(day, Amount::Throughput, registers_kwh - before_kwh);
            let traded_kwh = rows.0[0].records.iter().map(traded_kwh).sum();
            days.add(day, Amount::Traded, traded_kwh);
            days.requests.extend(rows.0[0].records.iter().filter_map(request));
        }
        days
    }
}

fn assets(plan: &Plan) -> Vec<(ParticipantId, Kind)> {
    let kinds = plan.participants.iter().map(|participant| participant.role.kind()).enumerate();
    kinds.filter(|(_, kind)| kind.is_asset()).map(|(index, kind)| (ParticipantId(index as u32), kind)).collect()
}

fn sites_of_single_batteries(plan: &Plan) -> Vec<SiteId> {
    let mut kinds: BTreeMap<SiteId, Vec<Kind>> = BTreeMap::new();
    for participant in &plan.participants {
        if let Some(site) = participant.site.filter(|_| participant.role.kind().is_asset()) {
            kinds.entry(site).or_default().push(participant.role.kind());
        }
    }
    kinds.into_iter().filter(|(_, kinds)| *kinds == [Kind::Battery]).map(|(site, _)| site).collect()
}

fn throughput_kwh(world: &World, sites: &[SiteId]) -> f64 {
    let meters = sites.iter().map(|site| world.meter(MeterId::Site(*site)));
    meters.map(|meter| meter.imported.as_kwh() + meter.exported.as_kwh()).sum()
}

fn traded_kwh(record: &Record) -> f64 {
    if let Record::Clearing(row) = record { row.volume.as_kwh() } else { 0.0 }
}

fn request(record: &Record) -> Option<Event> {
    match record {
        Record::Event(event) if matches!(event.code, EventCode::LoadControl | EventCode::DemandResponse) => {
            Some(event.clone())
        }
        _ => None,
    }
}

#[track_caller]
fn assert_same_world(days: usize, scenario: impl Fn(&str) -> Scenario) {
    let seconds = Days::of(&scenario("1s"));
    assert_eq!(seconds.energy_kwh.len(), days * 6, "six amounts on each day");
    let [minutes, quarters] = ["60s", "15m"].map(|tick| Days::of(&scenario(tick)));
    let physical = minutes.energy_kwh.iter().filter(|((_, amount), _)| *amount != Amount::Traded);
    for (key, expected_kwh) in physical {
        // Both go through the same steps of a minute.
        let error = quarters.energy_kwh[key] / expected_kwh - 1.0;
        assert!(error.abs() <= 1e-9, "{key:?}: ticks of a minute and of a quarter hour part by {error:.1e}");
    }
    for (tick, longer) in [("60s", minutes), ("15m", quarters)] {
        for ((day, amount), expected_kwh) in &seconds.energy_kwh {
            let found_kwh = longer.energy_kwh[&(*day, *amount)];
            let error = found_kwh / expected_kwh - 1.0;
            assert!(*expected_kwh > 1.0, "{amount:?} on day {day}: too little to compare: {expected_kwh} kWh");
            assert!(
                error.abs() <= amount.tolerance(),
                "{amount:?} on day {day}, ticks of {tick}: {found_kwh} kWh, not {expected_kwh} kWh ({error:.1e})"
            );
        }
        let what = |event: &Event| (event.time, event.code, event.detail.clone());
        let (expected, found): (Vec<_>, Vec<_>) =
            (seconds.requests.iter().map(what).collect(), longer.requests.iter().map(what).collect());
        assert_eq!(expected, found, "requests of the DSO with ticks of {tick}");
    }
}

#[test]
fn ticks_of_a_second_a_minute_and_a_quarter_hour_see_the_same_quiet_days() {
    for seed in [1, 3] {
        assert_same_world(2, |tick| martinique("2d", tick, seed));
    }
}

#[test]
fn ticks_of_a_second_a_minute_and_a_quarter_hour_see_the_same_busy_days() {
    for seed in [1, 2] {
        assert_same_world(2, |tick| busy("2d", tick, seed));
    }
}

#[test]
fn ticks_of_a_second_a_minute_and_a_quarter_hour_see_the_same_street() {
    assert_same_world(1, |tick| street("1d", tick, 1));
}
