//! Promises of mirroring: a twin that hears what assets in the field say shows what they do, and how far its models are
//! from it; what it hears wrongly moves nothing.
//!
//! The field is another run of the twin, with weather and drivers of its own, whose rows are published as the devices of
//! the platform do: every 30 s, and when a state changes or a power jumps.

use crate::rig::{
    Keep, Outside, Run, assert_same_rows, at, busy, id, live, martinique, peace, plan, saboteur, set, sweep,
};
use agents::face::FieldQuantity;
use agents::reading::{AssetReading, AssetState, MirrorReading};
use agents::record::EventCode;
use agents::{Kind, MeterId, ParticipantId, SiteId, Span, Time};
use scenarios::Plan;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use twin::{Input, Journal, Kernel, Refusal, SweepHost};

type Script = Vec<(Time, Input)>;

fn reading(asset: &str, quantity: FieldQuantity, value: f64, time: Time) -> Input {
    Input::Reading { asset: asset.into(), quantity, value, time }
}

fn power(asset: &str, power_kw: f64, time: Time) -> Input {
    reading(asset, FieldQuantity::Power, power_kw, time)
}

fn release(asset: &str) -> Input {
    Input::Release { asset: asset.into() }
}

/// What the assets of a run publish: each at the end of its interval, and then submitted.
fn published(plan: &Plan, run: &Run) -> Script {
    let mut script = Script::new();
    let mut last: BTreeMap<ParticipantId, AssetReading> = BTreeMap::new();
    for interval in &run.rows {
        let time = interval.start + interval.length;
        for now in &interval.assets {
            let jumps = |before: &AssetReading| (now.power_kw - before.power_kw).abs() > 0.5;
            let is_news = last.get(&now.asset).is_none_or(|before| before.state != now.state || jumps(before));
            if !is_news && time != time.floor(Span::from_s(30)) {
                continue;
            }
            last.insert(now.asset, *now);
            let name = &plan.participants[now.asset.index()].id;
            script.push((time, power(name, now.power_kw, time)));
            if let Some(energy_kwh) = now.energy_kwh {
                script.push((time, reading(name, FieldQuantity::Energy, energy_kwh, time)));
            }
            script.push((time, reading(name, FieldQuantity::State, f64::from(now.state as u8), time)));
        }
    }
    script
}

/// Noon to evening: PV falls, batteries turn, vehicles come home.
fn afternoon(duration: &str, tick: &str, seed: u64) -> Plan {
    let mut scenario = busy(duration, tick, seed);
    set(&mut scenario, "run.start=2026-03-20T14:00:00-04:00");
    plan(&scenario)
}

/// The power last published of each asset, by the interval that shows it.
fn last_published(plan: &Plan, script: &Script, rows: &Run) -> Vec<BTreeMap<ParticipantId, f64>> {
    let (mut told, mut script) = (BTreeMap::new(), &script[..]);
    let of_interval = |interval: &crate::rig::Interval| {
        while let Some(((_, input), rest)) = script.split_first().filter(|((time, _), _)| *time <= interval.start) {
            if let Input::Reading { asset, quantity: FieldQuantity::Power, value, .. } = input {
                told.insert(id(plan, asset), *value);
            }
            script = rest;
        }
        told.clone()
    };
    rows.rows.iter().map(of_interval).collect()
}

fn kind_of(plan: &Plan, asset: ParticipantId) -> Kind {
    plan.participants[asset.index()].role.kind()
}

/// By kind of asset: mean difference of power relative to the mean power of the first, and the largest difference of
/// stored energy relative to the capacity.
fn differences(plan: &Plan, a: &Run, b: &Run) -> BTreeMap<Kind, (f64, f64)> {
    let catalogue = plan.catalogue();
    let mut sums: BTreeMap<Kind, (f64, f64, f64)> = BTreeMap::new();
    for (a, b) in a.rows.iter().zip(&b.rows).skip(2).flat_map(|(a, b)| a.assets.iter().zip(&b.assets)) {
        let sum = sums.entry(kind_of(plan, a.asset)).or_default();
        sum.0 += (a.power_kw - b.power_kw).abs();
        sum.1 += a.power_kw.abs();
        if let (Some(x), Some(y), Some(full)) =
            (a.energy_kwh, b.energy_kwh, catalogue.participants[a.asset.index()].capacity_kwh)
        {
            sum.2 = sum.2.max((x - y).abs() / full);
        }
    }
    sums.into_iter().map(|(kind, (error, all, energy))| (kind, (error / all, energy))).collect()
}

