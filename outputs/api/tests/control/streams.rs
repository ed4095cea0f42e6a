//! Streams: what is told as it happens, to whom, and to who is too slow.

use crate::client::{connect, get, request, until};
use crate::kernel::{Rig, clock, event, face, local, tick};
use api::{Face, Secret, Settings};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

/// A stream of server-sent events.
struct Events(BufReader<TcpStream>);

/// A message of a stream.
#[derive(Debug)]
struct Told {
    event: String,
    id: String,
    data: Value,
}

fn open(at: SocketAddr, query: &str) -> TcpStream {
    let mut stream = connect(at);
    write!(stream, "GET /v1/stream{query} HTTP/1.1\r\nHost: {at}\r\n\r\n").unwrap();
    stream
}

impl Events {
    fn open(at: SocketAddr, query: &str) -> Self {
        let mut reader = BufReader::new(open(at, query));
        let mut line = String::new();
        let mut head = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            head += &line;
        }
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
        Self(reader)
    }

    /// The next message; the lengths of chunks are passed over.
    fn next(&mut self) -> Told {
        let mut told = Told { event: String::new(), id: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the stream ended");
            let line = line.trim_end();
            if let Some(event) = line.strip_prefix("event: ") {
                told.event = event.into();
            } else if let Some(id) = line.strip_prefix("id: ") {
                told.id = id.into();
            } else if let Some(data) = line.strip_prefix("data: ") {
                told.data = serde_json::from_str(data).unwrap();
                return told;
            }
        }
    }

    fn next_of(&mut self, event: &str) -> Told {
        loop {
            let told = self.next();
            if told.event == event {
                return told;
            }
        }
    }
}

#[test]
fn a_stream_begins_with_the_latest_and_goes_on_with_each_tick() {
    let rig = Rig::new();
    let mut events = Events::open(rig.at(), "");
    let first: Vec<_> = (0..4).map(|_| events.next()).collect();
    let names: Vec<_> = first.iter().map(|told| told.event.as_str()).collect();
    assert_eq!(names, ["assets", "sites", "signals", "clock"]);
    assert_eq!(first[0].data["assets"][0]["participant"], "bat_01");
    tick(&rig.face, 1, &[event("second")]);
    rig.face.tell_clock(clock());
    let told: Vec<_> = (0..5).map(|_| events.next()).collect();
    let names: Vec<_> = told.iter().map(|told| told.event.as_str()).collect();
    assert_eq!(names, ["assets", "sites", "signals", "events", "clock"]);
    assert!(told[..4].iter().all(|told| told.id == "2026-03-02T11:16:00Z"), "{told:?}");
    let event = &told[3].data["events"][0];
    assert!(event["number"].as_u64().unwrap() % 1_000_000 == 2 && event["detail"] == "second", "{event}");
    assert_eq!(told[4].data["speed"], 60.0);
}

#[test]
fn a_stream_is_narrowed_by_topic_participant_site_and_time() {
    let rig = Rig::new();
    let mut one = Events::open(rig.at(), "?kinds=assets,events&participant=bat_02");
    let assets = one.next();
    assert_eq!(assets.data["assets"].as_array().unwrap().len(), 1);
    assert_eq!(assets.data["assets"][0]["fault"]["faults"][0], "sensor_bias");
    let mut site = Events::open(rig.at(), "?kinds=sites,events&site=house_a");
    assert_eq!(site.next().data["sites"][0]["site"], "house_a");
    let mut rarely = Events::open(rig.at(), "?kinds=assets,events&every=300");
    assert_eq!(rarely.next().id, "2026-03-02T11:15:00Z");
    for number in 1..=5 {
        tick(&rig.face, number, &[event("of bat_02")]);
        until(|| get(rig.at(), "/v1/readings").ok()["time"] == format!("2026-03-02T11:{}:00Z", 15 + number));
    }
    assert_eq!(one.next_of("events").data["events"][0]["participant"], "bat_02");
    let sites = (1..=5).map(|_| site.next());
    assert!(sites.into_iter().all(|told| told.event == "sites"), "events of another site are none of its own");
    let told: Vec<_> = (0..6).map(|_| rarely.next()).collect();
    let names: Vec<_> = told.iter().map(|told| told.event.as_str()).collect();
    assert_eq!(names, ["events", "events", "events", "events", "assets", "events"]);
    assert_eq!(told[4].id, "2026-03-02T11:20:00Z");
    for (query, at) in
        [("kinds=moods", "kinds"), ("participant=x", "participant"), ("site=x", "site"), ("every=-1", "every")]
    {
        assert_eq!(get(rig.at(), &format!("/v1/stream?{query}")).problem(400)["parameter"], at);
    }
}

/// Ticks until the reader must have missed some, and what was published then.
fn flood(face: &Face, ticks: i64) {
    let long = [event(&"x".repeat(200_000))];
    for number in 1..=ticks {
        tick(face, number, &long);
        until(|| !face.is_lagging());
    }
}

