//! Durations as people write them: `15m`, `1.5h`, `7d`.

use agents::Span;

const UNITS: [(&str, f64); 5] = [("ms", 1.0), ("s", 1e3), ("m", 60e3), ("h", 3_600e3), ("d", 86_400e3)];

const HINT: &str = "write a number and a unit of ms, s, m, h or d, for instance \"15m\"";

/// Reads a positive duration: a number and one of `ms`, `s`, `m`, `h`, `d`.
///
/// # Errors
/// A sentence that says what is wrong and what is expected.
pub fn parse_duration(text: &str) -> Result<Span, String> {
    match parse_span(text)? {
        Span::ZERO => Err(format!("`{text}` is not a positive duration: {HINT}")),
        span => Ok(span),
    }
}

/// As [`parse_duration`], and nothing (`0m`) is a duration too.
pub(crate) fn parse_span(text: &str) -> Result<Span, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let number: f64 = digits.trim().parse().map_err(|_| format!("`{text}` is not a duration: {HINT}"))?;
    let (_, ms) = UNITS
        .into_iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(|| format!("`{text}` has no known unit: {HINT}"))?;
    let total = number * ms;
    if !(0.0..=1e15).contains(&total) || total.fract() != 0.0 {
        return Err(format!("`{text}` is not a positive whole number of milliseconds: {HINT}"));
    }
    Ok(Span(total as i64))
}

/// Writes a duration as [`parse_duration`] reads it, in the largest unit that fits.
pub(crate) fn format_duration(span: Span) -> String {
    let fits = |(_, ms): &&(&str, f64)| span.0 % (*ms as i64) == 0;
    let (unit, ms) = UNITS.iter().rev().find(fits).expect("a span is a whole number of milliseconds");
    format!("{}{unit}", span.0 / *ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["15m", "90m", "7d", "1s", "250ms", "1h"] {
            assert_eq!(format_duration(parse_duration(text).expect(text)), text);
        }
    }

    #[test]
    fn durations_read_as_people_write_them() {
        let read: Vec<_> = ["15m", "1.5h", "7d", "1s", "250ms"].map(|text| parse_duration(text).expect(text)).into();
        assert_eq!(read, [Span::MINUTE * 15, Span::MINUTE * 90, Span::DAY * 7, Span(1000), Span(250)]);
    }

    #[test]
    fn what_is_no_duration_is_refused_with_a_hint() {
        for text in ["", "15", "m", "0s", "-5m", "NaNs", "infd", "1 year", "0.1ms"] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains("for instance"), "{error}");
        }
    }
}
