//! Violations and statuses in words.

use super::reading::Clock;
use agents::schedule::{Method, Rule, Status, Violation};

/// Characters of a name that are shown: longer ones would tear tables apart.
const LONGEST_NAME: usize = 40;

/// Text from a file, safe to show: control characters (which can move the cursor or colour what follows) and marks that
/// turn the direction of text are written out.
pub(crate) fn visible(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// A name from a file: [`visible`], and cut where it is long.
pub(crate) fn label(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => visible(&name[..end]) + "…",
        None => visible(name),
    }
}

/// How a schedule was found.
pub(crate) fn method(method: Method) -> &'static str {
    match method {
        Method::OneStorage => "exact, for one storage at most",
        Method::Prices => "by prices that all storages follow",
        Method::Program => "as one linear or mixed-integer program",
    }
}

/// The method in results.
pub(crate) fn method_word(method: Method) -> &'static str {
    match method {
        Method::OneStorage => "one_storage",
        Method::Prices => "prices",
        Method::Program => "program",
    }
}

/// What came of a problem.
pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Feasible => "feasible: every limit is kept",
        Status::Missed => "missed: not every limit can be kept, and they are soft",
        Status::Infeasible => "infeasible: not every limit can be kept, and they are hard",
    }
}

/// The status in results.
pub(crate) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Feasible => "feasible",
        Status::Missed => "missed",
        Status::Infeasible => "infeasible",
    }
}

/// The rule in results.
pub(crate) fn rule_word(rule: Rule) -> &'static str {
    match rule {
        Rule::SocMin => "soc_min",
        Rule::SocMax => "soc_max",
        Rule::Minimum => "minimum",
        Rule::Maximum => "maximum",
        Rule::TargetMissed => "target_missed",
        Rule::TargetExceeded => "target_exceeded",
        Rule::ImportLimit => "import_limit",
        Rule::ExportLimit => "export_limit",
        Rule::ChargeLimit => "charge_limit",
        Rule::DischargeLimit => "discharge_limit",
        Rule::Mode => "mode",
        Rule::Exclusion => "exclusion",
        Rule::Soc => "soc",
        Rule::Balance => "balance",
        Rule::Shape => "shape",
    }
}

/// `ev is 49.76 kWh below its target at 2026-03-02 02:00`.
pub(crate) fn violation(violation: &Violation, clock: Clock) -> String {
    let what = match violation.rule {
        Rule::SocMin => "below the least it may hold",
        Rule::SocMax => "above the most it may hold",
        Rule::Minimum => "below its minimum",
        Rule::Maximum => "above its maximum",
        Rule::TargetMissed => "below its target",
        Rule::TargetExceeded => "above its target",
        Rule::ImportLimit => "above the limit of consumption",
        Rule::ExportLimit => "above the limit of production",
        // The rules that no schedule breaks; ours are looked at before they are shown.
        other => rule_word(other),
    };
    let who = violation.device.as_deref().map_or("the connection".to_owned(), label);
    let (amount, unit) = (number(violation.amount), violation.rule.unit());
    format!("{who} is {amount} {unit} {what} at {}", clock.shown(violation.at))
}

/// A number with at most three decimals, more where it is small.
pub(crate) fn number(number: f64) -> String {
    let decimals = if number != 0.0 && number.abs() < 0.01 { 6 } else { 3 };
    let text = format!("{number:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Time;
    use jiff::tz::Offset;

    #[test]
    fn a_miss_says_who_by_how_much_and_when_there() {
        let at = Time(1_772_431_200_000);
        let device = Some("ev".to_owned());
        let miss = Violation { device, rule: Rule::TargetMissed, step: 7, at, amount: 49.76 };
        let clock = Clock::Local(Offset::constant(-4));
        assert_eq!(violation(&miss, clock), "ev is 49.76 kWh below its target at 2026-03-02 02:00");
        let of_site = Violation { device: None, rule: Rule::ImportLimit, amount: 0.001, ..miss };
        let clock = Clock::FromStart(Time(at.0 - 5_400_000));
        let told = "the connection is 0.001 kW above the limit of consumption at 1:30 h after the start";
        assert_eq!(violation(&of_site, clock), told);
    }

    #[test]
    fn names_can_not_move_the_cursor_or_tear_tables_apart() {
        assert_eq!(label("Prévision β"), "Prévision β");
        assert_eq!(label("a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
        let long = label(&"x".repeat(1_000));
        assert_eq!(long.chars().count(), 41);
        assert!(long.ends_with("x…"));
    }

    #[test]
    fn numbers_have_no_more_digits_than_they_need() {
        for (value, text) in [(2.0, "2"), (2.5, "2.5"), (2.0004, "2"), (0.0012, "0.0012"), (-0.0, "0")] {
            assert_eq!(number(value), text);
        }
    }
}
