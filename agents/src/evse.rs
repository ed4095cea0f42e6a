//! A charge point: owns the plug, the authorisation, the limits in force and the energy of the session.
//!
//! A vehicle whose token the charge point knows from its local list starts at once; the operator's answer
//! then confirms or stops it. Without an answer by the deadline the local decision stands. Without an operator every
//! vehicle is authorised by being plugged in, and the charge point keeps the session's row itself; without an energy
//! manager nobody is told what vehicles need.
//!
//! Whoever presents a token authorises the vehicle that is there or is plugged in soon after; the same token once more
//! stops the charging. The token of a vehicle's driver is the vehicle's id, so that all vehicles are on the local list.

use crate::command::{Capability, CommandBook, Mode};
use crate::core::{Core, Outbox, Wake};
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message};
use crate::record::{EventCode, Record, SessionRow};
use crate::time::{Now, Span, Time};
use serde::{Deserialize, Serialize};

/// How long the operator may take to answer an authorisation.
const AUTHORIZATION_DEADLINE: Span = Span::from_s(30);
/// How long a token counts that is presented before the vehicle is plugged in (OCPP 2.0.1, `EVConnectionTimeOut`).
const CONNECTION_TIMEOUT: Span = Span::from_s(120);

/// The mind of a charge point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evse {
    commands: CommandBook,
    operator: Option<ParticipantId>,
    ems: Option<ParticipantId>,
    session: Option<ChargingSession>,
    /// End of the last session that was reported; the body shows ended ones for a whole tick.
    reported: Time,
    /// Whether a vehicle waits in the plug until somebody presents a token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    requires_token: bool,
    /// Who has presented a token while no vehicle was there, and until when that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presented: Option<(ParticipantId, Time)>,
}

/// The charging session as the charge point owns it, as of its last step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChargingSession {
    /// The vehicle and when it was plugged in.
    pub plug: Plug,
    /// Whether it may charge.
    pub authorization: Authorization,
    /// Whose token it was that was presented; none: the vehicle's own, by being plugged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ParticipantId>,
    /// What is offered from that step on: setpoint and limits in force.
    pub offer: EvseIntent,
    /// Energy delivered to the vehicle so far, at its inlet.
    pub delivered_kwh: f64,
    /// Energy taken from the vehicle so far (V2G), positive, at its inlet.
    pub returned_kwh: f64,
    /// Who holds up the transfer of energy, if it is held up.
    pub suspended_by: Option<Suspension>,
}

/// Whether a vehicle may charge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Authorization {
    /// Charging on the local list until the operator answers, at the latest at this instant.
    Asked {
        /// When the local decision becomes final.
        deadline: Time,
    },
    /// It may.
    Granted,
    /// The operator does not know its token.
    Refused,
    /// Not before somebody presents a token.
    Waiting,
    /// Its token was presented once more: not before one is presented anew.
    Stopped,
}

impl Authorization {
    /// Whether nothing is offered to the vehicle.
    fn withholds(self) -> bool {
        matches!(self, Self::Refused | Self::Waiting | Self::Stopped)
    }
}

/// Who holds up the transfer of energy (OCPP 2.0.1 `ChargingStateEnumType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suspension {
    /// `SuspendedEVSE`: the charge point offers nothing.
    Evse,
    /// `SuspendedEV`: the vehicle takes nothing of what is offered.
    Ev,
}

/// What the control pilot shows (IEC 61851-1, annex A).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlPilot {
    /// No vehicle.
    #[default]
    A,
    /// A vehicle is plugged in, and nothing is offered to it.
    B1,
    /// A current is offered, and the vehicle takes none.
    B2,
    /// Energy flows, in either direction.
    C,
    /// There is no supply.
    E,
    /// The charge point is out of order.
    F,
}

/// What a charge point senses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvseSense {
    /// The vehicle that is plugged in.
    pub plug: Option<Plug>,
    /// The control pilot at this instant.
    pub pilot: ControlPilot,
    /// Energy delivered in the present session.
    pub delivered_kwh: f64,
    /// Energy taken from the vehicle in the present session, positive.
    pub returned_kwh: f64,
    /// Sessions that ended since the last tick, oldest first.
    pub ended: Vec<SessionRow>,
}

