//! Commands that change the user's folder or the project, killed at every point: the old content or the
//! new one, never half of it, and the command works when it is run again.

use std::collections::BTreeSet;

use fs_err as fs;
use kusion_faults::{Fault, Refusal};
use kusion_tests::{Output, Sandbox, can_trace};

/// A command, the state it begins with, and how it is judged.
struct Case<'a> {
    arguments: &'a [&'a str],
    before: &'a Sandbox,
    /// Shows what the command changed.
    show: &'a dyn Fn(&Sandbox) -> String,
    /// Runs the command again, or what a person would run then.
    again: &'a dyn Fn(&Sandbox) -> Output,
}

impl Case<'_> {
    /// Kills the command before, in the middle of and after each change it makes to files.
    fn kill_everywhere(&self) {
        if !can_trace() {
            return;
        }
        let done = self.before.copy();
        let whole = done.run_with(None, "", self.arguments);
        whole.output.success();
        let (old, new) = ((self.show)(self.before), (self.show)(&done));
        let names = done.everything();
        assert!(!whole.points.is_empty());
        for point in 1..=whole.points.len() {
            for fault in [Fault::KillBefore(point), Fault::Tear(point), Fault::KillAfter(point)] {
                let sandbox = self.before.copy();
                let run = sandbox.run_with(Some(fault), "", self.arguments);
                let context = format!("{:?} {fault}: {:?}", self.arguments, run.points.last());
                assert!(run.hit, "{context}\n{}", run.output);
                let found = (self.show)(&sandbox);
                assert!(
                    found == old || found == new,
                    "{context}\n{found}\n-- not\n{old}\n-- or\n{new}"
                );
                let again = (self.again)(&sandbox);
                assert_eq!(again.code, Some(0), "{context}\n{again}");
                assert_eq!((self.show)(&sandbox), new, "{context}");
                let strange: BTreeSet<_> =
                    sandbox.everything().difference(&names).cloned().collect();
                assert!(strange.is_empty(), "{context}\nleft behind: {strange:?}");
            }
        }
    }
}

fn text(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.home(path)).unwrap_or_else(|_| "none".to_owned())
}

/// Runs a command that may have been done already.
fn run_unless(sandbox: &Sandbox, arguments: &[&str], done: &str) -> Output {
    let output = sandbox.run("", arguments);
    if output.code == Some(1) && output.stderr.contains(done) {
        return Output { code: Some(0), ..output };
    }
    output
}

