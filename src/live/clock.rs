//! The clock of a live twin: the pacer, and whoever stops it, lets it do single ticks or run at another speed.

use agents::Time;
use api::{Clock, MOST_TICKS, PaceWish, Reply, SPEEDS};
use twin::{Anchor, Pace, Pacer, Turn};

/// Says when ticks start.
#[derive(Debug)]
pub(super) struct LiveClock {
    pub(super) pacer: Pacer,
    pub(super) is_paused: bool,
    steps: Option<Steps>,
}

/// Ticks that are still to be done while it is paused.
#[derive(Debug)]
struct Steps {
    left: u32,
    /// Whoever waits for the last of them.
    reply: Reply<Result<Clock, String>>,
}

impl LiveClock {
    pub(super) fn new(pacer: Pacer) -> Self {
        Self { pacer, is_paused: false, steps: None }
    }

    /// What to do at this wall time about a twin that has reached `now` and whose next tick is at `next`; none: it stands
    /// still.
    pub(super) fn turn(&mut self, wall: Time, now: Time, next: Time) -> Option<Turn> {
        match (&self.steps, self.is_paused) {
            (Some(_), _) => Some(Turn::Go),
            (None, true) => None,
            (None, false) => Some(self.pacer.turn(wall, now, next)),
        }
    }

    /// Whether nobody waits for the next tick by the clock.
    pub(super) fn is_free_running(&self) -> bool {
        self.steps.is_some() || self.pacer.is_free_running()
    }

    /// A tick is done: who waits for it is told what `clock` says.
    pub(super) fn ticked(&mut self, clock: impl FnOnce(&Self) -> Clock) {
        let Some(steps) = &mut self.steps else { return };
        steps.left -= 1;
        if steps.left == 0
            && let Some(Steps { reply, .. }) = self.steps.take()
        {
            reply.send(Ok(clock(self)));
        }
    }

    /// Changes how time passes from this wall time on; the twin has reached `now`, and its next tick is at `next`. What has
    /// passed since the last tick is not lost by that.
    ///
    /// # Errors
    /// What is wrong with the wish.
    pub(super) fn set(&mut self, wish: PaceWish, wall: Time, [now, next]: [Time; 2]) -> Result<(), String> {
        let pace = match wish {
            PaceWish::Speed(speed) if !SPEEDS.contains(&speed) => {
                return Err(format!("a speed is a number from {} to {}, or \"max\"", SPEEDS.start(), SPEEDS.end()));
            }
            PaceWish::Speed(speed) => Pace::Clock(speed),
            PaceWish::FlatOut => Pace::FlatOut,
            PaceWish::Pause | PaceWish::Resume => self.pacer.pace(),
        };
        let was_paused = self.is_paused;
        match wish {
            PaceWish::Resume => self.is_paused = false,
            PaceWish::Pause => self.is_paused = true,
            PaceWish::Speed(_) | PaceWish::FlatOut => {}
        }
        if self.is_paused == was_paused && self.pacer.pace() == pace {
            return Ok(());
        }
        self.give_up_steps("time was told to pass in another way meanwhile");
        let twin = match self.pacer.twin_time(wall).filter(|_| !was_paused) {
            Some(time) => time.clamp(now, next),
            // Where it stood when it was paused, if it did no tick since.
            None => self.pacer.anchor().twin.clamp(now, next),
        };
        self.pacer.set(pace, Anchor { wall, twin });
        Ok(())
    }

    /// Does so many ticks as soon as it can; `reply` is told after the last.
    pub(super) fn step(&mut self, ticks: u32, reply: Reply<Result<Clock, String>>) {
        if !self.is_paused {
            reply.send(Err("the twin is not paused: pause it first".into()));
        } else if self.steps.is_some() {
            reply.send(Err("it is doing the ticks that somebody asked for already: try again".into()));
        } else if !(1..=MOST_TICKS).contains(&ticks) {
            reply.send(Err(format!("ask for 1 to {MOST_TICKS} ticks")));
        } else {
            self.steps = Some(Steps { left: ticks, reply });
        }
    }

