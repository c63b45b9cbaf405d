//! What a component is, read from its bytes before anything is compiled.
//!
//! The interface version stands in the name of an export, so a module that this host cannot serve is
//! refused with a sentence about versions instead of a type mismatch.

use std::collections::BTreeMap;

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentTypeRef, Parser, Payload,
};

use crate::engine::{Limits, LoadError};
use crate::name::ModuleName;

/// The versions of the module interface `kusion:module` that this host serves.
pub const INTERFACE_VERSION: &str = "0.1";

const INTERFACE: &str = "kusion:module/generator";
/// How deep components may nest. What `wit-component` writes has a depth of 2.
const MAX_DEPTH: usize = 16;

/// Imports and exports of the outermost component. A Python module has 27.
const MAX_NAMES: usize = 1_000;

/// What an author can write about a component, in the sections that `wasm-tools metadata` reads and writes too.
const NOTES: [&str; 5] = ["authors", "homepage", "licenses", "revision", "source"];
/// The most bytes of one of them.
const MAX_NOTE: usize = 4 << 10;

/// Packages of WASI 0.2 that the sandbox offers in their deterministic form.
const WASI: [&str; 6] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];

/// What the bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inspected {
    /// Whether the component brings WASI imports of its language runtime.
    pub(super) needs_wasi: bool,
}

/// What a component takes from its host and gives to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// The names of its imports: all that it can do beside computing.
    pub imports: Vec<String>,
    /// The names of its exports.
    pub exports: Vec<String>,
    /// What its author says about it: `licenses`, `source` and the like.
    pub notes: BTreeMap<String, String>,
}

impl Surface {
    /// Reads the names from a component that was loaded; of something else there are none.
    pub fn of(component: &[u8]) -> Self {
        let Outline { imports, exports, notes, .. } = Outline::read(component).unwrap_or_default();
        Self { imports, exports, notes }
    }
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
    let outline = Outline::read(bytes)
        .map_err(|source| LoadError::Invalid { module: module(), source: source.into() })?;
    if outline.instances.is_none_or(|count| count > limits.expanded_instances) {
        return Err(LoadError::TooComplex {
            module: module(),
            instances: outline.instances,
            limit: limits.expanded_instances,
        });
    }
    if outline.imports.len() + outline.exports.len() > MAX_NAMES {
        return Err(LoadError::TooManyNames { module: module(), limit: MAX_NAMES });
    }
    check_interface(module(), &outline.exports)?;
    let mut needs_wasi = false;
    for import in outline.imports {
        if import.starts_with("wasi:") && is_offered_wasi(&import) {
            needs_wasi = true;
        } else if !is_own(&import) {
            return Err(LoadError::MissingImport { module: module(), import });
        }
    }
    Ok(Inspected { needs_wasi })
}

fn check_interface(module: ModuleName, exports: &[String]) -> Result<(), LoadError> {
    let versions: Vec<&str> =
        exports.iter().filter_map(|name| name.strip_prefix(INTERFACE)?.strip_prefix('@')).collect();
    let supported = |version: &&str| {
        version.strip_prefix(INTERFACE_VERSION).is_some_and(|rest| rest.starts_with('.'))
    };
    match versions.first() {
        None => Err(LoadError::NoInterface { module, exports: exports.to_vec() }),
        Some(_) if versions.iter().any(supported) => Ok(()),
        Some(_) => Err(LoadError::UnsupportedInterface { module, found: versions.join(", ") }),
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

/// What a component says about itself, without its code.
#[derive(Debug, Default)]
struct Outline {
    /// Names at the outermost level.
    imports: Vec<String>,
    /// Likewise.
    exports: Vec<String>,
    /// What the author says, at the outermost level.
    notes: BTreeMap<String, String>,
    /// Instances with all nested components expanded, as a compiler expands them: an upper bound.
    /// Nothing if they cannot be bounded; then reading stopped there.
    instances: Option<u64>,
}

/// One open component while its bytes are read.
#[derive(Debug, Default)]
struct Level {
    /// Instances so far, nested ones expanded.
    total: u64,
    /// What instantiating the most expensive component in sight comes to. Which one an instance names
    /// is not followed, so the count is an upper bound.
    largest_in_sight: u64,
}

impl Outline {
    fn read(bytes: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut outline = Self::default();
        let mut outer: Vec<Level> = Vec::new();
        let mut level = Level::default();
        let mut open_modules = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } => open_modules += 1,
                Payload::End(_) if open_modules > 0 => open_modules -= 1,
                Payload::ComponentSection { .. } if outer.len() >= MAX_DEPTH => return Ok(outline),
                Payload::ComponentSection { .. } => {
                    let inner = Level { total: 0, largest_in_sight: level.largest_in_sight };
                    outer.push(std::mem::replace(&mut level, inner));
                }
                Payload::End(_) => {
                    if let Some(mut parent) = outer.pop() {
                        parent.largest_in_sight = parent.largest_in_sight.max(level.total);
                        level = parent;
                    }
                }
                Payload::InstanceSection(section) => {
                    level.total = level.total.saturating_add(u64::from(section.count()));
                }
                Payload::ComponentInstanceSection(section) => {
                    for instance in section {
                        if let ComponentInstance::Instantiate { .. } = instance? {
                            level.total = level
                                .total
                                .saturating_add(1)
                                .saturating_add(level.largest_in_sight);
                        }
                    }
                }
                Payload::ComponentAliasSection(section) => {
                    for alias in section {
                        if is_component_value(&alias?) {
                            return Ok(outline);
                        }
                    }
                }
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        let import = import?;
                        if outer.is_empty() && outline.imports.len() <= MAX_NAMES {
                            outline.imports.push(import.name.name.to_owned());
                        }
                        if matches!(import.ty, ComponentTypeRef::Component(_)) {
                            return Ok(outline);
                        }
                    }
                }
                Payload::ComponentExportSection(section) if outer.is_empty() => {
                    let room = (MAX_NAMES + 1).saturating_sub(outline.exports.len());
                    for export in section.into_iter().take(room) {
                        outline.exports.push(export?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) if outer.is_empty() && open_modules == 0 => {
                    let name = NOTES.iter().find(|name| **name == section.name());
                    let text = std::str::from_utf8(section.data()).ok();
                    let text = text.filter(|text| text.len() <= MAX_NOTE);
                    if let (Some(name), Some(text)) = (name, text) {
                        outline.notes.insert((*name).to_owned(), text.to_owned());
                    }
                }
                _ => {}
            }
        }
        outline.instances = Some(level.total);
        Ok(outline)
    }
}

