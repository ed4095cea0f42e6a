//! From a table to regular series: one column of values each, or rows of `time, quantity, value, unit`.
//!
//! A value holds from its instant to the next one. Units, duplicates, disorder and uneven steps are checked; a gap is
//! an error unless the section says how to fill it, and then each filled value is counted and told.

use super::instant::Instants;
use super::measured::{Measured, Named};
use super::quantity::{NIGHT_OFFSET_W_PER_M2, Quantity};
use super::table::{Cell, DataTable};
use crate::document::{Node, Reader, Value};
use crate::error::Problem;
use crate::parameters::Limits::Any;
use crate::parameters::{Parameters, choice, parameters};
use agents::series::Series;
use agents::{Span, Time};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What is done about missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GapRule {
    /// Nothing: a gap is an error.
    Refuse,
    /// The last value holds on.
    Hold,
    /// A straight line joins the values before and after.
    Interpolate,
}

choice!(GapRule { "refuse" => GapRule::Refuse, "hold" => GapRule::Hold, "interpolate" => GapRule::Interpolate });

parameters! {
    /// A file of measured series that replace synthetic ones. What its columns hold is said in `[series.NAME.columns]`,
    /// one line each: `ghi = { quantity = "irradiance", unit = "W/m2" }`, with `asset` for consumption and production;
    /// without it, its rows say so in the columns `time`, `quantity`, `value`, `unit` and, where needed, `asset`.
    pub(crate) struct SeriesSection in "series" {
        /// CSV or Parquet file, from the folder of the scenario.
        file: String, "path", Any, "";
        /// Its column of instants.
        time: String = "time".into(), "column", Any, "";
        /// Time zone of instants without an offset; none: each has its own.
        zone: Option<String> = None, "time zone", Any, "";
        /// What is done about missing values: `refuse`, `hold` the last one, or `interpolate`.
        gaps: GapRule = GapRule::Refuse, "word", Any, "";
        /// Longest time without values that is filled.
        longest_gap: Span = Span::HOUR, "duration", Any, "";
    }
}

/// Whose values a series is, or what of the island.
type What = (Quantity, Option<String>);

/// Value and row number by instant, as they come.
type Samples = Vec<(Time, Option<f64>, u64)>;

/// A series of a table, where it was named, and its samples or the first problem with them.
type Found = (What, Named, Result<Samples, Problem>);

impl SeriesSection {
    /// Reads the section's own keys, and takes note of the table of columns.
    pub(crate) fn read_all(reader: &mut Reader<'_>) -> Self {
        reader.node("columns");
        Self::read(reader)
    }

    /// Reads the series of `table` into `measured`; `node` is the section as written at the dotted path `key`. Of each
    /// series the first problem is told.
    ///
    /// # Errors
    /// [`Problem`] if the section as a whole can not be read.
    pub(crate) fn load(
        &self,
        (key, node): (&str, &Node),
        table: &DataTable,
        measured: &mut Measured,
        problems: &RefCell<Vec<Problem>>,
    ) -> Result<(), Problem> {
        let zone = node.at("zone").unwrap_or(node);
        let instants =
            Instants::of(self.zone.as_deref()).map_err(|text| Problem::at(zone, &format!("{key}.zone"), text))?;
        let found = match node.at("columns") {
            Some(columns) => self.wide(&format!("{key}.columns"), columns, table, &instants)?,
            None => self.long(key, table, &instants)?,
        };
        for (what, named, samples) in found {
            let added = samples.and_then(|mut samples| {
                if what.0 == Quantity::Irradiance {
                    lift_night_offset(table, &mut samples, measured);
                }
                let series = self.regular(key, what.0, table, samples, measured)?;
                measured.add(named, table.path().into(), what, series)
            });
            problems.borrow_mut().extend(added.err());
        }
        Ok(())
    }

