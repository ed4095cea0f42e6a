//! Conditions: what is looked at, what it must be, and whether it is so.

mod read;
mod trades;

pub(super) use trades::Trades;

use crate::duration::format_duration;
use agents::reading::{AssetReading, AssetState, Signal, SiteReading};
use agents::record::{Event, EventCode, IntervalRows};
use agents::{ParticipantId, SiteId, Span, Time};
use std::fmt;
use trades::{Traded, TradedQuantity};

/// By how much a number may be apart from another and be taken for it, where the script does not say.
pub(super) const USUAL_TOLERANCE: f64 = 0.001;
/// How a value is written that is not there.
pub(super) const NOTHING: &str = "nothing";
/// Numbers that are read and written in decimal differ in their last bits.
const LAST_BITS: f64 = 1e-9;

/// What is expected or waited for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// A reading stands in a relation.
    Reading(Subject, Relation),
    /// Something happened, or did not.
    Event(Happening),
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    Asset { asset: ParticipantId, name: String, what: AssetQuantity, shown: bool, capacity_kwh: Option<f64> },
    Site { site: SiteId, name: String, what: SiteQuantity },
    Signal(Signal),
    Trades { traded: Traded, what: TradedQuantity },
}

/// What a reading must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Relation {
    Is(Target),
    IsNot(Target),
    Above(f64),
    Below(f64),
    Between(f64, f64),
}

/// A value that a reading can have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    Nothing,
    Number { value: f64, tolerance: f64 },
    State(AssetState),
}

/// Something that happens to a participant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Happening {
    pub(super) code: EventCode,
    /// To whom, and under which name; none: to anybody.
    pub(super) of: Option<(ParticipantId, String)>,
    pub(super) contains: Option<String>,
    pub(super) since: Option<Span>,
    pub(super) never: bool,
}

/// What can be looked at of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AssetQuantity {
    Power,
    Setpoint,
    Energy,
    Soc,
    Reactive,
    State,
}

/// What can be looked at of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SiteQuantity {
    Power,
    Import,
    Export,
    Imbalance,
}

impl AssetQuantity {
    pub(super) const ALL: [Self; 6] =
        [Self::Power, Self::Setpoint, Self::Energy, Self::Soc, Self::Reactive, Self::State];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power_kw",
            Self::Setpoint => "setpoint_kw",
            Self::Energy => "energy_kwh",
            Self::Soc => "soc_percent",
            Self::Reactive => "reactive_kvar",
            Self::State => "state",
        }
    }

    fn of(self, reading: &AssetReading, capacity_kwh: Option<f64>) -> Seen {
        let number = |value: Option<f64>| value.map_or(Seen::Nothing, Seen::Number);
        match self {
            Self::Power => Seen::Number(reading.power_kw),
            Self::Setpoint => number(reading.setpoint_kw),
            Self::Energy => number(reading.energy_kwh),
            Self::Soc => {
                number(reading.energy_kwh.zip(capacity_kwh).map(|(energy, capacity)| 100.0 * energy / capacity))
            }
            Self::Reactive => number(reading.reactive_kvar),
            Self::State => Seen::State(reading.state),
        }
    }
}

impl SiteQuantity {
    pub(super) const ALL: [Self; 4] = [Self::Power, Self::Import, Self::Export, Self::Imbalance];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power_kw",
            Self::Import => "import_kwh",
            Self::Export => "export_kwh",
            Self::Imbalance => "imbalance_kw",
        }
    }

    fn of(self, reading: &SiteReading) -> f64 {
        match self {
            Self::Power => reading.power_kw,
            Self::Import => reading.import_kwh,
            Self::Export => reading.export_kwh,
            Self::Imbalance => reading.imbalance_kw,
        }
    }
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Nothing,
    Number(f64),
    State(AssetState),
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str(NOTHING),
            Self::Number(value) => write!(f, "{value:.3}"),
            Self::State(state) => state.fmt(f),
        }
    }
}

/// What has happened by now, besides the rows.
pub(super) struct Past<'p, E> {
    /// Those events that scripts ask for.
    pub(super) events: E,
    /// Since when they count.
    pub(super) since: Time,
    /// What was traded since the start of the script.
    pub(super) trades: &'p Trades,
}

/// Whether a condition holds, and what was seen.
pub(super) struct Look {
    pub(super) holds: bool,
    pub(super) saw: String,
}

