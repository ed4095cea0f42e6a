//! Who may charge (block C): tokens at the reader, the CSMS's word, what is known of tokens without it.

use super::Station;
use super::body::Told;
use super::evse::Authorised;
use super::outbox::Asked;
use super::transaction::Cause;
use super::variables::Var;
use crate::v201::*;
use agents::time::Time;
use serde::{Deserialize, Serialize};

/// Tokens the cache keeps; beyond, the one that was written longest ago gives way (C10).
const CACHE: usize = 500;

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) token: IdToken,
    pub(super) status: AuthorizationStatus,
    pub(super) group: Option<IdToken>,
    expires: Option<Time>,
    /// EVSEs it is for; none: all.
    evse_ids: Option<Vec<i32>>,
}

/// What a station knows of tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Authorisation {
    pub(super) list: Vec<Known>,
    pub(super) list_version: i32,
    pub(super) cache: Vec<Known>,
    /// Remote starts that wait for the CSMS's word, by EVSE.
    remote: Vec<(i32, Authorised)>,
}

impl Known {
    pub(super) fn new(token: &IdToken, info: &IdTokenInfo) -> Self {
        Self {
            token: token.clone(),
            status: info.status,
            group: info.group_id_token.clone(),
            expires: info.cache_expiry_date_time.map(|date| date.0),
            evse_ids: info.evse_id.as_ref().map(|ids| ids.to_vec()),
        }
    }

    fn is_accepted(&self, evse_id: i32, now: Time) -> bool {
        self.status == AuthorizationStatus::Accepted
            && self.expires.is_none_or(|expires| expires > now)
            && self.evse_ids.as_ref().is_none_or(|ids| ids.contains(&evse_id))
    }
}

impl Authorisation {
    pub(super) fn local_list_len(&self) -> usize {
        self.list.len()
    }
}

fn authorised(token: IdToken, group: Option<IdToken>) -> Authorised {
    Authorised { token, group, remote_start_id: None, profile: None, reservation_id: None, connect_by: None }
}

impl Station {
    /// What is known of a token: the local list goes before the cache (C13, C14).
    fn known(&self, token: &IdToken) -> Option<&Known> {
        let list = self.authorisation.list.iter().filter(|_| self.model.is(Var::LocalListEnabled));
        let cache = self.authorisation.cache.iter().filter(|_| self.model.is(Var::CacheEnabled));
        list.chain(cache).find(|known| known.token.is(token))
    }

