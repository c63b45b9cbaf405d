//! Reaching what runs in a target.

use std::fmt;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, copy_bidirectional};

use crate::spec::ResourceId;

/// A port of a stack that somebody wants to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The Service that has the port; any if absent.
    pub service: Option<String>,
    /// The port of the Service, or of the containers where there is none.
    pub port: u16,
}

/// Where a port of a stack leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doorway {
    /// The Service or workload.
    pub id: ResourceId,
    /// What it is called, for people, such as ``Service `shop` ``.
    pub title: String,
    /// The port that was wanted.
    pub port: u16,
    /// Where the pods are.
    pub(crate) namespace: String,
    /// Which pods, as a query has it.
    pub(crate) selector: String,
    /// The port of the pods.
    pub(crate) pod_port: PodPort,
}

/// A port of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PodPort {
    Number(u16),
    /// Each pod says which number it has.
    Name(String),
}

/// A connection to what runs behind a doorway.
pub struct Connection {
    stream: DuplexStream,
    fault: Pin<Box<dyn Future<Output = Option<String>> + Send>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Makes a connection of a stream; `fault` ends with what the other side says if it cannot be used.
    pub(crate) fn new(
        stream: DuplexStream,
        fault: impl Future<Output = Option<String>> + Send + 'static,
    ) -> Self {
        Self { stream, fault: Box::pin(fault) }
    }

    /// Passes on what comes from either side until both have ended.
    ///
    /// # Errors
    ///
    /// One of them broke, or the other side says that nobody listens there.
    pub async fn pass(self, near: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
        let Self { mut stream, fault } = self;
        let said = async {
            match fault.await {
                Some(message) => message,
                // Nothing is wrong as long as nothing is said.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            passed = copy_bidirectional(near, &mut stream) => passed.map(|_| ()),
            message = said => Err(io::Error::other(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn both_sides_hear_each_other_until_both_have_ended() {
        let ((mut user, mut near), (far, mut pod)) = (duplex(64), duplex(64));
        let connection = Connection::new(far, std::future::ready(None));
        let talk = async {
            user.write_all(b"ping").await.unwrap();
            user.shutdown().await.unwrap();
            let mut heard = String::new();
            pod.read_to_string(&mut heard).await.unwrap();
            pod.write_all(b"pong").await.unwrap();
            pod.shutdown().await.unwrap();
            let mut answer = String::new();
            user.read_to_string(&mut answer).await.unwrap();
            (heard, answer)
        };
        let (passed, (heard, answer)) = tokio::join!(connection.pass(&mut near), talk);
        passed.unwrap();
        assert_eq!((heard.as_str(), answer.as_str()), ("ping", "pong"));
    }

    #[tokio::test]
    async fn what_the_other_side_complains_of_ends_it() {
        let ((_user, mut near), (far, _pod)) = (duplex(64), duplex(64));
        let fault = std::future::ready(Some("nobody listens".to_owned()));
        let error = Connection::new(far, fault).pass(&mut near).await.unwrap_err();
        assert_eq!(error.to_string(), "nobody listens");
    }
}
