//! What can be seen of the world.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant, SystemTime};

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.6")]
unsafe extern "C" {
    #[link_name = "subscribe-duration"]
    fn subscribe_duration(nanoseconds: u64) -> i32;
}

/// Everything the standard library offers, as one JSON object.
pub(crate) fn look_round() -> String {
    let start = Instant::now();
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let state = std::hash::RandomState::new();
    let order: Vec<u32> =
        HashMap::<u32, ()>::from_iter((0..20).map(|key| (key, ()))).into_keys().collect();
    let mut input = String::new();
    let sights = [
        ("clock", format!("{clock:?}")),
        ("hash", state.hash_one("text").to_string()),
        ("order", format!("{order:?}")),
        ("environment", std::env::vars().count().to_string()),
        ("arguments", std::env::args().count().to_string()),
        ("folder", std::env::current_dir().map_or_else(error, |path| path.display().to_string())),
        ("root", std::fs::read_dir("/").map_or_else(error, |_| "readable".to_owned())),
        (
            "file",
            std::fs::read_to_string("/etc/hostname").map_or_else(error, |_| "readable".to_owned()),
        ),
        (
            "write",
            std::fs::write("/tmp/kusion-was-here", "x")
                .map_or_else(error, |()| "writable".to_owned()),
        ),
        (
            "input",
            std::io::stdin().read_to_string(&mut input).map_or_else(error, |read| read.to_string()),
        ),
        (
            "output",
            std::io::stdout()
                .write_all(b"nobody reads this")
                .map_or_else(error, |()| "taken".to_owned()),
        ),
        (
            "network",
            std::net::TcpStream::connect("127.0.0.1:80").map_or_else(error, |_| "open".to_owned()),
        ),
        (
            "names",
            std::net::UdpSocket::bind("127.0.0.1:0").map_or_else(error, |_| "open".to_owned()),
        ),
        ("took", format!("{:?}", start.elapsed())),
    ];
    let members: Vec<String> =
        sights.iter().map(|(name, sight)| format!("{name:?}: {sight:?}")).collect();
    format!("{{{}}}", members.join(", "))
}

fn error(error: std::io::Error) -> String {
    error.kind().to_string()
}

/// Sleeps for an hour, in both of the ways there are.
pub(crate) fn sleep() -> String {
    let start = Instant::now();
    std::thread::sleep(Duration::from_secs(3_600));
    format!("{{\"slept\": \"{:?}\"}}", start.elapsed())
}

/// Takes timers for ever and gives none back.
pub(crate) fn hoard() -> String {
    loop {
        // SAFETY: the import takes and gives a number.
        unsafe { subscribe_duration(1) };
    }
}

/// Writes more to standard error than anybody keeps.
pub(crate) fn shout() -> String {
    for number in 0..10_000 {
        eprintln!("line {number}: all is well");
    }
    "{\"done\": true}".to_owned()
}
