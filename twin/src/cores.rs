//! Cores of any kind, and where those come from that a host begins with.

use crate::build::{Visitor, visit_cores};
use crate::snapshot::Snapshot;
use agents::battery::Battery;
use agents::charge_point_operator::ChargePointOperator;
use agents::dso::Dso;
use agents::ems::Ems;
use agents::ev::Ev;
use agents::evse::Evse;
use agents::load::Load;
use agents::market_operator::MarketOperator;
use agents::prosumer::Prosumer;
use agents::pv::Pv;
use agents::retailer::Retailer;
use agents::{Kind, ParticipantId};
use scenarios::{Plan, Role};
use serde::{Deserialize, Serialize};

/// Lists the kinds with their cores, and how they are kept in [`AnyCore`].
macro_rules! cores {
    ($($kind:ident($core:ty)),* $(,)?) => {
        /// A participant's core, whatever its kind.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the variants are the kinds")]
        pub enum AnyCore {
            $($kind(Box<$core>),)*
        }

        impl AnyCore {
            /// What the participant is.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)*
                }
            }

            /// The core with which a participant begins.
            pub(crate) fn of(role: &Role) -> Self {
                match role {
                    $(Role::$kind(core, ..) => Self::from(<$core>::clone(core)),)*
                }
            }

            fn be_visited(&self, id: ParticipantId, visitor: &mut impl Visitor) {
                match self {
                    $(Self::$kind(core) => visitor.visit::<$core>(id, core),)*
                }
            }
        }

        $(impl From<$core> for AnyCore {
            fn from(core: $core) -> Self {
                Self::$kind(Box::new(core))
            }
        })*
    };
}

cores! {
    Pv(Pv),
    Battery(Battery),
    Evse(Evse),
    Ev(Ev),
    Load(Load),
    Retailer(Retailer),
    MarketOperator(MarketOperator),
    Prosumer(Prosumer),
    Ems(Ems),
    Dso(Dso),
    ChargePointOperator(ChargePointOperator),
}

/// The cores that a host begins with.
#[derive(Clone, Copy)]
pub(crate) enum Beginning<'a> {
    /// Those of the plan's start.
    Plan(&'a Plan),
    /// Those that were saved.
    Snapshot(&'a Snapshot),
}

impl Beginning<'_> {
    /// Visits all cores in id order.
    pub(crate) fn visit(self, visitor: &mut impl Visitor) {
        match self {
            Self::Plan(plan) => visit_cores(plan, visitor),
            Self::Snapshot(snapshot) => {
                for (index, core) in snapshot.cores().enumerate() {
                    core.be_visited(ParticipantId(index as u32), visitor);
                }
            }
        }
    }
}
