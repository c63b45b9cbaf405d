#![allow(missing_docs, clippy::all, clippy::print_stdout, clippy::unwrap_used)]
use kusion::config::{Schema, Stack, Workspace};
use kusion::engine::{Compiler, Engine, Limits, Options};
use kusion::module::{ModuleLocation, Resolver};
use kusion::name::{ModuleName, WorkspaceName};
use kusion::ops::{Project, generate};
use kusion::source::SourceFile;
use std::time::Instant;
fn main() {
    let mut a = std::env::args().skip(1);
    let (dir, cache, catalog) = (a.next().unwrap(), a.next().unwrap(), a.next().unwrap());
    let rounds = 6;
    for _ in 0..rounds {
        let mut t = Instant::now();
        let mut lap = |what: &str| {
            println!("{what:24} {:8.0} us", t.elapsed().as_secs_f64() * 1e6);
            t = Instant::now();
        };
        let stack = Stack::load(std::path::Path::new(&format!("{dir}/dev"))).unwrap();
        lap("stack");
        let file = format!("{dir}/workspace.yaml");
        let text = SourceFile::new(&file, std::fs::read_to_string(&file).unwrap());
        let workspace =
            Workspace::parse(WorkspaceName::parse("default").unwrap(), &text, None).unwrap();
        lap("workspace");
        let engine = Engine::new(Options {
            cache: Some(cache.clone().into()),
            compiler: Compiler::InProcess,
            limits: Limits::default(),
        })
        .unwrap();
        lap("engine");
        let resolver = Resolver::new(Some(catalog.clone().into()));
        let names: Vec<_> = ["job", "monitoring", "mysql", "network", "service"]
            .map(|n| ModuleName::parse(n).unwrap())
            .into();
        let res: Vec<_> =
            names.iter().map(|n| resolver.resolve(n, &ModuleLocation::Catalog).unwrap()).collect();
        lap("resolve x5");
        let mods: Vec<_> =
            res.iter().map(|r| engine.load(&r.name, &r.digest, &r.bytes).unwrap()).collect();
        lap("load x5");
        let first = Schema::compile(&mods[0].description().developer_schema).unwrap();
        lap("schema first");
        for m in &mods {
            Schema::compile(&m.description().developer_schema).unwrap();
            Schema::compile(&m.description().platform_schema).unwrap();
        }
        lap("schema x10");
        let _ = first;
        let g = generate(&Project {
            stack: &stack,
            workspace: &workspace,
            engine: &engine,
            resolver: &resolver,
            parallelism: 2.try_into().unwrap(),
        })
        .unwrap();
        lap("generate (all again)");
        let calls: Vec<_> = g
            .calls
            .iter()
            .map(|c| (mods.iter().find(|m| m.name() == &c.origin.module).unwrap(), &c.request))
            .collect();
        for (m, r) in &calls {
            std::hint::black_box(m.generate(r).unwrap());
        }
        lap("calls x7 (pages warm)");
        for (m, r) in &calls {
            std::hint::black_box(m.generate(r).unwrap());
        }
        lap("calls x7 again");
        let y = kusion::yaml::to_string(&g.assembled.spec).unwrap();
        lap("yaml");
        println!("{} bytes", y.len());
        drop(mods);
        drop(engine);
        lap("drop");
    }
}
