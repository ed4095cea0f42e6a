//! The tables of things that happen: orders, trades, clearings, settlements, invoices, sessions, days of batteries, plans,
//! events.

mod areas;
mod comparison;
mod flexibility;
mod invoices;
mod market;
mod plans;
mod reserve;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::areas::AreaColumns;
use self::comparison::Comparisons;
use self::flexibility::FlexibilityColumns;
use self::invoices::{InvoiceColumns, InvoiceLineRow};
use self::market::{ClearingColumns, OrderColumns, TradeColumns};
use self::plans::Plans;
use self::reserve::ReserveColumns;
use crate::columns::{Column, NameColumn, NumberColumn, OptionalColumn, TextColumn, TimeColumn, WordColumn};
use crate::error::ResultsError;
use crate::folder::Folder;
use crate::names::{Names, nano_euro};
use crate::run::RunInfo;
use crate::schema::{
    AREAS, CLEARINGS, COMPARED_BILLS, COMPARISONS, EVENTS, FLEXIBILITY, FORECAST_SCORES, FORECASTS, INVOICES, ORDERS,
    PLAN_DAYS, PLAN_SLOTS, PLANS, RESERVE, SCHEDULES, SESSIONS, SETTLEMENTS, STORAGE_HEALTH, TRADES, Table,
};
use crate::table::{Columns, TableWriter};
use agents::record::{Event, Record, SessionRow, SettlementRow, StorageHealthRow};
use agents::{Calendar, SiteId, Slot};

/// The tables of things that happen.
pub(crate) struct RecordTables {
    orders: TableWriter<OrderColumns>,
    trades: TableWriter<TradeColumns>,
    clearings: TableWriter<ClearingColumns>,
    areas: TableWriter<AreaColumns>,
    settlements: TableWriter<SettlementColumns>,
    days: Days,
    invoices: TableWriter<InvoiceColumns>,
    comparisons: Comparisons,
    reserve: TableWriter<ReserveColumns>,
    sessions: TableWriter<SessionColumns>,
    storage_health: TableWriter<StorageHealthColumns>,
    flexibility: TableWriter<FlexibilityColumns>,
    plans: Plans,
    events: TableWriter<EventColumns>,
}

impl RecordTables {
    /// What is written.
    pub(crate) const TABLES: [Table; 19] = [
        ORDERS,
        TRADES,
        CLEARINGS,
        AREAS,
        SETTLEMENTS,
        INVOICES,
        COMPARISONS,
        COMPARED_BILLS,
        RESERVE,
        SESSIONS,
        STORAGE_HEALTH,
        FLEXIBILITY,
        PLANS,
        SCHEDULES,
        FORECASTS,
        PLAN_SLOTS,
        PLAN_DAYS,
        FORECAST_SCORES,
        EVENTS,
    ];

    pub(crate) fn create(folder: &Folder, info: &RunInfo, names: &Arc<Names>) -> Result<Self, ResultsError> {
        Ok(Self {
            orders: TableWriter::create(OrderColumns::new(names), folder.partial(&ORDERS), info)?,
            trades: TableWriter::create(TradeColumns::new(names), folder.partial(&TRADES), info)?,
            clearings: TableWriter::create(ClearingColumns::new(names), folder.partial(&CLEARINGS), info)?,
            areas: TableWriter::create(AreaColumns::new(names), folder.partial(&AREAS), info)?,
            settlements: TableWriter::create(SettlementColumns::new(names), folder.partial(&SETTLEMENTS), info)?,
            days: Days::new(names.calendar),
            invoices: TableWriter::create(InvoiceColumns::new(names), folder.partial(&INVOICES), info)?,
            comparisons: Comparisons::create(folder, info, names)?,
            reserve: TableWriter::create(ReserveColumns::new(names), folder.partial(&RESERVE), info)?,
            sessions: TableWriter::create(SessionColumns::new(names), folder.partial(&SESSIONS), info)?,
            storage_health: TableWriter::create(
                StorageHealthColumns::new(names),
                folder.partial(&STORAGE_HEALTH),
                info,
            )?,
            flexibility: TableWriter::create(FlexibilityColumns::new(names), folder.partial(&FLEXIBILITY), info)?,
            plans: Plans::create(folder, info, names)?,
            events: TableWriter::create(EventColumns::new(names), folder.partial(&EVENTS), info)?,
        })
    }

