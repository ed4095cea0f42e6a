//! Settlement of an order against the baseline, and of a contract against its reservations.
//!
//! Per ISP, in the direction ordered (UFTP 3.1, FlexSettlement): delivered = metered − baseline, from zero to what was
//! ordered; deficiency = what is missing of the order, also where the meter went the other way. The price is spread over
//! the ISPs in proportion to the power ordered, by largest remainder; each ISP's part is paid in proportion to what was
//! delivered, rounded down in size. More than ordered is passive and unpaid.

use serde::{Deserialize, Serialize};

use super::{CongestionPoint, ContractId, FlexOrder, Isps, MessageId, Rejection};
use crate::reserve::Power;
use crate::time::Time;
use crate::{AgentId, Money, Price};

/// One ISP of an order, settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IspSettlement {
    /// Its number, from 1.
    pub isp: u16,
    /// Power forecast.
    pub baseline_power: Power,
    /// Deviation ordered.
    pub ordered_flex_power: Power,
    /// Power metered.
    pub actual_power: Power,
    /// Deviation delivered, of the sign ordered; never beyond what was ordered.
    pub delivered_flex_power: Power,
    /// Missing, zero or more.
    pub power_deficiency: Power,
    /// Paid to the aggregator for what was delivered.
    pub price: Money,
    /// Paid by the aggregator for what is missing.
    pub penalty: Money,
}

/// One order, settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexOrderSettlement {
    /// The order.
    pub order: MessageId,
    /// Who receives `net_settlement`.
    pub aggregator: AgentId,
    /// Where.
    pub congestion_point: CongestionPoint,
    /// When.
    pub period: Time,
    /// For what was delivered: Σ of the ISPs.
    pub price: Money,
    /// For what is missing: Σ of the ISPs.
    pub penalty: Money,
    /// Price minus penalty: what the DSO pays and the aggregator receives.
    pub net_settlement: Money,
    /// The ISPs ordered.
    pub isps: Vec<IspSettlement>,
}

/// What is fined of what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Penalty {
    /// Fine per kilowatt-hour.
    pub price: Price,
    /// Share of the power ordered that may be missing in an ISP without a fine, in hundredths of a percent.
    #[serde(default)]
    pub tolerance_bp: u32,
}

impl Penalty {
    /// The power fined of a `deficiency`, rounded up to whole watts; zero where it is within the tolerance.
    fn fined(self, deficiency: Power, ordered_w: i128) -> Option<Power> {
        let free_w = ordered_w * i128::from(self.tolerance_bp) / 10_000;
        i64::try_from((i128::from(deficiency.0) - free_w).max(0)).ok().map(Power)
    }
}

