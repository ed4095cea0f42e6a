//! A kernel that answers and ticks when told to, and an archive in memory.

use agents::face::{Answer, Asked, Request, Verdict};
use agents::fault::FaultKind;
use agents::market_operator::{MarketView, TraderView};
use agents::reading::{AssetReading, AssetState, FaultReading, Link, Signal, SiteReading};
use agents::record::{Catalogue, Event, EventCode, IntervalRows, ParticipantEntry, Record, SiteEntry};
use agents::{Kind, ParticipantId, PortfolioId, SiteId, Span, Time};
use api::{
    Archive, ArchiveError, Call, Clock, Face, ForkRequest, ForkStatus, ForkView, Inspection, JournalPage, JournalQuery,
    Overview, PaceWish, ResultFile, Settings, SnapshotView,
};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use twin::Pace;

/// 2026-03-02T11:15:00Z.
pub(crate) const START: Time = Time(1_772_450_100_000);

pub(crate) fn catalogue() -> Arc<Catalogue> {
    let entry = |id: &str, kind, site: Option<u32>| ParticipantEntry {
        id: id.into(),
        kind,
        site: site.map(SiteId),
        capacity_kwh: (kind == Kind::Battery).then_some(10.0),
    };
    let site = |name: &str, portfolio| SiteEntry { name: name.into(), commune: "Le Lamentin".into(), portfolio };
    Arc::new(Catalogue {
        participants: vec![
            entry("bat_01", Kind::Battery, Some(0)),
            entry("bat_02", Kind::Battery, Some(1)),
            entry("ems", Kind::Ems, None),
            entry("ev_01", Kind::Ev, Some(0)),
            entry("evse_01", Kind::Evse, Some(0)),
            entry("pv_01", Kind::Pv, Some(1)),
        ],
        sites: vec![site("house_a", Some(PortfolioId(0))), site("house_b", None)],
        portfolios: vec!["club".into()],
        products: vec!["spot".into()],
        alternatives: Vec::new(),
        ..Catalogue::default()
    })
}

/// An archive of one snapshot, one file and one fork.
pub(crate) struct Shelf(pub(crate) tempfile::TempDir);

impl Shelf {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kpis.parquet"), "0123456789").unwrap();
        Self(folder)
    }

    fn fork(status: ForkStatus, request: ForkRequest) -> ForkView {
        ForkView {
            id: "f1".into(),
            request,
            status,
            progress: 0.5,
            error: None,
            results: vec!["forks/f1/kpis.parquet".into()],
        }
    }
}

impl Archive for Shelf {
    fn journal(&self, query: &JournalQuery) -> Result<JournalPage, ArchiveError> {
        let entry = json!({ "tick": START.to_string(), "query": format!("{query:?}") });
        Ok(JournalPage { entries: vec![entry], is_more: true })
    }

    fn snapshots(&self) -> Result<Vec<SnapshotView>, ArchiveError> {
        Ok(vec![SnapshotView { name: "s1".into(), time: START, bytes: 10 }])
    }

    fn snapshot_file(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        match name {
            "s1" => Ok(self.0.path().join("kpis.parquet")),
            "gone" => Ok(self.0.path().join("gone")),
            _ => Err(ArchiveError::Missing(format!("there is no snapshot {name:?}"))),
        }
    }

    fn results(&self) -> Result<Vec<ResultFile>, ArchiveError> {
        Ok(vec![ResultFile { name: "day/kpis.parquet".into(), bytes: 10 }])
    }

    fn result_file(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        match name {
            "day/kpis.parquet" => Ok(self.0.path().join("kpis.parquet")),
            "broken" => Err(ArchiveError::Broken("the disk hums".into())),
            _ => Err(ArchiveError::Missing(format!("there is no file {name:?}"))),
        }
    }

    fn fork(&self, request: ForkRequest) -> Result<ForkView, ArchiveError> {
        match request.duration.as_deref() {
            Some("long") => Err(ArchiveError::Refused("`duration` can not be read: write 2d".into())),
            Some("busy") => Err(ArchiveError::Busy("two forks are under way".into())),
            _ => Ok(Self::fork(ForkStatus::Running, request)),
        }
    }

    fn forks(&self) -> Vec<ForkView> {
        vec![Self::fork(ForkStatus::Complete, ForkRequest::default())]
    }

    fn stop_fork(&self, id: &str) -> Result<ForkView, ArchiveError> {
        match id {
            "f1" => Ok(Self::fork(ForkStatus::Stopped, ForkRequest::default())),
            _ => Err(ArchiveError::Missing(format!("there is no fork {id:?}"))),
        }
    }
}

pub(crate) fn overview() -> Overview {
    Overview {
        scenario: "martinique".into(),
        version: "0.1.0".into(),
        place: "live".into(),
        start: START,
        end: Time::NEVER,
        tick: Span::MINUTE,
        seed: 7,
        parameters: [("bat_01".to_string(), json!({ "power_kw": 5.0 }))].into(),
    }
}

pub(crate) fn local() -> Settings {
    Settings { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Settings::default() }
}