#[test]
fn a_twin_that_hears_the_field_shows_what_it_does() {
    // (tick, length, mean error of power by the age of what was published, largest error of stored energy)
    for (tick, duration, power_error, energy_error) in [("60s", "6h", 0.20, 0.02), ("1s", "45m", 0.02, 0.001)] {
        let (field, twin) = (afternoon(duration, tick, 1), afternoon(duration, tick, 2));
        let real = sweep(&field, Outside::Nothing);
        let script = published(&field, &real);
        let (alone, mirrored) = (sweep(&twin, Outside::Nothing), sweep(&twin, Outside::Script(&script)));
        let told = last_published(&twin, &script, &mirrored);
        for (interval, told) in mirrored.rows.iter().zip(&told).skip(1) {
            for asset in interval.assets.iter().filter(|asset| kind_of(&twin, asset.asset) != Kind::Ev) {
                assert_eq!(asset.power_kw, told[&asset.asset], "{tick}, {}: what was last published", interval.start);
            }
        }
        let (with, without) = (differences(&twin, &real, &mirrored), differences(&twin, &real, &alone));
        for (kind, (power, energy)) in &with {
            assert!(*power < power_error, "{tick} {kind}: powers differ by {power} in the mean");
            assert!(*energy < energy_error, "{tick} {kind}: energies differ by up to {energy} of the capacity");
            assert!(without[kind].0 > 3.0 * power, "{tick} {kind}: alone they differ by {} already", without[kind].0);
        }
    }
}

#[test]
fn the_plug_of_a_charge_point_is_that_of_the_field() {
    let (field, twin) = (afternoon("8h", "60s", 3), afternoon("8h", "60s", 4));
    let real = sweep(&field, Outside::Nothing);
    let script = published(&field, &real);
    for told_by in ["evse_", "ev_", "ev"] {
        let is_heard = |input: &Input| matches!(input, Input::Reading { asset, .. } if asset.starts_with(told_by));
        let script: Script = script.iter().filter(|(_, input)| is_heard(input)).cloned().collect();
        assert_same_plugs(&twin, &real, &sweep(&twin, Outside::Script(&script)));
    }
}

#[track_caller]
fn assert_same_plugs(twin: &Plan, real: &Run, mirrored: &Run) {
    let evses = |interval: &crate::rig::Interval| -> Vec<bool> {
        let evses = interval.assets.iter().filter(|asset| kind_of(twin, asset.asset) == Kind::Evse);
        evses.map(|asset| asset.state == AssetState::Available).collect()
    };
    let (mut free, mut taken) = (0, 0);
    // What was told at the end of an interval is so in the next one.
    for (real, mirrored) in real.rows.iter().zip(&mirrored.rows[1..]) {
        let (real, mirrored) = (evses(real), evses(mirrored));
        assert_eq!(real, mirrored);
        free += real.iter().filter(|is_free| **is_free).count();
        taken += real.iter().filter(|is_free| !**is_free).count();
    }
    assert!(free > 500 && taken > 500, "{free} free, {taken} taken");
}

/// The mirror's rows of an asset.
fn mirror_of(run: &Run, asset: ParticipantId) -> Vec<(Time, MirrorReading)> {
    let rows = run.rows.iter().flat_map(|interval| interval.mirror.iter().map(|row| (interval.start, *row)));
    rows.filter(|(_, row)| row.asset == asset).collect()
}

