//! Reads conditions, and refuses those that can not be meant.

use super::trades::{Traded, TradedQuantity};
use super::{AssetQuantity, Condition, Happening, NOTHING, Relation, SiteQuantity, Subject, Target, USUAL_TOLERANCE};
use crate::document::{Node, Reader, Value};
use crate::error::{Problem, beginning, brief};
use crate::parameters::Parameters;
use crate::script::format::ConditionSection;
use crate::script::step::{Context, unknown, word};
use agents::reading::{AssetState, Signal};
use agents::record::EventCode;
use agents::{Kind, ParticipantId, SiteId, Span};

/// What a condition can be about.
const SUBJECTS: [&str; 5] = ["of", "product", "site", "signal", "event"];
/// In what relation a reading can stand.
const RELATIONS: [&str; 5] = ["is", "is_not", "above", "below", "between"];
/// Keys that go with readings only.
const OF_READINGS: [&str; 9] = ["what", "delivery", "shown", "is", "is_not", "above", "below", "between", "tolerance"];
/// Keys that go with events only.
const OF_EVENTS: [&str; 3] = ["contains", "since", "never"];
/// The name of the twin as a whole, of events.
const TWIN: &str = "twin";

/// A condition that is being read.
struct Draft<'a> {
    node: &'a Node,
    path: String,
    reader: Reader<'a>,
    section: ConditionSection,
    context: Context<'a>,
}

/// Which words or numbers a subject can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    Numbers,
    States,
}

impl Condition {
    /// Reads a condition at `path`; none if it has problems.
    pub(in crate::script) fn read(path: String, node: &Node, context: Context<'_>) -> Option<Self> {
        let before = context.problems.borrow().len();
        let mut reader = Reader::new(&path, node, None, context.problems);
        let section = ConditionSection::read(&mut reader);
        let values = ["is", "is_not"].map(|key| reader.node(key));
        let draft = Draft { node, path, reader, section, context };
        let is_sound = || context.problems.borrow().len() == before;
        // What could not be read is told; what follows from it would be told twice.
        let condition = if is_sound() { draft.condition(values) } else { None };
        draft.reader.finish();
        condition.filter(|_| is_sound())
    }
}

impl<'a> Draft<'a> {
    fn problem<T>(&self, key: &str, text: impl Into<String>) -> Option<T> {
        self.reader.problem(key, text);
        None
    }

    /// A problem with the condition as a whole.
    fn objection<T>(&self, text: impl Into<String>) -> Option<T> {
        self.context.problems.borrow_mut().push(Problem::at(self.node, &self.path, text));
        None
    }