/// Settles `order`, whose `baseline` and `metered` powers cover the whole day.
///
/// What is missing beyond the tolerance is fined by the kilowatt-hour, rounded down to whole nano-euro per ISP.
///
/// # Errors
/// Series of another length than the day, powers beyond the limit, an order whose ISPs leave the day, and penalties beyond
/// 127 bits.
///
/// # Panics
/// If the parts of the price did not add up, which no input can cause.
pub fn settle_order(
    order: &FlexOrder,
    baseline: &[Power],
    metered: &[Power],
    isps: Isps,
    penalty: Penalty,
) -> Result<FlexOrderSettlement, Rejection> {
    isps.check()?;
    isps.check_series(metered)?;
    if baseline.len() != metered.len() {
        return Err(Rejection::WrongLength { given: baseline.len(), isps: isps.count });
    }
    let ordered = isps.powers(&order.isps)?;
    let prices = spread_price(order.price, &ordered);
    let too_large = || Rejection::Selection {
        reason: "powers or penalties beyond 64 and 127 bits; give W and µ€/kWh".to_owned(),
    };
    let mut settled = Vec::new();
    for (index, (&ordered_flex_power, whole)) in ordered.iter().zip(prices).enumerate() {
        let direction = ordered_flex_power.0.signum();
        if direction == 0 {
            continue;
        }
        let ordered_w = i128::from(ordered_flex_power.0.abs());
        let moved_w = i128::from(direction) * (i128::from(metered[index].0) - i128::from(baseline[index].0));
        let delivered_w = i64::try_from(moved_w.clamp(0, ordered_w)).expect("at most what was ordered");
        let deficiency = i64::try_from((ordered_w - moved_w).max(0)).map(Power).map_err(|_| too_large())?;
        settled.push(IspSettlement {
            isp: u16::try_from(index + 1).expect("a day has fewer ISPs than that"),
            baseline_power: baseline[index],
            ordered_flex_power,
            actual_power: metered[index],
            delivered_flex_power: Power(direction * delivered_w),
            power_deficiency: deficiency,
            price: part_of(whole, delivered_w, ordered_flex_power.0.abs()),
            penalty: penalty
                .fined(deficiency, ordered_w)
                .and_then(|fined| fined.delivered_at(penalty.price, isps.duration))
                .ok_or_else(too_large)?,
        });
    }
    let sum = |part: fn(&IspSettlement) -> Money| {
        settled.iter().try_fold(0_i128, |sum, isp| sum.checked_add(part(isp).0)).map(Money).ok_or_else(too_large)
    };
    let (price, penalty) = (sum(|isp| isp.price)?, sum(|isp| isp.penalty)?);
    assert!(price.0.abs() <= order.price.0.abs(), "order {} is paid {price}, beyond its price", order.id.0);
    Ok(FlexOrderSettlement {
        order: order.id,
        aggregator: order.aggregator,
        congestion_point: order.congestion_point,
        period: order.period,
        price,
        penalty,
        net_settlement: Money(price.0.checked_sub(penalty.0).ok_or_else(too_large)?),
        isps: settled,
    })
}

/// `whole × part / all`, rounded toward zero, without leaving 128 bits on the way.
fn part_of(whole: Money, part_w: i64, all_w: i64) -> Money {
    let (part, all) = (i128::from(part_w), i128::from(all_w));
    Money(whole.0 / all * part + whole.0 % all * part / all)
}

/// The price, in proportion to the power ordered; what does not divide goes to the largest remainders, the earlier ISP
/// first among equal ones.
fn spread_price(price: Money, ordered: &[Power]) -> Vec<Money> {
    let total_w: i128 = ordered.iter().map(|power| i128::from(power.0.abs())).sum();
    if total_w == 0 {
        return vec![Money::ZERO; ordered.len()];
    }
    let (whole, rest) = (price.0 / total_w, price.0 % total_w);
    let share = |power: &Power| rest * i128::from(power.0.abs());
    let mut parts: Vec<i128> =
        ordered.iter().map(|power| whole * i128::from(power.0.abs()) + share(power) / total_w).collect();
    let mut by_remainder: Vec<usize> = (0..ordered.len()).collect();
    by_remainder.sort_by_key(|&isp| std::cmp::Reverse((share(&ordered[isp]) % total_w).abs()));
    let left = price.0 - parts.iter().sum::<i128>();
    let places = usize::try_from(left.unsigned_abs()).expect("fewer are left than there are parts");
    for &isp in &by_remainder[..places] {
        parts[isp] += left.signum();
    }
    assert_eq!(parts.iter().sum::<i128>(), price.0, "the parts of a price are the price");
    parts.into_iter().map(Money).collect()
}

/// A long-term contract: the aggregator keeps power available and is paid for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexContract {
    /// Its number.
    pub id: ContractId,
    /// Who keeps available.
    pub aggregator: AgentId,
    /// Where.
    pub congestion_point: CongestionPoint,
    /// Deviation contracted in each ISP of a day, one entry per ISP; its sign is the direction.
    pub reserved: Vec<Power>,
    /// Paid per kilowatt and hour that stays reserved.
    pub availability_price: Price,
    /// Fine per kilowatt and hour that was requested within the reservation and not offered.
    pub availability_penalty: Price,
}

