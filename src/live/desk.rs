//! The desk: takes what faces were asked, once, and says what became of it.
//!
//! A request is examined at once, journaled with the others of its tick, and answered when that tick is done: accepted,
//! or overruled by something of higher priority. A request whose id is known gets the answer of the first one.

use agents::act::{Act, HeldSignal};
use agents::command::{Capability, Command, Directive, Priority};
use agents::face::{Answer, Asked, Origin, Request, Verdict};
use agents::fault::FaultKind;
use agents::{ParticipantId, Time};
use scenarios::{Plan, Role};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use twin::{ActOutcome, Host, Input, JournalEntry, Kernel};

/// How many answers are remembered, so that a request that comes twice is known.
const REMEMBERED: usize = 10_000;

/// Why a device that was put out takes nothing.
const IS_OUT: &str = "the device failed and was put out; its body follows the safe intent";

/// A request that was answered, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Who asked.
    pub origin: Origin,
    /// A hash of what was asked: another request of the same id is a mistake.
    asked: String,
    /// The answer.
    answer: Answer,
}

/// Takes requests and gives answers.
#[derive(Debug, Default)]
pub struct Desk {
    answered: BTreeMap<Origin, Answered>,
    /// In the order in which they were answered.
    order: VecDeque<Origin>,
    waiting: Vec<Waiting>,
    taken: u64,
    refused: u64,
}

/// A request that is in the journal and has not been answered.
#[derive(Clone, Debug)]
struct Waiting {
    face: &'static str,
    origin: Option<Origin>,
    asked: String,
    taken: Taken,
    reply_to: String,
}

/// What was taken, as the journal has it.
#[derive(Clone, Debug)]
enum Taken {
    Command {
        target: ParticipantId,
        command: Command,
        /// What whoever asked should know although it is taken.
        note: Option<String>,
    },
    Act {
        target: ParticipantId,
        act: Act,
    },
    Signal,
}

