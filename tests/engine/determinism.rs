//! The same call takes the same fuel and gives the same answer, wherever and however often.

use kusion::engine::{Compiler, Engine, Limits, Module, Request};
use kusion_tests::catalog;
use serde_json::json;

use super::fixture::{
    child, engine, engine_with, in_another_process, limits, load, misbehave, misbehave_bytes,
    misbehave_within, request, what,
};

fn fuel(module: &Module) -> u64 {
    module.generate(&what("fine")).unwrap().usage.fuel
}

fn network(engine: &Engine) -> Module {
    load(engine, "network", &fs_err::read(catalog().join("network.wasm")).unwrap()).unwrap()
}

fn ports() -> Request {
    let config =
        json!({"ports": [{"port": 80, "public": true}, {"port": 8080, "protocol": "UDP"}]});
    Request { workload: json!({"containers": {"main": {"image": "web:1"}}}), ..request(config) }
}

#[test]
fn a_thousand_calls_take_the_same_fuel() {
    let module = network(&engine(Limits::default()));
    let first = module.generate(&ports()).unwrap();
    for _ in 0..1_000 {
        let next = module.generate(&ports()).unwrap();
        assert_eq!(next.usage.fuel, first.usage.fuel);
        assert_eq!(next.resources, first.resources);
        assert_eq!(next.usage.peak_memory, first.usage.peak_memory);
    }
}

#[test]
fn threads_do_not_matter() {
    let expected = fuel(misbehave());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(fuel(misbehave()), expected);
                }
            });
        }
    });
}

#[test]
fn neither_the_cache_nor_the_place_of_compiling_matters() {
    let expected = fuel(misbehave());
    let folder = tempfile::tempdir().unwrap();
    for compiler in [child(), Compiler::InProcess] {
        let load = |cache| {
            let engine = engine_with(cache, compiler.clone(), Limits::default());
            load(&engine, "misbehave", misbehave_bytes()).unwrap()
        };
        assert_eq!(fuel(&load(None)), expected, "{compiler:?} without a cache");
        assert_eq!(fuel(&load(Some(folder.path()))), expected, "{compiler:?}, first");
        assert_eq!(fuel(&load(Some(folder.path()))), expected, "{compiler:?}, then");
    }
}

#[test]
fn limits_do_not_matter() {
    let expected = fuel(misbehave());
    let module = misbehave_within(limits(|limits| {
        limits.fuel = expected;
        limits.memory = 2 << 20;
    }));
    assert_eq!(fuel(&module), expected);
    let module = misbehave_within(limits(|limits| {
        limits.fuel = expected / 2;
    }));
    assert_eq!(
        module.generate(&what("fine")).unwrap_err().to_string(),
        format!("module `misbehave` was stopped: it used more than {} units of fuel", expected / 2)
    );
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn burnt() {
    println!("fuel {} {}", fuel(misbehave()), misbehave().digest());
    let generated = network(&engine(Limits::default())).generate(&ports()).unwrap();
    println!("fuel {} network", generated.usage.fuel);
}

#[test]
fn another_process_burns_the_same_fuel() {
    let other = in_another_process("engine::determinism::burnt");
    let stdout = String::from_utf8_lossy(&other.stdout);
    let network = network(&engine(Limits::default())).generate(&ports()).unwrap();
    for expected in [
        format!("fuel {} {}\n", fuel(misbehave()), misbehave().digest()),
        format!("fuel {} network\n", network.usage.fuel),
    ] {
        assert!(stdout.contains(&expected), "{expected}\n{stdout}");
    }
}

#[test]
fn floating_point_has_one_not_a_number() {
    let generated = misbehave().generate(&what("nan")).unwrap();
    assert_eq!(generated.resources[0].attributes, json!({"bits": "7ff8000000000000"}));
}
