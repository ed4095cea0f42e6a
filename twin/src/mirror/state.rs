//! What is known of one mirrored asset, all of it: plain data that a snapshot keeps.

use super::rules::{Refusal, Sound, Spec};
use super::window::Window;
use crate::physics::storage::StorageUnit;
use agents::face::FieldQuantity;
use agents::reading::{AssetState, MirrorReading, round_energy_kwh, round_power_kw};
use agents::record::EventCode;
use agents::{ParticipantId, Span, Time};
use scenarios::MirrorParameters;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often at most it is told that readings go on being refused.
const TELL_EVERY: Span = Span::from_minutes(15);

/// A mirrored asset, or one whose readings were refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MirrorState {
    /// Since which tick it is mirrored; none: it is simulated.
    since: Option<Time>,
    /// Time of the last reading taken of each quantity, in the order of [`FieldQuantity::ALL`].
    taken: [Option<Time>; FieldQuantity::ALL.len()],
    /// Power last read, kW.
    power_kw: Option<f64>,
    /// State last read.
    state: Option<AssetState>,
    /// An energy that was read and not taken on yet, kWh.
    pending_kwh: Option<(Time, f64)>,
    /// Whether the energy last taken on was expected to be that of the model.
    is_anchored: bool,
    /// Stored energy that readings and powers of the field added to what the model explains, since it is mirrored, kWh.
    unexplained_kwh: f64,
    is_stale: bool,
    /// Residual of power by hours.
    power: Divergence,
    /// Residuals of energy.
    energy: Divergence,
    refused: BTreeMap<Refusal, Refused>,
    /// What the present interval has seen.
    #[serde(skip)]
    seen: Seen,
}

/// How far field and model have parted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Divergence {
    window: Window,
    is_told: bool,
}

/// Readings refused for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Refused {
    count: u64,
    /// How many of them events have told, and when one did last.
    told: u64,
    told_at: Time,
    /// Whether none came for a while.
    is_over: bool,
}

/// One interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Seen {
    /// The power that holds throughout.
    held_kw: Option<f64>,
    model_kw: f64,
    energy: Option<Innovation>,
}

/// An energy that was taken on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Innovation {
    read_kwh: f64,
    /// What was read, within the capacity, less what was expected.
    residual_kwh: f64,
    /// Whether the model could know what to expect.
    is_modelled: bool,
}

impl MirrorState {
    /// Since which tick it is mirrored; none: it is simulated.
    pub fn since(&self) -> Option<Time> {
        self.since
    }

    /// How many of its readings were refused for this reason since the start.
    pub fn refused(&self, why: Refusal) -> u64 {
        self.refused.get(&why).map_or(0, |refused| refused.count)
    }

    /// Stored energy that readings and powers of the field added to what the model explains, since it is mirrored, kWh.
    ///
    /// What a mirrored store holds more is what came in at its terminals, less losses, and this.
    pub fn unexplained_kwh(&self) -> f64 {
        self.unexplained_kwh
    }

    /// Time of the last reading that was taken of a quantity.
    pub(super) fn last_taken(&self, quantity: FieldQuantity) -> Option<Time> {
        self.taken[quantity as usize]
    }

    /// Takes a sound reading at tick `now`; returns whether the asset was simulated until then.
    pub(super) fn take(&mut self, now: Time, quantity: FieldQuantity, time: Time, reading: Sound) -> bool {
        self.taken[quantity as usize] = Some(time);
        match reading {
            Sound::Power(power_kw) => self.power_kw = Some(power_kw),
            Sound::State(state) => self.state = Some(state),
            Sound::Energy(energy_kwh) if self.pending_kwh.is_none_or(|(other, _)| other <= time) => {
                self.pending_kwh = Some((time, energy_kwh));
            }
            Sound::Energy(_) => {}
        }
        self.since.replace(self.since.unwrap_or(now)).is_none()
    }

    /// Simulated from now on; returns whether it was mirrored. When its readings were, and what was refused, stays known.
    pub(super) fn release(&mut self) -> bool {
        let (taken, refused) = (self.taken, std::mem::take(&mut self.refused));
        let was_mirrored = self.since.is_some();
        *self = Self { taken, refused, ..Self::default() };
        was_mirrored
    }

    /// Counts a refused reading; returns whether to tell of it at once.
    pub(super) fn refuse(&mut self, now: Time, why: Refusal) -> bool {
        let blank = Refused { count: 0, told: 0, told_at: now, is_over: true };
        let refused = self.refused.entry(why).or_insert(blank);
        refused.count += 1;
        let begins = std::mem::take(&mut refused.is_over);
        if begins {
            (refused.told, refused.told_at) = (refused.count, now);
        }
        begins
    }

