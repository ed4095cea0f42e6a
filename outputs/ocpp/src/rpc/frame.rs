//! Frames: `[2,id,action,payload]`, `[3,id,payload]`, `[4,id,code,description,details]`.

use super::{ErrorCode, Refusal};
use crate::Version;
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The id under which a call whose own can't be read is refused (2.0.1 part 4, section 4.2.3).
pub const NO_ID: &str = "-1";

/// Longest message id (2.0.1 part 4, section 4.1.4).
const ID_LENGTH: usize = 36;
/// Longest description of an error (2.0.1 part 4, section 4.2.3).
const DESCRIPTION_LENGTH: usize = 255;

/// What a frame may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a frame.
    pub size_bytes: usize,
    /// Lists and objects within one another.
    pub depth: usize,
}

impl Default for Limits {
    /// A profile of three schedules of 1,024 periods fits; nothing in the schemas is nested as deeply.
    fn default() -> Self {
        Self { size_bytes: 512 * 1024, depth: 24 }
    }
}

/// A frame, borrowing from the text it was read from.
#[derive(Clone, Debug)]
pub enum Frame<'a> {
    /// The other side asks.
    Call {
        /// Its id.
        id: Cow<'a, str>,
        /// What is asked.
        action: Cow<'a, str>,
        /// The payload, not looked into.
        payload: &'a RawValue,
    },
    /// The other side answers.
    Result {
        /// The id of the call.
        id: Cow<'a, str>,
        /// The payload, not looked into.
        payload: &'a RawValue,
    },
    /// The other side refuses.
    Error {
        /// The id of the call.
        id: Cow<'a, str>,
        /// The code as written.
        code: Cow<'a, str>,
        /// What is wrong, in words.
        description: Cow<'a, str>,
    },
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// What is wrong, with the id to refuse it under if it may be a call. Answers that can't be read are told with no
    /// id: nobody answers an answer.
    pub fn decode(text: &'a str, limits: Limits) -> Result<Self, (Option<Cow<'a, str>>, Refusal)> {
        let refuse = |code, description| (Some(Cow::Borrowed(NO_ID)), Refusal::new(code, description));
        if text.len() > limits.size_bytes {
            return Err(refuse(ErrorCode::RpcFrameworkError, "the frame is too large"));
        }
        if depth(text) > limits.depth {
            return Err(refuse(ErrorCode::RpcFrameworkError, "the frame is nested too deeply"));
        }
        let parts: Parts<'a> = serde_json::from_str(text).map_err(|error| {
            let description = Cow::Owned(format!("the frame can't be read: {error}"));
            (Some(Cow::Borrowed(NO_ID)), Refusal { code: ErrorCode::RpcFrameworkError, description })
        })?;
        parts.into_frame()
    }
}

/// A frame's elements before they are judged.
struct Parts<'a> {
    kind: i64,
    id: Option<Cow<'a, str>>,
    rest: [Option<&'a RawValue>; 3],
    /// Elements beyond the fifth.
    more: bool,
}

impl<'a> Parts<'a> {
    fn into_frame(self) -> Result<Frame<'a>, (Option<Cow<'a, str>>, Refusal)> {
        let id = self.id.filter(|id| !id.is_empty() && id.chars().count() <= ID_LENGTH);
        let frame_error = |text| Refusal::new(ErrorCode::RpcFrameworkError, text);
        match (self.kind, id, self.rest) {
            (2, Some(id), [Some(action), Some(payload), None]) => match string(action) {
                Some(action) => Ok(Frame::Call { id, action, payload }),
                None => Err((Some(id), frame_error("the action is no string"))),
            },
            (2, Some(id), _) => Err((Some(id), frame_error("a call has four elements"))),
            (2, None, _) => Err((Some(Cow::Borrowed(NO_ID)), frame_error("the message id can't be read"))),
            (3, Some(id), [Some(payload), None, None]) => Ok(Frame::Result { id, payload }),
            // Real stations and systems leave out the details; what matters is the code.
            (4, Some(id), [Some(code), description, _]) if !self.more => Ok(Frame::Error {
                id,
                code: string(code).unwrap_or_default(),
                description: description.and_then(string).unwrap_or_default(),
            }),
            (3 | 4, ..) => Err((None, frame_error("an answer that can't be read"))),
            (_, id, _) => {
                let id = id.unwrap_or(Cow::Borrowed(NO_ID));
                Err((Some(id), Refusal::new(ErrorCode::MessageTypeNotSupported, "messages are of type 2, 3 or 4")))
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Elements<'a> {
            type Value = Parts<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list that begins with a message type and an id")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let kind = elements.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let id = elements.next_element::<&RawValue>()?.and_then(string);
                let mut rest = [None; 3];
                for slot in &mut rest {
                    *slot = elements.next_element()?;
                }
                let mut more = false;
                while elements.next_element::<IgnoredAny>()?.is_some() {
                    more = true;
                }
                Ok(Parts { kind, id, rest, more })
            }
        }
        deserializer.deserialize_seq(Elements(std::marker::PhantomData))
    }
}

