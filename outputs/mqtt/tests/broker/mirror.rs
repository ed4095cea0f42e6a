//! The mirror hears what devices publish, and never says anything.

use crate::server::{Mosquitto, eventually};
use crate::twin::{TIME, batteries, broker, connected, publish, readings};
use agents::ParticipantId;
use agents::face::{FieldQuantity, FieldReading};
use mqtt::mirror::Mirror;
use mqtt::{Connection, Settings, Version};
use std::time::Duration;

const POWER: &str = "cariflex/sensors/battery/bat_00001/power";

fn start(port: u16, version: Version) -> Mirror {
    let broker = mqtt::Broker { client_id: "mirror".into(), ..broker(port, version) };
    let mirror = Mirror::start(broker, "cariflex", &batteries(3)).unwrap();
    eventually("the mirror listens", || mirror.status().connection == Connection::Connected);
    mirror
}

fn drain(mirror: &Mirror) -> Vec<FieldReading> {
    let mut readings = Vec::new();
    mirror.drain(|reading| readings.push(reading));
    readings
}

#[test]
fn what_devices_publish_is_read_in_both_versions() {
    for version in [Version::V3_1_1, Version::V5] {
        let mosquitto = Mosquitto::open();
        let line = "{\"value\":-2500,\"unit\":\"W\",\"timestamp\":\"2026-03-02T07:15:00-04:00\"}\n";
        mosquitto.publish(POWER, line, &["-r"]);
        let mirror = start(mosquitto.port, version);
        let mut readings = Vec::new();
        eventually("what was retained is read", || {
            readings.extend(drain(&mirror));
            !readings.is_empty()
        });
        let quantity = FieldQuantity::Power;
        assert_eq!(readings, [FieldReading { asset: ParticipantId(1), quantity, value: -2.5, time: TIME }]);
        mosquitto.publish(POWER, "garbage\n{\"value\":1}\n", &["-q", "1"]);
        eventually("garbage is counted", || mirror.status().counts.refused() == 2);
        assert_eq!((mirror.status().counts.not_json, mirror.status().counts.no_offset), (1, 1));
    }
}

#[test]
fn the_mirror_of_a_twin_shows_what_the_twin_shows_and_says_nothing_itself() {
    let mosquitto = Mosquitto::open();
    let mirror = start(mosquitto.port, Version::V5);
    let face = connected(&mosquitto, Settings::default(), 3);
    let ear = mosquitto.listen("#");
    (0..30).for_each(|second| publish(&face, second, &readings(3, second as f64)));
    let mut last = Vec::new();
    eventually("the last second is read", || {
        let new = drain(&mirror);
        last.extend(new);
        last.iter().filter(|reading| reading.quantity == FieldQuantity::Power && reading.value == 29.0).count() == 3
    });
    face.stop(Duration::from_secs(5));
    drop(mirror);
    let heard = ear.until("the twin's goodbye", |heard| {
        heard.last().is_some_and(|last| last.topic.ends_with("/gateway/twin") && last.payload == "offline")
    });
    assert!(heard.iter().all(|heard| !heard.topic.contains("mirror")), "{heard:?}");
}
