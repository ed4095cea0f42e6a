//! What the station knows of a customer (N09, N10): what the local list and the cache say of a token.

use super::Station;
use super::serve::{Served, reply, reply_then};
use crate::v201::*;

/// Characters of one part of the report.
const PART: usize = 512;

impl Station {
    /// CustomerInformation (N09, N10).
    pub(super) fn customer_information(
        &mut self,
        request: CustomerInformationRequest,
    ) -> Served<CustomerInformationResponse> {
        let answer = |status| CustomerInformationResponse { status, status_info: None };
        let by =
            [request.customer_certificate.is_some(), request.customer_identifier.is_some(), request.id_token.is_some()];
        // Exactly one says who is meant, and something is to be done (N09).
        if by.iter().filter(|given| **given).count() != 1 || !(request.report || request.clear) {
            return reply(answer(CustomerInformationStatus::Invalid));
        }
        reply_then(answer(CustomerInformationStatus::Accepted), move |station| {
            let data = request.id_token.as_ref().map(|token| station.data_of(token)).unwrap_or_default();
            if let Some(token) = request.id_token.as_ref().filter(|_| request.clear) {
                station.authorisation.cache.retain(|known| !known.token.is(token));
                station.authorisation.list.retain(|known| !known.token.is(token));
            }
            let data = if request.report { data } else { String::new() };
            station.report_customer(request.request_id, &data);
        })
    }

    fn data_of(&self, token: &IdToken) -> String {
        let places = [("local list", &self.authorisation.list), ("cache", &self.authorisation.cache)];
        let lines = places.iter().flat_map(|(place, known)| {
            let mine = known.iter().filter(|known| known.token.is(token));
            mine.map(move |known| format!("{place}: {}", known.status.as_str()))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// One part at least, if an empty one: it says that nothing more comes.
    fn report_customer(&mut self, request_id: i32, data: &str) {
        let characters: Vec<char> = data.chars().collect();
        let mut parts: Vec<String> = characters.chunks(PART).map(|part| part.iter().collect()).collect();
        if parts.is_empty() {
            parts.push(String::new());
        }
        let last = parts.len() - 1;
        for (rank, data) in parts.into_iter().enumerate() {
            let request = NotifyCustomerInformationRequest {
                data,
                seq_no: rank as i32,
                generated_at: DateTime(self.now),
                request_id,
                tbc: Some(rank < last),
            };
            self.notify(&request, true);
        }
    }
}
