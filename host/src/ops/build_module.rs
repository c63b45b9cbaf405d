//! Builds a module so that it carries its schemas as texts.

use crate::digest::Digest;
use crate::engine::{Engine, LoadError};
use crate::module::{BuildError, BuildRequest, Built, Schemas, build};
use crate::name::ModuleName;

/// Builds a module, and asks it on the way what it accepts.
///
/// A component that cannot be loaded is built all the same: the second value says why nobody can use it.
///
/// # Errors
///
/// The folder is no package, cargo reports errors, or the library is no module.
pub fn build_module(
    engine: &Engine,
    request: &BuildRequest,
) -> Result<(Built, Option<LoadError>), BuildError> {
    let mut refused = None;
    let describe = |name: &str, component: &[u8]| {
        let name = ModuleName::parse(name).ok()?;
        match engine.load(&name, &Digest::of(component), component) {
            Ok(module) => Some(Schemas {
                developer: module.description().developer_schema.to_string(),
                platform: module.description().platform_schema.to_string(),
            }),
            Err(error) => {
                refused = Some(error);
                None
            }
        }
    };
    let built = build(request, describe)?;
    Ok((built, refused))
}
