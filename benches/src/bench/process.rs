//! Whole processes: `kusion generate` with everything cached, against a process that does only what must be done.

use std::path::Path;

use kusion_benches::Failure;

use super::{Fixture, Report, Times, floor};

/// Measures `generate` and `version` in turns with the floor.
pub(crate) fn process(
    fixture: &Fixture,
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let folder = fixture.path("floor");
    floor::record(fixture, &folder)?;
    let this = std::env::current_exe()?;
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
        run(&mut floors, &this, &[Path::new(super::FLOOR), &folder])?;
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
