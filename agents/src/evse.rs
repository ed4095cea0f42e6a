//! A charge point: owns the plug, the authorisation, the limits in force and the energy of the session.
//!
//! A vehicle whose token the charge point knows from its local list starts at once; the operator's answer
//! then confirms or stops it. Without an answer by the deadline the local decision stands.

use crate::command::{Capability, CommandBook, Mode};
use crate::core::{Core, Outbox, Wake};
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message};
use crate::record::{EventCode, SessionRow};
use crate::time::{Now, Span, Time};
use serde::{Deserialize, Serialize};

/// How long the operator may take to answer an authorisation.
const AUTHORIZATION_DEADLINE: Span = Span::from_s(30);

/// The mind of a charge point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evse {
    commands: CommandBook,
    operator: ParticipantId,
    ems: ParticipantId,
    session: Option<Session>,
    /// End of the last session that was reported; the body shows ended ones for a whole tick.
    reported: Time,
}

/// The charging session as the charge point owns it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    vehicle: ParticipantId,
    plugged: Time,
    authorization: Authorization,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Authorization {
    /// Charging on the local list until the operator answers, at the latest at this instant.
    Asked {
        deadline: Time,
    },
    Granted,
    Refused,
}

/// What a charge point senses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvseSense {
    /// The vehicle that is plugged in.
    pub plug: Option<Plug>,
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
    /// A charge point of `operator`, whose vehicles' needs go to `ems`.
    pub fn new(operator: ParticipantId, ems: ParticipantId) -> Self {
        Self {
            commands: CommandBook::new(Capability::Setpoints),
            operator,
            ems,
            session: None,
            reported: Time(i64::MIN),
        }
    }

    fn follow_the_plug(&mut self, now: Now, sense: &EvseSense, out: &mut Outbox) {
        for session in sense.ended.iter().filter(|session| session.end > self.reported) {
            out.send(self.operator, Message::SessionEnded(*session));
            out.send(self.ems, Message::ChargingOver);
        }
        self.reported = sense.ended.last().map_or(self.reported, |session| session.end);
        let seen = self.session.map(|session| (session.vehicle, session.plugged));
        if seen == sense.plug.map(|plug| (plug.vehicle, plug.since)) {
            return;
        }
        self.session = sense.plug.map(|plug| {
            out.send(self.operator, Message::AuthorizeRequest { vehicle: plug.vehicle });
            let deadline = now.time + AUTHORIZATION_DEADLINE;
            Session { vehicle: plug.vehicle, plugged: plug.since, authorization: Authorization::Asked { deadline } }
        });
    }

    fn answered(&mut self, now: Now, vehicle: ParticipantId, accepted: bool, out: &mut Outbox) {
        let Some(session) = self.session.as_mut().filter(|session| session.vehicle == vehicle) else {
            return;
        };
        session.authorization = if accepted { Authorization::Granted } else { Authorization::Refused };
        if !accepted {
            out.event(now, EventCode::AuthorizationRefused, "the operator refused the token: charging stopped");
        }
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
                Message::ChargingNeeds(needs) => out.send(self.ems, Message::ChargingNeeds(*needs)),
                _ => {}
            }
        }
        if let Some(Session { authorization, .. }) = &mut self.session
            && matches!(authorization, Authorization::Asked { deadline } if *deadline <= now.time)
        {
            *authorization = Authorization::Granted;
        }
        let resolved = self.commands.resolve(now, out);
        let refused = self.session.is_some_and(|session| session.authorization == Authorization::Refused);
        EvseIntent {
            setpoint_kw: match resolved.mode {
                _ if refused => Some(0.0),
                Some(Mode::Hold(power_kw)) => Some(power_kw),
                _ => None,
            },
            import_limit_kw: resolved.import_limit_kw,
            export_limit_kw: resolved.export_limit_kw,
        }
    }

    fn next_wake(&self, now: Now) -> Wake {
        let deadline = self.session.and_then(|session| match session.authorization {
            Authorization::Asked { deadline } => Some(deadline),
            _ => None,
        });
        Wake::OnMail.or_at(deadline).or_at(self.commands.next_change(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;

    const VEHICLE: ParticipantId = ParticipantId(7);
    const OPERATOR: ParticipantId = ParticipantId(1);

    fn at(seconds: i64) -> Now {
        Now { time: Time(seconds * 1000), calendar: Calendar::default() }
    }

    fn plugged() -> EvseSense {
        EvseSense { plug: Some(Plug { vehicle: VEHICLE, since: Time(0) }), ended: Vec::new() }
    }

    fn answer(accepted: bool) -> Mail {
        let message = Message::AuthorizeResponse { vehicle: VEHICLE, accepted };
        Mail { to: ParticipantId(5), from: OPERATOR, message }
    }

    #[test]
    fn a_vehicle_charges_at_once_and_stops_when_its_token_is_refused() {
        let (mut evse, mut out) = (Evse::new(OPERATOR, ParticipantId(2)), Outbox::of(ParticipantId(5)));
        assert_eq!(evse.step(at(0), &plugged(), &[], &mut out).setpoint_kw, None);
        assert_eq!(out.mail[0].message, Message::AuthorizeRequest { vehicle: VEHICLE });
        assert_eq!(evse.step(at(0), &plugged(), &[answer(false)], &mut out).setpoint_kw, Some(0.0));
    }

    #[test]
    fn without_an_answer_the_local_decision_stands_from_the_deadline() {
        let (mut evse, mut out) = (Evse::new(OPERATOR, ParticipantId(2)), Outbox::of(ParticipantId(5)));
        evse.step(at(0), &plugged(), &[], &mut out);
        assert_eq!(evse.next_wake(at(0)), Wake::At(at(30).time));
        assert_eq!(evse.step(at(30), &plugged(), &[], &mut out).setpoint_kw, None);
        assert_eq!(evse.next_wake(at(30)), Wake::OnMail);
    }
}
