//! The same meters and the same orders under other rules: what everybody would have paid.
//!
//! Nobody behaves otherwise because of it: an alternative tells what its rule makes of what was ordered and metered. How people
//! would behave under it, a run under that rule tells.

use super::rule::Shared;
use super::{Positions, Rule, bill, note};
use crate::core::Outbox;
use crate::id::{ParticipantId, SiteId};
use crate::record::{AlternativeRow, Record};
use crate::time::{Now, Slot, Span, Time};
use market::community::Member;
use market::settlement::{Terms, Traded};
use market::{Energy, Money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An alternative: its place in the list of a scenario, in which what is settled is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlternativeId(pub u8);

/// A rule that is compared with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// Its name in results.
    pub name: String,
    /// The rule.
    pub rule: Rule,
}

/// What an alternative makes of one clearing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cleared {
    /// Which one.
    pub alternative: AlternativeId,
    /// The contract: its delivery slot.
    pub contract: Slot,
    /// What each prosumer would have traded in each settlement slot.
    pub traded: Vec<(ParticipantId, Traded)>,
    /// What was worth how much in each settlement slot.
    pub worth: Worth,
}

/// What trades come to in one settlement slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worth {
    /// Energy traded.
    pub volume: Energy,
    /// What sellers receive; buyers pay that and the fees.
    pub value: Money,
    /// What it is worth to those who trade: the bid's limit less the offer's, times the energy, less the fees; none without
    /// orders.
    pub welfare: Option<Money>,
    /// What buyers pay on top for crossing the grid.
    #[serde(default)]
    pub fees: Money,
}

impl Worth {
    /// Adds what other trades come to.
    ///
    /// # Panics
    /// If a sum exceeds the integers.
    pub fn add(&mut self, other: &Self) {
        self.volume += other.volume;
        self.value += other.value;
        self.fees += other.fees;
        if let Some(welfare) = other.welfare {
            *self.welfare.get_or_insert_default() += welfare;
        }
    }
}

/// What was metered in a slot, and traded for it.
#[derive(Clone, Copy)]
pub(super) struct Metered<'a> {
    pub(super) slot: Slot,
    pub(super) members: &'a [Member],
    pub(super) terms: &'a Terms,
    pub(super) positions: &'a BTreeMap<usize, Traded>,
    /// What that comes to.
    pub(super) worth: Worth,
    /// What of that was shared after the fact, if the settlement does so.
    pub(super) shared: Option<&'a Shared>,
}

/// The alternatives, and what they would have traded in slots to come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Comparison {
    alternatives: Vec<Alternative>,
    /// By alternative.
    positions: Vec<Positions>,
    /// By alternative.
    worth: Vec<BTreeMap<Time, Worth>>,
}

impl Comparison {
    pub(super) fn new(alternatives: Vec<Alternative>) -> Self {
        let count = alternatives.len();
        Self { alternatives, positions: vec![Positions::new(); count], worth: vec![BTreeMap::new(); count] }
    }

    /// Whether anything is compared.
    pub(super) fn is_asked(&self) -> bool {
        !self.alternatives.is_empty()
    }

    /// Takes what an alternative makes of a clearing, settled in slots of length `slot`.
    pub(super) fn take(&mut self, cleared: &Cleared, slot: Span, account_of: &BTreeMap<ParticipantId, usize>) {
        let index = usize::from(cleared.alternative.0);
        let (Some(positions), Some(worth)) = (self.positions.get_mut(index), self.worth.get_mut(index)) else { return };
        for (prosumer, traded) in &cleared.traded {
            if let Some(account) = account_of.get(prosumer) {
                note(positions, slot, cleared.contract, *account, traded);
            }
        }
        let mut start = cleared.contract.start;
        while start < cleared.contract.end() {
            worth.entry(start).or_default().add(&cleared.worth);
            start += slot;
        }
    }

    /// Records what the slot would have come to under each alternative.
    pub(super) fn settle(
        &mut self,
        now: Now,
        metered: &Metered<'_>,
        site_of: impl Fn(usize) -> SiteId,
        out: &mut Outbox,
    ) {
        for index in 0..self.alternatives.len() {
            let outcome = self.traded(index, metered);
            let terms = self.alternatives[index].rule.terms(metered.terms, metered.members, outcome.local);
            let metered = &Metered { terms: &terms, ..*metered };
            let row = outcome.row(now, AlternativeId(index as u8), metered, &site_of);
            out.record(Record::Alternative(Box::new(row)));
        }
    }

    /// What each member would have traded for the slot.
    fn traded(&mut self, index: usize, metered: &Metered<'_>) -> Outcome {
        let start = metered.slot.start;
        let positions = self.positions[index].remove(&start).unwrap_or_default();
        let worth = self.worth[index].remove(&start).unwrap_or_default();
        let shared = match &self.alternatives[index].rule {
            // What is settled, whatever has made it so.
            _ if index == 0 => return Outcome::of_settlement(metered),
            rule => rule.share(metered.members, metered.terms.tariff),
        };
        match shared {
            Some(shared) => Outcome::of_sharing(&shared),
            None => Outcome::of_trades(&positions, worth, metered),
        }
    }
}

/// What a slot comes to under an alternative.
struct Outcome {
    /// In the order of members.
    traded: Vec<Traded>,
    /// Energy from members to members, as metered.
    local: Energy,
    worth: Worth,
}

impl Outcome {
    fn of_sharing(shared: &Shared) -> Self {
        let worth = Worth { volume: shared.local, value: shared.value, ..Worth::default() };
        Self { traded: shared.traded.clone(), local: shared.local, worth }
    }

    /// Of what was traded, that is local which the buyers' meters have taken and the sellers' have given.
    fn of_trades(positions: &BTreeMap<usize, Traded>, worth: Worth, metered: &Metered<'_>) -> Self {
        let of = |member: &Member| positions.get(&(member.agent.0 as usize)).copied().unwrap_or_default();
        let traded: Vec<Traded> = metered.members.iter().map(of).collect();
        let members = || metered.members.iter().zip(&traded);
        let taken: Energy = members().map(|(member, traded)| traded.bought.min(member.import)).sum();
        let given: Energy = members().map(|(member, traded)| traded.sold.min(member.export)).sum();
        Self { local: taken.min(given), worth, traded }
    }

    /// Of what is settled: traded, and shared after the fact where the settlement does so.
    fn of_settlement(metered: &Metered<'_>) -> Self {
        let outcome = Self::of_trades(metered.positions, metered.worth, metered);
        match metered.shared {
            Some(shared) => Self { traded: outcome.traded, ..Self::of_sharing(shared) },
            None => outcome,
        }
    }

    fn row(
        self,
        now: Now,
        alternative: AlternativeId,
        metered: &Metered<'_>,
        site_of: impl Fn(usize) -> SiteId,
    ) -> AlternativeRow {
        let Self { traded, local, worth } = self;
        let bill = |(member, traded): (&Member, &Traded)| {
            let index = member.agent.0 as usize;
            let total = bill(metered.slot, index, (member.import, member.export), metered.terms, traded).total;
            (site_of(index), total)
        };
        AlternativeRow {
            time: now.time,
            slot: metered.slot,
            alternative,
            import: metered.members.iter().map(|member| member.import).sum(),
            export: metered.members.iter().map(|member| member.export).sum(),
            local,
            worth,
            bills: metered.members.iter().zip(&traded).map(bill).collect(),
        }
    }
}
