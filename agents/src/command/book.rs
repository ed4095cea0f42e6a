//! The commands a device has taken, and how those in force come out.

use super::{Capability, Command, Directive, Mode, Priority, RESERVE, Reserve};
use crate::core::Outbox;
use crate::id::ParticipantId;
use crate::record::EventCode;
use crate::time::{Now, Time};
use serde::{Deserialize, Serialize};

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
        if let Err(refusal) = command.examine(self.capability, now.time) {
            let detail = format!("command of priority {} refused: {refusal}", command.priority);
            out.event(now, EventCode::CommandRefused, detail);
            return;
        }
        let same_side = |other: &Command| other.source == command.source && other.priority == command.priority;
        if command.directive == Directive::Withdraw {
            self.commands.retain(|other| !same_side(other));
            return;
        }
        // It takes the place of what the same side wants of the same kind while it holds, neither before nor after that.
        let same = |other: &Command| same_side(other) && other.directive.class() == command.directive.class();
        self.commands
            .retain(|other| !same(other) || other.effective < command.effective || command.expires <= other.effective);
        for other in self.commands.iter_mut().filter(|other| same(other)) {
            if other.effective < command.effective {
                other.expires = other.expires.min(command.effective);
            }
        }
        self.commands.push(command.clone());
    }

    /// The commands it has taken, those of the future too, in the order taken; some may have expired.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The priority that keeps `command`, taken earlier, from having its way at `time`; none: nothing does.
    ///
    /// Limits always have their way, and so does what is not in force, which nothing has to keep from it.
    pub fn overruled_by(&self, command: &Command, time: Time) -> Option<Priority> {
        let class = command.directive.class();
        let acts = |other: &&Command| match &other.directive {
            Directive::Setpoint(value) => other.holds(time) && value.at(time).is_some(),
            Directive::FollowMeter { .. } => other.holds(time),
            _ => false,
        };
        let setpoints = self.commands.iter().filter(acts);
        let winner = setpoints.reduce(|best, other| if other.beats(best, time) { other } else { best })?;
        let same_side = winner.source == command.source && winner.priority == command.priority;
        let loses = match class {
            0 => !same_side && command.holds(time),
            RESERVE => command.holds(time) && command.priority < winner.priority,
            _ => false,
        };
        loses.then_some(winner.priority)
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
                Directive::Reserve(_) | Directive::Withdraw => {}
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
    use crate::command::Value;
    use crate::id::MeterId;
    use crate::series::Series;
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
    fn who_withdraws_forgets_its_own_commands_of_that_priority_and_no_others() {
        let withdrawal = Command { directive: Directive::Withdraw, ..setpoint(1, Priority::Operator, 0.0, 0, 9) };
        let own = setpoint(1, Priority::Operator, 5.0, 0, 9);
        let limit = Command { directive: Directive::ImportLimit(Value::Constant(3.0)), ..own.clone() };
        let weaker = setpoint(1, Priority::Ems, 2.0, 0, 9);
        let (mut book, mut out) = book(&[own, limit, weaker, withdrawal]);
        let resolved = book.resolve(at(1), &mut out);
        assert_eq!((resolved.mode, resolved.import_limit_kw), (Some(Mode::Hold(2.0)), None));
    }

    #[test]
    fn a_command_takes_the_place_of_its_like_for_as_long_as_it_holds() {
        let own = |kw, from, until| setpoint(1, Priority::Operator, kw, from, until);
        let (mut book, mut out) = book(&[own(10.0, 0, 60), own(5.0, 30, 40), own(7.0, 90, 100), own(-1.0, 20, 50)]);
        let modes = [0, 19, 20, 49, 50, 90].map(|minute| match book.resolve(at(minute), &mut out).mode {
            Some(Mode::Hold(kw)) => kw,
            _ => 0.0,
        });
        assert_eq!(modes, [10.0, 10.0, -1.0, -1.0, 0.0, 7.0]);
        assert_eq!(book.commands().len(), 1);
    }

    #[test]
    fn who_is_overruled_can_be_told_by_whom() {
        let ems = setpoint(1, Priority::Ems, 5.0, 0, 9);
        let operator = setpoint(2, Priority::Operator, 2.0, 3, 6);
        let limit = Command { directive: Directive::ImportLimit(Value::Constant(3.0)), ..ems.clone() };
        let reserve = Reserve { energy_kwh: 1.0, power_kw: 0.0 };
        let reserve = Command { directive: Directive::Reserve(reserve), ..ems.clone() };
        let (book, _) = book(&[ems.clone(), operator.clone(), limit.clone(), reserve.clone()]);
        let by = |command, minutes| book.overruled_by(command, at(minutes).time);
        assert_eq!([by(&ems, 1), by(&operator, 1), by(&operator, 4)], [None; 3]);
        assert_eq!([by(&ems, 4), by(&reserve, 4)], [Some(Priority::Operator); 2]);
        assert_eq!([by(&limit, 4), by(&ems, 6), by(&ems, 10)], [None; 3]);
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
