//! The example that most tests of the command line work on.

use crate::Sandbox;

const APP: &str = "\
workload:
  module: service
  replicas: 1
  containers:
    main:
      image: shop:1
      env: {DB_HOST: $(KUSION_DB_HOST_MYSQL)}
accessories:
  network: {ports: [{port: 80}]}
  mysql: {type: local, version: \"8.0\"}
";

impl Sandbox {
    /// Writes the project `shop` with the stack `dev`, a service with a network and a database, and makes the
    /// workspace `default` with the bundled catalog and the directory `manifests`.
    ///
    /// # Panics
    ///
    /// The workspace cannot be made.
    pub fn with_shop(self) -> Self {
        self.write("project.yaml", "name: shop\n");
        self.write("app.yaml", APP);
        self.write("dev/stack.yaml", "name: dev\n");
        self.run("", &["workspace", "create", "default"]).success();
        self
    }

    /// Writes a workspace with every module of the bundled catalog and the given settings of the target.
    ///
    /// # Panics
    ///
    /// The workspace cannot be made.
    pub fn make_workspace(&self, name: &str, target: &str) {
        let file = format!("{name}.yaml");
        let text = format!(
            "modules: {{job: {{}}, monitoring: {{}}, mysql: {{}}, network: {{}}, service: {{}}}}\ntargets:\n  kubernetes: {target}\n"
        );
        self.write(&file, &text);
        self.run("", &["workspace", "create", name, "-f", &file]).success();
    }
}
