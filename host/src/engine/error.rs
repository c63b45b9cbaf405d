//! Why a module cannot be loaded, and the four ways a call can fail.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::{Diagnose, Kind};
use crate::engine::{LogLine, Rejection};
use crate::name::ModuleName;

/// Why a module's bytes cannot be turned into something callable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are no Wasm at all.
    #[error("module `{module}` is not WebAssembly")]
    NotWasm {
        /// The module.
        module: ModuleName,
    },
    /// The bytes are a core module, not a component.
    #[error("module `{module}` is a core WebAssembly module, not a component")]
    CoreModule {
        /// The module.
        module: ModuleName,
    },
    /// The bytes begin like a component but are damaged, or use a Wasm feature that is switched off.
    #[error("module `{module}` is not a valid component")]
    Invalid {
        /// The module.
        module: ModuleName,
        /// What the parser or compiler says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The component is larger than the limit.
    #[error("module `{module}` is too large: {size} bytes, and the limit is {limit}")]
    TooLarge {
        /// The module.
        module: ModuleName,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The component nests or passes round components so that expanding them may exceed the limit.
    #[error(
        "module `{module}` nests components so that they may expand to more than {limit} instances"
    )]
    TooComplex {
        /// The module.
        module: ModuleName,
        /// What they come to, if that can be told.
        instances: Option<u64>,
        /// The limit.
        limit: u64,
    },
    /// The component imports and exports more than any module needs.
    #[error("module `{module}` has more than {limit} imports and exports")]
    TooManyNames {
        /// The module.
        module: ModuleName,
        /// The limit.
        limit: usize,
    },
    /// The component does not export the module interface.
    #[error("module `{module}` does not export `kusion:module/generator`")]
    NoInterface {
        /// The module.
        module: ModuleName,
        /// What it exports.
        exports: Vec<String>,
    },
    /// The component was made for an interface version that this kusion does not serve.
    #[error("module `{module}` needs module interface {found}")]
    UnsupportedInterface {
        /// The module.
        module: ModuleName,
        /// The version it needs.
        found: String,
    },
    /// The component imports something that a module may not have.
    #[error("module `{module}` imports `{import}`, which modules may not use")]
    MissingImport {
        /// The module.
        module: ModuleName,
        /// The import.
        import: String,
    },
    /// Compiling the module passed a limit.
    #[error("compiling module `{module}` took more than {limit}")]
    CompileLimit {
        /// The module.
        module: ModuleName,
        /// The limit.
        limit: CompileLimit,
    },
    /// The process that compiles modules failed for a reason of its own.
    #[error("cannot run the compiler for module `{module}`: {reason}")]
    Compiler {
        /// The module.
        module: ModuleName,
        /// What happened.
        reason: String,
    },
    /// The folder of compiled code belongs to somebody else or can be written by others.
    #[error("the folder of compiled code `{path}` is not private")]
    UntrustedCache {
        /// The folder.
        path: PathBuf,
    },
    /// What the module says about itself is unusable.
    #[error("module `{module}` describes itself wrongly: {reason}")]
    BadDescription {
        /// The module.
        module: ModuleName,
        /// What is wrong.
        reason: String,
    },
    /// The module failed while it described itself.
    #[error("cannot ask module `{module}` what it is")]
    Describe {
        /// The module.
        module: ModuleName,
        /// How the call failed.
        source: Box<CallError>,
    },
}

/// How many exports of a component of another kind are listed.
const SHOWN_EXPORTS: usize = 10;

/// A bound of compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompileLimit {
    /// Wall-clock time.
    Time(Duration),
    /// Bytes of address space.
    Memory(u64),
}

impl fmt::Display for CompileLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{} s", time.as_secs_f32()),
            Self::Memory(bytes) => write!(f, "{} MiB of memory", bytes >> 20),
        }
    }
}

impl Diagnose for LoadError {
    fn kind(&self) -> Kind {
        match self {
            Self::Compiler { .. } | Self::UntrustedCache { .. } => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::CoreModule { .. } => {
                vec!["`kusion mod build` turns a Cargo package into a component".to_owned()]
            }
            Self::NoInterface { exports, .. } if !exports.is_empty() => {
                let more = if exports.len() > SHOWN_EXPORTS { ", …" } else { "" };
                let shown: Vec<&str> =
                    exports.iter().take(SHOWN_EXPORTS).map(String::as_str).collect();
                vec![format!("it exports: {}{more}", shown.join(", "))]
            }
            Self::UnsupportedInterface { .. } => {
                vec![format!(
                    "this kusion supports module interface {}",
                    crate::engine::INTERFACE_VERSION
                )]
            }
            Self::MissingImport { import, .. } if import.starts_with("wasi:http") => vec![
                "a module may import `kusion:module/log`, and the WASI 0.2 of its language runtime"
                    .to_owned(),
                "build a JavaScript module with the features `http` and `fetch-event` disabled"
                    .to_owned(),
            ],
            Self::MissingImport { .. } => vec![
                "a module may import `kusion:module/log`, and the WASI 0.2 of its language runtime"
                    .to_owned(),
            ],
            Self::UntrustedCache { path } => {
                vec![format!("run `chmod 700 {}`, or remove the folder", path.display())]
            }
            Self::Describe { source, .. } => source.hints(),
            Self::TooLarge { .. } => raise("componentMiB"),
            Self::TooComplex { instances: Some(_), .. } => raise("expandedInstances"),
            Self::CompileLimit { limit: CompileLimit::Time(_), .. } => raise("compileSeconds"),
            Self::CompileLimit { limit: CompileLimit::Memory(_), .. } => raise("compileMemoryMiB"),
            _ => Vec::new(),
        }
    }
}

