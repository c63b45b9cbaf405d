//! The first run after a new version: the whole catalog is compiled. And how large everything is.

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
    report.section("Cold: `kusion generate` compiles the five modules of the catalog");
    report.at_most("minimum", times.min() / 1e3, 1.5, " s");
    report.at_most("median", times.median() / 1e3, 1.5, " s");
    report.section("Sizes");
    for name in fixture.resolver().catalog() {
        let component = fs::read(fixture.catalog.join(format!("{name}.wasm")))?;
        let code = size_of_code(&fixture.code_cache(), &Digest::of(&component).hex())?;
        let size = format!("{} + {}", kilobytes(component.len() as u64), kilobytes(code));
        report.tell(format!("module `{name}`, component + compiled code"), size);
    }
    let binary = fs::metadata(&fixture.kusion)?.len();
    report.tell("the binary", format!("{:.1} MB", megabytes(binary)));
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
    // Modules that the stack does not use are not compiled.
    Ok(0)
}

fn kilobytes(bytes: u64) -> String {
    format!("{} kB", bytes / 1000)
}

#[expect(clippy::cast_precision_loss, reason = "for a reader")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
