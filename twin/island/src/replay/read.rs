//! Reads measured generation: which columns there are, then row by row.

use super::columns::{Column, Source, column};
use super::{Finding, Measured, Replay};
use crate::IslandError;
use jiff::Timestamp;

/// Sums and totals are rounded column by column: they may differ by this much, MW.
const SUM_TOLERANCE_MW: f64 = 1.0;
/// Power beyond this is in kW, or of another territory.
const MOST_MW: f64 = 5_000.0;
/// Below this a negative power is more than rounding, MW.
const LEAST_MW: f64 = -0.05;

pub(super) fn read(text: &str) -> Result<Replay, IslandError> {
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let mut findings = Vec::new();
    let columns = columns(reader.headers().map_err(unreadable)?, &mut findings)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let row = row(&columns, &record)?;
        examine(&row, &mut findings);
        rows.push(row);
    }
    rows.sort_by_key(|row| row.time_ms);
    let step_ms = step_ms(&rows)?;
    for pair in rows.windows(2) {
        let missing = (pair[1].time_ms - pair[0].time_ms) / step_ms - 1;
        if missing > 0 {
            findings.push(Finding::Gap { line: pair[1].line, missing: missing as u64 });
        }
    }
    Ok(Replay { rows, findings, step_ms })
}

fn unreadable(error: csv::Error) -> IslandError {
    let line = error.position().map_or(1, csv::Position::line);
    IslandError::Line { line, problem: error.to_string(), remedy: "give every row as many cells as the header".into() }
}

fn refuse(line: u64, problem: String, remedy: &str) -> IslandError {
    IslandError::Line { line, problem, remedy: remedy.into() }
}

fn columns(header: &csv::StringRecord, findings: &mut Vec<Finding>) -> Result<Vec<Option<Column>>, IslandError> {
    let mut found: Vec<Option<Column>> = Vec::new();
    for name in header {
        let column = column(name.trim());
        if column.is_none() {
            findings.push(Finding::Ignored { column: name.into() });
        }
        if column.is_some_and(|column| column != Column::Derived && found.contains(&Some(column))) {
            return Err(refuse(1, format!("a second column like `{name}`"), "keep one of both"));
        }
        found.push(column);
    }
    let has = |wanted: fn(&Column) -> bool| found.iter().flatten().any(wanted);
    if !has(|column| *column == Column::Time) {
        let remedy = "the time is in a column `date_heure` (history) or `date` (real time)";
        return Err(refuse(1, "no column has the time".into(), remedy));
    }
    if !has(|column| matches!(column, Column::Power(_))) {
        let remedy = "give columns such as `thermique_mw` (history) or `moteurs_diesels` (real time)";
        return Err(refuse(1, "no column has power by source".into(), remedy));
    }
    let is = |source| found.contains(&Some(Column::Power(source)));
    if is(Source::Thermal) && (is(Source::Engines) || is(Source::Turbines)) {
        let problem = "`thermique_mw` beside `moteurs_diesels` or `turbines_combustion` counts twice".into();
        return Err(refuse(1, problem, "keep the columns of one of the two data sets"));
    }
    Ok(found)
}

fn row(columns: &[Option<Column>], record: &csv::StringRecord) -> Result<Measured, IslandError> {
    let line = record.position().map_or(0, csv::Position::line);
    let mut time_ms = None;
    let mut row =
        Measured { time_ms: 0, line, source_mw: [None; Source::COUNT], total_mw: None, cost_eur_per_mwh: None };
    for (column, cell) in columns.iter().zip(record) {
        let cell = cell.trim();
        match column {
            _ if cell.is_empty() => {}
            Some(Column::Time) => time_ms = Some(instant(line, cell)?),
            Some(Column::Territory) if cell != "Martinique" => {
                return Err(refuse(line, format!("it is of {cell}"), "refine `territoire` to Martinique"));
            }
            Some(Column::Power(source)) => row.source_mw[*source as usize] = Some(number(line, cell, MOST_MW)?),
            Some(Column::Total) => row.total_mw = Some(number(line, cell, MOST_MW)?),
            Some(Column::Cost) => row.cost_eur_per_mwh = Some(number(line, cell, 1e5)?),
            Some(Column::Territory | Column::Derived) | None => {}
        }
    }
    row.time_ms = time_ms.ok_or_else(|| refuse(line, "it has no time".into(), "take the row out"))?;
    if row.total_mw.is_none() && row.source_mw.iter().all(Option::is_none) {
        return Err(refuse(line, "it has no power at all".into(), "take the row out: it is then a gap"));
    }
    Ok(row)
}

fn instant(line: u64, cell: &str) -> Result<i64, IslandError> {
    let stamp: Result<Timestamp, _> = cell.parse();
    let remedy = "write it as 2023-06-15T14:00:00-04:00, offset included";
    stamp.map(|stamp| stamp.as_millisecond()).map_err(|_| refuse(line, format!("{cell:?} is no instant"), remedy))
}

fn number(line: u64, cell: &str, most: f64) -> Result<f64, IslandError> {
    let remedy = "write numbers with a decimal point and without units, power in MW";
    match cell.parse::<f64>() {
        Ok(value) if value.abs() <= most => Ok(value),
        _ => Err(refuse(line, format!("{cell:?} is no number within {most}"), remedy)),
    }
}

fn examine(row: &Measured, findings: &mut Vec<Finding>) {
    if let Some(total_mw) = row.total_mw {
        let sum_mw = row.sum_mw();
        if (sum_mw - total_mw).abs() > SUM_TOLERANCE_MW {
            findings.push(Finding::Sum { line: row.line, sum_mw, total_mw });
        }
    }
    const SOURCES: [Source; Source::COUNT] = [
        Source::Engines,
        Source::Turbines,
        Source::Thermal,
        Source::BagasseCoal,
        Source::Pv,
        Source::Wind,
        Source::Hydro,
        Source::MicroHydro,
        Source::Bioenergy,
        Source::Geothermal,
        Source::Storage,
        Source::Imports,
    ];
    for source in SOURCES.into_iter().filter(|source| !source.may_take()) {
        let power_mw = row.of(source);
        if power_mw < LEAST_MW {
            findings.push(Finding::Negative { line: row.line, source, power_mw });
        }
    }
}

/// The shortest time between rows, ms; of a single row an hour.
fn step_ms(rows: &[Measured]) -> Result<i64, IslandError> {
    if rows.is_empty() {
        return Err(refuse(1, "there are no rows".into(), "export at least one"));
    }
    let mut step_ms = i64::MAX;
    for pair in rows.windows(2) {
        if pair[0].time_ms == pair[1].time_ms {
            let line = pair[0].line.max(pair[1].line);
            return Err(refuse(line, "its instant is there twice".into(), "keep one row per instant and territory"));
        }
        step_ms = step_ms.min(pair[1].time_ms - pair[0].time_ms);
    }
    Ok(if rows.len() == 1 { 3_600_000 } else { step_ms })
}
