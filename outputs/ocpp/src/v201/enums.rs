//! Enumerations (part 2, section 2.3).

use super::macros::enums;

enums! {
    ApnAuthentication { Chap = "CHAP", None = "NONE", Pap = "PAP", Auto = "AUTO" }
    AttributeType { Actual = "Actual", Target = "Target", MinSet = "MinSet", MaxSet = "MaxSet" }
    AuthorizationStatus {
        Accepted = "Accepted", Blocked = "Blocked", ConcurrentTx = "ConcurrentTx", Expired = "Expired",
        Invalid = "Invalid", NoCredit = "NoCredit", NotAllowedTypeEvse = "NotAllowedTypeEVSE",
        NotAtThisLocation = "NotAtThisLocation", NotAtThisTime = "NotAtThisTime", Unknown = "Unknown"
    }
    AuthorizeCertificateStatus {
        Accepted = "Accepted", SignatureError = "SignatureError", CertificateExpired = "CertificateExpired",
        CertificateRevoked = "CertificateRevoked", NoCertificateAvailable = "NoCertificateAvailable",
        CertChainError = "CertChainError", ContractCancelled = "ContractCancelled"
    }
    BootReason {
        ApplicationReset = "ApplicationReset", FirmwareUpdate = "FirmwareUpdate", LocalReset = "LocalReset",
        PowerUp = "PowerUp", RemoteReset = "RemoteReset", ScheduledReset = "ScheduledReset", Triggered = "Triggered",
        Unknown = "Unknown", Watchdog = "Watchdog"
    }
    CancelReservationStatus { Accepted = "Accepted", Rejected = "Rejected" }
    CertificateSignedStatus { Accepted = "Accepted", Rejected = "Rejected" }
    CertificateSigningUse {
        ChargingStationCertificate = "ChargingStationCertificate", V2GCertificate = "V2GCertificate"
    }
    ChangeAvailabilityStatus { Accepted = "Accepted", Rejected = "Rejected", Scheduled = "Scheduled" }
    ChargingLimitSource { Ems = "EMS", Other = "Other", So = "SO", Cso = "CSO" }
    ChargingProfileKind { Absolute = "Absolute", Recurring = "Recurring", Relative = "Relative" }
    ChargingProfilePurpose {
        ChargingStationExternalConstraints = "ChargingStationExternalConstraints",
        ChargingStationMaxProfile = "ChargingStationMaxProfile", TxDefaultProfile = "TxDefaultProfile",
        TxProfile = "TxProfile"
    }
    ChargingProfileStatus { Accepted = "Accepted", Rejected = "Rejected" }
    ChargingRateUnit { W = "W", A = "A" }
    ChargingState {
        Charging = "Charging", EvConnected = "EVConnected", SuspendedEv = "SuspendedEV",
        SuspendedEvse = "SuspendedEVSE", Idle = "Idle"
    }
    ClearCacheStatus { Accepted = "Accepted", Rejected = "Rejected" }
    ClearChargingProfileStatus { Accepted = "Accepted", Unknown = "Unknown" }
    ClearMessageStatus { Accepted = "Accepted", Unknown = "Unknown" }
    ClearMonitoringStatus { Accepted = "Accepted", Rejected = "Rejected", NotFound = "NotFound" }
    ComponentCriterion { Active = "Active", Available = "Available", Enabled = "Enabled", Problem = "Problem" }
    ConnectorType {
        CCCS1 = "cCCS1", CCCS2 = "cCCS2", CG105 = "cG105", CTesla = "cTesla", CType1 = "cType1", CType2 = "cType2",
        S3091P16A = "s309-1P-16A", S3091P32A = "s309-1P-32A", S3093P16A = "s309-3P-16A", S3093P32A = "s309-3P-32A",
        SBS1361 = "sBS1361", SCEE77 = "sCEE-7-7", SType2 = "sType2", SType3 = "sType3",
        Other1PhMax16A = "Other1PhMax16A", Other1PhOver16A = "Other1PhOver16A", Other3Ph = "Other3Ph", Pan = "Pan",
        WInductive = "wInductive", WResonant = "wResonant", Undetermined = "Undetermined", Unknown = "Unknown"
    }
    ConnectorStatus {
        Available = "Available", Occupied = "Occupied", Reserved = "Reserved", Unavailable = "Unavailable",
        Faulted = "Faulted"
    }
    CostKind {
        CarbonDioxideEmission = "CarbonDioxideEmission", RelativePricePercentage = "RelativePricePercentage",
        RenewableGenerationPercentage = "RenewableGenerationPercentage"
    }
    CustomerInformationStatus { Accepted = "Accepted", Rejected = "Rejected", Invalid = "Invalid" }
    DataType {
        String = "string", Decimal = "decimal", Integer = "integer", DateTime = "dateTime", Boolean = "boolean",
        OptionList = "OptionList", SequenceList = "SequenceList", MemberList = "MemberList"
    }
    DataTransferStatus {
        Accepted = "Accepted", Rejected = "Rejected", UnknownMessageId = "UnknownMessageId",
        UnknownVendorId = "UnknownVendorId"
    }
    DeleteCertificateStatus { Accepted = "Accepted", Failed = "Failed", NotFound = "NotFound" }
    DisplayMessageStatus {
        Accepted = "Accepted", NotSupportedMessageFormat = "NotSupportedMessageFormat", Rejected = "Rejected",
        NotSupportedPriority = "NotSupportedPriority", NotSupportedState = "NotSupportedState",
        UnknownTransaction = "UnknownTransaction"
    }
    EnergyTransferMode {
        Dc = "DC", AcSinglePhase = "AC_single_phase", AcTwoPhase = "AC_two_phase", AcThreePhase = "AC_three_phase"
    }
    EventNotification {
        HardWiredNotification = "HardWiredNotification", HardWiredMonitor = "HardWiredMonitor",
        PreconfiguredMonitor = "PreconfiguredMonitor", CustomMonitor = "CustomMonitor"
    }
    EventTrigger { Alerting = "Alerting", Delta = "Delta", Periodic = "Periodic" }
    FirmwareStatus {
        Downloaded = "Downloaded", DownloadFailed = "DownloadFailed", Downloading = "Downloading",
        DownloadScheduled = "DownloadScheduled", DownloadPaused = "DownloadPaused", Idle = "Idle",
        InstallationFailed = "InstallationFailed", Installing = "Installing", Installed = "Installed",
        InstallRebooting = "InstallRebooting", InstallScheduled = "InstallScheduled",
        InstallVerificationFailed = "InstallVerificationFailed", InvalidSignature = "InvalidSignature",
        SignatureVerified = "SignatureVerified"
    }
    GenericDeviceModelStatus {
        Accepted = "Accepted", Rejected = "Rejected", NotSupported = "NotSupported", EmptyResultSet = "EmptyResultSet"
    }
    GenericStatus { Accepted = "Accepted", Rejected = "Rejected" }
    GetCertificateIdUse {
        V2GRootCertificate = "V2GRootCertificate", MORootCertificate = "MORootCertificate",
        CSMSRootCertificate = "CSMSRootCertificate", V2GCertificateChain = "V2GCertificateChain",
        ManufacturerRootCertificate = "ManufacturerRootCertificate"
    }
    GetChargingProfileStatus { Accepted = "Accepted", NoProfiles = "NoProfiles" }
    GetDisplayMessagesStatus { Accepted = "Accepted", Unknown = "Unknown" }
    GetInstalledCertificateStatus { Accepted = "Accepted", NotFound = "NotFound" }
    GetVariableStatus {
        Accepted = "Accepted", Rejected = "Rejected", UnknownComponent = "UnknownComponent",
        UnknownVariable = "UnknownVariable", NotSupportedAttributeType = "NotSupportedAttributeType"
    }
    HashAlgorithm { Sha256 = "SHA256", Sha384 = "SHA384", Sha512 = "SHA512" }
    IdTokenKind {
        Central = "Central", EMAID = "eMAID", ISO14443 = "ISO14443", ISO15693 = "ISO15693", KeyCode = "KeyCode",
        Local = "Local", MacAddress = "MacAddress", NoAuthorization = "NoAuthorization"
    }
    InstallCertificateStatus { Accepted = "Accepted", Rejected = "Rejected", Failed = "Failed" }
    InstallCertificateUse {
        V2GRootCertificate = "V2GRootCertificate", MORootCertificate = "MORootCertificate",
        CSMSRootCertificate = "CSMSRootCertificate", ManufacturerRootCertificate = "ManufacturerRootCertificate"
    }
    Location { Body = "Body", Cable = "Cable", Ev = "EV", Inlet = "Inlet", Outlet = "Outlet" }
    LogKind { DiagnosticsLog = "DiagnosticsLog", SecurityLog = "SecurityLog" }
    LogStatus { Accepted = "Accepted", Rejected = "Rejected", AcceptedCanceled = "AcceptedCanceled" }
    Measurand {
        CurrentExport = "Current.Export", CurrentImport = "Current.Import", CurrentOffered = "Current.Offered",
        EnergyActiveExportRegister = "Energy.Active.Export.Register",
        EnergyActiveImportRegister = "Energy.Active.Import.Register",
        EnergyReactiveExportRegister = "Energy.Reactive.Export.Register",
        EnergyReactiveImportRegister = "Energy.Reactive.Import.Register",
        EnergyActiveExportInterval = "Energy.Active.Export.Interval",
        EnergyActiveImportInterval = "Energy.Active.Import.Interval", EnergyActiveNet = "Energy.Active.Net",
        EnergyReactiveExportInterval = "Energy.Reactive.Export.Interval",
        EnergyReactiveImportInterval = "Energy.Reactive.Import.Interval", EnergyReactiveNet = "Energy.Reactive.Net",
        EnergyApparentNet = "Energy.Apparent.Net", EnergyApparentImport = "Energy.Apparent.Import",
        EnergyApparentExport = "Energy.Apparent.Export", Frequency = "Frequency",
        PowerActiveExport = "Power.Active.Export", PowerActiveImport = "Power.Active.Import",
        PowerFactor = "Power.Factor", PowerOffered = "Power.Offered", PowerReactiveExport = "Power.Reactive.Export",
        PowerReactiveImport = "Power.Reactive.Import", SoC = "SoC", Voltage = "Voltage"
    }
    MessageFormat { Ascii = "ASCII", Html = "HTML", Uri = "URI", Utf8 = "UTF8" }
    MessagePriority { AlwaysFront = "AlwaysFront", InFront = "InFront", NormalCycle = "NormalCycle" }
    MessageState { Charging = "Charging", Faulted = "Faulted", Idle = "Idle", Unavailable = "Unavailable" }
    MessageTrigger {
        BootNotification = "BootNotification", LogStatusNotification = "LogStatusNotification",
        FirmwareStatusNotification = "FirmwareStatusNotification", Heartbeat = "Heartbeat",
        MeterValues = "MeterValues", SignChargingStationCertificate = "SignChargingStationCertificate",
        SignV2GCertificate = "SignV2GCertificate", StatusNotification = "StatusNotification",
        TransactionEvent = "TransactionEvent", SignCombinedCertificate = "SignCombinedCertificate",
        PublishFirmwareStatusNotification = "PublishFirmwareStatusNotification"
    }
    MonitorType {
        UpperThreshold = "UpperThreshold", LowerThreshold = "LowerThreshold", Delta = "Delta", Periodic = "Periodic",
        PeriodicClockAligned = "PeriodicClockAligned"
    }
    MonitoringBase { All = "All", FactoryDefault = "FactoryDefault", HardWiredOnly = "HardWiredOnly" }
    MonitoringCriterion {
        ThresholdMonitoring = "ThresholdMonitoring", DeltaMonitoring = "DeltaMonitoring",
        PeriodicMonitoring = "PeriodicMonitoring"
    }
    Mutability { ReadOnly = "ReadOnly", WriteOnly = "WriteOnly", ReadWrite = "ReadWrite" }
    NotifyEVChargingNeedsStatus { Accepted = "Accepted", Rejected = "Rejected", Processing = "Processing" }
    OcppInterface {
        Wired0 = "Wired0", Wired1 = "Wired1", Wired2 = "Wired2", Wired3 = "Wired3", Wireless0 = "Wireless0",
        Wireless1 = "Wireless1", Wireless2 = "Wireless2", Wireless3 = "Wireless3"
    }
    OcppTransport { Json = "JSON", Soap = "SOAP" }
    OcppVersion { OCPP12 = "OCPP12", OCPP15 = "OCPP15", OCPP16 = "OCPP16", OCPP20 = "OCPP20" }
    OperationalStatus { Inoperative = "Inoperative", Operative = "Operative" }
    Phase {
        L1 = "L1", L2 = "L2", L3 = "L3", N = "N", L1N = "L1-N", L2N = "L2-N", L3N = "L3-N", L1L2 = "L1-L2",
        L2L3 = "L2-L3", L3L1 = "L3-L1"
    }
    ReadingContext {
        InterruptionBegin = "Interruption.Begin", InterruptionEnd = "Interruption.End", Other = "Other",
        SampleClock = "Sample.Clock", SamplePeriodic = "Sample.Periodic", TransactionBegin = "Transaction.Begin",
        TransactionEnd = "Transaction.End", Trigger = "Trigger"
    }
    StoppedReason {
        DeAuthorized = "DeAuthorized", EmergencyStop = "EmergencyStop", EnergyLimitReached = "EnergyLimitReached",
        EvDisconnected = "EVDisconnected", GroundFault = "GroundFault", ImmediateReset = "ImmediateReset",
        Local = "Local", LocalOutOfCredit = "LocalOutOfCredit", MasterPass = "MasterPass", Other = "Other",
        OvercurrentFault = "OvercurrentFault", PowerLoss = "PowerLoss", PowerQuality = "PowerQuality",
        Reboot = "Reboot", Remote = "Remote", SOCLimitReached = "SOCLimitReached", StoppedByEv = "StoppedByEV",
        TimeLimitReached = "TimeLimitReached", Timeout = "Timeout"
    }
    RecurrencyKind { Daily = "Daily", Weekly = "Weekly" }
    RegistrationStatus { Accepted = "Accepted", Pending = "Pending", Rejected = "Rejected" }
    ReportBase {
        ConfigurationInventory = "ConfigurationInventory", FullInventory = "FullInventory",
        SummaryInventory = "SummaryInventory"
    }
    RequestStartStopStatus { Accepted = "Accepted", Rejected = "Rejected" }
    ReservationUpdateStatus { Expired = "Expired", Removed = "Removed" }
    ReserveNowStatus {
        Accepted = "Accepted", Faulted = "Faulted", Occupied = "Occupied", Rejected = "Rejected",
        Unavailable = "Unavailable"
    }
    ResetKind { Immediate = "Immediate", OnIdle = "OnIdle" }
    ResetStatus { Accepted = "Accepted", Rejected = "Rejected", Scheduled = "Scheduled" }
    SendLocalListStatus { Accepted = "Accepted", Failed = "Failed", VersionMismatch = "VersionMismatch" }
    SetMonitoringStatus {
        Accepted = "Accepted", UnknownComponent = "UnknownComponent", UnknownVariable = "UnknownVariable",
        UnsupportedMonitorType = "UnsupportedMonitorType", Rejected = "Rejected", Duplicate = "Duplicate"
    }
    SetNetworkProfileStatus { Accepted = "Accepted", Rejected = "Rejected", Failed = "Failed" }
    SetVariableStatus {
        Accepted = "Accepted", Rejected = "Rejected", UnknownComponent = "UnknownComponent",
        UnknownVariable = "UnknownVariable", NotSupportedAttributeType = "NotSupportedAttributeType",
        RebootRequired = "RebootRequired"
    }
    TransactionEventKind { Ended = "Ended", Started = "Started", Updated = "Updated" }
    TriggerMessageStatus { Accepted = "Accepted", Rejected = "Rejected", NotImplemented = "NotImplemented" }
    TriggerReason {
        Authorized = "Authorized", CablePluggedIn = "CablePluggedIn", ChargingRateChanged = "ChargingRateChanged",
        ChargingStateChanged = "ChargingStateChanged", Deauthorized = "Deauthorized",
        EnergyLimitReached = "EnergyLimitReached", EvCommunicationLost = "EVCommunicationLost",
        EvConnectTimeout = "EVConnectTimeout", MeterValueClock = "MeterValueClock",
        MeterValuePeriodic = "MeterValuePeriodic", TimeLimitReached = "TimeLimitReached", Trigger = "Trigger",
        UnlockCommand = "UnlockCommand", StopAuthorized = "StopAuthorized", EvDeparted = "EVDeparted",
        EvDetected = "EVDetected", RemoteStop = "RemoteStop", RemoteStart = "RemoteStart",
        AbnormalCondition = "AbnormalCondition", SignedDataReceived = "SignedDataReceived",
        ResetCommand = "ResetCommand"
    }
    UnlockStatus {
        Unlocked = "Unlocked", UnlockFailed = "UnlockFailed",
        OngoingAuthorizedTransaction = "OngoingAuthorizedTransaction", UnknownConnector = "UnknownConnector"
    }
    UpdateKind { Differential = "Differential", Full = "Full" }
    UpdateFirmwareStatus {
        Accepted = "Accepted", Rejected = "Rejected", AcceptedCanceled = "AcceptedCanceled",
        InvalidCertificate = "InvalidCertificate", RevokedCertificate = "RevokedCertificate"
    }
    UploadLogStatus {
        BadMessage = "BadMessage", Idle = "Idle", NotSupportedOperation = "NotSupportedOperation",
        PermissionDenied = "PermissionDenied", Uploaded = "Uploaded", UploadFailure = "UploadFailure",
        Uploading = "Uploading", AcceptedCanceled = "AcceptedCanceled"
    }
    VpnKind { IKEv2 = "IKEv2", IPSec = "IPSec", L2TP = "L2TP", Pptp = "PPTP" }
}
