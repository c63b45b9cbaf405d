//! The value of no secret is found anywhere: not in what a run says, at any verbosity, and not in what it leaves.
//!
//! One test plants a value in every place that may hold one, has others generated, runs whatever a user can
//! run, and then looks for each of them in several disguises.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use kusion_tests::Sandbox;

const APP: &str = r#"
workload:
  module: service
  containers:
    main:
      image: shop:1
      env:
        PASSWORD: secret://login/password
        TOKEN: secret://api/token
        LICENCE: secret://mixed/licence
        KEY: secret://tls/tls.key
        GENERATED: secret://drawn/password
  secrets:
    login:
      type: basic
      data: {username: planted-basic-user-name, password: "planted \"basic\" pass\\word é"}
    api: {type: token, data: {token: planted.token.QWxsIHlvdXI}}
    mixed:
      type: opaque
      data:
        licence: |
          planted opaque first line
          planted opaque second line
        number: "7700990011227733"
    tls:
      type: certificate
      data:
        tls.crt: |
          -----BEGIN CERTIFICATE-----
          plantedCertificateMIIBszCCAVmgAwIBAgIU
          -----END CERTIFICATE-----
        tls.key: |
          -----BEGIN PRIVATE KEY-----
          plantedPrivateKeyMIGHAgEAMBMGByqGSM49
          -----END PRIVATE KEY-----
    drawn: {type: basic, data: {username: planted-second-user}}
    drawn-token: {type: token}
accessories:
  network: {ports: [{port: 80}]}
  orders: {module: mysql, type: local, version: "8.0"}
  users: {module: mysql, type: local, version: "8.0"}
"#;

/// An external secret needs no store here, because the target takes no values; those that are read are looked for in
/// `tests/secrets`.
const OVERLAY: &str = r#"
workload:
  replicas: 2
  secrets:
    outside: {type: external, data: {password: "ref://shop/db/password"}}
"#;

const WORKSPACE: &str = r#"
modules: {job: {}, monitoring: {}, mysql: {}, network: {}, service: {}}
secretStore:
  provider:
    vault: {server: "https://vault.example.com"}
context:
  KUBECONFIG_CONTENT: |
    users: [{name: admin, user: {token: planted-kubeconfig-token}}]
  AWS_SECRET_ACCESS_KEY: planted-context-access-key
  region: eu-west-1
targets:
  kubernetes: {directory: manifests}
"#;

/// What was planted, as it is in memory.
const PLANTED: &[(&str, &str)] = &[
    ("user name of a basic secret", "planted-basic-user-name"),
    ("password of a basic secret", "planted \"basic\" pass\\word é"),
    ("token", "planted.token.QWxsIHlvdXI"),
    ("text of an opaque secret", "planted opaque first line\nplanted opaque second line\n"),
    ("number of an opaque secret", "7700990011227733"),
    ("certificate", "plantedCertificateMIIBszCCAVmgAwIBAgIU"),
    ("private key", "plantedPrivateKeyMIGHAgEAMBMGByqGSM49"),
    ("user name beside a generated password", "planted-second-user"),
    ("token of the secret store", "planted-store-token-hvs.CAESIJ"),
    ("token in a kubeconfig", "planted-kubeconfig-token"),
    ("key in the context", "planted-context-access-key"),
    ("variable of the environment", "planted-environment-value"),
];

/// How many values the modules and the app have drawn.
const GENERATED: usize = 4;

/// A text that must not be found.
struct Needle {
    what: String,
    text: String,
}

/// Everything that was said and left, and what must not be in it.
struct Search {
    sandbox: Sandbox,
    needles: Vec<Needle>,
    said: Vec<(String, String)>,
    /// Whether the next run logs for programs.
    json: bool,
}

impl Search {
    fn new() -> Self {
        let sandbox = Sandbox::without_cache();
        sandbox.write("project.yaml", "name: shop\n");
        sandbox.write("app.yaml", APP);
        sandbox.write("dev.yaml", WORKSPACE);
        sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
        let mut search = Self { sandbox, needles: Vec::new(), said: Vec::new(), json: false };
        for (what, value) in PLANTED {
            search.look_for(what, value);
        }
        search
    }

    fn look_for(&mut self, what: &str, value: &str) {
        for (disguise, text) in disguises(value) {
            self.needles.push(Needle { what: format!("{what}, {disguise}"), text });
        }
    }

