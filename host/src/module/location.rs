//! Where a workspace says that a module is.

use std::fmt;
use std::path::PathBuf;

/// Where a module is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleLocation {
    /// In the catalog beside the executable, under the module's name.
    Catalog,
    /// A component on disk, or a folder that holds one.
    Path(PathBuf),
    /// In a registry: what stands after `oci://`.
    Registry(String),
}

impl fmt::Display for ModuleLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => f.write_str("bundled catalog"),
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Registry(reference) => write!(f, "oci://{reference}"),
        }
    }
}
