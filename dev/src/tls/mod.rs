//! TLS. Most SDKs open WebSockets over TLS only, phones grant the microphone to secure pages only,
//! and Safari blocks insecure requests from secure pages.

mod authority;
mod authority_file;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio_rustls::TlsAcceptor;

pub use authority::{Authority, Error, is_local};

use crate::host_guard::HostNames;

/// Makes an acceptor with a new certificate for these names.
///
/// # Errors
/// If the system has no random numbers.
pub fn acceptor(authority: &Authority, names: &HostNames) -> Result<TlsAcceptor, Error> {
    let (certificate, key) = authority.sign(names.for_certificate())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Python's blocking sockets sometimes fail if a session ticket arrives during a write. Clients
    // do not need to resume sessions here.
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
