//! A prosumer, or a community behind one connection, as OPLEM's linear problem tells them: steps, EUR/kWh, no exclusion.

use super::reading::{At, Clock, Faults, Horizon};
use super::series::profile;
use super::source::{Form, Named};
use agents::schedule::{
    CurtailableProduction, Device, Exclusion, Keeping, Prices, Problem, Rules, Site, SocLimit, Storage,
};
use agents::{Span, Time};
use market::dispatch::Profile;

const FIELDS: [&str; 10] = [
    "name",
    "kind",
    "provenance",
    "expected",
    "steps",
    "dt_h",
    "price_import_eur_per_kwh",
    "price_export_eur_per_kwh",
    "prosumer",
    "prosumers",
];

const STORAGE_FIELDS: [&str; 8] = [
    "e_max_kwh",
    "e_min_kwh",
    "charge_max_kw",
    "discharge_max_kw",
    "e_start_kwh",
    "e_end_min_kwh",
    "degradation_cost_per_kwh",
    "efficiency_one_way",
];

/// Whether a document is one.
pub(crate) fn is(at: &At<'_>) -> bool {
    at.node.field("prosumer").is_some() || at.node.field("prosumers").is_some()
}

/// Reads one.
pub(crate) fn read(at: &At<'_>, otherwise: &str, faults: &mut Faults) -> Option<Named> {
    at.only(&FIELDS, &[], faults);
    let name = at.field("name").and_then(|name| name.node.text()).unwrap_or(otherwise).to_owned();
    let steps = at.required("steps", "how many steps there are", faults).and_then(|at| at.size(faults));
    let step_h = at.required("dt_h", "the length of a step in hours", faults).and_then(|at| at.size(faults));
    let (steps, step_h) = (steps?, step_h?);
    if steps.fract() != 0.0 || step_h * 3.6e6 < 1.0 {
        faults
            .add(&at.path_of("steps"), format!("are {steps} of {step_h} h: give a whole number, of a length above 0"));
        return None;
    }
    let (start, step) = (Time(0), Span::from_hours(step_h));
    let horizon = Horizon::new(start, step, Span(step.0.saturating_mul(steps as i64)), &at.path_of("steps"), faults)?;
    let reader = Reader { horizon };
    let mut price = |name: &str| {
        let at = at.required(name, "a price, or one per step, EUR/kWh", faults)?;
        reader.per_step(&at, false, faults)
    };
    let (import, export) = (price("price_import_eur_per_kwh"), price("price_export_eur_per_kwh"));
    let (members, form) = match at.field("prosumers") {
        Some(list) => (list.list("prosumers", faults), Form::Community),
        None => (at.field("prosumer").into_iter().collect(), Form::Prosumer),
    };
    let (mut load, mut devices) = (vec![0.0; horizon.steps], Vec::new());
    for (index, member) in members.iter().enumerate() {
        let whose = if form == Form::Community { format!("member {} ", index + 1) } else { String::new() };
        let own = reader.member(member, &whose, &mut devices, faults);
        load.iter_mut().zip(own.unwrap_or_default()).for_each(|(sum, kw)| *sum += kw);
    }
    let problem = Problem {
        start,
        step,
        steps: horizon.steps,
        prices: Prices { import_eur_per_kwh: profile(import?), export_eur_per_kwh: profile(export?) },
        site: Site::default(),
        inflexible_kw: profile(load),
        devices,
        rules: Rules { keeping: Keeping::Hard, storage: Exclusion::Free, site: Exclusion::Free, ..Rules::default() },
    };
    Some(Named { name, form, clock: Clock::FromStart(start), problem, notes: Vec::new() })
}

struct Reader {
    horizon: Horizon,
}

impl Reader {
    /// A number, or one per step.
    fn per_step(&self, at: &At<'_>, is_size: bool, faults: &mut Faults) -> Option<Vec<f64>> {
        let mut number = |at: &At<'_>| if is_size { at.size(faults) } else { at.number(faults) };
        let steps = self.horizon.steps;
        let Some(places) = at.elements() else { return Some(vec![number(at)?; steps]) };
        let numbers: Vec<_> = places.iter().map(&mut number).collect();
        if numbers.len() != steps {
            let has = numbers.len();
            faults.add(&at.path, format!("has {has} numbers for {steps} steps: give one per step, or one for all"));
            return None;
        }
        numbers.into_iter().collect()
    }

    /// The devices of a member go into the list; its load comes back.
    fn member(&self, at: &At<'_>, whose: &str, devices: &mut Vec<Device>, faults: &mut Faults) -> Option<Vec<f64>> {
        at.only(&["load_kw", "pv_kw_available", "storage"], &[], faults);
        let load = at.required("load_kw", "a load, or one per step, kW", faults);
        let load = load.and_then(|at| self.per_step(&at, false, faults));
        let storages = at.field("storage").map(|at| at.list("storages", faults)).unwrap_or_default();
        for (index, place) in storages.iter().enumerate() {
            let number = if storages.len() > 1 { format!(" {}", index + 1) } else { String::new() };
            devices.extend(self.storage(place, &format!("{whose}storage{number}"), faults));
        }
        if let Some(at) = at.field("pv_kw_available") {
            let available_kw = profile(self.per_step(&at, true, faults)?);
            devices.push(Device::CurtailableProduction(CurtailableProduction {
                name: format!("{whose}pv"),
                available_kw,
            }));
        }
        load
    }

    fn storage(&self, at: &At<'_>, name: &str, faults: &mut Faults) -> Option<Device> {
        at.only(&STORAGE_FIELDS, &[], faults);
        at.node.fields()?;
        let mut number = |name: &str| at.required(name, "a number", faults)?.size(faults);
        let (start, low, high) = (number("e_start_kwh"), number("e_min_kwh"), number("e_max_kwh"));
        let (efficiency, ageing) = (number("efficiency_one_way"), number("degradation_cost_per_kwh"));
        let end_min = at.field("e_end_min_kwh").map(|at| at.size(faults));
        let mut limit = |name: &str| {
            let at = at.required(name, "a number, or one per step, kW", faults)?;
            Some(profile(self.per_step(&at, true, faults)?))
        };
        let (charge, discharge) = (limit("charge_max_kw"), limit("discharge_max_kw"));
        let end = self.horizon.end();
        let at_end = |soc_kwh| SocLimit { from: end, until: end, soc_kwh };
        Some(Device::Storage(Box::new(Storage {
            soc_start_kwh: start?,
            soc_min_kwh: Profile::Constant(low?),
            minima: match end_min {
                Some(soc_kwh) => vec![at_end(soc_kwh?)],
                None => Vec::new(),
            },
            charge_max_kw: charge?,
            discharge_max_kw: discharge?,
            charge_efficiency: efficiency?,
            discharge_efficiency: efficiency?,
            ageing_eur_per_kwh: ageing?,
            ..Storage::new(name, high?, 0.0)
        })))
    }
}
