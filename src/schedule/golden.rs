//! A problem as the golden cases of the storage scheduler tell it: numbers in kW, kWh and EUR/MWh, hours after the start.

use super::reading::{At, Clock, Faults, Horizon};
use super::series::profile;
use super::source::{Form, Named};
use agents::schedule::{
    CurtailableProduction, Device, Keeping, Prices, Problem, Rules, Site, SocLimit, SocTarget, Storage,
};
use agents::{Span, Time};
use market::dispatch::{Limits, Profile};

const FIELDS: [&str; 12] = [
    "name",
    "kind",
    "provenance",
    "expected",
    "start",
    "horizon_h",
    "step_min",
    "soft_constraints",
    "price_eur_per_mwh_hourly",
    "devices",
    "site",
    "inflexible_kw_hourly",
];

const DEVICE_FIELDS: [&str; 16] = [
    "name",
    "kind",
    "power_capacity_kw",
    "consumption_capacity_kw",
    "production_capacity_kw",
    "soc_at_start_kwh",
    "soc_min_kwh",
    "soc_max_kwh",
    "roundtrip_efficiency",
    "charging_efficiency",
    "discharging_efficiency",
    "storage_efficiency_per_step",
    "soc_targets",
    "soc_minima",
    "soc_maxima",
    "operation_modes_kw",
];

const SITE_FIELDS: [&str; 5] = [
    "power_capacity_kw",
    "consumption_capacity_kw",
    "production_capacity_kw",
    "peak_consumption_kw",
    "peak_consumption_price_eur_per_kw",
];

/// Whether a document is one.
pub(crate) fn is(at: &At<'_>) -> bool {
    at.node.field("price_eur_per_mwh_hourly").is_some()
}

/// Reads one.
pub(crate) fn read(at: &At<'_>, otherwise: &str, faults: &mut Faults) -> Option<Named> {
    at.only(&FIELDS, &[], faults);
    let name = at.field("name").and_then(|name| name.node.text()).unwrap_or(otherwise).to_owned();
    let start = at.required("start", "the first instant with its offset", faults)?.instant_and_offset(faults);
    let mut length = |name: &str, unit_h: f64| {
        let at = at.required(name, "a number above 0", faults)?;
        let number = at.number(faults)?;
        if number * unit_h * 3.6e6 < 1.0 {
            faults.add(&at.path, format!("is {number}: give a number above 0"));
            return None;
        }
        Some(Span::from_hours(number * unit_h))
    };
    let (duration, step) = (length("horizon_h", 1.0), length("step_min", 1.0 / 60.0));
    let (start, offset) = start?;
    let horizon = Horizon::new(start, step?, duration?, &at.path_of("horizon_h"), faults)?;
    let reader = Reader { horizon };
    let prices = at.required("price_eur_per_mwh_hourly", "prices", faults)?;
    prices.only(&["consumption", "production"], &[], faults);
    let mut price = |name: &str| {
        let at = prices.required(name, "one price per hour, EUR/MWh", faults)?;
        let price = reader.hourly(&at, faults)?;
        Some(profile(price.into_iter().map(|price| price * 1e-3).collect()))
    };
    let (import, export) = (price("consumption"), price("production"));
    let places = at.required("devices", "an array of devices", faults).map(|at| at.list("devices", faults));
    let devices: Vec<_> = places.unwrap_or_default().iter().filter_map(|at| reader.device(at, faults)).collect();
    let site = at.field("site").map_or(Some(Site::default()), |at| reader.site(&at, faults));
    let inflexible = at.field("inflexible_kw_hourly").map_or(Some(Profile::Constant(0.0)), |at| {
        at.only(&["pv", "load"], &[], faults);
        let mut sum = vec![0.0; horizon.steps];
        for (name, sign) in [("load", 1.0), ("pv", -1.0)] {
            let Some(at) = at.field(name) else { continue };
            sum.iter_mut().zip(reader.hourly(&at, faults)?).for_each(|(sum, kw)| *sum += sign * kw);
        }
        Some(profile(sum))
    });
    let soft = at.field("soft_constraints").map_or(Some(true), |at| at.flag(faults));
    let keeping = if soft? { Keeping::Soft } else { Keeping::Hard };
    let problem = Problem {
        start,
        step: horizon.step,
        steps: horizon.steps,
        prices: Prices { import_eur_per_kwh: import?, export_eur_per_kwh: export? },
        site: site?,
        inflexible_kw: inflexible?,
        devices,
        rules: Rules { keeping, ..Rules::default() },
    };
    Some(Named { name, form: Form::Golden, clock: Clock::Local(offset), problem, notes: Vec::new() })
}

