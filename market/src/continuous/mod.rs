//! The continuous limit-order book: price-time priority, cancel and replace, trade at the resting order's price.
