//! What `cariflex explain` says of parameters, and the generated reference of all of them.

use crate::areas::AreaSection;
use crate::assets::{AssetKind, Belonging, Place};
use crate::contracts::ContractSection;
use crate::data::{SeriesSection, SessionsSection};
use crate::document::{Node, nearest};
use crate::faults::{self, FaultSection};
use crate::fleets::FleetSection;
use crate::flexibility::FlexibilitySection;
use crate::models::clouds::CloudParameters;
use crate::models::mirror::MirrorParameters;
use crate::models::mqtt::MqttParameters;
use crate::models::supply::SupplyParameters;
use crate::models::weather::WeatherParameters;
use crate::parameters::{Limits, Parameter, Parameters};
use crate::products::ProductSection;
use crate::reserve::ReserveSection;
use crate::scenario::{HeadSection, Scenario};
use crate::schedule::ScheduleSection;
use crate::sections::{
    ChargePointOperatorSection, DemandSection, DsoSection, EmsSection, MarketSection, PlaceSection, RetailerSection,
    RunSection,
};
use crate::settlement::{CommunitySection, SettlementSection};
use agents::fault::FaultKind;
use std::fmt::Write;

/// A section of the reference.
struct Section {
    name: &'static str,
    doc: &'static str,
    /// How it is written.
    form: String,
    parameters: Vec<Parameter>,
}

fn single<P: Parameters>() -> Section {
    let form = if P::SECTION.is_empty() { "top of the file".into() } else { format!("`[{}]`", P::SECTION) };
    Section { name: P::SECTION, doc: P::DOC, form, parameters: P::catalogue() }
}

fn many<P: Parameters>(form: &str) -> Section {
    Section { form: form.into(), ..single::<P>() }
}

/// A key that is read by other means than the parameters around it.
pub(crate) fn extra(key: &'static str, unit: &'static str, default: Option<&str>, doc: &'static str) -> Parameter {
    Parameter { key, doc, unit, default: default.map(String::from), limits: Limits::Any, words: &[], source: "" }
}

fn evse_of_vehicle() -> Parameter {
    extra("evse", "id", None, "The charge point it uses: the id of one of [evse], each of one vehicle.")
}

fn keys_of_fleets() -> [Parameter; 2] {
    [
        extra(
            "commune",
            "commune",
            Some("none"),
            "Where members lie: \"by-population\" (also when left out), a commune, or weights such as \
             { Ducos = 1, \"Le Robert\" = 2 }.",
        ),
        extra(
            "evse",
            "table",
            Some("none"),
            "Of vehicles, which need it: the charge point that comes with each, evse = { power_kw = 7.4, phases = 1 } with \
             the keys of [evse].",
        ),
    ]
}

fn columns_of_series() -> Parameter {
    extra(
        "columns",
        "table",
        Some("none"),
        "What each column holds: ghi = { quantity = \"irradiance\", unit = \"W/m2\" }, with `asset` for production and \
         consumption; left out: rows of time, quantity, value, unit (and asset).",
    )
}

/// A section with keys that are read by other means.
fn with(mut section: Section, extras: impl IntoIterator<Item = Parameter>) -> Section {
    section.parameters.extend(extras);
    section
}

fn kind(kind: AssetKind) -> Section {
    let (doc, mut parameters) = kind.catalogue();
    if kind == AssetKind::Ev {
        parameters.insert(0, evse_of_vehicle());
    }
    let name = kind.section();
    Section { name, doc, form: format!("`[{name}]`, one table per id: `{name}_01 = {{ … }}`"), parameters }
}

/// Every section, in the order of the reference.
fn all() -> Vec<Section> {
    let mut sections = vec![
        single::<HeadSection>(),
        single::<RunSection>(),
        single::<PlaceSection>(),
        single::<WeatherParameters>(),
        single::<CloudParameters>(),
        single::<DemandSection>(),
        single::<SupplyParameters>(),
    ];
    sections.push(many::<Place>("keys of every single asset, besides those of its kind"));
    sections.push(Section { name: "asset", ..many::<Belonging>("keys of every asset and every fleet") });
    sections.extend(AssetKind::ALL.map(kind));
    sections.push(with(many::<FleetSection>("`[fleet.NAME]`"), keys_of_fleets()));
    sections.extend([
        single::<MarketSection>(),
        many::<ProductSection>("`[product.NAME]`"),
        many::<AreaSection>("`[area.NAME]`"),
        single::<SettlementSection>(),
        many::<ContractSection>("`[contract.NAME]`"),
        single::<CommunitySection>(),
        single::<RetailerSection>(),
        single::<DsoSection>(),
        single::<ReserveSection>(),
        single::<FlexibilitySection>(),
        single::<EmsSection>(),
        single::<ScheduleSection>(),
        single::<ChargePointOperatorSection>(),
        single::<MirrorParameters>(),
        single::<MqttParameters>(),
    ]);
    sections.push(with(many::<SeriesSection>("`[series.NAME]`"), [columns_of_series()]));
    sections.push(many::<SessionsSection>("`[sessions.NAME]`"));
    sections.push(Section { parameters: faults::common_keys(), ..many::<FaultSection>("`[fault.NAME]`") });
    sections
}

