//! Commands to a device: many sides ask, one power results.
//!
//! Limits intersect. Of the setpoints in force the highest priority wins; between equals the one that took
//! effect last, and between those of one instant the more cautious one, never the lower id. Why a
//! command lost is recorded.
//!
//! A reserve stands beside the setpoint: of the reserves in force whose priority is not below that of the winning
//! setpoint the highest floor wins, between equals the stronger charge. A setpoint of higher priority sets a reserve
//! aside, which is recorded like a lost setpoint.

mod book;

pub use book::{CommandBook, Resolved, lower};

use crate::id::{Kind, MeterId, ParticipantId};
use crate::number;
use crate::series::Series;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who may overrule whom; later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The device's own habit, a user at the device.
    Local,
    /// The market's or the energy manager's plan.
    Ems,
    /// The DSO in an emergency.
    DsoEmergency,
    /// The operator of the plant.
    Operator,
    /// Protection of people and equipment.
    Safety,
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Ems => "EMS",
            Self::DsoEmergency => "DSO emergency",
            Self::Operator => "operator",
            Self::Safety => "safety",
        })
    }
}

/// A value, or one that changes on a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// The same until the command expires.
    Constant(#[serde(with = "number")] f64),
    /// As the series says; outside it the command is not in force.
    Series(Series),
}

impl Value {
    fn at(&self, time: Time) -> Option<f64> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Series(series) => series.at(time),
        }
    }

    /// The least and the largest value it will ever take; none of a schedule without values.
    pub fn range(&self) -> Option<(f64, f64)> {
        let values = self.values().ok()?;
        let bound = |pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick);
        Some((bound(f64::min)?, bound(f64::max)?))
    }

    /// All values it will ever take, or why it has none that can be used.
    fn values(&self) -> Result<&[f64], Refusal> {
        let values = match self {
            Self::Constant(value) => std::slice::from_ref(value),
            Self::Series(series) if series.step.0 <= 0 || series.values.is_empty() => {
                return Err(Refusal::EmptySchedule);
            }
            Self::Series(series) => &series.values,
        };
        if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(Refusal::NotFinite) }
    }
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Directive {
    /// Hold this power in kW, consumption positive.
    Setpoint(Value),
    /// Take this share of what the meter shows without the followers, so that it comes to zero.
    FollowMeter {
        /// The meter to bring to zero.
        meter: MeterId,
        /// Share of the residual this device answers for, in (0, 1].
        #[serde(with = "number")]
        share: f64,
    },
    /// Consume at most this power in kW, at least 0.
    ImportLimit(Value),
    /// Produce at most this power in kW, at least 0.
    ExportLimit(Value),
    /// Keep this much energy stored; whoever has no higher priority can not discharge below it.
    Reserve(Reserve),
    /// Forget all that this source has asked for with this priority.
    Withdraw,
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |f: &mut fmt::Formatter<'_>, what: &str, value: &Value| match value {
            Value::Constant(kw) => write!(f, "{what} {kw} kW"),
            Value::Series(series) => write!(f, "{what} of {} values", series.values.len()),
        };
        match self {
            Self::Setpoint(asked) => value(f, "setpoint", asked),
            Self::ImportLimit(asked) => value(f, "import limit", asked),
            Self::ExportLimit(asked) => value(f, "export limit", asked),
            Self::FollowMeter { share, .. } => write!(f, "follow a meter with a share of {share}"),
            Self::Reserve(reserve) => write!(f, "reserve {} kWh", reserve.energy_kwh),
            Self::Withdraw => f.write_str("withdraw"),
        }
    }
}

/// Energy that is kept back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// The energy, kWh, at least 0; what the storage can not hold of it is not kept.
    #[serde(with = "number")]
    pub energy_kwh: f64,
    /// Power at the AC terminals with which it is charged back while less is stored, kW; 0: not at all.
    #[serde(with = "number")]
    pub power_kw: f64,
}

impl Reserve {
    /// The one with the higher floor; between equals the one that charges back faster.
    fn or_higher(self, other: Option<Self>) -> Self {
        let rank = |reserve: Self| (reserve.energy_kwh, reserve.power_kw);
        other.filter(|other| rank(*other) > rank(self)).unwrap_or(self)
    }
}

/// The class of reserves.
const RESERVE: u8 = 3;
/// The class of withdrawals, of which none is ever in force.
const WITHDRAWAL: u8 = 4;

impl Directive {
    /// Directives of one class replace each other when they come from one source.
    fn class(&self) -> u8 {
        match self {
            Self::Setpoint(_) | Self::FollowMeter { .. } => 0,
            Self::ImportLimit(_) => 1,
            Self::ExportLimit(_) => 2,
            Self::Reserve(_) => RESERVE,
            Self::Withdraw => WITHDRAWAL,
        }
    }

    fn next_change(&self, time: Time) -> Option<Time> {
        match self {
            Self::Setpoint(Value::Series(series))
            | Self::ImportLimit(Value::Series(series))
            | Self::ExportLimit(Value::Series(series)) => series.next_change(time),
            _ => None,
        }
    }

