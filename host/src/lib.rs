//! Application delivery, extended by WebAssembly modules.
//!
//! A developer describes an app in one file. Modules, which are WebAssembly components, turn the
//! description into resources. This library runs the modules in a sandbox, assembles their answers,
//! shows what would change, changes it, and keeps releases. The command line `kusion` is one user of
//! it; `examples/embed.rs` is another.
//!
//! # The way data flows
//!
//! 1. [`config`] reads what people wrote: a [`Stack`](config::Stack) and a
//!    [`Workspace`](config::Workspace), every value with its place.
//! 2. [`module`] finds the bytes of the modules that the workspace lists.
//! 3. [`engine`] runs them: a [`Request`](engine::Request) in, [`Generated`](engine::Generated) out.
//! 4. [`spec`] assembles what they gave into a [`Spec`](spec::Spec), a graph of resources.
//! 5. [`runtime`] says what is there now, and [`plan`] compares: a [`Plan`](plan::Plan).
//! 6. [`apply`] walks the plan and tells what happens, event by event.
//! 7. [`release`] writes the events into a journal in a [`backend`], and the end into a release.
//!
//! [`ops`] wires these stages together, one file per thing a user can ask for. [`home`] knows the
//! user's folder, and [`secret`] keeps values out of everything above.
//!
//! # Files
//!
//! | file | read and written by |
//! | --- | --- |
//! | `project.yaml`, `stack.yaml`, `app.yaml`, a workspace | [`config`] |
//! | `<catalog>/<name>.wasm`, `kusion.lock`, `content/…` of registries, bundles | [`module`] |
//! | `cache/code/…` compiled modules | [`engine`] |
//! | `workspaces/`, `config.yaml` | [`home`] |
//! | `releases/<project>/<workspace>/<stack>/…` | [`release`] |
//! | `secrets/<project>/<workspace>/<stack>.age`, `key.txt` | [`secret`] |
//! | `<project>/<directory>/<workspace>/<stack>/…` manifests | [`runtime`] |
//!
//! # Rules of the house
//!
//! The library never prints, never reads the environment and never exits. Each error is an enum of its
//! own room; its message says what failed, its source says why, and [`diagnostic::Diagnose`] says whose
//! mistake it is, where, and what to do.
//!
//! Stages are spans of `tracing` at the level of information, their details at that of debugging: names and
//! numbers, never the value of anything a user wrote. Nothing is shown unless the program that embeds the
//! library sets up a subscriber.

pub mod apply;
pub mod backend;
pub mod config;
pub mod diagnostic;
pub mod digest;
pub mod engine;
mod files;
pub mod home;
pub mod http;
pub mod module;
pub mod name;
pub mod ops;
pub mod plan;
pub mod release;
pub mod runtime;
pub mod sample;
pub mod secret;
pub mod source;
pub mod spec;
pub mod yaml;

pub use files::{write_file, write_new};
