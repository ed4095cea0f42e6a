//! Where the API is served, to whom, and under which names.

use crate::error::ApiError;
use crate::tls;
use agents::face::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Least bytes of a token: one that can be guessed protects nothing.
const LEAST_TOKEN: usize = 16;

/// Where the API is served, and who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address it listens at; port 0: any that is free.
    pub listen: SocketAddr,
    /// What `Authorization: Bearer` must carry; needed beyond loopback.
    pub token: Option<Secret>,
    /// Certificate and key, to be served over HTTPS.
    pub tls: Option<Tls>,
    /// Further names under which it may be asked for, as the header `Host` has them, for instance `twin.example`.
    pub hosts: Vec<String>,
    /// Origins whose pages may use it from a browser, for instance `https://console.example`.
    pub origins: Vec<String>,
}

/// How the API proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the certificate and those that lead to its authority.
    pub cert_file: PathBuf,
    /// PEM file of its key.
    pub key_file: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            token: None,
            tls: None,
            hosts: Vec::new(),
            origins: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether they can be used, as far as that is known without listening.
    ///
    /// # Errors
    /// [`ApiError`] naming the setting or file and the remedy.
    pub fn verify(&self) -> Result<(), ApiError> {
        self.check()?;
        self.tls.as_ref().map(tls::server).transpose().map(drop)
    }

    /// Whether the address can be listened at now: it is, for a moment.
    ///
    /// # Errors
    /// [`ApiError::Listen`] naming the address and the remedy.
    pub fn probe(&self) -> Result<(), ApiError> {
        crate::face::listen(self.listen).map(drop)
    }

    /// What is wrong with them, beyond files.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let wrong = |key, problem: String| Err(ApiError::Setting { key, problem });
        match &self.token {
            None if !self.listen.ip().is_loopback() => {
                let problem = "is missing: whoever reaches an address that is not of this machine alone could command the \
                               twin; give a token, or listen at 127.0.0.1";
                return wrong("token", problem.into());
            }
            Some(token) if token.reveal().len() < LEAST_TOKEN => {
                return wrong("token", format!("is too short: give it at least {LEAST_TOKEN} characters"));
            }
            Some(token) if !token.reveal().bytes().all(is_of_a_token) => {
                let problem =
                    "must consist of letters, digits and -._~+/= (RFC 6750): others can not be sent in a header";
                return wrong("token", problem.into());
            }
            _ => {}
        }
        for host in &self.hosts {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
            if host.is_empty() || !host.chars().all(is_name) {
                return wrong("hosts", format!("has {host:?}: write a name or an address, for instance twin.example"));
            }
        }
        for origin in &self.origins {
            let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            let is_origin = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '*', ' ', '@']));
            if !is_origin || !origin.is_ascii() {
                let problem =
                    format!("has {origin:?}: write scheme, host and port only, for instance https://console.example");
                return wrong("origins", problem);
            }
        }
        Ok(())
    }
}

fn is_of_a_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_can_not_be_used_are_refused_by_name() {
        let right = Settings::default();
        assert!(right.verify().is_ok());
        let token = |text: &str| Some(Secret::new(text));
        let open = SocketAddr::from(([0, 0, 0, 0], 8080));
        assert!(Settings { listen: open, token: token("0123456789abcdef"), ..right.clone() }.verify().is_ok());
        for (wrong, says) in [
            (Settings { listen: open, ..right.clone() }, "listen at 127.0.0.1"),
            (Settings { token: token("0123456789abcde"), ..right.clone() }, "at least 16"),
            (Settings { token: token("0123456789 abcdef"), ..right.clone() }, "RFC 6750"),
            (Settings { hosts: vec!["http://a".into()], ..right.clone() }, "`hosts`"),
            (Settings { origins: vec!["*".into()], ..right.clone() }, "`origins`"),
            (Settings { origins: vec!["https://a/".into()], ..right.clone() }, "`origins`"),
        ] {
            let error = wrong.verify().expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("0123456789"), "{error}");
        }
    }

    #[test]
    fn files_that_can_not_be_read_are_told_by_name() {
        let tls = Tls { cert_file: "missing.crt".into(), key_file: "missing.key".into() };
        let error = Settings { tls: Some(tls), ..Settings::default() }.verify().expect_err("no file").to_string();
        assert!(error.contains("missing.crt") && error.contains("check the path"), "{error}");
    }

    #[test]
    fn a_token_is_never_shown() {
        let settings = Settings { token: Some(Secret::new("0123456789abcdef")), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("0123456789"));
    }
}