    /// How hard a setpoint drives the device at `time`; a meter is followed more boldly than any power is held.
    fn boldness(&self, time: Time) -> f64 {
        match self {
            Self::Setpoint(value) => value.at(time).map_or(0.0, f64::abs),
            _ => f64::INFINITY,
        }
    }
}

/// A request to a device, from inside or outside the twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Who asks; [`ParticipantId::OUTSIDE`] for external inputs.
    pub source: ParticipantId,
    /// With what right.
    pub priority: Priority,
    /// For what.
    pub directive: Directive,
    /// First instant at which it holds.
    pub effective: Time,
    /// First instant at which it holds no more.
    pub expires: Time,
}

impl Command {
    fn holds(&self, time: Time) -> bool {
        self.effective <= time && time < self.expires
    }

    /// Whether a device of this capability can take the command at `time`.
    ///
    /// # Errors
    /// [`Refusal`], whose text names the remedy.
    pub fn examine(&self, capability: Capability, time: Time) -> Result<(), Refusal> {
        if self.expires <= time || self.expires <= self.effective {
            return Err(Refusal::Expired);
        }
        match (&self.directive, capability) {
            (Directive::Setpoint(_) | Directive::FollowMeter { .. }, Capability::LimitsOnly) => {
                Err(Refusal::LimitsOnly)
            }
            (Directive::FollowMeter { .. }, Capability::Setpoints) => Err(Refusal::FollowsNoMeter),
            (Directive::FollowMeter { share, .. }, _) => {
                if *share > 0.0 && *share <= 1.0 {
                    Ok(())
                } else {
                    Err(Refusal::ShareOutOfRange)
                }
            }
            (Directive::Reserve(reserve), Capability::FollowsMeter) => {
                let is_sound = |value: f64| value.is_finite() && value >= 0.0;
                let sound = is_sound(reserve.energy_kwh) && is_sound(reserve.power_kw);
                if sound { Ok(()) } else { Err(Refusal::ReserveOutOfRange) }
            }
            (Directive::Reserve(_), _) => Err(Refusal::KeepsNoReserve),
            (Directive::Withdraw, _) => Ok(()),
            (Directive::Setpoint(value), _) => value.values().map(|_| ()),
            (Directive::ImportLimit(value) | Directive::ExportLimit(value), _) => {
                if value.values()?.iter().all(|limit| *limit >= 0.0) { Ok(()) } else { Err(Refusal::NegativeLimit) }
            }
        }
    }
}

/// Why a command can not be taken at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A value is NaN or infinite.
    #[error("its value is not a finite number: send kW as a finite number")]
    NotFinite,
    /// A schedule without values, or whose step is not positive.
    #[error("its schedule is empty, or its step is not positive")]
    EmptySchedule,
    /// A limit is negative.
    #[error("a limit must be at least 0 kW")]
    NegativeLimit,
    /// A share lies outside (0, 1].
    #[error("the share of a followed meter must lie in (0, 1]")]
    ShareOutOfRange,
    /// It ends before it begins, or has already ended.
    #[error("it has expired, or ends before it takes effect")]
    Expired,
    /// The device can not do that kind of thing.
    #[error("this device takes limits only, no setpoint and no meter to follow")]
    LimitsOnly,
    /// The device does not discharge.
    #[error("this device follows no meter: send a setpoint")]
    FollowsNoMeter,
    /// A reserve's energy or power is negative or not finite.
    #[error("a reserve needs a finite energy in kWh and a finite power in kW, both at least 0")]
    ReserveOutOfRange,
    /// The device stores nothing that it could keep.
    #[error("this device keeps no reserve: batteries do")]
    KeepsNoReserve,
}

/// What a device understands besides limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capability {
    /// Nothing: PV and loads.
    LimitsOnly,
    /// Setpoints: charge points.
    Setpoints,
    /// Setpoints, meters to follow and reserves: batteries.
    FollowsMeter,
}

impl Capability {
    /// What devices of this kind understand; none of a kind that takes no commands.
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Pv | Kind::Load => Some(Self::LimitsOnly),
            Kind::Evse => Some(Self::Setpoints),
            Kind::Battery => Some(Self::FollowsMeter),
            _ => None,
        }
    }
}

/// The control mode a winning setpoint puts a device in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Mode {
    /// Hold a power in kW, consumption positive.
    Hold(f64),
    /// Bring a share of a meter's residual to zero.
    Follow {
        /// The meter.
        meter: MeterId,
        /// Share of the residual to answer for.
        share: f64,
    },
}

impl Command {
    fn beats(&self, other: &Self, time: Time) -> bool {
        let rank = |command: &Self| (command.priority, command.effective);
        match rank(self).cmp(&rank(other)) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => self.directive.boldness(time) < other.directive.boldness(time),
        }
    }

    fn mode(&self, time: Time) -> Option<Mode> {
        match &self.directive {
            Directive::Setpoint(value) => value.at(time).map(Mode::Hold),
            Directive::FollowMeter { meter, share } => Some(Mode::Follow { meter: *meter, share: *share }),
            _ => None,
        }
    }
}
