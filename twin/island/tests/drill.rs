//! The blackouts of 2015 as drills: the island goes dark, and comes back feeder by feeder in about the real time.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use island::drill::{self, Drill, Feeder, Report};
use island::frequency::Status;
use island::{Defence, Fleet};

/// 190 000 customers (the press, 2015), shared like people, in feeders of 4 % of the load at most.
fn feeders() -> Vec<Feeder> {
    let lines = include_str!("../../../scenarios/data/communes.csv").lines().skip(1);
    let communes = lines.map(|line| {
        let mut fields = line.split(',').skip(1);
        (fields.next().unwrap(), fields.next().unwrap().parse().unwrap())
    });
    Feeder::by_population(communes, 190_000.0, 0.04)
}

fn play(drill: &Drill) -> Report {
    drill::play(&Fleet::martinique(), &Defence::martinique(), &feeders(), drill).unwrap()
}

#[test]
fn feeders_share_load_and_customers_like_people() {
    let feeders = feeders();
    assert!((feeders.iter().map(|feeder| feeder.share).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!((feeders.iter().map(|feeder| feeder.customers).sum::<f64>() - 190_000.0).abs() < 1e-6);
    assert!(feeders.iter().all(|feeder| feeder.share <= 0.04));
    let town = feeders.iter().filter(|feeder| feeder.commune == "Fort-de-France").count();
    assert_eq!(town, 6, "75 506 of 360 630 people");
}

#[test]
fn the_blackouts_of_2015_take_about_as_long_as_they_did() {
    for drill in Drill::blackouts_2015() {
        let report = play(&drill);
        assert_eq!(report.cascade, Status::Blackout, "{}: {:?}", drill.name, report.summary);
        let restored = report.restored_min.unwrap();
        let really = drill.really_took_min.unwrap();
        assert!((restored / really - 1.0).abs() < 0.1, "{}: {restored} of {really} minutes", drill.name);
    }
}

#[test]
fn energy_and_minutes_follow_from_when_each_feeder_came_back() {
    for drill in Drill::blackouts_2015() {
        let report = play(&drill);
        let feeders = feeders();
        assert_eq!(report.pickups.len(), feeders.len());
        let mut minutes = 0.0;
        let mut energy = report.summary.unserved_mwh;
        for (pickup, feeder) in report.pickups.iter().zip(&feeders) {
            assert_eq!(pickup.feeder, feeder.name);
            minutes += pickup.at_min * feeder.customers;
            energy += pickup.at_min / 60.0 * feeder.share * drill.load_mw;
        }
        assert!((report.minutes_per_customer - minutes / 190_000.0).abs() < 1e-9);
        assert!((report.unserved_mwh - energy).abs() < 1e-9);
        assert!((report.pickups.last().unwrap().customers_share - 1.0).abs() < 1e-12);
    }
}

#[test]
fn no_pickup_goes_below_the_least_frequency_or_takes_what_is_to_stay_free() {
    for drill in Drill::blackouts_2015() {
        let report = play(&drill);
        for pickup in &report.pickups {
            assert!(pickup.nadir_hz >= drill.restoration.least_hz && pickup.nadir_hz <= pickup.settled_hz + 1e-9);
            assert!(pickup.load_mw <= pickup.online_mw * (1.0 - drill.restoration.free_share) + 1e-9);
            assert!(pickup.cold_mw > 0.0);
        }
        assert!(report.pickups.windows(2).all(|pair| pair[0].at_min < pair[1].at_min));
        assert!(report.waited > 0, "units are what restoration waits for");
    }
}

#[test]
fn colder_load_takes_longer_and_an_island_that_holds_has_nothing_to_restore() {
    let mut drill = Drill::blackouts_2015().remove(0);
    let usual = play(&drill);
    drill.restoration.cold_load.factor = 2.2;
    assert!(play(&drill).restored_min > usual.restored_min);
    drill.restoration.ends_min = 120.0;
    let ended = play(&drill);
    assert_eq!(ended.restored_min, None);
    assert!(ended.feeders.iter().any(|feeder| !feeder.is_back && feeder.dark_min == 120.0));
    drill.acts.truncate(1);
    drill.acts[0].units_lost = vec!["bellefontaine_diesel_01".into()];
    let held = play(&drill);
    assert_eq!((held.cascade, held.pickups.len(), held.minutes_per_customer), (Status::Settled, 0, 0.0));
}

#[test]
fn what_cannot_be_is_refused() {
    let (fleet, defence) = (Fleet::martinique(), Defence::martinique());
    let drill = Drill::blackouts_2015().remove(0);
    let error = drill::play(&fleet, &defence, &feeders()[1..], &drill).unwrap_err().to_string();
    assert!(error.contains("all together 1"), "{error}");
    let mut unknown = drill.clone();
    unknown.restoration.returns[0].units = "nuclear".into();
    assert!(drill::play(&fleet, &defence, &feeders(), &unknown).unwrap_err().to_string().contains("nuclear"));
    let mut hot = drill;
    hot.restoration.cold_load.factor = 0.5;
    assert!(drill::play(&fleet, &defence, &feeders(), &hot).unwrap_err().to_string().contains("factor"));
}
