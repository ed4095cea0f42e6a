//! What commands say: from the JSON that faces take to what is asked of a device, or why it can not be meant.
//!
//! `{"value": 2.5, "unit": "kW"}` is enough. `id` makes a command that comes twice count once, `priority` says with what
//! right it comes (default `operator`), `start` when it begins (default: at once), `expires` or `duration_s` when it
//! ends. `values` with `step_s` and `start` give a schedule in place of `value`.

use crate::command::{Directive, Priority, Reserve, Value};
use crate::face::Lasts;
use crate::series::Series;
use crate::time::{Span, Time};
use serde::Deserialize;

/// Most bytes of a payload.
pub const MOST_BYTES: usize = 16 * 1024;
/// Most bytes of an id.
const MOST_ID_BYTES: usize = 128;
/// Most characters of a reason: parts of what was sent are repeated in it.
const MOST_REASON: usize = 300;
/// Longest time that a command can hold, or a step of a schedule: a year.
const LONGEST_S: f64 = 366.0 * 86_400.0;

/// The commands by their names: the last level of their topics in MQTT.
pub const COMMANDS: [&str; 5] = ["setpoint", "import_limit", "export_limit", "reserve", "withdraw"];

/// A command as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// What the device shall do.
    pub directive: Directive,
    /// With what right; the operator's, unless it says another.
    pub priority: Priority,
    /// First instant at which it shall hold; none: the tick that takes it.
    pub effective: Option<Time>,
    /// How long it shall hold.
    pub lasts: Lasts,
    /// The id it was given, if any.
    pub id: Option<String>,
}

/// Why a command can not be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The id it was given, if that could be read.
    pub id: Option<String>,
    /// What is wrong with it, and the remedy; it begins with the key at fault in backquotes, where one key is.
    pub reason: String,
}

impl Wrong {
    pub(super) fn new(id: Option<String>, reason: String) -> Self {
        Self { id, reason: cut(reason) }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    value: Option<f64>,
    values: Option<Vec<f64>>,
    step_s: Option<f64>,
    unit: Option<String>,
    id: Option<String>,
    priority: Option<Priority>,
    start: Option<String>,
    expires: Option<String>,
    duration_s: Option<f64>,
}

/// The key of an object that can not be read, of which each can be read by itself.
fn at_fault(json: &serde_json::Value) -> String {
    let keys = json.as_object().into_iter().flatten();
    let is_wrong =
        |(key, value): &(&String, &serde_json::Value)| Body::deserialize(serde_json::json!({ *key: value })).is_err();
    keys.into_iter().find(is_wrong).map_or("the payload".into(), |(key, _)| format!("`{key}`"))
}

/// Reads the payload of `command`, one of [`COMMANDS`].
///
/// # Errors
/// [`Wrong`], which names the key at fault and the remedy.
pub fn decode(command: &str, payload: &[u8]) -> Result<Written, Wrong> {
    read(command, &parse(payload, "{\"value\": 2.5, \"unit\": \"kW\"}")?)
}

/// Reads a payload as JSON; whose is none is shown `example`.
pub(super) fn parse(payload: &[u8], example: &str) -> Result<serde_json::Value, Wrong> {
    if payload.len() > MOST_BYTES {
        return Err(Wrong::new(None, format!("the payload has {} bytes: send at most {MOST_BYTES}", payload.len())));
    }
    serde_json::from_slice(payload)
        .map_err(|error| Wrong::new(None, format!("the payload is no JSON ({error}): send for instance {example}")))
}

/// The same of JSON that has been read.
///
/// # Errors
/// [`Wrong`], which names the key at fault and the remedy.
pub fn read(command: &str, json: &serde_json::Value) -> Result<Written, Wrong> {
    if !json.is_object() {
        let reason = "the payload is no JSON object: send {\"value\": 2.5, \"unit\": \"kW\"}";
        return Err(Wrong::new(None, reason.into()));
    }
    let id = match json.get("id") {
        Some(serde_json::Value::String(id)) => Some(id.clone()),
        _ => None,
    };
    if let Some(reason) = id.as_deref().and_then(|id| examine_id(id).err()) {
        return Err(Wrong::new(None, reason));
    }
    let written = Body::deserialize(json)
        .map_err(|error| format!("{} can not be read ({error}): correct it, or leave it out", at_fault(json)))
        .and_then(|body| body.written(command));
    written.map_err(|reason| Wrong::new(id, reason))
}

/// Whether a request can go by this id.
///
/// # Errors
/// What is wrong with it, and the remedy.
pub fn examine_id(id: &str) -> Result<(), String> {
    if id.len() <= MOST_ID_BYTES {
        return Ok(());
    }
    Err(format!("`id` has {} bytes: give it at most {MOST_ID_BYTES}", id.len()))
}

impl Body {
    fn written(mut self, command: &str) -> Result<Written, String> {
        let (effective, lasts) = self.when()?;
        let (directive, lasts) = match command {
            "setpoint" => self.power(lasts).map(|(value, lasts)| (Directive::Setpoint(value), lasts))?,
            "import_limit" => self.power(lasts).map(|(value, lasts)| (Directive::ImportLimit(value), lasts))?,
            "export_limit" => self.power(lasts).map(|(value, lasts)| (Directive::ExportLimit(value), lasts))?,
            "reserve" => (Directive::Reserve(self.reserve()?), lasts),
            "withdraw" => {
                self.only_a_withdrawal()?;
                (Directive::Withdraw, lasts)
            }
            _ => return Err(format!("there is no command `{command}`: send one of {}", COMMANDS.join(", "))),
        };
        let priority = self.priority.unwrap_or(Priority::Operator);
        Ok(Written { directive, priority, effective, lasts, id: self.id })
    }

