//! The flexibility market: what was asked for, ordered and delivered, and what it did to the congestion point.

use std::collections::BTreeMap;

use agents::{Span, Time};
use results::ResultsError;
use results::read::{RunHead, Table};
use results::schema::FLEXIBILITY;
use serde_json::{Value, json};

use crate::calendar::Bins;
use crate::rounded::{for_drawing, rounded};

/// Most days whose load is drawn: those with most to relieve.
const MOST_DAYS: usize = 14;

/// Most aggregators and ISPs that are listed.
const MOST_LISTED: usize = 12;

/// Columns of power and money of the table.
const COLUMNS: [&str; 10] = [
    "load_before_w",
    "load_w",
    "excess_before_w",
    "excess_w",
    "requested_w",
    "offered_w",
    "ordered_w",
    "delivered_w",
    "payment_neur",
    "penalty_neur",
];

/// An ISP: what it was for the congestion point, and what all aggregators did in it.
#[derive(Clone, Copy, Debug, Default)]
struct Isp {
    length: Span,
    load_before_kw: f64,
    load_kw: f64,
    excess_before_kw: f64,
    excess_kw: f64,
    requested_kw: f64,
    done: Done,
}

/// Flexibility of one aggregator or of all: mean powers with their signs (− for less consumption), and money.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    offered_kw: f64,
    ordered_kw: f64,
    delivered_kw: f64,
    payment_eur: f64,
    penalty_eur: f64,
}

impl Done {
    fn add(&mut self, other: &Self) {
        self.offered_kw += other.offered_kw;
        self.ordered_kw += other.ordered_kw;
        self.delivered_kw += other.delivered_kw;
        self.payment_eur += other.payment_eur;
        self.penalty_eur += other.penalty_eur;
    }
}

/// What some ISPs come to: energy without sign, and money.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    isps: u64,
    excess_before_kwh: f64,
    excess_kwh: f64,
    requested_kwh: f64,
    offered_kwh: f64,
    ordered_kwh: f64,
    delivered_kwh: f64,
    payment_eur: f64,
    penalty_eur: f64,
}

impl Sums {
    fn add(&mut self, isp: &Isp) {
        self.excess_before_kwh += isp.excess_before_kw * isp.length.hours();
        self.excess_kwh += isp.excess_kw * isp.length.hours();
        self.requested_kwh += isp.requested_kw.abs() * isp.length.hours();
        self.add_done(&isp.done, isp.length);
    }

    fn add_done(&mut self, done: &Done, length: Span) {
        self.isps += 1;
        self.offered_kwh += done.offered_kw.abs() * length.hours();
        self.ordered_kwh += done.ordered_kw.abs() * length.hours();
        self.delivered_kwh += done.delivered_kw.abs() * length.hours();
        self.payment_eur += done.payment_eur;
        self.penalty_eur += done.penalty_eur;
    }

    fn document(&self) -> Value {
        json!({
            "isps": self.isps,
            "excess_before_kwh": rounded(Some(self.excess_before_kwh), 2),
            "excess_kwh": rounded(Some(self.excess_kwh), 2),
            "requested_kwh": rounded(Some(self.requested_kwh), 2),
            "offered_kwh": rounded(Some(self.offered_kwh), 2),
            "ordered_kwh": rounded(Some(self.ordered_kwh), 2),
            "delivered_kwh": rounded(Some(self.delivered_kwh), 2),
            "payment_eur": rounded(Some(self.payment_eur), 4),
            "penalty_eur": rounded(Some(self.penalty_eur), 4),
        })
    }
}

/// The table, by ISP and by aggregator.
#[derive(Debug, Default)]
struct Settled {
    isps: BTreeMap<Time, Isp>,
    aggregators: BTreeMap<String, Sums>,
}

impl Settled {
    fn read(table: &Table) -> Result<Self, ResultsError> {
        let mut settled = Self::default();
        for batch in table.batches(&[&["slot_start", "slot_end", "aggregator"][..], &COLUMNS].concat())? {
            let batch = batch?;
            let (starts, ends) = (batch.times("slot_start")?, batch.times("slot_end")?);
            let aggregators = batch.names("aggregator")?;
            let columns = COLUMNS.map(|column| batch.integers(column)).into_iter().collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.rows() {
                let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
                let values = std::array::from_fn(|column| columns[column][row].unwrap_or(0) as f64);
                settled.add(start, end - start, aggregators.get(row).unwrap_or_default(), values);
            }
        }
        Ok(settled)
    }

