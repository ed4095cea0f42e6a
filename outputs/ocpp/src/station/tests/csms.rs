//! The other side of the tests: a CSMS that answers everything and remembers, and the pair of both.

use crate::station::{Act, Input, Output, Reading, Settings, Station, Told};
use crate::v201::{IdToken, IdTokenKind};
use agents::time::{Span, Time};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Monday, 2026-03-02T08:00:10Z.
pub(super) const START: Time = Time(1_772_438_410_000);

/// A station and a CSMS; what one sends the other takes at once, unless the link is down.
pub(super) struct Pair {
    pub(super) station: Station,
    pub(super) now: Time,
    pub(super) up: bool,
    /// What the CSMS received: action and payload.
    pub(super) heard: Vec<(String, Value)>,
    /// Answers to what the CSMS asked, by id.
    pub(super) answers: Vec<Value>,
    pub(super) acts: Vec<Act>,
    pub(super) told: Vec<Told>,
    /// Cuts the link in the place of this many-th message from now (of either direction), if any.
    pub(super) cut_at: Option<usize>,
    pub(super) passed: usize,
    /// Status the next boots are answered by.
    pub(super) boots: VecDeque<(&'static str, i32)>,
    /// Status of `idTokenInfo` in answers, and the group.
    pub(super) token_status: &'static str,
    pub(super) group: Option<&'static str>,
    /// Actions that are refused by a CALLERROR or never answered.
    pub(super) refuses: Vec<&'static str>,
    pub(super) silent: Vec<&'static str>,
    asked: usize,
}

pub(super) fn token(name: &str) -> IdToken {
    IdToken::new(name, IdTokenKind::ISO14443).unwrap()
}

impl Pair {
    /// A station of two EVSEs that is neither connected nor known.
    pub(super) fn new(variables: &[(&str, &str, &str)]) -> Self {
        let mut settings = Settings::ac("CP001", 2, 32.0);
        let own = |(a, b, c): &(&str, &str, &str)| ((*a).into(), (*b).into(), (*c).into());
        settings.variables = variables.iter().map(own).collect();
        Self {
            station: Station::new(settings, 7, START).unwrap(),
            now: START,
            up: false,
            heard: Vec::new(),
            answers: Vec::new(),
            acts: Vec::new(),
            told: Vec::new(),
            cut_at: None,
            passed: 0,
            boots: VecDeque::new(),
            token_status: "Accepted",
            group: None,
            refuses: Vec::new(),
            silent: Vec::new(),
            asked: 0,
        }
    }

    /// One that is accepted, its first messages forgotten.
    pub(super) fn online(variables: &[(&str, &str, &str)]) -> Self {
        let mut pair = Self::new(variables);
        pair.connect();
        pair.heard.clear();
        pair.acts.clear();
        pair.told.clear();
        pair
    }

    pub(super) fn connect(&mut self) {
        self.up = true;
        self.does(Input::Connected);
    }

    pub(super) fn disconnect(&mut self) {
        self.up = false;
        self.does(Input::Disconnected);
    }

    /// Something happens to the station.
    pub(super) fn does(&mut self, input: Input) {
        self.station.handle(input, self.now);
        self.drain();
    }

    /// Whether a message gets through; if not the link is down for both.
    fn passes(&mut self) -> bool {
        self.passed += 1;
        if self.cut_at == Some(self.passed) {
            self.up = false;
            self.cut_at = None;
        }
        self.up
    }

    fn drain(&mut self) {
        let mut cut = false;
        while let Some(output) = self.station.poll() {
            match output {
                Output::Frame(text) if self.up => {
                    // Either the message is lost, or it arrives and the answer is.
                    let answer = if self.passes() { self.csms(&text) } else { None };
                    if let Some(answer) = answer
                        && self.passes()
                    {
                        self.station.handle(Input::Frame(answer), self.now);
                    }
                    cut |= !self.up;
                }
                Output::Frame(_) => assert!(cut, "a frame was sent without a link"),
                Output::Act(act) => self.acts.push(act),
                Output::Told(told) => self.told.push(told),
            }
        }
        if cut {
            self.does(Input::Disconnected);
        }
    }