    /// From when and how long it holds.
    fn when(&self) -> Result<(Option<Time>, Lasts), String> {
        let instant = |key: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => instant(text).map(Some).map_err(|remedy| format!("`{key}` {remedy}")),
        };
        let start = instant("start", &self.start)?;
        let lasts = match (instant("expires", &self.expires)?, self.duration_s) {
            (None, None) => Lasts::Usual,
            (Some(_), Some(_)) => return Err("`expires` and `duration_s` say the same: send one of them".into()),
            (Some(expires), None) => {
                if start.is_some_and(|start| expires <= start) {
                    return Err("`expires` is not after `start`: send a later one".into());
                }
                Lasts::Until(expires)
            }
            (None, Some(seconds)) => Lasts::For(span("duration_s", seconds)?),
        };
        Ok((start, lasts))
    }

    /// A power in kW, or a schedule of them; a schedule holds to its end unless it says something else.
    fn power(&mut self, lasts: Lasts) -> Result<(Value, Lasts), String> {
        let to_kw: fn(f64) -> f64 = match self.unit.as_deref() {
            Some("kW") => |value| value,
            Some("W") => |value| value / 1000.0,
            Some("MW") => |value| value * 1000.0,
            Some(unit) => return Err(format!("`unit` is {unit:?}: send \"kW\", \"W\" or \"MW\"")),
            None => return Err("`unit` is missing: send \"kW\", \"W\" or \"MW\"".into()),
        };
        match (self.value, self.values.take()) {
            (Some(_), Some(_)) => Err("`value` and `values` are both there: send one of them".into()),
            (None, None) => Err("`value` is missing: send a number".into()),
            (Some(_), None) if self.step_s.is_some() => Err("`step_s` belongs to `values`: leave it out".into()),
            (Some(value), None) => Ok((Value::Constant(finite(to_kw(value))?), lasts)),
            (None, Some(values)) => {
                let step = self.step_s.ok_or("`step_s` is missing: a schedule needs it, in seconds")?;
                let step = span("step_s", step)?;
                let start = self.start.as_deref().ok_or("`start` is missing: a schedule needs it")?;
                let start = instant(start).map_err(|remedy| format!("`start` {remedy}"))?;
                if values.is_empty() {
                    return Err("`values` is empty: send at least one number".into());
                }
                let values = values.into_iter().map(|value| finite(to_kw(value))).collect::<Result<_, _>>()?;
                let series = Series { start, step, values };
                let lasts = if lasts == Lasts::Usual { Lasts::Until(series.end()) } else { lasts };
                Ok((Value::Series(series), lasts))
            }
        }
    }