impl Condition {
    /// Whether it holds in these rows, and in what has happened by now.
    pub(super) fn look<'e>(
        &self,
        rows: &IntervalRows<'_>,
        Past { events, since, trades }: Past<'_, impl IntoIterator<Item = &'e Event>>,
    ) -> Look {
        match self {
            Self::Reading(subject, relation) => {
                let seen = subject.of(rows, trades);
                Look { holds: relation.holds(seen), saw: seen.to_string() }
            }
            Self::Event(happening) => {
                let now = rows.start + rows.length;
                let since = happening.since.map_or(since, |since| now - since);
                let found = events.into_iter().filter(|event| event.time >= since && happening.is(event)).last();
                Look { holds: found.is_none() == happening.never, saw: told(found) }
            }
        }
    }

    /// Whether it is about something that shall not happen.
    pub(super) fn is_never(&self) -> bool {
        matches!(self, Self::Event(Happening { never: true, .. }))
    }

    /// When the delivery begins whose trades it is about, since the start of the script.
    pub(super) fn delivery(&self) -> Option<Span> {
        match self {
            Self::Reading(Subject::Trades { traded, .. }, _) => Some(traded.delivery),
            _ => None,
        }
    }

    /// The code of the event it is about.
    pub(super) fn event(&self) -> Option<EventCode> {
        if let Self::Event(happening) = self { Some(happening.code) } else { None }
    }
}

/// What is said of an event that was looked for.
fn told(event: Option<&Event>) -> String {
    match event {
        None => "no such event".into(),
        Some(event) if event.detail.is_empty() => format!("{} at {}", event.code, event.time),
        Some(event) => format!("{} at {}: {}", event.code, event.time, event.detail),
    }
}

impl Subject {
    fn of(&self, rows: &IntervalRows<'_>, trades: &Trades) -> Seen {
        match self {
            Self::Trades { traded, what } => trades.look(traded, *what).map_or(Seen::Nothing, Seen::Number),
            Self::Asset { asset, what, shown, capacity_kwh, .. } => {
                let is_so = || find(rows.assets, *asset, |reading| reading.asset);
                let reading = match find(rows.faults, *asset, |reading| reading.asset) {
                    Some(faulty) if *shown => faulty.shown.as_ref(),
                    _ => is_so(),
                };
                reading.map_or(Seen::Nothing, |reading| what.of(reading, *capacity_kwh))
            }
            Self::Site { site, what, .. } => find(rows.sites, *site, |reading| reading.site)
                .map_or(Seen::Nothing, |reading| Seen::Number(what.of(reading))),
            Self::Signal(signal) => {
                let reading = rows.signals.iter().find(|reading| reading.signal == *signal);
                reading.map_or(Seen::Nothing, |reading| Seen::Number(reading.value))
            }
        }
    }
}

/// The reading of one of those that stand in the order of their ids.
fn find<R, I: Ord>(readings: &[R], id: I, of: impl Fn(&R) -> I) -> Option<&R> {
    let index = readings.binary_search_by(|reading| of(reading).cmp(&id)).ok()?;
    Some(&readings[index])
}

impl Relation {
    fn holds(&self, seen: Seen) -> bool {
        match (self, seen) {
            (Self::Is(target), seen) => target.is(seen),
            (Self::IsNot(target), seen) => !target.is(seen),
            (Self::Above(least), Seen::Number(value)) => value > *least,
            (Self::Below(most), Seen::Number(value)) => value < *most,
            (Self::Between(least, most), Seen::Number(value)) => (*least..=*most).contains(&value),
            _ => false,
        }
    }
}

impl Target {
    fn is(&self, seen: Seen) -> bool {
        match (self, seen) {
            (Self::Nothing, Seen::Nothing) => true,
            (Self::State(state), Seen::State(seen)) => *state == seen,
            (Self::Number { value, tolerance }, Seen::Number(seen)) => {
                (seen - value).abs() <= tolerance + LAST_BITS * value.abs().max(1.0)
            }
            _ => false,
        }
    }
}

impl Happening {
    fn is(&self, event: &Event) -> bool {
        event.code == self.code
            && self.of.as_ref().is_none_or(|(id, _)| *id == event.participant)
            && self.contains.as_ref().is_none_or(|part| event.detail.contains(part))
    }
}

/// A condition as people say it.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading(subject, relation) => write!(f, "{subject} {relation}"),
            Self::Event(Happening { code, of, contains, since, never }) => {
                f.write_str(if *never { "no event " } else { "event " })?;
                code.fmt(f)?;
                if let Some((_, name)) = of {
                    write!(f, " of {name}")?;
                }
                if let Some(part) = contains {
                    write!(f, " with {part:?}")?;
                }
                since.map_or(Ok(()), |since| write!(f, " in the last {}", format_duration(since)))
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asset { name, what, shown: true, .. } => write!(f, "{name} {} shown", what.as_str()),
            Self::Asset { name, what, .. } => write!(f, "{name} {}", what.as_str()),
            Self::Site { name, what, .. } => write!(f, "site {name} {}", what.as_str()),
            Self::Signal(signal) => f.write_str(signal.as_str()),
            Self::Trades { traded, what } => write!(f, "{traded} {}", what.as_str()),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(target) => write!(f, "is {target}"),
            Self::IsNot(target) => write!(f, "is not {target}"),
            Self::Above(least) => write!(f, "is above {least}"),
            Self::Below(most) => write!(f, "is below {most}"),
            Self::Between(least, most) => write!(f, "is between {least} and {most}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str(NOTHING),
            Self::Number { value, tolerance } => write!(f, "{value} ± {tolerance}"),
            Self::State(state) => state.fmt(f),
        }
    }
}
