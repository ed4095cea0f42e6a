//! Promises of physics: what assets take, meters show; what is not stored or delivered is lost, and nothing else.

use crate::rig::{Keep, Outside, busy, martinique, plan, set, sweep};
use agents::record::{Record, SessionRow};
use agents::{Kind, MeterId, MeterReading, ParticipantId, PortfolioId, SiteId};
use scenarios::{Plan, Role};
use std::collections::BTreeMap;
use twin::{Kernel, SweepHost, World};

const RELATIVE: f64 = 1e-9;

/// Runs a plan and looks at its world before the first and after every tick.
fn watch(plan: &Plan, mut look: impl FnMut(&World, &Keep)) {
    let mut kernel = Kernel::new(plan);
    let mut host = SweepHost::new(plan, kernel.world_mut());
    let mut rows = Keep::default();
    look(kernel.world(), &rows);
    while !kernel.is_over() {
        rows.0.clear();
        kernel.tick(&mut host, &mut rows).unwrap();
        look(kernel.world(), &rows);
    }
}

/// Three days, three busy ones, and a day in minutes on which small batteries run full and empty.
fn plans() -> [Plan; 3] {
    let mut small = busy("1d", "60s", 6);
    let rule = "{ rule = \"price-threshold\", charge_below_eur_per_mwh = 225, discharge_above_eur_per_mwh = 300 }";
    set(&mut small, &format!("ems.batteries={rule}"));
    set(&mut small, "battery.*.capacity_kwh=25");
    [martinique("3d", "15m", 6), busy("3d", "15m", 6), small].map(|scenario| plan(&scenario))
}

fn of_kind(plan: &Plan, is: impl Fn(Kind) -> bool) -> Vec<ParticipantId> {
    let wanted = plan.participants.iter().enumerate().filter(|(_, participant)| is(participant.role.kind()));
    wanted.map(|(index, _)| ParticipantId(index as u32)).collect()
}

/// Assets whose powers meet at a site's meter: a vehicle's power is contained in its charge point's.
fn metered(plan: &Plan) -> Vec<ParticipantId> {
    of_kind(plan, |kind| kind.is_asset() && kind != Kind::Ev)
}

/// A sum and the scale of its rounding errors.
#[derive(Clone, Copy, Default)]
struct Sum {
    net_kw: f64,
    gross_kw: f64,
}

impl Sum {
    fn add(&mut self, power_kw: f64) {
        self.net_kw += power_kw;
        self.gross_kw += power_kw.abs();
    }

    #[track_caller]
    fn assert_is(self, meter: MeterReading, what: &str) {
        let error_kw = (self.net_kw - meter.power_kw).abs();
        // A battery that brings its meter to zero leaves the rounding errors of a watt.
        assert!(
            error_kw <= RELATIVE * self.gross_kw.max(1e-3),
            "{what}: assets take {} kW, it shows {meter:?}",
            self.net_kw
        );
    }
}

#[test]
fn every_meter_shows_the_sum_of_what_its_assets_take() {
    for plan in plans() {
        let assets = metered(&plan);
        let mut most_kw = 0.0_f64;
        watch(&plan, |world, _| {
            let mut sites = vec![Sum::default(); plan.sites.len()];
            let mut portfolios = vec![Sum::default(); plan.portfolios.len()];
            let mut island = Sum::default();
            for asset in &assets {
                let site = plan.participants[asset.index()].site.unwrap();
                let power_kw = world.power_kw(*asset).unwrap();
                sites[site.index()].add(power_kw);
                portfolios[plan.sites[site.index()].portfolio.unwrap().index()].add(power_kw);
                island.add(power_kw);
            }
            for (index, sum) in sites.iter().enumerate() {
                sum.assert_is(world.meter(MeterId::Site(SiteId(index as u32))), &plan.sites[index].name);
            }
            for (index, sum) in portfolios.iter().enumerate() {
                let meter = MeterId::Portfolio(PortfolioId(index as u32));
                sum.assert_is(world.meter(meter), &plan.portfolios[index]);
            }
            island.assert_is(world.meter(MeterId::Island), "the island");
            most_kw = most_kw.max(island.net_kw);
        });
        assert!(most_kw > 150_000.0, "the island takes {most_kw} kW at most");
    }
}

