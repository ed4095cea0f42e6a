//! TLS from files: what can be wrong with them is told before anything is served.

use crate::error::ApiError;
use crate::settings::Tls;
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// The configuration of a server that speaks HTTP/1.1.
pub(crate) fn server(tls: &Tls) -> Result<Arc<ServerConfig>, ApiError> {
    let wrong = |error: pem::Error| file(&tls.cert_file, "certificate of the API", &error, "CERTIFICATE");
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(&tls.cert_file).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)?;
    if chain.is_empty() {
        return Err(wrong(pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_file(&tls.key_file)
        .map_err(|error| file(&tls.key_file, "key of the API", &error, "PRIVATE KEY"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ApiError::Tls(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| ApiError::Identity {
            certificate: tls.cert_file.clone(),
            key: tls.key_file.clone(),
            problem: format!("{error}: the key must be the one the certificate was made for"),
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config.into())
}

fn file(path: &Path, what: &'static str, error: &pem::Error, section: &str) -> ApiError {
    let problem = match error {
        pem::Error::Io(error) => format!("{error}: check the path and who may read it"),
        pem::Error::NoItemsFound => format!("it holds none: give a PEM file with -----BEGIN {section}-----"),
        other => format!("{other}: give a PEM file with -----BEGIN {section}-----"),
    };
    ApiError::File { what, path: path.into(), problem }
}