    /// Prepares a run that logs all it can.
    fn command(&mut self, arguments: &[&str]) -> Command {
        self.json = !self.json;
        let format = if self.json { "json" } else { "text" };
        let arguments = [arguments, &["-vv", "--log-format", format]].concat();
        let mut command = self.sandbox.command("dev", &arguments);
        command.env("PLANTED", "planted-environment-value");
        command.env("VAULT_TOKEN", "planted-store-token-hvs.CAESIJ");
        command.env("TMPDIR", self.sandbox.path("tmp"));
        command
    }

    /// Runs a command and looks at what it said and left; returns its exit code and all it said.
    fn run(&mut self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().unwrap();
        self.said(arguments, &output)
    }

    fn said(&mut self, arguments: &[&str], output: &std::process::Output) -> (Option<i32>, String) {
        let text = [&output.stdout[..], &output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let title = format!("kusion {}", arguments.join(" "));
        self.said.push((title, text.clone()));
        self.check(false);
        (output.status.code(), text)
    }

    fn succeed(&mut self, arguments: &[&str]) -> String {
        let (code, text) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}\n{text}");
        text
    }

    /// Fails if anything is found. Compiled modules are many megabytes, so they are looked at once, at the end.
    fn check(&self, cache_too: bool) {
        let mut found = BTreeSet::new();
        let mut look = |place: &str, text: &str| {
            for needle in self.needles.iter().filter(|needle| text.contains(&needle.text)) {
                found.insert(format!("{}: {} (`{}`)", place, needle.what, needle.text));
            }
        };
        for (title, text) in &self.said {
            look(title, text);
        }
        for (path, text) in self.files(cache_too) {
            look("a path", &path.display().to_string());
            look(&path.display().to_string(), &text);
        }
        let found: Vec<String> = found.into_iter().collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// Returns all files below KUSION_HOME and the project, but those that the user wrote.
    fn files(&self, cache_too: bool) -> BTreeMap<PathBuf, String> {
        let users = ["app.yaml", "dev/app.yaml", "dev.yaml"].map(|path| self.sandbox.path(path));
        // A workspace is what the platform team wrote, credentials included.
        let workspace = self.sandbox.home("workspaces/dev.yaml");
        let mode = fs::metadata(&workspace).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", workspace.display());
        let files = ["", "../home"].into_iter().flat_map(|folder| self.sandbox.files(folder));
        let paths = files.map(|(path, (bytes, _))| (normal(&path), bytes));
        let own = [workspace, self.sandbox.home("key.txt")];
        let ours = paths.filter(|(path, _)| !users.contains(path) && !own.contains(path));
        ours.filter(|(path, _)| cache_too || !path.starts_with(self.sandbox.home("cache")))
            .map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()))
            .collect()
    }

    /// Learns what was drawn from a copy of everything that writes plain manifests, and looks for that too.
    fn learn(&mut self) {
        let elsewhere = Sandbox::new();
        let plain = "{directory: manifests}";
        assert!(WORKSPACE.contains(plain));
        elsewhere
            .write("dev.yaml", &WORKSPACE.replace(plain, "{directory: manifests, secrets: plain}"));
        let copied = |from: PathBuf, to: PathBuf| {
            let status = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
            assert!(status.success());
        };
        for name in ["secrets", "key.txt"] {
            copied(self.sandbox.home(name), elsewhere.home(name));
        }
        for name in ["project.yaml", "app.yaml", "dev"] {
            copied(self.sandbox.path(name), elsewhere.path(name));
        }
        elsewhere.run("", &["workspace", "create", "dev", "-f", "dev.yaml"]).success();
        elsewhere.run("dev", &["apply", "--yes"]).success();
        let mut drawn = BTreeSet::new();
        for (path, (bytes, _)) in elsewhere.files("manifests") {
            let text = String::from_utf8(bytes).unwrap();
            let manifest = kusion::yaml::parse_value(&text).unwrap();
            let data = manifest["stringData"].as_object().into_iter().flatten();
            for (key, value) in
                data.filter(|(key, _)| ["password", "token"].contains(&key.as_str()))
            {
                let value = value.as_str().unwrap();
                let planted = PLANTED.iter().any(|(_, planted)| *planted == value);
                if !planted && drawn.insert(value.to_owned()) {
                    assert!(value.len() >= 16, "{value}");
                    let file = path.file_name().unwrap().to_string_lossy().into_owned();
                    self.look_for(&format!("generated `{key}` of {file}"), value);
                }
            }
        }
        assert_eq!(drawn.len(), GENERATED, "{drawn:?}");
        let key = fs::read_to_string(self.sandbox.home("key.txt")).unwrap();
        let key = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
        self.look_for("the user's key", key);
    }
}

