//! With whom prosumers would rather trade: from names of sites, assets and fleets to those who trade for them.

use super::{Draft, did_you_mean};
use crate::error::{Problem, beginning};
use crate::names::Names;
use crate::scenario::Scenario;
use agents::ParticipantId;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Most names of all lists together, fleets counted by their members: what the market operator keeps.
const MOST_NAMED: usize = 1_000_000;

impl Draft<'_> {
    /// Prosumers with those that each would rather trade with, the most preferred first; problems are collected.
    pub(super) fn partners(
        &self,
        scenario: &Scenario,
        problems: &RefCell<Vec<Problem>>,
    ) -> Vec<(ParticipantId, Vec<ParticipantId>)> {
        let with_lists = || self.assets.iter().filter(|asset| asset.trades && asset.wishes.partners.is_some());
        if with_lists().next().is_none() {
            return Vec::new();
        }
        let traders = self.traders_by_name();
        let mut lists: BTreeMap<ParticipantId, Vec<ParticipantId>> = BTreeMap::new();
        let (mut told_of, mut named): (BTreeSet<&str>, usize) = (BTreeSet::new(), 0);
        for asset in with_lists() {
            let (Some(prosumer), Some(Names(names))) = (self.prosumer(asset), &asset.wishes.partners) else {
                continue;
            };
            let wrong = |text: String| {
                problems.borrow_mut().push(scenario.root.problem(format!("{}.partners", asset.key), text));
            };
            let unknown = names.iter().find(|name| !traders.contains_key(name.as_str()));
            if let Some(name) = unknown {
                // Members of a fleet repeat one another.
                if told_of.insert(&asset.key) {
                    let hint = did_you_mean(name, traders.keys().copied(), "name one that does", problems);
                    let name = beginning(name);
                    wrong(format!("names `{name}`, which is no site, asset or fleet that trades: {hint}"));
                }
                continue;
            }
            named += names.iter().map(|name| traders[name.as_str()].len()).sum::<usize>();
            if named > MOST_NAMED {
                wrong(format!("takes the partners of all sites beyond {MOST_NAMED}: name fewer, or smaller fleets"));
                return Vec::new();
            }
            lists.insert(prosumer, names.iter().flat_map(|name| traders[name.as_str()].iter().copied()).collect());
        }
        lists.into_iter().collect()
    }

    /// Who trades for each fleet, asset and site, of one name for the last of these that has it.
    fn traders_by_name(&self) -> BTreeMap<&str, Vec<ParticipantId>> {
        let mut fleets: BTreeMap<&str, BTreeSet<ParticipantId>> = BTreeMap::new();
        let (mut assets, mut sites) = (BTreeMap::new(), BTreeMap::new());
        for asset in self.assets {
            let Some(prosumer) = self.prosumer(asset) else { continue };
            if let Some(fleet) = asset.key.strip_prefix("fleet.") {
                fleets.entry(fleet).or_default().insert(prosumer);
            }
            assets.insert(asset.id.as_str(), vec![prosumer]);
            sites.insert(asset.site.as_str(), vec![prosumer]);
        }
        let fleets = fleets.into_iter().map(|(name, members)| (name, members.into_iter().collect()));
        fleets.chain(assets).chain(sites).collect()
    }
}
