//! A module that fails, as the user of the command line sees it: a clear error, and nothing touched.

use kusion_tests::{Output, Sandbox, guest};

use super::components;
use super::fixture::{DEFECT, limit_hints, misbehave_describing, place};
use super::shop::Shop;

/// What is said of a failed call.
fn at_the_accessory(harm: &str, message: &str, hints: &[String]) -> String {
    let hints: String = hints.iter().map(|hint| format!("{hint}\n")).collect();
    format!(
        "error: module `misbehave` {message} (accessory `extra`)\n \
         --> app.yaml:2:3\n  \
         |\n\
         2 |   extra: {{module: misbehave, do: {harm}}}\n  \
         |   ^^^^^\n\
         {hints}\n"
    )
}

#[test]
fn each_failure_of_a_call_is_told_with_its_place_and_nothing_is_touched() {
    let shop = Shop::applied();
    for (harm, message) in [
        ("trap", "crashed: wasm trap: wasm `unreachable` instruction executed"),
        ("last-words", "crashed: panicked at heaven:1:1:\n       these"),
        ("loop", "was stopped: it used more than 1000000000 units of fuel"),
        ("grow", "was stopped: it used more than 128 MiB of memory"),
        ("recurse-flat", "was stopped: it used more than the call stack (it recurses too deeply)"),
        ("gigabyte", "was stopped: it used more than 16 MiB of output"),
        ("log-lines", "was stopped: it used more than 1000 log lines"),
        (
            "invalid-json",
            "answered wrongly: attributes of `v1:ConfigMap:shop:web`: \
             not JSON (expected ident at line 1 column 11)",
        ),
        (
            "reject-nothing",
            "answered wrongly: it rejects the request and names no place that is wrong",
        ),
    ] {
        shop.configure(harm);
        assert_eq!(shop.fail_all(), at_the_accessory(harm, message, &limit_hints(message)));
    }
}

#[test]
fn a_rejection_points_at_what_the_user_wrote() {
    let shop = Shop::applied();
    shop.configure("reject-failed");
    assert_eq!(
        shop.fail_all(),
        at_the_accessory("reject-failed", "rejects the request: no idea", &[])
    );
    shop.configure("reject");
    assert_eq!(
        shop.fail_all(),
        "error: module `misbehave`: is not nice either\n \
         --> ../../home/workspaces/default.yaml:2:3\n  \
         |\n\
         2 |   misbehave: {path: [root]/work/module.wasm}\n  \
         |   ^^^^^^^^^\n\
         \n\
         error: module `misbehave`: is not nice\n \
         --> app.yaml:2:34\n  \
         |\n\
         2 |   extra: {module: misbehave, do: reject}\n  \
         |                                  ^^^^^^\n\n"
    );
}

#[test]
fn what_a_module_wants_to_read_stays_in_the_stack() {
    let shop = Shop::applied();
    std::os::unix::fs::symlink("/etc/hostname", shop.sandbox.path("dev/link")).unwrap();
    shop.sandbox.write("dev/notes.txt", "read me");
    for (harm, reason) in [
        ("needs-for-ever", "still asks for files after 4 rounds"),
        (
            "needs-outside",
            "needs a file: `../../../../etc/hostname` is not below the stack's folder",
        ),
        ("needs-absolute", "needs a file: `/etc/hostname` is not below the stack's folder"),
        ("needs-link", "needs a file: `link` is not below the stack's folder"),
        ("needs-socket", "needs a file: needs of kind `socket` are unknown to this kusion"),
    ] {
        shop.configure(harm);
        let said = shop.fail_all();
        assert!(said.contains(reason), "{harm}: {said}");
        assert!(said.contains("--> app.yaml:2:3"), "{harm}: {said}");
    }
}

#[test]
fn a_target_below_the_stack_is_not_read() {
    let shop = Shop::applied();
    let workspace = shop.sandbox.read("ws.yaml");
    let below = workspace.replace("directory: manifests", "directory: dev/out, secrets: plain");
    assert_ne!(below, workspace);
    shop.sandbox.write("ws.yaml", &below);
    shop.succeed("", &["workspace", "update", "default", "-f", "ws.yaml"]);
    shop.succeed("dev", &["apply", "--yes"]);
    let manifests = shop.sandbox.files("dev/out");
    let manifest = manifests.keys().next().unwrap();
    std::os::unix::fs::symlink(manifest, shop.sandbox.path("dev/link")).unwrap();
    shop.configure("needs-link");
    let said = shop.fail_all();
    let reason = "needs a file: `link` is not for modules, because the target writes there";
    assert!(said.contains(reason), "{said}");
}

