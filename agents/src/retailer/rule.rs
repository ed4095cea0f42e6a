//! By which rule energy changes hands within a community: what is settled, or compared with it.

use market::auction::Specification;
use market::community::{Coefficients, Leftover, Member, PriceCurve, Residue, ex_post, share};
use market::settlement::{GridFee, Imbalance, Levies, Tariff, Terms, Traded};
use market::{AgentId, Energy, Money, Price};
use serde::{Deserialize, Serialize};

/// A rule by which energy changes hands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// What the market operator clears, whatever its products.
    Market,
    /// Everybody has the retailer alone.
    RetailerOnly,
    /// The orders of all auctions, cleared by this mechanism instead.
    Auction(Specification),
    /// What members feed in is shared after the fact among those who consume, at an agreed price.
    Sharing {
        /// How it is shared.
        coefficients: Coefficients,
        /// What becomes of shares beyond a member's consumption.
        leftover: Leftover,
        /// At which price.
        price: Price,
    },
    /// One price after the fact for all that flows, from the share of energy that stays local.
    ExPostPrice {
        /// The price at each local share.
        curve: PriceCurve,
        /// Where the difference goes to what the retailer gets.
        residue: Residue,
    },
}

/// What a community's slot comes to under a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shared {
    /// What each member has traded so, in the order of members.
    pub(super) traded: Vec<Traded>,
    /// Energy that changed hands among members.
    pub(super) local: Energy,
    /// What was paid for it.
    pub(super) value: Money,
}

impl Rule {
    /// The terms under which energy is settled: what somebody takes or gives beyond what was traded is a deviation only where
    /// orders bind beforehand; else the retailer supplies and buys it. Under an ex-post price all energy is the community's,
    /// and `local` says how much of it used the local grid only.
    pub(super) fn terms(&self, terms: &Terms, members: &[Member], local: Energy) -> Terms {
        match self {
            Self::Market | Self::Auction(_) => *terms,
            Self::ExPostPrice { .. } => {
                let grid_fee = blended(&terms.grid_fee, members, local);
                Terms { imbalance: Imbalance::Retail, grid_fee, ..*terms }
            }
            _ => Self::alone(terms),
        }
    }

    /// The terms of those who have the retailer alone.
    pub(super) fn alone(terms: &Terms) -> Terms {
        Terms { imbalance: Imbalance::Retail, ..*terms }
    }

    /// Shares the energy of one slot among `members`, under rules that need no orders; none under others.
    ///
    /// # Panics
    /// If two members are the same, or one of them metered less than nothing: the retailer's accounts are neither.
    pub(super) fn share(&self, members: &[Member], tariff: Tariff) -> Option<Shared> {
        const SOUND: &str = "meters count up, accounts differ, and what they count fits the integers";
        match self {
            Self::Market | Self::Auction(_) => None,
            Self::RetailerOnly => Some(Shared { traded: vec![Traded::default(); members.len()], ..Shared::default() }),
            Self::Sharing { coefficients, leftover, price } => {
                let sharing = share(members, coefficients, *leftover, *price).expect(SOUND);
                let both = sharing.received.iter().zip(&sharing.given);
                let traded = both.map(|(&bought, &sold)| Traded {
                    bought,
                    sold,
                    paid: bought * *price,
                    received: sold * *price,
                });
                let local = sharing.volume();
                Some(Shared { traded: traded.collect(), local, value: local * *price })
            }
            Self::ExPostPrice { curve, residue } => {
                let slot = ex_post(members, curve, tariff, *residue).expect(SOUND);
                let traded = slot.bills.iter().map(|bill| Traded {
                    bought: bill.import,
                    sold: bill.export,
                    paid: bill.import_cost + bill.adjustment.max(Money::ZERO),
                    received: bill.export_revenue - bill.adjustment.min(Money::ZERO),
                });
                let local = members.iter().map(|member| member.import).sum::<Energy>() - slot.inflow;
                let value = local * slot.price.unwrap_or_default();
                Some(Shared { traded: traded.collect(), local, value })
            }
        }
    }
}

