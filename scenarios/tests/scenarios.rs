//! What a right scenario comes to: what overrides what, who is in a fleet and where, and what measured files give.

use agents::{Kind, Span, Time};
use scenarios::{DataTable, MqttParameters, Plan, Quantity, Role, Scenario, communes};
use std::collections::BTreeMap;
use std::path::Path;

const HEAD: &str = "version = 2\nname = \"right\"\n[run]\nstart = \"2026-03-20\"\nduration = \"1d\"\nseed = 7\n";

fn scenario(body: &str) -> Scenario {
    Scenario::parse(&format!("{HEAD}{body}"), Path::new("right.toml")).expect("it is TOML")
}

fn plan(body: &str) -> Plan {
    scenario(body).resolve(&[]).expect("it is right")
}

/// The plan of a scenario whose data files hold these texts, in the order of their sections.
fn plan_with(body: &str, files: &[&str]) -> Plan {
    let scenario = scenario(body);
    let asked = scenario.data_files().expect("its sections are right");
    assert_eq!(asked.len(), files.len());
    let table = |(file, text): (&scenarios::DataFile, &&str)| DataTable::from_csv(&file.path, text.as_bytes());
    let tables: Vec<_> = asked.iter().zip(files).map(|pair| table(pair).expect("it is CSV").into()).collect();
    scenario.resolve(&tables).expect("it is right")
}

/// Every plant's power by id.
fn peaks(plan: &Plan) -> BTreeMap<&str, f64> {
    let plant = |participant: &'_ scenarios::PlannedParticipant| match &participant.role {
        Role::Pv(_, plant) => Some(plant.peak_kw),
        _ => None,
    };
    plan.participants.iter().filter_map(|participant| Some((participant.id.as_str(), plant(participant)?))).collect()
}

/// Every site's commune by name.
fn places(plan: &Plan) -> BTreeMap<&str, usize> {
    plan.sites.iter().map(|site| (site.name.as_str(), site.commune)).collect()
}

#[test]
fn every_built_in_scenario_resolves() {
    let mut sizes = BTreeMap::new();
    for (name, about) in Scenario::built_in() {
        assert!(!about.is_empty(), "{name} says what it is about");
        let plan = Scenario::load(name).and_then(|scenario| scenario.resolve(&[])).expect(name);
        assert_eq!(plan.name, name);
        sizes.insert(name, plan.participants.len());
    }
    // 40 assets, 34 communes, 30 prosumers, 5 institutions.
    assert_eq!(sizes["martinique"], 109);
    assert_eq!(sizes["martinique-year"], 109);
    assert!(sizes["martinique-island"] > 100_000, "{sizes:?}");
}

#[test]
fn what_is_published_over_mqtt_has_defaults_and_can_be_changed() {
    let mqtt = |text: &str| scenario(text).resolve(&[]).expect("it is right").mqtt;
    assert_eq!(mqtt(""), MqttParameters::from_toml("").expect("all have a default"));
    assert_eq!(mqtt("[mqtt]\nroot = \"twin\"\n").root, "twin");
}

#[test]
fn a_supply_is_there_where_a_section_asks_for_it() {
    let supply = |text: &str| scenario(text).resolve(&[]).expect("it is right").supply;
    assert_eq!(supply(""), None);
    assert_eq!(supply("[supply]\n").map(|supply| (supply.engines, supply.engine_mw)), Some((15, 18.3)));
    let year = Scenario::load("martinique-year").expect("built in").resolve(&[]).expect("it is right");
    assert_eq!(year.supply.map(|supply| supply.pv_mw), Some(63.9), "what extends martinique has it");
}

