//! `kpis.parquet` and `runs.parquet`: what a notebook reads when all runs have ended.

use std::collections::BTreeSet;

use parquet::file::metadata::KeyValue;

use super::ended::Row;
use super::{Ended, FrozenRun, KPIS_PARQUET, Manifest, Points, RUNS_PARQUET, Store};
use crate::error::ResultsError;
use crate::frame::Frame;
use crate::kpi_table::kpi_field;
use crate::kpis::{ACTUAL, AREA_KPIS, COMMUNITY_KPIS, MARKET_AREA_KPIS, of_community, of_market_area, of_run};
use crate::schema::{RUNS, SWEEP_KPIS};
use crate::table::metadata;

/// The two tables as Parquet files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepTables {
    /// One row per complete run.
    pub kpis: Vec<u8>,
    /// One row per run that has ended.
    pub runs: Vec<u8>,
}

/// Makes the tables of the runs that have ended, in the order of the points.
///
/// Equal runs give equal bytes of `kpis`, whoever ran them, in whatever order.
pub fn tables(manifest: &Manifest, points: &Points, ended: &Ended) -> SweepTables {
    let rows: Vec<(usize, &FrozenRun, &Row)> =
        points.runs.iter().enumerate().filter_map(|(index, run)| Some((index, run, ended.row(&run.run)?))).collect();
    let runs = runs_table(points, &rows);
    let complete: Vec<_> = rows.into_iter().filter(|(.., row)| row.error.is_none()).collect();
    SweepTables { kpis: kpis_table(manifest, points, ended, &complete), runs }
}

impl SweepTables {
    /// Writes `kpis.parquet` and `runs.parquet`, unless they are there as they would be written.
    pub fn write(&self, store: &dyn Store) -> Result<(), ResultsError> {
        for (name, contents) in [(RUNS_PARQUET, &self.runs), (KPIS_PARQUET, &self.kpis)] {
            if store.read(name)?.as_ref() != Some(contents) {
                store.write(name, contents)?;
            }
        }
        Ok(())
    }
}

fn kpis_table(manifest: &Manifest, points: &Points, ended: &Ended, rows: &[(usize, &FrozenRun, &Row)]) -> Vec<u8> {
    let mut frame = Frame::default();
    let mut fields = SWEEP_KPIS.fields().into_iter();
    let runs = || rows.iter().map(|(_, run, _)| *run);
    points.head(rows.iter().map(|(index, ..)| *index).collect(), &mut fields, &mut frame);
    let [start, end, tick] = fields.collect::<Vec<_>>().try_into().expect("the table has these columns");
    frame.times(start, runs().map(|run| run.start));
    frame.times(end, runs().map(|run| run.end));
    frame.reals(tick, runs().map(|run| Some(run.tick.seconds())));
    for name in &manifest.figures {
        // Runs of an earlier sweep in the same place may have had others.
        let column = ended.columns().iter().enumerate().find(|(_, column)| column.name == *name);
        if let Some((index, column)) = column {
            let of_complete = rows.iter().map(|(.., row)| row.value(index));
            frame.reals(kpi_field(&column.name, &column.unit, &column.label), of_complete);
        }
    }
    bytes(frame, metadata(&SWEEP_KPIS, None))
}

fn runs_table(points: &Points, rows: &[(usize, &FrozenRun, &Row)]) -> Vec<u8> {
    let mut frame = Frame::default();
    let mut fields = RUNS.fields().into_iter();
    let runs = || rows.iter().map(|(_, run, _)| *run);
    let word = |row: &Row| Some(if row.error.is_some() { "failed" } else { "complete" });
    points.head(rows.iter().map(|(index, ..)| *index).collect(), &mut fields, &mut frame);
    let [status, error, wall, participants, ticks] =
        fields.collect::<Vec<_>>().try_into().expect("the table has these columns");
    frame.names(status, rows.iter().map(|(.., row)| word(row)));
    frame.texts(error, rows.iter().map(|(.., row)| row.error.as_deref()));
    frame.reals(wall, rows.iter().map(|(.., row)| Some(row.wall_s)));
    frame.numbers(participants, runs().map(|run| run.participants));
    frame.numbers(ticks, runs().map(FrozenRun::ticks));
    bytes(frame, metadata(&RUNS, None))
}

