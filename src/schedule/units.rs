//! Quantities with their units: `20 kW`, `0.02 MW`, `92 EUR/MWh`, `90%`.

use super::reading::{At, Faults};
use super::words;
use crate::clear::node::Node;
use agents::schedule::{LEAST_SHARE, MOST_EUR_PER_KW, MOST_EUR_PER_KWH, MOST_KW_OR_KWH};

/// What is measured, and so which units there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// kW; apparent power counts as power.
    Power,
    /// kWh.
    Energy,
    /// EUR/kWh.
    Price,
    /// EUR/kW.
    PeakPrice,
    /// A number; 100 % is 1.
    Share,
}

impl Measure {
    /// Units, and what one of them is in ours.
    fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Power => {
                &[("kW", 1.0), ("MW", 1e3), ("W", 1e-3), ("GW", 1e6), ("kVA", 1.0), ("MVA", 1e3), ("VA", 1e-3)]
            }
            Self::Energy => &[("kWh", 1.0), ("MWh", 1e3), ("Wh", 1e-3), ("GWh", 1e6)],
            Self::Price => &[
                ("EUR/MWh", 1e-3),
                ("EUR/kWh", 1.0),
                ("€/MWh", 1e-3),
                ("€/kWh", 1.0),
                ("ct/kWh", 1e-2),
                ("cEUR/kWh", 1e-2),
            ],
            Self::PeakPrice => {
                &[("EUR/kW", 1.0), ("EUR/MW", 1e-3), ("€/kW", 1.0), ("€/MW", 1e-3), ("EUR/kVA", 1.0), ("EUR/MVA", 1e-3)]
            }
            Self::Share => &[("%", 1e-2), ("", 1.0), ("dimensionless", 1.0)],
        }
    }

    /// An example.
    fn example(self) -> &'static str {
        match self {
            Self::Power => "\"20 kW\"",
            Self::Energy => "\"50 kWh\"",
            Self::Price => "\"92 EUR/MWh\"",
            Self::PeakPrice => "\"10 EUR/kW\"",
            Self::Share => "\"90%\" or 0.9",
        }
    }

    /// Least and most it may be, in our unit: what the scheduler can count with.
    fn range(self) -> (f64, f64) {
        match self {
            Self::Power | Self::Energy => (-MOST_KW_OR_KWH, MOST_KW_OR_KWH),
            Self::Price => (-MOST_EUR_PER_KWH, MOST_EUR_PER_KWH),
            Self::PeakPrice => (-MOST_EUR_PER_KW, MOST_EUR_PER_KW),
            Self::Share => (LEAST_SHARE, 1.0),
        }
    }

    /// A value in our unit, if it lies in the range there is.
    pub(crate) fn within(self, value: f64, path: &str, faults: &mut Faults) -> Option<f64> {
        let (least, most) = self.range();
        if (least..=most).contains(&value) {
            return Some(value);
        }
        let (unit, factor) = self.units()[0];
        let shown = |value: f64| format!("{}{}{unit}", plain(value / factor), if unit == "%" { "" } else { " " });
        faults.add(path, format!("is {}: give {} to {}", shown(value), shown(least), shown(most)));
        None
    }

    /// What one of a unit is in ours.
    pub(crate) fn factor(self, unit: &str, path: &str, faults: &mut Faults) -> Option<f64> {
        let unit = unit.trim();
        let found = self.units().iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        if found.is_none() {
            let shown = if unit.is_empty() { "has no unit".into() } else { format!("is in `{unit}`") };
            let names: Vec<_> = self.units().iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
            faults.add(path, format!("{shown}: the units here are {}, as in {}", names.join(", "), self.example()));
        }
        found
    }

    /// A quantity in our unit. A bare number is in `bare`, if there is such a unit.
    pub(crate) fn read(self, at: &At<'_>, bare: Option<&str>, faults: &mut Faults) -> Option<f64> {
        let bare = bare.or((self == Self::Share).then_some(""));
        match at.node {
            Node::Text(text) => {
                let text = text.trim();
                let ends = text.find(|letter: char| {
                    letter.is_alphabetic() && !matches!(letter, 'e' | 'E') || "%€".contains(letter)
                });
                let (number, unit) = split(text, ends);
                let Ok(number) = number.trim().parse::<f64>() else {
                    faults.add(&at.path, format!("is `{text}`: give a number and its unit, as {}", self.example()));
                    return None;
                };
                if !number.is_finite() {
                    faults.add(&at.path, format!("is `{text}`: give a finite number"));
                    return None;
                }
                let unit = if unit.is_empty() { bare.unwrap_or_default() } else { unit };
                let factor = self.factor(unit, &at.path, faults)?;
                self.within(number * factor, &at.path, faults)
            }
            Node::Integer(_) | Node::Real(_) => match bare {
                Some(unit) => {
                    let number = at.number(faults)?;
                    self.within(number * self.factor(unit, &at.path, faults)?, &at.path, faults)
                }
                None => {
                    faults.add(&at.path, format!("is a number without a unit: give both, as {}", self.example()));
                    None
                }
            },
            Node::Fields(_) if at.node.field("sensor").is_some() => {
                faults.add(&at.path, format!("refers to a sensor, and there are none here: {}", self.inline()));
                None
            }
            other => {
                faults.add(&at.path, format!("is {}: give {}", other.kind(), self.example()));
                None
            }
        }
    }

    /// What to write in place of a sensor's number.
    pub(crate) fn inline(self) -> String {
        let unit = self.units()[0].0;
        format!(
            "write its series, as {{\"start\": \"…\", \"resolution\": \"PT1H\", \"values\": […], \"unit\": \"{unit}\"}}, \
             or {}",
            self.example()
        )
    }

    /// Like [`Self::read`], 0 or more.
    pub(crate) fn read_size(self, at: &At<'_>, bare: Option<&str>, faults: &mut Faults) -> Option<f64> {
        let value = self.read(at, bare, faults)?;
        if value < 0.0 {
            faults.add(&at.path, "is negative: give a size, 0 or more; which way it flows is in the field's name");
            return None;
        }
        Some(value)
    }
}

