//! Under a bad link no transaction event is lost, doubled or out of order, and every transaction ends.

use super::csms::Pair;
use crate::station::{Input, Told};
use crate::v201::BootReason;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

const OFFLINE: &[(&str, &str, &str)] = &[
    ("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true"),
    ("SampledDataCtrlr", "TxUpdatedInterval", "60"),
    ("OCPPCommCtrlr", "MessageTimeout", "20"),
];

/// A charging session with a pause, of about ten minutes; the link comes back every two.
fn session(pair: &mut Pair) {
    let steps: [&dyn Fn(&mut Pair); 7] = [
        &|pair| pair.plug(),
        &|pair| pair.present("card"),
        &|pair| pair.drawing(true),
        &|pair| pair.drawing(false),
        &|pair| pair.drawing(true),
        &|pair| pair.present("card"),
        &|pair| pair.does(Input::Unplug { evse_id: 1 }),
    ];
    for (rank, step) in (0_i32..).zip(steps) {
        step(pair);
        pair.meter(f64::from(rank) * 100.0);
        pair.pass_s(95);
        if !pair.up {
            pair.connect();
        }
    }
    pair.pass_s(3600);
}

/// Events as the CSMS keeps them: one for each number, first come first kept. Asserts that they came in order, each
/// repeated only as it was, and that transactions are whole.
fn kept(pair: &Pair) -> BTreeMap<String, Vec<Value>> {
    let mut kept: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in pair.of("TransactionEvent") {
        let id = event["transactionInfo"]["transactionId"].as_str().unwrap();
        let events = kept.entry(id.into()).or_default();
        let number = event["seqNo"].as_u64().unwrap() as usize;
        assert!(number <= events.len(), "event {number} came before {}", events.len());
        match events.get(number) {
            Some(known) => assert_eq!(known, event, "a number was used twice"),
            None => events.push(event.clone()),
        }
    }
    for events in kept.values() {
        assert_eq!(events[0]["eventType"], "Started");
        assert_eq!(events.last().unwrap()["eventType"], "Ended");
        assert!(events[1..events.len() - 1].iter().all(|event| event["eventType"] == "Updated"));
    }
    kept
}

fn shape(events: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events.iter().map(|event| (text(&event["triggerReason"]), text(&event["timestamp"]))).collect()
}

#[test]
fn a_link_cut_at_any_message_of_a_transaction_loses_nothing() {
    let mut whole = Pair::online(OFFLINE);
    whole.passed = 0;
    session(&mut whole);
    let reference = kept(&whole);
    assert_eq!(reference.len(), 1);
    let reference = shape(reference.values().next().unwrap());
    assert!(reference.len() > 10, "{reference:?}");
    for cut in 1..=whole.passed {
        let mut pair = Pair::online(OFFLINE);
        (pair.passed, pair.cut_at) = (0, Some(cut));
        session(&mut pair);
        let events = kept(&pair);
        assert_eq!(events.len(), 1, "cut at {cut}");
        assert_eq!(shape(events.values().next().unwrap()), reference, "cut at {cut}");
    }
}

#[test]
fn what_happened_offline_says_so_and_keeps_its_time() {
    let mut pair = Pair::online(OFFLINE);
    pair.disconnect();
    pair.plug();
    pair.pass_s(95);
    pair.present("card");
    pair.pass_s(10);
    pair.connect();
    pair.present("card");
    let events = kept(&pair);
    let events = events.values().next().unwrap();
    assert_eq!(events[0]["offline"], true);
    assert_eq!(events[0]["timestamp"], "2026-03-02T08:01:45.000Z");
    assert!(events.last().unwrap().get("offline").is_none());
}

#[test]
fn a_power_loss_in_a_transaction_ends_it_after_the_boot() {
    let mut pair = Pair::online(OFFLINE);
    pair.plug();
    pair.present("card");
    pair.disconnect();
    let kept_state = serde_json::to_string(&pair.station).unwrap();
    pair.station = serde_json::from_str(&kept_state).unwrap();
    pair.pass_s(300);
    pair.does(Input::Booted(BootReason::PowerUp));
    pair.connect();
    pair.pass_s(60);
    assert_eq!(pair.of("BootNotification").last().unwrap()["reason"], "PowerUp");
    let events = kept(&pair);
    let last = events.values().next().unwrap().last().unwrap();
    assert_eq!(last["transactionInfo"]["stoppedReason"], "PowerLoss");
    assert_eq!(last["triggerReason"], "AbnormalCondition");
}

