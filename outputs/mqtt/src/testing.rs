//! What unit tests share: a catalogue of three assets, and readings of them.

use agents::reading::{AssetReading, AssetState};
use agents::record::{Catalogue, Event, EventCode, ParticipantEntry, SiteEntry};
use agents::{Calendar, Kind, ParticipantId, SiteId, Span, Time};

/// 2026-03-02T07:15:00-04:00.
pub(crate) const TIME: Time = Time(1_772_450_100_000);

/// A battery, a plant and a vehicle in Martinique, and an operator that is no asset.
pub(crate) fn catalogue() -> Catalogue {
    let entry = |id: &str, kind: Kind, capacity_kwh| ParticipantEntry {
        id: id.into(),
        kind,
        site: kind.is_asset().then_some(SiteId(0)),
        capacity_kwh,
    };
    Catalogue {
        calendar: Calendar { utc_offset: Span::from_s(-4 * 3600) },
        participants: vec![
            entry("bat_01", Kind::Battery, Some(100.0)),
            entry("pv_01", Kind::Pv, None),
            entry("dso", Kind::Dso, None),
            entry("ev_01", Kind::Ev, Some(50.0)),
        ],
        sites: vec![SiteEntry { name: "Le Lamentin/1".into(), commune: "Le Lamentin".into(), portfolio: None }],
        portfolios: Vec::new(),
    }
}

/// An asset that shows nothing but a power.
pub(crate) fn reading(asset: u32, power_kw: f64) -> AssetReading {
    AssetReading {
        asset: ParticipantId(asset),
        power_kw,
        setpoint_kw: None,
        energy_kwh: None,
        reactive_kvar: None,
        state: AssetState::Idle,
    }
}

pub(crate) fn event(participant: ParticipantId, code: EventCode) -> Event {
    Event { time: TIME, participant, code, detail: "why".into() }
}
