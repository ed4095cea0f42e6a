//! A small world to record, and eyes to read what was recorded.

use std::fs::{self, File};
use std::path::Path;

use agents::forecast::{Outcome, Quantiles, Score};
use agents::reading::{
    AssetReading, AssetState, FaultReading, MirrorReading, Signal, SignalReading, SiteReading, Source, SupplyReading,
};
use agents::record::{
    AreaDelivery, AreaRow, Catalogue, ClearingRow, DeliveryRow, Event, EventCode, ForecastRow, ForecastScoreRow,
    IntervalRows, InvoiceRow, MarketPart, OrderRow, ParticipantEntry, PlanDayRow, PlanReason, PlanRow, PlanSlotRow,
    Record, Recorder, ScheduleRow, SessionRow, SettlementRow, SiteEntry, StorageHealth, StorageHealthRow, TradeRow,
};
use agents::retailer::Worth;
use agents::{Kind, ParticipantId, PortfolioId, SiteId, Slot, Span, Time};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use market::areas::{AreaId, AreaOutcome};
use market::product::ProductId;
use market::settlement::{Component, Direction, InvoiceSums, Period, Position, SlotBill, Tax};
use market::{AgentId, Energy, Money, OrderId, Price, Side};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use results::{Level, RunInfo, RunWriter};

pub(crate) const BATTERY: ParticipantId = ParticipantId(0);
pub(crate) const EV: ParticipantId = ParticipantId(1);
pub(crate) const EVSE: ParticipantId = ParticipantId(2);
pub(crate) const LOAD: ParticipantId = ParticipantId(3);
pub(crate) const PV: ParticipantId = ParticipantId(5);

/// 2026-03-20T00:00:00Z.
pub(crate) const START: Time = Time(1_773_964_800_000);
pub(crate) const TICK: Span = Span::from_minutes(15);

/// PV and load share a site, the battery has one: both are in the portfolio. The charge point is not.
pub(crate) fn catalogue() -> Catalogue {
    let participant = |id: &str, kind, site: Option<u32>, capacity_kwh| ParticipantEntry {
        id: id.into(),
        kind,
        site: site.map(SiteId),
        capacity_kwh,
    };
    let site = |name: &str, portfolio: Option<u32>| SiteEntry {
        name: name.into(),
        commune: "Ducos".into(),
        portfolio: portfolio.map(PortfolioId),
    };
    Catalogue {
        participants: vec![
            participant("bat_01", Kind::Battery, Some(1), Some(10.0)),
            participant("ev_01", Kind::Ev, Some(2), Some(52.0)),
            participant("evse_01", Kind::Evse, Some(2), None),
            participant("load_01", Kind::Load, Some(0), None),
            participant("market_operator", Kind::MarketOperator, None, None),
            participant("pv_01", Kind::Pv, Some(0), None),
        ],
        sites: vec![site("site_a", Some(0)), site("site_b", Some(0)), site("site_c", None)],
        portfolios: vec!["Cariflex".into()],
        products: vec!["spot".into()],
        alternatives: Vec::new(),
        areas: vec!["north".into()],
        ..Catalogue::default()
    }
}

pub(crate) fn info(level: Level) -> RunInfo {
    RunInfo {
        id: "0123456789abcdef".into(),
        name: "small".into(),
        seed: 7,
        start: START,
        end: START + TICK * 2,
        tick: TICK,
        level,
        host: "sweep".into(),
        scenario: serde_json::json!({"name": "small"}),
        inputs: Vec::new(),
        engine: "test".into(),
    }
}

/// Readings of one interval.
pub(crate) struct Readings {
    pub(crate) assets: Vec<AssetReading>,
    pub(crate) sites: Vec<SiteReading>,
    pub(crate) signals: Vec<SignalReading>,
    pub(crate) supply: Vec<SupplyReading>,
    pub(crate) mirror: Vec<MirrorReading>,
    pub(crate) faults: Vec<FaultReading>,
}

