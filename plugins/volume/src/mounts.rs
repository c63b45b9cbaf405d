//! Where the containers see the volumes.

use std::collections::BTreeSet;

use kusion_sdk::{Pointer, Problems, syntax};
use serde_json::{Value, json};

use crate::config::{Claim, EmptyDir, ExistingClaim};
use crate::{Call, volume_name};

/// What all kinds of volumes say of their place.
struct Place<'a> {
    path: &'a str,
    container: Option<&'a str>,
    read_only: bool,
    sub_path: Option<&'a str>,
}

macro_rules! place {
    ($($kind:ty)*) => {
        $(impl<'a> From<&'a $kind> for Place<'a> {
            fn from(volume: &'a $kind) -> Self {
                Self {
                    path: &volume.mount_path,
                    container: volume.container.as_deref(),
                    read_only: volume.read_only,
                    sub_path: volume.sub_path.as_deref(),
                }
            }
        })*
    };
}

place!(Claim ExistingClaim EmptyDir);

/// Lists the mounts, and notes what Kubernetes refuses of them.
pub(crate) fn mounts(request: &Call, problems: &mut Problems) -> Vec<Value> {
    let config = &request.config;
    if request.workload.is_null() {
        problems.add(Pointer::config(), "gives a workload volumes, and this app has none");
    }
    for (name, folder) in &config.empty_dirs {
        let limit = folder.size_limit.as_deref().map(syntax::amount);
        if limit.is_some_and(|limit| limit.is_none_or(|limit| limit == 0)) {
            let at = Pointer::config().key("emptyDirs").key(name).key("sizeLimit");
            problems.add(at, "must be an amount above zero, as in `1Gi`");
        }
    }
    let mut mounts = Mounts { request, seen: BTreeSet::new(), list: Vec::new() };
    for (name, claim) in &config.claims {
        mounts.add("claims", name, claim.into(), problems);
    }
    for (name, claim) in &config.existing_claims {
        mounts.add("existingClaims", name, claim.into(), problems);
    }
    for (name, folder) in &config.empty_dirs {
        mounts.add("emptyDirs", name, folder.into(), problems);
    }
    mounts.list
}

struct Mounts<'a> {
    request: &'a Call,
    /// Containers and the paths at which something is mounted.
    seen: BTreeSet<(&'a str, String)>,
    list: Vec<Value>,
}

impl<'a> Mounts<'a> {
    fn add(&mut self, map: &str, name: &str, place: Place<'a>, problems: &mut Problems) {
        let at = Pointer::config().key(map).key(name);
        let known = self.request.container_names();
        if let Some(container) = place.container
            && !known.contains(&container)
        {
            problems.add(
                at.key("container"),
                format!("the workload has no such container, only {}", listed(&known)),
            );
        }
        if place.sub_path.is_some_and(|path| !is_below(path)) {
            problems.add(at.key("subPath"), "must be a path below the volume, without `..`");
        }
        let Some(path) = absolute(place.path) else {
            problems.add(
                at.key("mountPath"),
                "must be a folder from the root, as in `/var/lib/app`, without `..` and `:`",
            );
            return;
        };
        let containers = match place.container {
            Some(container) => vec![container],
            None => known,
        };
        let is_free = |container: &&'a str| self.seen.insert((*container, path.clone()));
        if !containers.iter().all(is_free) {
            problems.add(at.key("mountPath"), "another volume of this accessory is mounted there");
        }
        let mut mount = json!({"name": volume_name(self.request, name), "mountPath": path});
        if let Some(container) = place.container {
            mount["container"] = container.into();
        }
        if place.read_only {
            mount["readOnly"] = true.into();
        }
        if let Some(path) = place.sub_path {
            mount["subPath"] = path.into();
        }
        self.list.push(mount);
    }
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The path without empty parts; `None` for the root itself and for what Kubernetes refuses.
fn absolute(path: &str) -> Option<String> {
    let rest = path.strip_prefix('/')?;
    let parts: Vec<&str> =
        rest.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let is_sound = !parts.is_empty()
        && !parts.contains(&"..")
        && !path.contains(|c: char| c == ':' || c.is_control());
    is_sound.then(|| format!("/{}", parts.join("/")))
}

fn is_below(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('/')
        && !path.contains(char::is_control)
        && !path.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_folders_from_the_root() {
        assert_eq!(absolute("/var//lib/./app/").as_deref(), Some("/var/lib/app"));
        for path in ["", "/", "//", "/.", "var", "/a/../b", "/a:b", "/a\nb"] {
            assert_eq!(absolute(path), None, "{path:?}");
        }
    }

    #[test]
    fn a_part_of_a_volume_is_below_it() {
        assert!(is_below("a") && is_below("a/b") && is_below("..a"));
        for path in ["", "/a", "..", "a/../b", "a\0"] {
            assert!(!is_below(path), "{path:?}");
        }
    }
}
