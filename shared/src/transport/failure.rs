//! Why there is no response, told apart as far as the libraries' errors do.

use std::error::Error;
use std::{fmt, io};

use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};

/// Why there is no response.
#[derive(Debug)]
pub enum Failure {
    /// None in the time allowed.
    Timeout,
    /// It is longer than what is read.
    TooLarge,
    /// No connection, or it broke; a clause for the log.
    Unreachable(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no response in time",
            Self::TooLarge => "the response is too large",
            Self::Unreachable(clause) => clause,
        })
    }
}

impl Error for Failure {}

/// Names a failure without the URL or anything that came over the wire.
pub fn of(error: reqwest::Error) -> Failure {
    let clause =
        chain(&error)
            .find_map(clause)
            .unwrap_or(match (error.is_connect(), error.is_timeout()) {
                (true, true) => "no connection within 1 s",
                (true, false) => "no connection",
                (false, _) => "the connection broke",
            });
    Failure::Unreachable(clause)
}

/// An error and what caused it, down to the first cause. [`io::Error`] passes over the error that
/// it holds.
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
                "its certificate is not trusted (SSL_CERT_FILE adds an authority)"
            }
            _ => "no TLS connection can be agreed on",
        });
    }
    if error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    {
        return Some("the connection was refused");
    }
    // hyper-util's types for these are private, but what they say is fixed; a test would notice a
    // change.
    match error.to_string().as_str() {
        "dns error" => Some("its name does not resolve"),
        "tunnel error: proxy authorization required" => {
            Some("the proxy takes no connection without another password")
        }
        text if text.starts_with("tunnel error") => Some("the proxy gave no connection"),
        _ => None,
    }
}
