//! Making a folder of files so that a command that was killed can be run again.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::context::World;
use crate::error::CliError;

/// Makes a folder with files; the folder may exist and be empty.
///
/// The first file makes the folder what it is, so it is written last: until it is there, an earlier run
/// that died may have left a part of the others, and this one goes on.
pub(crate) fn fill_folder(
    world: &World,
    folder: &Path,
    files: &[(&str, String)],
) -> Result<(), CliError> {
    let shown = match world.display(folder).to_string() {
        here if here.is_empty() => ".".to_owned(),
        shown => shown,
    };
    let cannot = |what: &str, error: &io::Error| {
        CliError::environment(format!("cannot {what} `{shown}`"), error)
    };
    fs::create_dir_all(folder).map_err(|error| cannot("make folder", &error))?;
    let begun = files.iter().skip(1).map(|(path, text)| (PathBuf::from(path), text.as_str()));
    let is_free = holds_only(folder, &begun.collect());
    if !is_free.map_err(|error| cannot("read folder", &error))? {
        return Err(CliError::user(format!("folder `{shown}` is not empty")));
    }
    for (path, text) in files.iter().rev() {
        world.write_file(&folder.join(path), text)?;
    }
    Ok(())
}

/// Returns whether all that a folder holds are some of the given files and what a write that died left.
fn holds_only(folder: &Path, files: &BTreeMap<PathBuf, &str>) -> io::Result<bool> {
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = below.join(&name);
            let known = if entry.file_type()?.is_dir() {
                let known = files.keys().any(|file| file.starts_with(&path));
                folders.push(path);
                known
            } else if let Some(text) = files.get(&path) {
                fs::read(entry.path())? == text.as_bytes()
            } else {
                name.starts_with(".kusion-") && name.ends_with(".tmp")
            };
            if !known {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_free_as_long_as_it_holds_only_what_is_to_be_written() {
        let root = tempfile::tempdir().unwrap();
        let files = BTreeMap::from([(PathBuf::from("dev/app.yaml"), "one")]);
        let is_free = || holds_only(root.path(), &files).unwrap();
        assert!(is_free());
        fs::create_dir(root.path().join("dev")).unwrap();
        assert!(is_free());
        fs::write(root.path().join("dev/app.yaml"), "one").unwrap();
        fs::write(root.path().join("dev/.kusion-x.tmp"), "half").unwrap();
        assert!(is_free());
        fs::write(root.path().join("dev/app.yaml"), "two").unwrap();
        assert!(!is_free());
        fs::write(root.path().join("dev/app.yaml"), "one").unwrap();
        fs::create_dir(root.path().join("prod")).unwrap();
        assert!(!is_free());
    }
}
