//! How long to wait before a broker is tried again: longer each time, and never at the same instant as everybody else.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that held so long was a good one: the next is tried soon.
const GOOD: Duration = Duration::from_secs(10);

/// Waits between attempts.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after a connection that held for `held`, with a `chance` in [0, 1).
    pub(crate) fn after(&mut self, held: Duration, chance: f64) -> Duration {
        if held >= GOOD {
            self.failures = 0;
        }
        let limit = (SHORTEST * 2 * 2_u32.pow(self.failures.min(6))).min(LONGEST);
        self.failures += 1;
        limit.mul_f64(0.5 + chance / 2.0).max(SHORTEST)
    }
}

/// A number in [0, 1), another one each time.
pub(crate) fn chance() -> f64 {
    // Nothing of the simulation hangs on it: the standard library's seeds do.
    (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_half_a_second_to_half_a_minute() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..8).map(|_| backoff.after(Duration::ZERO, 0.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
        assert_eq!(backoff.after(Duration::ZERO, 0.999_999).as_secs(), 29);
    }

    #[test]
    fn after_a_good_connection_they_begin_anew() {
        let mut backoff = Backoff::default();
        for _ in 0..8 {
            backoff.after(Duration::ZERO, 0.0);
        }
        assert_eq!(backoff.after(Duration::from_secs(10), 0.0), SHORTEST);
    }

    #[test]
    fn chance_is_not_always_the_same() {
        let drawn: Vec<_> = (0..20).map(|_| chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(drawn.iter().any(|chance| *chance != drawn[0]));
    }
}
