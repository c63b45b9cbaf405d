//! The JSON Schema of app.yaml for the modules of a workspace.

use serde_json::Value;

use crate::config::{ModuleKind, ModuleSchema, app_schema};
use crate::name::ModuleName;
use crate::ops::generate::load_one;
use crate::ops::{OpsError, Project, parallel};

/// Returns the JSON Schema (draft 2020-12) that an editor uses for app.yaml.
///
/// # Errors
///
/// A module of the workspace cannot be found or loaded.
pub fn schema(project: &Project<'_>) -> Result<Value, OpsError> {
    let names: Vec<&ModuleName> = project.workspace.module_names().collect();
    let loaded = parallel::map(project.parallelism, &names, |name| load_one(project, name));
    let mut schemas = Vec::with_capacity(names.len());
    for (name, module) in names.into_iter().zip(loaded) {
        let module = module?;
        let description = module.description();
        schemas.push(ModuleSchema {
            name: name.clone(),
            kind: if description.is_workload() {
                ModuleKind::Workload
            } else {
                ModuleKind::Accessory
            },
            summary: Some(description.summary.clone()).filter(|summary| !summary.is_empty()),
            developer: description.developer_schema.clone(),
        });
    }
    Ok(app_schema(&schemas))
}
