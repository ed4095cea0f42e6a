//! The sections of a scenario that are there once: the run, the place, the communes' demand, and the institutions.
//!
//! Defaults marked *assumption* have no source for Martinique and are there to be changed.

use crate::names::Names;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, choice, parameters};
use agents::Span;
use agents::ems::Strategy;
use agents::prosumer::Bidding;
use serde::Serialize;

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recording {
    /// Key figures only.
    Kpis,
    /// Hourly means; orders, trades, sessions and events complete.
    Hourly,
    /// Every interval.
    Full,
}

choice!(Recording { "kpis" => Recording::Kpis, "hourly" => Recording::Hourly, "full" => Recording::Full });

parameters! {
    /// Window, tick, seed and recording of a run.
    pub(crate) struct RunSection in "run" {
        /// First instant: a local date, or RFC 3339 with an offset; on the market's slot grid.
        start: String, "date or instant", Any, "";
        /// Length of the run.
        duration: Span, "duration", Any, "";
        /// Length of a tick; divides the market slot.
        tick: Span = Span::from_minutes(15), "duration", Any, "the market's slot";
        /// Seed of every draw.
        seed: u64 = 0, "whole number", Any, "";
        /// How much is kept: key figures, hourly means, or every interval.
        record: Recording = Recording::Full, "word", Any, "";
    }
}

parameters! {
    /// Where the scenario is.
    pub(crate) struct PlaceSection in "place" {
        /// IANA time zone of market and tariff days; one without daylight saving.
        zone: String = "America/Martinique".into(), "time zone", Any, "IANA time zone database";
        /// Commune of the weather station whose irradiance is the signal.
        station: String = "Le Lamentin".into(), "commune", Any, "the airport's station lies there";
        /// Altitude of all sites.
        altitude_m: f64 = 10.0, "m", Within(-400.0, 9000.0), "the place of the reference days of the PV model";
    }
}

/// Daily shape of the island's demand, with the evening peak that IEDOM and EDF SEI describe.
const DEMAND_SHAPE: [f64; 24] = [
    0.86, 0.82, 0.80, 0.79, 0.80, 0.84, 0.90, 0.95, 1.01, 1.06, 1.09, 1.11, 1.11, 1.09, 1.07, 1.05, 1.03, 1.04, 1.14,
    1.26, 1.22, 1.10, 0.99, 0.91,
];

parameters! {
    /// The communes' demand, shared out by population: one load and one site per commune. None without this section.
    pub(crate) struct DemandSection in "demand" {
        /// The portfolio their sites belong to.
        portfolio: String = "communes".into(), "name", Any, "";
        /// Mean power of the whole island over the year, explicit households and commercial sites included.
        mean_mw: f64 = 169.0, "MW", Within(0.0, 1e6), "IEDOM 2022: 1 483 GWh, divided by 8 760 h";
        /// Demand at each full local hour relative to the mean; linear between.
        shape: [f64; 24] = DEMAND_SHAPE, "share of the mean", Within(0.0, 100.0), "assumption: evening peak from 18:30 to 21:00, night plateau from air conditioning";
        /// Demand on Saturdays and Sundays relative to that on weekdays; the mean of the week stays.
        weekend_factor: f64 = 1.0, "factor", Within(0.0, 10.0), "no source: the same";
        /// Demand in each month, January first, relative to the mean of the year.
        season: [f64; 12] = [1.0; 12], "share of the mean", Within(0.0, 10.0), "no source: the same throughout";
        /// Relative change of demand per kelvin.
        per_kelvin: f64 = 0.02, "1/K", Within(-0.2, 0.2), ASSUMPTION;
        /// Air temperature at which demand is as the shape says.
        reference_c: f64 = 27.0, "°C", Within(-60.0, 60.0), ASSUMPTION;
        /// Standard deviation of the hourly deviation, relative.
        spread: f64 = 0.03, "share", Within(0.0, 0.3), ASSUMPTION;
    }
}

parameters! {
    /// The local market, and its auction of each delivery slot shortly before it begins.
    pub(crate) struct MarketSection in "market" {
        /// Name of the clearing mechanism of the very next slots (market/README.md lists them); "none": these are not traded.
        mechanism: String = "uniform-mid-truncated".into(), "mechanism", Any, "";
        /// Length of a delivery slot.
        slot: Span = Span::from_minutes(15), "duration", Any, "quarter hours of European markets";
        /// From gate closure to delivery: a whole number of slots, `"0m"` for none; none given: one slot.
        lead: Option<Span> = None, "duration", Any, ASSUMPTION;
        /// How participants set their limit prices, within the retailer's: by a daily reservation price that concedes, at
        /// random, on a ramp until the last gate, truthfully; external: orders come from outside alone.
        bidding: Bidding = Bidding::ReservationPrice, "word", Any, ASSUMPTION;
        /// Whether the retailer stands behind every auction: it buys what is offered at its feed-in price, and sells what is
        /// asked for at its import price of the slot, after everybody else; in areas, at the root. Who bids and offers
        /// strictly within the tariff, as all but the truthful do, never reaches it.
        backstop: bool = false, "true or false", Any, "";
        /// The least level of quality that participants bid for who do not say: 0 grey, 1 green or local, 2 green and local.
        wanted_quality: u64 = 0, "level", Within(0.0, 2.0), "";
        /// What participants who do not say add to the limits of their bids where the mechanism is one with `premium`, to a
        /// hundredth of a percent.
        premium_percent: f64 = 0.0, "%", Within(0.0, 1000.0), "";
        /// Rules to settle the same orders and meters by, beside the one in force: mechanisms, "retailer-only",
        /// "sharing-by-consumption", "sharing-equal", "ex-post-price". Devices have followed the rule in force: mechanisms that
        /// award otherwise show imbalance that they would not have had.
        compare: Names = Names::default(), "rules", Any, "";
    }
}

