//! What a right sweep file comes to: its points, in which order, and the scenario of each.

use agents::fault::Fault;
use scenarios::sweep::{AxisValue, Method, Point, Sweep};
use scenarios::{Assignment, Plan, Role, Scenario};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const HEAD: &str = "version = 1\nname = \"right\"\nbase = \"v2g-evening-peak\"\n";

fn sweep(body: &str) -> Sweep {
    Sweep::parse(&format!("{HEAD}{body}"), Path::new("right.toml")).expect(body)
}

/// The values of every point in words.
fn words(sweep: &Sweep) -> Vec<String> {
    let point = |point: &Point| point.values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    sweep.points().expect("it is right").iter().map(point).collect()
}

/// What is written at a dotted key, with defaults.
fn at(scenario: &Scenario, key: &str) -> serde_json::Value {
    let json = serde_json::to_value(scenario).expect("a scenario is plain data");
    key.split('.').fold(json, |json, key| json[key].clone())
}

/// A folder of its own for the files of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sweeps-{}-{name}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(folder.join("base")).expect("the folder can be made");
    folder
}

const GRID: &str = r#"
method = "grid"
replicates = 2
first_seed = 5
kpis = ["island_*", "ev_unserved_kwh"]
[set]
"run.duration" = "2d"
"retailer.feed_in_eur_per_mwh" = 90
[[axis]]
name = "vehicles"
key = "fleet.commuters.count"
values = [30, 0]
[[axis]]
name = "reserve"
keys = ["fleet.commuters.reserve_soc", "fleet.commuters.initial_soc"]
range = [0.1, 0.3]
steps = 3
[[axis]]
name = "tariff"
[axis.cases.two_rate]
"retailer.peak_eur_per_mwh" = 260
"retailer.off_peak_eur_per_mwh" = 200
[axis.cases.flat]
"retailer.off_peak_eur_per_mwh" = 230
"retailer.peak_eur_per_mwh" = 230
"#;

#[test]
fn a_grid_is_every_combination_in_the_order_of_the_file_and_the_last_axis_changes_first() {
    let sweep = sweep(GRID);
    assert_eq!((sweep.method, sweep.count(), &sweep.seeds[..]), (Method::Grid, 12, &[5, 6][..]));
    assert_eq!(sweep.kpis, ["island_*", "ev_unserved_kwh"]);
    let words = words(&sweep);
    let first = ["30 0.1 two_rate", "30 0.1 flat", "30 0.2 two_rate", "30 0.2 flat", "30 0.3 two_rate", "30 0.3 flat"];
    assert_eq!(words[..6], first);
    assert!(words[6..].iter().zip(first).all(|(word, other)| *word == other.replacen("30", "0", 1)));
}

#[test]
fn a_run_is_the_base_with_what_all_have_in_common_what_the_point_sets_and_the_seed() {
    let mut sweep = sweep(GRID);
    for assignment in ["run.duration=1d", "fleet.commuters.count=7"] {
        sweep.set(assignment).expect(assignment);
    }
    assert!(sweep.notes.iter().any(|note| note.contains("count=7 changes nothing")), "{:?}", sweep.notes);
    let points = sweep.points().expect("it is right");
    let scenario = sweep.scenario(&points[3], 6).expect("it is right");
    let expected = [
        ("run.duration", "\"1d\""),
        ("retailer.feed_in_eur_per_mwh", "90"),
        ("fleet.commuters.count", "30"),
        ("fleet.commuters.reserve_soc", "0.2"),
        ("fleet.commuters.initial_soc", "0.2"),
        ("retailer.peak_eur_per_mwh", "230"),
        ("retailer.off_peak_eur_per_mwh", "230"),
        ("run.seed", "6"),
    ];
    for (key, value) in expected {
        assert_eq!(at(&scenario, key).to_string(), value, "{key}");
    }
    let plan = scenario.resolve(&[]).expect("it is right");
    let vehicles = plan.participants.iter().filter(|participant| participant.id.starts_with("commuters"));
    assert_eq!((plan.seed, vehicles.count()), (6, 60), "each vehicle has a charge point");
}