#[test]
fn an_event_that_is_refused_is_tried_again_and_given_up_in_the_end() {
    let mut pair = Pair::online(OFFLINE);
    pair.refuses = vec!["TransactionEvent"];
    pair.plug();
    pair.present("card");
    // Waits of 10, 20, 30 and 40 s between five attempts.
    pair.pass_s(9);
    assert_eq!(pair.of("TransactionEvent").len(), 1);
    pair.pass_s(25);
    assert_eq!(pair.of("TransactionEvent").len(), 3);
    pair.pass_s(80);
    let first: Vec<_> = pair.of("TransactionEvent").iter().filter(|event| event["seqNo"] == 0).cloned().collect();
    assert_eq!(first.len(), 5);
    assert!(pair.told.iter().any(|told| matches!(told, Told::Dropped { event: Some((_, 0)), .. })));
}

#[test]
fn a_call_without_an_answer_is_given_up_and_its_late_answer_told() {
    let mut pair = Pair::online(OFFLINE);
    pair.silent = vec!["TransactionEvent"];
    pair.plug();
    pair.present("card");
    assert_eq!(pair.of("TransactionEvent").len(), 1);
    pair.pass_s(29);
    assert_eq!(pair.of("TransactionEvent").len(), 1);
    pair.pass_s(2);
    assert_eq!(pair.of("TransactionEvent").len(), 2);
    pair.does(Input::Frame(r#"[3,"somebody-elses",{}]"#.into()));
    assert!(pair.told.contains(&Told::StrayAnswer("somebody-elses".into())));
}

#[test]
fn after_a_short_absence_only_what_changed_is_told_after_a_long_one_everything() {
    let mut pair = Pair::online(&[]);
    pair.disconnect();
    pair.pass_s(30);
    pair.connect();
    assert_eq!(pair.of("StatusNotification").len(), 0);
    assert_eq!(pair.of("BootNotification").len(), 0, "no boot on a mere reconnection");
    pair.disconnect();
    pair.plug();
    pair.connect();
    assert_eq!(pair.of("StatusNotification").len(), 1);
    pair.disconnect();
    pair.pass_s(61);
    pair.connect();
    assert_eq!(pair.of("StatusNotification").len(), 3);
}

#[test]
fn a_vehicle_that_flutters_without_a_link_fills_nothing() {
    let mut pair = Pair::online(OFFLINE);
    pair.disconnect();
    pair.plug();
    pair.present("card");
    for rank in 0..3000 {
        pair.drawing(rank % 2 == 0);
    }
    pair.present("card");
    let size = serde_json::to_string(&pair.station).unwrap().len();
    assert!(size < 2_000_000, "{size}");
    pair.connect();
    let events = pair.events();
    assert_eq!((&*events[0], &**events.last().unwrap()), ("Started Authorized", "Ended StopAuthorized"));
}

#[test]
fn a_year_without_a_link_takes_bounded_memory_and_keeps_the_ends() {
    let mut pair = Pair::online(OFFLINE);
    pair.disconnect();
    pair.plug();
    pair.present("card");
    pair.pass_s(200_000);
    pair.present("card");
    let size = serde_json::to_string(&pair.station).unwrap().len();
    assert!(size < 2_000_000, "{size}");
    assert!(pair.told.iter().any(|told| matches!(told, Told::Dropped { event: Some(_), .. })));
    pair.connect();
    pair.pass_s(60);
    let events = pair.events();
    assert_eq!(events[0], "Started Authorized");
    assert_eq!(events.last().unwrap(), "Ended StopAuthorized");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn however_often_the_link_is_cut_transactions_arrive_whole(cuts in prop::collection::vec(1_usize..12, 0..20)) {
        let mut pair = Pair::online(OFFLINE);
        let mut cuts = cuts.into_iter();
        let steps = ["plug", "present", "draw", "pause", "draw", "present", "unplug"];
        for step in steps {
            pair.cut_at = cuts.next().map(|after| pair.passed + after);
            match step {
                "plug" => pair.plug(),
                "present" => pair.present("card"),
                "draw" => pair.drawing(true),
                "pause" => pair.drawing(false),
                _ => pair.does(Input::Unplug { evse_id: 1 }),
            }
            pair.pass_s(70);
            if !pair.up {
                pair.connect();
            }
        }
        pair.cut_at = None;
        if !pair.up {
            pair.connect();
        }
        pair.pass_s(3600);
        kept(&pair);
    }
}
