//! A charging station on a WebSocket whose body follows commands from standard input, a line each; for tests with a CSMS
//! of others, and to look at one by hand.
//!
//!     cargo run -p cariflex-ocpp --example station -- ws://127.0.0.1:9000 CP001 [Component.Variable=value ...]
//!
//! Commands: `plug E`, `unplug E`, `present E TOKEN`, `draw E on|off`, `meter E WH`, `fault E on|off`, `bay E on|off`,
//! `limit E AMPERES|none`, `log STATUS`, `firmware STATUS`, `security TYPE`, `needs E`, `cut SECONDS`, `boot`, `quit`.
//! What the body is told to do is written to standard output, a line each.
//!
//! Sockets and clocks are all there is in here: the session decides everything else.

#![expect(clippy::print_stdout, reason = "a program that shows what it does")]

use agents::time::{Span, Time};
use ocpp::station::{Act, Input, Output, Reading, Settings, Station};
use ocpp::v201::{AcChargingParameters, ChargingLimitSource, ChargingNeeds, EnergyTransferMode, IdToken, IdTokenKind};
use std::collections::VecDeque;
use std::error::Error;
use std::io::{BufRead, ErrorKind, stdin};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket, client};

/// How often sockets and commands are looked at.
const STEP: Duration = Duration::from_millis(10);

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    Time(since.as_millis() as i64)
}

struct Program {
    station: Station,
    address: String,
    socket: Option<WebSocket<TcpStream>>,
    failures: u32,
    retry_at: Instant,
    to_send: VecDeque<String>,
    restart: Option<ocpp::v201::BootReason>,
    done: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, identity, variables @ ..] = arguments.as_slice() else {
        return Err("usage: station URL IDENTITY [Component.Variable=value ...]".into());
    };
    let mut settings = Settings::ac(identity, 2, 32.0);
    for variable in variables {
        let (name, value) = variable.split_once('=').ok_or("a variable is Component.Variable=value")?;
        let (component, variable) = name.split_once('.').ok_or("a variable is Component.Variable=value")?;
        settings.variables.push((component.into(), variable.into(), value.into()));
    }
    let seed = now().0 as u64;
    let station = Station::new(settings, seed, now())?;
    let address = format!("{}/{identity}", url.trim_end_matches('/'));
    let (socket, to_send, retry_at) = (None, VecDeque::new(), Instant::now());
    Program { station, address, socket, failures: 0, retry_at, to_send, restart: None, done: false }.run(&commands())
}