/// The key figures that the patterns ask for (without patterns all), in the order in which a run of its own has them:
/// those of the run, of the market, of rules that are compared with it, of its areas, of portfolios by name, of the island.
pub fn figures(patterns: &[String], names: &BTreeSet<String>) -> Vec<String> {
    let rank = |name: &String| {
        let of_run = of_run().position(|kpi| kpi.name == *name);
        let of_area = AREA_KPIS
            .iter()
            .enumerate()
            .filter_map(|(rank, kpi)| Some((name.strip_suffix(kpi.name)?, rank)))
            .min_by_key(|(prefix, _)| prefix.len());
        if let Some((rule, of)) = of_community(name) {
            let rank = COMMUNITY_KPIS.iter().position(|kpi| kpi.name == of.name).unwrap_or_default();
            // What was stands before what would have been.
            return (1, if name.starts_with(ACTUAL) { String::new() } else { rule.to_owned() }, rank);
        }
        if let Some((area, of)) = of_market_area(name) {
            let rank = MARKET_AREA_KPIS.iter().position(|kpi| kpi.name == of.name).unwrap_or_default();
            return (2, area.to_owned(), rank);
        }
        match (of_run, of_area) {
            (Some(rank), _) => (0, String::new(), rank),
            (None, Some((prefix, rank))) => (if prefix == "island_" { 4 } else { 3 }, prefix.to_owned(), rank),
            (None, None) => (5, name.clone(), 0),
        }
    };
    let is_wanted = |name: &&String| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name));
    let mut wanted: Vec<String> = names.iter().filter(is_wanted).cloned().collect();
    wanted.sort_by_cached_key(rank);
    wanted
}

/// Patterns that match none of the key figures.
pub fn idle_patterns<'p>(patterns: &'p [String], names: &BTreeSet<String>) -> Vec<&'p str> {
    let is_idle = |pattern: &&String| !names.iter().any(|name| matches(pattern, name));
    patterns.iter().filter(is_idle).map(String::as_str).collect()
}

/// Whether `name` is of the form of `pattern`, in which `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(inner) = name.strip_prefix(head).and_then(|name| name.strip_suffix(tail)) else { return false };
    // The first place of each piece is as good as any other.
    let after = |left: &str, piece: &str| left.find(piece).map(|place| place + piece.len());
    middle.split('*').try_fold(inner, |left, piece| after(left, piece).map(|place| &left[place..])).is_some()
}

/// A table as a Parquet file in memory.
pub(super) fn bytes(frame: Frame, metadata: Vec<KeyValue>) -> Vec<u8> {
    let mut contents = Vec::new();
    frame.write(&mut contents, metadata).expect("columns of equal length can be written to memory");
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, is_match) in [
            ("island_*", "island_import_kwh", true),
            ("*_kwh", "island_import_kwh", true),
            ("*import*", "island_import_kwh", true),
            ("*", "", true),
            ("island_*_kwh", "island_kwh", false),
            ("import", "island_import_kwh", false),
            ("*é*", "caféteria", true),
            ("a*a", "a", false),
            ("a*b*c", "a-c-b-c", true),
            ("a*b*c", "a-c-b", false),
            (&"*".repeat(60), "x", true),
            (&("*a".repeat(30) + "b"), &"a".repeat(200), false),
        ] {
            assert_eq!(matches(pattern, name), is_match, "{pattern} {name}");
        }
    }

    #[test]
    fn figures_stand_in_the_order_of_a_single_run_whoever_came_first() {
        let names = ["island_import_kwh", "zone_co2_kg", "zone_import_kwh", "events_count", "pv_production_kwh"];
        let names = names.map(String::from).into();
        let all = ["pv_production_kwh", "events_count", "zone_import_kwh", "zone_co2_kg", "island_import_kwh"];
        assert_eq!(figures(&[], &names), all);
        assert_eq!(figures(&["zone_*".into(), "events_count".into()], &names), all[1..4]);
    }
}