#[test]
fn registers_count_what_the_meters_show() {
    let plan = plan(&busy("3d", "15m", 6));
    let hours = plan.tick.hours();
    let mut energy_kwh = vec![0.0; plan.sites.len()];
    let mut rows_kwh = vec![[0.0; 2]; plan.sites.len()];
    watch(&plan, |world, rows| {
        for (index, energy_kwh) in energy_kwh.iter_mut().enumerate() {
            let meter = world.meter(MeterId::Site(SiteId(index as u32)));
            *energy_kwh += meter.power_kw * hours;
            let net_kwh = meter.imported.as_kwh() - meter.exported.as_kwh();
            // Each of the two registers is rounded to the watt-hour.
            assert!((net_kwh - *energy_kwh).abs() <= 1.001e-3, "{}: {net_kwh} {energy_kwh}", plan.sites[index].name);
        }
        for reading in rows.0.iter().flat_map(|rows| &rows.sites) {
            let sums = &mut rows_kwh[reading.site.index()];
            sums[0] += reading.import_kwh;
            sums[1] += reading.export_kwh;
        }
        for (index, [import_kwh, export_kwh]) in rows_kwh.iter().enumerate() {
            let meter = world.meter(MeterId::Site(SiteId(index as u32)));
            // A row is rounded to the watt-hour, and there are as many as there were ticks.
            let tolerance_kwh = 0.5e-3 * (plan.ticks() + 1) as f64;
            assert!((meter.imported.as_kwh() - import_kwh).abs() <= tolerance_kwh);
            assert!((meter.exported.as_kwh() - export_kwh).abs() <= tolerance_kwh);
        }
    });
}

/// Nominal energy of a store.
fn capacity_kwh(plan: &Plan, id: ParticipantId) -> f64 {
    match &plan.participants[id.index()].role {
        Role::Battery(_, battery) => battery.capacity_kwh,
        Role::Ev(_, vehicle) => vehicle.parameters.capacity_kwh,
        role => panic!("{:?} stores nothing", role.kind()),
    }
}

/// Standby and cooling are losses like those of the converter: a battery that does nothing takes just them.
#[test]
fn a_battery_stores_what_it_takes_less_its_losses() {
    for plan in plans() {
        let hours = plan.tick.hours();
        let batteries = of_kind(&plan, |kind| kind == Kind::Battery);
        let mut before: BTreeMap<ParticipantId, (f64, f64)> = BTreeMap::new();
        let mut throughput_kwh = 0.0;
        watch(&plan, |world, _| {
            for battery in &batteries {
                let (stored_kwh, lost_kwh) = world.storage(*battery).unwrap();
                let taken_kwh = world.power_kw(*battery).unwrap() * hours;
                if let Some((stored_before_kwh, lost_before_kwh)) = before.insert(*battery, (stored_kwh, lost_kwh)) {
                    let gained_kwh = (stored_kwh - stored_before_kwh) + (lost_kwh - lost_before_kwh);
                    let scale_kwh = capacity_kwh(&plan, *battery);
                    assert!((gained_kwh - taken_kwh).abs() <= RELATIVE * scale_kwh, "{gained_kwh} {taken_kwh}");
                    let Role::Battery(_, parameters) = &plan.participants[battery.index()].role else { unreachable!() };
                    let standby_kwh = parameters.standby_w / 1000.0 * hours;
                    let fresh_kwh = lost_kwh - lost_before_kwh;
                    assert!(
                        fresh_kwh >= standby_kwh * (1.0 - RELATIVE),
                        "only {fresh_kwh} kWh lost, {standby_kwh} in standby"
                    );
                    throughput_kwh += taken_kwh.abs();
                }
            }
        });
        assert!(throughput_kwh > 100.0, "batteries moved only {throughput_kwh} kWh");
    }
}

