//! The scenario file: TOML, version 1, unknown keys rejected. Every field that is left out takes the default shown here.
//!
//! Defaults marked *assumption* have no source for Martinique and are there to be changed.

use crate::error::ScenarioError;
use agents::ems::Strategy;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The built-in scenarios by name.
const BUILT_IN: [(&str, &str); 1] = [("martinique", include_str!("../builtin/martinique.toml"))];

/// What a person writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Version of the format: 1.
    pub version: u32,
    /// Name of the scenario.
    pub name: String,
    /// Window, tick and seed.
    pub run: RunSection,
    /// Where it is.
    #[serde(default)]
    pub place: PlaceSection,
    /// The communes' demand; none without this section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loads: Option<LoadsSection>,
    /// The local market.
    #[serde(default)]
    pub market: MarketSection,
    /// The retailer.
    #[serde(default)]
    pub retailer: RetailerSection,
    /// The distribution system operator.
    #[serde(default)]
    pub dso: DsoSection,
    /// The energy manager.
    #[serde(default)]
    pub ems: EmsSection,
    /// The charge-point operator.
    #[serde(default)]
    pub charge_point_operator: ChargePointOperatorSection,
    /// PV plants.
    #[serde(default)]
    pub pv: Vec<PvEntry>,
    /// Batteries.
    #[serde(default)]
    pub battery: Vec<BatteryEntry>,
    /// Charge points.
    #[serde(default)]
    pub evse: Vec<EvseEntry>,
    /// Vehicles.
    #[serde(default)]
    pub ev: Vec<EvEntry>,
}

/// Window, tick and seed of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSection {
    /// First instant: a local date, or RFC 3339 with an offset. On the market's slot grid.
    pub start: String,
    /// Length of the run.
    pub duration: String,
    /// Length of a tick; divides the market slot.
    #[serde(default = "fifteen_minutes")]
    pub tick: String,
    /// Seed of every draw.
    #[serde(default)]
    pub seed: u64,
}

fn fifteen_minutes() -> String {
    "15m".into()
}

/// Where the scenario is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlaceSection {
    /// IANA time zone of market and tariff days; one without daylight saving.
    pub zone: String,
    /// Commune of the weather station whose irradiance is the signal.
    pub station: String,
    /// Altitude of all sites in metres.
    pub altitude_m: f64,
}

impl Default for PlaceSection {
    fn default() -> Self {
        Self { zone: "America/Martinique".into(), station: "Le Lamentin".into(), altitude_m: 10.0 }
    }
}

/// The communes' demand, shared out by population; one load and one site per commune.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadsSection {
    /// The portfolio their sites belong to.
    pub portfolio: String,
    /// Mean power of the whole island over the year, MW.
    pub mean_mw: f64,
    /// Demand at each full local hour relative to the mean. *Assumption*: evening peak from 18:30 to 21:00, night
    /// plateau from air conditioning.
    pub shape: [f64; 24],
    /// Relative change of demand per kelvin. *Assumption*.
    pub per_kelvin: f64,
    /// Temperature at which demand is as the shape says, °C. *Assumption*.
    pub reference_c: f64,
    /// Standard deviation of the hourly deviation, relative. *Assumption*.
    pub spread: f64,
}

/// Daily shape of the island's demand, an assumption with the evening peak that IEDOM and EDF SEI describe.
const DEMAND_SHAPE: [f64; 24] = [
    0.86, 0.82, 0.80, 0.79, 0.80, 0.84, 0.90, 0.95, 1.01, 1.06, 1.09, 1.11, 1.11, 1.09, 1.07, 1.05, 1.03, 1.04, 1.14,
    1.26, 1.22, 1.10, 0.99, 0.91,
];

impl Default for LoadsSection {
    fn default() -> Self {
        Self {
            portfolio: "communes".into(),
            mean_mw: 169.0,
            shape: DEMAND_SHAPE,
            per_kelvin: 0.02,
            reference_c: 27.0,
            spread: 0.03,
        }
    }
}

/// The local market: a call auction per delivery slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketSection {
    /// Name of the clearing mechanism.
    pub mechanism: String,
    /// Length of a delivery slot.
    pub slot: String,
    /// From gate closure to delivery: a whole number of slots, `"0m"` for none; one slot by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
}

impl Default for MarketSection {
    fn default() -> Self {
        Self { mechanism: "uniform-mid-truncated".into(), slot: fifteen_minutes(), lead: None }
    }
}

