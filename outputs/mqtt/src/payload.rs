//! What messages carry, as text: one encoder for all readings, so that captures can be compared line by line.

use agents::act::side_name;
use agents::face::Answer;
use agents::record::{AwardRow, Event};
use agents::{Calendar, Time};
use serde::Serialize;
use std::fmt::Write;

/// Writes readings as `{"value":1.234,"unit":"kW","timestamp":"2026-03-02T07:15:00-04:00"}`.
///
/// Readings of one interval share its instant, which is therefore kept as text.
#[derive(Debug)]
pub(crate) struct Encoder {
    calendar: Calendar,
    time: Time,
    timestamp: String,
}

impl Encoder {
    pub(crate) fn new(calendar: Calendar) -> Self {
        Self { calendar, time: Time(0), timestamp: timestamp(calendar, Time(0)) }
    }

    /// The payload of a reading; the value is finite.
    pub(crate) fn reading(&mut self, value: f64, unit: &str, time: Time) -> Vec<u8> {
        if self.time != time {
            self.time = time;
            self.timestamp = timestamp(self.calendar, time);
        }
        let mut text = String::with_capacity(80);
        text.push_str("{\"value\":");
        write_number(&mut text, value);
        text.push_str(",\"unit\":\"");
        text.push_str(unit);
        text.push_str("\",\"timestamp\":\"");
        text.push_str(&self.timestamp);
        text.push_str("\"}");
        text.into_bytes()
    }

    /// The payload of an event.
    pub(crate) fn event(&self, event: &Event, participant: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct Payload<'a> {
            time: String,
            participant: &'a str,
            code: &'a str,
            detail: &'a str,
        }
        let time = timestamp(self.calendar, event.time);
        json(&Payload { time, participant, code: event.code.as_str(), detail: &event.detail })
    }

    /// The payload of what orders got of a product of this name.
    pub(crate) fn award(&self, award: &AwardRow, product: &str) -> Vec<u8> {
        json(&AwardPayload {
            time: timestamp(self.calendar, award.time),
            product,
            delivery: timestamp(self.calendar, award.slot.start),
            side: side_name(award.side),
            energy_kwh: award.energy.as_kwh(),
            price_eur_per_mwh: award.price.as_eur_per_mwh(),
        })
    }
}

/// The payload of what orders got.
#[derive(Serialize)]
struct AwardPayload<'a> {
    time: String,
    product: &'a str,
    delivery: String,
    side: &'a str,
    energy_kwh: f64,
    price_eur_per_mwh: f64,
}

/// The payload of the result of a command.
pub(crate) fn result(answer: &Answer) -> Vec<u8> {
    #[derive(Serialize)]
    struct Payload<'a> {
        id: Option<&'a str>,
        status: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    json(&Payload { id: answer.id.as_deref(), status: answer.verdict.as_str(), reason: answer.reason.as_deref() })
}

fn json(payload: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(payload).expect("texts can always be written as JSON")
}

/// A number with a decimal point, always: readers take `1` and `1.0` for different types.
fn write_number(text: &mut String, value: f64) {
    let start = text.len();
    // Writing to a string does not fail.
    let _ = write!(text, "{value:?}");
    if text[start..].contains('e') {
        text.truncate(start);
        let _ = write!(text, "{value:.9}");
    }
}

/// An instant in the local time of a calendar, RFC 3339, with milliseconds only where there are any.
fn timestamp(calendar: Calendar, time: Time) -> String {
    let mut text = (time + calendar.utc_offset).to_string();
    text.pop();
    let minutes = calendar.utc_offset.0 / 60_000;
    let sign = if minutes < 0 { '-' } else { '+' };
    let _ = write!(text, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::face::Verdict;
    use agents::record::EventCode;
    use agents::{ParticipantId, Span};

    const MARTINIQUE: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    /// 2026-03-02T07:15:00-04:00.
    const TIME: Time = Time(1_772_450_100_000);

    fn reading(value: f64, unit: &str, time: Time) -> String {
        String::from_utf8(Encoder::new(MARTINIQUE).reading(value, unit, time)).expect("it is text")
    }

    #[test]
    fn a_reading_is_a_line_of_three_keys_in_their_order() {
        let golden = r#"{"value":1.234,"unit":"kW","timestamp":"2026-03-02T07:15:00-04:00"}"#;
        assert_eq!(reading(1.234, "kW", TIME), golden);
        let golden = r#"{"value":-7.0,"unit":"kWh","timestamp":"2026-03-02T07:15:00.250-04:00"}"#;
        assert_eq!(reading(-7.0, "kWh", TIME + Span(250)), golden);
    }

    #[test]
    fn a_value_is_a_number_with_a_decimal_point_however_large_or_small() {
        for (value, text) in
            [(0.0, "0.0"), (1e20, "100000000000000000000.000000000"), (1e-7, "0.000000100"), (3.0, "3.0")]
        {
            assert!(reading(value, "kW", TIME).starts_with(&format!("{{\"value\":{text},")), "{value}");
        }
    }

    #[test]
    fn local_offsets_are_written_with_their_sign() {
        let at = |minutes: i64| timestamp(Calendar { utc_offset: Span::from_minutes(minutes) }, TIME);
        assert_eq!(at(0), "2026-03-02T11:15:00+00:00");
        assert_eq!(at(330), "2026-03-02T16:45:00+05:30");
        assert_eq!(at(-210), "2026-03-02T07:45:00-03:30");
    }

    #[test]
    fn the_instant_follows_the_reading() {
        let mut encoder = Encoder::new(MARTINIQUE);
        let lines = [TIME, TIME + Span::MINUTE, TIME].map(|time| encoder.reading(1.0, "kW", time));
        assert_ne!(lines[0], lines[1]);
        assert_eq!(lines[0], lines[2]);
    }

    #[test]
    fn events_and_results_are_lines_of_json() {
        let event = Event {
            time: TIME,
            participant: ParticipantId(0),
            code: EventCode::OrderRefused,
            detail: "\"quoted\"\n".into(),
        };
        let line = String::from_utf8(Encoder::new(MARTINIQUE).event(&event, "bat_01")).expect("it is text");
        let golden = r#"{"time":"2026-03-02T07:15:00-04:00","participant":"bat_01","code":"order_refused","detail":"\"quoted\"\n"}"#;
        assert_eq!(line, golden);
        let mut answer =
            Answer { id: Some("a".into()), reply_to: String::new(), verdict: Verdict::Accepted, reason: None };
        assert_eq!(result(&answer), br#"{"id":"a","status":"accepted"}"#);
        answer = Answer { id: None, verdict: Verdict::Refused, reason: Some("why".into()), ..answer };
        assert_eq!(result(&answer), br#"{"id":null,"status":"refused","reason":"why"}"#);
    }
}
