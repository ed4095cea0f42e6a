//! Faults that a scenario has in store: `[fault.NAME]`, what goes wrong, with whom, from when until when.

mod document;
mod times;

pub use document::fault_reference;

use crate::document::{Node, Reader, Value, nearest};
use crate::error::{Problem, beginning};
use crate::explain::extra;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{Parameter, Parameters, Setting, expected, parameters};
use crate::scenario::Scenario;
use crate::window::Window;
use agents::fault::{Fault, FaultKind, FaultParameter, FaultRefusal};
use agents::{Kind, Time};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use times::Times;
pub(crate) use times::instant;

impl Setting for FaultKind {
    fn placeholder() -> Self {
        Self::ALL[0]
    }

    fn read(node: &Node, parameter: &Parameter, _: Option<crate::document::Drawn<'_>>) -> Result<Self, String> {
        let Value::Text(name) = &node.value else { return Err(expected(node, "the name of a fault", parameter)) };
        name.parse().map_err(|refusal: FaultRefusal| match nearest(name, Self::words().iter().copied()) {
            Some(near) => format!("is {:?}, did you mean {near:?}?", beginning(name)),
            None => format!("is {:?}: {refusal}", beginning(name)),
        })
    }

    fn words() -> &'static [&'static str] {
        static WORDS: LazyLock<[&str; FaultKind::ALL.len()]> = LazyLock::new(|| FaultKind::ALL.map(FaultKind::as_str));
        &*WORDS
    }

    fn written(&self) -> String {
        format!("{:?}", self.as_str())
    }
}

parameters! {
    /// Something that goes wrong with a device by itself. Besides these keys it has those of its kind: `cariflex explain
    /// fault.KIND` lists them, and scenarios/FAULTS.md all of them.
    pub(crate) struct FaultSection in "fault" {
        /// What goes wrong.
        kind: FaultKind, "fault", Any, "";
        /// First instant at which the device has it, a full minute: a time since the start of the run ("2h"), a local date
        /// or date-time, or an instant with its offset.
        from: String = "0m".into(), "instant or duration", Any, "";
        /// First instant at which it has it no more, a full minute, written like `from`; none, and no `for`: until it is
        /// cleared.
        until: Option<String> = None, "instant or duration", Any, "";
    }
}

/// How long a fault lasts, in place of `until`: a word that can not be a field.
const FOR: Parameter = Parameter {
    key: "for",
    doc: "How long it has it, in place of `until`: full minutes.",
    unit: "duration",
    default: None,
    limits: Any,
    words: &[],
    source: "",
};

/// The keys of every fault.
pub(crate) fn common_keys() -> Vec<Parameter> {
    let mut keys = FaultSection::catalogue();
    let doc = "Who has it: the id of an asset, one with `*` for any letters (\"pv_*\"), or a list of such.";
    keys.insert(1, extra("target", "id", None, doc));
    keys.push(Parameter { default: Some("none".into()), ..FOR });
    keys
}

/// The keys of a kind of faults alone.
pub(crate) fn keys_of(kind: FaultKind) -> Vec<Parameter> {
    kind.entry().parameters.iter().map(parameter).collect()
}

/// All keys of a fault of this kind.
pub(crate) fn all_keys(kind: FaultKind) -> Vec<Parameter> {
    [common_keys(), keys_of(kind)].concat()
}

/// What a section of a scenario is a fault of, as far as that can be read.
pub(crate) fn kind_of(node: &Node) -> Option<FaultKind> {
    match &node.at("kind")?.value {
        Value::Text(name) => name.parse().ok(),
        _ => None,
    }
}

fn parameter(of_kind: &FaultParameter) -> Parameter {
    Parameter {
        key: of_kind.key,
        doc: of_kind.doc,
        unit: of_kind.unit,
        default: Some(of_kind.default.written()),
        limits: Within(of_kind.least, of_kind.most),
        words: &[],
        source: "",
    }
}

/// A section that has been read: sound but for whom it is about.
pub(crate) struct ReadFault {
    name: String,
    targets: Vec<String>,
    fault: Fault,
    times: Times,
}

/// A fault of one asset.
#[derive(Debug, PartialEq)]
pub(crate) struct FaultOf {
    pub(crate) name: String,
    pub(crate) asset: String,
    pub(crate) fault: Fault,
    pub(crate) from: Time,
    pub(crate) until: Option<Time>,
}

impl Scenario {
    /// The faults whose sections are sound, in the order of their names; problems are collected.
    pub(crate) fn faults(&self, window: Option<&Window>, problems: &RefCell<Vec<Problem>>) -> Vec<ReadFault> {
        let mut faults = Vec::new();
        self.each_section("fault", problems, |key, node, reader| {
            let name = key.rsplit('.').next().unwrap_or_default();
            faults.extend(ReadFault::read(name, node, reader, window, problems));
        });
        faults
    }
}

impl ReadFault {
    fn read(
        name: &str,
        node: &Node,
        reader: &mut Reader<'_>,
        window: Option<&Window>,
        problems: &RefCell<Vec<Problem>>,
    ) -> Option<Self> {
        let before = problems.borrow().len();
        let section = FaultSection::read(reader);
        let lasts = reader.value(&FOR, Some(None));
        let targets = targets(reader);
        let Some(kind) = kind_of(node) else {
            // Which keys it may have is not known.
            reader.take_all();
            return None;
        };
        let values: Vec<f64> = keys_of(kind)
            .iter()
            .zip(kind.entry().parameters)
            .map(|(key, of_kind)| reader.value(key, Some(of_kind.default)))
            .collect();
        let keys = kind.entry().parameters.iter().map(|of_kind| of_kind.key);
        let fault = Fault::named(kind.as_str(), keys.zip(values)).expect("a kind has its own keys");
        let times = Times::read(&section, lasts, reader, window);
        if problems.borrow().len() == before
            && let Err(refusal) = fault.examine(kind.entry().devices[0])
        {
            reader.problem(
                kind.entry().parameters.first().map_or("kind", |first| first.key),
                format!("can not be: {refusal}"),
            );
        }
        let is_sound = problems.borrow().len() == before;
        Some(Self { name: name.into(), targets, fault, times: times? }).filter(|_| is_sound)
    }

