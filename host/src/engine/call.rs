//! One call of a guest: a fresh instance, under limits, and the verdict when it fails.

use std::time::Instant;

use wasmtime::{Store, Trap};

use crate::engine::bindings::{self, wit};
use crate::engine::sandbox::Sandbox;
use crate::engine::{
    CallError, CallLimit, Description, Generated, Limits, LoadError, Request, TICK, Usage,
};
use crate::name::ModuleName;

/// A linked component that can be instantiated any number of times.
pub(super) struct Guest {
    name: ModuleName,
    engine: wasmtime::Engine,
    limits: Limits,
    instance: bindings::ModulePre<Sandbox>,
}

impl Guest {
    pub(super) fn new(
        name: ModuleName,
        engine: wasmtime::Engine,
        limits: Limits,
        instance: bindings::ModulePre<Sandbox>,
    ) -> Self {
        Self { name, engine, limits, instance }
    }

    pub(super) fn name(&self) -> &ModuleName {
        &self.name
    }

    pub(super) fn describe(&self) -> Result<Description, LoadError> {
        let failed =
            |source| LoadError::Describe { module: self.name.clone(), source: Box::new(source) };
        let (raw, _) = self.call(|guest, store| guest.call_describe(store)).map_err(failed)?;
        bindings::description(raw)
            .map_err(|reason| LoadError::BadDescription { module: self.name.clone(), reason })
    }

    pub(super) fn generate(&self, request: &Request) -> Result<Generated, CallError> {
        let request = bindings::request(request);
        let (raw, end) = self.call(|guest, store| guest.call_generate(store, &request))?;
        let output = raw.map_err(|rejection| CallError::Rejected {
            module: self.name.clone(),
            rejection: bindings::rejection(rejection),
        })?;
        let generated = bindings::output(output)
            .map_err(|reason| CallError::BadOutput { module: self.name.clone(), reason })?;
        Ok(Generated { log: end.sandbox.log, usage: end.usage, ..generated })
    }

    fn call<T>(
        &self,
        function: impl FnOnce(&wit::Guest, &mut Store<Sandbox>) -> wasmtime::Result<T>,
    ) -> Result<(T, End), CallError> {
        let start = Instant::now();
        let mut store = Store::new(&self.engine, Sandbox::new(&self.limits));
        store.limiter(|sandbox| sandbox);
        store.set_hostcall_fuel(self.limits.output);
        let ticks = self.limits.deadline.as_millis() / TICK.as_millis();
        store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX).max(1));
        store.epoch_deadline_trap();
        let answer = store.set_fuel(self.limits.fuel).and_then(|()| {
            let instance = self.instance.instantiate(&mut store)?;
            function(instance.kusion_module_generator(), &mut store)
        });
        let fuel = self.limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        let sandbox = store.into_data();
        match answer {
            Err(error) => Err(self.verdict(&error, sandbox)),
            Ok(_) if sandbox.passed == Some(CallLimit::LogLines(self.limits.log_lines)) => {
                Err(self.over(CallLimit::LogLines(self.limits.log_lines)))
            }
            Ok(answer) => {
                let usage = Usage { fuel, peak_memory: sandbox.peak_memory, time: start.elapsed() };
                Ok((answer, End { sandbox, usage }))
            }
        }
    }

    /// Tells the ways of failing apart. A guest that was refused memory only sees that an allocation
    /// failed, and crashes; so the sandbox's own note decides before the trap does.
    fn verdict(&self, error: &wasmtime::Error, sandbox: Sandbox) -> CallError {
        if let Some(limit) = sandbox.passed {
            return self.over(limit);
        }
        let text = format!("{error:#}");
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => self.over(CallLimit::Fuel(self.limits.fuel)),
            Some(Trap::Interrupt) => self.over(CallLimit::Time(self.limits.deadline)),
            Some(Trap::StackOverflow) => self.over(CallLimit::Stack),
            trap => {
                if trap.is_none() && text.contains("fuel allocated for hostcalls") {
                    return self.over(CallLimit::Output(self.limits.output));
                }
                if trap.is_none() && text.contains("resource limit exceeded") {
                    return self.over(CallLimit::Instances(self.limits.instances));
                }
                self.crashed(trap.copied(), &text, sandbox)
            }
        }
    }

    fn crashed(&self, trap: Option<Trap>, text: &str, sandbox: Sandbox) -> CallError {
        let kind = trap.map_or_else(
            || text.lines().next().unwrap_or_default().to_owned(),
            |trap| {
                match trap {
                    // Deep recursion in Rust runs out of its stack in linear memory first.
                    Trap::MemoryOutOfBounds => {
                        "out of bounds memory access (a bad pointer, or too deep a recursion)"
                            .to_owned()
                    }
                    trap => trap.to_string(),
                }
            },
        );
        let reason = sandbox.last_words().unwrap_or(kind);
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
