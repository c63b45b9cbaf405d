//! What `kusion apply` does once everything works: forwarding ports and watching, until Ctrl-C.

use std::future::pending;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use kusion::apply::Watching;
use kusion::runtime::{Doorway, Runtime, RuntimeError, Wanted};
use kusion::spec::Spec;
use tokio::net::{TcpListener, TcpStream};

use crate::context::World;
use crate::error::{CliError, chain};
use crate::render::Progress;

/// How long to wait after a connection could not be taken, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Default, Args)]
pub(crate) struct AfterArgs {
    /// Go on showing how the resources do once they work, until Ctrl-C.
    #[arg(long, conflicts_with = "dry_run")]
    watch: bool,
    /// Forward a local port to a Service of the stack once it works, until Ctrl-C: `LOCAL:REMOTE`, a `PORT` that is
    /// both, `:REMOTE` for any free local port, `LOCAL:SERVICE:REMOTE` where several Services have the port.
    #[arg(long, value_name = "LOCAL:REMOTE", conflicts_with = "dry_run")]
    port_forward: Vec<Forward>,
}

/// Which local port leads to which port of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Forward {
    /// 0 for any that is free.
    local: u16,
    wanted: Wanted,
}

impl FromStr for Forward {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (local, service, remote) = match parts.as_slice() {
            [port] => (*port, None, *port),
            [local, remote] => (*local, None, *remote),
            [local, service, remote] if !service.is_empty() => (*local, Some(*service), *remote),
            _ => return Err("give `LOCAL:REMOTE`, as in `8080:80`".to_owned()),
        };
        let port = |text: &str| {
            let port = text.parse::<u16>().ok().filter(|port| *port > 0);
            port.ok_or_else(|| format!("`{text}` is no port: give a number from 1 to 65535"))
        };
        let local = if local.is_empty() { 0 } else { port(local)? };
        let wanted = Wanted { service: service.map(str::to_owned), port: port(remote)? };
        Ok(Self { local, wanted })
    }
}

/// A local port that is ours.
pub(crate) struct Listening {
    listener: TcpListener,
    wanted: Wanted,
}

/// What is to be done once everything works.
pub(crate) struct After {
    doors: Vec<(TcpListener, Doorway)>,
    /// The resources that are watched.
    watched: Option<Spec>,
}

impl AfterArgs {
    /// Takes the local ports, so that one that is in use is told before anything is applied.
    pub(crate) async fn listen(&self) -> Result<Vec<Listening>, CliError> {
        let mut ports = Vec::new();
        for Forward { local, wanted } in &self.port_forward {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *local)).await;
            let listener = listener.map_err(|error| {
                let message = format!("cannot listen on port {local} of this machine");
                CliError::environment(message, &error)
                    .hint("give another local port, as in `--port-forward 8081:80`")
            })?;
            ports.push(Listening { listener, wanted: wanted.clone() });
        }
        Ok(ports)
    }

    /// Finds out where the ports lead, before anything is applied.
    pub(crate) fn prepare(
        &self,
        runtime: &dyn Runtime,
        spec: &Spec,
        ports: Vec<Listening>,
    ) -> Result<After, RuntimeError> {
        let doors = ports
            .into_iter()
            .map(|Listening { listener, wanted }| Ok((listener, runtime.doorway(spec, &wanted)?)));
        let doors = doors.collect::<Result<_, _>>()?;
        Ok(After { doors, watched: self.watch.then(|| spec.clone()) })
    }
}

impl After {
    /// Forwards and watches until `stop` resolves; at once if nothing is to be done.
    pub(crate) async fn run(
        self,
        world: &World,
        runtime: &dyn Runtime,
        silent: bool,
        stop: impl Future<Output = ()>,
    ) -> Result<(), CliError> {
        let Self { doors, watched } = self;
        if doors.is_empty() && watched.is_none() {
            return Ok(());
        }
        for (listener, doorway) in &doors {
            let address = listener.local_addr();
            let address =
                address.map_err(|error| CliError::environment("cannot listen", &error))?;
            let Doorway { title, port, .. } = doorway;
            world.eprint(&format!("Forwarding {address} to port {port} of {title}.\n"));
        }
        if let Some(spec) = &watched {
            world.eprint(&format!("Watching {} resources.\n", spec.resources.len()));
        }
        world.eprint("Press Ctrl-C to end.\n");
        let progress = match watched {
            Some(_) => Progress::of_watch(world, silent),
            None => Progress::new(world, 0, silent),
        };
        let watching = async {
            match &watched {
                Some(spec) => Watching { spec, runtime }.run(pending(), &progress).await,
                None => pending().await,
            }
        };
        let forwarding = async {
            // Without any there is nothing to wait for, and the watch goes on.
            join_all(doors.iter().map(|(listener, to)| serve(world, runtime, listener, to))).await;
            pending().await
        };
        let ended = tokio::select! {
            () = stop => Ok(()),
            watched = watching => {
                watched.map_err(|error| CliError::environment("cannot watch", &error))
            }
            never = forwarding => never,
            never = progress.keep_fresh() => never,
        };
        progress.finish();
        ended
    }
}

/// Takes connections and passes them on; never ends.
async fn serve(world: &World, runtime: &dyn Runtime, listener: &TcpListener, to: &Doorway) {
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connections.push(pass(world, runtime, stream, to)),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(()) = connections.next() => {}
        }
    }
}

async fn pass(world: &World, runtime: &dyn Runtime, mut near: TcpStream, to: &Doorway) {
    let Doorway { title, port, .. } = to;
    let warn = |error: &(dyn std::error::Error + 'static)| {
        let said: Vec<String> = chain(Some(error)).collect();
        world.warn(&format!("a connection to port {port} of {title} ended: {}", said.join(": ")));
    };
    match runtime.connect(to).await {
        Ok(connection) => {
            if let Err(error) = connection.pass(&mut near).await {
                warn(&error);
            }
        }
        Err(error) => warn(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_is_a_local_port_perhaps_a_service_and_a_remote_port() {
        let read = |text: &str| text.parse::<Forward>().map(|it| (it.local, it.wanted));
        let wanted =
            |service: Option<&str>, port| Wanted { service: service.map(str::to_owned), port };
        assert_eq!(read("8080:80"), Ok((8080, wanted(None, 80))));
        assert_eq!(read("80"), Ok((80, wanted(None, 80))));
        assert_eq!(read(":80"), Ok((0, wanted(None, 80))));
        assert_eq!(read("8080:shop:80"), Ok((8080, wanted(Some("shop"), 80))));
        assert_eq!(read(":shop:80"), Ok((0, wanted(Some("shop"), 80))));
        for wrong in ["", "a", "1:2:3:4", "1::2", "65536", "0:80", "80:", "80:0", "-1:80"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
