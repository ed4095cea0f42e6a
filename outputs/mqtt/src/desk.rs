//! The face's own thread: carries between the kernel, the session and the connections.

use crate::broker::Broker;
use crate::face::{MOST_REQUESTS, Shared, lock};
use crate::io::keep::{Traffic, keep};
use crate::io::loss::Loss;
use crate::io::wire::{Happened, Incoming, Plug, Talking, WINDOW};
use crate::session::{LinkId, Received, Session};
use crate::status::{Connection, Status};
use agents::face::Request;
use rustls::ClientConfig;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout, timeout_at};

/// Requests that wait, unacknowledged, for the kernel to make room: more than brokers send without acknowledgements, if
/// nobody has lifted their bound. More are refused.
const MOST_HELD: usize = 4096;
/// Answers that wait for the broker; with more of them no requests are handed over.
const MOST_ANSWERS: usize = 10_000;
/// Connections that are being made at the same time.
const MOST_HANDSHAKES: usize = 64;
/// How often the status is told when nothing else happens, and how often what is dropped is complained of.
const STATUS_EVERY: Duration = Duration::from_millis(200);
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// A request without room, and what acknowledges it.
struct Held {
    request: Request,
    /// The message, and the rank of the connection it came by.
    message: Option<(Box<Incoming>, u64)>,
}

/// A connection the broker has accepted.
struct Outlet {
    wire: Talking,
    /// Rank of the connection among all that were accepted: another one knows nothing of its messages.
    rank: u64,
    acknowledgements: VecDeque<Box<Incoming>>,
    said_goodbye: bool,
}

/// What all connections of the face share.
struct Desk {
    session: RefCell<Session>,
    shared: Arc<Shared>,
    broker: Arc<Broker>,
    outlets: RefCell<Vec<Option<Outlet>>>,
    held: RefCell<VecDeque<Held>>,
    started: Instant,
    accepted: Cell<u64>,
    /// Some of the held requests have gone.
    ending: Cell<bool>,
    state: RefCell<(Connection, String)>,
    /// Messages that had given way when it was last complained of.
    complained: Cell<u64>,
    complained_at: Cell<Instant>,
    handshakes: Semaphore,
    /// Links of devices have broken off, or are up again.
    links_changed: Notify,
}

