//! The tables with rows per interval: `assets`, `sites`, `signals`, `supply`, `mirror`, `faults`.

use std::sync::Arc;

use agents::Time;
use agents::reading::{AssetReading, MirrorReading, SignalReading, SiteReading, SupplyReading};

use crate::columns::{Column, FlagColumn, NameColumn, NumberColumn, OptionalColumn, TimeColumn};
use crate::error::ResultsError;
use crate::faults::{FaultColumns, FaultRow};
use crate::folder::Folder;
use crate::names::Names;
use crate::run::RunInfo;
use crate::schema::{ASSETS, FAULTS, MIRROR, SIGNALS, SITES, SUPPLY, Table};
use crate::table::{Columns, TableWriter};

/// The tables with rows per interval.
pub(crate) struct IntervalTables {
    assets: TableWriter<AssetColumns>,
    sites: TableWriter<SiteColumns>,
    signals: TableWriter<SignalColumns>,
    supply: TableWriter<SupplyColumns>,
    mirror: TableWriter<MirrorColumns>,
    faults: TableWriter<FaultColumns>,
}

/// The readings of the interval, or hour, that begins at `start`; ids are in the catalogue.
pub(crate) struct Readings<'a> {
    pub(crate) start: Time,
    pub(crate) assets: &'a [AssetReading],
    pub(crate) sites: &'a [SiteReading],
    pub(crate) signals: &'a [SignalReading],
    pub(crate) supply: &'a [SupplyReading],
    pub(crate) mirror: &'a [MirrorReading],
    pub(crate) faults: Vec<FaultRow>,
}

impl IntervalTables {
    /// What is written.
    pub(crate) const TABLES: [Table; 6] = [ASSETS, SITES, SIGNALS, SUPPLY, MIRROR, FAULTS];

    pub(crate) fn create(folder: &Folder, info: &RunInfo, names: &Arc<Names>) -> Result<Self, ResultsError> {
        Ok(Self {
            assets: TableWriter::create(AssetColumns::new(names), folder.partial(&ASSETS), info)?,
            sites: TableWriter::create(SiteColumns::new(names), folder.partial(&SITES), info)?,
            signals: TableWriter::create(SignalColumns::new(names), folder.partial(&SIGNALS), info)?,
            supply: TableWriter::create(SupplyColumns::new(names), folder.partial(&SUPPLY), info)?,
            mirror: TableWriter::create(MirrorColumns::new(names), folder.partial(&MIRROR), info)?,
            faults: TableWriter::create(FaultColumns::new(names), folder.partial(&FAULTS), info)?,
        })
    }

    /// Appends the readings of an interval.
    pub(crate) fn push(&mut self, readings: Readings<'_>) -> Result<(), ResultsError> {
        let Readings { start, assets, sites, signals, supply, mirror, faults } = readings;
        assets.iter().try_for_each(|&reading| self.assets.push(&(start, reading)))?;
        sites.iter().try_for_each(|&reading| self.sites.push(&(start, reading)))?;
        signals.iter().try_for_each(|&reading| self.signals.push(&(start, reading)))?;
        supply.iter().try_for_each(|reading| self.supply.push(reading))?;
        mirror.iter().try_for_each(|&reading| self.mirror.push(&(start, reading)))?;
        faults.into_iter().try_for_each(|row| self.faults.push(&(start, row)))
    }

    /// Closes the files; returns the numbers of rows in the order of [`Self::TABLES`].
    pub(crate) fn close(self) -> Result<Vec<u64>, ResultsError> {
        Ok(vec![
            self.assets.close()?,
            self.sites.close()?,
            self.signals.close()?,
            self.supply.close()?,
            self.mirror.close()?,
            self.faults.close()?,
        ])
    }
}

struct AssetColumns {
    names: Arc<Names>,
    time: TimeColumn,
    asset: NameColumn,
    kind: NameColumn,
    power_kw: NumberColumn<f64>,
    setpoint_kw: OptionalColumn<f64>,
    energy_kwh: OptionalColumn<f64>,
    state: NameColumn,
    reactive_kvar: OptionalColumn<f64>,
}

impl AssetColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            asset: NameColumn::new(&names.participants),
            kind: NameColumn::new(&names.kinds),
            power_kw: NumberColumn::default(),
            setpoint_kw: OptionalColumn::default(),
            energy_kwh: OptionalColumn::default(),
            state: NameColumn::new(&names.states),
            reactive_kvar: OptionalColumn::default(),
        }
    }
}

impl Columns for AssetColumns {
    const TABLE: Table = ASSETS;
    type Row<'a> = (Time, AssetReading);

    fn push(&mut self, &(time, reading): &Self::Row<'_>) -> Result<(), ResultsError> {
        self.time.push(time);
        self.asset.push(reading.asset.index());
        self.kind.push(self.names.kind_of[reading.asset.index()] as usize);
        self.power_kw.push(reading.power_kw);
        self.setpoint_kw.push(reading.setpoint_kw);
        self.energy_kwh.push(reading.energy_kwh);
        self.state.push(reading.state as usize);
        self.reactive_kvar.push(reading.reactive_kvar);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.asset,
            &mut self.kind,
            &mut self.power_kw,
            &mut self.setpoint_kw,
            &mut self.energy_kwh,
            &mut self.state,
            &mut self.reactive_kvar,
        ]
    }
}

struct SiteColumns {
    time: TimeColumn,
    site: NameColumn,
    power_kw: NumberColumn<f64>,
    import_kwh: NumberColumn<f64>,
    export_kwh: NumberColumn<f64>,
    imbalance_kw: NumberColumn<f64>,
}

