//! One connection of a client: takes its requests, lets them go wrong, passes the others on.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::Fault;
use super::Tls;
use super::fault::{halved, refusal};
use super::record::Record;
use super::socket::Socket;
use super::upstream::Upstream;

pub(super) type Body = BoxBody<Bytes, io::Error>;

/// The API server, and what happens on the way to it.
pub(super) struct Server {
    pub(super) record: Arc<Record>,
    pub(super) port: u16,
    pub(super) tls: Tls,
}

/// Takes connections for ever.
pub(super) async fn accept(listener: TcpListener, server: Arc<Server>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, server.clone()));
        }
    }
}

async fn serve(stream: TcpStream, server: Arc<Server>) {
    let socket = Socket::new(stream);
    let reset = socket.reset();
    // A client that goes away, or does not trust the certificate, is its own business.
    let Ok(stream) = server.tls.accept.accept(socket).await else { return };
    let connection =
        Arc::new(Connection { upstream: Upstream::new(server.clone()), server, reset });
    let service = service_fn(move |request| {
        let connection = connection.clone();
        async move { connection.handle(request).await }
    });
    let served =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = served.with_upgrades().await;
}

struct Connection {
    server: Arc<Server>,
    upstream: Upstream,
    reset: Arc<AtomicBool>,
}

impl Connection {
    async fn handle(&self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let verb = request.method().to_string();
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let (number, fault, latency) = self.server.record.locked().arrived(&verb, &target);
        if !latency.is_zero() {
            sleep(latency).await;
        }
        match fault {
            Some(Fault::Answer(code)) => return Ok(refusal(code, None)),
            Some(Fault::TooMany { retry_after }) => return Ok(refusal(429, Some(retry_after))),
            Some(Fault::ResetBefore) => return self.reset(),
            Some(Fault::SilentBefore) => return Ok(never().await),
            _ => {}
        }
        // Without the server the client sees what it would see without a proxy: a connection that broke.
        let Ok(response) = self.forward(request).await else { return self.reset() };
        self.server.record.locked().answered(number, response.status().as_u16());
        match fault {
            Some(Fault::AnswerAfter(code)) => Ok(refusal(code, None)),
            Some(Fault::ResetAfter) => self.reset(),
            Some(Fault::SilentAfter) => Ok(never().await),
            Some(Fault::Half) => Ok(halved(response).await),
            _ => Ok(response.map(|body| body.map_err(io::Error::other).boxed())),
        }
    }

    /// Passes a request on; if both sides agree to leave HTTP, as for port-forward, the bytes behind it too.
    async fn forward(&self, mut request: Request<Incoming>) -> io::Result<Response<Incoming>> {
        if !request.headers().contains_key(UPGRADE) {
            request.headers_mut().remove(CONNECTION);
            return self.upstream.send(request).await;
        }
        let client = hyper::upgrade::on(&mut request);
        let mut response = self.upstream.send(request).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let server = hyper::upgrade::on(&mut response);
            tokio::spawn(async move {
                if let (Ok(client), Ok(server)) = (client.await, server.await) {
                    let _ =
                        copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(server))
                            .await;
                }
            });
        }
        Ok(response)
    }

    fn reset(&self) -> io::Result<Response<Body>> {
        self.reset.store(true, Ordering::Relaxed);
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

async fn never() -> Response<Body> {
    let never: Infallible = pending().await;
    match never {}
}
