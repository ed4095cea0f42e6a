//! What can be wrong before anything starts: addresses, files, keys and settings.

use std::path::PathBuf;

/// Why a connection can not even be tried.
#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    /// The address of the broker can not be read.
    #[error("`{address}` is no address of a broker: {problem}")]
    Address {
        /// The address, without what might be a password.
        address: String,
        /// What is wrong with it, and the remedy.
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
    /// A setting can not be used.
    #[error("the setting `{key}` {problem}")]
    Setting {
        /// Its name.
        key: &'static str,
        /// What is wrong with it, and the remedy.
        problem: String,
    },
    /// The thread of the face could not be started.
    #[error("failed to start the thread of the MQTT face: {0}")]
    Thread(#[from] std::io::Error),
}