impl SiteColumns {
    fn new(names: &Names) -> Self {
        Self {
            time: TimeColumn::default(),
            site: NameColumn::new(&names.sites),
            power_kw: NumberColumn::default(),
            import_kwh: NumberColumn::default(),
            export_kwh: NumberColumn::default(),
            imbalance_kw: NumberColumn::default(),
        }
    }
}

impl Columns for SiteColumns {
    const TABLE: Table = SITES;
    type Row<'a> = (Time, SiteReading);

    fn push(&mut self, &(time, reading): &Self::Row<'_>) -> Result<(), ResultsError> {
        self.time.push(time);
        self.site.push(reading.site.index());
        self.power_kw.push(reading.power_kw);
        self.import_kwh.push(reading.import_kwh);
        self.export_kwh.push(reading.export_kwh);
        self.imbalance_kw.push(reading.imbalance_kw);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.site,
            &mut self.power_kw,
            &mut self.import_kwh,
            &mut self.export_kwh,
            &mut self.imbalance_kw,
        ]
    }
}

struct SignalColumns {
    time: TimeColumn,
    signal: NameColumn,
    value: NumberColumn<f64>,
    unit: NameColumn,
}

impl SignalColumns {
    fn new(names: &Names) -> Self {
        Self {
            time: TimeColumn::default(),
            signal: NameColumn::new(&names.signals),
            value: NumberColumn::default(),
            unit: NameColumn::new(&names.signal_units),
        }
    }
}

impl Columns for SignalColumns {
    const TABLE: Table = SIGNALS;
    type Row<'a> = (Time, SignalReading);

    fn push(&mut self, &(time, reading): &Self::Row<'_>) -> Result<(), ResultsError> {
        let key = reading.signal as usize;
        self.time.push(time);
        self.signal.push(key);
        self.value.push(reading.value);
        self.unit.push(key);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![&mut self.time, &mut self.signal, &mut self.value, &mut self.unit]
    }
}

struct SupplyColumns {
    time: TimeColumn,
    source: NameColumn,
    power_kw: NumberColumn<f64>,
    curtailed_kw: NumberColumn<f64>,
    units_online: OptionalColumn<f64>,
    fuel_kg: OptionalColumn<f64>,
    co2_kg: OptionalColumn<f64>,
}

impl SupplyColumns {
    fn new(names: &Names) -> Self {
        Self {
            time: TimeColumn::default(),
            source: NameColumn::new(&names.sources),
            power_kw: NumberColumn::default(),
            curtailed_kw: NumberColumn::default(),
            units_online: OptionalColumn::default(),
            fuel_kg: OptionalColumn::default(),
            co2_kg: OptionalColumn::default(),
        }
    }
}

impl Columns for SupplyColumns {
    const TABLE: Table = SUPPLY;
    type Row<'a> = SupplyReading;

    fn push(&mut self, reading: &Self::Row<'_>) -> Result<(), ResultsError> {
        self.time.push(reading.slot.start);
        self.source.push(reading.source as usize);
        self.power_kw.push(reading.power_kw);
        self.curtailed_kw.push(reading.curtailed_kw);
        self.units_online.push(reading.units_online);
        self.fuel_kg.push(reading.fuel_kg);
        self.co2_kg.push(reading.co2_kg);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.source,
            &mut self.power_kw,
            &mut self.curtailed_kw,
            &mut self.units_online,
            &mut self.fuel_kg,
            &mut self.co2_kg,
        ]
    }
}

struct MirrorColumns {
    time: TimeColumn,
    asset: NameColumn,
    field_power_kw: OptionalColumn<f64>,
    model_power_kw: NumberColumn<f64>,
    residual_kw: OptionalColumn<f64>,
    field_energy_kwh: OptionalColumn<f64>,
    energy_residual_kwh: OptionalColumn<f64>,
    staleness_s: NumberColumn<f64>,
    is_stale: FlagColumn,
}

impl MirrorColumns {
    fn new(names: &Names) -> Self {
        Self {
            time: TimeColumn::default(),
            asset: NameColumn::new(&names.participants),
            field_power_kw: OptionalColumn::default(),
            model_power_kw: NumberColumn::default(),
            residual_kw: OptionalColumn::default(),
            field_energy_kwh: OptionalColumn::default(),
            energy_residual_kwh: OptionalColumn::default(),
            staleness_s: NumberColumn::default(),
            is_stale: FlagColumn::default(),
        }
    }
}

impl Columns for MirrorColumns {
    const TABLE: Table = MIRROR;
    type Row<'a> = (Time, MirrorReading);

    fn push(&mut self, &(time, reading): &Self::Row<'_>) -> Result<(), ResultsError> {
        self.time.push(time);
        self.asset.push(reading.asset.index());
        self.field_power_kw.push(reading.field_power_kw);
        self.model_power_kw.push(reading.model_power_kw);
        self.residual_kw.push(reading.residual_kw);
        self.field_energy_kwh.push(reading.field_energy_kwh);
        self.energy_residual_kwh.push(reading.energy_residual_kwh);
        self.staleness_s.push(reading.staleness_s);
        self.is_stale.push(reading.is_stale);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.asset,
            &mut self.field_power_kw,
            &mut self.model_power_kw,
            &mut self.residual_kw,
            &mut self.field_energy_kwh,
            &mut self.energy_residual_kwh,
            &mut self.staleness_s,
            &mut self.is_stale,
        ]
    }
}