    /// Adds a row; what it says of the congestion point is the same in all rows of an ISP.
    fn add(&mut self, start: Time, length: Span, aggregator: &str, values: [f64; COLUMNS.len()]) {
        let [before, load, excess_before, excess, requested, offered, ordered, delivered, payment, penalty] = values;
        let done = Done {
            offered_kw: offered / 1e3,
            ordered_kw: ordered / 1e3,
            delivered_kw: delivered / 1e3,
            payment_eur: payment / 1e9,
            penalty_eur: penalty / 1e9,
        };
        self.aggregators.entry(aggregator.to_owned()).or_default().add_done(&done, length);
        let isp = self.isps.entry(start).or_default();
        *isp = Isp {
            length,
            load_before_kw: before / 1e3,
            load_kw: load / 1e3,
            excess_before_kw: excess_before / 1e3,
            excess_kw: excess / 1e3,
            requested_kw: requested / 1e3,
            done: isp.done,
        };
        isp.done.add(&done);
    }

    /// What each local day comes to.
    fn days(&self, bins: &Bins) -> BTreeMap<i64, Sums> {
        let mut days: BTreeMap<i64, Sums> = BTreeMap::new();
        for (start, isp) in &self.isps {
            days.entry(bins.local_day(*start)).or_default().add(isp);
        }
        days
    }

    /// The load of the congestion point over a local day, as far as the table has it.
    fn load_of(&self, day: i64, bins: &Bins) -> Value {
        let isps: Vec<(&Time, &Isp)> = self.isps.iter().filter(|(start, _)| bins.local_day(**start) == day).collect();
        let series = |of: fn(&Isp) -> f64| for_drawing(&isps.iter().map(|(_, isp)| Some(of(isp))).collect::<Vec<_>>());
        let hour = |start: Time| (bins.local_ms(start) - day * Span::DAY.0) as f64 / Span::HOUR.0 as f64;
        json!({
            "day_ms": day * Span::DAY.0,
            "hour": isps.iter().map(|(start, _)| rounded(Some(hour(**start)), 4)).collect::<Vec<_>>(),
            "length_h": isps.iter().map(|(_, isp)| rounded(Some(isp.length.hours()), 4)).collect::<Vec<_>>(),
            "load_before_kw": series(|isp| isp.load_before_kw),
            "load_kw": series(|isp| isp.load_kw),
            "requested_kw": series(|isp| isp.requested_kw),
            "offered_kw": series(|isp| isp.done.offered_kw),
            "ordered_kw": series(|isp| isp.done.ordered_kw),
            "delivered_kw": series(|isp| isp.done.delivered_kw),
        })
    }

    /// The ISPs that were farthest beyond a limit, or would have been; and how many are not listed.
    fn worst(&self, bins: &Bins) -> (Vec<Value>, usize) {
        let mut isps: Vec<(&Time, &Isp)> = self.isps.iter().collect();
        isps.sort_by(|(_, a), (_, b)| b.excess_before_kw.total_cmp(&a.excess_before_kw));
        let more = isps.len().saturating_sub(MOST_LISTED);
        let row = |(start, isp): &(&Time, &Isp)| {
            json!({
                "local_ms": bins.local_ms(**start),
                "load_before_kw": rounded(Some(isp.load_before_kw), 3),
                "excess_before_kw": rounded(Some(isp.excess_before_kw), 3),
                "requested_kw": rounded(Some(isp.requested_kw), 3),
                "offered_kw": rounded(Some(isp.done.offered_kw), 3),
                "ordered_kw": rounded(Some(isp.done.ordered_kw), 3),
                "delivered_kw": rounded(Some(isp.done.delivered_kw), 3),
                "excess_kw": rounded(Some(isp.excess_kw), 3),
                "payment_eur": rounded(Some(isp.done.payment_eur), 4),
                "penalty_eur": rounded(Some(isp.done.penalty_eur), 4),
            })
        };
        (isps.iter().take(MOST_LISTED).map(row).collect(), more)
    }

    /// Those of whom most was ordered first; and how many are not listed.
    fn aggregators(&self) -> (Vec<Value>, usize) {
        let mut aggregators: Vec<(&String, &Sums)> = self.aggregators.iter().collect();
        aggregators.sort_by(|(_, a), (_, b)| b.ordered_kwh.total_cmp(&a.ordered_kwh));
        let more = aggregators.len().saturating_sub(MOST_LISTED);
        let row = |(aggregator, sums): &(&String, &Sums)| {
            let mut row = sums.document();
            row["aggregator"] = Value::from(aggregator.as_str());
            row
        };
        (aggregators.iter().take(MOST_LISTED).map(row).collect(), more)
    }
}