/// A vehicle in the plug.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plug {
    /// The vehicle.
    pub vehicle: ParticipantId,
    /// When it was plugged in.
    pub since: Time,
}

/// What the charge point offers at its outlet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvseIntent {
    /// Power to hold if the vehicle can (discharging negative); none: as much as it wants.
    pub setpoint_kw: Option<f64>,
    /// Highest power to the vehicle; none: the rating.
    pub import_limit_kw: Option<f64>,
    /// Highest power from the vehicle, positive; none: the rating.
    pub export_limit_kw: Option<f64>,
}

/// The safe intent: no power.
impl Default for EvseIntent {
    fn default() -> Self {
        Self { setpoint_kw: Some(0.0), import_limit_kw: None, export_limit_kw: None }
    }
}

impl Evse {
    /// A charge point of `operator`, if it has one, whose vehicles' needs go to `ems`, if there is one.
    pub fn new(operator: Option<ParticipantId>, ems: Option<ParticipantId>) -> Self {
        Self {
            commands: CommandBook::new(Capability::Setpoints),
            operator,
            ems,
            session: None,
            reported: Time(i64::MIN),
            requires_token: false,
            presented: None,
        }
    }

    /// One at which a vehicle waits in the plug until somebody presents a token, if it `requires_token`.
    #[must_use]
    pub fn with_tokens_required(self, requires_token: bool) -> Self {
        Self { requires_token, ..self }
    }

    /// The session under way, as of the last step.
    pub fn session(&self) -> Option<&ChargingSession> {
        self.session.as_ref()
    }

    fn follow_the_plug(&mut self, now: Now, sense: &EvseSense, out: &mut Outbox) {
        for session in sense.ended.iter().filter(|session| session.end > self.reported) {
            match self.operator {
                Some(operator) => out.send(operator, Message::SessionEnded(*session)),
                None => out.record(Record::Session(*session)),
            }
            self.tell_ems(Message::ChargingOver, out);
        }
        self.reported = sense.ended.last().map_or(self.reported, |session| session.end);
        let session = sense.plug.map(|plug| match self.session.filter(|session| session.plug == plug) {
            Some(known) => known,
            None => self.begin(now, plug, out),
        });
        self.session = session.map(|session| ChargingSession {
            delivered_kwh: sense.delivered_kwh,
            returned_kwh: sense.returned_kwh,
            suspended_by: match sense.pilot {
                ControlPilot::B1 | ControlPilot::E | ControlPilot::F => Some(Suspension::Evse),
                ControlPilot::B2 => Some(Suspension::Ev),
                ControlPilot::A | ControlPilot::C => None,
            },
            ..session
        });
    }

    fn begin(&mut self, now: Now, plug: Plug, out: &mut Outbox) -> ChargingSession {
        let holder = self.presented.take().filter(|(_, until)| plug.since < *until).map(|(holder, _)| holder);
        let authorization = match holder {
            None if self.requires_token => Authorization::Waiting,
            _ => self.authorize(now, holder.unwrap_or(plug.vehicle), out),
        };
        ChargingSession {
            plug,
            authorization,
            holder,
            offer: EvseIntent::default(),
            delivered_kwh: 0.0,
            returned_kwh: 0.0,
            suspended_by: None,
        }
    }

    /// Asks the operator, if there is one, whether the holder of a token may charge.
    fn authorize(&self, now: Now, holder: ParticipantId, out: &mut Outbox) -> Authorization {
        match self.operator {
            Some(operator) => {
                out.send(operator, Message::AuthorizeRequest { vehicle: holder });
                Authorization::Asked { deadline: now.time + AUTHORIZATION_DEADLINE }
            }
            None => Authorization::Granted,
        }
    }

    /// Somebody presents a token, that of the driver of `holder`.
    fn presented(&mut self, now: Now, token: &str, holder: Option<ParticipantId>, out: &mut Outbox) {
        let Some(holder) = holder else {
            let detail = format!("nobody knows the token {token:?}: present the id of a vehicle");
            out.event(now, EventCode::AuthorizationRefused, detail);
            return;
        };
        let Some(mut session) = self.session else {
            self.presented = Some((holder, now.time + CONNECTION_TIMEOUT));
            return;
        };
        if session.authorization.withholds() {
            session.holder = Some(holder);
            session.authorization = self.authorize(now, holder, out);
        } else if holder == session.holder() {
            session.authorization = Authorization::Stopped;
            out.event(now, EventCode::ChargingStopped, format!("the token {token:?} was presented once more"));
        } else {
            let detail = format!("the token {token:?} was refused: the vehicle charges by another one");
            out.event(now, EventCode::AuthorizationRefused, detail);
        }
        self.session = Some(session);
    }

