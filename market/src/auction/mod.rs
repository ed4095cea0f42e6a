//! Call auctions of one delivery slot: every mechanism one file, all of them chosen by one line of text.
//!
//! Auctions clear a book by themselves ([`Uniform`], [`Discriminatory`], [`MaxVolumePayAsBid`], [`PostedOffers`]), and so do
//! pairs of orders that come to terms ([`Negotiation`], [`Admm`]).
//! Wrappers stand before one and change what it sees ([`Premium`], [`Quality`], [`QualityCoverage`],
//! [`PreferredPartners`]), and a [`Chain`] holds one after the other. All are a [`Mechanism`](crate::Mechanism);
//! [`Specification`] is the text that puts them together, and [`catalogue`] the table of what there is.

mod admm;
mod catalogue;
mod chain;
mod coverage;
mod discriminatory;
mod max_volume;
mod merit_order;
mod negotiation;
mod parse;
mod posted_offers;
mod preferred_partners;
mod premium;
mod price_rule;
mod quality;
mod registry;
mod specification;
mod surplus;
mod uniform;

pub use admm::Admm;
pub use catalogue::{Documentation, Kind, catalogue, catalogue_table};
pub use chain::Chain;
pub use coverage::QualityCoverage;
pub use discriminatory::Discriminatory;
pub use max_volume::MaxVolumePayAsBid;
pub use merit_order::{Slice, Slices, slices};
pub use negotiation::Negotiation;
pub use posted_offers::PostedOffers;
pub use preferred_partners::{Preferences, PreferredPartners};
pub use premium::Premium;
pub use price_rule::{GapShare, NotARounding, NotAShare, PriceRule, Rounding};
pub use quality::{Quality, QualityMode};
pub use registry::{mechanism, mechanism_names, mechanism_with};
pub use specification::{Auction, BoxedMechanism, Specification, SpecificationError, Stage, Wrapper};
pub use uniform::Uniform;

#[cfg(test)]
mod testing;
