//! The tables of an energy manager that plans: plans, schedules, forecasts, and what became of them.

use std::sync::Arc;

use agents::forecast::LEVELS;
use agents::record::{ForecastRow, ForecastScoreRow, PlanDayRow, PlanRow, PlanSlotRow, Record, ScheduleRow};
use agents::{Span, Time};

use super::SlotColumns;
use crate::columns::{Column, NameColumn, NumberColumn, OptionalColumn, TimeColumn, WordColumn};
use crate::error::ResultsError;
use crate::folder::Folder;
use crate::names::Names;
use crate::run::{Level, RunInfo};
use crate::schema::{FORECAST_SCORES, FORECASTS, PLAN_DAYS, PLAN_SLOTS, PLANS, SCHEDULES, Table};
use crate::table::{Columns, TableWriter};

/// The tables of plans.
pub(super) struct Plans {
    plans: TableWriter<PlanColumns>,
    schedules: TableWriter<ScheduleColumns>,
    forecasts: TableWriter<ForecastColumns>,
    slots: TableWriter<PlanSlotColumns>,
    days: TableWriter<PlanDayColumns>,
    scores: TableWriter<ScoreColumns>,
    /// Whether only forecasts of full hours are kept.
    is_hourly: bool,
}

impl Plans {
    pub(super) fn create(folder: &Folder, info: &RunInfo, names: &Arc<Names>) -> Result<Self, ResultsError> {
        Ok(Self {
            plans: TableWriter::create(PlanColumns::default(), folder.partial(&PLANS), info)?,
            schedules: TableWriter::create(ScheduleColumns::new(names), folder.partial(&SCHEDULES), info)?,
            forecasts: TableWriter::create(ForecastColumns::new(), folder.partial(&FORECASTS), info)?,
            slots: TableWriter::create(PlanSlotColumns::new(), folder.partial(&PLAN_SLOTS), info)?,
            days: TableWriter::create(PlanDayColumns::default(), folder.partial(&PLAN_DAYS), info)?,
            scores: TableWriter::create(ScoreColumns::default(), folder.partial(&FORECAST_SCORES), info)?,
            is_hourly: info.level == Level::Hourly,
        })
    }

    /// Appends a record to the table it belongs to; other records are none of these.
    pub(super) fn push(&mut self, record: &Record) -> Result<(), ResultsError> {
        let is_full_hour = |time: Time| time.floor(Span::HOUR) == time;
        match record {
            Record::Plan(row) => self.plans.push(row),
            Record::Schedule(row) => self.schedules.push(row),
            Record::Forecast(row) if self.is_hourly && !is_full_hour(row.time) => Ok(()),
            Record::Forecast(row) => self.forecasts.push(row),
            Record::PlanSlot(row) => self.slots.push(row),
            Record::PlanDay(row) => self.days.push(row),
            Record::ForecastScore(row) => self.scores.push(row),
            _ => Ok(()),
        }
    }

    /// Closes the files; returns the numbers of rows.
    pub(super) fn close(self) -> Result<[u64; 6], ResultsError> {
        Ok([
            self.plans.close()?,
            self.schedules.close()?,
            self.forecasts.close()?,
            self.slots.close()?,
            self.days.close()?,
            self.scores.close()?,
        ])
    }
}

#[derive(Default)]
struct PlanColumns {
    time: TimeColumn,
    reason: WordColumn,
    slots: NumberColumn<u64>,
    cost_eur: NumberColumn<f64>,
    missed_kwh: NumberColumn<f64>,
}

impl Columns for PlanColumns {
    const TABLE: Table = PLANS;
    type Row<'a> = PlanRow;

    fn push(&mut self, row: &PlanRow) -> Result<(), ResultsError> {
        self.time.push(row.time);
        self.reason.push(row.reason.as_str());
        self.slots.push(row.slots.into());
        self.cost_eur.push(row.cost_eur);
        self.missed_kwh.push(row.missed_kwh);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![&mut self.time, &mut self.reason, &mut self.slots, &mut self.cost_eur, &mut self.missed_kwh]
    }
}

struct ScheduleColumns {
    names: Arc<Names>,
    time: TimeColumn,
    asset: NameColumn,
    slot: SlotColumns,
    power_kw: NumberColumn<f64>,
    soc_kwh: NumberColumn<f64>,
    reason: WordColumn,
}

impl ScheduleColumns {
    fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            asset: NameColumn::new(&names.participants),
            slot: SlotColumns::new(),
            power_kw: NumberColumn::default(),
            soc_kwh: NumberColumn::default(),
            reason: WordColumn::default(),
        }
    }
}

impl Columns for ScheduleColumns {
    const TABLE: Table = SCHEDULES;
    type Row<'a> = ScheduleRow;

    fn push(&mut self, row: &ScheduleRow) -> Result<(), ResultsError> {
        let asset = self.names.participant(SCHEDULES.name, row.device)?;
        self.time.push(row.time);
        self.asset.push(asset);
        self.slot.push(row.slot);
        self.power_kw.push(row.power_kw);
        self.soc_kwh.push(row.soc_kwh);
        self.reason.push(row.reason.as_str());
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.asset,
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.power_kw,
            &mut self.soc_kwh,
            &mut self.reason,
        ]
    }
}

struct ForecastColumns {
    time: TimeColumn,
    slot: SlotColumns,
    horizon_min: NumberColumn<f64>,
    expected_kw: NumberColumn<f64>,
    quantiles_kw: [NumberColumn<f64>; LEVELS.len()],
}

