//! The local authorisation list (block D) and the cache (C11).

use super::Station;
use super::authorisation::Known;
use super::serve::{Served, reply};
use super::variables::Var;
use crate::v201::*;

/// Tokens the list keeps (LocalAuthListCtrlr.Entries, maxLimit).
const ENTRIES: usize = 1000;

impl Station {
    /// GetLocalListVersion (D02): 0 where there is no list.
    pub(super) fn get_local_list_version(
        &mut self,
        _: GetLocalListVersionRequest,
    ) -> Served<GetLocalListVersionResponse> {
        reply(GetLocalListVersionResponse { version_number: self.authorisation.list_version })
    }

    /// SendLocalList (D01): a full one replaces, a differential one is merged.
    pub(super) fn send_local_list(&mut self, request: SendLocalListRequest) -> Served<SendLocalListResponse> {
        let answer = |status| reply(SendLocalListResponse { status, status_info: None });
        let entries = request.local_authorization_list.as_deref().unwrap_or_default();
        super::report::at_most(entries.len(), self.model.integer(Var::ItemsLocalList) as usize)?;
        if !self.model.is(Var::LocalListEnabled) || request.version_number <= 0 {
            return answer(SendLocalListStatus::Failed);
        }
        let full = request.update_type == UpdateKind::Full;
        if !full && request.version_number <= self.authorisation.list_version {
            return answer(SendLocalListStatus::VersionMismatch);
        }
        // A full list says of each token what it is.
        if full && entries.iter().any(|entry| entry.id_token_info.is_none()) {
            return answer(SendLocalListStatus::Failed);
        }
        let mut list = if full { Vec::new() } else { self.authorisation.list.clone() };
        for entry in entries {
            list.retain(|known| !known.token.is(&entry.id_token));
            list.extend(entry.id_token_info.as_ref().map(|info| Known::new(&entry.id_token, info)));
        }
        if list.len() > ENTRIES {
            return answer(SendLocalListStatus::Failed);
        }
        self.authorisation.list_version = if full && list.is_empty() { 0 } else { request.version_number };
        self.authorisation.list = list;
        answer(SendLocalListStatus::Accepted)
    }

    /// ClearCache (C11).
    pub(super) fn clear_cache(&mut self, _: ClearCacheRequest) -> Served<ClearCacheResponse> {
        let enabled = self.model.is(Var::CacheEnabled);
        if enabled {
            self.authorisation.cache.clear();
        }
        let status = if enabled { ClearCacheStatus::Accepted } else { ClearCacheStatus::Rejected };
        reply(ClearCacheResponse { status, status_info: None })
    }
}
