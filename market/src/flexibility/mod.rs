//! The network operator's flexibility market: request, offers, order, activation, settlement; and redispatch.