#[test]
fn who_reads_too_slowly_gets_the_latest_and_is_told_what_was_missed() {
    const TICKS: i64 = 400;
    let rig = Rig::new();
    let mut slow = Events::open(rig.at(), "");
    flood(&rig.face, TICKS);
    let last = "2026-03-02T17:55:00Z";
    until(|| get(rig.at(), "/v1/readings").ok()["time"] == last);
    let (mut told, mut missed, mut is_told_of_events) = (-1, 0, true);
    loop {
        let message = slow.next();
        match message.event.as_str() {
            "assets" => told += 1,
            "lagged" => {
                missed += message.data["missed_ticks"].as_i64().unwrap();
                is_told_of_events &= message.data["after"].as_i64().unwrap() > 0;
            }
            _ => {}
        }
        if message.event == "assets" && message.id == last {
            break;
        }
    }
    assert!(missed > 0 && is_told_of_events);
    assert_eq!(told + missed, TICKS, "each tick was told or is counted");
    let metrics = get(rig.at(), "/metrics").text();
    assert!(metrics.contains(&format!("cariflex_missed_ticks_total {missed}\n")), "{metrics}");
}

#[test]
fn a_thousand_streams_that_nobody_reads_do_not_hold_the_kernel_up() {
    let rig = Rig::new();
    let streams: Vec<TcpStream> = (0..1000).map(|_| open(rig.at(), "")).collect();
    until(|| rig.face.status().streams == 1000);
    let long = [event(&"x".repeat(20_000))];
    // Nothing here waits for the face: what it can not take gives way.
    (1..=2000).for_each(|number| tick(&rig.face, number, &long));
    until(|| get(rig.at(), "/v1/readings").ok()["time"] == "2026-03-03T20:35:00Z");
    until(|| !rig.face.is_lagging());
    assert_eq!(rig.face.status().streams, 1000, "they are there as before");
    drop(streams);
    tick(&rig.face, 2001, &[]);
    until(|| rig.face.status().streams < 1000);
}

#[test]
fn streams_have_a_limit() {
    let face = face(local());
    let at = face.address();
    let streams: Vec<TcpStream> = (0..2000).map(|_| open(at, "?kinds=clock")).collect();
    until(|| face.status().streams == 2000);
    get(at, "/v1/stream").problem(503);
    get(at, "/health").ok();
    drop(streams);
}

#[test]
fn streams_end_with_the_face() {
    let face = face(local());
    let mut stream = open(face.address(), "");
    until(|| face.status().streams == 1);
    face.stop(Duration::from_secs(10));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(String::from_utf8(rest).unwrap().ends_with("0\r\n\r\n"), "it ends as it should");
}

type Socket = WebSocket<TcpStream>;

fn dial(at: SocketAddr, path: &str, protocols: Option<&str>) -> Result<(Socket, Option<String>), Option<u16>> {
    let mut asked = format!("ws://{at}{path}").into_client_request().unwrap();
    if let Some(protocols) = protocols {
        asked.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
    }
    match tungstenite::client(asked, connect(at)) {
        Ok((socket, response)) => {
            let chosen = response.headers().get("sec-websocket-protocol");
            Ok((socket, chosen.map(|chosen| chosen.to_str().unwrap().to_string())))
        }
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
            Err(Some(response.status().as_u16()))
        }
        Err(_) => Err(None),
    }
}

fn read(socket: &mut Socket) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(text.as_str()).unwrap();
        }
    }
}

#[test]
fn the_same_is_told_by_web_socket() {
    let rig = Rig::new();
    let (mut socket, _) = dial(rig.at(), "/v1/ws?kinds=assets,clock", None).unwrap();
    let first = read(&mut socket);
    assert_eq!((&first["event"], &first["id"]), (&"assets".into(), &"2026-03-02T11:15:00Z".into()));
    assert_eq!(read(&mut socket)["event"], "clock");
    tick(&rig.face, 1, &[]);
    assert_eq!(read(&mut socket)["data"]["assets"][0]["power_kw"], 1.0);
    socket.send(Message::Text("nobody listens".into())).unwrap();
    tick(&rig.face, 2, &[]);
    assert_eq!(read(&mut socket)["data"]["assets"][0]["power_kw"], 2.0);
    socket.close(None).unwrap();
    until(|| rig.face.status().streams == 0);
    get(rig.at(), "/v1/ws").problem(426);
    assert_eq!(dial(rig.at(), "/v1/ws?kinds=moods", None).err(), Some(Some(400)));
}

#[test]
fn a_web_socket_brings_its_token_among_its_protocols() {
    let token = "a-token-of-24-characters";
    let face = face(Settings { token: Some(Secret::new(token)), ..local() });
    let at = face.address();
    assert_eq!(dial(at, "/v1/ws", None).err(), Some(Some(401)));
    assert_eq!(dial(at, "/v1/ws", Some("bearer, a-token-of-24-characterS")).err(), Some(Some(401)));
    let (_, chosen) = dial(at, "/v1/ws", Some("bearer, a-token-of-24-characters")).unwrap();
    assert_eq!(chosen.as_deref(), Some("bearer"), "the token is not sent back");
    let protocol = [("Sec-WebSocket-Protocol", "bearer, a-token-of-24-characters")];
    request(at, "GET", "/v1/twin", &protocol, "").problem(401);
}

#[test]
fn a_web_socket_that_says_too_much_is_closed() {
    let rig = Rig::new();
    let (mut socket, _) = dial(rig.at(), "/v1/ws?kinds=events", None).unwrap();
    let _ = socket.send(Message::Text("x".repeat(10_000).into()));
    until(|| rig.face.status().streams == 0);
}