    fn problem(&self, scenario: &Scenario, key: &str, text: String) -> Problem {
        scenario.root.problem(format!("fault.{}.{key}", self.name), text)
    }
}

/// The ids and patterns of a section.
fn targets(reader: &mut Reader<'_>) -> Vec<String> {
    const HOW: &str = "write the id of an asset, a pattern such as \"pv_*\", or a list of such";
    let text = |node: &Node| if let Value::Text(text) = &node.value { Some(text.clone()) } else { None };
    let Some(node) = reader.node("target") else {
        reader.problem("target", format!("is missing: {HOW}"));
        return Vec::new();
    };
    let targets = match &node.value {
        Value::Text(text) => Some(vec![text.clone()]),
        Value::List(nodes) => nodes.iter().map(text).collect::<Option<Vec<_>>>().filter(|list| !list.is_empty()),
        _ => None,
    };
    targets.unwrap_or_else(|| {
        let is = if let Value::List(list) = &node.value
            && list.is_empty()
        {
            "an empty list"
        } else if matches!(node.value, Value::List(_)) {
            "a list that holds something else than texts"
        } else {
            node.value.kind()
        };
        reader.problem("target", format!("is {is}: {HOW}"));
        Vec::new()
    })
}

/// The faults of each of the `devices`, which are all there are, by name; problems between a fault and others are
/// collected.
pub(crate) fn of_devices(
    scenario: &Scenario,
    faults: &[ReadFault],
    devices: &BTreeMap<&str, Kind>,
    problems: &RefCell<Vec<Problem>>,
) -> Vec<FaultOf> {
    let mut all = Vec::new();
    for fault in faults {
        match fault.found_among(devices) {
            Ok(found) => all.extend(found.iter().map(|asset| fault.of(asset, found.len()))),
            Err(text) => problems.borrow_mut().push(fault.problem(scenario, "target", text)),
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    check_overlaps(scenario, &all, problems);
    all
}

impl ReadFault {
    /// The assets it is about, each once.
    fn found_among<'d>(&self, devices: &BTreeMap<&'d str, Kind>) -> Result<Vec<&'d str>, String> {
        let mut all: BTreeMap<&str, Kind> = BTreeMap::new();
        for target in &self.targets {
            let before = all.len();
            if target.contains('*') {
                all.extend(devices.iter().filter(|(id, _)| is_like(target, id)));
            } else {
                all.extend(devices.get_key_value(target.as_str()));
            }
            if all.len() == before && !all.keys().any(|id| is_like(target, id)) {
                let near = if target.contains('*') { None } else { nearest(target, devices.keys().copied()) };
                let hint = near.map_or_else(
                    || "name one that the scenario has: the table `participants` of a run lists them".into(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(format!("is `{}`, which is no asset: {hint}", beginning(target)));
            }
        }
        for (id, kind) in &all {
            if let Err(refusal) = self.fault.examine(*kind) {
                return Err(format!("is about {id}: {refusal}; name others, or another fault"));
            }
        }
        Ok(all.into_keys().collect())
    }

    fn of(&self, asset: &str, count: usize) -> FaultOf {
        let name = if count == 1 { self.name.clone() } else { format!("{}.{asset}", self.name) };
        FaultOf { name, asset: asset.into(), fault: self.fault, from: self.times.from, until: self.times.until }
    }
}

/// A device has at most one fault of a kind.
fn check_overlaps(scenario: &Scenario, faults: &[FaultOf], problems: &RefCell<Vec<Problem>>) {
    let mut by_device: BTreeMap<(&str, FaultKind), Vec<&FaultOf>> = BTreeMap::new();
    for fault in faults {
        by_device.entry((&fault.asset, fault.fault.kind())).or_default().push(fault);
    }
    for ((asset, kind), mut of_one) in by_device {
        of_one.sort_by_key(|fault| (fault.from, &fault.name));
        for pair in of_one.windows(2).filter(|pair| pair[0].until.is_none_or(|until| pair[1].from < until)) {
            let section = |fault: &FaultOf| fault.name.split('.').next().unwrap_or_default().to_owned();
            let until = pair[0].until.map_or("it is cleared".into(), |until| until.to_string());
            let text = format!(
                "is {}, while {asset} has the {kind} of fault.{} until {until}: let one end before the other begins",
                pair[1].from,
                section(pair[0])
            );
            let key = format!("fault.{}.from", section(pair[1]));
            problems.borrow_mut().push(scenario.root.problem(key, text));
        }
    }
}

/// Whether an id is what a pattern says, in which `*` stands for any letters.
fn is_like(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| id.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        let like = |pattern: &str| ["pv_01", "pv_02", "bat_01", "pv"].map(|id| is_like(pattern, id));
        assert_eq!(like("pv_*"), [true, true, false, false]);
        assert_eq!(like("*_01"), [true, false, true, false]);
        assert_eq!(like("*"), [true; 4]);
        assert_eq!(like("p*_*1"), [true, false, false, false]);
        assert_eq!(like("pv"), [false, false, false, true]);
        assert_eq!(like("pv_0**2"), [false, true, false, false]);
        assert!(!is_like("ab*b", "ab"), "one letter is not two");
    }
}
