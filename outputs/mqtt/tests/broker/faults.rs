//! What an independent client hears of devices with faults.

use crate::server::{Mosquitto, eventually};
use crate::twin::{connected, publish, publish_with, readings};
use agents::fault::FaultKind;
use agents::reading::{AssetReading, FaultReading, Link};
use agents::{ParticipantId, Span};
use mqtt::{Connections, Settings};
use std::time::Duration;

const STATUS: &str = "cariflex/status/battery/bat_00001";
const POWER: &str = "cariflex/sensors/battery/bat_00001/power";

/// The second battery has a fault.
fn fault(kind: FaultKind, shown: Option<AssetReading>) -> FaultReading {
    let (clock_error, link) = (Span::ZERO, Link::default());
    FaultReading { asset: ParticipantId(1), faults: vec![kind], shown, clock_error, link }
}

fn down() -> FaultReading {
    let link = Link { is_down: true, ..Link::default() };
    FaultReading { link, ..fault(FaultKind::CommunicationLoss, Some(readings(2, 0.0)[1])) }
}

#[test]
fn a_broken_link_of_a_device_with_a_connection_of_its_own_fires_its_will() {
    let mosquitto = Mosquitto::open();
    let settings = Settings { connections: Connections::Device, ..Settings::default() };
    let face = connected(&mosquitto, settings, 2);
    eventually("all are connected", || face.status().text.contains("(3 of 3 connections)"));
    publish(&face, 0, &readings(2, 1.0));
    eventually("all is sent", || face.status().queued == 0);
    let ear = mosquitto.listen("cariflex/#");
    publish_with(&face, 1, &readings(2, 2.0), &[down()]);
    let heard =
        ear.until("the will", |heard| heard.last().is_some_and(|h| h.topic == STATUS && h.payload == "offline"));
    assert!(!heard.last().unwrap().retained, "it is heard as it is said");
    eventually("it stays away", || face.status().text.contains("(2 of 3 connections)"));
    publish_with(&face, 2, &readings(2, 3.0), &[down()]);
    ear.wait("cariflex/sensors/battery/bat_00000/power", "3.0");
    publish(&face, 3, &readings(2, 4.0));
    let heard =
        ear.until("its power", |heard| heard.last().is_some_and(|h| h.topic == POWER && h.payload.contains("4.0")));
    assert!(heard.iter().any(|h| h.topic == STATUS && h.payload == "online"), "{heard:?}");
    assert!(!heard.iter().any(|h| h.topic == POWER && h.payload.contains("3.0")), "{heard:?}");
    assert!(!heard.iter().any(|h| h.topic.starts_with("cariflex/status/gateway")), "the gateway stays where it is");
    face.stop(Duration::from_secs(10));
}

#[test]
fn a_frozen_value_and_a_wrong_clock_are_heard_as_the_device_says_them() {
    let mosquitto = Mosquitto::open();
    let face = connected(&mosquitto, Settings { every: Span::from_s(2), ..Settings::default() }, 2);
    let ear = mosquitto.listen("cariflex/sensors/battery/#");
    let frozen = || fault(FaultKind::SensorStuck, Some(readings(2, 5.0)[1]));
    for second in 0..5 {
        publish_with(&face, second, &readings(2, 10.0 + second as f64), &[frozen()]);
    }
    let hour = Span::from_minutes(-60);
    publish_with(&face, 6, &readings(2, 16.0), &[FaultReading { clock_error: hour, ..frozen() }]);
    let of = |heard: &[crate::server::Heard], topic: &str| -> Vec<String> {
        heard.iter().filter(|heard| heard.topic == topic).map(|heard| heard.payload.clone()).collect()
    };
    let heard = ear.until("the last", |heard| of(heard, POWER).iter().any(|payload| payload.contains("T06:15:06")));
    let frozen = of(&heard, POWER);
    assert!(frozen.iter().all(|payload| payload.starts_with("{\"value\":5.0,")), "{frozen:?}");
    assert_eq!(frozen.len(), 4, "at multiples only, as if nothing happened: {frozen:?}");
    let sound = of(&heard, "cariflex/sensors/battery/bat_00000/power");
    assert!(sound.iter().any(|payload| payload.starts_with("{\"value\":16.0,") && payload.contains("T07:15:06")));
    face.stop(Duration::from_secs(10));
}

#[test]
fn behind_the_gateway_a_broken_link_is_told_by_the_gateway() {
    let mosquitto = Mosquitto::open();
    let face = connected(&mosquitto, Settings::default(), 2);
    let ear = mosquitto.listen("cariflex/status/#");
    publish_with(&face, 0, &readings(2, 1.0), &[down()]);
    ear.wait(STATUS, "offline");
    publish(&face, 1, &readings(2, 1.0));
    ear.wait(STATUS, "online");
    face.stop(Duration::from_secs(10));
}
