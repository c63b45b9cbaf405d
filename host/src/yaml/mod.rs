//! YAML in and out: the only room that knows the format.
//!
//! Users' files are read with [`read()`], which keeps the place of every part and refuses what YAML readers
//! disagree on. Our own records are read with [`parse_value`] and written with [`to_string`]; a string
//! comes back as it went in, also through a YAML 1.1 reader.

mod error;
mod read;
mod scalar;
mod syntax;
mod write;

pub use error::YamlError;
pub use read::{MAX_BYTES, MAX_DEPTH, parse_value, read};
pub use write::{YamlWriteError, canonical, to_string};
