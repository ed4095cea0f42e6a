//! What a site wants in the market besides a good price: quality, and with whom it would rather trade.

use crate::names::Names;
use agents::prosumer::OrderTerms;

/// What an asset says its site wants; of a site, what any of its assets says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wishes {
    pub(crate) quality: Option<u64>,
    pub(crate) wanted_quality: Option<u64>,
    pub(crate) premium_percent: Option<f64>,
    pub(crate) partners: Option<Names>,
}

impl Wishes {
    /// Adds what another asset of the site says; the keys at which it says something else.
    pub(crate) fn join(&mut self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("quality", !join(&mut self.quality, &other.quality)),
            ("wanted_quality", !join(&mut self.wanted_quality, &other.wanted_quality)),
            ("premium_percent", !join(&mut self.premium_percent, &other.premium_percent)),
            ("partners", !join(&mut self.partners, &other.partners)),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }

    /// What the site's orders say, where `wanted_quality` and `premium_percent` are the market's.
    pub(crate) fn terms(&self, wanted_quality: u64, premium_percent: f64) -> OrderTerms {
        let level = |level: u64| u8::try_from(level).expect("levels are checked to be small");
        OrderTerms {
            quality: level(self.quality.unwrap_or(0)),
            wanted_quality: level(self.wanted_quality.unwrap_or(wanted_quality)),
            premium_bp: (self.premium_percent.unwrap_or(premium_percent) * 100.0).round() as u32,
        }
    }
}

/// Keeps what is known, or takes what is new; whether they agree.
fn join<T: Clone + PartialEq>(known: &mut Option<T>, other: &Option<T>) -> bool {
    match (&*known, other) {
        (Some(known), Some(other)) => known == other,
        _ => {
            *known = known.take().or_else(|| other.clone());
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_of_a_site_complete_each_other_and_must_not_differ() {
        let green = Wishes { quality: Some(1), ..Wishes::default() };
        let mut site = Wishes { premium_percent: Some(5.0), ..Wishes::default() };
        assert!(site.join(&green).is_empty() && site.join(&green).is_empty());
        assert_eq!(site, Wishes { premium_percent: Some(5.0), ..green });
        let partners = Some(Names(vec!["a".into()]));
        site.partners = Some(Names::default());
        assert_eq!(site.join(&Wishes { quality: Some(2), partners, ..Wishes::default() }), ["quality", "partners"]);
    }

    #[test]
    fn what_a_site_does_not_say_the_market_says() {
        let site = Wishes { quality: Some(2), premium_percent: Some(0.25), ..Wishes::default() };
        assert_eq!(site.terms(1, 9.0), OrderTerms { quality: 2, wanted_quality: 1, premium_bp: 25 });
        assert_eq!(Wishes::default().terms(0, 10.0).premium_bp, 1000);
    }
}