    /// Tells who waits for ticks that they will not be done.
    pub(super) fn give_up_steps(&mut self, why: &str) {
        if let Some(Steps { left, reply }) = self.steps.take() {
            reply.send(Err(format!("{left} ticks were not done: {why}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Span;

    const TICK: Span = Span::from_s(1);
    const TICK_AHEAD: [Time; 2] = [Time(0), Time(1000)];

    fn clock() -> LiveClock {
        let anchor = Anchor { wall: Time(0), twin: Time(0) };
        LiveClock::new(Pacer::new(Pace::Clock(1.0), anchor, TICK, Span::MINUTE))
    }

    fn shown(clock: &LiveClock) -> Clock {
        Clock {
            now: Time(0),
            tick: TICK,
            pace: clock.pacer.pace(),
            is_paused: clock.is_paused,
            ticks: 0,
            late_ticks: 0,
            latest: Span::ZERO,
            last_tick_ms: 0.0,
            restarts: 0,
        }
    }

    #[test]
    fn a_paused_clock_stands_still_and_goes_on_from_there() {
        let mut clock = clock();
        clock.set(PaceWish::Pause, Time(500), TICK_AHEAD).expect("a wish");
        assert_eq!(clock.turn(Time(3_600_000), Time(0), Time(1000)), None);
        clock.set(PaceWish::Resume, Time(3_600_000), TICK_AHEAD).expect("a wish");
        assert_eq!(clock.turn(Time(3_600_400), Time(0), Time(1000)), Some(Turn::Wait(Span(100))));
    }

    #[test]
    fn whoever_tells_it_the_same_again_and_again_does_not_stop_it() {
        let mut clock = clock();
        for wall in (0..1000).step_by(100) {
            clock.set(PaceWish::Speed(1.0), Time(wall), TICK_AHEAD).expect("a wish");
            clock.set(PaceWish::Speed(1.5), Time(wall), TICK_AHEAD).expect("a wish");
            clock.set(PaceWish::Pause, Time(wall), TICK_AHEAD).expect("a wish");
            clock.set(PaceWish::Resume, Time(wall), TICK_AHEAD).expect("a wish");
            clock.set(PaceWish::Speed(1.0), Time(wall), TICK_AHEAD).expect("a wish");
        }
        assert_eq!(clock.turn(Time(1000), Time(0), Time(1000)), Some(Turn::Go));
    }

    #[test]
    fn a_speed_holds_from_now_on_and_what_can_not_be_meant_is_refused() {
        let mut clock = clock();
        clock.set(PaceWish::Speed(10.0), Time(0), TICK_AHEAD).expect("a wish");
        assert_eq!(clock.turn(Time(0), Time(0), Time(1000)), Some(Turn::Wait(Span(100))));
        for wrong in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(clock.set(PaceWish::Speed(wrong), Time(0), TICK_AHEAD).is_err());
        }
        clock.set(PaceWish::FlatOut, Time(0), TICK_AHEAD).expect("a wish");
        assert_eq!(clock.turn(Time(0), Time(0), Time(1000)), Some(Turn::Go));
    }

    #[test]
    fn so_many_ticks_are_done_as_were_asked_for_and_whoever_asked_is_told() {
        let mut clock = clock();
        let told = |clock: &mut LiveClock, ticks| {
            let (reply, answer) = Reply::channel();
            clock.step(ticks, reply);
            answer
        };
        assert!(told(&mut clock, 1).try_recv().expect("told").is_err(), "not paused");
        clock.set(PaceWish::Pause, Time(0), TICK_AHEAD).expect("a wish");
        let mut answer = told(&mut clock, 2);
        assert!(told(&mut clock, 1).try_recv().expect("told").is_err(), "one after the other");
        assert_eq!(clock.turn(Time(0), Time(0), Time(1000)), Some(Turn::Go));
        clock.ticked(shown);
        assert!(answer.try_recv().is_err(), "one tick is still to be done");
        clock.ticked(shown);
        assert_eq!(answer.try_recv().expect("told").map(|clock| clock.is_paused), Ok(true));
        assert_eq!(clock.turn(Time(0), Time(0), Time(1000)), None);
        let mut answer = told(&mut clock, 5);
        clock.set(PaceWish::Resume, Time(0), TICK_AHEAD).expect("a wish");
        assert!(answer.try_recv().expect("told").is_err());
        assert!(told(&mut clock, 0).try_recv().expect("told").is_err());
    }
}
