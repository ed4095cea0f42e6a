//! The face as the kernel's thread sees it: nothing here waits for a network.

use crate::archive::Archive;
use crate::board::{Board, Told};
use crate::call::{Call, Clock};
use crate::desk::Desk;
use crate::error::ApiError;
use crate::feed::MOST_NEWS;
use crate::frame::{ClockFrame, News};
use crate::guard::Gate;
use crate::metrics::Metrics;
use crate::queue::{Batch, Queue};
use crate::settings::Settings;
use crate::{routes, server, tls};
use agents::face::Answer;
use agents::record::{Catalogue, IntervalRows};
use agents::{ParticipantId, Span, Time};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, broadcast, watch};

/// What is known of the twin before it starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// The scenario's name.
    pub scenario: String,
    /// The version of the engine.
    pub version: String,
    /// Where the twin keeps what it needs to go on.
    pub place: String,
    /// The first instant.
    pub start: Time,
    /// The last instant; [`Time::NEVER`]: none.
    pub end: Time,
    /// The length of a tick.
    pub tick: Span,
    /// The seed of all draws.
    pub seed: u64,
    /// The parameters of participants, by their string ids.
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// How the API is, at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Where it is served, in words.
    pub text: String,
    /// Requests answered.
    pub requests: u64,
    /// Streams that are open.
    pub streams: u64,
    /// Requests that were refused: statuses of 400 to 499.
    pub refused: u64,
    /// Ticks whose readings gave way because the face lags.
    pub dropped: u64,
}

/// What the kernel's thread and those of the face have in common. Locks are held for moments only.
pub(crate) struct Shared {
    pub(crate) overview: Overview,
    pub(crate) catalogue: Arc<Catalogue>,
    /// The participants by their string ids.
    pub(crate) ids: BTreeMap<String, ParticipantId>,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) gate: Gate,
    pub(crate) desk: Desk,
    board: Mutex<Board>,
    pub(crate) told: Mutex<Told>,
    pub(crate) news: broadcast::Sender<News>,
    pub(crate) metrics: Metrics,
    pub(crate) streams: AtomicUsize,
    pub(crate) requests: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// True once the face shall end.
    pub(crate) ending: watch::Sender<bool>,
    queue: Mutex<Queue>,
    /// The kernel has left something.
    wake: Notify,
}

impl Shared {
    /// What the face knows, up to the last interval that the kernel has handed over; the streams are told of what is new.
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        let mut board = lock(&self.board);
        // The kernel's lock is free before anything is done with what it guarded.
        let next = || lock(&self.queue).pop();
        while let Some(batch) = next() {
            batch.events.iter().for_each(|event| self.metrics.event(event.code));
            // Nobody may be listening.
            drop(self.news.send(News::Tick(board.take(batch))));
        }
        board
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The lock, whatever happened to whoever held it: what it guards is whole between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The control API of a twin. It works on threads of its own; no call of the kernel's waits for it, whatever clients do.
#[derive(Debug)]
pub struct Face {
    shared: Arc<Shared>,
    address: SocketAddr,
    scheme: &'static str,
    runtime: Option<Runtime>,
    /// Closed when all connections are.
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Face {
    /// Begins to listen, and serves.
    ///
    /// # Errors
    /// [`ApiError`] naming the address, the setting or the file and the remedy.
    pub fn start(
        settings: Settings,
        overview: Overview,
        catalogue: Arc<Catalogue>,
        archive: Arc<dyn Archive>,
    ) -> Result<Self, ApiError> {
        settings.check()?;
        let tls = settings.tls.as_ref().map(tls::server).transpose()?;
        let (listener, address) = listen(settings.listen)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(8)
            .thread_name("api")
            .enable_all()
            .build()
            .map_err(ApiError::Threads)?;
        let ids = (0..).zip(&catalogue.participants).map(|(id, entry)| (entry.id.clone(), ParticipantId(id))).collect();
        let shared = Arc::new(Shared {
            gate: Gate::new(&settings, scheme),
            metrics: Metrics::new(&catalogue, &overview.version),
            overview,
            catalogue,
            ids,
            archive,
            desk: Desk::default(),
            board: Mutex::new(Board::numbered_from(first_event())),
            told: Mutex::default(),
            news: broadcast::Sender::new(MOST_NEWS),
            streams: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            ending: watch::Sender::new(false),
            queue: Mutex::default(),
            wake: Notify::new(),
        });
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(ApiError::Threads)?
        };
        let (last, ended) = mpsc::channel();
        let router = routes::router(shared.clone());
        runtime.spawn(pump(shared.clone()));
        let serving = server::serve(listener, tls, router, shared.clone());
        runtime.spawn(async move {
            serving.await;
            drop(last);
        });
        Ok(Self { shared, address, scheme, runtime: Some(runtime), ended: Mutex::new(ended) })
    }

