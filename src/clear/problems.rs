//! Problems of the other forms of market, each told by its content.

use super::node::Node;

/// Whether a document is a problem of another form than books of orders.
pub(crate) fn is_problem(document: &Node) -> bool {
    let _ = document;
    false
}
