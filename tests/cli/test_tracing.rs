//! What `-v`, `-vv`, `--log-format` and `KUSION_LOG` tell about the work.

use insta::assert_snapshot;
use kusion_tests::{Output, Sandbox};
use serde_json::Value;

/// The stages of an apply, in their order.
const STAGES: &[&str] = &[
    "read configuration",
    "read workspace",
    "set up engine",
    "load modules",
    "check configuration",
    "call modules",
    "assemble",
    "open secrets",
    "read releases",
    "survey target",
    "read target",
    "plan",
    "begin release",
    "wait until ready",
    "apply plan",
    "write release",
    "total",
];

/// The lines of a log for programs.
fn lines(run: &Output) -> Vec<Value> {
    let line = |line| match serde_json::from_str(line) {
        Ok(line) => line,
        Err(error) => panic!("{error}: {line}"),
    };
    run.stderr.lines().map(line).collect()
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["message"].as_str().unwrap()).collect()
}

/// Returns the text lines of a log without their durations, which are right-aligned before two spaces.
fn without_durations(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| line.get(12..)).collect()
}

fn shop() -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    // Compiled code is ready after this, whichever test comes first.
    sandbox.run("dev", &["generate"]).success();
    sandbox
}

#[test]
fn every_stage_is_told_once_and_in_order() {
    let sandbox = shop();
    let applied = sandbox.run("dev", &["apply", "--yes", "-v", "--log-format", "json"]).success();
    let lines = lines(&applied);
    let stages: Vec<&Value> =
        lines.iter().filter(|line| line.get("durationMs").is_some()).collect();
    assert_eq!(messages(&stages.iter().map(|line| (*line).clone()).collect::<Vec<_>>()), STAGES);
    for stage in stages {
        assert_eq!(stage["level"], "INFO", "{stage}");
        assert!(stage["durationMs"].as_f64().unwrap() >= 0.0, "{stage}");
        // Waiting comes before the deletes of the same plan.
        let spans = usize::from(stage["message"] == "wait until ready");
        assert_eq!(stage["spans"].as_array().unwrap().len(), spans, "{stage}");
    }
}

