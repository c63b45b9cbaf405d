//! Why a bundle cannot be written or read.

use std::io;

use semver::Version;

use crate::diagnostic::{Diagnose, Kind};
use crate::digest::Digest;
use crate::module::LockError;
use crate::module::registry::{LayoutError, StoreError};
use crate::name::ModuleName;

/// Why a bundle cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It cannot be read or written.
    #[error("cannot read or write the bundle")]
    Io {
        /// What the operating system says.
        source: io::Error,
    },
    /// The cache of modules cannot be used.
    #[error(transparent)]
    Store {
        /// Why not.
        source: StoreError,
    },
    /// It is no tar archive, or was damaged.
    #[error("the bundle is damaged at byte {at}: {reason}")]
    Archive {
        /// Where.
        at: u64,
        /// What is wrong.
        reason: String,
    },
    /// The archive is whole, but it is no bundle.
    #[error("the file is no bundle of modules: {reason}")]
    NoBundle {
        /// What is wrong.
        reason: String,
    },
    /// A file of the bundle is not what its name says.
    #[error("`{expected}` in the bundle is not what its digest says: {actual}")]
    WrongBytes {
        /// The digest that names it.
        expected: Digest,
        /// The digest of what is there.
        actual: Digest,
    },
    /// A file of the bundle has another size than its manifest says.
    #[error("`{digest}` in the bundle has {actual} bytes, and its manifest says {size}")]
    Size {
        /// The digest that names it.
        digest: Digest,
        /// The number of bytes that the manifest says.
        size: u64,
        /// The number of bytes that are there.
        actual: u64,
    },
    /// Something that a manifest names is not there.
    #[error("the bundle lacks `{digest}`, which is named in it")]
    Lacks {
        /// The digest.
        digest: Digest,
    },
    /// Something is there that nothing names.
    #[error("the bundle holds `{name}`, which nothing in it names")]
    Unnamed {
        /// The name of the file.
        name: String,
    },
    /// The index is not what it would be for these modules.
    #[error("the index of the bundle was changed: {reason}")]
    Index {
        /// What is wrong.
        reason: String,
    },
    /// The lock in it cannot be read.
    #[error("the lock in the bundle cannot be used")]
    Lock {
        /// Why not.
        source: LockError,
    },
    /// The lock in it does not fit the modules in it.
    #[error("the lock in the bundle says something else about module `{module}` than its manifest")]
    Contradiction {
        /// The module.
        module: ModuleName,
    },
    /// A manifest in it is not that of a module.
    #[error("`{digest}` in the bundle is no module that can be used")]
    Layout {
        /// The digest of the manifest.
        digest: Digest,
        /// Why not.
        source: LayoutError,
    },
    /// Something of a pinned module is not on this machine, or is broken.
    #[error("module `{module}` {version} is not on this machine as a whole")]
    Incomplete {
        /// The module.
        module: ModuleName,
        /// The version that is pinned.
        version: Version,
    },
    /// A module was signed when it was pinned, and its signatures are not on this machine.
    #[error(
        "the signatures of module `{module}` {version}, which {signer} signed, are not on this machine"
    )]
    Unsigned {
        /// The module.
        module: ModuleName,
        /// The version that is pinned.
        version: Version,
        /// Who signed it, as the lock says.
        signer: String,
    },
    /// Nothing is pinned, so there is nothing to carry.
    #[error("kusion.lock pins no module of a registry")]
    Nothing,
}

impl Diagnose for BundleError {
    fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } | Self::Store { .. } => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Incomplete { .. } | Self::Unsigned { .. } => {
                "run it where the registry can be reached"
            }
            Self::Nothing => "run `kusion mod pull`, or `kusion apply`, first",
            Self::Io { .. } | Self::Store { .. } => return Vec::new(),
            Self::NoBundle { .. } => "make one with `kusion mod bundle save`",
            _ => "nothing of it was kept: carry it over again, or make it anew",
        };
        vec![hint.to_owned()]
    }
}
