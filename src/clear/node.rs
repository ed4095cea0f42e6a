//! A JSON document as it was written: fields in their order, also those that are there twice.
//!
//! The usual tree of values keeps the last of two fields of one name and says nothing; for a book of orders that
//! would be an order lost.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value of a JSON document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number without a fraction that 64 bits with a sign hold.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Fields(Vec<(String, Node)>),
}

impl Node {
    /// The value of a field; none if there is none, or this is no object.
    pub(crate) fn field(&self, name: &str) -> Option<&Node> {
        match self {
            Self::Fields(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The fields; none if this is no object.
    pub(crate) fn fields(&self) -> Option<&[(String, Node)]> {
        match self {
            Self::Fields(fields) => Some(fields),
            _ => None,
        }
    }

    /// The elements; none if this is no array.
    pub(crate) fn list(&self) -> Option<&[Node]> {
        match self {
            Self::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The string; none if this is none.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Integer(_) | Self::Real(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Fields(_) => "an object",
        }
    }

    /// A field that is there twice, with its path from here.
    pub(crate) fn twice(&self) -> Option<String> {
        match self {
            Self::List(elements) => {
                elements.iter().enumerate().find_map(|(at, element)| Some(join(&format!("[{at}]"), &element.twice()?)))
            }
            Self::Fields(fields) => {
                let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                let own = names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned());
                own.or_else(|| fields.iter().find_map(|(name, value)| Some(join(name, &value.twice()?))))
            }
            _ => None,
        }
    }
}

fn join(head: &str, tail: &str) -> String {
    if tail.starts_with('[') { format!("{head}{tail}") } else { format!("{head}.{tail}") }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(i64::try_from(number).map_or(Node::Real(number as f64), Node::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Real(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Node::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        serde_json::from_str(text).expect("it is JSON")
    }

    #[test]
    fn a_field_that_is_there_twice_is_found_wherever_it_is() {
        assert_eq!(read(r#"{"a": [{"b": 1}, {"c": {"d": 1, "e": 2, "d": 3}}]}"#).twice(), Some("a[1].c.d".into()));
        assert_eq!(read(r#"[{"b": 1}, {"b": 1}]"#).twice(), None);
    }

    #[test]
    fn integers_stay_integers_as_far_as_they_fit() {
        assert_eq!(read("9223372036854775807"), Node::Integer(i64::MAX));
        assert_eq!(read("-9223372036854775808"), Node::Integer(i64::MIN));
        assert!(matches!(read("9223372036854775808"), Node::Real(_)));
        assert!(matches!(read("1.0"), Node::Real(_)));
    }
}
