//! What most commands begin with: the stack, its workspace, and the tools to work on them.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;

use kusion::backend::Holder;
use kusion::config::{ConfigError, Stack, Workspace};
use kusion::engine::{Engine, Level};
use kusion::home::{Home, NamedBackend, Workspaces};
use kusion::module::{Lock, LockFile, Pinning, Resolver};
use kusion::name::{ModuleName, WorkspaceName};
use kusion::ops::{
    CatalogPlaces, FetchedModules, Generation, Project, Proposal, Session, TargetOptions,
};
use kusion::release::LatestState;
use kusion::runtime::Runtime;
use serde_json::{Map, Value, json};

use crate::cli::{Fetching, Meta};
use crate::context::World;
use crate::error::CliError;
use crate::render::Pulling;

/// A stack that was read, and the tools to work on it.
pub(crate) struct Loaded {
    pub(crate) home: Home,
    pub(crate) backend: NamedBackend,
    pub(crate) stack: Stack,
    pub(crate) workspace: Workspace,
    pub(crate) engine: Engine,
    pub(crate) resolver: Resolver,
    pub(crate) parallelism: NonZeroUsize,
    /// The modules that came from registries, and what the lock must say of them.
    pub(crate) fetched: FetchedModules,
    keep_releases: Option<NonZeroUsize>,
}

impl Loaded {
    /// Reads the stack that the flags name, and its workspace, and fetches the modules that it uses.
    pub(crate) async fn read(
        world: &World,
        meta: &Meta,
        parallelism: Option<NonZeroUsize>,
        fetching: &Fetching,
    ) -> Result<Self, CliError> {
        let stack = load_stack(world, meta, Stack::load)?;
        let mut loaded = Self::with_stack(world, meta, parallelism, stack).await?;
        let used = kusion::ops::used_modules(&loaded.stack);
        let pinning = if fetching.locked { Pinning::Locked } else { Pinning::Keep };
        loaded.fetch(world, &used, fetching, pinning).await?;
        Ok(loaded)
    }

    /// Reads the stack that the flags name with its apps, and its workspace; nothing is fetched.
    pub(crate) async fn read_without_modules(world: &World, meta: &Meta) -> Result<Self, CliError> {
        let stack = load_stack(world, meta, Stack::load)?;
        Self::with_stack(world, meta, None, stack).await
    }

    /// Reads whose stack it is, and its workspace, but no apps: for what works on the record alone.
    pub(crate) async fn read_header(
        world: &World,
        meta: &Meta,
        parallelism: Option<NonZeroUsize>,
    ) -> Result<Self, CliError> {
        let stack = load_stack(world, meta, Stack::load_header)?;
        Self::with_stack(world, meta, parallelism, stack).await
    }

    async fn with_stack(
        world: &World,
        meta: &Meta,
        parallelism: Option<NonZeroUsize>,
        stack: Stack,
    ) -> Result<Self, CliError> {
        let home = world.home()?;
        let backend = home.backend(meta.backend.as_deref())?;
        let name = workspace_name(&home, meta, Some(&stack))?;
        let workspace = Workspaces::new(backend.clone()).load(&name).await?;
        let engine = world.engine(kusion::ops::limits(&workspace))?;
        let resolver = world.resolver();
        let parallelism =
            parallelism.unwrap_or_else(|| kusion::ops::default_parallelism(&workspace));
        let keep_releases = home.settings()?.keep_releases()?;
        let fetched = FetchedModules::default();
        Ok(Self {
            home,
            backend,
            stack,
            workspace,
            engine,
            resolver,
            parallelism,
            fetched,
            keep_releases,
        })
    }

    /// Fetches those of these modules that lie in registries, and finds those of the catalog that are pinned. Where
    /// there are none, nothing is read or asked.
    pub(crate) async fn fetch(
        &mut self,
        world: &World,
        names: &BTreeSet<ModuleName>,
        fetching: &Fetching,
        pinning: Pinning,
    ) -> Result<(), CliError> {
        let is_far = |name: &ModuleName| kusion::ops::is_in_registry(&self.workspace, name);
        let is_pinned = |name: &ModuleName| kusion::ops::is_pinned(&self.workspace, name);
        if !names.iter().any(is_pinned) {
            return Ok(());
        }
        let lock = self.lock_file().read()?;
        let mut fetched = FetchedModules::default();
        if names.iter().any(is_far) {
            fetched = self.fetch_far(world, names, fetching, (&lock, pinning)).await?;
        }
        let places = CatalogPlaces {
            resolver: &self.resolver,
            engine: &self.engine,
            store: &world.content()?,
        };
        let pins = (&lock, pinning);
        kusion::ops::pin_catalog(places, &self.workspace, names, pins, &mut fetched)?;
        self.resolver = std::mem::take(&mut self.resolver).with_fetched(fetched.modules.clone());
        self.fetched = fetched;
        Ok(())
    }

    async fn fetch_far(
        &self,
        world: &World,
        names: &BTreeSet<ModuleName>,
        fetching: &Fetching,
        pins: (&Lock, Pinning),
    ) -> Result<FetchedModules, CliError> {
        let pulling = Pulling::new(world);
        let client = (!fetching.offline)
            .then(|| world.registry_client(&fetching.registries, &pulling))
            .transpose()?;
        let fetcher = world.fetcher(client, &kusion::ops::limits(&self.workspace))?;
        let fetched = kusion::ops::fetch_modules(fetcher, &self.workspace, names, pins).await;
        pulling.finish();
        Ok(fetched?)
    }

    /// Names the project's lock.
    pub(crate) fn lock_file(&self) -> LockFile {
        LockFile::in_folder(self.stack.project_dir())
    }