pub(crate) fn face(settings: Settings) -> Face {
    Face::start(settings, overview(), catalogue(), Arc::new(Shelf::new())).unwrap()
}

pub(crate) fn clock() -> Clock {
    Clock {
        now: START,
        tick: Span::MINUTE,
        pace: Pace::Clock(60.0),
        is_paused: false,
        ticks: 1,
        late_ticks: 0,
        latest: Span::ZERO,
        last_tick_ms: 0.5,
        restarts: 0,
    }
}

/// What happened, with this detail.
pub(crate) fn event(detail: &str) -> Record {
    let (time, participant) = (START, ParticipantId(1));
    Record::Event(Event { time, participant, code: EventCode::CommandRefused, detail: detail.into() })
}

/// Publishes the interval of this number; `bat_02` is faulty.
pub(crate) fn tick(face: &Face, number: i64, records: &[Record]) {
    let asset = |id, power_kw| AssetReading {
        asset: ParticipantId(id),
        power_kw,
        setpoint_kw: None,
        energy_kwh: Some(4.0),
        reactive_kvar: None,
        state: AssetState::of_storage(power_kw),
    };
    let assets = [asset(0, number as f64), asset(1, -2.0)];
    let site =
        |id| SiteReading { site: SiteId(id), power_kw: 1.5, import_kwh: 0.1, export_kwh: 0.0, imbalance_kw: 0.0 };
    let fault = FaultReading {
        asset: ParticipantId(1),
        faults: vec![FaultKind::SensorBias],
        shown: Some(asset(1, -1.0)),
        clock_error: Span::ZERO,
        link: Link::default(),
    };
    face.publish(&IntervalRows {
        start: START + Span::MINUTE * number,
        length: Span::MINUTE,
        assets: &assets,
        sites: &[site(0), site(1)],
        signals: &[Signal::Temperature.reading(27.0)],
        supply: &[],
        mirror: &[],
        faults: &[fault],
        records,
    });
}

/// A face before a kernel that answers.
pub(crate) struct Rig {
    pub(crate) face: Arc<Face>,
    pub(crate) seen: Arc<Mutex<Vec<Request>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Rig {
    /// One tick has passed.
    pub(crate) fn new() -> Self {
        let face = Arc::new(face(local()));
        face.tell_clock(clock());
        tick(&face, 0, &[event("first")]);
        let (seen, is_over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (face, seen, is_over) = (face.clone(), seen.clone(), is_over.clone());
            std::thread::spawn(move || run(&face, &seen, &is_over))
        };
        let rig = Self { face, seen, is_over, thread: Some(thread) };
        crate::client::until(|| !crate::client::get(rig.at(), "/v1/readings").json()["time"].is_null());
        rig
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.face.address()
    }

    /// What was asked last.
    pub(crate) fn last(&self) -> Request {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn run(face: &Face, seen: &Mutex<Vec<Request>>, is_over: &AtomicBool) {
    let mut clock = clock();
    while !is_over.load(Ordering::Relaxed) {
        let mut answers = Vec::new();
        face.calls(|call| match call {
            Call::Request(request) => {
                answers.push(verdict(&request));
                seen.lock().unwrap().push(request);
            }
            Call::Leave { request, reply } => {
                // One that is asked again was taken.
                reply.send((request.id.as_deref() == Some("again")).then(|| verdict(&request)));
                seen.lock().unwrap().push(request);
            }
            Call::Inspect { id, reply } => reply.send(Inspection {
                core: json!({ "id": id }),
                commands: json!([{ "setpoint": 1.0 }]),
                faults: json!([]),
                ..Inspection::default()
            }),
            Call::Market { reply } => reply.send(Some(MarketView { time: clock.now, products: Vec::new() })),
            Call::Trader { reply, .. } => reply.send(Some(TraderView::default())),
            Call::SetPace { wish, reply } => {
                match wish {
                    PaceWish::Pause => clock.is_paused = true,
                    PaceWish::Resume => clock.is_paused = false,
                    PaceWish::Speed(speed) => clock.pace = Pace::Clock(speed),
                    PaceWish::FlatOut => clock.pace = Pace::FlatOut,
                }
                reply.send(Ok(clock));
            }
            Call::Step { reply, .. } if !clock.is_paused => reply.send(Err("it is not paused: pause it first".into())),
            Call::Step { ticks, reply } => {
                clock.ticks += u64::from(ticks);
                reply.send(Ok(clock));
            }
            Call::Snapshot { reply } => {
                reply.send(Ok(SnapshotView { name: "s2".into(), time: clock.now, bytes: 5 }));
            }
        });
        face.answer(answers);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// `bat_02` refuses, and whatever goes by the id `weak` is overruled.
fn verdict(request: &Request) -> Answer {
    let verdict = match (&request.asked, request.id.as_deref()) {
        (Asked::Command { target, .. }, _) if target == "bat_02" => Verdict::Refused,
        (_, Some("weak")) => Verdict::Overruled,
        _ => Verdict::Accepted,
    };
    let reason = (verdict != Verdict::Accepted).then(|| "something of higher right is in force".to_string());
    Answer { id: request.id.clone(), reply_to: request.reply_to.clone(), verdict, reason }
}
