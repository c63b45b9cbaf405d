//! Whole processes: `kusion generate` with everything cached, against a process that does only what must be done.

use std::path::{Path, PathBuf};

use fs_err as fs;
use kusion_benches::{Failure, RawEngine, RawRequest, seal};

use super::{Fixture, Report, Times};

/// Measures `generate` and `version` in turns with the floor.
pub(crate) fn process(
    fixture: &Fixture,
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let folder = record(fixture)?;
    let floor = beside("kusion-floor")?;
    fixture.succeed(&["generate"])?;
    let [mut nothing, mut floors, mut generates, mut versions] = <[Times; 4]>::default();
    for _ in 0..rounds {
        let run = |times: &mut Times, program: &Path, arguments: &[&Path]| {
            let mut command = fixture.command(program);
            command.args(arguments);
            match times.take(|| command.status()) {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(format!("{command:?}: {status}")),
                Err(error) => Err(format!("{command:?}: {error}")),
            }
        };
        run(&mut nothing, Path::new("/bin/true"), &[])?;
        run(&mut floors, &floor, &[&folder])?;
        run(&mut generates, &fixture.kusion, &[Path::new("generate")])?;
        run(&mut versions, &fixture.kusion, &[Path::new("version")])?;
    }
    report.section("Whole processes: seven calls of five modules, all code cached");
    let both = |times: &Times| format!("{:.2} / {:.2} ms", times.min(), times.median());
    report.tell("`/bin/true`, min / median", both(&nothing));
    report.tell("floor: engine, verified code, raw calls, min / median", both(&floors));
    report.tell("`kusion generate`, min / median", both(&generates));
    report.at_most("`kusion generate`, median", generates.median(), 10.0, " ms");
    report.at_most("… to the floor, medians", generates.median() / floors.median(), 2.0, "×");
    report.at_most("… to the floor, minima", generates.min() / floors.min(), 2.0, "×");
    report.tell("`kusion version`, min / median", both(&versions));
    report.at_most("`kusion version`, median", versions.median(), 5.0, " ms");
    Ok(())
}

/// Writes what the floor reads: compiled code, sealed, and the requests of the stack.
fn record(fixture: &Fixture) -> Result<PathBuf, Failure> {
    let folder = fixture.path("floor");
    fs::create_dir_all(&folder)?;
    let engine = RawEngine::new()?;
    let generation = fixture.generate(&fixture.engine()?)?;
    for name in generation.modules.keys() {
        let component = fs::read(fixture.catalog.join(format!("{name}.wasm")))?;
        seal(&folder.join(name.as_str()), &engine.compile(&component)?)?;
    }
    let calls: Vec<_> = (generation.calls.iter())
        .map(|call| (call.origin.module.as_str(), RawRequest::new(&call.request)))
        .collect();
    fs::write(folder.join("calls.json"), serde_json::to_vec(&calls)?)?;
    Ok(folder)
}

/// Finds another program of this package.
fn beside(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.is_file() { Ok(path) } else { Err(format!("{} is not built", path.display()).into()) }
}