    /// Energy to keep; it is not charged back.
    fn reserve(&self) -> Result<Reserve, String> {
        if self.values.is_some() || self.step_s.is_some() {
            return Err("a reserve is one energy: send `value` without `values` and `step_s`".into());
        }
        let energy_kwh = match (self.value, self.unit.as_deref()) {
            (None, _) => return Err("`value` is missing: send a number".into()),
            (Some(value), Some("kWh")) => value,
            (Some(value), Some("Wh")) => value / 1000.0,
            (_, Some(unit)) => return Err(format!("`unit` is {unit:?}: send \"kWh\" or \"Wh\"")),
            (_, None) => return Err("`unit` is missing: send \"kWh\" or \"Wh\"".into()),
        };
        Ok(Reserve { energy_kwh: finite(energy_kwh)?, power_kw: 0.0 })
    }

    fn only_a_withdrawal(&self) -> Result<(), String> {
        let has_more = self.value.is_some()
            || self.values.is_some()
            || self.step_s.is_some()
            || self.unit.is_some()
            || self.start.is_some()
            || self.expires.is_some()
            || self.duration_s.is_some();
        if has_more {
            return Err("a withdrawal holds at once and for good: send `id` and `priority` only, or {}".into());
        }
        Ok(())
    }
}

/// A value that is still a number after its unit was changed.
fn finite(value: f64) -> Result<f64, String> {
    if value.is_finite() { Ok(value) } else { Err("`value` is too large to be a number: send a smaller one".into()) }
}

/// Reads a length of time in seconds, the value of `key`.
///
/// # Errors
/// What is wrong with it, and the remedy.
pub fn span(key: &str, seconds: f64) -> Result<Span, String> {
    let span = Span((seconds * 1000.0).round() as i64);
    if seconds > 0.0 && seconds <= LONGEST_S && span > Span::ZERO {
        Ok(span)
    } else {
        Err(format!("`{key}` is {seconds:?}: send seconds, more than 0 and at most {LONGEST_S}"))
    }
}

/// Reads an instant of RFC 3339, which says its offset from UTC.
///
/// # Errors
/// What is wrong with it and the remedy, to follow the name of a key.
pub fn instant(text: &str) -> Result<Time, &'static str> {
    const REMEDY: &str = "is no instant with an offset: send for instance \"2026-03-02T07:15:00-04:00\"";
    // What the reader takes beyond RFC 3339 (zones in brackets, hours alone as an offset) is not for wires.
    let bytes = text.as_bytes();
    let is_plain = bytes.len() >= 20
        && bytes.len() <= 35
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && matches!(bytes[10], b'T' | b't')
        && (matches!(bytes[bytes.len() - 1], b'Z' | b'z') || bytes[bytes.len() - 3] == b':');
    if !is_plain {
        return Err(REMEDY);
    }
    let instant: jiff::Timestamp = text.parse().map_err(|_| REMEDY)?;
    Ok(Time(instant.as_millisecond()))
}