/// Readings at these powers in kW, for an interval of `length`. The site of PV and load imports and
/// exports only its net; PV draws a quarter of its power as reactive power, a quarter of a site's is imbalance.
pub(crate) fn readings(length: Span, pv: f64, load: f64, battery: f64, evse: f64, co2: f64) -> Readings {
    let asset = |asset, power_kw, setpoint_kw, energy_kwh, state| AssetReading {
        asset,
        power_kw,
        setpoint_kw,
        energy_kwh,
        reactive_kvar: if asset == PV { Some(power_kw / -4.0) } else { None },
        state,
    };
    let site = |site, power_kw: f64| SiteReading {
        site: SiteId(site),
        power_kw,
        import_kwh: power_kw.max(0.0) * length.hours(),
        export_kwh: (-power_kw).max(0.0) * length.hours(),
        imbalance_kw: power_kw.abs() / 4.0,
    };
    Readings {
        assets: vec![
            asset(BATTERY, battery, Some(battery), Some(5.0 + battery), AssetState::of_storage(battery)),
            asset(EV, evse, None, Some(20.0), AssetState::of_storage(evse)),
            asset(EVSE, evse, None, None, AssetState::of_storage(evse)),
            asset(LOAD, load, None, None, AssetState::Consuming),
            asset(PV, pv, None, None, AssetState::Producing),
        ],
        sites: vec![site(0, pv + load), site(1, battery), site(2, evse)],
        signals: vec![Signal::Irradiance.reading(-pv * 100.0), Signal::Co2Intensity.reading(co2)],
        supply: Vec::new(),
        mirror: Vec::new(),
        faults: Vec::new(),
    }
}

/// The two intervals whose key figures are worked out by hand in `kpi_values.rs`.
pub(crate) fn two_intervals() -> [Readings; 2] {
    [readings(TICK, -8.0, 2.0, 4.0, 7.0, 200.0), readings(TICK, 0.0, 3.0, -2.0, -3.0, 400.0)]
}

pub(crate) fn rows<'a>(start: Time, length: Span, readings: &'a Readings, records: &'a [Record]) -> IntervalRows<'a> {
    IntervalRows {
        start,
        length,
        assets: &readings.assets,
        sites: &readings.sites,
        signals: &readings.signals,
        supply: &readings.supply,
        mirror: &readings.mirror,
        faults: &readings.faults,
        records,
    }
}

/// What supplies 10 kW in the quarter hour that begins at `start`: engines give this much, PV the rest, of which it could
/// have given one kilowatt more.
pub(crate) fn supply(start: Time, engines_kw: f64) -> Vec<SupplyReading> {
    let slot = Slot { start, length: TICK };
    let reading = |source, power_kw: f64| {
        let is_burning = matches!(source, Source::Engines | Source::Turbines);
        let burnt_kg = |kg_per_kw: f64| is_burning.then_some(-power_kw * kg_per_kw);
        SupplyReading {
            slot,
            source,
            power_kw,
            curtailed_kw: if source == Source::Pv { 1.0 } else { 0.0 },
            units_online: is_burning.then_some(-power_kw / 2.0),
            fuel_kg: burnt_kg(0.25),
            co2_kg: burnt_kg(0.75),
        }
    };
    let power_kw = |source| match source {
        Source::Engines => -engines_kw,
        Source::Pv => engines_kw - 10.0,
        _ => 0.0,
    };
    Source::ALL.map(|source| reading(source, power_kw(source))).to_vec()
}

