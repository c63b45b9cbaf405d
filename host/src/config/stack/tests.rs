//! Whole stacks, from files to apps and from mistakes to messages.

use super::*;
use crate::config::SecretKind;
use crate::diagnostic::{Diagnose, Problem};
use serde_json::{Value, json};

const PROJECT: (&str, &str) = ("project.yaml", "name: shop\n");
const DEV: (&str, &str) = ("dev/stack.yaml", "name: dev\n");

fn load(files: &[(&str, &str)]) -> Result<Stack, ConfigError> {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = root.path().join(file);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    Stack::load(&root.path().join("dev")).map_err(|error| shorten(error, root.path()))
}

/// Makes the paths of problems independent of the temporary folder.
fn shorten(error: ConfigError, root: &Path) -> ConfigError {
    let ConfigError::Invalid { mut problems } = error else { return error };
    for problem in &mut problems {
        let location = problem.location.clone().unwrap();
        let path = location.file().path().strip_prefix(root).unwrap().to_owned();
        let file = SourceFile::new(path, location.file().text());
        problem.location = Some(location.in_file(file));
    }
    ConfigError::Invalid { problems }
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let error = load(files).unwrap_err();
    assert_eq!(error.kind(), crate::diagnostic::Kind::User);
    error.problems().iter().map(render).collect()
}

fn render(problem: &Problem) -> String {
    let place = problem.location.as_ref().map(ToString::to_string).unwrap_or_default();
    let hints: String = problem.hints.iter().map(|hint| format!(" [{hint}]")).collect();
    format!("{place}: {}{hints}", problem.message)
}

fn app(stack: &Stack, index: usize) -> Value {
    let app = &stack.apps()[index];
    let component = |component: &crate::config::Component| {
        json!([component.module().as_str(), component.config().to_json()])
    };
    json!({
        "name": app.name().as_str(),
        "labels": app.labels(),
        "workload": app.workload().map(component),
        "accessories": app.accessories().iter().map(|(name, a)| (name.as_str(), component(a))).collect::<std::collections::BTreeMap<_, _>>(),
    })
}

#[test]
fn an_overlay_goes_over_the_base_and_keeps_positions() {
    let stack = load(&[
        ("project.yaml", "name: shop\nlabels: {team: a, tier: x}\n"),
        ("dev/stack.yaml", "name: dev\nlabels: {tier: y}\nworkspace: dev\n"),
        (
            "app.yaml",
            "workload:\n  module: service\n  replicas: 1\n  containers: {main: {image: a, args: [x, y]}}\naccessories:\n  network: {ports: [{port: 80}]}\n  orders: {module: mysql, type: local}\n",
        ),
        (
            "dev/app.yaml",
            "labels: {env: dev}\nworkload:\n  replicas: 2\n  containers: {main: {args: [z]}}\naccessories:\n  orders: null\n  users: {module: mysql}\n",
        ),
    ])
    .unwrap();
    assert_eq!(stack.namespace(), "shop");
    assert_eq!(json!(stack.labels()), json!({"team": "a", "tier": "y"}));
    assert_eq!(stack.workspace().map(|(name, _)| name.as_str()), Some("dev"));
    assert!(stack.project_dir().is_absolute() && stack.stack_dir().ends_with("dev"));
    assert_eq!(
        app(&stack, 0),
        json!({
            "name": "shop",
            "labels": {"env": "dev"},
            "workload": ["service", {"replicas": 2, "containers": {"main": {"image": "a", "args": ["z"]}}}],
            "accessories": {"network": ["network", {"ports": [{"port": 80}]}], "users": ["mysql", {}]},
        })
    );
    let workload = stack.apps()[0].workload().unwrap();
    let place = |location: &Location| {
        let file = location.file().path();
        let overlay = file.parent().unwrap().ends_with("dev");
        (overlay, location.line(), location.column())
    };
    assert_eq!(place(workload.config().locate("/replicas")), (true, 3, 13));
    assert_eq!(place(workload.config().locate("/containers/main/image")), (false, 4, 30));
    assert_eq!(place(workload.module_location()), (false, 2, 11));
    assert_eq!(place(workload.config().locate_key("")), (false, 1, 1));
    let users = stack.apps()[0].accessories().values().nth(1).unwrap();
    assert_eq!(place(users.location()), (true, 7, 3));
}

