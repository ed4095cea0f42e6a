//! What a station sends: requests, answers, and their parts (part 2, sections 1 and 2.2).

use super::macros::sent;
use super::*;

sent! {
    AcChargingParameters { energy_amount: i32, ev_min_current: i32, ev_max_current: i32, ev_max_voltage: i32; }
    CertificateHashDataChain {
        certificate_hash_data: CertificateHashData,
        certificate_type: GetCertificateIdUse;
        child_certificate_hash_data: Vec<CertificateHashData>
    }
    ChargingLimit { charging_limit_source: ChargingLimitSource; is_grid_critical: bool }
    ChargingNeeds {
        requested_energy_transfer: EnergyTransferMode;
        ac_charging_parameters: AcChargingParameters,
        dc_charging_parameters: DcChargingParameters,
        departure_time: DateTime
    }
    ChargingStationInfo {
        model: String,
        vendor_name: String;
        serial_number: String,
        modem: Modem,
        firmware_version: String
    }
    ClearMonitoringResult { status: ClearMonitoringStatus, id: i32; status_info: StatusInfo }
    CompositeSchedule {
        charging_schedule_period: Vec<ChargingSchedulePeriod>,
        evse_id: i32,
        duration: i32,
        schedule_start: DateTime,
        charging_rate_unit: ChargingRateUnit;
    }
    DcChargingParameters {
        ev_max_current: i32,
        ev_max_voltage: i32;
        energy_amount: i32,
        ev_max_power: i32,
        state_of_charge: i32,
        ev_energy_capacity: i32,
        full_so_c: i32,
        bulk_so_c: i32
    }
    EventData {
        event_id: i32,
        timestamp: DateTime,
        trigger: EventTrigger,
        actual_value: String,
        component: Component,
        event_notification_type: EventNotification,
        variable: Variable;
        cause: i32,
        tech_code: String,
        tech_info: String,
        cleared: bool,
        transaction_id: String,
        variable_monitoring_id: i32
    }
    GetVariableResult {
        attribute_status: GetVariableStatus,
        component: Component,
        variable: Variable;
        attribute_status_info: StatusInfo,
        attribute_type: AttributeType,
        attribute_value: String
    }
    MeterValue { sampled_value: Vec<SampledValue>, timestamp: DateTime; }
    Modem { ; iccid: String, imsi: String }
    MonitoringData { component: Component, variable: Variable, variable_monitoring: Vec<VariableMonitoring>; }
    OcspRequestData {
        hash_algorithm: HashAlgorithm,
        issuer_name_hash: String,
        issuer_key_hash: String,
        serial_number: String,
        #[serde(rename = "responderURL")] responder_url: String;
    }
    ReportData {
        component: Component,
        variable: Variable,
        variable_attribute: Vec<VariableAttribute>;
        variable_characteristics: VariableCharacteristics
    }
    SampledValue {
        value: f64;
        context: ReadingContext,
        measurand: Measurand,
        phase: Phase,
        location: Location,
        signed_meter_value: SignedMeterValue,
        unit_of_measure: UnitOfMeasure
    }
    SetMonitoringResult {
        status: SetMonitoringStatus,
        r#type: MonitorType,
        component: Component,
        variable: Variable,
        severity: i32;
        id: i32,
        status_info: StatusInfo
    }
    SetVariableResult {
        attribute_status: SetVariableStatus,
        component: Component,
        variable: Variable;
        attribute_type: AttributeType,
        attribute_status_info: StatusInfo
    }
    SignedMeterValue {
        signed_meter_data: String,
        signing_method: String,
        encoding_method: String,
        public_key: String;
    }
    TransactionInfo {
        transaction_id: String;
        charging_state: ChargingState,
        time_spent_charging: i32,
        stopped_reason: StoppedReason,
        remote_start_id: i32
    }
    UnitOfMeasure { ; unit: String, multiplier: i32 }
    VariableAttribute {
        ;
        r#type: AttributeType,
        value: String,
        mutability: Mutability,
        persistent: bool,
        constant: bool
    }
    VariableCharacteristics {
        data_type: DataType,
        supports_monitoring: bool;
        unit: String,
        min_limit: f64,
        max_limit: f64,
        values_list: String
    }
    VariableMonitoring { id: i32, transaction: bool, value: f64, r#type: MonitorType, severity: i32; }
    AuthorizeRequest { id_token: IdToken; certificate: String, iso15118_certificate_hash_data: Vec<OcspRequestData> }
    BootNotificationRequest { charging_station: ChargingStationInfo, reason: BootReason; }
    CancelReservationResponse { status: CancelReservationStatus; status_info: StatusInfo }
    CertificateSignedResponse { status: CertificateSignedStatus; status_info: StatusInfo }
    ChangeAvailabilityResponse { status: ChangeAvailabilityStatus; status_info: StatusInfo }
    ClearCacheResponse { status: ClearCacheStatus; status_info: StatusInfo }
    ClearChargingProfileResponse { status: ClearChargingProfileStatus; status_info: StatusInfo }
    ClearDisplayMessageResponse { status: ClearMessageStatus; status_info: StatusInfo }
    ClearVariableMonitoringResponse { clear_monitoring_result: Vec<ClearMonitoringResult>; }
    ClearedChargingLimitRequest { charging_limit_source: ChargingLimitSource; evse_id: i32 }
    CostUpdatedResponse {;}
    CustomerInformationResponse { status: CustomerInformationStatus; status_info: StatusInfo }
    DeleteCertificateResponse { status: DeleteCertificateStatus; status_info: StatusInfo }
    FirmwareStatusNotificationRequest { status: FirmwareStatus; request_id: i32 }
    GetBaseReportResponse { status: GenericDeviceModelStatus; status_info: StatusInfo }
    GetChargingProfilesResponse { status: GetChargingProfileStatus; status_info: StatusInfo }
    GetCompositeScheduleResponse { status: GenericStatus; status_info: StatusInfo, schedule: CompositeSchedule }
    GetDisplayMessagesResponse { status: GetDisplayMessagesStatus; status_info: StatusInfo }
    GetInstalledCertificateIdsResponse {
        status: GetInstalledCertificateStatus;
        status_info: StatusInfo,
        certificate_hash_data_chain: Vec<CertificateHashDataChain>
    }
    GetLocalListVersionResponse { version_number: i32; }
    GetLogResponse { status: LogStatus; status_info: StatusInfo, filename: String }
    GetMonitoringReportResponse { status: GenericDeviceModelStatus; status_info: StatusInfo }
    GetReportResponse { status: GenericDeviceModelStatus; status_info: StatusInfo }
    GetTransactionStatusResponse { messages_in_queue: bool; ongoing_indicator: bool }
    GetVariablesResponse { get_variable_result: Vec<GetVariableResult>; }
    HeartbeatRequest {;}
    InstallCertificateResponse { status: InstallCertificateStatus; status_info: StatusInfo }
    LogStatusNotificationRequest { status: UploadLogStatus; request_id: i32 }
    MeterValuesRequest { evse_id: i32, meter_value: Vec<MeterValue>; }
    NotifyChargingLimitRequest {
        charging_limit: ChargingLimit;
        charging_schedule: Vec<ChargingSchedule>,
        evse_id: i32
    }
    NotifyCustomerInformationRequest { data: String, seq_no: i32, generated_at: DateTime, request_id: i32; tbc: bool }
    NotifyDisplayMessagesRequest { request_id: i32; message_info: Vec<MessageInfo>, tbc: bool }
    NotifyEVChargingNeedsRequest { charging_needs: ChargingNeeds, evse_id: i32; max_schedule_tuples: i32 }
    NotifyEventRequest { generated_at: DateTime, seq_no: i32, event_data: Vec<EventData>; tbc: bool }
    NotifyMonitoringReportRequest {
        request_id: i32,
        seq_no: i32,
        generated_at: DateTime;
        monitor: Vec<MonitoringData>,
        tbc: bool
    }
    NotifyReportRequest {
        request_id: i32,
        generated_at: DateTime,
        seq_no: i32;
        report_data: Vec<ReportData>,
        tbc: bool
    }
    ReportChargingProfilesRequest {
        request_id: i32,
        charging_limit_source: ChargingLimitSource,
        charging_profile: Vec<ChargingProfile>,
        evse_id: i32;
        tbc: bool
    }
    RequestStartTransactionResponse {
        status: RequestStartStopStatus;
        status_info: StatusInfo,
        transaction_id: String
    }
    RequestStopTransactionResponse { status: RequestStartStopStatus; status_info: StatusInfo }
    ReservationStatusUpdateRequest { reservation_id: i32, reservation_update_status: ReservationUpdateStatus; }
    ReserveNowResponse { status: ReserveNowStatus; status_info: StatusInfo }
    ResetResponse { status: ResetStatus; status_info: StatusInfo }
    SecurityEventNotificationRequest { r#type: String, timestamp: DateTime; tech_info: String }
    SendLocalListResponse { status: SendLocalListStatus; status_info: StatusInfo }
    SetChargingProfileResponse { status: ChargingProfileStatus; status_info: StatusInfo }
    SetDisplayMessageResponse { status: DisplayMessageStatus; status_info: StatusInfo }
    SetMonitoringBaseResponse { status: GenericDeviceModelStatus; status_info: StatusInfo }
    SetMonitoringLevelResponse { status: GenericStatus; status_info: StatusInfo }
    SetNetworkProfileResponse { status: SetNetworkProfileStatus; status_info: StatusInfo }
    SetVariableMonitoringResponse { set_monitoring_result: Vec<SetMonitoringResult>; }
    SetVariablesResponse { set_variable_result: Vec<SetVariableResult>; }
    SignCertificateRequest { csr: String; certificate_type: CertificateSigningUse }
    StatusNotificationRequest {
        timestamp: DateTime,
        connector_status: ConnectorStatus,
        evse_id: i32,
        connector_id: i32;
    }
    TransactionEventRequest {
        event_type: TransactionEventKind,
        timestamp: DateTime,
        trigger_reason: TriggerReason,
        seq_no: i32,
        transaction_info: TransactionInfo;
        meter_value: Vec<MeterValue>,
        offline: bool,
        number_of_phases_used: i32,
        cable_max_current: i32,
        reservation_id: i32,
        evse: Evse,
        id_token: IdToken
    }
    TriggerMessageResponse { status: TriggerMessageStatus; status_info: StatusInfo }
    UnlockConnectorResponse { status: UnlockStatus; status_info: StatusInfo }
    UpdateFirmwareResponse { status: UpdateFirmwareStatus; status_info: StatusInfo }
}
