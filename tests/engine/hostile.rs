//! Every hostile guest through the real program: what is said, how it ends, and that nothing is touched.
//!
//! What is said stands in full in `tests/hostile`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use fs_err as fs;

use super::components::{self, with_instances};
use super::fixture::{misbehave_bytes, misbehave_describing};
use super::shop::Shop;
use super::wasip2;

/// A report on several cases, and a check that each says something of its own.
#[derive(Default)]
struct Report {
    text: String,
    said: BTreeMap<String, String>,
}

impl Report {
    /// Runs what must fail: once to generate, once to apply.
    fn case(&mut self, shop: &Shop, name: &str) {
        let said = shop.fail(&["generate"]);
        assert_eq!(shop.fail(&["apply", "--yes"]), said, "{name}");
        // What a guest says obeys no terminal, whatever it contains.
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{name}: {said:?}");
        assert!(said.len() < 20_000, "{name}: {} bytes", said.len());
        for line in said.lines() {
            let ours =
                ["error: ", "cause: ", "hint: ", " "].iter().any(|start| line.starts_with(start))
                    || line.is_empty()
                    || line.starts_with(|c: char| c.is_ascii_digit());
            assert!(ours, "{name}: {line:?} looks like a message of somebody else");
        }
        let _infallible = write!(self.text, "## {name}\n{}\n", lasting(&said));
        let first: String = said.lines().take_while(|line| !line.starts_with(" -->")).collect();
        if let Some(other) = self.said.insert(first, name.to_owned()) {
            panic!("`{name}` and `{other}` say the same: {said}");
        }
    }

    fn check(self, snapshot: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../hostile");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(snapshot, self.text));
    }
}

/// Replaces what changes with every build of a guest: its size.
fn lasting(said: &str) -> String {
    let mut words: Vec<String> = squeezed(said).split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        if words[at - 1] == "offset" {
            let digits = |c: char| c.is_ascii_hexdigit() || c == 'x';
            words[at] = format!("[offset]{}", words[at].trim_start_matches(digits));
        }
        if words[at].starts_with("wasm[") {
            words[at] = "wasm[number]".to_owned();
        }
    }
    words.join(" ")
}

/// Replaces a long run of one character by its length.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| c != first).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if run.len() > 100 {
            let _infallible = write!(squeezed, "[{} times `{first}`]", run.chars().count());
        } else {
            squeezed.push_str(run);
        }
        rest = after;
    }
    squeezed
}

#[test]
fn what_cannot_be_loaded() {
    let shop = Shop::applied();
    let own = misbehave_bytes();
    let export = components::INTERFACE;
    let mut report = Report::default();
    let huge_memory = with_instances(own, &components::memory(65_536), 1);
    let huge_table = with_instances(own, &components::table(10_000_000), 1);
    for (name, bytes) in [
        ("not Wasm at all", b"#!/bin/sh\necho hello\n".to_vec()),
        ("a truncated file", own[..own.len() / 2].to_vec()),
        ("a core module", components::memory(1).finish()),
        ("an unknown import", components::names(&["acme:db/query@1.0.0"], &[export])),
        ("a wrong interface version", components::names(&[], &["kusion:module/generator@0.2.0"])),
        ("no interface", components::names(&[], &["wasi:cli/run@0.2.0"])),
        ("10,000 instances", with_instances(own, &components::memory(0), 10_000)),
        ("10,000 tables", with_instances(own, &components::tables(10_000), 1)),
        ("2,000 exports", components::exports(2_000)),
        ("70 memories", with_instances(own, &components::memory(0), 70)),
        ("a memory of 4 GiB", huge_memory),
        ("a table of 10 million", huge_table),
        ("a start function that loops", with_instances(own, &components::start_loop(), 1)),
        ("data outside of memory", with_instances(own, &components::stray_data(), 1)),
        ("200,000 data segments", with_instances(own, &components::data_segments(200_000), 1)),
        ("1,500,000 core exports", with_instances(own, &components::core_exports(1_500_000), 1)),
    ] {
        shop.module(&bytes);
        report.case(&shop, name);
    }
    for (name, module) in components::proposals() {
        shop.module(&with_instances(own, &module, 1));
        report.case(&shop, &format!("the proposal {name}"));
    }
    report.check("load");
}

