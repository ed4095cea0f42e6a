//! The keys of a sweep file as tables, made from their definitions.

use super::format::{AxisSection, SweepHead};
use crate::explain::{extra, table_of_keys};
use crate::parameters::{Parameter, Parameters};

/// Keys of the head that are read by other means.
fn of_head() -> [Parameter; 6] {
    [
        extra("seeds", "list", Some("none"), "The seeds themselves, instead of replicates: seeds = [3, 5, 8]."),
        extra(
            "kpis",
            "list",
            Some("none"),
            "Names of the key figures to be kept; `*` stands for any letters. None: all of them.",
        ),
        extra(
            "set",
            "table",
            Some("none"),
            "What all points have in common, by dotted keys in quotes: \"run.duration\" = \"3d\".",
        ),
        extra("axis", "tables", None, "What differs between the points: `[[axis]]` for each axis."),
        extra("point", "tables", Some("none"), "Of list: `[[point]]` for each point, with the value of every axis."),
        extra(
            "points",
            "file",
            Some("none"),
            "Of list, instead of point: a CSV, sought from the sweep file's folder, with a column for each axis.",
        ),
    ]
}

/// Keys of an axis that are read by other means.
fn of_axis() -> [Parameter; 4] {
    [
        extra("keys", "list", Some("none"), "Several dotted keys that get the same value, instead of `key`."),
        extra("values", "list", Some("none"), "The values, of any type; of lhs and sobol each is equally likely."),
        extra(
            "law",
            "law",
            Some("none"),
            "Of lhs and sobol: the law of the values, as of a fleet, cut off at `min` and `max`; a choice of whole numbers \
             gives whole numbers.",
        ),
        extra(
            "cases",
            "tables",
            Some("none"),
            "Several keys at once, instead of `key`: `[axis.cases.NAME]` for each case, with its values by dotted keys in \
             quotes. Every case sets the same keys.",
        ),
    ]
}

/// The keys of a sweep file as tables in Markdown, kept in `scenarios/SWEEPS.md`.
pub fn reference() -> String {
    let head = [&SweepHead::catalogue()[..], &of_head()].concat();
    let axis = [&AxisSection::catalogue()[..], &of_axis()].concat();
    table_of_keys("Top of the file", SweepHead::DOC, &head) + &table_of_keys("`[[axis]]`", AxisSection::DOC, &axis)
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::scenario::Scenario;
    use agents::Span;
    use std::path::Path;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/SWEEPS.md");
    const MARKS: [&str; 2] = ["<!-- made from the definitions of the keys -->\n", "<!-- until here -->\n"];

    #[test]
    fn the_tables_of_keys_are_those_of_the_definitions() {
        let kept = std::fs::read_to_string(PATH).expect("the reference is kept");
        let (before, rest) = kept.split_once(MARKS[0]).expect("the tables begin");
        let (tables, after) = rest.split_once(MARKS[1]).expect("the tables end");
        let made = format!("\n{}", reference());
        if std::env::var_os("UPDATE_PARAMETERS").is_some() {
            let text = [before, MARKS[0], &made, MARKS[1], after].concat();
            std::fs::write(PATH, text).expect("the folder can be written to");
        } else {
            assert!(tables == made, "run UPDATE_PARAMETERS=1 cargo test -p cariflex-scenarios the_tables_of_keys");
        }
    }

    #[test]
    fn every_example_of_the_reference_runs_as_it_stands() {
        let kept = std::fs::read_to_string(PATH).expect("the reference is kept");
        let examples: Vec<&str> =
            kept.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
        let mut methods: Vec<&str> = Vec::new();
        for example in examples.iter().filter(|example| example.starts_with("version")) {
            let mut open =
                |_: &Path| Ok((Scenario::load("martinique").expect("it is built in"), Span::from_hours(9.0)));
            let sweep = read::sweep(example, Path::new("example.toml"), &mut open).expect(example);
            let points = sweep.points().expect(example);
            for point in [points.first(), points.last()] {
                let scenario = sweep.scenario(point.expect("there are points"), sweep.seeds[0]).expect(example);
                scenario.resolve(&[]).expect(example);
            }
            methods.push(sweep.method.as_str());
        }
        assert_eq!(methods, ["grid", "lhs", "sobol", "list", "grid"]);
    }
}
