//! What a station is sent: requests, answers, and their parts (part 2, sections 1 and 2.2).

use super::macros::received;
use super::*;

received! {
    AuthorizationData { id_token: IdToken; id_token_info: IdTokenInfo }
    ChargingProfileCriterion {
        ;
        charging_profile_purpose: ChargingProfilePurpose,
        stack_level: i32,
        charging_profile_id: Items<i32>,
        charging_limit_source: Items<ChargingLimitSource, 4>
    }
    ClearChargingProfileCriteria { ; evse_id: i32, charging_profile_purpose: ChargingProfilePurpose, stack_level: i32 }
    ComponentVariable { component: Component; variable: Variable }
    FirmwareInfo {
        location: Text<512>,
        retrieve_date_time: DateTime;
        install_date_time: DateTime,
        signing_certificate: Text<5500>,
        signature: Text<800>
    }
    GetVariableData { component: Component, variable: Variable; attribute_type: AttributeType }
    IdTokenInfo {
        status: AuthorizationStatus;
        cache_expiry_date_time: DateTime,
        charging_priority: i32,
        language1: Text<8>,
        evse_id: Items<i32>,
        group_id_token: IdToken,
        language2: Text<8>,
        personal_message: MessageContent
    }
    LogParameters { remote_location: Text<512>; oldest_timestamp: DateTime, latest_timestamp: DateTime }
    SetMonitoringData {
        value: f64,
        r#type: MonitorType,
        severity: i32,
        component: Component,
        variable: Variable;
        id: i32,
        transaction: bool
    }
    SetVariableData {
        attribute_value: Text<1000>,
        component: Component,
        variable: Variable;
        attribute_type: AttributeType
    }
    AuthorizeResponse { id_token_info: IdTokenInfo; certificate_status: AuthorizeCertificateStatus }
    BootNotificationResponse {
        current_time: DateTime,
        interval: i32,
        status: RegistrationStatus;
        status_info: StatusInfo
    }
    CancelReservationRequest { reservation_id: i32; }
    CertificateSignedRequest { certificate_chain: Text<10000>; certificate_type: CertificateSigningUse }
    ChangeAvailabilityRequest { operational_status: OperationalStatus; evse: Evse }
    ClearCacheRequest {;}
    ClearChargingProfileRequest { ; charging_profile_id: i32, charging_profile_criteria: ClearChargingProfileCriteria }
    ClearDisplayMessageRequest { id: i32; }
    ClearVariableMonitoringRequest { id: Items<i32>; }
    ClearedChargingLimitResponse {;}
    CostUpdatedRequest { total_cost: f64, transaction_id: Text<36>; }
    CustomerInformationRequest {
        request_id: i32,
        report: bool,
        clear: bool;
        customer_certificate: CertificateHashData,
        id_token: IdToken,
        customer_identifier: Text<64>
    }
    DeleteCertificateRequest { certificate_hash_data: CertificateHashData; }
    FirmwareStatusNotificationResponse {;}
    GetBaseReportRequest { request_id: i32, report_base: ReportBase; }
    GetChargingProfilesRequest { request_id: i32, charging_profile: ChargingProfileCriterion; evse_id: i32 }
    GetCompositeScheduleRequest { duration: i32, evse_id: i32; charging_rate_unit: ChargingRateUnit }
    GetDisplayMessagesRequest { request_id: i32; id: Items<i32>, priority: MessagePriority, state: MessageState }
    GetInstalledCertificateIdsRequest { ; certificate_type: Items<GetCertificateIdUse> }
    GetLocalListVersionRequest {;}
    GetLogRequest { log: LogParameters, log_type: LogKind, request_id: i32; retries: i32, retry_interval: i32 }
    GetMonitoringReportRequest {
        request_id: i32;
        component_variable: Items<ComponentVariable>,
        monitoring_criteria: Items<MonitoringCriterion, 3>
    }
    GetReportRequest {
        request_id: i32;
        component_variable: Items<ComponentVariable>,
        component_criteria: Items<ComponentCriterion, 4>
    }
    GetTransactionStatusRequest { ; transaction_id: Text<36> }
    GetVariablesRequest { get_variable_data: Items<GetVariableData>; }
    HeartbeatResponse { current_time: DateTime; }
    InstallCertificateRequest { certificate_type: InstallCertificateUse, certificate: Text<5500>; }
    LogStatusNotificationResponse {;}
    MeterValuesResponse {;}
    NotifyChargingLimitResponse {;}
    NotifyCustomerInformationResponse {;}
    NotifyDisplayMessagesResponse {;}
    NotifyEVChargingNeedsResponse { status: NotifyEVChargingNeedsStatus; status_info: StatusInfo }
    NotifyEventResponse {;}
    NotifyMonitoringReportResponse {;}
    NotifyReportResponse {;}
    ReportChargingProfilesResponse {;}
    RequestStartTransactionRequest {
        id_token: IdToken,
        remote_start_id: i32;
        evse_id: i32,
        group_id_token: IdToken,
        charging_profile: ChargingProfile
    }
    RequestStopTransactionRequest { transaction_id: Text<36>; }
    ReservationStatusUpdateResponse {;}
    ReserveNowRequest {
        id: i32,
        expiry_date_time: DateTime,
        id_token: IdToken;
        connector_type: ConnectorType,
        evse_id: i32,
        group_id_token: IdToken
    }
    ResetRequest { r#type: ResetKind; evse_id: i32 }
    SecurityEventNotificationResponse {;}
    SendLocalListRequest {
        version_number: i32,
        update_type: UpdateKind;
        local_authorization_list: Items<AuthorizationData>
    }
    SetChargingProfileRequest { evse_id: i32, charging_profile: ChargingProfile; }
    SetDisplayMessageRequest { message: MessageInfo; }
    SetMonitoringBaseRequest { monitoring_base: MonitoringBase; }
    SetMonitoringLevelRequest { severity: i32; }
    SetNetworkProfileRequest { configuration_slot: i32, connection_data: NetworkConnectionProfile; }
    SetVariableMonitoringRequest { set_monitoring_data: Items<SetMonitoringData>; }
    SetVariablesRequest { set_variable_data: Items<SetVariableData>; }
    SignCertificateResponse { status: GenericStatus; status_info: StatusInfo }
    StatusNotificationResponse {;}
    TransactionEventResponse {
        ;
        total_cost: f64,
        charging_priority: i32,
        id_token_info: IdTokenInfo,
        updated_personal_message: MessageContent
    }
    TriggerMessageRequest { requested_message: MessageTrigger; evse: Evse }
    UnlockConnectorRequest { evse_id: i32, connector_id: i32; }
    UpdateFirmwareRequest { request_id: i32, firmware: FirmwareInfo; retries: i32, retry_interval: i32 }
}
