//! Who belongs together in a chart: assets by what they are to an energy balance.

use serde_json::Value;

/// What an asset counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Pv,
    Battery,
    ChargePoint,
    /// Contained in its charge point: in no sum.
    Vehicle,
    Household,
    Commercial,
    /// What is left of a commune's demand.
    Commune,
    /// Another load.
    Load,
}

impl Group {
    pub(crate) const ALL: [Self; 8] = [
        Self::Pv,
        Self::Battery,
        Self::ChargePoint,
        Self::Vehicle,
        Self::Household,
        Self::Commercial,
        Self::Commune,
        Self::Load,
    ];

    /// Its name in the page's data.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pv => "pv",
            Self::Battery => "battery",
            Self::ChargePoint => "evse",
            Self::Vehicle => "ev",
            Self::Household => "household",
            Self::Commercial => "commercial",
            Self::Commune => "commune",
            Self::Load => "load",
        }
    }
}

/// Tells groups apart, as far as the scenario says what a load is.
#[derive(Clone, Debug)]
pub(crate) struct Grouping {
    households: Vec<String>,
    commercial: Vec<String>,
}

impl Grouping {
    /// Reads who is named in the sections, and what fleets are of.
    pub(crate) fn of(scenario: &Value) -> Self {
        let members = |model: &str| {
            let keys = |section: &str| scenario[section].as_object().into_iter().flatten();
            let fleets = keys("fleet").filter(|(_, fleet)| fleet["of"] == model);
            keys(model).chain(fleets).map(|(name, _)| name.clone()).collect()
        };
        Self { households: members("household"), commercial: members("commercial") }
    }

    /// The group of an asset; none of a kind that is not known here.
    pub(crate) fn group(&self, asset: &str, kind: &str) -> Option<Group> {
        Some(match kind {
            "pv" => Group::Pv,
            "battery" => Group::Battery,
            "evse" => Group::ChargePoint,
            "ev" => Group::Vehicle,
            "load" if is_in(&self.households, asset) => Group::Household,
            "load" if is_in(&self.commercial, asset) => Group::Commercial,
            "load" if is_commune(asset) => Group::Commune,
            "load" => Group::Load,
            _ => return None,
        })
    }
}

/// Whether an asset is one of these, or a member of one of these fleets: `homes_000001` is of `homes`.
fn is_in(names: &[String], asset: &str) -> bool {
    let fleet = asset.rsplit_once('_').map_or("", |(fleet, _)| fleet);
    names.iter().any(|name| name == asset || name == fleet)
}

/// Demand of a commune goes by its five-digit code.
fn is_commune(asset: &str) -> bool {
    asset.strip_prefix("load_").is_some_and(|code| code.len() == 5 && code.bytes().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_what_the_scenario_says() {
        let scenario = serde_json::json!({
            "household": { "villa": {} },
            "fleet": { "homes": { "of": "household" }, "hotels": { "of": "commercial" }, "cars": { "of": "ev" } },
        });
        let grouping = Grouping::of(&scenario);
        for (asset, group) in [
            ("villa", Group::Household),
            ("homes_000017", Group::Household),
            ("hotels_000001", Group::Commercial),
            ("load_97209", Group::Commune),
            ("load_factory", Group::Load),
        ] {
            assert_eq!(grouping.group(asset, "load"), Some(group), "{asset}");
        }
        assert_eq!(grouping.group("cars_000001", "ev"), Some(Group::Vehicle));
        assert_eq!(grouping.group("x", "boiler"), None);
    }
}
