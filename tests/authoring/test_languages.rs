//! One module in four languages gives the same bytes.

use kusion_tests::{AUTHORED, Sandbox};

/// Requests that `app.yaml` makes of the module: defaults, settings, two of one module, and names that are too long or
/// not allowed in a name, so that every SDK cuts and hashes them.
const APP: &str = r#"
apps:
  web:
    labels: {team: checkout}
    annotations: {example.com/owner: ada}
    workload:
      module: service
      containers: {main: {image: "nginx:1"}}
    accessories:
      cache: {}
      sessions: {module: cache, memory: 128, eviction: none}
  2048-has-a-name-that-begins-with-a-digit-and-is-long-enough:
    workload:
      module: service
      containers: {main: {image: "nginx:1"}}
    accessories:
      an-accessory-whose-name-is-so-long-that-it-must-be-cut: {module: cache, eviction: lru, memory: 1}
"#;

const REFUSED: &str = "
workload:
  module: service
  containers: {main: {image: nginx}}
accessories:
  sessions:
    module: cache
    memory: 2048
";

#[test]
fn one_module_in_four_languages_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    sandbox.write("shop/project.yaml", "name: shop\n");
    sandbox.write("shop/dev/stack.yaml", "name: dev\n");
    sandbox.write("shop/app.yaml", APP);
    sandbox.write("refused/project.yaml", "name: refused\n");
    sandbox.write("refused/dev/stack.yaml", "name: dev\n");
    sandbox.write("refused/app.yaml", REFUSED);
    let mut first: Option<[String; 4]> = None;
    for authored in AUTHORED {
        let folder = authored.folder();
        let component = folder.join("dist/cache.wasm");
        sandbox.write(
            "workspace.yaml",
            &format!(
                "limits: {{compileSeconds: 1800}}\nmodules:\n  service: {{}}\n  cache:\n    path: {}\n    configs: {{default: {{maxMemory: 1000}}}}\n",
                component.display()
            ),
        );
        let verb = if first.is_none() { "create" } else { "update" };
        sandbox.run("", &["workspace", verb, "dev", "-f", "workspace.yaml"]).success();
        let generate = ["generate", "--workspace", "dev"];
        let spec = sandbox.run("shop/dev", &generate).success().stdout;
        let refused = sandbox.run("refused/dev", &generate);
        assert_eq!(refused.code, Some(1), "{refused}");
        let inspected =
            sandbox.run("", &["mod", "inspect", component.to_str().unwrap()]).success().stdout;
        assert!(
            inspected.contains("imports:    kusion:module/log@0.1.0\n"),
            "a module in {} imports more than the log:\n{inspected}",
            authored.lang
        );
        let cases = folder.join("tests/golden");
        let arguments =
            ["mod", "test", component.to_str().unwrap(), "--cases", cases.to_str().unwrap()];
        let tested = without_numbers(&sandbox.run("", &arguments).success().stdout);
        let answers = [spec, refused.stderr, inputs(&inspected), tested];
        match &first {
            None => first = Some(answers),
            Some(first) => {
                for (what, (first, answer)) in
                    ["Spec", "rejection", "inputs", "tests"].iter().zip(first.iter().zip(&answers))
                {
                    assert_eq!(first, answer, "the {what} of {}", authored.lang);
                }
            }
        }
    }
    let [spec, refused, _, tested] = first.unwrap();
    assert_eq!(spec.matches("KUSION_CACHE_URL_SESSIONS").count(), 1, "{spec}");
    assert!(spec.contains("image: valkey/valkey:8.1"), "{spec}");
    insta::assert_snapshot!(refused, @r"
    error: module `cache`: must be at most 1000: the platform allows no more
     --> ../app.yaml:8:13
      |
    8 |     memory: 2048
      |             ^^^^
    ");
    insta::assert_snapshot!(tested, @r"
    Module `cache` 0.1.0

    ok    case defaults: 2 resources, 1 patch, [some] fuel
    ok    case settings: 2 resources, 1 patch, [some] fuel
    ok    case too-large: refused
    ok    200 drawn requests: [some] rejected, at most [some] fuel
    ");
}

/// Leaves out how much fuel was used, which is another number in each language, and how many requests were rejected: what
/// is drawn depends on the bounds of the language's own integers.
fn without_numbers(text: &str) -> String {
    let words = text.split(' ').collect::<Vec<_>>();
    let kept = words.iter().enumerate().map(|(index, word)| {
        let next = words.get(index + 1).copied().unwrap_or_default();
        if next.starts_with("fuel") || next.starts_with("rejected") { "[some]" } else { *word }
    });
    kept.collect::<Vec<_>>().join(" ")
}

/// What `mod inspect` says of the inputs: names, types, defaults and meanings.
fn inputs(inspected: &str) -> String {
    let table = inspected.split_once("Developer inputs").map(|(_, table)| table);
    table.unwrap_or_default().to_owned()
}
