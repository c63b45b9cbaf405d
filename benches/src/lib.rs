//! What the bench and its floor share: a bare wasmtime host for kusion modules.

mod raw;

pub use raw::{Failure, RawEngine, RawModule, RawRequest, load_sealed, seal};