#[test]
fn an_axis_is_described_by_the_parameter_its_key_names() {
    let sweep = sweep(
        "method = \"grid\"\n[[axis]]\nname = \"count\"\nkey = \"fleet.commuters.count\"\nvalues = [1]\n\
         [[axis]]\nname = \"capacity\"\nkey = \"battery.*.capacity_kwh\"\nvalues = [20, 50.5]\n\
         [[axis]]\nname = \"unknown\"\nkey = \"battery.*.colour\"\nvalues = [\"red\"]\n",
    );
    let units: Vec<&str> = sweep.axes.iter().map(|axis| axis.unit.as_str()).collect();
    assert_eq!(units, ["", "kWh", ""], "a type is no unit");
    assert_eq!(sweep.axes[0].description, "How many there are; left out for a fleet at the sites of another.");
    let written = serde_json::json!(sweep.axes[1]);
    let description = "Nominal energy.";
    let expected = serde_json::json!({
        "name": "capacity", "keys": ["battery.*.capacity_kwh"], "unit": "kWh", "description": description
    });
    assert_eq!(written, expected);
}

#[test]
fn an_axis_may_say_itself_what_it_is() {
    let sweep = sweep(
        "method = \"grid\"\n[[axis]]\nname = \"size\"\nabout = \"Of each.\"\nkey = \"battery.*.capacity_kwh\"\nvalues = [1]\n\
         [[axis]]\nname = \"share\"\nunit = \"%\"\ncases.a = { \"dso.load_control_percent\" = 3 }\n",
    );
    let said: Vec<_> = sweep.axes.iter().map(|axis| (axis.unit.as_str(), axis.description.as_str())).collect();
    assert_eq!(said, [("kWh", "Of each."), ("%", "")]);
}

#[test]
fn the_values_of_an_axis_are_of_one_type_and_what_is_set_stays_as_written() {
    let axis = |values: &str| {
        sweep(&format!("method = \"grid\"\n[[axis]]\nname = \"x\"\nkey = \"pv.*.x\"\nvalues = {values}\n"))
    };
    let values = |text: &str| -> Vec<AxisValue> {
        let points = axis(text).points().expect("it is right");
        points.into_iter().map(|point| point.values[0].clone()).collect()
    };
    assert_eq!(values("[1, 2]"), [AxisValue::Integer(1), AxisValue::Integer(2)]);
    assert_eq!(values("[1, 2.5]"), [AxisValue::Number(1.0), AxisValue::Number(2.5)]);
    assert_eq!(values("[true, false]"), [AxisValue::Flag(true), AxisValue::Flag(false)]);
    let text = |text: &str| AxisValue::Text(text.into());
    assert_eq!(values("[1, \"none\", true]"), [text("1"), text("none"), text("true")]);
    assert_eq!(values("[[1, 2], { uniform = [3, 4.5] }]"), [text("[1,2]"), text("{\"uniform\":[3,4.5]}")]);
    let points = axis("[1, 2.5]").points().expect("it is right");
    assert_eq!(serde_json::json!(points[0].assignments).to_string(), "[[\"pv.*.x\",1]]");
}

#[test]
fn steps_of_a_range_are_even_or_by_equal_factors_and_read_as_people_write_them() {
    let range =
        |keys: &str| words(&sweep(&format!("method = \"grid\"\n[[axis]]\nname = \"x\"\nkey = \"pv.*.x\"\n{keys}\n")));
    assert_eq!(range("range = [0.2, 0.8]\nsteps = 4"), ["0.2", "0.4", "0.6", "0.8"]);
    assert_eq!(range("range = [0.01, 100]\nsteps = 5\nscale = \"log\""), ["0.01", "0.1", "1", "10", "100"]);
    assert_eq!(range("range = [-3, -3]\nsteps = 1"), ["-3"]);
    assert_eq!(range("range = [0, 10]\nsteps = 4\nwhole = true"), ["0", "3", "7", "10"]);
    assert_eq!(range("range = [0.5, 3.5]\nsteps = 9\nwhole = true"), ["1", "2", "3"]);
}

