//! Keeps a connection: makes it, works it until it is lost, waits, and makes it again.

use crate::io::backoff::{Backoff, chance};
use crate::io::loss::Loss;
use crate::io::wire::{Happened, Plug, Sender};
use std::time::{Duration, Instant};
use tokio::sync::SemaphorePermit;

/// Whoever uses a connection.
pub(crate) trait Traffic {
    /// What it may do with a connection.
    type Wire: From<Sender>;

    /// The broker has accepted the connection.
    fn connected(&self, wire: Self::Wire);

    /// Something happened in it.
    fn happened(&self, happened: Happened);

    /// It is lost, or was never made; it is tried again after `wait`.
    fn lost(&self, loss: Loss, wait: Duration);

    /// Whether it is over: no further connection is made, and the one there is, is left.
    fn is_over(&self) -> bool;

    /// Waits until a connection may be made; what comes back is kept until it is, or is refused.
    async fn handshake(&self) -> Option<SemaphorePermit<'_>>;

    /// Waits until the connection there is shall break off, without a goodbye, so that the broker publishes the will.
    async fn breaks_off(&self);

    /// Waits for `time`.
    async fn wait(&self, time: Duration);
}

/// Keeps the connection until its traffic is over.
pub(crate) async fn keep(plug: &Plug, traffic: &impl Traffic) {
    let mut backoff = Backoff::default();
    while !traffic.is_over() {
        let mut accepted: Option<Instant> = None;
        let mut handshake = traffic.handshake().await;
        let (sender, mut stream) = plug.open();
        let loss = loop {
            let next = tokio::select! {
                next = plug.next(&mut stream) => next,
                () = traffic.breaks_off() => Err(Loss::of_fault()),
            };
            match next {
                Ok(Happened::Connected) => {
                    accepted = Some(Instant::now());
                    handshake = None;
                    traffic.connected(sender.clone().into());
                }
                Ok(happened) => traffic.happened(happened),
                Err(loss) => break loss,
            }
            if traffic.is_over() {
                return;
            }
        };
        let wait = backoff.after(accepted.map_or(Duration::ZERO, |instant| instant.elapsed()), chance());
        traffic.lost(loss, wait);
        // The library's side of the connection goes before the next is made.
        drop((stream, handshake));
        traffic.wait(wait).await;
    }
}
