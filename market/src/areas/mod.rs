//! Areas within areas: orders that found nobody go on to the next level, and pay the grid fees on the way.
//!
//! An [`AreaTree`] nests houses in streets, streets in communes, communes in an island. [`clear_areas`] clears
//! the lowest areas first, each by a mechanism of its own; what is left over crosses the boundary to the parent,
//! where a bid is lowered and an offer raised by the fees of the [`Fee`]s crossed. A trade maps back: the seller
//! receives the price of the level less the fees on its path, the buyer pays that price plus the fees on its own.
//! So the buyer pays all fees, seller's revenue plus fees is the buyer's payment to the nano-euro, and nobody
//! trades beyond its original limit.
//!
//! This is the recursive market of Grid Singularity (gsy-e), with three changes: limits are mapped by the exact
//! inverse of the fee, so rounding never breaks them; negative prices are legal; and any mechanism may clear any
//! area.
//!
//! [`clear_with_limits`] clears all areas at once, for the highest welfare within what their boundaries carry; each
//! area has the price that energy is worth there.
//!
//! [`clear_with_pair_fees`] is the other form of grid fees: a matrix of fees per pair of places, of which each side
//! pays half, as OPLEM designed it.

mod clear;
mod error;
mod fee;
mod locational;
mod outcome;
mod pairs;
mod tree;

pub use clear::clear_areas;
pub use error::AreaError;
pub use fee::Fee;
pub use locational::{Capacity, Exchange, LocationalClearing, clear_with_limits};
pub use outcome::{AreaOutcome, AreaTrade, AreasClearing};
pub use pairs::{PairFees, PairTrade, clear_with_pair_fees};
pub use tree::{Area, AreaId, AreaTree, Subsidies};
