//! How the energy manager's rules are written: by name, or as a table of a rule and its keys.

use crate::document::{Drawn, Node, Value, nearest};
use crate::parameters::{Parameter, Setting};
use agents::ems::Strategy;
use agents::storage_trade::StorageTerms;
use std::collections::BTreeMap;

const SELF_CONSUMPTION: &str = "self-consumption";
const PRICE_THRESHOLD: &str = "price-threshold";
const MARKET: &str = "market";
const SCHEDULE: &str = "schedule";
const RULES: [&str; 4] = [SELF_CONSUMPTION, PRICE_THRESHOLD, MARKET, SCHEDULE];

const THRESHOLDS: [&str; 2] = ["charge_below_eur_per_mwh", "discharge_above_eur_per_mwh"];
const TERMS: [&str; 6] = ["efficiency", "wear_eur_per_mwh", "margin", "window_days", "quantile", "steps"];

const HINT: &str = "write \"self-consumption\", \"market\", \"schedule\" or { rule = \"price-threshold\", \
                    charge_below_eur_per_mwh = 180, discharge_above_eur_per_mwh = 300 }";

/// The keys of a rule, to be asked for numbers.
struct Keys<'a>(&'a BTreeMap<String, Node>);

impl Keys<'_> {
    /// A finite number; `default` where it is left out, if there is one.
    fn number(&self, key: &str, default: Option<f64>) -> Result<f64, String> {
        let number = match (self.0.get(key), default) {
            (None, Some(default)) => return Ok(default),
            (node, _) => node.and_then(|node| node.value.number()),
        };
        number.filter(|number| number.is_finite()).ok_or_else(|| format!("needs a number for `{key}`: {HINT}"))
    }

    fn within(&self, key: &str, default: f64, (low, high): (f64, f64)) -> Result<f64, String> {
        let number = self.number(key, Some(default))?;
        if (low..=high).contains(&number) {
            return Ok(number);
        }
        Err(format!("has {number} for `{key}`: it must lie between {low} and {high}"))
    }

    fn count(&self, key: &str, default: u32, most: u32) -> Result<u32, String> {
        let number = self.within(key, f64::from(default), (1.0, f64::from(most)))?;
        if number.fract() == 0.0 { Ok(number as u32) } else { Err(format!("needs a whole number for `{key}`")) }
    }

    fn thresholds(&self) -> Result<Strategy, String> {
        let [low, high] = [self.number(THRESHOLDS[0], None)?, self.number(THRESHOLDS[1], None)?];
        if low >= high {
            return Err("charge_below_eur_per_mwh must be less than discharge_above_eur_per_mwh".into());
        }
        Ok(Strategy::PriceThreshold { charge_below_eur_per_mwh: low, discharge_above_eur_per_mwh: high })
    }

    fn market(&self) -> Result<Strategy, String> {
        let StorageTerms { efficiency, wear_eur_per_mwh, margin, window_days, quantile, steps } =
            StorageTerms::default();
        let [of_efficiency, of_wear, of_margin, of_window, of_quantile, of_steps] = TERMS;
        Ok(Strategy::Market(StorageTerms {
            efficiency: self.within(of_efficiency, efficiency, (0.1, 1.0))?,
            wear_eur_per_mwh: self.within(of_wear, wear_eur_per_mwh, (0.0, 1e4))?,
            margin: self.within(of_margin, margin, (0.0, 0.45))?,
            window_days: self.count(of_window, window_days, 31)?,
            quantile: self.within(of_quantile, quantile, (0.0, 0.5))?,
            steps: self.count(of_steps, steps, 50)?,
        }))
    }
}

impl Setting for Strategy {
    fn placeholder() -> Self {
        Self::SelfConsumption {}
    }

    fn read(node: &Node, _: &Parameter, _: Option<Drawn<'_>>) -> Result<Self, String> {
        match &node.value {
            Value::Text(text) if text == SELF_CONSUMPTION => return Ok(Self::SelfConsumption {}),
            Value::Text(text) if text == SCHEDULE => return Ok(Self::Schedule {}),
            Value::Text(text) if text == MARKET => return Ok(Self::Market(StorageTerms::default())),
            _ => {}
        }
        let table = node.table().ok_or_else(|| format!("is {}: {HINT}", node.value.kind()))?;
        let rule = match table.get("rule").map(|rule| &rule.value) {
            Some(Value::Text(rule)) => rule.as_str(),
            _ => return Err(format!("names no rule: {HINT}")),
        };
        let known: &[&str] = match rule {
            PRICE_THRESHOLD => &THRESHOLDS,
            MARKET => &TERMS,
            _ => &[],
        };
        if let Some(key) = table.keys().find(|key| *key != "rule" && !known.contains(&key.as_str())) {
            let near = nearest(key, known.iter().copied()).map_or_else(String::new, |near| format!(" (`{near}`?)"));
            return Err(format!("has the unknown key `{key}`{near}: {HINT}"));
        }
        match rule {
            SELF_CONSUMPTION => Ok(Self::SelfConsumption {}),
            PRICE_THRESHOLD => Keys(table).thresholds(),
            MARKET => Keys(table).market(),
            SCHEDULE => Ok(Self::Schedule {}),
            _ => Err(format!("names the rule {rule:?}: write one of {RULES:?}")),
        }
    }

    fn written(&self) -> String {
        match self {
            Self::SelfConsumption {} => format!("{SELF_CONSUMPTION:?}"),
            Self::Schedule {} => format!("{SCHEDULE:?}"),
            Self::PriceThreshold { charge_below_eur_per_mwh: low, discharge_above_eur_per_mwh: high } => {
                format!("{{ rule = {PRICE_THRESHOLD:?}, {} = {low:?}, {} = {high:?} }}", THRESHOLDS[0], THRESHOLDS[1])
            }
            Self::Market(StorageTerms { efficiency, wear_eur_per_mwh, margin, window_days, quantile, steps }) => {
                let values = [
                    format!("{efficiency:?}"),
                    format!("{wear_eur_per_mwh:?}"),
                    format!("{margin:?}"),
                    window_days.to_string(),
                    format!("{quantile:?}"),
                    steps.to_string(),
                ];
                let pairs = TERMS.iter().zip(values).map(|(key, value)| format!(", {key} = {value}"));
                format!("{{ rule = {MARKET:?}{} }}", pairs.collect::<String>())
            }
        }
    }
}