struct Reader {
    horizon: Horizon,
}

impl Reader {
    fn hour_of(&self, step: usize) -> f64 {
        step as f64 * self.horizon.step.hours()
    }

    fn after(&self, hours: f64) -> Time {
        self.horizon.start + Span::from_hours(hours)
    }

    /// One number per hour, as one per step.
    fn hourly(&self, at: &At<'_>, faults: &mut Faults) -> Option<Vec<f64>> {
        let places = at.list("one number per hour", faults);
        let hours = self.hour_of(self.horizon.steps).ceil() as usize;
        if places.len() < hours {
            faults.add(&at.path, format!("has {} numbers for {hours} hours: give one per hour", places.len()));
            return None;
        }
        let numbers: Vec<_> = places.iter().map(|at| at.number(faults)).collect();
        let numbers: Vec<f64> = numbers.into_iter().collect::<Option<_>>()?;
        Some((0..self.horizon.steps).map(|step| numbers[self.hour_of(step) as usize]).collect())
    }

    /// A number, or segments of hours; none where nothing is said.
    fn limit(&self, at: Option<At<'_>>, faults: &mut Faults) -> Option<Vec<Option<f64>>> {
        let Some(at) = at else { return Some(vec![None; self.horizon.steps]) };
        let Some(places) = at.elements() else {
            return Some(vec![Some(at.size(faults)?); self.horizon.steps]);
        };
        let mut limit = vec![None; self.horizon.steps];
        for place in places {
            place.only(&["from_h", "to_h", "value"], &[], faults);
            let mut number = |name: &str| place.required(name, "a number", faults)?.size(faults);
            let (from, to, value) = (number("from_h"), number("to_h"), number("value"));
            let (from, to, value) = (from?, to?, value?);
            for (step, limit) in limit.iter_mut().enumerate() {
                if limit.is_none() && (from..to).contains(&self.hour_of(step)) {
                    *limit = Some(value);
                }
            }
        }
        Some(limit)
    }

    /// The tighter of a limit and the limit both ways.
    fn limits(&self, at: &At<'_>, name: &str, faults: &mut Faults) -> Option<Vec<Option<f64>>> {
        let both = self.limit(at.field("power_capacity_kw"), faults)?;
        let own = self.limit(at.field(name), faults)?;
        let tighter = |(both, own): (Option<f64>, Option<f64>)| match (both, own) {
            (Some(both), Some(own)) => Some(both.min(own)),
            (both, own) => both.or(own),
        };
        Some(both.into_iter().zip(own).map(tighter).collect())
    }

    fn site(&self, at: &At<'_>, faults: &mut Faults) -> Option<Site> {
        at.only(&SITE_FIELDS, &[], faults);
        let mut limit = |name: &str| {
            let limit = self.limits(at, name, faults)?;
            let unreached = |kw: Option<f64>| kw.unwrap_or(super::flex_context::UNREACHED_KW);
            let is_limited = limit.iter().any(Option::is_some);
            Some(is_limited.then(|| profile(limit.into_iter().map(unreached).collect())))
        };
        let limits = (limit("consumption_capacity_kw"), limit("production_capacity_kw"));
        let mut number = |name: &str| at.field(name).map_or(Some(0.0), |at| at.size(faults));
        let (free, price) = (number("peak_consumption_kw"), number("peak_consumption_price_eur_per_kw"));
        let limits = Limits { import_kw: limits.0?, export_kw: limits.1? };
        Some(Site { limits, peak_free_kw: free?, peak_eur_per_kw: price? })
    }

