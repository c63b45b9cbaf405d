//! Verified bytes and a request in, resources out. The only place that knows wasmtime.
//!
//! [`Engine::load`] turns a component into a [`Module`]: checked, compiled once per digest, linked. A
//! [`Module`] answers any number of requests from any number of threads; every call gets a fresh
//! instance, so nothing that one call leaves behind can reach the next.

use std::path::PathBuf;
use std::time::Duration;

use wasmtime::component::{Component, HasSelf, Linker};

use crate::digest::Digest;
use crate::name::ModuleName;

mod bindings;
mod cache;
mod call;
mod compile;
mod config;
mod error;
mod inspect;
mod limits;
mod request;
mod sandbox;
mod stderr;

pub use compile::{CompileOutcome, Compiler, compile_child};
pub use error::{CallError, CallLimit, CompileLimit, LoadError};
pub use inspect::INTERFACE_VERSION;
pub use limits::Limits;
pub use request::{
    Description, Generated, Input, Level, LogLine, Need, RejectedPlace, Rejection, Request, Scope,
    Usage,
};

use cache::{CodeCache, Untrusted};
use call::Guest;
use sandbox::Sandbox;

/// How often the epoch advances: the precision of a call's deadline.
const TICK: Duration = Duration::from_millis(10);

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where compiled code is kept between runs; `None` compiles anew each time.
    pub cache: Option<PathBuf>,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// What modules may use.
    pub limits: Limits,
}

/// Loads modules. One per process is enough.
pub struct Engine {
    engine: wasmtime::Engine,
    cache: Option<CodeCache>,
    compiler: Compiler,
    limits: Limits,
}

impl Engine {
    /// Sets up an engine.
    ///
    /// # Errors
    ///
    /// wasmtime cannot run on this machine.
    #[tracing::instrument(level = "info", name = "set up engine", skip_all)]
    pub fn new(options: Options) -> Result<Self, EngineError> {
        let Options { cache, compiler, limits } = options;
        let engine = wasmtime::Engine::new(&config::engine())
            .map_err(|error| EngineError { source: error.into() })?;
        start_ticker(&engine).map_err(|error| EngineError { source: error.into() })?;
        let cache = cache.map(|root| CodeCache::new(&root, &fingerprint(&engine)));
        Ok(Self { engine, cache, compiler, limits })
    }

    /// Makes a component callable.
    ///
    /// The caller vouches that `digest` is the digest of `component`.
    ///
    /// # Errors
    ///
    /// The bytes are no component of a supported interface version, import what a module may not have,
    /// or cannot be compiled within the limits.
    #[tracing::instrument(
        level = "debug",
        name = "load module",
        skip_all,
        fields(module = %name, bytes = component.len(), compiled)
    )]
    pub fn load(
        &self,
        name: &ModuleName,
        digest: &Digest,
        component: &[u8],
    ) -> Result<Module, LoadError> {
        let inspected = inspect::inspect(name, component, &self.limits)?;
        let invalid = |error: wasmtime::Error| LoadError::Invalid {
            module: name.clone(),
            source: error.into(),
        };
        let compiled = self.compiled(name, digest, component)?;
        let mut linker = Linker::new(&self.engine);
        bindings::log::add_to_linker::<_, HasSelf<_>>(&mut linker, |sandbox: &mut Sandbox| sandbox)
            .map_err(invalid)?;
        if inspected.needs_wasi {
            sandbox::add_wasi_to_linker(&mut linker).map_err(invalid)?;
        }
        let instance = linker.instantiate_pre(&compiled).map_err(invalid)?;
        let instance = bindings::ModulePre::new(instance).map_err(invalid)?;
        let limits = self.limits.clone();
        let guest =
            Guest::new(name.clone(), self.engine.clone(), limits, inspected.needs_wasi, instance);
        let description = guest.describe()?;
        Ok(Module { digest: *digest, guest, description })
    }

    fn compiled(
        &self,
        name: &ModuleName,
        digest: &Digest,
        component: &[u8],
    ) -> Result<Component, LoadError> {
        let untrusted = |Untrusted(path): Untrusted| LoadError::UntrustedCache { path };
        if let Some(cache) = &self.cache
            && let Some(code) = cache.read(digest).map_err(untrusted)?
            && let Ok(compiled) = self.deserialize(&code)
        {
            tracing::Span::current().record("compiled", false);
            return Ok(compiled);
        }
        tracing::Span::current().record("compiled", true);
        let code = self.compiler.compile(name, &self.engine, component, &self.limits)?;
        if let Some(cache) = &self.cache {
            cache.write(digest, &code).map_err(untrusted)?;
        }
        self.deserialize(&code)
            .map_err(|error| LoadError::Invalid { module: name.clone(), source: error.into() })
    }

    fn deserialize(&self, code: &[u8]) -> wasmtime::Result<Component> {
        #[expect(unsafe_code, reason = "wasmtime cannot check native code")]
        // SAFETY: `code` was made by this engine configuration's own compiler, in this process, in its
        // child, or earlier; in the last case the cache has verified the hash of these very bytes.
        unsafe {
            Component::deserialize(&self.engine, code)
        }
    }
}

/// Makes deadlines pass, in a thread that ends with the engine and everything loaded by it.
fn start_ticker(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("kusion-epoch".to_owned()).spawn(tick).map(|_detached| ())
}

/// Says that wasmtime cannot run on this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the WebAssembly engine on this machine")]
pub struct EngineError {
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl crate::diagnostic::Diagnose for EngineError {
    fn kind(&self) -> crate::diagnostic::Kind {
        crate::diagnostic::Kind::Environment
    }
}

/// Returns a name for everything that decides what compiled code looks like.
fn fingerprint(engine: &wasmtime::Engine) -> String {
    use std::hash::{Hash as _, Hasher};

    struct Stable(blake3::Hasher);
    impl Hasher for Stable {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }

    let mut hasher = Stable(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().to_hex().chars().take(32).collect()
}

/// A module, ready to be called.
pub struct Module {
    digest: Digest,
    guest: Guest,
    description: Description,
}

impl Module {
    /// Returns the name under which the workspace lists it.
    pub fn name(&self) -> &ModuleName {
        self.guest.name()
    }

    /// Returns the digest of its component.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns what it says about itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Asks the module for resources.
    ///
    /// The same module, request and host version give the same answer and the same fuel on every
    /// machine.
    ///
    /// # Errors
    ///
    /// The module rejects the request, crashes, passes a limit, or answers wrongly.
    pub fn generate(&self, request: &Request) -> Result<Generated, CallError> {
        self.guest.generate(request)
    }
}
