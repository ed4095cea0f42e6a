//! Brokers that are away, come back, or are slow.

use crate::proxy::Proxy;
use crate::server::{Heard, Mosquitto, eventually};
use crate::twin::{TIME, batteries, broker, connected, is_connected, publish, publish_all, readings};
use agents::Time;
use mqtt::{Connection, Face, Settings, Version};
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

const POWER: &str = "cariflex/sensors/battery/bat_00000/power";

/// Seconds since [`TIME`] of the readings under a topic, as they were heard.
fn seconds(heard: &[Heard], topic: &str) -> Vec<i64> {
    let of_topic = heard.iter().filter(|heard| heard.topic == topic);
    let second = |heard: &Heard| {
        let json = heard.json();
        let text = json["timestamp"].as_str().unwrap();
        let clock: Vec<i64> = text[11..19].split(':').map(|part| part.parse().unwrap()).collect();
        (clock[0] * 60 + clock[1]) * 60 + clock[2] - (7 * 60 + 15) * 60
    };
    of_topic.map(second).collect()
}

#[test]
fn what_was_buffered_arrives_in_order_after_a_restart_and_nothing_is_lost() {
    assert_eq!(TIME, Time(1_772_450_100_000), "a quarter past seven");
    for version in [Version::V3_1_1, Version::V5] {
        let mut mosquitto = Mosquitto::open();
        let proxy = Proxy::before(mosquitto.port);
        let face = Face::start(broker(proxy.port, version), Settings::default(), batteries(20)).unwrap();
        is_connected(&face);
        let before = mosquitto.listen("cariflex/sensors/#");
        // Every power changes every second: nothing is left out.
        let send = |seconds: Range<i64>| publish_all(&face, seconds, 20);
        let topics: Vec<String> = (0..20).map(|n| format!("cariflex/sensors/battery/bat_{n:05}/power")).collect();
        let is_there =
            |heard: &[Heard], second| topics.iter().all(|topic| seconds(heard, topic).last() == Some(&second));
        // The first ten seconds are acknowledged and heard, the others are under way when the power fails.
        send(0..10);
        let heard_before = before.until("the first ten seconds", |heard| is_there(heard, 9));
        send(10..50);
        mosquitto.kill();
        eventually("the loss is seen", || face.status().connection == Connection::Lost);
        let heard_before = [heard_before, before.rest()].concat();
        send(50..100);
        // Somebody listens before anything is replayed.
        proxy.stall(true);
        mosquitto.restart();
        let after = mosquitto.listen("cariflex/sensors/#");
        proxy.stall(false);
        send(100..120);
        let heard_after = after.until("the last second of all", |heard| is_there(heard, 119));
        for topic in &topics {
            let (before, after) = (seconds(&heard_before, topic), seconds(&heard_after, topic));
            assert_eq!(before, (0..before.len() as i64).collect::<Vec<_>>(), "{topic}");
            // What the old broker had acknowledged is not sent again; all the rest is, without a gap, in its order.
            assert!((10..=50).contains(&after[0]), "{topic} begins again at {}", after[0]);
            assert_eq!(after, (after[0]..120).collect::<Vec<_>>(), "{topic}");
        }
        assert_eq!(face.status().dropped, 0);
    }
}

#[test]
fn a_line_that_breaks_again_and_again_loses_nothing() {
    let mosquitto = Mosquitto::open();
    let proxy = Proxy::before(mosquitto.port);
    let face = Face::start(broker(proxy.port, Version::V3_1_1), Settings::default(), batteries(200)).unwrap();
    is_connected(&face);
    let ear = mosquitto.listen("cariflex/sensors/#");
    for round in 0..3 {
        publish_all(&face, round * 20..(round + 1) * 20, 200);
        proxy.cut();
        eventually("the loss is seen", || face.status().connection == Connection::Lost);
        is_connected(&face);
    }
    let last = |heard: &[Heard]| heard.last().is_some_and(|last| last.topic.ends_with("irradiance"));
    publish(&face, 60, &readings(200, 60.0));
    eventually("all is sent", || face.status().queued == 0);
    let heard = ear.until("the last", |heard| {
        last(heard) && seconds(&heard[heard.len() - 1..], &heard[heard.len() - 1].topic) == [60]
    });
    for battery in 0..200 {
        // A message the broker had without our knowing comes twice; that is what quality of service 1 means.
        let all: BTreeSet<i64> =
            seconds(&heard, &format!("cariflex/sensors/battery/bat_{battery:05}/power")).into_iter().collect();
        assert_eq!(all, (0..=60).collect(), "battery {battery}");
    }
}

