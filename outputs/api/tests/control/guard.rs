//! Who may ask, from where and how.

use crate::client::{get, post, raw, request, send};
use crate::kernel::{Rig, face, local};
use api::{Face, Secret, Settings};
use std::net::SocketAddr;

const TOKEN: &str = "a-token-of-24-characters";

fn closed() -> Face {
    face(Settings { token: Some(Secret::new(TOKEN)), ..local() })
}

#[test]
fn with_a_token_all_but_health_needs_it() {
    let face = closed();
    let at = face.address();
    get(at, "/health").ok();
    for path in ["/", "/metrics", "/openapi.json", "/v1/twin", "/v1/stream", "/no/such/route"] {
        let answer = get(at, path);
        answer.problem(401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"cariflex\""));
        let with = |value: &str| request(at, "GET", path, &[("Authorization", value)], "");
        for wrong in ["Bearer", "Bearer ", "Bearer a-token-of-24-character", "Basic a-token-of-24-characters", "x"] {
            with(wrong).problem(401);
        }
    }
    request(at, "GET", "/v1/twin", &[("Authorization", "Bearer a-token-of-24-characters")], "").ok();
    request(at, "GET", "/v1/twin", &[("Authorization", "bearer a-token-of-24-characters")], "").ok();
    get(at, "/v1/twin?access_token=a-token-of-24-characters").problem(401);
    request(at, "GET", "/v1/twin", &[("Sec-WebSocket-Protocol", "bearer, a-token-of-24-characters")], "").problem(401);
    request(at, "POST", "/health", &[], "").problem(405);
}

#[test]
fn secrets_are_nowhere_to_be_seen() {
    let settings = Settings { token: Some(Secret::new(TOKEN)), ..local() };
    assert!(!format!("{settings:?}").contains(TOKEN));
    let face = face(settings);
    assert!(!format!("{face:?} {:?}", face.status()).contains(TOKEN));
    let wrong = "Bearer another-token-that-is-wrong";
    let answer = request(face.address(), "GET", "/v1/twin", &[("Authorization", wrong)], "");
    assert!(!answer.text().contains("another-token"), "{}", answer.text());
    let short = Settings { token: Some(Secret::new("hunter2")), ..local() };
    let error = short.verify().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn beyond_loopback_it_is_not_served_without_a_token() {
    let open = Settings { listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..local() };
    assert!(open.verify().unwrap_err().to_string().contains("listen at 127.0.0.1"));
    let catalogue = crate::kernel::catalogue();
    let archive = std::sync::Arc::new(crate::kernel::Shelf::new());
    let error = Face::start(open, crate::kernel::overview(), catalogue, archive).unwrap_err();
    assert!(error.to_string().contains("`token`"), "{error}");
}

#[test]
fn an_address_that_is_taken_is_told_with_the_remedy() {
    let first = face(local());
    let settings = Settings { listen: first.address(), ..local() };
    let archive = std::sync::Arc::new(crate::kernel::Shelf::new());
    let error = Face::start(settings, crate::kernel::overview(), crate::kernel::catalogue(), archive).unwrap_err();
    let error = error.to_string();
    assert!(error.contains(&first.address().to_string()) && error.contains("another port"), "{error}");
}

#[test]
fn only_names_of_its_own_are_answered() {
    let face = face(Settings { hosts: vec!["Twin.example".into()], ..local() });
    let at = face.address();
    let port = at.port();
    let host = |name: &str| request(at, "GET", "/health", &[("Host", name)], "");
    for ours in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80", "twin.example", "twin.example:8443"] {
        host(ours).ok();
    }
    host(&format!("127.0.0.1:{port}")).ok();
    for other in ["evil.example", "localhost.evil.example", "10.1.2.3", "twin.example.evil"] {
        host(other).problem(421);
    }
    let raw_get = |head: &str| crate::client::parse(&raw(at, head.as_bytes()));
    raw_get("GET /health HTTP/1.1\r\nConnection: close\r\n\r\n").problem(400);
    raw_get("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n").problem(400);
    raw_get("GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").problem(400);
}

