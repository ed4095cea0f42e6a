//! The tables of what would have been: slots and bills under the rules that are compared, added up by local day.

use std::collections::BTreeMap;
use std::sync::Arc;

use agents::record::AlternativeRow;
use agents::retailer::AlternativeId;
use agents::{Calendar, SiteId, Slot, Time};
use market::{Energy, Money};

use crate::columns::{Column, NameColumn, NumberColumn, OptionalColumn, TimeColumn};
use crate::error::ResultsError;
use crate::folder::Folder;
use crate::names::{Names, nano_euro};
use crate::run::RunInfo;
use crate::schema::{COMPARED_BILLS, COMPARISONS, Table};
use crate::table::{Columns, TableWriter};

/// Both tables, and the day that is being added up.
pub(super) struct Comparisons {
    calendar: Calendar,
    day: i64,
    sums: BTreeMap<AlternativeId, Sum>,
    comparisons: TableWriter<ComparisonColumns>,
    bills: TableWriter<BillColumns>,
}

/// A day under one rule.
struct Sum {
    alternative: AlternativeId,
    start: Time,
    end: Time,
    volume: Energy,
    value: Money,
    welfare: Option<Money>,
    fees: Money,
    import: Energy,
    export: Energy,
    local: Energy,
    peak: Energy,
    bills: BTreeMap<SiteId, Money>,
}

impl Sum {
    fn new(alternative: AlternativeId, slot: Slot) -> Self {
        let (none, nothing) = (Energy::ZERO, Money::ZERO);
        Self {
            alternative,
            start: slot.start,
            end: slot.end(),
            volume: none,
            value: nothing,
            welfare: None,
            fees: nothing,
            import: none,
            export: none,
            local: none,
            peak: none,
            bills: BTreeMap::new(),
        }
    }

    fn add(&mut self, row: &AlternativeRow) {
        self.end = row.slot.end();
        self.volume += row.worth.volume;
        self.value += row.worth.value;
        self.fees += row.worth.fees;
        if let Some(welfare) = row.worth.welfare {
            *self.welfare.get_or_insert_default() += welfare;
        }
        self.import += row.import;
        self.export += row.export;
        self.local += row.local;
        self.peak = self.peak.max(row.import - row.local);
        for (site, bill) in &row.bills {
            *self.bills.entry(*site).or_default() += *bill;
        }
    }
}

impl Comparisons {
    pub(super) fn create(folder: &Folder, info: &RunInfo, names: &Arc<Names>) -> Result<Self, ResultsError> {
        Ok(Self {
            calendar: names.calendar,
            day: i64::MIN,
            sums: BTreeMap::new(),
            comparisons: TableWriter::create(ComparisonColumns::new(names), folder.partial(&COMPARISONS), info)?,
            bills: TableWriter::create(BillColumns::new(names), folder.partial(&COMPARED_BILLS), info)?,
        })
    }

    pub(super) fn push(&mut self, row: &AlternativeRow) -> Result<(), ResultsError> {
        let day = self.calendar.day(row.slot.start);
        if day != self.day {
            self.end_day()?;
            self.day = day;
        }
        self.sums.entry(row.alternative).or_insert_with(|| Sum::new(row.alternative, row.slot)).add(row);
        Ok(())
    }

    fn end_day(&mut self) -> Result<(), ResultsError> {
        for sum in std::mem::take(&mut self.sums).into_values() {
            self.comparisons.push(&sum)?;
            for (site, bill) in &sum.bills {
                self.bills.push(&(sum.start, sum.end, sum.alternative, *site, *bill))?;
            }
        }
        Ok(())
    }

    /// Closes both files; returns their numbers of rows.
    pub(super) fn close(mut self) -> Result<[u64; 2], ResultsError> {
        self.end_day()?;
        Ok([self.comparisons.close()?, self.bills.close()?])
    }
}

struct ComparisonColumns {
    names: Arc<Names>,
    time: TimeColumn,
    end_time: TimeColumn,
    rule: NameColumn,
    volume_wh: NumberColumn<i64>,
    value_neur: NumberColumn<i64>,
    welfare_neur: OptionalColumn<i64>,
    /// Import, export, local, peak.
    energies_wh: [NumberColumn<i64>; 4],
    cost_neur: NumberColumn<i64>,
    fees_neur: NumberColumn<i64>,
}

impl ComparisonColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            end_time: TimeColumn::default(),
            rule: NameColumn::new(&names.alternatives),
            volume_wh: NumberColumn::default(),
            value_neur: NumberColumn::default(),
            welfare_neur: OptionalColumn::default(),
            energies_wh: std::array::from_fn(|_| NumberColumn::default()),
            cost_neur: NumberColumn::default(),
            fees_neur: NumberColumn::default(),
        }
    }
}

impl Columns for ComparisonColumns {
    const TABLE: Table = COMPARISONS;
    type Row<'a> = Sum;

    fn push(&mut self, row: &Sum) -> Result<(), ResultsError> {
        let amount = |name, amount| nano_euro(COMPARISONS.name, name, amount);
        self.rule.push(self.names.alternative(COMPARISONS.name, row.alternative)?);
        self.time.push(row.start);
        self.end_time.push(row.end);
        self.volume_wh.push(row.volume.0);
        self.value_neur.push(amount("value_neur", row.value)?);
        self.welfare_neur.push(row.welfare.map(|welfare| amount("welfare_neur", welfare)).transpose()?);
        for (column, energy) in self.energies_wh.iter_mut().zip([row.import, row.export, row.local, row.peak]) {
            column.push(energy.0);
        }
        self.cost_neur.push(amount("cost_neur", row.bills.values().copied().sum())?);
        self.fees_neur.push(amount("fees_neur", row.fees)?);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![
            &mut self.time,
            &mut self.end_time,
            &mut self.rule,
            &mut self.volume_wh,
            &mut self.value_neur,
            &mut self.welfare_neur,
        ];
        columns.extend(self.energies_wh.iter_mut().map(|column| column as &mut dyn Column));
        columns.push(&mut self.cost_neur);
        columns.push(&mut self.fees_neur);
        columns
    }
}

struct BillColumns {
    names: Arc<Names>,
    time: TimeColumn,
    end_time: TimeColumn,
    rule: NameColumn,
    site: NameColumn,
    total_neur: NumberColumn<i64>,
}

impl BillColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            end_time: TimeColumn::default(),
            rule: NameColumn::new(&names.alternatives),
            site: NameColumn::new(&names.sites),
            total_neur: NumberColumn::default(),
        }
    }
}

impl Columns for BillColumns {
    const TABLE: Table = COMPARED_BILLS;
    type Row<'a> = (Time, Time, AlternativeId, SiteId, Money);

    fn push(&mut self, &(start, end, alternative, site, bill): &Self::Row<'_>) -> Result<(), ResultsError> {
        self.rule.push(self.names.alternative(COMPARED_BILLS.name, alternative)?);
        self.site.push(self.names.site(COMPARED_BILLS.name, site)?);
        self.time.push(start);
        self.end_time.push(end);
        self.total_neur.push(nano_euro(COMPARED_BILLS.name, "total_neur", bill)?);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![&mut self.time, &mut self.end_time, &mut self.rule, &mut self.site, &mut self.total_neur]
    }
}