    fn there(&self, keys: &[&'static str]) -> Vec<&'static str> {
        keys.iter().copied().filter(|key| self.node.at(key).is_some()).collect()
    }

    fn condition(&self, values: [Option<&'a Node>; 2]) -> Option<Condition> {
        match self.there(&SUBJECTS)[..] {
            ["of"] | ["site"] | ["signal"] | ["product"] | ["of", "product"] => {
                for key in self.there(&OF_EVENTS) {
                    self.reader.problem(key, "goes with `event` only: leave it out");
                }
                let (subject, range, is_always_there) = self.subject()?;
                let relation = self.relation(values, range, is_always_there)?;
                Some(Condition::Reading(subject, relation))
            }
            ["event"] | ["of", "event"] => {
                for key in self.there(&OF_READINGS) {
                    self.reader.problem(key, "goes with readings, not with `event`: leave it out");
                }
                self.happening().map(Condition::Event)
            }
            [] => self.objection("is about nothing: write one of of, product, site, signal and event"),
            [first, second, ..] => self.problem(second, format!("can not go with `{first}`: write a step for each")),
            // One of five is one of those above.
            [_] => None,
        }
    }

    fn happening(&self) -> Option<Happening> {
        let ConditionSection { event, of, contains, since, never, .. } = &self.section;
        let code = word(event.as_deref()?, &EventCode::ALL, EventCode::as_str);
        let code = code.map_err(|text| self.reader.problem("event", text)).ok();
        let of = match of.as_deref() {
            None => None,
            Some(TWIN) => Some((ParticipantId::OUTSIDE, TWIN.to_owned())),
            Some(id) => {
                let found = self.context.find(id).map_err(|text| self.reader.problem("of", text)).ok()?;
                found.map(|(participant, _)| (participant, id.to_owned()))
            }
        };
        let (contains, since, never) = (contains.clone(), *since, never.unwrap_or(false));
        Some(Happening { code: code?, of, contains, since, never })
    }

    /// What is looked at, what it can be, and whether it always is something.
    fn subject(&self) -> Option<(Subject, Range, bool)> {
        let ConditionSection { of, site, signal, what, shown, .. } = &self.section;
        if shown.is_some() && of.is_none() {
            return self.problem("shown", "goes with an asset only: leave it out");
        }
        if self.section.delivery.is_some() && (signal.is_some() || site.is_some()) {
            return self.problem("delivery", "goes with a prosumer or a product: leave it out");
        }
        if let Some(signal) = signal {
            if what.is_some() {
                return self.problem("what", "goes with assets and sites: a signal has one value, leave it out");
            }
            let signal = word(signal, &Signal::ALL, Signal::as_str);
            let signal = signal.map_err(|text| self.reader.problem("signal", text)).ok()?;
            return Some((Subject::Signal(signal), Range::Numbers, false));
        }
        if let Some(name) = site {
            let what = self.what(what.as_deref(), &SiteQuantity::ALL, SiteQuantity::as_str);
            let site = self.site(name);
            return Some((Subject::Site { site: site?, name: name.clone(), what: what? }, Range::Numbers, true));
        }
        if let Some(trades) = self.trades() {
            return trades;
        }
        let name = of.as_deref()?;
        let what = self.what(what.as_deref(), &AssetQuantity::ALL, AssetQuantity::as_str);
        let found = self.context.find(name).map_err(|text| self.reader.problem("of", text)).ok();
        let (asset, kind, capacity_kwh) = match found? {
            Some((asset, entry)) => (asset, Some(entry.kind), entry.capacity_kwh),
            None => (ParticipantId::OUTSIDE, None, None),
        };
        let what = what?;
        if let Some(kind) = kind {
            if !kind.is_asset() {
                return self
                    .problem("of", format!("is a participant of kind {kind}, which has no readings: name an asset"));
            }
            if matches!(what, AssetQuantity::Energy | AssetQuantity::Soc) && capacity_kwh.is_none() {
                let text = format!("is {}, but {name} stores nothing: name a battery or a vehicle", what.as_str());
                return self.problem("what", text);
            }
        }
        let shown = shown.unwrap_or(false);
        let range = if what == AssetQuantity::State { Range::States } else { Range::Numbers };
        let is_always_there = !shown && !matches!(what, AssetQuantity::Setpoint | AssetQuantity::Reactive);
        Some((Subject::Asset { asset, name: name.into(), what, shown, capacity_kwh }, range, is_always_there))
    }

    /// Trades, where it is about those: of a product, or of a prosumer.
    fn trades(&self) -> Option<Option<(Subject, Range, bool)>> {
        let ConditionSection { of, product, what, delivery, shown, .. } = &self.section;
        let found = of.as_deref().and_then(|id| self.context.find(id).ok().flatten());
        let is_traded = product.is_some() || found.is_some_and(|(_, entry)| entry.kind == Kind::Prosumer);
        if !is_traded {
            if delivery.is_some() {
                return Some(self.problem("delivery", "goes with a prosumer or a product: leave it out"));
            }
            return None;
        }
        if shown.is_some() {
            return Some(self.problem("shown", "goes with an asset only: leave it out"));
        }
        Some(self.trades_of(of.as_deref(), product.as_deref(), what.as_deref(), *delivery))
    }

    fn trades_of(
        &self,
        of: Option<&str>,
        product: Option<&str>,
        what: Option<&str>,
        delivery: Option<Span>,
    ) -> Option<(Subject, Range, bool)> {
        let known: &[TradedQuantity] =
            if of.is_some() { &[TradedQuantity::Position] } else { &[TradedQuantity::Price, TradedQuantity::Volume] };
        let what = self.what(what, known, TradedQuantity::as_str);
        let prosumer = match of.map(|id| (id, self.context.find(id))) {
            None => None,
            Some((id, Ok(found))) => {
                if let Some((_, entry)) = found.filter(|(_, entry)| entry.kind != Kind::Prosumer) {
                    let text =
                        format!("is a participant of kind {}, which does not trade: name a prosumer", entry.kind);
                    return self.problem("of", text);
                }
                found.map(|(participant, _)| (participant, id.to_owned()))
            }
            Some((_, Err(text))) => return self.problem("of", text),
        };
        let product = match product.map(|name| (name, self.context.product(name))) {
            None => None,
            Some((name, Ok(found))) => found.map(|product| (product, name.to_owned())),
            Some((_, Err(text))) => return self.problem("product", text),
        };
        let Some(delivery) = delivery else {
            return self.problem("delivery", "is missing: write when delivery begins, since the start of the script");
        };
        let what = what?;
        // Nobody who has not traded has a price.
        let is_always_there = what != TradedQuantity::Price;
        Some((
            Subject::Trades { traded: Traded { prosumer, product, delivery }, what },
            Range::Numbers,
            is_always_there,
        ))
    }

    fn what<T: Copy>(&self, what: Option<&str>, all: &[T], called: fn(T) -> &'static str) -> Option<T> {
        match what {
            Some(what) => word(what, all, called).map_err(|text| self.reader.problem("what", text)).ok(),
            None => {
                let known: Vec<_> = all.iter().map(|what| called(*what)).collect();
                self.problem("what", format!("is missing: write one of {}", known.join(", ")))
            }
        }
    }

    fn site(&self, name: &str) -> Option<SiteId> {
        let Some(catalogue) = self.context.catalogue else { return Some(SiteId(0)) };
        match catalogue.sites.iter().position(|site| site.name == name) {
            Some(index) => Some(SiteId(index as u32)),
            None => self.problem("site", unknown("site", name, catalogue.sites.iter().map(|site| site.name.as_str()))),
        }
    }

    fn relation(&self, [is, is_not]: [Option<&Node>; 2], range: Range, is_always_there: bool) -> Option<Relation> {
        let key = match self.there(&RELATIONS)[..] {
            [key] => key,
            [] => return self.objection(format!("says no value: write one of {}", RELATIONS.join(", "))),
            [first, second, ..] => {
                return self
                    .problem(second, format!("can not go with `{first}`: write between = [1, 2], or two steps"));
            }
        };
        let node = is.or(is_not);
        if self.section.tolerance.is_some() && node.is_none_or(|node| node.value.number().is_none()) {
            return self.problem("tolerance", "goes with a number of `is` or `is_not`: leave it out");
        }
        if let Some(node) = node {
            let target = self.target(key, node, range, is_always_there)?;
            return Some(if key == "is" { Relation::Is(target) } else { Relation::IsNot(target) });
        }
        if range == Range::States {
            return self.problem(key, "goes with numbers, and a state is a word: write is or is_not");
        }
        let ConditionSection { above, below, between, .. } = self.section;
        match (above, below, between) {
            (Some(least), ..) => Some(Relation::Above(least)),
            (_, Some(most), _) => Some(Relation::Below(most)),
            (_, _, Some([least, most])) if least > most => {
                let (least, most) = (brief(least), brief(most));
                self.problem("between", format!("begins with {least}, which is more than {most}: swap them"))
            }
            (_, _, Some([least, most])) => Some(Relation::Between(least, most)),
            _ => None,
        }
    }

    fn target(&self, key: &str, node: &Node, range: Range, is_always_there: bool) -> Option<Target> {
        match (&node.value, range) {
            (Value::Text(text), _) if text == NOTHING && is_always_there => self.problem(
                key,
                "is \"nothing\", which this never is: write a value, or shown = true for what a device shows",
            ),
            (Value::Text(text), _) if text == NOTHING => Some(Target::Nothing),
            (Value::Text(text), Range::States) => {
                let state = word(text, &AssetState::ALL, AssetState::as_str);
                state.map(Target::State).map_err(|text| self.reader.problem(key, text)).ok()
            }
            (value, Range::Numbers) if value.number().is_some_and(f64::is_finite) => {
                let tolerance = self.section.tolerance.unwrap_or(USUAL_TOLERANCE);
                Some(Target::Number { value: value.number()?, tolerance })
            }
            (other, Range::Numbers) => {
                self.problem(key, format!("is {}: write a finite number, or \"nothing\"", written(other)))
            }
            (other, Range::States) => self.problem(key, format!("is {}: write a state in quotes", written(other))),
        }
    }
}

/// A value as a message shows it.
fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{:?}", beginning(text)),
        other => other.number().map_or_else(|| other.kind().into(), brief),
    }
}
