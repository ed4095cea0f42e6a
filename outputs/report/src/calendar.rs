//! The bins of time a run is drawn in, and where its local days begin.

use agents::{Span, Time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Runs up to this length are drawn in quarter hours, longer ones in hours.
const FINE: Span = Span(31 * Span::DAY.0);

/// Equal stretches of time from the start of a run to where it got.
#[derive(Clone, Debug)]
pub(crate) struct Bins {
    pub(crate) start: Time,
    pub(crate) end: Time,
    /// Beginning of the first bin, which may lie before `start`.
    pub(crate) first: Time,
    pub(crate) step: Span,
    zone: TimeZone,
    zone_name: String,
}

impl Bins {
    /// Bins for a run whose rows are `hourly` or finer.
    pub(crate) fn new(start: Time, end: Time, hourly: bool, zone: TimeZone, zone_name: String) -> Self {
        let quarter = Span::from_minutes(15);
        let step = if hourly || end - start > FINE { Span::HOUR } else { quarter };
        Self { start, end, first: start.floor(step), step, zone, zone_name }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let span = (self.end - self.first).0.max(0);
        usize::try_from((span + self.step.0 - 1).div_euclid(self.step.0)).unwrap_or(0)
    }

    /// In which bin an instant lies; none if in no one.
    pub(crate) fn of(&self, time: Time) -> Option<usize> {
        let bin = usize::try_from((time - self.first).0.div_euclid(self.step.0)).ok()?;
        (bin < self.len()).then_some(bin)
    }

    /// How much of a bin lies in the run, in hours.
    pub(crate) fn hours(&self, bin: usize) -> f64 {
        let from = self.first + self.step * bin as i64;
        (self.end.min(from + self.step) - self.start.max(from)).hours().max(0.0)
    }

    /// Hours since local midnight at the middle of a bin.
    pub(crate) fn local_hour(&self, bin: usize) -> f64 {
        let middle = self.first + self.step * bin as i64 + Span(self.step.0 / 2);
        self.local_ms(middle).rem_euclid(Span::DAY.0) as f64 / Span::HOUR.0 as f64
    }

    /// What a local clock shows, in milliseconds, counted as if it were UTC.
    pub(crate) fn local_ms(&self, time: Time) -> i64 {
        (time + self.offset(time)).0
    }

    /// The local day an instant lies in, counted from the beginning of 1970.
    pub(crate) fn local_day(&self, time: Time) -> i64 {
        self.local_ms(time).div_euclid(Span::DAY.0)
    }

    /// What local clocks are ahead of UTC.
    pub(crate) fn offset(&self, time: Time) -> Span {
        let instant = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
        Span::from_s(self.zone.to_offset(instant).seconds().into())
    }

    /// What the page has to know: first bin, step and number, and from which bin on clocks are how far ahead of UTC.
    pub(crate) fn document(&self) -> Value {
        let mut offsets: Vec<(usize, i64)> = Vec::new();
        for bin in 0..self.len() {
            let minutes = self.offset(self.first + self.step * bin as i64).0 / 60_000;
            if offsets.last().is_none_or(|(_, last)| *last != minutes) {
                offsets.push((bin, minutes));
            }
        }
        let hours = [0, self.len().saturating_sub(1)].map(|bin| self.hours(bin));
        json!({
            "first_ms": self.first.0,
            "step_min": self.step.0 / 60_000,
            "count": self.len(),
            "offsets": offsets,
            "zone": self.zone_name,
            // Only the first and the last bin may be cut.
            "first_hours": hours[0],
            "last_hours": hours[1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time(text.parse::<jiff::Timestamp>().expect("an instant").as_millisecond())
    }

    #[test]
    fn bins_cover_the_run_and_know_what_the_clocks_show() {
        let zone = TimeZone::get("Europe/Paris").expect("a zone");
        let bins = Bins::new(at("2026-03-28T12:30:00Z"), at("2026-03-29T04:15:00Z"), true, zone, "Europe/Paris".into());
        assert_eq!((bins.len(), bins.hours(0), bins.hours(1), bins.hours(16)), (17, 0.5, 1.0, 0.25));
        assert_eq!(bins.of(at("2026-03-28T12:30:00Z")), Some(0));
        assert_eq!(bins.of(at("2026-03-28T11:59:59Z")), None);
        assert_eq!(bins.of(at("2026-03-29T05:00:00Z")), None);
        // Summer time begins at 01:00 UTC.
        assert_eq!(bins.document()["offsets"], json!([[0, 60], [13, 120]]));
        assert_eq!((bins.local_hour(12), bins.local_hour(13)), (1.5, 3.5));
    }
}
