//! `docs/interface.md` says what the files in `wit/` say, and what the host allows.

use std::fmt::Write as _;

use fs_err as fs;
use kusion_tests::{blessing, difference, repository};
use wit_parser::{
    Docs, Function, Interface, Resolve, SourceMap, Type, TypeDef, TypeDefKind, WorldItem,
};

const PAGE: &str = "docs/interface.md";
const BEGIN: &str = "<!-- From here on the page is written from wit/, by its test. -->\n";
const END: &str = "<!-- Until here. -->\n";

/// Reads the interface, and holds it to saying what each of its parts means.
struct Reference {
    resolve: Resolve,
    page: String,
}

impl Reference {
    fn read() -> Self {
        let mut sources = SourceMap::default();
        for name in ["log.wit", "module.wit"] {
            let text = fs::read_to_string(repository().join("wit").join(name)).unwrap();
            sources.push_str(name, &text);
        }
        let group = sources.parse().map_err(|(_, error)| error.to_string()).unwrap();
        let mut resolve = Resolve::default();
        resolve.push_group(group).unwrap();
        Self { resolve, page: String::new() }
    }

    fn write(mut self) -> String {
        let package = self.resolve.packages.iter().next().unwrap().1.clone();
        let world = self.resolve.worlds[package.worlds["module"]].clone();
        self.heading(2, &format!("World `{}`", world.name), &world.docs);
        self.page.push_str(&format!("It is part of the package `{}`.\n\n", package.name));
        self.page.push_str("| | interface |\n|---|---|\n");
        for (direction, items) in [("imports", &world.imports), ("exports", &world.exports)] {
            for item in items.values() {
                let WorldItem::Interface { id, .. } = item else {
                    panic!("the world has more than interfaces");
                };
                let name = self.resolve.interfaces[*id].name.clone().unwrap();
                let version = package.name.version.as_ref().unwrap();
                let _ = writeln!(
                    self.page,
                    "| {direction} | [`kusion:module/{name}@{version}`](#interface-{name}) |"
                );
            }
        }
        self.page.push('\n');
        for name in ["generator", "log"] {
            let interface = self.resolve.interfaces[package.interfaces[name]].clone();
            self.interface(name, &interface);
        }
        format!("{}\n", self.page.trim_end())
    }

    fn interface(&mut self, name: &str, interface: &Interface) {
        self.heading(2, &format!("Interface `{name}`"), &interface.docs);
        for function in interface.functions.values() {
            self.function(function);
        }
        for id in interface.types.values() {
            let definition = self.resolve.types[*id].clone();
            self.definition(&definition);
        }
    }

    fn function(&mut self, function: &Function) {
        self.heading(3, &format!("`{}`", function.name), &function.docs);
        let parameters: Vec<String> = function
            .params
            .iter()
            .map(|parameter| format!("{}: {}", parameter.name, self.text(parameter.ty)))
            .collect();
        let result = function.result.map(|result| format!(" -> {}", self.text(result)));
        let (name, parameters) = (&function.name, parameters.join(", "));
        let signature = format!("{name}: func({parameters}){}", result.unwrap_or_default());
        let _ = write!(self.page, "```wit\n{signature}\n```\n\n");
    }

    fn definition(&mut self, definition: &TypeDef) {
        let name = definition.name.clone().unwrap();
        let (kind, head, rows) = match &definition.kind {
            TypeDefKind::Record(record) => {
                let row = |field: &wit_parser::Field| {
                    (field.name.clone(), Some(field.ty), field.docs.clone())
                };
                ("record", "field", record.fields.iter().map(row).collect::<Vec<_>>())
            }
            TypeDefKind::Variant(variant) => {
                let row = |case: &wit_parser::Case| (case.name.clone(), case.ty, case.docs.clone());
                ("variant", "case", variant.cases.iter().map(row).collect())
            }
            TypeDefKind::Enum(cases) => {
                let row =
                    |case: &wit_parser::EnumCase| (case.name.clone(), None, case.docs.clone());
                ("enum", "case", cases.cases.iter().map(row).collect())
            }
            TypeDefKind::Type(other) => {
                let meaning = paragraph(&name, &definition.docs);
                let other = self.linked(*other);
                let _ = write!(self.page, "### type `{name}`\n\n{meaning}\n\nIt is {other}.\n\n");
                return;
            }
            TypeDefKind::Tuple(_) => {
                let meaning = paragraph(&name, &definition.docs);
                let inner = self.kind(&definition.kind);
                let _ = write!(self.page, "### type `{name}`\n\n{meaning}\n\nIt is `{inner}`.\n\n");
                return;
            }
            other => panic!("the page cannot say what a {} is", other.as_str()),
        };
        self.heading(3, &format!("{kind} `{name}`"), &definition.docs);
        let _ = write!(self.page, "| {head} | type | meaning |\n|---|---|---|\n");
        for (row, ty, docs) in rows {
            let ty = ty.map(|ty| self.linked(ty)).unwrap_or_default();
            let meaning = paragraph(&format!("{name}.{row}"), &docs).replace('|', "\\|");
            let _ = writeln!(self.page, "| `{row}` | {ty} | {meaning} |");
        }
        self.page.push('\n');
    }

