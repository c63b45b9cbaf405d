//! The process that runs cases: whatever a case does to it, the parent survives and knows the case.
//!
//! Time is CPU time and memory is address space, both limited by the operating system. So a busy machine
//! fails nothing, and no loop and no allocation goes on for ever. The stack is that of a worker thread.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use fs_err as fs;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::case::{Case, corpus};
use crate::targets::Target;

/// The seconds of processor time that one case may take; most take less than a thousandth of one,
/// and what is tested is not optimised.
pub const SECONDS: u64 = 20;
/// The bytes of address space of the process.
const MEMORY: u64 = 1 << 30;
/// The stack of a case in bytes, as that of the threads which generate apps.
const STACK: usize = 2 << 20;
/// The file that names the case at work.
pub const CURRENT: &str = "current";

/// Runs cases in order and stops at the first that fails; its message goes to standard output.
///
/// Returns whether all went well.
pub fn run(target: &'static Target, cases: Vec<Case>, scratch: &Path) -> bool {
    let all = Some(MEMORY);
    setrlimit(Resource::As, Rlimit { current: all, maximum: all }).unwrap();
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
    let scratch = scratch.to_owned();
    let thread = std::thread::Builder::new().stack_size(STACK);
    let worker = thread.spawn(move || run_cases(target, &cases, &scratch)).unwrap();
    worker.join().unwrap_or(false)
}

fn run_cases(target: &Target, cases: &[Case], scratch: &Path) -> bool {
    let corpus = corpus(target);
    let message = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&message);
    std::panic::set_hook(Box::new(move |panic| {
        *heard.lock().unwrap() = panic.to_string();
    }));
    let work = scratch.join("work");
    let start = Instant::now();
    for case in cases {
        fs::write(scratch.join(CURRENT), case.to_string()).unwrap();
        // Of one thread, the time on the wall is never less than the time on the processor.
        let used = start.elapsed().as_secs() + 1;
        let maximum = getrlimit(Resource::Cpu).maximum;
        let limit = Rlimit { current: Some(used + SECONDS), maximum };
        setrlimit(Resource::Cpu, limit).unwrap();
        fs::create_dir_all(&work).unwrap();
        let run = catch_unwind(AssertUnwindSafe(|| {
            (target.run)(&case.input(target, &corpus), &work);
        }));
        if run.is_err() {
            let message = message.lock().unwrap();
            let mut output = std::io::stdout().lock();
            let _gone = output.write_all(message.as_bytes());
            return false;
        }
    }
    true
}
