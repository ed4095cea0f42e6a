//! Remote control of transactions (F01 to F03).

use super::Station;
use super::evse::Authorised;
use super::serve::{Served, reply, reply_then};
use super::transaction::Cause;
use crate::charging::Session;
use crate::v201::*;

impl Station {
    /// RequestStartTransaction (F01, F02).
    pub(super) fn request_start_transaction(
        &mut self,
        request: RequestStartTransactionRequest,
    ) -> Served<RequestStartTransactionResponse> {
        let status = RequestStartStopStatus::Rejected;
        let rejected = |code| {
            let status_info = StatusInfo::new(code, "");
            reply(RequestStartTransactionResponse { status, status_info, transaction_id: None })
        };
        if !self.is_online() {
            return rejected("NotEnabled");
        }
        let token = &request.id_token;
        let rank = match request.evse_id {
            Some(id) => self.rank(id).filter(|rank| self.may_start(*rank, token)),
            // The station may choose (F01): the first that is free, where a vehicle waits before where none does.
            None => {
                let free = (0..self.evses.len()).filter(|rank| self.may_start(*rank, token));
                free.min_by_key(|rank| self.evses[*rank].plugged.is_none())
            }
        };
        let Some(rank) = rank else { return rejected("TxInProgress") };
        if request.charging_profile.as_ref().is_some_and(|profile| !self.takes_with_start(rank, profile)) {
            return rejected("InvalidProfile");
        }
        let who = Authorised {
            token: request.id_token,
            group: request.group_id_token,
            remote_start_id: Some(request.remote_start_id),
            profile: request.charging_profile,
            reservation_id: None,
            connect_by: None,
        };
        let transaction_id = self.evses[rank].transaction.as_ref().map(|transaction| transaction.id.clone());
        if let Some(transaction) = &mut self.evses[rank].transaction {
            transaction.started_remotely(request.remote_start_id);
        }
        let status = RequestStartStopStatus::Accepted;
        let response = RequestStartTransactionResponse { status, status_info: None, transaction_id };
        reply_then(response, move |station| station.authorise_remotely(rank, who))
    }

    /// A profile of a transaction that is yet to begin: a `TxProfile` without its id (F01, K05).
    fn takes_with_start(&self, rank: usize, profile: &ChargingProfile) -> bool {
        if profile.charging_profile_purpose != ChargingProfilePurpose::TxProfile || profile.transaction_id.is_some() {
            return false;
        }
        let mut tried = self.profiles.clone();
        let mut profile = profile.clone();
        profile.transaction_id = Text::new("-");
        let session = Session { transaction_id: Some("-"), charging_since: None };
        tried.install(self.evses[rank].id, profile, &self.rules(), session).is_ok()
    }

    /// RequestStopTransaction (F03).
    pub(super) fn request_stop_transaction(
        &mut self,
        request: RequestStopTransactionRequest,
    ) -> Served<RequestStopTransactionResponse> {
        let answer = |status| RequestStopTransactionResponse { status, status_info: None };
        let rank = self.rank_of_transaction(&request.transaction_id).filter(|_| self.is_online());
        let Some(rank) = rank else { return reply(answer(RequestStartStopStatus::Rejected)) };
        reply_then(answer(RequestStartStopStatus::Accepted), move |station| {
            station.stop(rank, Cause::new(TriggerReason::RemoteStop, StoppedReason::Remote));
        })
    }
}