#[test]
fn a_design_takes_each_of_a_list_of_values_equally_often() {
    for method in ["lhs", "sobol"] {
        let sweep = sweep(&format!(
            "method = \"{method}\"\nn = 64\nseed = 3\n[[axis]]\nname = \"v2g\"\nkey = \"fleet.commuters.v2g\"\n\
             values = [true, false]\n[[axis]]\nname = \"kwh\"\nkey = \"battery.*.capacity_kwh\"\n\
             law = {{ choice = [20, 50], weights = [3, 1] }}\n[[axis]]\nname = \"homes\"\nkey = \"fleet.commuters.count\"\n\
             law = {{ normal = [500, 100], min = 0 }}\nwhole = true\n"
        ));
        let points = sweep.points().expect("it is right");
        let count = |value: AxisValue| points.iter().filter(|point| point.values.contains(&value)).count();
        assert_eq!([count(AxisValue::Flag(true)), count(AxisValue::Integer(20))], [32, 48], "{method}");
        let homes: BTreeSet<String> = points.iter().map(|point| point.values[2].to_string()).collect();
        assert!(homes.len() > 50 && homes.iter().all(|count| count.parse::<u64>().is_ok()), "{method}");
        let another = format!("{:?}", sweep.points().expect("it is right"));
        assert_eq!(another, format!("{points:?}"), "the same file gives the same points");
    }
}

#[test]
fn seeds_are_listed_counted_from_the_first_or_that_of_the_base() {
    let seeds = |line: &str| {
        let axis = "[[axis]]\nname = \"x\"\nkey = \"pv.*.tilt_deg\"\nvalues = [1]\n";
        sweep(&format!("method = \"grid\"\n{line}\n{axis}")).seeds
    };
    let Some(of_base) = at(sweep(GRID).base(), "run.seed").as_u64() else { panic!("the base has a seed") };
    assert_eq!(seeds(""), [of_base]);
    assert_eq!(seeds("replicates = 3"), [of_base, of_base + 1, of_base + 2]);
    assert_eq!(seeds("first_seed = 9"), [9]);
    assert_eq!(seeds("seeds = [8, 3]"), [8, 3]);
}

#[test]
fn a_design_of_sobol_that_is_no_power_of_two_is_noted() {
    let notes = |n: u32| {
        let body =
            format!("method = \"sobol\"\nn = {n}\n[[axis]]\nname = \"x\"\nkey = \"pv.*.tilt_deg\"\nrange = [0, 9]\n");
        sweep(&body).notes
    };
    assert!(notes(32).is_empty());
    assert!(matches!(&notes(33)[..], [note] if note.contains("32 or 64")));
}

const LIST: &str = r#"
method = "list"
[[axis]]
name = "vehicles"
key = "fleet.commuters.count"
[[axis]]
name = "give_back"
key = "fleet.commuters.v2g"
[[axis]]
name = "tariff"
[axis.cases.flat]
"retailer.peak_eur_per_mwh" = 230
[axis.cases.steep]
"retailer.peak_eur_per_mwh" = 300
"#;