/// One fee for all energy of a slot, of which `local` went from member to member: market fee × local share + retail fee ×
/// (1 − local share), rounded half up to a micro-euro per kilowatt-hour.
fn blended(fee: &GridFee, members: &[Member], local: Energy) -> GridFee {
    let GridFee::Blend { market, retail } = fee else { return *fee };
    let blend = |all: Energy, market: Price, retail: Price| {
        let (local, all) = (i128::from(local.0), i128::from(all.0));
        if all == 0 {
            return retail;
        }
        let weighted = i128::from(market.0) * local + i128::from(retail.0) * (all - local);
        Price(i64::try_from((2 * weighted + all).div_euclid(2 * all)).expect("a mean lies between two prices"))
    };
    GridFee::Constant(Levies {
        import: blend(members.iter().map(|member| member.import).sum(), market.import, retail.import),
        export: blend(members.iter().map(|member| member.export).sum(), market.export, retail.export),
    })
}

/// A member of a community: the account at place `index` of all, and its ticket in the lottery over last watt-hours.
pub(super) fn member(index: usize, (import, export): (Energy, Energy), lottery: u64) -> Member {
    Member { agent: AgentId(index as u32), import, export, lottery }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARIFF: Tariff = Tariff { import: Price(270_000), export: Price(100_000) };

    fn members() -> [Member; 3] {
        let wh = |import, export| (Energy(import), Energy(export));
        [member(0, wh(600, 0), 1), member(1, wh(0, 1000), 2), member(2, wh(200, 0), 3)]
    }

    #[test]
    fn sharing_by_consumption_gives_each_its_part_at_the_agreed_price() {
        let price = Price(150_000);
        let rule = Rule::Sharing { coefficients: Coefficients::DynamicByConsumption, leftover: Leftover::FedIn, price };
        let Shared { traded, local, value } = rule.share(&members(), TARIFF).expect("it needs no orders");
        assert_eq!(
            traded.iter().map(|of| (of.bought.0, of.sold.0)).collect::<Vec<_>>(),
            [(600, 0), (0, 800), (200, 0)]
        );
        assert_eq!((local, value), (Energy(800), Energy(800) * price));
        assert_eq!(traded[1].received, value);
    }

    #[test]
    fn an_ex_post_price_holds_for_all_that_flows_and_the_residue_is_shared() {
        let rule = Rule::ExPostPrice { curve: PriceCurve::default(), residue: Residue::Shared };
        let Shared { traded, local, .. } = rule.share(&members(), TARIFF).expect("it needs no orders");
        assert_eq!(local, Energy(800));
        let paid: Money = traded.iter().map(|of| of.paid - of.received).sum();
        // 200 Wh go to the retailer, and what it pays for them is all that the community as a whole has.
        assert_eq!(paid, -(Energy(200) * TARIFF.export));
    }

    #[test]
    fn under_an_ex_post_price_only_local_energy_has_the_local_fee() {
        let fee = |import, export| Levies { import: Price(import), export: Price(export) };
        let grid_fee = GridFee::Blend { market: fee(10_000, 0), retail: fee(40_000, 2_000) };
        let terms = Terms { grid_fee, ..Terms::default() };
        let rule = Rule::ExPostPrice { curve: PriceCurve::default(), residue: Residue::Shared };
        // All of the 800 Wh taken and 800 of the 1,000 Wh given are local; of half of that, the mean.
        let of = |local| rule.terms(&terms, &members(), Energy(local)).grid_fee;
        assert_eq!(of(800), GridFee::Constant(fee(10_000, 400)));
        assert_eq!(of(400), GridFee::Constant(fee(25_000, 1_200)));
        assert_eq!(Rule::Market.terms(&terms, &members(), Energy(800)), terms);
    }

    #[test]
    fn markets_share_nothing_after_the_fact() {
        assert_eq!(Rule::Market.share(&members(), TARIFF), None);
        let alone = Rule::RetailerOnly.share(&members(), TARIFF).expect("it needs no orders");
        assert_eq!((alone.traded, alone.local), (vec![Traded::default(); 3], Energy::ZERO));
    }
}
