//! Interval rows aggregated to hours.

use crate::faults::{FaultHour, FaultRow};
use crate::intervals::Readings;
use agents::reading::{
    AssetReading, MirrorReading, Signal, SignalReading, SiteReading, Source, SupplyReading, round_energy_kwh,
    round_mass_kg, round_power_kw, round_ratio,
};
use agents::record::{Catalogue, IntervalRows};
use agents::{ParticipantId, SiteId, Slot, Span, Time};
use std::collections::BTreeMap;

/// Aggregates the intervals that start within one hour of UTC into one reading per asset, site and
/// signal.
///
/// Intervals are never split: one of more than an hour stands alone, one that straddles the hour
/// belongs to the hour in which it starts. The aggregate is stamped with the start of its first
/// interval, so that every row lasts until the next one, at any tick. A market slot divides the hour, and belongs to the
/// hour of the interval with which it ends.
#[derive(Debug)]
pub(crate) struct Hours {
    /// Start of the first interval of the open hour; none before the first interval and after the last.
    start: Option<Time>,
    assets: Vec<AssetHour>,
    sites: Vec<SiteHour>,
    signals: [Mean; Signal::ALL.len()],
    supply: [SupplyHour; Source::ALL.len()],
    mirror: BTreeMap<ParticipantId, MirrorHour>,
    faults: BTreeMap<ParticipantId, FaultHour>,
}

/// A finished hour.
#[derive(Debug, PartialEq)]
pub(crate) struct Hour {
    pub(crate) start: Time,
    pub(crate) assets: Vec<AssetReading>,
    pub(crate) sites: Vec<SiteReading>,
    pub(crate) signals: Vec<SignalReading>,
    pub(crate) supply: Vec<SupplyReading>,
    pub(crate) mirror: Vec<MirrorReading>,
    pub(crate) faults: Vec<FaultRow>,
}

/// A time-weighted mean of the values that were there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum_ms: f64,
    weight_ms: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct AssetHour {
    power_kw: Mean,
    setpoint_kw: Mean,
    reactive_kvar: Mean,
    last: Option<AssetReading>,
}

#[derive(Clone, Copy, Debug, Default)]
struct SiteHour {
    power_kw: Mean,
    import_kwh: f64,
    export_kwh: f64,
    imbalance_kw: Mean,
}

#[derive(Clone, Copy, Debug, Default)]
struct SupplyHour {
    /// From the first slot of the hour to the last.
    slots: Option<Slot>,
    power_kw: Mean,
    curtailed_kw: Mean,
    units_online: Mean,
    fuel_kg: Option<f64>,
    co2_kg: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct MirrorHour {
    field_power_kw: Mean,
    model_power_kw: Mean,
    residual_kw: Mean,
    field_energy_kwh: Option<f64>,
    energy_residual_kwh: Option<f64>,
    staleness_s: f64,
    is_stale: bool,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64, length: Span) {
        self.sum_ms += value * length.0 as f64;
        self.weight_ms += length.0 as f64;
    }

    pub(crate) fn value(self) -> Option<f64> {
        (self.weight_ms > 0.0).then(|| self.sum_ms / self.weight_ms)
    }
}

impl Hours {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        Self {
            start: None,
            assets: vec![AssetHour::default(); catalogue.participants.len()],
            sites: vec![SiteHour::default(); catalogue.sites.len()],
            signals: Default::default(),
            supply: Default::default(),
            mirror: BTreeMap::new(),
            faults: BTreeMap::new(),
        }
    }

    /// Takes an interval; returns the hour before if the interval opens another one.
    ///
    /// Readings of ids outside the catalogue, and of faults without the asset's own, have been refused before.
    pub(crate) fn add(&mut self, rows: &IntervalRows<'_>) -> Option<Hour> {
        let same_hour = |start: Time| start.floor(Span::HOUR) == rows.start.floor(Span::HOUR);
        let finished = if self.start.is_some_and(same_hour) { None } else { self.finish() };
        self.start.get_or_insert(rows.start);
        for reading in rows.assets {
            let hour = &mut self.assets[reading.asset.index()];
            hour.power_kw.add(reading.power_kw, rows.length);
            if let Some(setpoint_kw) = reading.setpoint_kw {
                hour.setpoint_kw.add(setpoint_kw, rows.length);
            }
            if let Some(reactive_kvar) = reading.reactive_kvar {
                hour.reactive_kvar.add(reactive_kvar, rows.length);
            }
            hour.last = Some(*reading);
        }
        for reading in rows.sites {
            let hour = &mut self.sites[reading.site.index()];
            hour.power_kw.add(reading.power_kw, rows.length);
            hour.import_kwh += reading.import_kwh;
            hour.export_kwh += reading.export_kwh;
            hour.imbalance_kw.add(reading.imbalance_kw, rows.length);
        }
        for reading in rows.signals {
            self.signals[reading.signal as usize].add(reading.value, rows.length);
        }
        for reading in rows.supply {
            self.supply[reading.source as usize].add(reading);
        }
        for reading in rows.mirror {
            self.mirror.entry(reading.asset).or_default().add(reading, rows.length);
        }
        for row in rows.faults.iter().filter_map(|reading| FaultRow::of(reading, rows.assets)) {
            self.faults.entry(row.asset).or_default().add(&row, rows.length);
        }
        finished
    }

    /// Closes the open hour, if there is one.
    pub(crate) fn finish(&mut self) -> Option<Hour> {
        let start = self.start.take()?;
        let assets = self.assets.iter_mut().enumerate().filter_map(|(i, hour)| std::mem::take(hour).reading(i));
        let sites = self.sites.iter_mut().enumerate().filter_map(|(i, hour)| std::mem::take(hour).reading(i));
        let signals = Signal::ALL.into_iter().zip(std::mem::take(&mut self.signals));
        let supply = Source::ALL.into_iter().zip(std::mem::take(&mut self.supply));
        let mirror = std::mem::take(&mut self.mirror);
        let faults = std::mem::take(&mut self.faults);
        Some(Hour {
            start,
            assets: assets.collect(),
            sites: sites.collect(),
            signals: signals.filter_map(|(signal, mean)| Some(signal.reading(mean.value()?))).collect(),
            supply: supply.filter_map(|(source, hour)| hour.reading(source)).collect(),
            mirror: mirror.into_iter().filter_map(|(asset, hour)| hour.reading(asset)).collect(),
            faults: faults.into_iter().filter_map(|(asset, hour)| hour.row(asset)).collect(),
        })
    }
}

