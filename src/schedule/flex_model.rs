//! Devices, as FlexMeasures' flex-model tells them.

use super::reading::{At, Clock, Faults, Horizon};
use super::series::{Series, profile, window};
use super::units::Measure;
use crate::clear::node::Node;
use agents::schedule::{CurtailableProduction, Device, SocLimit, SocTarget, Storage};
use market::dispatch::Profile;

/// The fields of a device.
pub(super) const FIELDS: [&str; 21] = [
    "sensor",
    "asset",
    "name",
    "soc-at-start",
    "soc-unit",
    "soc-min",
    "soc-max",
    "soc-targets",
    "soc-minima",
    "soc-maxima",
    "power-capacity",
    "consumption-capacity",
    "production-capacity",
    "roundtrip-efficiency",
    "charging-efficiency",
    "discharging-efficiency",
    "storage-efficiency",
    "prefer-charging-sooner",
    "prefer-curtailing-later",
    "operation-modes",
    "commodity",
];

/// What there is in place of other fields.
pub(super) const INSTEAD: [(&str, &str); 19] = [
    ("soc-gain", "energy that comes into a store by itself is not scheduled here; leave it out"),
    ("soc-usage", "energy that is used out of a store is not scheduled here; give the trip as `soc-targets`"),
    ("state-of-charge", "there are no sensors here: give what is stored now as `soc-at-start`"),
    ("group", "devices share the connection alone: give its limits as `site-power-capacity`"),
    ("coupling", "devices share the connection alone; leave it out"),
    ("coupling-coefficient", "devices share the connection alone; leave it out"),
    ("consumption", "nothing is written to sensors here: `--out` writes the schedule; leave it out"),
    ("production", "nothing is written to sensors here: `--out` writes the schedule; leave it out"),
    ("inflexible-consumption", "give it in `flex-context`"),
    ("inflexible-production", "give it in `flex-context`"),
    ("sensor-flex-model", "write its fields beside `sensor`"),
    ("soc-minima-breach-price", "misses count more than any price: `relax-constraints` says whether there may be any"),
    ("soc-maxima-breach-price", "misses count more than any price: `relax-constraints` says whether there may be any"),
    ("consumption-breach-price", "limits of devices are always kept; leave it out"),
    ("process-type", "only storages and production are scheduled here; leave the device out"),
    ("time-restrictions", "only storages and production are scheduled here; leave the device out"),
    ("power", "only storages and production are scheduled here; leave the device out"),
    ("duration", "only storages and production are scheduled here; leave the device out"),
    ("optimization-sense", "only storages and production are scheduled here; leave the device out"),
];

/// Reads one device or an array of them.
pub(crate) fn read(
    at: &At<'_>,
    horizon: &Horizon,
    clock: Clock,
    notes: &mut Vec<String>,
    faults: &mut Faults,
) -> Vec<Device> {
    let (places, is_list) = match at.elements() {
        Some(places) => (places, true),
        None => (vec![at.clone()], false),
    };
    let mut devices: Vec<Device> = Vec::new();
    for (index, place) in places.iter().enumerate() {
        place.only(&FIELDS, &INSTEAD, faults);
        if place.node.fields().is_none() {
            continue;
        }
        let name = name(place, if is_list { format!("device {}", index + 1) } else { "storage".into() }, faults);
        if devices.iter().any(|device| device.name() == name) {
            faults.add(&place.path, format!("two devices are called `{name}`: give each a `name` of its own"));
        }
        for preference in ["prefer-charging-sooner", "prefer-curtailing-later"] {
            if place.field(preference).and_then(|at| at.flag(faults)).is_some() {
                notes.push(format!(
                    "{name}: `{preference}` chooses between schedules of equal cost; here the scheduler's own rule does"
                ));
            }
        }
        if let Some(commodity) = place.field("commodity").filter(|at| at.node.text() != Some("electricity")) {
            faults.add(&commodity.path, "only \"electricity\" is scheduled here: leave the device out");
        }
        let reader = Reader { at: place, horizon, clock };
        devices.extend(if reader.is_storage() {
            reader.storage(&name, faults)
        } else {
            reader.production(&name, faults)
        });
    }
    devices
}

