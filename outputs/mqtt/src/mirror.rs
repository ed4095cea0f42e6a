//! Listens to devices in the field that publish under the twin's topics. It never publishes anything and has no will.

mod decode;
mod thread;

pub use decode::Counts;
pub use thread::{Mirror, MirrorStatus};
