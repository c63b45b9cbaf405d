//! Whatever a module's schemas admit, what it makes of it is valid.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kusion::ops::DrawnInputs;
use kusion::spec::Spec;

use super::{Definitions, drawn, rules};

/// How many requests each module is asked at least.
const ASKED: u64 = 1_000;
/// How many are drawn: a few fit no schema.
const DRAWN: u64 = 1_050;
/// How many of them must lead to objects that are looked at: what is rejected shows nothing of what is made.
const CHECKED: u64 = 150;

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
    let inputs = DrawnInputs { count: DRAWN, seed: 1 };
    let report = drawn::load(component).answer_drawn(inputs, &check);
    if let Some(finding) = report.finding {
        return Err(format!("{name}: {finding:#?}"));
    }
    if report.asked < ASKED || report.checked < CHECKED {
        return Err(format!("{name}: {report:?}"));
    }
    Ok(())
}

#[test]
fn whatever_the_schemas_admit_is_answered_twice_alike_and_with_valid_objects() {
    let modules = drawn::components();
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
