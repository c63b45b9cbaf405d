//! `SECURITY.md` names the test behind each promise; here is that they exist.

use std::collections::BTreeSet;

use fs_err as fs;
use kusion_tests::repository;

/// The tests that the page names: file and name.
fn named(page: &str) -> BTreeSet<(&str, &str)> {
    let spans = page.split('`').skip(1).step_by(2);
    spans
        .filter_map(|span| span.split_once("::"))
        .filter(|(file, _)| file.ends_with(".rs"))
        .collect()
}

#[test]
fn every_test_that_the_page_names_exists() {
    let page = fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    let named = named(&page);
    assert!(named.len() > 40, "only {} tests are named", named.len());
    for (file, test) in named {
        let source = fs::read_to_string(repository().join(file)).unwrap();
        let test = format!("#[test]fn{test}(){{");
        let source: String = source.split_whitespace().collect();
        assert!(source.contains(&test), "{file} has no test `{test}`");
    }
}

#[test]
fn every_promise_names_a_test() {
    let page = fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    let (_, after) = page.split_once("## What the sandbox promises").unwrap();
    let (promises, _) = after.split_once("\n## ").unwrap();
    let mut numbers = 0;
    let mut current = String::new();
    for line in promises.lines().chain(["0. **"]) {
        let begins =
            line.split_once(". **").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if begins {
            assert!(numbers == 0 || current.contains(".rs::"), "no test stands behind: {current}");
            numbers += 1;
            current.clear();
        }
        current.push_str(line);
    }
    assert!(numbers > 10, "{numbers}");
}

#[test]
fn the_page_shows_the_default_limits() {
    let page = fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    let manual = fs::read_to_string(repository().join("docs/workspace.md")).unwrap();
    let limits = kusion::engine::Limits::default();
    let grouped = |number: u64| {
        let digits = number.to_string();
        let groups: Vec<&str> = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(|group| std::str::from_utf8(group).unwrap())
            .collect();
        groups.join(",")
    };
    let count = |number: usize| grouped(number as u64);
    for (key, value, raw) in [
        ("fuel", grouped(limits.fuel), limits.fuel),
        ("seconds", format!("{} s", limits.deadline.as_secs()), limits.deadline.as_secs()),
        ("memoryMiB", format!("{} MiB", limits.memory >> 20), (limits.memory >> 20) as u64),
        ("outputMiB", format!("{} MiB", limits.output >> 20), (limits.output >> 20) as u64),
        ("tableElements", count(limits.table_elements), limits.table_elements as u64),
        ("instances", count(limits.instances), limits.instances as u64),
        ("handles", count(limits.handles), limits.handles as u64),
        ("logLines", count(limits.log_lines), limits.log_lines as u64),
        ("logKiB", format!("{} MiB", limits.log_bytes >> 20), (limits.log_bytes >> 10) as u64),
        (
            "componentMiB",
            format!("{} MiB", limits.component_size >> 20),
            (limits.component_size >> 20) as u64,
        ),
        ("expandedInstances", grouped(limits.expanded_instances), limits.expanded_instances),
        (
            "compileSeconds",
            format!("{} s", limits.compile_time.as_secs()),
            limits.compile_time.as_secs(),
        ),
        (
            "compileMemoryMiB",
            format!("{} GiB", limits.compile_memory >> 30),
            limits.compile_memory >> 20,
        ),
    ] {
        let row = format!("| {value} | `{key}` |");
        assert!(page.contains(&row), "SECURITY.md lacks `{row}`");
        let row = format!("| `{key}` | {raw} |");
        assert!(manual.contains(&row), "docs/workspace.md lacks `{row}`");
    }
}
