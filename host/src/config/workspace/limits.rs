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
    /// Seconds of compiling one module.
    #[serde(default, rename = "compileSeconds")]
    pub compile_seconds: Option<NonZeroU64>,
    /// Mebibytes of memory of compiling one module.
    #[serde(default, rename = "compileMemoryMiB")]
    pub compile_memory_mib: Option<NonZeroU64>,
}
