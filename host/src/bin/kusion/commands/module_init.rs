//! `kusion mod init`

use std::path::{Path, PathBuf};

use clap::Args;
use kusion::name::ModuleName;

use crate::context::World;
use crate::error::{CliError, Exit};
use crate::fill::fill_folder;
use crate::templates::Lang;

#[derive(Debug, Args)]
pub(crate) struct ModInitArgs {
    /// Name of the module, and of its folder.
    name: String,
    /// Language that it is written in.
    #[arg(short, long, value_enum)]
    lang: Lang,
    /// Folder in which it is made.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    target: PathBuf,
    /// Folder `sdk` of a clone of kusion, to take the SDK from instead of from where it is published.
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

pub(crate) fn init(world: &World, args: &ModInitArgs) -> Result<Exit, CliError> {
    let name =
        ModuleName::parse(args.name.as_str()).map_err(|error| CliError::user(error.to_string()))?;
    if !is_publishable(&args.name) {
        let message = format!("module `{name}` could not be published everywhere under this name");
        let hint = "begin with a lower-case letter, and go on with lower-case letters, digits and single `-`";
        return Err(CliError::user(message).hint(hint));
    }
    let folder = world.path(&args.target).join(name.as_str());
    let sdk = args.sdk.as_ref().map(|sdk| find_sdk(world, sdk, args.lang, &folder)).transpose()?;
    let files = args.lang.files(&name, sdk.as_deref());
    fill_folder(world, &folder, &files)?;
    let shown = world.display(&folder);
    let mut text = format!("Made module `{name}` in {}:\n", args.lang.name());
    let mut paths: Vec<_> = files.iter().map(|(path, _)| Path::new(&shown).join(path)).collect();
    paths.sort();
    for path in paths {
        text.push_str(&format!("  {}\n", path.display()));
    }
    text.push_str("\nTo build and test it, and to see what it answers whenever you change it:\n\n");
    text.push_str(&format!("  cd {shown}\n"));
    if let Some(install) = args.lang.install(sdk.is_some()) {
        text.push_str(&format!("  {install}\n"));
    }
    text.push_str("  kusion mod test\n  kusion mod dev\n");
    world.print(&text)?;
    Ok(Exit::Success)
}

/// Returns whether registries of modules, and of packages of every language, take a name.
fn is_publishable(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(is_part)
}

/// Returns the folder of a language's SDK as seen from a module's folder.
fn find_sdk(world: &World, sdk: &Path, lang: Lang, module: &Path) -> Result<PathBuf, CliError> {
    let (folder, file) = lang.sdk();
    let found: PathBuf = world.path(sdk).join(folder).components().collect();
    if !found.join(file).is_file() {
        let message = format!(
            "`{}` is not the SDK for {}: it has no `{}`",
            sdk.display(),
            lang.name(),
            Path::new(folder).join(file).display()
        );
        return Err(CliError::user(message).hint("name the folder `sdk` of a clone of kusion"));
    }
    let seen = crate::context::relative(module, &found);
    let is_bare = seen.is_relative() && !seen.starts_with("..");
    // Tools tell a folder from a name by its first character.
    Ok(if is_bare { Path::new(".").join(seen) } else { seen })
}
