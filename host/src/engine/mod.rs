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
mod confine;
mod error;
mod inspect;
mod limits;
#[cfg(test)]
mod properties;
mod request;
mod sandbox;
mod stderr;

pub use compile::Compiler;
pub use confine::{CompileBounds, CompileOutcome, compile_child};
pub use error::{CallError, CallLimit, CompileLimit, LoadError};
pub use inspect::{INTERFACE_VERSION, Surface};
pub use limits::Limits;
pub use request::{
    Description, Generated, Input, Level, LogLine, Need, RejectedPlace, Rejection, Request, Scope,
    Usage,
};

use cache::{CodeCache, Entry, Facts, Untrusted};
use call::Guest;
use sandbox::Sandbox;

/// How often the epoch advances: the precision of a call's deadline.
const TICK: Duration = Duration::from_millis(10);

/// To be raised when entries of the cache look different, or when a component that passed inspection
/// before might not pass any more.
const ENTRY_FORMAT: u32 = 3;

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
        let mut kept = self.kept(digest)?;
        let known = kept.as_mut().and_then(Entry::take_facts);
        let known = known.filter(|facts| self.vouches(facts, component));
        let needs_wasi = match &known {
            Some(facts) => facts.needs_wasi,
            None => inspect::inspect(name, component, &self.limits)?.needs_wasi,
        };
        let mapped = kept.and_then(|entry| self.map(entry));
        let invalid = |error: wasmtime::Error| LoadError::Invalid {
            module: name.clone(),
            source: error.into(),
        };
        let (compiled, new) = match mapped {
            Some(compiled) => (compiled, None),
            None => {
                let code = self.compiler.compile(name, &self.engine, component, &self.limits)?;
                (self.deserialize(&code).map_err(invalid)?, Some(code))
            }
        };
        tracing::Span::current().record("compiled", new.is_some());
        let guest = self.link(name, &compiled, needs_wasi).map_err(invalid)?;
        let description = match known {
            Some(facts) => Ok(facts.description),
            None => guest.describe(),
        };
        if let Some(code) = new {
            self.keep(digest, &code, needs_wasi, description.as_ref().ok())?;
        }
        Ok(Module { digest: *digest, guest, description: description? })
    }

    /// Whether facts hold under the limits of this engine, which may be narrower than when they were found.
    fn vouches(&self, facts: &Facts, component: &[u8]) -> bool {
        component.len() <= self.limits.component_size
            && facts.expanded_instances <= self.limits.expanded_instances
    }

    fn kept(&self, digest: &Digest) -> Result<Option<Entry>, LoadError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        cache.read(digest).map_err(|Untrusted(path)| LoadError::UntrustedCache { path })
    }

    fn keep(
        &self,
        digest: &Digest,
        code: &[u8],
        needs_wasi: bool,
        description: Option<&Description>,
    ) -> Result<(), LoadError> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let facts = description.map(|description| Facts {
            expanded_instances: self.limits.expanded_instances,
            needs_wasi,
            description: description.clone(),
        });
        cache
            .write(digest, code, facts.as_ref())
            .map_err(|Untrusted(path)| LoadError::UntrustedCache { path })
    }

    fn link(
        &self,
        name: &ModuleName,
        compiled: &Component,
        needs_wasi: bool,
    ) -> wasmtime::Result<Guest> {
        let mut linker = Linker::new(&self.engine);
        bindings::log::add_to_linker::<_, HasSelf<_>>(&mut linker, |sandbox: &mut Sandbox| {
            sandbox
        })?;
        if needs_wasi {
            sandbox::add_wasi_to_linker(&mut linker)?;
        }
        let instance = bindings::ModulePre::new(linker.instantiate_pre(compiled)?)?;
        let (engine, limits) = (self.engine.clone(), self.limits.clone());
        Ok(Guest::new(name.clone(), engine, limits, needs_wasi, instance))
    }

    /// Loads code as it lies in its file. Where that cannot be done, on a disk from which nothing may be
    /// executed for example, it is copied.
    fn map(&self, entry: Entry) -> Option<Component> {
        #[expect(unsafe_code, reason = "wasmtime cannot check native code")]
        // SAFETY: this engine configuration's own compiler made the code, and the cache has verified the
        // hash of this very file, into which nobody writes.
        let mapped = unsafe { Component::deserialize_file(&self.engine, entry.path()) };
        mapped.ok().or_else(|| self.deserialize(&entry.code()?).ok())
    }

    fn deserialize(&self, code: &[u8]) -> wasmtime::Result<Component> {
        #[expect(unsafe_code, reason = "wasmtime cannot check native code")]
        // SAFETY: `code` was made by this engine configuration's own compiler, in this process, in its
        // child, or earlier; in the last case the cache has verified its hash.
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

/// Returns a name for everything that decides what an entry of the cache looks like.
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
    // What is kept beside the code follows from kusion's own rules.
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    ENTRY_FORMAT.hash(&mut hasher);
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