    /// Takes note of the CSMS's word on a token (C10).
    pub(super) fn remember(&mut self, token: &IdToken, info: &IdTokenInfo) {
        if !self.model.is(Var::CacheEnabled) || token.r#type == IdTokenKind::NoAuthorization {
            return;
        }
        let mut known = Known::new(token, info);
        known.expires.get_or_insert(self.now + self.span(Var::CacheLifeTime));
        let cache = &mut self.authorisation.cache;
        cache.retain(|one| !one.token.is(token));
        if cache.len() >= CACHE {
            cache.remove(0);
        }
        cache.push(known);
    }

    /// A token is shown at a reader (C01, E02, E07).
    pub(super) fn present(&mut self, rank: usize, token: IdToken) {
        let evse = &self.evses[rank];
        let evse_id = evse.id;
        if evse.authorised.as_ref().is_some_and(|authorised| authorised.token.is(&token)) {
            return self.stop_by(rank, token, StoppedReason::Local);
        }
        if !self.may_start(rank, &token) && evse.authorised.is_none() {
            return self.tell(Told::Refused("a token at an EVSE that is not free for it"));
        }
        let known = self.known(&token).filter(|known| known.is_accepted(evse_id, self.now));
        let known = known.map(|known| known.group.clone());
        let at_once = if self.is_online() {
            self.model.is(Var::LocalPreAuthorize)
        } else {
            self.model.is(Var::LocalAuthorizeOffline)
        };
        match known {
            Some(group) if at_once => self.accepted(evse_id, token, group),
            _ if self.is_online() => self.authorize(evse_id, token),
            _ => self.authorize_failed(evse_id, &token),
        }
    }

    fn authorize(&mut self, evse_id: i32, token: IdToken) {
        let request =
            AuthorizeRequest { id_token: token.clone(), certificate: None, iso15118_certificate_hash_data: None };
        self.outbox.push_front(Asked::Authorize { evse_id, token }, &request);
    }

    pub(super) fn authorize_answered(&mut self, evse_id: i32, token: &IdToken, info: &IdTokenInfo) {
        self.remember(token, info);
        if Known::new(token, info).is_accepted(evse_id, self.now) {
            self.accepted(evse_id, token.clone(), info.group_id_token.clone());
        } else {
            self.authorisation.remote.retain(|(evse, _)| *evse != evse_id);
            self.tell(Told::NotAuthorised { evse_id, status: info.status.as_str() });
        }
    }

    /// The CSMS can't be asked (C12, C13, C15): what is known counts, and what is unknown if that is allowed.
    pub(super) fn authorize_failed(&mut self, evse_id: i32, token: &IdToken) {
        let known = self.known(token).map(|known| (known.is_accepted(evse_id, self.now), known.group.clone()));
        match known {
            Some((true, group)) if self.model.is(Var::LocalAuthorizeOffline) => {
                self.accepted(evse_id, token.clone(), group);
            }
            None if self.model.is(Var::OfflineTxForUnknownId) => self.accepted(evse_id, token.clone(), None),
            _ => {
                self.authorisation.remote.retain(|(evse, _)| *evse != evse_id);
                self.tell(Told::NotAuthorised { evse_id, status: AuthorizationStatus::Unknown.as_str() });
            }
        }
    }

    /// Whether a token may start something at an EVSE.
    pub(super) fn may_start(&self, rank: usize, token: &IdToken) -> bool {
        let evse = &self.evses[rank];
        let group = self.known(token).and_then(|known| known.group.as_ref());
        self.is_operative(rank)
            && !self.resetting.is_under_way()
            && evse.authorised.is_none()
            && !evse.is_reserved_for_others(token, group)
    }

    /// A token is accepted: it starts, or stops what its group (C09) or the master pass (C16) may stop.
    fn accepted(&mut self, evse_id: i32, token: IdToken, group: Option<IdToken>) {
        let Some(rank) = self.rank(evse_id) else { return };
        let remote = self.authorisation.remote.iter().position(|(evse, one)| *evse == evse_id && one.token.is(&token));
        let remote = remote.map(|at| self.authorisation.remote.remove(at).1);
        if let Some(current) = &self.evses[rank].authorised {
            let same_group = current.group.as_ref().zip(group.as_ref()).is_some_and(|(mine, theirs)| mine.is(theirs));
            let master = self.model.text(Var::MasterPassGroupId);
            let is_master =
                !master.is_empty() && group.as_ref().is_some_and(|group| group.id_token.eq_ignore_ascii_case(master));
            return match (same_group, is_master) {
                (_, true) => self.stop_by(rank, token, StoppedReason::MasterPass),
                (true, false) => self.stop_by(rank, token, StoppedReason::Local),
                (false, false) => self.tell(Told::NotAuthorised { evse_id, status: "ConcurrentTx" }),
            };
        }
        if !self.is_operative(rank) || self.evses[rank].is_reserved_for_others(&token, group.as_ref()) {
            return self.tell(Told::NotAuthorised { evse_id, status: "NotAtThisLocation" });
        }
        let trigger = if remote.is_some() { TriggerReason::RemoteStart } else { TriggerReason::Authorized };
        let start = remote.unwrap_or_else(|| authorised(token, None));
        self.authorise(rank, Authorised { group, ..start }, trigger);
    }

    /// Somebody may charge at an EVSE from now on.
    pub(super) fn authorise(&mut self, rank: usize, mut who: Authorised, trigger: TriggerReason) {
        if self.evses[rank].plugged.is_none() {
            who.connect_by = Some(self.now + self.span(Var::EvConnectionTimeOut));
        }
        who.reservation_id = self.evses[rank].reservation.take().map(|reservation| reservation.id);
        self.evses[rank].authorised = Some(who);
        self.settle(rank, Cause::new(trigger, StoppedReason::Local));
    }

    /// RequestStartTransaction with AuthorizeRemoteStart: the token is looked at as if it were shown (F01, F02).
    pub(super) fn authorise_remotely(&mut self, rank: usize, who: Authorised) {
        let evse_id = self.evses[rank].id;
        if !self.model.is(Var::AuthorizeRemoteStart) || who.token.r#type == IdTokenKind::NoAuthorization {
            return self.authorise(rank, who, TriggerReason::RemoteStart);
        }
        let token = who.token.clone();
        self.authorisation.remote.retain(|(evse, _)| *evse != evse_id);
        self.authorisation.remote.push((evse_id, who));
        self.present(rank, token);
    }

    /// Ends an authorisation by a token (E07).
    fn stop_by(&mut self, rank: usize, token: IdToken, stopped: StoppedReason) {
        let cause = Cause { token: Some(token), ..Cause::new(TriggerReason::StopAuthorized, stopped) };
        self.stop(rank, cause);
    }

    /// Nobody may charge at an EVSE any more.
    pub(super) fn stop(&mut self, rank: usize, cause: Cause) {
        self.evses[rank].authorised = None;
        self.settle(rank, cause);
    }
}
