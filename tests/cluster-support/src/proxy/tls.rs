//! TLS towards both sides, with the certificates of the cluster.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Both halves of TLS.
pub(crate) struct Tls {
    pub(crate) accept: TlsAcceptor,
    pub(crate) connect: TlsConnector,
}

impl Tls {
    /// Reads `ca.crt`, `server.crt` and `server.key`.
    pub(crate) fn read(pki: &Path) -> Self {
        Self::try_read(pki).unwrap_or_else(|error| {
            panic!("cannot use the certificates in {}: {error}", pki.display())
        })
    }

    fn try_read(pki: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let key = PrivateKeyDer::from_pem_file(pki.join("server.key"))?;
        let chain = CertificateDer::pem_file_iter(pki.join("server.crt"))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(pki.join("ca.crt"))?)?;
        let mut server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Clients that could speak HTTP/2 are told not to.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { accept: Arc::new(server).into(), connect: Arc::new(client).into() })
    }
}
