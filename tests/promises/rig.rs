//! What every promise needs: scenarios, runs on either host, and rows that can be compared.

use agents::draw::lot;
use agents::reading::{AssetReading, FaultReading, MirrorReading, SignalReading, SiteReading, SupplyReading};
use agents::record::{Event, EventCode, IntervalRows, Record, Recorder};
use agents::{MeterId, Now, ParticipantId, Span, Time};
use scenarios::{Plan, Scenario};
use std::error::Error;
use std::fmt::Debug;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use twin::{Blow, Host, Input, Journal, Kernel, LiveHost, SweepHost};

/// The built-in scenario from its own start, a Friday; its vehicles are half empty, so that they charge from the start.
pub(crate) fn martinique(duration: &str, tick: &str, seed: u64) -> Scenario {
    let mut scenario = Scenario::load("martinique").unwrap();
    set(&mut scenario, "ev.*.initial_soc=0.5");
    for (key, value) in [("duration", duration), ("tick", tick), ("seed", &seed.to_string())] {
        set(&mut scenario, &format!("run.{key}={value}"));
    }
    scenario
}

/// Changes a key of a scenario, as `--set` does.
pub(crate) fn set(scenario: &mut Scenario, assignment: &str) {
    scenario.set(assignment).unwrap();
}

/// Martinique on days on which much happens: prices move devices, the DSO asks for help often, vehicles give energy
/// back, and some assets share a site.
pub(crate) fn busy(duration: &str, tick: &str, seed: u64) -> Scenario {
    let mut scenario = martinique(duration, tick, seed);
    let rule = "{ rule = \"price-threshold\", charge_below_eur_per_mwh = 225, discharge_above_eur_per_mwh = 300 }";
    set(&mut scenario, &format!("ems.vehicles={rule}"));
    for assignment in ["load_control_above_mw=195", "demand_response_above_mw=205", "request=1h"] {
        set(&mut scenario, &format!("dso.{assignment}"));
    }
    for (number, commune) in (1..).zip(["Le Diamant", "Les Trois-Îlets", "Rivière-Salée"]) {
        for asset in ["pv.pv", "battery.bat", "evse.evse"] {
            set(&mut scenario, &format!("{asset}_0{number}.site=home_{number}"));
            set(&mut scenario, &format!("{asset}_0{number}.commune={commune}"));
        }
    }
    scenario
}

/// Martinique with a street of homes and shops around it: every model at once.
pub(crate) fn street(duration: &str, tick: &str, seed: u64) -> Scenario {
    let text = "version = 2\nextends = \"martinique\"\nname = \"street\"\n\
        [fleet.homes]\nof = \"household\"\ncount = 30\nportfolio = \"street\"\nphase = { choice = [1, 2, 3] }\n\
        [fleet.shops]\nof = \"commercial\"\ncount = 5\nportfolio = \"street\"\nmean_kw = { uniform = [1, 9] }\n\
        [fleet.roofs]\nof = \"pv\"\nat = \"homes\"\nshare = 0.5\nportfolio = \"street\"\npeak_kw = { uniform = [2, 8] }\n\
        volt_var = [0.92, 0.98, 1.02, 1.08, 0.44, 0, 0, -0.44]\n\
        [fleet.walls]\nof = \"battery\"\nat = \"roofs\"\nportfolio = \"street\"\ncapacity_kwh = 10\npower_kw = 5\n\
        habit = \"follow-site\"\nreserve_soc = 0.2\n\
        [fleet.cars]\nof = \"ev\"\nat = \"homes\"\nshare = 0.5\nportfolio = \"street\"\ncapacity_kwh = 52\npower_kw = 7.4\n\
        phases = 1\ndriver = \"sessions\"\nsessions_per_day = 0.8\n\
        evse = { power_kw = 7.4, phases = 1, operated = false, first_phase = { choice = [1, 2, 3] } }\n";
    let mut scenario = Scenario::parse(text, Path::new("street.toml")).unwrap();
    for (key, value) in [("duration", duration), ("tick", tick), ("seed", &seed.to_string())] {
        set(&mut scenario, &format!("run.{key}={value}"));
    }
    scenario
}

