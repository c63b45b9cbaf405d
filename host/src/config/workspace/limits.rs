//! What a workspace allows its modules to use.

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::Deserialize;

/// Bounds that a workspace sets for its modules; what is absent keeps its default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct ModuleLimits {
    /// Fuel of one call: Wasm instructions, roughly.
    #[serde(default)]
    pub fuel: Option<NonZeroU64>,
    /// Seconds of one call.
    #[serde(default)]
    pub seconds: Option<NonZeroU64>,
    /// Mebibytes of memory of one call.
    #[serde(default, rename = "memoryMiB")]
    pub memory_mib: Option<NonZeroU64>,
    /// Mebibytes that one call may answer.
    #[serde(default, rename = "outputMiB")]
    pub output_mib: Option<NonZeroU64>,
    /// Elements of all tables of one call.
    #[serde(default, rename = "tableElements")]
    pub table_elements: Option<NonZeroU64>,
    /// Core instances, memories and tables of one call, each.
    #[serde(default)]
    pub instances: Option<NonZeroU64>,
    /// WASI handles that one call holds at once.
    #[serde(default)]
    pub handles: Option<NonZeroU64>,
    /// Log lines of one call.
    #[serde(default, rename = "logLines")]
    pub log_lines: Option<NonZeroU64>,
    /// Kibibytes of all log lines of one call.
    #[serde(default, rename = "logKiB")]
    pub log_kib: Option<NonZeroU64>,
    /// Mebibytes of one component.
    #[serde(default, rename = "componentMiB")]
    pub component_mib: Option<NonZeroU64>,
    /// Instances that the nested components of one component come to.
    #[serde(default, rename = "expandedInstances")]
    pub expanded_instances: Option<NonZeroU64>,
    /// Seconds of compiling one module.
    #[serde(default, rename = "compileSeconds")]
    pub compile_seconds: Option<NonZeroU64>,
    /// Mebibytes of memory of compiling one module.
    #[serde(default, rename = "compileMemoryMiB")]
    pub compile_memory_mib: Option<NonZeroU64>,
}