/// A JSON string, borrowed where nothing in it is escaped.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0)
}

/// How deeply lists and objects lie within one another.
fn depth(text: &str) -> usize {
    let (mut now, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'[' | b'{' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn encode(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("keys are strings, and no number is asked to be anything else")
}

/// `[2,id,action,payload]`.
pub fn encode_call(id: &str, action: &str, payload: &impl Serialize) -> String {
    encode(&(2, id, action, payload))
}

/// `[3,id,payload]`.
pub fn encode_result(id: &str, payload: &impl Serialize) -> String {
    encode(&(3, id, payload))
}

/// `[4,id,code,description,{}]`.
pub fn encode_error(id: &str, refusal: &Refusal, version: Version) -> String {
    let description = match refusal.description.char_indices().nth(DESCRIPTION_LENGTH) {
        Some((end, _)) => &refusal.description[..end],
        None => &*refusal.description,
    };
    let details = serde_json::Map::new();
    encode(&(4, id, refusal.code.name(version), description, details))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> (Option<String>, ErrorCode) {
        let (id, refusal) = Frame::decode(text, Limits::default()).err().unwrap();
        (id.map(Cow::into_owned), refusal.code)
    }

    #[test]
    fn frames_are_read_without_copying() {
        let text = r#"[2,"19223201","Heartbeat",{"a":[1,"]"]}]"#;
        let Ok(Frame::Call { id: Cow::Borrowed(id), action: Cow::Borrowed(action), payload }) =
            Frame::decode(text, Limits::default())
        else {
            panic!("no call, or copied");
        };
        assert_eq!((id, action, payload.get()), ("19223201", "Heartbeat", r#"{"a":[1,"]"]}"#));
        assert!(matches!(Frame::decode(r#"[3,"a",{}]"#, Limits::default()), Ok(Frame::Result { .. })));
        let error = r#"[4,"a","NotSupported","",{}]"#;
        assert!(
            matches!(Frame::decode(error, Limits::default()), Ok(Frame::Error { code, .. }) if code == "NotSupported")
        );
    }

    #[test]
    fn what_is_no_frame_is_refused_under_the_id_it_has() {
        let none = Some(NO_ID.into());
        assert_eq!(refused("{}"), (none.clone(), ErrorCode::RpcFrameworkError));
        assert_eq!(refused("[2"), (none.clone(), ErrorCode::RpcFrameworkError));
        assert_eq!(refused(r#"[2,7,"Reset",{}]"#), (none.clone(), ErrorCode::RpcFrameworkError));
        assert_eq!(refused(&format!(r#"[2,"{}","Reset",{{}}]"#, "x".repeat(37))), (none, ErrorCode::RpcFrameworkError));
        assert_eq!(refused(r#"[2,"a","Reset"]"#), (Some("a".into()), ErrorCode::RpcFrameworkError));
        assert_eq!(refused(r#"[2,"a",1,{}]"#), (Some("a".into()), ErrorCode::RpcFrameworkError));
        assert_eq!(refused(r#"[9,"a","Reset",{}]"#), (Some("a".into()), ErrorCode::MessageTypeNotSupported));
        assert_eq!(refused(r#"[3,"a"]"#), (None, ErrorCode::RpcFrameworkError));
    }

    #[test]
    fn depth_and_size_are_limited() {
        let deep = format!(r#"[2,"a","DataTransfer",{}1{}]"#, "[".repeat(1000), "]".repeat(1000));
        assert_eq!(refused(&deep).1, ErrorCode::RpcFrameworkError);
        let quoted = format!(r#"[2,"a","DataTransfer",{{"data":"\"{}"}}]"#, "[".repeat(1000));
        assert!(Frame::decode(&quoted, Limits::default()).is_ok());
        let large = format!(r#"[2,"a","DataTransfer",{{"data":"{}"}}]"#, "x".repeat(600_000));
        assert_eq!(refused(&large).1, ErrorCode::RpcFrameworkError);
    }

    #[test]
    fn errors_have_five_elements_and_a_short_description() {
        let refusal = Refusal { code: ErrorCode::FormatViolation, description: "ä".repeat(300).into() };
        let text = encode_error("a", &refusal, Version::V16);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[2], "FormationViolation");
        assert_eq!(value[3].as_str().unwrap().chars().count(), 255);
        assert_eq!(value[4], serde_json::json!({}));
    }

    proptest! {
        #[test]
        fn the_decoder_never_panics(text in r#"[\[\]{}0-9",:a-z\\ ]{0,60}"#) {
            let _ = Frame::decode(&text, Limits::default());
        }

        #[test]
        fn nor_on_cut_and_changed_frames(cut in 0_usize..40, at in 0_usize..40, with in any::<char>()) {
            let mut text: Vec<char> = r#"[2,"1922","Reset",{"type":"OnIdle"}]"#.chars().collect();
            if let Some(place) = text.get_mut(at) {
                *place = with;
            }
            text.truncate(cut.max(1));
            let _ = Frame::decode(&text.iter().collect::<String>(), Limits::default());
        }
    }
}