/// One record of every kind.
pub(crate) fn records() -> Vec<Record> {
    let slot = Slot { start: START, length: TICK };
    let bill = |traded, retail, retail_import| SlotBill {
        position: Position { bought: Energy(300), sold: Energy(0), paid: Money(traded) },
        retail_import: Energy(retail_import),
        retail: Money(retail),
        total: Money(traded + retail),
        ..SlotBill::default()
    };
    let settlement = |site, bill: SlotBill| {
        Record::Settlement(SettlementRow {
            time: START + TICK,
            slot,
            site: SiteId(site),
            metered_import: Energy(500),
            metered_export: Energy(0),
            trades: true,
            market: MarketPart { bought: bill.position.bought, sold: bill.position.sold, total: bill.total },
            alone: bill.total + Money(10_000_000),
            bill,
        })
    };
    vec![
        Record::Order(OrderRow {
            time: START,
            product: ProductId(0),
            slot,
            order: OrderId(u64::MAX),
            participant: LOAD,
            side: Side::Bid,
            energy: Energy(500),
            limit: Price(200_000),
            quality: 2,
            premium_bp: 525,
            filled: Energy(300),
        }),
        Record::Trade(TradeRow {
            time: START,
            product: ProductId(0),
            slot,
            buyer: LOAD,
            seller: PV,
            energy: Energy(300),
            price: Price(150_000),
            fee: Price(5_000),
        }),
        Record::Area(Box::new(AreaRow {
            time: START,
            product: ProductId(0),
            slot,
            outcome: AreaOutcome {
                area: AreaId(0),
                price: Some(Price(150_000)),
                volume: Energy(300),
                fees: Money(1_500_000),
                demand: Energy(500),
                bought: Energy(300),
                sold: Energy(400),
                local: Energy(240),
            },
        })),
        Record::Clearing(ClearingRow {
            time: START,
            product: ProductId(0),
            slot,
            price: Some(Price(150_000)),
            volume: Energy(300),
            demand: Energy(500),
            supply: Energy(2000),
            value: Money(45_000_000),
            welfare: Money(30_000_000),
            fees: Money(1_500_000),
        }),
        Record::Clearing(ClearingRow {
            time: START + TICK,
            product: ProductId(0),
            slot: slot.next(),
            price: None,
            volume: Energy(0),
            demand: Energy(10),
            supply: Energy(0),
            value: Money(0),
            welfare: Money(0),
            fees: Money(0),
        }),
        Record::Delivery(Box::new(DeliveryRow {
            time: START + TICK,
            slot,
            worth: Worth {
                volume: Energy(300),
                value: Money(45_000_000),
                welfare: Some(Money(30_000_000)),
                fees: Money(1_500_000),
            },
            areas: vec![AreaDelivery {
                area: AreaId(0),
                bought: Energy(300),
                local: Energy(240),
                fees: Money(1_500_000),
            }],
        })),
        settlement(0, bill(45_000_000, 40_000_000, 200)),
        settlement(2, bill(-5_000_000, 100_000_000, 500)),
        Record::Invoice(Box::new(invoice())),
        Record::Session(SessionRow {
            evse: EVSE,
            vehicle: EV,
            start: START,
            end: START + TICK,
            delivered_kwh: 1.75,
            returned_kwh: 0.75,
            unserved_kwh: 2.5,
            cost: None,
        }),
        Record::StorageHealth(StorageHealthRow {
            time: START,
            asset: BATTERY,
            health: StorageHealth {
                soh: 0.9785,
                calendar_fade: 0.02,
                cycle_fade: 0.0015,
                equivalent_full_cycles: 32.25,
                cell_mean_c: 29.5,
                cell_max_c: 33.75,
                lost_kwh: 12.5,
            },
        }),
        Record::Signal(Signal::LoadControl, 50.0),
        Record::Plan(PlanRow { time: START, reason: PlanReason::Arrival, slots: 96, cost_eur: 12.5, missed_kwh: 0.25 }),
        Record::Schedule(ScheduleRow {
            time: START,
            device: BATTERY,
            slot: slot.next(),
            power_kw: -3.5,
            soc_kwh: 6.25,
            reason: PlanReason::Arrival,
        }),
        forecast(START),
        forecast(START + TICK),
        Record::PlanSlot(Box::new(PlanSlotRow {
            slot,
            planned_kw: None,
            storing_kw: 4.0,
            planned_rest_kw: None,
            rest_kw: -2.5,
            prices: (0.2345, 0.1),
        })),
        Record::PlanDay(PlanDayRow { time: START + TICK, start: START, cost_eur: 12.0, best_eur: 10.0 }),
        score((1, 1), 4.0),
        score((3, 4), 5.0),
        score((65, 96), 8.0),
        Record::Event(Event {
            time: START,
            participant: ParticipantId::OUTSIDE,
            code: EventCode::InputTaken,
            detail: "a scénario \"said\" so".into(),
        }),
    ]
}