#[test]
fn a_file_overrides_what_it_extends_and_the_command_line_overrides_both() {
    let text = "version = 2\nextends = \"martinique\"\nname = \"mine\"\n[pv]\npv_01 = { peak_kw = 6, tilt_deg = 20 }\n\
                pv_02 = { peak_kw = 7 }\npv_99 = { commune = \"Ducos\", peak_kw = 9 }\n";
    let mut scenario = Scenario::parse(text, Path::new("mine.toml")).expect("it is TOML");
    let before = scenario.resolve(&[]).expect("it is right");
    let peaks_before = peaks(&before);
    assert_eq!(
        [peaks_before["pv_01"], peaks_before["pv_02"], peaks_before["pv_03"], peaks_before["pv_99"]],
        [6.0, 7.0, 5.0, 9.0]
    );
    assert_eq!(peaks_before.len(), 11, "plants of the base are still there");
    for assignment in ["pv.*.peak_kw=8", "pv.pv_02.peak_kw=1.5", "run.seed=3", "run.duration=2d"] {
        scenario.set(assignment).expect(assignment);
    }
    let after = scenario.resolve(&[]).expect("it is right");
    let peaks_after = peaks(&after);
    assert_eq!(
        [peaks_after["pv_01"], peaks_after["pv_02"], peaks_after["pv_99"]],
        [8.0, 1.5, 8.0],
        "the last assignment holds"
    );
    assert_eq!((after.name.as_str(), after.seed, after.end - after.start), ("mine", 3, Span::DAY * 2));
    let of_pv_01 = after.participants.iter().find(|participant| participant.id == "pv_01").expect("it is there");
    assert!(matches!(&of_pv_01.role, Role::Pv(_, plant) if plant.tilt_deg == 20.0), "the file's own key is kept");
}

const ROOFS: &str = "[fleet.homes]\nof = \"household\"\ncount = 400\n[fleet.roofs]\nof = \"pv\"\nat = \"homes\"\nshare = 0.3\n\
                     peak_kw = { uniform = [3, 9] }\n";

#[test]
fn every_member_of_a_fleet_draws_a_value_of_its_own() {
    let plan = plan(ROOFS);
    let peaks = peaks(&plan);
    let distinct: std::collections::BTreeSet<_> = peaks.values().map(|peak| peak.to_bits()).collect();
    assert_eq!(distinct.len(), peaks.len());
    assert!(peaks.values().all(|peak| (3.0..9.0).contains(peak)));
    // 400 homes at 30 %: 120, with a standard deviation of 9.2; four of them.
    assert!((83..=157).contains(&peaks.len()), "{}", peaks.len());
    let mean = peaks.values().sum::<f64>() / peaks.len() as f64;
    assert!((mean - 6.0).abs() < 4.0 * 1.732 / (peaks.len() as f64).sqrt(), "{mean}");
}

#[test]
fn more_members_a_larger_share_and_other_fleets_change_nobody_who_was_there() {
    let base = plan(ROOFS);
    let (base_peaks, base_places) = (peaks(&base), places(&base));
    let more = format!("{}[fleet.shops]\nof = \"commercial\"\ncount = 30\nmean_kw = 3\n", ROOFS);
    for (text, grown) in
        [(ROOFS.replace("count = 400", "count = 900"), 1), (ROOFS.replace("share = 0.3", "share = 0.5"), 1), (more, 0)]
    {
        let plan = plan(&text);
        let (peaks, places) = (peaks(&plan), places(&plan));
        assert!(base_peaks.iter().all(|(id, peak)| peaks.get(id) == Some(peak)), "{text}");
        assert!(base_places.iter().all(|(site, commune)| places.get(site) == Some(commune)), "{text}");
        assert_eq!(usize::from(peaks.len() > base_peaks.len()), grown, "{text}");
    }
    let other =
        plan(&ROOFS.replace("[fleet.homes]", "[place]\n[fleet.homes]").replace("uniform = [3, 9]", "uniform = [3, 8]"));
    assert!(peaks(&other).keys().eq(base_peaks.keys()), "who has a roof is not a matter of its size");
    let seeded = Scenario::parse(&format!("{HEAD}{ROOFS}").replace("seed = 7", "seed = 8"), Path::new("right.toml"))
        .and_then(|scenario| scenario.resolve(&[]))
        .expect("it is right");
    assert!(!peaks(&seeded).keys().eq(base_peaks.keys()), "another seed draws others");
}

#[test]
fn a_roof_lies_at_its_home_and_trades_for_it() {
    let plan = plan(ROOFS);
    for participant in plan.participants.iter().filter(|participant| participant.role.kind() == Kind::Pv) {
        let site = &plan.sites[participant.site.expect("a plant has a site").index()];
        assert_eq!(site.name, participant.id.replace("roofs", "homes"));
    }
}

