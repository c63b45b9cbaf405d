//! Workspaces, their platform blocks, and what is wrong with them.

use super::*;
use crate::diagnostic::Diagnose;
use serde_json::{Value, json};

fn parse(text: &str) -> Result<Workspace, ConfigError> {
    let name = WorkspaceName::parse("dev").unwrap();
    Workspace::parse(name, &SourceFile::new("dev.yaml", text), Some(Path::new("/ws")))
}

fn problems(text: &str) -> Vec<String> {
    let error = parse(text).unwrap_err();
    let render = |problem: &Problem| {
        let at = problem.location.as_ref().unwrap();
        let hints: String = problem.hints.iter().map(|hint| format!(" [{hint}]")).collect();
        format!("{}:{}: {}{hints}", at.line(), at.column(), problem.message)
    };
    error.problems().iter().map(render).collect()
}

fn module(name: &str) -> ModuleName {
    ModuleName::parse(name).unwrap()
}

fn platform(workspace: &Workspace, name: &str, project: &str) -> Platform {
    workspace.platform(&module(name), &ProjectName::parse(project).unwrap()).unwrap()
}

const MYSQL: &str = "modules:
  mysql:
    path: oci://ghcr.io/kusionstack/mysql
    version: 0.2.0
    configs:
      default: {cloud: aws, subnet: {id: a, zone: z}, ips: [x, y], importedResources: {a: b}}
      small:
        subnet: {id: b}
        ips: [w]
        healthPolicy: {kind: Deployment}
        projectSelector: [foo, bar]
";

#[test]
fn a_patcher_merges_deeply_over_the_default() {
    let workspace = parse(MYSQL).unwrap();
    let plain = platform(&workspace, "mysql", "shop");
    assert_eq!(
        plain.config.to_json(),
        json!({"cloud": "aws", "subnet": {"id": "a", "zone": "z"}, "ips": ["x", "y"]})
    );
    assert_eq!(plain.imported_resources.map(|node| node.to_json()), Some(json!({"a": "b"})));
    assert_eq!((plain.patcher, plain.health_policy), (None, None));

    let small = platform(&workspace, "mysql", "foo");
    assert_eq!(
        small.config.to_json(),
        json!({"cloud": "aws", "subnet": {"id": "b", "zone": "z"}, "ips": ["w"]})
    );
    assert_eq!(small.patcher.as_deref(), Some("small"));
    assert_eq!(small.health_policy.map(|node| node.to_json()), Some(json!({"kind": "Deployment"})));
    assert_eq!(small.config.locate("/subnet/id").line(), 8);
    assert_eq!(small.config.locate("/subnet/zone").line(), 6);
    assert!(workspace.platform(&module("none"), &ProjectName::parse("foo").unwrap()).is_none());
}

