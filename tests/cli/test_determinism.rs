//! The same input gives the same bytes, wherever, however often and with whatever parallelism.

use kusion_tests::{Sandbox, difference};

const APPS: usize = 6;

fn apps() -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    let mut text = String::new();
    for number in 0..APPS {
        text.push_str(&format!(
            "---\nname: app{number}\nworkload: {{module: service, containers: {{main: {{image: x, env: {{B: $(C), A: $(KUSION_DB_HOST_ONE), C: c}}}}}}}}\naccessories:\n  network: {{ports: [{{port: 80}}, {{port: 81, public: true}}]}}\n  one: {{module: mysql, type: local, version: \"8.0\"}}\n  two: {{module: mysql, type: local, version: \"8.0\"}}\n  monitoring: {{}}\n"
        ));
    }
    sandbox.write("app.yaml", &text);
    sandbox
}

#[test]
fn a_hundred_runs_give_the_same_bytes() {
    let sandbox = apps();
    let first = sandbox.run("dev", &["generate"]).success().stdout;
    assert!(first.contains("shop-dev-app5"), "{first}");
    for number in 0..100 {
        let parallelism = if number % 2 == 0 { "1" } else { "16" };
        let run = sandbox.run("dev", &["generate", "--parallelism", parallelism]).success().stdout;
        assert_eq!(difference(&first, &run), None, "run {number}");
    }
}

#[test]
fn the_place_of_the_project_does_not_matter() {
    let (one, two) = (apps(), apps());
    let here = one.run("dev", &["generate"]).success().stdout;
    let there = two.run("elsewhere", &["generate", "--workdir", "../dev"]).success().stdout;
    assert_eq!(difference(&here, &there), None);
}

#[test]
fn two_machines_write_the_same_manifests() {
    let contents = |sandbox: &Sandbox| {
        sandbox.run("dev", &["apply", "--yes"]).success();
        let files = sandbox.files("manifests");
        files
            .into_iter()
            .map(|(path, (bytes, _))| (path.file_name().unwrap().to_owned(), bytes))
            .collect::<Vec<_>>()
    };
    assert_eq!(contents(&apps()), contents(&apps()));
}
