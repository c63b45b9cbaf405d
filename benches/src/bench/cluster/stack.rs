//! A stack of small objects on a cluster, and the same objects for everybody else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use kusion_benches::{DryRun, DryRuns, Failure};
use serde_json::{Value, json};

use crate::bench::Fixture;

/// How many objects an app has: three ConfigMaps, a Deployment without pods, a Service.
pub(super) const PER_APP: usize = 5;

/// A project with a namespace of its own. It does not exist on the cluster until it is applied.
pub(super) struct Stack<'f> {
    fixture: &'f Fixture,
    name: String,
    kubeconfig: PathBuf,
}

impl<'f> Stack<'f> {
    /// Makes the files of a stack. Its name is its namespace.
    pub(super) fn new(
        fixture: &'f Fixture,
        name: String,
        kubeconfig: &Path,
        apps: usize,
    ) -> Result<Self, Failure> {
        let stack = Self { fixture, name, kubeconfig: kubeconfig.to_owned() };
        let folder = stack.folder();
        fs::create_dir_all(folder.join("dev"))?;
        let name = &stack.name;
        fs::write(folder.join("project.yaml"), format!("name: {name}\n"))?;
        fs::write(folder.join("dev/stack.yaml"), format!("name: dev\nworkspace: {name}\n"))?;
        fs::write(folder.join("app.yaml"), (0..apps).fold("apps:\n".to_owned(), app))?;
        let config: Value = serde_json::from_str(&fs::read_to_string(kubeconfig)?)?;
        let context = &config["current-context"];
        let workspace = json!({
            "modules": {"network": {}, "service": {}},
            "targets": {"kubernetes": {"kubeconfig": kubeconfig, "context": context}},
        });
        fs::write(folder.join("workspace.yaml"), workspace.to_string())?;
        stack.succeed(&["workspace", "create", name, "-f", "../workspace.yaml"])?;
        Ok(stack)
    }

    /// Returns the namespace of all objects.
    pub(super) fn namespace(&self) -> &str {
        &self.name
    }

    /// Prepares a run of kusion.
    pub(super) fn kusion(&self, arguments: &[&str]) -> Command {
        let mut command = self.fixture.command(&self.fixture.kusion);
        command.current_dir(self.folder().join("dev")).args(arguments);
        command
    }

    /// Prepares a run of the floor.
    pub(super) fn floor(&self, at_once: usize) -> Result<Command, Failure> {
        let mut command = self.fixture.command(&std::env::current_exe()?);
        command.arg(crate::bench::DRY_RUNS).arg(self.floor_file()).arg(at_once.to_string());
        Ok(command)
    }

    /// Writes what the floor sends: the objects as kusion sends them.
    pub(super) fn write_floor(&self) -> Result<(), Failure> {
        let calls = self.objects()?.into_iter().map(|mut object| {
            self.mark(&mut object);
            Ok(DryRun { path: path(&object)?, body: object.to_string() })
        });
        let calls = calls.collect::<Result<_, Failure>>()?;
        DryRuns { kubeconfig: self.kubeconfig.clone(), calls }.write(&self.floor_file())
    }

    /// Writes all objects into a file for `kubectl`, the namespace first.
    pub(super) fn write_manifests(&self) -> Result<PathBuf, Failure> {
        let path = self.folder().join("objects.json");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": self.objects()?});
        fs::write(&path, list.to_string())?;
        Ok(path)
    }

    /// Runs kusion, which must succeed.
    pub(super) fn succeed(&self, arguments: &[&str]) -> Result<(), Failure> {
        let output = self.kusion(arguments).stderr(Stdio::piped()).output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("kusion {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    fn objects(&self) -> Result<Vec<Value>, Failure> {
        let output = self.kusion(&["generate", "-o", "json"]).stdout(Stdio::piped()).output()?;
        let document: Value = serde_json::from_slice(&output.stdout)?;
        let resources = document.pointer("/spec/resources").and_then(Value::as_array);
        let resources = resources.ok_or("`kusion generate` gives no Spec")?;
        let mut objects: Vec<Value> =
            resources.iter().map(|resource| resource["attributes"].clone()).collect();
        objects.sort_by_key(|object| object["kind"] != "Namespace");
        Ok(objects)
    }

    /// Adds what kusion writes on every object.
    fn mark(&self, object: &mut Value) {
        let metadata = &mut object["metadata"];
        metadata["labels"]["app.kubernetes.io/managed-by"] = "kusion".into();
        if metadata["labels"]["app.kubernetes.io/part-of"].is_null() {
            metadata["labels"]["app.kubernetes.io/part-of"] = self.name.as_str().into();
        }
        let marks = [("project", self.name.as_str()), ("stack", "dev"), ("workspace", &self.name)];
        for (key, value) in marks {
            metadata["annotations"][format!("kusion.io/{key}")] = value.into();
        }
    }

    fn folder(&self) -> PathBuf {
        self.fixture.path(&self.name)
    }

    fn floor_file(&self) -> PathBuf {
        self.folder().join("floor.json")
    }
}

fn app(text: String, number: usize) -> String {
    format!(
        "{text}  app-{number:04}:
    workload:
      module: service
      replicas: 0
      containers:
        main:
          image: ghcr.io/acme/shop:1.4.2
          env: {{LOG_LEVEL: info, REGION: eu-1}}
          resources: {{cpu: 250m-500m, memory: 256Mi}}
          files:
            /etc/shop/settings.yaml: {{content: \"number: {number}\"}}
            /etc/shop/features.yaml: {{content: \"checkout: true\"}}
            /etc/shop/banner.txt: {{content: welcome}}
    accessories:
      network: {{ports: [{{port: 8080}}]}}
"
    )
}

/// Returns where an object is.
fn path(object: &Value) -> Result<String, Failure> {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (root, plural) = match text("/kind") {
        "Namespace" => return Ok(format!("/api/v1/namespaces/{}", text("/metadata/name"))),
        "ConfigMap" => ("/api/v1", "configmaps"),
        "Service" => ("/api/v1", "services"),
        "Deployment" => ("/apis/apps/v1", "deployments"),
        kind => return Err(format!("the stack has an object of kind {kind}").into()),
    };
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    Ok(format!("{root}/namespaces/{namespace}/{plural}/{name}"))
}
