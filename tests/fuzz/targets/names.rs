//! Names, ids, keys, digests and references: each line of an input is read as all of them.

use std::path::Path;

use kusion::backend::Key;
use kusion::digest::Digest;
use kusion::name::{
    AccessoryName, AppName, ModuleName, Namespace, ProjectName, StackName, WorkspaceName,
};
use kusion::secret::{ExternalRef, Recipient};
use kusion::spec::{
    PATH_PREFIX, ResourceId, SECRET_PREFIX, SecretText, path_reference, replace_secrets,
    secret_uses,
};

use super::Target;

pub const TARGET: Target = Target { name: "names", run, large, cases: 500 };

fn run(input: &[u8], folder: &Path) {
    let text = String::from_utf8_lossy(input);
    for line in text.split('\n').chain([&*text]) {
        names(line);
        places(line, folder);
        references(line);
    }
}

fn names(text: &str) {
    macro_rules! same {
        ($($name:ty),*) => {$(
            if let Ok(name) = <$name>::parse(text) {
                assert_eq!(name.as_str(), text);
                assert_eq!(name.to_string(), text);
            }
        )*};
    }
    same!(
        ProjectName,
        StackName,
        WorkspaceName,
        AppName,
        AccessoryName,
        ModuleName,
        Namespace,
        ResourceId
    );
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(reference) = ExternalRef::parse(text) {
        assert_eq!(reference.to_string(), text);
    }
    drop(Recipient::parse(text));
}

fn places(text: &str, folder: &Path) {
    for name in [
        ProjectName::parse(text).map(String::from),
        ModuleName::parse(text).map(String::from),
        AppName::parse(text).map(String::from),
    ]
    .into_iter()
    .flatten()
    {
        assert_eq!(folder.join(&name).parent(), Some(folder));
    }
    if let Ok(key) = Key::parse(text) {
        assert_eq!(key.as_str(), text);
        assert_eq!(key.segments().collect::<Vec<_>>().join("/"), text);
        let path = key.segments().fold(folder.to_owned(), |path, segment| path.join(segment));
        assert!(
            path.starts_with(folder)
                && path.components().count()
                    == folder.components().count() + key.segments().count()
        );
    }
}

fn references(text: &str) {
    let uses = secret_uses(text);
    let mut end = 0;
    for found in &uses {
        assert!(found.range.start >= end);
        end = found.range.end;
        let written = text.get(found.range.clone()).unwrap();
        assert!(written.starts_with(SECRET_PREFIX));
        if let Some(secret) = &found.secret {
            assert_eq!(secret.to_string(), written);
        }
    }
    let same = replace_secrets(text, |secret| Ok::<_, ()>(SecretText::new(secret.to_string())));
    assert_eq!(same.unwrap().expose(), text);
    if let Some((id, attribute)) = path_reference(text, |id| id.len() % 2 == 0) {
        assert_eq!(format!("{PATH_PREFIX}{id}.{attribute}"), text);
    }
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("dots", format!("{PATH_PREFIX}{}", "a.".repeat(200_000)).into_bytes()),
        ("secrets", SECRET_PREFIX.repeat(50_000).into_bytes()),
        ("long", "a".repeat(1 << 20).into_bytes()),
        ("slashes", "a/".repeat(200_000).into_bytes()),
        ("reference", format!("ref://{}", "a/".repeat(200_000)).into_bytes()),
        ("recipient", format!("age1{}", "q".repeat(1 << 20)).into_bytes()),
    ]
}