fn cut(reason: String) -> String {
    match reason.char_indices().nth(MOST_REASON) {
        None => reason,
        Some((end, _)) => format!("{}…", &reason[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: &str = "2026-03-02T07:15:00-04:00";
    /// [`START`].
    const TIME: Time = Time(1_772_450_100_000);

    fn read(command: &str, payload: &str) -> Written {
        decode(command, payload.as_bytes()).unwrap_or_else(|wrong| panic!("{payload}: {wrong:?}"))
    }

    #[test]
    fn a_value_and_its_unit_are_enough() {
        let asked = read("setpoint", r#"{"value":2.5,"unit":"kW"}"#);
        let directive = Directive::Setpoint(Value::Constant(2.5));
        let expected =
            Written { directive, priority: Priority::Operator, effective: None, lasts: Lasts::Usual, id: None };
        assert_eq!(asked, expected);
    }

    #[test]
    fn a_command_says_who_when_and_how_long() {
        let text = format!(
            r#"{{"value":-3,"unit":"kW","id":"x","priority":"dso_emergency","start":"{START}","duration_s":60}}"#
        );
        let asked = read("export_limit", &text);
        assert_eq!(asked.directive, Directive::ExportLimit(Value::Constant(-3.0)));
        assert_eq!(asked.priority, Priority::DsoEmergency);
        assert_eq!((asked.effective, asked.lasts), (Some(TIME), Lasts::For(Span::MINUTE)));
        assert_eq!(asked.id.as_deref(), Some("x"));
        let text = r#"{"value":3,"unit":"kW","expires":"2026-03-02T11:16:00Z"}"#;
        assert_eq!(read("import_limit", text).lasts, Lasts::Until(TIME + Span::MINUTE));
    }

    #[test]
    fn units_are_converted_exactly() {
        let power = |unit: &str| read("setpoint", &format!(r#"{{"value":1234.5,"unit":"{unit}"}}"#)).directive;
        assert_eq!(power("W"), Directive::Setpoint(Value::Constant(1.2345)));
        assert_eq!(power("MW"), Directive::Setpoint(Value::Constant(1_234_500.0)));
        let reserve = |text: &str| read("reserve", text).directive;
        let of = |energy_kwh| Directive::Reserve(Reserve { energy_kwh, power_kw: 0.0 });
        assert_eq!(reserve(r#"{"value":5,"unit":"kWh"}"#), of(5.0));
        assert_eq!(reserve(r#"{"value":500,"unit":"Wh"}"#), of(0.5));
    }

    #[test]
    fn a_schedule_holds_to_its_end() {
        let text = format!(r#"{{"values":[1000,2000],"step_s":900,"unit":"W","start":"{START}"}}"#);
        let asked = read("setpoint", &text);
        let series = Series { start: TIME, step: Span::from_minutes(15), values: [1.0, 2.0].into() };
        assert_eq!(asked.lasts, Lasts::Until(series.end()));
        assert_eq!(asked.directive, Directive::Setpoint(Value::Series(series)));
    }

    #[test]
    fn a_withdrawal_needs_nothing() {
        assert_eq!(read("withdraw", "{}").directive, Directive::Withdraw);
        assert_eq!(read("withdraw", r#"{"id":"a","priority":"ems"}"#).priority, Priority::Ems);
    }

    #[test]
    fn every_kind_of_wrong_command_says_what_to_do() {
        let later = r#""start":"2026-03-02T07:15:00-04:00","expires":"2026-03-02T07:15:00-04:00""#;
        let both = r#""expires":"2026-03-02T07:15:00-04:00","duration_s":1"#;
        let cases = [
            ("setpoint", "2.5".to_owned(), "no JSON object"),
            ("setpoint", "{\"value\":".into(), "is no JSON"),
            ("setpoint", "[]".into(), "no JSON object"),
            ("setpoint", "\u{fffd}".into(), "is no JSON"),
            ("setpoint", r#"{"value":NaN,"unit":"kW"}"#.into(), "is no JSON"),
            ("setpoint", r#"{"value":1e999,"unit":"kW"}"#.into(), "is no JSON"),
            ("setpoint", r#"{"value":1e308,"unit":"MW"}"#.into(), "too large"),
            ("setpoint", r#"{"value":"5","unit":"kW"}"#.into(), "expected f64"),
            ("setpoint", r#"{"value":null,"unit":"kW"}"#.into(), "`value` is missing"),
            ("setpoint", r#"{"unit":"kW"}"#.into(), "`value` is missing"),
            ("setpoint", r#"{"value":5}"#.into(), "`unit` is missing"),
            ("setpoint", r#"{"value":5,"unit":"kwh"}"#.into(), "send \"kW\", \"W\" or \"MW\""),
            ("setpoint", r#"{"value":5,"unit":"kW","valeu":1}"#.into(), "unknown field `valeu`"),
            ("setpoint", r#"{"value":5,"unit":"kW","id":7}"#.into(), "expected a string"),
            ("setpoint", format!(r#"{{"value":5,"unit":"kW","id":"{}"}}"#, "i".repeat(129)), "at most 128"),
            ("setpoint", r#"{"value":5,"unit":"kW","priority":"king"}"#.into(), "unknown variant `king`"),
            ("setpoint", r#"{"value":5,"unit":"kW","start":"2026-03-02T07:15:00"}"#.into(), "`start` is no instant"),
            ("setpoint", r#"{"value":5,"unit":"kW","expires":"tomorrow"}"#.into(), "`expires` is no instant"),
            ("setpoint", format!(r#"{{"value":5,"unit":"kW",{later}}}"#), "not after `start`"),
            ("setpoint", format!(r#"{{"value":5,"unit":"kW",{both}}}"#), "one of them"),
            ("setpoint", r#"{"value":5,"unit":"kW","duration_s":0}"#.into(), "more than 0"),
            ("setpoint", r#"{"value":5,"unit":"kW","duration_s":1e300}"#.into(), "at most"),
            ("setpoint", r#"{"value":5,"unit":"kW","values":[1]}"#.into(), "send one of them"),
            ("setpoint", r#"{"value":5,"unit":"kW","step_s":900}"#.into(), "belongs to `values`"),
            ("setpoint", format!(r#"{{"values":[1],"unit":"kW","start":"{START}"}}"#), "`step_s` is missing"),
            ("setpoint", r#"{"values":[1],"unit":"kW","step_s":900}"#.into(), "`start` is missing"),
            ("setpoint", format!(r#"{{"values":[],"unit":"kW","step_s":9,"start":"{START}"}}"#), "is empty"),
            ("setpoint", format!(r#"{{"values":[1],"unit":"kW","step_s":-1,"start":"{START}"}}"#), "more than 0"),
            ("setpoint", " ".repeat(MOST_BYTES + 1), "at most 16384"),
            ("reserve", r#"{"value":5,"unit":"kW"}"#.into(), "send \"kWh\" or \"Wh\""),
            ("reserve", r#"{"value":5}"#.into(), "`unit` is missing"),
            ("reserve", r#"{"values":[5],"unit":"kWh"}"#.into(), "is one energy"),
            ("withdraw", r#"{"value":5,"unit":"kW"}"#.into(), "`id` and `priority` only"),
            ("explode", r#"{"value":5,"unit":"kW"}"#.into(), "send one of setpoint"),
        ];
        for (command, payload, says) in cases {
            let wrong = decode(command, payload.as_bytes()).expect_err(&payload);
            assert!(wrong.reason.contains(says), "{payload}: {}", wrong.reason);
            assert!(wrong.reason.chars().count() <= MOST_REASON + 1);
        }
    }

    #[test]
    fn a_refusal_names_the_id_it_is_about() {
        let wrong = decode("setpoint", br#"{"id":"a","value":"x","unit":"kW"}"#).expect_err("a text is no number");
        assert_eq!(wrong.id.as_deref(), Some("a"));
        let long = format!(r#"{{"id":"{}"}}"#, "é".repeat(65));
        assert_eq!(decode("setpoint", long.as_bytes()).expect_err("130 bytes").id, None);
    }

    #[test]
    fn instants_are_those_of_rfc_3339_with_an_offset() {
        assert_eq!(instant(START), Ok(TIME));
        assert_eq!(instant("2026-03-02T11:15:00.25Z"), Ok(TIME + Span(250)));
        for text in [
            "2026-03-02T07:15:00",
            "2026-03-02 07:15:00-04:00",
            "2026-03-02T07:15:00-04",
            "1772450100",
            "é".repeat(12).as_str(),
        ] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for command in COMMANDS {
                let _ = decode(command, &bytes);
            }
        }

        #[test]
        fn no_json_makes_the_decoder_panic(
            value in any::<f64>(), step in any::<f64>(), start in "\\PC{0,40}", key in "[a-z_]{1,10}", unit in "(k|M)?Wh?",
        ) {
            let json = serde_json::json!({ "values": [value], "step_s": step, "start": start, "unit": unit });
            let _ = decode("setpoint", json.to_string().as_bytes());
            let json = serde_json::json!({ "value": value, "duration_s": step, "expires": START, "unit": unit, key: start });
            for command in COMMANDS {
                let _ = decode(command, json.to_string().as_bytes());
            }
        }
    }
}
