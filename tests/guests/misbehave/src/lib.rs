//! A guest for tests: does whatever harm its configuration names.
//!
//! It is written against the bare bindings, because the SDK lets nobody answer wrongly.

#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::allow_attributes_without_reason,
    clippy::semicolon_if_nothing_returned,
    clippy::use_self,
    reason = "generated code, and a guest that breaks rules"
)]

mod allocator;
mod answers;
mod attacks;
mod describe;
mod harm;

wit_bindgen::generate!({ path: "../../../wit", world: "module" });

use exports::kusion::module::generator as wit;

struct Misbehave;

impl wit::Guest for Misbehave {
    fn describe() -> wit::Description {
        describe::description()
    }

    fn generate(request: wit::Request) -> Result<wit::Output, wit::Rejection> {
        // `"do":"<what>"`: reading JSON properly would only make the guest bigger.
        let (_, after) = request.config.split_once("\"do\":\"").unwrap_or_default();
        let what = after.split('"').next().unwrap_or_default();
        harm::harm(what);
        attacks::attack(what, &request).unwrap_or_else(|| answers::answer(what, &request))
    }
}

export!(Misbehave);
