//! The one macro: a component on WebAssembly, a type check everywhere else.

use crate::module::Module;

/// Makes a component of a type that implements [`Module`].
///
/// Once in a crate, after the implementation. On targets other than WebAssembly it only checks the
/// type, so that the crate remains an ordinary library with ordinary tests.
#[macro_export]
macro_rules! export {
    ($module:ty $(,)?) => {
        const _: () = {
            const _: () = $crate::plumbing::check::<$module>();

            #[cfg(target_family = "wasm")]
            struct Schemas;

            #[cfg(target_family = "wasm")]
            impl $crate::plumbing::Schemas for Schemas {
                const DEVELOPER: ::core::option::Option<&'static str> =
                    ::core::option_env!("KUSION_DEVELOPER_SCHEMA");
                const PLATFORM: ::core::option::Option<&'static str> =
                    ::core::option_env!("KUSION_PLATFORM_SCHEMA");
            }

            #[cfg(target_family = "wasm")]
            type Component = $crate::plumbing::Guest<$module, Schemas>;

            #[cfg(target_family = "wasm")]
            $crate::plumbing::bindings::export_component!(
                Component with_types_in $crate::plumbing::bindings
            );
        };
    };
}

/// Compiles only for a module.
#[doc(hidden)]
pub const fn check<M: Module>() {}
