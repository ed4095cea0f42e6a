//! Bilateral trade: negotiation by price adjustment, and the alternating direction method of multipliers (ADMM).