/// One ISP of a contract's day. Powers without sign, in the direction of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractIsp {
    /// Its number, from 1.
    pub isp: u16,
    /// Power that was still reserved.
    pub reserved_power: Power,
    /// Power the DSO asked for under the contract.
    pub requested_power: Power,
    /// Power the aggregator offered.
    pub offered_power: Power,
    /// Power ordered.
    pub ordered_power: Power,
    /// Requested within the reservation and not offered.
    pub missing_power: Power,
}

/// One day of a contract, settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractSettlement {
    /// The contract.
    pub contract: ContractId,
    /// Who receives `net_settlement`.
    pub aggregator: AgentId,
    /// When.
    pub period: Time,
    /// For what stayed reserved.
    pub price: Money,
    /// For what was not offered.
    pub penalty: Money,
    /// Price minus penalty.
    pub net_settlement: Money,
    /// The ISPs with a reservation.
    pub isps: Vec<ContractIsp>,
}

/// What happened under a contract on one day; deviations, one entry per ISP each.
#[derive(Debug, Clone, Copy)]
pub struct ContractDay<'a> {
    /// First instant of the day.
    pub period: Time,
    /// Power still reserved after the last FlexReservationUpdate.
    pub reserved: &'a [Power],
    /// What the DSO asked for under the contract.
    pub requested: &'a [Power],
    /// The most that one offer under the contract could give.
    pub offered: &'a [Power],
    /// What was ordered under the contract.
    pub ordered: &'a [Power],
}

