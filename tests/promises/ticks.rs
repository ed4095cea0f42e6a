//! Promises about time: the length of a tick changes how closely the world is looked at, not the world.

use crate::rig::{Keep, martinique, plan};
use agents::{Kind, ParticipantId};
use scenarios::Scenario;
use std::collections::BTreeMap;
use twin::{Kernel, SweepHost};

/// What is compared, by local day and name.
type Daily = BTreeMap<(i64, &'static str), f64>;

fn daily(scenario: &Scenario) -> Daily {
    let plan = plan(scenario);
    let mut kernel = Kernel::new(&plan);
    let mut host = SweepHost::new(&plan, kernel.world_mut());
    let mut rows = Keep::default();
    let assets: Vec<_> = plan
        .participants
        .iter()
        .enumerate()
        .filter(|(_, participant)| participant.role.kind().is_asset())
        .map(|(index, participant)| (ParticipantId(index as u32), participant.role.kind()))
        .collect();
    let mut daily = Daily::new();
    let hours = plan.tick.hours();
    while !kernel.is_over() {
        let day = plan.calendar.day(kernel.now());
        rows.0.clear();
        kernel.tick(&mut host, &mut rows).unwrap();
        for (asset, kind) in &assets {
            let energy_kwh = kernel.world().power_kw(*asset).unwrap() * hours;
            *daily.entry((day, kind.as_str())).or_default() += energy_kwh;
            if *kind == Kind::Battery {
                *daily.entry((day, "throughput")).or_default() += energy_kwh.abs();
            }
        }
    }
    daily
}

#[test]
fn ticks_of_a_second_a_minute_and_a_quarter_hour_see_the_same_world() {
    let runs = ["1s", "60s", "15m"].map(|tick| daily(&martinique("2d", tick, 1)));
    for (key, value) in &runs[0] {
        let others = [runs[1][key], runs[2][key]];
        println!("{key:?} {value} {:?}", others.map(|o| o / value - 1.0));
    }
}
