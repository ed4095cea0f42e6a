//! Smart charging in the session: profiles of the CSMS and of others, and the limit that follows for the body (block K).

use super::Station;
use super::body::{Act, Told};
use super::evse::Evse;
use super::serve::{Served, reply, reply_then};
use super::transaction::Cause;
use super::variables::Var;
use crate::charging::{Installed, Limit, Session, Supply};
use crate::v201::*;
use agents::time::Time;

impl Evse {
    pub(super) fn session(&self) -> Session<'_> {
        let transaction = self.transaction.as_ref();
        Session {
            transaction_id: transaction.map(|transaction| transaction.id.as_str()),
            charging_since: transaction.and_then(|transaction| transaction.charging_since),
        }
    }
}

impl Station {
    /// What the station as a whole is supplied with: all its EVSEs at once.
    fn supply_of_all(&self) -> Supply {
        let evses = &self.settings.evses;
        let current_a = evses.iter().map(|evse| evse.supply.current_a).sum();
        Supply { current_a, ..evses[0].supply }
    }

    /// What an EVSE may draw now: its own limit, and its share of the station's among those that charge.
    ///
    /// The standard leaves it to the station how it keeps `ChargingStationMaxProfile`; equal shares never exceed it.
    fn limit_now(&self, rank: usize) -> Limit {
        let (evse, supply) = (&self.evses[rank], self.settings.evses[rank].supply);
        let own = self.profiles.limit_at(evse.id, supply, evse.session(), self.now);
        let charging = self.evses.iter().filter(|evse| evse.has_power_path()).count().max(1) as f64;
        let whole = self.profiles.limit_at(0, self.supply_of_all(), Session::default(), self.now);
        let share = Limit { current_a: whole.current_a / charging, power_w: whole.power_w / charging, ..whole };
        own.and(share, supply.voltage_v)
    }

    /// Tells bodies the limits that changed, and the CSMS what is significant of it (E02: ChargingRateChanged).
    pub(super) fn apply_limits(&mut self) {
        for rank in 0..self.evses.len() {
            let limit = self.limit_now(rank);
            let old = self.evses[rank].limit.replace(limit);
            if old == Some(limit) {
                continue;
            }
            self.act(Act::Limit { evse_id: self.evses[rank].id, limit });
            let significance = self.model.decimal(Var::LimitChangeSignificance) / 100.0;
            let changed =
                old.is_some_and(|old| (old.power_w - limit.power_w).abs() > significance * old.power_w.max(1.0));
            let begun = self.evses[rank].transaction.as_ref().is_some_and(|one| one.seq_no > 0);
            if begun && changed && self.evses[rank].has_power_path() {
                let cause = Cause::new(TriggerReason::ChargingRateChanged, StoppedReason::Other);
                self.update(rank, &cause);
            }
        }
    }

    /// When the limit of an EVSE may change by itself.
    pub(super) fn limit_wake(&self, evse: &Evse) -> Option<Time> {
        self.profiles.next_change(evse.id, evse.session(), self.now)
    }

    pub(super) fn limits_due(&mut self, rank: usize) {
        if rank == 0 {
            self.profiles.expire(self.now);
            self.apply_limits();
        }
    }

    /// SetChargingProfile (K01 to K04).
    pub(super) fn set_charging_profile(
        &mut self,
        request: SetChargingProfileRequest,
    ) -> Served<SetChargingProfileResponse> {
        let rules = self.rules();
        let session = self.rank(request.evse_id).map_or(Session::default(), |rank| self.evses[rank].session());
        let taken = self.profiles.install(request.evse_id, request.charging_profile, &rules, session);
        let (status, status_info) = match taken {
            Ok(()) => (ChargingProfileStatus::Accepted, None),
            Err(why) => (ChargingProfileStatus::Rejected, StatusInfo::new(why.reason_code(), why.to_string())),
        };
        reply_then(SetChargingProfileResponse { status, status_info }, Self::apply_limits)
    }

    /// ClearChargingProfile (K10).
    pub(super) fn clear_charging_profile(
        &mut self,
        request: ClearChargingProfileRequest,
    ) -> Served<ClearChargingProfileResponse> {
        let cleared = self.profiles.clear(request.charging_profile_id, request.charging_profile_criteria.as_ref());
        let status =
            if cleared > 0 { ClearChargingProfileStatus::Accepted } else { ClearChargingProfileStatus::Unknown };
        reply_then(ClearChargingProfileResponse { status, status_info: None }, Self::apply_limits)
    }