    /// One series per column that the section names.
    fn wide(&self, path: &str, columns: &Node, table: &DataTable, instants: &Instants) -> Result<Vec<Found>, Problem> {
        let named = columns.table().filter(|columns| !columns.is_empty()).ok_or_else(|| {
            let text = "must name columns: write ghi = { quantity = \"irradiance\", unit = \"W/m2\" }";
            Problem::at(columns, path, text)
        })?;
        let section = path.trim_end_matches(".columns");
        let time = table.column(&self.time, &format!("say which holds the time with {section}.time"))?;
        let column = |(name, node): (&String, &Node)| {
            let key = format!("{path}.{name}");
            let (what, unit) = column_meaning(node).map_err(|text| Problem::at(node, &key, text))?;
            let sample = |place: usize, (row, cells): (u64, &[Cell])| {
                let wrong = |text: String| table.problem(row, format!("{name}: {text}"));
                let time = instants.read(&cells[time]).map_err(|text| table.problem(row, text))?;
                let number = cells[place].number().map_err(wrong)?;
                Ok((time, number.map(|number| what.0.convert(number, unit)).transpose().map_err(wrong)?, row))
            };
            let place = table.column(name, &format!("rename {key}"));
            let samples = place.and_then(|place| table.rows().map(|row| sample(place, row)).collect());
            Ok((what, Named { place: node.origin.to_string(), key }, samples))
        };
        // What a column is must be known before it can be told what is wrong with it.
        named.iter().map(column).collect()
    }

    /// Rows that say what they are.
    fn long(&self, key: &str, table: &DataTable, instants: &Instants) -> Result<Vec<Found>, Problem> {
        let time = table.column(&self.time, &format!("say which holds the time with {key}.time"))?;
        let remedy = format!("add it, or say what each column holds in [{key}.columns]");
        let [quantity, value, unit] = ["quantity", "value", "unit"].map(|name| table.column(name, &remedy));
        let (quantity, value, unit) = (quantity?, value?, unit?);
        let asset = if table.has("asset") { Some(table.column("asset", &remedy)?) } else { None };
        let mut found: BTreeMap<What, Samples> = BTreeMap::new();
        for (row, cells) in table.rows() {
            let wrong = |text: String| table.problem(row, text);
            let time = instants.read(&cells[time]).map_err(wrong)?;
            let quantity = Quantity::named(cells[quantity].text().map_err(wrong)?).map_err(wrong)?;
            let unit = quantity.unit(cells[unit].text().map_err(wrong)?).map_err(wrong)?;
            let number = cells[value].number().map_err(wrong)?;
            let value = number.map(|number| quantity.convert(number, unit)).transpose().map_err(wrong)?;
            let asset = match asset.map(|asset| &cells[asset]) {
                None | Some(Cell::Missing) => None,
                Some(cell) => Some(cell.text().map_err(wrong)?.to_owned()),
            };
            check_asset(quantity, asset.as_deref()).map_err(wrong)?;
            found.entry((quantity, asset)).or_default().push((time, value, row));
        }
        let named = |samples: &Samples| Named { place: table.place(samples[0].2), key: key.into() };
        if found.is_empty() {
            return Err(table.problem_with_all("holds no values: add rows, or leave it out"));
        }
        Ok(found.into_iter().map(|(what, samples)| (what, named(&samples), Ok(samples))).collect())
    }

    fn gap_hint(&self, key: &str) -> String {
        match self.gaps {
            GapRule::Refuse => format!("fill it, or set {key}.gaps to \"hold\" or \"interpolate\""),
            GapRule::Hold | GapRule::Interpolate => format!("fill it, or raise {key}.longest_gap"),
        }
    }

    /// Values on a regular grid, whose step is the most frequent distance of two.
    fn regular(
        &self,
        key: &str,
        quantity: Quantity,
        table: &DataTable,
        samples: Samples,
        measured: &mut Measured,
    ) -> Result<Series, Problem> {
        let name = quantity.as_str();
        for pair in samples.windows(2) {
            let ((before, ..), (after, _, row)) = (pair[0], pair[1]);
            if after == before {
                return Err(table.problem(row, format!("has a second value of {name} for {after}: remove one")));
            }
            if after < before {
                return Err(table.problem(row, format!("{name} goes back from {before} to {after}: sort by time")));
            }
        }
        let Some(step) = usual_step(&samples) else {
            return Err(table.problem_with_all(format!("holds a single value of {name}: a series needs at least two")));
        };
        let mut filler = Filler { rule: self.gaps, longest: self.longest_gap, step, values: Vec::new(), filled: 0 };
        let start = samples[0].0;
        let mut last = None;
        for (time, value, row) in samples {
            if (time - start).0 % step.0 != 0 {
                let text =
                    format!("{name} leaves its step of {} min at {time}: resample to a regular step", minutes(step));
                return Err(table.problem(row, text));
            }
            let Some(value) = value else {
                if self.gaps == GapRule::Refuse {
                    let text = format!("has no number for {name}: fill or remove it, or set {key}.gaps");
                    return Err(table.problem(row, text));
                }
                continue;
            };
            filler
                .add((time, value), last)
                .map_err(|text| table.problem(row, format!("{name} has {text}: {}", self.gap_hint(key))))?;
            last = Some((time, value));
        }
        let Some((end, _)) = last.filter(|_| filler.values.len() > 1) else {
            return Err(table.problem_with_all(format!("holds fewer than two numbers for {name}: fill some in")));
        };
        if filler.filled > 0 {
            let (path, filled) = (table.path().display(), filler.filled);
            measured.notes.push(format!("{path}: {filled} missing values of {name} were filled, as {key}.gaps says"));
        }
        let start = end - step * (filler.values.len() as i64 - 1);
        Ok(Series { start, step, values: filler.values.into() })
    }
}