#[test]
fn an_app_as_a_developer_writes_it() {
    let text = r#"name: shop                       # default: the project's name
workload:
  module: service
  containers:
    main:
      image: ghcr.io/acme/shop:1.4.2
      env: {DB_HOST: $(KUSION_DB_HOST_ORDERS)}
      resources: {cpu: 250m-500m, memory: 256Mi}
      readinessProbe: {http: {url: "http://localhost:8080/ready"}, periodSeconds: 5}
  replicas: 2
accessories:
  network: {ports: [{port: 8080, public: true}]}
  orders: {module: mysql, type: local, version: "8.0"}
  users: {module: mysql, type: local, version: "8.0"}
"#;
    let stack = load(&[PROJECT, DEV, ("app.yaml", text)]).unwrap();
    assert_eq!(
        app(&stack, 0),
        json!({
            "name": "shop",
            "labels": {},
            "workload": ["service", {
                "containers": {"main": {
                    "image": "ghcr.io/acme/shop:1.4.2",
                    "env": {"DB_HOST": "$(KUSION_DB_HOST_ORDERS)"},
                    "resources": {"cpu": "250m-500m", "memory": "256Mi"},
                    "readinessProbe": {"http": {"url": "http://localhost:8080/ready"}, "periodSeconds": 5},
                }},
                "replicas": 2,
            }],
            "accessories": {
                "network": ["network", {"ports": [{"port": 8080, "public": true}]}],
                "orders": ["mysql", {"type": "local", "version": "8.0"}],
                "users": ["mysql", {"type": "local", "version": "8.0"}],
            },
        })
    );
}

#[test]
fn apps_come_as_documents_or_as_a_map() {
    for text in
        ["name: b\n---\nname: a\n", "apps:\n  b: {}\n  a: {}\n", "name: b\n---\napps: {a: {}}\n"]
    {
        let stack = load(&[PROJECT, DEV, ("app.yaml", text)]).unwrap();
        let names: Vec<_> = stack.apps().iter().map(|app| app.name().as_str()).collect();
        assert_eq!(names, ["a", "b"], "{text}");
    }
}

#[test]
fn overlays_match_by_name() {
    let stack = load(&[
        PROJECT,
        DEV,
        ("app.yaml", "name: a\nlabels: {x: base}\n---\nname: b\nlabels: {x: base}\n"),
        ("dev/app.yaml", "name: b\nlabels: {x: over}\n---\nname: c\nlabels: {x: new}\n"),
    ])
    .unwrap();
    let labels: Vec<_> = (0..3).map(|index| app(&stack, index)["labels"]["x"].clone()).collect();
    assert_eq!(labels, ["base", "over", "new"]);
}

#[test]
fn a_nameless_overlay_goes_over_the_only_app() {
    for (base, overlay) in
        [("name: a\n", "labels: {x: y}\n"), ("workload: null\n", "name: shop\nlabels: {x: y}\n")]
    {
        let stack = load(&[PROJECT, DEV, ("app.yaml", base), ("dev/app.yaml", overlay)]).unwrap();
        assert_eq!(stack.apps().len(), 1);
        assert_eq!(app(&stack, 0)["labels"], json!({"x": "y"}));
    }
    let alone = ("dev/app.yaml", "workload: {module: service}\n");
    assert_eq!(app(&load(&[PROJECT, DEV, alone]).unwrap(), 0)["name"], "shop");
}

#[test]
fn an_overlay_without_a_name_needs_a_single_base_app() {
    assert_eq!(
        problems(&[
            PROJECT,
            DEV,
            ("app.yaml", "name: a\n---\nname: b\n"),
            ("dev/app.yaml", "labels: {}\n")
        ]),
        [
            "dev/app.yaml:1:1: this overlay does not say which app it is for [give it a `name`; apps of the base: a, b]"
        ]
    );
}

