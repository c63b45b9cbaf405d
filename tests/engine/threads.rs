//! The thread that makes deadlines pass.

use std::time::{Duration, Instant};

use kusion::engine::Limits;

use super::fixture::{child, engine_with, in_another_process, load, misbehave_bytes, what};

/// The threads of this process that count time for an engine.
fn tickers() -> usize {
    let tasks = fs_err::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| fs_err::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.trim() == "kusion-epoch").count()
}

fn wait_for(count: usize) {
    let start = Instant::now();
    while tickers() != count {
        assert!(start.elapsed() < Duration::from_secs(2), "{} tickers", tickers());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn came_and_went() {
    let cache = tempfile::tempdir().unwrap();
    let engine = || engine_with(Some(cache.path()), child(), Limits::default());
    for _ in 0..20 {
        drop(engine());
    }
    wait_for(0);
    let engine = engine();
    let module = load(&engine, "misbehave", misbehave_bytes()).unwrap();
    wait_for(1);
    drop(engine);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(tickers(), 1, "a module that is left needs deadlines");
    module.generate(&what("fine")).unwrap();
    drop(module);
    wait_for(0);
}

#[test]
fn a_ticker_ends_with_its_engine_and_modules() {
    in_another_process("engine::threads::came_and_went");
}