/// The four ways a module call can fail. None of them is ever an empty success.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The module says that the request is wrong.
    #[error("module `{module}` rejects the request{}", rejection_text(.rejection))]
    Rejected {
        /// The module.
        module: ModuleName,
        /// What it says.
        rejection: Rejection,
    },
    /// The module crashed.
    #[error("module `{module}` crashed: {reason}")]
    Trapped {
        /// The module.
        module: ModuleName,
        /// The panic's message if the guest reported one, else the kind of trap.
        reason: String,
        /// What the module had logged.
        log: Vec<LogLine>,
    },
    /// The module passed a limit and was stopped.
    #[error("module `{module}` was stopped: it used more than {limit}")]
    OverLimit {
        /// The module.
        module: ModuleName,
        /// The limit.
        limit: CallLimit,
    },
    /// The module answered something that is no answer.
    #[error("module `{module}` answered wrongly: {reason}")]
    BadOutput {
        /// The module.
        module: ModuleName,
        /// What is wrong.
        reason: String,
    },
}

fn rejection_text(rejection: &Rejection) -> String {
    match rejection {
        Rejection::Invalid(places) => {
            places.iter().map(|place| format!(": `{}` {}", place.pointer, place.message)).collect()
        }
        Rejection::Unsupported(text) | Rejection::Failed(text) => format!(": {text}"),
    }
}

impl Diagnose for CallError {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Rejected { .. } => Vec::new(),
            Self::OverLimit { limit, .. } => {
                let time = "time depends on the machine; the same call may pass on a faster one";
                let first = if let CallLimit::Time(_) = limit { time } else { DEFECT };
                let mut hints = vec![first.to_owned()];
                hints.extend(limit.setting().into_iter().flat_map(raise));
                hints
            }
            _ => vec![DEFECT.to_owned()],
        }
    }
}

fn raise(setting: &str) -> Vec<String> {
    vec![format!("if the module needs it, raise `limits.{setting}` in the workspace")]
}

const DEFECT: &str = "this is a defect of the module, not of your configuration";

/// A bound of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallLimit {
    /// Fuel: the same verdict on every machine.
    Fuel(u64),
    /// Wall-clock time.
    Time(Duration),
    /// Bytes of linear memory.
    Memory(usize),
    /// Bytes copied out of the guest.
    Output(usize),
    /// Table elements.
    TableElements(usize),
    /// Instances, memories or tables.
    Instances(usize),
    /// Log lines.
    LogLines(usize),
    /// Bytes of all log lines.
    LogBytes(usize),
    /// WASI handles held at once.
    Handles(usize),
    /// Depth of the call stack.
    Stack,
}

impl CallLimit {
    /// Returns the key below `limits` of a workspace that changes the limit, if there is one.
    fn setting(self) -> Option<&'static str> {
        match self {
            Self::Fuel(_) => Some("fuel"),
            Self::Time(_) => Some("seconds"),
            Self::Memory(_) => Some("memoryMiB"),
            Self::Output(_) => Some("outputMiB"),
            Self::TableElements(_) => Some("tableElements"),
            Self::Instances(_) => Some("instances"),
            Self::LogLines(_) => Some("logLines"),
            Self::LogBytes(_) => Some("logKiB"),
            Self::Handles(_) => Some("handles"),
            Self::Stack => None,
        }
    }
}

impl fmt::Display for CallLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fuel(fuel) => write!(f, "{fuel} units of fuel"),
            Self::Time(time) => write!(f, "{} s", time.as_secs_f32()),
            Self::Memory(bytes) => write!(f, "{} MiB of memory", bytes >> 20),
            Self::Output(bytes) => write!(f, "{} MiB of output", bytes >> 20),
            Self::TableElements(count) => write!(f, "{count} table elements"),
            Self::Instances(count) => write!(f, "{count} instances, memories or tables"),
            Self::LogLines(count) => write!(f, "{count} log lines"),
            Self::LogBytes(bytes) => write!(f, "{} KiB of log lines", bytes >> 10),
            Self::Handles(count) => write!(f, "{count} open handles"),
            Self::Stack => f.write_str("the call stack (it recurses too deeply)"),
        }
    }
}
