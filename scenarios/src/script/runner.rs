//! The runner: goes through a script's steps as time passes. It is told the ticks, the answers and the rows, and knows no
//! clock, no kernel and no file.
//!
//! Before each tick [`Runner::request`] says what is asked for at it; [`Runner::answer`] is told what became of that, and
//! [`Runner::rows`] the rows of the interval that ends with the tick. Conditions are about the interval that begins with
//! their step: a command that a tick takes acts in the interval after it, and that is where the next step looks.

use super::condition::{Condition, Past, Trades};
use super::{Begin, Script, Step, What};
use crate::duration::format_duration;
use agents::act::{Act, NamedContract, PlacedOrder};
use agents::command::{Directive, Value};
use agents::face::{Answer, Asked, Request, Verdict};
use agents::record::{Event, EventCode, IntervalRows, Record};
use agents::{Span, Time};
use std::collections::VecDeque;

/// Most events that are remembered.
const MOST_EVENTS: usize = 100_000;

/// How something that was looked at turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Not looked at: the script was over before.
    Skipped,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The step, counted from 1.
    pub step: usize,
    /// The line of the script where it is written.
    pub line: usize,
    /// The name that the script gives it.
    pub name: Option<String>,
    /// What was expected.
    pub what: String,
    /// How it turned out.
    pub outcome: Outcome,
    /// The instant that it is about; of rows their first.
    pub time: Time,
    /// What was seen; of a step that was skipped, why.
    pub saw: String,
}

/// Goes through the steps of a script.
#[derive(Debug)]
pub struct Runner<'s> {
    script: &'s Script,
    start: Time,
    /// The present step.
    index: usize,
    /// The instant before which it does not begin.
    from: Time,
    /// When the last step began that asked or waited for something.
    since: Time,
    stage: Stage,
    /// Codes of the events that the script asks for.
    codes: Vec<EventCode>,
    events: VecDeque<Event>,
    trades: Trades,
    checks: Vec<Check>,
}

/// How far the present step is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Due,
    /// Something was asked at this tick.
    Asked(Time),
    /// The condition has held since.
    Holds(Time),
}

impl<'s> Runner<'s> {
    /// A runner of a script whose time begins at `start`.
    pub fn new(script: &'s Script, start: Time) -> Self {
        let codes = script.steps.iter().filter_map(|step| step.condition().and_then(Condition::event)).collect();
        let deliveries = script.steps.iter().filter_map(|step| step.condition().and_then(Condition::delivery));
        let (trades, events, checks) = (Trades::new(start, deliveries), VecDeque::new(), Vec::new());
        let mut runner = Self {
            script,
            start,
            index: 0,
            from: start,
            since: start,
            stage: Stage::Due,
            codes,
            events,
            trades,
            checks,
        };
        runner.begin(start);
        runner
    }

    /// Whether there is nothing left to do.
    pub fn is_over(&self) -> bool {
        self.index >= self.script.steps.len()
    }

    /// What is asked for at the tick of this instant, if anything.
    pub fn request(&mut self, tick: Time) -> Option<Request> {
        let What::Ask { asked, .. } = &self.step()?.what else { return None };
        if self.stage != Stage::Due || tick < self.from {
            return None;
        }
        (self.stage, self.since) = (Stage::Asked(tick), tick);
        Some(Request {
            asked: begun(asked, self.start, tick),
            id: Some(self.index.to_string()),
            reply_to: self.index.to_string(),
        })
    }

    /// Takes the answer to what was asked for last.
    pub fn answer(&mut self, answer: &Answer) {
        let (Some(step), Stage::Asked(tick)) = (self.step(), self.stage) else { return };
        let What::Ask { expected, .. } = &step.what else { return };
        let reason = answer.reason.as_deref().unwrap_or_default();
        let is_given = expected.reason_contains.as_ref().is_none_or(|part| reason.contains(part));
        let saw = if reason.is_empty() { answer.verdict.to_string() } else { format!("{}: {reason}", answer.verdict) };
        self.tell(outcome(answer.verdict == expected.verdict && is_given), tick, saw);
        self.end(tick);
    }

