//! TLS from files: what can be wrong with them is told before anything starts.

use crate::broker::Tls;
use crate::error::MqttError;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// The configuration of a client.
pub(crate) fn client(tls: &Tls) -> Result<Arc<ClientConfig>, MqttError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| MqttError::Tls(error.to_string()))?
        .with_root_certificates(roots(tls.ca.as_deref())?);
    let Some((certificate, key)) = &tls.identity else { return Ok(config.with_no_client_auth().into()) };
    let chain = certificates(certificate, "certificate of the client")?;
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, "key of the client", &error, "PRIVATE KEY"))?;
    let config = config.with_client_auth_cert(chain, private).map_err(|error| MqttError::Identity {
        certificate: certificate.clone(),
        key: key.clone(),
        problem: format!("{error}: the key must be the one the certificate was made for"),
    })?;
    Ok(config.into())
}

/// The authorities that are trusted.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, MqttError> {
    let mut roots = RootCertStore::empty();
    let Some(ca) = ca else {
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            let problem =
                "the system has no certificates of authorities: install ca-certificates, or give the broker's CA";
            return Err(MqttError::Tls(problem.into()));
        }
        return Ok(roots);
    };
    for certificate in certificates(ca, "certificates of the authorities")? {
        roots.add(certificate).map_err(|error| MqttError::File {
            what: "certificates of the authorities",
            path: ca.into(),
            problem: format!("one of them can not be used ({error}): give X.509 certificates"),
        })?;
    }
    Ok(roots)
}

fn certificates(path: &Path, what: &'static str) -> Result<Vec<CertificateDer<'static>>, MqttError> {
    let wrong = |error: pem::Error| file(path, what, &error, "CERTIFICATE");
    let found: Vec<_> = CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)?;
    if found.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(found) }
}

fn file(path: &Path, what: &'static str, error: &pem::Error, section: &str) -> MqttError {
    let problem = match error {
        pem::Error::Io(error) => format!("{error}: check the path and who may read it"),
        pem::Error::NoItemsFound => format!("it holds none: give a PEM file with -----BEGIN {section}-----"),
        other => format!("{other}: give a PEM file with -----BEGIN {section}-----"),
    };
    MqttError::File { what, path: path.into(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(tls: &Tls) -> String {
        client(tls).expect_err("it is wrong").to_string()
    }

    #[test]
    fn files_that_can_not_be_read_are_told_by_name() {
        let folder = tempfile::tempdir().expect("the folder can be written to");
        let missing = folder.path().join("missing.pem");
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate\n").expect("the folder can be written to");
        let said = error(&Tls { ca: Some(missing), identity: None });
        assert!(said.contains("missing.pem") && said.contains("check the path"), "{said}");
        let said = error(&Tls { ca: Some(empty.clone()), identity: None });
        assert!(said.contains("empty.pem") && said.contains("BEGIN CERTIFICATE"), "{said}");
        std::fs::write(&empty, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
            .expect("the folder can be written to");
        let said = error(&Tls { ca: Some(empty), identity: None });
        assert!(said.contains("empty.pem"), "{said}");
    }
}
