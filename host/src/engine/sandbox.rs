//! The state of one call: what the guest may use, what it used, and the world it sees.
//!
//! A guest that brings WASI imports of its language runtime sees a world without time and chance: a
//! clock that stands still, random numbers from a fixed seed, no files, no environment, no network.

use std::time::Duration;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::engine::bindings::log;
use crate::engine::stderr::Stderr;
use crate::engine::{CallLimit, Level, Limits, LogLine};

/// The seed of every random number a guest sees. Any value does, as long as it never changes.
const SEED: [u8; 16] = *b"kusion:module@0.";
/// The most bytes of randomness a guest gets at once.
const MAX_RANDOM_BYTES: u64 = 64 << 10;

/// The state of one call.
pub(super) struct Sandbox {
    pub(super) log: Vec<LogLine>,
    pub(super) peak_memory: usize,
    log_bytes: usize,
    limits: Limits,
    memory: usize,
    table_elements: usize,
    counts: StoreLimits,
    wasi: Option<Wasi>,
}

struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    stderr: Stderr,
}

/// Stops a guest at once. A guest that merely saw a refusal would fail later, in some way of its own
/// that says nothing about the limit.
#[derive(Debug, thiserror::Error)]
#[error("more than {0}")]
pub(super) struct Passed(pub(super) CallLimit);

impl Sandbox {
    pub(super) fn new(limits: &Limits) -> Self {
        let counts = StoreLimitsBuilder::new()
            .instances(limits.instances)
            .memories(limits.instances)
            .tables(limits.instances)
            .build();
        Self {
            log: Vec::new(),
            peak_memory: 0,
            log_bytes: 0,
            limits: limits.clone(),
            memory: 0,
            table_elements: 0,
            counts,
            wasi: None,
        }
    }

    /// Returns the panic's message if the guest reported one: the last error it logged, or what its
    /// language runtime wrote to standard error.
    pub(super) fn last_words(&self) -> Option<String> {
        let logged = self.log.iter().rev().find(|line| line.level == Level::Error);
        logged.map(|line| line.message.clone()).or_else(|| {
            let text = self.wasi.as_ref()?.stderr.text();
            (!text.is_empty()).then_some(text)
        })
    }
}

impl log::Host for Sandbox {
    fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        if self.log.len() >= self.limits.log_lines {
            return stop(CallLimit::LogLines(self.limits.log_lines));
        }
        self.log_bytes = self.log_bytes.saturating_add(message.len());
        if self.log_bytes > self.limits.log_bytes {
            return stop(CallLimit::LogBytes(self.limits.log_bytes));
        }
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.log.push(LogLine { level, message });
        Ok(())
    }
}

fn stop<T>(limit: CallLimit) -> wasmtime::Result<T> {
    Err(wasmtime::Error::new(Passed(limit)))
}

impl ResourceLimiter for Sandbox {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory {
            return stop(CallLimit::Memory(self.limits.memory));
        }
        self.memory = total;
        self.peak_memory = self.peak_memory.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.limits.table_elements {
            return stop(CallLimit::TableElements(self.limits.table_elements));
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.counts.instances()
    }

    fn tables(&self) -> usize {
        self.counts.tables()
    }

    fn memories(&self) -> usize {
        self.counts.memories()
    }
}

impl Wasi {
    fn new(limits: &Limits) -> Self {
        let stderr = Stderr::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let ctx = WasiCtx::builder()
            .wall_clock(StoppedClock)
            .monotonic_clock(StoppedClock)
            .secure_random(Deterministic::new(SEED.to_vec()))
            .insecure_random(Deterministic::new(SEED.to_vec()))
            .insecure_random_seed(u128::from_le_bytes(SEED))
            .max_random_size(MAX_RANDOM_BYTES)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .allow_blocking_current_thread(true)
            .stderr(stderr.clone())
            .build();
        Self { ctx, table, stderr }
    }
}

struct StoppedClock;

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for StoppedClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // Made at the first use: most guests import no WASI.
        let wasi = self.wasi.get_or_insert_with(|| Wasi::new(&self.limits));
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut wasi.table }
    }
}

/// Offers deterministic WASI to a linker.
pub(super) fn add_wasi_to_linker(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    // wasmtime-wasi really sleeps until a clock's deadline, inside the host, where neither fuel nor
    // epochs reach.
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<Sandbox, Timers>(linker, |sandbox| TimersView {
        table: sandbox.ctx().table,
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Timers of a world without time: each has fired already.
struct Timers;

impl HasData for Timers {
    type Data<'a> = TimersView<'a>;
}

struct TimersView<'a> {
    table: &'a mut ResourceTable,
}

impl TimersView<'_> {
    fn fired(&mut self) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = self.table.push(Fired)?;
        subscribe(self.table, timer)
    }
}

impl monotonic_clock::Host for TimersView<'_> {
    fn now(&mut self) -> wasmtime::Result<monotonic_clock::Instant> {
        Ok(0)
    }

    fn resolution(&mut self) -> wasmtime::Result<monotonic_clock::Duration> {
        Ok(1)
    }

    fn subscribe_instant(
        &mut self,
        _when: monotonic_clock::Instant,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.fired()
    }

    fn subscribe_duration(
        &mut self,
        _duration: monotonic_clock::Duration,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.fired()
    }
}

struct Fired;

#[async_trait::async_trait]
impl Pollable for Fired {
    async fn ready(&mut self) {}
}
