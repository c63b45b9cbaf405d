//! From a stack and a workspace to a Spec.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::num::NonZeroUsize;
use std::sync::OnceLock;

use crate::config::{ModuleOrigin, Schema, SchemaError, Stack, Workspace, surely_accepts};
use crate::diagnostic::Problem;
use crate::engine::{Engine, Generated, Module};
use crate::module::registry::Requirement;
use crate::module::{FetchedModule, ModuleLocation, Resolver};
use crate::name::ModuleName;
use crate::ops::call::{Call, Use, call};
use crate::ops::{OpsError, app_secrets, host_keys, parallel, variables};
use crate::runtime::KubernetesSemantics;
use crate::secret::check_drawable;
use crate::spec::{
    AssembleInput, Assembled, Contribution, Resource, SecretSource, assemble, workload_among,
};

/// What `generate` works on.
#[derive(Clone, Copy)]
pub struct Project<'a> {
    /// The stack, as its files say.
    pub stack: &'a Stack,
    /// The workspace, as the platform says.
    pub workspace: &'a Workspace,
    /// Runs modules.
    pub engine: &'a Engine,
    /// Finds modules.
    pub resolver: &'a Resolver,
    /// How many modules load and run at once.
    pub parallelism: NonZeroUsize,
}

/// A Spec, and all that led to it.
#[derive(Debug, Clone)]
pub struct Generation {
    /// The Spec with the origin of each of its resources.
    pub assembled: Assembled,
    /// The modules that took part, by name.
    pub modules: BTreeMap<ModuleName, UsedModule>,
    /// Every module call, in the order of apps and accessories.
    pub calls: Vec<Call>,
}

/// A module that took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedModule {
    /// Its own version.
    pub version: String,
    /// The digest of its component.
    pub digest: crate::digest::Digest,
}

/// Runs the modules of a stack and assembles their answers.
///
/// The result is the same, byte for byte, whatever the parallelism and the timing.
///
/// # Errors
///
/// The configuration does not fit the modules (all problems at once), or a module cannot be found,
/// loaded or called, or the answers do not fit together.
pub fn generate(project: &Project<'_>) -> Result<Generation, OpsError> {
    let uses = uses(project)?;
    let modules = load(project, &uses)?;
    check(project, &uses, &modules)?;
    let mut answers = call_all(project, &uses, &modules)?;
    let mut contributions = Vec::new();
    let mut calls = Vec::new();
    for (used, (call, generated)) in uses.iter().zip(answers.drain(..)) {
        let mut resources = generated.resources;
        host_keys::apply(&used.platform, &mut resources)?;
        contributions.push(Contribution {
            origin: call.origin.clone(),
            workload: used.is_workload(),
            resources,
            patches: generated.patches,
            secrets: generated.secrets,
        });
        calls.push(call);
    }
    for app in project.stack.apps() {
        contributions.extend(app_secrets::contribution(app, project.stack.namespace())?);
    }
    let input =
        AssembleInput { semantics: &KubernetesSemantics, namespace: project.stack.namespace() };
    let assembled = assemble(contributions, &input)?;
    none_or_invalid(variables::problems(project.stack, &assembled))?;
    for (secret, source) in &assembled.secrets {
        if let SecretSource::Generated { length, alphabet } = source {
            check_drawable(secret, *length, alphabet)?;
        }
    }
    let modules = modules
        .into_iter()
        .map(|(name, module)| {
            let version = module.module.description().version.clone();
            (name, UsedModule { version, digest: *module.module.digest() })
        })
        .collect();
    Ok(Generation { assembled, modules, calls })
}

/// Lists every use of a module, and refuses modules that the workspace does not list.
fn uses<'a>(project: &Project<'a>) -> Result<Vec<Use<'a>>, OpsError> {
    let mut uses = Vec::new();
    let mut problems = Vec::new();
    for app in project.stack.apps() {
        let workload = app.workload().map(|component| (String::new(), component));
        let accessories =
            app.accessories().iter().map(|(name, component)| (name.to_string(), component));
        for (accessory, component) in workload.into_iter().chain(accessories) {
            let module = component.module();
            match project.workspace.platform(module, project.stack.project()) {
                Some(platform) => uses.push(Use { app, accessory, component, platform }),
                None => problems.extend(project.workspace.module_of(component).err()),
            }
        }
    }
    none_or_invalid(problems)?;
    Ok(uses)
}

