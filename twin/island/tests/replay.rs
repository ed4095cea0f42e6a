//! Files with the columns of the open-data sets; the numbers are made up (`data/README.md`).

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use island::replay::{Finding, Replay, Source};
use island::{Dispatcher, Fleet, Request, Rules, Step, Technology};

const HISTORY: &str = include_str!("data/history.csv");
const REAL_TIME: &str = include_str!("data/real_time.csv");
const HOUR_MS: i64 = 3_600_000;

#[test]
fn a_day_of_the_history_is_read_in_the_order_of_time() {
    let replay = Replay::from_csv(HISTORY).unwrap();
    assert_eq!((replay.rows().len(), replay.step_ms(), replay.findings()), (24, HOUR_MS, &[][..]));
    // 15 June 2023, 00:00 local time.
    let first = &replay.rows()[0];
    assert_eq!(first.time_ms, 1_686_801_600_000);
    assert!(replay.rows().windows(2).all(|pair| pair[1].time_ms - pair[0].time_ms == HOUR_MS));
    let noon = replay.at(first.time_ms + 12 * HOUR_MS + 1).unwrap();
    assert_eq!((noon.of(Source::Pv), noon.of(Source::Storage)), (48.0, -2.0));
    assert!((noon.sum_mw() - noon.demand_mw()).abs() < 1e-9 && noon.cost_eur_per_mwh.is_some());
    assert!(replay.at(first.time_ms - 1).is_none() && replay.at(first.time_ms + 24 * HOUR_MS).is_none());
}

#[test]
fn the_real_time_set_tells_engines_from_turbines() {
    let replay = Replay::from_csv(REAL_TIME).unwrap();
    assert_eq!((replay.rows().len(), replay.step_ms(), replay.findings()), (12, 300_000, &[][..]));
    let row = &replay.rows()[5];
    assert_eq!((row.technology_mw(Technology::Diesel), row.technology_mw(Technology::CombustionTurbine)), (96.0, 0.0));
    assert_eq!(row.technology_mw(Technology::Battery), 2.0);
}

#[test]
fn a_measured_day_can_be_dispatched() {
    let (replay, fleet) = (Replay::from_csv(HISTORY).unwrap(), Fleet::martinique());
    let mut dispatcher = Dispatcher::new(fleet.clone(), Rules::default()).unwrap();
    let mut state = None;
    for row in replay.rows() {
        let available = row.available_mw(&fleet);
        let wind_and_pv = row.of(Source::Wind) + row.of(Source::Pv);
        assert!((available.iter().sum::<f64>() - wind_and_pv).abs() < 1e-9);
        let request = Request { demand_mw: row.demand_mw(), available_mw: &available, outlook: None, dt_s: 3600.0 };
        let state = state.get_or_insert_with(|| dispatcher.begin(&request).unwrap());
        let mut step = Step::default();
        dispatcher.step(state, &request, &mut step).unwrap();
        assert!((step.given_mw() - row.demand_mw()).abs() < 1e-6, "{step:?}");
    }
}

#[test]
fn what_is_doubtful_is_kept_and_told() {
    let text = "date_heure,thermique_mw,photovoltaique_mw,production_totale_mw,commentaire\n\
                2023-06-15T00:00:00Z,100,-0.4,99.6,\n2023-06-15T01:00:00Z,100,0,105,\n2023-06-15T04:00:00Z,100,0,100,\n";
    let replay = Replay::from_csv(text).unwrap();
    let expected = [
        Finding::Ignored { column: "commentaire".into() },
        Finding::Negative { line: 2, source: Source::Pv, power_mw: -0.4 },
        Finding::Sum { line: 3, sum_mw: 100.0, total_mw: 105.0 },
        Finding::Gap { line: 4, missing: 2 },
    ];
    assert_eq!(replay.findings(), expected);
    assert!(replay.at(replay.rows()[1].time_ms + HOUR_MS).is_none(), "a gap is not filled");
    assert!(replay.rows()[0].available_mw(&Fleet::martinique()).iter().all(|mw| *mw == 0.0));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line_and_the_remedy() {
    let row = "2023-06-15T00:00:00-04:00";
    for (text, words) in [
        ("", ["line 1", "date_heure"]),
        ("date_heure;statut\n", ["line 1", "thermique_mw"]),
        ("date_heure;thermique_mw;moteurs_diesels\n", ["line 1", "twice"]),
        ("date_heure;eolien;eolien_mw\n", ["line 1", "one of both"]),
        ("date_heure;eolien\n", ["line 1", "no rows"]),
        (&format!("date_heure;eolien;territoire\n{row};1;Réunion\n"), ["line 2", "Martinique"]),
        (&format!("date_heure;eolien\n{row};1\n{row};2\n"), ["line 3", "twice"]),
        (&format!("date_heure;eolien\n{row};1,5\n"), ["line 2", "decimal point"]),
        (&format!("date_heure;eolien\n{row};NaN\n"), ["line 2", "no number"]),
        (&format!("date_heure;eolien\n{row};12000\n"), ["line 2", "MW"]),
        (&format!("date_heure;eolien\n{row}\n"), ["line 2", "as many cells"]),
        (&format!("date_heure;eolien\n{row};\n"), ["line 2", "gap"]),
        ("date_heure;eolien\n2023-06-15T00:00:00;1\n", ["line 2", "offset"]),
    ] {
        let message = Replay::from_csv(text).expect_err(text).to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{text}: {message}");
    }
}
