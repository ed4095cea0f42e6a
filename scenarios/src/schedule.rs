//! How devices under the rule `schedule` are planned: `[schedule]`.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use agents::Span;
use agents::ems::{PlanPrices, Replan, ScheduleTerms};
use agents::forecast::{AutoRegressive, Method, Season};
use agents::mail::RetailTariff;
use serde::Serialize;

choice!(Replan { "daily" => Replan::Daily, "on-news" => Replan::OnNews, "every-slot" => Replan::EverySlot });

/// How what is not planned is forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ForecastMethod {
    Persistence,
    DayBefore,
    WeekBefore,
    SameDays,
    Smoothed,
    AutoRegressive,
}

choice!(ForecastMethod {
    "persistence" => ForecastMethod::Persistence,
    "day-before" => ForecastMethod::DayBefore,
    "week-before" => ForecastMethod::WeekBefore,
    "same-days" => ForecastMethod::SameDays,
    "smoothed" => ForecastMethod::Smoothed,
    "auto-regressive" => ForecastMethod::AutoRegressive,
});

/// Whose prices count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PricesOf {
    Retailer,
    Dso,
}

choice!(PricesOf { "retailer" => PricesOf::Retailer, "dso" => PricesOf::Dso });

parameters! {
    /// How the energy manager plans what is under the rule "schedule": the portfolio as one connection, at least cost.
    pub(crate) struct ScheduleSection in "schedule" {
        /// How far a plan reaches: a whole number of slots.
        horizon: Span = Span::DAY, "duration", Any, "FlexMeasures plans a day or two";
        /// When a plan is made anew: once a local day; also when something is not as planned (what the rest of the portfolio
        /// takes, a price, a limit, a vehicle that came or left, a device); or at every slot.
        replan: Replan = Replan::OnNews, "word", Any, "";
        /// News is what departs from the plan by more than this.
        news_kw: f64 = 5.0, "kW", Within(0.0, 1e6), ASSUMPTION;
        /// How that which is not planned is forecast, from what was metered before: as it is, as it was a day or a week ago, the
        /// mean of days of the same type, the same by smoothing, or that with deviations that go on.
        forecast: ForecastMethod = ForecastMethod::AutoRegressive, "word", Any, "";
        /// The quantile of the forecast that is planned for: 0.5 for what is expected, more to be on the safe side of imports.
        caution: f64 = 0.5, "share", Within(0.05, 0.95), "";
        /// Over how many futures what batteries store is valued: 1 for what is expected alone; more for paths made of what forecasts
        /// got wrong before. By that value batteries follow the meter within slots; vehicles are planned for what is expected.
        futures: u64 = 1, "whole number", Within(1.0, 32.0), "";
        /// What energy costs: the retailer's tariff, or the prices that the DSO publishes.
        prices: PricesOf = PricesOf::Retailer, "word", Any, "";
        /// Most that the portfolio may take; none: as much as it likes.
        import_limit_kw: Option<f64> = None, "kW", Within(0.0, 1e9), "";
        /// Most that the portfolio may give, 0 for no export; none: as much as it likes.
        export_limit_kw: Option<f64> = None, "kW", Within(0.0, 1e9), "";
        /// What each kW of a plan's highest import costs.
        peak_eur_per_kw: f64 = 0.0, "EUR/kW", Within(0.0, 1e5), "";
        /// Share of the energy that is left after charging, and again after discharging, as plans have it.
        efficiency: f64 = 0.94, "share", Within(0.1, 1.0), "as in trade with storage";
        /// What a MWh through the terminals of a storage costs in wear, each way.
        wear_eur_per_mwh: f64 = 10.0, "EUR/MWh", Within(0.0, 1e4), "as in trade with storage";
    }
}

impl ScheduleSection {
    /// What can not be, where slots are `slot` long.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub(crate) fn check(&self, slot: Span) -> Result<(), Conflict> {
        let minutes = slot.hours() * 60.0;
        if self.horizon < slot || self.horizon.0 % slot.0 != 0 {
            return Err(Conflict::new("horizon", format!("must be a whole number of slots of {minutes} min")));
        }
        if self.horizon > Span::DAY * 14 {
            return Err(Conflict::new("horizon", "is more than 14 days: nothing is known so far ahead".to_owned()));
        }
        Ok(())
    }

    /// The terms, where the retailer sells at `tariff`.
    pub(crate) fn terms(&self, tariff: RetailTariff) -> ScheduleTerms {
        let smoothing = 0.1;
        let forecast = match self.forecast {
            ForecastMethod::Persistence => Method::Persistence,
            ForecastMethod::DayBefore => Method::SeasonalNaive(Season::DayBefore),
            ForecastMethod::WeekBefore => Method::SeasonalNaive(Season::WeekBefore),
            ForecastMethod::SameDays => Method::SeasonalNaive(Season::SameDays(4)),
            ForecastMethod::Smoothed => Method::Smoothed { smoothing },
            ForecastMethod::AutoRegressive => Method::AutoRegressive(AutoRegressive::default()),
        };
        ScheduleTerms {
            horizon: self.horizon,
            replan: self.replan,
            news_kw: self.news_kw,
            forecast,
            caution: self.caution,
            prices: match self.prices {
                PricesOf::Retailer => PlanPrices::Tariff(tariff),
                PricesOf::Dso => PlanPrices::Dso,
            },
            import_limit_kw: self.import_limit_kw,
            export_limit_kw: self.export_limit_kw,
            peak_eur_per_kw: self.peak_eur_per_kw,
            efficiency: self.efficiency,
            wear_eur_per_mwh: self.wear_eur_per_mwh,
            futures: self.futures as usize,
        }
    }
}
