//! The ex-post community price: found after metering, from the share of energy that stayed local, the same for
//! import and export.
//!
//! local share = 1 − external inflow / total outflow, where the external inflow is what the members' imports
//! exceed their exports by, and the total outflow all exports plus that inflow. The price follows from a
//! piecewise-linear [`PriceCurve`]: the more is local, the cheaper. Source: the ex-post community clearing of
//! lemlab (commit 43670aa).

use serde::{Deserialize, Serialize};

use super::{CommunityError, Member, totals};
use crate::settlement::{Account, Component, Entry, Tariff, apportion};
use crate::time::Time;
use crate::{AgentId, Energy, Money, Price};

/// The exact share of energy that stayed local, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LocalShare {
    /// Total outflow minus external inflow: the members' exports.
    pub local: Energy,
    /// Total outflow including inflow; positive.
    pub total: Energy,
}

impl LocalShare {
    /// The share for these sums of imports and exports; `None` where nothing flowed.
    pub fn of(import: Energy, export: Energy) -> Option<LocalShare> {
        let total = import.max(export);
        (total > Energy::ZERO).then_some(LocalShare { local: export, total })
    }

    /// 0 to 1.
    pub fn as_fraction(self) -> f64 {
        self.local.0 as f64 / self.total.0 as f64
    }
}

/// A price at a local share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricePoint {
    /// Local share in basis points; 10,000 is all.
    pub share_bp: u32,
    /// The price there.
    pub price: Price,
}

/// Price by local share: linear between points, constant before the first and after the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PricePoint>", into = "Vec<PricePoint>")]
pub struct PriceCurve {
    points: Vec<PricePoint>,
}

/// lemlab's points: local shares of 0, 10, 20, 60, 70, 100 and 110 % at 80, 74, 68, 44, 38, 20 and 20 EUR/MWh.
impl Default for PriceCurve {
    fn default() -> PriceCurve {
        let points = [
            (0, 80_000),
            (1_000, 74_000),
            (2_000, 68_000),
            (6_000, 44_000),
            (7_000, 38_000),
            (10_000, 20_000),
            (11_000, 20_000),
        ];
        PriceCurve { points: points.map(|(share_bp, price)| PricePoint { share_bp, price: Price(price) }).to_vec() }
    }
}

impl PriceCurve {
    /// A curve through `points`, at shares that ascend.
    ///
    /// # Errors
    /// If there are none, or shares do not ascend strictly.
    pub fn new(points: Vec<PricePoint>) -> Result<PriceCurve, CommunityError> {
        if points.is_empty() {
            return Err(CommunityError::NoPoints);
        }
        match (1..points.len()).find(|&place| points[place].share_bp <= points[place - 1].share_bp) {
            Some(place) => Err(CommunityError::PointsOutOfOrder { place, share_bp: points[place].share_bp }),
            None => Ok(PriceCurve { points }),
        }
    }

    /// The price at `share`, y₀ + (y₁ − y₀)(x − x₀)/(x₁ − x₀) to the nearest µ€/kWh, halves away from y₀.
    ///
    /// # Errors
    /// If the interpolation exceeds 128 bits.
    pub fn price(&self, share: LocalShare) -> Result<Price, CommunityError> {
        let (local, total) = (i128::from(share.local.0) * 10_000, i128::from(share.total.0));
        let beyond = |point: &PricePoint| i128::from(point.share_bp) * total > local;
        let next = self.points.iter().position(beyond);
        let (from, to) = match next {
            Some(0) => return Ok(self.points[0].price),
            None => return Ok(self.points[self.points.len() - 1].price),
            Some(next) => (self.points[next - 1], self.points[next]),
        };
        let too_steep = || CommunityError::CurveTooSteep { price: from.price };
        let rise = i128::from(to.price.0) - i128::from(from.price.0);
        let along = local - i128::from(from.share_bp) * total;
        let whole = i128::from(to.share_bp - from.share_bp) * total;
        let product = rise.checked_mul(along).ok_or_else(too_steep)?;
        let half = whole / 2 * product.signum();
        let step = product.checked_add(half).ok_or_else(too_steep)? / whole;
        Ok(Price(i64::try_from(i128::from(from.price.0) + step).expect("it lies between two 64-bit prices")))
    }
}

impl TryFrom<Vec<PricePoint>> for PriceCurve {
    type Error = CommunityError;

    fn try_from(points: Vec<PricePoint>) -> Result<PriceCurve, CommunityError> {
        PriceCurve::new(points)
    }
}

impl From<PriceCurve> for Vec<PricePoint> {
    fn from(curve: PriceCurve) -> Self {
        curve.points
    }
}

/// Where the difference goes between what the members pay and what the community owes the retailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Residue {
    /// Into the account of the community, [`Account::Market`], whose balance it stays.
    #[default]
    Kept,
    /// To the members, as an adjustment in proportion to import plus export, the last nano-euro by largest
    /// remainder. The community's own account then ends at zero.
    Shared,
}

