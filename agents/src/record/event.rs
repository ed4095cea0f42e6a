//! Events: the closed list of what is worth knowing.

use crate::id::ParticipantId;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something worth knowing happened to a participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Time,
    /// To whom; [`ParticipantId::OUTSIDE`] for the twin as a whole.
    pub participant: ParticipantId,
    /// What.
    pub code: EventCode,
    /// The particulars, for a reader.
    pub detail: String,
}

/// The closed list of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventCode {
    /// A command was refused: it can not be meant for this device.
    CommandRefused,
    /// A command is live but another one of higher priority is in force.
    CommandOverruled,
    /// A token was refused by the charge-point operator.
    AuthorizationRefused,
    /// A token was presented once more at a charge point: charging stopped.
    ChargingStopped,
    /// An order was refused by the market operator.
    OrderRefused,
    /// Orders of a prosumer got something, in a contract that is traded from outside.
    OrderAwarded,
    /// A vehicle could not drive all of its trip: its battery was empty.
    TripCutShort,
    /// A device did not do in a slot what its plan said.
    PlanNotFollowed,
    /// A plan can not meet all that is asked of it.
    PlanMisses,
    /// No plan could be made; the one before holds.
    PlanFailed,
    /// The DSO changed its load-control signal.
    LoadControl,
    /// The DSO changed its demand-response signal.
    DemandResponse,
    /// Less reserve was offered than tendered for.
    ReserveShort,
    /// Reserve was called for a slot.
    ReserveCalled,
    /// A unit delivered less reserve than was called, beyond the tolerance.
    ReserveUndelivered,
    /// The DSO asked for flexibility.
    FlexibilityRequested,
    /// The DSO ordered flexibility.
    FlexibilityOrdered,
    /// What was offered does not cover what the DSO asked for.
    FlexibilityShort,
    /// Flexibility was ordered and not delivered.
    FlexibilityUndelivered,
    /// A message of the flexibility market was refused.
    FlexibilityRefused,
    /// Mail rounds of a tick exceeded their bound; the rest of the mail waits for the next tick.
    MailCarriedOver,
    /// A participant failed twice at the same step: it is out, its body follows the safe intent.
    Quarantined,
    /// Mail for a participant that is quarantined or unknown was set aside.
    MailUndeliverable,
    /// An external input was taken.
    InputTaken,
    /// The clock was too far behind: the time until now was passed in ticks of a market slot.
    ClockReanchored,
    /// A device has a fault from now on.
    FaultBegun,
    /// A device has a fault no more.
    FaultEnded,
    /// What somebody outside did came to nothing.
    ActFailed,
    /// An asset is mirrored from now on: it gave its first sound reading.
    MirrorBegun,
    /// An asset is mirrored no more: it is simulated from where reality left it.
    MirrorReleased,
    /// The field has fallen silent about a mirrored asset: its model carries on.
    MirrorStale,
    /// Readings of a mirrored asset are back.
    MirrorFresh,
    /// Readings of an asset were refused.
    MirrorRefused,
    /// A mirrored asset and its model have parted.
    MirrorDiverged,
    /// A mirrored asset and its model agree again.
    MirrorAgrees,
}

impl EventCode {
    /// Every code, in declaration order.
    pub const ALL: [Self; 35] = [
        Self::CommandRefused,
        Self::CommandOverruled,
        Self::AuthorizationRefused,
        Self::ChargingStopped,
        Self::OrderRefused,
        Self::OrderAwarded,
        Self::TripCutShort,
        Self::PlanNotFollowed,
        Self::PlanMisses,
        Self::PlanFailed,
        Self::LoadControl,
        Self::DemandResponse,
        Self::ReserveShort,
        Self::ReserveCalled,
        Self::ReserveUndelivered,
        Self::FlexibilityRequested,
        Self::FlexibilityOrdered,
        Self::FlexibilityShort,
        Self::FlexibilityUndelivered,
        Self::FlexibilityRefused,
        Self::MailCarriedOver,
        Self::Quarantined,
        Self::MailUndeliverable,
        Self::InputTaken,
        Self::ClockReanchored,
        Self::FaultBegun,
        Self::FaultEnded,
        Self::ActFailed,
        Self::MirrorBegun,
        Self::MirrorReleased,
        Self::MirrorStale,
        Self::MirrorFresh,
        Self::MirrorRefused,
        Self::MirrorDiverged,
        Self::MirrorAgrees,
    ];

    /// The name used in files and on wires.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandRefused => "command_refused",
            Self::CommandOverruled => "command_overruled",
            Self::AuthorizationRefused => "authorization_refused",
            Self::ChargingStopped => "charging_stopped",
            Self::OrderRefused => "order_refused",
            Self::OrderAwarded => "order_awarded",
            Self::TripCutShort => "trip_cut_short",
            Self::PlanNotFollowed => "plan_not_followed",
            Self::PlanMisses => "plan_misses",
            Self::PlanFailed => "plan_failed",
            Self::LoadControl => "load_control",
            Self::DemandResponse => "demand_response",
            Self::ReserveShort => "reserve_short",
            Self::ReserveCalled => "reserve_called",
            Self::ReserveUndelivered => "reserve_undelivered",
            Self::FlexibilityRequested => "flexibility_requested",
            Self::FlexibilityOrdered => "flexibility_ordered",
            Self::FlexibilityShort => "flexibility_short",
            Self::FlexibilityUndelivered => "flexibility_undelivered",
            Self::FlexibilityRefused => "flexibility_refused",
            Self::MailCarriedOver => "mail_carried_over",
            Self::Quarantined => "quarantined",
            Self::MailUndeliverable => "mail_undeliverable",
            Self::InputTaken => "input_taken",
            Self::ClockReanchored => "clock_reanchored",
            Self::FaultBegun => "fault_begun",
            Self::FaultEnded => "fault_ended",
            Self::ActFailed => "act_failed",
            Self::MirrorBegun => "mirror_begun",
            Self::MirrorReleased => "mirror_released",
            Self::MirrorStale => "mirror_stale",
            Self::MirrorFresh => "mirror_fresh",
            Self::MirrorRefused => "mirror_refused",
            Self::MirrorDiverged => "mirror_diverged",
            Self::MirrorAgrees => "mirror_agrees",
        }
    }
}

impl fmt::Display for EventCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
