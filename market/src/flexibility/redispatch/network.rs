//! The linear network model: a radial tree, or power transfer distribution factors, both in exact integers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::RedispatchError;
use crate::flexibility::POWER_LIMIT;
use crate::reserve::Power;

/// A node of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

/// A line or transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BranchId(pub u32);

/// A branch of a tree. Its flow is the net consumption behind it: positive towards the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadialBranch {
    /// Its number.
    pub id: BranchId,
    /// The end nearer to the root.
    pub parent: NodeId,
    /// The other end.
    pub child: NodeId,
    /// Most flow, either way; zero or more.
    pub limit: Power,
}

/// A branch of any linear network: flow = Σ factor × net consumption of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Its number.
    pub id: BranchId,
    /// Most flow, either way; zero or more.
    pub limit: Power,
    /// Per node its power transfer distribution factor (PTDF) in millionths, for consumption there that the reference
    /// node supplies; −1,000,000 to 1,000,000. Zero where a node is not named.
    pub factors_ppm: BTreeMap<NodeId, i32>,
}

/// A grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// A tree below `root`, which is connected to the grid above.
    Radial {
        /// Where the tree is fed.
        root: NodeId,
        /// Every branch of it.
        branches: Vec<RadialBranch>,
    },
    /// Meshed, by distribution factors.
    Factors {
        /// All nodes, the reference node among them.
        nodes: BTreeSet<NodeId>,
        /// The branches that are watched.
        branches: Vec<Branch>,
    },
}

impl Network {
    pub(super) fn nodes(&self) -> BTreeSet<NodeId> {
        match self {
            Network::Radial { root, branches } => branches.iter().map(|branch| branch.child).chain([*root]).collect(),
            Network::Factors { nodes, .. } => nodes.clone(),
        }
    }

    /// The branches with their factors, checked.
    pub(super) fn branches(&self) -> Result<Vec<Branch>, RedispatchError> {
        let branches = match self {
            Network::Radial { root, branches } => radial(*root, branches)?,
            Network::Factors { nodes, branches } => {
                branches.iter().try_for_each(|branch| check_factors(branch, nodes))?;
                branches.clone()
            }
        };
        let mut ids = BTreeSet::new();
        for &Branch { id, limit: power, .. } in &branches {
            if !ids.insert(id) {
                return Err(RedispatchError::DuplicateBranch { branch: id });
            }
            if power < Power::ZERO || power > POWER_LIMIT {
                let (what, range) = ("the limit of branch", "0 to 2^40 W");
                return Err(RedispatchError::PowerOutOfRange { what, id: id.0.into(), power, range });
            }
        }
        Ok(branches)
    }
}

/// A branch carries all that is consumed below it. O(nodes × depth).
fn radial(root: NodeId, branches: &[RadialBranch]) -> Result<Vec<Branch>, RedispatchError> {
    let mut above: BTreeMap<NodeId, (NodeId, usize)> = BTreeMap::new();
    for (place, branch) in branches.iter().enumerate() {
        if branch.child == root || above.insert(branch.child, (branch.parent, place)).is_some() {
            return Err(RedispatchError::TwoParents { node: branch.child });
        }
    }
    let bare = |branch: &RadialBranch| Branch { id: branch.id, limit: branch.limit, factors_ppm: BTreeMap::new() };
    let mut with_factors: Vec<Branch> = branches.iter().map(bare).collect();
    for &node in above.keys() {
        let (mut at, mut steps) = (node, 0);
        while at != root {
            let &(parent, place) = above.get(&at).ok_or(RedispatchError::NotATree { node, root })?;
            with_factors[place].factors_ppm.insert(node, 1_000_000);
            (at, steps) = (parent, steps + 1);
            if steps > branches.len() {
                return Err(RedispatchError::NotATree { node, root });
            }
        }
    }
    Ok(with_factors)
}

fn check_factors(branch: &Branch, nodes: &BTreeSet<NodeId>) -> Result<(), RedispatchError> {
    for (&node, &factor_ppm) in &branch.factors_ppm {
        if !nodes.contains(&node) {
            return Err(RedispatchError::UnknownNode { node, what: "a factor" });
        }
        if !(-1_000_000..=1_000_000).contains(&factor_ppm) {
            return Err(RedispatchError::FactorOutOfRange { branch: branch.id, node, factor_ppm });
        }
    }
    Ok(())
}

impl Branch {
    /// The factor of a node, in millionths.
    pub fn factor_ppm(&self, node: NodeId) -> i32 {
        self.factors_ppm.get(&node).copied().unwrap_or(0)
    }

    /// The flow in millionths of a watt that net consumption in watts causes.
    pub(super) fn flow_uw(&self, loads_w: &BTreeMap<NodeId, i128>) -> i128 {
        loads_w.iter().map(|(&node, &load_w)| load_w * i128::from(self.factor_ppm(node))).sum()
    }

    /// How far a flow exceeds the limit, in millionths of a watt.
    pub(super) fn overload_uw(&self, flow_uw: i128) -> i128 {
        (flow_uw.abs() - i128::from(self.limit.0) * 1_000_000).max(0)
    }
}
