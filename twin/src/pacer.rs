//! The pacer: when a tick starts. It is told the wall clock and knows none itself.
//!
//! Twin time and wall time are tied together at an anchor; from there the tick at `t` is due when the wall clock has
//! come as far as `t` lies behind the anchor, divided by the speed. A twin that falls behind runs its ticks one after
//! the other until it has caught up; one that is further behind than it may catch up, because the computer slept,
//! is told to pass the gap in ticks of a market slot ([`crate::Kernel::skip`]). When the wall clock is set back, the
//! twin's time goes on from where it is, and is the wall clock's again when that has come as far: it never stands still
//! and never runs backwards.

use agents::{Span, Time};
use serde::{Deserialize, Serialize};

/// A tick that starts later than it is due by this share of its length is late.
const LATE_SHARE: f64 = 0.1;
/// What no operating system promises to keep is not late.
const LATE_LEAST: Span = Span(50);
/// A wait longer than that of one tick by more than this can only mean that the wall clock was set back.
const SET_BACK: Span = Span::from_s(1);

/// How fast twin time passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// One tick after the other, as fast as they can be computed.
    FlatOut,
    /// This many seconds of twin time in a second of the wall clock, positive; 1: wall clock.
    Clock(f64),
}

/// An instant of the wall clock and the instant of twin time that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The wall clock.
    pub wall: Time,
    /// Twin time.
    pub twin: Time,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is due yet; ask again after at most this long on the wall clock.
    Wait(Span),
    /// Run the next tick.
    Go,
    /// Pass the time until this instant in ticks of a market slot, then go on.
    Skip(Time),
    /// The wall clock was set back by this much: the twin's time goes on from where it is until the wall clock has come
    /// as far again; ask again.
    SetBack(Span),
}

/// Decides when ticks start.
#[derive(Clone, Debug)]
pub struct Pacer {
    pace: Pace,
    anchor: Anchor,
    tick: Span,
    catch_up: Span,
    late: u64,
    latest: Span,
    /// How far behind it was when it began to catch up, while it does.
    backlog: Option<Span>,
    /// Where twin time is tied while the wall clock is behind it.
    held: Option<Anchor>,
}

impl Pacer {
    /// A pacer of ticks of this length that catches up with at most `catch_up` of twin time tick by tick.
    pub fn new(pace: Pace, anchor: Anchor, tick: Span, catch_up: Span) -> Self {
        Self {
            pace,
            anchor,
            tick,
            catch_up: catch_up.max(tick),
            late: 0,
            latest: Span::ZERO,
            backlog: Some(Span::ZERO),
            held: None,
        }
    }

    /// How fast twin time passes.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Where twin time is tied to the wall clock.
    pub fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// Passes time at `pace` from now on, where it is `anchor`: what was missed before is not caught up with.
    pub fn set(&mut self, pace: Pace, anchor: Anchor) {
        (self.pace, self.anchor) = (pace, anchor);
        (self.backlog, self.held) = (None, None);
    }

    /// What twin time it is by the wall clock; none when nothing is tied to it.
    pub fn twin_time(&self, wall: Time) -> Option<Time> {
        let Pace::Clock(speed) = self.pace else { return None };
        let anchor = self.held.unwrap_or(self.anchor);
        Some(anchor.twin + scaled(wall - anchor.wall, speed))
    }