impl Hour {
    pub(crate) fn readings(&mut self) -> Readings<'_> {
        Readings {
            start: self.start,
            assets: &self.assets,
            sites: &self.sites,
            signals: &self.signals,
            supply: &self.supply,
            mirror: &self.mirror,
            faults: std::mem::take(&mut self.faults),
        }
    }
}

impl AssetHour {
    fn reading(self, index: usize) -> Option<AssetReading> {
        let last = self.last?;
        Some(AssetReading {
            asset: ParticipantId(index as u32),
            power_kw: round_power_kw(self.power_kw.value()?),
            setpoint_kw: self.setpoint_kw.value().map(round_power_kw),
            reactive_kvar: self.reactive_kvar.value().map(round_power_kw),
            ..last
        })
    }
}

impl SiteHour {
    fn reading(self, index: usize) -> Option<SiteReading> {
        Some(SiteReading {
            site: SiteId(index as u32),
            power_kw: round_power_kw(self.power_kw.value()?),
            import_kwh: round_energy_kwh(self.import_kwh),
            export_kwh: round_energy_kwh(self.export_kwh),
            imbalance_kw: round_power_kw(self.imbalance_kw.value()?),
        })
    }
}

impl SupplyHour {
    fn add(&mut self, reading: &SupplyReading) {
        let slot = reading.slot;
        let slots = self.slots.get_or_insert(slot);
        slots.length = slot.end() - slots.start;
        self.power_kw.add(reading.power_kw, slot.length);
        self.curtailed_kw.add(reading.curtailed_kw, slot.length);
        if let Some(units_online) = reading.units_online {
            self.units_online.add(units_online, slot.length);
        }
        for (sum, mass_kg) in [(&mut self.fuel_kg, reading.fuel_kg), (&mut self.co2_kg, reading.co2_kg)] {
            if let Some(mass_kg) = mass_kg {
                *sum.get_or_insert(0.0) += mass_kg;
            }
        }
    }

    fn reading(self, source: Source) -> Option<SupplyReading> {
        Some(SupplyReading {
            slot: self.slots?,
            source,
            power_kw: round_power_kw(self.power_kw.value()?),
            curtailed_kw: round_power_kw(self.curtailed_kw.value()?),
            units_online: self.units_online.value().map(round_ratio),
            fuel_kg: self.fuel_kg.map(round_mass_kg),
            co2_kg: self.co2_kg.map(round_mass_kg),
        })
    }
}

impl MirrorHour {
    fn add(&mut self, reading: &MirrorReading, length: Span) {
        self.model_power_kw.add(reading.model_power_kw, length);
        for (mean, power_kw) in
            [(&mut self.field_power_kw, reading.field_power_kw), (&mut self.residual_kw, reading.residual_kw)]
        {
            if let Some(power_kw) = power_kw {
                mean.add(power_kw, length);
            }
        }
        self.field_energy_kwh = reading.field_energy_kwh.or(self.field_energy_kwh);
        if let Some(residual_kwh) = reading.energy_residual_kwh {
            *self.energy_residual_kwh.get_or_insert(0.0) += residual_kwh;
        }
        self.staleness_s = self.staleness_s.max(reading.staleness_s);
        self.is_stale |= reading.is_stale;
    }

