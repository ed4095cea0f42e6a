//! The keys of a script as tables, made from their definitions.

use super::format::{
    AnswerSection, CancelOrdersSection, ClearSection, CommandSection, ConditionSection, ExpectSection, FaultSection,
    OrderSection, PlugSection, ReleaseSection, ScriptHead, SignalSection, StepSection, SwipeSection, UnplugSection,
    WaitSection,
};
use super::step::FOR;
use crate::error::brief;
use crate::explain::{extra, table_of_keys};
use crate::parameters::{Parameter, Parameters};
use agents::fault::{FaultEntry, FaultKind, FaultParameter};

/// A table: its title, what it is about, its keys.
type Section = (&'static str, &'static str, Vec<Parameter>);

fn section<P: Parameters>(title: &'static str, more: impl IntoIterator<Item = Parameter>) -> Section {
    let mut keys = P::catalogue();
    keys.extend(more);
    (title, P::DOC, keys)
}

fn sections() -> Vec<Section> {
    let lasts = |default| Parameter { default: Some(String::from(default)), ..FOR };
    let until_it_ends = || lasts("until it is ended");
    let power = |key, doc| extra(key, "kW", Some("none"), doc);
    let step = || extra("step", "tables", None, "What is done and expected, in this order: `[[step]]` for each step.");
    let set =
        extra("set", "list", Some("none"), "What is changed in the scenario, as `--set` takes it: [\"run.seed=3\"].");
    let setpoints = [
        power("setpoint_kw", "Power to hold, consumption positive; or a list, a value for each `step`."),
        power("import_limit_kw", "Most power to take; or a list."),
        power("export_limit_kw", "Most power to give, positive; or a list."),
    ];
    let condition = |key| extra(key, "condition", None, "The condition, see below.");
    let value = |key, doc| extra(key, "number or word", Some("none"), doc);
    let values = [
        value("is", "The value is this number, this state, or \"nothing\"."),
        value("is_not", "The value is not this."),
    ];
    vec![
        section::<ScriptHead>("Top of the file", [set, step()]),
        section::<StepSection>("Every step", []),
        section::<AnswerSection>("Every step that asks for something", []),
        section::<SignalSection>("`signal`", [until_it_ends()]),
        section::<ReleaseSection>("`release`", []),
        section::<CommandSection>("`set`", setpoints.into_iter().chain([lasts("15m, or as long as its list")])),
        section::<FaultSection>("`fault`", [until_it_ends()]),
        section::<ClearSection>("`clear`", []),
        section::<PlugSection>("`plug`", [lasts("until the next trip")]),
        section::<UnplugSection>("`unplug`", [lasts("until the next trip")]),
        section::<SwipeSection>("`swipe`", []),
        section::<OrderSection>("`order`", []),
        section::<CancelOrdersSection>("`cancel_orders`", []),
        section::<WaitSection>("`wait`", [condition("wait")]),
        section::<ExpectSection>("`expect`", [condition("expect")]),
        section::<ConditionSection>("Conditions", values),
    ]
}

/// The keys of a script and the faults as tables in Markdown, kept in `scenarios/SCRIPTS.md`.
pub fn reference() -> String {
    let keys: String = sections().iter().map(|(title, doc, keys)| table_of_keys(title, doc, keys)).collect();
    keys + &faults()
}

/// The catalogue of faults.
fn faults() -> String {
    let mut text = String::from(
        "### Faults\n\nA device has at most one fault of a kind; another one takes its place.\n\n\
         | fault | devices | parameters | what it does |\n|---|---|---|---|\n",
    );
    for kind in FaultKind::ALL {
        let FaultEntry { doc, devices, parameters, .. } = kind.entry();
        let devices: Vec<_> = devices.iter().map(|device| device.as_str()).collect();
        let parameter = |parameter: &FaultParameter| {
            let FaultParameter { key, doc, unit, default, least, most } = parameter;
            let doc = doc.trim_end_matches('.');
            format!("`{key}` = {default} ({unit}, {} to {}): {doc}", brief(*least), brief(*most))
        };
        let parameters: Vec<_> = parameters.iter().map(parameter).collect();
        text.push_str(&format!("| `{kind}` | {} | {} | {doc} |\n", devices.join(", "), parameters.join("; ")));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::Script;
    use super::*;
    use std::path::Path;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/SCRIPTS.md");
    const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/scripts");
    const MARKS: [&str; 2] = ["<!-- made from the definitions of the keys -->\n", "<!-- until here -->\n"];

    #[test]
    fn the_tables_of_keys_of_scripts_are_those_of_the_definitions() {
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
    fn every_script_of_the_reference_is_right() {
        let kept = std::fs::read_to_string(PATH).expect("the reference is kept");
        let examples: Vec<&str> =
            kept.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
        let head = "version = 1\nname = \"steps\"\nscenario = \"martinique\"\ntimeout = \"9h\"\n";
        for example in &examples {
            // Some are whole scripts, some are steps of one.
            let text = if example.starts_with("version") { (*example).to_owned() } else { format!("{head}{example}") };
            Script::parse(&text, Path::new("example.toml"), &[], &mut |scenario| {
                Ok(scenario.resolve(&[])?.catalogue())
            })
            .expect(example);
        }
        assert!(examples.len() >= 3, "{} examples", examples.len());
    }

    #[test]
    fn every_kind_of_step_and_every_relation_is_in_the_examples() {
        let of_file = |entry: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(entry.expect("it is there").path()).expect("it is text")
        };
        let all: String = std::fs::read_dir(EXAMPLES).expect("the folder is there").map(of_file).collect();
        let words = super::super::step::VERBS.map(|verb| format!("\n{verb} = "));
        let relations = ["is", "is_not", "above", "below", "between"].map(|key| format!(", {key} = "));
        for word in words.iter().chain(&relations) {
            assert!(all.contains(word), "no example says {word:?}");
        }
    }
}
