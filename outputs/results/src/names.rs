//! The names that dense ids and closed lists stand for.

use std::sync::Arc;

use agents::reading::{AssetState, Signal, Source};
use agents::record::Catalogue;
use agents::retailer::AlternativeId;
use agents::{Calendar, Kind, ParticipantId, SiteId};
use market::Money;
use market::areas::AreaId;
use market::product::ProductId;

use crate::error::ResultsError;

/// Every name a row can refer to.
#[derive(Debug)]
pub(crate) struct Names {
    /// By dense id; the last one, `-`, is the outside.
    pub(crate) participants: Arc<[String]>,
    /// By dense id.
    pub(crate) sites: Arc<[String]>,
    /// What the settlement is compared with, itself first.
    pub(crate) alternatives: Arc<[String]>,
    /// What is traded, by its id.
    pub(crate) products: Arc<[String]>,
    /// The areas of the market, by their numbers.
    pub(crate) areas: Arc<[String]>,
    /// In the order of [`Kind::ALL`].
    pub(crate) kinds: Arc<[String]>,
    /// In the order of [`AssetState::ALL`].
    pub(crate) states: Arc<[String]>,
    /// In the order of [`Signal::ALL`].
    pub(crate) signals: Arc<[String]>,
    /// In the order of [`Signal::ALL`].
    pub(crate) signal_units: Arc<[String]>,
    /// In the order of [`Source::ALL`].
    pub(crate) sources: Arc<[String]>,
    /// Kind of each participant.
    pub(crate) kind_of: Vec<Kind>,
    /// The calendar of local days.
    pub(crate) calendar: Calendar,
}

impl Names {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let ids = catalogue.participants.iter().map(|entry| entry.id.as_str());
        Self {
            participants: words(ids.chain([catalogue.participant(ParticipantId::OUTSIDE)])),
            sites: words(catalogue.sites.iter().map(|site| site.name.as_str())),
            alternatives: words(catalogue.alternatives.iter().map(String::as_str)),
            products: words(catalogue.products.iter().map(String::as_str)),
            areas: words(catalogue.areas.iter().map(String::as_str)),
            kinds: words(Kind::ALL.into_iter().map(Kind::as_str)),
            states: words(AssetState::ALL.into_iter().map(AssetState::as_str)),
            signals: words(Signal::ALL.into_iter().map(Signal::as_str)),
            signal_units: words(Signal::ALL.into_iter().map(Signal::unit)),
            sources: words(Source::ALL.into_iter().map(Source::as_str)),
            kind_of: catalogue.participants.iter().map(|entry| entry.kind).collect(),
            calendar: catalogue.calendar,
        }
    }

    /// The key of a participant, the outside included.
    pub(crate) fn participant(&self, table: &'static str, id: ParticipantId) -> Result<usize, ResultsError> {
        if id == ParticipantId::OUTSIDE {
            Ok(self.kind_of.len())
        } else if id.index() < self.kind_of.len() {
            Ok(id.index())
        } else {
            Err(ResultsError::UnknownId { table, what: "participant", id: id.0 })
        }
    }

    /// The key of a site.
    pub(crate) fn site(&self, table: &'static str, id: SiteId) -> Result<usize, ResultsError> {
        if id.index() < self.sites.len() {
            Ok(id.index())
        } else {
            Err(ResultsError::UnknownId { table, what: "site", id: id.0 })
        }
    }

    /// The key of a rule that is compared.
    pub(crate) fn alternative(&self, table: &'static str, id: AlternativeId) -> Result<usize, ResultsError> {
        let key = usize::from(id.0);
        let known = key < self.alternatives.len();
        known.then_some(key).ok_or(ResultsError::UnknownId { table, what: "rule", id: id.0.into() })
    }

    /// The key of a product.
    pub(crate) fn product(&self, table: &'static str, id: ProductId) -> Result<usize, ResultsError> {
        let key = usize::from(id.0);
        let known = key < self.products.len();
        known.then_some(key).ok_or(ResultsError::UnknownId { table, what: "product", id: id.0.into() })
    }

    /// The key of an area of the market.
    pub(crate) fn area(&self, table: &'static str, id: AreaId) -> Result<usize, ResultsError> {
        let key = id.0 as usize;
        let known = key < self.areas.len();
        known.then_some(key).ok_or(ResultsError::UnknownId { table, what: "area", id: id.0 })
    }
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Arc<[String]> {
    words.into_iter().map(str::to_owned).collect()
}

/// An amount of money as the 64-bit nano-euro of a column.
pub(crate) fn nano_euro(table: &'static str, column: &'static str, amount: Money) -> Result<i64, ResultsError> {
    i64::try_from(amount.0).map_err(|_| ResultsError::TooLarge { table, column, value: amount.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_lists_are_keyed_by_their_declaration_order() {
        assert!(Kind::ALL.into_iter().enumerate().all(|(i, kind)| kind as usize == i));
        assert!(AssetState::ALL.into_iter().enumerate().all(|(i, state)| state as usize == i));
        assert!(Signal::ALL.into_iter().enumerate().all(|(i, signal)| signal as usize == i));
        assert!(Source::ALL.into_iter().enumerate().all(|(i, source)| source as usize == i));
    }

    #[test]
    fn an_amount_beyond_64_bits_is_an_error_that_names_its_column() {
        assert_eq!(nano_euro("t", "c", Money(-5)).expect("fits"), -5);
        let error = nano_euro("settlements", "total_neur", Money(1 << 70)).expect_err("does not fit");
        assert!(error.to_string().contains("total_neur"));
    }
}