fn forecast(time: Time) -> Record {
    let slot = Slot { start: START + TICK * 2, length: TICK };
    let quantiles_kw = [-5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0];
    Record::Forecast(ForecastRow { time, slot, expected_kw: -2.25, quantiles_kw })
}

/// One forecast that was off by so much, where persistence was off by 10 kW and the day before was not known.
fn score(leads: (u32, u32), off_kw: f64) -> Record {
    let mut score = Score::default();
    score.add(&Outcome {
        observed: 0.0,
        expected: off_kw,
        quantiles: Quantiles([off_kw; 7]),
        persistence: 10.0,
        day_before: None,
    });
    Record::ForecastScore(Box::new(ForecastScoreRow { time: START + TICK, step: TICK, leads, score }))
}

/// A standing charge with its tax, and what a contract has brought.
fn invoice() -> InvoiceRow {
    let mut sums = InvoiceSums::default();
    sums.add(Component::Standing, Direction::Owed, Energy::ZERO, Money(12_000_000_000));
    sums.add(Component::Contract, Direction::Due, Energy(400), Money(-60_000_000));
    let taxes = [Tax { rate_bp: 850, components: [Component::Standing].into(), unit: Money(10_000_000) }];
    let period = Period { from: START, until: START + TICK };
    let invoice = sums.close(AgentId(0), period, &taxes).expect("a sound tax");
    InvoiceRow { time: START + TICK, site: SiteId(0), month: (2026, 3), is_partial: true, invoice }
}

/// Records the two intervals, with one record of every kind in the first.
pub(crate) fn record_two_intervals(writer: &mut RunWriter) {
    let [first, second] = two_intervals();
    writer.record(&rows(START, TICK, &first, &records())).expect("recorded");
    writer.record(&rows(START + TICK, TICK, &second, &[])).expect("recorded");
}

/// Reads a Parquet file.
pub(crate) fn read(path: &Path) -> Vec<RecordBatch> {
    let file = File::open(path).unwrap_or_else(|error| panic!("open {}: {error}", path.display()));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    builder.build().expect("a reader").map(|batch| batch.expect("a batch")).collect()
}

/// The cells of the given columns of a table, row by row.
pub(crate) fn cells(path: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    let mut cells = Vec::new();
    for batch in read(path) {
        let column = |name: &&str| batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}")).clone();
        let arrays: Vec<_> = columns.iter().map(column).collect();
        cells.extend((0..batch.num_rows()).map(|row| arrays.iter().map(|array| cell(array, row)).collect()));
    }
    cells
}

/// A cell in words; `-` for null.
pub(crate) fn cell(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "-".into();
    }
    match array.data_type() {
        DataType::Timestamp(..) => Time(array.as_primitive::<TimestampMillisecondType>().value(row)).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Dictionary(..) => {
            let dictionary = array.as_dictionary::<Int32Type>();
            cell(dictionary.values(), dictionary.key(row).expect("not null"))
        }
        other => panic!("no words for {other}"),
    }
}

/// The names in a folder, sorted.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

pub(crate) fn run_json(dir: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(dir.join("run.json")).expect("run.json")).expect("JSON")
}
