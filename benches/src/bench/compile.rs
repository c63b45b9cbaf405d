//! The first run after a new version: everything is compiled. And how large everything is.

use std::path::Path;

use fs_err as fs;
use kusion::digest::Digest;
use kusion_benches::Failure;

use super::{Fixture, Report, Times};

/// Measures `generate` with an empty cache, and sizes.
pub(crate) fn compile(
    fixture: &Fixture,
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut times = Times::default();
    for _ in 0..rounds {
        if fixture.code_cache().exists() {
            fs::remove_dir_all(fixture.code_cache())?;
        }
        times.take(|| fixture.succeed(&["generate"]))?;
    }
    report.section("Cold: `kusion generate` compiles the five modules that the stack uses");
    report.at_most("minimum", times.min() / 1e3, 1.5, " s");
    report.at_most("median", times.median() / 1e3, 1.5, " s");
    modules(fixture, rounds, report)?;
    let binary = fs::metadata(&fixture.kusion)?.len();
    report.tell("the binary", format!("{:.1} MB", kilo(binary) / 1e3));
    Ok(())
}

/// Measures each module of the catalog by itself: compiled from nothing in a child process, its component and its code.
fn modules(fixture: &Fixture, rounds: usize, report: &mut Report) -> Result<(), Failure> {
    report.section("Each module: compiled alone from nothing, and sizes");
    let mut components = Vec::new();
    for name in fixture.resolver().catalog() {
        let component = fs::read(fixture.catalog.join(format!("{name}.wasm")))?;
        let digest = Digest::of(&component);
        let mut times = Times::default();
        for _ in 0..rounds {
            if fixture.code_cache().exists() {
                fs::remove_dir_all(fixture.code_cache())?;
            }
            let engine = fixture.engine()?;
            times.take(|| engine.load(&name, &digest, &component))?;
        }
        let code = size_of_code(&fixture.code_cache(), &digest.hex())?;
        components.push(component.len() as u64);
        let sizes = format!("{} + {}", kilobytes(component.len() as u64), kilobytes(code));
        report.tell(
            format!("`{name}`: minimum, component + compiled code"),
            format!("{:.0} ms, {sizes}", times.min()),
        );
    }
    components.sort_unstable();
    let median = components.get(components.len() / 2).copied().unwrap_or_default();
    report.at_most("the component in the middle", kilo(median), 300.0, " kB");
    Ok(())
}

/// Returns the size of the entry whose name begins with a digest, in the folder of whichever engine.
fn size_of_code(cache: &Path, digest: &str) -> Result<u64, Failure> {
    for engine in fs::read_dir(cache)? {
        for entry in fs::read_dir(engine?.path())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(digest) {
                return Ok(entry.metadata()?.len());
            }
        }
    }
    Ok(0)
}

fn kilobytes(bytes: u64) -> String {
    format!("{} kB", bytes / 1000)
}

#[expect(clippy::cast_precision_loss, reason = "for a reader")]
fn kilo(bytes: u64) -> f64 {
    bytes as f64 / 1e3
}
