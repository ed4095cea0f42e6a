//! Networks written by other programs.
