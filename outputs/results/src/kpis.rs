//! Key figures, added up interval by interval: the accumulator and the definitions.

mod areas;
mod community;
mod definitions;
mod flexibility;
mod market_areas;
mod plans;
mod reserve;
mod supply;

use agents::reading::Signal;
use agents::record::{Catalogue, EventCode, IntervalRows, ParticipantEntry, Record, Recorder, SessionRow, SiteEntry};
use agents::{Calendar, Kind, SiteId, Span, Time};
use std::error::Error;

use areas::{Area, NetWindow, prefixes};
use community::Communities;
pub(crate) use community::{ACTUAL, COMMUNITY_KPIS, of_community};
pub use community::{COMMUNITY_FIGURES, compared_prefixes};
pub(crate) use definitions::{AREA_KPIS, Definition, RUN_KPIS, of_run};
pub use definitions::{Meaning, meaning};
use flexibility::FlexibilityTotals;
use market_areas::MarketAreas;
pub use market_areas::{MARKET_AREA_FIGURES, market_area_prefixes};
pub(crate) use market_areas::{MARKET_AREA_KPIS, of_market_area};
pub(crate) use plans::PLAN_KPIS;
use plans::PlanTotals;
pub(crate) use reserve::RESERVE_KPIS;
use reserve::ReserveTotals;
use supply::SupplyTotals;

/// The interval over which an area's imports and exports are netted and its peak is taken: the quarter
/// hour of UTC, or one interval where intervals are longer.
///
/// Fixed, and not the tick, so that runs with ticks of a second and of a quarter hour agree.
pub const NETTING: Span = Span::from_minutes(15);

/// The evening by the local clock, in which the island's demand peaks: windows that begin from the first of these times
/// of day on and before the second.
const EVENING: [Span; 2] = [Span::from_minutes(18 * 60), Span::from_minutes(22 * 60)];

/// A key figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpi {
    /// Its column in `kpis.parquet`, unit last.
    pub name: String,
    /// Its value; none where there is nothing to say, for instance a share of nothing.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: &'static str,
    /// What to call it before a reader.
    pub label: String,
}

/// Adds up the key figures of a run. Needs no file; memory does not grow with the run.
///
/// Call [`add`](Self::add) with every interval in order of time, [`table`](Self::table) whenever the
/// figures so far are wanted.
#[derive(Clone, Debug)]
pub struct Kpis {
    calendar: Calendar,
    assets: Vec<Asset>,
    sites: Vec<Site>,
    /// One per portfolio, then the island.
    areas: Vec<Area>,
    run: RunTotals,
    communities: Communities,
    market_areas: MarketAreas,
    window: Window,
}

/// Energy by direction, both positive.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flow {
    pub(crate) import_kwh: f64,
    pub(crate) export_kwh: f64,
}

#[derive(Clone, Debug)]
struct Asset {
    kind: Kind,
    capacity_kwh: Option<f64>,
    /// Portfolio, as index into the areas.
    area: Option<usize>,
    flow: Flow,
    /// Energy it held when the last interval ended, and how much of it has moved in and out since the first one did.
    stored_kwh: Option<f64>,
    moved_kwh: f64,
    /// State of health when the last day was over.
    soh: Option<f64>,
}

#[derive(Clone, Debug)]
struct Site {
    /// Portfolio, as index into the areas. Sites without one share the island's entry of the window.
    area: Option<usize>,
    metered: Flow,
}

/// What the figures of the run as a whole are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunTotals {
    pub(crate) by_kind: [Flow; Kind::ALL.len()],
    /// Mean over the batteries of known capacity.
    pub(crate) battery_cycles: Option<f64>,
    /// Lowest of the batteries that have told theirs.
    pub(crate) battery_soh: Option<f64>,
    pub(crate) sessions: u64,
    pub(crate) delivered_kwh: f64,
    pub(crate) returned_kwh: f64,
    pub(crate) unserved_kwh: f64,
    pub(crate) faulted_h: f64,
    pub(crate) events: u64,
    /// None before the first slot of a supply.
    pub(crate) supply: Option<SupplyTotals>,
    /// None before the first window of reserve is over.
    pub(crate) reserve: Option<ReserveTotals>,
    /// None as long as nothing was asked for and no limit exceeded.
    pub(crate) flexibility: Option<FlexibilityTotals>,
    /// None as long as nothing is planned.
    pub(crate) plans: Option<PlanTotals>,
}

