//! One linear, quadratic or mixed-integer problem, and the solvers behind one trait.
