//! The picture of a schedule, as SVG: prices, powers and what is stored, under one another over the same time.

use super::solved::Solved;
use super::words;
use agents::schedule::{Device, Rule};
use market::dispatch::Profile;
use std::fmt::Write;

/// Pixels: the whole width, and where the panels begin and end.
const WIDTH: f64 = 1120.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 880.0;
/// Height of the first panel and of the others, and what is between two.
const PRICES: f64 = 150.0;
const PANEL: f64 = 210.0;
const GAP: f64 = 46.0;
const TOP: f64 = 84.0;
/// About as many lines across a panel.
const LINES: f64 = 5.0;

/// Colours that differ for most eyes, in print too.
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8c6d00", "#7a5195", "#444444"];
const IMPORT: &str = "#b0413e";
const EXPORT: &str = "#2a7f62";
const NET: &str = "#222222";
const FIXED: &str = "#8a8f98";
const MISSED: &str = "#e0222b";

/// A line to be drawn.
struct Line {
    name: String,
    colour: &'static str,
    /// Attributes besides its colour.
    style: &'static str,
    values: Vec<f64>,
    /// Constant within steps, or straight between their ends.
    is_stepped: bool,
}

/// Draws a schedule.
pub(crate) fn picture(one: &Solved) -> String {
    let problem = &one.named.problem;
    let storages: Vec<_> =
        (0..problem.devices.len()).filter(|at| matches!(problem.devices[*at], Device::Storage(_))).collect();
    let panels = if storages.is_empty() { 1.0 } else { 2.0 };
    let misses = one.schedule.violations.len();
    let height = TOP + PRICES + panels * (GAP + PANEL) + 64.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let status = words::status_word(one.schedule.status);
    let missed = match misses {
        0 => String::new(),
        1 => ", 1 limit missed (red)".into(),
        _ => format!(", {misses} limits missed (red)"),
    };
    let cost = words::number(one.schedule.cost.total_eur());
    let clock = one.named.clock;
    let (from, until) = (clock.shown(problem.start), clock.shown(problem.end_of(problem.steps - 1)));
    text(&mut svg, LEFT, 32.0, "font-size=\"19\" font-weight=\"bold\"", &words::label(&one.named.name));
    let subtitle = format!("{status}{missed} · cost {cost} EUR · {from} to {until}");
    text(&mut svg, LEFT, 54.0, "fill=\"#555\"", &subtitle);

    let price = |profile: &Profile| (0..problem.steps).map(|step| 1e3 * profile.at(step)).collect::<Vec<_>>();
    let (import, export) = (price(&problem.prices.import_eur_per_kwh), price(&problem.prices.export_eur_per_kwh));
    let is_one_price = import == export;
    let name = if is_one_price { "price" } else { "consumption" };
    let mut lines = vec![Line::stepped(name, IMPORT, "stroke-width=\"2\"", import)];
    if !is_one_price {
        lines.push(Line::stepped("production", EXPORT, "stroke-width=\"2\"", export));
    }
    let mut y = TOP;
    Panel::new(one, y, PRICES, "Price", "EUR/MWh", lines, &[]).draw(&mut svg);
    y += PRICES + GAP;
    powers(one, y).draw(&mut svg);
    if !storages.is_empty() {
        y += PANEL + GAP;
        stored(one, &storages, y, &mut svg);
    }
    svg += "</svg>\n";
    svg
}

/// Powers of the devices, of what can not be moved, and of the connection with its limits.
fn powers(one: &Solved, y: f64) -> Panel<'_> {
    let problem = &one.named.problem;
    let series = |profile: &Profile| (0..problem.steps).map(|step| profile.at(step)).collect::<Vec<_>>();
    // Below the devices, broad and pale: where there is one device, it is the same line.
    let net = one.schedule.net_kw.clone();
    let mut lines = vec![Line::stepped("connection", NET, "stroke-width=\"6\" stroke-opacity=\"0.22\"", net)];
    let fixed = series(&problem.inflexible_kw);
    if fixed.iter().any(|kw| *kw != 0.0) {
        lines.push(Line::stepped("fixed load", FIXED, "stroke-width=\"1.5\"", fixed));
    }
    for (at, (device, plan)) in one.plans().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        if let Device::CurtailableProduction(production) = device {
            let available = series(&production.available_kw).iter().map(|kw| -kw).collect();
            let name = format!("{} available", words::label(device.name()));
            lines.push(Line::stepped(&name, colour, "stroke-width=\"1\" stroke-dasharray=\"2 3\"", available));
        }
        lines.push(Line::stepped(&words::label(device.name()), colour, "stroke-width=\"2\"", plan.power_kw.clone()));
    }
    // A limit far beyond all powers would press them into one line: it is not drawn.
    let reached = lines.iter().flat_map(|line| &line.values).fold(0.0_f64, |most, kw| most.max(kw.abs()));
    let limits = [(&problem.site.limits.import_kw, 1.0), (&problem.site.limits.export_kw, -1.0)];
    let mut is_named = false;
    for (limit, sign) in limits {
        let Some(limit) = limit.as_ref().map(&series) else { continue };
        if limit.iter().any(|kw| *kw <= 1.6 * reached) {
            let name = if is_named { "" } else { "limit of the connection" };
            let capped = limit.iter().map(|kw| sign * kw.min(1.6 * reached)).collect();
            lines.push(Line::stepped(name, NET, "stroke-width=\"1.2\" stroke-dasharray=\"7 4\"", capped));
            is_named = true;
        }
    }
    if problem.site.peak_eur_per_kw > 0.0 {
        let free = vec![problem.site.peak_free_kw; problem.steps];
        lines.push(Line::stepped(
            "free of the peak's price",
            MISSED,
            "stroke-width=\"1.2\" stroke-dasharray=\"2 3\"",
            free,
        ));
    }
    Panel::new(one, y, PANEL, "Power, consumption positive", "kW", lines, &[Rule::ImportLimit, Rule::ExportLimit])
}

