//! What stands in for the twin: a catalogue, and rows of it.

use crate::server::{Mosquitto, eventually};
use agents::command::Capability;
use agents::face::{Answer, Request, Verdict};
use agents::reading::{AssetReading, AssetState, FaultReading, Signal, SignalReading};
use agents::record::{Catalogue, IntervalRows, ParticipantEntry};
use agents::{Calendar, Kind, ParticipantId, Span, Time};
use mqtt::{Broker, Connection, Face, Settings, Version};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// 2026-03-02T07:15:00-04:00.
pub(crate) const TIME: Time = Time(1_772_450_100_000);

/// So many batteries, in Martinique.
pub(crate) fn batteries(count: u32) -> Arc<Catalogue> {
    let entry = |number| ParticipantEntry {
        id: format!("bat_{number:05}"),
        kind: Kind::Battery,
        site: None,
        capacity_kwh: Some(100.0),
    };
    assert!(Capability::of(Kind::Battery).is_some());
    Arc::new(Catalogue {
        calendar: Calendar { utc_offset: Span::from_s(-4 * 3600) },
        participants: (0..count).map(entry).collect(),
        ..Catalogue::default()
    })
}

/// Every battery at this power.
pub(crate) fn readings(count: u32, power_kw: f64) -> Vec<AssetReading> {
    let reading = |asset| AssetReading {
        asset: ParticipantId(asset),
        power_kw,
        setpoint_kw: None,
        energy_kwh: None,
        reactive_kvar: None,
        state: AssetState::Idle,
    };
    (0..count).map(reading).collect()
}

/// Publishes an interval of a second, `second` after [`TIME`].
pub(crate) fn publish(face: &Face, second: i64, assets: &[AssetReading]) {
    publish_with(face, second, assets, &[]);
}

/// The same where some have faults.
pub(crate) fn publish_with(face: &Face, second: i64, assets: &[AssetReading], faults: &[FaultReading]) {
    let signals: [SignalReading; 1] = [Signal::Irradiance.reading(second as f64)];
    face.publish(&IntervalRows {
        mirror: &[],
        faults,
        start: TIME + Span::from_s(second),
        length: Span::from_s(1),
        assets,
        sites: &[],
        signals: &signals,
        supply: &[],
        records: &[],
    });
}

/// Publishes these seconds, with a power that changes each second, at a pace that the face can follow.
pub(crate) fn publish_all(face: &Face, seconds: Range<i64>, assets: u32) {
    for second in seconds {
        publish(face, second, &readings(assets, second as f64));
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn broker(port: u16, version: Version) -> Broker {
    Broker {
        client_id: "twin".into(),
        version,
        keep_alive: Duration::from_secs(5),
        ..Broker::parse(&format!("mqtt://127.0.0.1:{port}")).unwrap()
    }
}

/// A face that is connected.
pub(crate) fn connected(mosquitto: &Mosquitto, settings: Settings, assets: u32) -> Face {
    let face = Face::start(broker(mosquitto.port, Version::default()), settings, batteries(assets)).unwrap();
    is_connected(&face);
    face
}

#[track_caller]
pub(crate) fn is_connected(face: &Face) {
    eventually("the face is connected", || face.status().connection == Connection::Connected);
}

/// The text of the status, once it contains `says`.
#[track_caller]
pub(crate) fn says(face: &Face, says: &str) {
    let mut last = String::new();
    let end = std::time::Instant::now() + crate::server::PATIENCE;
    while std::time::Instant::now() < end {
        last = face.status().text;
        if last.contains(says) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the status says `{last}`, not `{says}`");
}

/// The answer of a twin that takes everything.
pub(crate) fn accept(request: &Request) -> Answer {
    Answer { id: request.id.clone(), reply_to: request.reply_to.clone(), verdict: Verdict::Accepted, reason: None }
}
