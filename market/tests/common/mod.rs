//! The mechanisms that every promise is tried on: each auction, each wrapper, and some of their combinations.

use market::auction::{Preferences, mechanism_with};
use market::{AgentId, BoxedMechanism};

/// One specification per rule, and combinations of rules that might disturb each other.
pub(crate) const SPECIFICATIONS: [&str; 22] = [
    "uniform-last-ask",
    "uniform-last-bid",
    "uniform-mid-truncated",
    "uniform-mid-rounded",
    "uniform k=0.123456 rounding=up",
    "discriminatory k=0.3 rounding=down",
    "pay-as-ask",
    "pay-as-bid",
    "max-volume-pay-as-bid",
    "posted-offers",
    "negotiation energy_wh=5000 increment_ueur_per_kwh=5000",
    "admm iterations=100",
    "premium admm iterations=50 then negotiation energy_wh=9000 increment_ueur_per_kwh=10000",
    "premium uniform-mid-truncated",
    "premium max-volume-pay-as-bid",
    "quality-high-to-low uniform-mid-truncated",
    "quality-low-to-high pay-as-bid",
    "quality-separate uniform-last-bid",
    "quality-coverage uniform-mid-rounded",
    "premium quality-separate uniform-mid-rounded then pay-as-bid",
    "preferred-partners k=0.5 uniform-last-ask",
    "premium preferred-partners k=0.25 quality-coverage rounds=3 posted-offers then discriminatory k=0.7 then premium posted-offers",
];

/// The mechanism, with agents 0 and 3, 1 and 4, and 2 with itself as partners.
pub(crate) fn built(specification: &str) -> BoxedMechanism {
    let named = [(0, 3), (3, 0), (1, 4), (4, 1), (2, 2), (5, 0)];
    let preferences = Preferences::new(named.map(|(from, to)| (AgentId(from), AgentId(to))));
    mechanism_with(specification, &preferences).expect("a mechanism")
}
