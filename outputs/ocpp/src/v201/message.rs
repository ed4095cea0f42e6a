//! Which payload belongs to which action.

use super::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A request a station sends.
pub trait Request: Serialize {
    /// The action, as it is written.
    const ACTION: &'static str;
}

/// A request a station is sent, and the answer it asks for.
pub trait ResponseTo: DeserializeOwned {
    /// The action, as it is written.
    const ACTION: &'static str;
    /// The answer.
    type Response: Serialize;
}

macro_rules! requests {
    ($($action:ident $request:ident),* $(,)?) => {$(
        impl Request for $request {
            const ACTION: &'static str = stringify!($action);
        }
    )*};
}

macro_rules! responses {
    ($($action:ident $request:ident $response:ident),* $(,)?) => {$(
        impl ResponseTo for $request {
            const ACTION: &'static str = stringify!($action);
            type Response = $response;
        }
    )*};
}

requests! {
    Authorize AuthorizeRequest,
    BootNotification BootNotificationRequest,
    ClearedChargingLimit ClearedChargingLimitRequest,
    DataTransfer DataTransferRequest,
    FirmwareStatusNotification FirmwareStatusNotificationRequest,
    Heartbeat HeartbeatRequest,
    LogStatusNotification LogStatusNotificationRequest,
    MeterValues MeterValuesRequest,
    NotifyChargingLimit NotifyChargingLimitRequest,
    NotifyCustomerInformation NotifyCustomerInformationRequest,
    NotifyDisplayMessages NotifyDisplayMessagesRequest,
    NotifyEVChargingNeeds NotifyEVChargingNeedsRequest,
    NotifyEvent NotifyEventRequest,
    NotifyMonitoringReport NotifyMonitoringReportRequest,
    NotifyReport NotifyReportRequest,
    ReportChargingProfiles ReportChargingProfilesRequest,
    ReservationStatusUpdate ReservationStatusUpdateRequest,
    SecurityEventNotification SecurityEventNotificationRequest,
    SignCertificate SignCertificateRequest,
    StatusNotification StatusNotificationRequest,
    TransactionEvent TransactionEventRequest,
}

responses! {
    CancelReservation CancelReservationRequest CancelReservationResponse,
    CertificateSigned CertificateSignedRequest CertificateSignedResponse,
    ChangeAvailability ChangeAvailabilityRequest ChangeAvailabilityResponse,
    ClearCache ClearCacheRequest ClearCacheResponse,
    ClearChargingProfile ClearChargingProfileRequest ClearChargingProfileResponse,
    ClearDisplayMessage ClearDisplayMessageRequest ClearDisplayMessageResponse,
    ClearVariableMonitoring ClearVariableMonitoringRequest ClearVariableMonitoringResponse,
    CostUpdated CostUpdatedRequest CostUpdatedResponse,
    CustomerInformation CustomerInformationRequest CustomerInformationResponse,
    DataTransfer DataTransferRequest DataTransferResponse,
    DeleteCertificate DeleteCertificateRequest DeleteCertificateResponse,
    GetBaseReport GetBaseReportRequest GetBaseReportResponse,
    GetChargingProfiles GetChargingProfilesRequest GetChargingProfilesResponse,
    GetCompositeSchedule GetCompositeScheduleRequest GetCompositeScheduleResponse,
    GetDisplayMessages GetDisplayMessagesRequest GetDisplayMessagesResponse,
    GetInstalledCertificateIds GetInstalledCertificateIdsRequest GetInstalledCertificateIdsResponse,
    GetLocalListVersion GetLocalListVersionRequest GetLocalListVersionResponse,
    GetLog GetLogRequest GetLogResponse,
    GetMonitoringReport GetMonitoringReportRequest GetMonitoringReportResponse,
    GetReport GetReportRequest GetReportResponse,
    GetTransactionStatus GetTransactionStatusRequest GetTransactionStatusResponse,
    GetVariables GetVariablesRequest GetVariablesResponse,
    InstallCertificate InstallCertificateRequest InstallCertificateResponse,
    RequestStartTransaction RequestStartTransactionRequest RequestStartTransactionResponse,
    RequestStopTransaction RequestStopTransactionRequest RequestStopTransactionResponse,
    ReserveNow ReserveNowRequest ReserveNowResponse,
    Reset ResetRequest ResetResponse,
    SendLocalList SendLocalListRequest SendLocalListResponse,
    SetChargingProfile SetChargingProfileRequest SetChargingProfileResponse,
    SetDisplayMessage SetDisplayMessageRequest SetDisplayMessageResponse,
    SetMonitoringBase SetMonitoringBaseRequest SetMonitoringBaseResponse,
    SetMonitoringLevel SetMonitoringLevelRequest SetMonitoringLevelResponse,
    SetNetworkProfile SetNetworkProfileRequest SetNetworkProfileResponse,
    SetVariableMonitoring SetVariableMonitoringRequest SetVariableMonitoringResponse,
    SetVariables SetVariablesRequest SetVariablesResponse,
    TriggerMessage TriggerMessageRequest TriggerMessageResponse,
    UnlockConnector UnlockConnectorRequest UnlockConnectorResponse,
    UpdateFirmware UpdateFirmwareRequest UpdateFirmwareResponse,
}
