//! What passes between a station's session and its body: inputs, acts, and what is told.

use crate::charging::Limit;
use crate::v201::{
    BootReason, ChargingLimitSource, ChargingNeeds, ChargingSchedule, FirmwareInfo, FirmwareStatus, IdToken, LogKind,
    LogParameters, MessageInfo, UploadLogStatus,
};
use serde::{Deserialize, Serialize};

/// What happens to a station. EVSEs and connectors are counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Time has passed.
    Wake,
    /// The WebSocket is open, its sub-protocol `ocpp2.0.1`.
    Connected,
    /// The WebSocket is gone.
    Disconnected,
    /// A text frame came.
    Frame(String),
    /// The station started anew; open transactions end. Not needed after [`Station::new`](super::Station::new).
    Booted(BootReason),
    /// A vehicle stands in the bay, or left it.
    Bay {
        /// The EVSE.
        evse_id: i32,
        /// Whether one is there.
        occupied: bool,
    },
    /// A cable connects a vehicle.
    Plug {
        /// The EVSE.
        evse_id: i32,
        /// Its connector.
        connector_id: i32,
    },
    /// The vehicle is no longer connected.
    Unplug {
        /// The EVSE.
        evse_id: i32,
    },
    /// Somebody shows a token at a reader: starts what is not yet started, stops what is theirs.
    Present {
        /// The EVSE.
        evse_id: i32,
        /// The token.
        token: IdToken,
    },
    /// What the meter of an EVSE shows.
    Meter {
        /// The EVSE.
        evse_id: i32,
        /// The values.
        reading: Reading,
    },
    /// Whether the vehicle draws power.
    Drawing {
        /// The EVSE.
        evse_id: i32,
        /// Whether it does.
        drawing: bool,
    },
    /// Something is wrong with a connector, or no longer.
    Fault {
        /// The EVSE.
        evse_id: i32,
        /// Its connector.
        connector_id: i32,
        /// Whether it is.
        faulted: bool,
    },
    /// The emergency stop: everything ends.
    EmergencyStop,
    /// An energy management system or a grid operator limits the station (EVSE 0) or an EVSE; none: no longer.
    ExternalLimit {
        /// The EVSE, or 0.
        evse_id: i32,
        /// Who.
        source: ChargingLimitSource,
        /// What holds; its start is absolute.
        schedule: Option<ChargingSchedule>,
    },
    /// What a vehicle says it needs (ISO 15118).
    Needs {
        /// The EVSE.
        evse_id: i32,
        /// What it needs.
        needs: ChargingNeeds,
    },
    /// How a download and installation that was asked for goes.
    FirmwareStatus(FirmwareStatus),
    /// How an upload that was asked for goes.
    LogStatus(UploadLogStatus),
    /// Something that concerns security (part 2, appendix 1).
    SecurityEvent {
        /// Its type, at most 50 characters.
        kind: String,
        /// What else is known, at most 255 characters.
        info: Option<String>,
    },
}

/// What a meter shows; consumption of the vehicle is import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Register of what was delivered to vehicles in Wh; never falls.
    pub import_wh: f64,
    /// Register of what was taken from vehicles in Wh; never falls.
    pub export_wh: f64,
    /// Power in W, delivered positive, taken negative.
    pub power_w: f64,
    /// Current of each phase in A, delivered positive.
    pub currents_a: [f64; 3],
    /// Voltage of each phase to neutral in V.
    pub voltages_v: [f64; 3],
    /// State of charge in percent, where the vehicle tells.
    pub soc_percent: Option<f64>,
    /// Frequency of the grid in Hz, where it is measured.
    pub frequency_hz: Option<f64>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A text frame is to be sent.
    Frame(String),
    /// The body shall do something.
    Act(Act),
    /// Something nobody else hears of.
    Told(Told),
}

/// What the body shall do.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Closes or opens the power path of an EVSE.
    Contactor {
        /// The EVSE.
        evse_id: i32,
        /// Whether it closes.
        closed: bool,
    },
    /// Locks or unlocks a connector.
    Lock {
        /// The EVSE.
        evse_id: i32,
        /// Its connector.
        connector_id: i32,
        /// Whether it locks.
        locked: bool,
    },
    /// What the EVSE may draw from now on.
    Limit {
        /// The EVSE.
        evse_id: i32,
        /// The limit.
        limit: Limit,
    },
    /// Restarts, then [`Input::Booted`] with the reason.
    Reboot(BootReason),
    /// Restarts one EVSE.
    ResetEvse(i32),
    /// Downloads and installs, and tells by [`Input::FirmwareStatus`].
    Firmware {
        /// What.
        firmware: FirmwareInfo,
        /// How often it is tried again, if told.
        retries: Option<i32>,
        /// How long it waits in between in s, if told.
        retry_interval_s: Option<i32>,
    },
    /// Uploads a log, and tells by [`Input::LogStatus`].
    Upload {
        /// Which.
        kind: LogKind,
        /// Whereto, and of what time.
        log: LogParameters,
        /// The name it is given.
        filename: String,
        /// How often it is tried again, if told.
        retries: Option<i32>,
        /// How long it waits in between in s, if told.
        retry_interval_s: Option<i32>,
    },
    /// Gives up an upload or an installation that is under way.
    Abandon(Transfer),
    /// Shows what a transaction costs so far, in the CSMS's currency.
    ShowCost {
        /// The EVSE.
        evse_id: i32,
        /// The cost.
        total_cost: f64,
    },
    /// Shows messages; all that are to be shown.
    Show(Vec<MessageInfo>),
}

/// What is carried over the network beside OCPP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// A log goes up.
    Log,
    /// Firmware comes down.
    Firmware,
}

/// What nobody else hears of.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The CSMS accepted the station, or did not.
    Registration(super::Registration),
    /// An answer came too late, or to nothing; it was dropped.
    StrayAnswer(String),
    /// An answer, or a frame that is none, could not be read; it was dropped.
    Unreadable(String),
    /// A call was not answered in time, or refused, or its answer made no sense.
    CallFailed {
        /// The action.
        action: String,
        /// Why.
        why: String,
    },
    /// A call gave way because too many were waiting, or was given up after its attempts.
    Dropped {
        /// The action.
        action: String,
        /// Which transaction and event, where it was one.
        event: Option<(String, i32)>,
    },
    /// An input names what the station does not have, or shows a register that fell; it was not taken.
    Refused(&'static str),
    /// A token was not accepted.
    NotAuthorised {
        /// The EVSE.
        evse_id: i32,
        /// What was said of it.
        status: &'static str,
    },
    /// A transaction began.
    Started {
        /// The EVSE.
        evse_id: i32,
        /// Its id.
        transaction_id: String,
    },
    /// A transaction ended.
    Ended {
        /// The EVSE.
        evse_id: i32,
        /// Its id.
        transaction_id: String,
    },
}