#[test]
fn two_apps_of_one_name_are_an_error() {
    for (text, expected) in [
        ("name: a\n---\nname: a\n", "app.yaml:3:7: a second app `a`, the first is at"),
        ("labels: {}\n---\nlabels: {}\n", "app.yaml:3:1: a second app `shop`, the first is at"),
    ] {
        let problems = problems(&[PROJECT, DEV, ("app.yaml", text)]);
        assert!(problems[0].starts_with(expected) && problems.len() == 1, "{problems:?}");
    }
    assert_eq!(
        problems(&[
            PROJECT,
            DEV,
            ("app.yaml", "{}"),
            ("dev/app.yaml", "labels: {}\n---\nname: shop\n")
        ]),
        ["dev/app.yaml:3:7: a second overlay for the app `shop`, the first is on line 1"]
    );
}

#[test]
fn all_problems_of_all_files_come_at_once() {
    let problems = problems(&[
        ("project.yaml", "nam: shop\nextensions:\n- kind: kubernetesNamespac\n"),
        ("dev/stack.yaml", "name: dev stack\nworkspace: ../x\n"),
        (
            "app.yaml",
            "workload:\n  containers: {}\n  replicas:\nlabel: {a: b}\naccessories:\n  Orders: {module: mysql}\n  x: 3\n",
        ),
        ("dev/app.yaml", "labels: {tier: 1}\nworkload: {module: a b}\n"),
    ]);
    assert_eq!(
        problems,
        [
            "app.yaml:3:3: `replicas` has no value [write `null` to remove what the base says, `{}` for an empty block, `\"\"` for an empty text]",
            "app.yaml:4:1: unknown field `label` [did you mean `labels`?] [valid names: accessories, annotations, labels, name, workload]",
            "app.yaml:6:3: accessory name `Orders` may only contain lower-case letters, digits and `-`, and begins and ends with a letter or digit",
            "app.yaml:7:6: expected map, found integer 3",
            "dev/app.yaml:1:16: expected string, found integer 1 [quote it to make it a text: `\"1\"`]",
            "dev/app.yaml:2:20: module name `a b` may only contain letters, digits, `.`, `_` and `-`, and begins with a letter or digit",
            "dev/stack.yaml:1:7: stack name `dev stack` may only contain letters, digits, `.`, `_` and `-`, and begins with a letter or digit",
            "dev/stack.yaml:2:12: workspace name `../x` may only contain letters, digits, `.`, `_` and `-`, and begins with a letter or digit",
            "project.yaml:1:1: missing field `name`",
            "project.yaml:1:1: unknown field `nam` [did you mean `name`?] [valid names: description, extensions, generator, labels, name]",
            "project.yaml:3:9: unknown value \"kubernetesNamespac\" for `extensions[0].kind` [did you mean `kubernetesNamespace`?] [valid values: kubernetesMetadata, kubernetesNamespace]",
        ]
    );
}

#[test]
fn a_workload_names_its_module() {
    assert_eq!(
        problems(&[PROJECT, DEV, ("app.yaml", "workload:\n  replicas: 1\n")]),
        [
            "app.yaml:1:1: missing field `module` in `workload` [name the module that runs the app, as in `module: service`]"
        ]
    );
}

#[test]
fn the_stacks_extension_names_the_namespace() {
    let extension = |name: &str| {
        format!(
            "extensions:\n- kind: kubernetesNamespace\n  kubernetesNamespace: {{namespace: {name}}}\n"
        )
    };
    let project = format!("name: Shop_1\n{}", extension("from-project"));
    let stack = format!("name: dev\n{}", extension("from-stack"));
    let app = ("app.yaml", "name: a\n");
    let load_with =
        |stack: &str| load(&[("project.yaml", &project), ("dev/stack.yaml", stack), app]);
    assert_eq!(load_with("name: dev\n").unwrap().namespace(), "from-project");
    assert_eq!(load_with(&stack).unwrap().namespace(), "from-stack");
    assert_eq!(
        problems(&[("project.yaml", "name: Shop_1\n"), DEV, app]),
        [
            "project.yaml:1:7: the project's name `Shop_1` cannot be its namespace [a namespace has lower-case letters, digits and `-` only] [name one in `extensions` with the kind `kubernetesNamespace`]"
        ]
    );
}

