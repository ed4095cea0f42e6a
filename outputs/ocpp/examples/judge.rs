//! Says what a station thinks of payloads: reads lines of `Action payload` from standard input and writes for each `ok`, or
//! the CALLERROR's code. For tests against the official schemas.

#![expect(clippy::print_stdout, reason = "a program that answers")]

use agents::time::Time;
use ocpp::station::{Input, Output, Settings, Station};
use std::error::Error;
use std::io::{BufRead, stdin};

/// A station that is connected and accepted.
fn accepted() -> Result<Station, Box<dyn Error>> {
    let mut station = Station::new(Settings::ac("CP001", 2, 32.0), 1, Time(0))?;
    station.handle(Input::Connected, Time(0));
    let Some(Output::Frame(boot)) = station.poll() else { return Err("no boot".into()) };
    let id = boot.split('"').nth(1).ok_or("the boot has no id")?.to_owned();
    let answer = r#"{"currentTime":"1970-01-01T00:00:00Z","interval":300,"status":"Accepted"}"#;
    station.handle(Input::Frame(format!(r#"[3,"{id}",{answer}]"#)), Time(0));
    while station.poll().is_some() {}
    Ok(station)
}

fn main() -> Result<(), Box<dyn Error>> {
    let fresh = accepted()?;
    for line in stdin().lock().lines() {
        let line = line?;
        let (action, payload) = line.split_once(' ').ok_or("a line is `Action payload`")?;
        let mut station = fresh.clone();
        station.handle(Input::Frame(format!(r#"[2,"x","{action}",{payload}]"#)), Time(0));
        let mut verdict = String::from("silent");
        while let Some(output) = station.poll() {
            if let Output::Frame(text) = output {
                if let Some(error) = text.strip_prefix(r#"[4,"x",""#) {
                    verdict = error.split('"').next().unwrap_or_default().to_owned();
                } else if text.starts_with(r#"[3,"x","#) {
                    verdict = "ok".into();
                }
            }
        }
        println!("{verdict}");
    }
    Ok(())
}
