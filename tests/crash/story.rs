//! The life of a stack whose runs are killed: what it is told to be, step by step, and what that makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use kusion_tests::{Output, Sandbox, Traced};

/// What the workspace says about secrets in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// Manifests hold them.
    Plain,
    /// Manifests go without them.
    Omitted,
    /// There are none, as the stack has no database.
    NoSecrets,
    /// Manifests hold them, and two releases stay: the one that is rolled back to goes when that is done.
    Kept,
}

/// What the stack shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Goal {
    /// A service with a network and a database.
    First,
    /// Another image, no network any more, and a second database.
    Second,
    /// The first database is gone, the network is back.
    Third,
    /// The first again, by a rollback.
    Back,
    /// Nothing.
    Gone,
}

impl Goal {
    fn app(self, policy: Policy) -> String {
        let network = "network: {ports: [{port: 80}]}";
        let orders = "orders: {module: mysql, type: local, version: \"8.0\"}";
        let users = "users: {module: mysql, type: local, version: \"8.0\"}";
        let (image, accessories) = match self {
            Self::First | Self::Back | Self::Gone => ("shop:1", vec![network, orders]),
            Self::Second => ("shop:2", vec![orders, users]),
            Self::Third => ("shop:2", vec![network, users]),
        };
        let accessories: Vec<&str> = accessories
            .into_iter()
            .filter(|accessory| policy != Policy::NoSecrets || *accessory == network)
            .collect();
        format!(
            "workload: {{module: service, containers: {{main: {{image: \"{image}\"}}}}}}\naccessories: {{{}}}\n",
            accessories.join(", ")
        )
    }

    /// Returns the command that reaches the goal.
    pub(super) fn command(self) -> &'static [&'static str] {
        match self {
            Self::Gone => &["destroy", "--yes"],
            Self::Back => &["release", "rollback", "1", "--yes"],
            _ => &["apply", "--yes"],
        }
    }
}

/// Prepares a sandbox for a goal; the target is left as it is.
pub(super) fn ask_for(sandbox: &Sandbox, policy: Policy, goal: Goal) {
    sandbox.write("app.yaml", &goal.app(policy));
}

/// Goes for the goal, without a fault.
pub(super) fn reach(sandbox: &Sandbox, policy: Policy, goal: Goal) -> Output {
    ask_for(sandbox, policy, goal);
    sandbox.run("dev", goal.command())
}

/// The manifests, by name.
pub(super) type Manifests = BTreeMap<String, String>;

/// Reads all manifests of the stack.
pub(super) fn manifests(sandbox: &Sandbox) -> Manifests {
    let files = sandbox.files("manifests").into_iter();
    files
        .map(|(path, (bytes, _))| {
            let name = path.strip_prefix(sandbox.path("manifests")).unwrap().display().to_string();
            (name, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

/// A step of the story: where it begins, and what it makes.
pub(super) struct Step {
    pub(super) policy: Policy,
    pub(super) goal: Goal,
    /// The goal before; [`Goal::Gone`] if nothing was made yet.
    pub(super) from: Goal,
    /// As it is before the step. The configuration is the step's already.
    pub(super) before: Sandbox,
    /// How many changes to files the step makes.
    pub(super) points: usize,
}

/// The whole story for one policy, told once without a fault.
pub(super) struct Story {
    pub(super) steps: Vec<Step>,
    /// The manifests of each goal, without passwords.
    pub(super) made: BTreeMap<Goal, Manifests>,
    /// Everything that was ever found below the sandbox after a step.
    pub(super) names: BTreeSet<String>,
}

impl Story {
    pub(super) fn tell(policy: Policy) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("project.yaml", "name: shop\n");
        sandbox.write("dev/stack.yaml", "name: dev\n");
        let target = match policy {
            Policy::Plain | Policy::Kept => "{directory: manifests, secrets: plain}",
            Policy::Omitted | Policy::NoSecrets => "{directory: manifests}",
        };
        ask_for(&sandbox, policy, Goal::First);
        sandbox.make_workspace("default", target);
        if policy == Policy::Kept {
            sandbox.run("", &["config", "set", "releases.keep", "2"]).success();
        }
        // Modules are compiled once for all tests; what is told here begins after that.
        sandbox.run("dev", &["generate"]).success();
        let mut story = Self { steps: Vec::new(), made: BTreeMap::new(), names: BTreeSet::new() };
        let mut from = Goal::Gone;
        let middle = match policy {
            Policy::Plain => &[Goal::Back, Goal::Third][..],
            Policy::Omitted => &[Goal::Third],
            Policy::NoSecrets | Policy::Kept => &[Goal::Back],
        };
        let goals = [&[Goal::First, Goal::Second], middle, &[Goal::Gone]].concat();
        for goal in goals {
            ask_for(&sandbox, policy, goal);
            let before = sandbox.copy();
            let Traced { output, points, .. } = sandbox.run_with(None, "dev", goal.command());
            output.success();
            story.made.insert(goal, without_passwords(&manifests(&sandbox)));
            story.names.extend(names(&sandbox));
            story.steps.push(Step { policy, goal, from, before, points: points.len() });
            from = goal;
        }
        story
    }
}

/// Returns the story for each policy.
pub(super) fn stories() -> &'static [Story; 4] {
    static STORIES: OnceLock<[Story; 4]> = OnceLock::new();
    let policies = [Policy::Plain, Policy::Omitted, Policy::NoSecrets, Policy::Kept];
    STORIES.get_or_init(|| policies.map(Story::tell))
}

/// Returns the names of everything below a sandbox. Releases count as one.
pub(super) fn names(sandbox: &Sandbox) -> BTreeSet<String> {
    let everything = sandbox.everything().into_iter();
    let without_number = |path: String| match path.rsplit_once('/') {
        Some((folder, name)) => {
            let number = name.strip_suffix(".yaml").filter(|name| name.parse::<u64>().is_ok());
            if number.is_some() { format!("{folder}/N.yaml") } else { path }
        }
        None => path,
    };
    everything.map(without_number).collect()
}

/// Returns the manifests with every password replaced.
pub(super) fn without_passwords(manifests: &Manifests) -> Manifests {
    let line = |line: &str| {
        if line.starts_with(PASSWORD) { format!("{PASSWORD}[password]\n") } else { line.to_owned() }
    };
    let text = |text: &String| text.split_inclusive('\n').map(line).collect();
    manifests.iter().map(|(name, manifest)| (name.clone(), text(manifest))).collect()
}

/// Returns the password of each manifest that has one.
pub(super) fn passwords(manifests: &Manifests) -> BTreeMap<String, String> {
    let password =
        |text: &String| Some(text.lines().find_map(|line| line.strip_prefix(PASSWORD))?.to_owned());
    manifests.iter().filter_map(|(name, text)| Some((name.clone(), password(text)?))).collect()
}

const PASSWORD: &str = "  password: ";
