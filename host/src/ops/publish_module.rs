//! From a module to what is published of it: the same bytes for the same module.

use std::collections::BTreeMap;

use bytes::Bytes;
use semver::Version;

use crate::diagnostic::{Diagnose, Kind, Problem};
use crate::engine::{Description, Engine, LoadError, Surface};
use crate::module::registry::{
    Artifact, Contents, RegistryError, Repository, RepositoryError, StoreError,
};
use crate::module::signing::SignError;
use crate::module::{FetchError, ResolvedModule};
use crate::name::ModuleName;
use crate::ops::compatibility::{Break, Promise, next_breaking};

/// The interface that modules export; with its version it tells for which world a module is made.
const INTERFACE: &str = "kusion:module/generator@";
const WORLD: &str = "kusion:module/module@";
/// The keys of what is said about every module.
const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const DESCRIPTION: &str = "org.opencontainers.image.description";
pub(super) const KIND: &str = "io.kusion.module.kind";
pub(super) const DEVELOPER: &str = "io.kusion.module.developer-schema";
pub(super) const PLATFORM: &str = "io.kusion.module.platform-schema";
pub(super) const RESOURCE_TYPES: &str = "io.kusion.module.resource-types";
const OURS: [&str; 7] = [TITLE, VERSION, DESCRIPTION, KIND, DEVELOPER, PLATFORM, RESOURCE_TYPES];

/// What an author can write into a component, and the keys of what is said in its place.
const NOTED: [(&str, &str); 5] = [
    ("authors", "org.opencontainers.image.authors"),
    ("homepage", "org.opencontainers.image.url"),
    ("licenses", "org.opencontainers.image.licenses"),
    ("revision", "org.opencontainers.image.revision"),
    ("source", "org.opencontainers.image.source"),
];

/// What is published of a module, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// Its name.
    pub module: ModuleName,
    /// Where its versions lie.
    pub repository: Repository,
    /// Its version.
    pub version: Version,
    /// What is said about it.
    pub artifact: Artifact,
    /// The component.
    pub component: Bytes,
    /// What it promises to those who use it.
    pub promise: Promise,
}

impl Promise {
    /// Reads what a module promises from what it says about itself and what it exports.
    pub(super) fn of(description: &Description, surface: &Surface) -> Self {
        Self {
            kind: description.kind.clone(),
            exports: surface.exports.clone(),
            resource_types: Some(description.resource_types.clone()),
            developer_schema: description.developer_schema.clone(),
            platform_schema: description.platform_schema.clone(),
        }
    }
}

