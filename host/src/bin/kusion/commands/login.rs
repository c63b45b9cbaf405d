//! `kusion mod login` and `kusion mod logout`

use std::io::Read as _;

use clap::Args;
use kusion::module::registry::Kept;

use crate::cli::Registries;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Pulling;

/// The most bytes of a password.
const MAX_PASSWORD: u64 = 64 << 10;

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Registry, as in `registry.example.com:5000`.
    registry: String,
    /// Name of the user.
    #[arg(short, long)]
    username: String,
    /// Take the password from standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    registries: Registries,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// Registry, as in `registry.example.com:5000`.
    registry: String,
}

pub(crate) async fn login(world: &World, args: &LoginArgs) -> Result<Exit, CliError> {
    let registry = plain(&args.registry)?;
    let password = if args.password_stdin { from_stdin()? } else { ask(world)? };
    if password.is_empty() {
        return Err(CliError::user("the password is empty"));
    }
    let pulling = Pulling::new(world);
    let client = world.registry_client(&args.registries, &pulling)?;
    let asked = client.check_login(registry, &args.username, &password).await;
    pulling.finish();
    if !asked? {
        world.warn(&format!("`{registry}` lets everybody in, and did not check the password"));
    }
    match world.credentials().keep(registry, &args.username, &password)? {
        Kept::Helper(helper) => {
            world
                .print(&format!("Logged in; `docker-credential-{helper}` keeps the password.\n"))?;
        }
        Kept::File(path) => {
            world.print(&format!("Logged in; the password is in `{}`.\n", path.display()))?;
            world.warn(&format!(
                "it is not encrypted there\nhint: name a program for passwords as `credsStore` in `{}`",
                path.display()
            ));
        }
    }
    Ok(Exit::Success)
}

pub(crate) fn logout(world: &World, args: &LogoutArgs) -> Result<Exit, CliError> {
    let registry = plain(&args.registry)?;
    let credentials = world.credentials();
    let forgotten = credentials.forget(registry)?;
    if let Some(path) = credentials.place(registry)? {
        let path = path.display();
        return Err(CliError::user(format!("`{path}` has credentials for `{registry}` still"))
            .hint("log out with the program that wrote them there, or remove them"));
    }
    if forgotten {
        world.print(&format!("Logged out of `{registry}`.\n"))?;
    } else {
        world.print(&format!("Nobody was logged in to `{registry}`.\n"))?;
    }
    Ok(Exit::Success)
}

/// Returns a registry as its credentials are kept.
fn plain(registry: &str) -> Result<&str, CliError> {
    let plain = registry.strip_prefix("oci://").unwrap_or(registry).trim_end_matches('/');
    if plain.is_empty() || plain.contains('/') {
        return Err(CliError::usage(format!("`{registry}` is no registry"))
            .hint("write its host, as in `registry.example.com:5000`"));
    }
    Ok(plain)
}

fn from_stdin() -> Result<String, CliError> {
    let mut text = String::new();
    let stdin = std::io::stdin().lock();
    stdin
        .take(MAX_PASSWORD)
        .read_to_string(&mut text)
        .map_err(|error| CliError::environment("cannot read the password", &error))?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

fn ask(world: &World) -> Result<String, CliError> {
    if !world.can_ask() {
        return Err(CliError::user("there is nobody to ask for the password")
            .hint("pass it to standard input, with `--password-stdin`"));
    }
    world.eprint("Password: ");
    console::Term::stderr()
        .read_secure_line()
        .map_err(|error| CliError::environment("cannot read the password", &error))
}
