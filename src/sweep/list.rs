//! `--dry-run`: the points of a sweep as a table.

use super::freeze::Frozen;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Every point with its values, what its runs cost, and how many of them are done.
pub(super) fn list(frozen: &Frozen, done: &BTreeSet<String>, place: &str) -> String {
    let manifest = &frozen.manifest;
    let points = &frozen.points;
    let mut head: Vec<String> = vec!["point".into()];
    head.extend(points.parameters.iter().map(|parameter| parameter.name.clone()));
    head.extend(["participants", "ticks", "runs", "done"].map(String::from));
    let mut rows = vec![head];
    for (index, run) in points.runs.iter().enumerate().filter(|(_, run)| run.replicate == 0) {
        let runs = points.runs[index..].iter().take_while(|other| other.point == run.point);
        let (count, complete) =
            runs.fold((0, 0), |(count, complete), run| (count + 1, complete + usize::from(done.contains(&run.run))));
        let mut row = vec![run.point.to_string()];
        row.extend(points.parameters.iter().map(|parameter| parameter.values[index].text()));
        row.extend([run.participants.to_string(), run.ticks().to_string(), count.to_string(), complete.to_string()]);
        rows.push(row);
    }
    let mut text = format!(
        "{}: {} points × {} seeds = {} runs by {}, into {place}\n",
        manifest.name,
        manifest.points,
        manifest.seeds.len(),
        manifest.runs,
        manifest.method
    );
    if let Some(about) = &manifest.about {
        let _ = writeln!(text, "{about}");
    }
    if let Some(snapshot) = &manifest.snapshot {
        let _ = writeln!(text, "from the snapshot of {} ({})", snapshot.time, snapshot.file.path);
    }
    let seeds: Vec<_> = manifest.seeds.iter().take(20).map(u64::to_string).collect();
    let more = if manifest.seeds.len() > seeds.len() { ", …" } else { "" };
    let _ = writeln!(text, "seeds {}{more}", seeds.join(", "));
    let _ = writeln!(text);
    write_rows(&mut text, &rows);
    text
}

/// Writes rows under their head, each column as wide as it must be, numbers to the right.
fn write_rows(text: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let cells = |column: usize| rows.iter().map(move |row| row[column].as_str());
    let widths: Vec<usize> =
        (0..columns).map(|column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0)).collect();
    let is_number: Vec<bool> =
        (0..columns).map(|column| cells(column).skip(1).all(|cell| cell.parse::<f64>().is_ok())).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).zip(&is_number).map(|((cell, &width), &is_number)| {
            if is_number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
