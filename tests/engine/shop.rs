//! A stack that works, until its module is exchanged.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use kusion_tests::{Output, Sandbox};

use super::fixture::misbehave_bytes;

/// A stack that was applied once, with one accessory whose module can be made to fail.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
}

impl Shop {
    pub(crate) fn applied() -> Self {
        Self::applied_within("{}")
    }

    /// Likewise, with limits as a workspace has them.
    pub(crate) fn applied_within(limits: &str) -> Self {
        let shop = Self { sandbox: Sandbox::new() };
        shop.module(misbehave_bytes());
        shop.sandbox.write(
            "ws.yaml",
            &format!(
                "modules:\n  misbehave: {{path: module.wasm}}\ntargets:\n  kubernetes: {{directory: manifests}}\nlimits: {limits}\ncontext: {{HIDDEN_TOKEN: \"ref://shop/db/password\"}}\n"
            ),
        );
        shop.sandbox.write("project.yaml", "name: shop\n");
        shop.sandbox.write("dev/stack.yaml", "name: dev\n");
        shop.configure("fine");
        shop.succeed("", &["workspace", "create", "default", "-f", "ws.yaml"]);
        shop.succeed("dev", &["apply", "--yes"]);
        assert!(shop.sandbox.path("manifests/default/dev").is_dir());
        shop
    }

    pub(crate) fn succeed(&self, folder: &str, arguments: &[&str]) {
        let output = self.sandbox.run(folder, arguments);
        assert_eq!(output.code, Some(0), "{arguments:?}: {}", output.stderr);
    }

    /// Puts another component in the module's place.
    pub(crate) fn module(&self, bytes: &[u8]) {
        let path = self.sandbox.path("module.wasm");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn configure(&self, harm: &str) {
        self.sandbox.write(
            "dev/app.yaml",
            &format!("accessories:\n  extra: {{module: misbehave, do: {harm}}}\n"),
        );
    }

    /// Everything on disk but compiled code and leases, with the mode of each file.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut files = BTreeMap::new();
        collect(&self.sandbox.path(""), &mut files);
        collect(&self.sandbox.home(""), &mut files);
        // A lease records who took it last, even when nothing came of it.
        files.retain(|path, _| {
            !path.starts_with(self.sandbox.home("cache"))
                && path.extension().is_none_or(|end| end != "lease")
        });
        files
    }

    /// Runs a command that must fail and touch nothing, and returns what it says.
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        let before = self.files();
        let Output { code, stdout, stderr } = self.sandbox.run("dev", arguments);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{arguments:?}: {stderr}");
        let after = self.files();
        assert!(before.keys().eq(after.keys()), "{arguments:?}: {:?}", after.keys());
        for (path, content) in after {
            assert!(before[&path] == content, "{arguments:?} changed {}", path.display());
        }
        stderr
    }

    /// Runs every command that calls modules, and returns what all of them say.
    pub(crate) fn fail_all(&self) -> String {
        let said = self.fail(&["generate"]);
        for arguments in
            [&["preview"][..], &["apply", "--yes"], &["generate", "--parallelism", "1"]]
        {
            assert_eq!(self.fail(arguments), said, "{arguments:?}");
        }
        said
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.is_file() && !path.is_symlink() {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            files.insert(path.clone(), (mode, fs::read(&path).unwrap()));
        }
    }
}