/// Lines of standard input as they come.
fn commands() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Program {
    fn run(&mut self, commands: &Receiver<String>) -> Result<(), Box<dyn Error>> {
        while !self.done {
            match commands.try_recv() {
                Ok(line) => self.command(&line)?,
                Err(TryRecvError::Empty) => std::thread::sleep(STEP),
                Err(TryRecvError::Disconnected) => self.done = true,
            }
            if self.socket.is_none() && self.retry_at <= Instant::now() {
                self.connect();
            }
            self.read();
            if self.station.next_wake().is_some_and(|wake| wake <= now()) {
                self.handle(Input::Wake);
            }
            if let Some(reason) = self.restart.take() {
                self.lost();
                self.handle(Input::Booted(reason));
                self.retry_at = Instant::now();
            }
        }
        self.lost();
        Ok(())
    }

    /// Mutate, then drain.
    fn handle(&mut self, input: Input) {
        self.station.handle(input, now());
        while let Some(output) = self.station.poll() {
            match output {
                Output::Frame(text) => self.to_send.push_back(text),
                Output::Act(Act::Reboot(reason)) => {
                    println!("reboot {}", reason.as_str());
                    self.restart = Some(reason);
                }
                Output::Act(act) => println!("act {act:?}"),
                Output::Told(told) => println!("told {told:?}"),
            }
        }
        self.send();
    }

    fn send(&mut self) {
        let Some(socket) = &mut self.socket else { return self.to_send.clear() };
        let mut sent = Ok(());
        while let Some(text) = self.to_send.pop_front() {
            sent = sent.and(socket.write(Message::text(text)));
        }
        match sent.and_then(|()| socket.flush()) {
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.lost(),
            Ok(()) => {}
        }
    }

    fn read(&mut self) {
        while let Some(socket) = &mut self.socket {
            match socket.read() {
                Ok(Message::Text(text)) => self.handle(Input::Frame(text.to_string())),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.lost(),
            }
        }
    }

    fn lost(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            // Whether the other side hears of it or not.
            let _ = socket.close(None).and_then(|()| socket.flush());
            self.handle(Input::Disconnected);
            self.wait();
        }
    }

    fn wait(&mut self) {
        let wait = self.station.reconnect_after(self.failures, 0.5);
        self.failures += 1;
        self.retry_at = Instant::now() + Duration::from_millis(wait.0 as u64);
    }

    fn connect(&mut self) {
        match open(&self.address) {
            Ok(socket) => {
                (self.socket, self.failures) = (Some(socket), 0);
                self.handle(Input::Connected);
            }
            Err(error) => {
                println!("told no connection: {error}");
                self.wait();
            }
        }
    }

    fn command(&mut self, line: &str) -> Result<(), Box<dyn Error>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let evse = || words.get(1).and_then(|word| word.parse().ok()).ok_or("the second word is an EVSE");
        let third = words.get(2).copied().unwrap_or_default();
        let on = third == "on";
        let input = match words.first().copied().unwrap_or_default() {
            "plug" => Input::Plug { evse_id: evse()?, connector_id: 1 },
            "unplug" => Input::Unplug { evse_id: evse()? },
            "present" => {
                let token = IdToken::new(third, IdTokenKind::ISO14443).ok_or("the token is too long")?;
                Input::Present { evse_id: evse()?, token }
            }
            "draw" => Input::Drawing { evse_id: evse()?, drawing: on },
            "fault" => Input::Fault { evse_id: evse()?, connector_id: 1, faulted: on },
            "bay" => Input::Bay { evse_id: evse()?, occupied: on },
            "meter" => Input::Meter { evse_id: evse()?, reading: reading(third.parse()?) },
            "limit" => Input::ExternalLimit {
                evse_id: evse()?,
                source: ChargingLimitSource::Ems,
                schedule: third.parse().ok().map(schedule).transpose()?,
            },
            "needs" => Input::Needs { evse_id: evse()?, needs: needs() },
            "log" => Input::LogStatus(serde_json::from_value(words[1].into())?),
            "firmware" => Input::FirmwareStatus(serde_json::from_value(words[1].into())?),
            "security" => Input::SecurityEvent { kind: words[1].into(), info: None },
            "boot" => {
                self.restart = Some(ocpp::v201::BootReason::PowerUp);
                return Ok(());
            }
            "cut" => {
                self.lost();
                self.retry_at = Instant::now() + Duration::from_secs_f64(words[1].parse()?);
                return Ok(());
            }
            "quit" => {
                self.done = true;
                return Ok(());
            }
            other => return Err(format!("`{other}` is no command").into()),
        };
        self.handle(input);
        Ok(())
    }
}

fn reading(import_wh: f64) -> Reading {
    Reading { import_wh, power_w: 11_040.0, currents_a: [16.0; 3], voltages_v: [230.0; 3], ..Reading::default() }
}

fn schedule(limit_a: f64) -> Result<ocpp::v201::ChargingSchedule, serde_json::Error> {
    serde_json::from_value(serde_json::json!({
        "id": 1, "chargingRateUnit": "A", "startSchedule": now().floor(Span::from_s(1)).to_string(),
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}]
    }))
}

fn needs() -> ChargingNeeds {
    ChargingNeeds {
        requested_energy_transfer: EnergyTransferMode::AcThreePhase,
        ac_charging_parameters: Some(AcChargingParameters {
            energy_amount: 20_000,
            ev_min_current: 6,
            ev_max_current: 32,
            ev_max_voltage: 400,
        }),
        dc_charging_parameters: None,
        departure_time: None,
    }
}

fn open(address: &str) -> Result<WebSocket<TcpStream>, Box<dyn Error>> {
    let mut request = address.into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp2.0.1"));
    let host = request.uri().authority().ok_or("the address has no host")?.to_string();
    let stream = TcpStream::connect(host)?;
    let (socket, response) = client(request, stream)?;
    if response.headers().get("Sec-WebSocket-Protocol").is_none_or(|chosen| chosen != "ocpp2.0.1") {
        return Err("the CSMS does not speak ocpp2.0.1".into());
    }
    socket.get_ref().set_nonblocking(true)?;
    Ok(socket)
}