    /// Says how pins move, and that `writer` writes it down.
    pub(crate) fn show_pins(&self, world: &World, writer: &str) {
        for change in self.fetched.news() {
            let to = &change.to.version;
            let moves = match (&change.from, &change.to.signer) {
                (Some(from), _) if from.version != *to => format!("{} -> {to}", from.version),
                (Some(from), Some(signer)) if from.signer.is_none() => {
                    format!("{to}, signed by {signer}")
                }
                _ => to.to_string(),
            };
            world.eprint(&format!(
                "Module `{}`: {moves}. {writer} writes it to kusion.lock.\n",
                change.module
            ));
        }
    }

    /// Writes down what modules are pinned to from now on, and keeps those of the catalog.
    pub(crate) fn write_pins(&self, world: &World) -> Result<(), CliError> {
        let store = world.content()?;
        store.sweep();
        self.fetched.keep(&store)?;
        self.lock_file().sweep();
        if !self.fetched.changes.is_empty() {
            self.lock_file().try_change(|lock| self.fetched.pin(&self.workspace, lock))?;
        }
        Ok(())
    }

    /// Returns what the library works on.
    pub(crate) fn project(&self) -> Project<'_> {
        Project {
            stack: &self.stack,
            workspace: &self.workspace,
            engine: &self.engine,
            resolver: &self.resolver,
            parallelism: self.parallelism,
        }
    }

    /// Adds where the resources live, where releases and secrets are kept, and what opens secret stores.
    pub(crate) fn session<'a>(
        &'a self,
        runtime: &'a dyn Runtime,
        options: &TargetOptions,
    ) -> Session<'a> {
        Session {
            project: self.project(),
            runtime,
            backend: self.backend.backend.clone(),
            key_file: self.home.key_file(),
            stores: options.stores.clone(),
            keep_releases: self.keep_releases,
        }
    }

    /// Begins the document that a command prints for programs.
    pub(crate) fn document(&self, kind: &str, runtime: &dyn Runtime) -> Map<String, Value> {
        let mut head = json!({
            "formatVersion": 1,
            "kind": kind,
            "project": self.stack.project(),
            "stack": self.stack.stack(),
            "workspace": self.workspace.name(),
            "target": runtime.target(),
        });
        if let Some(context) = runtime.context() {
            head["context"] = context.into();
        }
        head.as_object().cloned().unwrap_or_default()
    }

    /// Says whose stack this is, for the first line of what a command shows.
    pub(crate) fn title(&self) -> String {
        format!(
            "Stack `{}` of project `{}`, workspace `{}`",
            self.stack.stack(),
            self.stack.project(),
            self.workspace.name()
        )
    }
}

/// Reads the stack that the flags name.
pub(crate) fn load_stack(
    world: &World,
    meta: &Meta,
    load: impl Fn(&Path) -> Result<Stack, ConfigError>,
) -> Result<Stack, CliError> {
    let folder = world.path(&meta.workdir);
    if !folder.is_dir() {
        return Err(CliError::user(format!("there is no folder `{}`", meta.workdir.display())));
    }
    Ok(load(&meta.workdir)?)
}

/// Chooses the workspace: the flag, what the stack pins, the current one, `default`.
pub(crate) fn workspace_name(
    home: &Home,
    meta: &Meta,
    stack: Option<&Stack>,
) -> Result<WorkspaceName, CliError> {
    let flag = meta.workspace.as_deref().map(parse_workspace).transpose()?;
    let pin = stack.and_then(Stack::workspace);
    if let (Some(flag), Some((pin, location))) = (&flag, pin)
        && flag != pin
    {
        return Err(CliError::at(
            location.clone(),
            format!("the stack is pinned to workspace `{pin}`, and `--workspace` says `{flag}`"),
        )
        .hint("leave `--workspace` out, or change the pin"));
    }
    if let Some(name) = flag.or_else(|| pin.map(|(pin, _)| pin.clone())) {
        return Ok(name);
    }
    let settings = home.settings()?;
    parse_workspace(settings.current_workspace().unwrap_or("default"))
}

/// Checks a workspace name that stands on the command line.
pub(crate) fn parse_workspace(name: &str) -> Result<WorkspaceName, CliError> {
    WorkspaceName::parse(name).map_err(|error| CliError::user(error.to_string()))
}

/// Passes on what modules warn of.
pub(crate) fn show_warnings(world: &World, generation: &Generation) {
    for call in &generation.calls {
        for line in call.log.iter().filter(|line| line.level >= Level::Warn) {
            world.warn(&format!("{}: {}", call.origin, line.message));
        }
    }
}

/// Warns of what is known before a plan is shown.
pub(crate) fn warn_beforehand(world: &World, proposal: &Proposal<'_>) {
    if let Some(generation) = proposal.generation() {
        show_warnings(world, generation);
    }
    if let Some(moved) = proposal.moved_from() {
        world.warn(&format!("the last release went to {moved}; what is there stays there"));
    }
}

/// Warns of a release that did not end, for commands that only look.
pub(crate) fn warn_unfinished(world: &World, latest: &LatestState) {
    let phase = latest.phase.filter(|phase| !phase.is_finished());
    if let (Some(phase), Some(revision)) = (phase, latest.revision) {
        world.warn(&format!(
            "release {revision} is {phase}: somebody is at work, or a run was interrupted"
        ));
    }
}

/// Says who takes a lease.
pub(crate) fn holder(world: &World, operation: &str) -> Holder {
    Holder {
        who: world.actor(),
        pid: std::process::id(),
        since: jiff::Timestamp::now(),
        operation: operation.to_owned(),
    }
}
