//! The sockets: everything that knows the library, the network, threads and wall time.

pub(crate) mod backoff;
pub(crate) mod keep;
pub(crate) mod loss;
pub(crate) mod tls;
pub(crate) mod wire;