/// The street with everything that can be traded: homes trade too, by strategies of their own; settled with charges, and
/// compared with other rules.
pub(crate) fn bazaar(duration: &str, tick: &str, seed: u64) -> Scenario {
    let mut scenario = street(duration, tick, seed);
    for assignment in [
        "fleet.homes.trades=true",
        "fleet.homes.bidding=zero-intelligence",
        "fleet.roofs.bidding=zero-intelligence",
        "fleet.cars.bidding=zero-intelligence",
        "fleet.walls.bidding=zero-intelligence",
        "pv.*.bidding=ramp",
        "evse.*.bidding=truthful",
        "market.mechanism=discriminatory k=0.3",
        "market.compare=[\"uniform-mid-truncated\", \"retailer-only\", \"sharing-by-consumption\", \"ex-post-price\"]",
        "product.day-ahead.share=0.8",
        "product.base={ every = \"7d\", at = \"108h\", delivery = \"1d\", contracts = 7, share = 0.3 }",
        "product.intraday={ trading = \"continuous\", every = \"15m\", at = \"0m\", lead = \"30m\", contracts = 16 }",
        "settlement.imbalance=dual-price",
        "settlement.tolerance_kwh=0.05",
        "settlement.levy_import_eur_per_mwh=20",
        "settlement.grid_fee_import_eur_per_mwh=40",
        "settlement.local_grid_fee_import_eur_per_mwh=15",
    ] {
        set(&mut scenario, assignment);
    }
    scenario
}

pub(crate) fn plan(scenario: &Scenario) -> Plan {
    scenario.resolve(&[]).unwrap()
}

/// Adds a series that begins with the plan and ends with it.
pub(crate) fn measure(plan: &mut Plan, quantity: &str, unit: &str, step: Span, value: impl Fn(Time) -> f64) {
    let count = (plan.end - plan.start).0 / step.0;
    let row = |index: i64| {
        let time = plan.start + step * index;
        format!("{time},{quantity},{},{unit}\n", value(time))
    };
    let rows: String = (0..count).map(row).collect();
    plan.measured.add_csv(&format!("time,quantity,value,unit\n{rows}")).unwrap();
}

pub(crate) fn id(plan: &Plan, name: &str) -> ParticipantId {
    plan.participant(name).unwrap_or_else(|| panic!("the scenario has a `{name}`"))
}

/// The instant `hours` after the start, which is a local midnight.
pub(crate) fn at(plan: &Plan, hours: f64) -> Time {
    plan.start + Span::from_hours(hours)
}

/// Everything recorded of one interval.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) start: Time,
    pub(crate) length: Span,
    pub(crate) assets: Vec<AssetReading>,
    pub(crate) sites: Vec<SiteReading>,
    pub(crate) signals: Vec<SignalReading>,
    pub(crate) supply: Vec<SupplyReading>,
    pub(crate) mirror: Vec<MirrorReading>,
    pub(crate) faults: Vec<FaultReading>,
    pub(crate) records: Vec<Record>,
}

/// Keeps all rows.
#[derive(Debug, Default)]
pub(crate) struct Keep(pub(crate) Vec<Interval>);

impl Recorder for Keep {
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.push(Interval {
            start: rows.start,
            length: rows.length,
            assets: rows.assets.to_vec(),
            sites: rows.sites.to_vec(),
            signals: rows.signals.to_vec(),
            supply: rows.supply.to_vec(),
            mirror: rows.mirror.to_vec(),
            faults: rows.faults.to_vec(),
            records: rows.records.to_vec(),
        });
        Ok(())
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) rows: Vec<Interval>,
    /// The bits of every unrounded power, stored energy and loss after each tick, and of the island's meter.
    truth: Vec<Vec<u64>>,
    pub(crate) journal: Journal,
}

impl Run {
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.rows.iter().flat_map(|interval| &interval.records)
    }

    pub(crate) fn events(&self, code: EventCode) -> Vec<&Event> {
        let events = self.records().filter_map(|record| match record {
            Record::Event(event) if event.code == code => Some(event),
            _ => None,
        });
        events.collect()
    }

    /// What is left of it from the interval on that begins at `time`.
    pub(crate) fn from(&self, time: Time) -> Self {
        let gone = self.rows.partition_point(|interval| interval.start < time);
        Self { rows: self.rows[gone..].to_vec(), truth: self.truth[gone..].to_vec(), journal: self.journal.clone() }
    }

    /// The readings of an asset in all intervals that begin in `[from, until)`.
    pub(crate) fn readings(&self, asset: ParticipantId, from: Time, until: Time) -> Vec<AssetReading> {
        let within = self.rows.iter().filter(|interval| from <= interval.start && interval.start < until);
        within.flat_map(|interval| &interval.assets).filter(|reading| reading.asset == asset).copied().collect()
    }
}

