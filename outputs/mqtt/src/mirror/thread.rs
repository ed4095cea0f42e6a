//! The mirror's own thread and what the kernel's sees of it.

use crate::broker::Broker;
use crate::error::MqttError;
use crate::face::lock;
use crate::io::keep::{Traffic, keep};
use crate::io::loss::Loss;
use crate::io::tls;
use crate::io::wire::{Happened, Listening, Plug};
use crate::mirror::decode::{Counts, Decoder};
use crate::settings::check_root;
use crate::status::Connection;
use agents::face::FieldReading;
use agents::record::Catalogue;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{Notify, SemaphorePermit};
use tokio::time::sleep;

/// Listens to devices in the field. Dropped, it ends.
#[derive(Debug)]
pub struct Mirror {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// How a mirror is connected, and what it has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirrorStatus {
    /// How the connection is.
    pub connection: Connection,
    /// The same in words, with what is wrong and the remedy.
    pub text: String,
    /// What has come in, and why what was refused was.
    pub counts: Counts,
}

#[derive(Debug)]
struct Shared {
    decoder: Mutex<Decoder>,
    state: Mutex<(Connection, String)>,
    end: Notify,
}

impl Mirror {
    /// Starts to listen under `root`; it connects in its own time.
    ///
    /// Devices have their broker's topics and ids in common with the twin; the client id must not be that of a [`Face`]
    /// at the same broker.
    ///
    /// # Errors
    /// [`MqttError`] for what can be known beforehand, as for a face.
    ///
    /// [`Face`]: crate::Face
    pub fn start(broker: Broker, root: &str, catalogue: &Catalogue) -> Result<Self, MqttError> {
        broker.check()?;
        check_root(root)?;
        let tls = broker.tls.as_ref().map(tls::client).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared {
            decoder: Mutex::new(Decoder::new(root, catalogue)),
            state: Mutex::new((Connection::Connecting, format!("connecting to {}", broker.address()))),
            end: Notify::new(),
        });
        let client_id = broker.client_id.clone();
        let plug = Plug { broker: Arc::new(broker), tls, client_id, will: None, acknowledges_itself: false };
        let ear = Ear { shared: shared.clone(), filter: Decoder::filter(root), plug };
        let thread = thread::Builder::new().name("mqtt-mirror".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = keep(&ear.plug, &ear) => {}
                    () = ear.shared.end.notified() => {}
                }
            });
            // Whoever still looks a name up is not waited for.
            runtime.shutdown_background();
            ear.tell(Connection::Ended, format!("ended the connection with {}", ear.plug.broker.address()));
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands on the latest reading of each series since the last call, in the order of ids and quantities.
    pub fn drain(&self, take: impl FnMut(FieldReading)) {
        let readings = lock(&self.shared.decoder).drain();
        readings.for_each(take);
    }

    /// How it is connected and what it has heard.
    pub fn status(&self) -> MirrorStatus {
        let (connection, text) = lock(&self.shared.state).clone();
        MirrorStatus { connection, text, counts: lock(&self.shared.decoder).counts }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.shared.end.notify_one();
        if let Some(thread) = self.thread.take() {
            // A mirror that panicked has said so on its own thread.
            let _ = thread.join();
        }
    }
}

/// The connection's user.
struct Ear {
    shared: Arc<Shared>,
    filter: String,
    plug: Plug,
}

impl Ear {
    fn tell(&self, connection: Connection, text: String) {
        *lock(&self.shared.state) = (connection, text);
    }
}

impl Traffic for Ear {
    type Wire = Listening;

    fn connected(&self, wire: Listening) {
        wire.subscribe(self.filter.clone());
        let text = format!("listening to {} at {}", self.filter, self.plug.broker.address());
        tracing::info!("{text}");
        self.tell(Connection::Connected, text);
    }

    fn happened(&self, happened: Happened) {
        match happened {
            Happened::Message(message) => lock(&self.shared.decoder).take(message.topic(), message.payload()),
            Happened::SubscriptionRefused => {
                let at = self.plug.broker.address();
                let text = format!("broker {at} does not let us read {}: nothing is mirrored", self.filter);
                tracing::warn!("{text}");
                self.tell(Connection::Connected, text);
            }
            _ => {}
        }
    }

    fn lost(&self, Loss(why): Loss, wait: Duration) {
        tracing::warn!("{why}; tried again in {:.1} s", wait.as_secs_f64());
        self.tell(Connection::Lost, why);
    }

    fn is_over(&self) -> bool {
        false
    }

    async fn handshake(&self) -> Option<SemaphorePermit<'_>> {
        None
    }

    async fn breaks_off(&self) {
        std::future::pending().await
    }

    async fn wait(&self, time: Duration) {
        sleep(time).await;
    }
}
