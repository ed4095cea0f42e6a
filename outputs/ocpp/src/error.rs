//! What can be wrong with the settings of a station.

use thiserror::Error;

/// Settings no charging station can have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OcppError {
    /// A station's identity is part of an address and of HTTP's basic authentication.
    #[error("identity `{0}` is empty, longer than 48 characters, or has a colon: choose another")]
    Identity(String),
    /// A text of BootNotification is longer than the schema takes.
    #[error("{field} `{value}` is longer than {most} characters: shorten it")]
    TooLong {
        /// The field of BootNotification.
        field: &'static str,
        /// What it is.
        value: String,
        /// Characters it may have.
        most: usize,
    },
    /// A station without EVSEs, or an EVSE without connectors.
    #[error("station `{0}` has no EVSE, or an EVSE of it has no connector: give it one")]
    Nothing(String),
    /// A supply nothing can be drawn from.
    #[error("EVSE {0} needs a positive voltage and current and 1 to 3 phases")]
    Supply(i32),
    /// A variable is set that is not there, or can't have the value.
    #[error("variable `{component}.{variable}` can't be `{value}`: see the station's full inventory")]
    Variable {
        /// Its component.
        component: String,
        /// Its name.
        variable: String,
        /// What it should be.
        value: String,
    },
}