/// Removes `..` from a path.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

/// Returns the looks that a value could take on its way into a file or onto a screen.
pub(crate) fn disguises(value: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::to_string(value).unwrap();
    let mut disguises = vec![
        ("as JSON", json.trim_matches('"').to_owned()),
        ("as Debug", format!("{value:?}").trim_matches('"').to_owned()),
        ("in base 16", value.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("as bytes", format!("{:?}", value.as_bytes()).trim_matches(['[', ']']).to_owned()),
        ("backwards", value.chars().rev().collect()),
    ];
    for line in value.lines() {
        disguises.push(("as it is", line.to_owned()));
        disguises.push(("line by line backwards", line.chars().rev().collect()));
    }
    for shift in 0..3 {
        disguises.push(("in base 64", base64(value.as_bytes(), shift)));
    }
    disguises.sort();
    disguises.dedup();
    disguises
}

/// Returns what the base 64 form of any text has in common that contains `bytes` after a multiple of three
/// bytes and `shift` more.
fn base64(bytes: &[u8], shift: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.get((3 - shift) % 3..).unwrap_or_default().chunks_exact(3);
    let mut text = String::new();
    for group in whole {
        let number = group.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        for position in (0..4).rev() {
            text.push(char::from(ALPHABET[number >> (6 * position) & 63]));
        }
    }
    text
}

/// Returns the command lines and environments of all processes that `parent` has started, seen until it ends.
fn children_of(parent: &mut std::process::Child) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while parent.try_wait().unwrap().is_none() {
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let folder = entry.path();
            let read = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
            let stat = String::from_utf8_lossy(&read("stat")).into_owned();
            // The name of the program stands in brackets and may hold anything.
            let Some((_, after)) = stat.rsplit_once(") ") else { continue };
            if after.split(' ').nth(1) != Some(&parent.id().to_string()) {
                continue;
            }
            let line = String::from_utf8_lossy(&read("cmdline")).into_owned();
            // Until it becomes another program, a child is a copy of its parent.
            if !line.is_empty() && !line.contains("generate") {
                let environment = String::from_utf8_lossy(&read("environ")).into_owned();
                seen.insert(line + &environment);
            }
        }
    }
    seen
}

