//! Areas within areas: orders that found nobody go on to the next level, and pay the grid fees on the way.
