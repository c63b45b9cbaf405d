//! What happens before an answer, and mostly instead of one.

use std::hint::black_box;

use crate::kusion::module::log::{Level, log};

const MIB: usize = 1 << 20;

pub(crate) fn harm(what: &str) {
    match what {
        "trap" => std::arch::wasm32::unreachable(),
        "last-words" => {
            log(Level::Info, "not these");
            log(Level::Error, "panicked at heaven:1:1:\nthese");
            log(Level::Debug, "nor these");
            std::arch::wasm32::unreachable();
        }
        "loop" => while black_box(true) {},
        "recurse" => assert!(recurse(0) > 0),
        "recurse-flat" => assert!(recurse_flat(black_box(1)) > 0),
        "bad-pointer" => {
            // SAFETY: it is not safe; that is the point.
            let value = unsafe { std::ptr::read_volatile(0xFFFF_FFF0_usize as *const u32) };
            black_box(value);
        }
        "grow" => grow(),
        "grow-refused-then-trap" => {
            refused();
            log(Level::Error, "something else broke");
            std::arch::wasm32::unreachable();
        }
        "grow-refused-then-loop" => {
            refused();
            while black_box(true) {}
        }
        "grow-refused-then-recurse" => {
            refused();
            assert!(recurse_flat(black_box(1)) > 0);
        }
        "grow-refused" => refused(),
        "log-lines" => (0..1_000_000).for_each(|number| log(Level::Info, &number.to_string())),
        "log-bytes" => {
            let line = "x".repeat(MIB);
            (0..900).for_each(|_| log(Level::Info, &line));
        }
        "log-one-line" => log(Level::Info, &"x".repeat(64 * MIB)),
        "log-then-trap" => {
            (0..2_000).for_each(|number| log(Level::Info, &number.to_string()));
            log(Level::Error, "never heard");
            std::arch::wasm32::unreachable();
        }
        "log-some" => {
            log(Level::Trace, "a");
            log(Level::Warn, "b\nc");
        }
        _ => {}
    }
}

/// Allocates until there is no more, and uses what it got.
fn grow() {
    let mut all = Vec::new();
    loop {
        all.push(black_box(vec![1_u8; MIB]));
    }
}

/// Asks for more than there is and goes on.
fn refused() {
    assert!(Vec::<u8>::new().try_reserve_exact(black_box(1_000 * MIB)).is_err());
}

/// Recurses with a large frame in linear memory.
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if black_box(false) { 0 } else { recurse(depth + 1) + black_box(frame[0]) }
}

/// Recurses without any frame in linear memory, so that only the native stack grows.
#[inline(never)]
fn recurse_flat(depth: u64) -> u64 {
    if depth == 0 { 0 } else { recurse_flat(depth.wrapping_add(1)).wrapping_mul(depth) ^ depth }
}