/// Names that may stand at the top level of a file.
pub(crate) fn section_names() -> impl Iterator<Item = &'static str> {
    let sections = all().into_iter().map(|section| section.name).filter(|name| !["", "asset"].contains(name));
    sections.chain(HeadSection::catalogue().into_iter().map(|parameter| parameter.key))
}

/// Sections that are there once, with their paths.
pub(crate) fn single_sections() -> Vec<(&'static str, Vec<Parameter>)> {
    let head = [
        "",
        "run",
        "place",
        "weather",
        "clouds",
        "demand",
        "supply",
        "market",
        "settlement",
        "community",
        "retailer",
        "dso",
        "reserve",
        "flexibility",
        "ems",
        "schedule",
        "charge_point_operator",
        "mirror",
        "mqtt",
    ];
    let single = all().into_iter().filter(|section| head.contains(&section.name));
    single.map(|section| (section.name, section.parameters)).collect()
}

/// Sections of which there may be many, each with a name of its own and the same parameters.
pub(crate) fn named_sections() -> Vec<(&'static str, Vec<Parameter>)> {
    let named = all()
        .into_iter()
        .filter(|section| ["area", "contract", "product", "series", "sessions"].contains(&section.name));
    named.map(|section| (section.name, section.parameters)).collect()
}

/// Parameters of a single asset.
pub(crate) fn of_asset(kind: AssetKind) -> Vec<Parameter> {
    let extras = if kind == AssetKind::Ev { vec![evse_of_vehicle()] } else { Vec::new() };
    [Place::catalogue(), Belonging::catalogue(), extras, kind.catalogue().1].concat()
}

/// Parameters of a fleet.
pub(crate) fn of_fleet(kind: AssetKind) -> Vec<Parameter> {
    [FleetSection::catalogue(), keys_of_fleets().into(), Belonging::catalogue(), kind.catalogue().1].concat()
}

impl Scenario {
    /// Explains a section (`battery`), a parameter (`battery.cycle_life`), or a key of this scenario
    /// (`battery.bat_01.cycle_life`) with its value and where that was written.
    ///
    /// # Errors
    /// A sentence with the nearest known name.
    pub fn explain(&self, name: &str) -> Result<String, String> {
        if let Some((path, key)) = name.rsplit_once('.')
            && let Some((_, parameters)) = self.sections().into_iter().find(|(known, _)| known == path)
        {
            let parameter = parameters.iter().find(|parameter| parameter.key == key);
            return parameter.map(|parameter| self.explain_here(name, parameter)).ok_or_else(|| {
                let near = nearest(key, parameters.iter().map(|parameter| parameter.key));
                let hint = near.map_or_else(String::new, |near| format!(", did you mean `{path}.{near}`?"));
                format!("`{path}` has no parameter `{key}`{hint}")
            });
        }
        explain(name)
    }

    fn explain_here(&self, name: &str, parameter: &Parameter) -> String {
        let mut text = details(name, parameter);
        let here = match self.root.at(name) {
            Some(node) => format!("{}   ({})", words(node), node.origin),
            None => "the default".into(),
        };
        text.push_str(&format!("  here      {here}\n"));
        text
    }
}

