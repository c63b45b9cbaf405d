//! The least a host can do: load compiled code that was verified, instantiate, call. What kusion does on
//! top is measured against it.

use std::io::Read as _;
use std::path::Path;

use kusion::engine::Request;
use serde_json::Value;
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};

// The same file, so that the floor runs under the very configuration of the product.
#[path = "../../host/src/engine/config.rs"]
mod config;

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::use_self,
    reason = "generated code"
)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "module",
        additional_derives: [Clone, serde::Serialize, serde::Deserialize],
    });
}

use bindings::exports::kusion::module::generator as wit;
use bindings::kusion::module::log;

/// Fuel of one call, as kusion's default.
const FUEL: u64 = 1_000_000_000;
/// Ticks until a call's deadline. Nothing ticks here: the check is in the code, its thread is not.
const DEADLINE: u64 = 1_000;
const HASH_LENGTH: usize = 32;

/// Anything may go wrong in a bench; whoever runs it reads the message.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A wasmtime engine with kusion's configuration.
pub struct RawEngine(wasmtime::Engine);

/// A request in the form that the guest takes: recorded once, sent as it is.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct RawRequest(wit::Request);

/// A component that can be called without limits, checks and translation.
pub struct RawModule {
    engine: wasmtime::Engine,
    module: bindings::ModulePre<Host>,
}

struct Host;

impl log::Host for Host {
    fn log(&mut self, _level: log::Level, _message: String) {}
}

impl RawEngine {
    /// Makes an engine.
    ///
    /// # Errors
    ///
    /// wasmtime cannot run here.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self(wasmtime::Engine::new(&config::engine())?))
    }

    /// Compiles a component in this process.
    ///
    /// # Errors
    ///
    /// It is invalid.
    pub fn compile(&self, component: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.0.precompile_component(component)?)
    }

    /// Links a component.
    fn link(&self, component: &Component) -> Result<RawModule, Failure> {
        let mut linker = Linker::new(&self.0);
        log::add_to_linker::<_, HasSelf<_>>(&mut linker, |host: &mut Host| host)?;
        let module = bindings::ModulePre::new(linker.instantiate_pre(component)?)?;
        Ok(RawModule { engine: self.0.clone(), module })
    }
}

/// Writes compiled code with its hash at the end.
///
/// # Errors
///
/// The file cannot be written.
pub fn seal(path: &Path, code: &[u8]) -> Result<(), Failure> {
    fs_err::write(path, [code, blake3::hash(code).as_bytes()].concat())?;
    Ok(())
}

/// Loads what [`seal`] wrote: hashes the file, then maps it.
///
/// # Errors
///
/// The hash is wrong, or the code does not fit the engine.
pub fn load_sealed(engine: &RawEngine, path: &Path) -> Result<RawModule, Failure> {
    let mut file = fs_err::File::open(path)?;
    let length = usize::try_from(file.metadata()?.len())?.saturating_sub(HASH_LENGTH);
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 64 << 10];
    let mut left = length;
    while left > 0 {
        let part = buffer.get_mut(..left.min(64 << 10)).unwrap_or_default();
        file.read_exact(part)?;
        hasher.update(part);
        left -= part.len();
    }
    let mut hash = [0; HASH_LENGTH];
    file.read_exact(&mut hash)?;
    if hasher.finalize() != hash {
        return Err(format!("{}: altered", path.display()).into());
    }
    #[expect(unsafe_code, reason = "wasmtime cannot check native code")]
    // SAFETY: this engine configuration's compiler made the file, whose hash is right.
    let component = unsafe { Component::deserialize_file(&engine.0, path)? };
    engine.link(&component)
}

impl RawModule {
    /// Calls the module once in a fresh instance and returns how many resources it gave.
    ///
    /// # Errors
    ///
    /// The guest traps or rejects the request.
    pub fn call(&self, request: &RawRequest) -> Result<usize, Failure> {
        let mut store = Store::new(&self.engine, Host);
        store.set_epoch_deadline(DEADLINE);
        store.set_fuel(FUEL)?;
        let guest = self.module.instantiate(&mut store)?;
        let answer = guest.kusion_module_generator().call_generate(&mut store, &request.0)?;
        answer.map(|output| output.resources.len()).map_err(|_| "the module rejects".into())
    }
}

impl RawRequest {
    /// Records a request.
    pub fn new(request: &Request) -> Self {
        let scope = &request.scope;
        let pairs = |map: &std::collections::BTreeMap<String, String>| {
            map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let text = Value::to_string;
        Self(wit::Request {
            scope: wit::Scope {
                project: scope.project.clone(),
                stack: scope.stack.clone(),
                workspace: scope.workspace.clone(),
                app: scope.app.clone(),
                namespace: scope.namespace.clone(),
            },
            accessory: request.accessory.clone(),
            labels: pairs(&request.labels),
            annotations: pairs(&request.annotations),
            config: text(&request.config),
            platform: text(&request.platform),
            workload: text(&request.workload),
            context: text(&request.context),
            inputs: Vec::new(),
            extensions: Value::Object(request.extensions.clone()).to_string(),
        })
    }

    /// Returns the request for another app.
    #[must_use]
    pub fn for_app(&self, app: &str) -> Self {
        let mut request = self.clone();
        app.clone_into(&mut request.0.scope.app);
        request
    }
}
