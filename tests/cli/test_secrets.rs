//! Passwords: drawn once, kept encrypted, shown nowhere.

use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use insta::assert_snapshot;
use kusion_tests::{Output, Sandbox};

const SECRET: &str = "v1_Secret_shop_shop-dev-shop-mysql.yaml";

fn shop(target: &str) -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    sandbox.make_workspace("dev", target);
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
    sandbox
}

fn use_target(sandbox: &Sandbox, target: &str) {
    let text = sandbox.read("dev.yaml");
    let (before, _) = text.split_once("  kubernetes: ").unwrap();
    sandbox.write("dev.yaml", &format!("{before}  kubernetes: {target}\n"));
    sandbox.run("", &["workspace", "update", "dev", "-f", "dev.yaml"]).success();
}

fn apply(sandbox: &Sandbox) -> Output {
    sandbox.run("dev", &["apply", "--yes"]).success()
}

/// Returns the password that the manifest of a directory with plain secrets carries.
fn password(sandbox: &Sandbox, folder: &str) -> String {
    let manifest = sandbox.read(&format!("{folder}/dev/dev/{SECRET}"));
    let line = manifest.lines().find_map(|line| line.trim().strip_prefix("password: "));
    let password =
        line.unwrap_or_else(|| panic!("no password in\n{manifest}")).trim_matches(['"', '\'']);
    assert!(password.len() >= 16, "{password}");
    password.to_owned()
}

#[test]
fn a_password_is_shown_nowhere_and_stays_the_same() {
    let sandbox = shop("{directory: manifests}");
    let mut shown = String::new();
    for number in 0..10 {
        sandbox.write("dev/app.yaml", &format!("workload: {{replicas: {number}}}\n"));
        shown.push_str(&apply(&sandbox).to_string());
    }
    for arguments in [
        &["generate"][..],
        &["generate", "-o", "json"],
        &["preview", "--all"],
        &["preview", "-o", "json"],
        &["release", "show"],
        &["resource", "show", "--id", "v1:Secret:shop:shop-dev-shop-mysql"],
    ] {
        shown.push_str(&sandbox.run("dev", arguments).success().to_string());
    }
    let manifest = sandbox.read(&format!("manifests/dev/dev/{SECRET}"));
    assert!(!manifest.contains("stringData") && !manifest.contains("\ndata:"), "{manifest}");

    // The same store, asked to write values, tells which text must not be found.
    let kept = fs::read_to_string(sandbox.path("dev.yaml")).unwrap();
    use_target(&sandbox, "{directory: plain, secrets: plain}");
    shown.push_str(&apply(&sandbox).to_string());
    let password = password(&sandbox, "plain");
    assert!(!shown.contains(&password));
    fs::remove_dir_all(sandbox.path("plain")).unwrap();
    assert_eq!(sandbox.files_with(&password), [""; 0].map(std::path::PathBuf::from));
    sandbox.write("dev.yaml", &kept);
}

#[test]
fn a_password_survives_every_apply() {
    let sandbox = shop("{directory: manifests, secrets: plain}");
    apply(&sandbox);
    let first = password(&sandbox, "manifests");
    for number in 0..10 {
        sandbox.write("dev/app.yaml", &format!("workload: {{replicas: {number}}}\n"));
        apply(&sandbox);
        assert_eq!(password(&sandbox, "manifests"), first);
    }
}

#[test]
fn plain_secrets_are_complete_and_settle() {
    let sandbox = shop("{directory: manifests, secrets: plain}");
    apply(&sandbox);
    let manifest = sandbox.path(format!("manifests/dev/dev/{SECRET}"));
    assert_eq!(fs::metadata(&manifest).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("username: root") && !text.contains("$kusion_secret"), "{text}");
    let preview = sandbox.run("dev", &["preview", "--detailed-exitcode"]);
    assert_eq!(preview.code, Some(0), "{preview}");
}

#[test]
fn a_secret_changed_by_hand_is_set_right_without_being_shown() {
    let sandbox = shop("{directory: manifests, secrets: plain}");
    apply(&sandbox);
    let password = password(&sandbox, "manifests");
    sandbox.edit(&format!("manifests/dev/dev/{SECRET}"), &password, "hunter2");
    let preview = sandbox.run("dev", &["preview", "--detailed-exitcode"]);
    assert_eq!(preview.code, Some(2), "{preview}");
    assert!(preview.stdout.contains("(secret, changed)"), "{preview}");
    assert!(
        !preview.stdout.contains("hunter2") && !preview.stdout.contains(&password),
        "{preview}"
    );
    apply(&sandbox);
    assert!(sandbox.read(&format!("manifests/dev/dev/{SECRET}")).contains(&password));
}

#[test]
fn the_store_and_its_key_belong_to_the_user_alone() {
    let sandbox = shop("{directory: manifests}");
    apply(&sandbox);
    let vaults = sandbox.files_with("age-encryption.org");
    let armored = sandbox.files_with("BEGIN AGE ENCRYPTED FILE");
    let secrets = [vaults, armored].concat();
    assert!(!secrets.is_empty(), "no encrypted store");
    for path in secrets.iter().chain([&sandbox.home("key.txt")]) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}: {mode:o}", path.display());
    }
}

