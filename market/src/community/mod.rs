//! Sharing after the fact: the ex-post community price, and coefficients of collective self-consumption.
