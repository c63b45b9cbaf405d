//! Why a module cannot be had from its registry.

use semver::Version;

use crate::diagnostic::{Diagnose, Kind};
use crate::digest::Digest;
use crate::module::registry::{RegistryError, StoreError};
use crate::module::verify::SignatureError;
use crate::module::{Pin, WantedModule};
use crate::name::ModuleName;

/// The most versions that a hint lists.
const MAX_LISTED: usize = 10;

/// Why a module cannot be had from its registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nothing is pinned, and nothing may be.
    #[error("module `{module}` is not in kusion.lock")]
    NotPinned {
        /// The module.
        module: ModuleName,
    },
    /// What is pinned will not do, and may not be moved.
    #[error("{}", outgrown(pinned, wanted))]
    Outgrown {
        /// What is pinned.
        pinned: Box<Pin>,
        /// What the workspace asks for.
        wanted: Box<WantedModule>,
    },
    /// The registry must be asked, and nobody may be.
    #[error("cannot tell without a connection {what} of module `{module}`")]
    Offline {
        /// The module.
        module: ModuleName,
        /// What would be asked.
        what: &'static str,
    },
    /// What is pinned was not fetched yet, and nobody may be asked for it.
    #[error("module `{module}` {version} is not on this machine")]
    NotHere {
        /// The module.
        module: ModuleName,
        /// The version that is pinned.
        version: Version,
    },
    /// What is pinned was changed since it was fetched, and nobody may be asked for it.
    #[error("module `{module}` {version} was changed on this machine: it is not `{digest}`")]
    Changed {
        /// The module.
        module: ModuleName,
        /// The version that is pinned.
        version: Version,
        /// The digest of what was fetched.
        digest: Digest,
    },
    /// What is pinned of the bundled catalog is neither there nor on this machine any more.
    #[error(
        "this kusion does not carry module `{module}` {version} as kusion.lock pins it: `{digest}`"
    )]
    CatalogMoved {
        /// The module.
        module: ModuleName,
        /// The version that is pinned.
        version: Version,
        /// The digest that is pinned.
        digest: Digest,
    },
    /// No version will do.
    #[error("{} has no version of module `{}` that `{}` admits", wanted.repository, wanted.module, wanted.requirement)]
    NoVersion {
        /// What the workspace asks for.
        wanted: Box<WantedModule>,
        /// The versions that there are, sorted.
        available: Vec<Version>,
    },
    /// Behind the version stands something else than was pinned.
    #[error(
        "{} has something else as version {version} of module `{}` than kusion.lock pins: {found} instead of {pinned}",
        wanted.repository, wanted.module
    )]
    Moved {
        /// What the workspace asks for.
        wanted: Box<WantedModule>,
        /// The version.
        version: Version,
        /// The digest of the manifest that is pinned.
        pinned: Digest,
        /// The digest of the manifest that is there.
        found: Digest,
    },
    /// What the lock says does not go together.
    #[error(
        "kusion.lock contradicts itself: the manifest of module `{}` {version} names the component {layer}, and the lock {pinned}",
        wanted.module
    )]
    Contradiction {
        /// What the workspace asks for.
        wanted: Box<WantedModule>,
        /// The version.
        version: Version,
        /// The digest of the component that is pinned.
        pinned: Digest,
        /// The digest of the component that the pinned manifest names.
        layer: Digest,
    },
    /// What was fetched is not there when it is read.
    #[error("module `{module}` was fetched and is broken or gone when it is read")]
    Vanishes {
        /// The module.
        module: ModuleName,
    },
    /// Nobody vouches for it whom the workspace names.
    #[error("module `{}` {version} of {} is not to be trusted", wanted.module, wanted.repository)]
    Signature {
        /// What the workspace asks for.
        wanted: Box<WantedModule>,
        /// The version.
        version: Version,
        /// Why.
        source: Box<SignatureError>,
    },
    /// The registry does not give it.
    #[error("cannot fetch module `{module}`")]
    Registry {
        /// The module.
        module: ModuleName,
        /// Why.
        source: Box<RegistryError>,
    },
    /// It cannot be kept or read.
    #[error("cannot keep module `{module}`")]
    Store {
        /// The module.
        module: ModuleName,
        /// Why.
        source: StoreError,
    },
}

fn outgrown(pinned: &Pin, wanted: &WantedModule) -> String {
    let WantedModule { module, repository, requirement } = wanted;
    let Pin { source, version, .. } = pinned;
    if *source == repository.to_string() {
        return format!(
            "kusion.lock pins module `{module}` to {version}, and the workspace asks for `{requirement}`"
        );
    }
    format!(
        "kusion.lock has module `{module}` from `{source}`, and the workspace from `{repository}`"
    )
}

impl Diagnose for FetchError {
    fn kind(&self) -> Kind {
        match self {
            Self::Registry { source, .. } => source.kind(),
            Self::Signature { source, .. } => source.kind(),
            Self::Store { .. } | Self::Vanishes { .. } => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        let update = |module: &ModuleName| {
            format!("run `kusion mod update {module}`, and commit kusion.lock")
        };
        let hint = match self {
            Self::NotPinned { module } => update(module),
            Self::Outgrown { wanted, .. } => update(&wanted.module),
            Self::CatalogMoved { module, .. } => format!(
                "run `kusion mod update {module}` to use what it carries, or run the kusion that pinned it"
            ),
            Self::Offline { .. } | Self::Changed { .. } => {
                "run `kusion mod pull` where the registry can be reached".to_owned()
            }
            Self::NotHere { .. } => {
                "run `kusion mod pull` where the registry can be reached, or load a bundle from there".to_owned()
            }
            Self::NoVersion { available, .. } if available.is_empty() => {
                "no version is published there".to_owned()
            }
            Self::NoVersion { available, .. } => {
                let newest = available.iter().rev().take(MAX_LISTED).map(Version::to_string);
                format!("the newest versions: {}", newest.collect::<Vec<_>>().join(", "))
            }
            Self::Moved { .. } => {
                "a published version never changes: unless somebody changed kusion.lock, ask its publisher, and choose \
                 another version"
                    .to_owned()
            }
            Self::Contradiction { wanted, .. } => format!(
                "somebody changed kusion.lock by hand: put it back, or run `kusion mod update {}`",
                wanted.module
            ),
            Self::Registry { source, .. } => return source.hints(),
            Self::Signature { source, .. } => return source.hints(),
            Self::Store { source, .. } => return source.hints(),
            Self::Vanishes { .. } => return Vec::new(),
        };
        vec![hint]
    }
}
