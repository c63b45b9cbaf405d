//! From what a workspace says about a module to verified bytes.

mod build;
mod error;
mod location;
mod lock;
pub mod registry;
mod resolver;

pub use build::{BuildRequest, Built, Schemas, build};
pub use error::{BuildError, ModuleError};
pub use location::ModuleLocation;
pub use lock::{LOCK_FILE, Lock, LockError, Pin};
pub use resolver::{ResolvedModule, Resolver};