/// The netting window that is open.
#[derive(Clone, Debug)]
struct Window {
    start: Option<Time>,
    hours: f64,
    /// Net energy of each portfolio's sites; the last entry is that of sites without portfolio.
    net_kwh: Vec<f64>,
    /// Time integral of the CO2 intensity, and the hours for which it is known.
    co2_g_h_per_kwh: f64,
    co2_hours: f64,
}

impl Kpis {
    /// Key figures of nothing yet.
    pub fn new(catalogue: &Catalogue) -> Self {
        let area_of_site = |site: SiteId| Some(catalogue.sites.get(site.index())?.portfolio?.index());
        let asset = |entry: &ParticipantEntry| Asset {
            kind: entry.kind,
            capacity_kwh: entry.capacity_kwh,
            area: entry.site.and_then(area_of_site),
            flow: Flow::default(),
            stored_kwh: None,
            moved_kwh: 0.0,
            soh: None,
        };
        let site = |entry: &SiteEntry| Site {
            area: entry.portfolio.map(|portfolio| portfolio.index()),
            metered: Flow::default(),
        };
        let Catalogue { portfolios, alternatives, areas, .. } = catalogue;
        let areas =
            prefixes(portfolios, alternatives, areas).into_iter().map(|(prefix, label)| Area::new(prefix, label));
        Self {
            calendar: catalogue.calendar,
            assets: catalogue.participants.iter().map(asset).collect(),
            sites: catalogue.sites.iter().map(site).collect(),
            areas: areas.collect(),
            run: RunTotals::default(),
            communities: Communities::new(&catalogue.alternatives),
            market_areas: MarketAreas::new(&catalogue.areas),
            window: Window::new(catalogue.portfolios.len() + 1),
        }
    }

    /// Takes one interval. Intervals come in order of time.
    ///
    /// # Panics
    /// If a row refers to an asset, site or portfolio that is not in the catalogue.
    pub fn add(&mut self, rows: &IntervalRows<'_>) {
        let window_start = rows.start.floor(NETTING);
        if self.window.start != Some(window_start) {
            self.window.close(self.calendar, &mut self.areas);
            self.window.start = Some(window_start);
        }
        let hours = rows.length.hours();
        self.window.hours += hours;
        for reading in rows.assets {
            let asset = &mut self.assets[reading.asset.index()];
            asset.flow.add(reading.power_kw * hours);
            if let Some(stored_kwh) = reading.energy_kwh {
                let before_kwh = asset.stored_kwh.replace(stored_kwh).unwrap_or(stored_kwh);
                asset.moved_kwh += (stored_kwh - before_kwh).abs();
            }
        }
        let unassigned = self.areas.len() - 1;
        for reading in rows.sites {
            let site = &mut self.sites[reading.site.index()];
            site.metered.import_kwh += reading.import_kwh;
            site.metered.export_kwh += reading.export_kwh;
            self.window.net_kwh[site.area.unwrap_or(unassigned)] += reading.power_kw * hours;
        }
        if let Some(reading) = rows.signals.iter().find(|reading| reading.signal == Signal::Co2Intensity) {
            self.window.co2_g_h_per_kwh += reading.value * hours;
            self.window.co2_hours += hours;
        }
        for reading in rows.supply {
            self.run.supply.get_or_insert_default().add(reading);
        }
        self.run.faulted_h += rows.faults.len() as f64 * hours;
        for record in rows.records {
            self.add_record(record);
        }
    }

    /// The key figures so far, in the order of the columns of `kpis.parquet`: those of the run, of each
    /// portfolio, of the island.
    pub fn table(&self) -> Vec<Kpi> {
        let mut areas = self.areas.clone();
        self.window.clone().close(self.calendar, &mut areas);
        let run = self.run_totals(&mut areas);
        let mut kpis: Vec<Kpi> = of_run().map(|kpi| kpi.figure("", "", &run)).collect();
        kpis.extend(self.communities.figures());
        kpis.extend(self.market_areas.figures());
        for area in &areas {
            kpis.extend(AREA_KPIS.iter().map(|kpi| kpi.figure(&area.prefix, &area.label, &area.totals)));
        }
        kpis
    }

