//! What is shown to people: one schedule at length, or a row for each of many.

use super::solved::Solved;
use super::words;
use crate::clear::table::{Entry, Table};
use agents::schedule::Violation;

/// Rows that are shown of a long list: about a screenful.
const SCREENFUL: usize = 40;

/// Everything to be printed.
pub(crate) fn page(solved: &[Solved]) -> String {
    match solved {
        [one] => one_page(one),
        many => many_page(many),
    }
}

fn one_page(one: &Solved) -> String {
    let problem = &one.named.problem;
    let (clock, schedule) = (one.named.clock, &one.schedule);
    let mut text = format!("{} of {}\n\n", words::label(&one.named.name), one.file);
    let span = format!("{} to {}", clock.shown(problem.start), clock.shown(problem.end_of(problem.steps - 1)));
    let steps = format!("{span}, {} steps of {} min", problem.steps, words::number(problem.step_h() * 60.0));
    let method = one.method_in_words();
    for (name, value) in [("status", words::status(schedule.status)), ("time", &steps), ("method", &method)] {
        text += &format!("  {name:<8}{value}\n");
    }
    text += "\n";
    text += &costs(one).text();
    text += "\n";
    text += &devices(one).text();
    if !schedule.violations.is_empty() {
        text += "\n  What is not kept\n";
        let told = merged(&schedule.violations);
        for run in told.iter().take(SCREENFUL) {
            text += &format!("    {}\n", run_in_words(one, run));
        }
        if told.len() > SCREENFUL {
            text += &format!("    … and {} more: --json has them all\n", told.len() - SCREENFUL);
        }
    }
    for note in &one.named.notes {
        text += &format!("\n  Note: {}\n", words::visible(note));
    }
    text
}

/// Violations of one rule at steps that follow each other.
fn merged(violations: &[Violation]) -> Vec<Vec<&Violation>> {
    let mut sorted: Vec<&Violation> = violations.iter().collect();
    sorted.sort_by_key(|miss| (miss.device.is_none(), miss.device.as_deref(), miss.rule, miss.step));
    let follows = |a: &&Violation, b: &&Violation| a.device == b.device && a.rule == b.rule && b.step == a.step + 1;
    sorted.chunk_by(follows).map(<[_]>::to_vec).collect()
}

fn run_in_words(one: &Solved, run: &[&Violation]) -> String {
    let Some(worst) = run.iter().max_by(|a, b| a.amount.total_cmp(&b.amount)) else { return String::new() };
    match run {
        [only] => one.in_words(only),
        [first, .., last] => {
            let clock = one.named.clock;
            let (from, until) = (clock.shown(first.at), clock.shown(last.at));
            format!("{}, the most of {} steps from {from} to {until}", one.in_words(worst), run.len())
        }
        [] => String::new(),
    }
}

fn costs(one: &Solved) -> Table {
    let cost = &one.schedule.cost;
    let mut table = Table::new([("cost", "", 0), ("amount", "EUR", 9)]);
    let parts = [
        ("consumption", cost.import_eur, true),
        ("production", -cost.export_eur, true),
        ("ageing", cost.ageing_eur, cost.ageing_eur != 0.0),
        ("peak", cost.peak_eur, one.named.problem.site.peak_eur_per_kw != 0.0),
        ("stored in the end", -cost.end_value_eur, cost.end_value_eur != 0.0),
        ("total", cost.total_eur(), true),
    ];
    for (name, eur, is_shown) in parts {
        if is_shown {
            table.row([Entry::Words(name.into()), number(eur, 9)]);
        }
    }
    table.line_before_last();
    table
}

fn devices(one: &Solved) -> Table {
    let headings = [
        ("device", "", 0),
        ("consumes", "kWh", 3),
        ("produces", "kWh", 3),
        ("curtailed", "kWh", 3),
        ("soc start", "kWh", 3),
        ("end", "kWh", 3),
        ("least", "kWh", 3),
        ("most", "kWh", 3),
        ("highest in", "kW", 3),
        ("highest out", "kW", 3),
    ];
    let mut table = Table::new(headings);
    let dash = || Entry::Number(None);
    for (device, plan) in one.plans() {
        let figures = one.figures(device, plan);
        let soc = figures.soc_kwh.map_or([dash(), dash(), dash(), dash()], |soc| soc.map(|kwh| number(kwh, 3)));
        let curtailed = if figures.soc_kwh.is_none() { number(figures.curtailed_kwh, 3) } else { dash() };
        let most = |sign: f64| plan.power_kw.iter().map(|power| sign * power).fold(0.0, f64::max);
        let mut row = vec![Entry::Words(words::label(device.name()))];
        row.extend([number(figures.consumed_kwh, 3), number(figures.produced_kwh, 3), curtailed]);
        row.extend(soc);
        row.extend([number(most(1.0), 3), number(most(-1.0), 3)]);
        table.row(row);
    }
    let [import, export, highest_in, highest_out] = one.connection();
    let mut row = vec![Entry::Words("connection".into()), number(import, 3), number(export, 3)];
    row.extend([dash(), dash(), dash(), dash(), dash(), number(highest_in, 3), number(highest_out, 3)]);
    table.row(row);
    table.line_before_last();
    table
}

fn many_page(many: &[Solved]) -> String {
    let mut table = Table::new([
        ("problem", "", 0),
        ("status", "", 0),
        ("cost", "EUR", 9),
        ("gap", "EUR", 9),
        ("consumes", "kWh", 3),
        ("produces", "kWh", 3),
        ("not kept", "", 0),
    ]);
    for one in many.iter().take(SCREENFUL) {
        let [import, export, ..] = one.connection();
        table.row([
            Entry::Words(words::label(&one.named.name)),
            Entry::Words(words::status_word(one.schedule.status).into()),
            number(one.schedule.cost.total_eur(), 9),
            number(if one.proof.is_closed() { 0.0 } else { one.proof.gap_eur }, 9),
            number(import, 3),
            number(export, 3),
            Entry::Number(Some(one.schedule.violations.len() as i128)),
        ]);
    }
    let mut text = format!("{} problems\n\n{}", many.len(), table.text());
    if many.len() > SCREENFUL {
        text += &format!("  … and {} more: --json or --out FILE has them all\n", many.len() - SCREENFUL);
    }
    text
}

/// A number as the table keeps it; its smallest unit is 10^-`decimals`.
fn number(value: f64, decimals: u32) -> Entry {
    Entry::Number(Some((value * 10_f64.powi(decimals as i32)).round() as i128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Time;
    use agents::schedule::Rule;

    #[test]
    fn misses_of_one_rule_that_follow_each_other_are_one_line() {
        let miss = |device: Option<&str>, rule, step| Violation {
            device: device.map(str::to_owned),
            rule,
            step,
            at: Time(step as i64),
            amount: 1.0,
        };
        let found = [
            miss(Some("bat"), Rule::SocMin, 0),
            miss(Some("bat"), Rule::Minimum, 0),
            miss(Some("bat"), Rule::SocMin, 1),
            miss(Some("bat"), Rule::SocMin, 3),
            miss(None, Rule::ImportLimit, 4),
        ];
        let lengths: Vec<_> = merged(&found).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 1, 1], "SocMin 0 and 1, SocMin 3, Minimum, the connection");
    }
}
