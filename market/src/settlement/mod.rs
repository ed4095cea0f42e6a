//! From trades and meters to money that adds up: bills, a double-entry ledger, invoices and contracts.
//!
//! - [`settle`] bills one account for one slot: what was traded as traded, the rest at the retailer's [`Tariff`].
//! - [`settle_slot`] settles a whole slot under [`Terms`] (imbalance scheme, levies, grid fees) into a
//!   [`Ledger`], in which every amount leaves one [`Account`] and reaches another, so that all accounts sum to
//!   zero.
//! - [`close_period`] charges taxes and writes one [`Invoice`] per participant, equal to its ledger to the
//!   nano-euro.
//! - [`InvoiceSums`] make the same invoice without a ledger, for those who keep sums only.
//! - [`contract`] holds the payments of bilateral contracts and support schemes against a reference price.
//!
//! Everything is integer. The only divisions are percentages; each says where it rounds, and
//! [`apportion`] gives away whatever a division leaves over.

pub mod contract;

mod charges;
mod error;
mod imbalance;
mod invoice;
mod ledger;
mod proportion;
mod retail;
mod slot;
mod sums;

pub use charges::{GridFee, Levies, Registers, StandingCharge, Terms};
pub use error::SettlementError;
pub use imbalance::{Imbalance, Tolerance};
pub use invoice::{Direction, Invoice, InvoiceLine, Period, Tax, close_period, invoice};
pub use ledger::{Account, Component, Entry, Ledger};
pub use proportion::{BASIS_POINTS, apportion, basis_points_of};
pub use retail::{Bill, Position, Tariff, settle, try_settle};
pub use slot::{SlotAccount, SlotBill, Traded, bill_slot, bill_slot_into, settle_slot};
pub use sums::{InvoiceSums, TaxedInvoice, TaxedLine};
