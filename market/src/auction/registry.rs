//! The mechanisms a scenario can choose from, by text.

use super::catalogue::{Kind, catalogue};
use super::{BoxedMechanism, Preferences, Specification, SpecificationError};

/// The mechanism that this text specifies, such as `uniform-mid-truncated`; [`Specification`] tells how to write one.
///
/// # Errors
/// When the text specifies none; the error names the word and the choices. Mechanisms that need data besides the text
/// are refused: [`mechanism_with`] takes it.
pub fn mechanism(text: &str) -> Result<BoxedMechanism, SpecificationError> {
    text.parse::<Specification>()?.build()
}

/// The same for texts with `preferred-partners`, which needs to know who names whom.
///
/// # Errors
/// When the text specifies no mechanism.
pub fn mechanism_with(text: &str, preferences: &Preferences) -> Result<BoxedMechanism, SpecificationError> {
    text.parse::<Specification>().map(|specification| specification.build_with(preferences))
}

/// The words that [`mechanism`] takes just so, without parameters or further words.
pub fn mechanism_names() -> Vec<&'static str> {
    let auctions = catalogue().into_iter().filter(|entry| entry.kind == Kind::Auction);
    let names = auctions.flat_map(|entry| {
        let itself = entry.needs_nothing().then_some(entry.name);
        entry.others.iter().copied().chain(itself)
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_finds_its_own_mechanism() {
        let names = mechanism_names();
        assert_eq!(
            names,
            [
                "uniform-last-ask",
                "uniform-last-bid",
                "uniform-mid-truncated",
                "uniform-mid-rounded",
                "pay-as-ask",
                "pay-as-bid",
                "max-volume-pay-as-bid",
                "posted-offers",
                "negotiation",
                "admm",
            ]
        );
        for name in names {
            let mechanism = mechanism(name).expect("a listed name");
            assert_eq!((mechanism.name(), mechanism.specification().as_str()), (name, name));
        }
    }

    #[test]
    fn an_unknown_name_finds_nothing() {
        assert!(mechanism("uniform").is_err());
        assert!(mechanism("Uniform-Last-Ask").is_err());
    }
}