/// What comes from outside during a run.
#[derive(Clone, Copy)]
pub(crate) enum Outside<'a> {
    Nothing,
    /// Each input is submitted at its instant, and so taken by the tick after it.
    Script(&'a [(Time, Input)]),
    Replay(&'a Journal),
}

/// Runs a plan on the sweep host.
pub(crate) fn sweep(plan: &Plan, outside: Outside<'_>) -> Run {
    let mut kernel = Kernel::new(plan);
    let mut host = SweepHost::new(plan, kernel.world_mut());
    drive(plan, kernel, &mut host, outside, |_, _| {})
}

/// Runs a plan on the live host; returns also how often an actor was replaced.
pub(crate) fn live(
    plan: &Plan,
    threads: usize,
    outside: Outside<'_>,
    saboteur: impl FnMut(Now, u32, ParticipantId) -> Option<Blow> + Send + 'static,
) -> (Run, u64) {
    leave_out_the_saboteurs_panics();
    let mut host = LiveHost::new(plan, threads).unwrap();
    host.sabotage(saboteur);
    let run = drive(plan, Kernel::new(plan), &mut host, outside, |_, _| {});
    (run, host.restarts())
}

/// Strikes nobody.
pub(crate) fn peace(_: Now, _: u32, _: ParticipantId) -> Option<Blow> {
    None
}

/// Strikes about one step in `one_in` with a kill or a panic, as `seed` has it; counts the blows.
pub(crate) fn saboteur(
    seed: u64,
    one_in: u64,
    blows: Arc<AtomicU64>,
) -> impl FnMut(Now, u32, ParticipantId) -> Option<Blow> + Send + 'static {
    move |now, round, id| {
        let step = lot(lot(seed, now.time.0), i64::from(round) << 32 | i64::from(id.0));
        let blow = match step % (2 * one_in) {
            0 => Blow::Kill,
            1 => Blow::Panic,
            _ => return None,
        };
        blows.fetch_add(1, Ordering::Relaxed);
        Some(blow)
    }
}

/// Backtraces of panics that are part of the drill would only hide the others.
pub(crate) fn leave_out_the_saboteurs_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload_as_str().is_none_or(|message| !message.contains("saboteur")) {
                others(info);
            }
        }));
    });
}

/// Runs a kernel to its end; `between` sees it before each tick, when the inputs of the instant are in.
pub(crate) fn drive<H: Host>(
    plan: &Plan,
    mut kernel: Kernel,
    host: &mut H,
    outside: Outside<'_>,
    mut between: impl FnMut(&Kernel, &H),
) -> Run {
    let mut script = match outside {
        Outside::Script(script) => script,
        _ => &[],
    };
    if let Outside::Replay(journal) = outside {
        kernel.replay(journal).unwrap();
    }
    let (mut rows, mut truth) = (Keep::default(), Vec::new());
    while !kernel.is_over() {
        while let Some(((_, input), rest)) = script.split_first().filter(|((time, _), _)| *time <= kernel.now()) {
            kernel.submit(input.clone()).unwrap();
            script = rest;
        }
        between(&kernel, host);
        kernel.tick(host, &mut rows).unwrap();
        truth.push(bits(plan, &kernel));
    }
    Run { rows: rows.0, truth, journal: kernel.journal().clone() }
}

fn bits(plan: &Plan, kernel: &Kernel) -> Vec<u64> {
    let world = kernel.world();
    let ids = (0..plan.participants.len()).map(|index| ParticipantId(index as u32));
    let mut bits = vec![world.meter(MeterId::Island).power_kw.to_bits()];
    for id in ids {
        bits.extend(world.power_kw(id).map(f64::to_bits));
        bits.extend(world.storage(id).iter().flat_map(|(stored, lost)| [stored.to_bits(), lost.to_bits()]));
    }
    bits
}

/// Compares two runs exactly; says where they part, in words that fit on a screen.
#[track_caller]
pub(crate) fn assert_same_rows(expected: &Run, found: &Run, what: &str) {
    for (a, b) in expected.rows.iter().zip(&found.rows) {
        let what = format!("{what}: interval of {}", a.start);
        assert_same_list(&a.assets, &b.assets, &format!("{what}, assets"));
        assert_same_list(&a.sites, &b.sites, &format!("{what}, sites"));
        assert_same_list(&a.signals, &b.signals, &format!("{what}, signals"));
        assert_same_list(&a.supply, &b.supply, &format!("{what}, supply"));
        assert_same_list(&a.mirror, &b.mirror, &format!("{what}, mirror"));
        assert_same_list(&a.faults, &b.faults, &format!("{what}, faults"));
        assert_same_list(&a.records, &b.records, &format!("{what}, records"));
        assert_eq!((a.start, a.length), (b.start, b.length), "{what}");
    }
    assert_eq!(expected.rows.len(), found.rows.len(), "{what}: number of intervals");
    let parting = expected.truth.iter().zip(&found.truth).position(|(a, b)| a != b);
    assert_eq!(parting, None, "{what}: the tick after which unrounded powers or energies part");
}

#[track_caller]
fn assert_same_list<T: Debug + PartialEq>(expected: &[T], found: &[T], what: &str) {
    for (index, (a, b)) in expected.iter().zip(found).enumerate() {
        assert_eq!(a, b, "{what}, row {index}");
    }
    assert_eq!(expected.len(), found.len(), "{what}: number of rows");
}
