//! Power by group and bin, from one pass over the table `assets`.

use std::collections::BTreeMap;

use agents::Time;
use results::ResultsError;
use results::read::{Batch, Table};
use serde_json::{Map, Value};

use super::groups::{Group, Grouping};
use crate::calendar::Bins;
use crate::rounded::for_drawing;

/// What is drawn of the assets together; power is positive in every series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Series {
    Pv,
    BatteryDischarge,
    VehicleDischarge,
    Communes,
    Households,
    Commercial,
    Loads,
    BatteryCharge,
    VehicleCharge,
    BatteryStored,
    VehicleStored,
    Connected,
}

impl Series {
    pub(crate) const ALL: [Self; 12] = [
        Self::Pv,
        Self::BatteryDischarge,
        Self::VehicleDischarge,
        Self::Communes,
        Self::Households,
        Self::Commercial,
        Self::Loads,
        Self::BatteryCharge,
        Self::VehicleCharge,
        Self::BatteryStored,
        Self::VehicleStored,
        Self::Connected,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Pv => "pv",
            Self::BatteryDischarge => "battery_discharge",
            Self::VehicleDischarge => "ev_discharge",
            Self::Communes => "communes",
            Self::Households => "households",
            Self::Commercial => "commercial",
            Self::Loads => "loads",
            Self::BatteryCharge => "battery_charge",
            Self::VehicleCharge => "ev_charge",
            Self::BatteryStored => "battery_stored_kwh",
            Self::VehicleStored => "ev_stored_kwh",
            Self::Connected => "connected",
        }
    }

    /// Whether it is a state at the end of an interval rather than a mean over it.
    fn is_state(self) -> bool {
        matches!(self, Self::BatteryStored | Self::VehicleStored | Self::Connected)
    }

    /// Where power of a group is added.
    fn of_power(group: Group, power_kw: f64) -> Option<Self> {
        Some(match group {
            Group::Pv => Self::Pv,
            Group::Battery if power_kw < 0.0 => Self::BatteryDischarge,
            Group::Battery => Self::BatteryCharge,
            Group::ChargePoint if power_kw < 0.0 => Self::VehicleDischarge,
            Group::ChargePoint => Self::VehicleCharge,
            Group::Vehicle => return None,
            Group::Household => Self::Households,
            Group::Commercial => Self::Commercial,
            Group::Commune => Self::Communes,
            Group::Load => Self::Loads,
        })
    }
}

/// An asset and how much went through it.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    pub(crate) name: String,
    pub(crate) group: Group,
    /// Sum of the magnitudes of its powers: the energy moved, but for the length of intervals.
    pub(crate) moved: f64,
}

/// Everything that is drawn of the assets together.
#[derive(Debug)]
pub(crate) struct Flows {
    series: Vec<Vec<f64>>,
    /// Intervals of each bin.
    intervals: Vec<u32>,
    pub(crate) assets: Vec<Asset>,
}

impl Flows {
    /// Adds up the table `assets`.
    pub(crate) fn read(table: &Table, bins: &Bins, grouping: &Grouping) -> Result<Self, ResultsError> {
        let mut sums = Sums {
            flows: Self {
                series: vec![vec![0.0; bins.len()]; Series::ALL.len()],
                intervals: vec![0; bins.len()],
                assets: Vec::new(),
            },
            index: BTreeMap::new(),
            time: None,
            bin: None,
        };
        for batch in table.batches(&["time", "asset", "kind", "power_kw", "energy_kwh", "state"])? {
            sums.add(&batch?, bins, grouping)?;
        }
        let mut flows = sums.flows;
        for (series, values) in Series::ALL.iter().zip(&mut flows.series) {
            if !series.is_state() {
                values.iter_mut().zip(&flows.intervals).for_each(|(sum, count)| *sum /= f64::from(*count));
            }
        }
        Ok(flows)
    }

