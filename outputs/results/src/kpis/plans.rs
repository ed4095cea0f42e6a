//! What plans and forecasts come to over a run.

use agents::Span;
use agents::forecast::Score;
use agents::record::{ForecastScoreRow, PlanDayRow, PlanRow};

use super::{Definition, RunTotals};

/// Lead times whose forecasts have figures: the next slot, an hour, a day.
const AHEAD: [Span; 3] = [Span(1), Span::HOUR, Span::DAY];

/// What the figures of plans are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlanTotals {
    plans: u64,
    on_news: u64,
    not_followed: u64,
    /// Cost and best, once a day is over.
    days_eur: Option<(f64, f64)>,
    /// The last scores of what is nearest to each lead time of [`AHEAD`].
    scores: [Option<Score>; AHEAD.len()],
}

impl PlanTotals {
    pub(super) fn add_plan(&mut self, row: &PlanRow) {
        self.plans += 1;
        self.on_news += u64::from(row.reason.is_news());
    }

    pub(super) fn add_day(&mut self, row: &PlanDayRow) {
        let (cost_eur, best_eur) = self.days_eur.get_or_insert_default();
        *cost_eur += row.cost_eur;
        *best_eur += row.best_eur;
    }

    pub(super) fn add_score(&mut self, row: &ForecastScoreRow) {
        let (first, last) = (row.step * i64::from(row.leads.0 - 1), row.step * i64::from(row.leads.1));
        for (score, ahead) in self.scores.iter_mut().zip(AHEAD) {
            if first < ahead && ahead <= last {
                *score = Some(row.score);
            }
        }
    }

    pub(super) fn add_deviation(&mut self) {
        self.not_followed += 1;
    }

    fn regret_eur(&self) -> Option<f64> {
        self.days_eur.map(|(cost_eur, best_eur)| cost_eur - best_eur)
    }
}

fn plans(run: &RunTotals) -> Option<&PlanTotals> {
    run.plans.as_ref()
}

fn score(run: &RunTotals, ahead: usize) -> Option<&Score> {
    plans(run)?.scores[ahead].as_ref()
}

const fn error(
    name: &'static str,
    label: &'static str,
    description: &'static str,
    value: Value,
) -> Definition<RunTotals> {
    Definition { name, unit: "kW", decimals: 3, label, description, value }
}

const fn skill(
    name: &'static str,
    label: &'static str,
    description: &'static str,
    value: Value,
) -> Definition<RunTotals> {
    Definition { name, unit: "share", decimals: 6, label, description, value }
}

type Value = fn(&RunTotals) -> Option<f64>;

/// Figures of plans, of days that are over.
pub(crate) const PLAN_KPIS: [Definition<RunTotals>; 13] = [
    Definition {
        name: "plans_count",
        unit: "count",
        decimals: 0,
        label: "plans",
        description: "Plans the energy manager has made; null where nothing is planned",
        value: |run| plans(run).map(|plans| plans.plans as f64),
    },
    Definition {
        name: "plans_on_news_count",
        unit: "count",
        decimals: 0,
        label: "plans because of news",
        description: "Those of them made because something was not as planned or known; null where nothing is planned",
        value: |run| plans(run).map(|plans| plans.on_news as f64),
    },
    Definition {
        name: "plan_not_followed_count",
        unit: "count",
        decimals: 0,
        label: "plans not followed",
        description: "Events `plan_not_followed`: slots in which a battery did not do what it was to hold; null where nothing is planned",
        value: |run| plans(run).map(|plans| plans.not_followed as f64),
    },
    Definition {
        name: "plan_cost_eur",
        unit: "EUR",
        decimals: 6,
        label: "cost of planned days",
        description: "What the portfolio cost at the planner's prices on planned days that are over, wear of batteries included; null without",
        value: |run| Some(plans(run)?.days_eur?.0),
    },
    Definition {
        name: "plan_best_eur",
        unit: "EUR",
        decimals: 6,
        label: "cost of planned days in perfect foresight",
        description: "What these days would have cost had batteries been scheduled in perfect foresight; null without",
        value: |run| Some(plans(run)?.days_eur?.1),
    },
    Definition {
        name: "plan_regret_eur",
        unit: "EUR",
        decimals: 6,
        label: "regret",
        description: "`plan_cost_eur` less `plan_best_eur`: what not knowing the future cost; below 0 where batteries lose less than plans have it; null without planned days",
        value: |run| plans(run)?.regret_eur(),
    },
    Definition {
        name: "plan_regret_share",
        unit: "share",
        decimals: 6,
        label: "regret, relative",
        description: "`plan_regret_eur` over the amount of `plan_best_eur`; null without planned days",
        value: |run| {
            let (cost_eur, best_eur) = plans(run)?.days_eur?;
            (best_eur != 0.0).then(|| (cost_eur - best_eur) / best_eur.abs())
        },
    },
    error(
        "forecast_mae_next_slot_kw",
        "error of the forecast, next slot",
        "Mean absolute error of the forecast of the portfolio without its planned storage, for the coming slot; null where nothing is planned",
        |run| score(run, 0)?.mae(),
    ),
    error(
        "forecast_mae_hour_ahead_kw",
        "error of the forecast, an hour ahead",
        "The same in the range of lead times of the table `forecast_scores` that holds an hour",
        |run| score(run, 1)?.mae(),
    ),
    error(
        "forecast_mae_day_ahead_kw",
        "error of the forecast, a day ahead",
        "The same in the range that holds a day; null where plans reach less far",
        |run| score(run, 2)?.mae(),
    ),
    skill(
        "forecast_skill_next_slot_share",
        "skill of the forecast, next slot",
        "1 less `forecast_mae_next_slot_kw` over the error of persistence; null where nothing is planned",
        |run| score(run, 0)?.skill(),
    ),
    skill(
        "forecast_skill_hour_ahead_share",
        "skill of the forecast, an hour ahead",
        "The same in the range of lead times of the table `forecast_scores` that holds an hour",
        |run| score(run, 1)?.skill(),
    ),
    skill(
        "forecast_skill_day_ahead_share",
        "skill of the forecast, a day ahead",
        "The same in the range that holds a day; null where plans reach less far",
        |run| score(run, 2)?.skill(),
    ),
];