/// What one member owes; positive where it pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemberBill {
    /// Who.
    pub agent: AgentId,
    /// Energy taken, at the community price.
    pub import: Energy,
    /// Energy fed in, at the community price.
    pub export: Energy,
    /// Import × price.
    pub import_cost: Money,
    /// Export × price.
    pub export_revenue: Money,
    /// Its part of the residue; negative where it receives.
    pub adjustment: Money,
    /// Cost − revenue + adjustment.
    pub total: Money,
}

/// One slot of a community under an ex-post price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunitySlot {
    /// `None` where nothing flowed.
    pub share: Option<LocalShare>,
    /// `None` where nothing flowed.
    pub price: Option<Price>,
    /// In the order of members.
    pub bills: Vec<MemberBill>,
    /// What the members' imports exceed their exports by, bought from the retailer.
    pub inflow: Energy,
    /// What their exports exceed their imports by, sold to the retailer.
    pub outflow: Energy,
    /// At which the community as a whole buys and sells.
    pub tariff: Tariff,
    /// What the members pay beyond what the retailer gets, before any adjustment; negative where it falls short.
    pub residue: Money,
}

/// Bills every member at its main meter: import *and* export where the slot has both, at the community price. The
/// community as a whole settles its net with the retailer at `tariff`, and the residue goes where `residue` says.
/// O(n log n).
///
/// # Errors
/// If a register is negative, a member is there twice, or energy or money exceed the integers.
pub fn ex_post(
    members: &[Member],
    curve: &PriceCurve,
    tariff: Tariff,
    residue: Residue,
) -> Result<CommunitySlot, CommunityError> {
    let (import, export) = totals(members)?;
    let share = LocalShare::of(import, export);
    let price = share.map(|share| curve.price(share)).transpose()?;
    let (inflow, outflow) = (import - import.min(export), export - import.min(export));
    let at = price.unwrap_or(Price::ZERO);
    // One of inflow and outflow is zero, and a product of 64-bit integers is at most 2^126.
    let left = (inflow * at - outflow * at).0.checked_sub((inflow * tariff.import - outflow * tariff.export).0);
    let agent = members.first().map_or(AgentId(0), |member| member.agent);
    let left = left.map(Money).ok_or(CommunityError::TooLarge { agent })?;
    let adjustments = match residue {
        Residue::Kept => vec![Money::ZERO; members.len()],
        Residue::Shared => shared_out(members, left)?,
    };
    let bill = |(member, adjustment): (&Member, Money)| {
        let &Member { agent, import, export, .. } = member;
        let (import_cost, export_revenue) = (import * at, export * at);
        let total = (import_cost - export_revenue).0.checked_add(adjustment.0);
        let total = total.map(Money).ok_or(CommunityError::TooLarge { agent })?;
        Ok(MemberBill { agent, import, export, import_cost, export_revenue, adjustment, total })
    };
    let bills = members.iter().zip(adjustments).map(bill).collect::<Result<_, CommunityError>>()?;
    Ok(CommunitySlot { share, price, bills, inflow, outflow, tariff, residue: left })
}

/// What each member pays so that `left` is given out, or made up for.
fn shared_out(members: &[Member], left: Money) -> Result<Vec<Money>, CommunityError> {
    let weights: Vec<i128> =
        members.iter().map(|member| i128::from(member.import.0) + i128::from(member.export.0)).collect();
    let tickets: Vec<u64> = members.iter().map(|member| member.lottery).collect();
    let parts = apportion(left.0.checked_abs().unwrap_or(i128::MAX), &weights, &tickets)?;
    Ok(parts.into_iter().map(|part| Money(-part * left.0.signum())).collect())
}

impl CommunitySlot {
    /// The slot as ledger entries. Energy goes through the community's account, [`Account::Market`]: members to and
    /// from it, and its net from or to the retailer; adjustments follow. Post them with
    /// [`Ledger::post_all`](crate::settlement::Ledger::post_all).
    pub fn entries(&self, slot: Time) -> Vec<Entry> {
        let mut entries = Vec::new();
        let (pool, retailer) = (Account::Market, Account::Retailer);
        let mut flow = |payer, payee, component, quantity, price| {
            if quantity > Energy::ZERO {
                entries.push(Entry::priced(slot, payer, payee, component, quantity, price));
            }
        };
        let price = self.price.unwrap_or(Price::ZERO);
        for bill in &self.bills {
            let member = Account::Participant(bill.agent);
            flow(member, pool, Component::Energy, bill.import, price);
            flow(pool, member, Component::Energy, bill.export, price);
        }
        flow(pool, retailer, Component::Retail, self.inflow, self.tariff.import);
        flow(retailer, pool, Component::Retail, self.outflow, self.tariff.export);
        let adjusted = self.bills.iter().filter(|bill| bill.adjustment != Money::ZERO);
        entries.extend(adjusted.map(|bill| Entry {
            slot,
            payer: Account::Participant(bill.agent),
            payee: pool,
            component: Component::Adjustment,
            quantity: Energy::ZERO,
            price: None,
            amount: bill.adjustment,
        }));
        entries
    }
}
