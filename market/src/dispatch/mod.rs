//! Central dispatch of a community: one balance per step, limits of the network, prices from duals.
//!
//! A [`Community`] is what is known beforehand: loads, PV, storages, grid prices and the limits of connections, feeders and
//! the community as a whole. [`dispatch`] finds the schedule of least cost for all together, one linear problem over the
//! whole horizon, and the price of energy at every place and step that comes with it: the dual of the balance there.
//! Without a binding limit all members see one price; behind a binding one they see another (locational prices), and
//! [`settle`] shows where the difference goes.
//!
//! Powers are kW and consumption-positive, constant within a step; energies are kWh; prices are EUR/kWh as floats, since
//! they enter an optimiser. Money is rounded once, in [`settle`].

mod community;
mod exclusion;
mod formulation;
mod reach;
mod schedule;
mod settlement;
mod storage;

pub use community::{Community, DispatchError, Group, Limits, Member, Profile, Storage};
pub use formulation::{dispatch, formulate};
pub use schedule::{Dispatch, MemberSchedule, StorageSchedule};
pub use settlement::{Account, Settlement, settle};

pub(crate) use storage::Balance;
