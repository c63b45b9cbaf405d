//! `kusion preview`

use clap::Args;
use kusion::ops::{OpsError, find_drift, propose_apply};
use kusion::plan::Plan;
use kusion::runtime::Runtime;
use serde_json::json;

use crate::cli::{Cluster, Fetching, Format, Meta, Parallelism};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render;
use crate::session::{Loaded, warn_beforehand, warn_unfinished};

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    parallelism: Parallelism,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    fetching: Fetching,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// Show every field of every change, of new resources too.
    #[arg(short, long)]
    all: bool,
    /// Exit with 2 if there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Show only what somebody changed in the target since the last apply, whatever the configuration says by now.
    #[arg(long)]
    drift_only: bool,
}

pub(crate) async fn run(world: &World, args: PreviewArgs) -> Result<Exit, CliError> {
    if args.drift_only {
        return drift(world, &args).await;
    }
    let loaded = Loaded::read(world, &args.meta, args.parallelism.get(), &args.fetching).await?;
    let options = world.target_options(&args.cluster, &loaded.workspace)?;
    let runtime = kusion::ops::open_target(&loaded.stack, &loaded.workspace, &options).await?;
    let session = loaded.session(runtime.as_ref(), &options);
    let proposal = match propose_apply(session).await {
        Err(OpsError::Partly { rest, why }) => {
            let error = CliError::from(*why);
            show_partly(world, &args, (&loaded, runtime.as_ref()), &rest.plan, &error)?;
            return Err(error);
        }
        proposal => proposal?,
    };
    warn_unfinished(world, proposal.latest());
    warn_beforehand(world, &proposal);
    let refused = proposal.check().err().map(CliError::from);
    match args.output {
        Format::Json => {
            let mut document = loaded.document("Preview", runtime.as_ref());
            document.insert("plan".to_owned(), json!(proposal.plan()));
            document.insert("notes".to_owned(), json!(proposal.notes()));
            let pins: Vec<_> = loaded.fetched.news().collect();
            if !pins.is_empty() {
                document.insert("pins".to_owned(), json!(pins));
            }
            if let Some(error) = &refused {
                document.insert("refused".to_owned(), error.document());
            }
            world.print_json(&document.into())?;
        }
        Format::Text => {
            let paint = world.stdout_paint();
            let mut text = format!("{}\nTarget: {}\n\n", loaded.title(), runtime.title());
            if args.all && !proposal.plan().is_empty() {
                text.push_str(&render::full_details(proposal.plan(), paint));
                text.push('\n');
            }
            text.push_str(&render::plan(proposal.plan(), paint));
            text.push_str(&render::notes(&proposal.notes()));
            world.print(&text)?;
            loaded.show_pins(world, "`kusion apply`");
        }
    }
    if let Some(error) = refused {
        return Err(error);
    }
    let changes = args.detailed_exitcode && !proposal.plan().is_empty();
    // The process ends here, and taking all documents apart would be the last thing it does.
    std::mem::forget(proposal);
    Ok(if changes { Exit::Changes } else { Exit::Success })
}

/// Shows what is known of a plan of which a part is refused.
fn show_partly(
    world: &World,
    args: &PreviewArgs,
    (loaded, runtime): (&Loaded, &dyn Runtime),
    plan: &Plan,
    error: &CliError,
) -> Result<(), CliError> {
    if args.output == Format::Json {
        let mut document = loaded.document("Preview", runtime);
        document.insert("plan".to_owned(), json!(plan));
        document.insert("notes".to_owned(), json!([]));
        document.insert("refused".to_owned(), error.document());
        return world.print_json(&document.into());
    }
    let Some(shown) = render::partly(plan, world.stdout_paint()) else { return Ok(()) };
    world.print(&format!("{}\nTarget: {}\n\n{shown}", loaded.title(), runtime.title()))
}

/// Compares the target with the last release; a configuration that is wrong by now is no hindrance.
async fn drift(world: &World, args: &PreviewArgs) -> Result<Exit, CliError> {
    let loaded = Loaded::read_header(world, &args.meta, args.parallelism.get()).await?;
    let mut options = world.target_options(&args.cluster, &loaded.workspace)?;
    // Nothing is changed, so that what an apply would ask about is shown as it is.
    (options.terms.replace, options.terms.adopt) = (true, true);
    let runtime = kusion::ops::open_target(&loaded.stack, &loaded.workspace, &options).await?;
    let mut drift = find_drift(loaded.session(runtime.as_ref(), &options)).await?;
    let untold = drift.untold.take().map(CliError::from);
    match args.output {
        Format::Json => {
            let mut document = loaded.document("Drift", runtime.as_ref());
            document.insert("revision".to_owned(), json!(drift.revision));
            document.insert("plan".to_owned(), json!(drift.plan));
            if !drift.notes.is_empty() {
                document.insert("notes".to_owned(), json!(drift.notes));
            }
            if let Some(error) = &untold {
                document.insert("refused".to_owned(), error.document());
            }
            world.print_json(&document.into())?;
        }
        // That there is no drift, nobody can say then.
        Format::Text if untold.is_some() && drift.plan.steps.is_empty() => {}
        Format::Text => {
            let paint = world.stdout_paint();
            let shown = render::drift(&drift, paint) + &render::notes(&drift.notes);
            warn_unfinished(world, &drift.latest);
            world.print(&format!("{}\nTarget: {}\n\n{shown}", loaded.title(), runtime.title()))?;
        }
    }
    if let Some(error) = untold {
        return Err(error);
    }
    let drifted = args.detailed_exitcode && !drift.plan.steps.is_empty();
    Ok(if drifted { Exit::Changes } else { Exit::Success })
}
