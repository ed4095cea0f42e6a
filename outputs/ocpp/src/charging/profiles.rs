//! What is installed, and what follows from it at an instant.

use super::limit::{Limit, Supply};
use super::timing;
use crate::v201::{
    ChargingLimitSource, ChargingProfile, ChargingProfileCriterion, ChargingProfilePurpose,
    ClearChargingProfileCriteria,
};
use agents::time::Time;
use serde::{Deserialize, Serialize};

/// A profile and where it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Installed {
    /// The EVSE, or 0: the station as a whole, or each EVSE by itself for `TxDefaultProfile`.
    pub evse_id: i32,
    /// Who set it.
    pub source: ChargingLimitSource,
    /// The profile.
    pub profile: ChargingProfile,
}

/// What goes on at an EVSE, as far as profiles ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session<'a> {
    /// The transaction.
    pub transaction_id: Option<&'a str>,
    /// Since when its power path is closed.
    pub charging_since: Option<Time>,
}

/// All profiles of a station.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    pub(super) installed: Vec<Installed>,
}

use ChargingProfilePurpose::{
    ChargingStationExternalConstraints as External, ChargingStationMaxProfile as Max, TxDefaultProfile as TxDefault,
    TxProfile,
};

impl Profiles {
    /// All of them, in the order they came.
    pub fn installed(&self) -> &[Installed] {
        &self.installed
    }

    /// Forgets the profiles of a transaction that is over (K01).
    pub fn end_transaction(&mut self, transaction_id: &str) {
        self.installed.retain(|one| one.profile.transaction_id.as_deref() != Some(transaction_id));
    }

    /// Forgets what can never hold again, so that what is installed does not grow over time.
    pub fn expire(&mut self, now: Time) {
        self.installed.retain(|one| one.profile.valid_to.is_none_or(|to| to.0 > now));
    }

    /// Clears what an id or criteria name, never external limits (K10); returns how many.
    pub fn clear(&mut self, id: Option<i32>, criteria: Option<&ClearChargingProfileCriteria>) -> usize {
        let before = self.installed.len();
        self.installed.retain(|one| {
            let profile = &one.profile;
            let named = match (id, criteria) {
                (Some(id), _) => profile.id == id,
                (None, Some(criteria)) => {
                    criteria.evse_id.is_none_or(|evse| evse == one.evse_id)
                        && criteria.charging_profile_purpose.is_none_or(|p| p == profile.charging_profile_purpose)
                        && criteria.stack_level.is_none_or(|level| level == profile.stack_level)
                }
                (None, None) => true,
            };
            !named || profile.charging_profile_purpose == External
        });
        before - self.installed.len()
    }

    /// Removes the external limits of a source at an EVSE (K12, K13); whether there were any.
    pub fn clear_external(&mut self, evse_id: i32, source: ChargingLimitSource) -> bool {
        let before = self.installed.len();
        let is = |one: &Installed| one.profile.charging_profile_purpose == External && one.evse_id == evse_id;
        self.installed.retain(|one| !(is(one) && one.source == source));
        before > self.installed.len()
    }

    /// What a GetChargingProfiles asks for (K09).
    pub fn matching<'a>(
        &'a self,
        evse_id: Option<i32>,
        criterion: &'a ChargingProfileCriterion,
    ) -> impl Iterator<Item = &'a Installed> {
        self.installed.iter().filter(move |one| {
            let profile = &one.profile;
            let by_id = criterion.charging_profile_id.as_ref().map(|ids| ids.contains(&profile.id));
            evse_id.is_none_or(|evse| evse == one.evse_id)
                && by_id.unwrap_or(true)
                && criterion.charging_profile_purpose.is_none_or(|p| p == profile.charging_profile_purpose)
                && criterion.stack_level.is_none_or(|level| level == profile.stack_level)
                && criterion.charging_limit_source.as_ref().is_none_or(|sources| sources.contains(&one.source))
        })
    }

    /// Profiles of a purpose that concern an EVSE: its own, and those of the station.
    fn of(
        &self,
        purpose: ChargingProfilePurpose,
        evse_id: i32,
        session: Session<'_>,
    ) -> impl Iterator<Item = &ChargingProfile> {
        let here = move |one: &&Installed| {
            one.profile.charging_profile_purpose == purpose
                && (one.evse_id == evse_id || one.evse_id == 0)
                && (purpose != TxProfile || one.profile.transaction_id.as_deref() == session.transaction_id)
        };
        self.installed.iter().filter(here).map(|one| &one.profile)
    }

    /// The limit of one purpose: the highest stack level that has a period now.
    fn of_purpose(
        &self,
        purpose: ChargingProfilePurpose,
        (evse_id, supply, session): (i32, Supply, Session<'_>),
        time: Time,
    ) -> Option<Limit> {
        let running = self.of(purpose, evse_id, session).filter_map(|profile| {
            Some((profile.stack_level, profile, timing::period(profile, time, session.charging_since)?))
        });
        // External limits have no order among one another: each of their sources is kept.
        if purpose == External {
            let limits = running.map(|(_, profile, period)| {
                Limit::of_period(period, timing::schedule(profile).charging_rate_unit, supply)
            });
            return limits.reduce(|a, b| a.and(b, supply.voltage_v));
        }
        let (_, profile, period) = running.max_by_key(|(level, ..)| *level)?;
        Some(Limit::of_period(period, timing::schedule(profile).charging_rate_unit, supply))
    }

    /// What may be drawn at EVSE `evse_id` at `time`; 0 asks for the station as a whole, which is under
    /// `ChargingStationMaxProfile` and external limits only.
    pub fn limit_at(&self, evse_id: i32, supply: Supply, session: Session<'_>, time: Time) -> Limit {
        let here = (evse_id, supply, session);
        let of_transactions = (evse_id != 0)
            .then(|| self.of_purpose(TxProfile, here, time).or_else(|| self.of_purpose(TxDefault, here, time)));
        [self.of_purpose(Max, here, time), self.of_purpose(External, here, time), of_transactions.flatten()]
            .into_iter()
            .flatten()
            .fold(supply.limit(), |limit, other| limit.and(other, supply.voltage_v))
    }

    /// The first instant after `time` at which the limit of an EVSE may be another.
    pub fn next_change(&self, evse_id: i32, session: Session<'_>, time: Time) -> Option<Time> {
        let purposes = [Max, External, TxDefault, TxProfile];
        let profiles = purposes.into_iter().flat_map(|purpose| self.of(purpose, evse_id, session));
        profiles.filter_map(|profile| timing::next_change(profile, time, session.charging_since)).min()
    }
}
