//! Golden folders.
