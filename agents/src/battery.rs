//! A stationary battery: reports what it holds every quarter hour, obeys its commands, otherwise follows its habit, and
//! records its health once a local day.

use crate::command::{Capability, CommandBook, Mode, Priority, Reserve};
use crate::core::{Core, Outbox, Wake};
use crate::id::{Kind, ParticipantId};
use crate::look::LastLook;
use crate::mail::{Mail, Message, StorageStatus};
use crate::reading::{round_energy_kwh, round_ratio, round_temperature_c};
use crate::record::{Record, StorageHealth, StorageHealthRow};
use crate::time::{Every, Now, Span, Time};
use market::Energy;
use serde::{Deserialize, Serialize};

/// The mind of a battery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Battery {
    commands: CommandBook,
    /// To whom it reports.
    ems: Option<ParticipantId>,
    /// When it reports, and the register of its terminals at the last report.
    report: Every,
    reported: LastLook,
    /// What it does while no setpoint is in force.
    habit: Mode,
    /// Share of the capacity that only the DSO in an emergency, the operator and safety may use.
    reserve_soc: f64,
    /// The local day under way and its first instant that was lived through; none before the start.
    today: Option<(i64, Time)>,
}

/// What a battery senses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BatterySense {
    /// What it holds and can do.
    pub storage: StorageStatus,
    /// Register of its terminals since the start: charged less discharged.
    pub register: Energy,
    /// Energy of a full battery as it is now.
    pub capacity_kwh: f64,
    /// How it stood when the last local day was over.
    pub health: StorageHealth,
}

/// How the converter shall behave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatteryIntent {
    /// The control mode; the safe one holds 0 kW.
    pub mode: Mode,
    /// Highest charging power at the AC terminals; none: the rating.
    pub import_limit_kw: Option<f64>,
    /// Highest discharging power at the AC terminals, positive; none: the rating.
    pub export_limit_kw: Option<f64>,
    /// Energy that is kept, and charged back where it is missing.
    pub reserve: Option<Reserve>,
    /// Energy below which it does not discharge.
    pub floor_kwh: f64,
}

impl Default for BatteryIntent {
    fn default() -> Self {
        Self { mode: Mode::Hold(0.0), import_limit_kw: None, export_limit_kw: None, reserve: None, floor_kwh: 0.0 }
    }
}

impl Battery {
    /// A battery that reports to `ems`, where it has one, at every multiple of `report_every`.
    ///
    /// While no setpoint is in force it does as `habit` says (none: it rests); a habit has the priority
    /// [`Priority::Local`]. `reserve_soc` is the share of its capacity, at the time, that nobody below
    /// [`Priority::DsoEmergency`] may use.
    pub fn new(ems: Option<ParticipantId>, report_every: Span, habit: Option<Mode>, reserve_soc: f64) -> Self {
        Self {
            commands: CommandBook::new(Capability::FollowsMeter),
            ems,
            report: Every::new(report_every),
            reported: LastLook::default(),
            habit: habit.unwrap_or(Mode::Hold(0.0)),
            reserve_soc,
            today: None,
        }
    }

    /// Reports; what is kept in reserve is not the energy manager's to plan with.
    fn report(&mut self, now: Now, sense: &BatterySense, out: &mut Outbox) {
        let Some(ems) = self.ems else { return };
        if self.report.is_due(now.time) {
            let storage = sense.storage;
            let reserve_kwh = (self.reserve_soc * sense.capacity_kwh).min(storage.max_kwh);
            let min_kwh = storage.min_kwh.max(reserve_kwh);
            let power_kw = self.reported.mean_kw(now.time, sense.register).unwrap_or(storage.power_kw);
            out.send(ems, Message::StorageStatus(StorageStatus { min_kwh, power_kw, ..storage }));
        }
    }

    /// Records the day that has ended, if one has.
    fn record_day(&mut self, now: Now, sense: &BatterySense, out: &mut Outbox) {
        let day = now.day();
        let (known, time) = *self.today.get_or_insert((day, now.time));
        if known != day {
            self.today = Some((day, now.time));
            let health = rounded(&sense.health);
            out.record(Record::StorageHealth(StorageHealthRow { time, asset: out.sender(), health }));
        }
    }
}

fn rounded(health: &StorageHealth) -> StorageHealth {
    StorageHealth {
        soh: round_ratio(health.soh),
        calendar_fade: round_ratio(health.calendar_fade),
        cycle_fade: round_ratio(health.cycle_fade),
        equivalent_full_cycles: round_ratio(health.equivalent_full_cycles),
        cell_mean_c: round_temperature_c(health.cell_mean_c),
        cell_max_c: round_temperature_c(health.cell_max_c),
        lost_kwh: round_energy_kwh(health.lost_kwh),
    }
}

impl Core for Battery {
    const KIND: Kind = Kind::Battery;
    type Sense = BatterySense;
    type Intent = BatteryIntent;

