//! OCPP-J, the remote procedure calls under every version: frames, their limits, and what is wrong with them.

mod calls;
mod code;
mod frame;

pub use calls::{Answered, Calls, InFlight};
pub use code::{ErrorCode, Refusal};
pub use frame::{Frame, Limits, NO_ID, encode_call, encode_error, encode_result};
