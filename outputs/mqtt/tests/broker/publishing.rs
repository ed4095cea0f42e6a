//! What an independent client hears of the twin.

use crate::server::{Mosquitto, eventually};
use crate::twin::{batteries, broker, connected, is_connected, publish, readings};
use mqtt::{Connections, Face, Settings, Version};
use std::time::Duration;

#[test]
fn an_independent_client_reads_the_golden_line_in_both_versions() {
    for version in [Version::V3_1_1, Version::V5] {
        let mosquitto = Mosquitto::open();
        let ear = mosquitto.listen("cariflex/sensors/#");
        let face = Face::start(broker(mosquitto.port, version), Settings::default(), batteries(1)).unwrap();
        is_connected(&face);
        publish(&face, 0, &readings(1, 1.234));
        let heard = ear.wait("cariflex/sensors/battery/bat_00000/power", "kW");
        assert_eq!(heard.payload, r#"{"value":1.234,"unit":"kW","timestamp":"2026-03-02T07:15:00-04:00"}"#);
        assert!(!heard.retained, "it heard it live");
        ear.wait("cariflex/sensors/weather/station/irradiance", "W/m2");
        face.stop(Duration::from_secs(10));
    }
}

#[test]
fn who_comes_later_finds_the_last_value_of_each_series_and_who_is_available() {
    let mosquitto = Mosquitto::open();
    let face = connected(&mosquitto, Settings::default(), 2);
    publish(&face, 0, &readings(2, 1.0));
    publish(&face, 1, &readings(2, 2.0));
    // Two batteries with power and state and a signal, and again without the states; three statuses.
    eventually("all is sent", || face.status().sent == 5 + 3 + 3 && face.status().queued == 0);
    let ear = mosquitto.listen("cariflex/#");
    let heard = ear.until("all that is retained", |heard| heard.iter().filter(|heard| heard.retained).count() == 5 + 3);
    let says = |topic: &str| heard.iter().find(|heard| heard.topic == topic).map(|heard| heard.payload.clone());
    assert_eq!(says("cariflex/status/gateway/twin").as_deref(), Some("online"));
    assert_eq!(says("cariflex/status/battery/bat_00001").as_deref(), Some("online"));
    let power = says("cariflex/sensors/battery/bat_00001/power").unwrap();
    assert_eq!(power, r#"{"value":2.0,"unit":"kW","timestamp":"2026-03-02T07:15:01-04:00"}"#);
    face.stop(Duration::from_secs(10));
}

#[test]
fn a_clean_stop_sends_what_waits_and_then_says_offline() {
    let mosquitto = Mosquitto::open();
    let face = connected(&mosquitto, Settings::default(), 500);
    let ear = mosquitto.listen("cariflex/#");
    publish(&face, 0, &readings(500, 1.0));
    face.stop(Duration::from_secs(30));
    let heard = ear.until("goodbye", |heard| {
        heard.last().is_some_and(|last| last.topic == "cariflex/status/gateway/twin" && last.payload == "offline")
    });
    let powers = heard.iter().filter(|heard| heard.topic.ends_with("/power")).count();
    let offline = heard.iter().filter(|heard| heard.topic.contains("/status/battery/") && heard.payload == "offline");
    assert_eq!((powers, offline.count()), (500, 500));
}

#[test]
fn a_face_that_breaks_off_leaves_its_will() {
    let mosquitto = Mosquitto::open();
    let face = connected(&mosquitto, Settings::default(), 1);
    let ear = mosquitto.listen("cariflex/status/#");
    ear.wait("cariflex/status/gateway/twin", "online");
    drop(face);
    ear.wait("cariflex/status/gateway/twin", "offline");
}

#[test]
fn with_a_connection_per_device_each_has_a_will_of_its_own() {
    let mosquitto = Mosquitto::open();
    let settings = Settings { connections: Connections::Device, qos: 0, ..Settings::default() };
    let face = connected(&mosquitto, settings, 20);
    let ear = mosquitto.listen("cariflex/#");
    eventually("all are connected", || face.status().text.contains("(21 of 21 connections)"));
    publish(&face, 0, &readings(20, 1.0));
    ear.until("every battery's power", |heard| {
        heard.iter().filter(|heard| heard.topic.ends_with("/power")).count() == 20
    });
    drop(face);
    ear.until("every will", |heard| {
        heard.iter().filter(|heard| heard.topic.contains("/status/") && heard.payload == "offline").count() == 21
    });
}

#[test]
fn of_two_clients_with_one_id_the_earlier_is_told_what_that_may_mean() {
    for version in [Version::V3_1_1, Version::V5] {
        let mosquitto = Mosquitto::open();
        let start = || Face::start(broker(mosquitto.port, version), Settings::default(), batteries(1)).unwrap();
        let first = start();
        is_connected(&first);
        let _second = start();
        crate::twin::says(&first, "another client uses the id `twin`");
    }
}
