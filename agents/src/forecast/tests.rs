//! What every method of forecasting promises, whatever the series.

use super::profile::Profile;
use super::*;
use crate::draw::Draws;
use crate::series::Series;
use crate::time::{Calendar, Span, Time};
use rand::RngExt;
use rand_distr::StandardNormal;

const CALENDAR: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
const HALF_HOUR: Span = Span::from_minutes(30);
const DAY: usize = 48;
/// Local midnight of Monday, 5 January 1970.
const START: Time = Time(4 * Span::DAY.0 + 4 * Span::HOUR.0);

pub(super) fn golden() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../tests/golden/forecast/forecast.json")).expect("JSON")
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).expect("numbers")
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a number")
}

fn slot(index: usize) -> Time {
    START + HALF_HOUR * index as i64
}

fn methods() -> Vec<Method> {
    vec![
        Method::Persistence,
        Method::SeasonalNaive(Season::DayBefore),
        Method::SeasonalNaive(Season::WeekBefore),
        Method::SeasonalNaive(Season::SameDays(4)),
        Method::Smoothed { smoothing: 0.2 },
        Method::AutoRegressive(AutoRegressive::default()),
        Method::ClearSky,
    ]
}

fn settings(method: Method) -> Settings {
    Settings::new(method, HALF_HOUR, CALENDAR, 2 * DAY)
}

fn forecaster(method: Method) -> Forecaster {
    Forecaster::new(settings(method)).expect("sound settings")
}

/// A load: usual for the time of day, less at weekends, and deviating as a first-order autoregression.
fn load(days: usize, seed: u64) -> Vec<f64> {
    let mut draw = Draws::new(seed, "load", "deviation").at(0);
    let mut deviation = 0.0;
    let value = |index: usize| {
        let hour = (index % DAY) as f64 / 2.0;
        let usual = 3.0 - libm::cos(hour / 12.0 * std::f64::consts::PI);
        let noise: f64 = draw.sample(StandardNormal);
        deviation = 0.9 * deviation + 0.2 * noise;
        deviation + if index / DAY % 7 >= 5 { 0.6 * usual } else { usual }
    };
    (0..days * DAY).map(value).collect()
}

/// A plant of 5 kW under clouds that come and go; production negative.
fn pv(days: usize, seed: u64) -> Vec<f64> {
    let mut draw = Draws::new(seed, "pv", "clouds").at(0);
    let mut cloud = 0.0;
    let value = |index: usize| {
        let noise: f64 = draw.sample(StandardNormal);
        cloud = 0.8 * cloud + 0.2 * noise;
        clear_kw(index) * (0.7 + cloud).clamp(0.1, 1.0)
    };
    (0..days * DAY).map(value).collect()
}

fn clear_kw(index: usize) -> f64 {
    let hour = (index % DAY) as f64 / 2.0 + 0.25;
    if !(6.0..=18.0).contains(&hour) { 0.0 } else { -5.0 * libm::sin((hour - 6.0) / 12.0 * std::f64::consts::PI) }
}

fn observe(forecaster: &mut Forecaster, values: &[f64], from: usize) {
    for (index, value) in values.iter().enumerate() {
        forecaster.observe(slot(from + index), *value).expect("in order");
    }
}

fn after(method: Method, values: &[f64]) -> Forecaster {
    let mut forecaster = forecaster(method);
    observe(&mut forecaster, values, 0);
    forecaster
}