#[test]
fn a_list_says_its_points_as_tables_or_as_a_csv() {
    let tables = sweep(&format!(
        "{LIST}[[point]]\nvehicles = 20\ngive_back = true\ntariff = \"steep\"\n\
         [[point]]\ntariff = \"flat\"\nvehicles = 10\ngive_back = false\n"
    ));
    assert_eq!(words(&tables), ["20 true steep", "10 false flat"]);
    let folder = folder("list");
    let text = format!("{HEAD}{}", LIST.replace("\"list\"", "\"list\"\npoints = \"design.csv\""));
    fs::write(folder.join("sweep.toml"), text).expect("the folder can be written to");
    let csv = "# made by hand\ntariff, vehicles, give_back\nsteep, 20, true\nflat, 10, false\n";
    fs::write(folder.join("design.csv"), csv).expect("the folder can be written to");
    let listed = Sweep::load(&folder.join("sweep.toml")).expect("it is right");
    let json = |sweep: &Sweep| {
        let points = sweep.points().expect("it is right");
        points.iter().map(|point| serde_json::json!([point.values, point.assignments]).to_string()).collect::<Vec<_>>()
    };
    assert_eq!(json(&listed), json(&tables));
    // A wrong value is told with the line of the CSV.
    fs::write(folder.join("design.csv"), csv.replace("10", "-10")).expect("the folder can be written to");
    let wrong = Sweep::load(&folder.join("sweep.toml")).expect("that is found later");
    let points = wrong.points().expect("they are listed");
    let error = wrong.scenario(&points[1], 1).and_then(|scenario| scenario.resolve(&[])).expect_err("-10 vehicles");
    assert!(error.to_string().contains("design.csv, line 4: fleet.commuters.count is -10"), "{error}");
    fs::remove_dir_all(folder).expect("the folder was made");
}

/// What a plan is made of, in words, one participant after the other.
fn assert_same(plan: &Plan, other: &Plan, name: &str) {
    let head = |plan: &Plan| {
        let Plan { name, seed, start, end, tick, record, calendar, sites, portfolios, weather, measured, .. } = plan;
        format!(
            "{name:?}{seed}{start:?}{end:?}{tick:?}{record:?}{calendar:?}{portfolios:?}{weather:?}{measured:?}{sites:?}"
        )
    };
    assert_eq!(head(plan), head(other), "{name}");
    assert_eq!(plan.participants.len(), other.participants.len(), "{name}");
    for (one, other) in plan.participants.iter().zip(&other.participants) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"), "{name}");
    }
}

#[test]
fn a_run_from_kept_data_is_the_run_from_the_files() {
    for (name, _) in Scenario::built_in() {
        let text = format!(
            "version = 1\nname = \"kept\"\nbase = \"{name}\"\nmethod = \"lhs\"\nn = 2\n[set]\n\"run.duration\" = \"1d\"\n\
             [[axis]]\nname = \"mean\"\nkey = \"dso.price_eur_per_mwh\"\nrange = [200, 300]\n\
             [[axis]]\nname = \"whole\"\nkey = \"retailer.peak_eur_per_mwh\"\nvalues = [270, 300]\n\
             [[axis]]\nname = \"rule\"\nkey = \"ems.vehicles\"\nvalues = [\"self-consumption\", {{ rule = \"price-threshold\", \
             charge_below_eur_per_mwh = 185.0, discharge_above_eur_per_mwh = 320 }}]\n"
        );
        let sweep = Sweep::parse(&text, Path::new("kept.toml")).expect(name);
        let points = sweep.points().expect(name);
        let kept = serde_json::to_string(&sweep.base().to_written()).expect("it is plain data");
        for point in &points {
            let from_files = sweep.scenario(point, 77).expect(name);
            let assignments = serde_json::to_string(&point.assignments).expect("they are plain data");
            let assignments: Vec<Assignment> = serde_json::from_str(&assignments).expect("as they were written");
            let mut again =
                Scenario::from_written("sweep.json", &mut serde_json::Deserializer::from_str(&kept)).expect(name);
            assignments.iter().try_for_each(|assignment| again.assign(assignment)).expect(name);
            again.set_seed(77, "points.parquet").expect(name);
            let words = |scenario: &Scenario| serde_json::to_string(scenario).expect("it is plain data");
            assert_eq!(words(&from_files), words(&again), "{name}");
            assert_same(&from_files.resolve(&[]).expect(name), &again.resolve(&[]).expect(name), name);
        }
    }
}

#[test]
fn kept_data_that_is_wrong_says_where_it_is_kept() {
    let base = Scenario::load("martinique").expect("it is built in");
    let written = serde_json::to_value(base.to_written()).expect("it is plain data");
    let read = |value: serde_json::Value| Scenario::from_written("old/sweep.json", value);
    let mut wrong = written.clone();
    wrong["run"]["tick"] = serde_json::json!(15);
    let error = read(wrong).expect("it is a tree").resolve(&[]).expect_err("no duration").to_string();
    assert!(error.starts_with("old/sweep.json: run.tick is 15"), "{error}");
    for value in [serde_json::json!([1]), serde_json::json!({ "run": null }), serde_json::json!({ "run": u64::MAX })] {
        let error = read(value).expect_err("no scenario").to_string();
        assert!(error.starts_with("old/sweep.json: "), "{error}");
    }
}