parameters! {
    /// The retailer's tariff.
    pub(crate) struct RetailerSection in "retailer" {
        /// Import outside off-peak hours.
        peak_eur_per_mwh: f64 = 270.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
        /// Import in off-peak hours.
        off_peak_eur_per_mwh: f64 = 207.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
        /// Local hour at which off-peak begins.
        off_peak_from_h: f64 = 22.0, "h", Within(0.0, 24.0), "22h-06h is quoted for Martinique";
        /// Local hour at which off-peak ends.
        off_peak_until_h: f64 = 6.0, "h", Within(0.0, 24.0), "22h-06h is quoted for Martinique";
        /// Paid for exports.
        feed_in_eur_per_mwh: f64 = 100.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
    }
}

const PRICE_SHAPE: [f64; 24] = [
    0.78, 0.75, 0.73, 0.72, 0.73, 0.78, 0.88, 0.97, 1.00, 0.98, 0.95, 0.94, 0.94, 0.95, 0.97, 1.00, 1.06, 1.16, 1.38,
    1.52, 1.45, 1.24, 1.05, 0.87,
];

const CO2_G_PER_KWH: [f64; 24] = [
    590.0, 588.0, 586.0, 585.0, 586.0, 588.0, 582.0, 570.0, 556.0, 546.0, 540.0, 537.0, 538.0, 542.0, 550.0, 562.0,
    578.0, 594.0, 612.0, 622.0, 618.0, 610.0, 600.0, 593.0,
];

parameters! {
    /// The DSO's prices and requests.
    pub(crate) struct DsoSection in "dso" {
        /// Mean price of consumption.
        price_eur_per_mwh: f64 = 230.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
        /// Price of each local hour relative to the mean.
        price_shape: [f64; 24] = PRICE_SHAPE, "share of the mean", Within(-100.0, 100.0), ASSUMPTION;
        /// Standard deviation of a day's mean price, relative.
        price_daily_spread: f64 = 0.08, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Price of production relative to that of consumption.
        production_price_ratio: f64 = 0.6, "share", Within(-10.0, 10.0), ASSUMPTION;
        /// CO2 intensity of each local hour.
        co2_g_per_kwh: [f64; 24] = CO2_G_PER_KWH, "g/kWh", Within(0.0, 1e4), "electricitymaps 2024: mean 582 g/kWh; the shape is assumed";
        /// Load control begins when the island's load exceeds this.
        load_control_above_mw: f64 = 222.0, "MW", Within(0.0, 1e6), ASSUMPTION;
        /// Share of rated power left to flexible loads.
        load_control_percent: f64 = 50.0, "%", Within(0.0, 100.0), "ADVENIR: half power in unfavourable slots";
        /// Demand response is asked for when the island's load exceeds this.
        demand_response_above_mw: f64 = 224.0, "MW", Within(0.0, 1e6), ASSUMPTION;
        /// How long a request holds.
        request: Span = Span::from_minutes(240), "duration", Any, ASSUMPTION;
    }
}

parameters! {
    /// The energy manager and its rules.
    pub(crate) struct EmsSection in "ems" {
        /// The portfolio it manages.
        portfolio: String = "cariflex".into(), "name", Any, "";
        /// Rule for batteries: "self-consumption" brings the portfolio's meter to zero; { rule = "price-threshold",
        /// charge_below_eur_per_mwh = 180, discharge_above_eur_per_mwh = 300 } goes by the DSO's price of consumption; "market"
        /// leaves them to their prosumer, who trades by the value of stored energy, and does what was traded. Its terms,
        /// { rule = "market", efficiency = 0.94, wear_eur_per_mwh = 10, margin = 0.06, window_days = 3, quantile = 0.1,
        /// steps = 4 }: efficiency one way; wear of a MWh through the terminals; share of the usable range kept out of the
        /// market at either end; the days of clearing prices that are remembered, of which the quantile, and as much from the top,
        /// are the price levels between which stored energy is valued; into how many orders a bid is divided. "schedule" plans ahead, as [schedule] says.
        batteries: Strategy = Strategy::SelfConsumption {}, "rule", Any, "terms of trade: assumptions";
        /// Rule for vehicles: "self-consumption" lets them charge at once; price-threshold as for batteries, never at the cost
        /// of a departure; market as for batteries (the margin is none of theirs): what must be charged before the departure is
        /// bid at the retailer's import price; schedule plans ahead, and has them charged when they leave.
        vehicles: Strategy = Strategy::SelfConsumption {}, "rule", Any, "terms of trade: assumptions";
    }
}

parameters! {
    /// The charge-point operator's tariff.
    pub(crate) struct ChargePointOperatorSection in "charge_point_operator" {
        /// Price of energy delivered to a vehicle.
        delivered_eur_per_mwh: f64 = 300.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
        /// Paid for energy a vehicle returns.
        returned_eur_per_mwh: f64 = 250.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
    }
}
