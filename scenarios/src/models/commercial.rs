//! Parameters of a commercial site.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use serde::{Deserialize, Serialize};

/// What a commercial site does, which decides its opening hours and the shape of its day where they are not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommercialKind {
    /// Offices, schools, administration.
    Office,
    /// Shops and restaurants.
    Shop,
    /// Hotels, clinics: open day and night.
    Hotel,
    /// Workshops and small industry.
    Industry,
}

choice!(CommercialKind {
    "office" => CommercialKind::Office,
    "shop" => CommercialKind::Shop,
    "hotel" => CommercialKind::Hotel,
    "industry" => CommercialKind::Industry,
});

/// Shorter openings would fall between the instants at which a day is looked at.
const SHORTEST_OPENING_H: f64 = 0.5;

parameters! {
    /// A commercial site: an office, a shop, a hotel, a small industry.
    pub struct CommercialParameters in "commercial" {
        /// What it does.
        kind: CommercialKind = CommercialKind::Shop, "word", Any, ASSUMPTION;
        /// Mean consumption over the year under the mean climate.
        mean_kw: f64, "kW", Within(1e-3, 1e6), ASSUMPTION;
        /// Local time it opens; none: as its kind does (office 8, shop 8.5, hotel 0, industry 6).
        opens_h: Option<f64> = None, "h", Within(0.0, 24.0), ASSUMPTION;
        /// Local time it closes, on the next day if not after it opens; none: as its kind does (office 17, shop 19, hotel 24,
        /// industry 22).
        closes_h: Option<f64> = None, "h", Within(0.0, 24.0), ASSUMPTION;
        /// Whether it opens on Saturdays; none: as its kind does (shop, hotel).
        opens_on_saturday: Option<bool> = None, "true or false", Any, ASSUMPTION;
        /// Whether it opens on Sundays; none: as its kind does (hotel).
        opens_on_sunday: Option<bool> = None, "true or false", Any, ASSUMPTION;
        /// Time it takes to come to life around opening, and to rest around closing.
        ramp_h: f64 = 1.0, "h", Within(0.0, 6.0), ASSUMPTION;
        /// Power while closed, relative to its power when fully open; none: as its kind has it (office 0.2, shop 0.3, hotel
        /// 0.35, industry 0.25).
        base_share: Option<f64> = None, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Share of what is taken beyond that, at 27 °C, that goes into air conditioning; none: as its kind has it (office
        /// 0.5, shop 0.4, hotel 0.45, industry 0.1).
        air_conditioning_share: Option<f64> = None, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Change of air conditioning per kelvin above 27 °C, relative; it never falls below nothing.
        air_conditioning_per_k: f64 = 0.08, "1/K", Within(0.0, 1.0), ASSUMPTION;
        /// Standard deviation of what is taken beyond the base, relative: drawn for each midnight, linear between.
        day_spread: f64 = 0.06, "share", Within(0.0, 0.5), ASSUMPTION;
        /// Number of phases of its connection.
        phases: u64 = 3, "1 or 3", Within(1.0, 3.0), ASSUMPTION;
        /// The phase a single-phase connection uses.
        phase: u64 = 1, "1, 2 or 3", Within(1.0, 3.0), ASSUMPTION;
    }
}

impl CommercialParameters {
    /// Checks what holds between parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        if self.phases == 2 {
            return Err(Conflict::new("phases", "is 2: write 1 or 3"));
        }
        if let (Some(opens_h), Some(closes_h)) = (self.opens_h, self.closes_h) {
            let open_h = (closes_h - opens_h).rem_euclid(24.0);
            if open_h > 0.0 && open_h < SHORTEST_OPENING_H {
                let text =
                    format!("is {closes_h}, {open_h:.2} h after it opens: let it be open for at least half an hour");
                return Err(Conflict::new("closes_h", text));
            }
        }
        Ok(())
    }
}