#[test]
fn scores_quantiles_and_profiles_are_those_of_other_implementations() {
    let golden = golden();
    for case in golden["crps_of_quantiles"].as_array().expect("cases") {
        let quantiles = Quantiles(numbers(&case["quantiles"]).try_into().expect("one of each level"));
        let crps = crps_of_quantiles(&quantiles, number(&case["observed"]));
        assert!((crps - number(&case["crps"])).abs() < 1e-9, "{case}: {crps}");
    }
    for case in golden["crps_of_normal"].as_array().expect("cases") {
        let crps = crps_of_members(&mut numbers(&case["members"]), number(&case["observed"]));
        assert!((crps - number(&case["crps"])).abs() < 1e-3, "{crps}, not {}", case["crps"]);
    }
    let found = Quantiles::of(&mut numbers(&golden["quantiles"]["sample"]));
    let expected = numbers(&golden["quantiles"]["quantiles"]);
    assert!(found.0.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}, not {expected:?}");

    let (case, grid) = (&golden["profile"], Grid { step: HALF_HOUR, calendar: CALENDAR });
    let mut profile = Profile::new(grid, number(&case["smoothing"]));
    let workdays = (0..).filter(|day| day % 7 < 5).map(|day| slot(day * DAY + 5));
    for (index, (value, slot)) in numbers(&case["days"]).into_iter().zip(workdays).enumerate() {
        profile.observe(grid, slot, value);
        let expected = [(9, "after_ten"), (39, "level")].into_iter().find(|(day, _)| *day == index);
        let Some((_, name)) = expected else { continue };
        let found = profile.at(grid, slot).expect("it was observed");
        assert!((found - number(&case[name])).abs() < 1e-9, "{name}: {found}");
    }
}

#[test]
fn a_forecast_knows_nothing_of_what_came_after_it_was_issued() {
    let (values, known) = (load(12, 1), 9 * DAY + 17);
    let mut others = values.clone();
    others[known..].iter_mut().for_each(|value| *value = 50.0 - *value);
    for method in methods() {
        let run = |values: &[f64]| {
            let mut forecaster = forecaster(method.clone());
            let mut issued = Vec::new();
            for (index, value) in values.iter().enumerate() {
                forecaster.observe(slot(index), *value).expect("in order");
                let forecast = forecaster.forecast(slot(index + 1), DAY).expect("observed");
                let scenarios = forecaster.scenarios(slot(index + 1), 3, 5).expect("observed");
                issued.push((forecast, scenarios, forecaster.scores().to_vec()));
            }
            issued
        };
        let (one, other) = (run(&values), run(&others));
        assert_eq!(one[..known], other[..known], "{method:?}");
        assert_ne!(one[known], other[known], "{method:?} did not learn from what came");
    }
}

#[test]
fn a_copy_that_was_written_and_read_again_goes_on_as_the_original() {
    let values = load(11, 2);
    for method in methods() {
        let mut original = after(method.clone(), &values[..5 * DAY + 7]);
        let text = serde_json::to_string(&original).expect("it can be written");
        let mut copy: Forecaster = serde_json::from_str(&text).expect("it can be read");
        assert_eq!(copy, original, "{method:?}");
        // With a gap of three hours.
        for forecaster in [&mut original, &mut copy] {
            observe(forecaster, &values[5 * DAY + 13..], 5 * DAY + 13);
        }
        assert_eq!(copy, original, "{method:?}");
        let now = slot(values.len());
        assert_eq!(copy.scenarios(now, DAY, 8), original.scenarios(now, DAY, 8));
        assert_eq!(copy.forecast(now, DAY), original.forecast(now, DAY));
    }
}

#[test]
fn fans_are_ordered_numbers_within_the_bounds_whatever_is_missing() {
    let mut draw = Draws::new(3, "meter", "gaps").at(0);
    for (values, bounds) in [(load(20, 3), Bounds::CONSUMPTION), (pv(20, 3), Bounds::production(5.0))] {
        for method in methods() {
            let mut forecaster = Forecaster::new(Settings { bounds, ..settings(method.clone()) }).expect("sound");
            let (mut index, mut end) = (0, 0);
            while index < values.len() {
                forecaster.observe(slot(index), values[index]).expect("in order");
                end = index + 1;
                // Now and then a slot is missing, seldom two days.
                index += match draw.random_range(0..100) {
                    0 => 2 * DAY,
                    1..10 => 2,
                    _ => 1,
                };
            }
            for now in [end, end + 1, end + 3 * DAY, end + 400 * DAY] {
                let forecast = forecaster.forecast(slot(now), 2 * DAY).expect("observed");
                for (expected, quantiles) in forecast.expected.iter().zip(&forecast.quantiles) {
                    assert!(bounds.clip(*expected) == *expected, "{method:?} expects {expected}");
                    assert!(quantiles.0.is_sorted(), "{method:?}: {quantiles:?}");
                    assert!(quantiles.0.iter().all(|value| bounds.clip(*value) == *value), "{quantiles:?}");
                }
                let members = forecaster.scenarios(slot(now), 2 * DAY, 6).expect("observed").members;
                assert!(members.iter().flatten().all(|value| bounds.clip(*value) == *value), "{method:?}");
            }
        }
    }
}

