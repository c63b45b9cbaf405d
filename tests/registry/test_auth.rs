//! Saying who one is: tokens, passwords, certificates; and saying it to nobody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kusion::module::registry::{ClientOptions, Credentials, RegistryClient, RegistryError};
use kusion_tests::Sandbox;

use super::double::{Asked, Double, Reply};
use super::real::{Registry, USER, Wants};
use super::shelf::Shelf;
use super::stage::{Stage, component, options, publish, repository, store, wait};

/// Returns a client that knows a user for a registry.
fn known(registry: &str, user: &str, password: &str) -> (tempfile::TempDir, RegistryClient) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    let auth = STANDARD.encode(format!("{user}:{password}"));
    fs_err::write(&path, format!(r#"{{"auths": {{"{registry}": {{"auth": "{auth}"}}}}}}"#))
        .unwrap();
    let credentials = Credentials::new(vec![path]);
    (folder, RegistryClient::new(ClientOptions { credentials, ..options() }))
}

/// Answers like a registry that wants tokens, which it gives to `ada` for all and to everybody for reading `open`.
fn with_tokens(shelf: &Shelf, asked: &Asked) -> Reply {
    let authorization = asked.headers.get("authorization").map_or("", String::as_str);
    if asked.path.starts_with("/token") {
        let ada = format!("Basic {}", STANDARD.encode("ada:geheim"));
        return match authorization {
            "" if asked.path.contains("repository%3Aopen%3Apull") => {
                Reply::new(200, r#"{"token": "all"}"#)
            }
            given if given == ada => Reply::new(200, r#"{"token": "ada", "access_token": "ada"}"#),
            _ => Reply::new(401, "no"),
        };
    }
    if matches!(authorization, "Bearer all" | "Bearer ada") {
        return shelf.answer(asked);
    }
    let host = &asked.headers["host"];
    Reply::new(401, "").header(
        "WWW-Authenticate",
        &format!(r#"Bearer realm="http://{host}/token",service="test",error="x""#),
    )
}

#[test]
fn a_token_is_fetched_once_and_used_for_its_repository() {
    let mut shelf = Shelf::default();
    let content = shelf.put("1.0.0", b"component");
    let double = Double::start(move |asked, _| with_tokens(&shelf, asked));
    let (_config, client) = known(&double.address(), "ada", "geheim");
    let closed = repository(&double.address(), "closed");
    wait(client.manifest(&closed, &"1.0.0".parse().unwrap())).unwrap();
    let (_folder, store) = store();
    wait(client.content(&closed, &content, &store)).unwrap();
    let token = "GET /token?service=test&scope=repository%3Aclosed%3Apull";
    let blob = format!("GET /v2/closed/blobs/{}", content.digest);
    let manifest = "GET /v2/closed/manifests/1.0.0";
    assert_eq!(double.log(), [manifest, token, manifest, &blob]);
}

#[test]
fn who_is_not_known_any_more_may_read_what_everybody_may_read() {
    let mut shelf = Shelf::default();
    shelf.put("1.0.0", b"component");
    let double = Double::start(move |asked, _| with_tokens(&shelf, asked));
    let (_config, client) = known(&double.address(), "ada", "changed since");
    let version = "1.0.0".parse().unwrap();
    wait(client.manifest(&repository(&double.address(), "open"), &version)).unwrap();
    let error = wait(client.manifest(&repository(&double.address(), "closed"), &version));
    let error = error.unwrap_err();
    assert!(matches!(error, RegistryError::Denied { known: true, .. }), "{error}");
}

#[test]
fn a_token_that_has_run_out_is_replaced() {
    let mut shelf = Shelf::default();
    shelf.put("1.0.0", b"component");
    let double = Double::start(move |asked, before| {
        let reply = with_tokens(&shelf, asked);
        // The third time the token has run out.
        if asked.path.contains("/manifests/") && before == 2 {
            let mut without = asked.clone();
            without.headers.remove("authorization");
            return with_tokens(&shelf, &without);
        }
        reply
    });
    let (_config, client) = known(&double.address(), "ada", "geheim");
    for _ in 0..2 {
        wait(client.manifest(&repository(&double.address(), "a"), &"1.0.0".parse().unwrap()))
            .unwrap();
    }
    let tokens = double.log().iter().filter(|line| line.contains("/token")).count();
    assert_eq!(tokens, 2);
}

#[test]
fn nobody_but_the_registry_is_told_who_asks() {
    let elsewhere = Double::start(|_, _| Reply::new(200, "component"));
    let mut shelf = Shelf::default();
    let content = shelf.put("1.0.0", b"component");
    let place = format!("http://{}/signed?x=1", elsewhere.address());
    let double = Double::start(move |asked, _| {
        let basic = format!("Basic {}", STANDARD.encode("ada:geheim"));
        if asked.headers.get("authorization") != Some(&basic) {
            return Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\"");
        }
        Reply::new(307, "").header("Location", &place)
    });
    let (_config, client) = known(&double.address(), "ada", "geheim");
    let (_folder, store) = store();
    wait(client.content(&repository(&double.address(), "a"), &content, &store)).unwrap();
    assert_eq!(elsewhere.headers("/signed", "authorization"), ["-"]);
    assert_eq!(double.log().len(), 2);
}

#[test]
fn what_a_registry_says_about_tokens_makes_sense_or_is_refused() {
    for (realm, token, expected) in [
        ("http://example.com/token", "", "it leads to where nothing is encrypted"),
        ("nowhere", "", "the place where tokens are given is no address"),
        ("/token", r#"{"token": "a\nb"}"#, "it is no token"),
        ("/token", r#"{"expires_in": 5}"#, "it holds no token"),
        ("/token", "<html>", "it holds no token"),
    ] {
        let double = Double::start(move |asked, _| {
            if asked.path.starts_with("/token") {
                return Reply::new(200, token);
            }
            let host = &asked.headers["host"];
            let realm = if realm.starts_with('/') {
                format!("http://{host}{realm}")
            } else {
                realm.to_owned()
            };
            Reply::new(401, "").header("WWW-Authenticate", &format!("Bearer realm=\"{realm}\""))
        });
        let client = RegistryClient::new(options());
        let error =
            wait(client.versions(&repository(&double.address(), "a"))).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_user_logs_in_and_out() {
    let registry = Registry::start(Wants { password: true, tls: true });
    let address = registry.address();
    let sandbox = Sandbox::new();
    let authority = registry.authority();
    let authority = authority.to_str().unwrap();
    let run = |arguments: &[&str], input: &str| {
        let mut command = sandbox.command("", arguments);
        command.env("DOCKER_CONFIG", sandbox.path("docker"));
        let file = sandbox.path("input");
        fs_err::write(&file, input).unwrap();
        command.stdin(fs_err::File::open(&file).unwrap().into_file());
        let output = kusion_tests::Output::of(&command.output().unwrap(), &sandbox);
        output.to_string().replace(&address, "[registry]")
    };
    let target = format!("oci://{address}/team");
    let login = [
        "mod",
        "login",
        &address,
        "--username",
        USER.0,
        "--password-stdin",
        "--registry-ca",
        authority,
    ];
    let component = kusion_tests::catalog().join("network.wasm");
    let push = ["mod", "push", component.to_str().unwrap(), &target, "--registry-ca", authority];
    insta::assert_snapshot!(run(&push, ""), @r"
    exit 3
    --- stderr
    error: the registry does not let everybody read or write `oci://[registry]/team/network`
    hint: run `kusion mod login [registry]`
    ");
    insta::assert_snapshot!(run(&login, "wrong\n"), @r"
    exit 1
    --- stderr
    error: `[registry]` does not know this name with this password
    hint: some registries want a token instead of the password
    ");
    insta::assert_snapshot!(run(&login, &format!("{}\n", USER.1)), @r"
    exit 0
    --- stdout
    Logged in; the password is in `[root]/work/docker/config.json`.
    --- stderr
    warning: it is not encrypted there
           hint: name a program for passwords as `credsStore` in `[root]/work/docker/config.json`
    ");
    assert!(run(&push, "").starts_with("exit 0"));
    // Without the authority nobody knows the registry.
    let untrusted = run(&["mod", "pull", &format!("{target}/network")], "");
    insta::assert_snapshot!(untrusted, @r"
    exit 3
    --- stderr
    error: cannot fetch module `network`
    cause: cannot reach the registry `[registry]`
    cause: invalid peer certificate: UnknownIssuer
    hint: give the certificate of its authority with `--registry-ca FILE`
    ");
    insta::assert_snapshot!(run(&["mod", "logout", &address], ""), @r"
    exit 0
    --- stdout
    Logged out of `[registry]`.
    ");
    insta::assert_snapshot!(run(&["mod", "logout", &address], ""), @r"
    exit 0
    --- stdout
    Nobody was logged in to `[registry]`.
    ");
    // Another program has written the registry's name in another way.
    let auth = "YWRhOmdlaGVpbQ==";
    let other = format!("{{\"auths\": {{\"https://{address}/v2/\": {{\"auth\": \"{auth}\"}}}}}}");
    sandbox.write("docker/config.json", &other);
    insta::assert_snapshot!(run(&["mod", "logout", &address], ""), @r"
    exit 1
    --- stderr
    error: `[root]/work/docker/config.json` has credentials for `[registry]` still
    hint: log out with the program that wrote them there, or remove them
    ");
    fs_err::remove_file(sandbox.path("docker/config.json")).unwrap();
    assert!(run(&push, "").starts_with("exit 3"));
    assert_eq!(sandbox.files_with(USER.1), Vec::<std::path::PathBuf>::new());
}

#[test]
fn modules_are_fetched_with_a_password_over_tls() {
    let registry = Registry::start(Wants { password: true, tls: true });
    let stage = Stage::new(&registry.address(), "^0.1");
    let authority = registry.authority();
    let authority = authority.to_str().unwrap();
    let auth = STANDARD.encode(format!("{}:{}", USER.0, USER.1));
    let config = format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, registry.address());
    stage.sandbox.write("docker/config.json", &config);
    let run = |arguments: &[&str]| {
        let mut command = stage.sandbox.command("dev", arguments);
        command
            .env("DOCKER_CONFIG", stage.sandbox.path("docker"))
            .args(["--registry-ca", authority]);
        kusion_tests::Output::of(&command.output().unwrap(), &stage.sandbox)
    };
    let component = kusion_tests::catalog().join("network.wasm");
    let target = format!("oci://{}/team", registry.address());
    run(&["mod", "push", component.to_str().unwrap(), &target]).success();
    run(&["apply", "--yes"]).success();
    assert!(stage.lock().contains("version: \"0.1.0\""), "{}", stage.lock());
}

/// The registry itself takes what is pushed, and asks nobody.
#[test]
fn a_registry_without_users_is_used_as_it_is() {
    let registry = Registry::start(Wants::default());
    publish(&registry, "team/network", "0.1.0", &component("network"), "");
    let (_folder, store) = store();
    let client = RegistryClient::new(options());
    let repository = repository(&registry.address(), "team/network");
    let raw = wait(client.manifest(&repository, &"0.1.0".parse().unwrap())).unwrap();
    assert_eq!(wait(client.manifest_by_digest(&repository, &raw.digest)).unwrap(), raw);
    let manifest = raw.read(1 << 30).unwrap();
    wait(client.content(&repository, &manifest.layer, &store)).unwrap();
    assert_eq!(store.get(&manifest.layer.digest).unwrap(), Some(component("network")));
    assert!(!wait(client.check_login(&registry.address(), "u", "p")).unwrap());
}
