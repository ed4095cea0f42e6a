//! What only the thread that runs the twin can do or tell.

use agents::face::{Answer, Request};
use agents::market_operator::{MarketView, TraderView};
use agents::{Span, Time};
use serde::Serialize;
use std::ops::RangeInclusive;
use tokio::sync::oneshot;
use twin::Pace;
use utoipa::ToSchema;

use crate::archive::SnapshotView;

/// A wish of the API to the thread that runs the twin, which takes all of them between two ticks.
#[derive(Debug)]
pub enum Call {
    /// A command, an act or a signal; it is answered through the face, as those of all faces are.
    Request(Request),
    /// The same of a twin whose next tick nobody waits for.
    Leave {
        /// What is asked.
        request: Request,
        /// Whoever asks: told at once what became of a request of this id that was taken before; none: it waits for a tick.
        reply: Reply<Option<Answer>>,
    },
    /// How a participant stands.
    Inspect {
        /// Its string id, which the API has checked.
        id: String,
        /// Whoever asks.
        reply: Reply<Inspection>,
    },
    /// What the market shows.
    Market {
        /// Whoever asks; none where nothing is traded.
        reply: Reply<Option<MarketView>>,
    },
    /// How a prosumer stands in its market.
    Trader {
        /// Its string id, which the API has checked.
        id: String,
        /// Whoever asks; none of one that does not trade.
        reply: Reply<Option<TraderView>>,
    },
    /// Time shall pass in another way.
    SetPace {
        /// How.
        wish: PaceWish,
        /// Whoever asks.
        reply: Reply<Result<Clock, String>>,
    },
    /// Some ticks shall be run now; the twin must be paused.
    Step {
        /// How many; answered after the last.
        ticks: u32,
        /// Whoever asks.
        reply: Reply<Result<Clock, String>>,
    },
    /// A snapshot shall be taken now; answered when it is on the disk.
    Snapshot {
        /// Whoever asks.
        reply: Reply<Result<SnapshotView, String>>,
    },
}

/// Speeds that can be asked for, in seconds of twin time per second of the wall clock.
pub const SPEEDS: RangeInclusive<f64> = 1e-3..=1e6;
/// How many ticks can be asked for at a time.
pub const MOST_TICKS: u32 = 100_000;

/// How time shall pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PaceWish {
    /// Not at all, until it is resumed or stepped.
    Pause,
    /// As before the pause, from the instant at which it stands.
    Resume,
    /// So many times as fast as the wall clock, from the instant at which it stands; positive.
    Speed(f64),
    /// As fast as it goes.
    FlatOut,
}

/// The twin's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// The instant of the last tick.
    pub now: Time,
    /// The length of a tick.
    pub tick: Span,
    /// How time passes, or passed before it was paused.
    pub pace: Pace,
    /// Whether it stands still.
    pub is_paused: bool,
    /// Ticks since the process started.
    pub ticks: u64,
    /// How many of them began late.
    pub late_ticks: u64,
    /// By how much the latest of them was late, on the wall clock.
    pub latest: Span,
    /// How long the last tick took, on the wall clock.
    pub last_tick_ms: f64,
    /// Actors replaced after they died.
    pub restarts: u64,
}

/// How a participant stands, as data: its core and its commands in force, its body, what is known of it in the field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Inspection {
    /// The core as it was committed last, by the names of its fields.
    pub core: serde_json::Value,
    /// What has come about in its body; null of one that has none.
    pub body: serde_json::Value,
    /// The commands it has taken and not outlived, oldest first; null of one that takes none.
    pub commands: serde_json::Value,
    /// Its faults, with their beginning and end; an empty list of a sound one.
    pub faults: serde_json::Value,
    /// What is known of it in the field; null of one that is not mirrored.
    pub mirror: serde_json::Value,
    /// Whether it failed and was put out.
    pub is_out: bool,
}

/// Where an answer goes; whoever asked may be gone.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<T>);

impl<T> Reply<T> {
    /// A reply, and where it arrives.
    pub fn channel() -> (Self, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Answers.
    pub fn send(self, answer: T) {
        // Nobody is there any more who could be told.
        drop(self.0.send(answer));
    }
}
