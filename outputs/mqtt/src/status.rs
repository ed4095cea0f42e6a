//! How a connection is, at a glance.

/// How a face is connected, and what it has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// How the connection is; that of the gateway, where assets have connections of their own.
    pub connection: Connection,
    /// The same in words, with what is wrong and the remedy.
    pub text: String,
    /// Messages that the broker has (quality of service 1) or that went out (0).
    pub sent: u64,
    /// Messages that wait, or that the broker has not acknowledged.
    pub queued: u64,
    /// Messages that gave way because the broker was away or slow, or readings because the face was.
    pub dropped: u64,
    /// Values that were not published because they were no newer than what was, or no numbers.
    pub stale: u64,
    /// Messages received on topics of commands.
    pub received: u64,
    /// Those of them that were refused, by the face or by the twin.
    pub refused: u64,
    /// Refusals that nobody was told of: too many at once, or nowhere to answer.
    pub unanswered: u64,
}

/// How a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// It has not been made yet.
    #[default]
    Connecting,
    /// The broker has accepted it.
    Connected,
    /// It is lost or was refused, and is tried again.
    Lost,
    /// It was ended.
    Ended,
}