    /// Appends a record to the table it belongs to.
    pub(crate) fn push(&mut self, record: &Record) -> Result<(), ResultsError> {
        match record {
            Record::Order(row) => self.orders.push(row),
            Record::Trade(row) => self.trades.push(row),
            Record::Clearing(row) => self.clearings.push(row),
            Record::Area(row) => self.areas.push(row),
            Record::Settlement(row) => match self.days.add(row) {
                Some(day) => day.iter().try_for_each(|row| self.settlements.push(row)),
                None => Ok(()),
            },
            Record::Invoice(row) => InvoiceLineRow::of(row).try_for_each(|line| self.invoices.push(&line)),
            Record::Reserve(row) => self.reserve.push(row),
            Record::Session(row) => self.sessions.push(row),
            Record::StorageHealth(row) => self.storage_health.push(row),
            Record::Flexibility(row) => self.flexibility.push(row),
            Record::Event(row) => self.events.push(row),
            Record::Alternative(row) => self.comparisons.push(row),
            Record::Plan(_) | Record::Schedule(_) | Record::Forecast(_) => self.plans.push(record),
            Record::PlanSlot(_) | Record::PlanDay(_) | Record::ForecastScore(_) => self.plans.push(record),
            // Its value is in the signal readings of the intervals that follow; awards and deliveries are sums of trades.
            Record::Signal(..) | Record::Award(_) | Record::Delivery(_) | Record::ActFailed(..) => Ok(()),
        }
    }

    /// Closes the files; returns the numbers of rows in the order of [`Self::TABLES`].
    pub(crate) fn close(mut self) -> Result<Vec<u64>, ResultsError> {
        self.days.end().iter().try_for_each(|row| self.settlements.push(row))?;
        let [comparisons, compared_bills] = self.comparisons.close()?;
        let [plans, schedules, forecasts, plan_slots, plan_days, scores] = self.plans.close()?;
        Ok(vec![
            self.orders.close()?,
            self.trades.close()?,
            self.clearings.close()?,
            self.areas.close()?,
            self.settlements.close()?,
            self.invoices.close()?,
            comparisons,
            compared_bills,
            self.reserve.close()?,
            self.sessions.close()?,
            self.storage_health.close()?,
            self.flexibility.close()?,
            plans,
            schedules,
            forecasts,
            plan_slots,
            plan_days,
            scores,
            self.events.close()?,
        ])
    }
}

/// The columns `slot_start` and `slot_end`.
struct SlotColumns {
    start: TimeColumn,
    end: TimeColumn,
}

impl SlotColumns {
    fn new() -> Self {
        Self { start: TimeColumn::default(), end: TimeColumn::default() }
    }

    fn push(&mut self, slot: Slot) {
        self.start.push(slot.start);
        self.end.push(slot.end());
    }
}

/// Adds the bills of each site up over the slots that begin in one local day.
struct Days {
    calendar: Calendar,
    day: i64,
    sites: BTreeMap<SiteId, SettlementRow>,
}

impl Days {
    fn new(calendar: Calendar) -> Self {
        Self { calendar, day: i64::MIN, sites: BTreeMap::new() }
    }

    /// Takes a bill; returns the day before, by site, if the bill opens another one.
    fn add(&mut self, row: &SettlementRow) -> Option<Vec<SettlementRow>> {
        let day = self.calendar.day(row.slot.start);
        let finished = (day != self.day).then(|| self.end());
        self.day = day;
        self.sites.entry(row.site).and_modify(|sum| add_up(sum, row)).or_insert(*row);
        finished
    }

    /// Ends the day.
    fn end(&mut self) -> Vec<SettlementRow> {
        std::mem::take(&mut self.sites).into_values().collect()
    }
}

fn add_up(sum: &mut SettlementRow, row: &SettlementRow) {
    sum.time = row.time;
    sum.slot.length = row.slot.end() - sum.slot.start;
    sum.metered_import += row.metered_import;
    sum.metered_export += row.metered_export;
    sum.alone += row.alone;
    let (sum, bill) = (&mut sum.bill, &row.bill);
    sum.position.bought += bill.position.bought;
    sum.position.sold += bill.position.sold;
    sum.position.paid += bill.position.paid;
    sum.retail_import += bill.retail_import;
    sum.retail_export += bill.retail_export;
    sum.shortage += bill.shortage;
    sum.surplus += bill.surplus;
    sum.retail += bill.retail;
    sum.balancing += bill.balancing;
    sum.grid_fee += bill.grid_fee;
    sum.levy += bill.levy;
    sum.total += bill.total;
}

struct SettlementColumns {
    names: Arc<Names>,
    time: TimeColumn,
    end_time: TimeColumn,
    site: NameColumn,
    /// The eight energies, then the seven amounts, as in the table.
    integers: [NumberColumn<i64>; 15],
}

impl SettlementColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            end_time: TimeColumn::default(),
            site: NameColumn::new(&names.sites),
            integers: std::array::from_fn(|_| NumberColumn::default()),
        }
    }
}

impl Columns for SettlementColumns {
    const TABLE: Table = SETTLEMENTS;
    type Row<'a> = SettlementRow;

