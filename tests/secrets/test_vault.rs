//! Vault: what is read, how often, by whom, and what happens if it cannot be read.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::stage::Stage;
use super::vault::{TOKEN, Vault, errors};
use crate::registry::double::{Double, Reply};
use crate::registry::real::{Registry, Wants};

const PLAIN: &str = "{directory: manifests, secrets: plain}";

fn provider(vault: &Vault) -> String {
    format!("{{vault: {{server: \"{}\", path: kv}}}}", vault.server())
}

/// A project that reads `kv/shop/db`, which has a user and a password.
fn stage(vault: &Vault) -> Stage {
    vault.put("shop/db", json!({"user": "planted-user", "password": "planted-word-1"}));
    let stage = Stage::new(&provider(vault)).with("VAULT_TOKEN", TOKEN);
    let stage = stage.showing(&vault.server(), "[vault]");
    stage.refer(&[("password", "ref://shop/db/password"), ("user", "ref://shop/db/user")]);
    stage
}

#[test]
fn a_secret_is_read_once_for_all_its_keys_and_stands_in_the_manifest_only() {
    let vault = Vault::start();
    let stage = stage(&vault);
    vault.put(
        "shop/db",
        json!({"user": "planted-user", "password": "planted-word-2", "port": 3306}),
    );
    stage.refer(&[
        ("password", "ref://shop/db/password"),
        ("port", "ref://shop/db/port"),
        ("before", "ref://shop/db/password?version=1"),
        ("user", "ref://shop/db/user"),
    ]);
    let mut said = String::new();
    for arguments in [
        &["generate"][..],
        &["preview", "--all", "-vv"],
        &["preview", "--all", "-o", "json", "-vv", "--log-format", "json"],
        &["apply", "--yes", "-vv"],
        &["release", "show", "-o", "json"],
    ] {
        said.push_str(&stage.run(arguments).success().to_string());
    }
    let expected =
        ["before: planted-word-1", "password: planted-word-2", "port: 3306", "user: planted-user"];
    assert_eq!(stage.data(), expected);
    // Two previews and an apply, each version once.
    let log = vault.double.log();
    assert_eq!(log.len(), 6, "{log:#?}");
    let newest = "GET /v1/kv/data/shop/db";
    for asked in [newest, "GET /v1/kv/data/shop/db?version=1"] {
        assert_eq!(log.iter().filter(|line| *line == asked).count(), 3, "{log:#?}");
    }
    assert!(vault.double.headers("", "x-vault-token").iter().all(|token| token == TOKEN));

    let manifest = stage.sandbox.path("manifests/dev/dev/v1_Secret_shop_db.yaml");
    for planted in ["planted-word-1", "planted-word-2", "planted-user"] {
        assert!(!said.contains(planted), "{said}");
        assert_eq!(stage.sandbox.files_with(planted), std::slice::from_ref(&manifest));
    }
    assert!(!said.contains(TOKEN) && stage.sandbox.files_with(TOKEN).is_empty(), "{said}");
    assert!(said.contains("read secret store"), "{said}");
}

#[test]
fn both_versions_of_the_engine_and_namespaces_are_spoken_to() {
    let vault = Vault::start();
    vault.change(|kept| {
        kept.namespace = Some("team/shop".to_owned());
        kept.old.insert("db".to_owned(), json!({"password": "planted-old"}));
        kept.kv.insert("db".to_owned(), vec![json!({"password": "planted-new"})]);
    });
    let server = vault.server();
    for (provider, reference, password) in [
        (
            format!(
                "{{vault: {{server: \"{server}\", path: old, version: v1, namespace: team/shop}}}}"
            ),
            "ref://db/password",
            "planted-old",
        ),
        // What the workspace does not say, the environment does.
        ("{vault: {version: v2}}".to_owned(), "ref://kv/db/password", "planted-new"),
    ] {
        let stage = Stage::new(&provider).with("VAULT_SERVER_TOKEN", TOKEN);
        let stage = stage.with("VAULT_ADDR", &server).with("VAULT_NAMESPACE", "team/shop");
        stage.refer(&[("password", reference)]);
        stage.apply();
        assert_eq!(stage.data(), [format!("password: {password}")]);
    }
    let namespaces = vault.double.headers("", "x-vault-namespace");
    assert_eq!(namespaces, ["team/shop"; 2]);
}