#[test]
fn a_series_of_equal_values_is_expected_to_stay_and_becomes_certain() {
    for method in methods() {
        let first = after(method.clone(), &[4.0]).forecast(slot(1), DAY).expect("observed");
        assert_eq!(first.expected, [4.0; DAY], "{method:?}");
        let width = first.quantiles[9].0[6] - first.quantiles[9].0[0];
        assert!(width > 4.0, "{method:?} is sure after one value: {width}");
        let forecaster = after(method.clone(), &[4.0; 12 * DAY]);
        let later = forecaster.forecast(slot(12 * DAY), DAY).expect("observed");
        let near = |value: &f64| (value - 4.0).abs() < 1e-9;
        assert!(later.expected.iter().all(near), "{method:?}");
        assert!(later.quantiles.iter().all(|quantiles| quantiles.0.iter().all(near)), "{method:?}");
        assert_eq!(forecaster.score(1).expect("within the horizon").skill(), None, "persistence made no error");
    }
}

#[test]
fn what_is_no_number_is_refused_and_changes_nothing() {
    let mut forecaster = after(Method::AutoRegressive(AutoRegressive::default()), &load(3, 4));
    let before = forecaster.clone();
    assert!(forecaster.observe(slot(3 * DAY), f64::NAN).is_err());
    assert!(forecaster.observe(slot(3 * DAY - 1), 1.0).is_err(), "it comes late");
    assert_eq!(forecaster, before);
}

#[test]
fn where_there_is_no_sun_nothing_is_expected_feared_or_dreamt_of() {
    let sky = |days: usize| Series { start: START, step: HALF_HOUR, values: (0..days * DAY).map(clear_kw).collect() };
    for (days, told) in [(1, true), (2, false), (20, true), (20, false)] {
        let settings = Settings { bounds: Bounds::production(5.0), ..settings(Method::ClearSky) };
        let mut forecaster = Forecaster::new(settings).expect("sound");
        if told {
            forecaster.tell_clear_sky(sky(days + 3)).expect("it has a use for it");
        }
        // Standby at night is not production.
        let values: Vec<_> = pv(days, 5).iter().map(|value| if *value == 0.0 { 0.02 } else { *value }).collect();
        observe(&mut forecaster, &values, 0);
        let forecast = forecaster.forecast(slot(days * DAY), 2 * DAY).expect("observed");
        let members = forecaster.scenarios(slot(days * DAY), 2 * DAY, 10).expect("observed").members;
        for index in 0..2 * DAY {
            let mut all = forecast.quantiles[index].0.to_vec();
            all.push(forecast.expected[index]);
            all.extend(members.iter().map(|member| member[index]));
            let is_night = clear_kw(index) == 0.0;
            assert_eq!(all.iter().all(|value| *value == 0.0), is_night, "{days} days, {told}, slot {index}: {all:?}");
        }
    }
}

