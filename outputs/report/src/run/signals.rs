//! What holds for everybody, by bin: signals, and who supplies the island.

use std::collections::BTreeMap;
use std::path::Path;

use results::ResultsError;
use results::read::Table;
use serde_json::{Map, Value, json};

use crate::calendar::Bins;
use crate::rounded::for_drawing;

/// Sum and number of the rows of each bin.
type Sums = Vec<(f64, u32)>;

/// The table `signals`: unit and mean by bin of each.
pub(crate) fn signals(path: &Path, bins: &Bins) -> Result<Value, ResultsError> {
    let mut signals: BTreeMap<String, (String, Sums)> = BTreeMap::new();
    for batch in Table::open(path)?.batches(&["time", "signal", "value", "unit"])? {
        let batch = batch?;
        let (times, names) = (batch.times("time")?, batch.names("signal")?);
        let (values, units) = (batch.numbers("value")?, batch.names("unit")?);
        for row in 0..batch.rows() {
            let bin = times[row].and_then(|time| bins.of(time));
            if let (Some(bin), Some(name), Some(value)) = (bin, names.get(row), values[row]) {
                let unit = || (units.get(row).unwrap_or("").to_owned(), vec![(0.0, 0); bins.len()]);
                if !signals.contains_key(name) {
                    signals.insert(name.to_owned(), unit());
                }
                let sum = signals.get_mut(name).map(|(_, sums)| &mut sums[bin]);
                add(sum, value);
            }
        }
    }
    let document = |(name, (unit, sums)): (String, (String, Sums))| {
        (name, json!({ "unit": unit, "values": for_drawing(&means(&sums)) }))
    };
    Ok(signals.into_iter().map(document).collect::<Map<_, _>>().into())
}

/// The table `supply`: mean power of each source by bin, positive where it gives.
pub(crate) fn supply(path: &Path, bins: &Bins) -> Result<Value, ResultsError> {
    let mut sources: Vec<(String, Sums)> = Vec::new();
    for batch in Table::open(path)?.batches(&["time", "source", "power_kw"])? {
        let batch = batch?;
        let (times, names, power_kw) = (batch.times("time")?, batch.names("source")?, batch.numbers("power_kw")?);
        for row in 0..batch.rows() {
            let bin = times[row].and_then(|time| bins.of(time));
            if let (Some(bin), Some(name), Some(power_kw)) = (bin, names.get(row), power_kw[row]) {
                let place = sources.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                    sources.push((name.to_owned(), vec![(0.0, 0); bins.len()]));
                    sources.len() - 1
                });
                add(sources.get_mut(place).map(|(_, sums)| &mut sums[bin]), -power_kw);
            }
        }
    }
    let document = |(name, sums): (String, Sums)| json!({ "source": name, "power_kw": for_drawing(&means(&sums)) });
    Ok(sources.into_iter().map(document).collect())
}

fn add(sum: Option<&mut (f64, u32)>, value: f64) {
    if let Some((sum, count)) = sum {
        *sum += value;
        *count += 1;
    }
}

fn means(sums: &Sums) -> Vec<Option<f64>> {
    sums.iter().map(|(sum, count)| (*count > 0).then(|| sum / f64::from(*count))).collect()
}
