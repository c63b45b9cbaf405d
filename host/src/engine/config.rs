//! The engine's configuration: what decides whether two machines compute the same thing.

use wasmtime::{Config, OptLevel, Strategy};

/// Bytes of native stack that a guest may use.
const STACK: usize = 1 << 20;

/// Returns the one configuration under which modules are compiled and run.
///
/// Fuel is the same number on every machine only under the same compiler strategy and metering, so
/// nothing here depends on the machine or on settings.
pub(super) fn engine() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(STACK)
        // A third of the compiled code, which each load reads and hashes. They serve debuggers, and
        // places in a component's bytes that no message shows.
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false);
    config
}
