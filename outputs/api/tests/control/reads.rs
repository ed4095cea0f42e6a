//! What the twin is and shows.

use crate::client::{get, post, until};
use crate::kernel::{Rig, event, tick};

#[test]
fn the_index_leads_on_and_health_answers() {
    let rig = Rig::new();
    assert_eq!(get(rig.at(), "/").ok()["reference"], "/openapi.json");
    assert_eq!(get(rig.at(), "/health").ok()["status"], "ok");
}

#[test]
fn the_twin_tells_what_it_is() {
    let rig = Rig::new();
    let twin = get(rig.at(), "/v1/twin").ok();
    assert_eq!((&twin["scenario"], &twin["seed"]), (&"martinique".into(), &7.into()));
    assert_eq!((&twin["start"], &twin["end"]), (&"2026-03-02T11:15:00Z".into(), &serde_json::Value::Null));
    assert_eq!(twin["participants"]["battery"], 2);
    assert_eq!(twin["clock"]["speed"], 60.0);
}

#[test]
fn participants_are_found_by_kind_site_and_part_of_their_id() {
    let rig = Rig::new();
    let ids = |query: &str| {
        let answer = get(rig.at(), &format!("/v1/participants{query}")).ok();
        let ids =
            answer["participants"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_string());
        (ids.collect::<Vec<_>>().join(" "), answer["total"].as_u64().unwrap())
    };
    assert_eq!(ids(""), ("bat_01 bat_02 ems ev_01 evse_01 pv_01".into(), 6));
    assert_eq!(ids("?kind=battery"), ("bat_01 bat_02".into(), 2));
    assert_eq!(ids("?site=house_a&q=ev"), ("ev_01 evse_01".into(), 2));
    assert_eq!(ids("?offset=1&limit=2"), ("bat_02 ems".into(), 6));
    for (query, at) in
        [("kind=dog", "kind"), ("site=moon", "site"), ("limit=0", "limit"), ("limit=x", "limit"), ("page=2", "page")]
    {
        let problem = get(rig.at(), &format!("/v1/participants?{query}")).problem(400);
        assert_eq!(problem["parameter"], at, "{problem}");
    }
}

#[test]
fn a_participant_tells_how_it_stands() {
    let rig = Rig::new();
    let standing = get(rig.at(), "/v1/participants/bat_01").ok();
    assert_eq!((&standing["kind"], &standing["site"]), (&"battery".into(), &"house_a".into()));
    assert_eq!(standing["parameters"]["power_kw"], 5.0);
    assert_eq!(standing["reading"]["energy_kwh"], 4.0);
    assert_eq!(standing["inspection"]["core"]["id"], "bat_01");
    assert!(standing["reading"].get("fault").is_none());
    let faulty = get(rig.at(), "/v1/participants/bat_02").ok();
    assert_eq!(faulty["reading"]["power_kw"], -2.0, "what is so");
    assert_eq!(faulty["reading"]["fault"]["shown"]["power_kw"], -1.0, "what it shows");
    get(rig.at(), "/v1/participants/bat_99").problem(404);
    get(rig.at(), "/v1/participants/%ff").problem(400);
}

#[test]
fn sites_name_their_participants() {
    let rig = Rig::new();
    let sites = get(rig.at(), "/v1/sites").ok();
    assert_eq!(sites["sites"][0]["participants"], serde_json::json!(["bat_01", "ev_01", "evse_01"]));
    assert_eq!(sites["sites"][0]["reading"]["power_kw"], 1.5);
    assert_eq!(get(rig.at(), "/v1/sites/house_a").ok(), sites["sites"][0]);
    assert_eq!(sites["sites"][1]["portfolio"], serde_json::Value::Null);
    get(rig.at(), "/v1/sites/moon").problem(404);
}

#[test]
fn readings_and_signals_are_the_latest() {
    let rig = Rig::new();
    tick(&rig.face, 7, &[]);
    until(|| get(rig.at(), "/v1/readings").ok()["time"] == "2026-03-02T11:22:00Z");
    let readings = get(rig.at(), "/v1/readings").ok();
    assert_eq!(
        (&readings["assets"][0]["participant"], &readings["assets"][0]["power_kw"]),
        (&"bat_01".into(), &7.0.into())
    );
    assert_eq!((&readings["sites"][1]["site"], &readings["length_s"]), (&"house_b".into(), &60.0.into()));
    let signals = get(rig.at(), "/v1/signals").ok();
    assert_eq!(signals["signals"].as_array().unwrap().len(), agents::reading::Signal::ALL.len());
    let temperature = get(rig.at(), "/v1/signals/temperature").ok();
    assert_eq!((&temperature["value"], &temperature["unit"]), (&27.0.into(), &"°C".into()));
    assert_eq!(get(rig.at(), "/v1/signals/irradiance").ok()["value"], serde_json::Value::Null);
    get(rig.at(), "/v1/signals/mood").problem(404);
}

