//! Downloads an issuer's key set, from a URL or through OpenID discovery.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{Request, StatusCode};
use serde_json::Value;
use url::Url;

use crate::json;
use crate::session::jwt::jwk_set::{JwkSet, MAX_BYTES};
use crate::session::reason::{DownloadError, Reason};
use crate::settings::callable_url;
use crate::transport::{Failure, Transport};

/// The timeout for the discovery document and the key set together.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(1500);

/// Where a key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// At a URL from the settings.
    JwkSet(Url),
    /// At the URL in the issuer's discovery document (OpenID Connect Discovery 1.0 section 4).
    Discovery {
        /// The issuer, as in `iss`.
        issuer: String,
        /// The URL of the document.
        document: Url,
    },
}

impl Location {
    /// Downloads the key set.
    ///
    /// # Errors
    /// The [`Reason`] why there is none.
    pub async fn download(&self, transport: &Transport) -> Result<JwkSet, Reason> {
        let url = match self {
            Self::JwkSet(url) => url.clone(),
            Self::Discovery { issuer, document } => {
                let text = get(transport, document)
                    .await
                    .map_err(Reason::DiscoveryDownload)?;
                jwks_uri(&text, issuer, document.scheme())?
            }
        };
        let text = get(transport, &url).await.map_err(Reason::KeySetDownload)?;
        JwkSet::parse(&text)
    }
}

async fn get(transport: &Transport, url: &Url) -> Result<Bytes, DownloadError> {
    // A compressed response could decompress to any size, so it is refused.
    let request = Request::get(url.as_str())
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .body(Bytes::new())
        .map_err(|_| DownloadError::Url)?;
    let response = transport
        .send(request, TIMEOUT, MAX_BYTES)
        .await
        .map_err(|failure| match failure {
            Failure::Timeout => DownloadError::Timeout,
            Failure::TooLarge => DownloadError::TooLarge,
            Failure::NotConnected(clause) | Failure::Unreachable(clause) => {
                DownloadError::Unreachable(clause)
            }
        })?;
    if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
        && !encoding.is_empty()
        && encoding != "identity"
    {
        let name = ["gzip", "br", "deflate", "zstd", "compress"]
            .into_iter()
            .find(|name| encoding == name)
            .unwrap_or("another encoding");
        return Err(DownloadError::Compressed(name));
    }
    match response.status() {
        StatusCode::OK => Ok(response.into_body()),
        status => Err(DownloadError::Status(status.as_u16())),
    }
}

/// The key set's URL in a discovery document, which must belong to the issuer (OpenID Connect
/// Discovery 1.0 section 4.3).
///
/// A document that was fetched over https must name an https URL, so that it cannot make this
/// function call its own machine.
fn jwks_uri(document: &[u8], issuer: &str, scheme: &str) -> Result<Url, Reason> {
    let members = json::strict_object(document).map_err(|_| Reason::DiscoveryNotObject {
        kind: json::kind(document),
    })?;
    if members.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(Reason::DiscoveryOtherIssuer);
    }
    let url = members
        .get("jwks_uri")
        .and_then(Value::as_str)
        .ok_or(Reason::DiscoveryWithoutJwksUri)?;
    let url = callable_url(url).map_err(|requirement| Reason::DiscoveryJwksUri { requirement })?;
    if scheme == "https" && url.scheme() != "https" {
        return Err(Reason::DiscoveryJwksUri {
            requirement: "must be an https URL",
        });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jwks_uri_of_a_document_from_https_must_be_https_too() {
        let find = |url: &str, scheme| {
            jwks_uri(
                format!(r#"{{"issuer":"i","jwks_uri":"{url}"}}"#).as_bytes(),
                "i",
                scheme,
            )
        };
        assert!(find("https://a.test/keys", "https").is_ok());
        assert!(find("http://127.0.0.1:9001/keys", "http").is_ok());
        for url in [
            "http://127.0.0.1:9001/keys",
            "http://host.docker.internal/",
            "http://a.test/",
            "file:///keys",
        ] {
            assert!(find(url, "https").is_err(), "{url}");
        }
    }
}