/// Settles one day of a contract. Amounts are rounded down to whole nano-euro per ISP.
///
/// # Errors
/// Series of another length than the day, powers beyond the limit, and amounts beyond 127 bits.
pub fn settle_contract(
    contract: &FlexContract,
    day: &ContractDay<'_>,
    isps: Isps,
) -> Result<ContractSettlement, Rejection> {
    isps.check()?;
    for series in [day.reserved, day.requested, day.offered, day.ordered] {
        isps.check_series(series)?;
    }
    let too_large =
        || Rejection::Selection { reason: "contract amounts beyond 127 bits of n€; give µ€/kWh".to_owned() };
    let (mut price, mut penalty) = (0_i128, 0_i128);
    let mut settled = Vec::new();
    for (index, reserved) in day.reserved.iter().enumerate().filter(|(_, reserved)| reserved.0 != 0) {
        let along = |power: Power| Power((reserved.0.signum() * power.0).max(0));
        let (reserved_power, requested_power) = (along(*reserved), along(day.requested[index]));
        let offered_power = along(day.offered[index]);
        let missing_power = Power((requested_power.min(reserved_power).0 - offered_power.0).max(0));
        let add = |sum: i128, power: Power, at: Price| {
            power.delivered_at(at, isps.duration).and_then(|amount| sum.checked_add(amount.0)).ok_or_else(too_large)
        };
        price = add(price, reserved_power, contract.availability_price)?;
        penalty = add(penalty, missing_power, contract.availability_penalty)?;
        settled.push(ContractIsp {
            isp: u16::try_from(index + 1).expect("a day has fewer ISPs than that"),
            reserved_power,
            requested_power,
            offered_power,
            ordered_power: along(day.ordered[index]),
            missing_power,
        });
    }
    Ok(ContractSettlement {
        contract: contract.id,
        aggregator: contract.aggregator,
        period: day.period,
        price: Money(price),
        penalty: Money(penalty),
        net_settlement: Money(price.checked_sub(penalty).ok_or_else(too_large)?),
        isps: settled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flexibility::{ActivationFactor, IspPower, OptionReference};
    use crate::time::Span;

    const HOURS: Isps = Isps { count: 5, duration: Span::HOUR };

    fn order(power: i64, price: i128) -> FlexOrder {
        FlexOrder {
            id: MessageId(1),
            aggregator: AgentId(1),
            offer: MessageId(2),
            option: OptionReference(1),
            activation_factor: ActivationFactor::WHOLE,
            price: Money(price),
            congestion_point: CongestionPoint(1),
            period: Time(0),
            baseline: MessageId(3),
            isps: vec![IspPower { start: 1, duration: 5, power: Power(power) }],
        }
    }

    fn fine(price: i64) -> Penalty {
        Penalty { price: Price(price), tolerance_bp: 0 }
    }

    #[test]
    fn what_is_missing_within_the_tolerance_is_not_fined() {
        let penalty = Penalty { tolerance_bp: 1_000, ..fine(5) };
        let metered = [-1_000, -900, -899, 0, -2_000].map(Power);
        let settled = settle_order(&order(-1_000, 0), &[Power(0); 5], &metered, HOURS, penalty).expect("it is sound");
        let fines: Vec<i128> = settled.isps.iter().map(|isp| isp.penalty.0).collect();
        assert_eq!(fines, [0, 0, 5, 4_500, 0]);
    }

    #[test]
    fn the_example_of_the_protocol_is_settled_to_the_euro() {
        // Baseline 10 MW, 2 MW ordered at 7 EUR/MW, 11 EUR/MW of penalty; 7 to 11 MW metered.
        const MW: i64 = 1_000_000;
        let euro = 1_000_000_000;
        let metered = [7, 8, 9, 10, 11].map(|mw| Power(mw * MW));
        let settled = settle_order(&order(-2 * MW, 5 * 14 * euro), &[Power(10 * MW); 5], &metered, HOURS, fine(11_000))
            .expect("it is sound");
        let net: Vec<i128> = settled.isps.iter().map(|isp| (isp.price - isp.penalty).0 / euro).collect();
        assert_eq!(net, [14, 14, -4, -22, -33]);
        assert_eq!(settled.net_settlement, Money((14 + 14 - 4 - 22 - 33) * euro));
        let raised = order(2 * MW, 5 * 14 * euro);
        let mirrored = [13, 12, 11, 10, 9].map(|mw| Power(mw * MW));
        let settled = settle_order(&raised, &[Power(10 * MW); 5], &mirrored, HOURS, fine(11_000)).expect("it is sound");
        assert_eq!(settled.net_settlement, Money((14 + 14 - 4 - 22 - 33) * euro));
    }

    #[test]
    fn full_delivery_is_paid_the_whole_price_to_the_last_nano_euro() {
        for price in [7, -7, 1 << 60, 3] {
            let metered = [Power(-3); 5];
            let settled = settle_order(&order(-3, price), &[Power(0); 5], &metered, HOURS, fine(1)).expect("sound");
            assert_eq!((settled.price, settled.penalty), (Money(price), Money(0)));
        }
    }

    #[test]
    fn series_of_another_length_are_refused() {
        let refused = settle_order(&order(-3, 7), &[Power(0); 4], &[Power(0); 5], HOURS, fine(1));
        assert_eq!(refused, Err(Rejection::WrongLength { given: 4, isps: 5 }));
    }

    #[test]
    fn a_contract_is_paid_for_what_stays_reserved_and_fined_for_what_was_not_offered() {
        let contract = FlexContract {
            id: ContractId(1),
            aggregator: AgentId(1),
            congestion_point: CongestionPoint(1),
            reserved: vec![Power(-2_000); 5],
            availability_price: Price(10),
            availability_penalty: Price(100),
        };
        let day = |offered| ContractDay {
            period: Time(0),
            reserved: &[Power(-2_000), Power(-2_000), Power(0), Power(0), Power(0)],
            requested: &[Power(-3_000), Power(0), Power(-3_000), Power(0), Power(0)],
            offered,
            ordered: &[Power(0); 5],
        };
        let settled = settle_contract(&contract, &day(&[Power(-500); 5]), HOURS).expect("it is sound");
        assert_eq!((settled.price, settled.penalty), (Money(2 * 2_000 * 10), Money(1_500 * 100)));
        let settled = settle_contract(&contract, &day(&[Power(-9_000); 5]), HOURS).expect("it is sound");
        assert_eq!(settled.net_settlement, Money(40_000));
    }
}
