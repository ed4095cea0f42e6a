//! The messages between a network operator (DSO) and aggregators (AGR), in the words of UFTP 3.1.
//!
//! Signs: consumption positive, production negative, as everywhere. A flexibility power is a deviation from the baseline,
//! so a negative one is less consumption or more production. ISPs (imbalance settlement periods, the market's slots)
//! are numbered from 1 within a period, which is a local day named by its first instant.

use serde::{Deserialize, Serialize};

use crate::reserve::{Power, Zone};
use crate::time::Time;
use crate::{AgentId, Money};

/// The number of a message, unique within a market over all kinds of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub u64);

/// A place in the grid that can be overloaded, with the connections behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CongestionPoint(pub u32);

/// A long-term bilateral contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContractId(pub u32);

/// One of the mutually exclusive options of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OptionReference(pub u32);

/// A share of an option, in hundredths: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivationFactor(pub u8);

impl ActivationFactor {
    /// All of it; what UFTP assumes where no minimum is given.
    pub const WHOLE: ActivationFactor = ActivationFactor(100);

    /// This share of a power, rounded away from zero to whole watts, so that a sum of shares covers what the shares of the
    /// sum do. The factor is valid.
    pub(super) fn of_power(self, power: Power) -> Power {
        let share = i128::from(power.0) * i128::from(self.0);
        let watts = (share + 99 * share.signum()) / 100;
        Power(i64::try_from(watts).expect("a factor is at most one"))
    }

    /// This share of a price, rounded up to whole nano-euro: nobody is paid less than asked. The factor is valid.
    pub(super) fn of_price(self, price: Money) -> Money {
        let share = i128::from(self.0);
        Money(price.0 / 100 * share - (-(price.0 % 100) * share).div_euclid(100))
    }
}

/// Whether the operator needs flexibility in an ISP or merely has room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// Deviations are welcome within the bounds, for instance to catch up on consumption.
    Available,
    /// Deviations are needed.
    Requested,
}

/// The room of consecutive ISPs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IspRequest {
    /// Needed or allowed.
    pub disposition: Disposition,
    /// First ISP, from 1.
    pub start: u16,
    /// How many.
    pub duration: u16,
    /// Lowest deviation from the baseline; `None` is no bound.
    pub min_power: Option<Power>,
    /// Highest deviation from the baseline; `None` is no bound.
    ///
    /// Where requested, both bounds are on one side of zero. The one nearer to zero is the need: `max_power` −2000 asks to
    /// come down by 2 kW at least. The other one is never overshot. Where available, zero lies between the bounds.
    pub max_power: Option<Power>,
}

/// The DSO asks for flexibility. ISPs that it does not name have no room at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexRequest {
    /// Its number.
    pub id: MessageId,
    /// Where.
    pub congestion_point: CongestionPoint,
    /// First instant of the day.
    pub period: Time,
    /// Higher than that of every earlier request for this congestion point and day, which it replaces.
    pub revision: u64,
    /// Offers are taken before this instant.
    pub expires: Time,
    /// The contract under which it is made, if any: only its aggregator may answer.
    pub contract: Option<ContractId>,
    /// The areas from which offers are taken; empty takes all of the congestion point.
    pub zones: Vec<Zone>,
    /// The room, ISP by ISP; at least one requested.
    pub isps: Vec<IspRequest>,
}

/// The power of consecutive ISPs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IspPower {
    /// First ISP, from 1.
    pub start: u16,
    /// How many.
    pub duration: u16,
    /// Deviation from the baseline in each of them.
    pub power: Power,
}

/// One way to deliver, with one price for the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferOption {
    /// Unique within the offer.
    pub reference: OptionReference,
    /// What the aggregator asks for all of it; where negative, it pays.
    pub price: Money,
    /// The smallest share that may be ordered.
    pub min_activation_factor: ActivationFactor,
    /// The deviations.
    pub isps: Vec<IspPower>,
}

/// An aggregator's answer to a request: at most one of its options may be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexOffer {
    /// Its number.
    pub id: MessageId,
    /// Who delivers and is paid.
    pub aggregator: AgentId,
    /// The request answered. (Unsolicited offers are not part of this market.)
    pub request: MessageId,
    /// That of the request.
    pub congestion_point: CongestionPoint,
    /// That of the request.
    pub period: Time,
    /// It can be ordered before this instant.
    pub expires: Time,
    /// That of the request.
    pub contract: Option<ContractId>,
    /// The D-Prognosis from which the deviations count.
    pub baseline: MessageId,
    /// Where the flexibility is connected.
    pub zone: Zone,
    /// The options, at least one.
    pub options: Vec<OfferOption>,
    /// Ticket that breaks ties, lowest first.
    pub lottery: u64,
}

/// An aggregator takes back an offer that was not ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexOfferRevocation {
    /// Its number.
    pub id: MessageId,
    /// Who sent the offer.
    pub aggregator: AgentId,
    /// The offer.
    pub offer: MessageId,
}

/// The DSO orders a share of one option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexOrder {
    /// Its number, and the order reference.
    pub id: MessageId,
    /// Who delivers.
    pub aggregator: AgentId,
    /// The offer.
    pub offer: MessageId,
    /// The option.
    pub option: OptionReference,
    /// The share.
    pub activation_factor: ActivationFactor,
    /// What full delivery is paid.
    pub price: Money,
    /// Where.
    pub congestion_point: CongestionPoint,
    /// When.
    pub period: Time,
    /// The D-Prognosis from which the deviations count.
    pub baseline: MessageId,
    /// What to deliver: the option's powers times the factor, one entry per ISP.
    pub isps: Vec<IspPower>,
}

/// An aggregator's forecast of what its connections behind a congestion point will take: the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DPrognosis {
    /// Its number.
    pub id: MessageId,
    /// Whose.
    pub aggregator: AgentId,
    /// Where.
    pub congestion_point: CongestionPoint,
    /// First instant of the day.
    pub period: Time,
    /// Higher than that of every earlier one for this aggregator, place and day.
    pub revision: u64,
    /// Power taken in each ISP of the day.
    pub powers: Vec<Power>,
}

/// The DSO says how much of a contract's volume stays reserved; the rest is free for other uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexReservationUpdate {
    /// Its number.
    pub id: MessageId,
    /// The contract.
    pub contract: ContractId,
    /// First instant of the day.
    pub period: Time,
    /// Power still reserved; ISPs not named are released.
    pub isps: Vec<IspPower>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_in_favour_of_what_was_needed_and_asked_for() {
        assert_eq!(ActivationFactor(50).of_power(Power(-3)), Power(-2));
        assert_eq!(ActivationFactor(50).of_power(Power(3)), Power(2));
        assert_eq!(ActivationFactor::WHOLE.of_power(Power(i64::MAX)), Power(i64::MAX));
        assert_eq!(ActivationFactor(50).of_price(Money(3)), Money(2));
        assert_eq!(ActivationFactor(50).of_price(Money(-3)), Money(-1));
        assert_eq!(ActivationFactor::WHOLE.of_price(Money(i128::MIN)), Money(i128::MIN));
    }
}
