//! The device model's variables as a table: those of the station, of each EVSE and of each connector (part 2, appendix 3).

use crate::v201::{DataType, Mutability};
use serde::{Deserialize, Serialize};

/// A variable as the table has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    pub(super) component: &'static str,
    pub(super) variable: &'static str,
    pub(super) instance: Option<&'static str>,
    pub(super) kind: DataType,
    pub(super) mutability: Mutability,
    /// What it is unless it is set.
    pub(super) default: &'static str,
    pub(super) unit: Option<&'static str>,
    pub(super) range: Option<(f64, f64)>,
    /// Values of lists.
    pub(super) values: Option<&'static str>,
    /// A new value holds after a reboot.
    pub(super) reboot: bool,
}

const fn spec(component: &'static str, variable: &'static str, kind: DataType, default: &'static str) -> Spec {
    let (instance, unit, range, values) = (None, None, None, None);
    let mutability = Mutability::ReadOnly;
    Spec { component, variable, instance, kind, mutability, default, unit, range, values, reboot: false }
}

const fn integer(component: &'static str, variable: &'static str, default: &'static str) -> Spec {
    spec(component, variable, DataType::Integer, default)
}

const fn boolean(component: &'static str, variable: &'static str, default: &'static str) -> Spec {
    spec(component, variable, DataType::Boolean, default)
}

const fn text(component: &'static str, variable: &'static str, default: &'static str) -> Spec {
    spec(component, variable, DataType::String, default)
}

const fn list(component: &'static str, variable: &'static str, values: &'static str, default: &'static str) -> Spec {
    Spec { values: Some(values), ..spec(component, variable, DataType::MemberList, default) }
}

impl Spec {
    const fn of(self, instance: &'static str) -> Self {
        Self { instance: Some(instance), ..self }
    }
    const fn rw(self) -> Self {
        Self { mutability: Mutability::ReadWrite, ..self }
    }
    const fn seconds(self, least: f64) -> Self {
        Self { unit: Some("s"), range: Some((least, 604_800.0)), mutability: Mutability::ReadWrite, ..self }
    }
    const fn within(self, least: f64, most: f64) -> Self {
        Self { range: Some((least, most)), ..self }
    }
    const fn after_reboot(self) -> Self {
        Self { reboot: true, ..self }
    }
    const fn kind(self, kind: DataType) -> Self {
        Self { kind, ..self }
    }
}

const MEASURANDS: &str = "Current.Import,Current.Export,Current.Offered,Energy.Active.Import.Register,\
Energy.Active.Export.Register,Energy.Active.Net,Frequency,Power.Active.Import,Power.Active.Export,Power.Offered,SoC,Voltage";
const REGISTER: &str = "Energy.Active.Import.Register";
const UPDATED: &str = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC";
const POINTS: &str = "ParkingBayOccupancy,EVConnected,Authorized,PowerPathClosed,EnergyTransfer";
const SLOTS: &str = "1,2,3,4";

macro_rules! variables {
    ($($name:ident: $spec:expr;)*) => {
        /// A variable of the station.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub(super) enum Var { $($name),* }

        impl Var {
            pub(super) const ALL: &[Self] = &[$(Self::$name),*];
            const SPECS: &[Spec] = &[$($spec),*];
        }
    };
}

impl Var {
    /// Its line of the table.
    pub(super) fn spec(self) -> &'static Spec {
        &Self::SPECS[self as usize]
    }
}

