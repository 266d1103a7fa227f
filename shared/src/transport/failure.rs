//! Why a request got no response, as precisely as the libraries' errors say.

use std::error::Error;
use std::io;

use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};

/// Why a request got no response.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There was no response within the time limit.
    #[error("no response in time")]
    Timeout,
    /// The response is longer than the limit.
    #[error("the response is too large")]
    TooLarge,
    /// There was no connection, so the request was not sent. The text is a clause for the log.
    #[error("{0}")]
    NotConnected(&'static str),
    /// The connection broke: the request may have arrived. The text is a clause for the log.
    #[error("{0}")]
    Unreachable(&'static str),
}

impl From<reqwest::Error> for Failure {
    /// Describes the error without the URL and without anything that was received.
    fn from(error: reqwest::Error) -> Self {
        let clause = chain(&error).find_map(clause).unwrap_or(
            match (error.is_connect(), error.is_timeout()) {
                (true, true) => "no connection within 1 s",
                (true, false) => "no connection",
                (false, _) => "the connection broke",
            },
        );
        if error.is_connect() {
            Self::NotConnected(clause)
        } else {
            Self::Unreachable(clause)
        }
    }
}

/// An error and its causes. [`io::Error::source`] skips the error that it wraps, so this function
/// does not use it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(held) => Some(held),
            None => error.source(),
        }
    })
}

fn clause(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
                "its certificate has expired"
            }
            rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
                "its certificate is for another name"
            }
            rustls::Error::InvalidCertificate(_) => {
                "its certificate is not trusted (SSL_CERT_FILE adds certificate authorities)"
            }
            _ => "the TLS handshake failed",
        });
    }
    if error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    {
        return Some("the connection was refused");
    }
    // hyper-util's types for these errors are private, but their texts are constant. A test would
    // notice a change.
    match error.to_string().as_str() {
        "dns error" => Some("its name does not resolve"),
        "tunnel error: proxy authorization required" => {
            Some("the proxy rejected the user name or password of HTTPS_PROXY")
        }
        text if text.starts_with("tunnel error") => Some("the proxy refused the connection"),
        _ => None,
    }
}
