//! Central dispatch of a community: one balance per step, limits of the network, prices from duals.
