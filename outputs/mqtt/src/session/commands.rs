//! What others ask of the twin's assets, and what they are told.

use super::Session;
use crate::outbox::{Item, Text};
use crate::payload::result;
use crate::session::LinkId;
use crate::topics::CommandTopic;
use agents::command::Capability;
use agents::face::command::{COMMANDS, Written, decode};
use agents::face::order::{TRADES, decode_trade};
use agents::face::{Answer, Asked, Request, Verdict};
use agents::{Kind, ParticipantId};
use std::sync::Arc;
use std::time::Duration;

/// Most refusals told in a second: whoever floods the twin is not flooded back.
const REFUSALS_PER_S: u32 = 100;

/// Most bytes of a topic that is answered: that of the result is longer.
const MOST_TOPIC_BYTES: usize = 1024;

/// What is asked, and the id it was given.
type Read = (Asked, Option<String>);
/// The id of what is refused, and why.
type Refused = (Option<String>, String);

/// Counts refusals by the second.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    second: u64,
    told: u32,
}

impl Limiter {
    /// Whether one more may be told at `clock`.
    fn admits(&mut self, clock: Duration) -> bool {
        if clock.as_secs() != self.second {
            *self = Self { second: clock.as_secs(), told: 0 };
        }
        self.told += 1;
        self.told <= REFUSALS_PER_S
    }
}

/// A message as it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received<'a> {
    pub(crate) topic: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// Whether the broker had kept it for us.
    pub(crate) retained: bool,
}

impl Session {
    /// Takes a message at `clock`, wall time since the start; the request it comes to, if any.
    ///
    /// What is no request is answered where there is somewhere to answer.
    pub(crate) fn received(&mut self, message: Received<'_>, clock: Duration) -> Option<Request> {
        self.counts.received += 1;
        let topic = std::str::from_utf8(message.topic).ok().filter(|topic| topic.len() <= MOST_TOPIC_BYTES);
        let Some((topic, levels)) =
            topic.and_then(|topic| Some((topic, CommandTopic::read(&self.settings.root, topic)?)))
        else {
            self.counts.refused += 1;
            self.counts.unanswered += 1;
            return None;
        };
        // So retained messages are cleared.
        if message.payload.is_empty() {
            return None;
        }
        if self.ids.get(levels.asset_id).is_some_and(|id| self.has_lost(*id)) {
            // Its own connection would have brought it, and there is none.
            self.counts.refused += 1;
            self.counts.unanswered += 1;
            return None;
        }
        let reply_to = format!("{topic}/result");
        let read = if TRADES.contains(&levels.command) {
            self.trade(&levels, message)
        } else {
            self.command(&levels, message)
        };
        let read = read.and_then(|(asked, id)| {
            if message.retained {
                let reason = "it was retained, and what the broker has kept must not act: send it without `retain`";
                return Err((id, reason.into()));
            }
            Ok((asked, id))
        });
        match read {
            Ok((asked, id)) => Some(Request { asked, id, reply_to }),
            Err((id, reason)) => {
                self.refuse(id, reason, reply_to, clock);
                None
            }
        }
    }

    /// What a command asks for.
    fn command(&self, levels: &CommandTopic<'_>, message: Received<'_>) -> Result<Read, Refused> {
        let decoded = decode(levels.command, message.payload);
        let id = decoded.as_ref().map_or_else(|wrong| wrong.id.clone(), |asked| asked.id.clone());
        let target = self.target(levels).map_err(|reason| (id, reason))?;
        let Written { directive, priority, effective, lasts, id } =
            decoded.map_err(|wrong| (wrong.id, wrong.reason))?;
        Ok((Asked::Command { target, directive, priority, effective, lasts }, id))
    }

    /// What an order asks for, or a withdrawal.
    fn trade(&self, levels: &CommandTopic<'_>, message: Received<'_>) -> Result<Read, Refused> {
        let decoded = decode_trade(levels.command, message.payload);
        let id = decoded.as_ref().map_or_else(|wrong| wrong.id.clone(), |trade| trade.id.clone());
        let target = self.trader(levels).map_err(|reason| (id, reason))?;
        let trade = decoded.map_err(|wrong| (wrong.id, wrong.reason))?;
        let asked = Asked::Act { target, act: trade.act, lasts: None };
        Ok((asked, trade.id))
    }

    /// Whether a device has a connection of its own, and a link that is down.
    fn has_lost(&self, id: ParticipantId) -> bool {
        let asset = self.assets.get(id.index()).and_then(Option::as_ref);
        asset.is_some_and(|asset| self.is_broken_off(asset.link))
    }

    /// There is no room for a request that nobody waits for.
    pub(crate) fn refuse_for_want_of_room(&mut self, request: Request, clock: Duration) {
        let reason = "the twin has more commands than it can take: send it again, at quality of service 1 it waits";
        self.refuse(request.id, reason.into(), request.reply_to, clock);
    }

