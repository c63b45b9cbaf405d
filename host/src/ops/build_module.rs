//! Builds a module so that it carries its schemas as texts.

use crate::config::{Schema, SchemaError};
use crate::diagnostic::{Diagnose, Kind};
use crate::digest::Digest;
use crate::engine::{Description, Engine, LoadError, Module, Surface};
use crate::module::{BuildError, BuildRequest, Built, Schemas, build};
use crate::name::ModuleName;

/// Why nobody can use a module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableModule {
    /// It does not load under the limits of the engine.
    #[error("it does not load")]
    Load {
        /// Why not.
        source: Box<LoadError>,
    },
    /// One of its schemas is none.
    #[error("its {whose} schema cannot be used")]
    Schema {
        /// `developer` or `platform`.
        whose: &'static str,
        /// Why not.
        source: SchemaError,
    },
    /// It calls itself something else than its package does.
    #[error("its package has the {what} `{package}` and it says `{described}`")]
    Differs {
        /// `name` or `version`.
        what: &'static str,
        /// What its package says.
        package: String,
        /// What it says.
        described: String,
    },
}

impl Diagnose for UnusableModule {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Load { source } => source.hints(),
            Self::Schema { .. } => Vec::new(),
            Self::Differs { what, .. } => {
                vec![format!(
                    "give it one {what}: a workspace finds a module by its name, a registry by both"
                )]
            }
        }
    }
}

/// What was built, and what is known about it.
#[derive(Debug)]
pub struct BuiltModule {
    /// The component and where it lies.
    pub built: Built,
    /// Its digest.
    pub digest: Digest,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    /// Why it cannot be used, if it cannot.
    pub unusable: Option<UnusableModule>,
}

/// Builds a module, and asks it on the way what it accepts.
///
/// One that cannot be used is built all the same; the result says why it cannot.
///
/// # Errors
///
/// The folder is no package, a tool reports errors, or the package is no module.
pub fn build_module(engine: &Engine, request: &BuildRequest) -> Result<BuiltModule, BuildError> {
    let mut answer = None;
    let ask = |name: &str, component: &[u8]| {
        let name = ModuleName::parse(name).ok()?;
        let description = describe(engine, &name, component);
        let schemas = description.as_ref().ok().map(|description| Schemas {
            developer: description.developer_schema.to_string(),
            platform: description.platform_schema.to_string(),
        });
        answer = Some(description);
        schemas
    };
    let built = build(request, ask)?;
    let unusable = match answer {
        Some(Ok(description)) => difference(&built, &description),
        Some(Err(error)) => Some(error),
        None => None,
    };
    let digest = Digest::of(&built.component);
    let Surface { imports, .. } = Surface::of(&built.component);
    Ok(BuiltModule { built, digest, imports, unusable })
}

fn difference(built: &Built, description: &Description) -> Option<UnusableModule> {
    let version = built.version.as_ref().unwrap_or(&description.version);
    let pairs =
        [("name", &built.name, &description.name), ("version", version, &description.version)];
    let (what, package, described) = pairs.into_iter().find(|(_, a, b)| a != b)?;
    Some(UnusableModule::Differs { what, package: package.clone(), described: described.clone() })
}

fn describe(
    engine: &Engine,
    name: &ModuleName,
    component: &[u8],
) -> Result<Description, UnusableModule> {
    let UsableModule { module, .. } = UsableModule::load(engine, name, component)?;
    Ok(module.description().clone())
}

/// A module whose schemas can be used.
pub(super) struct UsableModule {
    pub(super) module: Module,
    pub(super) developer: Schema,
    pub(super) platform: Schema,
}

impl UsableModule {
    pub(super) fn load(
        engine: &Engine,
        name: &ModuleName,
        component: &[u8],
    ) -> Result<Self, UnusableModule> {
        let module = engine
            .load(name, &Digest::of(component), component)
            .map_err(|source| UnusableModule::Load { source: Box::new(source) })?;
        let compile = |whose, schema| {
            Schema::compile(schema).map_err(|source| UnusableModule::Schema { whose, source })
        };
        let developer = compile("developer", &module.description().developer_schema)?;
        let platform = compile("platform", &module.description().platform_schema)?;
        Ok(Self { module, developer, platform })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;
    use crate::module::Language;

    fn built(name: &str, version: Option<&str>) -> Built {
        Built {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            language: Language::Go,
            path: PathBuf::from("dist/module.wasm"),
            component: Vec::new(),
        }
    }

    fn described(name: &str, version: &str) -> Description {
        Description {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: "accessory".to_owned(),
            summary: String::new(),
            context_keys: Vec::new(),
            developer_schema: json!({}),
            platform_schema: json!({}),
            resource_types: Vec::new(),
            wants_workload_resource: false,
        }
    }

    fn said(built: &Built, description: &Description) -> Option<String> {
        difference(built, description).map(|unusable| unusable.to_string())
    }

    #[test]
    fn a_module_is_called_like_its_package() {
        let package = built("cache", Some("0.1.0"));
        assert_eq!(said(&package, &described("cache", "0.1.0")), None);
        let other_name = said(&package, &described("store", "0.2.0"));
        assert_eq!(
            other_name.as_deref(),
            Some("its package has the name `cache` and it says `store`")
        );
        let other_version = said(&package, &described("cache", "0.2.0"));
        assert_eq!(
            other_version.as_deref(),
            Some("its package has the version `0.1.0` and it says `0.2.0`")
        );
    }

    #[test]
    fn a_package_without_a_version_leaves_it_to_the_module() {
        assert_eq!(said(&built("cache", None), &described("cache", "0.2.0")), None);
    }
}
