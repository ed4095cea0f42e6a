//! What the face counts, as Prometheus reads it.

use crate::call::Clock;
use agents::record::{Catalogue, EventCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The media type of what is written.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Level = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LatencyLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

/// Counters, and where they are written from.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RouteLabels, Counter>,
    latency: Family<LatencyLabels, Histogram, fn() -> Histogram>,
    events: Family<CodeLabels, Counter>,
    pub(crate) dropped: Counter,
    pub(crate) streams: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) refused: Counter,
    pub(crate) missed: Counter,
    tick_duration: Histogram,
    ticks: Counter,
    late_ticks: Counter,
    restarts: Counter,
    latest_late: Level,
    speed: Level,
    paused: Gauge,
    time: Level,
}

fn latencies() -> Histogram {
    Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0])
}

impl Metrics {
    pub(crate) fn new(catalogue: &Catalogue, version: &str) -> Self {
        let mut registry = Registry::with_prefix("cariflex");
        let participants = Family::<KindLabels, Gauge>::default();
        for entry in &catalogue.participants {
            participants.get_or_create(&KindLabels { kind: entry.kind.as_str() }).inc();
        }
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            latency: Family::new_with_constructor(latencies as fn() -> Histogram),
            events: Family::default(),
            dropped: Counter::default(),
            streams: Gauge::default(),
            connections: Gauge::default(),
            refused: Counter::default(),
            missed: Counter::default(),
            tick_duration: Histogram::new([0.0001, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
            ticks: Counter::default(),
            late_ticks: Counter::default(),
            restarts: Counter::default(),
            latest_late: Level::default(),
            speed: Level::default(),
            paused: Gauge::default(),
            time: Level::default(),
        };
        let labels = prometheus_client::metrics::info::Info::new([("version", version.to_string())]);
        registry.register("engine", "The engine that runs", labels);
        registry.register("participants", "Participants by kind", participants);
        registry.register("ticks", "Ticks since the process started", metrics.ticks.clone());
        registry.register("late_ticks", "Ticks that began late", metrics.late_ticks.clone());
        registry.register("actor_restarts", "Actors replaced after they died", metrics.restarts.clone());
        registry.register("latest_late_seconds", "By how much the latest tick was late", metrics.latest_late.clone());
        registry.register("tick_duration_seconds", "How long ticks take, as told", metrics.tick_duration.clone());
        registry.register("twin_time_seconds", "The twin's time, since 1970", metrics.time.clone());
        registry.register("speed", "How many times as fast as the wall clock; 0: as it goes", metrics.speed.clone());
        registry.register("paused", "Whether the twin is paused", metrics.paused.clone());
        registry.register("events", "Events by code", metrics.events.clone());
        registry.register("requests", "Requests by route and status", metrics.requests.clone());
        registry.register("request_duration_seconds", "How long requests take", metrics.latency.clone());
        registry.register("streams", "Open streams", metrics.streams.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("refused_connections", "Connections refused: too many", metrics.refused.clone());
        registry.register("dropped_ticks", "Ticks the API was too slow to show", metrics.dropped.clone());
        registry.register("missed_ticks", "Ticks that streams were too slow to read", metrics.missed.clone());
        Self { registry, ..metrics }
    }

    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&RouteLabels { method, route: route.into(), status }).inc();
        self.latency.get_or_create(&LatencyLabels { route: route.into() }).observe(took.as_secs_f64());
    }

    pub(crate) fn event(&self, code: EventCode) {
        self.events.get_or_create(&CodeLabels { code: code.as_str() }).inc();
    }

    /// The clock as it is told after each tick.
    pub(crate) fn clock(&self, clock: Clock) {
        let counted = |counter: &Counter, count: u64| counter.inner().swap(count, Ordering::Relaxed);
        if counted(&self.ticks, clock.ticks) != clock.ticks {
            self.tick_duration.observe(clock.last_tick_ms / 1000.0);
        }
        counted(&self.late_ticks, clock.late_ticks);
        counted(&self.restarts, clock.restarts);
        self.latest_late.set(clock.latest.seconds());
        self.paused.set(clock.is_paused.into());
        self.time.set(clock.now.unix_s());
        self.speed.set(match clock.pace {
            twin::Pace::FlatOut => 0.0,
            twin::Pace::Clock(speed) => speed,
        });
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes all that is written to it");
        text
    }
}
