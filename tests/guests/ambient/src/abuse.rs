//! WASI used as nobody should.

use std::io::Write as _;

#[link(wasm_import_module = "wasi:random/random@0.2.6")]
unsafe extern "C" {
    #[link_name = "get-random-bytes"]
    fn get_random_bytes(length: u64, list: *mut [usize; 2]);
}

#[link(wasm_import_module = "wasi:cli/stderr@0.2.6")]
unsafe extern "C" {
    #[link_name = "get-stderr"]
    fn get_stderr() -> i32;
}

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.6")]
unsafe extern "C" {
    #[link_name = "subscribe-duration"]
    fn subscribe_duration(nanoseconds: u64) -> i32;
}

#[link(wasm_import_module = "wasi:io/poll@0.2.6")]
unsafe extern "C" {
    #[link_name = "poll"]
    fn poll_list(first: *const i32, length: usize, list: *mut [usize; 2]);
}

/// Takes streams for ever and gives none back.
pub(crate) fn hoard_streams() -> String {
    loop {
        // SAFETY: the import takes nothing and gives a number.
        unsafe { get_stderr() };
    }
}

/// Asks for random bytes at once.
pub(crate) fn random(length: u64) -> String {
    let mut list = [0_usize; 2];
    // SAFETY: the import writes a pointer and a length.
    unsafe { get_random_bytes(length, &raw mut list) };
    format!("{{\"bytes\": {}}}", list[1])
}

/// Asks for random bytes without an end, and keeps them all.
pub(crate) fn random_for_ever() -> String {
    loop {
        random(64 << 10);
    }
}

/// Waits for one timer so many times at once.
pub(crate) fn poll(times: usize) -> String {
    // SAFETY: the import takes and gives a number.
    let timer = unsafe { subscribe_duration(1) };
    let all = vec![timer; times];
    let mut list = [0_usize; 2];
    // SAFETY: the import reads a list and writes a pointer and a length.
    unsafe { poll_list(all.as_ptr(), all.len(), &raw mut list) };
    format!("{{\"ready\": {}}}", list[1])
}

/// Sleeps for an hour, for ever.
pub(crate) fn sleep() -> String {
    loop {
        std::thread::sleep(std::time::Duration::from_secs(3_600));
    }
}

/// Writes to standard error for ever.
pub(crate) fn flood() -> String {
    let chunk = [b'x'; 64 << 10];
    loop {
        if std::io::stderr().write_all(&chunk).is_err() {
            return "{\"flood\": \"stopped\"}".to_owned();
        }
    }
}
