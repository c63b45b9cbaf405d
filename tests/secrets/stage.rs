//! A project whose secrets are in a store, and whose manifests hold their values.

use kusion_tests::{Output, Sandbox};

const APP: &str = "\
workload:
  module: service
  containers: {main: {image: \"shop:1\", env: {PASSWORD: secret://db/password}}}
  secrets:
    db:
      type: external
      data:
";

/// A project with the stack `dev`.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    variables: Vec<(String, String)>,
    hidden: Vec<(String, String)>,
}

impl Stage {
    /// Makes a project whose workspace has this provider of secrets.
    pub(super) fn new(provider: &str) -> Self {
        Self::with_target(provider, "{directory: manifests, secrets: plain}")
    }

    pub(super) fn with_target(provider: &str, target: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("project.yaml", "name: shop\n");
        sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
        sandbox.write("dev.yaml", &workspace(provider, target));
        sandbox.run("", &["workspace", "create", "dev", "-f", "dev.yaml"]).success();
        Self { sandbox, variables: Vec::new(), hidden: Vec::new() }
    }

    /// Gives the Secret `db` these keys.
    pub(super) fn refer(&self, references: &[(&str, &str)]) {
        let lines = references.iter().map(|(key, text)| format!("        {key}: \"{text}\"\n"));
        self.sandbox.write("app.yaml", &(APP.to_owned() + &lines.collect::<String>()));
    }

    /// Lets the workspace say something else.
    pub(super) fn change_workspace(&self, provider: &str, target: &str) {
        self.sandbox.write("dev.yaml", &workspace(provider, target));
        self.sandbox.run("", &["workspace", "update", "dev", "-f", "dev.yaml"]).success();
    }

    /// Sets a variable of the environment.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Shows a text in another way, because it differs from run to run.
    pub(super) fn showing(mut self, text: &str, shown: &str) -> Self {
        self.hidden.push((text.to_owned(), shown.to_owned()));
        self
    }

    /// Runs the program in the stack.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.sandbox.command("dev", arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let mut output = Output::of(&command.output().unwrap(), &self.sandbox);
        for (text, shown) in &self.hidden {
            output.stdout = output.stdout.replace(text, shown);
            output.stderr = output.stderr.replace(text, shown);
        }
        output
    }

    #[track_caller]
    pub(super) fn apply(&self) -> Output {
        self.run(&["apply", "--yes"]).success()
    }

    /// Returns the data of the Secret `db` as its manifest has it, a line for each key.
    pub(super) fn data(&self) -> Vec<String> {
        let text = self.sandbox.read("manifests/dev/dev/v1_Secret_shop_db.yaml");
        let manifest = kusion::yaml::parse_value(&text).unwrap();
        let data = manifest["stringData"].as_object().unwrap();
        data.iter().map(|(key, value)| format!("{key}: {}", value.as_str().unwrap())).collect()
    }
}

fn workspace(provider: &str, target: &str) -> String {
    format!(
        "modules: {{service: {{}}}}\nsecretStore: {{provider: {provider}}}\ntargets: {{kubernetes: {target}}}\n"
    )
}