#[test]
fn a_plant_of_half_the_power_parts_from_its_model_and_others_do_not() {
    let noon = |faulty: bool| {
        let mut scenario = martinique("2h", "60s", 5);
        set(&mut scenario, "run.start=2026-03-20T11:00:00-04:00");
        set(&mut scenario, "clouds.day_class=clear");
        if faulty {
            set(&mut scenario, "pv.pv_03.peak_kw=2.5");
        }
        plan(&scenario)
    };
    let (field, twin) = (noon(true), noon(false));
    let script = published(&field, &sweep(&field, Outside::Nothing));
    let is_pv = |asset: &str| asset.starts_with("pv_");
    let script: Script =
        script.into_iter().filter(|(_, input)| matches!(input, Input::Reading { asset, .. } if is_pv(asset))).collect();
    let run = sweep(&twin, Outside::Script(&script));
    let faulty = id(&twin, "pv_03");
    let told = run.events(EventCode::MirrorDiverged);
    assert!(told.iter().all(|event| event.participant == faulty), "nobody else's: {told:?}");
    assert!(told[0].time <= twin.start + Span::from_minutes(10), "{told:?}");
    let mean_kw = |asset| {
        let residuals: Vec<_> = mirror_of(&run, asset).iter().filter_map(|(_, row)| row.residual_kw).collect();
        residuals.iter().sum::<f64>() / residuals.len() as f64
    };
    assert!(mean_kw(faulty) > 1.2, "{} kW: the field gives less", mean_kw(faulty));
    for other in (1..=10).filter(|number| *number != 3).map(|number| id(&twin, &format!("pv_{number:02}"))) {
        assert!(mean_kw(other).abs() < 0.15, "{} kW", mean_kw(other));
    }
}

#[test]
fn field_and_model_agree_again_when_the_fault_is_over() {
    let mut scenario = martinique("1h", "60s", 1);
    // Nobody manages it: it rests.
    set(&mut scenario, "battery.bat_03.portfolio=nobodys");
    let plan = plan(&scenario);
    let script: Script = (0..60)
        .map(|minute| {
            let time = plan.start + Span::from_minutes(minute);
            // In the field it gives power for twenty minutes.
            (time, power("bat_03", if (10..30).contains(&minute) { -40.0 } else { 0.05 }, time))
        })
        .collect();
    let run = sweep(&plan, Outside::Script(&script));
    let told = |code| -> Vec<Time> { run.events(code).iter().map(|event| event.time).collect() };
    let minute = |minute| plan.start + Span::from_minutes(minute);
    // A mean over 5 minutes of more than 20 % of 50 kW: two of them at 40 kW. Of less than 10 %: none.
    assert_eq!(told(EventCode::MirrorDiverged), [minute(12)]);
    assert_eq!(told(EventCode::MirrorAgrees), [minute(35)]);
    let detail = &run.events(EventCode::MirrorDiverged)[0].detail;
    assert!(detail.contains("-16.0") && detail.contains("10.000"), "{detail}");
}

#[test]
fn silence_makes_an_asset_stale_and_its_model_carries_on_until_readings_are_back() {
    let (field, twin) = (afternoon("3h", "60s", 6), afternoon("3h", "60s", 7));
    let real = sweep(&field, Outside::Nothing);
    let gap = at(&twin, 1.0)..at(&twin, 2.0);
    let script: Script = published(&field, &real).into_iter().filter(|(time, _)| !gap.contains(time)).collect();
    let run = sweep(&twin, Outside::Script(&script));
    let assets = run.rows[0].assets.len();
    for (code, expected) in [
        // The last one is of 59 minutes and holds for 90 s: at 60:30, the middle of the tick, it holds no more.
        (EventCode::MirrorStale, gap.start + Span::MINUTE),
        (EventCode::MirrorFresh, gap.end + Span::MINUTE),
    ] {
        let told = run.events(code);
        assert_eq!(told.len(), assets, "{code}");
        assert!(told.iter().all(|event| event.time == expected), "{code}: {:?}", told[0]);
    }
    let (mut moved_kw, catalogue) = (0.0, twin.catalogue());
    for (interval, before) in run.rows[2..].iter().zip(&run.rows[1..]) {
        let is_silent = gap.contains(&interval.start);
        for row in &interval.mirror {
            assert_eq!(row.is_stale, is_silent, "{}", interval.start);
            assert_eq!((row.field_power_kw.is_none(), row.residual_kw.is_none()), (is_silent, is_silent));
            let since_s = if is_silent { (interval.start - gap.start).seconds() + 120.0 } else { 60.0 };
            assert_eq!(row.staleness_s, since_s);
            let asset = interval.assets.iter().find(|asset| asset.asset == row.asset).unwrap();
            if is_silent {
                assert_eq!(asset.power_kw, row.model_power_kw, "its model carries on");
                moved_kw += asset.power_kw.abs();
            }
            // From where reality left it: no store jumps into the gap.
            if let (Some(now), Some(then), true) = (
                asset.energy_kwh,
                before.assets.iter().find(|asset| asset.asset == row.asset).unwrap().energy_kwh,
                is_silent,
            ) {
                let full = catalogue.participants[row.asset.index()].capacity_kwh.unwrap();
                assert!((now - then).abs() < 0.01 * full + 0.5, "{now} {then}");
            }
        }
    }
    assert!(moved_kw > 1000.0, "models carry on with power");
}