#[test]
fn a_module_that_does_not_load_is_told_by_name() {
    let shop = Shop::applied();
    let http = components::names(&["wasi:http/outgoing-handler@0.2.6"], &[components::INTERFACE]);
    for (bytes, said) in [
        (b"hello".to_vec(), "error: module `misbehave` is not WebAssembly\n"),
        (
            components::memory(1).finish(),
            "error: module `misbehave` is a core WebAssembly module, not a component\n\
             hint: `kusion mod build` turns a Cargo package into a component\n",
        ),
        (
            http,
            "error: module `misbehave` imports `wasi:http/outgoing-handler@0.2.6`, which modules may not use\n\
             hint: a module may import `kusion:module/log`, and the WASI 0.2 of its language runtime\n\
             hint: build a JavaScript module with the features `http` and `fetch-event` disabled\n",
        ),
        (
            components::names(&[], &["kusion:module/generator@0.2.0"]),
            "error: module `misbehave` needs module interface 0.2.0\n\
             hint: this kusion supports module interface 0.1\n",
        ),
        (
            misbehave_describing("trap"),
            "error: cannot ask module `misbehave` what it is\n\
             cause: module `misbehave` crashed: wasm trap: wasm `unreachable` instruction executed\n\
             hint: this is a defect of the module, not of your configuration\n",
        ),
        (
            misbehave_describing("schema-no-json"),
            "error: module `misbehave` describes itself wrongly: \
             the developer schema: not JSON (key must be a string at line 1 column 2)\n",
        ),
    ] {
        shop.module(&bytes);
        assert_eq!(shop.fail_all(), said);
    }
}

#[test]
fn a_module_of_another_kind_or_with_a_broken_schema_is_told_at_its_place() {
    const SCHEMA: &str = "describes itself wrongly: the developer schema is not a JSON Schema";
    let unread = |url: &str| {
        format!(
            "{SCHEMA} (Resource '{url}' is not present in a registry and retrieving it failed: \
             Retrieval is disabled, cannot fetch {url})"
        )
    };
    let shop = Shop::applied();
    for (mode, message) in [
        ("workload", "cannot be an accessory: its kind is `workload`".to_owned()),
        (
            "schema-invalid",
            format!(
                "{SCHEMA} (\"objekt\" is not valid under any of the schemas listed in the 'anyOf' keyword)"
            ),
        ),
        ("schema-number", format!("{SCHEMA} (42 is not of types \"boolean\", \"object\")")),
        ("schema-remote", unread("http://localhost/schema.json")),
        ("schema-file", unread("file:///etc/hostname")),
    ] {
        shop.module(&misbehave_describing(mode));
        let place = " --> app.yaml:2:19\n  \
                     |\n\
                     2 |   extra: {module: misbehave, do: fine}\n  \
                     |                   ^^^^^^^^^\n";
        let hint = if mode == "workload" { String::new() } else { format!("{DEFECT}\n") };
        assert_eq!(
            shop.fail_all(),
            format!("error: module `misbehave` {message}\n{place}{hint}\n"),
            "{mode}"
        );
    }
}

#[test]
fn a_panic_in_a_guest_reaches_the_user() {
    let sandbox = Sandbox::new();
    let path = guest("panics");
    sandbox.write("ws.yaml", &format!("modules: {{panics: {{path: {}}}}}\n", path.display()));
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.write("dev/app.yaml", "accessories:\n  panics: {reason: message}\n");
    let created = sandbox.run("", &["workspace", "create", "default", "-f", "ws.yaml"]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let Output { code, stdout, stderr } = sandbox.run("dev", &["generate"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(
        stderr,
        format!(
            "error: module `panics` crashed: panicked at {}:\n       \
             the app `shop` displeases me (accessory `panics`)\n \
             --> app.yaml:2:3\n  \
             |\n\
             2 |   panics: {{reason: message}}\n  \
             |   ^^^^^^\n\
             {DEFECT}\n\n",
            place("tests/guests/panics/src/lib.rs", "panic!(\"the app")
        )
    );
}