    fn tell_ems(&self, message: Message, out: &mut Outbox) {
        if let Some(ems) = self.ems {
            out.send(ems, message);
        }
    }

    fn answered(&mut self, now: Now, holder: ParticipantId, accepted: bool, out: &mut Outbox) {
        let Some(session) = self.session.as_mut().filter(|session| session.holder() == holder) else {
            return;
        };
        if matches!(session.authorization, Authorization::Stopped | Authorization::Waiting) {
            return;
        }
        session.authorization = if accepted { Authorization::Granted } else { Authorization::Refused };
        if !accepted {
            out.event(now, EventCode::AuthorizationRefused, "the operator refused the token: charging stopped");
        }
    }

    fn offer(&mut self, now: Now, out: &mut Outbox) -> EvseIntent {
        let resolved = self.commands.resolve(now, out);
        // Who is plugged in between two steps finds what was offered at the last one.
        let is_withheld = match &self.session {
            Some(session) => session.authorization.withholds(),
            None => self.requires_token && self.presented.is_none(),
        };
        EvseIntent {
            setpoint_kw: match resolved.mode {
                _ if is_withheld => Some(0.0),
                Some(Mode::Hold(power_kw)) => Some(power_kw),
                _ => None,
            },
            import_limit_kw: resolved.import_limit_kw,
            export_limit_kw: resolved.export_limit_kw,
        }
    }
}

impl ChargingSession {
    /// Whose token it was.
    fn holder(&self) -> ParticipantId {
        self.holder.unwrap_or(self.plug.vehicle)
    }
}

impl Core for Evse {
    const KIND: Kind = Kind::Evse;
    type Sense = EvseSense;
    type Intent = EvseIntent;

    fn step(&mut self, now: Now, sense: &EvseSense, inbox: &[Mail], out: &mut Outbox) -> EvseIntent {
        self.follow_the_plug(now, sense, out);
        for mail in inbox {
            match &mail.message {
                Message::Command(command) => self.commands.take(command, now, out),
                Message::AuthorizeResponse { vehicle, accepted } => self.answered(now, *vehicle, *accepted, out),
                Message::TokenPresented { token, holder } => self.presented(now, token, *holder, out),
                Message::ChargingNeeds(needs) => self.tell_ems(Message::ChargingNeeds(*needs), out),
                _ => {}
            }
        }
        if let Some(ChargingSession { authorization, .. }) = &mut self.session
            && matches!(authorization, Authorization::Asked { deadline } if *deadline <= now.time)
        {
            *authorization = Authorization::Granted;
        }
        self.presented = self.presented.filter(|(_, until)| now.time < *until);
        let offer = self.offer(now, out);
        if let Some(session) = &mut self.session {
            session.offer = offer;
        }
        offer
    }

    fn command_book(&self) -> Option<&CommandBook> {
        Some(&self.commands)
    }

