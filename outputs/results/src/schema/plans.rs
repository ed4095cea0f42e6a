//! The columns of the tables of plans and forecasts.

use super::tables::{COMPLETE, CONSUMED, SLOT_END, SLOT_START, column};
use super::{Column, ColumnType, Table};
use ColumnType::{Integer, Name, Number, Real, Time};

const REASON: Column = column(
    "reason",
    Name,
    "",
    "Why it was made: `first` (there was none), `ended` (the one before reached no further), `day` (a local day has begun), \
     `slot` (each slot is planned); or on news: `forecast` (the rest of the portfolio departs from what was expected), `arrival` \
     or `departure` (of a vehicle, or a device fell silent), `price`, `limit`, `device` (one does not hold what it should)",
);
const ISSUED: Column = column("time", Time, "", "When the plan was made");
const REST: &str = "the portfolio's consumption less its production, without the storage that is planned";

/// One row per plan.
pub const PLANS: Table = Table {
    name: "plans",
    rows: "One row per plan of the energy manager's rule `schedule`, by time. Empty without this rule.",
    hourly: COMPLETE,
    columns: &[
        ISSUED,
        REASON,
        column("slots", Number, "", "How many slots it is about, the one that begins at `time` first"),
        column(
            "cost_eur",
            Real,
            "EUR",
            "What the portfolio is to cost over these slots, wear of storage included, less the value of what it holds in the end",
        )
        .sign("− it earns"),
        column(
            "missed_kwh",
            Real,
            "kWh",
            "By how much a device misses what it should hold, at worst; 0 where all can be met",
        ),
    ],
};

/// One row per slot of a device whose planned power is new.
pub const SCHEDULES: Table = Table {
    name: "schedules",
    rows: "One row per plan, device and slot for which the plan says another power than the one before, by `time`. The power \
           in force in a slot is that of the last row about it with `time` at or before its beginning. Where it pays, \
           batteries follow the meter within a slot instead, beginning from the plan.",
    hourly: COMPLETE,
    columns: &[
        ISSUED,
        column("asset", Name, "", "The battery or charge point"),
        SLOT_START,
        SLOT_END,
        column("power_kw", Real, "kW", "Its power in the slot").sign(CONSUMED),
        column("soc_kwh", Real, "kWh", "What it or the vehicle in its plug is to hold at the end of the slot"),
        REASON,
    ],
};

/// One row per forecast and slot.
pub const FORECASTS: Table = Table {
    name: "forecasts",
    rows: "One row per plan and slot: what was believed of the rest of the portfolio when the plan was made (belief time), by \
           `time`. What came is in `plan_slots`. Before anything was metered there is no forecast.",
    hourly: "only what was issued at full hours of UTC",
    columns: &[
        column("time", Time, "", "When it was issued (belief time): nothing that was metered later is in it"),
        SLOT_START,
        SLOT_END,
        column("horizon_min", Real, "min", "From `time` to the beginning of the slot"),
        column(
            "expected_kw",
            Real,
            "kW",
            "Mean power expected of the rest in the slot: the portfolio without the storage that is planned",
        )
        .sign(CONSUMED),
        quantile("q05_kw", "With probability 0.05 it is below this"),
        quantile("q10_kw", "With probability 0.1 it is below this"),
        quantile("q25_kw", "With probability 0.25 it is below this"),
        quantile("q50_kw", "With probability 0.5 it is below this"),
        quantile("q75_kw", "With probability 0.75 it is below this"),
        quantile("q90_kw", "With probability 0.9 it is below this"),
        quantile("q95_kw", "With probability 0.95 it is below this"),
    ],
};

const fn quantile(name: &'static str, description: &'static str) -> Column {
    column(name, Real, "kW", description).sign(CONSUMED)
}

/// One row per slot.
pub const PLAN_SLOTS: Table = Table {
    name: "plan_slots",
    rows: "One row per slot that is over, of the plan in force when it began: plan against actual, by `slot_start`. Storage is \
           what is planned; the rest is the portfolio's consumption less its production without it. Empty without the rule \
           `schedule`.",
    hourly: COMPLETE,
    columns: &[
        SLOT_START,
        SLOT_END,
        column("planned_kw", Real, "kW", "What all storage was to take by the plan; null without a plan for the slot")
            .sign(CONSUMED)
            .or_null(),
        column("storing_kw", Real, "kW", "What it took").sign(CONSUMED),
        column(
            "planned_rest_kw",
            Real,
            "kW",
            "What the plan was made for, which is the forecast of when it was made, at the caution in force; null without a plan",
        )
        .sign(CONSUMED)
        .or_null(),
        column("rest_kw", Real, "kW", REST).sign(CONSUMED),
        column("import_price_ueur_per_kwh", Integer, "µEUR/kWh", "Price of import in plans"),
        column("export_price_ueur_per_kwh", Integer, "µEUR/kWh", "Price of export in plans").sign("− whoever exports pays"),
    ],
};

/// One row per planned local day.
pub const PLAN_DAYS: Table = Table {
    name: "plan_days",
    rows: "One row per local day that is over and was planned from its beginning (or that of the run), at the planner's prices. \
           The best is a plan in perfect foresight for the batteries, between what they held at the beginning and at the end, \
           with the same vehicles, sun and loads, and the planner's own idea of losses. Empty without batteries under the rule \
           `schedule`.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "Beginning of its first slot"),
        column("end_time", Time, "", "End of its last slot"),
        column("cost_eur", Real, "EUR", "What the portfolio cost, wear of batteries included").sign("− it earned"),
        column("best_eur", Real, "EUR", "What it would have cost in perfect foresight").sign("− it would have earned"),
        column("regret_eur", Real, "EUR", "The cost less the best").sign("− batteries lose less than plans have it"),
    ],
};

/// One row per local day and range of lead times.
pub const FORECAST_SCORES: Table = Table {
    name: "forecast_scores",
    rows: "One row per local day that is over and range of lead times: how good the forecasts of the rest of the portfolio were \
           from the start of the run up to then. The forecaster tests itself at every eleventh slot, at one lead time per range; \
           the last range ends at the horizon. Empty without the rule `schedule`.",
    hourly: COMPLETE,
    columns: &[
        column("time", Time, "", "Up to when: the end of the day"),
        column("lead_from_min", Real, "min", "Shortest lead time, from issue to the end of the slot"),
        column("lead_to_min", Real, "min", "Longest lead time"),
        column("outcomes", Number, "", "How many forecasts were scored, 1 at least"),
        column("mae_kw", Real, "kW", "Mean absolute error of what was expected"),
        column("rmse_kw", Real, "kW", "Root of the mean squared error"),
        column("bias_kw", Real, "kW", "Mean of what was expected less what came").sign("+ more consumption was expected"),
        column("crps_kw", Real, "kW", "Mean continuous ranked probability score of the fans"),
        column(
            "skill_persistence_share",
            Real,
            "share",
            "1 less the mean absolute error over that of persistence (as it was when the forecast was issued); null where \
             persistence made no error",
        )
        .sign("− worse than persistence")
        .or_null(),
        column(
            "skill_day_before_share",
            Real,
            "share",
            "The same against the slot of the day before, where it was known; null where it never was",
        )
        .sign("− worse than the day before")
        .or_null(),
        column("coverage_80_share", Real, "share", "Part of what came that was between `q10_kw` and `q90_kw`"),
    ],
};