    fn push(&mut self, row: &SettlementRow) -> Result<(), ResultsError> {
        let site = self.names.site(SETTLEMENTS.name, row.site)?;
        let bill = &row.bill;
        let amount = |name, amount| nano_euro(SETTLEMENTS.name, name, amount);
        let values = [
            row.metered_import.0,
            row.metered_export.0,
            bill.position.bought.0,
            bill.position.sold.0,
            bill.retail_import.0,
            bill.retail_export.0,
            bill.shortage.0,
            bill.surplus.0,
            amount("traded_neur", bill.position.paid)?,
            amount("residual_neur", bill.retail)?,
            amount("balancing_neur", bill.balancing)?,
            amount("grid_fee_neur", bill.grid_fee)?,
            amount("levy_neur", bill.levy)?,
            amount("total_neur", bill.total)?,
            amount("retailer_only_neur", row.alone)?,
        ];
        self.time.push(row.slot.start);
        self.end_time.push(row.slot.end());
        self.site.push(site);
        for (column, value) in self.integers.iter_mut().zip(values) {
            column.push(value);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![&mut self.time, &mut self.end_time, &mut self.site];
        columns.extend(self.integers.iter_mut().map(|column| column as &mut dyn Column));
        columns
    }
}

struct SessionColumns {
    names: Arc<Names>,
    evse: NameColumn,
    vehicle: NameColumn,
    start: TimeColumn,
    end: TimeColumn,
    /// Delivered, returned, unserved.
    energies_kwh: [NumberColumn<f64>; 3],
    cost_neur: OptionalColumn<i64>,
}

impl SessionColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            evse: NameColumn::new(&names.participants),
            vehicle: NameColumn::new(&names.participants),
            start: TimeColumn::default(),
            end: TimeColumn::default(),
            energies_kwh: std::array::from_fn(|_| NumberColumn::default()),
            cost_neur: OptionalColumn::default(),
        }
    }
}

impl Columns for SessionColumns {
    const TABLE: Table = SESSIONS;
    type Row<'a> = SessionRow;

    fn push(&mut self, row: &SessionRow) -> Result<(), ResultsError> {
        let evse = self.names.participant(SESSIONS.name, row.evse)?;
        let vehicle = self.names.participant(SESSIONS.name, row.vehicle)?;
        let cost_neur = row.cost.map(|cost| nano_euro(SESSIONS.name, "cost_neur", cost)).transpose()?;
        self.evse.push(evse);
        self.vehicle.push(vehicle);
        self.start.push(row.start);
        self.end.push(row.end);
        let energies = [row.delivered_kwh, row.returned_kwh, row.unserved_kwh];
        for (column, energy) in self.energies_kwh.iter_mut().zip(energies) {
            column.push(energy);
        }
        self.cost_neur.push(cost_neur);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![&mut self.evse, &mut self.vehicle, &mut self.start, &mut self.end];
        columns.extend(self.energies_kwh.iter_mut().map(|column| column as &mut dyn Column));
        columns.push(&mut self.cost_neur);
        columns
    }
}

struct StorageHealthColumns {
    names: Arc<Names>,
    time: TimeColumn,
    asset: NameColumn,
    /// State of health, the two fades, cycles, the two temperatures, losses.
    values: [NumberColumn<f64>; 7],
}

impl StorageHealthColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            asset: NameColumn::new(&names.participants),
            values: std::array::from_fn(|_| NumberColumn::default()),
        }
    }
}

impl Columns for StorageHealthColumns {
    const TABLE: Table = STORAGE_HEALTH;
    type Row<'a> = StorageHealthRow;

    fn push(&mut self, row: &StorageHealthRow) -> Result<(), ResultsError> {
        let asset = self.names.participant(STORAGE_HEALTH.name, row.asset)?;
        let health = &row.health;
        let values = [
            health.soh,
            health.calendar_fade,
            health.cycle_fade,
            health.equivalent_full_cycles,
            health.cell_mean_c,
            health.cell_max_c,
            health.lost_kwh,
        ];
        self.time.push(row.time);
        self.asset.push(asset);
        for (column, value) in self.values.iter_mut().zip(values) {
            column.push(value);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![&mut self.time, &mut self.asset];
        columns.extend(self.values.iter_mut().map(|column| column as &mut dyn Column));
        columns
    }
}

struct EventColumns {
    names: Arc<Names>,
    time: TimeColumn,
    participant: NameColumn,
    code: WordColumn,
    detail: TextColumn,
}

impl EventColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            participant: NameColumn::new(&names.participants),
            code: WordColumn::default(),
            detail: TextColumn::default(),
        }
    }
}

impl Columns for EventColumns {
    const TABLE: Table = EVENTS;
    type Row<'a> = Event;

    fn push(&mut self, row: &Event) -> Result<(), ResultsError> {
        let participant = self.names.participant(EVENTS.name, row.participant)?;
        self.time.push(row.time);
        self.participant.push(participant);
        self.code.push(row.code.as_str());
        self.detail.push(&row.detail);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![&mut self.time, &mut self.participant, &mut self.code, &mut self.detail]
    }
}