/// An answer, and the face whose request it is about.
pub(crate) type Addressed = (&'static str, Answer);

impl Desk {
    /// A desk that remembers these answers, oldest first.
    pub fn remembering(answers: Vec<Answered>) -> Self {
        let mut desk = Self::default();
        answers.into_iter().for_each(|answered| desk.remember(answered));
        desk
    }

    /// Recalls what the journal says a tick took: after the tick it is answered once more, to nobody, and remembered.
    pub fn recall(&mut self, entry: &JournalEntry, plan: &Plan) {
        let (origin, asked, taken) = match &entry.input {
            Input::Command { origin: Some(origin), target, command } => {
                let Some(id) = plan.participant(target) else { return };
                let asked = hash(&(target, &command.directive, command.priority));
                (origin, asked, Taken::command(id, command.clone(), plan))
            }
            Input::Act { origin: Some(origin), target, act } => {
                let Some(id) = plan.participant(target) else { return };
                (origin, hash(&(target, act.clone().lasting(None))), Taken::Act { target: id, act: act.clone() })
            }
            Input::Signal { origin: Some(origin), held } => (origin, hash(&(held.signal, held.value)), Taken::Signal),
            _ => return,
        };
        self.waiting.push(Waiting { face: "", origin: Some(origin.clone()), asked, taken, reply_to: String::new() });
    }

    /// What it remembers, oldest first.
    pub fn answered(&self) -> Vec<Answered> {
        self.order.iter().filter_map(|origin| self.answered.get(origin).cloned()).collect()
    }

    /// How many requests were taken and refused so far.
    pub fn counts(&self) -> (u64, u64) {
        (self.taken, self.refused)
    }

    /// What became of a request of `face` that was taken before under this id; none of one that is new or waits for its
    /// tick.
    pub fn known(&self, face: &str, request: &Request) -> Option<Answer> {
        let origin = Origin { face: face.into(), id: request.id.clone()? };
        let known = self.answered.get(&origin).filter(|known| known.asked == digest(&request.asked))?;
        Some(Answer { reply_to: request.reply_to.clone(), ..known.answer.clone() })
    }

    /// Takes a request of `face` for the next tick; the answer, if there is one already.
    pub fn receive(
        &mut self,
        face: &'static str,
        request: Request,
        plan: &Plan,
        kernel: &mut Kernel,
    ) -> Option<Addressed> {
        let Request { asked, id, reply_to } = request;
        let origin = id.clone().map(|id| Origin { face: face.into(), id });
        let digest = digest(&asked);
        let refused = |reason: String| {
            let (id, reply_to) = (id.clone(), reply_to.clone());
            Some((face, Answer { id, reply_to, verdict: Verdict::Refused, reason: Some(reason) }))
        };
        if let Some(known) = origin.as_ref().and_then(|origin| self.answered.get(origin)) {
            if known.asked == digest {
                return Some((face, Answer { reply_to, ..known.answer.clone() }));
            }
            self.refused += 1;
            return refused("another request had this id: give each its own".into());
        }
        if origin.is_some()
            && let Some(first) = self.waiting.iter().find(|waiting| waiting.origin == origin)
        {
            if first.asked != digest {
                self.refused += 1;
                return refused("another request had this id: give each its own".into());
            }
            self.waiting.push(Waiting { reply_to, ..first.clone() });
            return None;
        }
        match take(asked, origin.clone(), plan, kernel) {
            Ok(taken) => {
                self.taken += 1;
                self.waiting.push(Waiting { face, origin, asked: digest, taken, reply_to });
                None
            }
            Err(reason) => {
                self.refused += 1;
                // Nothing came of it: it may come again, and does not push out what was taken.
                refused(reason)
            }
        }
    }

    /// The answers to what the last tick has taken; by then it is in the journal.
    pub fn answers(&mut self, kernel: &Kernel, host: &impl Host) -> Vec<Addressed> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut outcomes: Vec<&ActOutcome> = kernel.act_outcomes().iter().collect();
        let answers = waiting.into_iter().map(|Waiting { face, origin, asked, taken, reply_to }| {
            let id = origin.as_ref().map(|origin| origin.id.clone());
            let (verdict, reason) = taken.verdict(&origin, kernel, host, &mut outcomes);
            let answer = Answer { id, reply_to, verdict, reason };
            if let Some(origin) = origin {
                self.remember(Answered { origin, asked, answer: answer.clone() });
            }
            (face, answer)
        });
        answers.collect()
    }

    fn remember(&mut self, answered: Answered) {
        let origin = answered.origin.clone();
        if self.answered.insert(origin.clone(), answered).is_none() {
            self.order.push_back(origin);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }
}

impl Taken {
    fn command(target: ParticipantId, command: Command, plan: &Plan) -> Self {
        let note = beyond_its_rating(&plan.participants[target.index()].role, &command.directive);
        Self::Command { target, command, note }
    }

    /// What became of it in the tick that took it.
    fn verdict(
        self,
        origin: &Option<Origin>,
        kernel: &Kernel,
        host: &impl Host,
        outcomes: &mut Vec<&ActOutcome>,
    ) -> (Verdict, Option<String>) {
        match self {
            Self::Signal => (Verdict::Accepted, None),
            Self::Act { target, act } => {
                let is_it = |found: &&ActOutcome| found.target == target && found.act == act && found.origin == *origin;
                let found = outcomes.iter().position(is_it);
                let failure = found.and_then(|index| outcomes[index].failure.clone());
                // Of those without an id each was taken by itself; one that came twice with an id was taken once.
                if let Some(index) = found.filter(|_| origin.is_none()) {
                    outcomes.remove(index);
                }
                match failure {
                    Some(reason) => (Verdict::Refused, Some(reason)),
                    None => (Verdict::Accepted, None),
                }
            }
            Self::Command { target, .. } if kernel.is_out(target) => (Verdict::Refused, Some(IS_OUT.into())),
            Self::Command { target, .. } if kernel.is_unreachable(target) => {
                (Verdict::Refused, kernel.why_unreachable(target).map(unreachable))
            }
            Self::Command { target, .. } if is_mirrored(kernel, target) => {
                (Verdict::Overruled, Some("the device is mirrored: it does what the field shows".into()))
            }
            Self::Command { target, command, .. } if let Some(fault) = kernel.lost_by(target, &command) => {
                (Verdict::Refused, Some(format!("it was lost on its way: {fault}; send it again")))
            }
            Self::Command { target, command, .. } if let Some(time) = kernel.arrives(target, &command) => {
                (Verdict::Accepted, Some(format!("the link of the device is slow: it arrives at {time}")))
            }
            Self::Command { target, command, note } => {
                let book = host.command_book(kernel.world(), target);
                match book.and_then(|book| book.overruled_by(&command, kernel.now())) {
                    Some(winner) => (Verdict::Overruled, Some(overruled(command.priority, winner))),
                    None => (Verdict::Accepted, note),
                }
            }
        }
    }
}

fn unreachable(fault: FaultKind) -> String {
    format!("the device can not be reached: {fault}")
}

fn is_mirrored(kernel: &Kernel, id: ParticipantId) -> bool {
    kernel.world().mirror_states().get(&id).is_some_and(|state| state.since().is_some())
}

/// A hash of what tells one request from another: not when it holds, which depends on the tick that takes it.
fn digest(asked: &Asked) -> String {
    match asked {
        Asked::Command { target, directive, priority, .. } => hash(&(target, directive, priority)),
        Asked::Act { target, act, .. } => hash(&(target, act.clone().lasting(None))),
        Asked::Signal { held, .. } => hash(&(held.signal, held.value)),
    }
}

fn hash(asked: &impl Serialize) -> String {
    let asked = serde_json::to_vec(asked).expect("requests are plain data");
    blake3::hash(&asked).to_hex()[..16].into()
}

/// What a device can not do of what is asked; it does what it can.
fn beyond_its_rating(role: &Role, directive: &Directive) -> Option<String> {
    let rating_kw = match role {
        Role::Battery(_, battery) => battery.power_kw,
        Role::Evse(_, point) => point.power_kw,
        _ => return None,
    };
    match (directive, role) {
        (Directive::Setpoint(value), _) => {
            let (least_kw, most_kw) = value.range()?;
            let is_beyond = most_kw.max(-least_kw) > rating_kw;
            is_beyond.then(|| format!("beyond its rating of {rating_kw} kW: it does what it can"))
        }
        (Directive::Reserve(reserve), Role::Battery(_, battery)) if reserve.energy_kwh > battery.capacity_kwh => {
            Some(format!("beyond its capacity of {} kWh: it keeps what it can hold", battery.capacity_kwh))
        }
        _ => None,
    }
}

fn overruled(own: Priority, winner: Priority) -> String {
    if own == winner {
        format!("another command of priority {winner}, newer or more cautious, is in force")
    } else {
        format!("a command of priority {winner} is in force")
    }
}

/// Submits what is asked, or says why not.
fn take(asked: Asked, origin: Option<Origin>, plan: &Plan, kernel: &mut Kernel) -> Result<Taken, String> {
    let find = |target: &str| plan.participant(target).ok_or_else(|| format!("there is no participant `{target}`"));
    let tick: Time = kernel.next_tick();
    let (input, taken) = match asked {
        Asked::Command { target, directive, priority, effective, lasts } => {
            let id = find(&target)?;
            let kind = plan.participants[id.index()].role.kind();
            let capability =
                Capability::of(kind).ok_or_else(|| format!("a participant of kind {kind} takes no commands"))?;
            if kernel.is_out(id) {
                return Err(IS_OUT.into());
            }
            if let Some(fault) = kernel.why_unreachable(id) {
                return Err(unreachable(fault));
            }
            let effective = effective.unwrap_or(tick);
            let (source, expires) = (ParticipantId::OUTSIDE, lasts.until(effective));
            let command = Command { source, priority, directive, effective, expires };
            command.examine(capability, tick).map_err(|refusal| refusal.to_string())?;
            (Input::Command { target, command: command.clone(), origin }, Taken::command(id, command, plan))
        }
        Asked::Act { target, act, lasts } => {
            let id = find(&target)?;
            let end = lasts.map(|lasts| lasts.until(tick)).or(act.until());
            let act = act.lasting(end);
            act.examine(plan.participants[id.index()].role.kind(), tick)?;
            (Input::Act { target, act: act.clone(), origin }, Taken::Act { target: id, act })
        }
        Asked::Signal { held, lasts } => {
            let held = HeldSignal { until: lasts.map(|lasts| lasts.until(tick)).or(held.until), ..held };
            held.examine(tick)?;
            (Input::Signal { held, origin }, Taken::Signal)
        }
    };
    kernel.submit(input).map_err(|error| error.to_string())?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::command::{Directive, Value};
    use agents::face::Lasts;
    use agents::record::{IntervalRows, Recorder};
    use scenarios::Scenario;
    use twin::SweepHost;

    struct Nowhere;

    impl Recorder for Nowhere {
        fn record(&mut self, _: &IntervalRows<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Ok(())
        }
    }

    struct Rig {
        plan: Plan,
        kernel: Kernel,
        host: SweepHost,
        desk: Desk,
    }

    impl Rig {
        fn new() -> Self {
            let mut scenario = Scenario::load("martinique").expect("built in");
            scenario.set("run.tick=1m").expect("a tick");
            let plan = scenario.resolve(&[]).expect("valid");
            let mut kernel = Kernel::new(&plan);
            let host = SweepHost::new(&plan, kernel.world_mut());
            let mut rig = Self { plan, kernel, host, desk: Desk::default() };
            assert!(rig.tick().is_empty());
            rig
        }

        fn ask(&mut self, request: Request) -> Option<Answer> {
            self.desk.receive("mqtt", request, &self.plan, &mut self.kernel).map(|(_, answer)| answer)
        }

        fn tick(&mut self) -> Vec<Answer> {
            self.kernel.tick(&mut self.host, &mut Nowhere).expect("nothing breaks");
            self.desk.answers(&self.kernel, &self.host).into_iter().map(|(_, answer)| answer).collect()
        }
    }

    fn asked(asked: Asked, id: &str) -> Request {
        Request { asked, id: Some(id.into()), reply_to: format!("to {id}") }
    }

    fn setpoint(target: &str, power_kw: f64, priority: Priority, id: &str) -> Request {
        asked(
            Asked::Command {
                target: target.into(),
                directive: Directive::Setpoint(Value::Constant(power_kw)),
                priority,
                effective: None,
                lasts: Lasts::Usual,
            },
            id,
        )
    }

    fn verdicts(answers: &[Answer]) -> Vec<Verdict> {
        answers.iter().map(|answer| answer.verdict).collect()
    }

    #[test]
    fn what_is_taken_is_answered_after_its_tick_and_acts() {
        let mut rig = Rig::new();
        assert_eq!(rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "a")), None);
        let answers = rig.tick();
        assert_eq!((verdicts(&answers), answers[0].reply_to.as_str()), (vec![Verdict::Accepted], "to a"));
        rig.tick();
        let bat = rig.plan.participant("bat_01").expect("it is there");
        assert_eq!(rig.kernel.world().power_kw(bat), Some(12.5));
        assert_eq!(rig.kernel.journal().entries().len(), 1);
    }

    #[test]
    fn a_weaker_command_is_taken_and_told_that_it_is_overruled() {
        let mut rig = Rig::new();
        rig.ask(setpoint("bat_01", 12.5, Priority::Safety, "a"));
        rig.tick();
        rig.ask(setpoint("bat_01", 1.0, Priority::Ems, "b"));
        let answers = rig.tick();
        assert_eq!(verdicts(&answers), [Verdict::Overruled]);
        assert_eq!(answers[0].reason.as_deref(), Some("a command of priority safety is in force"));
    }

    #[test]
    fn a_request_that_comes_twice_is_taken_once_and_answered_twice() {
        let mut rig = Rig::new();
        assert_eq!(rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "a")), None);
        assert_eq!(rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "a")), None, "in the same tick");
        assert_eq!(verdicts(&rig.tick()), [Verdict::Accepted; 2]);
        let later = Request { reply_to: "elsewhere".into(), ..setpoint("bat_01", 12.5, Priority::Operator, "a") };
        let answer = rig.ask(later).expect("known");
        assert_eq!((answer.verdict, answer.reply_to.as_str()), (Verdict::Accepted, "elsewhere"));
        assert_eq!(rig.kernel.journal().entries().len(), 1);
    }

    #[test]
    fn an_id_that_another_command_had_is_refused() {
        let mut rig = Rig::new();
        let refused = |answer: Option<Answer>| answer.is_some_and(|answer| answer.verdict == Verdict::Refused);
        assert_eq!(rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "a")), None);
        assert!(refused(rig.ask(setpoint("bat_01", 9.0, Priority::Operator, "a"))), "in the same tick");
        rig.tick();
        assert!(refused(rig.ask(setpoint("bat_02", 12.5, Priority::Operator, "a"))));
        assert!(!refused(rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "a"))), "the first one still holds");
    }

    #[test]
    fn what_is_beyond_a_rating_is_taken_and_told() {
        let mut rig = Rig::new();
        rig.ask(setpoint("bat_01", 500.0, Priority::Operator, "a"));
        rig.ask(setpoint("evse_01", -500.0, Priority::Operator, "b"));
        rig.ask(setpoint("bat_02", -50.0, Priority::Operator, "c"));
        let reasons: Vec<_> = rig.tick().into_iter().map(|answer| answer.reason.is_some()).collect();
        assert_eq!(reasons, [true, true, false]);
    }

    fn act(target: &str, act: Act) -> Request {
        Request { asked: Asked::Act { target: target.into(), act, lasts: None }, id: None, reply_to: String::new() }
    }

    fn fault(name: &str, values: &[(&str, f64)]) -> Act {
        let fault = agents::fault::Fault::named(name, values.iter().copied()).expect("a fault");
        Act::Inject { fault, until: None }
    }

    #[test]
    fn of_two_acts_alike_in_one_tick_the_first_is_done_and_the_second_refused() {
        let mut rig = Rig::new();
        rig.ask(act("pv_01", fault("derating", &[])));
        assert_eq!(verdicts(&rig.tick()), [Verdict::Accepted]);
        for _ in 0..2 {
            assert_eq!(rig.ask(act("pv_01", Act::Clear { kind: None })), None);
        }
        assert_eq!(verdicts(&rig.tick()), [Verdict::Accepted, Verdict::Refused]);
    }

    #[test]
    fn a_command_that_a_bad_link_loses_or_holds_up_is_answered_so() {
        let mut rig = Rig::new();
        rig.ask(act("bat_01", fault("lossy_link", &[("share", 1.0)])));
        rig.ask(act("bat_02", fault("slow_link", &[("delay_s", 600.0)])));
        rig.ask(act("bat_03", fault("communication_loss", &[])));
        assert_eq!(verdicts(&rig.tick()), [Verdict::Accepted; 3]);
        rig.ask(setpoint("bat_01", 5.0, Priority::Operator, "lost"));
        rig.ask(setpoint("bat_02", 5.0, Priority::Operator, "late"));
        let unreachable = rig.ask(setpoint("bat_03", 5.0, Priority::Operator, "deaf")).expect("refused at once");
        assert!(unreachable.reason.is_some_and(|reason| reason.ends_with("communication_loss")));
        let answers = rig.tick();
        assert_eq!(verdicts(&answers), [Verdict::Refused, Verdict::Accepted]);
        let reason = |index: usize| answers[index].reason.clone().unwrap_or_default();
        assert!(reason(0).contains("lost on its way") && reason(1).contains("it arrives at"), "{answers:?}");
    }

    #[test]
    fn what_became_of_a_request_is_known_by_its_id() {
        let mut rig = Rig::new();
        let request = setpoint("bat_01", 12.5, Priority::Operator, "a");
        assert_eq!(rig.desk.known("mqtt", &request), None);
        rig.ask(request.clone());
        assert_eq!(rig.desk.known("mqtt", &request), None, "it waits for its tick");
        rig.tick();
        assert_eq!(rig.desk.known("mqtt", &request).map(|answer| answer.verdict), Some(Verdict::Accepted));
        assert_eq!(rig.desk.known("api", &request), None, "another face's");
    }

    #[test]
    fn what_was_taken_before_a_restart_is_known_after_it() {
        let mut rig = Rig::new();
        rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "a"));
        rig.desk = Desk::remembering(rig.desk.answered());
        for entry in rig.kernel.journal().entries() {
            rig.desk.recall(entry, &rig.plan);
        }
        rig.tick();
        let answer = rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "a")).expect("known");
        assert_eq!(answer.verdict, Verdict::Accepted);
    }

    #[test]
    fn what_can_not_be_meant_is_refused_with_a_reason_and_leaves_no_trace() {
        let mut rig = Rig::new();
        let expired = Asked::Command {
            target: "bat_01".into(),
            directive: Directive::Setpoint(Value::Constant(1.0)),
            priority: Priority::Ems,
            effective: None,
            lasts: Lasts::Until(Time(0)),
        };
        let expired = asked(expired, "e");
        let refusals = [
            (setpoint("bat_99", 1.0, Priority::Operator, "a"), "there is no participant `bat_99`"),
            (setpoint("dso", 1.0, Priority::Operator, "b"), "a participant of kind dso takes no commands"),
            (setpoint("pv_01", 1.0, Priority::Operator, "c"), "this device takes limits only"),
            (setpoint("bat_01", f64::NAN, Priority::Operator, "d"), "its value is not a finite number"),
            (expired, "it has expired"),
        ];
        for (request, reason) in refusals {
            let answer = rig.ask(request).expect("refused at once");
            assert_eq!(answer.verdict, Verdict::Refused);
            assert!(answer.reason.as_deref().is_some_and(|found| found.starts_with(reason)), "{answer:?}");
        }
        assert!(rig.kernel.journal().entries().is_empty() && rig.desk.counts() == (0, 5));
    }

    #[test]
    fn a_device_that_can_not_be_reached_takes_nothing_until_it_is_repaired() {
        let mut rig = Rig::new();
        let act = |act: Act, id: &str| asked(Asked::Act { target: "bat_01".into(), act, lasts: None }, id);
        let fault = FaultKind::CommunicationLoss.fault();
        rig.ask(act(Act::Inject { fault, until: None }, "a"));
        rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "b"));
        let answers = rig.tick();
        assert_eq!(verdicts(&answers), [Verdict::Accepted, Verdict::Refused], "lost in the tick that takes both");
        let answer = rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "c")).expect("refused at once");
        assert_eq!(answer.reason.as_deref(), Some("the device can not be reached: communication_loss"));
        rig.ask(act(Act::Clear { kind: None }, "d"));
        assert_eq!(verdicts(&rig.tick()), [Verdict::Accepted]);
        rig.ask(setpoint("bat_01", 12.5, Priority::Operator, "e"));
        assert_eq!(verdicts(&rig.tick()), [Verdict::Accepted]);
    }

    #[test]
    fn memory_is_bounded() {
        let answer = Answer { id: None, reply_to: String::new(), verdict: Verdict::Accepted, reason: None };
        let answered = |number: usize| Answered {
            origin: Origin { face: "mqtt".into(), id: number.to_string() },
            asked: String::new(),
            answer: answer.clone(),
        };
        let answered = Desk::remembering((0..REMEMBERED + 5).map(answered).collect()).answered();
        assert_eq!((answered.len(), answered[0].origin.id.as_str()), (REMEMBERED, "5"));
    }
}
