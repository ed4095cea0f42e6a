//! What `cariflex live` takes.

use crate::cli::{HostKind, ScenarioArgs};
use agents::{Calendar, Span, Time};
use api::SPEEDS;
use clap::{Args, ValueEnum};
use scenarios::{parse_duration, parse_start};
use std::net::SocketAddr;
use std::path::PathBuf;
use twin::Pace;

/// What `cariflex live` takes.
#[derive(Clone, Debug, Args)]
pub struct LiveArgs {
    /// Which scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Folder of the live twin: its journal, snapshots and results [default: live/NAME]. What is there goes on.
    #[arg(long, value_name = "DIR")]
    pub place: Option<PathBuf>,
    /// Remove what the place holds of a live twin, and begin anew.
    #[arg(long)]
    pub fresh: bool,
    /// Seconds of twin time in a second of the wall clock; max: as fast as it goes.
    #[arg(long, value_name = "N|max", default_value = "1", value_parser = pace)]
    pub speed: Pace,
    /// Instant of the wall clock at which the twin's time is that of --start, so that several twins have one clock
    /// [default: now].
    #[arg(long, value_name = "TIME", requires = "start", value_parser = instant)]
    pub anchor: Option<Time>,
    /// How far the twin may fall behind the wall clock and still catch up tick by tick; what lies further back is passed in
    /// ticks of a market slot.
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span)]
    pub catch_up: Span,
    /// Time between snapshots, in twin time; each begins a new folder of results.
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span)]
    pub snapshot_every: Span,
    /// Which snapshots are kept: all of recent hours, and the first of so many days, weeks and months.
    #[arg(long, value_name = "RULE", default_value = "hours=24,days=30,weeks=12,months=all", value_parser = retention)]
    pub retention: Retention,
    /// Threads of the actors' runtime.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// Where telemetry goes and commands come from.
    #[command(flatten)]
    pub mqtt: MqttArgs,
    /// Where the field is.
    #[command(flatten)]
    pub mirror: MirrorArgs,
    /// Where it can be controlled.
    #[command(flatten)]
    pub api: ApiArgs,
    /// How the log is written, on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// How much of it.
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
    /// Show no view on a terminal, only the log.
    #[arg(long)]
    pub no_view: bool,
}

/// What `cariflex snapshot` takes.
#[derive(Clone, Debug, Args)]
pub struct SnapshotArgs {
    /// Folder of the live twin.
    #[arg(value_name = "PLACE")]
    pub place: PathBuf,
}

/// What `cariflex replay` takes.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// Folder of the live twin; it may be running.
    #[arg(value_name = "PLACE")]
    pub place: PathBuf,
    /// Snapshot to begin at [default: the earliest from which the journal has no gap].
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Instant to end at, RFC 3339 or a local date [default: the last tick that was done].
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Folder for the results.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Who steps the participants.
    #[arg(long, value_enum, default_value_t = HostKind::Sweep)]
    pub host: HostKind,
}

/// The control API.
#[derive(Clone, Debug, Default, Args)]
pub struct ApiArgs {
    /// Address at which the control API listens, for instance 127.0.0.1:8080; /openapi.json describes it.
    #[arg(long = "api", id = "api", value_name = "ADDRESS", value_parser = address)]
    pub listen: Option<SocketAddr>,
    /// File that holds on its first line the token that clients must bear; or the environment variable CARIFLEX_API_TOKEN
    /// does. Needed as soon as others than this computer can reach the address.
    #[arg(long = "api-token-file", id = "api-token-file", value_name = "FILE", requires = "api")]
    pub token_file: Option<PathBuf>,
    /// Certificate of the API, PEM: it speaks HTTPS then.
    #[arg(long = "api-cert", id = "api-cert", value_name = "FILE", requires = "api-key")]
    pub cert: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    #[arg(long = "api-key", id = "api-key", value_name = "FILE", requires = "api-cert")]
    pub key: Option<PathBuf>,
    /// Further name under which clients may ask for it. Repeatable.
    #[arg(long = "api-host", id = "api-host", value_name = "NAME", requires = "api")]
    pub hosts: Vec<String>,
    /// Origin of pages that may use it from a browser, for instance `https://console.example`. Repeatable.
    #[arg(long = "api-origin", id = "api-origin", value_name = "ORIGIN", requires = "api")]
    pub origins: Vec<String>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the usual levels")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

/// The options of a connection to a broker, under names that begin with that of what connects.
macro_rules! broker_args {
    ($(#[$about:meta])* $name:ident, $prefix:literal, $password:literal, $(#[$address:meta])*) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Args)]
        pub struct $name {
            $(#[$address])*
            #[arg(long = $prefix, id = $prefix, value_name = "URL")]
            pub address: Option<String>,
            /// Version of the protocol.
            #[arg(long = concat!($prefix, "-version"), id = concat!($prefix, "-version"), value_enum,
                value_name = "V", default_value = "3.1.1", requires = $prefix)]
            pub version: MqttVersion,
            /// Client id; no two connections to a broker may have the same.
            #[arg(long = concat!($prefix, "-client-id"), id = concat!($prefix, "-client-id"), value_name = "ID",
                requires = $prefix)]
            pub client_id: Option<String>,
            /// User of the broker.
            #[arg(help = concat!("User; the password comes from a file or from the environment variable ", $password),
                long = concat!($prefix, "-user"), id = concat!($prefix, "-user"), value_name = "USER",
                requires = $prefix)]
            pub user: Option<String>,
            /// File that holds the password on its first line.
            #[arg(long = concat!($prefix, "-password-file"), id = concat!($prefix, "-password-file"),
                value_name = "FILE", requires = concat!($prefix, "-user"))]
            pub password_file: Option<PathBuf>,
            /// Certificates of the authorities that vouch for the broker, PEM [default: those of the web].
            #[arg(long = concat!($prefix, "-ca"), id = concat!($prefix, "-ca"), value_name = "FILE",
                requires = $prefix)]
            pub ca: Option<PathBuf>,
            /// Own certificate for a broker that asks for one, PEM.
            #[arg(long = concat!($prefix, "-cert"), id = concat!($prefix, "-cert"), value_name = "FILE",
                requires = concat!($prefix, "-key"))]
            pub cert: Option<PathBuf>,
            /// Its private key, PEM.
            #[arg(long = concat!($prefix, "-key"), id = concat!($prefix, "-key"), value_name = "FILE",
                requires = concat!($prefix, "-cert"))]
            pub key: Option<PathBuf>,
        }

        impl $name {
            /// The options, whatever they are called; none without an address.
            pub fn options(&self) -> Option<BrokerOptions<'_>> {
                Some(BrokerOptions {
                    prefix: concat!("--", $prefix),
                    password_variable: $password,
                    address: self.address.as_deref()?,
                    version: self.version,
                    client_id: self.client_id.as_deref(),
                    user: self.user.as_deref(),
                    password_file: self.password_file.as_deref(),
                    ca: self.ca.as_deref(),
                    identity: self.cert.as_deref().zip(self.key.as_deref()),
                })
            }
        }
    };
}

