//! Builds a module so that it carries its schemas as texts.

use crate::config::{Schema, SchemaError};
use crate::diagnostic::{Diagnose, Kind};
use crate::digest::Digest;
use crate::engine::{Engine, LoadError, Module};
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
}

impl Diagnose for UnusableModule {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Load { source } => source.hints(),
            Self::Schema { .. } => Vec::new(),
        }
    }
}

/// Builds a module, and asks it on the way what it accepts.
///
/// One that cannot be used is built all the same; the second value says why it cannot.
///
/// # Errors
///
/// The folder is no package, cargo reports errors, or the library is no module.
pub fn build_module(
    engine: &Engine,
    request: &BuildRequest,
) -> Result<(Built, Option<UnusableModule>), BuildError> {
    let mut unusable = None;
    let describe = |name: &str, component: &[u8]| {
        let name = ModuleName::parse(name).ok()?;
        match describe(engine, &name, component) {
            Ok(schemas) => Some(schemas),
            Err(error) => {
                unusable = Some(error);
                None
            }
        }
    };
    let built = build(request, describe)?;
    Ok((built, unusable))
}

fn describe(
    engine: &Engine,
    name: &ModuleName,
    component: &[u8],
) -> Result<Schemas, UnusableModule> {
    let UsableModule { module, .. } = UsableModule::load(engine, name, component)?;
    let description = module.description();
    Ok(Schemas {
        developer: description.developer_schema.to_string(),
        platform: description.platform_schema.to_string(),
    })
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
