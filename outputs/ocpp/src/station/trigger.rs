//! TriggerMessage (F06): what the CSMS wants to hear now.

use super::Station;
use super::serve::{Served, reply, reply_then};
use super::transaction::Cause;
use super::variables::Var;
use crate::v201::*;

impl Station {
    /// TriggerMessage (F06).
    pub(super) fn trigger_message(&mut self, request: TriggerMessageRequest) -> Served<TriggerMessageResponse> {
        let answer = |status| TriggerMessageResponse { status, status_info: None };
        let Some((ranks, connector)) = self.meant_by(request.evse.as_ref()) else {
            return reply(answer(TriggerMessageStatus::Rejected));
        };
        let accepted = answer(TriggerMessageStatus::Accepted);
        match request.requested_message {
            MessageTrigger::BootNotification => {
                let may = self.trigger_boot();
                reply(if may { accepted } else { answer(TriggerMessageStatus::Rejected) })
            }
            MessageTrigger::Heartbeat => reply_then(accepted, |station| station.notify(&HeartbeatRequest {}, true)),
            MessageTrigger::StatusNotification => {
                // Of a connector, never of an EVSE or the station (F06).
                let Some(connector) = connector else { return reply(answer(TriggerMessageStatus::Rejected)) };
                reply_then(accepted, move |station| station.status_notification(ranks[0], connector as usize - 1, true))
            }
            MessageTrigger::MeterValues => reply_then(accepted, move |station| {
                for rank in ranks {
                    if let Some(values) = station.sample(rank, Var::AlignedMeasurands, ReadingContext::Trigger) {
                        station.meter_values(rank, values, true);
                    }
                }
            }),
            MessageTrigger::TransactionEvent => {
                let running: Vec<_> =
                    ranks.into_iter().filter(|rank| self.evses[*rank].transaction.is_some()).collect();
                if running.is_empty() {
                    return reply(answer(TriggerMessageStatus::Rejected));
                }
                reply_then(accepted, move |station| {
                    for rank in running {
                        let values = station.sample(rank, Var::SampledTxUpdatedMeasurands, ReadingContext::Trigger);
                        let cause = Cause::new(TriggerReason::Trigger, StoppedReason::Other);
                        station.event(rank, TransactionEventKind::Updated, &cause, values.into_iter().collect());
                    }
                })
            }
            MessageTrigger::LogStatusNotification => reply_then(accepted, |station| station.tell_log_status(true)),
            MessageTrigger::FirmwareStatusNotification => {
                reply_then(accepted, |station| station.tell_firmware_status(true))
            }
            MessageTrigger::SignChargingStationCertificate
            | MessageTrigger::SignV2GCertificate
            | MessageTrigger::SignCombinedCertificate
            | MessageTrigger::PublishFirmwareStatusNotification => reply(answer(TriggerMessageStatus::NotImplemented)),
        }
    }
}