impl ForecastColumns {
    fn new() -> Self {
        Self {
            time: TimeColumn::default(),
            slot: SlotColumns::new(),
            horizon_min: NumberColumn::default(),
            expected_kw: NumberColumn::default(),
            quantiles_kw: Default::default(),
        }
    }
}

impl Columns for ForecastColumns {
    const TABLE: Table = FORECASTS;
    type Row<'a> = ForecastRow;

    fn push(&mut self, row: &ForecastRow) -> Result<(), ResultsError> {
        self.time.push(row.time);
        self.slot.push(row.slot);
        self.horizon_min.push((row.slot.start - row.time).hours() * 60.0);
        self.expected_kw.push(row.expected_kw);
        for (column, quantile_kw) in self.quantiles_kw.iter_mut().zip(row.quantiles_kw) {
            column.push(quantile_kw);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![
            &mut self.time,
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.horizon_min,
            &mut self.expected_kw,
        ];
        columns.extend(self.quantiles_kw.iter_mut().map(|column| column as &mut dyn Column));
        columns
    }
}

struct PlanSlotColumns {
    slot: SlotColumns,
    planned_kw: OptionalColumn<f64>,
    storing_kw: NumberColumn<f64>,
    planned_rest_kw: OptionalColumn<f64>,
    rest_kw: NumberColumn<f64>,
    /// Of import, of export.
    prices: [NumberColumn<i64>; 2],
}

impl PlanSlotColumns {
    fn new() -> Self {
        Self {
            slot: SlotColumns::new(),
            planned_kw: OptionalColumn::default(),
            storing_kw: NumberColumn::default(),
            planned_rest_kw: OptionalColumn::default(),
            rest_kw: NumberColumn::default(),
            prices: Default::default(),
        }
    }
}

impl Columns for PlanSlotColumns {
    const TABLE: Table = PLAN_SLOTS;
    type Row<'a> = PlanSlotRow;

    fn push(&mut self, row: &PlanSlotRow) -> Result<(), ResultsError> {
        self.slot.push(row.slot);
        self.planned_kw.push(row.planned_kw);
        self.storing_kw.push(row.storing_kw);
        self.planned_rest_kw.push(row.planned_rest_kw);
        self.rest_kw.push(row.rest_kw);
        for (column, eur_per_kwh) in self.prices.iter_mut().zip([row.prices.0, row.prices.1]) {
            column.push((eur_per_kwh * 1e6).round() as i64);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let [import, export] = &mut self.prices;
        vec![
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.planned_kw,
            &mut self.storing_kw,
            &mut self.planned_rest_kw,
            &mut self.rest_kw,
            import,
            export,
        ]
    }
}

#[derive(Default)]
struct PlanDayColumns {
    time: TimeColumn,
    end_time: TimeColumn,
    /// Cost, best, regret.
    amounts_eur: [NumberColumn<f64>; 3],
}

impl Columns for PlanDayColumns {
    const TABLE: Table = PLAN_DAYS;
    type Row<'a> = PlanDayRow;

    fn push(&mut self, row: &PlanDayRow) -> Result<(), ResultsError> {
        self.time.push(row.start);
        self.end_time.push(row.time);
        let amounts = [row.cost_eur, row.best_eur, row.cost_eur - row.best_eur];
        for (column, amount_eur) in self.amounts_eur.iter_mut().zip(amounts) {
            column.push(amount_eur);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let [cost, best, regret] = &mut self.amounts_eur;
        vec![&mut self.time, &mut self.end_time, cost, best, regret]
    }
}

#[derive(Default)]
struct ScoreColumns {
    time: TimeColumn,
    /// From, to.
    leads_min: [NumberColumn<f64>; 2],
    outcomes: NumberColumn<u64>,
    /// MAE, RMSE, bias, CRPS.
    means_kw: [NumberColumn<f64>; 4],
    /// Against persistence, against the day before.
    skills: [OptionalColumn<f64>; 2],
    coverage_80_share: NumberColumn<f64>,
}

impl Columns for ScoreColumns {
    const TABLE: Table = FORECAST_SCORES;
    type Row<'a> = ForecastScoreRow;

    fn push(&mut self, row: &ForecastScoreRow) -> Result<(), ResultsError> {
        let score = &row.score;
        let means = score.mae().zip(score.rmse()).zip(score.bias()).zip(score.crps()).zip(score.coverage());
        // Nothing to tell of no outcomes.
        let Some(((((mae, rmse), bias), crps), [_, coverage_80, _])) = means else { return Ok(()) };
        self.time.push(row.time);
        for (column, lead) in self.leads_min.iter_mut().zip([row.leads.0, row.leads.1]) {
            column.push((row.step * i64::from(lead)).hours() * 60.0);
        }
        self.outcomes.push(score.count());
        for (column, mean_kw) in self.means_kw.iter_mut().zip([mae, rmse, bias, crps]) {
            column.push(mean_kw);
        }
        for (column, skill) in self.skills.iter_mut().zip([score.skill(), score.skill_against_day_before()]) {
            column.push(skill);
        }
        self.coverage_80_share.push(coverage_80);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![&mut self.time];
        columns.extend(self.leads_min.iter_mut().map(|column| column as &mut dyn Column));
        columns.push(&mut self.outcomes);
        columns.extend(self.means_kw.iter_mut().map(|column| column as &mut dyn Column));
        columns.extend(self.skills.iter_mut().map(|column| column as &mut dyn Column));
        columns.push(&mut self.coverage_80_share);
        columns
    }
}