/// Readings none of which can be meant, and why.
fn unsound(start: Time, now: Time) -> Vec<(&'static str, Input, Refusal)> {
    use FieldQuantity::{Energy, Soc, State};
    let (hour, sound) = (Span::HOUR, now - Span::from_s(10));
    vec![
        ("pv_01", power("pv_01", -1.0, now - hour), Refusal::Late),
        ("pv_01", power("pv_01", -1.0, now + hour), Refusal::Early),
        ("pv_02", power("pv_02", f64::NAN, sound), Refusal::Wild),
        ("pv_02", power("pv_02", -1e6, sound), Refusal::Wild),
        ("pv_02", power("pv_02", 3.0, sound), Refusal::WrongSign),
        ("pv_02", reading("pv_02", Soc, 50.0, sound), Refusal::WrongKind),
        ("bat_03", power("bat_03", f64::INFINITY, sound), Refusal::Wild),
        ("bat_03", reading("bat_03", Soc, 106.0, sound), Refusal::Wild),
        ("bat_03", reading("bat_03", Energy, -1.0, sound), Refusal::Wild),
        ("bat_03", reading("bat_03", Energy, f64::NAN, sound), Refusal::Wild),
        ("bat_03", reading("bat_03", State, 12.0, sound), Refusal::WrongKind),
        ("bat_03", reading("bat_03", State, 12.5, sound), Refusal::Wild),
        ("evse_04", reading("evse_04", Energy, 3.0, sound), Refusal::WrongKind),
        ("evse_04", reading("evse_04", State, 99.0, sound), Refusal::Wild),
        ("ev_05", reading("ev_05", Soc, f64::NEG_INFINITY, sound), Refusal::Wild),
        ("ev_05", reading("ev_05", Energy, 20.0, Time(start.0 - 1 - 90_000)), Refusal::Late),
    ]
}

#[test]
fn unsound_readings_move_nobody_and_are_counted() {
    let plan = afternoon("1h", "60s", 8);
    let quiet = sweep(&plan, Outside::Nothing);
    let mut kernel = Kernel::new(&plan);
    let mut host = SweepHost::new(&plan, kernel.world_mut());
    let (mut rows, mut expected) = (Keep::default(), BTreeMap::new());
    while !kernel.is_over() {
        let now = kernel.now();
        for (asset, input, why) in unsound(plan.start, now + Span::from_s(10)) {
            kernel.submit(input).unwrap();
            *expected.entry((id(&plan, asset), why)).or_insert(0) += 1;
        }
        kernel.tick(&mut host, &mut rows).unwrap();
    }
    for (with, without) in rows.0.iter().zip(&quiet.rows) {
        assert_eq!((&with.assets, &with.sites), (&without.assets, &without.sites));
        assert_eq!(with.mirror, []);
    }
    let states = kernel.world().mirror_states();
    for ((asset, why), count) in &expected {
        assert_eq!(states[asset].refused(*why), *count, "{why}");
    }
    let events: Vec<_> = rows.0.iter().flat_map(|interval| &interval.records).collect();
    let told = |event: &&&agents::record::Record| matches!(event, agents::record::Record::Event(event) if event.code == EventCode::MirrorRefused);
    // One when they begin, and one every quarter hour but for the last one, which ends with the run.
    let told = events.iter().filter(told).count();
    assert!((4 * expected.len()..=5 * expected.len()).contains(&told), "{told} events of {}", expected.len());
}