    /// Takes the rows of an interval.
    pub fn rows(&mut self, rows: &IntervalRows<'_>) {
        for record in rows.records {
            if let Record::Event(event) = record
                && self.codes.contains(&event.code)
            {
                self.events.push_back(event.clone());
            }
        }
        self.trades.take(rows);
        while self.events.len() > MOST_EVENTS {
            self.events.pop_front();
        }
        // Several steps may look at the same rows.
        while rows.start >= self.from
            && let Some(step) = self.step()
            && let Some(condition) = step.condition()
        {
            let is_ended = match step.what {
                What::Wait { within, .. } => self.wait(condition, within, rows),
                What::Expect { throughout, .. } => self.expect(condition, throughout, rows),
                What::Ask { .. } => return,
            };
            if !is_ended {
                return;
            }
        }
    }

    /// What came of the steps since the last time.
    pub fn checks(&mut self) -> Vec<Check> {
        std::mem::take(&mut self.checks)
    }

    /// The script is over at `now` although steps are left: the present one has failed, and `why` says so.
    pub fn fail(&mut self, now: Time, why: &str) {
        if self.is_over() {
            return;
        }
        self.tell(Outcome::Failed, now, why.into());
        self.index += 1;
        self.skip(now, "not reached: the script was over before");
    }

    /// The steps that are left will not be gone through, and `why` says why.
    pub fn skip(&mut self, now: Time, why: &str) {
        while !self.is_over() {
            self.tell(Outcome::Skipped, now, why.into());
            self.index += 1;
        }
    }

    fn past(&self) -> Past<'_, &VecDeque<Event>> {
        Past { events: &self.events, since: self.since, trades: &self.trades }
    }

    fn step(&self) -> Option<&'s Step> {
        self.script.steps.get(self.index)
    }

    /// Whether the wait is over.
    fn wait(&mut self, condition: &Condition, within: Span, rows: &IntervalRows<'_>) -> bool {
        self.since = self.from;
        let look = condition.look(rows, self.past());
        if look.holds {
            self.tell(Outcome::Passed, rows.start, look.saw);
            self.end(rows.start);
            return true;
        }
        // The next rows will be too late.
        if rows.start + rows.length > self.from + within {
            self.fail(rows.start, &look.saw);
            return true;
        }
        false
    }

    /// Whether the expectation is met or not.
    fn expect(&mut self, condition: &Condition, throughout: Option<Span>, rows: &IntervalRows<'_>) -> bool {
        let look = condition.look(rows, self.past());
        let begun = if let Stage::Holds(begun) = self.stage { begun } else { rows.start };
        let end = rows.start + rows.length;
        match throughout {
            Some(span) if look.holds && end < begun + span => {
                self.stage = Stage::Holds(begun);
                return false;
            }
            Some(_) if !look.holds && rows.start > begun => {
                let held = format_duration(rows.start - begun);
                self.tell(Outcome::Failed, rows.start, format!("{} after {held}", look.saw));
            }
            _ => self.tell(outcome(look.holds), rows.start, look.saw),
        }
        self.end(if throughout.is_some() && look.holds { end } else { rows.start });
        true
    }

    fn tell(&mut self, outcome: Outcome, time: Time, saw: String) {
        let Some(step) = self.step() else { return };
        let Step { line, name, .. } = step;
        let (line, name) = (*line, name.clone());
        self.checks.push(Check { step: self.index + 1, line, name, what: step.to_string(), outcome, time, saw });
    }

    /// The present step ended at `end`; the next one is due.
    fn end(&mut self, end: Time) {
        self.index += 1;
        self.begin(end);
    }

    fn begin(&mut self, end: Time) {
        self.stage = Stage::Due;
        self.from = match self.step().map(|step| step.begin) {
            Some(Begin::At(span)) => end.max(self.start + span),
            Some(Begin::After(span)) => end + span,
            None => end,
        };
    }
}

fn outcome(holds: bool) -> Outcome {
    if holds { Outcome::Passed } else { Outcome::Failed }
}

/// What is asked for at the tick of this instant: a schedule begins with it, and deliveries are counted from the beginning of
/// the script.
fn begun(asked: &Asked, start: Time, tick: Time) -> Asked {
    let mut asked = asked.clone();
    if let Asked::Command { directive, .. } = &mut asked
        && let Directive::Setpoint(Value::Series(series))
        | Directive::ImportLimit(Value::Series(series))
        | Directive::ExportLimit(Value::Series(series)) = directive
    {
        series.start = tick;
    }
    if let Asked::Act { act, .. } = &mut asked
        && let Act::PlaceOrder(PlacedOrder { delivery, .. }) | Act::CancelOrders(NamedContract { delivery, .. }) = act
    {
        *delivery = start + (*delivery - Time(0));
    }
    asked
}

/// The answer that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) verdict: Verdict,
    pub(super) reason_contains: Option<String>,
}
