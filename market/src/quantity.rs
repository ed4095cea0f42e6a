//! Energy, price and money as integers whose units multiply exactly: 1 Wh × 1 µ€/kWh = 1 n€.
//!
//! Because the unit of [`Money`] is that product, no division ever happens between an order and a
//! bill, and sums agree to the last digit in whatever order they are formed. The operators are
//! checked in every build: an overflow would be money created or lost, so it panics.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// An amount of energy in watt-hours. Which sign means what is said where it is used; quantities of
/// orders and trades are always positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Energy(pub i64);

/// A price in micro-euro per kilowatt-hour; 1 µ€/kWh = 0.001 EUR/MWh. Negative prices are legal: the
/// seller then pays the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Price(pub i64);

/// An amount of money in nano-euro, exactly watt-hours × micro-euro per kilowatt-hour.
///
/// It is 128 bits wide, so that any [`Energy`] times any [`Price`] fits. A file format without such
/// integers (TOML among them) can only hold amounts within 64 bits, that is up to 9.2 billion euro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Money(pub i128);

impl Energy {
    /// No energy.
    pub const ZERO: Energy = Energy(0);

    /// Rounds kilowatt-hours to whole watt-hours, halves away from zero.
    ///
    /// # Panics
    /// If `kwh` is not finite or beyond ±9.2e15 kWh.
    pub fn from_kwh(kwh: f64) -> Energy {
        Energy(nearest_integer(kwh * 1e3, "energy in Wh"))
    }

    /// Kilowatt-hours, for display and for results.
    pub fn as_kwh(self) -> f64 {
        self.0 as f64 / 1e3
    }
}

impl Price {
    /// A price of nothing.
    pub const ZERO: Price = Price(0);

    /// Rounds euro per megawatt-hour to whole micro-euro per kilowatt-hour, halves away from zero.
    ///
    /// # Panics
    /// If `eur_per_mwh` is not finite or beyond ±9.2e15 EUR/MWh.
    pub fn from_eur_per_mwh(eur_per_mwh: f64) -> Price {
        Price(nearest_integer(eur_per_mwh * 1e3, "price in µ€/kWh"))
    }

    /// Euro per megawatt-hour, for display and for results.
    pub fn as_eur_per_mwh(self) -> f64 {
        self.0 as f64 / 1e3
    }
}

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);

    /// Euro, for display and for results.
    pub fn as_eur(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// What this energy costs at `price`. Exact, and never overflows: |2⁶³ × 2⁶³| < 2¹²⁷.
impl Mul<Price> for Energy {
    type Output = Money;

    fn mul(self, price: Price) -> Money {
        Money(i128::from(self.0) * i128::from(price.0))
    }
}

/// A silent saturation would turn a NaN price into free energy, so what does not fit is a bug of the
/// caller, who has read the number from somewhere and can say where.
fn nearest_integer(value: f64, what: &str) -> i64 {
    const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;
    let rounded = value.round();
    assert!(rounded.abs() < TWO_POW_63, "{what} is {value}, which no 64-bit integer holds");
    rounded as i64
}

macro_rules! exact_arithmetic {
    ($quantity:ident, $unit:literal) => {
        impl Add for $quantity {
            type Output = $quantity;

            fn add(self, other: $quantity) -> $quantity {
                $quantity(self.0.checked_add(other.0).expect(concat!($unit, " fit the integer")))
            }
        }

        impl Sub for $quantity {
            type Output = $quantity;

            fn sub(self, other: $quantity) -> $quantity {
                $quantity(self.0.checked_sub(other.0).expect(concat!($unit, " fit the integer")))
            }
        }

        impl Neg for $quantity {
            type Output = $quantity;

            fn neg(self) -> $quantity {
                $quantity(self.0.checked_neg().expect(concat!($unit, " fit the integer")))
            }
        }

        impl AddAssign for $quantity {
            fn add_assign(&mut self, other: $quantity) {
                *self = *self + other;
            }
        }

        impl SubAssign for $quantity {
            fn sub_assign(&mut self, other: $quantity) {
                *self = *self - other;
            }
        }

        impl Sum for $quantity {
            fn sum<I: Iterator<Item = $quantity>>(quantities: I) -> $quantity {
                quantities.fold($quantity::ZERO, Add::add)
            }
        }

        impl fmt::Display for $quantity {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{} ", $unit), self.0)
            }
        }
    };
}

exact_arithmetic!(Energy, "Wh");
exact_arithmetic!(Price, "µ€/kWh");
exact_arithmetic!(Money, "n€");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kilowatt_hour_at_a_hundred_euro_per_megawatt_hour_costs_ten_cents() {
        let cost = Energy::from_kwh(1.0) * Price::from_eur_per_mwh(100.0);
        assert_eq!(cost, Money(100_000_000));
        assert_eq!(cost.as_eur(), 0.1);
    }

    #[test]
    fn the_largest_energy_at_the_lowest_price_still_fits() {
        let cost = Energy(i64::MIN) * Price(i64::MIN);
        assert_eq!(cost, Money(1 << 126));
    }

    #[test]
    fn floats_are_rounded_half_away_from_zero() {
        assert_eq!(Price::from_eur_per_mwh(0.0005), Price(1));
        assert_eq!(Price::from_eur_per_mwh(-0.0005), Price(-1));
        assert_eq!(Price::from_eur_per_mwh(-0.00049), Price(0));
        assert_eq!(Energy::from_kwh(0.0025), Energy(3));
        assert_eq!(Energy::from_kwh(-0.0025), Energy(-3));
        assert_eq!(Energy(-1500).as_kwh(), -1.5);
        assert_eq!(Price(-1500).as_eur_per_mwh(), -1.5);
    }

    #[test]
    #[should_panic(expected = "price in µ€/kWh is NaN")]
    fn a_price_that_is_not_a_number_is_a_bug() {
        Price::from_eur_per_mwh(f64::NAN);
    }

    #[test]
    #[should_panic(expected = "energy in Wh")]
    fn an_energy_beyond_the_integer_is_a_bug() {
        Energy::from_kwh(9.3e15);
    }

    #[test]
    #[should_panic(expected = "Wh fit the integer")]
    fn sums_never_wrap_around() {
        let _ = [Energy(i64::MAX), Energy(1)].into_iter().sum::<Energy>();
    }

    #[test]
    fn money_beyond_64_bits_survives_json() {
        let fortune = Money(i128::from(i64::MAX) * 1000);
        let json = serde_json::to_string(&fortune).expect("money serialises");
        assert_eq!(json, "9223372036854775807000");
        assert_eq!(serde_json::from_str::<Money>(&json).expect("money deserialises"), fortune);
    }
}