    /// What to do at this wall time about a twin that has reached `now` and whose next tick is at `next`.
    pub fn turn(&mut self, wall: Time, now: Time, next: Time) -> Turn {
        let held = self.held.take();
        // A wall clock that was wrong for a while is right again.
        self.held = held.filter(|_| self.twin_time(wall).is_some_and(|time| time < now));
        let (Pace::Clock(speed), Some(time)) = (self.pace, self.twin_time(wall)) else { return Turn::Go };
        if time < next {
            let wait = scaled(next - time, 1.0 / speed).max(Span(1));
            let longest = scaled(next - now, 1.0 / speed) + SET_BACK;
            // A twin whose time has not come yet waits for it.
            let is_to_begin = now == self.anchor.twin && wall < self.anchor.wall;
            if wait <= longest || is_to_begin {
                self.backlog = None;
                return Turn::Wait(wait);
            }
            self.held = Some(Anchor { wall, twin: now });
            return Turn::SetBack(scaled(now - time, 1.0 / speed));
        }
        let behind = time - next;
        if behind > self.catch_up {
            self.backlog = Some(self.catch_up);
            return Turn::Skip(time.floor(self.tick));
        }
        if let Some(backlog) = &mut self.backlog {
            // The first tick says how much there is to catch up; who falls further behind is late.
            if *backlog == Span::ZERO {
                *backlog = behind.max(Span(1));
            }
            if behind <= *backlog {
                return Turn::Go;
            }
            self.backlog = None;
        }
        let late = scaled(behind, 1.0 / speed);
        if late > LATE_LEAST.max(scaled(self.tick, LATE_SHARE / speed)) {
            self.late += 1;
            self.latest = self.latest.max(late);
        }
        Turn::Go
    }

    /// Whether nobody waits for the next tick: it runs flat out, or catches up with the clock.
    pub fn is_free_running(&self) -> bool {
        self.pace == Pace::FlatOut || self.backlog.is_some()
    }

    /// How many ticks started later than a tenth of their length (at least 50 ms) after they were due; those that caught up
    /// with the clock after a start or a skip are none of them.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// By how much the latest of them was late, on the wall clock.
    pub fn latest(&self) -> Span {
        self.latest
    }
}

