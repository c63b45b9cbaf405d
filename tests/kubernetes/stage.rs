//! A project whose target is the shared cluster.

use std::path::Path;

use kusion_cluster::{Cluster, Proxy, User};
use kusion_tests::{Output, Sandbox};
use serde_json::Value;

const APP: &str = "\
workload:
  module: service
  replicas: 2
  containers:
    main:
      image: shop:1
accessories:
  network: {ports: [{port: 80}]}
";

/// Names a cluster as a workspace does: by a kubeconfig, and by the context that is the current one in it.
pub(super) fn target(kubeconfig: &Path) -> String {
    let text = fs_err::read_to_string(kubeconfig).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    let context = config["current-context"].as_str().unwrap();
    format!("{{kubeconfig: {}, context: {context}}}", kubeconfig.display())
}

/// Makes a sandbox with a project whose stack `dev` goes to a cluster.
pub(super) fn sandbox(project: &str, kubeconfig: &Path) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("project.yaml", &format!("name: {project}\n"));
    sandbox.write("app.yaml", APP);
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.make_workspace("default", &target(kubeconfig));
    sandbox
}

/// A project with the stack `dev`. Its name, which is also its namespace, is its own.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) cluster: &'static Cluster,
    pub(super) project: String,
}

impl Stage {
    /// Makes a project that nobody has applied yet.
    pub(super) fn new() -> Self {
        let cluster = Cluster::shared();
        Self::named(cluster, cluster.namespace())
    }

    /// Makes a project, in a sandbox of its own, that has the name of another one.
    pub(super) fn named(cluster: &'static Cluster, project: String) -> Self {
        let sandbox = sandbox(&project, &cluster.kubeconfig());
        Self { sandbox, cluster, project }
    }

    /// Makes a project whose workspace has the module `raw`, too, and whose namespace exists.
    pub(super) fn with_raw() -> Self {
        let stage = Self::raw();
        let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
        stage
    }

    /// Makes a project whose workspace has the module `raw`, too.
    pub(super) fn raw() -> Self {
        let stage = Self::new();
        let (raw, target) = (kusion_tests::guest("raw"), target(&stage.cluster.kubeconfig()));
        let raw = raw.display();
        let text = format!(
            "modules: {{network: {{}}, service: {{}}, raw: {{path: {raw}}}}}\ntargets: {{kubernetes: {target}}}\n"
        );
        stage.sandbox.write("raw.yaml", &text);
        stage.sandbox.run("", &["workspace", "create", "raw", "-f", "raw.yaml"]).success();
        stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: raw\n");
        stage
    }

    /// Writes an app that consists of the accessory `raw` with these objects, each a line of JSON.
    pub(super) fn write_raw(&self, manifests: &[Value]) {
        let items: Vec<String> = manifests.iter().map(|item| format!("      - {item}\n")).collect();
        let text = format!("accessories:\n  raw:\n    manifests:\n{}", items.concat());
        self.sandbox.write("app.yaml", &text);
    }

    /// Makes the workspace speak for another user.
    pub(super) fn with_user(self, user: User) -> Self {
        let kubeconfig = self.cluster.kubeconfig_of(user);
        self.with_kubeconfig(&kubeconfig)
    }

    /// Makes the workspace go through a proxy.
    pub(super) fn through(self, proxy: &Proxy) -> Self {
        let kubeconfig = self.cluster.kubeconfig_through(proxy, User::AdminByToken);
        self.with_kubeconfig(&kubeconfig)
    }

    /// Makes the workspace use another kubeconfig.
    pub(super) fn with_kubeconfig(self, kubeconfig: &Path) -> Self {
        self.sandbox.make_workspace("other", &target(kubeconfig));
        self.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: other\n");
        self
    }

    /// Runs the program in the stack.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        let mut output = self.sandbox.run("dev", arguments);
        for text in [&mut output.stdout, &mut output.stderr] {
            *text = text
                .replace(&self.project, "[project]")
                .replace(&self.cluster.server(), "[server]")
                .replace(&self.cluster.context(), "[context]");
        }
        output
    }

    /// Applies and expects success.
    #[track_caller]
    pub(super) fn apply(&self) -> Output {
        self.run(&["apply", "--yes"]).success()
    }

    /// Returns an object of the project's namespace.
    #[track_caller]
    pub(super) fn object(&self, kind: &str, name: &str) -> Option<Value> {
        self.cluster.object(kind, &self.project, name)
    }

    /// Returns the name that the modules give to the workload.
    pub(super) fn workload(&self) -> String {
        format!("{0}-dev-{0}", self.project)
    }

    /// Runs `kubectl` in the project's namespace, and expects success.
    #[track_caller]
    pub(super) fn kubectl(&self, arguments: &[&str]) -> String {
        let mut all = arguments.to_vec();
        all.extend(["--namespace", &self.project]);
        self.cluster.kubectl(&all).expect_ok().stdout
    }
}