    /// Tells from time to time how many more readings were refused; none for a while, and it is over.
    pub(super) fn tell_refused(&mut self, now: Time, tell: &mut impl FnMut(EventCode, String)) {
        for (why, refused) in &mut self.refused {
            if refused.is_over || now - refused.told_at < TELL_EVERY {
                continue;
            }
            let more = refused.count - refused.told;
            refused.is_over = more == 0;
            (refused.told, refused.told_at) = (refused.count, now);
            if more > 0 {
                let detail = format!("{more} more readings were {why}: {} in all", refused.count);
                tell(EventCode::MirrorRefused, detail);
            }
        }
    }

    /// Begins the interval of which `middle` is the middle: what holds then holds throughout.
    pub(super) fn begin(&mut self, middle: Time, rules: &MirrorParameters, tell: &mut impl FnMut(EventCode, String)) {
        let holds = |time: Option<Time>| time.is_some_and(|time| middle < time + rules.hold);
        let power_time = self.last_taken(FieldQuantity::Power);
        self.seen = Seen { held_kw: self.power_kw.filter(|_| holds(power_time)), ..Seen::default() };
        // An asset that never told a power is as fresh as whatever it told.
        let is_stale = !holds(if self.power_kw.is_some() { power_time } else { self.last_sound() });
        if is_stale && !self.is_stale {
            (self.is_anchored, self.pending_kwh) = (false, self.pending_kwh.filter(|(time, _)| holds(Some(*time))));
            self.power.window.clear();
            self.energy.window.clear();
            tell(
                EventCode::MirrorStale,
                format!("nothing holds that was read more than {} s ago: its model carries on", rules.hold.seconds()),
            );
        } else if self.is_stale && !is_stale {
            tell(EventCode::MirrorFresh, "readings are back".into());
        }
        self.is_stale = is_stale;
    }

    /// The power that holds throughout the interval, kW.
    pub(crate) fn held_kw(&self) -> Option<f64> {
        self.seen.held_kw
    }

    /// The state that holds throughout the interval.
    pub(crate) fn held_state(&self) -> Option<AssetState> {
        self.state.filter(|_| !self.is_stale)
    }

    /// Notes what the model did in the interval.
    pub(crate) fn note_model(&mut self, power_kw: f64) {
        self.seen.model_kw = power_kw;
    }

    pub(crate) fn note_unexplained(&mut self, energy_kwh: f64) {
        self.unexplained_kwh += energy_kwh;
    }

    /// Takes on an energy that was read until `start`, before the interval that begins then. `is_modelled`: whether the
    /// model knows how the energy should have changed, as it does not of a vehicle that is away.
    pub(crate) fn assimilate_before(&mut self, unit: &mut StorageUnit, start: Time, is_modelled: bool) {
        if self.pending_kwh.is_some_and(|(time, _)| time <= start) {
            self.assimilate(unit, unit.energy_kwh, is_modelled);
        }
    }

    /// Takes on an energy that was read within the interval of `length` that began at `start` with `before_kwh`: what the
    /// store held at that instant lies on a straight line.
    pub(crate) fn assimilate_after(
        &mut self,
        unit: &mut StorageUnit,
        (start, length): (Time, Span),
        before_kwh: f64,
        is_modelled: bool,
    ) {
        if let Some((time, _)) = self.pending_kwh {
            let passed = ((time - start).hours() / length.hours()).clamp(0.0, 1.0);
            self.assimilate(unit, before_kwh + (unit.energy_kwh - before_kwh) * passed, is_modelled);
        }
    }

    fn assimilate(&mut self, unit: &mut StorageUnit, expected_kwh: f64, is_modelled: bool) {
        let Some((_, read_kwh)) = self.pending_kwh.take() else { return };
        let residual_kwh = read_kwh.clamp(0.0, unit.spec.capacity_kwh) - expected_kwh;
        self.unexplained_kwh += unit.move_by(residual_kwh);
        // From the first one on the model knows where it stands.
        let is_modelled = std::mem::replace(&mut self.is_anchored, is_modelled) && is_modelled;
        self.seen.energy = Some(Innovation { read_kwh, residual_kwh, is_modelled });
    }

