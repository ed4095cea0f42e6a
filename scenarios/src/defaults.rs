//! A scenario with every default written out, for `run.json` and for the hash of a run.

use crate::assets::AssetKind;
use crate::document::{Node, Origin, Table, Value};
use crate::explain;
use crate::faults;
use crate::parameters::Parameter;
use crate::scenario::Scenario;
use agents::fault::FaultKind;
use std::path::Path;
use std::sync::LazyLock;

/// What a table of a scenario is: all tables of a class have the same parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// There once, by its path.
    Single(&'static str),
    Asset(AssetKind),
    Fleet(AssetKind),
    ChargePointOfFleet,
    /// One of many, with a name of its own: `[product.NAME]`.
    Named(&'static str),
    Fault(FaultKind),
}

/// The keys of a class that have a default, with that default.
type Defaults = Vec<(&'static str, Node)>;

/// Read once: a sweep asks for them thousands of times.
static DEFAULTS: LazyLock<Vec<(Class, Defaults)>> = LazyLock::new(|| {
    let single = explain::single_sections().into_iter().map(|(path, _)| Class::Single(path));
    let of_kinds = AssetKind::ALL.into_iter().flat_map(|kind| [Class::Asset(kind), Class::Fleet(kind)]);
    let named = explain::named_sections().into_iter().map(|(section, _)| Class::Named(section));
    let classes = single.chain(of_kinds).chain([Class::ChargePointOfFleet]).chain(named);
    let classes = classes.chain(FaultKind::ALL.map(Class::Fault));
    classes.map(|class| (class, class.parameters().iter().filter_map(default_of).collect())).collect()
});

fn default_of(parameter: &Parameter) -> Option<(&'static str, Node)> {
    let default = parameter.default.as_ref().filter(|default| *default != "none")?;
    let mut read = Node::parse(&format!("value = {default}"), Path::new("default")).ok()?;
    Some((parameter.key, read.take("value")?))
}

/// The parameters of the section of this name.
fn of(sections: Vec<(&'static str, Vec<Parameter>)>, name: &str) -> Vec<Parameter> {
    sections.into_iter().filter(|(known, _)| *known == name).flat_map(|(_, parameters)| parameters).collect()
}

impl Class {
    fn parameters(self) -> Vec<Parameter> {
        match self {
            Self::Single(path) => of(explain::single_sections(), path),
            Self::Named(section) => of(explain::named_sections(), section),
            Self::Asset(kind) => explain::of_asset(kind),
            Self::Fleet(kind) => explain::of_fleet(kind),
            Self::ChargePointOfFleet => AssetKind::Evse.catalogue().1,
            Self::Fault(kind) => faults::all_keys(kind),
        }
    }

    fn defaults(self) -> &'static [(&'static str, Node)] {
        DEFAULTS.iter().find(|(class, _)| *class == self).map_or(&[], |(_, defaults)| defaults)
    }
}

impl Scenario {
    /// The dotted path of every section that is in force, with its parameters.
    pub(crate) fn sections(&self) -> Vec<(String, Vec<Parameter>)> {
        self.classes().into_iter().map(|(path, class)| (path, class.parameters())).collect()
    }

    /// The dotted path of every section that is in force, and what it is.
    fn classes(&self) -> Vec<(String, Class)> {
        let is_single = |class: &Class| matches!(class, Class::Single(path) if !self.is_left_out(path));
        let single = DEFAULTS.iter().map(|(class, _)| *class).filter(is_single);
        let path = |class: Class| if let Class::Single(path) = class { path.to_owned() } else { String::new() };
        let mut classes: Vec<_> = single.map(|class| (path(class), class)).collect();
        let children = |name: &str| self.root.at(name).and_then(Node::table).into_iter().flatten();
        for kind in AssetKind::ALL {
            let section = kind.section();
            classes.extend(children(section).map(|(id, _)| (format!("{section}.{id}"), Class::Asset(kind))));
        }
        for (name, node) in children("fleet") {
            if let Some(Value::Text(of)) = node.at("of").map(|of| &of.value)
                && let Some(kind) = AssetKind::named(of)
            {
                classes.push((format!("fleet.{name}"), Class::Fleet(kind)));
            }
            if node.at("evse").and_then(Node::table).is_some() {
                classes.push((format!("fleet.{name}.evse"), Class::ChargePointOfFleet));
            }
        }
        for (class, _) in DEFAULTS.iter() {
            let Class::Named(section) = *class else { continue };
            classes.extend(children(section).map(|(name, _)| (format!("{section}.{name}"), *class)));
        }
        let fault =
            |(name, node): (&String, &Node)| Some((format!("fault.{name}"), Class::Fault(faults::kind_of(node)?)));
        classes.extend(children("fault").filter_map(fault));
        classes
    }

    /// Whether a section is one that does not exist unless it is written.
    fn is_left_out(&self, path: &str) -> bool {
        ["demand", "supply"].contains(&path) && self.root.at(path).is_none()
    }
}

impl serde::Serialize for Scenario {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut root = self.root.clone();
        let origin = Origin::Option("the default".into());
        for (path, class) in self.classes() {
            root.fill_in(&path, class.defaults(), &origin);
        }
        root.serialize(serializer)
    }
}

impl Node {
    /// Writes out the defaults of the table at `path`, which is made if it is not there.
    fn fill_in(&mut self, path: &str, defaults: &[(&'static str, Self)], origin: &Origin) {
        let mut node = self;
        for key in path.split('.').filter(|key| !key.is_empty()) {
            let Value::Table(table) = &mut node.value else { return };
            let empty = || Self { value: Value::Table(Table::new()), origin: origin.clone() };
            node = table.entry(key.into()).or_insert_with(empty);
        }
        let Value::Table(table) = &mut node.value else { return };
        for (key, default) in defaults {
            table.entry((*key).into()).or_insert_with(|| default.clone());
        }
    }
}
