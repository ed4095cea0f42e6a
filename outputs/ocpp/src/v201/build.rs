//! Short ways to what is written often.

use super::*;

impl Evse {
    /// An EVSE, and a connector of it.
    pub fn new(id: i32, connector_id: Option<i32>) -> Self {
        Self { id, connector_id, custom_data: None }
    }
}

impl StatusInfo {
    /// Why; `reason_code` is of part 2, appendix 5.
    pub fn new(reason_code: &str, text: impl Into<String>) -> Option<Self> {
        let reason_code = Text::new(reason_code)?;
        Some(Self { reason_code, additional_info: Text::new(text), custom_data: None })
    }
}

impl IdToken {
    /// Whether both are the same token; identifiers are compared without regard to case (part 2, section 2.1).
    pub fn is(&self, other: &Self) -> bool {
        self.r#type == other.r#type && self.id_token.eq_ignore_ascii_case(&other.id_token)
    }

    /// A token, if it is no longer than 36 characters.
    pub fn new(token: &str, kind: IdTokenKind) -> Option<Self> {
        Some(Self { id_token: Text::new(token)?, r#type: kind, additional_info: None, custom_data: None })
    }
}
