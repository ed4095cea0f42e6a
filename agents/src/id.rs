//! Who is who: dense ids inside, stable string ids outside.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A participant's dense id: its rank in the sorted order of the string ids of one plan.
///
/// Never written to a file or a wire; there a participant goes by its string id (`bat_03`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParticipantId(pub u32);

impl ParticipantId {
    /// The sender of what comes from outside the twin: an operator's command, a replayed journal.
    pub const OUTSIDE: Self = Self(u32::MAX);

    /// The id as an index into per-participant tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A site's dense id: its rank in the sorted order of the site names of one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteId(pub u32);

impl SiteId {
    /// The id as an index into per-site tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A portfolio's dense id: its rank in the sorted order of the portfolio names of one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PortfolioId(pub u32);

impl PortfolioId {
    /// The id as an index into per-portfolio tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A meter somebody may read or follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeterId {
    /// The meter at the connection of one site.
    Site(SiteId),
    /// The sum of the meters of a portfolio's sites.
    Portfolio(PortfolioId),
    /// The sum of all sites: what the island's network carries.
    Island,
}

/// What a participant is; the closed list of kinds of the twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the field's own words")]
pub enum Kind {
    Pv,
    Battery,
    Evse,
    Ev,
    Load,
    Retailer,
    MarketOperator,
    Prosumer,
    Ems,
    Dso,
    ChargePointOperator,
}

impl Kind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 11] = [
        Self::Pv,
        Self::Battery,
        Self::Evse,
        Self::Ev,
        Self::Load,
        Self::Retailer,
        Self::MarketOperator,
        Self::Prosumer,
        Self::Ems,
        Self::Dso,
        Self::ChargePointOperator,
    ];

    /// The name used in files and on wires.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pv => "pv",
            Self::Battery => "battery",
            Self::Evse => "evse",
            Self::Ev => "ev",
            Self::Load => "load",
            Self::Retailer => "retailer",
            Self::MarketOperator => "market_operator",
            Self::Prosumer => "prosumer",
            Self::Ems => "ems",
            Self::Dso => "dso",
            Self::ChargePointOperator => "charge_point_operator",
        }
    }

    /// Whether participants of this kind have a row per interval in the table `assets`.
    pub fn is_asset(self) -> bool {
        matches!(self, Self::Pv | Self::Battery | Self::Evse | Self::Ev | Self::Load)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no [`Kind`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of participant `{0}`")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| UnknownKind(word.into()))
    }
}
