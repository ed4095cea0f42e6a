//! Prices, limits of the connection and what can not be moved, as FlexMeasures' flex-context tells them.

use super::reading::{At, Clock, Faults, Horizon};
use super::series::{Series, profile};
use super::units::Measure;
use agents::schedule::{Keeping, Prices, Rules, Site};
use market::dispatch::{Limits, Profile};

/// The fields.
pub(super) const FIELDS: [&str; 16] = [
    "consumption-price",
    "production-price",
    "site-power-capacity",
    "site-consumption-capacity",
    "site-production-capacity",
    "site-peak-consumption",
    "site-peak-consumption-price",
    "inflexible-device",
    "inflexible-device-sensors",
    "inflexible-consumption",
    "inflexible-production",
    "relax-constraints",
    "relax-soc-constraints",
    "relax-site-capacity-constraints",
    "relax-capacity-constraints",
    "commodity",
];

const BREACH: &str =
    "misses count more than any price: `relax-constraints` says whether there may be any; leave it out";

/// What there is in place of other fields.
pub(super) const INSTEAD: [(&str, &str); 15] = [
    ("consumption-price-sensor", "there are no sensors here: give the series as `consumption-price`"),
    ("production-price-sensor", "there are no sensors here: give the series as `production-price`"),
    ("site-peak-production", "only the peak of consumption has a price here; leave it out"),
    ("site-peak-production-price", "only the peak of consumption has a price here; leave it out"),
    ("site-consumption-breach-price", BREACH),
    ("site-production-breach-price", BREACH),
    ("soc-minima-breach-price", BREACH),
    ("soc-maxima-breach-price", BREACH),
    ("consumption-breach-price", BREACH),
    ("production-breach-price", BREACH),
    ("commitments", "give prices and limits of the connection; leave it out"),
    ("commodities", "only electricity is scheduled here: give the fields of its entry"),
    ("aggregate-power", "nothing is written to sensors here: `--out` writes the schedule; leave it out"),
    ("aggregate-consumption", "nothing is written to sensors here: `--out` writes the schedule; leave it out"),
    ("aggregate-production", "nothing is written to sensors here: `--out` writes the schedule; leave it out"),
];

/// What a flex-context says.
pub(crate) struct Context {
    pub(crate) prices: Prices,
    pub(crate) site: Site,
    pub(crate) inflexible_kw: Profile,
    pub(crate) rules: Rules,
}

/// Reads one.
pub(crate) fn read(at: &At<'_>, horizon: &Horizon, clock: Clock, faults: &mut Faults) -> Option<Context> {
    at.only(&FIELDS, &INSTEAD, faults);
    if let Some(commodity) = at.field("commodity").filter(|at| at.node.text() != Some("electricity")) {
        faults.add(&commodity.path, "only \"electricity\" is scheduled here: leave it out");
    }
    let mean = |at: &At<'_>, measure: Measure, faults: &mut Faults| {
        Series::read(at, measure, horizon, faults)?.mean(&at.path, horizon, clock, faults)
    };
    let import = at.required("consumption-price", "the price of consumption, as \"92 EUR/MWh\" or a series", faults);
    let import = import.and_then(|at| mean(&at, Measure::Price, faults));
    // As in FlexMeasures: who says nothing of production sells at the price of consumption.
    let export = match at.field("production-price") {
        Some(at) => mean(&at, Measure::Price, faults),
        None => import.clone(),
    };
    let site = site(at, horizon, faults);
    let inflexible = inflexible(at, horizon, clock, faults);
    let keeping = keeping(at, faults);
    Some(Context {
        prices: Prices { import_eur_per_kwh: profile(import?), export_eur_per_kwh: profile(export?) },
        site: site?,
        inflexible_kw: profile(inflexible?),
        rules: Rules { keeping, ..Rules::default() },
    })
}

