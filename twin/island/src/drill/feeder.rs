//! Feeders: parts of the load that are switched together, each of a commune.

use serde::{Deserialize, Serialize};

/// Load that is switched together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feeder {
    /// Name, for instance that of its commune and a number.
    pub name: String,
    /// The commune.
    pub commune: String,
    /// Share of the island's load.
    pub share: f64,
    /// Customers, not necessarily whole: shares of a commune's.
    pub customers: f64,
}

impl Feeder {
    /// Feeders of communes by population: load and customers are shared like people, and a commune with more than the
    /// greatest share has several equal feeders. They come back round by round, in the order of the communes.
    pub fn by_population<'a>(
        communes: impl IntoIterator<Item = (&'a str, u32)>,
        customers: f64,
        greatest_share: f64,
    ) -> Vec<Self> {
        let communes: Vec<(&str, u32)> = communes.into_iter().collect();
        let people: f64 = communes.iter().map(|(_, people)| f64::from(*people)).sum();
        let mut feeders: Vec<(u32, Self)> = Vec::new();
        for (commune, population) in communes {
            let share = f64::from(population) / people;
            let parts = libm::ceil(share / greatest_share).max(1.0);
            for part in 0..parts as u32 {
                let name = if parts > 1.0 { format!("{commune} {}", part + 1) } else { commune.to_owned() };
                let (share, customers) = (share / parts, customers * share / parts);
                feeders.push((part, Self { name, commune: commune.into(), share, customers }));
            }
        }
        // Stable: a round keeps the order of the communes.
        feeders.sort_by_key(|(part, _)| *part);
        feeders.into_iter().map(|(_, feeder)| feeder).collect()
    }
}