#[test]
fn unsound_readings_among_sound_ones_do_not_move_a_mirrored_asset() {
    let (field, twin) = (afternoon("1h", "60s", 8), afternoon("1h", "60s", 9));
    let sound = published(&field, &sweep(&field, Outside::Nothing));
    let mut mixed = Script::new();
    for (index, (time, input)) in sound.iter().enumerate() {
        mixed.push((*time, input.clone()));
        if index % 50 == 7 {
            mixed.extend(unsound(twin.start, *time).into_iter().map(|(_, input, _)| (*time, input)));
        }
        // One that was overtaken by the one before.
        if let (true, Input::Reading { asset, quantity, value, time: of }) = (index % 7 == 3, input) {
            mixed.push((*time, reading(asset, *quantity, value / 2.0, *of - Span::from_s(5))));
        }
        // Once more, as a broker does that is not sure.
        if index % 9 == 0 {
            mixed.push((*time, input.clone()));
        }
    }
    let (expected, found) = (sweep(&twin, Outside::Script(&sound)), sweep(&twin, Outside::Script(&mixed)));
    for (with, without) in found.rows.iter().zip(&expected.rows) {
        assert_eq!((&with.assets, &with.sites), (&without.assets, &without.sites));
    }
    assert!(found.events(EventCode::MirrorRefused).len() > 10);
}

#[test]
fn a_journal_of_readings_gives_the_same_rows_on_any_host_whatever_befalls_the_actors() {
    let (field, twin) = (afternoon("2h", "60s", 10), afternoon("2h", "60s", 11));
    let real = sweep(&field, Outside::Nothing);
    let gap = at(&twin, 0.5)..at(&twin, 1.0);
    let mut script: Script = published(&field, &real).into_iter().filter(|(time, _)| !gap.contains(time)).collect();
    let released = at(&twin, 1.5);
    script.retain(|(time, input)| {
        *time < released || !matches!(input, Input::Reading { asset, .. } if asset == "bat_02" || asset == "evse_02")
    });
    let place = script.partition_point(|(time, _)| *time < released);
    script.splice(place..place, [(released, release("bat_02")), (released, release("evse_02"))]);
    let bad = unsound(twin.start, released).into_iter().map(|(_, input, _)| (released, input));
    script.splice(place..place, bad);
    let expected = sweep(&twin, Outside::Script(&script));
    assert!(!expected.rows.last().unwrap().mirror.is_empty());
    let journal = Journal::from_json_lines(&expected.journal.to_json_lines()).unwrap();
    assert_same_rows(&expected, &sweep(&twin, Outside::Replay(&journal)), "replayed on the sweep host");
    for threads in [1, 2] {
        let what = format!("replayed on {threads} threads");
        assert_same_rows(&expected, &live(&twin, threads, Outside::Replay(&journal), peace).0, &what);
        let struck = saboteur(17, 30, Arc::new(AtomicU64::new(0)));
        let (found, restarts) = live(&twin, threads, Outside::Replay(&journal), struck);
        assert_same_rows(&expected, &found, &format!("{what}, struck"));
        assert!(restarts > 10);
    }
}