/// Puts values on a grid and fills what is missing between two.
struct Filler {
    rule: GapRule,
    longest: Span,
    step: Span,
    values: Vec<f64>,
    filled: usize,
}

impl Filler {
    fn add(&mut self, (time, value): (Time, f64), last: Option<(Time, f64)>) -> Result<(), String> {
        if let Some((before, held)) = last {
            let distance = time - before;
            let missing = distance.0 / self.step.0 - 1;
            if missing > 0 && (self.rule == GapRule::Refuse || self.step * missing > self.longest) {
                return Err(format!(
                    "a gap of {} min after {before} (its step is {} min)",
                    minutes(self.step * missing),
                    minutes(self.step)
                ));
            }
            for index in 1..=missing {
                let share = index as f64 / (missing + 1) as f64;
                self.values.push(match self.rule {
                    GapRule::Interpolate => held + (value - held) * share,
                    _ => held,
                });
                self.filled += 1;
            }
        }
        self.values.push(value);
        Ok(())
    }
}

/// The most frequent distance of two instants, of equally frequent ones the smallest.
fn usual_step(samples: &Samples) -> Option<Span> {
    let mut counts: BTreeMap<Span, usize> = BTreeMap::new();
    for pair in samples.windows(2) {
        *counts.entry(pair[1].0 - pair[0].0).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(step, count)| (*count, std::cmp::Reverse(*step))).map(|(step, _)| step)
}

fn minutes(step: Span) -> f64 {
    step.hours() * 60.0
}

/// What a column holds, and factor and offset of its unit, as its table says.
fn column_meaning(node: &Node) -> Result<(What, (f64, f64)), String> {
    const HINT: &str = "write { quantity = \"irradiance\", unit = \"W/m2\" }";
    let table = node.table().ok_or_else(|| format!("is {}: {HINT}", node.value.kind()))?;
    if let Some(key) = table.keys().find(|key| !["quantity", "unit", "asset"].contains(&key.as_str())) {
        return Err(format!("has the unknown key `{key}`: {HINT}"));
    }
    let text = |key: &str| match table.get(key).map(|node| &node.value) {
        Some(Value::Text(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("has a `{key}` that is no text: {HINT}")),
        None => Ok(None),
    };
    let quantity = Quantity::named(text("quantity")?.ok_or_else(|| format!("names no quantity: {HINT}"))?)?;
    let unit = quantity.unit(text("unit")?.ok_or_else(|| format!("names no unit: {HINT}"))?)?;
    let asset = text("asset")?;
    check_asset(quantity, asset)?;
    Ok(((quantity, asset.map(String::from)), unit))
}

fn check_asset(quantity: Quantity, asset: Option<&str>) -> Result<(), String> {
    match (quantity.is_of_an_asset(), asset) {
        (true, None) => Err(format!("{} is measured at one asset: name it as `asset`", quantity.as_str())),
        (false, Some(asset)) => Err(format!("{} holds for the whole island: leave out `{asset}`", quantity.as_str())),
        _ => Ok(()),
    }
}

fn lift_night_offset(table: &DataTable, samples: &mut Samples, measured: &mut Measured) {
    let mut lifted = 0;
    for (_, value, _) in samples.iter_mut() {
        if let Some(below) = value.as_mut().filter(|value| **value < 0.0) {
            *below = 0.0;
            lifted += 1;
        }
    }
    if lifted > 0 {
        let path = table.path().display();
        measured.notes.push(format!(
            "{path}: {lifted} irradiance values between {NIGHT_OFFSET_W_PER_M2} and 0 W/m² (night offset) taken as 0"
        ));
    }
}
