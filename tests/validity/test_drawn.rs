//! Whatever a module's schemas admit, what it makes of it is valid.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fs_err as fs;
use kusion::engine::Limits;
use kusion::name::ModuleName;
use kusion::ops::{DrawnInputs, TestedModule};
use kusion::spec::Spec;
use kusion_tests::{catalog, repository};

use super::Definitions;
use super::rules;
use crate::engine::fixture::engine;

/// How many requests are drawn for each module.
const COUNT: u64 = 1_000;

/// Says what is wrong with the objects of a Spec.
fn check(spec: &Spec) -> Result<(), String> {
    for resource in spec.resources.values().filter(|it| it.kind == "Kubernetes") {
        let object = &resource.attributes;
        let by_schema = Definitions::all().iter().map(|it| it.check(object));
        for outcome in by_schema.chain([rules::check(object)]) {
            outcome.map_err(|problem| format!("{}: {problem}", resource.id))?;
        }
    }
    Ok(())
}

/// Draws requests for a module, and says what is wrong.
fn draw(component: &Path) -> Result<(), String> {
    let name = component.file_stem().unwrap().to_string_lossy();
    let name = ModuleName::parse(name).unwrap();
    let bytes = fs::read(component).unwrap();
    let tested = TestedModule::load(&engine(Limits::default()), &name, &bytes).unwrap();
    let report = tested.answer_drawn(DrawnInputs { count: COUNT, seed: 1 }, &check);
    if let Some(finding) = report.finding {
        return Err(format!("{name}: {finding:#?}"));
    }
    // What is rejected shows nothing of what is made, and what cannot be drawn shows nothing at all.
    if report.asked * 100 < COUNT * 99 || report.rejected * 4 > report.asked * 3 {
        return Err(format!("{name}: {report:?}"));
    }
    Ok(())
}

#[test]
fn whatever_the_schemas_admit_is_answered_twice_alike_and_with_valid_objects() {
    let modules = fs::read_dir(repository().join("plugins")).unwrap();
    let modules: Vec<_> = modules
        .map(|module| module.unwrap().file_name().into_string().unwrap())
        .map(|module| catalog().join(module).with_extension("wasm"))
        .collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(module) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.lock().unwrap().extend(draw(module).err());
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
