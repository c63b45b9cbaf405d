//! `kusion mod test`

use insta::assert_snapshot;
use kusion_tests::{Sandbox, catalog, repository};

use crate::engine::fixture::misbehave_describing;

const APP: &str = "\
workload: {module: service, containers: {main: {image: web:1}}}
accessories:
  monitoring: {path: /m}
";

/// A sandbox with a case for the module `monitoring`.
fn with_case(app: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tests/golden/path/app.yaml", app);
    sandbox
}

/// Shows all but how much fuel was used, which changes with the compiler of the module.
fn test(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let module = catalog().join("monitoring.wasm");
    let module = module.to_string_lossy();
    let output = sandbox.run("", &[&["mod", "test", &module], arguments].concat()).to_string();
    let words = output.split(' ').collect::<Vec<_>>();
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    let kept = words.iter().enumerate().map(|(index, word)| {
        let fuel = words.get(index + 1).is_some_and(|next| next.starts_with("fuel"));
        if fuel && is_number(word) { "[some]" } else { *word }
    });
    kept.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_case_is_compared_with_what_is_expected_of_it() {
    let sandbox = with_case(APP);
    let missing = test(&sandbox, &["--inputs", "0"]);
    assert!(missing.starts_with("exit 1\n"), "{missing}");
    assert!(missing.contains("FAIL  case path: it has no `expected.yaml` yet\n"), "{missing}");
    assert_snapshot!(test(&sandbox, &["--inputs", "0", "--bless"]), @r"
    exit 0
    --- stdout
    Module `monitoring` 0.1.0

    ok    case path: 0 resources, 1 patch, [some] fuel (written)
    ");
    assert_snapshot!(sandbox.read("tests/golden/path/expected.yaml"), @r#"
    - accessory: monitoring
      app: shop
      patches:
      - podAnnotations:
          prometheus.io/path: /m
          prometheus.io/scheme: http
          prometheus.io/scrape: "true"
    "#);
    sandbox.edit("tests/golden/path/app.yaml", "/m", "/other");
    assert_snapshot!(test(&sandbox, &["--case", "path"]), @r#"
    exit 1
    --- stdout
    Module `monitoring` 0.1.0

    FAIL  case path: not what `expected.yaml` says
              app: shop
              patches:
              - podAnnotations:
          -       prometheus.io/path: /m
          +       prometheus.io/path: /other
                  prometheus.io/scheme: http
                  prometheus.io/scrape: "true"

    1 of 1 case failed; `--bless` accepts what differs.
    "#);
}

#[test]
fn a_refusal_points_at_the_file_of_the_case() {
    let sandbox = with_case(&APP.replace("path: /m", "paht: /m"));
    assert!(test(&sandbox, &["--bless"]).starts_with("exit 0\n"));
    assert_snapshot!(sandbox.read("tests/golden/path/error.txt"), @r"
    error: unknown field `paht` in `monitoring`
     --> app.yaml:3:16
      |
    3 |   monitoring: {paht: /m}
      |                ^^^^
    hint: did you mean `path`?
    hint: valid names: path, port
    ");
    assert!(test(&sandbox, &[]).contains("ok    case path: refused\n"));
    sandbox.edit("tests/golden/path/app.yaml", "paht", "path");
    let answered = test(&sandbox, &[]);
    let told = "FAIL  case path: `error.txt` is expected, and it gives `expected.yaml`\n";
    assert!(answered.contains(told), "{answered}");
}

#[test]
fn what_the_platform_says_is_part_of_a_case() {
    let sandbox = with_case(APP);
    sandbox.write(
        "tests/golden/path/workspace.yaml",
        "modules: {monitoring: {configs: {default: {operatorMode: true, monitorType: Pod}}}}\n",
    );
    assert!(test(&sandbox, &["--bless"]).contains("case path: 1 resource, 1 patch,"));
    let expected = sandbox.read("tests/golden/path/expected.yaml");
    assert!(expected.contains("kind: PodMonitor"), "{expected}");
}

#[test]
fn a_case_that_does_not_use_the_module_says_so() {
    let sandbox = with_case("workload: {module: service, containers: {main: {image: web:1}}}\n");
    assert_snapshot!(test(&sandbox, &["--inputs", "0"]), @r"
    exit 1
    --- stdout
    Module `monitoring` 0.1.0

    FAIL  case path
          error: no app of the case uses module `monitoring`
          hint: name it in app.yaml, as `module: monitoring` of the workload or of an accessory

    1 of 1 case failed.
    ");
    assert_snapshot!(test(&sandbox, &["--case", "paht"]), @r"
    exit 1
    --- stderr
    error: `tests/golden` has no case `paht`
    hint: did you mean `path`?
    hint: valid names: path
    ");
}

#[test]
fn a_drawn_request_that_breaks_the_module_is_made_small() {
    let sandbox = Sandbox::new();
    sandbox.write("README.md", "");
    fs_err::write(sandbox.path("misbehave.wasm"), misbehave_describing("schema-harm")).unwrap();
    let run = || sandbox.run("", &["mod", "test", "misbehave.wasm", "--seed", "3"]);
    let found = run();
    assert_eq!(found.code, Some(1), "{found}");
    let smallest = "      The smallest request that shows it:\n      config:\n        do: trap\n      platform: {}\n";
    assert!(found.stdout.contains(smallest), "{found}");
    assert!(found.stdout.contains("the call fails: module `misbehave`"), "{found}");
    assert_eq!(run().stdout, found.stdout);

    let arguments = ["mod", "test", "misbehave.wasm", "--seed", "3", "-o", "json"];
    let document = sandbox.run("", &arguments).json();
    assert_eq!(document["drawn"]["finding"]["config"]["do"], "trap");
}

#[test]
fn every_module_of_the_catalog_answers_its_cases_and_stands_what_its_schemas_admit() {
    let sandbox = Sandbox::new();
    for module in ["job", "monitoring", "mysql", "network", "service"] {
        let path = catalog().join(format!("{module}.wasm"));
        let cases = repository().join("plugins").join(module).join("tests/golden");
        let (path, cases) = (path.to_string_lossy(), cases.to_string_lossy());
        let arguments = ["mod", "test", &path, "--cases", &cases, "--inputs", "1000", "-o", "json"];
        let tested = sandbox.run("", &arguments).json();
        let checked = tested["cases"].as_array().unwrap();
        assert!(checked.len() >= 2, "{module}: {tested}");
        for case in checked {
            assert_eq!(case["passed"], true, "{module}: {case:#}");
        }
        let drawn = tested["drawn"].clone();
        assert_eq!(drawn["finding"], serde_json::Value::Null, "{module}: {drawn}");
        let (asked, rejected) =
            (drawn["asked"].as_u64().unwrap(), drawn["rejected"].as_u64().unwrap());
        assert!(asked >= 990, "{module}: {drawn}");
        assert!(rejected < asked - 20, "{module}: {drawn}");
    }
}
