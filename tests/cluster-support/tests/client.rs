//! A client that hides nothing: one request on one connection, and what came back byte by byte.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use kusion_cluster::Cluster;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// What came back for a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Everything before the body, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns the length that the head promises.
    pub(crate) fn promised(&self) -> usize {
        let line = self.head.lines().find_map(|line| line.strip_prefix("content-length: "));
        line.expect("a length").trim().parse().expect("a number")
    }
}

/// Sends one request as administrator to `port`, and reads until the other side closes.
pub(crate) fn ask(cluster: &Cluster, port: u16, request: &str, body: &str) -> io::Result<Answer> {
    let mut stream = send(cluster, port, request, body)?;
    let mut all = Vec::new();
    let end = stream.read_to_end(&mut all);
    // A close without the end of TLS is an error to rustls, and what a broken answer looks like.
    match end {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        _ if all.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
        _ => {}
    }
    let split = all.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of the head");
    let head = String::from_utf8_lossy(&all[..split]).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Ok(Answer { status, head, body: all[split + 4..].to_vec() })
}

/// Sends one request as administrator to `port`, and reads until `part` has arrived; the answer may go on for ever.
pub(crate) fn ask_until(cluster: &Cluster, port: u16, request: &str, part: &str) -> io::Result<()> {
    let mut stream = send(cluster, port, request, "")?;
    let (mut all, mut more) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&all).contains(part) {
        let read = stream.read(&mut more)?;
        all.extend_from_slice(&more[..read]);
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn send(cluster: &Cluster, port: u16, request: &str, body: &str) -> io::Result<Stream> {
    let mut stream = connect(cluster, port)?;
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin-token\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(stream)
}

fn connect(cluster: &Cluster, port: u16) -> io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(cluster.folder().join("pki/ca.crt")).expect("the CA");
    roots.add(ca).expect("a CA");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let tcp = TcpStream::connect(("127.0.0.1", port))?;
    tcp.set_read_timeout(Some(Duration::from_secs(300)))?;
    Ok(StreamOwned::new(session, tcp))
}