    fn next_wake(&self, now: Now) -> Wake {
        let deadline = self.session.and_then(|session| match session.authorization {
            Authorization::Asked { deadline } => Some(deadline),
            _ => None,
        });
        let forgotten = self.presented.map(|(_, until)| until);
        Wake::OnMail.or_at(deadline).or_at(forgotten).or_at(self.commands.next_change(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Directive, Priority, Value};
    use crate::mail::{ChargingNeeds, StorageStatus};
    use crate::time::Calendar;

    const VEHICLE: ParticipantId = ParticipantId(7);
    const OPERATOR: ParticipantId = ParticipantId(1);
    const EMS: ParticipantId = ParticipantId(2);

    fn at(seconds: i64) -> Now {
        Now { time: Time(seconds * 1000), calendar: Calendar::default() }
    }

    fn plugged() -> EvseSense {
        EvseSense { plug: Some(Plug { vehicle: VEHICLE, since: Time(0) }), ..EvseSense::default() }
    }

    fn answer(accepted: bool) -> Mail {
        let message = Message::AuthorizeResponse { vehicle: VEHICLE, accepted };
        Mail { to: ParticipantId(5), from: OPERATOR, message }
    }

    #[test]
    fn a_vehicle_charges_at_once_and_stops_when_its_token_is_refused() {
        let (mut evse, mut out) = (Evse::new(Some(OPERATOR), Some(EMS)), Outbox::of(ParticipantId(5)));
        assert_eq!(evse.step(at(0), &plugged(), &[], &mut out).setpoint_kw, None);
        assert_eq!(out.mail[0].message, Message::AuthorizeRequest { vehicle: VEHICLE });
        assert_eq!(evse.step(at(0), &plugged(), &[answer(false)], &mut out).setpoint_kw, Some(0.0));
    }

    #[test]
    fn without_an_answer_the_local_decision_stands_from_the_deadline() {
        let (mut evse, mut out) = (Evse::new(Some(OPERATOR), Some(EMS)), Outbox::of(ParticipantId(5)));
        evse.step(at(0), &plugged(), &[], &mut out);
        assert_eq!(evse.next_wake(at(0)), Wake::At(at(30).time));
        assert_eq!(evse.step(at(30), &plugged(), &[], &mut out).setpoint_kw, None);
        assert_eq!(evse.next_wake(at(30)), Wake::OnMail);
    }

    fn needs() -> Mail {
        let message = Message::ChargingNeeds(ChargingNeeds {
            storage: StorageStatus::default(),
            target_kwh: 60.0,
            reserve_kwh: 30.0,
            departure: Time(1),
        });
        Mail { to: ParticipantId(5), from: VEHICLE, message }
    }

    fn ended() -> EvseSense {
        let row = SessionRow {
            evse: ParticipantId(5),
            vehicle: VEHICLE,
            start: Time(0),
            end: Time(1),
            delivered_kwh: 10.0,
            returned_kwh: 0.0,
            unserved_kwh: 0.0,
            cost: None,
        };
        EvseSense { ended: vec![row], ..EvseSense::default() }
    }

    #[test]
    fn a_charge_point_of_nobody_charges_at_once_asks_nobody_and_keeps_its_sessions_itself() {
        let (mut evse, mut out) = (Evse::new(None, None), Outbox::of(ParticipantId(5)));
        assert_eq!(evse.step(at(0), &plugged(), &[needs()], &mut out).setpoint_kw, None);
        assert_eq!(evse.session().expect("a vehicle is plugged in").authorization, Authorization::Granted);
        assert_eq!(evse.next_wake(at(0)), Wake::OnMail);
        for _ in 0..2 {
            evse.step(at(60), &ended(), &[], &mut out);
        }
        assert_eq!(out.mail, []);
        assert_eq!(out.records, [Record::Session(ended().ended[0])], "told once, though sensed twice");
    }

    #[test]
    fn needs_go_to_the_energy_manager_and_ended_sessions_to_the_operator_as_well() {
        let (mut evse, mut out) = (Evse::new(Some(OPERATOR), Some(EMS)), Outbox::of(ParticipantId(5)));
        evse.step(at(0), &plugged(), &[needs()], &mut out);
        evse.step(at(60), &ended(), &[], &mut out);
        let to: Vec<_> = out.mail.iter().map(|mail| mail.to).collect();
        assert_eq!(to, [OPERATOR, EMS, OPERATOR, EMS]);
        assert_eq!(out.records, []);
    }

    #[test]
    fn the_session_holds_what_is_offered_what_has_flowed_and_who_holds_it_up() {
        let (mut evse, mut out) = (Evse::new(Some(OPERATOR), None), Outbox::of(ParticipantId(5)));
        let limit = Command {
            source: OPERATOR,
            priority: Priority::Operator,
            directive: Directive::ImportLimit(Value::Constant(5.0)),
            effective: Time(0),
            expires: at(600).time,
        };
        let command = Mail { to: ParticipantId(5), from: OPERATOR, message: Message::Command(limit) };
        let mut held_up = |pilot, inbox: &[Mail]| {
            evse.step(at(0), &EvseSense { pilot, delivered_kwh: 3.0, returned_kwh: 1.0, ..plugged() }, inbox, &mut out);
            let session = *evse.session().expect("a vehicle is plugged in");
            assert_eq!((session.delivered_kwh, session.returned_kwh), (3.0, 1.0));
            (session.suspended_by, session.offer.import_limit_kw)
        };
        assert_eq!(held_up(ControlPilot::C, &[]), (None, None));
        assert_eq!(held_up(ControlPilot::B2, &[command]), (Some(Suspension::Ev), Some(5.0)));
        assert_eq!(held_up(ControlPilot::B1, &[answer(false)]), (Some(Suspension::Evse), Some(5.0)));
        assert_eq!(evse.session().expect("still there").offer.setpoint_kw, Some(0.0), "refused");
        assert_eq!(evse.step(at(1), &EvseSense::default(), &[], &mut out).setpoint_kw, None);
        assert_eq!(evse.session(), None);
    }

    fn token(holder: Option<ParticipantId>) -> Mail {
        let message = Message::TokenPresented { token: "ev_07".into(), holder };
        Mail { to: ParticipantId(5), from: ParticipantId::OUTSIDE, message }
    }

    fn refusals(out: &Outbox) -> usize {
        let is_refusal =
            |record: &&Record| matches!(record, Record::Event(event) if event.code == EventCode::AuthorizationRefused);
        out.records.iter().filter(is_refusal).count()
    }

    #[test]
    fn a_vehicle_that_needs_a_token_waits_for_one_and_the_same_one_stops_it() {
        let (mut evse, mut out) = (Evse::new(None, None).with_tokens_required(true), Outbox::of(ParticipantId(5)));
        let mut setpoint = |mail: &[Mail]| evse.step(at(0), &plugged(), mail, &mut out).setpoint_kw;
        assert_eq!(setpoint(&[]), Some(0.0), "it waits");
        assert_eq!(setpoint(&[token(None)]), Some(0.0), "nobody's token");
        assert_eq!(setpoint(&[token(Some(VEHICLE))]), None);
        assert_eq!(setpoint(&[token(Some(ParticipantId(8)))]), None, "another one changes nothing");
        assert_eq!(setpoint(&[token(Some(VEHICLE))]), Some(0.0), "stopped");
        assert_eq!(setpoint(&[token(Some(ParticipantId(8)))]), None, "anew, by another one");
        assert_eq!(setpoint(&[token(Some(VEHICLE))]), None, "not the one by which it charges");
        assert_eq!(refusals(&out), 3);
    }

    #[test]
    fn a_token_counts_for_two_minutes_before_the_vehicle_is_there() {
        for (seconds, expected) in [(119, None), (121, Some(0.0))] {
            let (mut evse, mut out) = (Evse::new(None, None).with_tokens_required(true), Outbox::of(ParticipantId(5)));
            evse.step(at(0), &EvseSense::default(), &[token(Some(ParticipantId(8)))], &mut out);
            let plug = Some(Plug { vehicle: VEHICLE, since: at(seconds).time });
            let sense = EvseSense { plug, ..EvseSense::default() };
            assert_eq!(evse.step(at(seconds), &sense, &[], &mut out).setpoint_kw, expected, "{seconds} s");
        }
    }

    #[test]
    fn the_operator_is_asked_for_the_holder_of_the_token_not_for_the_vehicle() {
        let (mut evse, mut out) = (Evse::new(Some(OPERATOR), None), Outbox::of(ParticipantId(5)));
        assert_eq!(evse.step(at(0), &plugged(), &[answer(false)], &mut out).setpoint_kw, Some(0.0));
        out.mail.clear();
        let friend = ParticipantId(8);
        assert_eq!(evse.step(at(1), &plugged(), &[token(Some(friend))], &mut out).setpoint_kw, None);
        assert_eq!(out.mail[0].message, Message::AuthorizeRequest { vehicle: friend });
        let message = Message::AuthorizeResponse { vehicle: friend, accepted: false };
        let refused = Mail { to: ParticipantId(5), from: OPERATOR, message };
        assert_eq!(evse.step(at(1), &plugged(), &[refused], &mut out).setpoint_kw, Some(0.0));
    }
}
