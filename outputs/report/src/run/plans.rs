//! Plans and forecasts: plan against actual, the fans of two days with what came, regret by day, and scores.

use std::collections::BTreeMap;

use agents::{Span, Time};
use results::ResultsError;
use results::read::{RunHead, Table};
use results::schema::{FORECAST_SCORES, FORECASTS, PLAN_DAYS, PLAN_SLOTS, PLANS};
use serde_json::{Value, json};

use crate::calendar::Bins;
use crate::rounded::{all, for_drawing, rounded, significant};

/// Days of plan against actual that are drawn: the last ones.
const DRAWN_DAYS: i64 = 7;

/// Columns of the edges of a fan, from below.
const EDGES: [&str; 6] = ["q05_kw", "q10_kw", "q25_kw", "q75_kw", "q90_kw", "q95_kw"];

/// Columns of the table of scores.
const SCORES: [&str; 9] = [
    "lead_from_min",
    "lead_to_min",
    "mae_kw",
    "rmse_kw",
    "bias_kw",
    "crps_kw",
    "skill_persistence_share",
    "skill_day_before_share",
    "coverage_80_share",
];

/// Planned and actual power of a slot, of storage and of the rest, and the prices of the plan.
#[derive(Clone, Copy, Debug)]
struct Slot {
    end: Time,
    planned_kw: Option<f64>,
    storing_kw: Option<f64>,
    rest_kw: Option<f64>,
    import_ueur_per_kwh: Option<f64>,
    export_ueur_per_kwh: Option<f64>,
}

/// The first forecast of a local day, held against what came.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Issue {
    time: Time,
    error_kw: f64,
    slots: u32,
}

impl Issue {
    fn mean_error_kw(&self) -> f64 {
        self.error_kw / f64::from(self.slots.max(1))
    }
}

/// What the page shows of plans; null where nothing was planned.
pub(crate) fn document(head: &RunHead, bins: &Bins) -> Result<Value, ResultsError> {
    let tables = [&PLANS, &PLAN_SLOTS, &FORECASTS, &PLAN_DAYS, &FORECAST_SCORES].map(|table| head.table(table));
    let [Some(plans), Some(slots), Some(forecasts), Some(days), Some(scores)] = tables else { return Ok(Value::Null) };
    let reasons = reasons(&Table::open(&plans)?)?;
    if reasons.is_empty() {
        return Ok(Value::Null);
    }
    let slots = read_slots(&Table::open(&slots)?)?;
    let forecasts = Table::open(&forecasts)?;
    let chosen = choose(&issues(&forecasts, &slots, bins)?);
    let fans: Result<Vec<Value>, ResultsError> =
        chosen.into_iter().map(|(issue, why)| fan(&forecasts, (issue, why), &slots, bins)).collect();
    Ok(json!({
        "reasons": reasons,
        "slots": drawn(&slots, bins),
        "prices": {
            // Where the plans' prices are from: the retailer's tariff, or what the DSO publishes.
            "source": head.scenario["schedule"]["prices"],
            "import_eur_per_mwh": prices(&slots, bins, |slot| slot.import_ueur_per_kwh),
            "export_eur_per_mwh": prices(&slots, bins, |slot| slot.export_ueur_per_kwh),
        },
        "fans": fans?,
        "days": regret(&Table::open(&days)?, bins)?,
        "scores": last_scores(&Table::open(&scores)?)?,
    }))
}

/// How many plans were made for each reason.
fn reasons(table: &Table) -> Result<BTreeMap<String, u64>, ResultsError> {
    let mut reasons = BTreeMap::new();
    for batch in table.batches(&["reason"])? {
        let batch = batch?;
        let names = batch.names("reason")?;
        for name in (0..batch.rows()).filter_map(|row| names.get(row)) {
            *reasons.entry(name.to_owned()).or_default() += 1;
        }
    }
    Ok(reasons)
}

fn read_slots(table: &Table) -> Result<BTreeMap<Time, Slot>, ResultsError> {
    const NUMBERS: [&str; 5] =
        ["planned_kw", "storing_kw", "rest_kw", "import_price_ueur_per_kwh", "export_price_ueur_per_kwh"];
    let mut slots = BTreeMap::new();
    for batch in table.batches(&[&["slot_start", "slot_end"][..], &NUMBERS].concat())? {
        let batch = batch?;
        let (starts, ends) = (batch.times("slot_start")?, batch.times("slot_end")?);
        let [planned, storing, rest, import, export] = NUMBERS.map(|column| batch.numbers(column));
        let (planned, storing, rest, import, export) = (planned?, storing?, rest?, import?, export?);
        for row in 0..batch.rows() {
            let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
            let slot = Slot {
                end,
                planned_kw: planned[row],
                storing_kw: storing[row],
                rest_kw: rest[row],
                import_ueur_per_kwh: import[row],
                export_ueur_per_kwh: export[row],
            };
            slots.insert(start, slot);
        }
    }
    Ok(slots)
}

