//! From when until when a device has a fault: instants as people write them, and what is wrong with them.

use super::FaultSection;
use crate::document::Reader;
use crate::duration::{format_duration, parse_span};
use crate::window::{Window, parse_start};
use agents::{Calendar, Span, Time};
use jiff::tz::TimeZone;

/// From when until when, both full minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    pub(super) from: Time,
    /// None: until it is cleared.
    pub(super) until: Option<Time>,
}

impl Times {
    /// Reads and checks the times of a section; none if one of them is a problem, or if there is no run to speak of.
    pub(super) fn read(
        section: &FaultSection,
        lasts: Option<Span>,
        reader: &Reader<'_>,
        window: Option<&Window>,
    ) -> Option<Self> {
        let window = window?;
        let wrong = |key: &'static str| move |text: String| reader.problem(key, text);
        let from = instant(&section.from, window).map_err(wrong("from")).ok();
        let until = match (&section.until, lasts) {
            (Some(_), Some(_)) => {
                reader.problem("for", "is given besides `until`: leave one of the two out");
                return None;
            }
            (Some(until), None) => Some(instant(until, window).map_err(wrong("until")).ok()?),
            (None, Some(lasts)) if lasts <= Span::ZERO || lasts.0 % Span::MINUTE.0 != 0 => {
                let is = format_duration(lasts);
                reader.problem("for", format!("is {is}: write one or more full minutes, such as \"90m\""));
                return None;
            }
            (None, Some(lasts)) => Some(from? + lasts),
            (None, None) => None,
        };
        let times = Self { from: from?, until };
        match times.objection(window) {
            None => Some(times),
            Some((key, text)) => {
                // How long it lasts is written in one of two ways.
                reader.problem(if key == "until" && lasts.is_some() { "for" } else { key }, text);
                None
            }
        }
    }

    /// What is wrong with it in a run, and the key at fault.
    fn objection(self, window: &Window) -> Option<(&'static str, String)> {
        let Self { from, until } = self;
        if from >= window.end {
            let text = format!("is {from}, and the run ends at {}: let it begin before, or run for longer", window.end);
            return Some(("from", text));
        }
        let until = until?;
        if until <= from {
            return Some(("until", format!("is {until}, not after its beginning at {from}: let it end later")));
        }
        if until <= window.start {
            let start = window.start;
            return Some((
                "until",
                format!("makes it end at {until}, and the run begins at {start}: let it end later, or leave it out"),
            ));
        }
        None
    }
}

/// An instant: a time since the start of the run, a local date or date-time, or an instant with its offset.
pub(crate) fn instant(text: &str, window: &Window) -> Result<Time, String> {
    let found = parse_span(text).ok().map(|span| window.start + span);
    let found = found.or_else(|| parse_start(text, window.calendar).ok()).or_else(|| local(text, window.calendar));
    let Some(time) = found else {
        return Err(format!(
            "is {text:?}: write a time since the start of the run (\"2h\"), a local date-time (\"2026-03-20T18:00\") or an \
             instant with its offset (\"2026-03-20T18:00:00-04:00\")"
        ));
    };
    if time != time.floor(Span::MINUTE) {
        return Err(format!("is {time}, within a minute: write a full one"));
    }
    Ok(time)
}

/// A local date-time.
fn local(text: &str, calendar: Calendar) -> Option<Time> {
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    let as_if_utc = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Time(as_if_utc.as_millisecond()) + Span(-calendar.utc_offset.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::market_operator::MarketRules;

    #[test]
    fn instants_are_read_as_people_write_them() {
        let start = Time(1_773_979_200_000);
        let calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
        let rules = MarketRules { slot: Span::HOUR, lead: Span::HOUR };
        let window = Window { start, end: start + Span::DAY, calendar, rules, venues: Default::default(), station: 0 };
        assert_eq!(start.to_string(), "2026-03-20T04:00:00Z");
        let at = |text: &str| instant(text, &window).map(|time| (time - start).hours());
        for (text, hours) in [
            ("0m", 0.0),
            ("2h", 2.0),
            ("2026-03-20", 0.0),
            ("2026-03-20T18:00", 18.0),
            ("2026-03-20 18:00:00", 18.0),
            ("2026-03-20T18:00:00-04:00", 18.0),
            ("2026-03-20T22:00:00Z", 18.0),
            ("2026-03-19T18:30", -5.5),
        ] {
            assert_eq!(at(text), Ok(hours), "{text}");
        }
        for (text, says) in [("30s", "within a minute"), ("2026-03-20T18:00:01", "within a minute"), ("soon", "\"2h\"")]
        {
            assert!(at(text).expect_err(text).contains(says), "{text}");
        }
    }
}