/// A value as TOML writes it.
fn words(node: &Node) -> String {
    use crate::document::Value;
    match &node.value {
        Value::Flag(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(nodes) => format!("[{}]", nodes.iter().map(words).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let entries: Vec<_> = table.iter().map(|(key, node)| format!("{key} = {}", words(node))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A fault of the catalogue as a section.
fn section_of_fault(kind: FaultKind) -> Section {
    let form = format!("`[fault.NAME]` with `kind = \"{kind}\"`");
    Section { name: kind.as_str(), doc: kind.entry().doc, form, parameters: faults::all_keys(kind) }
}

/// The faults there are, a line each.
fn faults_text() -> String {
    let mut text = String::from("\nkinds; `cariflex explain fault.KIND` lists the parameters of one\n\n");
    for kind in FaultKind::ALL {
        text.push_str(&format!("  {:<18} {}\n", kind.as_str(), kind.entry().doc));
    }
    text
}

/// Explains a section or a parameter whatever the scenario.
fn explain(name: &str) -> Result<String, String> {
    if let Some(of_fault) = name.strip_prefix("fault.") {
        let (kind, key) = of_fault.split_once('.').map_or((of_fault, None), |(kind, key)| (kind, Some(key)));
        if let Ok(kind) = kind.parse::<FaultKind>() {
            let section = section_of_fault(kind);
            return match key {
                Some(key) => key_text(&[&section], name, &format!("fault.{kind}"), key),
                None => Ok(section_text(&section)),
            };
        }
    }
    let sections = all();
    if name == "head" || HeadSection::catalogue().iter().any(|parameter| parameter.key == name) {
        return Ok(section_text(&sections[0]));
    }
    let (section, key) = name.split_once('.').map_or((name, None), |(section, key)| (section, Some(key)));
    // A key of something that has a name of its own, which the scenario at hand does not have: `product.NAME.every`.
    let key = key.map(|key| key.rsplit('.').next().unwrap_or(key));
    let found: Vec<_> = sections.iter().filter(|known| known.name == section && !section.is_empty()).collect();
    if found.is_empty() {
        let near = nearest(name, sections.iter().map(|section| section.name).filter(|name| !name.is_empty()));
        let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        let known: Vec<_> = sections.iter().map(|section| section.name).filter(|name| !name.is_empty()).collect();
        return Err(format!("there is no section `{section}`{hint}; known are {}", known.join(", ")));
    }
    let Some(key) = key else {
        let mut text = found.into_iter().map(section_text).collect::<Vec<_>>().join("\n");
        if section == FaultSection::SECTION {
            text.push_str(&faults_text());
        }
        return Ok(text);
    };
    let is_asset = AssetKind::ALL.iter().any(|kind| kind.section() == section);
    let of_every_asset = sections.iter().filter(|known| is_asset && known.name == "asset");
    let found: Vec<&Section> = found.into_iter().chain(of_every_asset).collect();
    key_text(&found, name, section, key)
}

/// Explains a key of one of these sections, which go by one name.
fn key_text(sections: &[&Section], name: &str, section: &str, key: &str) -> Result<String, String> {
    let parameters = || sections.iter().flat_map(|section| &section.parameters);
    let parameter = parameters().find(|parameter| parameter.key == key);
    parameter.map(|parameter| details(name, parameter)).ok_or_else(|| {
        let near = nearest(key, parameters().map(|parameter| parameter.key));
        let hint = near.map_or_else(String::new, |near| format!(", did you mean `{section}.{near}`?"));
        format!("`{section}` has no parameter `{key}`{hint}")
    })
}

/// All sections and built-in scenarios with a line for each.
pub fn overview() -> String {
    let mut text = String::from("sections of a scenario file; `cariflex explain SECTION` lists their parameters\n\n");
    let mut sections = all();
    sections.dedup_by_key(|section| section.name);
    for section in sections {
        let name = if section.name.is_empty() { "head" } else { section.name };
        text.push_str(&format!("  {:<22} {}\n", name, first_sentence(section.doc)));
    }
    text.push_str("\nbuilt-in scenarios; `cariflex check SCENARIO` says what one comes to\n\n");
    for (name, about) in Scenario::built_in() {
        text.push_str(&format!("  {name:<22} {about}\n"));
    }
    text
}

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ").map_or(doc.trim_end_matches('.'), |(first, _)| first)
}

fn section_text(section: &Section) -> String {
    let mut text = format!("{}\n{}\n\n", section.form.replace('`', ""), section.doc);
    let line = |parameter: &Parameter| {
        let default = parameter.default.as_deref().map_or("required".into(), short);
        let words = match parameter.words {
            [] => String::new(),
            words => format!(" One of {}.", words.join(", ")),
        };
        [parameter.key.into(), default, parameter.unit.to_owned(), format!("{}{words}", parameter.doc)]
    };
    let lines: Vec<[String; 4]> = section.parameters.iter().map(line).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let [keys, defaults, units] = [0, 1, 2].map(width);
    for [key, default, unit, doc] in &lines {
        text.push_str(&format!("  {key:<keys$}  {default:>defaults$} {unit:<units$}  {doc}\n"));
    }
    text
}

/// A default in brief: a list by its length.
fn short(default: &str) -> String {
    if default.len() <= 24 {
        return default.into();
    }
    match default.strip_prefix('[') {
        Some(list) => format!("[{} values]", list.split(',').count()),
        None => format!("{}…", default.chars().take(23).collect::<String>()),
    }
}

fn details(name: &str, parameter: &Parameter) -> String {
    let mut text = format!("{name}\n  {}\n", parameter.doc);
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {what:<9} {value}\n"));
        }
    };
    line("unit", parameter.unit);
    line("default", parameter.default.as_deref().unwrap_or("none: it must be given"));
    line(if parameter.words.is_empty() { "limits" } else { "one of" }, &limits(parameter));
    line("source", parameter.source);
    text
}

pub(crate) fn limits(parameter: &Parameter) -> String {
    match parameter.limits {
        Limits::Any => parameter.words.join(", "),
        Limits::Within(low, high) => format!("{low} to {high}"),
    }
}

/// A table of keys in Markdown, with its title and what it is about.
pub(crate) fn table_of_keys(title: &str, doc: &str, parameters: &[Parameter]) -> String {
    let mut text =
        format!("### {title}\n\n{doc}\n\n| key | default | value | limits | what it is |\n|---|---|---|---|---|\n");
    for parameter in parameters {
        let default = parameter.default.as_ref().map_or("*required*".into(), |default| format!("`{default}`"));
        let (limits, unit, doc) = (limits(parameter), parameter.unit, parameter.doc);
        // Writing to a string does not fail.
        let _ = writeln!(text, "| `{}` | {default} | {unit} | {limits} | {doc} |", parameter.key);
    }
    text.push('\n');
    text
}

/// The reference of all parameters as Markdown, kept in `scenarios/PARAMETERS.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# Parameters of a scenario\n\nGenerated from their definitions; `cariflex explain SECTION` says the same. A \
         default whose source is *assumption* has none for Martinique and is there to be changed.\n",
    );
    for section in all() {
        let title = if section.name.is_empty() { "head" } else { section.name };
        text.push_str(&format!("\n## {title}\n\n{} Written as {}.\n\n", section.doc, section.form));
        text.push_str(
            "| key | default | unit | limits | what it is | source of the default |\n|---|---|---|---|---|---|\n",
        );
        for parameter in &section.parameters {
            let default = parameter.default.as_ref().map_or("*required*".into(), |default| format!("`{default}`"));
            let cell = |text: &str| text.replace('|', "\\|");
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| `{}` | {default} | {} | {} | {} | {} |",
                parameter.key,
                cell(parameter.unit),
                limits(parameter),
                cell(parameter.doc),
                cell(parameter.source),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_that_of_the_definitions() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/PARAMETERS.md");
        if std::env::var_os("UPDATE_PARAMETERS").is_some() {
            std::fs::write(path, reference()).expect("the folder can be written to");
        }
        let kept = std::fs::read_to_string(path).expect("the reference is kept");
        assert!(kept == reference(), "run UPDATE_PARAMETERS=1 cargo test -p cariflex-scenarios the_reference");
    }

    #[test]
    fn the_document_of_faults_is_that_of_the_catalogue() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/FAULTS.md");
        let text = faults::fault_reference();
        if std::env::var_os("UPDATE_PARAMETERS").is_some() {
            std::fs::write(path, &text).expect("the folder can be written to");
        }
        let kept = std::fs::read_to_string(path).expect("the document is kept");
        assert!(kept == text, "run UPDATE_PARAMETERS=1 cargo test -p cariflex-scenarios the_document");
    }

    #[test]
    fn a_fault_is_explained_by_its_kind_and_by_its_own_keys() {
        let all = explain("fault").expect("it exists");
        assert!(all.contains("inverter_trip") && all.contains("  for "), "{all}");
        let of_kind = explain("fault.derating").expect("it exists");
        assert!(of_kind.contains("share") && of_kind.contains("kind = \"derating\""), "{of_kind}");
        assert!(explain("fault.derating.share").expect("it exists").contains("0 to 1"));
        assert!(explain("fault.derating.shar").expect_err("misspelt").contains("`fault.derating.share`"));
        assert!(explain("fault.target").expect("of all of them").contains("pv_*"));
    }

    #[test]
    fn the_words_of_a_choice_are_told_and_a_named_table_is_understood() {
        let text = explain("settlement").expect("it exists");
        assert!(text.contains("One of retail, dual-price, single-price."), "{text}");
        assert!(explain("product.of_tomorrow.every").expect("whatever its name").contains("From gate to gate"));
        assert!(explain("product.of_tomorrow.evry").expect_err("misspelt").contains("`product.every`"));
    }

    #[test]
    fn a_parameter_is_explained_with_unit_default_limits_and_source() {
        let text = explain("battery.cycle_life").expect("it exists");
        for part in ["battery.cycle_life", "cycles", "6000", "assumption", "1 to 1000000000"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(explain("battery.cycle_live").expect_err("misspelt").contains("battery.cycle_life"));
        assert!(explain("batery").expect_err("misspelt").contains("`battery`"));
    }
}
