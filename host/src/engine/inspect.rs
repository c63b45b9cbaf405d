//! What a component is, read from its bytes before anything is compiled.
//!
//! The interface version stands in the name of an export, so a module that this host cannot serve is
//! refused with a sentence about versions instead of a type mismatch.

use wasmparser::{ComponentInstance, Parser, Payload};

use crate::engine::{Limits, LoadError};
use crate::name::ModuleName;

/// The versions of the module interface `kusion:module` that this host serves.
pub const INTERFACE_VERSION: &str = "0.1";

const INTERFACE: &str = "kusion:module/generator";
/// How deep components may nest. What `wit-component` writes has a depth of 2.
const MAX_DEPTH: usize = 16;

/// Packages of WASI 0.2 that the sandbox offers in their deterministic form.
const WASI: [&str; 6] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];

/// What the bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inspected {
    /// Whether the component brings WASI imports of its language runtime.
    pub(super) needs_wasi: bool,
}

/// Checks everything that can be checked without compiling.
pub(super) fn inspect(
    module: &ModuleName,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Inspected, LoadError> {
    let module = || module.clone();
    if bytes.len() > limits.component_size {
        return Err(LoadError::TooLarge {
            module: module(),
            size: bytes.len(),
            limit: limits.component_size,
        });
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm { module: module() });
    }
    if Parser::is_core_wasm(bytes) {
        return Err(LoadError::CoreModule { module: module() });
    }
    let names = Names::read(bytes)
        .map_err(|source| LoadError::Invalid { module: module(), source: source.into() })?;
    check_interface(module(), &names.exports)?;
    let mut needs_wasi = false;
    for import in names.imports {
        if import.starts_with("wasi:") && is_offered_wasi(&import) {
            needs_wasi = true;
        } else if !is_own(&import) {
            return Err(LoadError::MissingImport { module: module(), import });
        }
    }
    let expanded = expanded_instances(bytes)
        .map_err(|source| LoadError::Invalid { module: module(), source: source.into() })?;
    if expanded.is_none_or(|count| count > limits.expanded_instances) {
        return Err(LoadError::TooComplex { module: module(), limit: limits.expanded_instances });
    }
    Ok(Inspected { needs_wasi })
}

fn check_interface(module: ModuleName, exports: &[String]) -> Result<(), LoadError> {
    let version = exports
        .iter()
        .find_map(|name| name.strip_prefix(INTERFACE)?.strip_prefix('@').map(str::to_owned));
    match version {
        None => Err(LoadError::NoInterface { module, exports: exports.to_vec() }),
        Some(version)
            if version
                .strip_prefix(INTERFACE_VERSION)
                .is_some_and(|rest| rest.starts_with('.')) =>
        {
            Ok(())
        }
        Some(found) => Err(LoadError::UnsupportedInterface { module, found }),
    }
}

fn is_own(import: &str) -> bool {
    import.strip_prefix("kusion:module/log@").is_some_and(|version| version.starts_with("0.1."))
}

fn is_offered_wasi(import: &str) -> bool {
    let Some((package, rest)) = import.split_once('/') else { return false };
    let version = rest.split_once('@').map(|(_, version)| version);
    WASI.contains(&package) && version.is_some_and(|version| version.starts_with("0.2."))
}

/// The names at the outermost level of a component.
#[derive(Debug, Default)]
struct Names {
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Names {
    fn read(bytes: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut names = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        names.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        names.exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

/// One open component while its bytes are read.
#[derive(Debug, Default)]
struct Level {
    /// Instances so far, nested ones expanded.
    total: u64,
    /// What instantiating the most expensive component in sight comes to. Which one an instance names
    /// is not followed (aliases make that hard), so the count is an upper bound.
    largest_in_sight: u64,
}

/// Counts the instances of a component with all nested components expanded, as a compiler does.
/// Returns nothing if the nesting is too deep to be counted.
fn expanded_instances(bytes: &[u8]) -> Result<Option<u64>, wasmparser::BinaryReaderError> {
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::default();
    let mut open_modules = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { .. } => open_modules += 1,
            Payload::ComponentSection { .. } => {
                if outer.len() >= MAX_DEPTH {
                    return Ok(None);
                }
                let inner = Level { total: 0, largest_in_sight: level.largest_in_sight };
                outer.push(std::mem::replace(&mut level, inner));
            }
            Payload::InstanceSection(section) => {
                level.total = level.total.saturating_add(u64::from(section.count()));
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let ComponentInstance::Instantiate { .. } = instance? {
                        level.total =
                            level.total.saturating_add(1).saturating_add(level.largest_in_sight);
                    }
                }
            }
            Payload::End(_) if open_modules > 0 => open_modules -= 1,
            Payload::End(_) => {
                if let Some(mut parent) = outer.pop() {
                    parent.largest_in_sight = parent.largest_in_sight.max(level.total);
                    level = parent;
                }
            }
            _ => {}
        }
    }
    Ok(Some(level.total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Vec<u8> {
        let mut component = wasm_encoder::Component::new();
        if levels > 0 {
            component.section(&wasm_encoder::RawSection { id: 4, data: &nested(levels - 1) });
            let mut instances = wasm_encoder::ComponentInstanceSection::new();
            for _ in 0..10 {
                instances
                    .instantiate(0, Vec::<(&str, wasm_encoder::ComponentExportKind, u32)>::new());
            }
            component.section(&instances);
        }
        component.finish()
    }

    #[test]
    fn nested_instances_multiply() {
        let counts: Vec<_> =
            (0..4).map(|levels| expanded_instances(&nested(levels)).ok().flatten()).collect();
        assert_eq!(counts, [Some(0), Some(10), Some(110), Some(1110)]);
        assert_eq!(expanded_instances(&nested(MAX_DEPTH + 1)).ok(), Some(None));
    }

    #[test]
    fn six_hundred_bytes_of_nesting_are_refused_before_they_are_compiled() {
        let module = ModuleName::parse("bomb").unwrap();
        let bytes = nested(7);
        assert!(bytes.len() < 900, "{}", bytes.len());
        let expanded = expanded_instances(&bytes).ok().flatten().unwrap();
        assert!(expanded > Limits::default().expanded_instances);
        assert!(matches!(
            inspect(&module, &bytes, &Limits::default()),
            Err(LoadError::NoInterface { .. })
        ));
    }

    #[test]
    fn imports_are_told_apart_by_name_and_version() {
        assert!(is_own("kusion:module/log@0.1.0"));
        assert!(!is_own("kusion:module/log@0.2.0"));
        assert!(is_offered_wasi("wasi:io/poll@0.2.6"));
        assert!(!is_offered_wasi("wasi:http/types@0.2.6"));
        assert!(!is_offered_wasi("wasi:io/poll@0.3.0"));
    }
}
