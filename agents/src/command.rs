//! Commands to a device: many sides ask, one power results.
//!
//! Limits intersect. Of the setpoints in force the highest priority wins; between equals the one that took
//! effect last, and between those of one instant the more cautious one, never the lower id. Why a
//! command lost is recorded.
//!
//! A reserve stands beside the setpoint: of the reserves in force whose priority is not below that of the winning
//! setpoint the highest floor wins, between equals the stronger charge. A setpoint of higher priority sets a reserve
//! aside, which is recorded like a lost setpoint.

use crate::core::Outbox;
use crate::id::{MeterId, ParticipantId};
use crate::number;
use crate::record::EventCode;
use crate::series::Series;
use crate::time::{Now, Time};
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

impl Directive {
    /// Directives of one class replace each other when they come from one source.
    fn class(&self) -> u8 {
        match self {
            Self::Setpoint(_) | Self::FollowMeter { .. } => 0,
            Self::ImportLimit(_) => 1,
            Self::ExportLimit(_) => 2,
            Self::Reserve(_) => RESERVE,
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

/// How the commands in force at an instant come out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolved {
    /// What the winning setpoint asks, if one is in force.
    pub mode: Option<Mode>,
    /// Lowest of the import limits in force, kW.
    pub import_limit_kw: Option<f64>,
    /// Lowest of the export limits in force, kW.
    pub export_limit_kw: Option<f64>,
    /// Priority of the winning setpoint, if one is in force.
    pub priority: Option<Priority>,
    /// The reserve that the winning setpoint has to leave, or whatever the device does without one.
    pub reserve: Option<Reserve>,
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

/// The commands a device has taken and not yet outlived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandBook {
    capability: Capability,
    commands: Vec<Command>,
    losers: Vec<Loser>,
}

/// A side whose setpoint or reserve lost and that was told so: a command renewed every quarter hour is not told every time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Loser {
    source: ParticipantId,
    priority: Priority,
    class: u8,
    /// First instant at which it may have ended; who is found losing later is told anew.
    until: Time,
}

impl CommandBook {
    /// An empty book of a device with this capability.
    pub fn new(capability: Capability) -> Self {
        Self { capability, commands: Vec::new(), losers: Vec::new() }
    }

    /// Takes `command`; a refusal or a setpoint that loses is recorded as an event in `out`.
    pub fn take(&mut self, command: &Command, now: Now, out: &mut Outbox) {
        if let Err(refusal) = self.examine(command, now) {
            let detail = format!("command of priority {} refused: {refusal}", command.priority);
            out.event(now, EventCode::CommandRefused, detail);
            return;
        }
        let same = |other: &Command| {
            other.source == command.source
                && other.priority == command.priority
                && other.directive.class() == command.directive.class()
        };
        match self.commands.iter_mut().find(|other| same(other)) {
            Some(other) => *other = command.clone(),
            None => self.commands.push(command.clone()),
        }
    }

    fn examine(&self, command: &Command, now: Now) -> Result<(), Refusal> {
        if command.expires <= now.time || command.expires <= command.effective {
            return Err(Refusal::Expired);
        }
        match (&command.directive, self.capability) {
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
            (Directive::Setpoint(value), _) => value.values().map(|_| ()),
            (Directive::ImportLimit(value) | Directive::ExportLimit(value), _) => {
                if value.values()?.iter().all(|limit| *limit >= 0.0) { Ok(()) } else { Err(Refusal::NegativeLimit) }
            }
        }
    }

    /// Forgets what has expired, decides among what is in force at `now`, and records who newly lost.
    pub fn resolve(&mut self, now: Now, out: &mut Outbox) -> Resolved {
        self.commands.retain(|command| now.time < command.expires);
        let mut resolved =
            Resolved { mode: None, import_limit_kw: None, export_limit_kw: None, priority: None, reserve: None };
        let mut winner: Option<usize> = None;
        for (index, command) in self.commands.iter().enumerate() {
            if !command.holds(now.time) {
                continue;
            }
            match &command.directive {
                Directive::ImportLimit(value) => {
                    resolved.import_limit_kw = lower(resolved.import_limit_kw, value.at(now.time));
                }
                Directive::ExportLimit(value) => {
                    resolved.export_limit_kw = lower(resolved.export_limit_kw, value.at(now.time));
                }
                Directive::Reserve(_) => {}
                Directive::Setpoint(value) if value.at(now.time).is_none() => {}
                Directive::Setpoint(_) | Directive::FollowMeter { .. } => {
                    if winner.is_none_or(|best| command.beats(&self.commands[best], now.time)) {
                        winner = Some(index);
                    }
                }
            }
        }
        if let Some(index) = winner {
            resolved.mode = self.commands[index].mode(now.time);
            resolved.priority = Some(self.commands[index].priority);
            self.tell_losers(index, now, out);
        }
        resolved.reserve = self.reserve(resolved.priority, now);
        resolved
    }

