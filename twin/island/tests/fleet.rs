//! The fleet that is shipped, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use island::{Fleet, IslandError, Technology};

const SHIPPED: &str = include_str!("../data/martinique_fleet.toml");

#[test]
fn the_fleet_of_martinique_adds_up_to_the_printed_table() {
    let fleet = Fleet::martinique();
    // IEDOM 2020; the engines of Bellefontaine as installed, 12 of 18.3 MW.
    for (technology, mw) in [
        (Technology::Diesel, 12.0 * 18.3 + 68.6),
        (Technology::CombustionTurbine, 129.0),
        (Technology::Biomass, 36.0),
        (Technology::Waste, 4.0),
        (Technology::Biogas, 1.4),
        (Technology::Wind, 12.0),
        (Technology::Pv, 63.9 + 7.8),
        (Technology::Battery, 17.0),
    ] {
        assert!((fleet.technology_mw(technology) - mw).abs() < 1e-9, "{technology:?}");
    }
}

#[test]
fn every_number_of_the_shipped_fleet_has_its_source_or_is_marked_plausible() {
    let document: toml::Table = SHIPPED.parse().unwrap();
    for unit in document["unit"].as_array().unwrap() {
        let unit = unit.as_table().unwrap();
        let source = unit["source"].as_table().unwrap();
        for (key, value) in
            unit.iter().filter(|(key, _)| !["name", "technology", "source", "firmed"].contains(&key.as_str()))
        {
            let inner = value
                .as_table()
                .map_or(vec![key.clone()], |table| table.keys().map(|inner| format!("{key}.{inner}")).collect());
            for place in inner {
                assert!(source.contains_key(&place) || source.contains_key(key), "{}: {place}", unit["name"]);
            }
        }
    }
}

#[test]
fn the_readme_shows_the_shipped_fleet() {
    let readme = include_str!("../README.md");
    for group in Fleet::martinique().groups() {
        let rated = format!("{:?}", group.rated_mw);
        let row = format!("| {} | {} | {} | {rated} |", group.name, group.technology.name(), group.count);
        assert!(readme.contains(&row), "{row}");
    }
}

#[test]
fn a_fleet_written_and_read_again_is_the_same() {
    let fleet = Fleet::martinique();
    let text = toml::to_string(&fleet).unwrap();
    assert_eq!(Fleet::from_toml(&text).unwrap(), fleet);
    let json = serde_json::to_string(&fleet).unwrap();
    assert_eq!(serde_json::from_str::<Fleet>(&json).unwrap(), fleet);
}

/// What is said when a line of the shipped file is another one.
fn refused(line: &str, other: &str) -> IslandError {
    assert!(SHIPPED.contains(line), "{line}");
    Fleet::from_toml(&SHIPPED.replacen(line, other, 1)).expect_err(other)
}

#[test]
fn what_cannot_be_is_refused_with_the_units_name_and_the_remedy() {
    for (line, other, words) in [
        ("rated_mw = 18.3", "rated_mw = -1.0", ["bellefontaine_diesel", "rated_mw"]),
        ("minimum_mw = 7.3", "minimum_mw = 20.0", ["bellefontaine_diesel", "the rating at most"]),
        ("minimum_mw = 7.3", "minimum_mw = nan", ["bellefontaine_diesel", "minimum_mw"]),
        ("must_run = 2", "must_run = 13", ["bellefontaine_diesel", "lower it"]),
        ("[0.75, 0.427]", "[0.75, 0.30]", ["bellefontaine_diesel", "efficiency"]),
        ("[1.0, 0.432]", "[0.9, 0.432]", ["bellefontaine_diesel", "load 1.0"]),
        ("droop = 0.04", "droop = 4", ["bellefontaine_diesel", "4 %"]),
        ("rated_mva = 22.9", "rated_mva = 229.0", ["bellefontaine_diesel", "MVA"]),
        ("count = 12", "count = 0", ["bellefontaine_diesel", "count"]),
        ("name = \"pv\"", "name = \"bellefontaine_diesel_03\"", ["bellefontaine_diesel_03", "name of its own"]),
        ("energy_mwh = 5.0", "", ["novagrid_battery", "energy_mwh"]),
        ("technology = \"wind\"", "technology = \"biogas\"", ["grand_riviere_wind", "operation"]),
        ("version = 1", "version = 2", ["version 2", "version 1"]),
        ("start_min = 10", "start_h = 10", ["start_h", "cannot be read"]),
    ] {
        let message = refused(line, other).to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{other}: {message}");
    }
}

#[test]
fn units_are_found_by_their_own_name_or_their_groups() {
    let fleet = Fleet::martinique();
    assert_eq!(fleet.find("bellefontaine_diesel").unwrap(), (0..12).collect::<Vec<_>>());
    assert_eq!(fleet.find("bellefontaine_diesel_03").unwrap(), [2]);
    assert_eq!(fleet.unit_name(2).unwrap(), "bellefontaine_diesel_03");
    assert!(fleet.find("bellefontaine").unwrap_err().to_string().contains("bellefontaine_diesel"));
}
