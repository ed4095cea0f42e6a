//! The frequency of an island while something goes wrong: one bus, whose frequency f follows the swing equation
//!
//! `2 Σ(H·S) df/dt = f0 (Pm − Pe) − D (f − f0)`
//!
//! (Kundur, *Power System Stability and Control*, sections 3.9 and 11.1), with the sum over synchronous units on the grid,
//! Pm what units, batteries, wind and PV give, Pe the load at nominal frequency, and D = load damping · Pe, MW.
//!
//! Between events frequency is quasi-static and nothing runs. An event has steps of its own, 20 ms unless told otherwise, on a grid
//! that begins with it: a tick of any length goes through the same steps, so trajectories are equal to the bit. Each
//! step is one of the classical fourth-order Runge–Kutta method; relays look once per step. When nothing changes any
//! more the event is over; what governors have taken on is then the dispatcher's to set anew (no secondary control here).

mod announce;
mod defence;
mod event;
mod machine;
mod model;
mod operating;
mod relay;
mod swing;
mod trace;

pub use defence::{Defence, Shedding, Trip};
pub use event::{Disturbance, Happening, What};
pub use model::{FrequencyEvent, Settings, Status};
pub use operating::OperatingPoint;
pub use trace::{Sample, Summary};