    fn step(&mut self, now: Now, sense: &BatterySense, inbox: &[Mail], out: &mut Outbox) -> BatteryIntent {
        self.report(now, sense, out);
        self.record_day(now, sense, out);
        for mail in inbox {
            if let Message::Command(command) = &mail.message {
                self.commands.take(command, now, out);
            }
        }
        let resolved = self.commands.resolve(now, out);
        let may_use_reserve = resolved.priority >= Some(Priority::DsoEmergency);
        BatteryIntent {
            mode: resolved.mode.unwrap_or(self.habit),
            import_limit_kw: resolved.import_limit_kw,
            export_limit_kw: resolved.export_limit_kw,
            reserve: resolved.reserve,
            floor_kwh: if may_use_reserve { 0.0 } else { self.reserve_soc * sense.capacity_kwh },
        }
    }

    fn command_book(&self) -> Option<&CommandBook> {
        Some(&self.commands)
    }

    fn next_wake(&self, now: Now) -> Wake {
        let report = self.ems.map(|_| self.report.next());
        Wake::At(now.next_midnight()).or_at(report).or_at(self.commands.next_change(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Directive, Value};
    use crate::id::{MeterId, SiteId};
    use crate::time::Calendar;

    const EMS: ParticipantId = ParticipantId(1);
    const BATTERY: ParticipantId = ParticipantId(2);
    const SLOT: Span = Span::from_minutes(15);
    const FOLLOW: Mode = Mode::Follow { meter: MeterId::Site(SiteId(3)), share: 1.0 };

    fn at(minutes: i64) -> Now {
        Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
    }

    fn sense() -> BatterySense {
        let storage = StorageStatus { energy_kwh: 50.0, min_kwh: 5.0, max_kwh: 95.0, ..StorageStatus::default() };
        BatterySense { storage, register: Energy(0), capacity_kwh: 98.0, health: StorageHealth::default() }
    }

    fn command(priority: Priority) -> Mail {
        let directive = Directive::Setpoint(Value::Constant(-10.0));
        let command = Command { source: EMS, priority, directive, effective: at(0).time, expires: at(30).time };
        Mail { to: BATTERY, from: EMS, message: Message::Command(command) }
    }

    #[test]
    fn without_a_setpoint_it_follows_its_habit() {
        let mut battery = Battery::new(None, SLOT, Some(FOLLOW), 0.0);
        let mut out = Outbox::of(BATTERY);
        assert_eq!(battery.step(at(0), &sense(), &[command(Priority::Ems)], &mut out).mode, Mode::Hold(-10.0));
        assert_eq!(battery.next_wake(at(0)), Wake::At(at(30).time));
        assert_eq!(battery.step(at(30), &sense(), &[], &mut out).mode, FOLLOW);
        assert_eq!(Battery::new(None, SLOT, None, 0.0).step(at(0), &sense(), &[], &mut out).mode, Mode::Hold(0.0));
    }

    #[test]
    fn only_the_dso_in_an_emergency_and_above_may_use_the_standing_reserve() {
        let mut out = Outbox::of(BATTERY);
        let floor_kwh = |inbox: &[Mail], out: &mut Outbox| {
            Battery::new(None, SLOT, None, 0.5).step(at(0), &sense(), inbox, out).floor_kwh
        };
        assert_eq!(floor_kwh(&[], &mut out), 49.0);
        for (priority, expected) in [
            (Priority::Local, 49.0),
            (Priority::Ems, 49.0),
            (Priority::DsoEmergency, 0.0),
            (Priority::Operator, 0.0),
            (Priority::Safety, 0.0),
        ] {
            assert_eq!(floor_kwh(&[command(priority)], &mut out), expected, "{priority}");
        }
    }

    #[test]
    fn it_reports_to_its_energy_manager_if_it_has_one_and_keeps_its_reserve_to_itself() {
        let mut out = Outbox::of(BATTERY);
        let mut battery = Battery::new(Some(EMS), SLOT, None, 0.5);
        battery.step(at(0), &sense(), &[], &mut out);
        let Message::StorageStatus(status) = &out.mail[0].message else { panic!("{:?}", out.mail) };
        assert_eq!((out.mail[0].to, status.min_kwh, status.energy_kwh), (EMS, 49.0, 50.0));
        assert_eq!(battery.next_wake(at(0)), Wake::At(at(15).time));
        let (mut out, mut alone) = (Outbox::of(BATTERY), Battery::new(None, SLOT, None, 0.5));
        alone.step(at(0), &sense(), &[], &mut out);
        assert!(out.mail.is_empty());
        assert_eq!(alone.next_wake(at(0)), Wake::At(at(24 * 60).time));
    }

    #[test]
    fn each_local_day_that_has_ended_is_recorded_once() {
        let (mut battery, mut out) = (Battery::new(None, SLOT, None, 0.0), Outbox::of(BATTERY));
        let health = StorageHealth { soh: 0.987_654_321_9, lost_kwh: 1.234_5, ..StorageHealth::default() };
        for minutes in [60, 600, 24 * 60, 24 * 60 + 15, 48 * 60] {
            battery.step(at(minutes), &BatterySense { health, ..sense() }, &[], &mut out);
        }
        let row = |minutes| {
            let health = StorageHealth { soh: 0.987_654_322, lost_kwh: 1.235, ..StorageHealth::default() };
            Record::StorageHealth(StorageHealthRow { time: at(minutes).time, asset: BATTERY, health })
        };
        assert_eq!(out.records, [row(60), row(24 * 60)]);
    }
}
