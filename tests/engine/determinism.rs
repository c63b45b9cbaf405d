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

/// A request for each module of the catalog, with the module's name.
fn catalog_requests() -> [(&'static str, Request); 5] {
    let containers = json!({"main": {"image": "web:1", "env": {"A": "1", "B": "2"}}});
    let service = json!({"containers": containers, "replicas": 2, "labels": {"a": "b"}});
    let job = json!({"containers": containers, "schedule": "*/5 * * * *"});
    let of = |config| Request { workload: service.clone(), ..request(config) };
    let runs = |config: serde_json::Value| Request {
        accessory: String::new(),
        workload: config.clone(),
        ..request(config)
    };
    [
        ("job", runs(job)),
        ("monitoring", of(json!({"path": "/metrics"}))),
        ("mysql", of(json!({"type": "local", "version": "8.0"}))),
        ("network", ports()),
        ("service", runs(service.clone())),
    ]
}

/// What each module of the catalog used and made, a line each.
fn catalog_run(engine: &Engine) -> String {
    let line = |(name, request): (&str, Request)| {
        let bytes = fs_err::read(catalog().join(format!("{name}.wasm"))).unwrap();
        let generated = load(engine, name, &bytes).unwrap().generate(&request).unwrap();
        let made = serde_json::to_string(&generated.resources).unwrap();
        let made = kusion::digest::Digest::of(made.as_bytes());
        format!("run {name} {} {made} {}\n", generated.usage.fuel, generated.usage.peak_memory)
    };
    catalog_requests().into_iter().map(line).collect()
}

#[test]
fn every_module_of_the_catalog_burns_the_same_fuel_on_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let cached = || engine_with(Some(folder.path()), child(), Limits::default());
    let expected = catalog_run(&cached());
    assert_eq!(expected.lines().count(), 5);
    assert_eq!(catalog_run(&cached()), expected, "from the cache");
    let here = engine_with(None, Compiler::InProcess, Limits::default());
    assert_eq!(catalog_run(&here), expected, "compiled in this process");
    for harm in ["trap", "grow", "post-return-trap"] {
        misbehave().generate(&what(harm)).unwrap_err();
    }
    let engine = cached();
    assert_eq!(catalog_run(&engine), expected, "after others failed");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(catalog_run(&engine), expected, "on several threads"));
        }
    });
    let other = in_another_process("engine::determinism::burnt");
    let stdout = String::from_utf8_lossy(&other.stdout);
    for line in expected.lines() {
        assert!(stdout.contains(line), "in another process: {line}\n{stdout}");
    }
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn burnt() {
    println!("fuel {} {}", fuel(misbehave()), misbehave().digest());
    println!("{}", catalog_run(&engine(Limits::default())));
}

#[test]
fn another_process_burns_the_same_fuel() {
    let other = in_another_process("engine::determinism::burnt");
    let stdout = String::from_utf8_lossy(&other.stdout);
    let expected = format!("fuel {} {}\n", fuel(misbehave()), misbehave().digest());
    assert!(stdout.contains(&expected), "{expected}\n{stdout}");
}

#[test]
fn floating_point_has_one_not_a_number() {
    let generated = misbehave().generate(&what("nan")).unwrap();
    assert_eq!(generated.resources[0].attributes, json!({"bits": "7ff8000000000000"}));
}
