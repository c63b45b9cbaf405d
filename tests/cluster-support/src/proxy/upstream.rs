//! The way from one connection of a client to the API server.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::rustls::pki_types::ServerName;

use super::connection::Server;

/// A connection to the API server, made when it is first needed and again when the server has closed it.
pub(super) struct Upstream {
    server: Arc<Server>,
    sender: Mutex<Option<SendRequest<Incoming>>>,
}

impl Upstream {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, sender: Mutex::new(None) }
    }

    /// Sends a request and returns the head of its answer.
    pub(super) async fn send(&self, request: Request<Incoming>) -> io::Result<Response<Incoming>> {
        let mut sender = self.sender.lock().await;
        let usable = match sender.as_mut() {
            Some(open) => open.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            *sender = None;
        }
        let open = match sender.as_mut() {
            Some(open) => open,
            None => sender.insert(self.connect().await?),
        };
        open.send_request(request).await.map_err(io::Error::other)
    }

    async fn connect(&self) -> io::Result<SendRequest<Incoming>> {
        let address = Ipv4Addr::LOCALHOST;
        let stream = TcpStream::connect((address, self.server.port)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::IpAddress(IpAddr::V4(address).into());
        let stream = self.server.tls.connect.connect(name, stream).await?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }
}