/// The retailer's tariff. All prices *assumptions* in EUR/MWh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetailerSection {
    /// Import outside off-peak hours.
    pub peak_eur_per_mwh: f64,
    /// Import in off-peak hours.
    pub off_peak_eur_per_mwh: f64,
    /// Local hour at which off-peak begins (22h-06h is quoted for Martinique).
    pub off_peak_from_h: f64,
    /// Local hour at which off-peak ends.
    pub off_peak_until_h: f64,
    /// Paid for exports.
    pub feed_in_eur_per_mwh: f64,
}

impl Default for RetailerSection {
    fn default() -> Self {
        Self {
            peak_eur_per_mwh: 270.0,
            off_peak_eur_per_mwh: 207.0,
            off_peak_from_h: 22.0,
            off_peak_until_h: 6.0,
            feed_in_eur_per_mwh: 100.0,
        }
    }
}

/// The DSO's prices and requests. All *assumptions*, but for the CO2 mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DsoSection {
    /// Mean price of consumption.
    pub price_eur_per_mwh: f64,
    /// Price of each local hour relative to the mean.
    pub price_shape: [f64; 24],
    /// Standard deviation of a day's mean price, relative.
    pub price_daily_spread: f64,
    /// Price of production relative to that of consumption.
    pub production_price_ratio: f64,
    /// CO2 intensity of each local hour: its mean is the 582 g/kWh of electricitymaps for 2024, its shape assumed.
    pub co2_g_per_kwh: [f64; 24],
    /// Load control begins when the island's load exceeds this.
    pub load_control_above_mw: f64,
    /// Share of rated power left to flexible loads.
    pub load_control_percent: f64,
    /// Demand response is asked for when the island's load exceeds this.
    pub demand_response_above_mw: f64,
    /// How long a request holds.
    pub request: String,
}

const PRICE_SHAPE: [f64; 24] = [
    0.78, 0.75, 0.73, 0.72, 0.73, 0.78, 0.88, 0.97, 1.00, 0.98, 0.95, 0.94, 0.94, 0.95, 0.97, 1.00, 1.06, 1.16, 1.38,
    1.52, 1.45, 1.24, 1.05, 0.87,
];

const CO2_G_PER_KWH: [f64; 24] = [
    590.0, 588.0, 586.0, 585.0, 586.0, 588.0, 582.0, 570.0, 556.0, 546.0, 540.0, 537.0, 538.0, 542.0, 550.0, 562.0,
    578.0, 594.0, 612.0, 622.0, 618.0, 610.0, 600.0, 593.0,
];

impl Default for DsoSection {
    fn default() -> Self {
        Self {
            price_eur_per_mwh: 230.0,
            price_shape: PRICE_SHAPE,
            price_daily_spread: 0.08,
            production_price_ratio: 0.6,
            co2_g_per_kwh: CO2_G_PER_KWH,
            load_control_above_mw: 222.0,
            load_control_percent: 50.0,
            demand_response_above_mw: 224.0,
            request: "4h".into(),
        }
    }
}

/// The energy manager and its rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmsSection {
    /// The portfolio it manages.
    pub portfolio: String,
    /// Rule for batteries.
    pub batteries: Strategy,
    /// Rule for vehicles.
    pub vehicles: Strategy,
}

impl Default for EmsSection {
    fn default() -> Self {
        let (batteries, vehicles) = (Strategy::SelfConsumption {}, Strategy::SelfConsumption {});
        Self { portfolio: "cariflex".into(), batteries, vehicles }
    }
}

/// The charge-point operator's tariff. *Assumptions*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChargePointOperatorSection {
    /// Price of energy delivered to a vehicle.
    pub delivered_eur_per_mwh: f64,
    /// Paid for energy a vehicle returns.
    pub returned_eur_per_mwh: f64,
}

impl Default for ChargePointOperatorSection {
    fn default() -> Self {
        Self { delivered_eur_per_mwh: 300.0, returned_eur_per_mwh: 250.0 }
    }
}

/// A PV plant. It has a site of its own name unless one is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PvEntry {
    /// Unique id, for instance `pv_01`.
    pub id: String,
    /// Commune it lies in.
    pub commune: String,
    /// Its site; its own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// DC power under standard test conditions.
    pub peak_kw: f64,
    /// Inclination from the horizontal.
    #[serde(default = "fifteen")]
    pub tilt_deg: f64,
    /// Direction it faces, from north, clockwise.
    #[serde(default = "south")]
    pub azimuth_deg: f64,
}

