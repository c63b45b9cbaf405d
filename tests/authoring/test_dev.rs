//! `kusion mod dev`

use insta::assert_snapshot;
use kusion_tests::{AUTHORED, Sandbox, repository};

#[test]
fn what_changes_on_save_is_shown_and_a_build_error_is_survived() {
    let rust = AUTHORED.iter().find(|authored| authored.lang == "rust").unwrap();
    let sandbox = Sandbox::new();
    let built = rust.folder();
    // What it stands on was built for its own test.
    let target = format!("[build]\ntarget-dir = \"{}\"\n", built.join("target").display());
    sandbox.write(".cargo/config.toml", &target);
    let sdk = repository().join("sdk");
    let init = ["mod", "init", "cache", "--lang", "rust", "--sdk", sdk.to_str().unwrap()];
    sandbox.run("", &init).success();
    sandbox.write("cache/Cargo.lock", &fs_err::read_to_string(built.join("Cargo.lock")).unwrap());
    let mut dev = sandbox.start("cache", &["mod", "dev", "--case", "defaults"]);
    let watching = "Watching `.`; Ctrl-C ends it.";
    dev.wait_for(watching);
    sandbox.edit("cache/src/lib.rs", "const PORT: u16 = 6379;", "const PORT: u16 = 6380;");
    dev.wait_for(watching);
    sandbox.edit("cache/src/lib.rs", "const PORT: u16", "const PORT: text");
    dev.wait_for("error: `cargo build` of");
    dev.wait_for(watching);
    sandbox.edit("cache/src/lib.rs", "const PORT: text", "const PORT: u16");
    dev.wait_for(watching);
    let sessions = "sessions: {module: cache}";
    let larger = "sessions: {module: cache, memory: 5000}";
    sandbox.edit("cache/tests/golden/defaults/app.yaml", sessions, larger);
    dev.wait_for(watching);
    dev.signal("-INT");
    let ended = dev.end(&sandbox).success();
    assert_snapshot!(ended.stdout, @r"
    case defaults: as expected
    case defaults: changed
      ~ apps/v1:Deployment:shop:shop-dev-web-sessions
          attributes.spec.template.spec.containers[cache].ports[0].containerPort: 6379 -> 6380
      ~ patches of web.sessions
          [0].env[KUSION_CACHE_URL_SESSIONS].value: redis://shop-dev-web-sessions:6379 -> redis://shop-dev-web-sessions:6380
      ~ v1:Service:shop:shop-dev-web-sessions
          attributes.spec.ports[0].port: 6379 -> 6380
    case defaults: as before, not as expected
    case defaults: changed
    + error: module `cache`: must be at most 1024: the platform allows no more
    +  --> app.yaml:7:37
    +   |
    + 7 |   sessions: {module: cache, memory: 5000}
    +   |                                     ^^^^
    ");
}

#[test]
fn a_folder_without_a_module_is_refused() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("empty", &["mod", "dev"]), @r"
    exit 1
    --- stderr
    error: `[root]/work/empty` is not a package: it has no `Cargo.toml`, `package.json`, `pyproject.toml` or `go.mod`
    hint: `kusion mod init NAME --lang rust` makes a module
    ");
}
