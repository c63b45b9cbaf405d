//! Generates, previews and applies a stack without the command line.
//!
//! ```text
//! cargo run --package kusion --example embed -- STACK_FOLDER WORKSPACE_FILE CATALOG_FOLDER STATE_FOLDER
//! ```

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use kusion::apply::{Event, Listener, Refused};
use kusion::backend::Holder;
use kusion::config::{Stack, Workspace};
use kusion::engine::{Compiler, Engine, Limits, Options};
use kusion::home::Home;
use kusion::module::Resolver;
use kusion::name::WorkspaceName;
use kusion::ops::{Project, Session, StoreOptions, TargetOptions, open_target, prepare_apply};
use kusion::source::SourceFile;

#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
fn print(line: &str) {
    println!("{line}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut next = || arguments.next().ok_or("expected STACK WORKSPACE_FILE CATALOG STATE");
    let (stack, file, catalog, state) = (next()?, next()?, next()?, next()?);

    // What the developer and the platform team wrote. Errors know file, line and column.
    let stack = Stack::load(&stack)?;
    let text = SourceFile::new(&file, std::fs::read_to_string(&file)?);
    let workspace = Workspace::parse(WorkspaceName::parse("embedded")?, &text, file.parent())?;

    // An engine compiles each module once and keeps the code below the state folder. A program that
    // cannot start itself again as a compiler must trust its modules not to be hostile to compile.
    let home = Home::new(state);
    let (cache, compiler) = (Some(home.code_cache()), Compiler::InProcess);
    let engine = Engine::new(Options { cache, compiler, limits: Limits::default() })?;
    let resolver = Resolver::new(Some(catalog));
    let parallelism = NonZeroUsize::MIN.saturating_add(9);

    // A session adds where resources live, and where releases and secrets are kept.
    let runtime = open_target(&stack, &workspace, &TargetOptions::default()).await?;
    let session = Session {
        project: Project {
            stack: &stack,
            workspace: &workspace,
            engine: &engine,
            resolver: &resolver,
            parallelism,
        },
        runtime: runtime.as_ref(),
        backend: home.backend(None)?.backend,
        key_file: home.key_file(),
        stores: StoreOptions::default(),
        keep_releases: None,
    };

    // The plan holds the stack's lease until it is executed or dropped.
    let holder = Holder {
        who: "embed".into(),
        pid: std::process::id(),
        since: jiff::Timestamp::now(),
        operation: "apply".into(),
    };
    let prepared = prepare_apply(session, holder, |run| print(&run.to_string())).await?;
    print(&format!("{}", prepared.plan().summary()));
    let applied = prepared.execute(std::future::pending(), &Print).await?;
    print(&format!("{} created, {} updated", applied.outcome.created, applied.outcome.updated));
    Ok(())
}

/// Hears every change before the next one begins.
struct Print;

#[async_trait::async_trait]
impl Listener for Print {
    async fn hear(&self, event: &Event) -> Result<(), Refused> {
        if let Event::Applied { entry, .. } = event {
            print(entry.resource.id.as_str());
        }
        Ok(())
    }
}
