//! Faults of devices: who had what, from when until when.

use std::collections::BTreeMap;

use agents::{Span, Time};
use results::read::{RunHead, Table};
use results::schema::FAULTS;
use results::{Level, ResultsError};
use serde_json::{Value, json};

/// Most faults that are listed.
const MOST_LISTED: usize = 200;

/// A fault of a device while it lasts: since when, and until when it is known to last.
#[derive(Clone, Debug, PartialEq)]
struct Stretch {
    asset: String,
    fault: String,
    since: Time,
    until: Time,
}

/// Joins the rows of the table to stretches of time.
#[derive(Debug, Default)]
struct Stretches {
    open: BTreeMap<(String, String), Stretch>,
    ended: Vec<Stretch>,
    /// Those that ended and are not listed.
    more: u64,
}

impl Stretches {
    /// Takes the faults of a device in an interval; intervals come in order of time.
    fn add(&mut self, asset: &str, faults: &str, start: Time, length: Span) {
        for fault in faults.split(',').filter(|fault| !fault.is_empty()) {
            let key = (asset.to_owned(), fault.to_owned());
            let (asset, fault) = key.clone();
            let now = Stretch { asset, fault, since: start, until: start + length };
            match self.open.get_mut(&key) {
                Some(open) if start <= open.until => open.until = now.until,
                _ => {
                    if let Some(over) = self.open.insert(key, now) {
                        self.end(over);
                    }
                }
            }
        }
    }

    fn end(&mut self, over: Stretch) {
        if self.ended.len() < MOST_LISTED { self.ended.push(over) } else { self.more += 1 }
    }

    /// All stretches, in the order in which they began, and how many are not listed; none lasts longer than the run.
    fn all(mut self, reached: Time) -> (Vec<Stretch>, u64) {
        for over in std::mem::take(&mut self.open).into_values() {
            self.end(Stretch { until: over.until.min(reached), ..over });
        }
        self.ended.sort_by(|a, b| (a.since, &a.asset, &a.fault).cmp(&(b.since, &b.asset, &b.fault)));
        (self.ended, self.more)
    }
}

/// The table `faults` as a list of who had what; none where it was not recorded.
pub(crate) fn document(head: &RunHead, reached: Time) -> Result<Value, ResultsError> {
    let Some(path) = head.table(&FAULTS) else { return Ok(Value::Null) };
    let tick = Span((head.tick_s * 1000.0) as i64);
    let length = if head.level == Level::Hourly { tick.max(Span::HOUR) } else { tick };
    let mut stretches = Stretches::default();
    for batch in Table::open(&path)?.batches(&["time", "asset", "faults"])? {
        let batch = batch?;
        let (times, assets, faults) = (batch.times("time")?, batch.names("asset")?, batch.texts("faults")?);
        for row in 0..batch.rows() {
            if let (Some(time), Some(asset), Some(faults)) = (times[row], assets.get(row), faults[row]) {
                stretches.add(asset, faults, time, length);
            }
        }
    }
    let (listed, more) = stretches.all(reached);
    let of = |Stretch { asset, fault, since, until }: &Stretch| {
        let is_open = *until >= reached;
        json!({ "asset": asset, "fault": fault, "since_ms": since.0, "until_ms": (!is_open).then_some(until.0) })
    };
    Ok(json!({ "listed": listed.iter().map(of).collect::<Vec<_>>(), "more": more }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_that_follow_one_another_are_one_fault_and_a_gap_makes_two() {
        let mut stretches = Stretches::default();
        let minute = Span::MINUTE;
        for (at, asset, faults) in [
            (0, "bat_01", "derating,lossy_link"),
            (0, "pv_01", "derating"),
            (1, "bat_01", "derating"),
            (2, "bat_01", "derating,lossy_link"),
            (3, "bat_01", "lossy_link"),
        ] {
            stretches.add(asset, faults, Time(0) + minute * at, minute);
        }
        let (all, more) = stretches.all(Time(0) + Span::from_s(210));
        let told: Vec<_> =
            all.iter().map(|s| (s.asset.as_str(), s.fault.as_str(), s.since.0 / 1000, s.until.0 / 1000)).collect();
        assert_eq!(
            told,
            [
                ("bat_01", "derating", 0, 180),
                ("bat_01", "lossy_link", 0, 60),
                ("pv_01", "derating", 0, 60),
                ("bat_01", "lossy_link", 120, 210)
            ]
        );
        assert_eq!(more, 0);
    }

    #[test]
    fn a_thousand_faults_are_counted_and_not_all_listed() {
        let mut stretches = Stretches::default();
        for at in 0..1000 {
            stretches.add("pv_01", "sensor_dropout", Time(0) + Span::MINUTE * (2 * at), Span::MINUTE);
        }
        let (all, more) = stretches.all(Time(i64::MAX));
        assert_eq!((all.len(), more), (MOST_LISTED, 1000 - MOST_LISTED as u64));
    }
}
