//! `kusion mod keygen`, and opening the keys that it makes.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use kusion::module::signing::SigningKey;
use zeroize::Zeroizing;

use crate::context::World;
use crate::error::{CliError, Exit};

/// The variable with the password of a key, the same as cosign's.
pub(crate) const PASSWORD: &str = "COSIGN_PASSWORD";
/// The most bytes of a file with a key.
const MAX_SIZE: u64 = 64 << 10;

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// Path of the files to make, without their endings `.key` and `.pub`.
    #[arg(default_value = "kusion")]
    name: PathBuf,
}

pub(crate) fn keygen(world: &World, args: &KeygenArgs) -> Result<Exit, CliError> {
    let path = world.path(&args.name);
    let file = |ending: &str| {
        let mut name = path.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let (private, public) = (file(".key"), file(".pub"));
    for path in [&private, &public] {
        if path.symlink_metadata().is_ok() {
            return Err(taken(world, path));
        }
    }
    let password = new_password(world)?;
    let made = SigningKey::generate(&password)?;
    for (path, text, mode) in
        [(&private, &made.text, 0o600), (&public, &made.public.to_pem(), 0o644)]
    {
        let written = kusion::write_new(path, text.as_bytes(), mode).map_err(|error| {
            CliError::environment(format!("cannot write `{}`", world.display(path)), &error)
        })?;
        if !written {
            return Err(taken(world, path));
        }
    }
    world.print(&format!(
        "{}\n{}\nkey {}\n",
        world.display(&private),
        world.display(&public),
        made.public.fingerprint()
    ))?;
    if password.is_empty() {
        world.warn("the password is empty: whoever reads the private key can sign");
    }
    Ok(Exit::Success)
}

fn taken(world: &World, path: &Path) -> CliError {
    CliError::user(format!("`{}` is there already", world.display(path)))
        .hint("choose another name: a key that is gone can sign nothing any more")
}

/// Opens a private key. The password comes from the environment or a terminal, and never from an argument.
pub(crate) fn open(world: &World, path: &Path) -> Result<SigningKey, CliError> {
    let shown = format!("`{}`", path.display());
    let path = world.path(path);
    let unreadable = |error| CliError::environment(format!("cannot read {shown}"), &error);
    let file = fs_err::File::open(&path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    let mut text = Zeroizing::new(Vec::new());
    file.take(MAX_SIZE).read_to_end(&mut text).map_err(unreadable)?;
    let of_key = |error| CliError::from(error).about(format!("cannot sign with {shown}"));
    if !SigningKey::is_sealed(&text).map_err(of_key)? {
        if mode & 0o077 != 0 {
            return Err(CliError::user(format!(
                "{shown} is not under a password, and others can read it: mode {:o}",
                mode & 0o777
            ))
            .hint(format!("run `chmod 600 {}`", path.display())));
        }
        return SigningKey::open(&text, None).map_err(of_key);
    }
    let password = match world.key_password() {
        Some(password) => Some(password),
        None if world.can_ask() => Some(ask(world, &format!("Password of {shown}: "))?),
        None => None,
    };
    SigningKey::open(&text, password.as_ref().map(|password| password.as_slice())).map_err(of_key)
}

fn new_password(world: &World) -> Result<Zeroizing<Vec<u8>>, CliError> {
    if let Some(password) = world.key_password() {
        return Ok(password);
    }
    if !world.can_ask() {
        return Err(CliError::user("there is nobody to ask for the password of the key")
            .hint(format!("set {PASSWORD}, which may be empty")));
    }
    let password = ask(world, "Password of the new key: ")?;
    if password != ask(world, "Once more: ")? {
        return Err(CliError::user("the two passwords differ"));
    }
    Ok(password)
}

fn ask(world: &World, question: &str) -> Result<Zeroizing<Vec<u8>>, CliError> {
    world.eprint(question);
    let line = console::Term::stderr()
        .read_secure_line()
        .map_err(|error| CliError::environment("cannot read the password", &error))?;
    Ok(Zeroizing::new(line.into_bytes()))
}