#[test]
fn for_an_age_recipient_whole_manifests_of_secrets_are_encrypted() {
    let sandbox = shop("{directory: manifests}");
    apply(&sandbox);
    let key = fs::read_to_string(sandbox.home("key.txt")).unwrap();
    let recipient = key
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap_or_else(|| panic!("the key file does not name its public key"));
    use_target(&sandbox, &format!("{{directory: manifests, secrets: {recipient}}}"));
    apply(&sandbox);
    let text = sandbox.read(&format!("manifests/dev/dev/{SECRET}.age"));
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"), "{text}");
    assert!(!sandbox.path(format!("manifests/dev/dev/{SECRET}")).exists());
    let preview = sandbox.run("dev", &["preview", "--detailed-exitcode"]);
    assert_eq!(preview.code, Some(0), "{preview}");
}

#[test]
fn a_store_that_is_gone_stops_the_run() {
    let sandbox = shop("{directory: manifests, secrets: plain}");
    apply(&sandbox);
    let manifests = sandbox.files("manifests");
    fs::remove_dir_all(sandbox.home("secrets")).unwrap();
    for verb in ["preview", "apply"] {
        let run =
            sandbox.run("dev", if verb == "apply" { &["apply", "--yes"] } else { &["preview"] });
        assert!(run.code.is_some_and(|code| code == 1 || code == 3), "{run}");
        assert!(run.stderr.contains("hint: "), "{run}");
    }
    assert_eq!(sandbox.files("manifests"), manifests);
}

#[test]
fn values_in_the_app_reach_plain_manifests_and_nothing_else() {
    let sandbox = shop("{directory: manifests, secrets: plain}");
    sandbox.write(
        "app.yaml",
        "workload:\n  module: service\n  containers: {main: {image: x, env: {P: secret://login/password}}}\n  secrets:\n    login: {type: basic, data: {username: hunter2-name, password: hunter2-word}}\n",
    );
    let shown = apply(&sandbox).to_string();
    assert!(!shown.contains("hunter2"), "{shown}");
    let mut found = sandbox.files_with("hunter2-word");
    found.sort();
    assert_eq!(
        found,
        [sandbox.path("app.yaml"), sandbox.path("manifests/dev/dev/v1_Secret_shop_login.yaml")]
    );
}

#[test]
fn an_external_secret_without_a_store_stops_the_run_before_it_begins() {
    let sandbox = shop("{directory: manifests, secrets: plain}");
    sandbox.write(
        "app.yaml",
        "workload:\n  module: service\n  containers: {main: {image: x}}\n  secrets:\n    kept: {type: external, data: {password: \"ref://shop/db/password\"}}\n",
    );
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes"]), @r"
    exit 1
    --- stdout
    Stack `dev` of project `shop`, workspace `dev`
    Target: directory `manifests/dev/dev`

       ID                                     ACTION  REASON
    +  v1:Namespace:shop                      create
    +  apps/v1:Deployment:shop:shop-dev-shop  create

    What is refused is left out of this plan, and nothing is done before it is mended.
    --- stderr
    error: cannot fill in the secrets of resource `v1:Secret:shop:kept`
    cause: `ref://shop/db/password` needs a secret store, and the workspace has none
    hint: add `secretStore` to the workspace
    ");
    assert!(!sandbox.path("manifests").exists());
}

#[test]
fn another_home_does_not_draw_new_passwords_over_those_that_are_there() {
    let sandbox = shop("{directory: manifests, secrets: plain}");
    apply(&sandbox);
    let password = password(&sandbox, "manifests");
    let elsewhere = |arguments: &[&str]| {
        let mut command = sandbox.command("dev", arguments);
        let output = command.env("KUSION_HOME", sandbox.path("other-home")).output().unwrap();
        Output::of(&output, &sandbox)
    };
    let created = elsewhere(&["workspace", "create", "dev", "-f", "../dev.yaml"]);
    assert_eq!(created.code, Some(0), "{created}");
    for arguments in [&["preview"][..], &["apply", "--yes"]] {
        let refused = elsewhere(arguments);
        assert_eq!(refused.code, Some(1), "{refused}");
        assert_eq!(
            refused.stderr,
            "error: `v1:Secret:shop:shop-dev-shop-mysql` is in the target with a generated secret, and this backend has no record of it\n\
             hint: the stack was applied from another KUSION_HOME or backend: go on from there\n\
             hint: or delete the resource, and a new secret is drawn\n"
        );
    }
    assert_eq!(self::password(&sandbox, "manifests"), password);
}