/// Works until the face ends.
pub(crate) fn run(
    runtime: Runtime,
    session: Session,
    broker: Broker,
    tls: Option<Arc<ClientConfig>>,
    shared: Arc<Shared>,
) {
    let links = session.links();
    let broker = Arc::new(broker);
    let desk = Rc::new(Desk {
        outlets: RefCell::new(links.iter().map(|_| None).collect()),
        state: RefCell::new((Connection::Connecting, format!("connecting to {}", broker.address()))),
        session: RefCell::new(session),
        shared,
        broker: broker.clone(),
        held: RefCell::default(),
        started: Instant::now(),
        accepted: Cell::new(0),
        ending: Cell::new(false),
        complained: Cell::new(0),
        complained_at: Cell::new(Instant::now()),
        handshakes: Semaphore::new(MOST_HANDSHAKES),
        links_changed: Notify::new(),
    });
    LocalSet::new().block_on(&runtime, async {
        let mut tasks = JoinSet::new();
        let mut handles = Vec::new();
        for (id, client_id, will) in links {
            let link = Link { desk: desk.clone(), id, over: Cell::new(false) };
            let (broker, tls) = (broker.clone(), tls.clone());
            let will = Some((will, Session::WILL));
            let plug = Plug { broker, tls, client_id, will, acknowledges_itself: true };
            handles.push(tasks.spawn_local(async move { keep(&plug, &link).await }));
        }
        let deadline = desk.serve().await;
        desk.say_goodbye();
        // A connection that is not there has nobody to say goodbye to.
        for (handle, _) in handles.iter().zip(&*desk.outlets.borrow()).filter(|(_, outlet)| outlet.is_none()) {
            handle.abort();
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        // What is not done by then is broken off.
        let _ = timeout_at(deadline.into(), all).await;
    });
    // Whoever still looks a name up is not waited for.
    runtime.shutdown_background();
    *desk.state.borrow_mut() = (Connection::Ended, format!("ended the connection with {}", broker.address()));
    desk.tell();
}

impl Desk {
    /// Serves the kernel until it wants an end; the deadline of that.
    async fn serve(&self) -> Instant {
        loop {
            self.take_from_kernel();
            self.hand_over();
            self.pump_all();
            self.tell();
            self.complain();
            if let Some(deadline) = *lock(&self.shared.deadline) {
                return deadline;
            }
            // Time running out is as good a reason as any to look again.
            let _ = timeout(STATUS_EVERY, self.shared.wake.notified()).await;
        }
    }

    fn take_from_kernel(&self) {
        let mut session = self.session.borrow_mut();
        for answer in std::mem::take(&mut *lock(&self.shared.answers)) {
            session.answer(&answer);
        }
        loop {
            let Some(batch) = lock(&self.shared.batches).pop() else { return };
            session.publish(&batch);
            if session.take_link_changes() {
                self.links_changed.notify_waiters();
            }
            lock(&self.shared.batches).give_back(batch);
        }
    }

    /// Waits until a connection of a device shall be broken off, or shall no more.
    async fn link_is(&self, link: LinkId, broken_off: bool) {
        loop {
            let changed = self.links_changed.notified();
            if self.session.borrow().is_broken_off(link) == broken_off {
                return;
            }
            changed.await;
        }
    }

    /// Gives the kernel as many of the held requests as it has room for; only then are they acknowledged.
    fn hand_over(&self) {
        let mut held = self.held.borrow_mut();
        if held.is_empty() {
            return;
        }
        let mut requests = lock(&self.shared.requests);
        let mut outlets = self.outlets.borrow_mut();
        let answers = self.session.borrow().answers_waiting();
        while requests.len() < MOST_REQUESTS
            && answers < MOST_ANSWERS
            && let Some(Held { request, message }) = held.pop_front()
        {
            requests.push_back(request);
            if let (Some((message, rank)), Some(outlet)) = (message, &mut outlets[0])
                && rank == outlet.rank
            {
                outlet.acknowledgements.push_back(message);
            }
        }
    }

    fn pump_all(&self) {
        let links = self.outlets.borrow().len();
        (0..links as u32).for_each(|link| self.pump(LinkId(link)));
    }

    /// Gives a connection as much as it takes.
    fn pump(&self, link: LinkId) {
        let mut outlets = self.outlets.borrow_mut();
        let Some(outlet) = &mut outlets[link.index()] else { return };
        while let Some(message) = outlet.acknowledgements.front()
            && outlet.wire.acknowledge(message)
        {
            outlet.acknowledgements.pop_front();
        }
        let mut session = self.session.borrow_mut();
        while session.in_flight(link) < WINDOW
            && let Some(message) = session.next(link)
        {
            if !outlet.wire.publish(message) {
                tracing::error!("a message was not taken by the connection; it is sent again with the next");
                break;
            }
        }
        if self.ending.get() && !outlet.said_goodbye && session.is_done(link) {
            outlet.said_goodbye = outlet.wire.disconnect();
        }
    }

    fn say_goodbye(&self) {
        self.take_from_kernel();
        self.ending.set(true);
        self.session.borrow_mut().farewell();
        self.pump_all();
    }

    /// A message of the gateway's connection.
    fn receive(&self, message: Box<Incoming>) {
        let clock = self.started.elapsed();
        let parts = Received { topic: message.topic(), payload: message.payload(), retained: message.retained() };
        let request = self.session.borrow_mut().received(parts, clock);
        let rank = self.outlets.borrow().first().and_then(Option::as_ref).map_or(0, |outlet| outlet.rank);
        let Some(request) = request else {
            if message.is_awaited()
                && let Some(outlet) = &mut self.outlets.borrow_mut()[0]
            {
                outlet.acknowledgements.push_back(message.without_payload());
            }
            return;
        };
        // A connection that is not worked brings nothing out either: what is beyond all bounds is refused, not left unread.
        if message.is_awaited() && self.held.borrow().len() >= MOST_HELD {
            self.session.borrow_mut().refuse_for_want_of_room(request, clock);
            if let Some(outlet) = &mut self.outlets.borrow_mut()[0] {
                outlet.acknowledgements.push_back(message.without_payload());
            }
        } else if message.is_awaited() {
            let message = Some((message.without_payload(), rank));
            self.held.borrow_mut().push_back(Held { request, message });
        } else if self.held.borrow().is_empty() && lock(&self.shared.requests).len() < MOST_REQUESTS {
            self.held.borrow_mut().push_back(Held { request, message: None });
        } else {
            self.session.borrow_mut().refuse_for_want_of_room(request, clock);
        }
        self.hand_over();
    }

    /// Leaves the status where the kernel finds it.
    fn tell(&self) {
        let session = self.session.borrow();
        let counts = session.counts;
        let (connection, text) = self.state.borrow().clone();
        let outlets = self.outlets.borrow();
        let up = outlets.iter().flatten().count();
        let text = if outlets.len() > 1 { format!("{text} ({up} of {} connections)", outlets.len()) } else { text };
        *lock(&self.shared.status) = Status {
            connection,
            text,
            sent: counts.sent,
            queued: session.queued() as u64,
            dropped: counts.given_way + lock(&self.shared.batches).overtaken,
            stale: counts.stale,
            received: counts.received,
            refused: counts.refused,
            unanswered: counts.unanswered,
        };
    }

    /// Says how many messages were dropped since it was last said: now and then, and only with a broker that is there.
    fn complain(&self) {
        let is_connected = self.state.borrow().0 == Connection::Connected;
        if is_connected && self.complained_at.get().elapsed() >= COMPLAIN_EVERY {
            self.complain_now("the broker or the face is too slow");
        }
    }

    fn complain_now(&self, why: &str) {
        let dropped = self.session.borrow().counts.given_way + lock(&self.shared.batches).overtaken;
        let count = dropped - self.complained.replace(dropped);
        self.complained_at.set(Instant::now());
        if count > 0 {
            let (queued, at) = (self.session.borrow().queued(), self.broker.address());
            tracing::warn!(
                "{count} readings or events for {at} were dropped, oldest first: {why}; {queued} are waiting"
            );
        }
    }
}

/// One connection of the face.
struct Link {
    desk: Rc<Desk>,
    id: LinkId,
    over: Cell<bool>,
}

impl Traffic for Link {
    type Wire = Talking;

    fn connected(&self, wire: Talking) {
        let desk = &self.desk;
        desk.accepted.set(desk.accepted.get() + 1);
        desk.session.borrow_mut().connected(self.id);
        if self.id == LinkId::GATEWAY {
            wire.subscribe(desk.session.borrow().command_filter());
            let text = format!("connected to {} as `{}`", desk.broker.address(), desk.broker.client_id);
            tracing::info!("{text}");
            *desk.state.borrow_mut() = (Connection::Connected, text);
        }
        let outlet = Outlet { wire, rank: desk.accepted.get(), acknowledgements: VecDeque::new(), said_goodbye: false };
        desk.outlets.borrow_mut()[self.id.index()] = Some(outlet);
        if self.id == LinkId::GATEWAY {
            desk.complain_now("the broker was away");
        }
        desk.pump(self.id);
        desk.tell();
    }

    fn happened(&self, happened: Happened) {
        let desk = &self.desk;
        match happened {
            Happened::Sent(packet) => desk.session.borrow_mut().sent(self.id, packet),
            Happened::Acknowledged(packet) => desk.session.borrow_mut().acknowledged(self.id, packet),
            Happened::AcknowledgementSent => {
                if let Some(outlet) = &mut desk.outlets.borrow_mut()[self.id.index()] {
                    outlet.wire.acknowledgement_sent();
                }
            }
            Happened::Message(message) => desk.receive(message),
            Happened::SubscriptionRefused => {
                let (at, filter) = (desk.broker.address(), desk.session.borrow().command_filter());
                let text = format!("broker {at} does not let us read {filter}: commands do not reach the twin");
                tracing::warn!("{text}");
                desk.state.borrow_mut().1 = text;
            }
            Happened::Disconnected => self.over.set(true),
            Happened::Connected | Happened::Other => return,
        }
        desk.pump(self.id);
    }

    fn lost(&self, Loss(why): Loss, wait: Duration) {
        let desk = &self.desk;
        desk.outlets.borrow_mut()[self.id.index()] = None;
        desk.session.borrow_mut().lost(self.id);
        if desk.ending.get() {
            self.over.set(true);
        } else if self.id == LinkId::GATEWAY {
            tracing::warn!("{why}; tried again in {:.1} s", wait.as_secs_f64());
            *desk.state.borrow_mut() = (Connection::Lost, why);
        } else {
            tracing::debug!("{why}");
        }
        desk.tell();
    }

    fn is_over(&self) -> bool {
        self.over.get()
    }

    async fn handshake(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        self.desk.link_is(self.id, false).await;
        self.desk.handshakes.acquire().await.ok()
    }

    async fn breaks_off(&self) {
        self.desk.link_is(self.id, true).await;
    }

    async fn wait(&self, time: Duration) {
        sleep(time).await;
    }
}