#[test]
fn what_is_learned_of_a_load_is_better_than_persistence_and_than_the_day_before() {
    let forecaster = after(Method::AutoRegressive(AutoRegressive::default()), &load(80, 6));
    for score in forecaster.scores() {
        let skills = [score.skill(), score.crps_skill(), score.skill_against_day_before()];
        assert!(score.count() > 200 && skills.iter().all(|skill| *skill > Some(0.05)), "{skills:?}");
    }
    let (near, far) = (forecaster.score(1).expect("near"), forecaster.score(DAY).expect("far"));
    assert!(near.mae() < far.mae(), "{:?}, {:?}", near.mae(), far.mae());
    // The first slot ahead: noise of 0.2, whose mean absolute value is √(2/π) of that.
    let mae = near.mae().expect("scored");
    assert!((0.15..0.22).contains(&mae), "{mae}");
}

#[test]
fn clouds_are_forecast_better_by_the_clear_sky_than_by_the_day_before() {
    let mut forecaster = forecaster(Method::ClearSky);
    observe(&mut forecaster, &pv(80, 7), 0);
    for lead in [1, 4, DAY] {
        let score = forecaster.score(lead).expect("within the horizon");
        assert!(score.skill() > Some(0.0), "{lead}: {:?}", score.skill());
        assert!(score.skill_against_day_before() > Some(0.1), "{lead}: {:?}", score.skill_against_day_before());
    }
}

#[test]
fn bands_hold_about_as_much_as_they_say() {
    for method in [Method::AutoRegressive(AutoRegressive::default()), Method::SeasonalNaive(Season::DayBefore)] {
        let mut forecaster = after(method.clone(), &load(30, 8));
        let early = forecaster.scores().to_vec();
        observe(&mut forecaster, &load(230, 8)[30 * DAY..], 30 * DAY);
        for (bucket, (score, early)) in forecaster.scores().iter().zip(early).enumerate() {
            let inside = |score: &Score| score.coverage().expect("scored").map(|share| share * score.count() as f64);
            let count = (score.count() - early.count()) as f64;
            for ((all, before), nominal) in inside(score).into_iter().zip(inside(&early)).zip([0.9, 0.8, 0.5]) {
                let share = (all - before) / count;
                assert!((share - nominal).abs() < 0.07, "{method:?}, bucket {bucket}: {share}, not {nominal}");
            }
        }
    }
}

#[test]
fn sums_over_the_slots_of_a_scenario_vary_as_reality_does() {
    let values = load(90, 9);
    let mut forecaster =
        Forecaster::new(Settings { paths: 200, ..settings(Method::Smoothed { smoothing: 0.05 }) }).expect("sound");
    observe(&mut forecaster, &values, 0);
    let (steps, now) = (16, slot(values.len()));
    let forecast = forecaster.forecast(now, steps).expect("observed");
    let members = forecaster.scenarios(now, steps, 150).expect("observed").members;
    let variance = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64
    };
    let sums: Vec<f64> = members.iter().map(|member| member.iter().sum()).collect();
    let single: f64 =
        (0..steps).map(|index| variance(&members.iter().map(|member| member[index]).collect::<Vec<_>>())).sum::<f64>();
    // Of 16 values with correlation 0.9 from one to the next, the sum varies 9.1 times as much as if they were independent.
    let ratio = variance(&sums) / single;
    assert!((6.0..12.5).contains(&ratio), "{ratio}");
    let mean = sums.iter().sum::<f64>() / sums.len() as f64;
    assert!((mean - forecast.expected.iter().sum::<f64>()).abs() < 2.0, "members are around what is expected");
}

#[test]
fn before_there_are_enough_paths_members_follow_the_fan() {
    let forecaster = after(Method::Smoothed { smoothing: 0.1 }, &load(1, 10));
    let now = slot(DAY);
    let forecast = forecaster.forecast(now, 5).expect("observed");
    let scenarios = forecaster.scenarios(now, 5, 2).expect("observed");
    assert_eq!(scenarios.series(0), Some(forecast.edge(0.25)));
    assert_eq!(scenarios.series(1), Some(forecast.edge(0.75)));
    assert_eq!(scenarios.at(now).map(|values| values.len()), Some(2));
    assert_eq!((scenarios.series(2), scenarios.at(slot(DAY + 5))), (None, None));
}