    fn device(&self, at: &At<'_>, faults: &mut Faults) -> Option<Device> {
        at.only(&DEVICE_FIELDS, &[], faults);
        at.node.fields()?;
        let name = at.required("name", "a name", faults)?.node.text().unwrap_or("device").to_owned();
        let mut whole = |name: &str| {
            let limit = self.limits(at, name, faults)?;
            match limit.iter().position(Option::is_none) {
                Some(step) => {
                    let hour = self.hour_of(step);
                    faults
                        .add(&at.path_of(name), format!("says nothing at hour {hour}: give it, or power_capacity_kw"));
                    None
                }
                None => Some(profile(limit.into_iter().flatten().collect())),
            }
        };
        match at.field("kind").and_then(|kind| kind.node.text()).unwrap_or("storage") {
            "curtailable_production" => {
                let available_kw = whole("production_capacity_kw")?;
                Some(Device::CurtailableProduction(CurtailableProduction { name, available_kw }))
            }
            "storage" => {
                let limits = (whole("consumption_capacity_kw"), whole("production_capacity_kw"));
                self.storage(at, &name, (limits.0?, limits.1?), faults)
            }
            other => {
                let remedy = "give \"storage\" or \"curtailable_production\"";
                faults.add(&at.path_of("kind"), format!("is `{other}`: {remedy}"));
                None
            }
        }
    }

    fn storage(&self, at: &At<'_>, name: &str, limits: (Profile, Profile), faults: &mut Faults) -> Option<Device> {
        let mut number = |name: &str, otherwise: Option<f64>| match (at.field(name), otherwise) {
            (Some(at), _) => at.size(faults),
            (None, Some(otherwise)) => Some(otherwise),
            (None, None) => at.required(name, "a number", faults).and(None),
        };
        let (start, low, high) =
            (number("soc_at_start_kwh", None), number("soc_min_kwh", Some(0.0)), number("soc_max_kwh", None));
        let each_way = number("roundtrip_efficiency", Some(1.0))?.sqrt();
        let charging = number("charging_efficiency", Some(each_way));
        let discharging = number("discharging_efficiency", Some(each_way));
        let kept = number("storage_efficiency_per_step", Some(1.0));
        let mut each = |name: &str, fields: [&str; 2]| -> Vec<(Time, Time, f64)> {
            let Some(list) = at.field(name).map(|at| at.list("objects", faults)) else { return Vec::new() };
            let read = |at: &At<'_>| {
                at.only(&[fields[0], fields[1], "soc_kwh"], &[], faults);
                let mut number = |name: &str| at.required(name, "a number", faults)?.size(faults);
                let (from, to, soc) = (number(fields[0]), number(fields[1]), number("soc_kwh"));
                Some((self.after(from?), self.after(to?), soc?))
            };
            list.iter().filter_map(read).collect()
        };
        let targets = each("soc_targets", ["at_h", "at_h"]);
        let limit = |(from, until, soc_kwh): (Time, Time, f64)| SocLimit { from, until, soc_kwh };
        let minima = each("soc_minima", ["from_h", "to_h"]).into_iter().map(limit).collect();
        let maxima = each("soc_maxima", ["from_h", "to_h"]).into_iter().map(limit).collect();
        let modes = at.field("operation_modes_kw").map(|at| at.list("ranges", faults)).unwrap_or_default();
        let mode = |at: &At<'_>| match at.elements().as_deref() {
            Some([least, most]) => Some([least.number(faults)?, most.number(faults)?]),
            _ => {
                faults.add(&at.path, "is no range: give [least, most] in kW");
                None
            }
        };
        let modes_kw = modes.iter().filter_map(mode).collect();
        Some(Device::Storage(Box::new(Storage {
            soc_start_kwh: start?,
            soc_min_kwh: Profile::Constant(low?),
            minima,
            maxima,
            targets: targets.into_iter().map(|(at, _, soc_kwh)| SocTarget { at, soc_kwh }).collect(),
            charge_max_kw: limits.0,
            discharge_max_kw: limits.1,
            charge_efficiency: charging?,
            discharge_efficiency: discharging?,
            kept_per_step: Profile::Constant(kept?),
            modes_kw,
            ..Storage::new(name, high?, 0.0)
        })))
    }
}