fn site(at: &At<'_>, horizon: &Horizon, faults: &mut Faults) -> Option<Site> {
    let mut limit = |name: &str| match at.field(name) {
        Some(at) => Series::read_size(&at, Measure::Power, horizon, faults).map(Some),
        None => Some(None),
    };
    let limits = (limit("site-power-capacity"), limit("site-consumption-capacity"), limit("site-production-capacity"));
    let free = at.field("site-peak-consumption").map_or(Some(0.0), |at| Measure::Power.read_size(&at, None, faults));
    let price = at.field("site-peak-consumption-price");
    let price = price.map_or(Some(0.0), |at| Measure::PeakPrice.read_size(&at, None, faults));
    let (both, import, export) = (limits.0?, limits.1?, limits.2?);
    let widest = vec![f64::INFINITY; horizon.steps];
    let least = |series: &Option<Series>, otherwise: &[f64]| {
        series.as_ref().map_or(otherwise.to_vec(), |series| series.least(otherwise, horizon))
    };
    let both_kw = least(&both, &widest);
    let limit = |series: &Option<Series>| {
        let least = least(series, &both_kw);
        // Where nothing is limited part of the time, a limit that no device can reach stands for it.
        let unreached = |kw: f64| if kw.is_infinite() { UNREACHED_KW } else { kw };
        least.iter().any(|kw| kw.is_finite()).then(|| profile(least.into_iter().map(unreached).collect()))
    };
    Some(Site {
        limits: Limits { import_kw: limit(&import), export_kw: limit(&export) },
        peak_free_kw: free?,
        peak_eur_per_kw: price?,
    })
}

/// Stands for no limit where others are limited, kW.
pub(crate) const UNREACHED_KW: f64 = 1e6;

/// What can not be moved, kW; one series or an array of them each.
fn inflexible(at: &At<'_>, horizon: &Horizon, clock: Clock, faults: &mut Faults) -> Option<Vec<f64>> {
    let mut sum = vec![0.0; horizon.steps];
    let mut whole = true;
    for (name, sign, is_size) in [
        ("inflexible-device", 1.0, false),
        ("inflexible-device-sensors", 1.0, false),
        ("inflexible-consumption", 1.0, true),
        ("inflexible-production", -1.0, true),
    ] {
        let Some(field) = at.field(name) else { continue };
        // Segments are one series; anything else in an array is one each.
        let is_segment = |at: &At<'_>| at.node.field("value").is_some();
        let series = match field.elements() {
            Some(elements) if !elements.iter().any(is_segment) => elements,
            _ => vec![field],
        };
        for place in series {
            let read = if is_size { Series::read_size } else { Series::read };
            let values = read(&place, Measure::Power, horizon, faults);
            match values.and_then(|values| values.mean(&place.path, horizon, clock, faults)) {
                Some(values) => sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += sign * value),
                None => whole = false,
            }
        }
    }
    whole.then_some(sum)
}

/// Soft unless it is said that it is not, as in FlexMeasures, where the parts come before the whole.
fn keeping(at: &At<'_>, faults: &mut Faults) -> Keeping {
    let mut flag = |name: &str| at.field(name).and_then(|at| at.flag(faults));
    let soft = flag("relax-constraints").unwrap_or(true);
    let parts = ["relax-soc-constraints", "relax-site-capacity-constraints"].map(|name| (name, flag(name)));
    let devices = flag("relax-capacity-constraints");
    if let Some((name, _)) = parts.iter().find(|(_, part)| part.is_some_and(|part| part != soft)) {
        let remedy = "stored energy and connection are both soft here, or both hard: leave it out, or set \
                      `relax-constraints` alone";
        faults.add(&at.path_of(name), format!("differs from `relax-constraints`, which is {soft}: {remedy}"));
    }
    if devices == Some(true) {
        let remedy = "limits of devices are always kept here: leave it out";
        faults.add(&at.path_of("relax-capacity-constraints"), remedy);
    }
    if soft { Keeping::Soft } else { Keeping::Hard }
}
