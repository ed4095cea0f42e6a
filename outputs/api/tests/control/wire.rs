//! Connections that do not move, break off, or are too many; and TLS.

use crate::client::{connect, get, parse};
use crate::kernel::{face, local};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

#[test]
fn a_client_that_sends_its_head_byte_by_byte_is_given_up() {
    let face = face(local());
    let mut stream = connect(face.address());
    stream.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    let began = Instant::now();
    // Each byte comes in time, the head never does.
    let is_closed = (0..60).any(|_| {
        std::thread::sleep(Duration::from_millis(500));
        let is_broken = stream.write_all(b"X").is_err();
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        is_broken || matches!(stream.read(&mut [0; 512]), Ok(0))
    });
    assert!(is_closed && began.elapsed() < Duration::from_secs(20));
    get(face.address(), "/health").ok();
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let face = face(local());
    let mut stream = connect(face.address());
    let head = "POST /v1/clock/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 10\r\nConnection: close\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    parse(&answer).problem(408);
}

#[test]
fn what_is_no_http_does_no_harm() {
    let face = face(local());
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"\r\n\r\n\r\n", b"GET", &[0xff; 70_000], b"GET / HTTP/9.9\r\n\r\n"]
    {
        let mut stream = connect(face.address());
        let _ = stream.write_all(bytes);
        drop(stream);
    }
    let long = format!("/{}", "x".repeat(100_000));
    let answer = crate::client::raw(face.address(), format!("GET {long} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    get(face.address(), "/health").ok();
}

#[test]
fn connections_have_a_limit() {
    let face = face(local());
    let at = face.address();
    // Each waits for a kernel that never answers.
    let ask = |_| {
        let mut stream = connect(at);
        stream.write_all(b"GET /v1/participants/bat_01 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream
    };
    let held: Vec<_> = (0..4096).map(ask).collect();
    let health = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let is_refused = || parse(&crate::client::raw(at, health)).status == 503;
    crate::client::until(is_refused);
    drop(held);
    crate::client::until(|| !is_refused());
}

mod tls {
    use super::*;
    use api::{Settings, Tls};
    use std::path::Path;
    use std::process::{Command, Stdio};

    fn certificate(folder: &Path, name: &str) -> Tls {
        let (key, certificate) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.crt")));
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
        command.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
        command.args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"]).arg(&key);
        command.arg("-out").arg(&certificate).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success());
        Tls { cert_file: certificate, key_file: key }
    }

    #[test]
    fn the_api_is_served_over_tls_from_files() {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, ServerName};
        let folder = tempfile::tempdir().unwrap();
        let tls = certificate(folder.path(), "right");
        let face = face(Settings { tls: Some(tls.clone()), ..local() });
        assert!(face.status().text.contains("https://"));
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&tls.cert_file).unwrap()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = rustls::ClientConnection::new(config.into(), name).unwrap();
        let mut socket = connect(face.address());
        let mut stream = rustls::Stream::new(&mut client, &mut socket);
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        // The server may end without a farewell of TLS.
        let _ = stream.read_to_end(&mut answer);
        parse(&answer).ok();
        assert!(
            crate::client::raw(face.address(), b"GET / HTTP/1.1\r\n\r\n").first() != Some(&b'H'),
            "never in the clear"
        );
    }

    #[test]
    fn a_key_that_does_not_fit_is_told_with_both_files() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (certificate(folder.path(), "one"), certificate(folder.path(), "other"));
        let mixed = Tls { cert_file: one.cert_file, key_file: other.key_file };
        let error = Settings { tls: Some(mixed), ..local() }.verify().unwrap_err().to_string();
        assert!(error.contains("one.crt") && error.contains("other.key"), "{error}");
    }
}
