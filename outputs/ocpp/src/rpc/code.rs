//! What a CALLERROR says, and how a payload's fault becomes one.

use crate::Version;
use std::borrow::Cow;

/// Error codes of CALLERROR (2.0.1 part 4, section 4.3; 1.6J, table 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The payload is syntactically incorrect. 1.6 spells it `FormationViolation`.
    FormatViolation,
    /// Any other error.
    GenericError,
    /// An internal error of the receiver.
    InternalError,
    /// A message type that is none.
    MessageTypeNotSupported,
    /// The action is not known.
    NotImplemented,
    /// The action is known and not supported.
    NotSupported,
    /// A field is missing, or there are too few or too many of it. 1.6 spells it `OccurenceConstraintViolation`.
    OccurrenceConstraintViolation,
    /// A field has a value it may not have.
    PropertyConstraintViolation,
    /// The payload does not conform to the structure of the message.
    ProtocolError,
    /// The frame is no call, for instance because its id can't be read. Unknown to 1.6, where it is `GenericError`.
    RpcFrameworkError,
    /// A security issue prevented the action.
    SecurityError,
    /// A field violates its data type.
    TypeConstraintViolation,
}

impl ErrorCode {
    /// As it is written on the wire of `version`.
    pub fn name(self, version: Version) -> &'static str {
        let is_16 = version == Version::V16;
        match self {
            Self::FormatViolation if is_16 => "FormationViolation",
            Self::FormatViolation => "FormatViolation",
            Self::GenericError => "GenericError",
            Self::InternalError => "InternalError",
            // 1.6 lets messages of other types be ignored and has no code for them.
            Self::MessageTypeNotSupported if is_16 => "GenericError",
            Self::MessageTypeNotSupported => "MessageTypeNotSupported",
            Self::NotImplemented => "NotImplemented",
            Self::NotSupported => "NotSupported",
            Self::OccurrenceConstraintViolation if is_16 => "OccurenceConstraintViolation",
            Self::OccurrenceConstraintViolation => "OccurrenceConstraintViolation",
            Self::PropertyConstraintViolation => "PropertyConstraintViolation",
            Self::ProtocolError => "ProtocolError",
            Self::RpcFrameworkError if is_16 => "GenericError",
            Self::RpcFrameworkError => "RpcFrameworkError",
            Self::SecurityError => "SecurityError",
            Self::TypeConstraintViolation => "TypeConstraintViolation",
        }
    }
}

/// Why a frame or a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// What is wrong, in words; at most 255 characters are sent.
    pub description: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with a fixed text.
    pub const fn new(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description: Cow::Borrowed(description) }
    }

    /// The refusal of a payload that could not be read as what its action asks for.
    ///
    /// `serde_json` tells kinds of data errors by the beginning of their text alone; a test holds it to that.
    pub fn of_payload(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| text.starts_with(beginning));
        let code = if !error.is_data() {
            ErrorCode::FormatViolation
        } else if begins(&["missing field", "invalid length"]) {
            ErrorCode::OccurrenceConstraintViolation
        } else if begins(&["unknown variant", "invalid value"]) {
            ErrorCode::PropertyConstraintViolation
        } else if begins(&["unknown field", "duplicate field"]) {
            ErrorCode::FormatViolation
        } else {
            // "invalid type", and what the primitive types of `v201` say of lengths and dates.
            ErrorCode::TypeConstraintViolation
        };
        Self { code, description: Cow::Owned(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v201::{BootNotificationResponse, GetBaseReportRequest, GetVariablesRequest, UnlockConnectorRequest};
    use serde::de::DeserializeOwned;

    fn code<T: DeserializeOwned>(payload: &str) -> ErrorCode {
        Refusal::of_payload(&serde_json::from_str::<T>(payload).err().unwrap()).code
    }

    #[test]
    fn each_fault_of_a_payload_has_its_code() {
        type Report = GetBaseReportRequest;
        assert_eq!(code::<Report>(r#"{"requestId":1}"#), ErrorCode::OccurrenceConstraintViolation);
        assert_eq!(
            code::<Report>(r#"{"requestId":"1","reportBase":"FullInventory"}"#),
            ErrorCode::TypeConstraintViolation
        );
        assert_eq!(code::<Report>(r#"{"requestId":1,"reportBase":"All"}"#), ErrorCode::PropertyConstraintViolation);
        assert_eq!(code::<Report>(r#"{"requestId":1,"reportBase":"FullInventory","x":1}"#), ErrorCode::FormatViolation);
        assert_eq!(code::<Report>(r#"{"requestId":1,"#), ErrorCode::FormatViolation);
        assert_eq!(code::<GetVariablesRequest>(r#"{"getVariableData":[]}"#), ErrorCode::OccurrenceConstraintViolation);
        assert_eq!(
            code::<BootNotificationResponse>(
                r#"{"currentTime":"2026-01-01T00:00:00Z","interval":1,"status":"Accepted","statusInfo":null}"#
            ),
            ErrorCode::TypeConstraintViolation
        );
        let naive = r#"{"currentTime":"2026-01-01T00:00:00","interval":1,"status":"Accepted"}"#;
        assert_eq!(code::<BootNotificationResponse>(naive), ErrorCode::TypeConstraintViolation);
        assert_eq!(code::<UnlockConnectorRequest>("[]"), ErrorCode::OccurrenceConstraintViolation);
    }

    #[test]
    fn codes_are_spelled_as_each_version_spells_them() {
        let both = |code: ErrorCode| [code.name(Version::V201), code.name(Version::V16)];
        assert_eq!(both(ErrorCode::FormatViolation), ["FormatViolation", "FormationViolation"]);
        let occurrence = ["OccurrenceConstraintViolation", "OccurenceConstraintViolation"];
        assert_eq!(both(ErrorCode::OccurrenceConstraintViolation), occurrence);
        assert_eq!(both(ErrorCode::RpcFrameworkError), ["RpcFrameworkError", "GenericError"]);
    }
}