#[test]
fn components_that_multiply_are_all_told_alike() {
    let shop = Shop::applied();
    let message = "error: module `misbehave` nests components so that they may expand to more than 1000 instances\n";
    let hint = "hint: if the module needs it, raise `limits.expandedInstances` in the workspace\n";
    for (bytes, hint) in [
        (components::nested(7), hint),
        (components::nested(100), ""),
        (components::passed_round(8), ""),
        (components::imports_component(), ""),
    ] {
        shop.module(&bytes);
        let said = shop.fail(&["generate"]);
        assert_eq!(said, format!("{message}{hint}"));
        assert_eq!(shop.fail(&["apply", "--yes"]), said);
    }
}

#[test]
fn what_cannot_be_compiled_in_time_or_space() {
    let mut report = Report::default();
    // Within these limits nothing compiles but what is compiled already.
    Shop::applied();
    for (name, limits, module) in [
        ("too long", "{compileSeconds: 1}", components::tiny_functions(100_000)),
        ("too large", "{compileMemoryMiB: 200}", components::huge_function(400_000)),
    ] {
        let shop = Shop::applied_within(limits);
        shop.module(&with_instances(misbehave_bytes(), &module, 1));
        report.case(&shop, name);
    }
    report.check("compile");
}

#[test]
fn what_describes_itself_to_do_harm() {
    let shop = Shop::applied();
    let mut report = Report::default();
    for mode in [
        "trap",
        "loop",
        "grow",
        "recurse-flat",
        "log-lines",
        "schema-no-json",
        "schema-remote",
        "schema-file",
        "schema-endless",
        "schema-laughs",
        "schema-row",
        "schema-huge-re",
        "schema-flood",
        "long-name",
        "odd-kind",
        "workload",
    ] {
        shop.module(&misbehave_describing(mode));
        report.case(&shop, mode);
    }
    report.check("describe");
}

#[test]
fn a_pattern_that_explodes_elsewhere_takes_no_time() {
    let shop = Shop::applied();
    shop.module(&misbehave_describing("schema-pattern"));
    shop.sandbox.write(
        "dev/app.yaml",
        &format!("accessories:\n  extra: {{module: misbehave, do: {}}}\n", "a".repeat(5_000)),
    );
    let said = shop.fail(&["generate"]);
    assert!(said.contains("does not match `^(([a-z])+.)+[A-Z]([a-z])+$`"), "{said}");
}

#[test]
fn what_goes_wrong_while_it_is_called() {
    let shop = Shop::applied();
    let mut report = Report::default();
    for harm in [
        "trap",
        "last-words",
        "loop",
        "grow",
        "recurse",
        "recurse-flat",
        "gigabyte",
        "log-lines",
        "log-bytes",
        "long-trap",
        "terminal-trap",
    ] {
        shop.configure(harm);
        report.case(&shop, harm);
    }
    // Fuel that does not run out leaves time, which depends on the machine.
    let shop = Shop::applied_within("{fuel: 1000000000000000, seconds: 1}");
    shop.configure("loop");
    report.case(&shop, "a timeout");
    report.check("call");
}

#[test]
fn answers_that_are_none_or_mean_harm() {
    let shop = Shop::applied();
    fs::write(shop.sandbox.path("dev/notes.txt"), "read me").unwrap();
    std::os::unix::fs::symlink("/dev/zero", shop.sandbox.path("dev/zero")).unwrap();
    std::os::unix::fs::symlink("app.yaml", shop.sandbox.path("dev/alias")).unwrap();
    let pipe = Command::new("mkfifo").arg(shop.sandbox.path("dev/pipe")).status().unwrap();
    assert!(pipe.success());
    let mut report = Report::default();
    for harm in [
        "invalid-json",
        "much-json",
        "deep-json",
        "number",
        "utf-8",
        "pointer",
        "id-other",
        "id-twice",
        "id-terminal",
        "depends-on",
        "patch-unknown",
        "patch-kind-long",
        "cycle",
        "path-self",
        "path-unknown",
        "secret-place",
        "secret-unasked",
        "secret-foreign",
        "secret-stolen",
        "secret-name-long",
        "reject-failed",
        "reject-nothing",
        "reject-nowhere",
        "terminal-reject",
        "long-reject",
        "needs-for-ever",
        "needs-many",
        "needs-absolute",
        "needs-outside",
        "needs-parent",
        "needs-zero",
        "needs-pipe",
        "needs-alias",
        "needs-odd",
    ] {
        shop.configure(harm);
        report.case(&shop, harm);
    }
    report.check("answer");
}

