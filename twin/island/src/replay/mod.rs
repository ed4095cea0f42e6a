//! Measured generation, in the columns of the open-data sets of Martinique's network operator, read as what was really given.
//!
//! Two forms are told apart by their header: the history (`date_heure`, `thermique_mw`, … of
//! `courbe-de-charge-de-la-production-delectricite-par-filiere`) and the real-time set (`date`, `moteurs_diesels`, … of
//! `production-delectricite-par-filiere-en-temps-reel`). Both come as CSV with semicolons or commas. Rows may come in
//! any order. What cannot be read is refused with its line; what can be read and is doubtful is kept and told as a
//! [`Finding`].

mod columns;
mod read;

pub use columns::Source;

use crate::{Fleet, IslandError, Technology};

/// What was given in the interval that begins at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Milliseconds since 1970, UTC.
    pub time_ms: i64,
    /// Line of the file.
    pub line: u64,
    /// Power by source, MW; none where the cell is empty. Storage that charges is negative.
    pub source_mw: [Option<f64>; Source::COUNT],
    /// The total as printed, MW.
    pub total_mw: Option<f64>,
    /// Mean cost of production as printed, EUR/MWh.
    pub cost_eur_per_mwh: Option<f64>,
}

/// Something in a file that is kept but doubtful.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are what the words say")]
pub enum Finding {
    /// Sources do not add up to the printed total.
    Sum { line: u64, sum_mw: f64, total_mw: f64 },
    /// A source that can only give is below zero.
    Negative { line: u64, source: Source, power_mw: f64 },
    /// Rows are missing before this line.
    Gap { line: u64, missing: u64 },
    /// A column that is not read.
    Ignored { column: String },
}

/// Measured generation by rising time.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    rows: Vec<Measured>,
    findings: Vec<Finding>,
    step_ms: i64,
}

impl Measured {
    /// What a source gave, MW; 0 where nothing was measured.
    pub fn of(&self, source: Source) -> f64 {
        self.source_mw[source as usize].unwrap_or(0.0)
    }

    /// What all sources gave together, MW.
    pub fn sum_mw(&self) -> f64 {
        self.source_mw.iter().flatten().sum()
    }

    /// What all customers took, losses included: the printed total, or the sum where there is none, MW.
    pub fn demand_mw(&self) -> f64 {
        self.total_mw.unwrap_or_else(|| self.sum_mw())
    }

    /// What a technology of a fleet gave, MW: engines and turbines where they are told apart, else both as engines; bagasse
    /// and coal as biomass; waste and biogas share the bioenergies by nobody's knowledge and are both in biogas.
    pub fn technology_mw(&self, technology: Technology) -> f64 {
        let sources: &[Source] = match technology {
            Technology::Diesel => &[Source::Engines, Source::Thermal],
            Technology::CombustionTurbine => &[Source::Turbines],
            Technology::Biomass => &[Source::BagasseCoal],
            Technology::Biogas => &[Source::Bioenergy],
            Technology::Waste => &[],
            Technology::Wind => &[Source::Wind],
            Technology::Pv => &[Source::Pv],
            Technology::Battery => &[Source::Storage],
        };
        sources.iter().map(|source| self.of(*source)).sum()
    }

    /// What each group of wind and PV of a fleet gave, MW, in the order of [`Fleet::variable`]: shared by rating.
    /// What is measured below zero, the plants' own use at night, is nothing available.
    pub fn available_mw(&self, fleet: &Fleet) -> Vec<f64> {
        let share = |group: &crate::Group| {
            let all_mw = fleet.technology_mw(group.technology);
            self.technology_mw(group.technology).max(0.0) * group.total_mw() / all_mw
        };
        fleet.variable().map(|(_, group)| share(group)).collect()
    }
}

impl Replay {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first line that cannot be read, with what is wrong and the remedy.
    pub fn from_csv(text: &str) -> Result<Self, IslandError> {
        read::read(text)
    }

    /// All rows by rising time.
    pub fn rows(&self) -> &[Measured] {
        &self.rows
    }

    /// What is doubtful.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Time between rows, ms: the shortest there is.
    pub fn step_ms(&self) -> i64 {
        self.step_ms
    }

    /// The row in whose interval an instant lies; none before, after and in gaps.
    pub fn at(&self, time_ms: i64) -> Option<&Measured> {
        let place = self.rows.partition_point(|row| row.time_ms <= time_ms).checked_sub(1)?;
        let row = &self.rows[place];
        (time_ms - row.time_ms < self.step_ms).then_some(row)
    }
}
