//! Parameters of a commercial site.

use crate::parameters::Limits::Within;
use crate::parameters::{ASSUMPTION, parameters};

parameters! {
    /// A commercial site: a shop, an office, a small industry.
    pub struct CommercialParameters in "commercial" {
        /// Mean consumption over the year.
        mean_kw: f64, "kW", Within(1e-3, 1e6), ASSUMPTION;
    }
}
