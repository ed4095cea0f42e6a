//! The MQTT face of the twin: publishes what assets show, takes what is asked of them, and mirrors the field.
//!
//! - [`Face`] speaks for the twin at a broker, under the topics of [`Settings::root`]: readings as
//!   `{root}/sensors/{asset_type}/{asset_id}/{quantity}`, availability, events, and commands with their results.
//! - [`Mirror`](mirror::Mirror) only listens: what devices in the field publish under the same topics becomes readings.
//!
//! A reading is `{"value":1.234,"unit":"kW","timestamp":"2026-03-02T07:15:00-04:00"}`: always these keys in this order, the
//! value always a number with a decimal point, the timestamp the first instant of the interval in local time. The quantity
//! `state` is a number too: the index of the state in [`AssetState::ALL`](agents::reading::AssetState::ALL), 0 idle,
//! 1 charging, 2 discharging, 3 producing, 4 curtailed, 5 derated, 6 consuming, 7 limited, 8 available, 9 suspended_evse,
//! 10 suspended_ev, 11 parked, 12 driving, 13 faulted.
//!
//! `session` decides what is said and never sees a socket; `io` knows the network and nothing of assets.

mod batch;
mod broker;
mod desk;
mod error;
mod face;
mod io;
pub mod mirror;
mod outbox;
mod payload;
mod series;
mod session;
mod settings;
mod status;
mod topics;

pub use agents::face::Secret;
pub use broker::{Broker, Tls, Version};
pub use error::MqttError;
pub use face::Face;
pub use settings::{Connections, Settings, StoragePower};
pub use status::{Connection, Status};
