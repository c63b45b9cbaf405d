//! Volumes that modules give to the pods of a workload, and where its containers see them.

use serde_json::{Map, Value};

use super::environment;
use crate::spec::walk::push_segment;

/// The member of a mount that says which container it is for; Kubernetes knows none.
const CONTAINER: &str = "container";

/// Lists where a patch writes, below the pods' spec, as if volumes and mounts stood under their names and paths: so two
/// patches that want different things are found. A mount for every container does not meet one for a single container.
pub(super) fn places<'v>(
    volumes: &'v [Value],
    mounts: &'v [Value],
) -> impl Iterator<Item = (String, Value)> + 'v {
    let volumes = volumes.iter().map(|volume| {
        let mut place = "/volumes".to_owned();
        push_segment(&mut place, text(volume, "name").unwrap_or_default());
        (place, volume.clone())
    });
    let mounts = mounts.iter().map(|mount| {
        let mut place = "/containers".to_owned();
        push_segment(&mut place, text(mount, CONTAINER).unwrap_or("*"));
        place.push_str("/volumeMounts");
        push_segment(&mut place, text(mount, "mountPath").unwrap_or_default());
        (place, mount.clone())
    });
    volumes.chain(mounts)
}

/// Adds volumes to a pod template, or says why one of them cannot be added. One that is there already stays.
pub(super) fn add(
    attributes: &mut Value,
    template: &str,
    volumes: Vec<Value>,
) -> Result<(), String> {
    let spec = attributes.pointer_mut(&format!("{template}/spec")).and_then(Value::as_object_mut);
    let spec = spec.ok_or("the workload's pods have no `spec`")?;
    let present = list(spec, "volumes")?;
    for volume in volumes {
        let name = text(&volume, "name").ok_or("a volume has no name")?.to_owned();
        match present.iter().find(|other| text(other, "name") == Some(&name)) {
            None => present.push(volume),
            Some(other) if *other == volume => {}
            Some(_) => return Err(format!("the pods have another volume `{name}` already")),
        }
    }
    Ok(())
}

/// Adds mounts to the containers of a pod template, or says why one of them cannot be added.
pub(super) fn mount(
    attributes: &mut Value,
    template: &str,
    mounts: Vec<Value>,
) -> Result<(), String> {
    let mut containers: Vec<&mut Map<String, Value>> =
        environment::containers(attributes, template).into_iter().flatten().collect();
    for mut mount in mounts {
        let wanted = mount.as_object_mut().and_then(|mount| mount.remove(CONTAINER));
        let wanted = match &wanted {
            None => None,
            Some(Value::String(name)) => Some(name.as_str()),
            Some(_) => return Err(format!("`{CONTAINER}` of a mount is no name")),
        };
        let is_wanted = |container: &&mut &mut Map<String, Value>| match wanted {
            None => true,
            wanted => container.get("name").and_then(Value::as_str) == wanted,
        };
        let mut found = false;
        for container in containers.iter_mut().filter(is_wanted) {
            found = true;
            see(container, &mount)?;
        }
        if !found {
            let wanted =
                wanted.map_or("no container".to_owned(), |name| format!("no container `{name}`"));
            return Err(format!("the workload has {wanted} for a mount"));
        }
    }
    Ok(())
}

fn see(container: &mut Map<String, Value>, mount: &Value) -> Result<(), String> {
    let path = text(mount, "mountPath").ok_or("a mount has no `mountPath`")?;
    let mounts = list(container, "volumeMounts")?;
    match mounts.iter().find(|other| text(other, "mountPath") == Some(path)) {
        None => mounts.push(mount.clone()),
        Some(other) if other == mount => {}
        Some(_) => return Err(format!("something else is mounted at `{path}` already")),
    }
    Ok(())
}

/// Returns the list at a key, and makes it where there is none.
fn list<'v>(object: &'v mut Map<String, Value>, key: &str) -> Result<&'v mut Vec<Value>, String> {
    let value = object.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().ok_or_else(|| format!("`{key}` of the workload's pods is no list"))
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}
