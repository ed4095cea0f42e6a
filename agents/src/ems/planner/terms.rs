//! How devices are scheduled: what a scenario can choose.

use crate::forecast::Method;
use crate::mail::RetailTariff;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// How the energy manager schedules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleTerms {
    /// How far a plan reaches; a whole number of slots.
    pub horizon: Span,
    /// When a plan is made anew.
    pub replan: Replan,
    /// News is what departs from the plan by more than this, kW.
    pub news_kw: f64,
    /// How the rest of the portfolio is forecast.
    pub forecast: Method,
    /// The quantile of the forecast that is planned for, in (0, 1); the expected value at one half.
    pub caution: f64,
    /// What energy costs.
    pub prices: PlanPrices,
    /// Most that the portfolio may take, kW.
    pub import_limit_kw: Option<f64>,
    /// Most that the portfolio may give, kW.
    pub export_limit_kw: Option<f64>,
    /// What each kW of a plan's highest import costs, EUR/kW.
    pub peak_eur_per_kw: f64,
    /// Share of the energy that is left after charging, and again after discharging, in (0, 1].
    pub efficiency: f64,
    /// What a MWh through the terminals costs in wear, each way.
    pub wear_eur_per_mwh: f64,
    /// How many futures are planned for; 1 for what is expected alone.
    #[serde(default = "one")]
    pub futures: usize,
}

fn one() -> usize {
    1
}

/// When a plan is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replan {
    /// Once a local day.
    Daily,
    /// Once a local day, and when something is not as it was planned: the rest of the portfolio, a price, a limit of the DSO,
    /// a vehicle that came or left, a device that does not do what it should.
    OnNews,
    /// At every slot.
    EverySlot,
}

/// What energy costs while plans are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanPrices {
    /// What the retailer takes and pays. What sites of the portfolio sell each other costs it nothing.
    Tariff(RetailTariff),
    /// The prices that the DSO publishes; where they end, those of the same time of the last day that is known.
    Dso,
}