#[test]
fn legacy_keys_are_read_over() {
    let stack = load(&[
        ("project.yaml", "name: shop\ndescription: d\ngenerator: {type: KCL}\n"),
        ("dev/stack.yaml", "name: dev\nbackend: {type: s3}\n"),
        ("app.yaml", "workload: {_type: service.Service}\n"),
    ])
    .unwrap();
    assert_eq!(app(&stack, 0)["workload"], json!(["service", {}]));
}

#[test]
fn secrets_are_taken_out_of_what_modules_see() {
    let stack = load(&[
        PROJECT,
        DEV,
        (
            "app.yaml",
            "workload:\n  module: service\n  secrets:\n    db:\n      type: basic\n      data: {username: u, password: hunter2}\n    ext: {type: external, data: {k: ref://a/b}, immutable: true}\n",
        ),
    ])
    .unwrap();
    let app = &stack.apps()[0];
    assert_eq!(
        app.workload().unwrap().config().to_json()["secrets"],
        json!({
            "db": {"type": "basic", "data": {"username": "", "password": ""}},
            "ext": {"type": "external", "data": {"k": ""}, "immutable": true},
        })
    );
    let db = &app.secrets()["db"];
    assert_eq!((db.kind(), db.immutable(), db.location().line()), (SecretKind::Basic, false, 4));
    assert_eq!(db.data()["password"].expose(), "hunter2");
    assert_eq!(app.secrets()["ext"].data()["k"].expose(), "ref://a/b");
    assert!(!format!("{stack:?}").contains("hunter2"));
}

#[test]
fn a_problem_beside_a_secret_does_not_quote_it() {
    let text =
        "workload: {module: service, secrets: {db: {type: basik, data: {p: hunter2, q: 12345}}}}\n";
    let error = load(&[PROJECT, DEV, ("app.yaml", text)]).unwrap_err();
    let shown: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| {
            let at = problem.location.as_ref().unwrap();
            format!("{} | {}", problem.message, at.text().unwrap())
        })
        .collect();
    let line =
        "workload: {module: service, secrets: {db: {type: basik, data: {p: *******, q: *****}}}}";
    assert_eq!(
        shown,
        [
            format!("unknown value \"basik\" for `workload.secrets.db.type` | {line}"),
            format!("expected string, found integer | {line}"),
        ]
    );
    let error = load(&[PROJECT, DEV, ("app.yaml", "secrets: {a: {data: {p: hunter2}}\nb: [\n")])
        .unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn a_stack_without_an_app_says_where_it_could_be() {
    let error = load(&[PROJECT, DEV]).unwrap_err();
    assert_eq!(error.to_string(), "the stack describes no app");
    assert!(error.hints()[0].starts_with("describe the app in `"), "{:?}", error.hints());
    let overlay = ("dev/app.yaml", "{}\n");
    let lost = load(&[PROJECT, DEV, overlay]).unwrap_err();
    let emptied = load(&[PROJECT, DEV, ("app.yaml", "# to do\n"), overlay]).unwrap_err();
    for error in [lost, emptied] {
        assert_eq!(error.to_string(), "the stack describes no app");
    }
}

#[test]
fn a_file_that_is_no_yaml_points_at_the_place() {
    assert_eq!(
        problems(&[PROJECT, DEV, ("app.yaml", "workload:\n\tmodule: service\n")]),
        ["app.yaml:2:2: a tab cannot indent [indent with spaces]"]
    );
    assert_eq!(
        problems(&[PROJECT, DEV, ("app.yaml", "- a\n")]),
        ["app.yaml:1:1: an app is a map with `workload` and `accessories`"]
    );
    assert_eq!(
        problems(&[PROJECT, DEV, ("app.yaml", "apps: {a: , b: {name: c}}\nlabels: {}\n")]),
        [
            "app.yaml:1:8: the app `a` is no map [write `{}` for an app without settings]",
            "app.yaml:1:23: the app `b` cannot name itself `c` [did you mean `b`?] [valid names: b]",
            "app.yaml:2:1: `labels` cannot stand beside `apps` [put it into each app, or take the app out of `apps`]",
        ]
    );
}