#[test]
fn a_value_that_changed_in_the_store_is_shown_and_applied_and_a_rollback_reads_it_now() {
    let vault = Vault::start();
    let stage = stage(&vault);
    stage.apply();
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));
    vault.put("shop/db", json!({"user": "planted-user", "password": "planted-word-2"}));
    let preview = stage.run(&["preview", "--detailed-exitcode"]);
    assert_snapshot!(preview, @r"
    exit 2
    --- stdout
    Stack `dev` of project `shop`, workspace `dev`
    Target: directory `manifests/dev/dev`

       ID                 ACTION  REASON
    ~  v1:Secret:shop:db  update  a secret value changed

    ~ v1:Secret:shop:db
        from workload of app `shop` (module `service`)
        stringData.password: (secret, changed)

    Plan: 0 to create, 1 to update, 0 to delete.
    ");
    // Nobody changed the target.
    let drift = stage.run(&["preview", "--drift-only"]);
    assert!(!drift.to_string().contains("planted"), "{drift}");
    stage.apply();
    assert_eq!(stage.data(), ["password: planted-word-2", "user: planted-user"]);
    vault.put("shop/db", json!({"user": "planted-user", "password": "planted-word-3"}));
    let back = stage.run(&["release", "rollback", "1", "--yes"]).success();
    assert!(back.stdout.contains("External secrets are read now."), "{back}");
    assert_eq!(stage.data(), ["password: planted-word-3", "user: planted-user"]);
}