    /// Has `wake` called, on any thread, when there are calls to take: whoever sleeps until the next tick need not make
    /// clients wait for it.
    pub fn wake_with(&self, wake: impl Fn() + Send + Sync + 'static) {
        self.shared.desk.wake_with(Box::new(wake));
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands over the rows of an interval: they are copied, nothing else.
    ///
    /// At most 16 intervals wait for a face that lags; then the readings of the oldest give way, which is counted.
    pub fn publish(&self, rows: &IntervalRows<'_>) {
        let batch = Batch::of(rows);
        lock(&self.shared.queue).push(batch);
        self.shared.wake.notify_one();
    }

    /// Hands on every call that came since the last time, in the order in which they came.
    pub fn calls(&self, take: impl FnMut(Call)) {
        self.shared.desk.take().into_iter().for_each(take);
    }

    /// Tells those who asked what became of it.
    pub fn answer(&self, answers: Vec<Answer>) {
        answers.into_iter().for_each(|answer| self.shared.desk.answer(answer));
    }

    /// Tells how the clock stands: after each tick, and when time passes in another way.
    pub fn tell_clock(&self, clock: Clock) {
        self.shared.metrics.clock(clock);
        *lock(&self.shared.told) = Told { clock: Some(clock), is_news: true };
        self.shared.wake.notify_one();
    }

    /// What it has done so far.
    pub fn status(&self) -> Status {
        let streams = self.shared.streams.load(Ordering::Relaxed) as u64;
        Status {
            text: format!("serving at {}://{}, {streams} streams open", self.scheme, self.address),
            requests: self.shared.requests.load(Ordering::Relaxed),
            streams,
            refused: self.shared.refused.load(Ordering::Relaxed),
            dropped: lock(&self.shared.queue).dropped,
        }
    }

    /// Whether half as many intervals wait as may: whoever runs faster than any clock should let the face catch up.
    pub fn is_lagging(&self) -> bool {
        lock(&self.shared.queue).is_half_full()
    }

    /// Ends: nothing new is taken, streams are closed, and answers under way go out, for no longer than `patience`.
    pub fn stop(mut self, patience: Duration) {
        self.end();
        // Closed or late, it is over.
        let _ = lock(&self.ended).recv_timeout(patience);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    fn end(&self) {
        self.shared.desk.close();
        self.shared.ending.send_replace(true);
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        self.end();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ApiError> {
    let bind = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind().map_err(|error: std::io::Error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there: end it, or give another port",
            std::io::ErrorKind::AddrNotAvailable => "it is no address of this machine: give one that is",
            std::io::ErrorKind::PermissionDenied => "ports below 1024 are for the system: give a higher one",
            _ => "give another address",
        };
        ApiError::Listen { address, error, remedy }
    })
}

/// The number before that of the first event: a million for every second since 1970, so that those of a process that comes
/// later are greater, and whoever asks for what is new is told it.
fn first_event() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() * 1_000_000)
}

/// Turns what the kernel leaves into what the face knows, and tells the streams.
async fn pump(shared: Arc<Shared>) {
    loop {
        shared.wake.notified().await;
        drop(shared.board());
        let clock = {
            let mut told = lock(&shared.told);
            std::mem::take(&mut told.is_news).then_some(told.clock).flatten()
        };
        if let Some(clock) = clock {
            drop(shared.news.send(News::Clock(Arc::new(ClockFrame::new(clock)))));
        }
        let dropped = lock(&shared.queue).dropped;
        shared.metrics.dropped.inner().store(dropped, Ordering::Relaxed);
    }
}
