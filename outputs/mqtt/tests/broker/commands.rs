//! What independent clients ask of the twin.

use crate::server::{Mosquitto, eventually};
use crate::twin::{accept, batteries, broker, connected, is_connected, publish, readings};
use agents::command::{Directive, Value};
use agents::face::Asked;
use agents::face::Request;
use mqtt::{Face, Settings, Version};
use std::thread;
use std::time::{Duration, Instant};

const SETPOINT: &str = "cariflex/commands/battery/bat_00000/setpoint";

/// The requests since the last call, all of them taken.
fn take(face: &Face) -> Vec<Request> {
    let mut requests = Vec::new();
    face.requests(|request| requests.push(request));
    face.answer(requests.iter().map(accept).collect());
    requests
}

#[test]
fn a_command_is_taken_and_its_result_told_in_both_versions() {
    for version in [Version::V3_1_1, Version::V5] {
        let mosquitto = Mosquitto::open();
        let face = Face::start(broker(mosquitto.port, version), Settings::default(), batteries(1)).unwrap();
        is_connected(&face);
        let ear = mosquitto.listen("cariflex/commands/+/+/+/result");
        let mut requests = Vec::new();
        // A connection is there before its subscription.
        eventually("the command is there", || {
            mosquitto.publish(SETPOINT, "{\"value\":2500,\"unit\":\"W\",\"id\":\"a\"}\n", &["-q", "2"]);
            thread::sleep(Duration::from_millis(100));
            requests = take(&face);
            !requests.is_empty()
        });
        let setpoint = Directive::Setpoint(Value::Constant(2.5));
        assert!(matches!(&requests[0].asked, Asked::Command { directive, .. } if *directive == setpoint));
        let result = ear.wait(&format!("{SETPOINT}/result"), "a");
        assert_eq!((result.payload.as_str(), result.retained), (r#"{"id":"a","status":"accepted"}"#, false));
        mosquitto.publish(SETPOINT, "{\"value\":2500,\"id\":\"b\"}\n", &[]);
        let result = ear.wait(&format!("{SETPOINT}/result"), "\"b\"");
        assert!(result.payload.contains("refused") && result.payload.contains("`unit` is missing"), "{result:?}");
        face.stop(Duration::from_secs(5));
    }
}

#[test]
fn a_command_left_from_yesterday_does_not_act() {
    for version in [Version::V3_1_1, Version::V5] {
        let mosquitto = Mosquitto::open();
        mosquitto.publish(SETPOINT, "{\"value\":1,\"unit\":\"kW\",\"id\":\"old\"}\n", &["-r"]);
        let ear = mosquitto.listen("cariflex/commands/+/+/+/result");
        let face = Face::start(broker(mosquitto.port, version), Settings::default(), batteries(1)).unwrap();
        is_connected(&face);
        if version == Version::V3_1_1 {
            let result = ear.wait(&format!("{SETPOINT}/result"), "old\"");
            assert!(result.payload.contains("without `retain`"), "{result:?}");
        } else {
            // It is not even sent: a later one shows that the subscription stands.
            eventually("a later one is there", || {
                mosquitto.publish("cariflex/commands/battery/bat_00000/withdraw", "{}\n", &[]);
                thread::sleep(Duration::from_millis(100));
                !take(&face).is_empty()
            });
            assert_eq!(face.status().refused, 0);
        }
        assert_eq!(take(&face).iter().filter(|request| request.id.is_some()).count(), 0);
        face.stop(Duration::from_secs(5));
    }
}

/// A face that hears commands for certain.
fn listening(mosquitto: &Mosquitto) -> Face {
    let face = connected(mosquitto, Settings::default(), 1);
    eventually("the subscription stands", || {
        mosquitto.publish("cariflex/commands/battery/bat_00000/withdraw", "{}\n", &[]);
        thread::sleep(Duration::from_millis(100));
        !take(&face).is_empty()
    });
    eventually("no other is under way", || take(&face).is_empty());
    face
}

#[test]
fn five_thousand_commands_at_once_are_all_handed_over_in_their_order() {
    let mosquitto = Mosquitto::open();
    let face = listening(&mosquitto);
    let command = |n| format!("{{\"value\":{n}.5,\"unit\":\"kW\",\"id\":\"{n}\"}}\n");
    let lines: String = (0..5000).map(command).collect();
    mosquitto.publish(SETPOINT, &lines, &["-q", "1"]);
    // The kernel is busy elsewhere: no more than the channel and the broker's window come in.
    thread::sleep(Duration::from_millis(500));
    assert!(face.status().received < 1200, "{:?}", face.status());
    let mut ids = Vec::new();
    eventually("all are handed over", || {
        ids.extend(take(&face).into_iter().filter_map(|request| request.id));
        ids.len() >= 5000
    });
    thread::sleep(Duration::from_millis(200));
    ids.extend(take(&face).into_iter().filter_map(|request| request.id));
    assert_eq!(ids, (0..5000).map(|n| n.to_string()).collect::<Vec<_>>());
    face.stop(Duration::from_secs(5));
}

#[test]
fn ten_thousand_hostile_messages_are_counted_and_disturb_nobody() {
    let mosquitto = Mosquitto::open();
    let face = listening(&mosquitto);
    let ear = mosquitto.listen("cariflex/commands/+/+/+/result");
    let received = face.status().received;
    let rows = readings(1, 1.0);
    let mut slowest = Duration::ZERO;
    let garbage = "{\"value\": 1, \"unit\": [[[[[[\n".repeat(2500);
    let topics = [SETPOINT, "cariflex/commands/battery/nobody/setpoint", "cariflex/commands/x/y/z"];
    thread::scope(|scope| {
        let hostile = scope.spawn(|| {
            topics.iter().for_each(|topic| mosquitto.publish(topic, &garbage, &["-q", "1"]));
            let long = format!("{}\n", "x".repeat(100_000));
            mosquitto.publish(SETPOINT, &long, &[]);
            mosquitto.publish(SETPOINT, &garbage, &["-r"]);
        });
        let mut second = 0;
        while !hostile.is_finished() || second < 50 {
            let start = Instant::now();
            publish(&face, second, &rows);
            slowest = slowest.max(start.elapsed());
            second += 1;
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert!(slowest < Duration::from_millis(200), "publish took {slowest:?}");
    eventually("all are counted", || face.status().received - received >= 10_000);
    let status = face.status();
    assert!(status.refused >= 10_000 && status.unanswered > 5_000, "{status:?}");
    assert_eq!(take(&face), []);
    ear.until("some are told", |heard| heard.iter().filter(|heard| heard.payload.contains("refused")).count() >= 100);
    assert!(status.connection == mqtt::Connection::Connected, "{status:?}");
    face.stop(Duration::from_secs(5));
}
