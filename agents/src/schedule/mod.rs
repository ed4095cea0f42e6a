//! Schedules of least cost: when storages charge and discharge, and what production is curtailed.
//!
//! A [`Problem`] says what there is; a [`Schedule`] says what to do, what it costs and what it could not keep.
//! [`check`] recomputes both from the definition, whoever made the schedule. Where it is not known what comes,
//! [`schedule_under_scenarios`] makes the expected cost of one storage least.

mod bounds;
mod check;
mod convex;
mod envelope;
mod fast;
mod joint;
mod member;
mod one_storage;
mod peak;
mod prices;
mod problem;
mod program;
mod result;
mod segments;
mod site;
mod step_cost;
mod under_scenarios;
mod validate;
mod window;

pub use check::{Audit, check};
pub use joint::{Joint, Method, Warm, schedule, schedule_jointly};
pub use one_storage::{OneStorage, OneStorageError, schedule_one_storage};
pub use problem::{
    CurtailableProduction, Device, Exclusion, Keeping, Penalties, Prices, Problem, Rules, Site, SocLimit, SocTarget,
    Storage,
};
pub use result::{Cost, DevicePlan, Rule, Schedule, Status, Violation};
pub use under_scenarios::{ScenariosError, UnderScenarios, schedule_under_scenarios};
pub use validate::{LEAST_SHARE, MOST_EUR_PER_KW, MOST_EUR_PER_KWH, MOST_KW_OR_KWH, ProblemError};