/// Why a module cannot be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It does not load.
    #[error(transparent)]
    Load(Box<LoadError>),
    /// Its name, or where it shall lie, is no name for registries.
    #[error(transparent)]
    Repository(RepositoryError),
    /// Its version is none.
    #[error("module `{module}` says that its version is `{version}`, which is no version")]
    Version {
        /// The module.
        module: String,
        /// What it says.
        version: String,
    },
    /// What is to be said about it is said by the module itself.
    #[error("the annotation `{key}` is written by kusion itself")]
    Annotation {
        /// The annotation.
        key: String,
    },
    /// Its version number says that it is compatible with a published one, and it is not.
    #[error("module `{module}` breaks what its version number promises")]
    Breaking {
        /// The module.
        module: ModuleName,
        /// Everything that is broken.
        problems: Vec<Problem>,
    },
    /// A published version does not say what it promises, and does not load.
    #[error("cannot tell what {what} promises")]
    Unknown {
        /// The version, with where it lies.
        what: String,
        /// Why it does not load.
        source: Box<LoadError>,
    },
    /// A published version does not say what it promises, and cannot be had or trusted.
    #[error("cannot tell what {what} promises")]
    Fetch {
        /// The version, with where it lies.
        what: String,
        /// Why not.
        source: Box<FetchError>,
    },
    /// The registry cannot be asked, or does not take it.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// What was fetched cannot be kept or read.
    #[error(transparent)]
    Store(StoreError),
    /// It is published, and cannot be signed.
    #[error(transparent)]
    Sign(SignError),
    /// What is said about it has no JSON form.
    #[error("module `{module}` cannot be described")]
    Write {
        /// The module.
        module: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// What publishes a version that breaks a promise all the same.
const OVERRIDE: &str = "`--allow-breaking`";

impl PublishError {
    /// Says what `new` breaks of what `old` promises; one of them is to be published.
    pub(super) fn breaking(
        publication: &Publication,
        (old, new): (&Version, &Version),
        broken: &[Break],
    ) -> Self {
        let Publication { module, version, .. } = publication;
        let hint = if new == version {
            let next = next_breaking(old);
            format!("raise its version to {next}, or publish it with {OVERRIDE}")
        } else {
            format!("{new} is published and lacks it: leave it out, or publish it with {OVERRIDE}")
        };
        let problem = |broken: &Break| {
            Problem::new(format!("module `{module}` {new} is not compatible with {old}: {broken}"))
        };
        let mut problems: Vec<Problem> = broken.iter().map(problem).collect();
        if let Some(last) = problems.last_mut() {
            last.hints.push(hint);
        }
        Self::Breaking { module: module.clone(), problems }
    }
}

impl Diagnose for PublishError {
    fn kind(&self) -> Kind {
        match self {
            Self::Load(error) => error.kind(),
            Self::Registry(error) => error.kind(),
            Self::Fetch { source, .. } => source.kind(),
            Self::Sign(error) => error.kind(),
            Self::Store(_) => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Breaking { problems, .. } => problems,
            _ => &[],
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Load(error) => error.hints(),
            Self::Registry(error) => error.hints(),
            Self::Sign(error) => error.hints(),
            Self::Fetch { source, .. } => {
                let mut hints = source.hints();
                hints.push(format!("to publish it whatever that version promises, add {OVERRIDE}"));
                hints
            }
            Self::Unknown { .. } => vec![format!("publish it with {OVERRIDE}")],
            Self::Version { .. } => vec!["write one with three numbers, as in `0.2.0`".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// Makes what is published of a module below a namespace, such as `oci://registry.example.com/team`. `annotations` are
/// said about it beside what it says itself.
///
/// # Errors
///
/// It does not load, or its name or version cannot be published.
pub fn publish_module(
    engine: &Engine,
    module: &ResolvedModule,
    namespace: &str,
    annotations: &BTreeMap<String, String>,
) -> Result<Publication, PublishError> {
    if let Some(key) = annotations.keys().find(|key| OURS.contains(&key.as_str())) {
        return Err(PublishError::Annotation { key: key.clone() });
    }
    let loaded = engine
        .load(&module.name, &module.digest, &module.bytes)
        .map_err(|error| PublishError::Load(Box::new(error)))?;
    let description = loaded.description();
    let name = description.name.clone();
    let repository: Repository = format!("{}/{name}", namespace.trim_end_matches('/'))
        .parse()
        .map_err(PublishError::Repository)?;
    let version = Version::parse(&description.version).map_err(|_| PublishError::Version {
        module: name.clone(),
        version: description.version.clone(),
    })?;
    let surface = Surface::of(&module.bytes);
    let promise = Promise::of(description, &surface);
    let Surface { imports, exports, notes } = surface;
    let target = exports.iter().find_map(|export| export.strip_prefix(INTERFACE));
    // What is said on the command line is said later than what was written into the component.
    let noted = NOTED.iter().filter_map(|(note, key)| Some(((*key).to_owned(), notes.get(*note)?)));
    let mut all: BTreeMap<String, String> = noted.map(|(key, text)| (key, text.clone())).collect();
    all.extend(annotations.clone());
    let mut annotations = all;
    annotations.extend(
        [
            (TITLE, name.clone()),
            (VERSION, version.to_string()),
            (DESCRIPTION, description.summary.clone()),
            (KIND, description.kind.clone()),
            (DEVELOPER, description.developer_schema.to_string()),
            (PLATFORM, description.platform_schema.to_string()),
            (
                RESOURCE_TYPES,
                serde_json::Value::from(description.resource_types.clone()).to_string(),
            ),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    let contents = Contents {
        target: target.map(|version| format!("{WORLD}{version}")).unwrap_or_default(),
        exports,
        imports,
        annotations,
        title: format!("{name}.wasm"),
    };
    let artifact = Artifact::of(&module.bytes, &contents)
        .map_err(|source| PublishError::Write { module: name, source })?;
    let (module, component) = (module.name.clone(), module.bytes.clone());
    Ok(Publication { module, repository, version, artifact, component, promise })
}
