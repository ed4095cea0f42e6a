//! What has come about in a world: taken from it, and laid over one that was made anew.

use super::meters::Meter;
use super::{MeterState, World, day_of};
use crate::bodies::{
    BatteryBody, BatteryState, DsoBody, DsoState, EvBody, EvState, EvseBody, EvseState, LoadBody, LoadState, PvBody,
    PvState,
};
use crate::snapshot::{SavedParticipant, Snapshot, SnapshotError};
use crate::supply::{Supply, SupplyState};
use agents::series::Series;
use agents::{Kind, ParticipantId};
use scenarios::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What has come about in a body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BodyState {
    Pv(PvState),
    Load(LoadState),
    Evse(EvseState),
    Battery(Box<BatteryState>),
    Ev(Box<EvState>),
    Dso(DsoState),
}

/// The names of sites and portfolios by dense id.
#[derive(Debug)]
pub(super) struct Names {
    sites: Vec<String>,
    portfolios: Vec<String>,
}

impl Names {
    pub(super) fn of(plan: &Plan) -> Self {
        let sites = plan.sites.iter().map(|site| site.name.clone()).collect();
        Self { sites, portfolios: plan.portfolios.clone() }
    }
}

impl World {
    /// What has come about in the body of participant `id`, if it has one.
    pub(crate) fn body_state(&self, id: ParticipantId) -> Option<BodyState> {
        let entity = self.bodies.entity(self.entities[id.index()]);
        if let Some(body) = entity.get::<PvBody>() {
            Some(BodyState::Pv(body.state()))
        } else if let Some(body) = entity.get::<LoadBody>() {
            Some(BodyState::Load(body.state()))
        } else if let Some(body) = entity.get::<EvseBody>() {
            Some(BodyState::Evse(body.state()))
        } else if let Some(body) = entity.get::<BatteryBody>() {
            Some(BodyState::Battery(Box::new(body.state())))
        } else if let Some(body) = entity.get::<EvBody>() {
            Some(BodyState::Ev(Box::new(body.state())))
        } else {
            entity.get::<DsoBody>().map(|body| BodyState::Dso(body.state()))
        }
    }

    /// What the meters of sites, of portfolios and of the island have counted.
    pub(crate) fn meter_states(&self) -> (BTreeMap<String, MeterState>, BTreeMap<String, MeterState>, MeterState) {
        let by_name = |names: &[String], meters: &[Meter]| {
            names.iter().cloned().zip(meters.iter().map(Meter::state)).collect::<BTreeMap<_, _>>()
        };
        let (names, meters) = (&self.names, &self.meters);
        let (sites, portfolios) =
            (by_name(&names.sites, &meters.sites), by_name(&names.portfolios, &meters.portfolios));
        (sites, portfolios, meters.island.state())
    }

    /// What has come about in the supply, if there is one.
    pub(crate) fn supply_state(&self) -> Option<SupplyState> {
        self.supply.as_ref().map(Supply::state)
    }

    /// Lays over a world at the start of its plan what has come about in a snapshot of the same participants.
    pub(crate) fn lay(&mut self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        for (index, (id, saved)) in snapshot.participants.iter().enumerate() {
            self.lay_body(index, id, saved)?;
        }
        self.resume_charging(snapshot)?;
        self.resume_feeds(snapshot);
        for (meter, state) in self.meters.sites.iter_mut().zip(snapshot.sites.values()) {
            meter.lay(state);
        }
        for (meter, state) in self.meters.portfolios.iter_mut().zip(snapshot.portfolios.values()) {
            meter.lay(state);
        }
        self.meters.island.lay(&snapshot.island);
        let known =
            |(index, saved): (usize, &SavedParticipant)| Some((ParticipantId(index as u32), saved.mirror.clone()?));
        let mirrored = snapshot.participants.values().enumerate().filter_map(known).collect();
        self.restore_mirror(snapshot.time, mirrored);
        let known =
            |(index, saved): (usize, &SavedParticipant)| Some((ParticipantId(index as u32), saved.faults.clone()?));
        self.restore_faults(snapshot.time, snapshot.participants.values().enumerate().filter_map(known).collect());
        snapshot.weather.iter().for_each(|held| self.hold_weather(held));
        if let Some(supply) = &mut self.supply {
            supply.resume(snapshot.time, snapshot.supply.as_ref());
        }
        Ok(())
    }

    fn lay_body(&mut self, index: usize, id: &str, saved: &SavedParticipant) -> Result<(), SnapshotError> {
        let mut entity = self.bodies.entity_mut(self.entities[index]);
        let kind = saved.core.kind();
        let unfit = || SnapshotError::Body { id: id.into(), reason: "it is none of its kind" };
        let overfull = match &saved.body {
            Some(BodyState::Pv(state)) => {
                entity.get_mut::<PvBody>().ok_or_else(unfit)?.lay(state);
                None
            }
            Some(BodyState::Load(state)) => {
                entity.get_mut::<LoadBody>().ok_or_else(unfit)?.lay(state);
                None
            }
            Some(BodyState::Evse(state)) => {
                entity.get_mut::<EvseBody>().ok_or_else(unfit)?.lay(state);
                None
            }
            Some(BodyState::Battery(state)) => {
                let mut body = entity.get_mut::<BatteryBody>().ok_or_else(unfit)?;
                body.lay(state);
                body.unit.resume()
            }
            Some(BodyState::Ev(state)) => {
                let mut body = entity.get_mut::<EvBody>().ok_or_else(unfit)?;
                body.lay(state);
                body.unit.resume()
            }
            // Its feeds are the plan's.
            Some(BodyState::Dso(_)) if kind == Kind::Dso => None,
            None if !kind.is_asset() && kind != Kind::Dso => None,
            _ => return Err(unfit()),
        };
        match overfull {
            Some([stored_kwh, most_kwh]) => Err(SnapshotError::Overfull { asset: id.into(), stored_kwh, most_kwh }),
            None => Ok(()),
        }
    }

    /// Puts vehicles into the plugs in which they were: what passes follows from vehicle and charge point as they are now.
    fn resume_charging(&mut self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        for (ev, evse, [id, _]) in &self.pairs {
            let [mut ev, mut evse] = self.bodies.entity_mut([*ev, *evse]);
            let mut ev = ev.get_mut::<EvBody>().expect("vehicles have their bodies");
            let mut evse = evse.get_mut::<EvseBody>().expect("charge points have their bodies");
            if !ev.resume(&mut evse) {
                let id = snapshot.participants.keys().nth(id.index()).expect("the same participants take part").clone();
                return Err(SnapshotError::Body {
                    id,
                    reason: "its charge point does not agree that it is plugged in, or not",
                });
            }
        }
        Ok(())
    }

    /// Gives DSOs of each feed the day they had.
    fn resume_feeds(&mut self, snapshot: &Snapshot) {
        let calendar = self.calendar;
        let cut = |feed: &Option<Series>, day: Option<i64>| {
            Some(feed.as_ref()?).zip(day).map(|(feed, day)| (day, day_of(feed, calendar.midnight(day))))
        };
        for (entity, saved) in self.entities.iter().zip(snapshot.participants.values()) {
            let Some(BodyState::Dso(state)) = &saved.body else { continue };
            let mut dso = self.bodies.get_mut::<DsoBody>(*entity).expect("bodies were checked when they were laid");
            dso.prices = cut(&self.price_feed, state.prices);
            dso.co2 = cut(&self.co2_feed, state.co2);
        }
        self.feed_dsos(snapshot.time);
    }
}