#[test]
fn modules_come_from_the_catalog_a_registry_or_a_file() {
    let workspace = parse(
        "modules:\n  a:\n  b: {path: oci://r/b, version: 1.0.0}\n  c: {path: ./x/c.wasm}\n  d: {path: /y, configs: {default: }}\n",
    )
    .unwrap();
    let origins: Vec<_> = workspace.modules().values().map(ModuleEntry::origin).collect();
    assert_eq!(
        origins,
        [
            &ModuleOrigin::Bundled,
            &ModuleOrigin::Oci { reference: "r/b".into() },
            &ModuleOrigin::File { path: "/ws/x/c.wasm".into() },
            &ModuleOrigin::File { path: "/y".into() },
        ]
    );
    assert_eq!(platform(&workspace, "d", "p").config.to_json(), json!({}));
    let versions: Vec<_> = workspace.modules().values().filter_map(ModuleEntry::version).collect();
    assert_eq!(versions.len(), 1);
    let names: Vec<_> = workspace.module_names().map(ModuleName::as_str).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[test]
fn each_mistake_is_named_at_its_place() {
    for (text, expected) in [
        (
            "modules: {m: {path: ''}}",
            "1:15: the path of the module `m` is empty [leave `path` out for a module of the bundled catalog]",
        ),
        (
            "modules: {m: {version: }}",
            "1:15: the version of the module `m` is empty [write a version such as `0.2.0`, or leave `version` out for a file]",
        ),
        (
            "modules: {m: {path: 'oci://a/b'}}",
            "1:11: missing field `version` in `modules.m` [a module from a registry needs a version, as in `version: 0.2.0`]",
        ),
        (
            "modules: {m: {path: 'https://a/b'}}",
            "1:21: a module cannot come from `https://` [use `oci://…`, or the path of a file or folder]",
        ),
        (
            "modules: {m: {path: \"/a\n  b\"}}",
            "1:21: the path of a module must stand on one line [write it in one line, in quotes if need be]",
        ),
        (
            "modules: {m: {path: ~/b}}",
            "1:21: the path `~/b` begins with `~`, which only a shell understands [write the whole path, or one relative to this file]",
        ),
        (
            "modules: {m: {configs: {p: {a: 1}}}}",
            "1:25: the block `p` does not say for which projects it is [list them, as in `projectSelector: [shop]`; only `default` is for all projects]",
        ),
        (
            "modules: {m: {configs: {p: {a: 1, projectSelector: []}}}}",
            "1:35: the `projectSelector` of the block `p` is empty",
        ),
        (
            "modules: {m: {configs: {p: {a: 1, projectSelector: x}}}}",
            "1:52: `projectSelector` takes a list of projects",
        ),
        (
            "modules: {m: {configs: {p: {a: 1, projectSelector: [x, x]}}}}",
            "1:56: the project `x` is listed twice",
        ),
        (
            "modules: {m: {configs: {p: {projectSelector: [x]}}}}",
            "1:25: the block `p` changes nothing",
        ),
        (
            "modules: {m: {configs: {p: {a: 1, projectSelector: [x]}, q: {a: 1, projectSelector: [x]}}}}",
            "1:86: the project `x` is in the block `p` already",
        ),
        (
            "modules: {m: {configs: {default: {projectSelector: [x]}}}}",
            "1:35: `default` is for all projects and takes no `projectSelector`",
        ),
        ("modules: {m: {configs: {p: 3}}}", "1:28: expected map, found integer 3"),
        (
            "modules: {m: {vers: 1}}",
            "1:15: unknown field `vers` in `modules.m` [valid names: configs, path, version]",
        ),
        (
            "modules: {a b: {}}",
            "1:11: module name `a b` may only contain letters, digits, `.`, `_` and `-`, and begins with a letter or digit",
        ),
        (
            "module: {}",
            "1:1: unknown field `module` [did you mean `modules`?] [valid names: context, limits, modules, secretStore, targets, verify]",
        ),
        (
            "secretStore: {provider: {aws: {}, vault: {}}}",
            "1:35: a second provider, `aws` is the first [a workspace reads its secrets from one store]",
        ),
        ("secretStore: {provider: {}}", "1:1: `secretStore` names no provider"),
        (
            "secretStore: {provider: {asw: {}}}",
            "1:26: unknown field `asw` in `secretStore.provider` [did you mean `aws`?] [valid names: alicloud, aws, azure, env, fake, kubernetes, vault, viettelcloud]",
        ),
        (
            "secretStore: {provider: {vault: {server: vault.example.com}}}",
            "1:42: `secretStore.provider.vault.server` is no address of a server [write it as in `https://vault.example.com:8200`]",
        ),
        (
            "secretStore: {provider: {vault: {server: \"https://u:p@v\"}}}",
            "1:42: `secretStore.provider.vault.server` is no address of a server [write it as in `https://vault.example.com:8200`]",
        ),
        (
            "secretStore: {provider: {vault: {path: a//b}}}",
            "1:40: `secretStore.provider.vault.path` is not where a secrets engine is mounted [write it as in `secret`]",
        ),
        (
            "secretStore: {provider: {vault: {token: hunter2}}}",
            "1:34: unknown field `token` in `secretStore.provider.vault` [valid names: namespace, path, plainHttp, server, version]",
        ),
        (
            "secretStore: {provider: {kubernetes: {kubeconfig: ~/k}}}",
            "1:51: `secretStore.provider.kubernetes.kubeconfig` needs a `context` [name the context of the kubeconfig that has the secrets]",
        ),
        (
            "secretStore: {provider: {env: {names: []}}}",
            "1:26: `secretStore.provider.env` offers no variable [list variables under `names`, or give the `prefix` of their names]",
        ),
        (
            "secretStore: {provider: {env: {prefix: ''}}}",
            "1:40: `secretStore.provider.env.prefix` is empty [every variable begins with it]",
        ),
        (
            "targets: {kubernetes: {}}",
            "1:11: `targets.kubernetes` names no target [give `directory`, or `kubeconfig` and `context` of a cluster]",
        ),
        (
            "targets: {kubernetes: {directory: m, context: c}}",
            "1:38: `context` cannot stand beside `directory` [a target is either a directory of manifests or a cluster]",
        ),
        (
            "targets: {kubernetes: {directory: m, secrets: plane}}",
            "1:47: unknown value \"plane\" for `targets.kubernetes.secrets` [did you mean `plain`?] [valid names: age1…, omit, plain]",
        ),
        (
            "targets: {kubernetes: {context: m, secrets: omit}}",
            "1:36: `secrets` goes with `directory`; a cluster always gets the data of secrets",
        ),
        ("targets: {kubernetes: {directory: ''}}", "1:35: `targets.kubernetes.directory` is empty"),
        ("a: 1\n---\nb: 1\n", "3:1: only one document can stand in this file"),
    ] {
        let problems = problems(text);
        assert!(problems.iter().any(|problem| problem == expected), "{text}\n{problems:#?}");
    }
}

#[test]
fn all_problems_come_at_once() {
    assert_eq!(
        problems("modules: {m: {path: ''}, n: {path: ''}}\ntargets: {kubernetes: {}}\n").len(),
        3
    );
}

#[test]
fn targets_are_a_cluster_or_a_directory() {
    let target = |text: &str| parse(&format!("targets: {{kubernetes: {text}}}")).unwrap().target;
    let directory = |secrets| Some(Target::Directory { path: "m".into(), secrets });
    assert_eq!(target("{directory: m}"), directory(SecretsMode::Omit));
    assert_eq!(target("{directory: m, secrets: plain}"), directory(SecretsMode::Plain));
    let age = SecretsMode::Age { recipient: "age1qqq".into() };
    assert_eq!(target("{directory: m, secrets: age1qqq}"), directory(age));
    assert_eq!(
        target("{kubeconfig: ~/.kube/config, context: prod}"),
        Some(Target::Cluster {
            kubeconfig: Some("~/.kube/config".into()),
            context: Some("prod".into())
        })
    );
    assert_eq!(parse("").unwrap().target, None);
}

#[test]
fn the_context_is_kept_and_never_shown() {
    let workspace = parse("context: {AWS_SECRET_ACCESS_KEY: hunter2, REGION: eu}\nsecretStore: {provider: {aws: {region: eu}}}\n").unwrap();
    assert_eq!(
        workspace.context().to_json(),
        json!({"AWS_SECRET_ACCESS_KEY": "hunter2", "REGION": "eu"})
    );
    assert_eq!(
        workspace.context().location().text(),
        Some("context: {AWS_SECRET_ACCESS_KEY: *******, REGION: **}")
    );
    assert!(!format!("{workspace:?}").contains("hunter2"));
    assert_eq!(workspace.secret_store().map(SecretStore::provider), Some("aws"));
}

#[test]
fn each_provider_of_secrets_is_read() {
    let settings = |text: &str| {
        let workspace = parse(&format!("secretStore: {{provider: {text}}}")).unwrap();
        let store = workspace.secret_store().unwrap();
        (store.provider().to_owned(), store.settings().clone())
    };
    let text = |text: &str| Some(text.to_owned());
    let vault = "{vault: {server: \"https://v:8200\", path: kv, version: v1, namespace: team/a}}";
    assert_eq!(
        settings(vault).1,
        StoreSettings::Vault {
            server: text("https://v:8200"),
            path: text("kv"),
            first_version: true,
            namespace: text("team/a"),
            plain_http: false,
        }
    );
    let bare = StoreSettings::Vault {
        server: None,
        path: None,
        first_version: false,
        namespace: None,
        plain_http: false,
    };
    assert_eq!(settings("{vault: {}}").1, bare);
    assert_eq!(
        settings("{kubernetes: {namespace: vault, kubeconfig: ~/k, context: c}}").1,
        StoreSettings::Kubernetes {
            namespace: text("vault"),
            kubeconfig: text("~/k"),
            context: text("c"),
        }
    );
    assert_eq!(
        settings("{env: {names: [B, A, B], prefix: SHOP_}}").1,
        StoreSettings::Env {
            names: ["A".to_owned(), "B".to_owned()].into(),
            prefix: text("SHOP_"),
        }
    );
    let (_, StoreSettings::Fake { data }) =
        settings("{fake: {data: [{key: a/b, value: hunter2}]}}")
    else {
        panic!("no values")
    };
    assert_eq!((data[0].key.as_str(), data[0].value.expose()), ("a/b", "hunter2"));
    assert!(!format!("{data:?}").contains("hunter2"));
    for other in ["alicloud", "aws", "azure", "viettelcloud"] {
        let expected = (other.to_owned(), StoreSettings::Other);
        assert_eq!(settings(&format!("{{{other}: {{region: x}}}}")), expected);
    }
}

#[test]
fn relative_paths_become_absolute_and_the_rest_stays() {
    let text = "# my modules\nmodules:\n  a: {path: ./a.wasm, version: 1.0.0}  # mine\n  b:\n    path: 'ä b.wasm'\n  c: {path: /c.wasm}\n  d: {}\n";
    let stored = parse(text).unwrap().absolutise();
    assert_eq!(
        stored,
        "# my modules\nmodules:\n  a: {path: /ws/a.wasm, version: 1.0.0}  # mine\n  b:\n    path: \"/ws/ä b.wasm\"\n  c: {path: /c.wasm}\n  d: {}\n"
    );
    let name = WorkspaceName::parse("dev").unwrap();
    assert!(Workspace::parse(name.clone(), &SourceFile::new("x", stored), None).is_ok());
    assert!(Workspace::parse(name, &SourceFile::new("x", text), None).is_err());
}

#[test]
fn the_first_workspace_lists_the_catalog() {
    let text = Workspace::default_text(&[module("service"), module("mysql"), module("on")]);
    let workspace = parse(&text).unwrap();
    let names: Vec<_> = workspace.module_names().map(ModuleName::as_str).collect();
    assert_eq!(names, ["mysql", "on", "service"]);
    assert!(text.contains("\n  \"on\": {}\n"), "{text}");
    assert!(
        matches!(workspace.target(), Some(Target::Directory { path, secrets: SecretsMode::Omit }) if path == "manifests")
    );
    assert!(parse(&Workspace::default_text(&[])).is_ok());
    assert_eq!(workspace.context().to_json(), Value::Object(Default::default()));
}

#[test]
fn a_module_that_is_not_listed_is_refused_where_the_app_names_it() {
    let workspace = parse(MYSQL).unwrap();
    let location = Location::new(SourceFile::new("app.yaml", "db: {module: mysq}"), 1, 14, 4);
    let component = Component {
        module: module("mysq"),
        module_location: location.clone(),
        location: location.clone(),
        config: Node::empty_map(location.clone()),
    };
    let problem = workspace.module_of(&component).unwrap_err();
    assert_eq!(problem.message, "the workspace `dev` has no module `mysq`");
    assert_eq!(problem.hints, ["did you mean `mysql`?", "valid names: mysql"]);
    assert_eq!(problem.location, Some(location));
}
