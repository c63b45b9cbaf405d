//! What a user wrote, with the place of every part of it, so that an error can point there.
//!
//! [`SourceFile`] is a text, [`Location`] a span in it, [`Node`] a value whose parts all know where
//! they were written. Front-ends (YAML today) make nodes; nothing behind `config` knows which one did.

mod file;
mod location;
mod node;
mod pointer;

pub use file::SourceFile;
pub use location::Location;
pub use node::{Content, Entry, Key, Map, Node};
pub use pointer::escape_token;
pub(crate) use pointer::tokens as pointer_tokens;
