//! Electrical networks and power flow: radial, three-phase and meshed, many steps at once.
//!
//! Three steps: describe a [`Network`] (or read one: [`Network::from_json`], [`import`]); make a [`PowerFlow`] of it,
//! which checks it, converts it to per-unit quantities and chooses a [`Method`] by its topology; then
//! [`solve`](PowerFlow::solve) a [`Batch`] of loads, one set per step or scenario, and read a [`Solution`].
//!
//! - Radial networks are solved by **backward/forward sweeps** over eight steps at once.
//! - Meshed ones by **current injection**: the admittance matrix is factorised once, and each iteration is a solve
//!   with known factors, for eight steps at once.
//! - **Newton's method** takes over single steps that these do not bring to an end.
//! - Balanced or by phase: [`Phases`]. Three-phase calculations run in symmetrical components, in which lines and
//!   transformers are diagonal; loads stand between one phase and earth.
//!
//! A step converges when no voltage moves by more than [`Options::tolerance_pu`] in an iteration. A step that does not is
//! marked [`Status::Estimated`] and holds a linear estimate: nobody takes it for a solution by mistake. The same input
//! gives the same bits, whatever the order of elements in the network and of steps in the batch.
//!
//! Signs: loads are positive where they consume, flows where they enter a branch, sources where they give.
//!
//! ```
//! use grid::{Batch, Network, Options, Outputs, Phases, PowerFlow};
//!
//! let text = r#"{
//!     "format": "cariflex-network", "version": 1, "name": "two nodes",
//!     "nodes": [{"id": "a", "u_rated_v": 400}, {"id": "b", "u_rated_v": 400}],
//!     "lines": [{"id": "ab", "from_node": "a", "to_node": "b", "r1_ohm": 0.05, "x1_ohm": 0.02}],
//!     "loads": [{"id": "house", "node": "b", "p_w": 30000, "q_var": 10000}],
//!     "sources": [{"id": "grid", "node": "a", "u_ref_pu": 1.0, "sk_va": 1e12, "rx_ratio": 0.1}]
//! }"#;
//! let network = Network::from_json(text, "two nodes")?;
//! let mut flow = PowerFlow::new(&network, Phases::Balanced)?;
//! // Two steps: as in the file, and with half the active power.
//! let batch = Batch { steps: 2, p_w: &[30_000.0, 15_000.0], q_var: &[10_000.0, 10_000.0], u_ref_pu: None };
//! let solution = flow.solve(&batch, Outputs::VOLTAGES, &Options::default())?;
//!
//! assert!(solution.all_converged());
//! assert!((solution.voltage_pu(0, 1) - 0.98926).abs() < 1e-5);
//! assert!(solution.voltage_pu(1, 1) > solution.voltage_pu(0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod import;
pub mod model;

mod batch;
mod branch;
mod error;
mod flows;
mod groups;
mod measurement;
mod per_unit;
mod power_flow;
mod regulation;
mod solution;
mod solve;
mod switching;

pub use batch::{Batch, Options, Outputs, Phases};
pub use error::GridError;
pub use measurement::Reading;
pub use model::Network;
pub use power_flow::PowerFlow;
pub use regulation::Regulated;
pub use solution::{Extremes, Flow, Solution, Status, Step};
pub use solve::Method;
