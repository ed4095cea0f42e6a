//! The tree of areas: checked on the way in, with the depth and path of every area at hand.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AreaError, Fee};
use crate::Price;

/// The number of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct AreaId(pub u32);

impl fmt::Display for AreaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A house, a street, a commune, an island.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Unique in the tree.
    pub id: AreaId,
    /// The area around it; none for the root.
    #[serde(default)]
    pub parent: Option<AreaId>,
    /// What crossing the boundary to the parent costs, in either direction. None at the root.
    #[serde(default)]
    pub fee: Fee,
}

/// Whether fees may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subsidies {
    /// A negative fee is an error.
    #[default]
    Refused,
    /// A negative constant fee is paid out by the grid operator.
    Allowed,
}

/// Areas with one root, every other one inside its parent.
///
/// Kept as the list of its areas. What is read back has been a tree before, so subsidies in it were allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Area>", into = "Vec<Area>")]
pub struct AreaTree {
    /// By depth, deepest first, then by id: an order in which every area comes before its parent.
    areas: Vec<Area>,
    index_of: BTreeMap<AreaId, usize>,
    /// Index of the parent of each area; the root is its own.
    parents: Vec<usize>,
}

impl AreaTree {
    /// Checks `areas` and sorts them, in O(n log n).
    ///
    /// # Errors
    /// If there is no root or more than one, an id is used twice, a parent is unknown, areas contain each other,
    /// the root has a fee, or a fee is negative and `subsidies` are refused.
    pub fn new(areas: impl IntoIterator<Item = Area>, subsidies: Subsidies) -> Result<AreaTree, AreaError> {
        let mut by_id: BTreeMap<AreaId, Area> = BTreeMap::new();
        for area in areas {
            if by_id.insert(area.id, area).is_some() {
                return Err(AreaError::DuplicateArea { area: area.id });
            }
        }
        check_root(&by_id)?;
        check_fees(&by_id, subsidies)?;
        let depths = depths(&by_id)?;
        let mut areas: Vec<Area> = by_id.into_values().collect();
        areas.sort_by_key(|area| (std::cmp::Reverse(depths[&area.id]), area.id));
        let index_of: BTreeMap<AreaId, usize> = areas.iter().enumerate().map(|(at, area)| (area.id, at)).collect();
        let parents = areas.iter().enumerate().map(|(at, area)| area.parent.map_or(at, |parent| index_of[&parent]));
        let parents = parents.collect();
        Ok(AreaTree { areas, index_of, parents })
    }

    /// All areas, each before its parent; the root is last.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The area around all others.
    pub fn root(&self) -> AreaId {
        self.areas[self.areas.len() - 1].id
    }

    /// The area around `area`; none for the root, and for one that is not there.
    pub fn parent_of(&self, area: AreaId) -> Option<AreaId> {
        self.areas[self.index_of(area)?].parent
    }

    /// Where in [`AreaTree::areas`] an area stands.
    pub(super) fn index_of(&self, area: AreaId) -> Option<usize> {
        self.index_of.get(&area).copied()
    }

    /// The index of the parent; the root's own for the root.
    pub(super) fn parent(&self, index: usize) -> usize {
        self.parents[index]
    }

    /// The areas whose boundaries are crossed from `from` out to `level`, innermost first. `level` is around
    /// `from`.
    pub(super) fn path(&self, from: usize, level: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(from), |&at| Some(self.parents[at])).take_while(move |&at| at != level)
    }

    /// `from` and every area around it, innermost first.
    pub(super) fn around(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let root = self.areas.len() - 1;
        self.path(from, root).chain([root])
    }
}

impl TryFrom<Vec<Area>> for AreaTree {
    type Error = AreaError;

    fn try_from(areas: Vec<Area>) -> Result<AreaTree, AreaError> {
        AreaTree::new(areas, Subsidies::Allowed)
    }
}

impl From<AreaTree> for Vec<Area> {
    fn from(tree: AreaTree) -> Self {
        tree.areas
    }
}

fn check_root(by_id: &BTreeMap<AreaId, Area>) -> Result<(), AreaError> {
    for area in by_id.values() {
        if let Some(parent) = area.parent.filter(|parent| !by_id.contains_key(parent)) {
            return Err(AreaError::UnknownParent { area: area.id, parent });
        }
    }
    let mut roots = by_id.values().filter(|area| area.parent.is_none());
    match (roots.next(), roots.next(), by_id.keys().next()) {
        (Some(_), None, _) => Ok(()),
        (Some(first), Some(second), _) => Err(AreaError::TwoRoots { first: first.id, second: second.id }),
        (None, _, Some(&area)) => Err(AreaError::Cycle { area: on_cycle(by_id, area) }),
        (None, _, None) => Err(AreaError::NoRoot),
    }
}