#[test]
fn a_full_buffer_drops_the_oldest_readings_and_says_how_many() {
    let mut mosquitto = Mosquitto::open();
    let face = connected(&mosquitto, Settings { buffer: 100, ..Settings::default() }, 10);
    mosquitto.kill();
    eventually("the loss is seen", || face.status().connection == Connection::Lost);
    for second in 0..100 {
        publish(&face, second, &readings(10, second as f64));
        // The face keeps up: what is dropped is dropped for the broker's sake.
        eventually("it is taken", || face.status().queued + face.status().dropped > 11 * second as u64);
    }
    eventually("most is dropped", || face.status().dropped >= 900);
    assert!(face.status().queued <= 120, "{:?}", face.status());
    mosquitto.restart();
    is_connected(&face);
    eventually("the rest is sent", || face.status().queued == 0);
    let last = mosquitto.listen(POWER);
    let heard = last.until("the newest is there", |heard| !heard.is_empty());
    assert_eq!(heard[0].json()["value"], 99.0);
}

#[test]
fn a_broker_that_stalls_or_breaks_the_line_never_blocks_the_kernel() {
    let mosquitto = Mosquitto::open();
    let proxy = Proxy::before(mosquitto.port);
    for version in [Version::V3_1_1, Version::V5] {
        proxy.stall(false);
        let face = Face::start(broker(proxy.port, version), Settings::default(), batteries(2000)).unwrap();
        is_connected(&face);
        proxy.stall(true);
        let mut slowest = Duration::ZERO;
        for second in 0..100 {
            let rows = readings(2000, second as f64);
            let start = Instant::now();
            publish(&face, second, &rows);
            face.requests(|_| {});
            let _ = face.status();
            slowest = slowest.max(start.elapsed());
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(slowest < Duration::from_millis(200), "publish took {slowest:?}");
        assert!(face.status().dropped > 0, "more than the buffer holds: {:?}", face.status());
        // The line breaks; the will is said, and the face comes back.
        proxy.stall(false);
        let ear = mosquitto.listen("cariflex/status/gateway/#");
        proxy.cut();
        ear.wait("cariflex/status/gateway/twin", "offline");
        ear.wait("cariflex/status/gateway/twin", "online");
        eventually("it has caught up", || face.status().queued == 0);
        face.stop(Duration::from_secs(5));
    }
}

#[test]
fn a_broker_that_is_not_there_is_tried_again_until_it_is() {
    let mut mosquitto = Mosquitto::open();
    mosquitto.kill();
    let face = Face::start(broker(mosquitto.port, Version::V3_1_1), Settings::default(), batteries(1)).unwrap();
    crate::twin::says(&face, "nobody listens there");
    publish(&face, 0, &readings(1, 5.0));
    mosquitto.restart();
    is_connected(&face);
    let ear = mosquitto.listen(POWER);
    assert_eq!(ear.wait(POWER, "kW").json()["value"], 5.0);
    // One that is not there can not be told goodbye, and is not waited for.
    mosquitto.kill();
    eventually("the loss is seen", || face.status().connection == Connection::Lost);
    let start = Instant::now();
    face.stop(Duration::from_secs(30));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_broker_that_never_answers_is_not_waited_for_at_the_end() {
    let mosquitto = Mosquitto::open();
    let proxy = Proxy::before(mosquitto.port);
    proxy.stall(true);
    let face = Face::start(broker(proxy.port, Version::V3_1_1), Settings::default(), batteries(1)).unwrap();
    publish(&face, 0, &readings(1, 5.0));
    eventually("it is taken", || face.status().queued > 0);
    let start = Instant::now();
    face.stop(Duration::from_secs(30));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
