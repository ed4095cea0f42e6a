//! The face as the kernel's thread sees it: nothing here waits for a network.

use crate::batch::{Batches, filled};
use crate::broker::Broker;
use crate::desk;
use crate::error::MqttError;
use crate::io::tls;
use crate::session::Session;
use crate::settings::Settings;
use crate::status::{Connection, Status};
use agents::face::{Answer, Request};
use agents::record::{Catalogue, IntervalRows};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Most requests that wait for the kernel.
pub(crate) const MOST_REQUESTS: usize = 1024;

/// What the kernel's thread and the face's have in common. Locks are held for moments only.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) batches: Mutex<Batches>,
    pub(crate) answers: Mutex<Vec<Answer>>,
    /// Requests for the kernel, at most [`MOST_REQUESTS`].
    pub(crate) requests: Mutex<VecDeque<Request>>,
    pub(crate) status: Mutex<Status>,
    /// Until when the face may take to say goodbye, once it shall.
    pub(crate) deadline: Mutex<Option<Instant>>,
    /// The kernel has left something, or taken something.
    pub(crate) wake: Notify,
}

/// The lock, whatever happened to whoever held it: what it guards is whole between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The twin at a broker: publishes readings and events, and brings requests.
///
/// It works on a thread of its own. No call of the kernel's waits for it, whatever the broker does; a broker that is away
/// or refuses is tried again for as long as the face lives. A face that is dropped without [`Face::stop`] breaks off: the
/// broker then publishes its will.
#[derive(Debug)]
pub struct Face {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Face {
    /// Starts the face. It connects in its own time: [`Face::status`] tells how that goes.
    ///
    /// # Errors
    /// [`MqttError`] for what can be known beforehand: settings that can not be used, files that can not be read, a key
    /// that does not fit its certificate.
    pub fn start(broker: Broker, settings: Settings, catalogue: Arc<Catalogue>) -> Result<Self, MqttError> {
        broker.check()?;
        settings.check()?;
        let tls = broker.tls.as_ref().map(tls::client).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared::default());
        let at_desk = shared.clone();
        let thread = thread::Builder::new().name("mqtt".into()).spawn(move || {
            let session = Session::new(settings, catalogue, &broker.client_id);
            desk::run(runtime, session, broker, tls, at_desk);
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands over the rows of an interval: they are copied, nothing else.
    ///
    /// At most 16 intervals wait for a face that lags; then the readings of the oldest give way, which is counted.
    pub fn publish(&self, rows: &IntervalRows<'_>) {
        let batch = lock(&self.shared.batches).spare();
        let batch = filled(batch, rows);
        lock(&self.shared.batches).push(batch);
        self.shared.wake.notify_one();
    }

    /// Whether half as many intervals wait as may wait: whoever runs faster than any clock should let the face catch up.
    pub fn is_lagging(&self) -> bool {
        lock(&self.shared.batches).is_half_full()
    }

    /// Hands on every request that came since the last call, in the order in which they came.
    pub fn requests(&self, take: impl FnMut(Request)) {
        let requests = std::mem::take(&mut *lock(&self.shared.requests));
        if !requests.is_empty() {
            // There is room now for those that wait at the broker.
            self.shared.wake.notify_one();
            requests.into_iter().for_each(take);
        }
    }

    /// Tells those who asked what became of it.
    pub fn answer(&self, answers: Vec<Answer>) {
        if !answers.is_empty() {
            lock(&self.shared.answers).extend(answers);
            self.shared.wake.notify_one();
        }
    }

    /// How it is connected and what it has done, as of a moment ago.
    pub fn status(&self) -> Status {
        let status = lock(&self.shared.status).clone();
        let has_failed = self.thread.as_ref().is_some_and(JoinHandle::is_finished);
        if !has_failed {
            return status;
        }
        Status { connection: Connection::Ended, text: "the MQTT face has failed: restart it".into(), ..status }
    }

    /// Says goodbye: what waits is sent, then that everybody is offline, then the connection ends; all of it takes no longer
    /// than `patience`. What is not sent by then is lost, and the broker publishes the will.
    pub fn stop(mut self, patience: Duration) {
        self.end(patience);
        if let Some(thread) = self.thread.take() {
            // A face that panicked has said so on its own thread.
            let _ = thread.join();
        }
    }

    fn end(&self, patience: Duration) {
        *lock(&self.shared.deadline) = Some(Instant::now() + patience);
        self.shared.wake.notify_one();
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end(Duration::ZERO);
        }
    }
}