    /// The reserve in force that a setpoint of priority `winner` has to leave.
    fn reserve(&self, winner: Option<Priority>, now: Now) -> Option<Reserve> {
        let binding = |command: &&Command| command.holds(now.time) && Some(command.priority) >= winner;
        let reserves = self.commands.iter().filter(binding).filter_map(|command| match command.directive {
            Directive::Reserve(reserve) => Some(reserve),
            _ => None,
        });
        reserves.fold(None, |highest, reserve| Some(reserve.or_higher(highest)))
    }

    fn tell_losers(&mut self, winner: usize, now: Now, out: &mut Outbox) {
        let winning = &self.commands[winner];
        self.losers.retain(|loser| now.time <= loser.until);
        for (index, command) in self.commands.iter().enumerate() {
            let class = command.directive.class();
            let is_set_aside = class == RESERVE && command.priority < winning.priority;
            if index == winner || !(class == 0 || is_set_aside) || !command.holds(now.time) {
                continue;
            }
            let Command { source, priority, .. } = *command;
            let until = command.expires.min(winning.expires);
            let same = |loser: &&mut Loser| (loser.source, loser.priority, loser.class) == (source, priority, class);
            match self.losers.iter_mut().find(same) {
                Some(loser) => loser.until = until,
                None => {
                    let (what, to) = if is_set_aside { ("reserve", "a setpoint") } else { ("setpoint", "one") };
                    let detail = format!("{what} of priority {priority} lost to {to} of priority {}", winning.priority);
                    out.event(now, EventCode::CommandOverruled, detail);
                    self.losers.push(Loser { source, priority, class, until });
                }
            }
        }
    }

    /// The next instant after `now` at which what is in force may change by itself.
    pub fn next_change(&self, now: Now) -> Option<Time> {
        let change = |command: &Command| {
            if now.time < command.effective {
                Some(command.effective)
            } else {
                Some(command.directive.next_change(now.time).map_or(command.expires, |t| t.min(command.expires)))
            }
        };
        self.commands.iter().filter_map(change).min()
    }
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
            Directive::ImportLimit(_) | Directive::ExportLimit(_) | Directive::Reserve(_) => None,
        }
    }
}

