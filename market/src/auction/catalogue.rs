//! What there is to choose from, told by each mechanism in its own file: the table of the documents and of a listing.

use super::{
    admm, chain, coverage, discriminatory, max_volume, negotiation, posted_offers, preferred_partners, premium,
    quality, uniform,
};

/// What a reader should know of a mechanism before choosing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Documentation {
    /// The word that chooses it, with its parameters.
    pub name: &'static str,
    /// Words that choose it with parameters already set.
    pub others: &'static [&'static str],
    /// Whether it clears by itself.
    pub kind: Kind,
    /// The parameters that follow the name, `[optional]` ones in brackets; empty if there are none.
    pub parameters: &'static str,
    /// Who trades with whom.
    pub rule: &'static str,
    /// How prices are formed.
    pub price: &'static str,
    /// Time for n bids and m offers.
    pub complexity: &'static str,
    /// What decides between orders at one price.
    pub tie_break: &'static str,
}

impl Documentation {
    /// Whether its name is enough to choose it.
    pub(super) fn needs_nothing(&self) -> bool {
        self.parameters.split_whitespace().all(|parameter| parameter.starts_with('['))
    }
}

/// The place of a mechanism in a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It clears a book by itself.
    Auction,
    /// It stands before an auction and changes what that sees.
    Wrapper,
    /// It stands between two stages.
    Link,
}

/// Every auction, then everything that can stand before one, then what links them.
pub fn catalogue() -> Vec<Documentation> {
    let auctions = [
        uniform::DOCUMENTATION,
        discriminatory::DOCUMENTATION,
        max_volume::DOCUMENTATION,
        posted_offers::DOCUMENTATION,
        negotiation::DOCUMENTATION,
        admm::DOCUMENTATION,
    ];
    let wrappers = [premium::DOCUMENTATION, coverage::DOCUMENTATION, preferred_partners::DOCUMENTATION];
    auctions.into_iter().chain(quality::DOCUMENTATIONS).chain(wrappers).chain([chain::DOCUMENTATION]).collect()
}

/// The catalogue as a Markdown table.
pub fn catalogue_table() -> String {
    let mut table = "| mechanism | rule | price | time | ties |\n|---|---|---|---|---|\n".to_owned();
    for entry in catalogue() {
        let (before, after) = match entry.kind {
            Kind::Auction => ("", ""),
            Kind::Wrapper => ("", " AUCTION"),
            Kind::Link => ("STAGE ", " STAGE"),
        };
        let parameters = if entry.parameters.is_empty() { String::new() } else { format!(" {}", entry.parameters) };
        let others: String = entry.others.iter().map(|name| format!(", `{name}`")).collect();
        let Documentation { name, rule, price, complexity, tie_break, .. } = entry;
        table += &format!(
            "| `{before}{name}{parameters}{after}`{others} | {rule} | {price} | {complexity} | {tie_break} |\n"
        );
    }
    table
}

/// The words of these kinds, separated by commas, for error messages.
pub(super) fn choices(kinds: &[Kind]) -> String {
    let entries = catalogue().into_iter().filter(|entry| kinds.contains(&entry.kind));
    let names = entries.flat_map(|entry| entry.others.iter().copied().chain([entry.name]));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_one_row_per_mechanism_and_no_empty_cell() {
        let table = catalogue_table();
        assert_eq!(table.lines().count(), 2 + catalogue().len());
        for row in table.lines() {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            assert!(cells.len() == 5 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
        }
    }
}