#[test]
fn pages_of_others_are_turned_away_and_listed_ones_may_read() {
    let face = face(Settings { origins: vec!["https://console.example".into()], ..local() });
    let at = face.address();
    let from = |origin: &str| request(at, "GET", "/v1/twin", &[("Origin", origin)], "");
    for other in ["https://evil.example", "null", "http://console.example", "https://console.example:444"] {
        let answer = from(other);
        answer.problem(403);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let own = from(&format!("http://{at}"));
    own.ok();
    let listed = from("https://console.example");
    listed.ok();
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://console.example"));
    assert_eq!(listed.header("vary"), Some("origin"));
    let preflight = |origin: &str| {
        let headers = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
        request(at, "OPTIONS", "/v1/clock/pause", &headers, "")
    };
    let answer = preflight("https://console.example");
    assert_eq!(answer.status, 204);
    assert!(answer.header("access-control-allow-headers").unwrap().contains("authorization"));
    preflight("https://evil.example").problem(403);
    let headers = [("Origin", "https://console.example")];
    let missing = request(at, "GET", "/v1/participants/nobody", &headers, "");
    missing.problem(404);
    assert!(missing.header("access-control-allow-origin").is_some(), "a page may read what is wrong, too");
}

#[test]
fn a_preflight_needs_no_token_and_opens_nothing() {
    let face = face(Settings { token: Some(Secret::new(TOKEN)), origins: vec!["https://a.example".into()], ..local() });
    let headers = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")];
    let answer = request(face.address(), "OPTIONS", "/v1/twin", &headers, "");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    request(face.address(), "GET", "/v1/twin", &headers, "").problem(401);
}

#[test]
fn what_changes_something_comes_as_json() {
    let rig = Rig::new();
    let typed =
        |media_type: &str| request(rig.at(), "POST", "/v1/clock/pause", &[("Content-Type", media_type)], "{}").status;
    assert_eq!(typed("application/json"), 200);
    assert_eq!(typed("Application/JSON; charset=utf-8"), 200);
    for other in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"] {
        assert_eq!(typed(other), 415, "{other}");
    }
    request(rig.at(), "POST", "/v1/clock/pause", &[], "{}").problem(415);
    request(rig.at(), "PUT", "/v1/signals/irradiance", &[("Content-Type", "text/plain")], r#"{"value":1}"#)
        .problem(415);
}

#[test]
fn a_body_is_not_larger_than_it_may_be() {
    let rig = Rig::new();
    let body = format!(r#"{{"plugged":true,"id":"{}"}}"#, "x".repeat(70_000));
    post(rig.at(), "/v1/participants/ev_01/plug", &body).problem(413);
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", body.len(), body);
    let head = format!(
        "POST /v1/participants/ev_01/plug HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}",
        rig.at()
    );
    crate::client::parse(&raw(rig.at(), head.as_bytes())).problem(413);
}

#[test]
fn routes_that_are_not_there_and_methods_they_do_not_take_are_told() {
    let rig = Rig::new();
    let missing = get(rig.at(), "/v1/nothing").problem(404);
    assert_eq!(missing["instance"], "/v1/nothing");
    for (method, path, allowed) in [
        ("POST", "/v1/twin", "GET,HEAD"),
        ("DELETE", "/v1/signals", "GET,HEAD"),
        ("GET", "/v1/clock/pause", "POST"),
        ("PATCH", "/v1/signals/irradiance", "GET,HEAD,PUT,DELETE"),
    ] {
        let answer = send(rig.at(), method, path, "");
        answer.problem(405);
        let mut found: Vec<_> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        let mut expected: Vec<_> = allowed.split(',').collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{method} {path}");
    }
}

#[test]
fn the_status_counts() {
    let rig = Rig::new();
    let before = rig.face.status();
    get(rig.at(), "/v1/nothing").problem(404);
    let after = rig.face.status();
    assert_eq!((after.requests, after.refused), (before.requests + 1, before.refused + 1));
    assert!(after.text.contains(&rig.at().to_string()), "{}", after.text);
}