broker_args!(
    /// Telemetry and commands over MQTT.
    MqttArgs,
    "mqtt",
    "CARIFLEX_MQTT_PASSWORD",
    /// Broker that gets telemetry and brings commands, for instance mqtt://127.0.0.1:1883 or mqtts://broker.example.
);

broker_args!(
    /// The field's broker.
    MirrorArgs,
    "mirror",
    "CARIFLEX_MIRROR_PASSWORD",
    /// Broker of the field: assets found on its topics are mirrored. Nothing is ever published there.
);

/// The options of a connection to a broker.
#[derive(Clone, Copy, Debug)]
pub struct BrokerOptions<'a> {
    /// With what the names of the options begin, for instance `--mqtt`.
    pub prefix: &'static str,
    /// Environment variable that may hold the password.
    pub password_variable: &'static str,
    /// The address.
    pub address: &'a str,
    /// Version of the protocol.
    pub version: MqttVersion,
    /// Client id, if one is given.
    pub client_id: Option<&'a str>,
    /// User, if one is given.
    pub user: Option<&'a str>,
    /// File of the password.
    pub password_file: Option<&'a std::path::Path>,
    /// Certificates of authorities.
    pub ca: Option<&'a std::path::Path>,
    /// Own certificate and its key.
    pub identity: Option<(&'a std::path::Path, &'a std::path::Path)>,
}

/// Version of MQTT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MqttVersion {
    /// MQTT 3.1.1.
    #[default]
    #[value(name = "3.1.1")]
    V3,
    /// MQTT 5.
    #[value(name = "5")]
    V5,
}

/// Reads a speed.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, for instance 127.0.0.1:8080 or [::1]:8080".into())
}

pub(crate) fn pace(text: &str) -> Result<Pace, String> {
    if text == "max" {
        return Ok(Pace::FlatOut);
    }
    match text.parse::<f64>() {
        Ok(speed) if SPEEDS.contains(&speed) => Ok(Pace::Clock(speed)),
        _ => Err("write a number from 0.001 to 1000000, or max".into()),
    }
}

fn instant(text: &str) -> Result<Time, String> {
    parse_start(text, Calendar::default()).map_err(|problem| format!("it {problem}"))
}

fn span(text: &str) -> Result<Span, String> {
    match parse_duration(text)? {
        span if span >= Span::MINUTE => Ok(span),
        _ => Err("must be at least 1m".into()),
    }
}

/// Which snapshots are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// All of so many hours.
    pub hours: u32,
    /// The first of each of so many local days.
    pub days: u32,
    /// The first of each of so many weeks.
    pub weeks: u32,
    /// The first of each of so many months; none: of every month.
    pub months: Option<u32>,
}

fn retention(text: &str) -> Result<Retention, String> {
    let mut rule = Retention { hours: 24, days: 30, weeks: 12, months: None };
    for part in text.split(',') {
        let (name, count) = part.split_once('=').ok_or_else(|| format!("`{part}` is no NAME=COUNT"))?;
        let number = || count.parse().map_err(|_| format!("`{count}` is no count: write {name}=12"));
        match name.trim() {
            "hours" => rule.hours = number()?,
            "days" => rule.days = number()?,
            "weeks" => rule.weeks = number()?,
            "months" if count == "all" => rule.months = None,
            "months" => rule.months = Some(number()?),
            other => return Err(format!("`{other}`: choose among hours, days, weeks and months")),
        }
    }
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_retention_changes_what_it_names() {
        let rule = Retention { hours: 24, days: 7, weeks: 12, months: Some(0) };
        assert_eq!(retention("days=7,months=0"), Ok(rule));
        assert_eq!(retention("months=all,days=30").map(|rule| rule.months), Ok(None));
        for wrong in ["days", "days=x", "years=1", "", "days=-1"] {
            assert!(retention(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_speed_is_a_positive_number_or_max() {
        assert_eq!((pace("60"), pace("max")), (Ok(Pace::Clock(60.0)), Ok(Pace::FlatOut)));
        assert!(["0", "1e-9", "-1", "NaN", "inf", "fast", "1e9"].into_iter().all(|wrong| pace(wrong).is_err()));
    }
}