#[test]
fn a_killed_config_set_changes_all_or_nothing() {
    let before = Sandbox::new();
    before.run("", &["config", "set", "backends.one.type", "local"]).success();
    let arguments = ["config", "set", "backends.two.type", "local"];
    let show = |sandbox: &Sandbox| sandbox.run("", &["config", "list"]).success().stdout;
    let again = |sandbox: &Sandbox| sandbox.run("", &arguments);
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

#[test]
fn a_killed_first_config_set_changes_all_or_nothing() {
    let before = Sandbox::without_cache();
    before.write("here", "");
    let arguments = ["config", "set", "backends.one.type", "local"];
    let show = |sandbox: &Sandbox| sandbox.run("", &["config", "list"]).success().stdout;
    let again = |sandbox: &Sandbox| sandbox.run("", &arguments);
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

fn with_workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.make_workspace("dev", "{directory: manifests}");
    sandbox.run("", &["workspace", "switch", "dev"]).success();
    sandbox
}

#[test]
fn a_killed_workspace_create_makes_all_or_nothing() {
    let before = with_workspace();
    let arguments = ["workspace", "create", "prod", "-f", "dev.yaml"];
    let show = |sandbox: &Sandbox| text(sandbox, "workspaces/prod.yaml");
    let again = |sandbox: &Sandbox| {
        let output = run_unless(sandbox, &arguments, "exists already");
        // What a killed create left goes with the next write of a workspace.
        sandbox.run("", &["workspace", "update", "prod", "-f", "dev.yaml"]).success();
        output
    };
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

#[test]
fn a_killed_workspace_update_changes_all_or_nothing() {
    let before = with_workspace();
    before.write("new.yaml", "modules: {service: {}}\n");
    let arguments = ["workspace", "update", "dev", "-f", "new.yaml"];
    let show = |sandbox: &Sandbox| text(sandbox, "workspaces/dev.yaml");
    let again = |sandbox: &Sandbox| sandbox.run("", &arguments);
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

#[test]
fn a_killed_rename_keeps_the_workspace_and_can_be_run_again() {
    let before = with_workspace();
    let arguments = ["workspace", "update", "dev", "--rename", "test"];
    // At every moment the current workspace exists, so that the next command works.
    let show = |sandbox: &Sandbox| sandbox.run("", &["workspace", "show"]).success().stdout;
    let again = |sandbox: &Sandbox| {
        let output = run_unless(sandbox, &arguments, "there is no workspace `dev`");
        let list = sandbox.run("", &["workspace", "list"]).success().stdout;
        assert_eq!(list, "* test\n");
        output
    };
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

#[test]
fn a_killed_workspace_delete_leaves_a_current_workspace() {
    let before = with_workspace();
    before.run("", &["workspace", "create", "default", "-f", "dev.yaml"]).success();
    let arguments = ["workspace", "delete", "dev"];
    let show = |sandbox: &Sandbox| {
        sandbox.run("", &["workspace", "show"]).success();
        text(sandbox, "workspaces/dev.yaml")
    };
    let again = |sandbox: &Sandbox| run_unless(sandbox, &arguments, "there is no workspace `dev`");
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

#[test]
fn a_killed_init_can_be_run_again() {
    let before = Sandbox::new();
    before.write("here", "");
    let arguments = ["init", "--target", "shop"];
    let show = |sandbox: &Sandbox| {
        let text = |path| fs::read_to_string(sandbox.path(path)).unwrap_or_default();
        // The project is there when its file is.
        if text("shop/project.yaml").is_empty() {
            return "none".to_owned();
        }
        ["shop/project.yaml", "shop/app.yaml", "shop/default/stack.yaml", "shop/default/app.yaml"]
            .map(text)
            .concat()
    };
    let again = |sandbox: &Sandbox| {
        let output = run_unless(sandbox, &arguments, "is not empty");
        sandbox.run("shop/default", &["generate"]).success();
        output
    };
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

#[test]
fn a_killed_write_of_a_file_leaves_the_old_one() {
    let before = Sandbox::new().with_shop();
    before.run("", &["generate", "-w", "dev", "--output-file", "spec.yaml"]).success();
    before.edit("app.yaml", "shop:1", "shop:2");
    let arguments = ["generate", "-w", "dev", "--output-file", "spec.yaml"];
    let show = |sandbox: &Sandbox| sandbox.read("spec.yaml");
    let again = |sandbox: &Sandbox| sandbox.run("", &arguments);
    Case { arguments: &arguments, before: &before, show: &show, again: &again }.kill_everywhere();
}

#[test]
fn a_killed_write_of_compiled_code_is_made_again() {
    if !can_trace() {
        return;
    }
    let before = Sandbox::without_cache();
    before.write("project.yaml", "name: shop\n");
    before.write(
        "app.yaml",
        "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\n",
    );
    before.write("dev/stack.yaml", "name: dev\n");
    before.write("w.yaml", "modules: {service: {}}\n");
    before.run("", &["workspace", "create", "default", "-f", "w.yaml"]).success();
    let whole = before.copy();
    let run = whole.run_with(None, "dev", &["generate"]);
    let expected = run.output.success().stdout;
    let names = whole.everything();
    for point in 1..=run.points.len() {
        let fault = Fault::Tear(point);
        let sandbox = before.copy();
        let killed = sandbox.run_with(Some(fault), "dev", &["generate"]);
        assert!(killed.hit, "{fault}");
        assert_eq!(sandbox.run("dev", &["generate"]).success().stdout, expected, "{fault}");
        let strange: Vec<_> = sandbox.everything().difference(&names).cloned().collect();
        assert!(strange.is_empty(), "{fault} {:?} left {strange:?}", killed.points.last());
    }
    // What cannot be kept is compiled again each time, and says nothing.
    for refusal in [Refusal::Full, Refusal::ReadOnly, Refusal::Denied, Refusal::Broken] {
        let sandbox = before.copy();
        let refused = sandbox.run_with(Some(Fault::Refuse(1, refusal)), "dev", &["generate"]);
        assert!(refused.hit, "{refusal:?}");
        assert_eq!(refused.output.success().stdout, expected, "{refusal:?}");
        assert_eq!(sandbox.run("dev", &["generate"]).success().stdout, expected);
        let strange: Vec<_> = sandbox.everything().difference(&names).cloned().collect();
        assert!(strange.is_empty(), "{refusal:?} left {strange:?}");
    }
}

#[test]
fn a_preview_writes_nothing() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["generate"]).success();
    for arguments in [&["preview"][..], &["generate"], &["release", "list"], &["workspace", "list"]]
    {
        let run = sandbox.run_with(None, "dev", arguments);
        run.output.success();
        assert_eq!(run.points, [], "{arguments:?}");
    }
    sandbox.run("dev", &["apply", "--yes"]).success();
    let run = sandbox.run_with(None, "dev", &["preview"]);
    run.output.success();
    assert_eq!(run.points, []);
}
