//! Steps: what a table of a script asks for or expects.

use super::condition::Condition;
use super::format::{
    AnswerSection, CancelOrdersSection, ClearSection, CommandSection, ExpectSection, FaultSection, OrderSection,
    PlugSection, ReleaseSection, SignalSection, StepSection, SwipeSection, UnplugSection, WaitSection,
};
use super::runner::Expected;
use super::{Begin, Step, What};
use crate::document::{Node, Origin, Reader, Value, nearest};
use crate::error::{Problem, beginning};
use crate::parameters::{Limits, Parameter, Parameters};
use agents::act::{Act, HeldSignal, NamedContract, PlacedOrder};
use agents::command::{Capability, Command, Directive, Reserve, Value as Asking};
use agents::face::{Asked, Lasts, Verdict, order};
use agents::fault::{Fault, FaultKind};
use agents::reading::Signal;
use agents::record::{Catalogue, ParticipantEntry};
use agents::series::Series;
use agents::{ParticipantId, Span, Time};
use market::Side;
use market::product::ProductId;
use std::cell::RefCell;

/// What a step can do; each is the key that makes a table a step of its kind.
pub(super) const VERBS: [&str; 12] = [
    "signal",
    "release",
    "set",
    "fault",
    "clear",
    "plug",
    "unplug",
    "swipe",
    "order",
    "cancel_orders",
    "wait",
    "expect",
];

/// What a command can ask for.
const DIRECTIVES: [&str; 5] = ["setpoint_kw", "import_limit_kw", "export_limit_kw", "reserve_kwh", "withdraw"];
/// Those of them that may be a list.
const SCHEDULED: [&str; 3] = ["setpoint_kw", "import_limit_kw", "export_limit_kw"];

/// The key `for`, which no field of Rust can be called.
pub(super) const FOR: Parameter = Parameter {
    key: "for",
    doc: "How long it holds.",
    unit: "duration",
    default: None,
    limits: Limits::Any,
    words: &[],
    source: "",
};

/// Longer than every run.
const LONGEST: Span = Span::from_s(36_500 * 86_400);

/// Any time will do to see whether something could ever be taken.
const ANY_TIME: Time = Time(0);

/// What all steps are read with.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// Who takes part; none where the scenario can not be used, which is a problem already.
    pub(super) catalogue: Option<&'a Catalogue>,
    pub(super) problems: &'a RefCell<Vec<Problem>>,
}

/// A step that is being read.
struct Draft<'a> {
    node: &'a Node,
    path: String,
    reader: Reader<'a>,
    context: Context<'a>,
    /// How many problems there were before.
    before: usize,
}

/// Reads a step; none if it has problems.
pub(super) fn read(number: usize, node: &Node, context: Context<'_>) -> Option<Step> {
    let path = format!("step {number}");
    let before = context.problems.borrow().len();
    let table = node.table()?;
    let verbs: Vec<&str> = VERBS.into_iter().filter(|verb| table.contains_key(*verb)).collect();
    let [verb] = verbs[..] else {
        let text = match verbs[..] {
            [first, second, ..] => format!("says both `{first}` and `{second}`: write a step for each"),
            _ => match table.keys().find_map(|key| nearest(key, VERBS).filter(|_| !is_common(key))) {
                Some(near) => format!("does nothing: did you mean `{near}`?"),
                None => format!("does nothing: write one of {}", VERBS.join(", ")),
            },
        };
        context.problems.borrow_mut().push(Problem::at(node, &path, text));
        return None;
    };
    let reader = Reader::new(&path, node, None, context.problems);
    let mut draft = Draft { node, path, reader, context, before };
    let head = StepSection::read(&mut draft.reader);
    let what = draft.what(verb);
    let begin = draft.begin(&head);
    let is_sound = draft.is_sound();
    draft.reader.finish();
    let line = if let Origin::Line { line, .. } = node.origin_near(verb) { *line } else { 0 };
    what.filter(|_| is_sound).map(|what| Step { line, name: head.name, begin, what })
}

fn is_common(key: &str) -> bool {
    ["name", "at", "after"].contains(&key)
}

