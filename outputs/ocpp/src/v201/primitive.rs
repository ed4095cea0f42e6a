//! Primitive types of part 2, section 2.1: texts with a length, lists with a number of items, dates with an offset.

use agents::time::{Span, Time};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A text of at most `N` characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text<const N: usize>(String);

impl<const N: usize> Text<N> {
    /// The text, if it is short enough.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (text.chars().count() <= N).then_some(Self(text))
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).ok_or_else(|| D::Error::custom(format_args!("a text longer than {N} characters")))
    }
}

/// A list of at least one and at most `N` items.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Items<T, const N: usize = { usize::MAX }>(Vec<T>);

impl<T, const N: usize> Items<T, N> {
    /// The list, if it has the right number of items.
    pub fn new(items: Vec<T>) -> Option<Self> {
        (1..=N).contains(&items.len()).then_some(Self(items))
    }
}

impl<T, const N: usize> Deref for Items<T, N> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Items<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        let length = items.len();
        let expected = if N == usize::MAX { "at least one item".into() } else { format!("1 to {N} items") };
        Self::new(items).ok_or_else(|| D::Error::invalid_length(length, &expected.as_str()))
    }
}

/// An instant as RFC 3339 writes it, with its offset; finer than a millisecond is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub Time);

impl DateTime {
    /// Reads a date and time of RFC 3339, section 5.6.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| {
            let digits = bytes.get(from..to).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
            Some(digits.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0')))
        };
        let is = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|byte| allowed.contains(byte));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut end = 19;
        let mut ms = 0;
        if is(19, b".,") {
            let digits = bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            end = 20 + digits;
            let scale = 10_i64.pow(3 - digits.min(3) as u32);
            ms = number(20, 20 + digits.min(3))? * scale;
        }
        let offset = match &bytes[end..] {
            b"Z" | b"z" => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let (hours, minutes) = (number(end + 1, end + 3)?, number(end + 4, end + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        let days = days_from_civil(year, month, day);
        Some(Self(Time(((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + ms)))
    }
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Day number of a Gregorian date, after Howard Hinnant, "chrono-compatible low-level date algorithms" (public domain).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `2026-03-20T14:00:00.000Z`: milliseconds always, which every reader of RFC 3339 takes.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Years of more than four digits are none of RFC 3339.
        let time = self.0.0.clamp(-62_135_596_800_000, 253_402_300_799_999);
        let whole = Time(time).floor(Span::from_s(1)).to_string();
        write!(f, "{}.{:03}Z", whole.trim_end_matches('Z'), time.rem_euclid(1000))
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("no date and time of RFC 3339 with an offset"))
    }
}

/// What a vendor adds, as it was received (part 2, section 2.1.5).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CustomData(Box<serde_json::Map<String, serde_json::Value>>);

impl<'de> Deserialize<'de> for CustomData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::deserialize(deserializer)?;
        match map.get("vendorId") {
            None => Err(D::Error::missing_field("vendorId")),
            Some(serde_json::Value::String(id)) if id.chars().count() <= 255 => Ok(Self(Box::new(map))),
            Some(_) => Err(D::Error::custom("vendorId is no text of at most 255 characters")),
        }
    }
}

/// An optional property that is there: `null` is no value (part 4, section 2.2.2).
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_with_any_offset_are_read() {
        let at = |text| DateTime::parse(text).map(|date| date.0.0);
        assert_eq!(at("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("2026-03-20T10:00:00.5-04:00"), at("2026-03-20T14:00:00.500Z"));
        assert_eq!(at("2026-03-20T10:00:00.123456Z"), at("2026-03-20T10:00:00.123Z"));
        for wrong in
            ["2026-03-20T10:00:00", "2026-02-30T10:00:00Z", "2026-03-20", "", "2026-03-20T10:00:00.Z", "éééééé"]
        {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn dates_read_what_was_written(ms in -62_135_596_800_000_i64..253_402_300_799_999) {
            let date = DateTime(Time(ms));
            prop_assert_eq!(DateTime::parse(&date.to_string()), Some(date));
        }

        #[test]
        fn no_text_makes_dates_panic(text in "\\PC{0,40}") {
            let _ = DateTime::parse(&text);
        }
    }
}
