//! JUnit XML: a test suite for each script, a test case for each thing that was looked at, as the servers read it that
//! build and test software.

use super::Loaded;
use super::play::Played;
use crate::error::Error;
use crate::snapshot::write_whole;
use scenarios::script::{Check, Outcome};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Writes what came of scripts to a file, which is there whole or not at all.
pub(super) fn write(path: &Path, scripts: &[Loaded], played: &[Played]) -> Result<(), Error> {
    Ok(write_whole(path, text(scripts, played).as_bytes())?)
}

fn text(scripts: &[Loaded], played: &[Played]) -> String {
    let took: Duration = played.iter().map(|played| played.took).sum();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = counts(played);
    let _ = writeln!(text, "<testsuites name=\"cariflex test\" {counts} time=\"{}\">", seconds(took));
    for (loaded, played) in scripts.iter().zip(played) {
        suite(&mut text, loaded, played);
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(text: &mut String, loaded: &Loaded, played: &Played) {
    let path = loaded.path.display().to_string();
    let (name, file, plan) = (attribute(&loaded.script.name), attribute(&path), &loaded.inputs.plan);
    let counts = counts(std::slice::from_ref(played));
    let time = seconds(played.took);
    let _ = writeln!(text, "  <testsuite name=\"{name}\" file=\"{file}\" {counts} time=\"{time}\">");
    text.push_str("    <properties>\n");
    let passed_s = played.passed.seconds().to_string();
    for (name, value) in [("scenario", plan.name.as_str()), ("start", &plan.start.to_string()), ("twin_s", &passed_s)] {
        let _ = writeln!(text, "      <property name=\"{name}\" value=\"{}\"/>", attribute(value));
    }
    text.push_str("    </properties>\n");
    for (check, took) in &played.checks {
        case(text, &path, check, *took);
    }
    if let Some(broke) = &played.broke {
        let (class, broke) = (class(&path), attribute(broke));
        let _ = writeln!(
            text,
            "    <testcase name=\"the script runs\" classname=\"{class}\" file=\"{file}\" time=\"0.000\">"
        );
        let _ = writeln!(text, "      <error message=\"{broke}\" type=\"broke\"/>\n    </testcase>");
    }
    text.push_str("  </testsuite>\n");
}

fn case(text: &mut String, path: &str, check: &Check, took: Duration) {
    let Check { step, line, name, what, outcome, time, saw } = check;
    // Two steps may expect the same.
    let name = match name {
        Some(name) => format!("step {step}: {name}: {what}"),
        None => format!("step {step}: {what}"),
    };
    let (name, class, file) = (attribute(&name), class(path), attribute(path));
    let took = seconds(took);
    let _ = write!(
        text,
        "    <testcase name=\"{name}\" classname=\"{class}\" file=\"{file}\" line=\"{line}\" time=\"{took}\""
    );
    match outcome {
        Outcome::Passed => text.push_str("/>\n"),
        Outcome::Failed => {
            let (message, place) = (attribute(&format!("saw {saw}")), content(&format!("{path}:{line}")));
            let (what, saw) = (content(what), content(saw));
            let _ = writeln!(
                text,
                ">\n      <failure message=\"{message}\" type=\"expectation\">{place}\n{time}\nexpected {what}\nsaw \
                 {saw}</failure>\n    </testcase>"
            );
        }
        Outcome::Skipped => {
            let _ = writeln!(text, ">\n      <skipped message=\"{}\"/>\n    </testcase>", attribute(saw));
        }
    }
}

fn counts(played: &[Played]) -> String {
    let count = |outcome| played.iter().map(|played| played.count(outcome)).sum::<usize>();
    let errors = played.iter().filter(|played| played.broke.is_some()).count();
    let tests = played.iter().map(|played| played.checks.len()).sum::<usize>() + errors;
    let (failures, skipped) = (count(Outcome::Failed), count(Outcome::Skipped));
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

/// The path of a script as the name of a class: without its ending, its folders apart by dots.
fn class(path: &str) -> String {
    let path = path.strip_suffix(".toml").unwrap_or(path).trim_start_matches(['.', '/']);
    attribute(&path.replace(['/', '\\'], "."))
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// A text within an attribute: its line ends stay what they are.
fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#10;").replace('\r', "&#13;").replace('\t', "&#9;")
}

/// A text between tags.
fn content(text: &str) -> String {
    escaped(text).replace('\r', "&#13;")
}

/// A text without what XML takes for its own, and without what may not be in it at all (XML 1.0, section 2.2).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_takes_for_its_own_or_may_not_hold_is_escaped() {
        let text = "a < b & \"c\" > d\n\te\r\u{0}\u{1b}[31m\u{ffff} é 你";
        let expected = "a &lt; b &amp; &quot;c&quot; &gt; d&#10;&#9;e&#13;\u{fffd}\u{fffd}[31m\u{fffd} é 你";
        assert_eq!(attribute(text), expected);
        assert_eq!(content("a\nb\r]]>"), "a\nb&#13;]]&gt;");
    }

    #[test]
    fn the_path_of_a_script_is_the_name_of_its_class() {
        assert_eq!(class("./examples/scripts/v2g.toml"), "examples.scripts.v2g");
        assert_eq!(class("/tmp/a\"b.toml"), "tmp.a&quot;b");
    }
}
