//! One interval as streams tell it: each message is written once, however many read it.

use crate::call::Clock;
use crate::queue::Batch;
use crate::select::Selection;
use crate::view::{AssetView, ClockView, EventView, SignalView, SiteView, Viewer};
use agents::record::Event;
use bytes::Bytes;
use serde::Serialize;
use std::sync::OnceLock;
use utoipa::ToSchema;

/// What streams can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Assets,
    Sites,
    Signals,
    Events,
    Clock,
}

impl Topic {
    pub(crate) const ALL: [Self; 5] = [Self::Assets, Self::Sites, Self::Signals, Self::Events, Self::Clock];
    /// Those of an interval.
    const OF_TICKS: [Self; 4] = [Self::Assets, Self::Sites, Self::Signals, Self::Events];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Assets => "assets",
            Self::Sites => "sites",
            Self::Signals => "signals",
            Self::Events => "events",
            Self::Clock => "clock",
        }
    }
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Server-sent events.
    Events,
    /// JSON in a message of a WebSocket.
    Socket,
}

/// An event with its number.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) number: u64,
    pub(crate) event: Event,
}

/// What streams are told.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// An interval has passed.
    Tick(std::sync::Arc<Frame>),
    /// The clock, after a tick or when it goes another way.
    Clock(std::sync::Arc<ClockFrame>),
}

/// Messages written once for all who want everything: by topic and wire.
type Written = [[OnceLock<Bytes>; 2]; 4];

/// One interval.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) batch: Batch,
    pub(crate) events: Vec<std::sync::Arc<Noted>>,
    written: Written,
}

/// Readings of assets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetsMessage)]
pub(crate) struct Assets<'a> {
    /// First instant of the interval.
    #[schema(format = "date-time")]
    time: String,
    /// Its length.
    length_s: f64,
    assets: Vec<AssetView<'a>>,
}

/// Readings of sites.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SitesMessage)]
pub(crate) struct Sites<'a> {
    /// First instant of the interval.
    #[schema(format = "date-time")]
    time: String,
    /// Its length.
    length_s: f64,
    sites: Vec<SiteView<'a>>,
}

/// Signals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignalsMessage)]
pub(crate) struct Signals {
    /// First instant of the interval.
    #[schema(format = "date-time")]
    time: String,
    /// Its length.
    length_s: f64,
    signals: Vec<SignalView>,
}

/// Events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventsMessage)]
pub(crate) struct Events<'a> {
    events: Vec<EventView<'a>>,
}

impl Frame {
    pub(crate) fn new(batch: Batch, events: Vec<std::sync::Arc<Noted>>) -> Self {
        Self { batch, events, written: Written::default() }
    }

    /// The messages of this interval for who has selected this; events of an interval without any are no message.
    pub(crate) fn messages(
        &self,
        viewer: Viewer<'_>,
        selection: &Selection,
        wire: Wire,
        with_readings: bool,
    ) -> Vec<Bytes> {
        let wanted = |topic: &Topic| selection.wants(*topic) && (with_readings || *topic == Topic::Events);
        let message = |topic| self.message(topic, viewer, selection, wire);
        Topic::OF_TICKS.into_iter().filter(wanted).filter_map(message).collect()
    }

    fn message(&self, topic: Topic, viewer: Viewer<'_>, selection: &Selection, wire: Wire) -> Option<Bytes> {
        if topic == Topic::Events && !self.events.iter().any(|noted| selection.has_event(noted)) {
            return None;
        }
        let write =
            || written(wire, topic.as_str(), &self.batch.start.to_string(), &self.data(topic, viewer, selection));
        if selection.is_narrow() {
            return Some(write());
        }
        Some(self.written[topic as usize][wire as usize].get_or_init(write).clone())
    }

    fn data(&self, topic: Topic, viewer: Viewer<'_>, selection: &Selection) -> String {
        let (time, length_s) = (self.batch.start.to_string(), self.batch.length.seconds());
        let json = match topic {
            Topic::Assets => {
                let assets = self.batch.assets.iter().filter(|reading| selection.has_asset(reading.asset));
                let assets = assets.map(|reading| viewer.asset(reading, &self.batch)).collect();
                serde_json::to_string(&Assets { time, length_s, assets })
            }
            Topic::Sites => {
                let sites = self.batch.sites.iter().filter(|reading| selection.has_site(reading.site));
                serde_json::to_string(&Sites { time, length_s, sites: sites.map(|site| viewer.site(site)).collect() })
            }
            Topic::Signals => {
                let signals = self.batch.signals.iter().map(|signal| viewer.signal(signal)).collect();
                serde_json::to_string(&Signals { time, length_s, signals })
            }
            Topic::Events | Topic::Clock => {
                let events = self.events.iter().filter(|noted| selection.has_event(noted));
                serde_json::to_string(&Events { events: events.map(|noted| viewer.event(noted)).collect() })
            }
        };
        json.expect("readings are plain data")
    }
}

/// The clock.
#[derive(Debug)]
pub(crate) struct ClockFrame {
    pub(crate) clock: Clock,
    written: [OnceLock<Bytes>; 2],
}

impl ClockFrame {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, written: Default::default() }
    }

    pub(crate) fn message(&self, wire: Wire) -> Bytes {
        let write = || {
            let data = serde_json::to_string(&ClockView::from(self.clock)).expect("a clock is plain data");
            written(wire, Topic::Clock.as_str(), &self.clock.now.to_string(), &data)
        };
        self.written[wire as usize].get_or_init(write).clone()
    }
}

/// What a reader is told who was too slow.
pub(crate) fn lagged(wire: Wire, time: &str, missed_ticks: u64, after: u64) -> Bytes {
    let data = serde_json::json!({ "missed_ticks": missed_ticks, "after": after }).to_string();
    written(wire, "lagged", time, &data)
}

/// A message as the wire has it; the data has no line breaks, since JSON escapes them.
fn written(wire: Wire, event: &str, id: &str, data: &str) -> Bytes {
    match wire {
        Wire::Events => format!("event: {event}\nid: {id}\ndata: {data}\n\n").into(),
        Wire::Socket => format!(r#"{{"event":"{event}","id":"{id}","data":{data}}}"#).into(),
    }
}
