//! What a run says when it is over: where the results are, and its key figures as a table.

use results::{Kpi, Status, Summary};
use scenarios::Plan;
use std::io::{self, Write};

/// Prints the summary of a run.
///
/// # Errors
/// When `out` can not be written to.
pub fn print(plan: &Plan, summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let days = (summary.reached - plan.start).hours() / 24.0;
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
        plan.start,
        plan.tick.seconds(),
        plan.participants.len(),
        plan.seed
    )?;
    writeln!(out)?;
    for kpi in summary.kpis.iter().filter(|kpi| area_of(kpi).is_none()) {
        writeln!(out, "  {:<36} {:>14} {}", kpi.label, figure(kpi), unit(kpi))?;
    }
    writeln!(out)?;
    print_areas(&summary.kpis, out)?;
    writeln!(out)?;
    let rows: u64 = summary.tables.iter().map(|(_, rows)| rows).sum();
    writeln!(out, "{} tables, {rows} rows in {}", summary.tables.len(), summary.dir.display())
}

/// Portfolios and the island side by side: a line per figure, a column per area.
fn print_areas(kpis: &[Kpi], out: &mut impl Write) -> io::Result<()> {
    let of_areas: Vec<_> = kpis.iter().filter_map(|kpi| area_of(kpi).map(|(area, label)| (area, label, kpi))).collect();
    let (mut areas, mut labels) = (Vec::new(), Vec::new());
    for (area, label, _) in &of_areas {
        if !areas.contains(area) {
            areas.push(*area);
        }
        if !labels.contains(label) {
            labels.push(*label);
        }
    }
    write!(out, "  {:<36}", "")?;
    for area in &areas {
        write!(out, " {area:>14}")?;
    }
    writeln!(out)?;
    for label in labels {
        write!(out, "  {label:<36}")?;
        let mut shown = "";
        for area in &areas {
            let kpi = of_areas.iter().find(|(of, what, _)| of == area && *what == label).map(|(.., kpi)| kpi);
            write!(out, " {:>14}", kpi.map_or_else(|| "-".into(), |kpi| figure(kpi)))?;
            shown = kpi.map_or(shown, |kpi| unit(kpi));
        }
        writeln!(out, " {shown}")?;
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