#[test]
fn no_storage_leaves_its_window() {
    let (mut emptiest, mut fullest) = (1.0_f64, 0.0_f64);
    for plan in plans() {
        let stores = of_kind(&plan, |kind| matches!(kind, Kind::Battery | Kind::Ev));
        let mut before: BTreeMap<ParticipantId, f64> = BTreeMap::new();
        watch(&plan, |world, rows| {
            for store in &stores {
                let (min_kwh, max_kwh) = world.storage_window(*store).unwrap();
                let (stored_kwh, _) = world.storage(*store).unwrap();
                // Ageing shrinks the window at midnight: what lies above it then may stay, but not grow.
                let before_kwh = before.insert(*store, stored_kwh).unwrap_or(stored_kwh);
                let tolerance_kwh = RELATIVE * capacity_kwh(&plan, *store);
                assert!(
                    (min_kwh - tolerance_kwh..=max_kwh.max(before_kwh) + tolerance_kwh).contains(&stored_kwh),
                    "{}: {stored_kwh} kWh",
                    plan.participants[store.index()].id
                );
                let share = (stored_kwh - min_kwh) / (max_kwh - min_kwh);
                (emptiest, fullest) = (emptiest.min(share), fullest.max(share));
            }
            for reading in rows.0.iter().flat_map(|rows| &rows.assets).filter(|reading| stores.contains(&reading.asset))
            {
                let (stored_kwh, _) = world.storage(reading.asset).unwrap();
                assert!((reading.energy_kwh.unwrap() - stored_kwh).abs() <= 0.500_1e-3, "{reading:?} {stored_kwh}");
            }
        });
    }
    assert!(emptiest < 1e-9 && fullest > 1.0 - 1e-9, "no storage meets its window: {emptiest} to {fullest}");
}

/// The capacity a day's row tells of is the one that holds in the next day, and no energy comes or goes with it.
#[test]
fn a_battery_tells_its_health_once_a_day_and_has_it_from_midnight_on() {
    let plan = plan(&busy("3d", "15m", 6));
    let batteries = of_kind(&plan, |kind| kind == Kind::Battery);
    let (mut told, mut days) = (BTreeMap::<ParticipantId, f64>::new(), 0);
    watch(&plan, |world, rows| {
        let rows_of_days = rows.0.iter().flat_map(|rows| &rows.records).filter_map(|record| match record {
            Record::StorageHealth(row) => Some(row),
            _ => None,
        });
        for (battery, soh) in std::mem::take(&mut told) {
            let (_, max_kwh) = world.storage_window(battery).unwrap();
            let Role::Battery(_, parameters) = &plan.participants[battery.index()].role else { unreachable!() };
            let expected_kwh = soh * parameters.max_soc * parameters.capacity_kwh;
            assert!((max_kwh - expected_kwh).abs() < 1e-6, "{max_kwh} kWh, not {expected_kwh} kWh");
        }
        for row in rows_of_days {
            let (_, lost_kwh) = world.storage(row.asset).unwrap();
            assert!((row.health.lost_kwh - lost_kwh).abs() <= 0.500_1e-3, "{row:?} {lost_kwh}");
            assert!(row.health.soh < 1.0 && row.health.cell_max_c >= row.health.cell_mean_c, "{row:?}");
            told.insert(row.asset, row.health.soh);
            days += 1;
        }
    });
    assert_eq!(days, 3 * batteries.len(), "the last day ends with the run");
}