fn scaled(span: Span, factor: f64) -> Span {
    // Far beyond any run, and far from where sums overflow.
    const FAR: f64 = 1e15;
    Span((span.0 as f64 * factor).clamp(-FAR, FAR).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Span = Span::from_s(1);

    fn pacer(pace: Pace) -> Pacer {
        let anchor = Anchor { wall: Time(1_000_000), twin: Time(500_000) };
        Pacer::new(pace, anchor, SECOND, Span::MINUTE)
    }

    fn wall(ms: i64) -> Time {
        Time(1_000_000 + ms)
    }

    fn twin(ms: i64) -> Time {
        Time(500_000 + ms)
    }

    #[test]
    fn a_tick_starts_when_the_wall_clock_has_come_to_it() {
        let mut pacer = pacer(Pace::Clock(1.0));
        assert_eq!(pacer.turn(wall(0), twin(0), twin(1000)), Turn::Wait(SECOND));
        assert_eq!(pacer.turn(wall(900), twin(0), twin(1000)), Turn::Wait(Span(100)));
        assert_eq!(pacer.turn(wall(1000), twin(0), twin(1000)), Turn::Go);
        assert_eq!(pacer.turn(wall(1001), twin(1000), twin(2000)), Turn::Wait(Span(999)));
        assert_eq!(pacer.late(), 0);
    }

    #[test]
    fn sixty_times_as_fast_is_sixty_times_as_soon() {
        let mut pacer = pacer(Pace::Clock(60.0));
        assert_eq!(pacer.turn(wall(0), twin(0), twin(60_000)), Turn::Wait(SECOND));
        assert_eq!(pacer.turn(wall(1000), twin(0), twin(60_000)), Turn::Go);
        assert_eq!(pacer.twin_time(wall(2000)), Some(twin(120_000)));
    }

    #[test]
    fn flat_out_never_waits_and_is_never_late() {
        let mut pacer = pacer(Pace::FlatOut);
        assert_eq!(pacer.turn(wall(0), twin(0), twin(1_000_000)), Turn::Go);
        assert_eq!(pacer.turn(wall(Span::DAY.0), twin(0), twin(1000)), Turn::Go);
        assert_eq!((pacer.late(), pacer.twin_time(wall(0))), (0, None));
    }

    #[test]
    fn a_twin_whose_time_has_not_come_waits_for_it() {
        let mut pacer = pacer(Pace::Clock(10.0));
        assert_eq!(pacer.turn(wall(-60_000), twin(0), twin(1000)), Turn::Wait(Span(60_100)));
        assert_eq!(pacer.turn(wall(0), twin(0), twin(1000)), Turn::Wait(Span(100)));
        assert_eq!(pacer.turn(wall(100), twin(0), twin(1000)), Turn::Go);
    }

    #[test]
    fn catching_up_after_a_start_is_not_being_late_but_falling_further_behind_is() {
        let mut pacer = pacer(Pace::Clock(1.0));
        for (at, tick) in [(30_000, 0), (30_100, 1), (30_200, 2)] {
            assert_eq!(pacer.turn(wall(at), twin(tick * 1000), twin((tick + 1) * 1000)), Turn::Go);
            assert!(pacer.is_free_running());
        }
        assert_eq!(pacer.late(), 0);
        assert_eq!(pacer.turn(wall(40_000), twin(3000), twin(4000)), Turn::Go);
        assert_eq!((pacer.late(), pacer.is_free_running()), (1, false));
    }

    #[test]
    fn late_ticks_are_counted_and_the_latest_is_known() {
        let mut pacer = pacer(Pace::Clock(1.0));
        assert_eq!(pacer.turn(wall(0), twin(0), twin(1000)), Turn::Wait(SECOND));
        for (at, late) in [(1100, 0), (1101, 1), (4000, 2), (1050, 2)] {
            assert_eq!(pacer.turn(wall(at), twin(0), twin(1000)), Turn::Go);
            assert_eq!(pacer.late(), late, "{at}");
        }
        assert_eq!(pacer.latest(), Span(3000));
    }

    #[test]
    fn who_slept_longer_than_can_be_caught_up_skips_to_the_present() {
        let mut pacer = pacer(Pace::Clock(1.0));
        assert_eq!(pacer.turn(wall(61_000), twin(0), twin(1000)), Turn::Go, "a minute is caught up");
        assert_eq!(pacer.turn(wall(61_700), twin(0), twin(1000)), Turn::Skip(twin(61_000)));
        assert_eq!(pacer.turn(wall(61_700), twin(61_000), twin(62_000)), Turn::Wait(Span(300)));
    }

    #[test]
    fn a_wall_clock_set_back_does_not_stop_the_twin() {
        let mut pacer = pacer(Pace::Clock(1.0));
        assert_eq!(pacer.turn(wall(1000), twin(0), twin(1000)), Turn::Go);
        assert_eq!(pacer.turn(wall(500), twin(1000), twin(2000)), Turn::Wait(Span(1500)), "within what clocks do");
        assert_eq!(pacer.turn(wall(1000 - 3_600_000), twin(1000), twin(2000)), Turn::SetBack(Span::HOUR));
        assert_eq!(pacer.turn(wall(1000 - 3_600_000), twin(1000), twin(2000)), Turn::Wait(SECOND));
        assert_eq!(pacer.turn(wall(2000 - 3_600_000), twin(1000), twin(2000)), Turn::Go);
        assert_eq!(pacer.turn(wall(2500), twin(2000), twin(3000)), Turn::Wait(Span(500)), "right again");
        assert_eq!(pacer.turn(wall(3000), twin(2000), twin(3000)), Turn::Go);
    }

    #[test]
    fn after_a_pause_or_at_another_speed_time_goes_on_from_where_it_stands() {
        let mut pacer = pacer(Pace::Clock(1.0));
        assert_eq!(pacer.turn(wall(1000), twin(0), twin(1000)), Turn::Go);
        pacer.set(Pace::Clock(2.0), Anchor { wall: wall(7_200_000), twin: twin(1000) });
        assert_eq!(pacer.turn(wall(7_200_000), twin(1000), twin(2000)), Turn::Wait(Span(500)));
        assert_eq!(pacer.turn(wall(7_200_500), twin(1000), twin(2000)), Turn::Go);
        assert_eq!((pacer.late(), pacer.pace()), (0, Pace::Clock(2.0)));
    }

    #[test]
    fn at_speeds_that_divide_nothing_ticks_neither_drift_nor_bunch() {
        let mut pacer = pacer(Pace::Clock(7.3));
        let (mut at, mut now) = (0, twin(0));
        for _ in 0..10_000 {
            let next = now + SECOND;
            while let Turn::Wait(span) = pacer.turn(wall(at), now, next) {
                at += span.0;
            }
            now = next;
        }
        assert!((at - (10_000_000.0 / 7.3) as i64).abs() <= 2, "{at} ms");
        assert_eq!(pacer.late(), 0);
    }
}