fn none_or_invalid(mut problems: Vec<Problem>) -> Result<(), OpsError> {
    if problems.is_empty() {
        return Ok(());
    }
    let place = |problem: &Problem| {
        problem.location.as_ref().map(|at| (at.file().path().to_owned(), at.line(), at.column()))
    };
    problems.sort_by_key(|problem| (place(problem), problem.message.clone()));
    problems.dedup();
    Err(OpsError::Invalid { problems })
}

/// A module and its schemas, which all its uses are checked against. They are compiled once something needs them.
struct Loaded {
    module: Module,
    developer: OnceLock<Result<Schema, SchemaError>>,
    platform: OnceLock<Result<Schema, SchemaError>>,
}

/// Loads each module once.
#[tracing::instrument(level = "info", name = "load modules", skip_all, fields(modules))]
fn load(project: &Project<'_>, uses: &[Use<'_>]) -> Result<BTreeMap<ModuleName, Loaded>, OpsError> {
    let mut names: Vec<&ModuleName> = uses.iter().map(|used| used.component.module()).collect();
    names.sort();
    names.dedup();
    tracing::Span::current().record("modules", names.len());
    let loaded = parallel::map(project.parallelism, &names, |name| {
        let module = load_one(project, name)?;
        Ok::<_, OpsError>(Loaded { module, developer: OnceLock::new(), platform: OnceLock::new() })
    });
    names.into_iter().cloned().zip(loaded).map(|(name, loaded)| Ok((name, loaded?))).collect()
}

/// Loads a module as the workspace says.
///
/// # Errors
///
/// The workspace does not list it, or it cannot be found or loaded.
pub(super) fn load_one(project: &Project<'_>, name: &ModuleName) -> Result<Module, OpsError> {
    let location = project
        .workspace
        .modules()
        .get(name)
        .map_or(ModuleLocation::Catalog, |entry| locate_module(entry.origin()));
    let resolved = project.resolver.resolve(name, &location)?;
    Ok(project.engine.load(name, &resolved.digest, &resolved.bytes)?)
}

/// Returns where a workspace says that a module is.
pub fn locate_module(origin: &ModuleOrigin) -> ModuleLocation {
    match origin {
        ModuleOrigin::Bundled => ModuleLocation::Catalog,
        ModuleOrigin::File { path } => ModuleLocation::Path(path.clone()),
        ModuleOrigin::Oci { reference } => ModuleLocation::Registry(reference.clone()),
    }
}

