//! One storage, scheduled: costs of other schedulers, costs of another solver, and what happens where limits cannot hold.

#![expect(clippy::unwrap_used, reason = "a test stops at the first error")]

mod golden;
mod joint;
mod oracle;
mod promises;
mod random;
mod scenarios;

use agents::schedule::{OneStorage, Problem, check, schedule_one_storage};

/// Solves, and has the schedule checked: it breaks nothing that can be kept, and costs what the algorithm believes.
pub(crate) fn solved(problem: &Problem) -> OneStorage {
    let found = schedule_one_storage(problem).unwrap();
    let audit = check(problem, &found.schedule);
    let mistakes: Vec<_> = audit.mistakes().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(audit.cost, found.schedule.cost);
    assert_eq!(audit.broken, found.schedule.violations);
    if let Some(least_eur) = found.least_cost_eur {
        let cost_eur = audit.cost.total_eur();
        assert!((cost_eur - least_eur).abs() < 1e-7, "costs {cost_eur}, believes {least_eur}");
    }
    found
}