    /// Ends the interval: compares field and model.
    pub(super) fn end(
        &mut self,
        (start, length): (Time, Span),
        (rules, spec): (&MirrorParameters, &Spec),
        tell: &mut impl FnMut(EventCode, String),
    ) {
        if let Some(held_kw) = self.seen.held_kw {
            let residual_kw = held_kw - self.seen.model_kw;
            self.power.window.add(start, length, residual_kw * length.hours(), rules.diverged_for);
            if let Some(mean_kw) = self.power.window.mean(rules.diverged_for) {
                let limit_kw = rules.diverged_above * spec.rating_kw;
                self.power.judge(mean_kw, limit_kw, ["power", "kW"], rules.diverged_for, tell);
            }
        }
        if let (Some(innovation), Some(capacity_kwh)) = (self.seen.energy, spec.capacity_kwh) {
            if innovation.is_modelled {
                self.energy.window.add(start, length, innovation.residual_kwh, rules.diverged_for);
            } else {
                self.energy.window.clear();
            }
            let limit_kwh = rules.energy_diverged_above * capacity_kwh;
            self.energy.judge(self.energy.window.sum(), limit_kwh, ["energy", "kWh"], rules.diverged_for, tell);
        }
    }

    /// The interval as it is shown, which ended at `end`.
    pub(super) fn reading(&self, asset: ParticipantId, end: Time) -> MirrorReading {
        let Seen { held_kw, model_kw, energy } = self.seen;
        let age = |time: Time| (end - time).max(Span::ZERO);
        MirrorReading {
            asset,
            field_power_kw: held_kw.map(round_power_kw),
            model_power_kw: round_power_kw(model_kw),
            residual_kw: held_kw.map(|held_kw| round_power_kw(held_kw - model_kw)),
            field_energy_kwh: energy.map(|energy| round_energy_kwh(energy.read_kwh)),
            energy_residual_kwh: energy.map(|energy| round_energy_kwh(energy.residual_kwh)),
            staleness_s: self.last_sound().map_or(0.0, |time| age(time).seconds()),
            is_stale: self.is_stale,
        }
    }

    fn last_sound(&self) -> Option<Time> {
        self.taken.iter().flatten().max().copied()
    }
}

