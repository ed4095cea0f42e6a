//! Promises of the rooms: arrows point one way, and heavy crates stay in the room that needs them.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    fn read() -> Self {
        let mut command = MetadataCommand::new();
        command.manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        // What is built here, from what is already here.
        command.other_options(["--offline", "--filter-platform", "host-tuple"].map(String::from));
        Self { metadata: command.exec().unwrap() }
    }

    fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// The folder of a workspace package, from the root: its room.
    fn room(&self, package: &Package) -> String {
        let folder = package.manifest_path.parent().unwrap();
        folder.strip_prefix(&self.metadata.workspace_root).unwrap().to_string()
    }

    fn member(&self, room: &str) -> &Package {
        let found = self.members().into_iter().find(|package| self.room(package) == room);
        found.unwrap_or_else(|| panic!("there is no room `{room}`"))
    }

    fn nodes(&self) -> BTreeMap<&PackageId, &Node> {
        self.metadata.resolve.as_ref().unwrap().nodes.iter().map(|node| (&node.id, node)).collect()
    }

    fn name(&self, id: &PackageId) -> &str {
        self.metadata[id].name.as_str()
    }

    /// Names of everything `room` is built from, without what only its tests or build scripts need.
    fn closure(&self, room: &str) -> BTreeSet<&str> {
        let nodes = self.nodes();
        let mut waiting = vec![&self.member(room).id];
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                let deps = nodes[id].deps.iter();
                let normal = deps.filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
                waiting.extend(normal.map(|dep| &dep.pkg));
            }
        }
        seen.into_iter().map(|id| self.name(id)).collect()
    }

    /// Rooms that directly depend on a crate, in whatever way; `is` tells by its name.
    fn users(&self, is: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let uses = |package: &&Package| package.dependencies.iter().any(|dependency| is(&dependency.name));
        self.members().into_iter().filter(uses).map(|package| self.room(package)).collect()
    }
}

/// Whether the sources of `from` may know those of `to`. Tests may know more: cross-room promises are tests.
fn may_know(from: &str, to: &str) -> bool {
    match from {
        "" => true,
        "market" => false,
        "agents" => to == "market",
        "scenarios" => ["agents", "market"].contains(&to),
        "twin" => ["scenarios", "agents", "market", "twin/grid", "twin/island"].contains(&to),
        "outputs/report" => ["outputs/results", "agents", "market"].contains(&to),
        "outputs/api" | "outputs/console" => ["twin", "agents", "market"].contains(&to),
        face if face.starts_with("outputs/") => ["agents", "market"].contains(&to),
        _ => false,
    }
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let workspace = Workspace::read();
    let rooms: BTreeMap<String, String> =
        workspace.members().iter().map(|package| (package.name.to_string(), workspace.room(package))).collect();
    let mut arrows = BTreeSet::new();
    for package in workspace.members() {
        let from = workspace.room(package);
        for dependency in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development) {
            if let Some(to) = rooms.get(&dependency.name) {
                assert!(may_know(&from, to), "`{from}` must not depend on `{to}`");
                arrows.insert((from.clone(), to.clone()));
            }
        }
        let on_the_root = package.dependencies.iter().any(|dependency| dependency.name == "cariflex");
        assert!(!on_the_root, "`{from}` must not depend on the composition");
    }
    for arrow in [
        ("agents", "market"),
        ("scenarios", "agents"),
        ("twin", "scenarios"),
        ("outputs/report", "outputs/results"),
        ("outputs/mqtt", "agents"),
        ("outputs/api", "twin"),
        ("", "twin"),
    ] {
        assert!(arrows.contains(&(arrow.0.into(), arrow.1.into())), "{arrow:?} is gone, or was not read");
    }
}

/// Whether a crate is of one of these families: its name, or the name and a dash or underscore.
fn is_of(name: &str, families: &[&str]) -> bool {
    let is =
        |family: &&str| name.strip_prefix(*family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']));
    families.iter().any(is)
}

#[test]
fn heavy_crates_stay_in_the_room_that_needs_them() {
    let workspace = Workspace::read();
    let hosts = ["tokio", "ractor", "bevy"];
    let formats_and_wires = ["arrow", "parquet", "axum", "rumqttc"];
    let sockets = ["mio", "hyper", "socket2", "async-std", "reqwest"];
    for (room, forbidden) in [
        ("market", [&hosts[..], &formats_and_wires, &sockets].concat()),
        ("agents", [&hosts[..], &formats_and_wires, &sockets].concat()),
        ("scenarios", [&hosts[..], &formats_and_wires, &sockets].concat()),
        ("twin", formats_and_wires.to_vec()),
        ("twin/grid", [&hosts[..], &formats_and_wires, &sockets].concat()),
        ("twin/island", [&hosts[..], &formats_and_wires, &sockets].concat()),
        // Columns are read by the results; a report asks nobody on a network.
        ("outputs/report", [&hosts[..], &sockets].concat()),
        // A C compiler is all that a build needs.
        ("outputs/mqtt", vec!["aws-lc", "openssl-sys", "cmake", "ractor", "bevy", "arrow", "parquet"]),
        ("outputs/ocpp", [&hosts[..], &formats_and_wires, &sockets].concat()),
        ("outputs/api", vec!["aws-lc", "openssl-sys", "cmake", "arrow", "parquet", "rumqttc"]),
    ] {
        let closure = workspace.closure(room);
        let found: Vec<_> = closure.iter().filter(|name| is_of(name, &forbidden)).collect();
        assert!(found.is_empty(), "`{room}` is built from {found:?}");
    }
    // The closure is one: what is wanted is found in it.
    let twin = workspace.closure("twin");
    assert!(["bevy_ecs", "ractor", "tokio", "serde", "cariflex-market"].iter().all(|name| twin.contains(name)));
}

#[test]
fn only_the_twin_knows_actors_and_components_only_results_knows_columns_and_each_face_its_library() {
    let workspace = Workspace::read();
    let only = |room: &str| BTreeSet::from([room.to_string()]);
    assert_eq!(workspace.users(|name| is_of(name, &["bevy"])), only("twin"));
    assert_eq!(workspace.users(|name| is_of(name, &["ractor"])), only("twin"));
    assert_eq!(workspace.users(|name| is_of(name, &["arrow", "parquet"])), only("outputs/results"));
    assert_eq!(workspace.users(|name| is_of(name, &["rumqttc"])), only("outputs/mqtt"));
    assert_eq!(workspace.users(|name| is_of(name, &["axum", "hyper", "utoipa", "prometheus"])), only("outputs/api"));
}

#[test]
fn the_suns_position_is_computed_without_the_systems_mathematics() {
    let workspace = Workspace::read();
    let node = workspace.nodes().into_values().find(|node| workspace.name(&node.id) == "solar-positioning").unwrap();
    let features: Vec<_> = node.features.iter().map(|feature| feature.to_string()).collect();
    assert!(features.iter().any(|feature| feature == "libm"), "{features:?}");
    assert!(!features.iter().any(|feature| feature == "std" || feature == "default"), "{features:?}");
}
