//! Instants as data files write them: with their offset, or local in a zone that is told.

use super::table::Cell;
use crate::error::{beginning, brief};
use agents::Time;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// How times without an offset are to be read.
#[derive(Clone, Debug)]
pub(crate) struct Instants {
    zone: Option<(String, TimeZone)>,
}

impl Instants {
    /// Times without an offset are of this zone; without a zone they are refused.
    ///
    /// # Errors
    /// A sentence if there is no such zone.
    pub(crate) fn of(zone: Option<&str>) -> Result<Self, String> {
        let Some(name) = zone else { return Ok(Self { zone: None }) };
        let zone = TimeZone::get(name).map_err(|_| {
            format!("is {name:?}, which is no IANA time zone: write for instance \"America/Martinique\" or \"UTC\"")
        })?;
        Ok(Self { zone: Some((name.into(), zone)) })
    }

    /// The instant in a cell.
    ///
    /// # Errors
    /// A sentence: no instant, or one that the zone's clocks show twice or never.
    pub(crate) fn read(&self, cell: &Cell) -> Result<Time, String> {
        match cell {
            Cell::Instant(time) => Ok(*time),
            Cell::Text(text) => self.parse(text),
            Cell::Missing => Err("has no time: remove the row, or fill it in".into()),
            Cell::Number(number) => {
                Err(format!("`{}` is no time: write RFC 3339, for instance 2026-03-20T06:00:00-04:00", brief(*number)))
            }
        }
    }

    fn parse(&self, text: &str) -> Result<Time, String> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Time(instant.as_millisecond()));
        }
        let local: DateTime = text.parse().map_err(|_| {
            format!("`{}` is no time: write RFC 3339, for instance 2026-03-20T06:00:00-04:00", beginning(text))
        })?;
        let Some((name, zone)) = &self.zone else {
            return Err(format!(
                "`{text}` has no offset: write RFC 3339 (2026-03-20T06:00:00-04:00), or say the `zone` of its section"
            ));
        };
        let ambiguous = zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                let instant = ambiguous.unambiguous().map_err(|error| format!("`{text}`: {error}"))?;
                Ok(Time(instant.as_millisecond()))
            }
            AmbiguousOffset::Gap { .. } => {
                Err(format!("`{text}` never was in {name}: clocks went forward; write times with their offset"))
            }
            AmbiguousOffset::Fold { .. } => {
                Err(format!("`{text}` was twice in {name}: clocks went back; write times with their offset"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zone: Option<&str>, text: &str) -> Result<String, String> {
        Instants::of(zone)?.read(&Cell::Text(text.into())).map(|time| time.to_string())
    }

    #[test]
    fn an_offset_is_enough_and_a_zone_stands_in_for_it() {
        let noon = Ok("2026-03-20T16:00:00Z".to_owned());
        assert_eq!(read(None, "2026-03-20T12:00:00-04:00"), noon);
        assert_eq!(read(Some("America/Martinique"), "2026-03-20 12:00"), noon);
        assert_eq!(read(Some("Europe/Paris"), "2026-03-20T16:00Z"), noon);
        assert!(read(None, "2026-03-20T12:00:00").expect_err("no offset").contains("`zone`"));
    }

    #[test]
    fn hours_that_a_clock_shows_twice_or_never_are_refused() {
        assert!(read(Some("Europe/Paris"), "2026-10-25T02:30:00").expect_err("fold").contains("twice"));
        assert!(read(Some("Europe/Paris"), "2026-03-29T02:30:00").expect_err("gap").contains("never"));
        assert!(read(Some("Europe/Paris"), "2026-10-25T02:30:00+01:00").is_ok());
        assert!(read(Some("Mars/Olympus"), "2026-10-25").expect_err("no zone").contains("IANA"));
    }
}