    fn heading(&mut self, level: usize, title: &str, docs: &Docs) {
        let _ = write!(self.page, "{} {title}\n\n{}\n\n", "#".repeat(level), text(title, docs));
    }

    /// Returns a type as the page shows it in a table, with the way to what it names.
    fn linked(&self, ty: Type) -> String {
        let text = self.text(ty);
        let named = text.trim_start_matches("list<").trim_end_matches('>');
        let is_ours = self.resolve.types.iter().any(|(_, other)| {
            other.name.as_deref() == Some(named) && !matches!(named, "json" | "pair")
        });
        if !is_ours {
            return format!("`{text}`");
        }
        let kind =
            self.resolve.types.iter().find(|(_, other)| other.name.as_deref() == Some(named));
        let kind = kind.map_or("type", |(_, other)| other.kind.as_str());
        format!("[`{text}`](#{kind}-{named})")
    }

    fn text(&self, ty: Type) -> String {
        let Type::Id(id) = ty else {
            return match ty {
                Type::String => "string",
                Type::U32 => "u32",
                Type::Bool => "bool",
                other => panic!("the page cannot name {other:?}"),
            }
            .to_owned();
        };
        let definition = &self.resolve.types[id];
        definition.name.clone().unwrap_or_else(|| self.kind(&definition.kind))
    }

    fn kind(&self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::List(element) => format!("list<{}>", self.text(*element)),
            TypeDefKind::Result(result) => {
                let [ok, err] = [result.ok, result.err].map(|ty| self.text(ty.unwrap()));
                format!("result<{ok}, {err}>")
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(|ty| self.text(*ty)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            other => panic!("the page cannot name a {}", other.as_str()),
        }
    }
}

/// Returns what a part of the interface means, in its own lines.
fn text<'a>(what: &str, docs: &'a Docs) -> &'a str {
    let text = docs.contents.as_deref().unwrap_or_default().trim();
    assert!(!text.is_empty(), "wit/ does not say what {what} means");
    text
}

/// Returns it in one line.
fn paragraph(what: &str, docs: &Docs) -> String {
    text(what, docs).lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_says_what_the_interface_says() {
    let path = repository().join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}\n{}\n{END}{after}", Reference::read().write());
    if blessing() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert!(
        page == expected,
        "{PAGE} is not what wit/ says; `BLESS=1 cargo test --package kusion-tests interface_doc` writes it:\n{}",
        difference(&expected, &page).unwrap_or_default()
    );
}

#[test]
fn the_page_shows_what_the_host_allows_and_serves() {
    let page = fs::read_to_string(repository().join(PAGE)).unwrap();
    let limits = kusion::engine::Limits::default();
    for (key, value) in [
        ("fuel", limits.fuel),
        ("seconds", limits.deadline.as_secs()),
        ("memoryMiB", limits.memory as u64 >> 20),
        ("outputMiB", limits.output as u64 >> 20),
        ("logLines", limits.log_lines as u64),
        ("logKiB", limits.log_bytes as u64 >> 10),
        ("componentMiB", limits.component_size as u64 >> 20),
    ] {
        let row = format!("| `{key}` | {value} |");
        assert!(page.contains(&row), "{PAGE} lacks `{row}`");
    }
    let source = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let (call, needs, bindings) = (
        source("host/src/ops/call.rs"),
        source("host/src/ops/needs.rs"),
        source("host/src/engine/bindings.rs"),
    );
    for (file, constant, said) in [
        (&call, "MAX_ROUNDS: usize = 4;", "after 4 rounds"),
        (&call, "MAX_NEEDS: usize = 1_000;", "1,000 files and folders"),
        (&needs, "MAX_BYTES: u64 = 8 << 20;", "8 MiB"),
        (&bindings, "MAX_VALUES: usize = 500_000;", "500,000 values"),
        (&bindings, "MAX_SCHEMA_VALUES: usize = 50_000;", "50,000 values"),
        (&bindings, "MAX_WORD: usize = 100;", "100 characters"),
        (&bindings, "MAX_PLACES: usize = 50;", "50 places"),
        (&bindings, "MAX_TEXT: usize = 2_000;", "2,000 characters"),
    ] {
        assert!(file.contains(constant), "the host has no `{constant}`; mend {PAGE}");
        assert!(page.contains(said), "{PAGE} does not say `{said}`");
    }
}
