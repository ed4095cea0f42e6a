//! The link: registration (B01 to B03), heartbeats (G02), what follows a reconnection (B04).

use super::Station;
use super::body::Told;
use super::outbox::Asked;
use super::variables::Var;
use crate::v201::{
    BootNotificationRequest, BootNotificationResponse, BootReason, ChargingStationInfo, HeartbeatRequest,
    RegistrationStatus,
};
use agents::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// What the CSMS said of the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registration {
    /// Nothing since it started.
    None,
    /// It is to be configured first; only what the CSMS triggers may be sent.
    Pending,
    /// It is not wanted; nothing may be sent.
    Rejected,
    /// It is.
    Accepted,
}

/// How long to wait for another boot when the CSMS leaves it to the station.
const OWN_INTERVAL: Span = Span::from_s(30);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Link {
    connected: bool,
    pub(super) registration: Registration,
    reason: BootReason,
    /// When the next BootNotification may go.
    boot_at: Option<Time>,
    heartbeat_at: Option<Time>,
    /// Since when it is not connected.
    lost_at: Option<Time>,
}

impl Link {
    pub(super) fn new(reason: BootReason) -> Self {
        Self {
            connected: false,
            registration: Registration::None,
            reason,
            boot_at: None,
            heartbeat_at: None,
            lost_at: None,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    pub(super) fn is_online(&self) -> bool {
        self.connected && self.registration == Registration::Accepted
    }
}

impl Station {
    /// What the CSMS said of the station.
    pub fn registration(&self) -> Registration {
        self.link.registration
    }

    pub(super) fn connected(&mut self) {
        self.link.connected = true;
        if self.link.registration != Registration::Accepted {
            // Whoever was told to wait does so on another connection, too.
            self.link.boot_at = Some(self.link.boot_at.unwrap_or(self.now));
            return;
        }
        let away = self.link.lost_at.map_or(Span::ZERO, |lost| self.now - lost);
        if away > self.span(Var::OfflineThreshold) {
            self.forget_told_statuses();
        }
        self.plan_heartbeat();
    }

    pub(super) fn disconnected(&mut self) {
        if std::mem::replace(&mut self.link.connected, false) {
            self.link.lost_at = Some(self.now);
        }
        self.link.heartbeat_at = None;
        if let Some(asked) = self.calls.abandon() {
            self.call_lost(asked);
        }
        self.outbox.forget_unless_kept();
    }

    /// The station starts anew: what it only knew by heart is gone.
    pub(super) fn booted(&mut self, reason: BootReason) {
        self.disconnected();
        self.link = Link { lost_at: self.link.lost_at, ..Link::new(reason) };
        self.model.apply_after_reboot();
        self.forget_told_statuses();
    }

    pub(super) fn link_wake(&self) -> Option<Time> {
        let boot = self.link.boot_at.filter(|_| self.link.connected && self.calls.is_free());
        [boot, self.link.heartbeat_at].into_iter().flatten().min()
    }

    pub(super) fn link_due(&mut self) {
        if !self.link.connected {
            return;
        }
        if self.link.boot_at.is_some_and(|at| at <= self.now) && self.calls.is_free() {
            self.send_boot();
        }
        if self.link.heartbeat_at.is_some_and(|at| at <= self.now) {
            self.outbox.push_once(Asked::Heartbeat, &HeartbeatRequest {});
            self.plan_heartbeat();
        }
    }

    fn plan_heartbeat(&mut self) {
        self.link.heartbeat_at = Some(self.now + self.span(Var::HeartbeatInterval));
    }

    fn send_boot(&mut self) {
        self.link.boot_at = None;
        let settings = &self.settings;
        let request = BootNotificationRequest {
            charging_station: ChargingStationInfo {
                model: settings.model.clone(),
                vendor_name: settings.vendor.clone(),
                serial_number: settings.serial_number.clone(),
                modem: None,
                firmware_version: settings.firmware_version.clone(),
            },
            reason: self.link.reason,
        };
        self.call_now(Asked::Boot, &request);
    }

    /// The CSMS asks for a BootNotification (F06); not of a station it has accepted.
    pub(super) fn trigger_boot(&mut self) -> bool {
        let may = self.link.registration != Registration::Accepted;
        if may {
            self.link.reason = BootReason::Triggered;
            self.link.boot_at = Some(self.now);
        }
        may
    }

    pub(super) fn boot_answered(&mut self, answer: &BootNotificationResponse) {
        let interval = Span::from_s(answer.interval.max(0).into());
        let wait = if interval == Span::ZERO { OWN_INTERVAL } else { interval };
        let registration = match answer.status {
            RegistrationStatus::Accepted => Registration::Accepted,
            RegistrationStatus::Pending => Registration::Pending,
            RegistrationStatus::Rejected => Registration::Rejected,
        };
        if self.link.registration != registration {
            self.tell(Told::Registration(registration));
        }
        self.link.registration = registration;
        if registration == Registration::Accepted {
            self.link.boot_at = None;
            if interval > Span::ZERO {
                self.model.put(Var::HeartbeatInterval, answer.interval.to_string());
            }
            self.plan_heartbeat();
        } else {
            self.link.boot_at = Some(self.now + wait);
        }
    }

    /// A boot that was refused or never answered is tried again (B01).
    pub(super) fn boot_failed(&mut self) {
        self.link.boot_at = Some(self.now + OWN_INTERVAL);
    }
}

impl Station {
    /// The interval of heartbeats was written.
    pub(super) fn replan_heartbeat(&mut self) {
        if self.is_online() {
            self.plan_heartbeat();
        }
    }
}
