//! What recording costs, for a scenario-year of the 40 assets and 34 communes of `martinique`:
//! `cargo test --release -p cariflex-results -- --ignored --nocapture cost`.

use std::path::Path;
use std::time::Instant;

use agents::reading::{AssetReading, AssetState, Signal, SiteReading, round_energy_kwh, round_power_kw};
use agents::record::{Catalogue, ClearingRow, OrderRow, ParticipantEntry, Record, Recorder, SettlementRow, SiteEntry};
use agents::{Kind, ParticipantId, PortfolioId, SiteId, Slot, Span};
use market::{Bill, Energy, OrderId, Price, Side};
use results::{Kpis, Level, RunInfo, RunWriter, Status};

use crate::common::{Readings, START, TICK, info, rows};

const INTERVALS: i64 = 35_040;

/// 10 plants, 10 batteries, 10 charge points, 10 vehicles, 34 loads; each with a site of its own.
pub(crate) fn catalogue() -> Catalogue {
    let kinds = [(Kind::Battery, 10), (Kind::Ev, 10), (Kind::Evse, 10), (Kind::Load, 34), (Kind::Pv, 10)];
    let kinds = kinds.into_iter().flat_map(|(kind, count)| (0..count).map(move |i| (kind, i)));
    let participants: Vec<_> = kinds
        .enumerate()
        .map(|(id, (kind, i))| ParticipantEntry {
            id: format!("{kind}_{i:02}"),
            kind,
            site: Some(SiteId(id as u32)),
            capacity_kwh: (kind == Kind::Battery).then_some(100.0),
        })
        .collect();
    let sites = participants.iter().map(|participant| SiteEntry {
        name: format!("site_{}", participant.id),
        commune: "Ducos".into(),
        portfolio: (participant.kind != Kind::Load).then_some(PortfolioId(0)),
    });
    Catalogue { sites: sites.collect(), participants, portfolios: vec!["cariflex".into()], ..Catalogue::default() }
}

/// Xorshift: plausible noise, the same at every run.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Readings of a quarter hour that look like those of a day in Martinique.
pub(crate) fn quarter_hour(k: i64, catalogue: &Catalogue, stored_kwh: &mut [f64], noise: &mut Noise) -> Readings {
    let hour = (k % 96) as f64 / 4.0;
    let sun = ((hour - 6.0) / 12.0 * std::f64::consts::PI).sin().max(0.0) * (0.6 + 0.4 * noise.unit());
    let mut readings = Readings { assets: Vec::new(), sites: Vec::new(), signals: Vec::new() };
    for (i, (participant, stored_kwh)) in catalogue.participants.iter().zip(stored_kwh).enumerate() {
        let plugged = (k / 8 + i as i64 % 10) % 12 < 3;
        let (power_kw, state) = match participant.kind {
            Kind::Pv => (-5.0 * (i - 63) as f64 * sun, AssetState::Producing),
            Kind::Battery if noise.unit() < 0.3 => (0.0, AssetState::Idle),
            Kind::Battery => ((noise.unit() - 0.5) * 20.0, AssetState::Charging),
            Kind::Evse if plugged => (7.4 + noise.unit() * 3.0, AssetState::Charging),
            Kind::Evse => (0.0, AssetState::Available),
            Kind::Ev if plugged => (7.0 + noise.unit(), AssetState::Charging),
            Kind::Ev => (0.0, AssetState::Driving),
            _ => (
                0.3 + (hour / 24.0 * std::f64::consts::TAU).sin().abs() * 1.5 + noise.unit() * 0.4,
                AssetState::Consuming,
            ),
        };
        let power_kw = round_power_kw(power_kw);
        *stored_kwh = round_energy_kwh((*stored_kwh + power_kw / 4.0 - 0.2).clamp(0.0, 100.0));
        readings.assets.push(AssetReading {
            asset: ParticipantId(i as u32),
            power_kw,
            setpoint_kw: (participant.kind == Kind::Battery).then_some(power_kw),
            energy_kwh: matches!(participant.kind, Kind::Battery | Kind::Ev).then_some(*stored_kwh),
            state,
        });
        let metered_kw = if participant.kind == Kind::Ev { 0.0 } else { power_kw };
        readings.sites.push(SiteReading {
            site: SiteId(i as u32),
            power_kw: metered_kw,
            import_kwh: round_energy_kwh(metered_kw.max(0.0) / 4.0),
            export_kwh: round_energy_kwh((-metered_kw).max(0.0) / 4.0),
        });
    }
    readings.signals.extend(Signal::ALL.map(|signal| signal.reading(100.0 + sun * 50.0)));
    readings
}

