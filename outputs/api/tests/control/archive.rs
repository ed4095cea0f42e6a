//! What lies on the disk: files, the journal, forks.

use crate::client::{get, post, request, send};
use crate::kernel::Rig;

#[test]
fn snapshots_are_listed_taken_and_downloaded() {
    let rig = Rig::new();
    let all = get(rig.at(), "/v1/snapshots").ok();
    assert_eq!((&all["snapshots"][0]["name"], &all["snapshots"][0]["size_bytes"]), (&"s1".into(), &10.into()));
    let taken = post(rig.at(), "/v1/snapshots", "");
    assert_eq!((taken.status, taken.header("location")), (201, Some("/v1/snapshots/s2/file")));
    assert_eq!(taken.json()["time"], "2026-03-02T11:15:00Z");
    let file = get(rig.at(), "/v1/snapshots/s1/file");
    assert_eq!((file.status, file.text().as_str()), (200, "0123456789"));
    assert_eq!(file.header("content-length"), Some("10"));
    get(rig.at(), "/v1/snapshots/s9/file").problem(404);
    get(rig.at(), "/v1/snapshots/gone/file").problem(404);
}

#[test]
fn results_are_downloaded_whole_or_in_part() {
    let rig = Rig::new();
    assert_eq!(get(rig.at(), "/v1/results").ok()["results"][0]["name"], "day/kpis.parquet");
    let part = |range: &str| request(rig.at(), "GET", "/v1/results/day/kpis.parquet", &[("Range", range)], "");
    let whole = get(rig.at(), "/v1/results/day/kpis.parquet");
    assert_eq!(whole.text(), "0123456789");
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename=\"kpis.parquet\""));
    let some = part("bytes=2-4");
    assert_eq!((some.status, some.text().as_str()), (206, "234"));
    assert_eq!(some.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(part("bytes=-3").text(), "789");
    let beyond = part("bytes=10-");
    beyond.problem(416);
    assert_eq!(beyond.header("content-range"), Some("bytes */10"));
    assert_eq!(part("bytes=0-1,4-5").status, 200);
}

#[test]
fn no_name_leads_out_of_the_results_and_a_broken_disk_is_told() {
    let rig = Rig::new();
    for name in
        ["../secret", "..%2fsecret", "day/../../secret", "day//kpis.parquet", "%2fetc%2fpasswd", "a%00b", "a%5cb"]
    {
        get(rig.at(), &format!("/v1/results/{name}")).problem(404);
    }
    get(rig.at(), "/v1/snapshots/..%2f..%2fsecret/file").problem(404);
    assert_eq!(get(rig.at(), "/v1/results/broken").problem(500)["detail"], "the disk hums");
}

#[test]
fn the_journal_is_asked_for_by_time_and_participant() {
    let rig = Rig::new();
    let page = get(rig.at(), "/v1/journal?since=2026-03-02T11:15:00Z&participant=bat_01&offset=2&limit=5").ok();
    assert_eq!(page["is_more"], true);
    let asked = page["entries"][0]["query"].as_str().unwrap();
    assert!(asked.contains("1772450100000") && asked.contains("bat_01"), "{asked}");
    assert!(asked.contains("offset: 2") && asked.contains("limit: 5"), "{asked}");
    for (query, at) in [("since=x", "since"), ("limit=1001", "limit"), ("participant=x", "participant"), ("x=1", "x")] {
        assert_eq!(get(rig.at(), &format!("/v1/journal?{query}")).problem(400)["parameter"], at);
    }
}

#[test]
fn forks_are_begun_followed_and_stopped() {
    let rig = Rig::new();
    let begun = post(rig.at(), "/v1/forks", r#"{"snapshot":"s1","set":["battery.bat_01.power_kw=9"],"duration":"2d"}"#);
    assert_eq!((begun.status, begun.header("location")), (201, Some("/v1/forks/f1")));
    let fork = begun.json();
    assert_eq!((&fork["status"], &fork["request"]["set"][0]), (&"running".into(), &"battery.bat_01.power_kw=9".into()));
    assert_eq!(get(rig.at(), "/v1/forks").ok()["forks"][0]["status"], "complete");
    assert_eq!(get(rig.at(), "/v1/forks/f1").ok()["results"][0], "forks/f1/kpis.parquet");
    assert_eq!(send(rig.at(), "DELETE", "/v1/forks/f1", "").ok()["status"], "stopped");
    get(rig.at(), "/v1/forks/f9").problem(404);
    send(rig.at(), "DELETE", "/v1/forks/f9", "").problem(404);
    assert_eq!(post(rig.at(), "/v1/forks", r#"{"sett":[]}"#).problem(422)["pointer"], "/sett");
    assert_eq!(post(rig.at(), "/v1/forks", r#"{"set":"x"}"#).problem(422)["pointer"], "/set");
    post(rig.at(), "/v1/forks", r#"{"duration":"long"}"#).problem(422);
    let busy = post(rig.at(), "/v1/forks", r#"{"duration":"busy"}"#);
    busy.problem(429);
}