impl Draft<'_> {
    fn is_sound(&self) -> bool {
        self.context.problems.borrow().len() == self.before
    }

    fn begin(&self, head: &StepSection) -> Begin {
        match (head.at, head.after) {
            (Some(_), Some(_)) => {
                self.reader
                    .problem("after", "can not go with `at`: a step begins at a time of the script or after a step");
                Begin::After(Span::ZERO)
            }
            (Some(span), None) => Begin::At(span),
            (None, after) => Begin::After(after.unwrap_or(Span::ZERO)),
        }
    }

    fn what(&mut self, verb: &'static str) -> Option<What> {
        match verb {
            "wait" => {
                let within = WaitSection::read(&mut self.reader).within;
                self.needs_time("within", within);
                let condition = self.condition(verb)?;
                if condition.is_never() {
                    self.reader.problem(verb, "is over at once: wait for what happens, and leave `never` out");
                }
                Some(What::Wait { condition, within })
            }
            "expect" => {
                let throughout = ExpectSection::read(&mut self.reader).throughout;
                throughout.into_iter().for_each(|span| self.needs_time("throughout", span));
                let condition = self.condition(verb)?;
                if throughout.is_some() && condition.event().is_some() && !condition.is_never() {
                    let text = "goes with readings, and with events that never happen: an event happens at an instant";
                    self.reader.problem("throughout", text);
                }
                Some(What::Expect { condition, throughout })
            }
            _ => {
                let AnswerSection { answer, reason_contains } = AnswerSection::read(&mut self.reader);
                let expected = Expected { verdict: answer, reason_contains };
                let asked = self.asked(verb, answer)?;
                Some(What::Ask { asked, expected })
            }
        }
    }

    fn condition(&mut self, verb: &'static str) -> Option<Condition> {
        let node = self.reader.node(verb)?;
        Condition::read(format!("{}.{verb}", self.path), node, self.context)
    }

    fn asked(&mut self, verb: &'static str, answer: Verdict) -> Option<Asked> {
        let asked = match verb {
            "signal" => {
                let SignalSection { signal, value } = SignalSection::read(&mut self.reader);
                let lasts = self.lasts();
                self.hold(verb, &signal, Some(value), lasts)?
            }
            "release" => {
                let ReleaseSection { release } = ReleaseSection::read(&mut self.reader);
                self.hold(verb, &release, None, None)?
            }
            "set" => self.command()?,
            "fault" => {
                let FaultSection { fault, on } = FaultSection::read(&mut self.reader);
                let lasts = self.lasts();
                let fault = self.fault(&fault)?;
                self.act("on", on, Act::Inject { fault, until: None }, lasts)
            }
            "clear" => {
                let ClearSection { clear, on } = ClearSection::read(&mut self.reader);
                let kind = if clear == "all" { None } else { Some(self.fault_kind(verb, &clear)?) };
                self.act("on", on, Act::Clear { kind }, None)
            }
            "plug" => {
                let PlugSection { plug } = PlugSection::read(&mut self.reader);
                let lasts = self.lasts();
                self.act(verb, plug, Act::PlugIn { until: None }, lasts)
            }
            "unplug" => {
                let UnplugSection { unplug } = UnplugSection::read(&mut self.reader);
                let lasts = self.lasts();
                self.act(verb, unplug, Act::Unplug { until: None }, lasts)
            }
            "order" => self.order()?,
            "cancel_orders" => {
                let CancelOrdersSection { cancel_orders, product, delivery } =
                    CancelOrdersSection::read(&mut self.reader);
                let contract = NamedContract { product, delivery: ANY_TIME + delivery };
                self.act(verb, cancel_orders, Act::CancelOrders(contract), None)
            }
            _ => {
                let SwipeSection { swipe, token } = SwipeSection::read(&mut self.reader);
                self.act(verb, swipe, Act::PresentToken { token }, None)
            }
        };
        if self.is_sound() {
            self.check(verb, &asked, answer);
        }
        Some(asked)
    }

    /// An order; its delivery is counted from the beginning of the script, and shifted when it is placed.
    fn order(&mut self) -> Option<Asked> {
        let section = OrderSection::read(&mut self.reader);
        let OrderSection { order, side, energy_kwh, limit_eur_per_mwh, product, delivery, .. } = section;
        if !self.is_sound() {
            return None;
        }
        let energy = order::energy(energy_kwh).map_err(|text| self.reader.problem("energy_kwh", text)).ok();
        let limit = order::price(limit_eur_per_mwh);
        let limit = limit.map_err(|text| self.reader.problem("limit_eur_per_mwh", text)).ok();
        let premium = section.premium_percent.map(order::premium).transpose();
        let premium_bp = premium.map_err(|text| self.reader.problem("premium_percent", text)).ok();
        if section.premium_percent.is_some() && side == Side::Offer {
            self.reader.problem("premium_percent", "is for bids: leave it out, or set `side` to \"bid\"");
        }
        let placed = PlacedOrder {
            product,
            delivery: ANY_TIME + delivery,
            side,
            energy: energy?,
            limit: limit?,
            quality: section.quality.and_then(|level| u8::try_from(level).ok()),
            premium_bp: premium_bp?,
        };
        Some(self.act("order", order, Act::PlaceOrder(placed), None))
    }

    fn act(&self, key: &str, target: String, act: Act, lasts: Option<Lasts>) -> Asked {
        self.participant(key, &target);
        Asked::Act { target, act, lasts }
    }

    fn hold(&self, key: &str, signal: &str, value: Option<f64>, lasts: Option<Lasts>) -> Option<Asked> {
        let signal = self.signal(key, signal)?;
        Some(Asked::Signal { held: HeldSignal { signal, value, until: None }, lasts })
    }

    fn command(&mut self) -> Option<Asked> {
        let section = CommandSection::read(&mut self.reader);
        let scheduled = SCHEDULED.map(|key| self.reader.node(key));
        let lasts = self.lasts();
        let CommandSection { set: target, priority, step, reserve_kwh, withdraw } = section;
        self.participant("set", &target);
        let there: Vec<&str> = DIRECTIVES.into_iter().filter(|key| self.node.at(key).is_some()).collect();
        let [directive] = there[..] else {
            let text = match there[..] {
                [first, second, ..] => format!("asks for `{first}` and `{second}`: write a step for each"),
                _ => format!("asks for nothing: write one of {}", DIRECTIVES.join(", ")),
            };
            self.reader.problem("set", text);
            return None;
        };
        let mut values = 1;
        let node = scheduled.into_iter().flatten().next();
        let directive = match directive {
            "reserve_kwh" => Directive::Reserve(Reserve { energy_kwh: reserve_kwh?, power_kw: 0.0 }),
            "withdraw" if withdraw == Some(false) => {
                self.reader.problem("withdraw", "is false, which asks for nothing: write withdraw = true");
                return None;
            }
            "withdraw" => Directive::Withdraw,
            key => {
                let value = self.value(key, node?, step)?;
                if let Asking::Series(series) = &value {
                    values = series.values.len() as i64;
                }
                match key {
                    "setpoint_kw" => Directive::Setpoint(value),
                    "import_limit_kw" => Directive::ImportLimit(value),
                    _ => Directive::ExportLimit(value),
                }
            }
        };
        if step.is_some() && !matches!(node.map(|node| &node.value), Some(Value::List(_))) {
            self.reader.problem("step", "goes with a list of values: leave it out");
        }
        let as_long_as_it_says = || step.map(|step| Lasts::For(step * values));
        let lasts = lasts.or_else(as_long_as_it_says).unwrap_or_default();
        Some(Asked::Command { target, directive, priority, effective: None, lasts })
    }

    /// A power, or one that changes from step to step.
    fn value(&self, key: &str, node: &Node, step: Option<Span>) -> Option<Asking> {
        if let Some(value) = node.value.number() {
            return Some(Asking::Constant(value));
        }
        let wrong = |text: &str| {
            self.reader.problem(key, text);
            None
        };
        let Value::List(nodes) = &node.value else {
            return wrong(&format!("is {}: write a number, or a list of them with step = \"15m\"", node.value.kind()));
        };
        let Some(values) = nodes.iter().map(|node| node.value.number()).collect::<Option<Vec<f64>>>() else {
            return wrong("holds something that is no number");
        };
        if values.is_empty() {
            return wrong("is empty: write at least one number");
        }
        let Some(step) = step else { return wrong("is a list: write how long each value holds, step = \"15m\"") };
        self.needs_time("step", step);
        if step.0.saturating_mul(values.len() as i64) > LONGEST.0 {
            return wrong("lasts longer than any run: write fewer values, or a shorter step");
        }
        Some(Asking::Series(Series { start: ANY_TIME, step, values: values.into() }))
    }

    fn fault(&mut self, name: &str) -> Option<Fault> {
        // What is no parameter of a fault that is misspelt is not told as well.
        let all = FaultKind::ALL.iter().flat_map(|kind| kind.entry().parameters);
        let kind = self.fault_kind("fault", name);
        let parameters: Vec<&str> = match kind {
            Some(kind) => kind.entry().parameters.iter().map(|parameter| parameter.key).collect(),
            None => all.map(|parameter| parameter.key).collect(),
        };
        let mut values = Vec::new();
        for key in parameters {
            let Some(node) = self.reader.node(key) else { continue };
            match node.value.number() {
                Some(value) => values.push((key, value)),
                None => self.reader.problem(key, format!("is {}: write a number", node.value.kind())),
            }
        }
        Fault::named(kind?.as_str(), values).map_err(|refusal| self.reader.problem("fault", refusal.to_string())).ok()
    }

    fn fault_kind(&self, key: &str, name: &str) -> Option<FaultKind> {
        let problem = |text| self.reader.problem(key, text);
        word(name, &FaultKind::ALL, FaultKind::as_str).map_err(|text| self.unless_unread(text, problem)).ok()
    }

    fn signal(&self, key: &str, name: &str) -> Option<Signal> {
        let problem = |text| self.reader.problem(key, text);
        word(name, &Signal::ALL, Signal::as_str).map_err(|text| self.unless_unread(text, problem)).ok()
    }

    /// Tells of a word, unless that it could not be read was told already.
    fn unless_unread(&self, text: String, problem: impl Fn(String)) {
        if self.is_sound() {
            problem(text);
        }
    }

    fn participant(&self, key: &str, id: &str) {
        if let Err(text) = self.context.find(id).map(|_| ()) {
            self.unless_unread(text, |text| self.reader.problem(key, text));
        }
    }

    /// How long what is asked for holds.
    fn lasts(&mut self) -> Option<Lasts> {
        let span = self.reader.value::<Option<Span>>(&FOR, Some(None))?;
        self.needs_time("for", span);
        Some(Lasts::For(span))
    }

    fn needs_time(&self, key: &str, span: Span) {
        if span == Span::ZERO {
            self.reader.problem(key, "is no time at all: write a duration such as \"1m\"");
        }
    }

    /// What would be refused must be expected to be.
    fn check(&self, key: &str, asked: &Asked, answer: Verdict) {
        let kind = |target: &str| self.context.find(target).ok().flatten().map(|(_, entry)| entry.kind);
        let refusal = match asked {
            Asked::Command { target, directive, priority, lasts, .. } => {
                let Some(kind) = kind(target) else { return };
                let (source, effective, expires) = (ParticipantId::OUTSIDE, ANY_TIME, lasts.until(ANY_TIME));
                let command = Command { source, priority: *priority, directive: directive.clone(), effective, expires };
                match Capability::of(kind) {
                    Some(capability) => command.examine(capability, ANY_TIME).map_err(|refusal| refusal.to_string()),
                    None => Err(format!("a participant of kind {kind} takes no commands")),
                }
            }
            Asked::Act { target, act, .. } => {
                let can_be = kind(target).map_or(Ok(()), |kind| act.examine(kind, ANY_TIME));
                can_be.and_then(|()| self.context.knows_the_product_of(act))
            }
            Asked::Signal { held, .. } => held.examine(ANY_TIME),
        };
        if let (Err(text), true) = (refusal, answer != Verdict::Refused) {
            self.reader.problem(key, format!("would be refused: {text}. To test that, write answer = \"refused\""));
        }
    }
}