#[test]
fn a_released_asset_is_simulated_from_where_reality_left_it() {
    let (field, twin) = (afternoon("4h", "60s", 12), afternoon("4h", "60s", 13));
    let real = sweep(&field, Outside::Nothing);
    let left = at(&twin, 2.0);
    let mut script: Script = published(&field, &real).into_iter().filter(|(time, _)| *time < left).collect();
    let names: Vec<_> = real.rows[0].assets.iter().map(|row| &field.participants[row.asset.index()].id).collect();
    script.extend(names.iter().map(|name| (left, release(name))));
    let run = sweep(&twin, Outside::Script(&script));
    let catalogue = twin.catalogue();
    assert_eq!(run.events(EventCode::MirrorReleased).len(), names.len());
    let place = run.rows.iter().position(|interval| interval.start == left).unwrap();
    assert!(run.rows[place..].iter().all(|interval| interval.mirror.is_empty()));
    let mut worked = 0;
    for (index, asset) in run.rows[place].assets.iter().enumerate() {
        let (Some(now), Some(full)) = (asset.energy_kwh, catalogue.participants[asset.asset.index()].capacity_kwh)
        else {
            continue;
        };
        let then = real.rows[place - 1].assets[index].energy_kwh.unwrap();
        assert!((now - then).abs() < 0.02 * full, "{now} kWh, reality left it at {then} kWh of {full}");
        worked += usize::from(run.rows[place..].iter().any(|rows| rows.assets[index].power_kw.abs() > 1.0));
    }
    assert!(worked > 3, "{worked}: they go on");
}

/// Runs a plan with a script, looking at the world before and after each tick.
fn watch(plan: &Plan, script: &Script, mut look: impl FnMut(&Kernel)) {
    let mut kernel = Kernel::new(plan);
    let mut host = SweepHost::new(plan, kernel.world_mut());
    let (mut script, mut rows) = (&script[..], Keep::default());
    look(&kernel);
    while !kernel.is_over() {
        while let Some(((_, input), rest)) = script.split_first().filter(|((time, _), _)| *time <= kernel.now()) {
            kernel.submit(input.clone()).unwrap();
            script = rest;
        }
        kernel.tick(&mut host, &mut rows).unwrap();
        rows.0.clear();
        look(&kernel);
    }
}

#[test]
fn meters_show_what_mirrored_assets_take_and_stores_account_for_every_watt_hour() {
    let (field, twin) = (afternoon("3h", "60s", 14), afternoon("3h", "60s", 15));
    let real = sweep(&field, Outside::Nothing);
    let gap = at(&twin, 1.0)..at(&twin, 1.2);
    let script: Script = published(&field, &real).into_iter().filter(|(time, _)| !gap.contains(time)).collect();
    let assets: Vec<_> = real.rows[0].assets.iter().map(|row| row.asset).collect();
    let mut taken: BTreeMap<ParticipantId, (f64, f64)> = BTreeMap::new();
    let mut found_kwh = 0.0_f64;
    watch(&twin, &script, |kernel| {
        let world = kernel.world();
        let mut sites = vec![(0.0, 0.0); twin.sites.len()];
        for asset in assets.iter().filter(|asset| kind_of(&twin, **asset) != Kind::Ev) {
            let power_kw = world.power_kw(*asset).unwrap();
            let site = &mut sites[twin.participants[asset.index()].site.unwrap().index()];
            *site = (site.0 + power_kw, site.1 + power_kw.abs());
        }
        for (index, (power_kw, gross_kw)) in sites.iter().enumerate() {
            let shown_kw = world.meter(MeterId::Site(SiteId(index as u32))).power_kw;
            assert!((shown_kw - power_kw).abs() <= 1e-9 * (1e-3 + gross_kw), "{shown_kw} {power_kw}");
        }
        for asset in assets.iter().filter(|asset| kind_of(&twin, **asset) == Kind::Battery) {
            let (stored_kwh, lost_kwh) = world.storage(*asset).unwrap();
            let (begun_kwh, taken_kwh) = taken.entry(*asset).or_insert((stored_kwh, 0.0));
            *taken_kwh += world.power_kw(*asset).unwrap() * twin.tick.hours();
            let unexplained_kwh = world.mirror_states().get(asset).map_or(0.0, twin::MirrorState::unexplained_kwh);
            found_kwh = found_kwh.max(unexplained_kwh.abs());
            let missing_kwh = stored_kwh - *begun_kwh - (*taken_kwh - lost_kwh + unexplained_kwh);
            assert!(missing_kwh.abs() < 1e-6, "{missing_kwh} kWh of {asset:?} are not accounted for");
        }
    });
    assert!(found_kwh > 1.0, "readings corrected the stores by up to {found_kwh} kWh");
}