fn name(at: &At<'_>, otherwise: String, faults: &mut Faults) -> String {
    if let Some(name) = at.field("name") {
        return name.node.text().map(str::to_owned).unwrap_or_else(|| {
            faults.add(&name.path, format!("is {}: give a string", name.node.kind()));
            otherwise
        });
    }
    for field in ["sensor", "asset"] {
        match at.node.field(field) {
            Some(Node::Integer(number)) => return format!("{field} {number}"),
            Some(Node::Text(name)) => return name.clone(),
            None | Some(Node::Null) => {}
            Some(other) => faults.add(&at.path_of(field), format!("is {}: give its number or name", other.kind())),
        }
    }
    otherwise
}

struct Reader<'a> {
    at: &'a At<'a>,
    horizon: &'a Horizon,
    clock: Clock,
}

impl Reader<'_> {
    fn is_storage(&self) -> bool {
        let fields = self.at.node.fields().unwrap_or_default();
        fields.iter().any(|(name, value)| name.starts_with("soc-") && name != "soc-unit" && *value != Node::Null)
    }

    fn storage(&self, name: &str, faults: &mut Faults) -> Option<Device> {
        let unit = self.at.field("soc-unit").and_then(|unit| {
            let text = unit.node.text().unwrap_or_default();
            Measure::Energy.factor(text, &unit.path, faults).map(|_| text.to_owned())
        });
        // A unit that is wrong is told once, and nothing is said of numbers in it.
        let is_unit_wrong = unit.is_none() && self.at.field("soc-unit").is_some();
        let unit = unit.or_else(|| self.at.field("soc-unit").map(|_| "kWh".to_owned()));
        let energy = |at: &At<'_>, faults: &mut Faults| Measure::Energy.read_size(at, unit.as_deref(), faults);
        let soc_start =
            self.at.required("soc-at-start", "what is stored when the schedule begins, as \"20 kWh\"", faults);
        let soc_start = soc_start.and_then(|at| energy(&at, faults));
        let soc_min = self.at.field("soc-min").map_or(Some(0.0), |at| energy(&at, faults));
        let soc_max = self.at.required("soc-max", "what it can hold, as \"50 kWh\"", faults);
        let soc_max = soc_max.and_then(|at| energy(&at, faults));
        if !is_unit_wrong && soc_min.zip(soc_max).is_some_and(|(low, high)| low > high) {
            faults.add(&self.at.path_of("soc-max"), "is below `soc-min`: lower one or raise the other");
        }
        let limits = self.limits(faults);
        let efficiencies = self.efficiencies(faults);
        let kept = self.kept_per_step(faults);
        let targets = self.targets(&energy, faults);
        let minima = self.soc_limits("soc-minima", &energy, faults);
        let maxima = self.soc_limits("soc-maxima", &energy, faults);
        let modes_kw = self.modes(faults);
        let (charge_max_kw, discharge_max_kw) = limits?;
        let (charge_efficiency, discharge_efficiency) = efficiencies?;
        Some(Device::Storage(Box::new(Storage {
            soc_start_kwh: soc_start?,
            soc_min_kwh: Profile::Constant(soc_min?),
            minima,
            maxima,
            targets,
            charge_max_kw: profile(charge_max_kw),
            discharge_max_kw: profile(discharge_max_kw),
            charge_efficiency,
            discharge_efficiency,
            kept_per_step: kept?,
            modes_kw,
            ..Storage::new(name, soc_max?, 0.0)
        })))
    }

    /// What holds nothing: production that may be curtailed.
    fn production(&self, name: &str, faults: &mut Faults) -> Option<Device> {
        let (consumption, production) = self.limits(faults)?;
        if consumption.iter().any(|limit| *limit > 0.0) {
            let remedy = "give `soc-at-start` and `soc-max` of a storage, or \"consumption-capacity\": \"0 kW\" of production \
                          that may be curtailed; load that can not be moved goes into `flex-context`";
            faults.add(&self.at.path, format!("takes power and stores nothing: {remedy}"));
            return None;
        }
        for field in [
            "roundtrip-efficiency",
            "charging-efficiency",
            "discharging-efficiency",
            "storage-efficiency",
            "operation-modes",
        ] {
            if self.at.field(field).is_some() {
                faults
                    .add(&self.at.path_of(field), "belongs to a storage, and this device stores nothing: leave it out");
            }
        }
        let available_kw = profile(production);
        Some(Device::CurtailableProduction(CurtailableProduction { name: name.to_owned(), available_kw }))
    }

    /// Most it may take and give at each step, kW. As in FlexMeasures, a device that says how much it may take one way, and
    /// not nothing, can not go the other way unless it says so too.
    fn limits(&self, faults: &mut Faults) -> Option<(Vec<f64>, Vec<f64>)> {
        let mut series = |name: &str| {
            let mut read = |at: At<'_>| Series::read_size(&at, Measure::Power, self.horizon, faults);
            self.at.field(name).map_or(Ok(None), |at| read(at).map(Some).ok_or(()))
        };
        let (power, consumption, production) =
            (series("power-capacity"), series("consumption-capacity"), series("production-capacity"));
        let (power, consumption, production) = (power.ok()?, consumption.ok()?, production.ok()?);
        let widest = vec![f64::INFINITY; self.horizon.steps];
        let both = power.as_ref().map_or(widest.clone(), |power| power.least(&widest, self.horizon));
        let is_one_way = |own: &Option<Series>, other: &Option<Series>| {
            own.is_none() && other.as_ref().is_some_and(|other| !other.is_zero())
        };
        let (takes_nothing, gives_nothing) =
            (is_one_way(&consumption, &production), is_one_way(&production, &consumption));
        let mut limit = |name: &str, series: Option<Series>, is_none: bool| {
            if is_none {
                return Some(vec![0.0; self.horizon.steps]);
            }
            let least = series.map_or(both.clone(), |series| series.least(&both, self.horizon));
            if let Some(step) = least.iter().position(|limit| limit.is_infinite()) {
                let at = self.clock.shown(self.horizon.begin_of(step));
                let remedy = format!("give `{name}` for the whole time, or `power-capacity`");
                faults.add(&self.at.path_of(name), format!("says nothing at {at}: {remedy}"));
                return None;
            }
            Some(least)
        };
        let limits = (
            limit("consumption-capacity", consumption, takes_nothing),
            limit("production-capacity", production, gives_nothing),
        );
        limits.0.zip(limits.1)
    }

    /// One each way: the root of the round trip, or the two, of which the other is 1 where one is given.
    fn efficiencies(&self, faults: &mut Faults) -> Option<(f64, f64)> {
        let mut read = |name: &str| match self.at.field(name) {
            Some(at) => Measure::Share.read(&at, None, faults).map(Some),
            None => Some(None),
        };
        let (both, charging, discharging) =
            (read("roundtrip-efficiency"), read("charging-efficiency"), read("discharging-efficiency"));
        let (both, charging, discharging) = (both?, charging?, discharging?);
        if charging.is_some() || discharging.is_some() {
            if both.is_some() {
                let remedy =
                    "excludes `charging-efficiency` and `discharging-efficiency`: give the round trip, or each way";
                faults.add(&self.at.path_of("roundtrip-efficiency"), remedy);
            }
            return Some((charging.unwrap_or(1.0), discharging.unwrap_or(1.0)));
        }
        let each = both.unwrap_or(1.0).sqrt();
        Some((each, each))
    }

    fn kept_per_step(&self, faults: &mut Faults) -> Option<Profile> {
        let Some(at) = self.at.field("storage-efficiency") else { return Some(Profile::Constant(1.0)) };
        let series = Series::read(&at, Measure::Share, self.horizon, faults)?;
        let kept = series.mean(&at.path, self.horizon, self.clock, faults)?;
        Some(profile(kept))
    }

    /// Targets at an instant, or at every end of a step in a window.
    fn targets(&self, energy: &dyn Fn(&At<'_>, &mut Faults) -> Option<f64>, faults: &mut Faults) -> Vec<SocTarget> {
        let mut targets = Vec::new();
        for (from, until, soc_kwh, path) in self.windows("soc-targets", energy, faults) {
            let ends = (1..=self.horizon.steps).map(|step| self.horizon.begin_of(step));
            let ends: Vec<_> = ends.filter(|end| from <= *end && *end <= until).collect();
            if ends.is_empty() {
                let shown = self.clock.shown(from);
                let minutes = self.horizon.step.0 as f64 / 6e4;
                faults
                    .add(&path, format!("is {shown}, which ends no step of {minutes} min: move it to the end of one"));
            }
            targets.extend(ends.into_iter().map(|at| SocTarget { at, soc_kwh }));
        }
        targets
    }

    fn soc_limits(
        &self,
        name: &str,
        energy: &dyn Fn(&At<'_>, &mut Faults) -> Option<f64>,
        faults: &mut Faults,
    ) -> Vec<SocLimit> {
        let windows = self.windows(name, energy, faults);
        windows.into_iter().map(|(from, until, soc_kwh, _)| SocLimit { from, until, soc_kwh }).collect()
    }

    /// Elements with `datetime`, or `start` and `end` or `duration`, and a `value`: from, until, kWh, path.
    fn windows(
        &self,
        name: &str,
        energy: &dyn Fn(&At<'_>, &mut Faults) -> Option<f64>,
        faults: &mut Faults,
    ) -> Vec<(agents::Time, agents::Time, f64, String)> {
        let Some(at) = self.at.field(name) else { return Vec::new() };
        let mut windows = Vec::new();
        for place in at.list("{\"datetime\" or \"start\" and \"end\", \"value\"}", faults) {
            place.only(&["datetime", "start", "end", "duration", "value"], &[], faults);
            if place.node.fields().is_none() {
                continue;
            }
            let (range, path) = match place.field("datetime") {
                Some(at) => (at.instant(faults).map(|time| (time, time)), at.path),
                None => (window(&place, faults), place.path_of("start")),
            };
            let value = place.required("value", "what is to be stored, as \"40 kWh\"", faults);
            let value = value.and_then(|value| energy(&value, faults));
            let Some(((from, until), soc_kwh)) = range.zip(value) else { continue };
            if until <= self.horizon.start || from > self.horizon.end() {
                let (start, end) = (self.clock.shown(self.horizon.start), self.clock.shown(self.horizon.end()));
                let remedy = "leave it out, or change `start` or `duration`";
                let shown = self.clock.shown(from);
                faults.add(&path, format!("is {shown}, outside the schedule ({start} to {end}): {remedy}"));
                continue;
            }
            windows.push((from, until, soc_kwh, path));
        }
        windows
    }

    /// Ranges of power, each with a `consumption-range`, a `production-range`, or both from 0 on.
    fn modes(&self, faults: &mut Faults) -> Vec<[f64; 2]> {
        let Some(at) = self.at.field("operation-modes") else { return Vec::new() };
        let example = "{\"consumption-range\": [\"4.14 kW\", \"22 kW\"]}";
        let places = at.list(&format!("modes, as {example}"), faults);
        if places.is_empty() && at.node.list().is_some() {
            faults.add(&at.path, format!("is empty: give at least one mode, as {example}, or leave it out"));
        }
        let mut modes = Vec::new();
        for place in places {
            place.only(&["consumption-range", "production-range"], &[], faults);
            if place.node.fields().is_none() {
                continue;
            }
            let ranges = (range(&place, "consumption-range", faults), range(&place, "production-range", faults));
            let (Some(takes), Some(gives)) = ranges else { continue };
            match (takes, gives) {
                (Some([least, most]), None) => modes.push([least, most]),
                (None, Some([least, most])) => modes.push([0.0 - most, 0.0 - least]),
                (Some([takes, most_taken]), Some([gives, most_given])) if takes == 0.0 && gives == 0.0 => {
                    modes.push([0.0 - most_given, most_taken]);
                }
                (Some(_), Some(_)) => faults.add(
                    &place.path,
                    "has ranges both ways that do not begin at 0, so they are two modes: write one for each",
                ),
                (None, None) => faults.add(&place.path, format!("has no range: give one, as {example}")),
            }
        }
        modes
    }
}

/// A range of sizes, if the field is there; none if it is wrong.
fn range(at: &At<'_>, name: &str, faults: &mut Faults) -> Option<Option<[f64; 2]>> {
    let Some(field) = at.field(name) else { return Some(None) };
    let Some([least, most]) = field.elements().and_then(|ends| <[At<'_>; 2]>::try_from(ends).ok()) else {
        faults.add(&field.path, "is no range: give [least, most], as [\"4.14 kW\", \"22 kW\"]");
        return None;
    };
    let least = Measure::Power.read_size(&least, None, faults);
    let most = Measure::Power.read_size(&most, None, faults);
    let (least, most) = least.zip(most)?;
    if most < least {
        faults.add(&field.path, "ends below its begin: write [least, most]");
        return None;
    }
    Some(Some([least, most]))
}