    fn add_record(&mut self, record: &Record) {
        match record {
            Record::Delivery(row) => {
                self.communities.add_delivery(row);
                self.market_areas.add(row);
            }
            Record::Alternative(row) => self.communities.add_alternative(row),
            Record::Reserve(row) => self.run.reserve.get_or_insert_default().add(row),
            Record::Session(row) => self.run.add_session(row),
            Record::Event(event) => {
                self.run.events += 1;
                if event.code == EventCode::PlanNotFollowed {
                    self.run.plans.get_or_insert_default().add_deviation();
                }
            }
            Record::Settlement(row) => {
                self.communities.add_bill(row);
                let island = self.areas.len() - 1;
                let portfolio = self.sites[row.site.index()].area;
                for area in portfolio.into_iter().chain([island]) {
                    self.areas[area].totals.add_bill(&row.bill);
                }
            }
            Record::Invoice(row) => {
                let island = self.areas.len() - 1;
                let portfolio = self.sites[row.site.index()].area;
                for area in portfolio.into_iter().chain([island]) {
                    self.areas[area].totals.add_invoice(&row.invoice);
                }
            }
            Record::Flexibility(row) => self.run.flexibility.get_or_insert_default().add(row),
            Record::StorageHealth(row) => self.assets[row.asset.index()].soh = Some(row.health.soh),
            Record::Order(_) | Record::Trade(_) | Record::Clearing(_) | Record::Area(_) => {}
            Record::Plan(row) => self.run.plans.get_or_insert_default().add_plan(row),
            Record::PlanDay(row) => self.run.plans.get_or_insert_default().add_day(row),
            Record::ForecastScore(row) => self.run.plans.get_or_insert_default().add_score(row),
            Record::Schedule(_) | Record::Forecast(_) | Record::PlanSlot(_) => {}
            Record::Signal(..) | Record::Award(_) | Record::ActFailed(..) => {}
        }
    }

    /// Completes the totals with what is kept per asset and site.
    fn run_totals(&self, areas: &mut [Area]) -> RunTotals {
        let mut run = self.run.clone();
        let island = areas.len() - 1;
        let (mut cycles, mut batteries) = (0.0, 0);
        for asset in &self.assets {
            let kind = &mut run.by_kind[asset.kind as usize];
            kind.import_kwh += asset.flow.import_kwh;
            kind.export_kwh += asset.flow.export_kwh;
            if asset.kind == Kind::Pv {
                for area in asset.area.into_iter().chain([island]) {
                    areas[area].totals.pv_kwh += asset.flow.export_kwh;
                }
            }
            if let (Kind::Battery, Some(capacity_kwh)) = (asset.kind, asset.capacity_kwh) {
                cycles += asset.moved_kwh / 2.0 / capacity_kwh;
                batteries += 1;
                run.battery_soh = [run.battery_soh, asset.soh].into_iter().flatten().reduce(f64::min);
            }
        }
        for site in &self.sites {
            for area in site.area.into_iter().chain([island]) {
                areas[area].totals.metered.import_kwh += site.metered.import_kwh;
                areas[area].totals.metered.export_kwh += site.metered.export_kwh;
            }
        }
        run.battery_cycles = (batteries > 0).then(|| cycles / f64::from(batteries));
        run
    }
}

impl Recorder for Kpis {
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.add(rows);
        Ok(())
    }
}

impl Flow {
    fn add(&mut self, kwh: f64) {
        self.import_kwh += kwh.max(0.0);
        self.export_kwh += (-kwh).max(0.0);
    }
}

impl RunTotals {
    fn add_session(&mut self, row: &SessionRow) {
        self.sessions += 1;
        self.delivered_kwh += row.delivered_kwh;
        self.returned_kwh += row.returned_kwh;
        self.unserved_kwh += row.unserved_kwh;
    }
}

impl Window {
    fn new(entries: usize) -> Self {
        Self { start: None, hours: 0.0, net_kwh: vec![0.0; entries], co2_g_h_per_kwh: 0.0, co2_hours: 0.0 }
    }

    /// Hands the window to the areas and empties it.
    fn close(&mut self, calendar: Calendar, areas: &mut [Area]) {
        if let Some(start) = self.start.filter(|_| self.hours > 0.0) {
            let island_kwh = self.net_kwh.iter().sum();
            let time_of_day = calendar.time_of_day(start);
            let window = NetWindow {
                hours: self.hours,
                is_evening: EVENING[0] <= time_of_day && time_of_day < EVENING[1],
                co2_g_per_kwh: (self.co2_hours > 0.0).then(|| self.co2_g_h_per_kwh / self.co2_hours),
            };
            let (island, portfolios) = areas.split_last_mut().expect("the island is always there");
            island.totals.add_window(island_kwh, &window);
            for (area, &net_kwh) in portfolios.iter_mut().zip(&self.net_kwh) {
                area.totals.add_window(net_kwh, &window);
            }
        }
        self.net_kwh.fill(0.0);
        (self.start, self.hours, self.co2_g_h_per_kwh, self.co2_hours) = (None, 0.0, 0.0, 0.0);
    }
}