/// Without a root every path of parents ends in a cycle; as many steps as there are areas lead into it.
fn on_cycle(by_id: &BTreeMap<AreaId, Area>, start: AreaId) -> AreaId {
    (0..by_id.len()).fold(start, |at, _| by_id[&at].parent.unwrap_or(at))
}

fn check_fees(by_id: &BTreeMap<AreaId, Area>, subsidies: Subsidies) -> Result<(), AreaError> {
    for &Area { id: area, parent, fee } in by_id.values() {
        if parent.is_none() && fee != Fee::default() {
            return Err(AreaError::FeeAtRoot { area });
        }
        if fee.constant < Price::ZERO && subsidies == Subsidies::Refused {
            return Err(AreaError::NegativeFee { area, constant: fee.constant });
        }
    }
    Ok(())
}

/// How many boundaries lie between each area and the root. Each area is visited once.
fn depths(by_id: &BTreeMap<AreaId, Area>) -> Result<BTreeMap<AreaId, usize>, AreaError> {
    let mut depths: BTreeMap<AreaId, usize> = BTreeMap::new();
    for &start in by_id.keys() {
        let mut path = Vec::new();
        let mut at = start;
        let known = loop {
            if let Some(&depth) = depths.get(&at) {
                break depth;
            }
            if path.len() > by_id.len() {
                return Err(AreaError::Cycle { area: at });
            }
            match by_id[&at].parent {
                Some(parent) => {
                    path.push(at);
                    at = parent;
                }
                None => {
                    depths.insert(at, 0);
                    break 0;
                }
            }
        };
        for (above, &area) in path.iter().rev().enumerate() {
            depths.insert(area, known + above + 1);
        }
    }
    Ok(depths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(id: u32, parent: Option<u32>) -> Area {
        Area { id: AreaId(id), parent: parent.map(AreaId), fee: Fee::default() }
    }

    fn refused(areas: &[Area]) -> AreaError {
        AreaTree::new(areas.iter().copied(), Subsidies::Refused).expect_err("no tree")
    }

    #[test]
    fn every_area_comes_before_its_parent() {
        let areas = [area(1, None), area(2, Some(1)), area(3, Some(4)), area(4, Some(2)), area(5, Some(1))];
        let tree = AreaTree::new(areas, Subsidies::Refused).expect("a tree");
        let ids: Vec<u32> = tree.areas().iter().map(|area| area.id.0).collect();
        assert_eq!(ids, [3, 4, 2, 5, 1]);
        assert_eq!(tree.root(), AreaId(1));
        assert_eq!([3, 4, 1, 9].map(|id| tree.parent_of(AreaId(id))), [Some(AreaId(4)), Some(AreaId(2)), None, None]);
        assert_eq!(tree.path(0, 2).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(tree.around(1).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(tree.around(4).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn what_is_no_tree_is_refused_by_name() {
        assert_eq!(refused(&[]), AreaError::NoRoot);
        let (first, second) = (AreaId(1), AreaId(2));
        assert_eq!(refused(&[area(1, None), area(2, None)]), AreaError::TwoRoots { first, second });
        assert_eq!(refused(&[area(1, None), area(1, None)]), AreaError::DuplicateArea { area: first });
        let stray = refused(&[area(1, None), area(2, Some(9))]);
        assert_eq!(stray, AreaError::UnknownParent { area: second, parent: AreaId(9) });
        let beside_a_root = refused(&[area(1, None), area(2, Some(3)), area(3, Some(2))]);
        assert!(matches!(beside_a_root, AreaError::Cycle { area: AreaId(2 | 3) }));
        let alone = refused(&[area(1, Some(2)), area(2, Some(3)), area(3, Some(2))]);
        assert!(matches!(alone, AreaError::Cycle { area: AreaId(2 | 3) }));
        assert_eq!(refused(&[area(1, Some(1))]), AreaError::Cycle { area: first });
    }

    #[test]
    fn a_negative_fee_needs_permission_and_the_root_has_none() {
        let subsidy = Area { fee: Fee { constant: Price(-5), rate_bp: 0 }, ..area(2, Some(1)) };
        let areas = [area(1, None), subsidy];
        assert!(matches!(refused(&areas), AreaError::NegativeFee { area: AreaId(2), .. }));
        assert!(AreaTree::new(areas, Subsidies::Allowed).is_ok());
        let fee = Fee { constant: Price(5), rate_bp: 0 };
        assert_eq!(refused(&[Area { fee, ..area(1, None) }]), AreaError::FeeAtRoot { area: AreaId(1) });
    }
}
