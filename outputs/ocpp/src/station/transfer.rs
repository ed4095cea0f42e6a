//! Firmware updates (L01, L02) and logs (N01): what is asked for, and how it goes. The transfer itself is the body's.

use super::Station;
use super::body::{Act, Told, Transfer};
use super::serve::{Served, reply_then};
use crate::v201::*;
use serde::{Deserialize, Serialize};

/// A request and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Running<S> {
    request_id: i32,
    status: S,
}

/// What is under way beside OCPP.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Transfers {
    log: Option<Running<UploadLogStatus>>,
    firmware: Option<Running<FirmwareStatus>>,
}

fn is_over_log(status: UploadLogStatus) -> bool {
    !matches!(status, UploadLogStatus::Uploading)
}

fn is_over_firmware(status: FirmwareStatus) -> bool {
    use FirmwareStatus::*;
    matches!(
        status,
        Installed | DownloadFailed | InstallationFailed | InstallVerificationFailed | InvalidSignature | Idle
    )
}

impl Station {
    /// GetLog (N01): a new request takes the place of one that is under way.
    pub(super) fn get_log(&mut self, request: GetLogRequest) -> Served<GetLogResponse> {
        let running = self.transfers.log.filter(|one| !is_over_log(one.status));
        let status = if running.is_some() { LogStatus::AcceptedCanceled } else { LogStatus::Accepted };
        let kind = match request.log_type {
            LogKind::DiagnosticsLog => "diagnostics",
            LogKind::SecurityLog => "security",
        };
        let filename = format!("{}-{kind}-{}.log", self.settings.identity, request.request_id);
        let response = GetLogResponse { status, status_info: None, filename: Some(filename.clone()) };
        reply_then(response, move |station| {
            if running.is_some() {
                station.log_status(UploadLogStatus::AcceptedCanceled);
                station.act(Act::Abandon(Transfer::Log));
            }
            let status = UploadLogStatus::Uploading;
            station.transfers.log = Some(Running { request_id: request.request_id, status });
            station.tell_log_status(false);
            let (retries, retry_interval_s) = (request.retries, request.retry_interval);
            station.act(Act::Upload { kind: request.log_type, log: request.log, filename, retries, retry_interval_s });
        })
    }

    /// The body tells how an upload goes.
    pub(super) fn log_status(&mut self, status: UploadLogStatus) {
        match &mut self.transfers.log {
            Some(running) if !is_over_log(running.status) => {
                running.status = status;
                self.tell_log_status(false);
            }
            _ => self.tell(Told::Refused("the state of an upload nobody asked for")),
        }
    }

    pub(super) fn tell_log_status(&mut self, triggered: bool) {
        // Asked when nothing is under way, it is idle, of no request (N01).
        let running = self.transfers.log.filter(|one| !triggered || !is_over_log(one.status));
        let status = running.map_or(UploadLogStatus::Idle, |one| one.status);
        let request_id = running.map(|one| one.request_id);
        self.notify(&LogStatusNotificationRequest { status, request_id }, triggered);
    }

    /// UpdateFirmware (L01, L02): a new request takes the place of one that is under way.
    pub(super) fn update_firmware(&mut self, request: UpdateFirmwareRequest) -> Served<UpdateFirmwareResponse> {
        let running = self.transfers.firmware.filter(|one| !is_over_firmware(one.status));
        let status =
            if running.is_some() { UpdateFirmwareStatus::AcceptedCanceled } else { UpdateFirmwareStatus::Accepted };
        let firmware = request.firmware;
        let later = firmware.retrieve_date_time.0 > self.now;
        reply_then(UpdateFirmwareResponse { status, status_info: None }, move |station| {
            if running.is_some() {
                station.act(Act::Abandon(Transfer::Firmware));
            }
            let status = if later { FirmwareStatus::DownloadScheduled } else { FirmwareStatus::Downloading };
            station.transfers.firmware = Some(Running { request_id: request.request_id, status });
            station.tell_firmware_status(false);
            let (retries, retry_interval_s) = (request.retries, request.retry_interval);
            station.act(Act::Firmware { firmware, retries, retry_interval_s });
        })
    }

    /// The body tells how an update goes.
    pub(super) fn firmware_status(&mut self, status: FirmwareStatus) {
        match &mut self.transfers.firmware {
            Some(running) if !is_over_firmware(running.status) => {
                if running.status != status {
                    running.status = status;
                    self.tell_firmware_status(false);
                }
            }
            _ => self.tell(Told::Refused("the state of an update nobody asked for")),
        }
    }

    pub(super) fn tell_firmware_status(&mut self, triggered: bool) {
        // Asked when nothing is under way, it is idle, of no request (L01).
        let running = self.transfers.firmware.filter(|one| !triggered || !is_over_firmware(one.status));
        let status = running.map_or(FirmwareStatus::Idle, |one| one.status);
        let request_id = running.map(|one| one.request_id);
        self.notify(&FirmwareStatusNotificationRequest { status, request_id }, triggered);
    }
}