#[test]
fn events_are_kept_and_asked_for_by_number() {
    let rig = Rig::new();
    tick(&rig.face, 1, &[event("second"), event("third")]);
    until(|| get(rig.at(), "/v1/events").ok()["events"].as_array().unwrap().len() == 3);
    let details = |query: &str| {
        let list = get(rig.at(), &format!("/v1/events?{query}")).ok();
        let details =
            list["events"].as_array().unwrap().iter().map(|event| event["detail"].as_str().unwrap().to_string());
        (details.collect::<Vec<_>>().join(" "), list["next"].as_u64().unwrap(), list["is_more"].as_bool().unwrap())
    };
    // Numbers go on from those of any process before.
    let first = get(rig.at(), "/v1/events").ok()["events"][0]["number"].as_u64().unwrap();
    assert!(first > 1_700_000_000_000_000);
    let after = |number: u64| format!("after={}", first - 1 + number);
    assert_eq!(details(""), ("first second third".into(), first + 2, false));
    assert_eq!(details(&format!("{}&limit=1", after(1))), ("second".into(), first + 1, true));
    assert_eq!(details(&after(3)), (String::new(), first + 2, false));
    assert_eq!(details("after=75").0, "first second third", "of an earlier process");
    assert_eq!(details("participant=bat_01"), (String::new(), first + 2, false));
    assert_eq!(details("participant=bat_02&code=command_refused").0, "first second third");
    assert_eq!(details("since=2026-03-02T11:16:00Z").0, "");
    assert_eq!(get(rig.at(), "/v1/events?since=monday").problem(400)["parameter"], "since");
    assert_eq!(get(rig.at(), "/v1/events?participant=nobody").problem(400)["parameter"], "participant");
    get(rig.at(), "/v1/events?code=earthquake").problem(400);
}

#[test]
fn of_events_the_last_ten_thousand_are_kept_and_it_is_told() {
    let rig = Rig::new();
    let many: Vec<_> = (0..10_004).map(|number| event(&number.to_string())).collect();
    tick(&rig.face, 1, &many);
    until(|| get(rig.at(), "/v1/events?limit=1").ok()["dropped"] == 5);
    assert_eq!(get(rig.at(), "/v1/events?limit=1").ok()["events"][0]["detail"], "4");
}

#[test]
fn the_catalogue_of_faults_is_told_and_so_are_faulty_devices() {
    let rig = Rig::new();
    let catalogue = get(rig.at(), "/v1/faults/catalogue").ok();
    let faults = catalogue["faults"].as_array().unwrap();
    assert_eq!(faults.len(), agents::fault::FaultKind::ALL.len());
    let derating = faults.iter().find(|fault| fault["kind"] == "derating").unwrap();
    assert_eq!((&derating["parameters"][0]["key"], &derating["layer"]), (&"share".into(), &"body".into()));
    let faulty = get(rig.at(), "/v1/faults").ok();
    assert_eq!(faulty["faults"][0]["participant"], "bat_02");
    assert_eq!(faulty["faults"][0]["faults"], serde_json::json!(["sensor_bias"]));
}

#[test]
fn metrics_count_requests_by_route_and_tell_the_twins_time() {
    let rig = Rig::new();
    get(rig.at(), "/v1/participants/nobody").problem(404);
    get(rig.at(), "/no/such/route").problem(404);
    post(rig.at(), "/v1/clock/pause", "").ok();
    rig.face.tell_clock(api::Clock { is_paused: true, ..crate::kernel::clock() });
    let metrics = get(rig.at(), "/metrics");
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = metrics.text();
    for line in [
        "cariflex_ticks_total 1",
        "cariflex_paused 1",
        "cariflex_participants{kind=\"battery\"} 2",
        "cariflex_requests_total{method=\"GET\",route=\"/v1/participants/{id}\",status=\"404\"} 1",
        "cariflex_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "cariflex_events_total{code=\"command_refused\"} 1",
        "cariflex_tick_duration_seconds_count 1",
        "cariflex_streams 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(text.contains("cariflex_twin_time_seconds 17724501"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}