#[test]
fn a_store_that_cannot_be_read_shows_unknown_and_stops_an_apply_before_its_first_change() {
    let vault = Vault::start();
    let stage = stage(&vault);
    stage.apply();
    let (before, releases) = (stage.sandbox.files("manifests"), stage.run(&["release", "list"]));
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    vault.change(|kept| kept.sealed = true);
    assert_snapshot!(stage.run(&["preview"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `dev`
    Target: directory `manifests/dev/dev`

       ID                                     ACTION  EFFECT           REASON
    ~  v1:Secret:shop:db                      update                   whether a secret value changed is unknown
    ~  apps/v1:Deployment:shop:shop-dev-shop  update  rolling restart

    ~ v1:Secret:shop:db
        from workload of app `shop` (module `service`)
        stringData.password: (secret, unknown)
        stringData.user: (secret, unknown)

    ~ apps/v1:Deployment:shop:shop-dev-shop
        from workload of app `shop` (module `service`)
        spec.template.spec.containers[main].image: shop:1 -> shop:2

    Plan: 0 to create, 2 to update, 0 to delete (1 rolling restart).
    A secret cannot be read now, so that its value is unknown: secret store `[vault]` cannot give `ref://shop/db` now: 503 (Vault is sealed).
    ");
    let preview = stage.run(&["preview", "--detailed-exitcode", "-o", "json"]);
    assert_eq!(preview.code, Some(2), "{preview}");
    let document = preview.json();
    let steps = document["plan"]["steps"].as_array().unwrap();
    let secret = steps.iter().find(|step| step["id"] == "v1:Secret:shop:db").unwrap();
    assert_eq!(secret["reason"], "secret-unknown", "{secret}");
    assert_eq!(secret["changes"][0]["unknown"], true, "{secret}");
    assert_snapshot!(stage.run(&["apply", "--yes"]), @r"
    exit 3
    --- stdout
    Stack `dev` of project `shop`, workspace `dev`
    Target: directory `manifests/dev/dev`

       ID                                     ACTION  EFFECT           REASON
    ~  v1:Secret:shop:db                      update                   whether a secret value changed is unknown
    ~  apps/v1:Deployment:shop:shop-dev-shop  update  rolling restart

    ~ v1:Secret:shop:db
        from workload of app `shop` (module `service`)
        stringData.password: (secret, unknown)
        stringData.user: (secret, unknown)

    ~ apps/v1:Deployment:shop:shop-dev-shop
        from workload of app `shop` (module `service`)
        spec.template.spec.containers[main].image: shop:1 -> shop:2

    Plan: 0 to create, 2 to update, 0 to delete (1 rolling restart).
    A secret cannot be read now, so that its value is unknown: secret store `[vault]` cannot give `ref://shop/db` now: 503 (Vault is sealed).
    --- stderr
    error: secret store `[vault]` cannot give `ref://shop/db/password` now: 503 (Vault is sealed)
    ");
    let refused = stage.run(&["apply", "--yes", "-o", "json"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert_eq!(refused.json()["refused"].as_array().map(Vec::len), Some(1), "{refused}");
    assert_eq!(stage.sandbox.files("manifests"), before);
    assert_eq!(stage.run(&["release", "list"]), releases);
    // Whether the store knows another value says nothing about the target.
    assert_snapshot!(stage.run(&["preview", "--drift-only", "--detailed-exitcode"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `dev`
    Target: directory `manifests/dev/dev`

    No drift: everything is as release 1 left it.
    A secret cannot be read now, so that its value is unknown: secret store `[vault]` cannot give `ref://shop/db` now: 503 (Vault is sealed).
    ");

    vault.change(|kept| kept.sealed = false);
    stage.apply();
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));
}

#[test]
fn who_may_not_read_can_look_all_the_same_and_is_told_why() {
    let vault = Vault::start();
    let stage = stage(&vault);
    stage.apply();
    let without = stage.with("VAULT_TOKEN", "hvs.planted-other-token");
    assert_snapshot!(without.run(&["apply", "--yes"]), @r"
    exit 3
    --- stdout
    Stack `dev` of project `shop`, workspace `dev`
    Target: directory `manifests/dev/dev`

       ID                 ACTION  REASON
    ~  v1:Secret:shop:db  update  whether a secret value changed is unknown

    ~ v1:Secret:shop:db
        from workload of app `shop` (module `service`)
        stringData.password: (secret, unknown)
        stringData.user: (secret, unknown)

    Plan: 0 to create, 1 to update, 0 to delete.
    A secret cannot be read now, so that its value is unknown: secret store `[vault]` does not let us read `ref://shop/db` (permission denied).
    --- stderr
    error: secret store `[vault]` does not let us read `ref://shop/db/password` (permission denied)
    hint: see whether the token has expired and which paths its policies let it read
    ");
    drop(vault);
    let preview = without.run(&["preview"]).success();
    assert!(preview.stdout.contains("cannot reach secret store `[vault]`"), "{preview}");
    let applied = without.run(&["apply", "--yes"]);
    assert_eq!(applied.code, Some(3), "{applied}");
}

#[test]
fn what_is_wrong_with_a_reference_is_told_by_name() {
    let vault = Vault::start();
    let stage = stage(&vault);
    vault.change(|kept| {
        kept.kv.insert("gone".to_owned(), vec![json!({"a": "planted-gone"}), Value::Null]);
        kept.kv.insert("odd".to_owned(), vec![json!({"part": 1.10, "whole": {"a": ["b"]}})]);
    });
    let mut told = String::new();
    for reference in [
        "ref://shop/db/pasword",
        "ref://shop/bd/password",
        "ref://shop/db/password?version=9",
        "ref://shop/db/password?version=latest",
        "ref://gone/a",
        "ref://odd/part",
        "ref://shop/../db/password",
    ] {
        stage.refer(&[("password", reference)]);
        let refused = stage.run(&["preview"]);
        assert_eq!(refused.code, Some(1), "{refused}");
        told.push_str(&refused.stderr);
    }
    stage.refer(&[("password", "ref://shop/db/password")]);
    for provider in [
        format!("{{vault: {{server: \"{}\", path: kv, version: v1}}}}", vault.server()),
        format!("{{vault: {{server: \"{}\", path: kw}}}}", vault.server()),
        "{vault: {path: kv}}".to_owned(),
    ] {
        stage.change_workspace(&provider, PLAIN);
        told.push_str(&stage.run(&["preview"]).stderr);
    }
    assert!(!told.contains("planted"), "{told}");
    assert_snapshot!(told, @r#"
    error: the secret of `ref://shop/db/pasword` has no key `pasword`
     --> ../app.yaml:8:19
      |
    8 |         password: ***********************
      |                   ^^^^^^^^^^^^^^^^^^^^^^^
    hint: did you mean `password`?
    hint: valid names: password, user

    error: secret store `[vault]` has no secret for `ref://shop/bd/password`
     --> ../app.yaml:8:19
      |
    8 |         password: ************************
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^

    error: secret store `[vault]` has no secret for `ref://shop/db/password?version=9`
     --> ../app.yaml:8:19
      |
    8 |         password: **********************************
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: `ref://shop/db/password?version=latest` is not a secret reference: its version is no number
     --> ../app.yaml:8:19
      |
    8 |         password: ***************************************
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: write `ref://<name>/<key>?version=<version>`

    error: secret store `[vault]` has no secret for `ref://gone/a` (this version was deleted)
     --> ../app.yaml:8:19
      |
    8 |         password: **************
      |                   ^^^^^^^^^^^^^^

    error: the value of `ref://odd/part` is a number with a fraction or of more than 64 bits
     --> ../app.yaml:8:19
      |
    8 |         password: ****************
      |                   ^^^^^^^^^^^^^^^^
    hint: store it as a text

    error: the value of `password` does not refer to a secret store
     --> ../app.yaml:8:19
      |
    8 |         password: ***************************
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: write a reference, as in `ref://shop/db/password`

    error: secret store `[vault]` has no secret for `ref://shop/db/password` (Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use.)
     --> ../app.yaml:8:19
      |
    8 |         password: ************************
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^

    error: secret store `[vault]` has no secret for `ref://shop/db/password` (no handler for route "kw/data/shop/db". route entry not found.)
     --> ../app.yaml:8:19
      |
    8 |         password: ************************
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    // The whole of a secret, and a part of it that is no text.
    stage.change_workspace(&provider(&vault), PLAIN);
    stage.refer(&[("part", "ref://odd/whole"), ("password", "ref://gone?version=1")]);
    stage.apply();
    assert_eq!(stage.data(), [r#"part: {"a":["b"]}"#, r#"password: {"a":"planted-gone"}"#]);
}

#[test]
fn what_passes_is_borne() {
    let vault = Vault::start();
    let stage = stage(&vault);
    vault.change(|kept| {
        kept.instead = vec![
            errors(429, &["request path \"kv\": rate limit quota exceeded"])
                .header("Retry-After", "0"),
            errors(503, &["Vault is sealed"]),
            Reply::nothing(),
        ];
    });
    stage.apply();
    assert_eq!(vault.double.log().len(), 4);
    assert_eq!(stage.data(), ["password: planted-word-1", "user: planted-user"]);
}

#[test]
fn the_token_goes_to_no_other_server() {
    let elsewhere = Double::start(|_, _| Reply::new(200, "{}"));
    let vault = Vault::start();
    let stage = stage(&vault).showing(&elsewhere.address(), "[elsewhere]");
    for location in
        [format!("http://{}/v1/kv/data/shop/db", elsewhere.address()), "/v1/other".to_owned()]
    {
        let reply = errors(307, &[]).header("Location", &location);
        vault.change(|kept| kept.instead = vec![reply]);
        let refused = stage.run(&["apply", "--yes"]);
        assert_eq!(refused.code, Some(3), "{refused}");
        assert!(refused.stderr.contains("sends whoever asks"), "{refused}");
    }
    assert!(elsewhere.log().is_empty(), "{:?}", elsewhere.log());
    assert_eq!(vault.double.log().len(), 2);
}

#[test]
fn an_answer_that_makes_no_sense_or_has_no_end_is_refused() {
    let vault = Vault::start();
    let stage = stage(&vault);
    for (reply, expected) in [
        (Reply::new(200, "<html>planted</html>"), "makes no sense: it is no secret"),
        (Reply::new(200, r#"{"data": {"planted": "x"}}"#), "the workspace may mean `version: v1`"),
        (Reply::new(200, vec![b' '; (4 << 20) + 1]), "it is longer than 4194304 bytes"),
        (errors(400, &["bad\n\u{1b}[31m hvs.planted-vault-token"]), "400 (bad [31m (sensitive))"),
    ] {
        vault.change(|kept| kept.instead = vec![reply]);
        let refused = stage.run(&["apply", "--yes"]);
        assert_eq!(refused.code, Some(3), "{refused}");
        assert!(refused.stderr.contains(expected), "{expected}: {refused}");
        assert!(!refused.to_string().contains("planted"), "{refused}");
    }
}

#[test]
fn a_target_that_takes_no_values_needs_no_store() {
    let vault = Vault::start();
    let stage = Stage::with_target(&provider(&vault), "{directory: manifests}");
    stage.refer(&[("password", "ref://shop/db/password")]);
    stage.apply();
    stage.run(&["preview", "--detailed-exitcode"]).success();
    stage.run(&["destroy", "--yes"]).success();
    assert!(vault.double.log().is_empty(), "{:?}", vault.double.log());
}

#[test]
fn an_authority_of_ones_own_is_trusted_if_it_is_named() {
    // Any server with a certificate will do: it says that it has no such secret.
    let registry = Registry::start(Wants { tls: true, ..Wants::default() });
    let server = format!("https://{}", registry.address());
    let provider = format!("{{vault: {{server: \"{server}\", path: kv}}}}");
    let run = |variables: &[(&str, &str)]| {
        let mut stage =
            Stage::new(&provider).showing(&server, "[vault]").with("VAULT_TOKEN", TOKEN);
        for (name, value) in variables {
            stage = stage.with(name, value);
        }
        stage.refer(&[("password", "ref://shop/db/password")]);
        stage.run(&["apply", "--yes"])
    };
    assert_snapshot!(run(&[]).stderr, @r"
    error: cannot reach secret store `[vault]`, which has `ref://shop/db/password`
    cause: invalid peer certificate: UnknownIssuer
    hint: name the file of its authority in VAULT_CACERT
    ");
    let authority = registry.authority();
    let trusted = run(&[("VAULT_CACERT", authority.to_str().unwrap())]);
    assert_eq!(trusted.code, Some(1), "{trusted}");
    assert!(trusted.stderr.contains("has no secret for `ref://shop/db/password`"), "{trusted}");
    let missing = run(&[("VAULT_CACERT", "/nowhere/ca.crt")]);
    assert_eq!(missing.code, Some(1), "{missing}");
    assert!(missing.stderr.contains("VAULT_CACERT"), "{missing}");
}