#[test]
fn a_battery_whose_power_its_model_can_not_explain_follows_all_the_same() {
    for (power_kw, limit_kwh) in [(50.0, 100.0), (-50.0, 0.0), (70.0, 100.0), (-70.0, 0.0)] {
        let plan = plan(&busy("5h", "60s", 1));
        let battery = id(&plan, "bat_03");
        let (mut begun_kwh, mut taken_kwh) = (None, 0.0);
        let until = at(&plan, 4.0);
        let times = (0..300).map(|minute| plan.start + Span::from_minutes(minute));
        let mut script: Script =
            times.take_while(|time| *time < until).map(|time| (time, power("bat_03", power_kw, time))).collect();
        let full = reading("bat_03", FieldQuantity::Soc, if power_kw > 0.0 { 105.0 } else { 0.0 }, at(&plan, 3.0));
        script.insert(180, (at(&plan, 3.0), full));
        script.push((until, release("bat_03")));
        watch(&plan, &script, |kernel| {
            let world = kernel.world();
            let (stored_kwh, lost_kwh) = world.storage(battery).unwrap();
            taken_kwh += world.power_kw(battery).unwrap() * plan.tick.hours();
            let unexplained_kwh = world.mirror_states().get(&battery).map_or(0.0, twin::MirrorState::unexplained_kwh);
            let missing_kwh =
                stored_kwh - *begun_kwh.get_or_insert(stored_kwh) - (taken_kwh - lost_kwh + unexplained_kwh);
            assert!(kernel.now() > until || missing_kwh.abs() < 1e-6, "{missing_kwh} kWh are not accounted for");
            assert!((-1e-9..=100.0 + 1e-9).contains(&stored_kwh), "{stored_kwh}");
            let is_followed = kernel.now() > plan.start && kernel.now() <= until;
            assert!(!is_followed || kernel.world().power_kw(battery) == Some(power_kw));
            let is_at_its_end = kernel.now() > at(&plan, 3.5) && kernel.now() <= until;
            assert!(!is_at_its_end || (stored_kwh - limit_kwh).abs() < 0.1, "{stored_kwh}");
        });
        let run = sweep(&plan, Outside::Script(&script));
        assert!(!run.events(EventCode::MirrorDiverged).is_empty(), "{power_kw} kW: it is told");
    }
}

#[test]
fn nobody_else_is_touched_by_a_mirrored_asset_but_through_physics() {
    let plan = plan(&martinique("2h", "60s", 2));
    // A commune's load is in nobody's portfolio: what it takes, only its own meter and the island's show.
    let load = plan.participants.iter().find(|participant| participant.role.kind() == Kind::Load).unwrap();
    let script: Script = (0..120)
        .map(|minute| plan.start + Span::from_minutes(minute))
        .map(|time| (time, power(&load.id, 10.0, time)))
        .collect();
    let (alone, mirrored) = (sweep(&plan, Outside::Nothing), sweep(&plan, Outside::Script(&script)));
    let load = id(&plan, &load.id);
    for (a, b) in alone.rows.iter().zip(&mirrored.rows) {
        let others = |rows: &[AssetReading]| rows.iter().filter(|row| row.asset != load).copied().collect::<Vec<_>>();
        assert_eq!(others(&a.assets), others(&b.assets));
        assert_ne!(a.assets, b.assets);
    }
}

#[test]
fn readings_of_somebody_who_is_no_asset_are_refused_at_the_door() {
    let plan = plan(&martinique("1h", "15m", 1));
    let mut kernel = Kernel::new(&plan);
    for name in ["bat_99", "dso", "ems"] {
        kernel.submit(power(name, 1.0, plan.start)).unwrap_err();
        kernel.submit(release(name)).unwrap_err();
    }
    assert_eq!(kernel.journal().entries(), []);
}
