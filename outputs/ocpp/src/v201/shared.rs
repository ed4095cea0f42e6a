//! What goes both ways (part 2, sections 1 and 2.2).

use super::macros::shared;
use super::*;

shared! {
    Apn {
        apn: Text<512>,
        apn_authentication: ApnAuthentication;
        apn_user_name: Text<20>,
        apn_password: Text<20>,
        sim_pin: i32,
        preferred_network: Text<6>,
        use_only_preferred_network: bool
    }
    AdditionalInfo { additional_id_token: Text<36>, r#type: Text<50>; }
    CertificateHashData {
        hash_algorithm: HashAlgorithm,
        issuer_name_hash: Text<128>,
        issuer_key_hash: Text<128>,
        serial_number: Text<40>;
    }
    ChargingProfile {
        id: i32,
        stack_level: i32,
        charging_profile_purpose: ChargingProfilePurpose,
        charging_profile_kind: ChargingProfileKind,
        charging_schedule: Items<ChargingSchedule, 3>;
        recurrency_kind: RecurrencyKind,
        valid_from: DateTime,
        valid_to: DateTime,
        transaction_id: Text<36>
    }
    ChargingSchedulePeriod { start_period: i32, limit: f64; number_phases: i32, phase_to_use: i32 }
    ChargingSchedule {
        id: i32,
        charging_rate_unit: ChargingRateUnit,
        charging_schedule_period: Items<ChargingSchedulePeriod, 1024>;
        start_schedule: DateTime,
        duration: i32,
        min_charging_rate: f64,
        sales_tariff: SalesTariff
    }
    Component { name: Text<50>; evse: Evse, instance: Text<50> }
    ConsumptionCost { start_value: f64, cost: Items<TariffCost, 3>; }
    TariffCost { cost_kind: CostKind, amount: i32; amount_multiplier: i32 }
    Evse { id: i32; connector_id: i32 }
    IdToken { id_token: Text<36>, r#type: IdTokenKind; additional_info: Items<AdditionalInfo> }
    MessageContent { format: MessageFormat, content: Text<512>; language: Text<8> }
    MessageInfo {
        id: i32,
        priority: MessagePriority,
        message: MessageContent;
        display: Component,
        state: MessageState,
        start_date_time: DateTime,
        end_date_time: DateTime,
        transaction_id: Text<36>
    }
    NetworkConnectionProfile {
        ocpp_version: OcppVersion,
        ocpp_transport: OcppTransport,
        ocpp_csms_url: Text<512>,
        message_timeout: i32,
        security_profile: i32,
        ocpp_interface: OcppInterface;
        apn: Apn,
        vpn: Vpn
    }
    RelativeTimeInterval { start: i32; duration: i32 }
    SalesTariffEntry {
        relative_time_interval: RelativeTimeInterval;
        e_price_level: i32,
        consumption_cost: Items<ConsumptionCost, 3>
    }
    SalesTariff {
        id: i32,
        sales_tariff_entry: Items<SalesTariffEntry, 1024>;
        sales_tariff_description: Text<32>,
        num_e_price_levels: i32
    }
    StatusInfo { reason_code: Text<20>; additional_info: Text<512> }
    Vpn { server: Text<512>, user: Text<20>, password: Text<20>, key: Text<255>, r#type: VpnKind; group: Text<20> }
    Variable { name: Text<50>; instance: Text<50> }
    DataTransferRequest { vendor_id: Text<255>; message_id: Text<50>, data: serde_json::Value }
    DataTransferResponse { status: DataTransferStatus; status_info: StatusInfo, data: serde_json::Value }
}