#[test]
fn a_weather_year_of_an_axis_lies_beside_the_sweep_and_that_of_the_base_beside_the_base() {
    let folder = folder("years");
    let base = "version = 2\nname = \"base\"\nextends = \"martinique-day\"\n[series.sky]\nfile = \"sky.csv\"\n\
                [series.prices]\nfile = \"prices.csv\"\n";
    fs::write(folder.join("base/base.toml"), base).expect("the folder can be written to");
    let text = "version = 1\nname = \"years\"\nbase = \"base/base.toml\"\nmethod = \"grid\"\n[[axis]]\nname = \"year\"\n\
                key = \"series.sky.file\"\nvalues = [\"2019.csv\", \"2020.csv\"]\n";
    fs::write(folder.join("sweep.toml"), text).expect("the folder can be written to");
    let sweep = Sweep::load(&folder.join("sweep.toml")).expect("it is right");
    let points = sweep.points().expect("it is right");
    let from_files = sweep.scenario(&points[1], 1).expect("it is right");
    let paths = |scenario: &Scenario| -> Vec<PathBuf> {
        scenario.data_files().expect("its sections are right").into_iter().map(|file| file.path).collect()
    };
    assert_eq!(paths(&from_files), [folder.join("base/prices.csv"), folder.join("2020.csv")]);
    let kept = serde_json::to_value(sweep.base().to_written()).expect("it is plain data");
    let assignments = serde_json::to_value(&points[1].assignments).expect("they are plain data");
    let mut again = Scenario::from_written("sweep.json", kept).expect("it was kept");
    let assignments: Vec<Assignment> = serde_json::from_value(assignments).expect("they were kept");
    assignments.iter().try_for_each(|assignment| again.assign(assignment)).expect("they fit");
    again.set_seed(1, "points.parquet").expect("it is small");
    assert_eq!(paths(&again), paths(&from_files));
    assert_eq!(serde_json::json!(again), serde_json::json!(from_files));
    fs::remove_dir_all(folder).expect("the folder was made");
}

#[test]
fn an_axis_may_vary_a_fault_of_the_base() {
    let sweep = sweep(
        "method = \"grid\"\n[set]\n\"fault.deaf\" = { kind = \"lossy_link\", target = \"*\" }\n\
         [[axis]]\nname = \"loss\"\nkey = \"fault.deaf.share\"\nvalues = [0.25, 1]\n",
    );
    assert_eq!(sweep.axes[0].description, "Share of the messages that are lost.");
    let points = sweep.points().expect("it is right");
    for (point, share) in points.iter().zip([0.25, 1.0]) {
        let plan = sweep.scenario(point, 1).and_then(|scenario| scenario.resolve(&[])).expect("it is right");
        assert!(plan.faults.len() > 3 && plan.faults.iter().all(|deaf| deaf.fault == Fault::LossyLink { share }));
    }
}

#[test]
fn a_wild_key_reaches_every_asset_of_its_kind() {
    let sweep = sweep("method = \"grid\"\n[[axis]]\nname = \"x\"\nkey = \"battery.*.capacity_kwh\"\nvalues = [123]\n");
    let points = sweep.points().expect("it is right");
    let plan = sweep.scenario(&points[0], 1).and_then(|scenario| scenario.resolve(&[])).expect("it is right");
    let capacities: Vec<f64> = plan
        .participants
        .iter()
        .filter_map(|p| if let Role::Battery(_, battery) = &p.role { Some(battery.capacity_kwh) } else { None })
        .collect();
    assert!(capacities.len() > 3 && capacities.iter().all(|capacity| *capacity == 123.0), "{capacities:?}");
}