/// What storages hold, within their limits.
fn stored(one: &Solved, storages: &[usize], y: f64, svg: &mut String) {
    let problem = &one.named.problem;
    let mut lines = Vec::new();
    let mut marks = Vec::new();
    for at in storages {
        let (Device::Storage(storage), plan) = (&problem.devices[*at], &one.schedule.devices[*at]) else { continue };
        let colour = COLOURS[at % COLOURS.len()];
        let mut soc = vec![storage.soc_start_kwh];
        soc.extend(&plan.soc_kwh);
        for (name, bound) in [("limits", &storage.soc_max_kwh), ("", &storage.soc_min_kwh)] {
            let name = if name.is_empty() { String::new() } else { format!("{} {name}", words::label(&storage.name)) };
            let bound = (0..problem.steps).map(|step| bound.at(step)).collect();
            lines.push(Line::stepped(&name, colour, "stroke-width=\"1\" stroke-dasharray=\"7 4\"", bound));
        }
        let style = "stroke-width=\"2.5\"";
        let name = words::label(&storage.name);
        lines.push(Line { name, colour, style, values: soc, is_stepped: false });
        let step_of = |time: agents::Time| (time - problem.start).0 as f64 / problem.step.0 as f64;
        for target in &storage.targets {
            let held = plan.soc_kwh[(step_of(target.at) as usize).clamp(1, problem.steps) - 1];
            marks.push((colour, step_of(target.at), step_of(target.at), target.soc_kwh, Some(held)));
        }
        for limit in storage.minima.iter().chain(&storage.maxima) {
            let range = (step_of(limit.from).max(0.0), step_of(limit.until).min(problem.steps as f64));
            marks.push((colour, range.0, range.1, limit.soc_kwh, None));
        }
    }
    let rules = [Rule::SocMin, Rule::SocMax, Rule::Minimum, Rule::Maximum, Rule::TargetMissed, Rule::TargetExceeded];
    let mut panel = Panel::new(one, y, PANEL, "Stored energy", "kWh", lines, &rules);
    panel.include(marks.iter().map(|mark| mark.3));
    panel.draw(svg);
    let (mut is_target_named, mut is_limit_named) = (false, false);
    for (colour, from, until, soc, held) in marks {
        let (x, x_end, y) = (panel.x(from), panel.x(until), panel.y_of(soc));
        match held {
            Some(held) => {
                if (held - soc).abs() > 1e-6 {
                    let (to, style) = (panel.y_of(held), "stroke-width=\"2\"");
                    let _ = writeln!(
                        svg,
                        "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\" stroke=\"{MISSED}\" {style}/>"
                    );
                }
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"white\" stroke=\"{colour}\" stroke-width=\"2.5\"/>"
                );
                if !is_target_named {
                    panel.name(svg, "○ target", colour);
                    is_target_named = true;
                }
            }
            None => {
                let x_end = x_end.max(x + 6.0);
                let _ = writeln!(
                    svg,
                    "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{x_end:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"5\" stroke-opacity=\"0.45\"/>"
                );
                if !is_limit_named {
                    panel.name(svg, "▬ minimum, maximum", colour);
                    is_limit_named = true;
                }
            }
        }
    }
}

impl Line {
    fn stepped(name: &str, colour: &'static str, style: &'static str, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), colour, style, values, is_stepped: true }
    }
}

/// An area with axes, lines, and red bands where its rules are missed.
struct Panel<'a> {
    one: &'a Solved,
    top: f64,
    height: f64,
    title: &'static str,
    unit: &'static str,
    lines: Vec<Line>,
    /// Steps at which a rule of this panel is missed.
    missed: Vec<usize>,
    low: f64,
    high: f64,
    /// Entries of the legend so far.
    named: std::cell::Cell<usize>,
}