/// A price of the plans in each bin, in EUR/MWh: the mean of its slots; none where nothing was planned.
fn prices(slots: &BTreeMap<Time, Slot>, bins: &Bins, of: fn(&Slot) -> Option<f64>) -> Value {
    let mut sums = vec![(0.0, 0_u32); bins.len()];
    for (start, slot) in slots {
        let Some(price) = of(slot) else { continue };
        let mut at = *start;
        // Bins may be shorter than slots.
        while at < slot.end {
            if let Some(bin) = bins.of(at) {
                sums[bin] = (sums[bin].0 + price, sums[bin].1 + 1);
            }
            at += bins.step.min(slot.end - *start);
        }
    }
    all(sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / f64::from(count) / 1000.0)), 2)
}

/// Planned and actual power of storage over the last days.
fn drawn(slots: &BTreeMap<Time, Slot>, bins: &Bins) -> Value {
    let Some((last, _)) = slots.last_key_value() else { return Value::Null };
    let from = bins.local_day(*last) - DRAWN_DAYS + 1;
    let shown: Vec<(&Time, &Slot)> = slots.iter().filter(|(start, _)| bins.local_day(**start) >= from).collect();
    let values =
        |of: fn(&Slot) -> Option<f64>| for_drawing(&shown.iter().map(|(_, slot)| of(slot)).collect::<Vec<_>>());
    json!({
        "local_ms": shown.iter().map(|(start, _)| bins.local_ms(**start)).collect::<Vec<_>>(),
        "minutes": shown.first().map(|(start, slot)| (slot.end - **start).0 / 60_000),
        "planned_kw": values(|slot| slot.planned_kw),
        "storing_kw": values(|slot| slot.storing_kw),
    })
}

/// The first forecast of each local day, oldest first.
fn issues(table: &Table, slots: &BTreeMap<Time, Slot>, bins: &Bins) -> Result<Vec<Issue>, ResultsError> {
    let mut issues: Vec<Issue> = Vec::new();
    for batch in table.batches(&["time", "slot_start", "expected_kw"])? {
        let batch = batch?;
        let (times, starts, expected) =
            (batch.times("time")?, batch.times("slot_start")?, batch.numbers("expected_kw")?);
        for row in 0..batch.rows() {
            let (Some(time), Some(start), Some(expected_kw)) = (times[row], starts[row], expected[row]) else {
                continue;
            };
            let is_new = issues.last().is_none_or(|issue| bins.local_day(issue.time) != bins.local_day(time));
            if is_new {
                issues.push(Issue { time, error_kw: 0.0, slots: 0 });
            }
            let issue = issues.last_mut().filter(|issue| issue.time == time);
            let came_kw = slots.get(&start).and_then(|slot| slot.rest_kw);
            if let (Some(issue), Some(came_kw)) = (issue, came_kw) {
                issue.error_kw += (expected_kw - came_kw).abs();
                issue.slots += 1;
            }
        }
    }
    issues.retain(|issue| issue.slots > 0);
    Ok(issues)
}

/// The day with the largest error, and the last one. On the first day the forecaster knew nothing: it is no measure where there
/// are others.
fn choose(issues: &[Issue]) -> Vec<(Issue, &'static str)> {
    let later = if issues.len() > 1 { &issues[1..] } else { issues };
    let worst = later.iter().max_by(|a, b| a.mean_error_kw().total_cmp(&b.mean_error_kw()));
    let last = later.last().filter(|last| Some(*last) != worst);
    worst.map(|issue| (*issue, "largest error")).into_iter().chain(last.map(|issue| (*issue, "last day"))).collect()
}

