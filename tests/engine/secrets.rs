//! No value that the host keeps for itself reaches a guest, whatever the guest asks for.

use fs_err as fs;
use kusion_tests::Sandbox;

use super::fixture::misbehave_describing;

const WORKSPACE: &str = "\
modules:
  greedy: {path: greedy.wasm, configs: {default: {size: shown-platform}}}
  runner: {path: runner.wasm}
context:
  REGION: shown-region
  KUBECONFIG_CONTENT: hidden-kubeconfig
  KUBECONFIG_PATH: hidden-path
  AWS_SECRET_ACCESS_KEY: hidden-key
  store: ref://shown/reference
  db_password: ref://hidden/reference
  providers:
    name: shown-provider
    accessKey: hidden-nested
    deep: [{password: hidden-in-list, zone: shown-zone}, {more: {apiToken: hidden-deep}}]
  list: [shown-item, ref://shown/item]
secretStore:
  provider:
    vault: {server: https://hidden-store.example.com}
";

const APP: &str = "\
labels: {team: shown-label}
annotations: {note: shown-annotation}
workload:
  module: runner
  do: echo
  containers: {main: {image: shown-image}}
  secrets:
    login: {type: basic, data: {username: hidden-user, password: hidden-password}}
    api: {type: token, data: {token: hidden-token}}
    cert: {type: certificate, data: {tls.crt: hidden-certificate, tls.key: hidden-private}}
    free: {type: opaque, data: {any: hidden-opaque}}
accessories:
  greedy: {do: echo, given: shown-config}
";

#[test]
fn no_secret_reaches_a_guest_by_any_way() {
    let sandbox = Sandbox::new();
    sandbox.write("ws.yaml", WORKSPACE);
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.write("dev/app.yaml", APP);
    sandbox.write("dev/.env", "hidden-environment");
    sandbox.write("dev/notes.txt", "shown-file");
    std::os::unix::fs::symlink("app.yaml", sandbox.path("dev/alias")).unwrap();
    fs::write(sandbox.path("greedy.wasm"), misbehave_describing("greedy")).unwrap();
    fs::write(sandbox.path("runner.wasm"), misbehave_describing("greedy-workload")).unwrap();
    sandbox.run("", &["workspace", "create", "default", "-f", "ws.yaml"]).success();
    let generated = sandbox.run("dev", &["generate", "-o", "json"]).success();
    let document = generated.json();
    let resources = document["resources"].as_array().or(document["spec"]["resources"].as_array());
    let seen: Vec<&str> = resources
        .unwrap()
        .iter()
        .filter_map(|resource| resource["attributes"]["data"]["seen"].as_str())
        .collect();
    assert_eq!(seen.len(), 2, "{document:#}");
    for seen in &seen {
        assert!(!seen.contains("hidden"), "{seen}");
        for shown in [
            "shown-region",
            "shown-provider",
            "shown-zone",
            "shown-item",
            "shown-label",
            "shown-annotation",
            "shown-image",
            "shown-file",
            // By it a module can ask for the secret; the value stays with the host.
            "ref://shown/reference",
            "ref://shown/item",
        ] {
            assert!(seen.contains(shown), "{shown} is missing: {seen}");
        }
    }
    assert!(
        seen.iter().any(|seen| seen.contains("shown-config") && seen.contains("shown-platform"))
    );
    assert!(!generated.stdout.contains("hidden"), "{}", generated.stdout);
    assert!(!generated.stderr.contains("hidden"), "{}", generated.stderr);
}
