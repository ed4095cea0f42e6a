//! Credentials and TLS: right, wrong, and what the status says of it.

use crate::server::{Mosquitto, program};
use crate::twin::{batteries, broker, is_connected, says};
use mqtt::{Broker, Connection, Face, MqttError, Secret, Settings, Tls, Version};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn start(broker: Broker) -> Face {
    Face::start(broker, Settings::default(), batteries(1)).unwrap()
}

#[test]
fn a_password_opens_the_broker_and_a_wrong_one_is_told() {
    let mosquitto = Mosquitto::with("allow_anonymous false\npassword_file {folder}/passwords\n", |folder| {
        let mut command = Command::new(program("mosquitto_passwd"));
        command.args(["-b", "-c"]).arg(folder.join("passwords")).args(["meter", "right"]);
        assert!(command.status().unwrap().success());
    });
    for version in [Version::V3_1_1, Version::V5] {
        let with = |user: Option<&str>, password: &str| Broker {
            user: user.map(String::from),
            password: user.map(|_| Secret::new(password)),
            ..broker(mosquitto.port, version)
        };
        let face = start(with(Some("meter"), "right\n"));
        is_connected(&face);
        face.stop(Duration::from_secs(5));
        let face = start(with(Some("meter"), "wrong"));
        says(&face, "refuses the credentials of user `meter`");
        assert_eq!(face.status().connection, Connection::Lost);
        says(&start(with(None, "")), "give user and password");
    }
}

/// Makes authorities, and certificates of them.
struct Certificates<'a>(&'a Path);

impl Certificates<'_> {
    fn openssl(&self, arguments: &[&str]) {
        let mut command = Command::new(program("openssl"));
        command.args(arguments).current_dir(self.0).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "openssl {arguments:?}");
    }

    fn authority(&self, name: &str) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-subj",
            &subject,
            "-days",
            "2",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ]);
    }

    /// A certificate for a host or client, signed by an authority.
    fn signed(&self, name: &str, host: &str, authority: &str) {
        let files = ["key", "csr", "crt", "ext"].map(|ending| format!("{name}.{ending}"));
        let [key, request, certificate, extensions] = files.each_ref().map(String::as_str);
        let subject = format!("/CN={name}");
        std::fs::write(self.0.join(extensions), format!("basicConstraints=CA:FALSE\nsubjectAltName={host}\n")).unwrap();
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
            "-out",
            request,
            "-subj",
            &subject,
        ]);
        let (ca, ca_key) = (format!("{authority}.crt"), format!("{authority}.key"));
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-out",
            certificate,
            "-days",
            "2",
            "-extfile",
            extensions,
        ]);
    }
}

const TLS: &str =
    "allow_anonymous true\ncafile {folder}/ca.crt\ncertfile {folder}/server.crt\nkeyfile {folder}/server.key\n";

/// A broker with TLS whose certificate is for this host; there is a client's certificate and an authority of strangers.
fn encrypted(host: &str, more: &str) -> Mosquitto {
    Mosquitto::with(&format!("{TLS}{more}"), |folder| {
        let certificates = Certificates(folder);
        certificates.authority("ca");
        certificates.authority("stranger");
        certificates.signed("server", host, "ca");
        certificates.signed("client", "DNS:client", "ca");
    })
}

fn file(mosquitto: &Mosquitto, name: &str) -> PathBuf {
    mosquitto.folder.path().join(name)
}

fn over_tls(mosquitto: &Mosquitto, version: Version, ca: &str, with_identity: bool) -> Broker {
    let identity = with_identity.then(|| (file(mosquitto, "client.crt"), file(mosquitto, "client.key")));
    Broker { tls: Some(Tls { ca: Some(file(mosquitto, ca)), identity }), ..broker(mosquitto.port, version) }
}

#[test]
fn a_broker_with_tls_is_known_by_its_authority() {
    let mosquitto = encrypted("IP:127.0.0.1", "");
    for version in [Version::V3_1_1, Version::V5] {
        let face = start(over_tls(&mosquitto, version, "ca.crt", false));
        is_connected(&face);
        face.stop(Duration::from_secs(5));
        says(&start(over_tls(&mosquitto, version, "stranger.crt", false)), "give the file of its CA");
        let of_system = Broker { tls: Some(Tls::default()), ..broker(mosquitto.port, version) };
        match Face::start(of_system, Settings::default(), batteries(1)) {
            Ok(face) => says(&face, "give the file of its CA"),
            Err(error) => assert!(error.to_string().contains("ca-certificates"), "{error}"),
        }
    }
}

#[test]
fn a_broker_with_the_certificate_of_another_host_is_not_trusted() {
    let mosquitto = encrypted("DNS:elsewhere.example", "");
    for version in [Version::V3_1_1, Version::V5] {
        says(&start(over_tls(&mosquitto, version, "ca.crt", false)), "its certificate is not for this host");
    }
}

#[test]
fn a_broker_that_asks_for_a_certificate_gets_ours() {
    let mosquitto = encrypted("IP:127.0.0.1", "require_certificate true\n");
    for version in [Version::V3_1_1, Version::V5] {
        let face = start(over_tls(&mosquitto, version, "ca.crt", true));
        is_connected(&face);
        face.stop(Duration::from_secs(5));
        says(&start(over_tls(&mosquitto, version, "ca.crt", false)), "give certificate and key");
    }
}

#[test]
fn a_key_of_another_certificate_is_told_before_anything_starts() {
    let mosquitto = encrypted("IP:127.0.0.1", "");
    let identity = Some((file(&mosquitto, "client.crt"), file(&mosquitto, "server.key")));
    let tls = Some(Tls { ca: Some(file(&mosquitto, "ca.crt")), identity });
    let broker = Broker { tls, ..broker(mosquitto.port, Version::V3_1_1) };
    let error = Face::start(broker, Settings::default(), batteries(1)).expect_err("the key does not fit");
    assert!(matches!(error, MqttError::Identity { .. }), "{error}");
    assert!(error.to_string().contains("client.crt") && error.to_string().contains("server.key"), "{error}");
}
