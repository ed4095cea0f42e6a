//! What can be wrong before anything is served: an address, a setting, a file.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the API can not be served.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address can not be listened at.
    #[error("failed to listen at {address}: {error}; {remedy}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// A setting can not be used.
    #[error("the setting `{key}` of the API {problem}")]
    Setting {
        /// Its name.
        key: &'static str,
        /// What is wrong with it, and the remedy; never the token.
        problem: String,
    },
    /// A file of certificates or keys can not be read.
    #[error("failed to read the {what} in {}: {problem}", path.display())]
    File {
        /// What the file should hold.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// Certificate and key are readable, but can not be used together.
    #[error("failed to use the certificate in {} with the key in {}: {problem}", certificate.display(), key.display())]
    Identity {
        /// Where the certificate is.
        certificate: PathBuf,
        /// Where the key is.
        key: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// TLS can not be set up at all.
    #[error("failed to set up TLS: {0}")]
    Tls(String),
    /// The threads of the API could not be started.
    #[error("failed to start the threads of the API: {0}")]
    Threads(std::io::Error),
}