#[test]
fn stages_read_well() {
    let sandbox = shop();
    let run = sandbox.run("dev", &["generate", "-v"]).success();
    assert!(
        run.stderr.lines().all(|line| line.get(..12).is_some_and(|time| time.ends_with(" ms  "))),
        "{run}"
    );
    let told = without_durations(&run.stderr).join("\n");
    // How much fuel a module needs is its own affair.
    let (before, rest) = told.split_once("3 calls, ").unwrap();
    let (fuel, after) = rest.split_once(" fuel").unwrap();
    assert!(fuel.replace(',', "").parse::<u64>().is_ok(), "{told}");
    assert_snapshot!(format!("{before}3 calls, … fuel{after}"), @r"
    read configuration
    read workspace (workspace default)
    set up engine
    load modules (3 modules)
    check configuration
    call modules (3 calls, … fuel)
    assemble (8 resources)
    total
    ");
}

#[test]
fn nothing_is_told_unless_it_is_asked_for() {
    let sandbox = shop();
    for arguments in [&["generate"][..], &["preview"], &["apply", "--yes", "-o", "json"]] {
        assert_eq!(sandbox.run("dev", arguments).success().stderr, "");
    }
    assert_eq!(sandbox.run("dev", &["preview", "--log-format", "json"]).success().stderr, "");
}

#[test]
fn module_calls_are_told_with_the_same_fuel_every_time() {
    let sandbox = shop();
    let calls = |parallelism: &str| {
        let arguments = ["generate", "-vv", "--log-format", "json", "--parallelism", parallelism];
        let run = sandbox.run("dev", &arguments).success();
        let mut calls: Vec<String> = Vec::new();
        for line in lines(&run).iter().filter(|line| line["message"] == "call module") {
            assert_eq!(line["level"], "DEBUG", "{line}");
            assert_eq!(line["spans"][0]["name"], "call modules", "{line}");
            let fields = &line["fields"];
            assert!(fields["fuel"].as_u64().unwrap() > 10_000, "{line}");
            assert!(fields["peakMemoryBytes"].as_u64().unwrap() >= 1 << 16, "{line}");
            assert_eq!(fields["rounds"], 1, "{line}");
            calls.push(fields.to_string());
        }
        calls.sort();
        calls
    };
    let first = calls("1");
    assert_eq!(first.len(), 3, "{first:?}");
    assert!(
        first.iter().any(|call| call.contains(r#""accessory":"mysql","app":"shop""#)),
        "{first:?}"
    );
    for parallelism in ["1", "2", "10"] {
        assert_eq!(calls(parallelism), first);
    }
}

#[test]
fn details_name_modules_files_resources_and_records() {
    let sandbox = shop();
    let run = sandbox.run("dev", &["apply", "--yes", "-vv", "--log-format", "json"]).success();
    let lines = lines(&run);
    let with = |message: &str, name: &str| -> Vec<String> {
        let lines = lines.iter().filter(|line| line["message"] == message);
        let mut found: Vec<String> = lines
            .map(|line| line["fields"][name].as_str().unwrap_or_default().to_owned())
            .collect();
        found.sort();
        found.dedup();
        found
    };
    assert_eq!(with("load module", "module"), ["mysql", "network", "service"]);
    assert_eq!(with("read file", "path"), ["../app.yaml", "../project.yaml", "stack.yaml"]);
    assert!(with("read resource", "id").contains(&"v1:Namespace:shop".to_owned()));
    assert_eq!(with("read resource", "id"), with("change resource", "id"));
    assert_eq!(with("take lease", "key"), ["releases/shop/default/dev"]);
    assert_eq!(with("append to log", "key"), ["releases/shop/default/dev/1.journal"]);
    assert!(with("write record", "key").contains(&"secrets/shop/default/dev.age".to_owned()));
    assert_eq!(with("drew secret", "secret"), ["$kusion_secret.shop.mysql.password"]);
    for line in &lines {
        let names: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        for name in ["timestamp", "level", "target", "message", "fields", "spans"] {
            assert!(names.contains(&name), "{name}: {line}");
        }
    }
}

#[test]
fn the_log_is_apart_from_the_data() {
    let sandbox = shop();
    for command in ["generate", "preview"] {
        for format in ["text", "json"] {
            let arguments = [command, "-o", "json", "-vv", "--log-format", format];
            let run = sandbox.run("dev", &arguments).success();
            assert_eq!(run.json()["formatVersion"], 1);
            let plain = sandbox.run("dev", &[command, "-o", "json"]).success();
            assert_eq!(run.stdout, plain.stdout);
            assert!(run.stderr.contains("call modules"), "{run}");
        }
    }
}

#[test]
fn the_variable_chooses_and_the_flag_wins() {
    let sandbox = shop();
    let run = |filter: &str, arguments: &[&str]| {
        let mut command = sandbox.command("dev", arguments);
        Output::of(&command.env("KUSION_LOG", filter).output().unwrap(), &sandbox)
    };
    let told = run("kusion::engine=debug", &["generate"]).success().stderr;
    let told: Vec<&str> = without_durations(&told).into_iter().map(str::trim).collect();
    assert!(told.iter().any(|line| line.starts_with("load module (module mysql,")), "{told:?}");
    assert!(!told.iter().any(|line| line.starts_with("call modules")), "{told:?}");
    assert!(run("info", &["generate"]).success().stderr.contains("call modules (3 calls, "));
    for filter in ["off", "error", ""] {
        assert_eq!(run(filter, &["generate"]).success().stderr, "", "{filter}");
    }
    for filter in ["off", "debug", "nonsense"] {
        let flag = run(filter, &["generate", "-v"]).success().stderr;
        assert!(flag.contains("call modules") && !flag.contains("call module ("), "{flag}");
    }
    assert_snapshot!(run("kusion=loud", &["generate"]), @r"
    exit 64
    --- stderr
    error: cannot understand the environment variable KUSION_LOG: `kusion=loud`
    hint: give a level (off, error, warn, info, debug or trace), or levels of targets: `kusion::engine=debug,info`
    ");
}

#[test]
fn errors_and_warnings_are_lines_of_the_log_too() {
    let sandbox = shop();
    sandbox.edit("app.yaml", "replicas: 1", "replcas: 1");
    let run = sandbox.run("dev", &["preview", "--log-format", "json"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let lines = lines(&run);
    assert_eq!(lines.len(), 1, "{run}");
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["fields"]["path"], "../app.yaml");
    assert_eq!(lines[0]["fields"]["line"], 3);
    let missing = sandbox.run("dev", &["preview", "--workspace", "none", "--log-format", "json"]);
    let line: Value = serde_json::from_str(&missing.stderr).unwrap();
    assert_eq!(line["message"], "there is no workspace `none`", "{line}");
    // With nobody to see a question, nobody is asked.
    sandbox.edit("app.yaml", "replcas: 1", "replicas: 1");
    let asked = sandbox.at_terminal("dev", "apply --log-format json", &[], |_| Some("yes"));
    assert_eq!(asked.code, Some(1), "{asked}");
}

#[test]
fn a_live_line_and_the_log_leave_each_other_whole() {
    let sandbox = shop();
    let run = sandbox.at_terminal("dev", "apply -vv", &[("NO_COLOR", "1")], |_| Some("yes"));
    assert_eq!(run.code, Some(0), "{run}");
    // What a terminal would show: each line is what follows the last return to its beginning.
    let shown = run.stdout.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        let line = line.rsplit(['\r']).next().unwrap_or_default();
        line.rsplit("\u{1b}[2K").next().unwrap_or_default().to_owned()
    });
    let shown: Vec<String> = shown.collect();
    let changed: Vec<&String> =
        shown.iter().filter(|line| line.contains("change resource (id ")).collect();
    assert!(changed.len() >= 6, "{run}");
    for line in changed {
        let (time, rest) = line.split_once(" ms").unwrap();
        assert!(time.trim().parse::<f64>().is_ok(), "{line:?}");
        assert!(rest.trim_start().starts_with("change resource (id "), "{line:?}");
        assert!(rest.ends_with(", action create)"), "{line:?}");
    }
    let created = shown.iter().filter(|line| line.starts_with("  created ")).count();
    assert!(created >= 6, "{run}");
}
