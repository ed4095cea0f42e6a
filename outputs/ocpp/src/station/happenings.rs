//! What happens to the body of a station, and what the session makes of it.

use super::Station;
use super::body::{Input, Reading, Told};
use super::evse::Authorised;
use super::transaction::Cause;
use super::variables::Var;
use crate::v201::*;

impl Station {
    /// Takes an input of the body.
    pub(super) fn body(&mut self, input: Input) {
        match input {
            // The session itself takes these.
            Input::Wake | Input::Connected | Input::Disconnected | Input::Frame(_) => {}
            Input::Booted(reason) => self.restarted(reason),
            Input::Bay { evse_id, occupied } => self.at(evse_id, |station, rank| station.bay(rank, occupied)),
            Input::Plug { evse_id, connector_id } => self.at(evse_id, |station, rank| station.plug(rank, connector_id)),
            Input::Unplug { evse_id } => self.at(evse_id, Self::unplug),
            Input::Present { evse_id, token } => self.at(evse_id, |station, rank| station.present(rank, token)),
            Input::Meter { evse_id, reading } => self.at(evse_id, |station, rank| station.meter(rank, reading)),
            Input::Drawing { evse_id, drawing } => self.at(evse_id, |station, rank| station.drawing(rank, drawing)),
            Input::Fault { evse_id, connector_id, faulted } => {
                self.at(evse_id, |station, rank| station.fault(rank, connector_id, faulted));
            }
            Input::EmergencyStop => self.end_all(TriggerReason::AbnormalCondition, StoppedReason::EmergencyStop),
            Input::ExternalLimit { evse_id, source, schedule } => self.external_limit(evse_id, source, schedule),
            Input::Needs { evse_id, needs } => self.at(evse_id, |station, rank| station.needs(rank, needs)),
            Input::FirmwareStatus(status) => self.firmware_status(status),
            Input::LogStatus(status) => self.log_status(status),
            Input::SecurityEvent { kind, info } => self.security_event(kind, info),
        }
    }

    fn at(&mut self, evse_id: i32, then: impl FnOnce(&mut Self, usize)) {
        match self.rank(evse_id) {
            Some(rank) => then(self, rank),
            None => self.tell(Told::Refused("an EVSE the station does not have")),
        }
    }

    fn bay(&mut self, rank: usize, occupied: bool) {
        if self.evses[rank].occupied != occupied {
            self.evses[rank].occupied = occupied;
            let trigger = if occupied { TriggerReason::EvDetected } else { TriggerReason::EvDeparted };
            self.settle(rank, Cause::new(trigger, StoppedReason::EvDisconnected));
        }
    }

    fn plug(&mut self, rank: usize, connector_id: i32) {
        let evse = &mut self.evses[rank];
        let has = usize::try_from(connector_id).is_ok_and(|id| (1..=evse.connectors.len()).contains(&id));
        if !has || evse.plugged.is_some() {
            return self.tell(Told::Refused("a plug in a connector that is not there, or while another is plugged"));
        }
        evse.plugged = Some(connector_id);
        if let Some(authorised) = &mut evse.authorised {
            authorised.connect_by = None;
        }
        // Without authorisation whoever plugs in may charge (C02 and AuthCtrlr.Enabled).
        if !self.model.is(Var::AuthEnabled) && self.evses[rank].authorised.is_none() && self.is_operative(rank) {
            let token = IdToken::new("", IdTokenKind::NoAuthorization).expect("nothing is short enough");
            let who = Authorised {
                token,
                group: None,
                remote_start_id: None,
                profile: None,
                reservation_id: None,
                connect_by: None,
            };
            self.evses[rank].authorised = Some(who);
        }
        self.settle(rank, Cause::new(TriggerReason::CablePluggedIn, StoppedReason::Other));
    }

    fn unplug(&mut self, rank: usize) {
        let evse = &mut self.evses[rank];
        if evse.plugged.take().is_none() {
            return self.tell(Told::Refused("an unplug where nothing is plugged"));
        }
        evse.drawing = false;
        // With StopTxOnEVSideDisconnect whoever comes next is somebody else (E09, E10); without, the vehicle may come back.
        if self.model.is(Var::StopTxOnEvSideDisconnect) {
            evse.authorised = None;
        } else if let Some(authorised) = &mut evse.authorised {
            let wait = agents::time::Span::from_s(self.model.integer(Var::EvConnectionTimeOut));
            authorised.connect_by = Some(self.now + wait);
        }
        self.settle(rank, Cause::new(TriggerReason::EvCommunicationLost, StoppedReason::EvDisconnected));
    }

    fn drawing(&mut self, rank: usize, drawing: bool) {
        self.evses[rank].drawing = drawing && self.evses[rank].plugged.is_some();
        self.settle(rank, Cause::of_state(StoppedReason::StoppedByEv));
    }

    /// A register that falls is no register: the last reading stays.
    fn meter(&mut self, rank: usize, reading: Reading) {
        let last = self.evses[rank].meter;
        let values = [reading.import_wh, reading.export_wh, reading.power_w];
        let all = values.iter().chain(&reading.currents_a).chain(&reading.voltages_v);
        let finite = all.chain(&reading.soc_percent).chain(&reading.frequency_hz).all(|value| value.is_finite());
        if !finite || reading.import_wh < last.import_wh || reading.export_wh < last.export_wh {
            return self.tell(Told::Refused("a register that fell, or a value that is no number"));
        }
        self.evses[rank].meter = reading;
    }

    fn fault(&mut self, rank: usize, connector_id: i32, faulted: bool) {
        let at = usize::try_from(connector_id).ok().and_then(|id| id.checked_sub(1));
        let Some(connector) = at.and_then(|at| self.evses[rank].connectors.get_mut(at)) else {
            return self.tell(Told::Refused("a connector the EVSE does not have"));
        };
        connector.faulted = faulted;
        if faulted {
            self.lose_reservation(rank);
        }
        let concerns = self.evses[rank].plugged.is_none_or(|plugged| plugged == connector_id);
        if faulted && concerns && self.evses[rank].authorised.is_some() {
            self.stop(rank, Cause::new(TriggerReason::AbnormalCondition, StoppedReason::Other));
        } else {
            self.settle(rank, Cause::of_state(StoppedReason::Other));
        }
    }

    /// Ends whatever is under way everywhere.
    pub(super) fn end_all(&mut self, trigger: TriggerReason, stopped: StoppedReason) {
        for rank in 0..self.evses.len() {
            self.end(rank, &Cause::new(trigger, stopped));
            self.stop(rank, Cause::new(trigger, stopped));
        }
    }

    /// The station starts anew: what was under way has ended with the power (E, PowerLoss), unless a reset ended it.
    fn restarted(&mut self, reason: BootReason) {
        let ordered = self.resetting.is_under_way();
        self.resetting = super::reset::Resetting::default();
        self.booted(reason);
        let stopped = if ordered { StoppedReason::Reboot } else { StoppedReason::PowerLoss };
        self.end_all(TriggerReason::AbnormalCondition, stopped);
        self.plan_aligned();
    }

    /// SecurityEventNotification (A04); kept while the link is gone.
    fn security_event(&mut self, kind: String, info: Option<String>) {
        if kind.is_empty() || kind.chars().count() > 50 || info.as_ref().is_some_and(|info| info.chars().count() > 255)
        {
            return self.tell(Told::Refused("a security event whose texts are too long"));
        }
        let timestamp = DateTime(self.now);
        self.notify(&SecurityEventNotificationRequest { r#type: kind, timestamp, tech_info: info }, false);
    }
}