#[test]
fn perfect_foresight_is_right_as_far_as_it_was_handed_in_and_refuses_beyond() {
    let values = load(12, 11);
    let series = Series { start: START, step: HALF_HOUR, values: values.as_slice().into() };
    let forecaster = after(Method::Perfect(series), &values[..8 * DAY]);
    let forecast = forecaster.forecast(slot(8 * DAY), 2 * DAY).expect("within the series");
    assert_eq!(forecast.expected, values[8 * DAY..10 * DAY]);
    for (index, quantiles) in forecast.quantiles.iter().enumerate() {
        assert!(quantiles.0.iter().all(|value| (value - values[8 * DAY + index]).abs() < 1e-5), "{quantiles:?}");
    }
    assert!(forecaster.scores().iter().all(|score| score.mae() < Some(1e-12) && score.skill() > Some(0.999)));
    let refused = forecaster.forecast(slot(11 * DAY), 2 * DAY);
    assert_eq!(refused, Err(ForecastError::BeyondForesight(slot(12 * DAY))));
}

#[test]
fn a_forecast_that_could_not_be_is_refused() {
    let mut forecaster = forecaster(Method::Persistence);
    assert_eq!(forecaster.forecast(slot(0), 1), Err(ForecastError::NothingObserved));
    forecaster.observe(slot(0), 1.0).expect("the first");
    let hindsight = ForecastError::Hindsight { now: slot(1) - Span(1), end: slot(1) };
    assert_eq!(forecaster.forecast(slot(1) - Span(1), 1), Err(hindsight));
    let too_far = ForecastError::TooFar { steps: 2 * DAY + 1, horizon: 2 * DAY };
    assert_eq!(forecaster.forecast(slot(1), 2 * DAY + 1), Err(too_far));
    let forecast = forecaster.forecast(slot(1) + Span(1), 1).expect("within the slot that follows");
    assert_eq!((forecast.issued, forecast.start), (slot(1) + Span(1), slot(1)));
    assert_eq!(forecaster.tell_clear_sky(forecast.series()), Err(SettingsError::NoSky));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let with = |change: fn(&mut Settings)| {
        let mut settings = settings(Method::Persistence);
        change(&mut settings);
        Forecaster::new(settings).expect_err("it makes no sense")
    };
    assert_eq!(with(|s| s.step = Span::from_minutes(7)), SettingsError::Step(Span::from_minutes(7)));
    assert_eq!(with(|s| s.horizon = 0), SettingsError::Horizon(0));
    let bounds = Bounds { least: Some(1.0), most: Some(0.0) };
    assert_eq!(with(|s| s.bounds = Bounds { least: Some(1.0), most: Some(0.0) }), SettingsError::Bounds(bounds));
    let weight = SettingsError::Weight { name: "smoothing", value: 0.0 };
    assert_eq!(with(|s| s.method = Method::Smoothed { smoothing: 0.0 }), weight);
    assert_eq!(with(|s| s.method = Method::SeasonalNaive(Season::SameDays(0))), SettingsError::NoDays);
    let order = |order| Method::AutoRegressive(AutoRegressive { order, ..AutoRegressive::default() });
    assert_eq!(order(17).check(), Err(SettingsError::Order { order: 17, most: 16 }));
    assert_eq!(order(16).check(), Ok(()));
}

#[test]
fn training_on_a_series_is_observing_it() {
    let mut values = load(9, 12);
    let observed = after(Method::Smoothed { smoothing: 0.1 }, &values[..8 * DAY]);
    values.truncate(8 * DAY);
    let mut series = Series { start: START, step: HALF_HOUR, values: values.as_slice().into() };
    let mut trained = forecaster(Method::Smoothed { smoothing: 0.1 });
    trained.train(&series).expect("on the grid");
    assert_eq!(trained, observed);
    series.step = Span::HOUR;
    assert!(matches!(trained.train(&series), Err(ObservationError::OtherStep { .. })));
}