/// A vehicle stores what it takes at the inlet, less losses and less what it drives; driving never gives energy.
#[test]
fn a_vehicle_stores_what_it_takes_less_losses_and_what_it_drives() {
    for plan in plans() {
        let hours = plan.tick.hours();
        let vehicles = of_kind(&plan, |kind| kind == Kind::Ev);
        let mut before: BTreeMap<ParticipantId, (f64, f64)> = BTreeMap::new();
        let (mut driven_kwh, mut driving_intervals, mut charged_kwh) = (0.0, 0, 0.0);
        watch(&plan, |world, _| {
            for vehicle in &vehicles {
                let (stored_kwh, lost_kwh) = world.storage(*vehicle).unwrap();
                let taken_kwh = world.power_kw(*vehicle).unwrap() * hours;
                if let Some((stored_before_kwh, lost_before_kwh)) = before.insert(*vehicle, (stored_kwh, lost_kwh)) {
                    let spent_kwh =
                        taken_kwh - (stored_kwh - stored_before_kwh) - (lost_kwh - lost_before_kwh).max(0.0);
                    let tolerance_kwh = RELATIVE * capacity_kwh(&plan, *vehicle);
                    assert!(spent_kwh >= -tolerance_kwh, "energy from nowhere: {spent_kwh} kWh");
                    driven_kwh += spent_kwh;
                    driving_intervals += usize::from(spent_kwh > tolerance_kwh);
                    charged_kwh += taken_kwh;
                }
            }
        });
        let intervals = plan.ticks() as usize * vehicles.len();
        assert!(driven_kwh > 20.0 && charged_kwh > 20.0, "driven {driven_kwh} kWh, charged {charged_kwh} kWh");
        assert!(
            driving_intervals < intervals / 2,
            "vehicles lose energy in {driving_intervals} of {intervals} intervals"
        );
    }
}

#[test]
fn a_vehicle_takes_what_its_charge_point_gives() {
    for plan in plans() {
        let pairs: Vec<_> = plan
            .participants
            .iter()
            .enumerate()
            .filter_map(|(index, participant)| match &participant.role {
                Role::Ev(_, vehicle) => Some((ParticipantId(index as u32), vehicle.evse)),
                _ => None,
            })
            .collect();
        watch(&plan, |world, _| {
            for (vehicle, evse) in &pairs {
                assert_eq!(world.power_kw(*vehicle), world.power_kw(*evse));
            }
        });
    }
}

#[test]
fn the_sessions_of_a_charge_point_add_up_to_what_its_meter_counted() {
    for plan in [plan(&martinique("30d", "15m", 2)), plan(&busy("30d", "15m", 2))] {
        let run = sweep(&plan, Outside::Nothing);
        let mut sessions: BTreeMap<ParticipantId, Vec<SessionRow>> = BTreeMap::new();
        for record in run.records() {
            if let Record::Session(row) = record {
                sessions.entry(row.evse).or_default().push(*row);
            }
        }
        assert!(sessions.len() >= 8, "sessions at {} charge points only", sessions.len());
        for (evse, sessions) in sessions {
            let name = &plan.participants[evse.index()].id;
            let last = sessions.last().unwrap().end;
            // What flowed after the last end belongs to a session still open; nobody is back within the tick.
            let through = run.rows.iter().filter(|rows| rows.start < last).flat_map(|rows| &rows.assets);
            let powers = through.filter(|reading| reading.asset == evse).map(|reading| reading.power_kw);
            let (mut energy_kwh, mut intervals) = (0.0, 0);
            for power_kw in powers {
                energy_kwh += power_kw * plan.tick.hours();
                intervals += 1;
            }
            let in_sessions_kwh: f64 = sessions.iter().map(|row| row.delivered_kwh - row.returned_kwh).sum();
            // Rows are rounded to the watt, sessions to the watt-hour; errors of rounding spread as their root.
            let tolerance_kwh =
                0.5e-3 * (plan.tick.hours() * f64::from(intervals).sqrt() * 4.0 + 2.0 * sessions.len() as f64);
            assert!(
                (energy_kwh - in_sessions_kwh).abs() <= tolerance_kwh,
                "{name}: {energy_kwh} kWh metered, {in_sessions_kwh} kWh in {} sessions",
                sessions.len()
            );
            assert!(sessions.windows(2).all(|pair| pair[0].end <= pair[1].start), "{name}: sessions overlap");
            assert!(sessions.iter().all(|row| row.start < row.end && row.cost.is_some()), "{name}");
        }
    }
}
