//! Reservations of an EVSE (block H).

use super::Station;
use super::evse::Reservation;
use super::serve::{Served, reply};
use crate::v201::*;

impl Station {
    /// ReserveNow (H01): of one EVSE. A reservation of the same id is replaced.
    pub(super) fn reserve_now(&mut self, request: ReserveNowRequest) -> Served<ReserveNowResponse> {
        let answer = |status| ReserveNowResponse { status, status_info: None };
        // ReservationCtrlr.NonEvseSpecific is false.
        let Some(rank) = request.evse_id.and_then(|id| self.rank(id)) else {
            return reply(answer(ReserveNowStatus::Rejected));
        };
        let connectors = &self.settings.evses[rank].connectors;
        let fits = request.connector_type.is_none_or(|asked| connectors.contains(&asked));
        if !fits || request.expiry_date_time.0 <= self.now {
            return reply(answer(ReserveNowStatus::Rejected));
        }
        let same = self.evses[rank].reservation.as_ref().is_some_and(|one| one.id == request.id);
        let status = match self.evse_status(rank) {
            ConnectorStatus::Available => ReserveNowStatus::Accepted,
            ConnectorStatus::Reserved if same => ReserveNowStatus::Accepted,
            ConnectorStatus::Reserved | ConnectorStatus::Occupied => ReserveNowStatus::Occupied,
            ConnectorStatus::Unavailable => ReserveNowStatus::Unavailable,
            ConnectorStatus::Faulted => ReserveNowStatus::Faulted,
        };
        if status == ReserveNowStatus::Accepted {
            self.cancel(request.id);
            self.evses[rank].reservation = Some(Reservation {
                id: request.id,
                expiry: request.expiry_date_time,
                token: request.id_token,
                group: request.group_id_token,
            });
        }
        reply(answer(status))
    }

    /// CancelReservation (H02).
    pub(super) fn cancel_reservation(
        &mut self,
        request: CancelReservationRequest,
    ) -> Served<CancelReservationResponse> {
        let found = self.cancel(request.reservation_id);
        let status = if found { CancelReservationStatus::Accepted } else { CancelReservationStatus::Rejected };
        reply(CancelReservationResponse { status, status_info: None })
    }

    fn cancel(&mut self, id: i32) -> bool {
        let is = |reservation: &Reservation| reservation.id == id;
        let found = self.evses.iter_mut().find(|evse| evse.reservation.as_ref().is_some_and(is));
        found.is_some_and(|evse| evse.reservation.take().is_some())
    }

    /// A reservation that nobody used in time is over (H04).
    pub(super) fn reservation_due(&mut self, rank: usize) {
        let now = self.now;
        let over = self.evses[rank].reservation.take_if(|reservation| reservation.expiry.0 <= now);
        self.reservation_gone(over, ReservationUpdateStatus::Expired);
    }

    /// The EVSE can't keep what was reserved (H01).
    pub(super) fn lose_reservation(&mut self, rank: usize) {
        let lost = self.evses[rank].reservation.take();
        self.reservation_gone(lost, ReservationUpdateStatus::Removed);
    }

    fn reservation_gone(
        &mut self,
        reservation: Option<Reservation>,
        reservation_update_status: ReservationUpdateStatus,
    ) {
        if let Some(Reservation { id: reservation_id, .. }) = reservation {
            self.notify(&ReservationStatusUpdateRequest { reservation_id, reservation_update_status }, false);
        }
    }
}