impl<'a> Panel<'a> {
    fn new(
        one: &'a Solved,
        top: f64,
        height: f64,
        title: &'static str,
        unit: &'static str,
        lines: Vec<Line>,
        rules: &[Rule],
    ) -> Self {
        let violations = one.schedule.violations.iter();
        let missed = violations.filter(|miss| rules.contains(&miss.rule)).map(|miss| miss.step).collect();
        let named = std::cell::Cell::new(0);
        let mut panel = Self { one, top, height, title, unit, lines, missed, low: 0.0, high: 0.0, named };
        let values: Vec<f64> = panel.lines.iter().flat_map(|line| line.values.clone()).collect();
        panel.include(values.into_iter());
        panel
    }

    /// Makes room for values; zero is always there.
    fn include(&mut self, values: impl Iterator<Item = f64>) {
        for value in values {
            self.low = self.low.min(value);
            self.high = self.high.max(value);
        }
    }

    /// The axis from below the lowest value to above the highest, in round numbers.
    fn axis(&self) -> (f64, f64, f64) {
        let range = if self.high > self.low { self.high - self.low } else { 1.0 };
        let tenth = 10_f64.powf((range / LINES).log10().floor());
        let each = [1.0, 2.0, 2.5, 5.0, 10.0].map(|digit| digit * tenth);
        let each = each.into_iter().find(|each| range / each <= LINES).unwrap_or(10.0 * tenth);
        let high = (self.high / each).ceil() * each;
        ((self.low / each).floor() * each, if high > self.low { high } else { each }, each)
    }

    fn x(&self, step: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * step / self.one.named.problem.steps as f64
    }

    fn y_of(&self, value: f64) -> f64 {
        let (low, high, _) = self.axis();
        self.top + self.height * (high - value) / (high - low)
    }

    fn draw(&self, svg: &mut String) {
        let (low, high, each) = self.axis();
        text(svg, LEFT, self.top - 9.0, "font-weight=\"bold\"", &format!("{} ({})", self.title, self.unit));
        for at in 0..=((high - low) / each).round() as i64 {
            let value = low + at as f64 * each;
            let (y, is_zero) = (self.y_of(value), value.abs() < each / 1e3);
            let colour = if is_zero { "#777" } else { "#e3e5e8" };
            let _ =
                writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\" stroke=\"{colour}\"/>");
            let label = if is_zero { "0".into() } else { words::number(value) };
            text(svg, LEFT - 8.0, y + 4.0, "text-anchor=\"end\" fill=\"#555\"", &label);
        }
        self.hours(svg);
        for step in &self.missed {
            let (x, wide) = (self.x(*step as f64), (self.x(1.0) - LEFT).max(3.0));
            let (top, tall) = (self.top, self.height);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{tall}\" fill=\"{MISSED}\" fill-opacity=\"0.16\"/>"
            );
        }
        for line in &self.lines {
            let (path, colour, style) = (self.path(line), line.colour, line.style);
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-linejoin=\"round\" {style}/>"
            );
            if !line.name.is_empty() {
                self.entry(svg, &line.name, colour, style);
            }
        }
    }

    /// Time below the panel, at round hours.
    fn hours(&self, svg: &mut String) {
        let problem = &self.one.named.problem;
        let hours = problem.step_h() * problem.steps as f64;
        let each = [0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0, 168.0, 744.0];
        let each = each.into_iter().find(|each| hours / each <= 12.0).unwrap_or(8760.0);
        let mut hour = 0.0;
        while hour <= hours + 1e-9 {
            let x = self.x(hour / problem.step_h());
            let (top, bottom) = (self.top, self.top + self.height);
            let _ =
                writeln!(svg, "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#f0f1f3\"/>");
            let time = problem.start + agents::Span::from_hours(hour);
            let label = self.one.named.clock.short(time);
            text(svg, x, bottom + 16.0, "text-anchor=\"middle\" fill=\"#555\"", &label);
            hour += each;
        }
    }

    fn path(&self, line: &Line) -> String {
        let mut path = String::new();
        for (at, value) in line.values.iter().enumerate() {
            let (x, y) = (self.x(at as f64), self.y_of(*value));
            let word = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{word}{x:.1} {y:.1}");
            if line.is_stepped {
                let _ = write!(path, "H{:.1}", self.x(at as f64 + 1.0));
            }
        }
        path
    }

    /// An entry of the legend, to the right.
    fn entry(&self, svg: &mut String, name: &str, colour: &str, style: &str) {
        let y = self.next_entry();
        let (from, to) = (RIGHT + 14.0, RIGHT + 38.0);
        let _ = writeln!(svg, "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"{colour}\" {style}/>");
        text(svg, to + 7.0, y + 4.0, "", name);
    }

    /// An entry of the legend that shows itself.
    fn name(&self, svg: &mut String, name: &str, colour: &str) {
        let y = self.next_entry();
        text(svg, RIGHT + 20.0, y + 4.0, &format!("fill=\"{colour}\""), name);
    }

    fn next_entry(&self) -> f64 {
        let at = self.named.get();
        self.named.set(at + 1);
        self.top + 8.0 + 18.0 * at as f64
    }
}

fn text(svg: &mut String, x: f64, y: f64, attributes: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{words}</text>");
}