/// A number without the noise of its last digits, and in a few characters whatever it is.
fn plain(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e13).contains(&size) { format!("{number:.3e}") } else { words::number(number) }
}

/// Number and unit. An `e` may belong to the number (`1e3 kW`) or begin a unit (`EUR/MWh`).
fn split(text: &str, ends: Option<usize>) -> (&str, &str) {
    let ends = ends.unwrap_or(text.len());
    let whole = |at: &usize| text.is_char_boundary(*at) && text[..*at].trim().parse::<f64>().is_ok();
    let at = (0..=ends).rev().find(whole).unwrap_or(0);
    (text[..at].trim(), text[at..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(measure: Measure, json: &str, bare: Option<&str>) -> Result<f64, String> {
        let (node, mut faults): (Node, _) = (serde_json::from_str(json).expect("it is JSON"), Faults::default());
        measure.read(&At { node: &node, path: "x".into() }, bare, &mut faults).ok_or_else(|| faults.0.join("; "))
    }

    #[test]
    fn a_quantity_is_read_in_every_unit_it_may_have() {
        for (measure, json, value) in [
            (Measure::Power, "\"20 kW\"", 20.0),
            (Measure::Power, "\"0.02MW\"", 20.0),
            (Measure::Power, "\"2e4 W\"", 20.0),
            (Measure::Power, "\"500 kVA\"", 500.0),
            (Measure::Energy, "\"0.05 MWh\"", 50.0),
            (Measure::Price, "\"92.0 EUR/MWh\"", 0.092),
            (Measure::Price, "\"-9.2 ct/kWh\"", -0.092),
            (Measure::Price, "\"1e2EUR/MWh\"", 0.1),
            (Measure::PeakPrice, "\"10000 EUR/MW\"", 10.0),
            (Measure::Share, "\"90%\"", 0.9),
            (Measure::Share, "\"0.9\"", 0.9),
            (Measure::Share, "0.9", 0.9),
        ] {
            let found = read(measure, json, None).expect(json);
            assert!((found - value).abs() < 1e-12, "{json}: {found}");
        }
        assert_eq!(read(Measure::Energy, "0.05", Some("MWh")), Ok(50.0));
    }

    #[test]
    fn a_wrong_quantity_is_told_with_the_units_there_are() {
        for (measure, json, told) in [
            (Measure::Power, "20", "x: is a number without a unit: give both, as \"20 kW\""),
            (Measure::Power, "\"20\"", "x: has no unit: the units here are kW, MW"),
            (Measure::Power, "\"20 kWh\"", "x: is in `kWh`: the units here are kW"),
            (Measure::Power, "\"much\"", "x: is `much`: give a number and its unit"),
            (Measure::Power, "\"inf kW\"", "x: is `inf kW`"),
            (Measure::Price, "\"9 USD/MWh\"", "x: is in `USD/MWh`"),
            (Measure::Price, "\"1e300 EUR/MWh\"", "x: is 1.000e300 EUR/MWh: give -100000 EUR/MWh to"),
            (Measure::Price, "\"100.1 EUR/kWh\"", "x: is 100100 EUR/MWh: give -100000 EUR/MWh to 100000 EUR/MWh"),
            (Measure::Power, "\"1e10 kW\"", "x: is 10000000000 kW: give -1000000000 kW to 1000000000 kW"),
            (Measure::Share, "\"1e-300\"", "x: is 1.000e-298%: give 1% to 100%"),
            (Measure::Share, "\"0.1%\"", "x: is 0.1%: give 1% to 100%"),
            (Measure::Share, "3.5", "x: is 350%: give 1% to 100%"),
            (Measure::Price, "{\"sensor\": 7}", "x: refers to a sensor"),
            (Measure::Energy, "[]", "x: is an array: give \"50 kWh\""),
        ] {
            let error = read(measure, json, None).expect_err(json);
            assert!(error.starts_with(told), "{error}");
        }
    }
}
