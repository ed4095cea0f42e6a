//! What a run says when it is over: where the results are, and its key figures as a table.

use results::{Kpi, Status, Summary};
use scenarios::Plan;
use std::io::{self, Write};

/// Prints the summary of a run.
///
/// # Errors
/// When `out` can not be written to.
pub fn print(plan: &Plan, summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let days = (summary.reached - summary.start).hours() / 24.0;
    let how = match summary.status {
        Status::Complete => "complete",
        Status::Interrupted => "interrupted, its files are whole up to",
        Status::Failed => "failed at",
    };
    writeln!(out, "{}: {how} {}", plan.name, summary.reached)?;
    writeln!(
        out,
        "{} from {} in ticks of {} s, {} participants, seed {}",
        length(days),
        summary.start,
        plan.tick.seconds(),
        plan.participants.len(),
        plan.seed
    )?;
    writeln!(out)?;
    // What a run has nothing to say of, for instance reserve where there is none, is in its table only.
    for kpi in summary.kpis.iter().filter(|kpi| area_of(kpi).is_none() && kpi.value.is_some()) {
        writeln!(out, "  {:<42} {:>14} {}", kpi.label, figure(kpi), unit(kpi))?;
    }
    print_side_by_side(&summary.kpis, out)?;
    writeln!(out)?;
    let rows: u64 = summary.tables.iter().map(|(_, rows)| rows).sum();
    writeln!(out, "{} tables, {rows} rows in {}", summary.tables.len(), summary.dir.display())
}

/// Most columns of a table side by side; what is beyond goes into one below.
const MOST_COLUMNS: usize = 5;

/// What figures side by side are of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Rule,
    MarketArea,
    Portfolio,
}

impl Side {
    const ALL: [Self; 3] = [Self::Rule, Self::MarketArea, Self::Portfolio];

    fn of(kpi: &Kpi) -> Self {
        let begins_with = |prefix| kpi.name.starts_with(prefix);
        match () {
            () if begins_with("market_") || begins_with("compare_") => Self::Rule,
            () if begins_with("area_") => Self::MarketArea,
            () => Self::Portfolio,
        }
    }
}

/// Rules side by side, then the market's areas, then portfolios and the island: a line per figure, a column each.
fn print_side_by_side(kpis: &[Kpi], out: &mut impl Write) -> io::Result<()> {
    for side in Side::ALL {
        let kpis: Vec<_> = kpis.iter().filter(|kpi| Side::of(kpi) == side).collect();
        let mut columns: Vec<&str> = Vec::new();
        for (column, _) in kpis.iter().filter_map(|kpi| area_of(kpi)) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        for columns in columns.chunks(MOST_COLUMNS) {
            writeln!(out)?;
            print_columns(&kpis, columns, out)?;
        }
    }
    Ok(())
}

fn print_columns(kpis: &[&Kpi], columns: &[&str], out: &mut impl Write) -> io::Result<()> {
    let mut rows: Vec<(&str, Vec<Option<&Kpi>>)> = Vec::new();
    for (kpi, column, label) in kpis.iter().filter_map(|kpi| area_of(kpi).map(|(column, label)| (kpi, column, label))) {
        let Some(column) = columns.iter().position(|known| *known == column) else { continue };
        let row = rows.iter().position(|(known, _)| *known == label).unwrap_or_else(|| {
            rows.push((label, vec![None; columns.len()]));
            rows.len() - 1
        });
        rows[row].1[column] = Some(kpi);
    }
    let width = columns.iter().map(|column| column.chars().count()).max().unwrap_or(0).max(14);
    let heads: String = columns.iter().map(|column| format!(" {column:>width$}")).collect();
    writeln!(out, "  {:<42}{heads}", "")?;
    for (label, cells) in rows {
        write!(out, "  {label:<42}")?;
        for cell in &cells {
            write!(out, " {:>width$}", cell.map_or_else(|| "-".into(), figure))?;
        }
        writeln!(out, " {}", cells.into_iter().flatten().next().map_or("", unit))?;
    }
    Ok(())
}

/// The area a figure is about, and what it says of it.
fn area_of(kpi: &Kpi) -> Option<(&str, &str)> {
    kpi.label.split_once(": ")
}

/// Days, or hours where a run is shorter.
fn length(days: f64) -> String {
    let plural = |number: f64, what: &str| {
        let s = if number == 1.0 { "" } else { "s" };
        format!("{} {what}{s}", (number * 100.0).round() / 100.0)
    };
    if days < 1.0 { plural(days * 24.0, "hour") } else { plural(days, "day") }
}

/// The unit as it is printed; counts have none.
fn unit(kpi: &Kpi) -> &'static str {
    match kpi.unit {
        "count" | "cycles" => "",
        "share" => "%",
        unit => unit,
    }
}

/// A value with its thousands apart, or a dash.
fn figure(kpi: &Kpi) -> String {
    let Some(value) = kpi.value.map(|value| if kpi.unit == "share" { value * 100.0 } else { value }) else {
        return "-".into();
    };
    let is_whole = kpi.unit == "count" && value.fract() == 0.0;
    let decimals = usize::from(!is_whole) * if value.abs() < 100.0 { 2 } else { 1 };
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), ""), |(whole, fraction)| (whole, fraction));
    let grouped: Vec<_> = whole.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group)).collect();
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}{point}{fraction}", grouped.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Option<f64>, unit: &'static str) -> String {
        figure(&Kpi { name: String::new(), value, unit, label: String::new() })
    }

    #[test]
    fn figures_read_well() {
        assert_eq!(shown(Some(1_234_567.89), "kWh"), "1 234 567.9");
        assert_eq!(shown(Some(-0.125), "EUR"), "-0.12");
        assert_eq!(shown(Some(1200.0), "count"), "1 200");
        assert_eq!(shown(Some(8.286), "count"), "8.29", "a mean of counts");
        assert_eq!(shown(None, "%"), "-");
        assert_eq!(shown(Some(0.705), "share"), "70.50");
        assert_eq!(length(1.0), "1 day");
        assert_eq!(length(0.25), "6 hours");
    }
}
