//! Lines for whoever runs kusion, who sees warnings and errors; they never reach a resource.
//!
//! On targets other than WebAssembly, where only tests run, lines go nowhere.

/// Says something only the module's author wants to know.
pub fn trace(message: impl AsRef<str>) {
    send(Level::Trace, message.as_ref());
}

/// Says something that helps to find a mistake.
pub fn debug(message: impl AsRef<str>) {
    send(Level::Debug, message.as_ref());
}

/// Says what the module did.
pub fn info(message: impl AsRef<str>) {
    send(Level::Info, message.as_ref());
}

/// Says that something works but should be changed.
pub fn warn(message: impl AsRef<str>) {
    send(Level::Warn, message.as_ref());
}

/// Says that something is wrong; a [`Rejection`](crate::Rejection) is usually better.
pub fn error(message: impl AsRef<str>) {
    send(Level::Error, message.as_ref());
}

#[derive(Debug, Clone, Copy)]
enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

#[cfg(target_family = "wasm")]
fn send(level: Level, message: &str) {
    use crate::guest::bindings::kusion::module::log;

    let level = match level {
        Level::Trace => log::Level::Trace,
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    };
    log::log(level, message);
}

#[cfg(not(target_family = "wasm"))]
fn send(_level: Level, _message: &str) {}