impl Context<'_> {
    /// Whether the scenario has the product that an order is for.
    fn knows_the_product_of(&self, act: &Act) -> Result<(), String> {
        let (Act::PlaceOrder(PlacedOrder { product, .. }) | Act::CancelOrders(NamedContract { product, .. })) = act
        else {
            return Ok(());
        };
        product.as_deref().map_or(Ok(()), |product| self.product(product).map(|_| ()))
    }

    /// A product; none where nobody knows what is traded.
    ///
    /// # Errors
    /// A sentence that names the one that was meant, perhaps.
    pub(super) fn product(&self, name: &str) -> Result<Option<ProductId>, String> {
        let Some(catalogue) = self.catalogue else { return Ok(None) };
        match catalogue.products.iter().position(|product| product == name) {
            Some(index) => Ok(Some(ProductId(index as u8))),
            None => Err(unknown("product", name, catalogue.products.iter().map(String::as_str))),
        }
    }

    /// A participant; none where nobody knows who takes part.
    ///
    /// # Errors
    /// A sentence that names the one who was meant, perhaps.
    pub(super) fn find(&self, id: &str) -> Result<Option<(ParticipantId, &ParticipantEntry)>, String> {
        let Some(catalogue) = self.catalogue else { return Ok(None) };
        let entries = &catalogue.participants;
        match entries.iter().position(|entry| entry.id == id) {
            Some(index) => Ok(Some((ParticipantId(index as u32), &entries[index]))),
            None => Err(unknown("participant", id, entries.iter().map(|entry| entry.id.as_str()))),
        }
    }
}

/// The one of these that is called `name`; otherwise a sentence that names the one that was meant, or all.
pub(super) fn word<T: Copy>(name: &str, all: &[T], called: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|known| called(*known) == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|known| called(*known)).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("choose among {}", known.join(", ")),
        };
        format!("is {:?}, which there is not: {hint}", beginning(name))
    })
}

/// That there is no one of this name, and who was meant, perhaps.
pub(super) fn unknown<'w>(what: &str, name: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}, for instance {}", known.len(), known[..known.len().min(3)].join(", ")),
    };
    format!("is {:?}, but there is no such {what} in the scenario: {hint}", beginning(name))
}