    fn reading(self, asset: ParticipantId) -> Option<MirrorReading> {
        Some(MirrorReading {
            asset,
            field_power_kw: self.field_power_kw.value().map(round_power_kw),
            model_power_kw: round_power_kw(self.model_power_kw.value()?),
            residual_kw: self.residual_kw.value().map(round_power_kw),
            field_energy_kwh: self.field_energy_kwh,
            energy_residual_kwh: self.energy_residual_kwh.map(round_energy_kwh),
            staleness_s: self.staleness_s,
            is_stale: self.is_stale,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Kind;
    use agents::reading::AssetState;
    use agents::record::{ParticipantEntry, SiteEntry};

    fn catalogue() -> Catalogue {
        let asset = |id: &str| ParticipantEntry { id: id.into(), kind: Kind::Battery, site: None, capacity_kwh: None };
        let site = SiteEntry { name: "a".into(), commune: "c".into(), portfolio: None };
        Catalogue { participants: vec![asset("bat_01"), asset("bat_02")], sites: vec![site], ..Catalogue::default() }
    }

    fn battery(power_kw: f64, setpoint_kw: Option<f64>, energy_kwh: f64, state: AssetState) -> AssetReading {
        let (asset, energy_kwh) = (ParticipantId(1), Some(energy_kwh));
        AssetReading { asset, power_kw, setpoint_kw, energy_kwh, reactive_kvar: None, state }
    }

    fn add(
        hours: &mut Hours,
        start_s: i64,
        length_s: i64,
        asset: AssetReading,
        import_kwh: f64,
        irradiance: f64,
    ) -> Option<Hour> {
        let imbalance_kw = asset.power_kw.abs() / 2.0;
        let site = SiteReading { site: SiteId(0), power_kw: asset.power_kw, import_kwh, export_kwh: 0.0, imbalance_kw };
        hours.add(&IntervalRows {
            start: Time(start_s * 1000),
            length: Span::from_s(length_s),
            assets: &[asset],
            sites: &[site],
            signals: &[Signal::Irradiance.reading(irradiance)],
            supply: &[],
            mirror: &[],
            faults: &[],
            records: &[],
        })
    }

    #[test]
    fn an_hour_is_weighted_by_time_and_keeps_the_last_state() {
        let mut hours = Hours::new(&catalogue());
        assert_eq!(add(&mut hours, 0, 900, battery(4.0, Some(4.0), 10.0, AssetState::Charging), 1.0, 100.0), None);
        assert_eq!(add(&mut hours, 900, 2700, battery(-2.0, None, 8.5, AssetState::Discharging), 0.001, 500.0), None);
        let hour =
            add(&mut hours, 3600, 900, battery(7.0, None, 9.0, AssetState::Charging), 0.0, 0.0).expect("an hour");
        assert_eq!(hour.start, Time(0));
        // (4 · 900 − 2 · 2700) / 3600, and the setpoint of the only interval that had one.
        assert_eq!(hour.assets, [battery(-0.5, Some(4.0), 8.5, AssetState::Discharging)]);
        // The imbalance is a mean of magnitudes: (2 · 900 + 1 · 2700) / 3600.
        let (site, imbalance_kw) = (SiteId(0), 1.25);
        let expected = SiteReading { site, power_kw: -0.5, import_kwh: 1.001, export_kwh: 0.0, imbalance_kw };
        assert_eq!(hour.sites, [expected]);
        assert_eq!(hour.signals, [Signal::Irradiance.reading(400.0)]);
        let rest = hours.finish().expect("the open hour");
        assert_eq!((rest.start, rest.assets[0].power_kw), (Time(3_600_000), 7.0));
        assert_eq!(hours.finish(), None);
    }

    #[test]
    fn reactive_power_is_the_mean_of_the_intervals_that_had_one() {
        let mut hours = Hours::new(&catalogue());
        let with = |reactive_kvar| AssetReading { reactive_kvar, ..battery(0.0, None, 1.0, AssetState::Idle) };
        add(&mut hours, 0, 900, with(Some(2.0)), 0.0, 0.0);
        add(&mut hours, 900, 1800, with(Some(-1.0)), 0.0, 0.0);
        add(&mut hours, 2700, 900, with(None), 0.0, 0.0);
        // (2 · 900 − 1 · 1800) / 2700.
        assert_eq!(hours.finish().expect("an hour").assets, [with(Some(0.0))]);
    }

    #[test]
    fn an_interval_of_more_than_an_hour_stands_alone() {
        let mut hours = Hours::new(&catalogue());
        add(&mut hours, 600, 7200, battery(1.0, None, 1.0, AssetState::Charging), 0.0, 0.0);
        let hour = add(&mut hours, 7800, 7200, battery(2.0, None, 1.0, AssetState::Charging), 0.0, 0.0);
        assert_eq!(hour.expect("an hour").start, Time(600_000));
    }
}
