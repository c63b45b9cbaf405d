//! One call of a guest: a fresh instance, under limits, and the verdict when it fails.

use std::time::Instant;

use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::engine::bindings::{self, wit};
use crate::engine::sandbox::{Passed, Sandbox};
use crate::engine::{
    CallError, CallLimit, Description, Generated, Limits, LoadError, LogLine, Request, TICK, Usage,
};
use crate::name::ModuleName;

/// A linked component that can be instantiated any number of times.
pub(super) struct Guest {
    name: ModuleName,
    engine: wasmtime::Engine,
    limits: Limits,
    needs_wasi: bool,
    instance: bindings::ModulePre<Sandbox>,
}

impl Guest {
    pub(super) fn new(
        name: ModuleName,
        engine: wasmtime::Engine,
        limits: Limits,
        needs_wasi: bool,
        instance: bindings::ModulePre<Sandbox>,
    ) -> Self {
        Self { name, engine, limits, needs_wasi, instance }
    }

    pub(super) fn name(&self) -> &ModuleName {
        &self.name
    }

    pub(super) fn describe(&self) -> Result<Description, LoadError> {
        let failed =
            |source| LoadError::Describe { module: self.name.clone(), source: Box::new(source) };
        let (raw, _) = self.call(|guest, store| guest.call_describe(store)).map_err(failed)?;
        bindings::description(raw).map_err(|reason| LoadError::BadDescription {
            module: self.name.clone(),
            reason: bindings::shortened(reason),
        })
    }

    pub(super) fn generate(&self, request: &Request) -> Result<Generated, CallError> {
        let request = bindings::request(request);
        let (raw, end) = self.call(|guest, store| guest.call_generate(store, &request))?;
        let bad_output = |reason| CallError::BadOutput {
            module: self.name.clone(),
            reason: bindings::shortened(reason),
        };
        let output = match raw {
            Ok(output) => output,
            Err(rejection) => {
                let rejection = bindings::rejection(rejection).map_err(bad_output)?;
                return Err(CallError::Rejected { module: self.name.clone(), rejection });
            }
        };
        let generated = bindings::output(output).map_err(bad_output)?;
        Ok(Generated { log: end.sandbox.log, usage: end.usage, ..generated })
    }

    fn call<T: Send>(
        &self,
        function: impl FnOnce(&wit::Guest, &mut Store<Sandbox>) -> wasmtime::Result<T> + Send,
    ) -> Result<(T, End), CallError> {
        if !self.needs_wasi || tokio::runtime::Handle::try_current().is_err() {
            return self.call_here(function);
        }
        // wasmtime-wasi blocks on a runtime of its own, which tokio forbids on a thread that has one.
        let span = tracing::Span::current();
        let call = || span.in_scope(|| self.call_here(function));
        std::thread::scope(|scope| match scope.spawn(call).join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    fn call_here<T>(
        &self,
        function: impl FnOnce(&wit::Guest, &mut Store<Sandbox>) -> wasmtime::Result<T>,
    ) -> Result<(T, End), CallError> {
        let start = Instant::now();
        let mut store = Store::new(&self.engine, Sandbox::new(&self.limits));
        store.limiter(|sandbox| sandbox);
        store.set_hostcall_fuel(self.limits.output);
        let ticks = self.limits.deadline.as_millis() / TICK.as_millis();
        // The deadline is added to a counter, so it must leave room: three centuries do.
        store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX).clamp(1, 1 << 40));
        store.epoch_deadline_trap();
        let answer = store.set_fuel(self.limits.fuel).and_then(|()| {
            let instance = self.instance.instantiate(&mut store)?;
            function(instance.kusion_module_generator(), &mut store)
        });
        let fuel = self.limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        let sandbox = store.into_data();
        self.pass_on(&sandbox.log);
        match answer {
            Err(error) => Err(self.verdict(&error, sandbox)),
            Ok(answer) => {
                let usage = Usage { fuel, peak_memory: sandbox.peak_memory, time: start.elapsed() };
                Ok((answer, End { sandbox, usage }))
            }
        }
    }

    /// Passes on what a guest logged, also if it failed.
    fn pass_on(&self, log: &[LogLine]) {
        for line in log {
            tracing::debug!(module = %self.name, severity = %line.level, "module says: {}", line.message);
        }
    }

    /// Tells the ways of failing apart.
    fn verdict(&self, error: &wasmtime::Error, sandbox: Sandbox) -> CallError {
        if let Some(Passed(limit)) = error.downcast_ref() {
            return self.over(*limit);
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => self.over(CallLimit::Fuel(self.limits.fuel)),
            Some(Trap::Interrupt) => self.over(CallLimit::Time(self.limits.deadline)),
            Some(Trap::StackOverflow) => self.over(CallLimit::Stack),
            // How an abort looks: a panic has been reported before it.
            Some(Trap::UnreachableCodeReached) => {
                let last_words = sandbox.last_words();
                self.crashed(
                    last_words.unwrap_or_else(|| Trap::UnreachableCodeReached.to_string()),
                    sandbox,
                )
            }
            // Deep recursion in Rust runs out of its stack in linear memory first.
            Some(Trap::MemoryOutOfBounds) => {
                let reason = "out of bounds memory access (a bad pointer, or too deep a recursion)";
                self.crashed(reason.to_owned(), sandbox)
            }
            Some(trap) => self.crashed(trap.to_string(), sandbox),
            None => self.untrapped(error, sandbox),
        }
    }

    /// Judges an error that is no trap of the guest's own code.
    fn untrapped(&self, error: &wasmtime::Error, sandbox: Sandbox) -> CallError {
        // wasmtime has no types for these two; the end-to-end tests hold the texts.
        let cause = error.root_cause().to_string();
        if cause.contains("fuel allocated for hostcalls") {
            return self.over(CallLimit::Output(self.limits.output));
        }
        if cause.contains("resource limit exceeded") {
            return self.over(CallLimit::Instances(self.limits.instances));
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            return self.over(CallLimit::Handles(self.limits.handles));
        }
        if let Some(I32Exit(code)) = error.downcast_ref() {
            return self.crashed(format!("it ended itself with exit code {code}"), sandbox);
        }
        if error.downcast_ref::<WasmBacktrace>().is_some() {
            return self.crashed(cause, sandbox);
        }
        // The guest's code had returned: what it returned cannot be read.
        CallError::BadOutput { module: self.name.clone(), reason: cause }
    }

    fn crashed(&self, reason: String, sandbox: Sandbox) -> CallError {
        let reason = bindings::shortened(reason);
        CallError::Trapped { module: self.name.clone(), reason, log: sandbox.log }
    }

    fn over(&self, limit: CallLimit) -> CallError {
        CallError::OverLimit { module: self.name.clone(), limit }
    }
}

/// What is left after a call.
struct End {
    sandbox: Sandbox,
    usage: Usage,
}