    /// Tells what became of a request.
    pub(crate) fn answer(&mut self, answer: &Answer) {
        if answer.verdict == Verdict::Refused {
            self.counts.refused += 1;
        }
        let text = Text { topic: answer.reply_to.clone(), payload: result(answer) };
        self.push(LinkId::GATEWAY, Item::Result(Arc::new(text)));
    }

    /// The string id of the asset a topic names, if it takes commands.
    fn target(&self, levels: &CommandTopic<'_>) -> Result<String, String> {
        let refuse = Err::<String, String>;
        if !COMMANDS.contains(&levels.command) {
            return refuse(format!("there is no such command: send one of {}", COMMANDS.join(", ")));
        }
        let Some(entry) = self.ids.get(levels.asset_id).map(|id| &self.catalogue.participants[id.index()]) else {
            return refuse("there is no such asset: its id is that of its topics of sensors".into());
        };
        if entry.kind.as_str() != levels.asset_type {
            return refuse(format!("{} is of the type {}: send it there", entry.id, entry.kind));
        }
        if Capability::of(entry.kind).is_none() {
            let remedy = if entry.kind == Kind::Ev { "its charge point does" } else { "others do" };
            return refuse(format!("{} takes no commands: {remedy}", entry.id));
        }
        Ok(entry.id.clone())
    }

    /// The string id of the prosumer a topic names.
    fn trader(&self, levels: &CommandTopic<'_>) -> Result<String, String> {
        let found = self.others.get(levels.asset_id).or_else(|| self.ids.get(levels.asset_id));
        let Some(entry) = found.map(|id| &self.catalogue.participants[id.index()]) else {
            return Err("there is no such participant: name a prosumer".into());
        };
        if entry.kind != Kind::Prosumer {
            return Err(format!(
                "{} is of the type {}, which does not trade: name the prosumer of its site",
                entry.id, entry.kind
            ));
        }
        if levels.asset_type != entry.kind.as_str() {
            return Err(format!("{} is of the type {}: send it there", entry.id, entry.kind));
        }
        Ok(entry.id.clone())
    }