    /// The value of a series in a bin: mean kW, kWh or number; none where nothing was recorded.
    pub(crate) fn value(&self, series: Series, bin: usize) -> Option<f64> {
        (self.intervals[bin] > 0).then(|| self.series[series as usize][bin])
    }

    /// Energy of a series over the run, in kWh.
    pub(crate) fn energy_kwh(&self, series: Series, bins: &Bins) -> f64 {
        (0..bins.len()).filter_map(|bin| Some(self.value(series, bin)? * bins.hours(bin))).sum()
    }

    /// The series that are not zero throughout.
    pub(crate) fn document(&self, bins: &Bins) -> Value {
        let mut series = Map::new();
        for one in Series::ALL {
            let values: Vec<_> = (0..bins.len()).map(|bin| self.value(one, bin)).collect();
            if values.iter().flatten().any(|value| *value != 0.0) {
                series.insert(one.name().to_owned(), for_drawing(&values));
            }
        }
        series.into()
    }
}

/// Sums under way.
struct Sums {
    flows: Flows,
    index: BTreeMap<String, Option<usize>>,
    time: Option<Time>,
    bin: Option<usize>,
}

impl Sums {
    fn add(&mut self, batch: &Batch, bins: &Bins, grouping: &Grouping) -> Result<(), ResultsError> {
        let times = batch.times("time")?;
        let (names, kinds, states) = (batch.names("asset")?, batch.names("kind")?, batch.names("state")?);
        let (power_kw, energy_kwh) = (batch.numbers("power_kw")?, batch.numbers("energy_kwh")?);
        // Names are looked up once per batch.
        let mut known: Vec<Option<Option<usize>>> = vec![None; names.values().len()];
        for row in 0..batch.rows() {
            let (Some(time), Some(place), Some(power_kw)) = (times[row], names.place(row), power_kw[row]) else {
                continue;
            };
            self.begin(time, bins);
            let asset = *known[place]
                .get_or_insert_with(|| self.asset(names.values()[place], kinds.get(row).unwrap_or(""), grouping));
            let (Some(asset), Some(bin)) = (asset, self.bin) else { continue };
            let asset = &mut self.flows.assets[asset];
            asset.moved += power_kw.abs();
            let group = asset.group;
            let mut add = |series: Series, value: f64| self.flows.series[series as usize][bin] += value;
            if let Some(series) = Series::of_power(group, power_kw) {
                // Loads may give, and plants take a little: that keeps its sign.
                let is_signed = !matches!(group, Group::Battery | Group::ChargePoint | Group::Pv);
                add(
                    series,
                    if group == Group::Pv {
                        -power_kw
                    } else if is_signed {
                        power_kw
                    } else {
                        power_kw.abs()
                    },
                );
            }
            match group {
                Group::Battery => add(Series::BatteryStored, energy_kwh[row].unwrap_or(0.0)),
                Group::Vehicle => add(Series::VehicleStored, energy_kwh[row].unwrap_or(0.0)),
                Group::ChargePoint if !matches!(states.get(row), Some("available" | "faulted")) => {
                    add(Series::Connected, 1.0)
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Goes on to an interval; states are those of the last interval of a bin.
    fn begin(&mut self, time: Time, bins: &Bins) {
        if self.time == Some(time) {
            return;
        }
        self.time = Some(time);
        self.bin = bins.of(time);
        if let Some(bin) = self.bin {
            self.flows.intervals[bin] += 1;
            for series in Series::ALL.iter().filter(|series| series.is_state()) {
                self.flows.series[*series as usize][bin] = 0.0;
            }
        }
    }

    fn asset(&mut self, name: &str, kind: &str, grouping: &Grouping) -> Option<usize> {
        if let Some(known) = self.index.get(name) {
            return *known;
        }
        let asset = grouping.group(name, kind).map(|group| {
            self.flows.assets.push(Asset { name: name.to_owned(), group, moved: 0.0 });
            self.flows.assets.len() - 1
        });
        self.index.insert(name.to_owned(), asset);
        asset
    }
}
