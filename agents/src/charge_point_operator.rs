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