/// Half of the participants order, all sites are settled.
pub(crate) fn market_records(k: i64, sites: u32, noise: &mut Noise) -> Vec<Record> {
    let time = START + TICK * k;
    let slot = Slot { start: time, length: TICK };
    let mut energy = || Energy((noise.unit() * 2000.0) as i64);
    let mut records = vec![Record::Clearing(ClearingRow {
        time,
        slot,
        price: Some(Price(100_000)),
        volume: energy(),
        demand: energy(),
        supply: energy(),
    })];
    records.extend((0..sites / 2).map(|i| {
        let (participant, order) = (ParticipantId(i * 2), OrderId(u64::from(i)));
        let (energy, filled) = (energy(), energy());
        Record::Order(OrderRow {
            time,
            slot,
            order,
            participant,
            side: Side::Bid,
            energy,
            limit: Price(90_000),
            filled,
        })
    }));
    records.extend((0..sites).map(|site| {
        let (metered_import, bought) = (energy(), energy());
        let (traded, residual) = (bought * Price(100_000), metered_import * Price(150_000));
        let bill = Bill { traded, residual, total: traded + residual, residual_import: bought, ..Bill::default() };
        let (metered_export, sold) = (Energy::ZERO, Energy::ZERO);
        let site = SiteId(site);
        Record::Settlement(SettlementRow { time, slot, site, metered_import, metered_export, bought, sold, bill })
    }));
    records
}

fn size(dir: &Path, tables: &[&str]) -> u64 {
    let size = |table: &&str| std::fs::metadata(dir.join(format!("{table}.parquet"))).expect("a table").len();
    tables.iter().map(size).sum()
}

#[test]
#[ignore = "measures; run in release mode"]
fn cost_of_a_scenario_year() {
    let catalogue = catalogue();
    let (mut noise, mut stored_kwh) = (Noise(88_172_645_463_325_252), vec![50.0; 74]);
    let year: Vec<_> = (0..INTERVALS)
        .map(|k| (quarter_hour(k, &catalogue, &mut stored_kwh, &mut noise), market_records(k, 74, &mut noise)))
        .collect();
    let interval_rows = (INTERVALS * (74 + 74 + 8)) as f64;
    let record_rows = year.iter().map(|(_, records)| records.len()).sum::<usize>() as f64;

    let begin = Instant::now();
    let mut kpis = Kpis::new(&catalogue);
    for ((readings, records), k) in year.iter().zip(0..) {
        kpis.add(&rows(START + TICK * k, TICK, readings, records));
    }
    let table = kpis.table();
    eprintln!(
        "key figures: {:.1} ns per row ({} figures)",
        begin.elapsed().as_nanos() as f64 / (interval_rows + record_rows),
        table.len()
    );

    for (level, with_market) in [(Level::Full, false), (Level::Full, true), (Level::Hourly, false), (Level::Kpis, true)]
    {
        let dir = tempfile::tempdir().expect("a folder");
        let info = RunInfo { end: START + TICK * INTERVALS, ..info(level) };
        let begin = Instant::now();
        let mut writer = RunWriter::create(dir.path(), info, &catalogue).expect("begun");
        for ((readings, records), k) in year.iter().zip(0..) {
            let records = if with_market { records.as_slice() } else { &[] };
            writer.record(&rows(START + TICK * k, TICK, readings, records)).expect("recorded");
        }
        let summary = writer.finish(Status::Complete).expect("finished");
        let elapsed = begin.elapsed();
        let offered = interval_rows + if with_market { record_rows } else { 0.0 };
        eprintln!(
            "{level}{}: {:.2} s, {:.0} ns per row taken ({:.1} M rows/s)",
            if with_market { " with market" } else { "" },
            elapsed.as_secs_f64(),
            elapsed.as_nanos() as f64 / offered,
            offered / elapsed.as_secs_f64() / 1e6,
        );
        for (table, rows) in summary.tables {
            let bytes = size(dir.path(), &[table]);
            eprintln!("    {table:12} {rows:9} rows  {bytes:9} B  {:.2} B per row", bytes as f64 / rows.max(1) as f64);
        }
    }
    let minutes = Span::from_minutes(15);
    assert_eq!(minutes, TICK, "figures are for quarter hours");
}
