//! Availability: what connectors are (G01), what the CSMS makes of them (G03, G04), unlocking (F05).

use super::Station;
use super::body::Act;
use super::outbox::Asked;
use super::serve::{Served, reply, reply_then};
use super::transaction::Cause;
use crate::v201::*;

impl Station {
    /// Whether an EVSE and the station are operative; an EVSE with every connector inoperative or faulted is not.
    pub(super) fn is_operative(&self, rank: usize) -> bool {
        let evse = &self.evses[rank];
        self.operative && evse.operative && evse.connectors.iter().any(|one| one.operative && !one.faulted)
    }

    /// The state of a connector: what is worse goes first.
    pub(super) fn connector_status(&self, rank: usize, connector: usize) -> ConnectorStatus {
        let evse = &self.evses[rank];
        let operative = self.operative && evse.operative && evse.connectors[connector].operative;
        if evse.connectors[connector].faulted {
            ConnectorStatus::Faulted
        } else if !operative || (self.resetting.is_under_way() && !evse.is_busy()) {
            ConnectorStatus::Unavailable
        } else if evse.plugged.is_some() || evse.is_busy() || evse.occupied {
            ConnectorStatus::Occupied
        } else if evse.reservation.is_some() {
            ConnectorStatus::Reserved
        } else {
            ConnectorStatus::Available
        }
    }

    /// The state of an EVSE: that of its best connector.
    pub(super) fn evse_status(&self, rank: usize) -> ConnectorStatus {
        let all = (0..self.evses[rank].connectors.len()).map(|connector| self.connector_status(rank, connector));
        all.min().unwrap_or(ConnectorStatus::Unavailable)
    }

    pub(super) fn station_status(&self) -> ConnectorStatus {
        (0..self.evses.len()).map(|rank| self.evse_status(rank)).min().unwrap_or(ConnectorStatus::Unavailable)
    }

    /// Tells of every connector whose state is another than was last told.
    pub(super) fn tell_statuses(&mut self) {
        // What can't be told now is told with the next input.
        if !self.is_online() || self.outbox.is_crowded() {
            return;
        }
        for rank in 0..self.evses.len() {
            for connector in 0..self.evses[rank].connectors.len() {
                let status = self.connector_status(rank, connector);
                if self.evses[rank].connectors[connector].told.replace(status) != Some(status) {
                    self.status_notification(rank, connector, false);
                }
            }
        }
    }

    pub(super) fn status_notification(&mut self, rank: usize, connector: usize, triggered: bool) {
        let (evse_id, connector_id) = (self.evses[rank].id, connector as i32 + 1);
        let connector_status = self.connector_status(rank, connector);
        let timestamp = DateTime(self.now);
        let request = StatusNotificationRequest { timestamp, connector_status, evse_id, connector_id };
        self.outbox.push(Asked::Status { evse_id, connector_id }, &request, triggered);
    }

    /// All connectors are told of again (B01, B04).
    pub(super) fn forget_told_statuses(&mut self) {
        for connector in self.evses.iter_mut().flat_map(|evse| &mut evse.connectors) {
            connector.told = None;
        }
    }

    pub(super) fn forget_told_status(&mut self, evse_id: i32, connector_id: i32) {
        if let Some(rank) = self.rank(evse_id) {
            let connector = usize::try_from(connector_id - 1).ok();
            if let Some(connector) = connector.and_then(|at| self.evses[rank].connectors.get_mut(at)) {
                connector.told = None;
            }
        }
    }

    /// ChangeAvailability (G03, G04): at once, or when what is under way is over.
    pub(super) fn change_availability(
        &mut self,
        request: ChangeAvailabilityRequest,
    ) -> Served<ChangeAvailabilityResponse> {
        let answer = |status| ChangeAvailabilityResponse { status, status_info: None };
        let operative = request.operational_status == OperationalStatus::Operative;
        let Some((ranks, connector)) = self.meant_by(request.evse.as_ref()) else {
            return reply(answer(ChangeAvailabilityStatus::Rejected));
        };
        let busy = |rank: &usize| !operative && self.evses[*rank].transaction.is_some();
        if ranks.iter().any(busy) && connector.is_none_or(|id| self.evses[ranks[0]].plugged == Some(id)) {
            for rank in ranks {
                if self.evses[rank].transaction.is_some() {
                    self.evses[rank].then_operative = Some(operative);
                } else {
                    self.evses[rank].operative = operative;
                }
            }
            return reply(answer(ChangeAvailabilityStatus::Scheduled));
        }
        reply_then(answer(ChangeAvailabilityStatus::Accepted), move |station| {
            match (connector, request.evse.is_none()) {
                (Some(id), _) => station.evses[ranks[0]].connectors[id as usize - 1].operative = operative,
                (None, true) => {
                    station.operative = operative;
                    ranks.iter().for_each(|rank| station.evses[*rank].operative = operative);
                }
                (None, false) => station.evses[ranks[0]].operative = operative,
            }
            for rank in ranks {
                station.evses[rank].then_operative = None;
                if !station.is_operative(rank) {
                    station.lose_reservation(rank);
                    station.stop(rank, Cause::of_state(StoppedReason::Other));
                }
            }
        })
    }

    /// The EVSEs, and the connector, that a request means; none if there are no such.
    pub(super) fn meant_by(&self, evse: Option<&Evse>) -> Option<(Vec<usize>, Option<i32>)> {
        let Some(evse) = evse else { return Some(((0..self.evses.len()).collect(), None)) };
        let rank = self.rank(evse.id)?;
        let connectors = self.evses[rank].connectors.len() as i32;
        let known = evse.connector_id.is_none_or(|id| (1..=connectors).contains(&id));
        known.then(|| (vec![rank], evse.connector_id))
    }

    /// A transaction is over: what was scheduled for then happens.
    pub(super) fn transaction_over(&mut self, rank: usize) {
        if let Some(operative) = self.evses[rank].then_operative.take() {
            self.evses[rank].operative = operative;
        }
    }

    /// UnlockConnector (F05): never while an authorised transaction is under way.
    pub(super) fn unlock_connector(&mut self, request: UnlockConnectorRequest) -> Served<UnlockConnectorResponse> {
        let answer = |status| UnlockConnectorResponse { status, status_info: None };
        let asked = Evse::new(request.evse_id, Some(request.connector_id));
        let Some((ranks, _)) = self.meant_by(Some(&asked)) else {
            return reply(answer(UnlockStatus::UnknownConnector));
        };
        let evse = &self.evses[ranks[0]];
        if evse.transaction.is_some() && evse.authorised.is_some() {
            return reply(answer(UnlockStatus::OngoingAuthorizedTransaction));
        }
        let (evse_id, connector_id) = (request.evse_id, request.connector_id);
        reply_then(answer(UnlockStatus::Unlocked), move |station| {
            station.act(Act::Lock { evse_id, connector_id, locked: false });
        })
    }
}
