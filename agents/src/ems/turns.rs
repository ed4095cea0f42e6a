//! Whose turn it is to bring the portfolio's meter to zero.
//!
//! As few batteries as do it at half their rating, the fullest first when energy is missing, the emptiest first when there is too
//! much of it. They are chosen for the slot that is traded: were they chosen when it begins, others would do what the sites of
//! the first ones had traded.

use super::{Ems, GOOD_LOAD, ManagedBattery};
use crate::draw::lot;
use crate::id::ParticipantId;
use crate::mail::StorageStatus;
use crate::time::{Now, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Parts of the meter that batteries follow; they add up to one.
pub(super) type Shares = BTreeMap<ParticipantId, f64>;

/// The batteries chosen for coming slots, by the beginning of these.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Turns(BTreeMap<Time, Shares>);

/// Who follows how much of the meter in the slot that begins now, and in the one that is traded now.
pub(super) struct Turn {
    pub(super) present: Shares,
    pub(super) traded: Shares,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ems {
    /// Chooses batteries for the slot that is traded now; `residual_kw` is what the meter shows besides them.
    pub(super) fn take_turns(&mut self, now: Now, residual_kw: f64) -> Turn {
        self.turns.0 = self.turns.0.split_off(&now.time);
        let chosen = self.turns.0.remove(&now.time).unwrap_or_default();
        let present = self.shares(now, residual_kw, &chosen);
        let traded = self.shares(now, residual_kw, &Shares::new());
        self.turns.0.insert(self.rules.traded_at(now).start, traded.clone());
        Turn { present, traded }
    }

    /// Shares of the batteries whose turn it is: all that were `chosen` and can do something about it, others where these are not
    /// enough. Those that can do nothing come last, and follow all the same where nobody else does: what is missing may turn
    /// into too much within the slot.
    fn shares(&self, now: Now, residual_kw: f64, chosen: &Shares) -> Shares {
        let is_missing = residual_kw > 0.0;
        let can = |status: &StorageStatus| {
            if is_missing { status.discharge_limit_kw > 0.0 } else { status.charge_limit_kw > 0.0 }
        };
        let level = |status: &StorageStatus| {
            // In whole percent: what is equally full for all purposes is a matter of luck, not of the last digit.
            let level = (100.0 * (status.energy_kwh - status.min_kwh) / (status.max_kwh - status.min_kwh)).round();
            if is_missing { -level } else { level }
        };
        let known = |battery: &'_ ManagedBattery| Some((*battery, *self.statuses.get(&battery.battery)?));
        let is_chosen = |battery: &ManagedBattery| chosen.contains_key(&battery.battery);
        let ticket = |battery: &ManagedBattery| lot(battery.ticket, now.time.0);
        let mut able: Vec<_> = self.batteries.iter().filter_map(known).collect();
        able.sort_by(|(a, of_a), (b, of_b)| {
            let by_ability = can(of_b).cmp(&can(of_a)).then(is_chosen(b).cmp(&is_chosen(a)));
            by_ability.then(level(of_a).total_cmp(&level(of_b))).then(ticket(a).cmp(&ticket(b)))
        });
        let mut rated_kw = 0.0;
        let mut waiting = able.iter().filter(|(battery, status)| is_chosen(battery) && can(status)).count();
        let is_enough = |(battery, _): &(ManagedBattery, StorageStatus)| {
            rated_kw += battery.rated_kw;
            waiting = waiting.saturating_sub(1);
            waiting == 0 && rated_kw * GOOD_LOAD >= residual_kw.abs()
        };
        let count = able.iter().position(is_enough).map_or(able.len(), |last| last + 1);
        able[..count].iter().map(|(battery, _)| (battery.battery, battery.rated_kw / rated_kw)).collect()
    }
}
