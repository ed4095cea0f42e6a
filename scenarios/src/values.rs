//! What an entry of a scenario file comes to: each value checked, its key named when it is wrong.

use crate::duration::parse_duration;
use crate::error::ScenarioError;
use crate::file::{EvEntry, Scenario};
use crate::models::ev::EvParameters;
use agents::Span;
use agents::dso::DsoPolicy;
use agents::mail;
use market::Price;

type Result<T, E = ScenarioError> = std::result::Result<T, E>;

pub(crate) fn duration(key: &str, text: &str) -> Result<Span> {
    parse_duration(text).map_err(|problem| ScenarioError::value(key, problem))
}

/// A number that must be finite and within `[low, high]`.
pub(crate) fn within(key: impl Into<String>, value: f64, low: f64, high: f64) -> Result<f64> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(ScenarioError::value(key, format!("is {value}: must lie between {low} and {high}")))
    }
}

/// A name that can stand in files, topics and addresses.
pub(crate) fn check_name(key: &str, name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fits) {
        return Ok(());
    }
    let problem = format!("{name:?} can not be a name: use 1 to 64 letters, digits, `_`, `-` or `.`");
    Err(ScenarioError::value(key, problem))
}

/// A price in EUR/MWh.
pub(crate) fn price(key: &str, eur_per_mwh: f64) -> Result<Price> {
    within(key, eur_per_mwh, -100_000.0, 100_000.0).map(Price::from_eur_per_mwh)
}

impl Scenario {
    pub(crate) fn retail_tariff(&self) -> Result<mail::RetailTariff> {
        let section = &self.retailer;
        let hour = |key: &str, hour| within(key, hour, 0.0, 24.0).map(Span::from_hours);
        let tariff = mail::RetailTariff {
            peak: price("retailer.peak_eur_per_mwh", section.peak_eur_per_mwh)?,
            off_peak: price("retailer.off_peak_eur_per_mwh", section.off_peak_eur_per_mwh)?,
            off_peak_from: hour("retailer.off_peak_from_h", section.off_peak_from_h)?,
            off_peak_until: hour("retailer.off_peak_until_h", section.off_peak_until_h)?,
            feed_in: price("retailer.feed_in_eur_per_mwh", section.feed_in_eur_per_mwh)?,
        };
        if tariff.feed_in > tariff.off_peak || tariff.feed_in > tariff.peak {
            let problem = "must not exceed the import prices: everyone would buy only to sell";
            return Err(ScenarioError::value("retailer.feed_in_eur_per_mwh", problem));
        }
        Ok(tariff)
    }

    pub(crate) fn dso_policy(&self) -> Result<DsoPolicy> {
        let section = &self.dso;
        for (hour, (factor, co2)) in section.price_shape.iter().zip(section.co2_g_per_kwh).enumerate() {
            within(format!("dso.price_shape[{hour}]"), *factor, -100.0, 100.0)?;
            within(format!("dso.co2_g_per_kwh[{hour}]"), co2, 0.0, 10_000.0)?;
        }
        Ok(DsoPolicy {
            price_eur_per_mwh: within("dso.price_eur_per_mwh", section.price_eur_per_mwh, -100_000.0, 100_000.0)?,
            price_shape: section.price_shape,
            price_daily_spread: within("dso.price_daily_spread", section.price_daily_spread, 0.0, 1.0)?,
            production_price_ratio: within("dso.production_price_ratio", section.production_price_ratio, -10.0, 10.0)?,
            co2_g_per_kwh: section.co2_g_per_kwh,
            load_control_above_kw: within("dso.load_control_above_mw", section.load_control_above_mw, 0.0, 1e6)?
                * 1000.0,
            load_control_percent: within("dso.load_control_percent", section.load_control_percent, 0.0, 100.0)?,
            demand_response_above_kw: within(
                "dso.demand_response_above_mw",
                section.demand_response_above_mw,
                0.0,
                1e6,
            )? * 1000.0,
            request_length: duration("dso.request", &section.request)?,
        })
    }
}

impl EvEntry {
    pub(crate) fn parameters(&self) -> Result<EvParameters> {
        let key = |field: &str| format!("{}.{field}", self.id);
        if self.departure_h + self.away_h > 23.5 {
            let problem =
                format!("a trip from {} h is not back by 23:30: leave earlier or stay less", self.departure_h);
            return Err(ScenarioError::value(key("away_h"), problem));
        }
        let numbers = [
            ("capacity_kwh", self.capacity_kwh),
            ("power_kw", self.power_kw),
            ("initial_soc", self.initial_soc),
            ("target_soc", self.target_soc),
            ("reserve_soc", self.reserve_soc),
            ("plug_below_soc", self.plug_below_soc),
            ("drives_on_a_day", self.drives_on_a_day),
            ("departure_h", self.departure_h),
            ("away_h", self.away_h),
            ("distance_km", self.distance_km),
            ("consumption_kwh_per_km", self.consumption_kwh_per_km),
        ];
        let lines: Vec<_> = numbers.iter().map(|(key, value)| format!("{key} = {value:?}")).collect();
        EvParameters::from_toml(&format!("v2g = {}\n{}", self.v2g, lines.join("\n")))
    }
}
