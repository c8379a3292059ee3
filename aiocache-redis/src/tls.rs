//! Certificates of TLS connections.

use std::path::Path;

use aiocache_core::{Error, ErrorKind, Result};
use redis::{Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, TlsCertificates};
use rustls::crypto::{CryptoProvider, ring};

use crate::url::Files;

/// Certificates as PEM; what is missing here comes from the system.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) client: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    /// Takes from `files` what is not there yet.
    ///
    /// # Errors
    /// `InvalidConfig`, with the path, for a file that cannot be read; and for a certificate without its key.
    pub(crate) fn or_from(mut self, files: &Files) -> Result<Self> {
        if self.ca.is_none()
            && let Some(path) = &files.ca
        {
            self.ca = Some(contents(path)?);
        }
        if self.client.is_none() {
            self.client = match (&files.certificate, &files.key) {
                (Some(certificate), Some(key)) => Some((contents(certificate)?, contents(key)?)),
                (None, None) => None,
                _ => return Err(invalid("cert_file and key_file are given together")),
            };
        }
        Ok(self)
    }

    /// The same connection with these certificates.
    ///
    /// # Errors
    /// `InvalidConfig` for what is no PEM, and for certificates without TLS.
    pub(crate) fn put_into(self, info: ConnectionInfo) -> Result<ConnectionInfo> {
        if self.ca.is_none() && self.client.is_none() {
            return Ok(info);
        }
        if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Err(invalid("certificates are for rediss:// only"));
        }
        let mut given = self.ca.iter().chain(self.client.iter().map(|(chain, _)| chain));
        if given.any(|pem| !holds_certificate(pem)) {
            return Err(invalid(
                "a certificate has to be PEM: -----BEGIN CERTIFICATE-----",
            ));
        }
        let certificates = TlsCertificates {
            root_cert: self.ca,
            client_tls: self.client.map(|(client_cert, client_key)| ClientTlsConfig {
                client_cert,
                client_key,
            }),
        };
        // The cause is left out: it is about a private key.
        let client = Client::build_with_tls(info, certificates)
            .map_err(|_| invalid("the certificates or the key cannot be read as PEM"))?;
        Ok(client.get_connection_info().clone())
    }
}

/// Makes sure that rustls has its cryptography: where a build has two providers, it would panic for want of a choice.
pub(crate) fn provide() {
    if CryptoProvider::get_default().is_none() {
        // Lost to another thread at worst, which chose then.
        drop(ring::default_provider().install_default());
    }
}

fn holds_certificate(pem: &[u8]) -> bool {
    let begin = b"-----BEGIN CERTIFICATE-----";
    pem.windows(begin.len()).any(|bytes| bytes == begin)
}

fn contents(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|cause| invalid(format!("{} cannot be read", path.display())).with_source(cause))
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}