/// The lower of two limits, where there are any.
pub fn lower(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Calendar, Span};

    fn at(minutes: i64) -> Now {
        Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
    }

    fn setpoint(source: u32, priority: Priority, kw: f64, from: i64, until: i64) -> Command {
        Command {
            source: ParticipantId(source),
            priority,
            directive: Directive::Setpoint(Value::Constant(kw)),
            effective: at(from).time,
            expires: at(until).time,
        }
    }

    fn book(commands: &[Command]) -> (CommandBook, Outbox) {
        let (mut book, mut out) = (CommandBook::new(Capability::FollowsMeter), Outbox::of(ParticipantId(9)));
        for command in commands {
            book.take(command, at(0), &mut out);
        }
        (book, out)
    }

    #[test]
    fn the_highest_priority_wins_until_it_expires() {
        let (mut book, mut out) =
            book(&[setpoint(1, Priority::Ems, 10.0, 0, 60), setpoint(2, Priority::Operator, -5.0, 15, 30)]);
        let modes: Vec<_> = [0, 15, 30, 60].map(|m| book.resolve(at(m), &mut out).mode).into();
        assert_eq!(modes, [Some(Mode::Hold(10.0)), Some(Mode::Hold(-5.0)), Some(Mode::Hold(10.0)), None]);
        assert_eq!(out.records.len(), 1, "the EMS is told once that it lost: {:?}", out.records);
    }

    #[test]
    fn a_setpoint_renewed_every_quarter_hour_is_told_once_per_spell_that_it_loses() {
        let (mut book, mut out) = book(&[setpoint(2, Priority::Operator, -5.0, 0, 60)]);
        let mut told = Vec::new();
        for minute in (0..150).step_by(15) {
            // As a device does: what has expired is forgotten before the renewal arrives.
            book.resolve(at(minute), &mut out);
            book.take(&setpoint(1, Priority::Ems, 10.0, minute, minute + 15), at(minute), &mut out);
            if minute == 120 {
                book.take(&setpoint(2, Priority::Operator, -6.0, 120, 180), at(minute), &mut out);
            }
            book.resolve(at(minute), &mut out);
            told.push(out.records.len());
        }
        assert_eq!(told, [1, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
    }

    #[test]
    fn a_number_that_is_none_survives_a_file_and_is_still_refused() {
        let series = Series { start: Time(0), step: Span::from_minutes(15), values: [1.0, f64::INFINITY].into() };
        for directive in [
            Directive::Setpoint(Value::Constant(f64::NAN)),
            Directive::ImportLimit(Value::Series(series)),
            Directive::FollowMeter { meter: MeterId::Island, share: f64::NEG_INFINITY },
        ] {
            let command = Command { directive, ..setpoint(1, Priority::Ems, 0.0, 0, 60) };
            let text = serde_json::to_string(&command).expect("a command is plain data");
            let read: Command = serde_json::from_str(&text).expect("it was just written");
            assert_eq!(serde_json::to_string(&read).expect("a command is plain data"), text);
            let told = |command: &Command| book(std::slice::from_ref(command)).1.records;
            assert_eq!((told(&command).len(), told(&command)), (1, told(&read)));
        }
    }

    #[test]
    fn limits_intersect_whatever_their_priority() {
        let limit = |source, priority, kw| Command {
            directive: Directive::ImportLimit(Value::Constant(kw)),
            ..setpoint(source, priority, 0.0, 0, 60)
        };
        let (mut book, mut out) = book(&[limit(1, Priority::Safety, 8.0), limit(2, Priority::Local, 3.0)]);
        assert_eq!(book.resolve(at(0), &mut out).import_limit_kw, Some(3.0));
    }

    #[test]
    fn between_equals_of_one_instant_the_cautious_one_wins_whatever_the_order() {
        let (bold, cautious) = (setpoint(1, Priority::Ems, 40.0, 0, 60), setpoint(2, Priority::Ems, -2.0, 0, 60));
        for order in [[bold.clone(), cautious.clone()], [cautious, bold]] {
            let (mut book, mut out) = book(&order);
            assert_eq!(book.resolve(at(0), &mut out).mode, Some(Mode::Hold(-2.0)));
        }
    }

    #[test]
    fn what_can_not_be_meant_is_refused_with_a_reason() {
        let refused = [
            setpoint(1, Priority::Ems, f64::NAN, 0, 60),
            setpoint(1, Priority::Ems, 1.0, -60, 0),
            Command {
                directive: Directive::ImportLimit(Value::Constant(-1.0)),
                ..setpoint(1, Priority::Ems, 0.0, 0, 9)
            },
            Command {
                directive: Directive::FollowMeter { meter: MeterId::Island, share: 0.0 },
                ..setpoint(1, Priority::Ems, 0.0, 0, 9)
            },
        ];
        let (mut book, mut out) = book(&refused);
        assert_eq!(book.resolve(at(0), &mut out).mode, None);
        assert_eq!(out.records.len(), refused.len());
    }

    #[test]
    fn a_schedule_announces_its_next_value() {
        let series = Series { start: Time(0), step: Span::from_minutes(15), values: [1.0, 2.0].into() };
        let command =
            Command { directive: Directive::Setpoint(Value::Series(series)), ..setpoint(1, Priority::Ems, 0.0, 0, 60) };
        let (mut book, mut out) = book(&[command]);
        assert_eq!(book.next_change(at(0)), Some(at(15).time));
        assert_eq!(book.resolve(at(15), &mut out).mode, Some(Mode::Hold(2.0)));
        assert_eq!(book.resolve(at(30), &mut out).mode, None, "beyond its series a command says nothing");
    }

    fn reserve(source: u32, priority: Priority, energy_kwh: f64, until: i64) -> Command {
        let directive = Directive::Reserve(Reserve { energy_kwh, power_kw: 5.0 });
        Command { directive, ..setpoint(source, priority, 0.0, 0, until) }
    }

    #[test]
    fn the_highest_floor_wins_among_reserves_that_no_stronger_setpoint_sets_aside() {
        let (mut book, mut out) = book(&[
            setpoint(1, Priority::Ems, -10.0, 0, 60),
            setpoint(3, Priority::DsoEmergency, -20.0, 15, 30),
            reserve(1, Priority::Ems, 40.0, 60),
            reserve(2, Priority::Local, 70.0, 60),
            reserve(4, Priority::Operator, 20.0, 60),
        ]);
        let floors = [0, 15, 30, 60].map(|m| book.resolve(at(m), &mut out).reserve.map(|reserve| reserve.energy_kwh));
        assert_eq!(floors, [Some(40.0), Some(20.0), Some(40.0), None]);
        let told: Vec<_> = out.records.iter().map(|record| format!("{record:?}")).collect();
        let of_reserves = told.iter().filter(|text| text.contains("reserve of priority")).count();
        assert_eq!(
            (told.len(), of_reserves),
            (3, 2),
            "the EMS' setpoint, its reserve and the local one lost: {told:?}"
        );
    }

    #[test]
    fn without_a_setpoint_every_reserve_binds() {
        let (mut book, mut out) = book(&[reserve(2, Priority::Local, 70.0, 60), reserve(1, Priority::Ems, 40.0, 60)]);
        assert_eq!(book.resolve(at(0), &mut out).reserve, Some(Reserve { energy_kwh: 70.0, power_kw: 5.0 }));
        assert!(out.records.is_empty());
    }

    #[test]
    fn a_reserve_is_refused_by_what_stores_nothing_and_when_it_can_not_be_meant() {
        let mut out = Outbox::of(ParticipantId(9));
        for capability in [Capability::LimitsOnly, Capability::Setpoints] {
            CommandBook::new(capability).take(&reserve(1, Priority::Ems, 40.0, 60), at(0), &mut out);
        }
        let (mut book, refused) = book(&[reserve(1, Priority::Ems, -1.0, 60), reserve(2, Priority::Ems, f64::NAN, 60)]);
        assert_eq!((out.records.len(), refused.records.len()), (2, 2));
        assert_eq!(book.resolve(at(0), &mut out).reserve, None);
    }
}