    fn refuse(&mut self, id: Option<String>, reason: String, reply_to: String, clock: Duration) {
        if self.refusals.admits(clock) {
            tracing::warn!(topic = reply_to, id, "a command was refused: {reason}");
            self.answer(&Answer { id, reply_to, verdict: Verdict::Refused, reason: Some(reason) });
        } else {
            self.counts.refused += 1;
            self.counts.unanswered += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::testing::catalogue;
    use crate::settings::Settings;
    use agents::command::{Directive, Value};
    use proptest::prelude::*;

    const SETPOINT: &str = "cariflex/commands/battery/bat_01/setpoint";
    const RIGHT: &str = r#"{"value":2.5,"unit":"kW","id":"a"}"#;

    fn session() -> Session {
        Session::new(Settings::default(), catalogue().into(), "twin")
    }

    fn receive(session: &mut Session, topic: &str, payload: &str, retained: bool) -> Option<Request> {
        let message = Received { topic: topic.as_bytes(), payload: payload.as_bytes(), retained };
        session.received(message, Duration::ZERO)
    }

    fn results(session: &mut Session) -> Vec<(String, String)> {
        let next = || session.next(LinkId::GATEWAY);
        std::iter::from_fn(next).map(|m| (m.topic, String::from_utf8(m.payload).expect("it is text"))).collect()
    }

    #[test]
    fn a_command_becomes_a_request_that_knows_where_its_answer_goes() {
        let mut session = session();
        let request = receive(&mut session, SETPOINT, RIGHT, false).expect("it is right");
        assert_eq!(request.asked.target(), Some("bat_01"));
        let setpoint = Directive::Setpoint(Value::Constant(2.5));
        assert!(matches!(&request.asked, Asked::Command { directive, .. } if *directive == setpoint));
        assert_eq!(request.reply_to, format!("{SETPOINT}/result"));
        assert_eq!(results(&mut session), [], "the twin answers");
        let answer = Answer { id: request.id, reply_to: request.reply_to, verdict: Verdict::Accepted, reason: None };
        session.answer(&answer);
        let expected = (format!("{SETPOINT}/result"), r#"{"id":"a","status":"accepted"}"#.to_owned());
        assert_eq!(results(&mut session), [expected]);
    }

    #[test]
    fn an_order_becomes_a_request_to_its_prosumer() {
        let topic = "cariflex/commands/prosumer/prosumer_Le Lamentin%2F1/order";
        let delivery = "2026-03-02T07:15:00-04:00";
        let order =
            format!(r#"{{"delivery":"{delivery}","side":"offer","energy_kwh":1.5,"limit_eur_per_mwh":90,"id":"o"}}"#);
        let request = receive(&mut session(), topic, &order, false).expect("it is right");
        assert_eq!((request.asked.target(), request.id.as_deref()), (Some("prosumer_Le Lamentin/1"), Some("o")));
        assert!(request.asked.to_string().starts_with("order offer 1.5 kWh for delivery"), "{}", request.asked);
        let cancel = format!(r#"{{"delivery":"{delivery}"}}"#);
        let request = receive(&mut session(), &topic.replace("order", "cancel_orders"), &cancel, false);
        assert!(request.is_some_and(|request| request.reply_to.ends_with("/cancel_orders/result")));
        let elsewhere = "cariflex/commands/battery/bat_01/order";
        for (topic, payload, retained, says) in [
            (topic, order.as_str(), true, "without `retain`"),
            (topic, "{}", false, "`energy_kwh` is missing"),
            (topic, "", false, ""),
            (elsewhere, &order, false, "name the prosumer of its site"),
            ("cariflex/commands/prosumer/nobody/order", &order, false, "name a prosumer"),
            ("cariflex/commands/pv/prosumer_Le Lamentin%2F1/order", &order, false, "send it there"),
        ] {
            let mut session = session();
            assert_eq!(receive(&mut session, topic, payload, retained), None, "{topic} {payload}");
            let told = results(&mut session);
            assert_eq!(told.iter().any(|(_, text)| text.contains(says)), !payload.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn a_result_is_sent_at_quality_of_service_1_and_not_retained() {
        let mut session = session();
        receive(&mut session, SETPOINT, "{", false);
        let message = session.next(LinkId::GATEWAY).expect("a refusal");
        assert_eq!((message.qos, message.retain), (1, false));
    }

    #[test]
    fn what_is_wrong_is_refused_with_the_remedy() {
        for (topic, payload, retained, says) in [
            (SETPOINT, RIGHT, true, "without `retain`"),
            (SETPOINT, "{}", false, "`unit` is missing"),
            ("cariflex/commands/battery/bat_99/setpoint", RIGHT, false, "no such asset"),
            ("cariflex/commands/pv/bat_01/setpoint", RIGHT, false, "of the type battery"),
            ("cariflex/commands/ev/ev_01/setpoint", RIGHT, false, "its charge point does"),
            ("cariflex/commands/battery/bat_01/explode", RIGHT, false, "send one of setpoint"),
        ] {
            let mut session = session();
            assert_eq!(receive(&mut session, topic, payload, retained), None, "{topic} {payload}");
            let results = results(&mut session);
            assert_eq!(results.len(), 1, "{topic} {payload}");
            assert_eq!(results[0].0, format!("{topic}/result"));
            assert!(results[0].1.contains("\"refused\"") && results[0].1.contains(says), "{}", results[0].1);
            assert_eq!((session.counts.received, session.counts.refused), (1, 1));
        }
    }

    #[test]
    fn what_clears_a_retained_message_is_ignored() {
        let mut session = session();
        assert_eq!(receive(&mut session, SETPOINT, "", false), None);
        assert_eq!((results(&mut session).len(), session.counts.refused), (0, 0));
    }

    #[test]
    fn where_there_is_nowhere_to_answer_it_is_counted() {
        let mut session = session();
        for topic in ["cariflex/commands/battery/bat_01", "other/commands/battery/bat_01/setpoint", "", "/"] {
            assert_eq!(receive(&mut session, topic, RIGHT, false), None);
        }
        let message = Received { topic: b"cariflex/commands/\xff/b/c", payload: b"x", retained: false };
        assert_eq!(session.received(message, Duration::ZERO), None);
        assert_eq!((results(&mut session).len(), session.counts.refused, session.counts.unanswered), (0, 5, 5));
    }

    #[test]
    fn whoever_floods_the_twin_hears_a_hundred_refusals_a_second() {
        let mut session = session();
        let mut flood = |s| {
            let message = Received { topic: SETPOINT.as_bytes(), payload: b"garbage", retained: false };
            (0..1000).for_each(|_| assert_eq!(session.received(message, Duration::from_secs(s)), None));
            results(&mut session).len()
        };
        assert_eq!([flood(1), flood(2)], [100, 100]);
        assert_eq!((session.counts.refused, session.counts.unanswered), (2000, 1800));
    }

    #[test]
    fn answers_of_the_twin_are_never_held_back() {
        let mut session = session();
        let answer = Answer { id: None, reply_to: "a".into(), verdict: Verdict::Refused, reason: None };
        (0..1000).for_each(|_| session.answer(&answer));
        assert_eq!(results(&mut session).len(), 1000);
    }

    proptest! {
        #[test]
        fn no_message_makes_the_session_panic(
            topic in proptest::collection::vec(any::<u8>(), 0..60),
            payload in proptest::collection::vec(any::<u8>(), 0..60),
            retained in any::<bool>(),
        ) {
            let mut session = session();
            let _ = session.received(Received { topic: &topic, payload: &payload, retained }, Duration::ZERO);
            let _ = session.received(Received { topic: SETPOINT.as_bytes(), payload: &payload, retained }, Duration::ZERO);
        }
    }
}
