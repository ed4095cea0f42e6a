//! The table `faults`: what faulty devices showed beside what was so, interval by interval or hour by hour.

use agents::fault::FaultKind;
use agents::reading::{AssetReading, FaultReading, Link, round_power_kw};
use agents::{ParticipantId, Span, Time};
use std::collections::BTreeSet;

use crate::columns::{Column, FlagColumn, NameColumn, NumberColumn, OptionalColumn, TextColumn, TimeColumn};
use crate::error::ResultsError;
use crate::hourly::Mean;
use crate::names::Names;
use crate::schema::{FAULTS, Table};
use crate::table::Columns;

/// A row: what a device showed, and what was so.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FaultRow {
    pub(crate) asset: ParticipantId,
    pub(crate) faults: Vec<FaultKind>,
    pub(crate) shown: Option<AssetReading>,
    pub(crate) power_kw: f64,
    pub(crate) energy_kwh: Option<f64>,
    pub(crate) clock_error: Span,
    pub(crate) link: Link,
}

impl FaultRow {
    /// The row of a faulty device, `assets` being the readings of all in the order of ids; none if its own is not among
    /// them.
    pub(crate) fn of(reading: &FaultReading, assets: &[AssetReading]) -> Option<Self> {
        let truth =
            assets.binary_search_by_key(&reading.asset, |asset| asset.asset).ok().map(|index| &assets[index])?;
        let FaultReading { asset, faults, shown, clock_error, link } = reading.clone();
        let AssetReading { power_kw, energy_kwh, .. } = *truth;
        Some(Self { asset, faults, shown, power_kw, energy_kwh, clock_error, link })
    }
}

/// The hour of a device in the intervals in which it had a fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultHour {
    faults: BTreeSet<FaultKind>,
    shown: Option<AssetReading>,
    shown_kw: Mean,
    power_kw: Mean,
    energy_kwh: Option<f64>,
    clock_error: Span,
    link: Link,
}

impl FaultHour {
    pub(crate) fn add(&mut self, row: &FaultRow, length: Span) {
        self.faults.extend(&row.faults);
        self.power_kw.add(row.power_kw, length);
        if let Some(shown) = row.shown {
            self.shown_kw.add(shown.power_kw, length);
            self.shown = Some(shown);
        }
        (self.energy_kwh, self.clock_error) = (row.energy_kwh, row.clock_error);
        self.link.is_down |= row.link.is_down;
        self.link.delay = self.link.delay.max(row.link.delay);
        self.link.loss_share = self.link.loss_share.max(row.link.loss_share);
    }

    pub(crate) fn row(self, asset: ParticipantId) -> Option<FaultRow> {
        let shown_kw = self.shown_kw.value();
        Some(FaultRow {
            asset,
            faults: self.faults.into_iter().collect(),
            shown: self.shown.zip(shown_kw).map(|(shown, kw)| AssetReading { power_kw: round_power_kw(kw), ..shown }),
            power_kw: round_power_kw(self.power_kw.value()?),
            energy_kwh: self.energy_kwh,
            clock_error: self.clock_error,
            link: self.link,
        })
    }
}

pub(crate) struct FaultColumns {
    time: TimeColumn,
    asset: NameColumn,
    faults: TextColumn,
    is_shown: FlagColumn,
    shown_power_kw: OptionalColumn<f64>,
    shown_energy_kwh: OptionalColumn<f64>,
    shown_state: NameColumn,
    power_kw: NumberColumn<f64>,
    energy_kwh: OptionalColumn<f64>,
    clock_error_s: NumberColumn<f64>,
    is_link_down: FlagColumn,
    link_delay_s: NumberColumn<f64>,
    link_loss_share: NumberColumn<f64>,
}

impl FaultColumns {
    pub(crate) fn new(names: &Names) -> Self {
        Self {
            time: TimeColumn::default(),
            asset: NameColumn::new(&names.participants),
            faults: TextColumn::default(),
            is_shown: FlagColumn::default(),
            shown_power_kw: OptionalColumn::default(),
            shown_energy_kwh: OptionalColumn::default(),
            shown_state: NameColumn::new(&names.states),
            power_kw: NumberColumn::default(),
            energy_kwh: OptionalColumn::default(),
            clock_error_s: NumberColumn::default(),
            is_link_down: FlagColumn::default(),
            link_delay_s: NumberColumn::default(),
            link_loss_share: NumberColumn::default(),
        }
    }
}

impl Columns for FaultColumns {
    const TABLE: Table = FAULTS;
    type Row<'a> = (Time, FaultRow);

    fn push(&mut self, (time, row): &Self::Row<'_>) -> Result<(), ResultsError> {
        let faults: Vec<_> = row.faults.iter().map(|kind| kind.as_str()).collect();
        self.time.push(*time);
        self.asset.push(row.asset.index());
        self.faults.push(&faults.join(","));
        self.is_shown.push(row.shown.is_some());
        self.shown_power_kw.push(row.shown.map(|shown| shown.power_kw));
        self.shown_energy_kwh.push(row.shown.and_then(|shown| shown.energy_kwh));
        self.shown_state.push_or_null(row.shown.map(|shown| shown.state as usize));
        self.power_kw.push(row.power_kw);
        self.energy_kwh.push(row.energy_kwh);
        self.clock_error_s.push(row.clock_error.seconds());
        self.is_link_down.push(row.link.is_down);
        self.link_delay_s.push(row.link.delay.seconds());
        self.link_loss_share.push(row.link.loss_share);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.asset,
            &mut self.faults,
            &mut self.is_shown,
            &mut self.shown_power_kw,
            &mut self.shown_energy_kwh,
            &mut self.shown_state,
            &mut self.power_kw,
            &mut self.energy_kwh,
            &mut self.clock_error_s,
            &mut self.is_link_down,
            &mut self.link_delay_s,
            &mut self.link_loss_share,
        ]
    }
}
