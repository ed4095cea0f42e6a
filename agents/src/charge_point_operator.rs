//! A charge-point operator: owns tokens and tariffs, and prices the sessions its charge points report.

use crate::core::{Core, Outbox, Wake};
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message};
use crate::record::{Record, SessionRow};
use crate::time::Now;
use market::{Energy, Money, Price};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The mind of a charge-point operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChargePointOperator {
    contracts: BTreeSet<ParticipantId>,
    tariff: ChargingTariff,
}

/// What a charging session costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargingTariff {
    /// Price of the energy delivered to the vehicle.
    pub delivered: Price,
    /// Price paid for the energy the vehicle returns.
    pub returned: Price,
}

impl ChargePointOperator {
    /// An operator with which these vehicles have a contract.
    pub fn new(contracts: impl IntoIterator<Item = ParticipantId>, tariff: ChargingTariff) -> Self {
        Self { contracts: contracts.into_iter().collect(), tariff }
    }

    fn cost(&self, session: &SessionRow) -> Money {
        Energy::from_kwh(session.delivered_kwh) * self.tariff.delivered
            - Energy::from_kwh(session.returned_kwh) * self.tariff.returned
    }
}

impl Core for ChargePointOperator {
    const KIND: Kind = Kind::ChargePointOperator;
    type Sense = ();
    type Intent = ();

    fn step(&mut self, _: Now, (): &(), inbox: &[Mail], out: &mut Outbox) {
        for mail in inbox {
            match mail.message {
                Message::AuthorizeRequest { vehicle } => {
                    let accepted = self.contracts.contains(&vehicle);
                    out.send(mail.from, Message::AuthorizeResponse { vehicle, accepted });
                }
                Message::SessionEnded(session) => {
                    out.record(Record::Session(SessionRow { cost: Some(self.cost(&session)), ..session }));
                }
                _ => {}
            }
        }
    }

    fn next_wake(&self, _: Now) -> Wake {
        Wake::OnMail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Calendar, Time};

    #[test]
    fn contracts_are_honoured_and_sessions_priced_to_the_nano_euro() {
        let tariff = ChargingTariff { delivered: Price(300_000), returned: Price(250_000) };
        let mut operator = ChargePointOperator::new([ParticipantId(7)], tariff);
        let now = Now { time: Time(0), calendar: Calendar::default() };
        let session = SessionRow {
            evse: ParticipantId(5),
            vehicle: ParticipantId(7),
            start: Time(0),
            end: Time(1),
            delivered_kwh: 10.0,
            returned_kwh: 2.0,
            unserved_kwh: 0.0,
            cost: None,
        };
        let mail = |message| Mail { to: ParticipantId(1), from: ParticipantId(5), message };
        let inbox = [
            mail(Message::AuthorizeRequest { vehicle: ParticipantId(7) }),
            mail(Message::AuthorizeRequest { vehicle: ParticipantId(8) }),
            mail(Message::SessionEnded(session)),
        ];
        let mut out = Outbox::of(ParticipantId(1));
        operator.step(now, &(), &inbox, &mut out);
        let accepted: Vec<_> = out.mail.iter().map(|mail| &mail.message).collect();
        assert!(matches!(accepted[0], Message::AuthorizeResponse { accepted: true, .. }));
        assert!(matches!(accepted[1], Message::AuthorizeResponse { accepted: false, .. }));
        // 10 kWh at 0.30 EUR less 2 kWh at 0.25 EUR.
        let cost = Some(Money(2_500_000_000));
        assert_eq!(out.records, [Record::Session(SessionRow { cost, ..session })]);
    }
}
