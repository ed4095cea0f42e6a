//! What is asked of participants, signals and the clock: taken, refused, and what can not be meant.

use crate::client::{get, post, request, send};
use crate::kernel::{Rig, face, local};
use agents::act::{Act, HeldSignal};
use agents::command::{Directive, Priority, Value};
use agents::face::{Asked, Lasts};
use agents::fault::FaultKind;
use agents::reading::Signal;
use agents::{Span, Time};

const COMMANDS: &str = "/v1/participants/bat_01/commands";

#[test]
fn a_command_is_taken_and_answered() {
    let rig = Rig::new();
    let body = r#"{"command":"setpoint","value":2500,"unit":"W","id":"a","duration_s":60,"priority":"dso_emergency"}"#;
    let outcome = post(rig.at(), COMMANDS, body).ok();
    assert_eq!((&outcome["status"], &outcome["id"]), (&"accepted".into(), &"a".into()));
    let expected = Asked::Command {
        target: "bat_01".into(),
        directive: Directive::Setpoint(Value::Constant(2.5)),
        priority: Priority::DsoEmergency,
        effective: None,
        lasts: Lasts::For(Span::MINUTE),
    };
    assert_eq!(rig.last().asked, expected);
    let weak = post(rig.at(), COMMANDS, r#"{"command":"withdraw","id":"weak"}"#).ok();
    assert_eq!(
        (&weak["status"], &weak["reason"]),
        (&"overruled".into(), &"something of higher right is in force".into())
    );
    assert_eq!(get(rig.at(), COMMANDS).ok()["commands"][0]["setpoint"], 1.0);
}

#[test]
fn a_command_that_the_device_refuses_is_a_conflict() {
    let rig = Rig::new();
    let body = r#"{"command":"reserve","value":5,"unit":"kWh","id":"b"}"#;
    let problem = post(rig.at(), "/v1/participants/bat_02/commands", body).problem(409);
    assert_eq!((&problem["detail"], &problem["id"]), (&"something of higher right is in force".into(), &"b".into()));
}

#[test]
fn a_command_that_can_not_be_meant_names_the_key_at_fault() {
    let rig = Rig::new();
    for (body, pointer) in [
        (r#"{"value":1,"unit":"kW"}"#, "/command"),
        (r#"{"command":"explode"}"#, "/command"),
        (r#"{"command":7}"#, "/command"),
        (r#"{"command":"setpoint","value":"1","unit":"kW"}"#, "/value"),
        (r#"{"command":"setpoint","value":1}"#, "/unit"),
        (r#"{"command":"setpoint","value":1,"unit":"kW","valeu":2}"#, "/valeu"),
        (r#"{"command":"setpoint","value":1,"unit":"kW","expires":"tomorrow"}"#, "/expires"),
        (r#"{"command":"setpoint","value":1,"unit":"kW","priority":"king"}"#, "/priority"),
    ] {
        assert_eq!(post(rig.at(), COMMANDS, body).problem(422)["pointer"], pointer, "{body}");
    }
    post(rig.at(), COMMANDS, "[]").problem(422);
    post(rig.at(), COMMANDS, "{").problem(400);
    let on = |id: &str| post(rig.at(), &format!("/v1/participants/{id}/commands"), r#"{"command":"withdraw"}"#);
    on("nobody").problem(404);
    assert!(on("ev_01").problem(422)["detail"].as_str().unwrap().contains("its charge point does"));
    assert!(rig.seen.lock().unwrap().is_empty(), "none of them came as far as the twin");
}

#[test]
fn a_vehicle_is_plugged_in_and_out() {
    let rig = Rig::new();
    post(rig.at(), "/v1/participants/ev_01/plug", r#"{"plugged":true,"duration_s":3600}"#).ok();
    let asked =
        Asked::Act { target: "ev_01".into(), act: Act::PlugIn { until: None }, lasts: Some(Lasts::For(Span::HOUR)) };
    assert_eq!(rig.last().asked, asked);
    post(rig.at(), "/v1/participants/evse_01/plug", r#"{"plugged":false,"until":"2026-03-02T12:00:00Z"}"#).ok();
    let until = Time(1_772_452_800_000);
    let asked =
        Asked::Act { target: "evse_01".into(), act: Act::Unplug { until: None }, lasts: Some(Lasts::Until(until)) };
    assert_eq!(rig.last().asked, asked);
    let plug = |body: &str| post(rig.at(), "/v1/participants/ev_01/plug", body).problem(422);
    assert_eq!(plug(r#"{"plugged":1}"#)["pointer"], "/plugged");
    assert_eq!(plug("{}")["pointer"], "/plugged");
    assert_eq!(plug(r#"{"plugged":true,"duration_s":-1}"#)["pointer"], "/duration_s");
    assert_eq!(plug(r#"{"plugged":true,"until":"soon"}"#)["pointer"], "/until");
    assert_eq!(plug(r#"{"plugged":true,"until":"2026-03-02T12:00:00Z","duration_s":1}"#)["pointer"], "/until");
    assert_eq!(plug(&format!(r#"{{"plugged":true,"id":"{}"}}"#, "i".repeat(129)))["pointer"], "/id");
    let no_plug = post(rig.at(), "/v1/participants/pv_01/plug", r#"{"plugged":true}"#).problem(422);
    assert!(no_plug["detail"].as_str().unwrap().contains("has no plug"));
}

#[test]
fn a_token_is_presented() {
    let rig = Rig::new();
    post(rig.at(), "/v1/participants/evse_01/token", r#"{"token":"ev_01","id":"t"}"#).ok();
    let asked = rig.last();
    let act = Act::PresentToken { token: "ev_01".into() };
    assert_eq!(asked.asked, Asked::Act { target: "evse_01".into(), act, lasts: None });
    assert_eq!(asked.id.as_deref(), Some("t"));
    post(rig.at(), "/v1/participants/evse_01/token", r#"{"token":""}"#).problem(422);
    post(rig.at(), "/v1/participants/bat_01/token", r#"{"token":"ev_01"}"#).problem(422);
    post(rig.at(), "/v1/participants/evse_01/token", r#"{"tokens":"ev_01"}"#).problem(422);
}

#[test]
fn a_device_is_broken_and_repaired() {
    let rig = Rig::new();
    const FAULTS: &str = "/v1/participants/bat_01/faults";
    post(rig.at(), FAULTS, r#"{"kind":"sensor_bias","offset_kw":2,"duration_s":60,"id":"f"}"#).ok();
    let mut fault = FaultKind::SensorBias.fault();
    if let agents::fault::Fault::SensorBias { offset_kw, .. } = &mut fault {
        *offset_kw = 2.0;
    }
    let act = Act::Inject { fault, until: None };
    assert_eq!(rig.last().asked, Asked::Act { target: "bat_01".into(), act, lasts: Some(Lasts::For(Span::MINUTE)) });
    assert_eq!(get(rig.at(), FAULTS).ok()["faults"], serde_json::json!([]));
    send(rig.at(), "DELETE", FAULTS, "").ok();
    assert_eq!(rig.last().asked, Asked::Act { target: "bat_01".into(), act: Act::Clear { kind: None }, lasts: None });
    send(rig.at(), "DELETE", &format!("{FAULTS}/sensor_bias"), "").ok();
    let act = Act::Clear { kind: Some(FaultKind::SensorBias) };
    assert_eq!(rig.last().asked, Asked::Act { target: "bat_01".into(), act, lasts: None });
    send(rig.at(), "DELETE", &format!("{FAULTS}/hiccups"), "").problem(404);
    for (body, pointer) in [
        (r#"{}"#, "/kind"),
        (r#"{"kind":"hiccups"}"#, "/kind"),
        (r#"{"kind":"derating","share":2}"#, "/share"),
        (r#"{"kind":"derating","share":"x"}"#, "/share"),
        (r#"{"kind":"derating","shore":0.5}"#, "/shore"),
        (r#"{"kind":"derating","duration_s":"x"}"#, "/duration_s"),
    ] {
        assert_eq!(post(rig.at(), FAULTS, body).problem(422)["pointer"], pointer, "{body}");
    }
    let not_its_kind = post(rig.at(), FAULTS, r#"{"kind":"welded_contactor"}"#).problem(422);
    assert!(not_its_kind["detail"].as_str().unwrap().contains("fault of evse"), "{not_its_kind}");
}

#[test]
fn a_signal_is_held_and_let_go() {
    let rig = Rig::new();
    send(rig.at(), "PUT", "/v1/signals/irradiance", r#"{"value":800,"duration_s":600}"#).ok();
    let held = HeldSignal { signal: Signal::Irradiance, value: Some(800.0), until: None };
    assert_eq!(rig.last().asked, Asked::Signal { held, lasts: Some(Lasts::For(Span::from_minutes(10))) });
    send(rig.at(), "DELETE", "/v1/signals/irradiance", "").ok();
    assert_eq!(rig.last().asked, Asked::Signal { held: HeldSignal { value: None, ..held }, lasts: None });
    let put = |body: &str| send(rig.at(), "PUT", "/v1/signals/load_control_signal", body).problem(422);
    assert_eq!(put(r#"{"value":101}"#)["pointer"], "/value");
    assert_eq!(put("{}")["pointer"], "/value");
    send(rig.at(), "PUT", "/v1/signals/mood", r#"{"value":1}"#).problem(404);
}

#[test]
fn time_is_paused_stepped_sped_up_and_resumed() {
    let rig = Rig::new();
    assert!(!get(rig.at(), "/v1/clock").ok()["is_paused"].as_bool().unwrap());
    post(rig.at(), "/v1/clock/step", r#"{"ticks":3}"#).problem(409);
    assert_eq!(post(rig.at(), "/v1/clock/pause", "").ok()["is_paused"], true);
    assert_eq!(get(rig.at(), "/v1/clock").ok()["is_paused"], true, "whoever asks next finds it so");
    let queued = post(rig.at(), COMMANDS, r#"{"command":"withdraw","id":"c"}"#);
    assert_eq!(queued.status, 202, "{}", queued.text());
    let queued = queued.json();
    assert_eq!((queued["status"].as_str(), queued["id"].as_str()), (Some("queued"), Some("c")));
    assert!(queued["reason"].as_str().unwrap().contains("paused"));
    let again = post(rig.at(), COMMANDS, r#"{"command":"withdraw","id":"again"}"#).ok();
    assert_eq!(again["status"], "accepted", "what became of it is known");
    assert_eq!(post(rig.at(), "/v1/clock/step", r#"{"ticks":3}"#).ok()["ticks"], 4);
    assert_eq!(post(rig.at(), "/v1/clock/step", "").ok()["ticks"], 5);
    assert_eq!(post(rig.at(), "/v1/clock/resume", "{}").ok()["is_paused"], false);
    assert_eq!(send(rig.at(), "PUT", "/v1/clock/speed", r#"{"speed":2.5}"#).ok()["speed"], 2.5);
    assert_eq!(send(rig.at(), "PUT", "/v1/clock/speed", r#"{"speed":"max"}"#).ok()["speed"], "max");
    for body in [r#"{"speed":0}"#, r#"{"speed":-1}"#, r#"{"speed":"fast"}"#, r#"{"speed":1e300}"#, "{}"] {
        assert_eq!(send(rig.at(), "PUT", "/v1/clock/speed", body).problem(422)["pointer"], "/speed", "{body}");
    }
    assert_eq!(post(rig.at(), "/v1/clock/step", r#"{"ticks":0}"#).problem(422)["pointer"], "/ticks");
    post(rig.at(), "/v1/clock/pause", r#"{"now":true}"#).problem(422);
}

#[test]
fn a_clock_that_was_never_told_is_not_made_up() {
    let face = face(local());
    let answer = get(face.address(), "/v1/clock");
    answer.problem(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(get(face.address(), "/v1/readings").ok()["time"], serde_json::Value::Null);
}

#[test]
fn what_waits_for_the_kernel_is_bounded_and_ends_with_the_face() {
    let face = face(local());
    let at = face.address();
    // Each waits on a connection of its own until the kernel takes it, which it never does.
    let head = format!("Host: {at}\r\nConnection: close\r\n\r\n");
    let ask = format!("GET /v1/participants/bat_01 HTTP/1.1\r\n{head}");
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = crate::client::connect(at);
            std::io::Write::write_all(&mut stream, ask.as_bytes()).unwrap();
            stream
        })
        .collect();
    crate::client::until(|| face.status().requests == 0 && get(at, "/health").status == 200);
    face.stop(std::time::Duration::from_secs(5));
    for mut stream in waiting {
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut answer).unwrap();
        crate::client::parse(&answer).problem(503);
    }
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_does_no_harm() {
    let rig = Rig::new();
    for reply_to in ["", "x", "0", "99999999999999999999"] {
        rig.face.answer(vec![agents::face::Answer {
            id: None,
            reply_to: reply_to.into(),
            verdict: agents::face::Verdict::Accepted,
            reason: None,
        }]);
    }
    request(rig.at(), "GET", "/v1/participants/bat_01", &[], "").ok();
}
