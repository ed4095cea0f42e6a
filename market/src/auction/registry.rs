//! The mechanisms a scenario can choose from, by name. A further mechanism is one more file and one more
//! line here.

use crate::{Mechanism, PriceRule, Uniform};

fn mechanisms() -> impl Iterator<Item = Box<dyn Mechanism + Send>> {
    PriceRule::ALL.into_iter().map(|rule| Box::new(Uniform { rule }) as Box<dyn Mechanism + Send>)
}

/// The mechanism of this name, or `None` if there is none; [`mechanism_names`] lists the choices.
pub fn mechanism(name: &str) -> Option<Box<dyn Mechanism + Send>> {
    mechanisms().find(|mechanism| mechanism.name() == name)
}

/// The names [`mechanism`] knows, for documentation and error messages.
pub fn mechanism_names() -> Vec<&'static str> {
    mechanisms().map(|mechanism| mechanism.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_finds_its_own_mechanism() {
        let names = mechanism_names();
        assert_eq!(names, ["uniform-last-ask", "uniform-last-bid", "uniform-mid-truncated", "uniform-mid-rounded"]);
        for name in names {
            assert_eq!(mechanism(name).map(|mechanism| mechanism.name()), Some(name));
        }
    }

    #[test]
    fn an_unknown_name_finds_nothing() {
        assert!(mechanism("uniform").is_none());
        assert!(mechanism("Uniform-Last-Ask").is_none());
    }
}