/// Pearson's statistic of a fleet's members over the communes, against their populations.
fn chi_square(plan: &Plan) -> f64 {
    let population: u32 = communes().iter().map(|commune| commune.population).sum();
    let mut counts = vec![0.0; communes().len()];
    plan.sites.iter().for_each(|site| counts[site.commune] += 1.0);
    let expected =
        |index: usize| f64::from(communes()[index].population) / f64::from(population) * plan.sites.len() as f64;
    counts.iter().enumerate().map(|(index, count)| (count - expected(index)).powi(2) / expected(index)).sum()
}

#[test]
fn a_fleet_placed_by_population_lies_where_people_live() {
    let of = |commune: &str| plan(&format!("[fleet.homes]\nof = \"household\"\ncount = 20_000\n{commune}\n"));
    // 33 degrees of freedom: 63.9 is exceeded once in a thousand times.
    for by_population in ["", "commune = \"by-population\""] {
        let statistic = chi_square(&of(by_population));
        assert!(statistic < 63.9, "{by_population}: {statistic}");
    }
    // A fleet that is somewhere else is found out.
    let statistic = chi_square(&of("commune = { \"Le Lamentin\" = 3, Ducos = 1 }"));
    assert!(statistic > 1000.0, "{statistic}");
}

#[test]
fn a_fleet_lies_in_one_commune_or_by_weights() {
    let one = plan("[fleet.homes]\nof = \"household\"\ncount = 50\ncommune = \"Schœlcher\"\n");
    let name = |plan: &Plan, index: usize| communes()[plan.sites[index].commune].name.clone();
    assert!((0..50).all(|index| name(&one, index) == "Schœlcher"));
    let two = plan("[fleet.homes]\nof = \"household\"\ncount = 4000\ncommune = { \"Le Lamentin\" = 3, Ducos = 1 }\n");
    let in_ducos = (0..4000).filter(|index| name(&two, *index) == "Ducos").count();
    // A quarter of 4 000, with a standard deviation of 27; four of them.
    assert!((890..=1110).contains(&in_ducos), "{in_ducos}");
}

#[test]
fn vehicles_of_a_fleet_have_charge_points_and_some_give_energy_back() {
    let plan = plan(
        "[fleet.cars]\nof = \"ev\"\ncount = 300\ncapacity_kwh = { choice = [40, 75] }\npower_kw = 7.4\nv2g = { share = 0.2 }\n\
         evse = { power_kw = 7.4, phases = 1 }\n",
    );
    let mut giving = 0;
    for participant in &plan.participants {
        let Role::Ev(_, vehicle) = &participant.role else { continue };
        let point = &plan.participants[vehicle.evse.index()];
        assert_eq!(point.id, format!("{}_evse", participant.id));
        assert_eq!(point.site, participant.site);
        assert!([40.0, 75.0].contains(&vehicle.parameters.capacity_kwh));
        giving += usize::from(vehicle.parameters.v2g);
    }
    // A fifth of 300, with a standard deviation of 6.9; four of them.
    assert!((33..=87).contains(&giving), "{giving}");
}

#[test]
fn a_scenario_as_json_says_every_default() {
    let mut scenario =
        scenario("[pv]\nroof = { commune = \"Ducos\", peak_kw = 5 }\n[fleet.homes]\nof = \"household\"\ncount = 3\n");
    scenario.set("pv.roof.tilt_deg=33").expect("it is a key");
    let json = serde_json::to_value(&scenario).expect("it is plain data");
    assert_eq!(json["run"]["tick"], "15m");
    assert_eq!(json["place"]["station"], "Le Lamentin");
    assert_eq!((&json["pv"]["roof"]["albedo"], &json["pv"]["roof"]["tilt_deg"]), (&0.2.into(), &33.into()));
    assert_eq!(json["fleet"]["homes"]["share"], 1.0);
    assert_eq!(json["ems"]["batteries"], "self-consumption");
    assert_eq!(json["dso"]["price_shape"].as_array().map(Vec::len), Some(24));
    for absent in ["extends", "demand", "supply"] {
        assert!(json.get(absent).is_none(), "what is not there has no defaults: {absent}");
    }
    assert!(json["pv"]["roof"].get("site").is_none(), "none is no value");
}

