//! Who the broker is: its address, how it is reached, and what it is told about who we are.

use crate::error::MqttError;
use crate::io::tls;
use agents::face::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// A broker, and how to connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Name or address of its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS, for addresses that begin with `mqtts`.
    pub tls: Option<Tls>,
    /// Who we are, where the broker asks.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The id of our connection, unique at the broker: of two with one id it keeps the later.
    pub client_id: String,
    /// The version of the protocol.
    pub version: Version,
    /// The broker gives us up when it has heard nothing for one and a half times this; at least 5 s.
    pub keep_alive: Duration,
}

/// How the broker proves who it is, and we who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the authorities that are trusted; none: those of the system.
    pub ca: Option<PathBuf>,
    /// PEM files of our certificate and its key, where the broker asks for one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Versions of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 3.1.1, which every broker speaks.
    #[default]
    V3_1_1,
    /// 5.
    V5,
}

impl Broker {
    /// The broker at an address `mqtt://host[:1883]` or `mqtts://host[:8883]`, with the client id `cariflex`.
    ///
    /// # Errors
    /// [`MqttError::Address`], also for addresses that hold a user or a password: those end up in lists of processes.
    pub fn parse(address: &str) -> Result<Self, MqttError> {
        let wrong = |shown: &str, problem: &str| MqttError::Address { address: shown.into(), problem: problem.into() };
        let Some((scheme, rest)) = address.split_once("://") else {
            // Whatever it is, it may hold a password.
            let shown = address.rsplit_once('@').map_or(address, |(_, host)| host);
            return Err(wrong(shown, "write mqtt://host:1883, or mqtts://host:8883 for TLS"));
        };
        if let Some((_, host)) = rest.rsplit_once('@') {
            let problem = "leave user and password out of it, where lists of processes show them: give the user by its \
                           own option, the password in a file or an environment variable";
            return Err(wrong(&format!("{scheme}://…@{host}"), problem));
        }
        let wrong = |problem: &str| wrong(address, problem);
        let (tls, usual) = match scheme {
            "mqtt" => (None, 1883),
            "mqtts" => (Some(Tls::default()), 8883),
            _ => return Err(wrong("it must begin with mqtt:// or mqtts://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) || rest.contains(char::is_whitespace) {
            return Err(wrong("nothing but a host and a port may follow mqtt://"));
        }
        if !rest.starts_with('[') && rest.matches(':').count() > 1 {
            return Err(wrong("write an IPv6 address in brackets, mqtt://[::1]:1883"));
        }
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or_else(|| wrong("`[` is never closed"))?;
                match after.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None if after.is_empty() => (host, None),
                    None => return Err(wrong("only a port may follow `]`")),
                }
            }
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() {
            return Err(wrong("it has no host"));
        }
        let port = match port {
            None => usual,
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                let problem = format!("its port `{port}` is no whole number from 1 to 65535");
                wrong(&problem)
            })?,
        };
        Ok(Self {
            host: host.into(),
            port,
            tls,
            user: None,
            password: None,
            client_id: "cariflex".into(),
            version: Version::default(),
            keep_alive: Duration::from_secs(30),
        })
    }

    /// The address as people write it.
    pub fn address(&self) -> String {
        let scheme = if self.tls.is_some() { "mqtts" } else { "mqtt" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}", self.port)
    }

    /// Whether it can be used, as far as that is known without talking to it: settings, and the files of certificates.
    ///
    /// # Errors
    /// [`MqttError`] naming the setting or file and the remedy.
    pub fn verify(&self) -> Result<(), MqttError> {
        self.check()?;
        self.tls.as_ref().map(tls::client).transpose().map(drop)
    }

    /// What is wrong with it, beyond the address.
    pub(crate) fn check(&self) -> Result<(), MqttError> {
        let wrong = |key, problem: &str| Err(MqttError::Setting { key, problem: problem.into() });
        let is_id = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '+' | '#');
        if self.client_id.is_empty() || self.client_id.len() > 128 || !self.client_id.chars().all(is_id) {
            return wrong("client_id", "must be 1 to 128 letters, digits or signs, without `/`, `+` and `#`");
        }
        if self.keep_alive < Duration::from_secs(5) || self.keep_alive > Duration::from_secs(3600) {
            return wrong("keep_alive", "must be 5 s to 1 h");
        }
        if self.password.is_some() && self.user.is_none() {
            return wrong("password", "needs a user: brokers take no password without one");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let read = |address: &str| {
            let broker = Broker::parse(address).expect("it is right");
            (broker.host.clone(), broker.port, broker.tls.is_some(), broker.address())
        };
        let expected = |host: &str, port, tls, address: &str| (host.to_string(), port, tls, address.to_string());
        assert_eq!(read("mqtt://broker"), expected("broker", 1883, false, "mqtt://broker:1883"));
        assert_eq!(
            read("mqtts://broker.example/"),
            expected("broker.example", 8883, true, "mqtts://broker.example:8883")
        );
        assert_eq!(read("mqtt://127.0.0.1:2883"), expected("127.0.0.1", 2883, false, "mqtt://127.0.0.1:2883"));
        assert_eq!(read("mqtts://[::1]:99"), expected("::1", 99, true, "mqtts://[::1]:99"));
        assert_eq!(read("mqtt://[::1]"), expected("::1", 1883, false, "mqtt://[::1]:1883"));
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_remedy() {
        for (address, says) in [
            ("broker", "mqtt://host:1883"),
            ("http://broker", "mqtts://"),
            ("mqtt://", "no host"),
            ("mqtt://:1883", "no host"),
            ("mqtt://broker:0", "1 to 65535"),
            ("mqtt://broker:99999", "1 to 65535"),
            ("mqtt://broker:x", "1 to 65535"),
            ("mqtt://broker/topic", "nothing but"),
            ("mqtt://a b", "nothing but"),
            ("mqtt://::1", "in brackets"),
            ("mqtt://[::1", "closed"),
            ("mqtt://[::1]x", "only a port"),
        ] {
            let error = Broker::parse(address).expect_err(address).to_string();
            assert!(error.contains(says), "{address}: {error}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for address in ["mqtt://twin:hunter2@broker", "twin:hunter2@broker", "mqtt://a:hunter2@b@broker:1"] {
            let error = Broker::parse(address).expect_err(address).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = Broker::parse("mqtt://twin:hunter2@broker").expect_err("a password").to_string();
        assert!(error.contains("environment variable"), "{error}");
    }

    #[test]
    fn a_password_is_never_shown() {
        let mut broker = Broker::parse("mqtt://broker").expect("it is right");
        broker.password = Some(Secret::new("hunter2\n"));
        assert!(!format!("{broker:?} {}", broker.password.clone().expect("it is right")).contains("hunter2"));
        assert_eq!(broker.password.expect("it is right").reveal(), "hunter2");
    }

    #[test]
    fn what_no_broker_would_take_is_refused_before_it_is_asked() {
        let broker = Broker::parse("mqtt://broker").expect("it is right");
        assert!(broker.check().is_ok());
        for wrong in [
            Broker { client_id: String::new(), ..broker.clone() },
            Broker { client_id: "a/b".into(), ..broker.clone() },
            Broker { keep_alive: Duration::from_secs(1), ..broker.clone() },
            Broker { password: Some(Secret::new("x")), ..broker.clone() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