/// Whether an alias takes a component out of an instance. Components that are passed round, as exports
/// or as imports, can multiply without any nesting in sight, and no compiler of modules writes them.
fn is_component_value(alias: &ComponentAlias<'_>) -> bool {
    matches!(alias, ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. })
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

    fn instances(bytes: &[u8]) -> Option<u64> {
        Outline::read(bytes).unwrap().instances
    }

    #[test]
    fn nested_instances_multiply() {
        let counts: Vec<_> = (0..4).map(|levels| instances(&nested(levels))).collect();
        assert_eq!(counts, [Some(0), Some(10), Some(110), Some(1110)]);
        assert!(instances(&nested(MAX_DEPTH)).is_some());
        assert_eq!(instances(&nested(MAX_DEPTH + 1)), None);
    }

    #[test]
    fn what_an_author_says_is_read_from_the_outermost_level() {
        let note = |component: &mut wasm_encoder::Component, name: &str, text: &[u8]| {
            component
                .section(&wasm_encoder::CustomSection { name: name.into(), data: text.into() });
        };
        let mut inner = wasm_encoder::Component::new();
        note(&mut inner, "licenses", b"GPL-3.0");
        let mut component = wasm_encoder::Component::new();
        component.section(&wasm_encoder::RawSection { id: 4, data: &inner.finish() });
        note(&mut component, "licenses", b"Apache-2.0");
        note(&mut component, "source", b"\xff");
        note(&mut component, "homepage", &[b'x'; MAX_NOTE + 1]);
        note(&mut component, "producers", b"x");
        let notes = Surface::of(&component.finish()).notes;
        assert_eq!(notes, [("licenses".to_owned(), "Apache-2.0".to_owned())].into());
    }

    #[test]
    fn six_hundred_bytes_of_nesting_are_refused_before_they_are_compiled() {
        let module = ModuleName::parse("bomb").unwrap();
        let bytes = nested(7);
        assert!(bytes.len() < 900, "{}", bytes.len());
        let error = inspect(&module, &bytes, &Limits::default()).unwrap_err();
        assert!(matches!(
            error,
            LoadError::TooComplex { limit: 1_000, instances: Some(11_111_110), .. }
        ));
    }

    #[test]
    fn one_supported_version_of_the_interface_is_enough() {
        let module = || ModuleName::parse("m").unwrap();
        let check = |versions: &[&str]| {
            let exports: Vec<_> =
                versions.iter().map(|version| format!("{INTERFACE}{version}")).collect();
            check_interface(module(), &exports)
        };
        assert!(check(&["@0.1.9"]).is_ok());
        assert!(check(&["@0.2.0", "@0.1.0"]).is_ok());
        for version in ["@0.10.0", "@1.1.0", "@0.1"] {
            assert!(
                matches!(check(&[version]), Err(LoadError::UnsupportedInterface { .. })),
                "{version}"
            );
        }
        for version in ["", "2@0.1.0"] {
            assert!(matches!(check(&[version]), Err(LoadError::NoInterface { .. })), "{version}");
        }
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
