//! What the CSMS asks: each call finds who answers it, or the error code that says why nobody does.

use super::Station;
use super::body::Output;
use super::boot::Registration;
use crate::Version;
use crate::rpc::{ErrorCode, Refusal, encode_error, encode_result};
use crate::v201::*;

/// Actions of 2.0.1 that this station knows and does not support.
const NOT_SUPPORTED: &[&str] = &[
    "CertificateSigned",
    "DeleteCertificate",
    "GetInstalledCertificateIds",
    "InstallCertificate",
    "PublishFirmware",
    "UnpublishFirmware",
];

/// What is answered before the CSMS has accepted the station (B02).
const WHILE_PENDING: &[&str] = &[
    "GetVariables",
    "SetVariables",
    "GetBaseReport",
    "GetReport",
    "TriggerMessage",
    "SetNetworkProfile",
    "Reset",
    "DataTransfer",
];

impl Station {
    /// Answers a call. The answer goes out before anything that follows from it.
    pub(super) fn serve(&mut self, id: &str, action: &str, payload: &str) {
        if let Err(refusal) = self.may_be_asked(action) {
            return self.refuse(id, &refusal);
        }
        macro_rules! find {
            ($($action:ident => $method:ident),* $(,)?) => {
                match action {
                    $(stringify!($action) => self.answer(id, payload, Self::$method),)*
                    _ if NOT_SUPPORTED.contains(&action) => {
                        self.refuse(id, &Refusal::new(ErrorCode::NotSupported, "this station does not support it"));
                    }
                    _ => self.refuse(id, &Refusal::new(ErrorCode::NotImplemented, "the action is not known")),
                }
            };
        }
        find! {
            CancelReservation => cancel_reservation,
            ChangeAvailability => change_availability,
            ClearCache => clear_cache,
            ClearChargingProfile => clear_charging_profile,
            ClearDisplayMessage => clear_display_message,
            ClearVariableMonitoring => clear_variable_monitoring,
            CostUpdated => cost_updated,
            CustomerInformation => customer_information,
            DataTransfer => data_transfer,
            GetBaseReport => get_base_report,
            GetChargingProfiles => get_charging_profiles,
            GetCompositeSchedule => get_composite_schedule,
            GetDisplayMessages => get_display_messages,
            GetLocalListVersion => get_local_list_version,
            GetLog => get_log,
            GetMonitoringReport => get_monitoring_report,
            GetReport => get_report,
            GetTransactionStatus => get_transaction_status,
            GetVariables => get_variables,
            RequestStartTransaction => request_start_transaction,
            RequestStopTransaction => request_stop_transaction,
            ReserveNow => reserve_now,
            Reset => reset,
            SendLocalList => send_local_list,
            SetChargingProfile => set_charging_profile,
            SetDisplayMessage => set_display_message,
            SetMonitoringBase => set_monitoring_base,
            SetMonitoringLevel => set_monitoring_level,
            SetNetworkProfile => set_network_profile,
            SetVariableMonitoring => set_variable_monitoring,
            SetVariables => set_variables,
            TriggerMessage => trigger_message,
            UnlockConnector => unlock_connector,
            UpdateFirmware => update_firmware,
        }
    }

    /// Before it is accepted a station is configured and no more; rejected, it is not even that (B02, B03).
    fn may_be_asked(&self, action: &str) -> Result<(), Refusal> {
        let may = match self.registration() {
            Registration::Accepted => true,
            Registration::Pending => WHILE_PENDING.contains(&action) || action.starts_with("Request"),
            Registration::None | Registration::Rejected => false,
        };
        if may { Ok(()) } else { Err(Refusal::new(ErrorCode::SecurityError, "the station is not accepted")) }
    }

    fn answer<R: ResponseTo>(&mut self, id: &str, payload: &str, by: impl FnOnce(&mut Self, R) -> Served<R::Response>) {
        let request = match serde_json::from_str(payload) {
            Ok(request) => request,
            Err(error) => return self.refuse(id, &Refusal::of_payload(&error)),
        };
        match by(self, request) {
            Ok(Reply { response, then }) => {
                self.outputs.push_back(Output::Frame(encode_result(id, &response)));
                if let Some(then) = then {
                    then(self);
                }
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    pub(super) fn refuse(&mut self, id: &str, refusal: &Refusal) {
        self.outputs.push_back(Output::Frame(encode_error(id, refusal, Version::V201)));
    }

    /// DataTransfer (P01): no vendor's extension is known.
    fn data_transfer(&mut self, _: DataTransferRequest) -> Served<DataTransferResponse> {
        let status = DataTransferStatus::UnknownVendorId;
        reply(DataTransferResponse { status, status_info: None, data: None, custom_data: None })
    }
}

/// What follows from a call once its answer is on its way.
type Then = Box<dyn FnOnce(&mut Station)>;

/// An answer, and what follows once it is on its way.
pub(super) struct Reply<R> {
    response: R,
    then: Option<Then>,
}

/// An answer, or why there is none.
pub(super) type Served<R> = Result<Reply<R>, Refusal>;

/// An answer that is all there is.
pub(super) fn reply<R>(response: R) -> Served<R> {
    Ok(Reply { response, then: None })
}

/// An answer, and what follows.
pub(super) fn reply_then<R>(response: R, then: impl FnOnce(&mut Station) + 'static) -> Served<R> {
    Ok(Reply { response, then: Some(Box::new(then)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_supported_is_not_served_either() {
        let sorted = NOT_SUPPORTED.windows(2).all(|two| two[0] < two[1]);
        assert!(sorted && !NOT_SUPPORTED.contains(&"Reset"));
    }
}