const WIDE: &str = "\
[series.weather]
file = \"weather.csv\"
time = \"local\"
zone = \"America/Martinique\"
gaps = \"interpolate\"
longest_gap = \"3h\"
[series.weather.columns]
\"T (K)\" = { quantity = \"temperature\", unit = \"K\" }
wind = { quantity = \"wind_speed\", unit = \"km/h\" }
roof = { quantity = \"production\", unit = \"W\", asset = \"roof\" }
[pv]
roof = { commune = \"Ducos\", peak_kw = 5 }
";

/// 25 hours of local time; a row and a cell are missing.
fn wide_csv() -> String {
    let row = |hour: usize| match hour {
        10 | 11 => String::new(),
        5 => "2026-03-20 05:00,,18,2500\n".into(),
        _ => format!("2026-03-{:02} {:02}:00,{},18,2500\n", 20 + hour / 24, hour % 24, 300.0 + hour as f64),
    };
    format!("local,T (K),wind,roof,remark\n{}", (0..25).map(row).collect::<String>()).replace("2500\n", "2500,x\n")
}

#[test]
fn a_wide_file_in_local_time_gives_series_in_the_units_used_inside_with_gaps_filled() {
    let plan = plan_with(WIDE, &[&wide_csv()]);
    let temperature = plan.measured.get(Quantity::Temperature).expect("it was measured");
    let midnight: jiff::Timestamp = "2026-03-20T04:00:00Z".parse().expect("an instant");
    assert_eq!((temperature.start, temperature.step), (Time(midnight.as_millisecond()), Span::HOUR));
    assert_eq!(temperature.values.len(), 25);
    for (hour, value) in temperature.values.iter().enumerate() {
        // 300 K is 26.85 °C; the straight line through what is missing is the line of the rest.
        assert!((value - (26.85 + hour as f64)).abs() < 1e-9, "{hour}: {value}");
    }
    let wind = plan.measured.get(Quantity::WindSpeed).expect("it was measured");
    assert!(wind.values.iter().all(|value| (value - 5.0).abs() < 1e-12), "18 km/h are 5 m/s");
    let roof = plan.measured.of_asset(Quantity::Production, "roof").expect("it was measured");
    assert!(roof.values.iter().all(|value| *value == 2.5), "2500 W are 2.5 kW");
    let notes = plan.measured.notes.join("\n");
    assert!(notes.contains("weather.csv: 3 missing values of temperature were filled"), "{notes}");
    assert!(notes.contains("2 missing values of wind_speed"), "{notes}");
}

#[test]
fn a_gap_that_is_held_repeats_the_value_before_it() {
    let plan = plan_with(&WIDE.replace("interpolate", "hold"), &[&wide_csv()]);
    let values = &plan.measured.get(Quantity::Temperature).expect("it was measured").values;
    let shown: Vec<_> = [4, 5, 6, 9, 10, 11, 12].map(|hour| (values[hour] - 26.85).round()).into();
    assert_eq!(shown, [4.0, 4.0, 6.0, 9.0, 9.0, 9.0, 12.0]);
}

#[test]
fn recorded_sessions_reach_the_plan_in_the_order_of_time() {
    let body = "[evse]\np = { commune = \"Ducos\", power_kw = 22 }\n\
                [ev]\ncar = { commune = \"Ducos\", evse = \"p\", capacity_kwh = 75, power_kw = 22 }\n\
                [sessions.home]\nfile = \"s.csv\"\nenergy = \"kWh\"\nzone = \"America/Martinique\"\n";
    let csv =
        "vehicle,start,end,kWh\ncar,2026-03-20 19:00,2026-03-21 07:00,12.5\ncar,2026-03-20 08:00,2026-03-20 09:30,0\n";
    let plan = plan_with(body, &[csv]);
    let sessions = plan.measured.sessions_of("car").expect("they were recorded");
    let words = |time: Time| time.to_string();
    let shown: Vec<_> =
        sessions.iter().map(|session| (words(session.plug_in), words(session.plug_out), session.energy_kwh)).collect();
    assert_eq!(
        shown,
        [
            ("2026-03-20T12:00:00Z".into(), "2026-03-20T13:30:00Z".into(), 0.0),
            ("2026-03-20T23:00:00Z".into(), "2026-03-21T11:00:00Z".into(), 12.5),
        ]
    );
    assert!(plan.measured.sessions_of("p").is_none());
}
