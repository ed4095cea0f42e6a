//! The text that chooses a mechanism, in scenarios, sweeps and on the command line.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Admm, Chain, Discriminatory, MaxVolumePayAsBid, Negotiation, PostedOffers, Preferences, PreferredPartners, Premium,
    PriceRule, Quality, QualityCoverage, QualityMode, Uniform,
};
use crate::Mechanism;

/// A mechanism of any kind, ready to clear.
pub type BoxedMechanism = Box<dyn Mechanism + Send + Sync>;

/// What mechanism to clear by, as data: read from text, shown as text, and built into a [`Mechanism`].
///
/// ```text
/// mechanism = stage { "then" stage }        each stage clears what those before have left over
/// stage     = { wrapper } auction           a wrapper changes what stands to its right
/// wrapper, auction = NAME { KEY=VALUE }     in lower case, separated by spaces
/// ```
///
/// The [catalogue](super::catalogue()) lists the names with their parameters. A wrapper stands once in a stage, and
/// so does one of the quality modes.
///
/// ```
/// use market::auction::Specification;
///
/// for text in [
///     "uniform-mid-truncated",
///     "uniform k=0.25 rounding=half-up",
///     "premium discriminatory k=0.3",
///     "premium quality-separate uniform-mid-rounded then pay-as-bid",
///     "quality-coverage rounds=20 uniform-last-ask",
///     "preferred-partners k=0.5 posted-offers",
///     "negotiation energy_wh=500",
/// ] {
///     let specification: Specification = text.parse()?;
///     assert_eq!(specification.to_string(), text);
/// }
/// assert_eq!("uniform  k=0.50".parse::<Specification>()?.to_string(), "uniform-mid-truncated");
/// # Ok::<(), market::auction::SpecificationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Specification {
    stages: Vec<Stage>,
}

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stage {
    /// What stands before the auction, outermost first.
    pub wrappers: Vec<Wrapper>,
    /// What clears.
    pub auction: Auction,
}

/// What may stand before an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrapper {
    /// [`Premium`].
    Premium,
    /// [`Quality`].
    Quality(QualityMode),
    /// [`QualityCoverage`].
    QualityCoverage {
        /// The most rounds to make; at least 1.
        rounds: u32,
    },
    /// [`PreferredPartners`], at this price between partners.
    PreferredPartners(PriceRule),
}

/// What clears by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Auction {
    /// [`Uniform`].
    Uniform(PriceRule),
    /// [`Discriminatory`].
    Discriminatory(PriceRule),
    /// [`MaxVolumePayAsBid`].
    MaxVolumePayAsBid,
    /// [`PostedOffers`].
    PostedOffers,
    /// [`Negotiation`].
    Negotiation(Negotiation),
    /// [`Admm`].
    Admm(Admm),
}

/// Why a text specifies no mechanism.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the words in the message of each case")]
pub enum SpecificationError {
    /// Nothing, or nothing between two `then`.
    #[error("a mechanism is missing {place}; choose one of {choices}")]
    Missing { place: String, choices: String },
    /// A word that is no name.
    #[error("there is no mechanism {word:?}; choose one of {choices}")]
    Unknown { word: String, choices: String },
    /// A wrapper with nothing to wrap.
    #[error("{wrapper} stands before an auction, and none follows; add one of {choices}")]
    AuctionMissing { wrapper: String, choices: String },
    /// Words behind an auction.
    #[error(
        "{word:?} can not follow the auction {auction}; write `then` between stages, and wrappers before an auction"
    )]
    BehindAuction { word: String, auction: String },
    /// A wrapper that is there already, or a second mode of quality.
    #[error("{word} can not stand in one stage with {other}; leave one of them out, or chain two stages by `then`")]
    Repeated { word: String, other: String },
    /// A parameter with no name before it.
    #[error("the parameter {word:?} belongs to no mechanism; write it behind a name")]
    ParameterFirst { word: String },
    /// A parameter the mechanism does not know, or has already.
    #[error("{name} does not take {word:?} here; it takes {parameters}")]
    ParameterUnknown { name: String, word: String, parameters: String },
    /// A parameter that is not optional.
    #[error("{name} needs {parameter}, such as {example:?}")]
    ParameterMissing { name: String, parameter: &'static str, example: String },
    /// A value that is none.
    #[error("{name} has {key}={value:?}; {key} {reason}")]
    Value { name: String, key: &'static str, value: String, reason: String },
    /// Data that no text can hold.
    #[error(
        "preferred-partners needs to know who names whom; this place knows no preferences, so choose another mechanism"
    )]
    PreferencesMissing,
}

