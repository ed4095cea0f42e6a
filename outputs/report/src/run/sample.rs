//! Some assets of each group, each on its own: all where there are few, else a fair sample by the energy they moved.

use std::collections::BTreeMap;
use std::path::Path;

use agents::Span;
use results::ResultsError;
use results::read::Table;
use serde_json::{Value, json};

use super::flows::Asset;
use super::groups::Group;
use crate::calendar::Bins;
use crate::rounded::for_drawing;

/// Most assets of a group that are drawn.
const MOST: usize = 12;

/// Most points of a curve before it becomes that of a mean day.
const MOST_POINTS: usize = 8 * 24;

/// What the curves run over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    /// The bins of the run.
    Bins,
    /// The hours of the run.
    Hours,
    /// The hours of a mean day.
    MeanDay,
}

impl Axis {
    fn of(bins: &Bins) -> Self {
        let hours = bins.len() as i64 * bins.step.0 / Span::HOUR.0;
        match bins.len() {
            ..=MOST_POINTS => Self::Bins,
            _ if hours <= MOST_POINTS as i64 => Self::Hours,
            _ => Self::MeanDay,
        }
    }

    fn points(self, bins: &Bins) -> usize {
        match self {
            Self::Bins => bins.len(),
            Self::Hours => (bins.len() * minutes(bins)).div_ceil(60),
            Self::MeanDay => 24,
        }
    }

    fn point(self, bin: usize, bins: &Bins) -> usize {
        match self {
            Self::Bins => bin,
            Self::Hours => bin * minutes(bins) / 60,
            Self::MeanDay => bins.local_hour(bin) as usize % 24,
        }
    }
}

/// The commune of each load that is what is left of one, by the load's name.
pub(crate) fn communes(participants: &Path) -> Result<BTreeMap<String, String>, ResultsError> {
    let mut communes = BTreeMap::new();
    for batch in Table::open(participants)?.batches(&["participant", "kind", "commune"])? {
        let batch = batch?;
        let (names, kinds) = (batch.texts("participant")?, batch.names("kind")?);
        let of = batch.names("commune")?;
        for row in (0..batch.rows()).filter(|row| kinds.get(*row) == Some("load")) {
            if let (Some(name), Some(commune)) = (names[row], of.get(row)) {
                communes.insert(name.to_owned(), commune.to_owned());
            }
        }
    }
    Ok(communes)
}

/// Curves of the assets chosen; loads of communes go by the name of theirs.
pub(crate) fn document(
    table: &Table,
    bins: &Bins,
    assets: &[Asset],
    communes: &BTreeMap<String, String>,
) -> Result<Value, ResultsError> {
    let axis = Axis::of(bins);
    let chosen: Vec<(Group, usize, Vec<&Asset>)> = Group::ALL
        .iter()
        .map(|group| {
            let of_group: Vec<&Asset> = assets.iter().filter(|asset| asset.group == *group).collect();
            (*group, of_group.len(), choose(of_group))
        })
        .filter(|(_, count, _)| *count > 0)
        .collect();
    let names = chosen.iter().flat_map(|(.., assets)| assets.iter().map(|asset| asset.name.as_str()));
    let index: BTreeMap<&str, usize> = names.enumerate().map(|(index, name)| (name, index)).collect();
    let curves = read(table, bins, axis, &index)?;
    let asset = |asset: &&Asset| {
        let curve = &curves[index[asset.name.as_str()]];
        let stored =
            curve.iter().any(|point| point.stored > 0).then(|| means(curve, |point| (point.stored_kwh, point.stored)));
        json!({
            "id": asset.name,
            "name": communes.get(&asset.name).filter(|_| asset.group == Group::Commune),
            "power_kw": for_drawing(&means(curve, |point| (point.power_kw, point.count))),
            "stored_kwh": stored.map(|stored| for_drawing(&stored)),
        })
    };
    let groups: Vec<Value> = chosen
        .iter()
        .map(|(group, count, assets)| {
            json!({ "group": group.name(), "count": count, "assets": assets.iter().map(asset).collect::<Vec<_>>() })
        })
        .collect();
    let mean_day = axis == Axis::MeanDay;
    let step_min = if axis == Axis::Bins { minutes(bins) } else { 60 };
    Ok(json!({ "mean_day": mean_day, "step_min": step_min, "groups": groups }))
}

/// All of few; of many those at even ranks of the energy moved, in the order of their names.
fn choose(mut assets: Vec<&Asset>) -> Vec<&Asset> {
    if assets.len() > MOST {
        assets.sort_by(|a, b| a.moved.total_cmp(&b.moved).then_with(|| a.name.cmp(&b.name)));
        let last = assets.len() - 1;
        return (0..MOST).map(|rank| assets[rank * last / (MOST - 1)]).collect();
    }
    assets.sort_by(|a, b| a.name.cmp(&b.name));
    assets
}

#[derive(Clone, Copy, Debug, Default)]
struct Point {
    power_kw: f64,
    count: u32,
    stored_kwh: f64,
    stored: u32,
}

fn means(curve: &[Point], of: impl Fn(&Point) -> (f64, u32)) -> Vec<Option<f64>> {
    let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
    curve.iter().map(|point| mean(of(point))).collect()
}

fn read(
    table: &Table,
    bins: &Bins,
    axis: Axis,
    index: &BTreeMap<&str, usize>,
) -> Result<Vec<Vec<Point>>, ResultsError> {
    let mut curves = vec![vec![Point::default(); axis.points(bins)]; index.len()];
    for batch in table.batches(&["time", "asset", "power_kw", "energy_kwh"])? {
        let batch = batch?;
        let (times, names) = (batch.times("time")?, batch.names("asset")?);
        let (power_kw, energy_kwh) = (batch.numbers("power_kw")?, batch.numbers("energy_kwh")?);
        let wanted: Vec<Option<usize>> = names.values().iter().map(|name| index.get(name).copied()).collect();
        for row in 0..batch.rows() {
            let curve = names.place(row).and_then(|place| wanted[place]);
            let (Some(curve), Some(bin)) = (curve, times[row].and_then(|time| bins.of(time))) else { continue };
            let point = &mut curves[curve][axis.point(bin, bins)];
            if let Some(power_kw) = power_kw[row] {
                point.power_kw += power_kw;
                point.count += 1;
            }
            if let Some(energy_kwh) = energy_kwh[row] {
                point.stored_kwh += energy_kwh;
                point.stored += 1;
            }
        }
    }
    Ok(curves)
}

fn minutes(bins: &Bins) -> usize {
    usize::try_from(bins.step.0 / 60_000).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_sampled_at_even_ranks_of_energy() {
        let asset = |rank: usize| Asset { name: format!("a{rank:03}"), group: Group::Pv, moved: (rank * rank) as f64 };
        let assets: Vec<Asset> = (0..111).rev().map(asset).collect();
        let names: Vec<&str> = choose(assets.iter().collect()).iter().map(|asset| asset.name.as_str()).collect();
        assert_eq!(names.len(), MOST);
        assert_eq!((names[0], names[1], names[11]), ("a000", "a010", "a110"));
        assert_eq!(choose(assets.iter().take(3).collect())[0].name, "a108");
    }
}
