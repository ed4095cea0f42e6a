//! Why a snapshot can not be read or restored.

use super::VERSION;
use agents::{Kind, Time};

/// Why a snapshot can not be read, moved onto another plan, or restored.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It was written by another version.
    #[error(
        "the snapshot has version {version}, this program reads version {VERSION}: restore it with the program that wrote it"
    )]
    Version {
        /// What the snapshot says.
        version: u32,
    },
    /// It is no snapshot, or a damaged one.
    #[error("the snapshot can not be read: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// The plan does not run at its instant.
    #[error(
        "the snapshot is of {time}, but the run lasts from {start} until before {end}: restore it into a run that goes on after it"
    )]
    OutsideTheRun {
        /// Instant of the snapshot.
        time: Time,
        /// First instant of the plan.
        start: Time,
        /// First instant after the plan.
        end: Time,
    },
    /// A participant, site or portfolio that was not there.
    #[error(
        "the scenario has the {what} `{name}`, the snapshot does not: a restored run keeps participants, sites and portfolios"
    )]
    Missing {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A participant, site or portfolio that is there no more.
    #[error(
        "the snapshot has the {what} `{name}`, the scenario does not: a restored run keeps participants, sites and portfolios"
    )]
    Extra {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A participant became something else.
    #[error(
        "`{id}` is of kind {in_snapshot} in the snapshot and of kind {in_plan} in the scenario: give one of them another name"
    )]
    OtherKind {
        /// String id of the participant.
        id: String,
        /// What it is in the plan.
        in_plan: Kind,
        /// What it was.
        in_snapshot: Kind,
    },
    /// A store holds more than the plan has room for.
    #[error(
        "`{asset}` holds {stored_kwh:.3} kWh, but may hold {most_kwh:.3} kWh at most: give it more capacity, or fork before it is as full"
    )]
    Overfull {
        /// String id of the battery or vehicle.
        asset: String,
        /// Energy it holds.
        stored_kwh: f64,
        /// Most energy it may hold in the plan.
        most_kwh: f64,
    },
    /// An input that no tick had taken is for nobody.
    #[error("the snapshot holds an input for {tick} that can not be taken: {reason}")]
    Input {
        /// Tick that is to take it.
        tick: Time,
        /// What is wrong.
        reason: String,
    },
    /// A core that was saved does not fit into the changed plan.
    #[error("the core of `{id}` can not be brought into the changed scenario: {source}")]
    Core {
        /// String id of the participant.
        id: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A body that was saved is none of this participant, or says what can not be.
    #[error("the body of `{id}` does not fit: {reason}")]
    Body {
        /// String id of the participant.
        id: String,
        /// What is wrong.
        reason: &'static str,
    },
}
