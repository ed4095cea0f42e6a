//! What a mechanism remarks on its clearing: levels of quality, stages of a chain, what was set aside.

use super::book::FileBook;
use super::outcome::Outcome;
use super::table::figure;
use market::Price;
use serde::Serialize;
use std::fmt;

/// A remark, in the units of all outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Note {
    /// What a level of quality cleared.
    Level {
        /// The level.
        quality: u8,
        /// Its price, if it has one.
        price_ueur_per_kwh: Option<i64>,
        /// Energy traded.
        volume_wh: i64,
    },
    /// What a stage of a chain cleared.
    Stage {
        /// Its mechanism.
        mechanism: String,
        /// Its price, if it has one.
        price_ueur_per_kwh: Option<i64>,
        /// Energy traded.
        volume_wh: i64,
    },
    /// What partners traded before the others.
    Partners {
        /// Energy traded.
        volume_wh: i64,
    },
    /// Bids that no supply of their quality would have covered.
    SetAside {
        /// The level.
        quality: u8,
        /// Energy bid for.
        quantity_wh: i64,
    },
    /// Rounds were used up before the quality was covered.
    CoverageNotReached {
        /// Rounds made.
        rounds: u32,
        /// Energy bought at a quality that is not there.
        uncovered_wh: i64,
    },
    /// A remark this version does not know, in words.
    Other {
        /// The words.
        text: String,
    },
}

/// The remarks on a clearing.
pub(crate) fn of(book: &FileBook, outcome: &Outcome) -> Vec<Note> {
    let ueur = |price: Option<Price>| price.map(|price| book.in_ueur(price));
    let notes = outcome.clearing.notes.iter().map(|note| match note {
        market::Note::Level { quality, price, volume } => {
            Note::Level { quality: *quality, price_ueur_per_kwh: ueur(*price), volume_wh: volume.0 }
        }
        market::Note::Stage { mechanism, price, volume } => {
            Note::Stage { mechanism: mechanism.clone(), price_ueur_per_kwh: ueur(*price), volume_wh: volume.0 }
        }
        market::Note::Partners { volume } => Note::Partners { volume_wh: volume.0 },
        market::Note::SetAside { quality, quantity } => Note::SetAside { quality: *quality, quantity_wh: quantity.0 },
        market::Note::CoverageNotReached { rounds, uncovered } => {
            Note::CoverageNotReached { rounds: *rounds, uncovered_wh: uncovered.0 }
        }
        other => Note::Other { text: format!("{other:?}") },
    });
    notes.collect()
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kwh = |wh: i64| figure(wh.into(), 3);
        let cleared = |volume_wh: i64, price: &Option<i64>| {
            let at = price.map_or_else(String::new, |price| format!(" at {} EUR/MWh", figure(price.into(), 3)));
            if volume_wh == 0 { "nothing is traded".to_owned() } else { format!("{} kWh{at}", kwh(volume_wh)) }
        };
        match self {
            Self::Level { quality, price_ueur_per_kwh, volume_wh } => {
                write!(f, "quality {quality}: {}", cleared(*volume_wh, price_ueur_per_kwh))
            }
            Self::Stage { mechanism, price_ueur_per_kwh, volume_wh } => {
                write!(f, "{mechanism}: {}", cleared(*volume_wh, price_ueur_per_kwh))
            }
            Self::Partners { volume_wh } => write!(f, "between partners: {} kWh", kwh(*volume_wh)),
            Self::SetAside { quality, quantity_wh } => {
                write!(f, "quality {quality}: bids over {} kWh set aside, as no supply covers them", kwh(*quantity_wh))
            }
            Self::CoverageNotReached { rounds, uncovered_wh } => write!(
                f,
                "after {rounds} rounds {} kWh are still bought at a quality that is not there",
                kwh(*uncovered_wh)
            ),
            Self::Other { text } => f.write_str(text),
        }
    }
}
