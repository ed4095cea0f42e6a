//! What deviations from the trades cost: schemes as data, and a band within which none is counted.

use serde::{Deserialize, Serialize};

use super::{BASIS_POINTS, Tariff};
use crate::{Energy, Price};

/// How the energy is priced that the meter shows beyond the trades.
///
/// A *shortage* is energy the account took without having bought it, or sold without delivering it: the residual
/// import of [`Bill`](super::Bill). A *surplus* is the residual export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Imbalance {
    /// Shortages at the retailer's import price, surpluses at its export price.
    #[default]
    Retail,
    /// A price per direction, as set by a balancing market for the slot.
    DualPrice {
        /// What the account pays for a kilowatt-hour short.
        shortage: Price,
        /// What the account receives for a kilowatt-hour too much; where negative, it pays.
        surplus: Price,
    },
    /// One price for both directions: a shortage pays it, a surplus earns it.
    SinglePrice {
        /// The imbalance price of the slot.
        price: Price,
    },
}

impl Imbalance {
    /// Both directions cost 0.10 EUR/kWh, as in lemlab by default.
    pub const COST_BOTH_WAYS: Imbalance = Imbalance::DualPrice { shortage: Price(100_000), surplus: Price(-100_000) };

    /// What a kilowatt-hour short costs and one too much earns.
    pub(super) fn prices(self, tariff: Tariff) -> Tariff {
        match self {
            Imbalance::Retail => tariff,
            Imbalance::DualPrice { shortage, surplus } => Tariff { import: shortage, export: surplus },
            Imbalance::SinglePrice { price } => Tariff { import: price, export: price },
        }
    }
}

/// How much of a deviation is no imbalance yet. In each direction the first watt-hours up to the band are
/// supplied or bought by the retailer at its tariff, and only what lies beyond is imbalance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tolerance {
    /// Every deviation is imbalance.
    #[default]
    None,
    /// So many watt-hours per slot and direction.
    Energy(Energy),
    /// So many basis points of bought plus sold, rounded down to a watt-hour.
    ShareOfTraded(u32),
}

impl Tolerance {
    /// The band, given what was bought plus sold; at least zero.
    pub(super) fn band(self, traded: Energy) -> Energy {
        match self {
            Tolerance::None => Energy::ZERO,
            Tolerance::Energy(band) => band.max(Energy::ZERO),
            Tolerance::ShareOfTraded(share_bp) => {
                let band = i128::from(traded.0) * i128::from(share_bp) / BASIS_POINTS;
                // A share above the whole may exceed 64 bits; every deviation fits below that bound.
                Energy(i64::try_from(band).unwrap_or(i64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_is_a_number_of_watt_hours_or_a_share_of_what_was_traded() {
        assert_eq!(Tolerance::None.band(Energy(1_000)), Energy::ZERO);
        assert_eq!(Tolerance::Energy(Energy(70)).band(Energy::ZERO), Energy(70));
        assert_eq!(Tolerance::ShareOfTraded(500).band(Energy(1_019)), Energy(50));
        assert_eq!(Tolerance::ShareOfTraded(u32::MAX).band(Energy(i64::MAX)), Energy(i64::MAX));
    }

    #[test]
    fn a_scheme_reads_as_data() {
        let read = |json| serde_json::from_str::<Imbalance>(json).expect("a scheme");
        assert_eq!(read("\"retail\""), Imbalance::Retail);
        assert_eq!(read(r#"{"dual-price":{"shortage":100000,"surplus":-100000}}"#), Imbalance::COST_BOTH_WAYS);
        assert_eq!(read(r#"{"single-price":{"price":-7}}"#), Imbalance::SinglePrice { price: Price(-7) });
    }
}