    /// GetCompositeSchedule (K08).
    pub(super) fn get_composite_schedule(
        &mut self,
        request: GetCompositeScheduleRequest,
    ) -> Served<GetCompositeScheduleResponse> {
        let (supply, session) = match (request.evse_id, self.rank(request.evse_id)) {
            (0, _) => (self.supply_of_all(), Session::default()),
            (_, Some(rank)) => (self.settings.evses[rank].supply, self.evses[rank].session()),
            (_, None) => {
                let status = GenericStatus::Rejected;
                let status_info = StatusInfo::new("UnknownEvse", "there is no such EVSE");
                return reply(GetCompositeScheduleResponse { status, status_info, schedule: None });
            }
        };
        if request.duration <= 0 {
            let status_info = StatusInfo::new("InvalidValue", "the duration is not positive");
            return reply(GetCompositeScheduleResponse {
                status: GenericStatus::Rejected,
                status_info,
                schedule: None,
            });
        }
        let unit = request.charging_rate_unit.unwrap_or(ChargingRateUnit::A);
        let composite = self.profiles.composite((request.evse_id, supply, session), self.now, request.duration, unit);
        let schedule = CompositeSchedule {
            charging_schedule_period: composite.periods,
            evse_id: request.evse_id,
            duration: composite.duration_s,
            schedule_start: DateTime(composite.start),
            charging_rate_unit: unit,
        };
        let status = GenericStatus::Accepted;
        reply(GetCompositeScheduleResponse { status, status_info: None, schedule: Some(schedule) })
    }

    /// GetChargingProfiles (K09): reported by EVSE and source, each in a message of its own.
    pub(super) fn get_charging_profiles(
        &mut self,
        request: GetChargingProfilesRequest,
    ) -> Served<GetChargingProfilesResponse> {
        let found: Vec<_> = self.profiles.matching(request.evse_id, &request.charging_profile).cloned().collect();
        let status =
            if found.is_empty() { GetChargingProfileStatus::NoProfiles } else { GetChargingProfileStatus::Accepted };
        let request_id = request.request_id;
        reply_then(GetChargingProfilesResponse { status, status_info: None }, move |station| {
            station.report_profiles(request_id, found);
        })
    }

    fn report_profiles(&mut self, request_id: i32, mut found: Vec<Installed>) {
        found.sort_by_key(|one| (one.evse_id, one.source));
        let groups: Vec<_> = found.chunk_by(|a, b| (a.evse_id, a.source) == (b.evse_id, b.source)).collect();
        for (rank, group) in groups.iter().enumerate() {
            let request = ReportChargingProfilesRequest {
                request_id,
                charging_limit_source: group[0].source,
                charging_profile: group.iter().map(|one| one.profile.clone()).collect(),
                evse_id: group[0].evse_id,
                tbc: Some(rank + 1 < groups.len()),
            };
            self.notify(&request, true);
        }
    }

    /// A limit of somebody else comes or goes (K11 to K14): it acts, and the CSMS is told.
    pub(super) fn external_limit(
        &mut self,
        evse_id: i32,
        source: ChargingLimitSource,
        schedule: Option<ChargingSchedule>,
    ) {
        if evse_id != 0 && self.rank(evse_id).is_none() {
            return self.tell(Told::Refused("a limit of an EVSE the station does not have"));
        }
        match schedule {
            Some(schedule) => {
                if schedule.start_schedule.is_none() {
                    return self.tell(Told::Refused("an external limit whose schedule has no start"));
                }
                if self.profiles.install_external(evse_id, source, schedule.clone()).is_err() {
                    return self.tell(Told::Refused("an external limit whose schedule is not in order"));
                }
                let charging_limit = ChargingLimit { charging_limit_source: source, is_grid_critical: None };
                let charging_schedule = Some(vec![schedule]);
                let request = NotifyChargingLimitRequest { charging_limit, charging_schedule, evse_id: Some(evse_id) };
                self.notify(&request, false);
            }
            None => {
                if self.profiles.clear_external(evse_id, source) {
                    let (charging_limit_source, evse_id) = (source, Some(evse_id));
                    self.notify(&ClearedChargingLimitRequest { charging_limit_source, evse_id }, false);
                }
            }
        }
        self.apply_limits();
    }

    /// NotifyEVChargingNeeds (K15): the CSMS answers by a profile, if it wants to.
    pub(super) fn needs(&mut self, rank: usize, needs: ChargingNeeds) {
        let evse_id = self.evses[rank].id;
        self.notify(&NotifyEVChargingNeedsRequest { charging_needs: needs, evse_id, max_schedule_tuples: None }, false);
    }
}
