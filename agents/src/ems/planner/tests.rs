//! What plans make batteries do within a slot.

use super::*;
use crate::ems::{Dispatch, Side};
use crate::forecast::Method;
use crate::mail::StorageStatus;
use std::collections::BTreeSet;

pub(super) const SLOT: Span = Span::from_minutes(15);

pub(super) fn terms() -> ScheduleTerms {
    ScheduleTerms {
        horizon: Span::DAY,
        replan: Replan::Daily,
        news_kw: 5.0,
        forecast: Method::Persistence,
        caution: 0.5,
        prices: PlanPrices::Dso,
        import_limit_kw: None,
        export_limit_kw: None,
        peak_eur_per_kw: 0.0,
        efficiency: 0.94,
        wear_eur_per_mwh: 10.0,
        futures: 1,
    }
}

/// A battery of 100 kWh and 50 kW that holds so much.
pub(super) fn battery(id: u32, energy_kwh: f64) -> Flexible {
    let (charge_limit_kw, discharge_limit_kw) = (50.0, 50.0);
    let storage =
        StorageStatus { energy_kwh, min_kwh: 5.0, max_kwh: 95.0, charge_limit_kw, discharge_limit_kw, power_kw: 0.0 };
    Flexible { id: ParticipantId(id), storage, rated_kw: 50.0, window: None, ticket: u64::from(id) }
}

/// Rest of the portfolio, and prices of import and export, by slot.
type Slots<'a> = &'a [(f64, f64, f64)];

/// A planner of these terms, whose plan is of least cost for these batteries and slots.
fn planned(terms: ScheduleTerms, batteries: &[Flexible], slots: Slots<'_>, end_value: f64) -> Planner {
    let mut planner = Planner::new(terms, SLOT, Calendar::default());
    let rest_kw: Vec<f64> = slots.iter().map(|slot| slot.0).collect();
    let prices: Vec<(f64, f64)> = slots.iter().map(|slot| (slot.1, slot.2)).collect();
    let fleet = planner.fleet(batteries);
    let storage = fleet.storage((Time(0), slots.len()), end_value, &planner.terms);
    let problem = problem::of((Time(0), SLOT), storage.into_iter(), &rest_kw, &prices, &planner.terms);
    let mut found = schedule_jointly(&problem, None).expect("a sound problem").schedule;
    let together = found.devices.remove(0);
    planner.plan = Some(Plan {
        day: 0,
        start: Time(0),
        devices: fleet.share_out(Time(0), &together, &BTreeMap::new()).into_iter().collect(),
        futures: vec![Future { power_kw: together.power_kw.clone(), net_kw: found.net_kw.clone() }],
        batteries: together,
        net_kw: found.net_kw,
        reach_kw: rest_kw.iter().map(|rest_kw| rest_kw.abs()).collect(),
        rest_kw,
        prices,
        end_value_eur_per_kwh: end_value,
        known: Known::new([].iter(), (&planner.terms, &[])),
    });
    planner
}

fn told(planner: &mut Planner, batteries: &[Flexible]) -> Vec<Dispatch> {
    let now = Now { time: Time(0), calendar: Calendar::default() };
    planner.orders = Some(planner.orders(now, batteries));
    batteries.iter().map(|battery| planner.dispatch(battery.id, Time(0))).collect()
}

/// Dear import at night, and export that earns little.
const NIGHT: (f64, f64, f64) = (0.0, 0.207, 0.1);
const EVENING: (f64, f64, f64) = (10.0, 0.27, 0.1);

#[test]
fn a_deficit_that_is_worth_covering_is_followed_by_as_few_as_do_it_well_the_fullest_first() {
    let batteries = [battery(1, 40.0), battery(2, 80.0), battery(3, 60.0)];
    for (rest_kw, expected) in [(20.0, [0.0, 1.0, 0.0]), (45.0, [0.0, 0.5, 0.5])] {
        let mut planner = planned(terms(), &batteries, &[(rest_kw, 0.27, 0.1), EVENING], 0.15);
        let shares = told(&mut planner, &batteries).into_iter().map(|dispatch| match dispatch {
            Dispatch::Follow { share, side: Side::Both } => share,
            other => {
                assert_eq!(other, Dispatch::Hold(0.0));
                0.0
            }
        });
        assert_eq!(shares.collect::<Vec<_>>(), expected, "{rest_kw} kW");
    }
}

#[test]
fn an_idle_battery_stores_what_would_be_exported_while_it_keeps_what_it_holds_for_a_dearer_hour() {
    let batteries = [battery(1, 10.0)];
    // It holds 5 kWh; the evening takes more.
    let evening = [EVENING; 8];
    let slots: Vec<_> = [(3.0, 0.25, 0.1)].into_iter().chain(evening).collect();
    let mut planner = planned(terms(), &batteries, &slots, 0.0);
    assert!(planner.plan.as_ref().is_some_and(|plan| plan.batteries.power_kw[0] == 0.0), "it waits");
    assert_eq!(told(&mut planner, &batteries), [Dispatch::Follow { share: 1.0, side: Side::Surplus }]);
}