/// Checks each use against what its module says about itself, all at once.
#[tracing::instrument(level = "info", name = "check configuration", skip_all)]
fn check(
    project: &Project<'_>,
    uses: &[Use<'_>],
    modules: &BTreeMap<ModuleName, Loaded>,
) -> Result<(), OpsError> {
    let mut problems = Vec::new();
    for (name, loaded) in modules {
        problems.extend(check_version(project, name, &loaded.module));
    }
    for used in uses {
        let Some(loaded) = modules.get(used.component.module()) else { continue };
        let module = &loaded.module;
        let description = module.description();
        if description.is_workload() != used.is_workload() {
            problems.push(used.misplaced(&description.kind));
            continue;
        }
        let (developer, platform) = (used.component.config(), &used.platform.config);
        let (its_developer, its_platform) =
            (&description.developer_schema, &description.platform_schema);
        for (whose, schema, compiled, node, title) in [
            ("developer", its_developer, &loaded.developer, developer, used.title()),
            ("platform", its_platform, &loaded.platform, platform, module.name().as_str()),
        ] {
            if surely_accepts(schema, &node.to_json()) {
                continue;
            }
            match compiled.get_or_init(|| Schema::compile(schema)) {
                Ok(schema) => problems.extend(schema.check(node, title)),
                Err(error) => problems.push(unusable(used, whose, error)),
            }
        }
    }
    none_or_invalid(problems)
}

fn unusable(used: &Use<'_>, whose: &str, error: &SchemaError) -> Problem {
    let module = used.component.module();
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let message = format!(
        "module `{module}` describes itself wrongly: the {whose} schema is not a JSON Schema ({cause})"
    );
    Problem::at(used.component.module_location().clone(), message)
        .hint("this is a defect of the module, not of your configuration")
}

/// Refuses a module of another version than the workspace asks for.
fn check_version(project: &Project<'_>, name: &ModuleName, module: &Module) -> Option<Problem> {
    let entry = project.workspace.modules().get(name)?;
    let version = &module.description().version;
    // Whoever has the registry can put a module under the version of another one.
    if let Some(FetchedModule { pin, .. }) = project.resolver.fetched(name)
        && pin.version.to_string() != *version
    {
        let message = format!(
            "module `{name}` says that it has version {version}, and `{}` has it as {}",
            pin.source, pin.version
        );
        return Some(Problem::at(entry.location().clone(), message));
    }
    let (wanted, location) = entry.version()?;
    let admitted = || {
        let (wanted, version) = (wanted.parse::<Requirement>().ok()?, version.parse().ok()?);
        Some(wanted.admits(&version))
    };
    if wanted == version || admitted() == Some(true) {
        return None;
    }
    let message =
        format!("module `{name}` has version {version}, and the workspace asks for `{wanted}`");
    Some(Problem::at(location.clone(), message))
}

/// Calls every module and collects all that went wrong.
#[tracing::instrument(level = "info", name = "call modules", skip_all, fields(calls = uses.len(), fuel))]
fn call_all(
    project: &Project<'_>,
    uses: &[Use<'_>],
    modules: &BTreeMap<ModuleName, Loaded>,
) -> Result<Vec<(Call, Generated)>, OpsError> {
    let module = |used: &Use<'_>| modules.get(used.component.module());
    let ask = |used: &Use<'_>, workload: Option<&Resource>| match module(used) {
        Some(loaded) => call((project.stack, project.workspace), used, &loaded.module, workload)
            .map_err(|unanswered| unanswered.problems(used)),
        None => Err(project.workspace.module_of(used.component).err().into_iter().collect()),
    };
    let (mut later, now): (Vec<_>, Vec<_>) = uses.iter().enumerate().partition(|(_, used)| {
        module(used).is_some_and(|loaded| loaded.module.description().wants_workload_resource)
    });
    let results = parallel::map(project.parallelism, &now, |(_, used)| ask(used, None));
    let mut results: Vec<_> = now.into_iter().zip(results).collect();

    let mut workloads = BTreeMap::new();
    for ((_, used), result) in results.iter().filter(|((_, used), _)| used.is_workload()) {
        let resources = result.as_ref().map(|(_, generated)| generated.resources.iter());
        let workload = resources.map(|all| workload_among(all, &KubernetesSemantics));
        workloads.insert(used.app.name(), workload);
    }
    // Where the workload is wrong, accessories would only tell that they miss it.
    later.retain(|(_, used)| workloads.get(used.app.name()).is_none_or(Result::is_ok));
    let told = parallel::map(project.parallelism, &later, |(_, used)| {
        let workload = workloads.get(used.app.name()).and_then(|known| known.ok().flatten());
        ask(used, workload)
    });
    results.extend(later.into_iter().zip(told));
    results.sort_by_key(|((index, _), _)| *index);

    let mut answers = Vec::with_capacity(results.len());
    let mut problems = Vec::new();
    for (_, result) in results {
        match result {
            Ok(answer) => answers.push(answer),
            Err(wrong) => problems.extend(wrong),
        }
    }
    none_or_invalid(problems)?;
    let fuel: u64 = answers.iter().map(|(call, _)| call.usage.fuel).sum();
    tracing::Span::current().record("fuel", fuel);
    Ok(answers)
}