/// What the page shows of the flexibility market; null where nothing was asked for and no limit exceeded.
pub(crate) fn document(head: &RunHead, bins: &Bins) -> Result<Value, ResultsError> {
    let Some(path) = head.table(&FLEXIBILITY) else { return Ok(Value::Null) };
    let settled = Settled::read(&Table::open(&path)?)?;
    if settled.isps.is_empty() {
        return Ok(Value::Null);
    }
    let days = settled.days(bins);
    let mut drawn: Vec<(&i64, &Sums)> = days.iter().collect();
    drawn.sort_by(|(_, a), (_, b)| b.excess_before_kwh.total_cmp(&a.excess_before_kwh));
    let day = |(day, sums): (&i64, &Sums)| {
        let mut row = sums.document();
        row["day_ms"] = Value::from(day * Span::DAY.0);
        row
    };
    let mut run = Sums::default();
    settled.isps.values().for_each(|isp| run.add(isp));
    let ((worst, more_isps), (aggregators, more_aggregators)) = (settled.worst(bins), settled.aggregators());
    let section = &head.scenario["flexibility"];
    Ok(json!({
        "congestion_point": section["congestion_point"],
        "import_limit_kw": section["import_limit_kw"],
        "export_limit_kw": section["export_limit_kw"],
        "sums": run.document(),
        "days": days.iter().map(day).collect::<Vec<_>>(),
        "loads": drawn.iter().take(MOST_DAYS).map(|(day, _)| settled.load_of(**day, bins)).collect::<Vec<_>>(),
        "worst": worst,
        "more_isps": more_isps,
        "aggregators": aggregators,
        "more_aggregators": more_aggregators,
    }))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    const ISP: Span = Span::from_minutes(15);

    /// Two aggregators of whom 40 and 20 kW are ordered, on each of so many days at 19:00; the load would be
    /// 1,100 kW and more.
    fn settled(days: i64) -> Settled {
        let mut settled = Settled::default();
        for day in 0..days {
            let start = Time(0) + Span::DAY * day + Span::HOUR * 19;
            let before = 1_100_000.0 + day as f64 * 1000.0;
            let congestion = [before, before - 60_000.0, before - 1_000_000.0, before - 1_060_000.0, -70_000.0];
            for (name, ordered_w) in [("a", -40_000.0), ("b", -20_000.0)] {
                let [before, load, excess_before, excess, requested] = congestion;
                let values =
                    [before, load, excess_before, excess, requested, -50_000.0, ordered_w, ordered_w, 1e9, 2e8];
                settled.add(start, ISP, name, values);
            }
        }
        settled
    }

    fn bins(days: i64) -> Bins {
        Bins::new(Time(0), Time(0) + Span::DAY * days, true, TimeZone::UTC, "UTC".into())
    }

    #[test]
    fn a_load_counts_once_and_what_aggregators_do_adds_up() {
        let days = settled(2).days(&bins(2));
        let first = &days[&0].document();
        assert_eq!((&first["excess_before_kwh"], &first["excess_kwh"]), (&json!(25), &json!(10)));
        assert_eq!((&first["requested_kwh"], &first["offered_kwh"]), (&json!(17.5), &json!(25)));
        assert_eq!((&first["ordered_kwh"], &first["delivered_kwh"]), (&json!(15), &json!(15)));
        assert_eq!((&first["payment_eur"], &first["penalty_eur"]), (&json!(2), &json!(0.4)));
        assert_eq!(first["isps"], 1);
        let (aggregators, more) = settled(2).aggregators();
        assert_eq!((&aggregators[0]["aggregator"], &aggregators[0]["ordered_kwh"], more), (&json!("a"), &json!(20), 0));
    }

    #[test]
    fn the_worst_isps_are_listed_and_the_others_counted() {
        let (worst, more) = settled(20).worst(&bins(20));
        assert_eq!((worst.len(), more), (MOST_LISTED, 20 - MOST_LISTED));
        assert_eq!((&worst[0]["load_before_kw"], &worst[0]["ordered_kw"]), (&json!(1119), &json!(-60)));
    }

    #[test]
    fn the_load_of_a_day_is_on_the_clock_of_the_place() {
        let martinique = TimeZone::get("America/Martinique").expect("a zone");
        let bins = Bins::new(Time(0), Time(0) + Span::DAY * 2, true, martinique, "America/Martinique".into());
        let load = settled(2).load_of(0, &bins);
        assert_eq!((&load["hour"], &load["load_kw"]), (&json!([15]), &json!([1040])));
    }
}
