//! The engine against real guests.