impl Divergence {
    /// Tells when `mean` leaves the limits, and when it is well within them again.
    fn judge(
        &mut self,
        mean: f64,
        limit: f64,
        [what, unit]: [&str; 2],
        span: Span,
        tell: &mut impl FnMut(EventCode, String),
    ) {
        let code = match self.is_told {
            false if mean.abs() > limit => EventCode::MirrorDiverged,
            true if mean.abs() < limit / 2.0 => EventCode::MirrorAgrees,
            _ => return,
        };
        self.is_told = !self.is_told;
        let seconds = span.seconds();
        tell(code, format!("{what}: {mean:+.3} {unit} against the model in {seconds} s, where {limit:.3} are allowed"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Kind;
    use scenarios::BatteryParameters;

    const SPEC: Spec = Spec { kind: Kind::Battery, rating_kw: 50.0, capacity_kwh: Some(100.0) };

    fn second(second: i64) -> Time {
        Time(0) + Span::from_s(second)
    }

    fn rules() -> MirrorParameters {
        MirrorParameters::from_toml("").expect("all have defaults")
    }

    fn battery() -> StorageUnit {
        let text = "capacity_kwh = 100.0\npower_kw = 50.0";
        StorageUnit::new((&BatteryParameters::from_toml(text).expect("well-formed")).into())
    }

    fn power_at(state: &mut MirrorState, time: i64, power_kw: f64) {
        state.take(second(time), FieldQuantity::Power, second(time), Sound::Power(power_kw));
    }

    fn energy_at(state: &mut MirrorState, time: i64, energy_kwh: f64) {
        state.take(second(time), FieldQuantity::Energy, second(time), Sound::Energy(energy_kwh));
    }

    /// What is told when an interval has this middle.
    fn begin(state: &mut MirrorState, middle: i64) -> Vec<EventCode> {
        let mut told = Vec::new();
        state.begin(second(middle), &rules(), &mut |code, _| told.push(code));
        told
    }

    #[test]
    fn a_power_holds_for_ninety_seconds_and_silence_and_its_end_are_told_once() {
        let mut state = MirrorState::default();
        power_at(&mut state, 0, 7.0);
        assert_eq!((begin(&mut state, 89), state.held_kw()), (vec![], Some(7.0)));
        assert_eq!((begin(&mut state, 90), state.held_kw()), (vec![EventCode::MirrorStale], None));
        assert_eq!(begin(&mut state, 91), []);
        power_at(&mut state, 100, 8.0);
        assert_eq!((begin(&mut state, 101), state.held_kw()), (vec![EventCode::MirrorFresh], Some(8.0)));
    }

    #[test]
    fn an_asset_that_tells_no_power_is_as_fresh_as_what_it_tells() {
        let mut state = MirrorState::default();
        energy_at(&mut state, 0, 40.0);
        assert_eq!((begin(&mut state, 80), state.held_kw()), (vec![], None));
        assert_eq!(begin(&mut state, 95), [EventCode::MirrorStale]);
    }

    #[test]
    fn an_energy_corrects_what_the_store_held_when_it_was_read() {
        let (mut state, mut unit) = (MirrorState::default(), battery());
        energy_at(&mut state, 45, 44.0);
        state.assimilate_before(&mut unit, second(0), true);
        assert_eq!(unit.energy_kwh, 50.0, "it is of an instant to come");
        // Of 4 kWh that went out in a minute, 3 kWh had done so by then: 47 kWh were expected.
        unit.energy_kwh = 46.0;
        state.assimilate_after(&mut unit, (second(0), Span::MINUTE), 50.0, true);
        assert_eq!((unit.energy_kwh, state.unexplained_kwh()), (43.0, -3.0));
        let row = state.reading(ParticipantId(0), second(60));
        assert_eq!((row.field_energy_kwh, row.energy_residual_kwh), (Some(44.0), Some(-3.0)));
        assert_eq!(row.staleness_s, 15.0);
        energy_at(&mut state, 60, 105.0);
        state.assimilate_before(&mut unit, second(60), true);
        assert_eq!(unit.energy_kwh, 100.0, "no more than it can hold");
    }

    #[test]
    fn energies_that_are_corrected_again_and_again_part_from_the_model_but_for_the_first() {
        let (mut state, mut unit, mut told) = (MirrorState::default(), battery(), Vec::new());
        for minute in 0..8 {
            // A jump of 30 kWh, then each minute 1.2 kWh less than the model has it.
            energy_at(&mut state, 60 * minute, if minute == 0 { 80.0 } else { unit.energy_kwh - 1.2 });
            begin(&mut state, 60 * minute + 30);
            state.assimilate_before(&mut unit, second(60 * minute), true);
            let interval = (second(60 * minute), Span::MINUTE);
            state.end(interval, (&rules(), &SPEC), &mut |code, detail| told.push((minute, code, detail)));
        }
        // Five per cent of 100 kWh in 5 minutes are allowed.
        let [(5, EventCode::MirrorDiverged, detail)] = &told[..] else { panic!("{told:?}") };
        assert!(detail.contains("energy: -6.000 kWh"), "{detail}");
    }

    #[test]
    fn refused_readings_are_told_at_once_then_every_quarter_hour_until_there_are_none() {
        let (mut state, mut told) = (MirrorState::default(), Vec::new());
        for minute in 0..120 {
            let now = second(60 * minute);
            if minute < 40 && state.refuse(now, Refusal::Wild) {
                told.push((minute, "begins".to_owned()));
            }
            state.tell_refused(now, &mut |_, detail| told.push((minute, detail)));
        }
        let told: Vec<_> =
            told.iter().map(|(minute, detail)| (*minute, detail.split(' ').next().expect("a word"))).collect();
        assert_eq!(told, [(0, "begins"), (15, "15"), (30, "15"), (45, "9")]);
        assert_eq!(state.refused(Refusal::Wild), 40);
        assert!(state.refuse(second(7200), Refusal::Wild), "it begins again");
    }

    #[test]
    fn a_released_asset_forgets_all_but_what_was_refused_and_how_far_its_readings_reached() {
        let mut state = MirrorState::default();
        power_at(&mut state, 10, 7.0);
        energy_at(&mut state, 11, 7.0);
        state.refuse(second(12), Refusal::Late);
        assert!(state.release() && !state.release());
        assert_eq!((state.since(), state.held_kw(), state.refused(Refusal::Late)), (None, None, 1));
        assert_eq!(state.last_taken(FieldQuantity::Power), Some(second(10)));
        assert_eq!(state.pending_kwh, None);
    }

    #[test]
    fn a_state_can_be_kept_and_read_again() {
        let mut state = MirrorState::default();
        power_at(&mut state, 10, 0.1 + 0.2);
        energy_at(&mut state, 11, 7.0);
        state.refuse(second(12), Refusal::WrongKind);
        let text = serde_json::to_string(&state).expect("plain data");
        assert_eq!(serde_json::from_str::<MirrorState>(&text).expect("just written"), state);
    }
}