fn fifteen() -> f64 {
    15.0
}

fn south() -> f64 {
    180.0
}

/// A battery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatteryEntry {
    /// Unique id, for instance `bat_01`.
    pub id: String,
    /// Commune it lies in.
    pub commune: String,
    /// Its site; its own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Nominal energy.
    pub capacity_kwh: f64,
    /// Rated power at the AC terminals, both ways.
    pub power_kw: f64,
    /// Least share of the capacity it may hold. *Assumption*.
    #[serde(default = "five_percent")]
    pub min_soc: f64,
    /// Largest share of the capacity it may hold. *Assumption*.
    #[serde(default = "ninety_five_percent")]
    pub max_soc: f64,
    /// Share of the capacity it holds at the start.
    #[serde(default = "half")]
    pub initial_soc: f64,
}

fn five_percent() -> f64 {
    0.05
}

fn ninety_five_percent() -> f64 {
    0.95
}

fn half() -> f64 {
    0.5
}

/// A charge point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvseEntry {
    /// Unique id, for instance `evse_01`.
    pub id: String,
    /// Name on the wire, for instance `CP001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Commune it lies in.
    pub commune: String,
    /// Its site; its own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Rated power, both ways.
    pub power_kw: f64,
}

/// A vehicle and its driver. Habits are *assumptions*; their product is 23 km a day (lenergeek 2018).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvEntry {
    /// Unique id, for instance `ev_01`.
    pub id: String,
    /// Commune of its home.
    pub commune: String,
    /// Its site; its own by default. A vehicle's energy is metered at its charge point's site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The charge point it uses.
    pub evse: String,
    /// Nominal energy.
    pub capacity_kwh: f64,
    /// Rated power of the on-board charger, both ways.
    pub power_kw: f64,
    /// Whether it can give energy back.
    #[serde(default = "yes")]
    pub v2g: bool,
    /// Share of the capacity it holds at the start.
    #[serde(default = "half")]
    pub initial_soc: f64,
    /// Share of the capacity wanted at departure.
    #[serde(default = "eighty_percent")]
    pub target_soc: f64,
    /// Share of the capacity below which it does not discharge into the network.
    #[serde(default = "half")]
    pub reserve_soc: f64,
    /// The driver plugs in on return below this share of the capacity.
    #[serde(default = "seventy_five_percent")]
    pub plug_below_soc: f64,
    /// Probability that a day is a driving day.
    #[serde(default = "eighty_percent")]
    pub drives_on_a_day: f64,
    /// Mean distance of a driving day.
    #[serde(default = "mean_distance_km")]
    pub distance_km: f64,
    /// Consumption at the battery.
    #[serde(default = "consumption_kwh_per_km")]
    pub consumption_kwh_per_km: f64,
    /// Mean departure, local hour.
    #[serde(default = "departure_h")]
    pub departure_h: f64,
    /// Mean time away in hours.
    #[serde(default = "away_h")]
    pub away_h: f64,
}

fn yes() -> bool {
    true
}

fn eighty_percent() -> f64 {
    0.8
}

fn seventy_five_percent() -> f64 {
    0.75
}

fn mean_distance_km() -> f64 {
    28.75
}

fn consumption_kwh_per_km() -> f64 {
    0.17
}

fn departure_h() -> f64 {
    7.25
}

fn away_h() -> f64 {
    10.5
}

impl Scenario {
    /// Loads a built-in scenario by name, or a file by path.
    ///
    /// # Errors
    /// [`ScenarioError::NotFound`], [`ScenarioError::Read`] or [`ScenarioError::Syntax`] with line and column.
    pub fn load(name: &str) -> Result<Self, ScenarioError> {
        if let Some((_, text)) = BUILT_IN.into_iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(text, Path::new(name));
        }
        let path = Path::new(name);
        if !path.exists() {
            let known = BUILT_IN.map(|(name, _)| format!("`{name}`")).join(", ");
            return Err(ScenarioError::NotFound { name: name.into(), known });
        }
        let text = fs::read_to_string(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a scenario from TOML; `path` is named in errors.
    ///
    /// # Errors
    /// [`ScenarioError::Syntax`] with line and column, or [`ScenarioError::Value`] for an unknown version.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Syntax {
            path: path.into(),
            message: error.to_string().trim_end().into(),
        })?;
        if scenario.version != 1 {
            let problem = format!("is {}: this program reads version 1", scenario.version);
            return Err(ScenarioError::value("version", problem));
        }
        Ok(scenario)
    }
}