#[test]
fn a_lost_key_stops_a_preview_and_not_a_destroy() {
    let sandbox = shop("{directory: manifests}");
    apply(&sandbox);
    fs::remove_file(sandbox.home("key.txt")).unwrap();
    let preview = sandbox.run("dev", &["preview"]);
    assert_eq!(preview.code, Some(3), "{preview}");
    assert_snapshot!(preview.stderr, @r"
    error: `secrets/shop/dev/dev.age` is encrypted to a key file that is gone: `[root]/home/key.txt`
    hint: restore `[root]/home/key.txt` from a backup
    ");
    let destroyed = sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(destroyed.stdout.contains("Destroy complete"), "{destroyed}");
    assert!(!sandbox.home("secrets/shop/dev/dev.age").exists());
    apply(&sandbox);
}

#[test]
fn a_lost_store_is_noticed_by_a_preview() {
    let sandbox = shop("{directory: manifests}");
    apply(&sandbox);
    fs::remove_file(sandbox.home("secrets/shop/dev/dev.age")).unwrap();
    let preview = sandbox.run("dev", &["preview"]);
    assert_eq!(preview.code, Some(3), "{preview}");
    assert!(
        preview.stderr.contains("was generated by an earlier release and is gone"),
        "{preview}"
    );
}

#[test]
fn what_another_home_made_comes_on_record_and_can_be_destroyed() {
    let sandbox = Sandbox::new();
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("app.yaml", "workload: {module: service, containers: {main: {image: shop:1}}}\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.run("", &["workspace", "create", "default"]).success();
    apply(&sandbox);
    let elsewhere = |arguments: &[&str]| {
        let mut command = sandbox.command("dev", arguments);
        let output = command.env("KUSION_HOME", sandbox.path("other-home")).output().unwrap();
        Output::of(&output, &sandbox).success()
    };
    let _made = elsewhere(&["workspace", "create", "default"]);
    let applied = elsewhere(&["apply", "--yes"]);
    assert!(applied.stdout.contains("in the target already, and not on record"), "{applied}");
    let again = elsewhere(&["preview"]);
    assert!(again.stdout.contains("No changes"), "{again}");
    let destroyed = elsewhere(&["destroy", "--yes"]);
    assert!(destroyed.stdout.contains("Destroy complete: 2 deleted."), "{destroyed}");
    assert!(sandbox.files("manifests").is_empty());
}

#[test]
fn a_stack_whose_app_is_broken_can_be_listed_and_destroyed() {
    let sandbox = shop("{directory: manifests}");
    apply(&sandbox);
    sandbox.write("app.yaml", "workload: [");
    assert_eq!(sandbox.run("dev", &["preview"]).code, Some(1));
    let listed = sandbox.run("dev", &["release", "list"]).success();
    assert!(listed.stdout.contains("succeeded"), "{listed}");
    let destroyed = sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(destroyed.stdout.contains("8 deleted"), "{destroyed}");
    assert!(sandbox.files("manifests").is_empty());
}

#[test]
fn a_destroy_of_what_is_gone_already_deletes_the_secrets_and_says_so() {
    let sandbox = shop("{directory: manifests}");
    apply(&sandbox);
    fs::remove_dir_all(sandbox.path("manifests")).unwrap();
    let destroyed = sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(destroyed.stdout.contains("forget  gone already"), "{destroyed}");
    assert!(destroyed.stdout.contains("vault is deleted too"), "{destroyed}");
    assert!(!sandbox.home("secrets/shop/dev/dev.age").exists());
}

#[test]
fn a_destroy_deletes_the_secrets_of_an_apply_that_died_before_its_release_began() {
    let sandbox = shop("{directory: manifests}");
    apply(&sandbox);
    let vault = sandbox.home("secrets/shop/dev/dev.age");
    let saved = fs::read(&vault).unwrap();
    sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(!vault.exists());
    // What that apply saves first.
    fs::write(&vault, saved).unwrap();
    sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(!vault.exists());
}

#[test]
fn secrets_stay_until_the_last_target_that_has_resources_was_destroyed() {
    let sandbox = shop("{directory: old, secrets: plain}");
    sandbox.run("", &["config", "set", "releases.keep", "1"]).success();
    apply(&sandbox);
    let password = self::password(&sandbox, "old");
    use_target(&sandbox, "{directory: new, secrets: plain}");
    apply(&sandbox);
    assert_eq!(self::password(&sandbox, "new"), password);
    let vault = sandbox.home("secrets/shop/dev/dev.age");
    for _ in 0..2 {
        let destroyed = sandbox.run("dev", &["destroy", "--yes"]).success();
        assert!(!destroyed.stdout.contains("vault is deleted too"), "{destroyed}");
        assert!(vault.exists(), "{destroyed}");
    }
    assert!(sandbox.files("new").is_empty());
    assert_eq!(self::password(&sandbox, "old"), password);

    use_target(&sandbox, "{directory: old, secrets: plain}");
    let preview = sandbox.run("dev", &["preview", "--detailed-exitcode"]);
    assert_eq!(preview.code, Some(0), "{preview}");
    let destroyed = sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(destroyed.stdout.contains("Destroy complete: 8 deleted."), "{destroyed}");
    assert!(destroyed.stdout.contains("vault is deleted too"), "{destroyed}");
    assert!(sandbox.files("old").is_empty() && !vault.exists());
}