impl Specification {
    /// From stages, unless there are none, a wrapper is given twice in one of them, or rounds are 0.
    ///
    /// # Errors
    /// Those of reading the same from text.
    pub fn new(stages: Vec<Stage>) -> Result<Specification, SpecificationError> {
        // What the text of the stages would say, and no second set of rules.
        Specification { stages }.to_string().parse()
    }

    pub(super) fn of_checked(stages: Vec<Stage>) -> Specification {
        Specification { stages }
    }

    /// The stages; at least one.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Whether [`Specification::build_with`] is needed, because somebody has to say who names whom.
    pub fn needs_preferences(&self) -> bool {
        let mut wrappers = self.stages.iter().flat_map(|stage| &stage.wrappers);
        wrappers.any(|wrapper| matches!(wrapper, Wrapper::PreferredPartners(_)))
    }

    /// The mechanism.
    ///
    /// # Errors
    /// When it needs preferences.
    pub fn build(&self) -> Result<BoxedMechanism, SpecificationError> {
        if self.needs_preferences() {
            return Err(SpecificationError::PreferencesMissing);
        }
        Ok(self.build_with(&Preferences::default()))
    }

    /// The mechanism, with who would rather trade with whom; without meaning if there is no `preferred-partners`.
    pub fn build_with(&self, preferences: &Preferences) -> BoxedMechanism {
        match self.stages.as_slice() {
            [stage] => stage.build(preferences),
            stages => Box::new(Chain::new(stages.iter().map(|stage| stage.build(preferences)).collect())),
        }
    }
}

impl Stage {
    fn build(&self, preferences: &Preferences) -> BoxedMechanism {
        let auction = self.auction.build();
        self.wrappers.iter().rev().fold(auction, |inner, wrapper| wrapper.build(inner, preferences))
    }
}

impl Wrapper {
    fn build(self, inner: BoxedMechanism, preferences: &Preferences) -> BoxedMechanism {
        match self {
            Wrapper::Premium => Box::new(Premium { inner }),
            Wrapper::Quality(mode) => Box::new(Quality { mode, inner }),
            Wrapper::QualityCoverage { rounds } => Box::new(QualityCoverage { rounds, inner }),
            Wrapper::PreferredPartners(rule) => {
                Box::new(PreferredPartners { preferences: preferences.clone(), rule, inner })
            }
        }
    }
}

impl Auction {
    fn build(self) -> BoxedMechanism {
        match self {
            Auction::Uniform(rule) => Box::new(Uniform { rule }),
            Auction::Discriminatory(rule) => Box::new(Discriminatory { rule }),
            Auction::MaxVolumePayAsBid => Box::new(MaxVolumePayAsBid),
            Auction::PostedOffers => Box::new(PostedOffers),
            Auction::Negotiation(negotiation) => Box::new(negotiation),
            Auction::Admm(admm) => Box::new(admm),
        }
    }
}

/// The shortest text that reads back as the same specification: the one its mechanism gives.
impl fmt::Display for Specification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &Chain::new(self.stages.iter().map(|stage| stage.build(&Preferences::default())).collect()).specification(),
        )
    }
}

impl From<Specification> for String {
    fn from(specification: Specification) -> String {
        specification.to_string()
    }
}