variables! {
    AlignedEnabled: boolean("AlignedDataCtrlr", "Enabled", "true").rw();
    AlignedInterval: integer("AlignedDataCtrlr", "Interval", "900").seconds(0.0);
    AlignedMeasurands: list("AlignedDataCtrlr", "Measurands", MEASURANDS, REGISTER).rw();
    AlignedTxEndedInterval: integer("AlignedDataCtrlr", "TxEndedInterval", "0").seconds(0.0);
    AlignedTxEndedMeasurands: list("AlignedDataCtrlr", "TxEndedMeasurands", MEASURANDS, "").rw();
    AuthEnabled: boolean("AuthCtrlr", "Enabled", "true").rw();
    AuthorizeRemoteStart: boolean("AuthCtrlr", "AuthorizeRemoteStart", "true").rw();
    LocalAuthorizeOffline: boolean("AuthCtrlr", "LocalAuthorizeOffline", "true").rw();
    LocalPreAuthorize: boolean("AuthCtrlr", "LocalPreAuthorize", "false").rw();
    MasterPassGroupId: text("AuthCtrlr", "MasterPassGroupId", "").rw().within(0.0, 36.0);
    OfflineTxForUnknownId: boolean("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "false").rw();
    CacheEnabled: boolean("AuthCacheCtrlr", "Enabled", "true").rw();
    CacheLifeTime: integer("AuthCacheCtrlr", "LifeTime", "604800").seconds(1.0);
    StationAvailability: spec("ChargingStation", "AvailabilityState", DataType::OptionList, "");
    StationAvailable: boolean("ChargingStation", "Available", "true");
    StationModel: text("ChargingStation", "Model", "");
    StationVendor: text("ChargingStation", "VendorName", "");
    StationPhases: integer("ChargingStation", "SupplyPhases", "3");
    DateTime: spec("ClockCtrlr", "DateTime", DataType::DateTime, "");
    TimeSource: spec("ClockCtrlr", "TimeSource", DataType::SequenceList, "RealTimeClock");
    DisplayMessages: integer("DisplayMessageCtrlr", "DisplayMessages", "0").within(0.0, 100.0);
    SupportedFormats: list("DisplayMessageCtrlr", "SupportedFormats", "ASCII,UTF8", "ASCII,UTF8");
    SupportedPriorities: list("DisplayMessageCtrlr", "SupportedPriorities", "AlwaysFront,InFront,NormalCycle", "AlwaysFront,InFront,NormalCycle");
    BytesGetReport: integer("DeviceDataCtrlr", "BytesPerMessage", "65536").of("GetReport");
    BytesGetVariables: integer("DeviceDataCtrlr", "BytesPerMessage", "65536").of("GetVariables");
    BytesSetVariables: integer("DeviceDataCtrlr", "BytesPerMessage", "65536").of("SetVariables");
    ItemsGetReport: integer("DeviceDataCtrlr", "ItemsPerMessage", "50").of("GetReport");
    ItemsGetVariables: integer("DeviceDataCtrlr", "ItemsPerMessage", "50").of("GetVariables");
    ItemsSetVariables: integer("DeviceDataCtrlr", "ItemsPerMessage", "50").of("SetVariables");
    BytesLocalList: integer("LocalAuthListCtrlr", "BytesPerMessage", "262144");
    LocalListEnabled: boolean("LocalAuthListCtrlr", "Enabled", "true").rw();
    LocalListEntries: integer("LocalAuthListCtrlr", "Entries", "0").within(0.0, 1000.0);
    ItemsLocalList: integer("LocalAuthListCtrlr", "ItemsPerMessage", "500");
    BytesSetMonitoring: integer("MonitoringCtrlr", "BytesPerMessage", "65536").of("SetVariableMonitoring");
    MonitoringEnabled: boolean("MonitoringCtrlr", "Enabled", "true");
    ItemsSetMonitoring: integer("MonitoringCtrlr", "ItemsPerMessage", "50").of("SetVariableMonitoring");
    ActiveNetworkProfile: integer("OCPPCommCtrlr", "ActiveNetworkProfile", "0");
    FileTransferProtocols: list("OCPPCommCtrlr", "FileTransferProtocols", "HTTP,HTTPS", "HTTP,HTTPS");
    HeartbeatInterval: integer("OCPPCommCtrlr", "HeartbeatInterval", "1800").seconds(1.0);
    MessageAttemptInterval: integer("OCPPCommCtrlr", "MessageAttemptInterval", "10").of("TransactionEvent").seconds(0.0);
    MessageAttempts: integer("OCPPCommCtrlr", "MessageAttempts", "5").of("TransactionEvent").rw().within(1.0, 100.0);
    MessageTimeout: integer("OCPPCommCtrlr", "MessageTimeout", "60").of("Default").seconds(1.0);
    NetworkConfigurationPriority: Spec { values: Some(SLOTS), ..spec("OCPPCommCtrlr", "NetworkConfigurationPriority", DataType::SequenceList, "") }.rw().after_reboot();
    NetworkProfileConnectionAttempts: integer("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", "3").rw().within(1.0, 100.0);
    OfflineThreshold: integer("OCPPCommCtrlr", "OfflineThreshold", "60").seconds(0.0);
    ResetRetries: integer("OCPPCommCtrlr", "ResetRetries", "3").rw().within(0.0, 10.0);
    RetryBackOffRandomRange: integer("OCPPCommCtrlr", "RetryBackOffRandomRange", "2").seconds(0.0);
    RetryBackOffRepeatTimes: integer("OCPPCommCtrlr", "RetryBackOffRepeatTimes", "5").rw().within(0.0, 20.0);
    RetryBackOffWaitMinimum: integer("OCPPCommCtrlr", "RetryBackOffWaitMinimum", "1").seconds(0.0);
    UnlockOnEvSideDisconnect: boolean("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "true").rw();
    WebSocketPingInterval: integer("OCPPCommCtrlr", "WebSocketPingInterval", "30").seconds(0.0);
    ReservationEnabled: boolean("ReservationCtrlr", "Enabled", "true");
    NonEvseSpecific: boolean("ReservationCtrlr", "NonEvseSpecific", "false");
    SampledEnabled: boolean("SampledDataCtrlr", "Enabled", "true").rw();
    SampledTxEndedInterval: integer("SampledDataCtrlr", "TxEndedInterval", "0").seconds(0.0);
    SampledTxEndedMeasurands: list("SampledDataCtrlr", "TxEndedMeasurands", MEASURANDS, REGISTER).rw();
    SampledTxStartedMeasurands: list("SampledDataCtrlr", "TxStartedMeasurands", MEASURANDS, REGISTER).rw();
    SampledTxUpdatedInterval: integer("SampledDataCtrlr", "TxUpdatedInterval", "120").seconds(0.0);
    SampledTxUpdatedMeasurands: list("SampledDataCtrlr", "TxUpdatedMeasurands", MEASURANDS, UPDATED).rw();
    BasicAuthPassword: Spec { mutability: Mutability::WriteOnly, ..text("SecurityCtrlr", "BasicAuthPassword", "") }.within(16.0, 64.0);
    CertificateEntries: integer("SecurityCtrlr", "CertificateEntries", "0");
    SecurityIdentity: text("SecurityCtrlr", "Identity", "");
    OrganizationName: text("SecurityCtrlr", "OrganizationName", "Cariflex").rw();
    SecurityProfile: integer("SecurityCtrlr", "SecurityProfile", "0");
    ProfileEntries: integer("SmartChargingCtrlr", "Entries", "100").of("ChargingProfiles");
    LimitChangeSignificance: spec("SmartChargingCtrlr", "LimitChangeSignificance", DataType::Decimal, "1").rw().within(0.0, 100.0);
    PeriodsPerSchedule: integer("SmartChargingCtrlr", "PeriodsPerSchedule", "1024");
    ProfileStackLevel: integer("SmartChargingCtrlr", "ProfileStackLevel", "20");
    SmartChargingEnabled: boolean("SmartChargingCtrlr", "Enabled", "true");
    RateUnit: list("SmartChargingCtrlr", "RateUnit", "A,W", "A,W");
    Currency: text("TariffCostCtrlr", "Currency", "EUR").rw().within(0.0, 3.0);
    TariffFallbackMessage: text("TariffCostCtrlr", "TariffFallbackMessage", "").rw().within(0.0, 255.0);
    TotalCostFallbackMessage: text("TariffCostCtrlr", "TotalCostFallbackMessage", "").rw().within(0.0, 255.0);
    EvConnectionTimeOut: integer("TxCtrlr", "EVConnectionTimeOut", "120").seconds(1.0);
    StopTxOnEvSideDisconnect: boolean("TxCtrlr", "StopTxOnEVSideDisconnect", "true").rw();
    StopTxOnInvalidId: boolean("TxCtrlr", "StopTxOnInvalidId", "true").rw();
    TxStartPoint: list("TxCtrlr", "TxStartPoint", POINTS, "PowerPathClosed").rw();
    TxStopPoint: list("TxCtrlr", "TxStopPoint", POINTS, "EVConnected,Authorized").rw();
}

/// Variables of an EVSE; their values are what the EVSE is.
pub(super) const OF_EVSE: &[Spec] = &[
    spec("EVSE", "AvailabilityState", DataType::OptionList, ""),
    boolean("EVSE", "Available", "true"),
    Spec { unit: Some("W"), ..spec("EVSE", "Power", DataType::Decimal, "0") },
    integer("EVSE", "SupplyPhases", "3"),
];

/// Variables of a connector; their values are what the connector is.
pub(super) const OF_CONNECTOR: &[Spec] = &[
    spec("Connector", "AvailabilityState", DataType::OptionList, ""),
    boolean("Connector", "Available", "true"),
    text("Connector", "ConnectorType", "").kind(DataType::String),
    integer("Connector", "SupplyPhases", "3"),
];

/// Values of an `AvailabilityState`.
pub(super) const AVAILABILITY: &str = "Available,Occupied,Reserved,Unavailable,Faulted";