#[test]
fn an_idle_battery_covers_what_comes_where_storing_would_not_pay() {
    // What is exported earns too much to be stored, and too little to be sold from the store.
    let batteries = [battery(1, 50.0)];
    let mut planner = planned(terms(), &batteries, &[(0.0, 0.27, 0.16), (0.0, 0.27, 0.1)], 0.15);
    let told = told(&mut planner, &batteries);
    assert_eq!(told, [Dispatch::Follow { share: 1.0, side: Side::Deficit }]);
}

#[test]
fn what_is_bought_or_sold_for_its_price_is_held_whatever_the_meter_shows() {
    let batteries = [battery(1, 50.0)];
    let mut buying = planned(
        terms(),
        &batteries,
        &[NIGHT, (60.0, 0.5, 0.1), (60.0, 0.5, 0.1), (60.0, 0.5, 0.1), (60.0, 0.5, 0.1)],
        0.0,
    );
    let [Dispatch::Hold(power_kw)] = told(&mut buying, &batteries)[..] else { panic!("it charges from the grid") };
    assert!(power_kw > 1.0, "{power_kw} kW");
    let mut selling = planned(terms(), &batteries, &[(0.0, 0.5, 0.4), (0.0, 0.2, 0.1)], 0.1);
    let [Dispatch::Hold(power_kw)] = told(&mut selling, &batteries)[..] else { panic!("it sells") };
    assert!(power_kw < -1.0, "{power_kw} kW");
}

#[test]
fn a_peak_is_shaved_by_a_power_and_not_by_a_meter_at_zero() {
    let batteries = [battery(1, 30.0)];
    let slots = [(60.0, 0.27, 0.1), (60.0, 0.27, 0.1), (60.0, 0.27, 0.1), (60.0, 0.27, 0.1)];
    let mut planner = planned(ScheduleTerms { peak_eur_per_kw: 5.0, ..terms() }, &batteries, &slots, 0.0);
    let [Dispatch::Hold(power_kw)] = told(&mut planner, &batteries)[..] else { panic!("it shaves") };
    // 25 kWh stored are 23.5 kWh at the terminals: 23.5 kW over the hour.
    assert!((power_kw + 23.5).abs() < 0.1, "{power_kw} kW");
}

#[test]
fn a_battery_that_is_heard_of_after_a_plan_without_any_follows_the_meter_or_rests() {
    let mut planner = Planner::new(terms(), SLOT, Calendar::default());
    let now = Now { time: Time(0), calendar: Calendar::default() };
    let mut out = Outbox::of(ParticipantId(9));
    planner.look(now, (&[], &[]), 10.0, &mut out);
    assert!(planner.plan.is_some());
    let dispatch = told(&mut planner, &[battery(1, 50.0)]);
    assert!(matches!(dispatch[..], [Dispatch::Hold(0.0) | Dispatch::Follow { .. }]), "{dispatch:?}");
}

#[test]
fn without_a_plan_batteries_rest() {
    let mut planner = Planner::new(terms(), SLOT, Calendar::default());
    assert_eq!(told(&mut planner, &[battery(1, 50.0)]), [Dispatch::Hold(0.0)]);
}

#[test]
fn a_power_is_shared_out_in_full_and_within_what_each_can_do() {
    let batteries = [battery(1, 94.0), battery(2, 10.0), battery(3, 20.0), battery(4, 95.0)];
    let planner = Planner::new(terms(), SLOT, Calendar::default());
    let fleet = planner.fleet(&batteries);
    let together = DevicePlan { power_kw: vec![20.0, 60.0, 90.0, -5.0, -150.0, 0.0], ..DevicePlan::default() };
    let own_kw = BTreeMap::from([(ParticipantId(4), 0.05)]);
    let shared = fleet.share_out(Time(0), &together, &own_kw);
    for (step, expected_kw) in together.power_kw.iter().enumerate() {
        let sum_kw: f64 = shared.iter().map(|(_, planned)| planned.power_kw[step]).sum();
        assert!((sum_kw - expected_kw - 0.05).abs() < 1e-9, "{sum_kw} kW of {expected_kw} kW");
    }
    let used = |step: usize| -> BTreeSet<u32> {
        shared.iter().filter(|(_, planned)| planned.power_kw[step].abs() > 0.1).map(|(id, _)| id.0).collect()
    };
    assert_eq!((used(0), used(1)), (BTreeSet::from([2]), BTreeSet::from([2, 3, 1])), "the emptiest first");
    assert_eq!((used(3).len(), used(5).len()), (1, 0));
    for (id, planned) in &shared {
        assert!(planned.soc_kwh.iter().all(|soc_kwh| (5.0 - 1e-9..95.0 + 1e-9).contains(soc_kwh)), "{id:?}");
    }
}

#[test]
fn what_a_battery_draws_for_itself_is_learned_while_its_energy_stands_still() {
    let mut own = OwnSupply::default();
    let drawing = |energy_kwh: f64, power_kw: f64| {
        let mut battery = battery(1, energy_kwh);
        battery.storage.power_kw = power_kw;
        [battery]
    };
    own.note(&drawing(50.0, 0.045));
    assert_eq!(own.all_kw(&drawing(50.0, 0.0)), 0.0, "one look shows no standstill");
    own.note(&drawing(50.0, 0.05));
    own.note(&drawing(52.0, 9.0));
    assert_eq!(own.all_kw(&drawing(52.0, 0.0)), 0.05);
}
