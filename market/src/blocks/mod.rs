//! Block, linked and exclusive orders over several slots: the welfare optimum at prices that nobody regrets.
//!
//! A [`CoupledBook`] holds one [`Book`](crate::Book) of simple orders for each slot and [`BlockOrder`]s that span
//! several slots. [`couple`] accepts blocks and fills simple orders such that, in this order of importance,
//! welfare is highest, the energy of the accepted blocks is highest, and the ratios of acceptance are the largest
//! in the order in which the blocks were given; among all outcomes that keep these rules:
//!
//! - in each slot the energy bought is the energy sold, and there is one price, a whole number of µ€/kWh;
//! - a simple order is filled when the price is better than its limit, not at all when it is worse, and in any part
//!   at its limit; there, as much trades as possible;
//! - **no accepted block loses money**, be it accepted in part or in full. A block that would gain at the prices and
//!   is rejected all the same is allowed, and reported as [`Verdict::ParadoxicallyRejected`];
//! - a block is accepted at a ratio between its minimum and one, or not at all. Ratios are whole per mille, and of
//!   these only the ones at which every slot of the profile is a whole number of watt-hours: the multiples of
//!   1000 / gcd(1000, Wh of each slot). So nothing is ever rounded. A profile over odd or unequal energies may only be
//!   divisible into few parts, or none. A block accepted in part may gain, since the next larger part may be too much;
//! - a child is accepted at a ratio not above that of any of its parents;
//! - the ratios of an exclusive group add up to one at most.
//!
//! # Linked families
//! As in Euphemia, the algorithm of the European day-ahead coupling (Euphemia Public Description, NEMO Committee,
//! "linked block orders"), a parent may lose money when its children pay for it: each accepted block together with all
//! that descends from it must not lose, while a block without accepted descendants must not lose by itself. A child in
//! loss is never carried by its parent: the parent could do without it, but not the child without its parent.
//!
//! # Method
//! Branch and bound over the ratios, in integers. Given what blocks inject, a slot's simple orders are worth what a
//! prefix sum says, found in O(log n). Any vector of prices gives an upper bound on welfare (Lagrangian duality: each
//! slot and each block responds at its best); good ones come from the relaxation with divisible blocks, which a
//! projected Newton method solves. Good outcomes come from rounding it and from a local search around that. Floats choose
//! *where* to look only: bounds, welfare and the existence of prices are computed in 128-bit integers. The search stops at
//! a number of nodes, and [`Proof`] says how far from the optimum it may then be.

mod book;
mod check;
mod curve;
mod dual;
mod neighbours;
mod order;
mod outcome;
mod problem;
mod relaxation;
mod search;
mod support;

pub use book::{CoupledBook, CoupledBookError, PriceRange};
pub use check::CouplingBroken;
pub use order::{BlockOrder, GroupId};
pub use outcome::{BlockAward, Coupling, Fill, Proof, Verdict, couple};
