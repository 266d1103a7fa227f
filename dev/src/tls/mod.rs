//! TLS: most SDKs open no socket without it, phones give no microphone to a page without it, and
//! Safari lets no page that has it call one that has not.

mod authority;
mod authority_file;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio_rustls::TlsAcceptor;

pub use authority::{Authority, is_local};

use crate::host_guard::Names;

/// Why there is no TLS.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A way to shake hands, under a certificate that is made at every start.
///
/// # Errors
/// When the system has no randomness to give.
pub fn acceptor(authority: &Authority, names: &Names) -> Result<TlsAcceptor, Error> {
    let (certificate, key) = authority.sign(names.certified())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A ticket that arrives while a client writes upsets Python's blocking sockets now and then;
    // nobody resumes here.
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