/// A forecast with its edges, and what came.
fn fan(
    table: &Table,
    (issue, why): (Issue, &str),
    slots: &BTreeMap<Time, Slot>,
    bins: &Bins,
) -> Result<Value, ResultsError> {
    let (mut local, mut expected, mut came) = (Vec::new(), Vec::new(), Vec::new());
    let mut edges: [Vec<Option<f64>>; EDGES.len()] = Default::default();
    for batch in table.batches(&[&["time", "slot_start", "slot_end", "expected_kw"][..], &EDGES].concat())? {
        let batch = batch?;
        let (times, starts, ends) = (batch.times("time")?, batch.times("slot_start")?, batch.times("slot_end")?);
        let of = EDGES.map(|edge| batch.numbers(edge)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let middle = batch.numbers("expected_kw")?;
        for row in (0..batch.rows()).filter(|row| times[*row] == Some(issue.time)) {
            let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
            local.push(bins.local_ms(start + Span((end - start).0 / 2)));
            expected.push(middle[row]);
            came.push(slots.get(&start).and_then(|slot| slot.rest_kw));
            edges.iter_mut().zip(&of).for_each(|(edge, values)| edge.push(values[row]));
        }
    }
    Ok(json!({
        "why": why,
        "issued_local_ms": bins.local_ms(issue.time),
        "error_kw": significant(Some(issue.mean_error_kw()), 3),
        "local_ms": local,
        "expected_kw": for_drawing(&expected),
        "came_kw": for_drawing(&came),
        "edges_kw": edges.map(|edge| for_drawing(&edge)),
    }))
}

/// Cost, best and regret of each day.
fn regret(table: &Table, bins: &Bins) -> Result<Vec<Value>, ResultsError> {
    let mut days = Vec::new();
    for batch in table.batches(&["time", "cost_eur", "best_eur", "regret_eur"])? {
        let batch = batch?;
        let times = batch.times("time")?;
        let [cost, best, regret] = ["cost_eur", "best_eur", "regret_eur"].map(|column| batch.numbers(column));
        let (cost, best, regret) = (cost?, best?, regret?);
        for row in 0..batch.rows() {
            let Some(time) = times[row] else { continue };
            days.push(json!({
                "local_ms": bins.local_ms(time),
                "cost_eur": rounded(cost[row], 2),
                "best_eur": rounded(best[row], 2),
                "regret_eur": rounded(regret[row], 3),
            }));
        }
    }
    Ok(days)
}

/// The scores of the last day that was scored, a row for each range of lead times.
fn last_scores(table: &Table) -> Result<Value, ResultsError> {
    let mut rows: (Option<Time>, Vec<Value>) = (None, Vec::new());
    for batch in table.batches(&[&["time", "outcomes"][..], &SCORES].concat())? {
        let batch = batch?;
        let (times, outcomes) = (batch.times("time")?, batch.seeds("outcomes")?);
        let columns = SCORES.map(|column| batch.numbers(column)).into_iter().collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.rows() {
            if times[row] != rows.0 {
                rows = (times[row], Vec::new());
            }
            let mut scores = serde_json::Map::from_iter([("outcomes".to_owned(), outcomes[row].into())]);
            let values = SCORES.iter().zip(&columns);
            scores.extend(values.map(|(name, values)| ((*name).to_owned(), significant(values[row], 4))));
            rows.1.push(scores.into());
        }
    }
    Ok(rows.1.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_plans_are_means_of_the_bins_and_none_where_nothing_was_planned() {
        let bins = |hourly| {
            let zone = jiff::tz::TimeZone::UTC;
            Bins::new(Time(0), Time(0) + Span::HOUR * 2, hourly, zone, "UTC".into())
        };
        let slot = |minutes: i64, length: i64, price: f64| {
            let start = Time(0) + Span::from_minutes(minutes);
            let slot = Slot {
                end: start + Span::from_minutes(length),
                planned_kw: None,
                storing_kw: None,
                rest_kw: None,
                import_ueur_per_kwh: Some(price),
                export_ueur_per_kwh: None,
            };
            (start, slot)
        };
        let quarters = BTreeMap::from([slot(0, 15, 100_000.0), slot(15, 15, 200_000.0)]);
        assert_eq!(prices(&quarters, &bins(true), |slot| slot.import_ueur_per_kwh), json!([150, null]));
        let halves = BTreeMap::from([slot(0, 30, 100_000.0), slot(30, 30, 200_000.0)]);
        let (first, second) = (json!([100, 100, 200, 200]), json!([null, null, null, null]));
        let expected: Vec<_> =
            [first, second].iter().flat_map(|half| half.as_array().cloned().unwrap_or_default()).collect();
        assert_eq!(prices(&halves, &bins(false), |slot| slot.import_ueur_per_kwh), Value::from(expected));
        assert_eq!(prices(&halves, &bins(true), |slot| slot.export_ueur_per_kwh), json!([null, null]));
    }

    #[test]
    fn the_day_with_the_largest_error_and_the_last_one_are_shown_each_once_and_the_first_only_if_it_is_all() {
        let issue = |day: i64, error_kw: f64| Issue { time: Time(day), error_kw: 2.0 * error_kw, slots: 2 };
        let shown = |errors: &[f64]| {
            let issues: Vec<Issue> = errors.iter().zip(0..).map(|(error_kw, day)| issue(day, *error_kw)).collect();
            choose(&issues).into_iter().map(|(issue, why)| (issue.time.0, why)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[9.0, 1.0, 3.0, 2.0]), [(2, "largest error"), (3, "last day")]);
        assert_eq!(shown(&[9.0, 1.0, 3.0]), [(2, "largest error")]);
        assert_eq!(shown(&[9.0]), [(0, "largest error")]);
        assert_eq!(shown(&[]), []);
    }
}
