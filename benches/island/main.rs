//! What the power system of an island costs.
fn main() {}
