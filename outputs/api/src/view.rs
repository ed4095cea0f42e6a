//! How things look in JSON: string ids, names that end with units, instants of RFC 3339 in UTC.

use crate::call::Clock;
use crate::frame::Noted;
use crate::queue::{Batch, names};
use agents::fault::FaultKind;
use agents::reading::{AssetReading, FaultReading, SignalReading, SiteReading};
use agents::record::Catalogue;
use agents::{ParticipantId, Time};
use serde::Serialize;
use twin::Pace;
use utoipa::ToSchema;

/// An instant as RFC 3339 has it; none of one that never comes.
pub(crate) fn instant(time: Time) -> Option<String> {
    (time != Time::NEVER).then(|| time.to_string())
}

/// What an asset shows for an interval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetReading)]
pub(crate) struct AssetView<'a> {
    /// The asset.
    participant: &'a str,
    /// Mean power over the interval, consumption positive; of a vehicle at its inlet, contained in its charge point's.
    power_kw: f64,
    /// Power asked for during the interval, where a setpoint was in force.
    setpoint_kw: Option<f64>,
    /// Energy stored at the end of the interval, of assets that store.
    energy_kwh: Option<f64>,
    /// Mean reactive power over the interval, positive when drawn, of assets that control it.
    reactive_kvar: Option<f64>,
    /// What it was doing at the end of the interval.
    state: &'static str,
    /// What a faulty device shows in place of all this, and what is wrong with it; absent of a sound one.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultView<'a>>,
}

/// What is wrong with a device, and what it shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FaultReading)]
pub(crate) struct FaultView<'a> {
    /// The device.
    participant: &'a str,
    /// Its faults at the end of the interval or within it.
    faults: Vec<&'static str>,
    /// What it shows in place of its reading; null where it shows nothing.
    shown: Option<ShownView>,
    /// By how much its clock is ahead; negative: behind.
    clock_error_s: f64,
    /// What its link does to messages.
    link: LinkView,
}

/// What a faulty device shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShownReading)]
pub(crate) struct ShownView {
    power_kw: f64,
    setpoint_kw: Option<f64>,
    energy_kwh: Option<f64>,
    reactive_kvar: Option<f64>,
    state: &'static str,
}

/// What a link does to messages, in both directions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkView {
    /// Nothing passes.
    is_down: bool,
    /// What passes is late by this.
    delay_s: f64,
    /// This share of the messages is lost, 0 to 1.
    loss_share: f64,
}

/// What a site's meter shows for an interval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SiteReading)]
pub(crate) struct SiteView<'a> {
    /// The site.
    site: &'a str,
    /// Mean net power over the interval, import positive.
    power_kw: f64,
    /// Energy imported in the interval.
    import_kwh: f64,
    /// Energy exported in the interval, positive.
    export_kwh: f64,
    /// Difference between the phase that takes most and the one that takes least.
    imbalance_kw: f64,
}

/// A value that holds for everybody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignalReading)]
pub(crate) struct SignalView {
    /// Which one.
    signal: &'static str,
    /// Its value over the interval.
    value: f64,
    /// The unit of its value.
    unit: &'static str,
}

/// Something happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView<'a> {
    /// Its number since the process started, by which later ones are asked for.
    number: u64,
    /// When.
    #[schema(format = "date-time")]
    time: String,
    /// To whom; null: to the twin as a whole.
    participant: Option<&'a str>,
    /// What.
    code: &'static str,
    /// The particulars, for a reader.
    detail: &'a str,
}

/// The twin's clock.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Clock)]
pub(crate) struct ClockView {
    /// The instant of the last tick.
    #[schema(format = "date-time")]
    now: Option<String>,
    /// The length of a tick.
    tick_s: f64,
    /// How many times as fast as the wall clock time passes (or passed before the pause); `max`: as fast as it goes.
    speed: SpeedView,
    /// Whether it stands still.
    is_paused: bool,
    /// Ticks since the process started.
    ticks: u64,
    /// How many of them began late.
    late_ticks: u64,
    /// By how much the latest of them was late, on the wall clock.
    latest_late_s: f64,
    /// How long the last tick took, on the wall clock.
    last_tick_ms: f64,
    /// Actors replaced after they died.
    restarts: u64,
}