    /// What the CSMS makes of a frame.
    fn csms(&mut self, text: &str) -> Option<String> {
        let frame: Value = serde_json::from_str(text).unwrap();
        if frame[0] != 2 {
            self.answers.push(frame);
            return None;
        }
        let (id, action) = (frame[1].clone(), frame[2].as_str().unwrap().to_owned());
        self.heard.push((action.clone(), frame[3].clone()));
        if self.silent.contains(&&*action) {
            return None;
        }
        if self.refuses.contains(&&*action) {
            return Some(json!([4, id, "InternalError", "", {}]).to_string());
        }
        let mut info = json!({"status": self.token_status});
        if let Some(group) = self.group {
            info["groupIdToken"] = json!({"idToken": group, "type": "Central"});
        }
        let time = self.now.to_string();
        let payload = match &*action {
            "BootNotification" => {
                let (status, interval) = self.boots.pop_front().unwrap_or(("Accepted", 300));
                json!({"currentTime": time, "interval": interval, "status": status})
            }
            "Heartbeat" => json!({"currentTime": time}),
            "Authorize" => json!({"idTokenInfo": info}),
            "TransactionEvent" if frame[3].get("idToken").is_some() => json!({"idTokenInfo": info}),
            _ => json!({}),
        };
        Some(json!([3, id, payload]).to_string())
    }

    /// The CSMS asks; the answer's frame.
    pub(super) fn asks(&mut self, action: &str, payload: Value) -> Value {
        self.asked += 1;
        let id = format!("csms-{}", self.asked);
        self.does(Input::Frame(json!([2, id, action, payload]).to_string()));
        self.answers.iter().rev().find(|answer| answer[1] == *id).cloned().unwrap_or(Value::Null)
    }

    /// The payload of the answer to what the CSMS asks.
    pub(super) fn asks_for(&mut self, action: &str, payload: Value) -> Value {
        let answer = self.asks(action, payload);
        assert_eq!(answer[0], 3, "{answer}");
        answer[2].clone()
    }

    /// The status by which the station answers.
    pub(super) fn status(&mut self, action: &str, payload: Value) -> String {
        self.asks_for(action, payload)["status"].as_str().unwrap().to_owned()
    }

    /// Lets time pass, waking the station when it wants to be.
    pub(super) fn pass(&mut self, span: Span) {
        let end = self.now + span;
        while let Some(wake) = self.station.next_wake().filter(|wake| *wake <= end) {
            let before = self.now;
            self.now = self.now.max(wake);
            self.does(Input::Wake);
            let next = self.station.next_wake();
            assert!(self.now > before || next != Some(wake), "the station wakes for nothing at {wake}");
        }
        self.now = end;
        self.does(Input::Wake);
    }

    pub(super) fn pass_s(&mut self, seconds: i64) {
        self.pass(Span::from_s(seconds));
    }

    pub(super) fn plug(&mut self) {
        self.does(Input::Plug { evse_id: 1, connector_id: 1 });
    }

    pub(super) fn present(&mut self, name: &str) {
        self.does(Input::Present { evse_id: 1, token: token(name) });
    }

    pub(super) fn drawing(&mut self, drawing: bool) {
        self.does(Input::Drawing { evse_id: 1, drawing });
    }

    pub(super) fn meter(&mut self, import_wh: f64) {
        let reading = Reading {
            import_wh,
            power_w: 11_040.0,
            currents_a: [16.0; 3],
            voltages_v: [230.0; 3],
            ..Reading::default()
        };
        self.does(Input::Meter { evse_id: 1, reading });
    }

    /// Payloads of an action the CSMS heard.
    pub(super) fn of(&self, action: &str) -> Vec<&Value> {
        self.heard.iter().filter(|(one, _)| one == action).map(|(_, payload)| payload).collect()
    }

    /// Transaction events as `Started Authorized`, in the order heard.
    pub(super) fn events(&self) -> Vec<String> {
        let line = |event: &&Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            format!("{} {}", text(&event["eventType"]), text(&event["triggerReason"]))
        };
        self.of("TransactionEvent").iter().map(line).collect()
    }

    /// The last transaction event.
    pub(super) fn last_event(&self) -> &Value {
        self.of("TransactionEvent").last().unwrap()
    }
}
