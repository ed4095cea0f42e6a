//! The keys of a script as tables, made from their definitions.

use super::format::{
    AnswerSection, ClearSection, CommandSection, ConditionSection, ExpectSection, FaultSection, PlugSection,
    ReleaseSection, ScriptHead, SignalSection, StepSection, SwipeSection, UnplugSection, WaitSection,
};
use super::step::FOR;
use crate::explain::{extra, limits};
use crate::parameters::{Parameter, Parameters};
use std::fmt::Write;

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
        section::<WaitSection>("`wait`", [condition("wait")]),
        section::<ExpectSection>("`expect`", [condition("expect")]),
        section::<ConditionSection>("Conditions", values),
    ]
}

/// The keys of a script as tables in Markdown, kept in `scenarios/SCRIPTS.md`.
pub fn reference() -> String {
    let mut text = String::new();
    for (title, doc, parameters) in sections() {
        text.push_str(&format!(
            "### {title}\n\n{doc}\n\n| key | default | value | limits | what it is |\n|---|---|---|---|---|\n"
        ));
        for parameter in parameters {
            let default = parameter.default.as_ref().map_or("*required*".into(), |default| format!("`{default}`"));
            let (limits, unit, doc) = (limits(&parameter), parameter.unit, parameter.doc);
            // Writing to a string does not fail.
            let _ = writeln!(text, "| `{}` | {default} | {unit} | {limits} | {doc} |", parameter.key);
        }
        text.push('\n');
    }
    text
}
