//! Reserve up and down: capacity tenders and the activation of what was accepted.
