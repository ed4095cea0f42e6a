//! Calls to the thread that runs the twin, and the answers on their way back.

use crate::call::{Call, Clock, Reply};
use crate::face::lock;
use crate::problem::Problem;
use agents::face::{Answer, Asked, Request};
use axum::http::StatusCode;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;
use twin::Pace;

/// Most calls that wait for the kernel.
pub(crate) const MOST_CALLS: usize = 4096;
/// How long a call waits for the kernel, besides the tick it may have to wait for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Wakes the thread that runs the twin.
pub(crate) type Waker = Box<dyn Fn() + Send + Sync>;

/// Calls and answers. Locks are held for moments only.
#[derive(Default)]
pub(crate) struct Desk {
    waker: OnceLock<Waker>,
    calls: Mutex<VecDeque<Call>>,
    tickets: Mutex<BTreeMap<u64, oneshot::Sender<Answer>>>,
    next: AtomicU64,
    is_closed: AtomicBool,
}

/// A place for an answer, given back when nobody waits any more.
struct Ticket<'a> {
    desk: &'a Desk,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        lock(&self.desk.tickets).remove(&self.number);
    }
}

impl Desk {
    /// Has somebody called when there is something to take; whoever came first is.
    pub(crate) fn wake_with(&self, waker: Waker) {
        drop(self.waker.set(waker));
    }

    /// Everything that waits for the kernel, in the order in which it came.
    pub(crate) fn take(&self) -> VecDeque<Call> {
        std::mem::take(&mut *lock(&self.calls))
    }

    /// Hands an answer to whoever waits for it.
    pub(crate) fn answer(&self, answer: Answer) {
        let sender = answer.reply_to.parse().ok().and_then(|number| lock(&self.tickets).remove(&number));
        if let Some(sender) = sender {
            // Whoever asked may have gone meanwhile.
            drop(sender.send(answer));
        }
    }

    /// Nothing is taken any more, and whoever waits is told.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        lock(&self.calls).clear();
        lock(&self.tickets).clear();
    }

    fn push(&self, call: Call) -> Result<(), Problem> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(ending());
        }
        let mut calls = lock(&self.calls);
        if calls.len() >= MOST_CALLS {
            return Err(Problem::busy("the twin has more requests than it can take: send it again in a moment"));
        }
        calls.push_back(call);
        drop(calls);
        if let Some(wake) = self.waker.get() {
            wake();
        }
        Ok(())
    }

    /// Asks the kernel between two ticks.
    pub(crate) async fn ask<T>(&self, patience: Duration, call: impl FnOnce(Reply<T>) -> Call) -> Result<T, Problem> {
        let (reply, answer) = Reply::channel();
        self.push(call(reply))?;
        within(patience, answer).await
    }

    /// Asks, for a moment's answer.
    pub(crate) async fn ask_soon<T>(&self, call: impl FnOnce(Reply<T>) -> Call) -> Result<T, Problem> {
        self.ask(PATIENCE, call).await
    }

    /// Leaves a request for the next tick; what became of one that was taken before, under the same id, is known at once.
    pub(crate) async fn leave(&self, asked: Asked, id: Option<String>) -> Result<Option<Answer>, Problem> {
        let request = Request { asked, id: id.clone(), reply_to: String::new() };
        self.ask_soon(|reply| Call::Leave { request, reply }).await.map_err(|problem| problem.of(id))
    }

    /// Asks something of the twin, which takes it at its next tick, in so long at most.
    pub(crate) async fn request(
        &self,
        asked: Asked,
        id: Option<String>,
        next_tick: Duration,
    ) -> Result<Answer, Problem> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        lock(&self.tickets).insert(number, sender);
        let _ticket = Ticket { desk: self, number };
        let request = Request { asked, id: id.clone(), reply_to: number.to_string() };
        self.push(Call::Request(request)).map_err(|problem| problem.of(id.clone()))?;
        within(PATIENCE + next_tick, answer).await.map_err(|problem| problem.of(id))
    }
}

/// How long it may take until the next tick, on the wall clock; none of a twin that stands still, or whose ticks are too far
/// apart to wait for.
pub(crate) fn next_tick(clock: Option<Clock>) -> Option<Duration> {
    match clock {
        Some(Clock { is_paused: true, .. }) => None,
        Some(Clock { pace: Pace::Clock(speed), tick, .. }) => {
            let seconds = tick.seconds() / speed;
            (seconds <= PATIENCE.as_secs_f64()).then(|| Duration::from_secs_f64(seconds))
        }
        _ => Some(Duration::ZERO),
    }
}

async fn within<T>(patience: Duration, answer: oneshot::Receiver<T>) -> Result<T, Problem> {
    match tokio::time::timeout(patience, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(ending()),
        Err(_) => {
            let detail = format!(
                "the twin has not answered in {} s: it may still do what was asked; ask again, with the same `id` where the \
                 request has one, and it is done once",
                patience.as_secs()
            );
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, detail))
        }
    }
}

fn ending() -> Problem {
    Problem::busy("the twin ends, or could not answer: ask again when it runs")
}