#[test]
fn a_resource_that_waits_for_itself_is_a_circle() {
    let shop = Shop::applied();
    let circle = "error: resources depend on each other in a circle: `v1:ConfigMap:shop:web` of accessory `extra` of app `shop` (module `misbehave`) -> `v1:ConfigMap:shop:web`\n\n";
    for harm in ["cycle-self", "path-self"] {
        shop.configure(harm);
        assert_eq!(shop.fail_all(), circle, "{harm}");
    }
}

#[test]
fn a_rejection_of_a_place_that_is_none_points_at_the_accessory() {
    let shop = Shop::applied();
    for harm in ["reject-nowhere", "deep-reject"] {
        shop.configure(harm);
        let said = shop.fail_all();
        let start = "error: module `misbehave`: is wrong\n --> app.yaml:2:3\n";
        assert!(said.starts_with(start), "{harm}: {said}");
    }
}

#[test]
fn a_rejection_of_everything_is_shown_in_part() {
    let shop = Shop::applied();
    shop.configure("many-reject");
    let said = shop.fail_all();
    assert!(said.contains("error: module `misbehave`: 99950 more problems like these\n"), "{said}");
    assert!(said.len() < 20_000, "{} bytes", said.len());
}

#[test]
fn a_secret_of_four_billion_characters_is_not_drawn() {
    let shop = Shop::applied();
    shop.configure("secret-huge");
    assert_eq!(
        shop.fail_all(),
        "error: `$kusion_secret.shop.extra.a` asks for 4294967295 characters; 1 to 4096 are possible\n"
    );
}

#[test]
fn what_an_answer_contains_obeys_no_terminal() {
    let shop = Shop::applied();
    shop.configure("terminal");
    for arguments in [
        &["generate"][..],
        &["preview"],
        &["preview", "-vv"],
        &["preview", "-vv", "--log-format", "json"],
    ] {
        let output = shop.sandbox.run("dev", arguments);
        assert_eq!(output.code, Some(0), "{output}");
        for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            // The Spec is data: what it escapes is for YAML to decide.
            let data = arguments == ["generate"] && stream == "stdout";
            let obeyed = |c: char| (c.is_control() && c != '\n') || (c == '\u{202e}' && !data);
            assert!(!text.contains(obeyed), "{arguments:?} {stream}: {text:?}");
            assert!(!text.contains("\nerror: all is lost"), "{arguments:?} {stream}: {text}");
        }
    }
}

#[test]
fn wasi_used_as_nobody_should() {
    // The host's part of a flood takes long where it is not optimised.
    let shop = Shop::applied_within("{fuel: 20000000, seconds: 120}");
    shop.module(&fs::read(wasip2::guest("ambient")).unwrap());
    let mut report = Report::default();
    for harm in [
        "exit",
        "hoard",
        "hoard-streams",
        "random-max",
        "random-much",
        "poll-none",
        "flood",
        "sleep-for-ever",
    ] {
        shop.configure(harm);
        let said = shop.fail(&["generate"]);
        assert_eq!(shop.fail(&["apply", "--yes"]), said, "{harm}");
        let _infallible = write!(report.text, "## {harm}\n{}\n", squeezed(&said));
    }
    report.check("wasi");
}

#[test]
fn an_altered_entry_of_the_cache_is_compiled_anew_by_the_program() {
    let sandbox = kusion_tests::Sandbox::without_cache();
    sandbox.write("ws.yaml", "modules: {misbehave: {path: module.wasm}}\n");
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.write("dev/app.yaml", "accessories: {misbehave: {do: fine}}\n");
    fs::write(sandbox.path("module.wasm"), misbehave_bytes()).unwrap();
    sandbox.run("", &["workspace", "create", "default", "-f", "ws.yaml"]).success();
    let expected = sandbox.run("dev", &["generate"]).success();
    let folder = fs::read_dir(sandbox.home("cache/code")).unwrap().next().unwrap().unwrap().path();
    let path = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let sound = fs::read(&path).unwrap();
    for place in [0, sound.len() / 3, sound.len() / 2, sound.len() - 1] {
        let mut altered = sound.clone();
        altered[place] ^= 1 << (place % 8);
        fs::write(&path, &altered).unwrap();
        assert_eq!(sandbox.run("dev", &["generate"]), expected, "byte {place}");
        assert!(fs::read(&path).unwrap() == sound, "byte {place} is mended");
    }
}
