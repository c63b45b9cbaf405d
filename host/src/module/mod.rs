//! From what a workspace says about a module to verified bytes.

mod build;
pub mod bundle;
mod error;
mod fetch;
mod fetch_error;
mod location;
mod lock;
mod lock_file;
mod notes;
pub mod registry;
mod resolver;
mod signed;
pub mod signing;
pub mod verify;

pub use build::{BuildRequest, Built, Language, Schemas, Tools, build};
pub use error::{BuildError, ModuleError};
pub use fetch::{FetchedModule, Fetcher, Pinning, WantedModule};
pub use fetch_error::FetchError;
pub use location::ModuleLocation;
pub use lock::{LOCK_FILE, Lock, LockError, Pin};
pub use lock_file::LockFile;
pub use resolver::{ResolvedModule, Resolver};
