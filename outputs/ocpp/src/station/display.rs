//! Messages on the display (O01 to O06) and the cost of a transaction (I02).

use super::Station;
use super::body::Act;
use super::serve::{Served, reply, reply_then};
use crate::v201::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Messages a display keeps (DisplayMessageCtrlr.DisplayMessages, maxLimit).
const MESSAGES: usize = 100;

/// Messages of a NotifyDisplayMessages.
const PER_PART: usize = 20;

/// The messages of the display by their ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Displays(BTreeMap<i32, MessageInfo>);

impl Displays {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Station {
    fn show(&mut self) {
        let all = self.displays.0.values().cloned().collect();
        self.act(Act::Show(all));
    }

    /// Messages of a transaction go with it (O02).
    pub(super) fn forget_messages_of(&mut self, transaction_id: &str) {
        let before = self.displays.len();
        self.displays.0.retain(|_, message| message.transaction_id.as_deref() != Some(transaction_id));
        if self.displays.len() < before {
            self.show();
        }
    }

    /// SetDisplayMessage (O01, O02, O06).
    pub(super) fn set_display_message(
        &mut self,
        request: SetDisplayMessageRequest,
    ) -> Served<SetDisplayMessageResponse> {
        let message = request.message;
        let formats = [MessageFormat::Ascii, MessageFormat::Utf8];
        let of_nothing = message.transaction_id.as_deref().is_some_and(|id| self.rank_of_transaction(id).is_none());
        let full = self.displays.len() >= MESSAGES && !self.displays.0.contains_key(&message.id);
        let status = if !formats.contains(&message.message.format) {
            DisplayMessageStatus::NotSupportedMessageFormat
        } else if of_nothing {
            DisplayMessageStatus::UnknownTransaction
        } else if full || message.display.is_some() {
            DisplayMessageStatus::Rejected
        } else {
            DisplayMessageStatus::Accepted
        };
        reply_then(SetDisplayMessageResponse { status, status_info: None }, move |station| {
            if status == DisplayMessageStatus::Accepted {
                // There is one message always in front (O01).
                if message.priority == MessagePriority::AlwaysFront {
                    station.displays.0.retain(|_, one| one.priority != MessagePriority::AlwaysFront);
                }
                station.displays.0.insert(message.id, message);
                station.show();
            }
        })
    }

    /// ClearDisplayMessage (O05).
    pub(super) fn clear_display_message(
        &mut self,
        request: ClearDisplayMessageRequest,
    ) -> Served<ClearDisplayMessageResponse> {
        let found = self.displays.0.remove(&request.id).is_some();
        let status = if found { ClearMessageStatus::Accepted } else { ClearMessageStatus::Unknown };
        reply_then(ClearDisplayMessageResponse { status, status_info: None }, Self::show)
    }

    /// GetDisplayMessages (O03, O04).
    pub(super) fn get_display_messages(
        &mut self,
        request: GetDisplayMessagesRequest,
    ) -> Served<GetDisplayMessagesResponse> {
        let asked = |message: &&MessageInfo| {
            request.id.as_ref().is_none_or(|ids| ids.contains(&message.id))
                && request.priority.is_none_or(|priority| priority == message.priority)
                && request.state.is_none_or(|state| Some(state) == message.state)
        };
        let found: Vec<_> = self.displays.0.values().filter(asked).cloned().collect();
        let answer = |status| GetDisplayMessagesResponse { status, status_info: None };
        if found.is_empty() {
            return reply(answer(GetDisplayMessagesStatus::Unknown));
        }
        let request_id = request.request_id;
        reply_then(answer(GetDisplayMessagesStatus::Accepted), move |station| {
            let last = found.chunks(PER_PART).len() - 1;
            for (rank, part) in found.chunks(PER_PART).enumerate() {
                let message_info = Some(part.to_vec());
                let request = NotifyDisplayMessagesRequest { request_id, message_info, tbc: Some(rank < last) };
                station.notify(&request, true);
            }
        })
    }

    /// CostUpdated (I02).
    pub(super) fn cost_updated(&mut self, request: CostUpdatedRequest) -> Served<CostUpdatedResponse> {
        let rank = self.rank_of_transaction(&request.transaction_id);
        reply_then(CostUpdatedResponse {}, move |station| {
            if let Some(rank) = rank {
                let evse_id = station.evses[rank].id;
                station.act(Act::ShowCost { evse_id, total_cost: request.total_cost });
            }
        })
    }
}