/// A speed: a number, or `max`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Speed)]
pub(crate) enum SpeedView {
    /// So many times as fast as the wall clock.
    Times(f64),
    /// As fast as it goes.
    Max(&'static str),
}

impl From<Clock> for ClockView {
    fn from(clock: Clock) -> Self {
        Self {
            now: instant(clock.now),
            tick_s: clock.tick.seconds(),
            speed: match clock.pace {
                Pace::FlatOut => SpeedView::Max("max"),
                Pace::Clock(speed) => SpeedView::Times(speed),
            },
            is_paused: clock.is_paused,
            ticks: clock.ticks,
            late_ticks: clock.late_ticks,
            latest_late_s: clock.latest.seconds(),
            last_tick_ms: (clock.last_tick_ms * 1000.0).round() / 1000.0,
            restarts: clock.restarts,
        }
    }
}

/// Turns dense ids into names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewer<'a>(pub(crate) &'a Catalogue);

impl<'a> Viewer<'a> {
    pub(crate) fn asset(self, reading: &AssetReading, batch: &'a Batch) -> AssetView<'a> {
        AssetView {
            participant: self.0.participant(reading.asset),
            power_kw: reading.power_kw,
            setpoint_kw: reading.setpoint_kw,
            energy_kwh: reading.energy_kwh,
            reactive_kvar: reading.reactive_kvar,
            state: reading.state.as_str(),
            fault: batch.fault(reading.asset).map(|fault| self.fault(fault)),
        }
    }

    pub(crate) fn fault(self, reading: &FaultReading) -> FaultView<'a> {
        let shown = reading.shown.map(|shown| ShownView {
            power_kw: shown.power_kw,
            setpoint_kw: shown.setpoint_kw,
            energy_kwh: shown.energy_kwh,
            reactive_kvar: shown.reactive_kvar,
            state: shown.state.as_str(),
        });
        FaultView {
            participant: self.0.participant(reading.asset),
            faults: names(&reading.faults),
            shown,
            clock_error_s: reading.clock_error.seconds(),
            link: LinkView {
                is_down: reading.link.is_down,
                delay_s: reading.link.delay.seconds(),
                loss_share: reading.link.loss_share,
            },
        }
    }

    pub(crate) fn site(self, reading: &SiteReading) -> SiteView<'a> {
        SiteView {
            site: self.0.sites.get(reading.site.index()).map_or("-", |site| site.name.as_str()),
            power_kw: reading.power_kw,
            import_kwh: reading.import_kwh,
            export_kwh: reading.export_kwh,
            imbalance_kw: reading.imbalance_kw,
        }
    }

    pub(crate) fn signal(self, reading: &SignalReading) -> SignalView {
        SignalView { signal: reading.signal.as_str(), value: reading.value, unit: reading.signal.unit() }
    }

    pub(crate) fn event<'b>(self, noted: &'b Noted) -> EventView<'b>
    where
        'a: 'b,
    {
        let event = &noted.event;
        EventView {
            number: noted.number,
            time: event.time.to_string(),
            participant: (event.participant != ParticipantId::OUTSIDE).then(|| self.0.participant(event.participant)),
            code: event.code.as_str(),
            detail: &event.detail,
        }
    }
}

/// A fault of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FaultEntry)]
pub(crate) struct FaultEntryView {
    /// Its name.
    kind: &'static str,
    /// On what it acts: `body`, `sensor`, `clock` or `link`.
    layer: &'static str,
    /// What it does.
    description: &'static str,
    /// Which devices can have it.
    devices: Vec<&'static str>,
    /// Its parameters.
    parameters: Vec<FaultParameterView>,
}

/// A parameter of a fault: a number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FaultParameter)]
pub(crate) struct FaultParameterView {
    /// Its key.
    key: &'static str,
    /// What it is.
    description: &'static str,
    /// The unit of its value.
    unit: &'static str,
    /// Its value where none is given.
    default: f64,
    /// The least it can be.
    minimum: f64,
    /// The most it can be.
    maximum: f64,
}

impl From<FaultKind> for FaultEntryView {
    fn from(kind: FaultKind) -> Self {
        let entry = kind.entry();
        let parameter = |parameter: &agents::fault::FaultParameter| FaultParameterView {
            key: parameter.key,
            description: parameter.doc,
            unit: parameter.unit,
            default: parameter.default,
            minimum: parameter.least,
            maximum: parameter.most,
        };
        Self {
            kind: kind.as_str(),
            layer: entry.layer.as_str(),
            description: entry.doc,
            devices: entry.devices.iter().map(|kind| kind.as_str()).collect(),
            parameters: entry.parameters.iter().map(parameter).collect(),
        }
    }
}