#[test]
fn no_secret_is_found_in_anything_that_is_said_or_left() {
    let mut search = Search::new();
    let created = search.sandbox.run("", &["workspace", "create", "dev", "-f", "dev.yaml"]);
    search.said.push(("workspace create".to_owned(), created.success().to_string()));

    // With an empty cache the modules are compiled, in processes of their own.
    let mut generate = search.command(&["generate"]);
    let mut generate = generate.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let children = children_of(&mut generate);
    assert!(children.iter().any(|child| child.contains("__compile")), "{children:?}");
    search.said.extend(children.into_iter().map(|child| ("a child process".to_owned(), child)));
    let output = generate.wait_with_output().unwrap();
    assert!(search.said(&["generate"], &output).1.contains("call module"));

    search.succeed(&["apply", "--yes"]);
    search.learn();
    search.check(false);

    search.sandbox.write("dev/app.yaml", OVERLAY);
    for arguments in [
        &["generate"][..],
        &["generate", "-o", "json"],
        &["preview", "--all"],
        &["preview", "--all", "-o", "json"],
        &["apply", "--dry-run"],
        &["apply", "--yes", "-o", "json"],
        &["preview"],
        &["schema"],
    ] {
        // Once for people, once for programs.
        search.succeed(arguments);
        search.succeed(arguments);
    }

    // What fails quotes what it can: a file in the way of one resource, seen only when it is written.
    let blocked = search.sandbox.path("manifests/dev/dev/v1_Secret_shop_late.yaml");
    search.sandbox.edit("dev/app.yaml", "secrets:\n", "secrets:\n    late: {type: token}\n");
    for _ in 0..2 {
        let before = search.said.len();
        let answer = |_| {
            fs::create_dir_all(blocked.join("in the way")).unwrap();
            Some("yes")
        };
        let failed = search.sandbox.at_terminal("dev", "apply -vv", &[], answer);
        assert_eq!(failed.code, Some(1), "{failed}");
        search.said.push(("apply at a terminal".to_owned(), failed.stdout));
        fs::remove_dir_all(&blocked).unwrap();
        search.check(false);
        assert_eq!(search.said.len(), before + 1);
    }
    // A mistake beside a secret is shown with its line.
    let sound = search.sandbox.read("app.yaml");
    for (old, new) in [
        ("api: {type: token,", "api: {type: tokn,"),
        ("mixed:\n      type: opaque", "mixed:\n      type: [opaque"),
        ("login:\n      type: basic\n", "login:\n      type: basic\n      unknown: 1\n"),
        ("planted-second-user", "[planted-second-user]"),
    ] {
        search.sandbox.edit("app.yaml", old, new);
        for verb in ["generate", "preview"] {
            let (code, text) = search.run(&[verb]);
            assert_eq!(code, Some(1), "{old}: {text}");
        }
        search.sandbox.write("app.yaml", &sound);
    }

    // A run that dies leaves a journal, which the next one takes up.
    for lines in [1, 6, 12] {
        search.sandbox.edit("app.yaml", "image: shop:", "image: shop:1");
        search.sandbox.edit("dev/app.yaml", "late: {type: token}", "late: {type: token}  ");
        fs::remove_dir_all(search.sandbox.path("manifests")).unwrap();
        let killed = killed_after(&mut search, lines);
        assert_eq!(killed, None);
        search.check(false);
        search.succeed(&["release", "show"]);
        assert!(search.succeed(&["apply", "--yes"]).contains("Recovered "));
    }

    for arguments in [
        &["release", "list"][..],
        &["release", "list", "-o", "json"],
        &["release", "show", "--revision", "1"],
        &["release", "show", "-o", "json"],
        &["release", "diff"],
        &["release", "diff", "1", "2", "-o", "json"],
        &["release", "rollback", "2", "--dry-run"],
        &["release", "rollback", "1", "--yes"],
        &["release", "unlock"],
        &["resource", "graph"],
        &["resource", "show", "--id", "v1:Secret:shop:login"],
        &["project", "list"],
        &["workspace", "list"],
        &["mod", "list", "--workspace", "dev"],
        &["config", "list"],
    ] {
        search.succeed(arguments);
    }
    search.check(true);
    search.succeed(&["destroy", "--yes"]);
    search.check(true);
}

/// Kills an apply after so many changes; returns its exit code.
fn killed_after(search: &mut Search, changes: usize) -> Option<i32> {
    use std::io::{BufRead as _, BufReader, Read as _};
    let mut command = search.command(&["apply", "--yes", "--parallelism", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = Vec::new();
    let mut seen = 0;
    while seen < changes {
        let mut line = Vec::new();
        assert!(stderr.read_until(b'\n', &mut line).unwrap() > 0, "the run ended too early");
        seen += usize::from(String::from_utf8_lossy(&line).contains("change resource"));
        told.extend(line);
    }
    child.kill().unwrap();
    stderr.read_to_end(&mut told).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = told;
    search.said(&["apply, killed"], &output).0
}

#[test]
#[should_panic(expected = "home/releases/journal: token, in base 64")]
fn a_value_in_disguise_is_found_in_a_file() {
    let search = Search::new();
    search.sandbox.run("", &["workspace", "create", "dev", "-f", "dev.yaml"]).success();
    search.check(true);
    let hidden = base64(b"{\"data\": \"planted.token.QWxsIHlvdXI\"}", 0);
    fs::create_dir_all(search.sandbox.home("releases")).unwrap();
    fs::write(search.sandbox.home("releases/journal"), hidden).unwrap();
    search.check(true);
}

#[test]
fn the_search_finds_what_is_there() {
    for (before, shift) in [("", 0), ("a", 1), ("ab", 2), ("abc", 0)] {
        let whole = base64(format!("{before}{}", "planted value").as_bytes(), 0);
        assert!(whole.contains(&base64(b"planted value", shift)), "{before}");
        assert!(base64(b"planted value", shift).len() >= 12);
    }
    let search = Search::new();
    let texts: BTreeSet<&str> = search.needles.iter().map(|needle| needle.text.as_str()).collect();
    for expected in [
        "planted-basic-user-name",
        "planted \\\"basic\\\" pass\\\\word é",
        "planted opaque second line",
        "eulav-tnemnorivne-detnalp",
    ] {
        assert!(texts.contains(expected), "{expected}");
    }
    assert!(texts.iter().all(|text| text.len() >= 12), "{texts:?}");
}
