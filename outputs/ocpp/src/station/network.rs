//! Network connection profiles (B09, B10).

use super::Station;
use super::serve::{Served, reply};
use super::variables::Var;
use crate::v201::*;
use agents::time::Span;

/// Slots a profile can be put in (OCPPCommCtrlr.NetworkConfigurationPriority, valuesList).
const SLOTS: std::ops::RangeInclusive<i32> = 1..=4;

impl Station {
    /// SetNetworkProfile (B09).
    pub(super) fn set_network_profile(
        &mut self,
        request: SetNetworkProfileRequest,
    ) -> Served<SetNetworkProfileResponse> {
        let answer = |status, why: Option<(&str, &str)>| {
            let status_info = why.and_then(|(code, text)| StatusInfo::new(code, text));
            reply(SetNetworkProfileResponse { status, status_info })
        };
        let profile = request.connection_data;
        let secure = i64::from(profile.security_profile) >= self.model.integer(Var::SecurityProfile);
        let web = profile.ocpp_csms_url.starts_with("ws://") || profile.ocpp_csms_url.starts_with("wss://");
        if !SLOTS.contains(&request.configuration_slot) {
            answer(SetNetworkProfileStatus::Rejected, Some(("InvalidConfSlot", "slots are 1 to 4")))
        } else if !secure || !(0..=3).contains(&profile.security_profile) {
            answer(SetNetworkProfileStatus::Rejected, Some(("NoSecurityProfile", "security is never lowered")))
        } else if profile.ocpp_version != OcppVersion::OCPP20 || profile.ocpp_transport != OcppTransport::Json || !web {
            answer(SetNetworkProfileStatus::Rejected, Some(("InvalidNetworkConf", "OCPP 2.0.1 over WebSockets only")))
        } else {
            self.network.insert(request.configuration_slot, profile);
            answer(SetNetworkProfileStatus::Accepted, None)
        }
    }

    /// The profiles to connect by, in order (B10); none: as it was set up.
    pub fn network_profiles(&self) -> impl Iterator<Item = (i32, &NetworkConnectionProfile)> {
        let slots = self.model.members(Var::NetworkConfigurationPriority).filter_map(|slot| slot.parse().ok());
        slots.filter_map(|slot: i32| self.network.get(&slot).map(|profile| (slot, profile)))
    }

    /// How long to wait before attempt `failures` + 1 to connect, with a `chance` in [0, 1) (part 4, section 5.3).
    ///
    /// The wait doubles after each failure `RetryBackOffRepeatTimes` times; a random part of up to
    /// `RetryBackOffRandomRange` is added each time.
    pub fn reconnect_after(&self, failures: u32, chance: f64) -> Span {
        let doublings = i64::from(failures).min(self.model.integer(Var::RetryBackOffRepeatTimes));
        let least = self.span(Var::RetryBackOffWaitMinimum) * (1_i64 << doublings.clamp(0, 20));
        let random = self.span(Var::RetryBackOffRandomRange).0 as f64 * chance.clamp(0.0, 1.0);
        least + Span(random as i64)
    }

    /// How often to ping the CSMS; zero: never.
    pub fn ping_every(&self) -> Span {
        self.span(Var::WebSocketPingInterval)
    }
}
