//! Many calls in one process, as somebody has them who embeds kusion: calls a second, and the same calls without kusion.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use fs_err as fs;
use kusion::digest::Digest;
use kusion::engine::{Module, Request};
use kusion_benches::{Failure, RawEngine, RawModule, RawRequest, load_sealed, seal};
use serde::{Deserialize, Serialize};

use super::fixture::threads;
use super::{Fixture, Report, Times};

/// Parts into which the work is cut, to be done in turns.
const TURNS: usize = 10;
/// The calls of one app: these modules, one of them twice.
const ACCESSORIES: [&str; 5] = ["", "monitoring", "network", "orders", "users"];

/// What a child measured.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    milliseconds: f64,
    raw_milliseconds: f64,
    ratio: f64,
    peak_memory: u64,
}

/// Measures five calls for each of many apps.
pub(crate) fn calls(fixture: &Fixture, apps: usize, report: &mut Report) -> Result<(), Failure> {
    let measured = in_a_child(fixture, "--calls", apps)?;
    report.section(&format!("{apps} apps × 5 calls in one process, {} threads", threads()));
    #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
    let rate = |milliseconds: f64| format!("{:.0}", (5 * apps) as f64 / milliseconds * 1e3);
    report.tell("raw instantiate and call, a second", rate(measured.raw_milliseconds));
    report.tell("`Module::generate`, a second", rate(measured.milliseconds));
    report.at_most("… time to the raw loop's", measured.ratio, 1.2, "×");
    report.at_most("peak memory of the process", mebibytes(measured.peak_memory), 200.0, " MiB");
    Ok(())
}

/// Measures the whole way from files to a Spec for one stack of many apps.
pub(crate) fn stack(fixture: &Fixture, apps: usize, report: &mut Report) -> Result<(), Failure> {
    let measured = in_a_child(fixture, "--stack", apps)?;
    report.section(&format!("One stack of {apps} apps, from files to a Spec"));
    report.tell("`ops::generate` with reading", format!("{:.0} ms", measured.milliseconds));
    report.tell("peak memory", format!("{:.0} MiB", mebibytes(measured.peak_memory)));
    Ok(())
}

fn in_a_child(fixture: &Fixture, part: &str, apps: usize) -> Result<Measured, Failure> {
    let mut command = fixture.command(&std::env::current_exe()?);
    command.arg("--kusion").arg(&fixture.kusion).arg("--catalog").arg(&fixture.catalog);
    command.arg(part).arg(apps.to_string());
    let output = command.stdout(Stdio::piped()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).map_err(|_| format!("{command:?}: {text}").into())
}

/// Does the work of [`calls`] and returns what was measured, as JSON.
pub(crate) fn calls_child(fixture: &Fixture, apps: usize) -> Result<String, Failure> {
    let engine = fixture.engine()?;
    let generation = fixture.generate(&engine)?;
    let is_wanted = |name: &str| ACCESSORIES.contains(&name);
    let calls: Vec<_> = (generation.calls.into_iter())
        .filter(|call| call.request.scope.app == "shop" && is_wanted(&call.request.accessory))
        .collect();
    let (mut ours, mut raws) = (BTreeMap::new(), BTreeMap::new());
    let raw_engine = RawEngine::new()?;
    for call in &calls {
        let name = &call.origin.module;
        let component = fs::read(fixture.catalog.join(format!("{name}.wasm")))?;
        ours.insert(name, engine.load(name, &Digest::of(&component), &component)?);
        let path = fixture.path(name.as_str());
        if !path.is_file() {
            seal(&path, &raw_engine.compile(&component)?)?;
        }
        raws.insert(name, load_sealed(&raw_engine, &path)?);
    }
    let ours: Vec<(&Module, &Request)> = calls
        .iter()
        .filter_map(|call| Some((ours.get(&call.origin.module)?, &call.request)))
        .collect();
    let raws: Vec<(&RawModule, RawRequest)> = (calls.iter())
        .filter_map(|call| Some((raws.get(&call.origin.module)?, RawRequest::new(&call.request))))
        .collect();
    let our_call = |app: usize| {
        for (module, request) in &ours {
            let mut request = Request::clone(request);
            request.scope.app = format!("app-{app}");
            let generated = module.generate(&request).map_err(|error| error.to_string())?;
            std::hint::black_box(&generated);
        }
        Ok(())
    };
    let raw_call = |app: usize| {
        for (module, request) in &raws {
            let request = request.for_app(&format!("app-{app}"));
            std::hint::black_box(module.call(&request).map_err(|error| error.to_string())?);
        }
        Ok(())
    };
    let part = apps.div_ceil(TURNS);
    let [mut our_times, mut raw_times] = <[Times; 2]>::default();
    for _ in 0..TURNS {
        raw_times.take(|| each(part, &raw_call))?;
        our_times.take(|| each(part, &our_call))?;
    }
    measured(our_times.sum(), raw_times.sum(), our_times.median() / raw_times.median())
}

/// Does the work of [`stack`] and returns what was measured, as JSON.
pub(crate) fn stack_child(fixture: &Fixture, apps: usize) -> Result<String, Failure> {
    let engine = fixture.engine()?;
    fixture.generate(&engine)?;
    let text = fs::read_to_string(fixture.path("app.yaml"))?;
    let shop = text.split_once("  shop:\n").and_then(|(_, rest)| rest.split_once("  report:\n"));
    let (shop, _) = shop.ok_or("the fixture has no app `shop`")?;
    let all: String = (0..apps).map(|app| format!("  app-{app}:\n{shop}")).collect();
    fs::write(fixture.path("app.yaml"), format!("apps:\n{all}"))?;
    let mut times = Times::default();
    times.take(|| fixture.generate(&engine))?;
    measured(times.sum(), f64::NAN, f64::NAN)
}

fn measured(milliseconds: f64, raw_milliseconds: f64, ratio: f64) -> Result<String, Failure> {
    let number = |number: f64| if number.is_nan() { 0.0 } else { number };
    Ok(serde_json::to_string(&Measured {
        milliseconds,
        raw_milliseconds: number(raw_milliseconds),
        ratio: number(ratio),
        peak_memory: peak_memory()?,
    })?)
}

/// Does something for each number below `count`, on all threads.
fn each(
    count: usize,
    action: &(impl Fn(usize) -> Result<(), String> + Sync),
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(());
            }
            action(index)?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads().get()).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err("a thread panicked".to_owned()))
        })
    })?;
    Ok(())
}

/// Returns the most memory that this process ever had, in bytes.
fn peak_memory() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmHWM")?;
    Ok(kibibytes.trim().parse::<u64>()? << 10)
}

#[expect(clippy::cast_precision_loss, reason = "for a reader")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
