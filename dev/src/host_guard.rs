//! The host names that this server accepts, and the rejection of requests with any other.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use crate::terminal;

/// The name by which containers reach the machine that runs them.
const CONTAINERS: &str = "host.docker.internal";

/// The names of the loopback interface, the name that containers use, and those given by `--host`.
#[derive(Clone, Debug)]
pub struct HostNames(Arc<[String]>);

impl HostNames {
    /// Adds these names to the built-in ones; names are in lower case, addresses without brackets.
    pub fn new(given: &[String]) -> Self {
        Self(given.into())
    }

    /// A name or address as written in a URL.
    pub fn in_url(host: &str) -> String {
        if host.parse::<Ipv6Addr>().is_ok() {
            format!("[{host}]")
        } else {
            host.to_owned()
        }
    }

    /// The names that the certificate is requested for.
    pub fn for_certificate(&self) -> impl Iterator<Item = &str> {
        ["localhost", "127.0.0.1", "::1", CONTAINERS]
            .into_iter()
            .chain(self.0.iter().map(String::as_str))
    }

    /// Whether requests to this host are accepted. The port is ignored: a proxy that forwards the
    /// header sends its own port, and pages cannot choose what a loopback name resolves to.
    fn accepts(&self, host: &str) -> bool {
        let Some(host) = split_port(host) else {
            return false;
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            return address.is_loopback()
                || self.0.iter().any(|given| *given == address.to_string());
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        // All names under localhost resolve to the loopback interface (RFC 6761 section 6.3).
        let is_loopback = name == "localhost" || name.ends_with(".localhost");
        is_host_name(&name) && (is_loopback || name == CONTAINERS || self.0.contains(&name))
    }
}

/// Whether this is a host name: labels of letters, digits, hyphens and underscores.
pub fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

/// The host without its port, and without the brackets of IPv6 (RFC 9110 section 7.2).
fn split_port(host: &str) -> Option<&str> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(rest) => rest
            .split_once(']')
            .filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok())?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let Some(port) = rest.strip_prefix(':') else {
        return rest.is_empty().then_some(name);
    };
    let is_port = port.is_empty()
        || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    is_port.then_some(name)
}

/// Accepts only requests to these names. Otherwise a website that makes its name resolve to this
/// machine (DNS rebinding) would be same-origin: it could sign in, mint with the developer's real
/// API key, and read secrets.
pub fn protect(router: Router, names: HostNames) -> Router {
    router.layer(middleware::from_fn_with_state(names, reject_other_hosts))
}

async fn reject_other_hosts(
    State(names): State<HostNames>,
    request: Request,
    next: Next,
) -> Response {
    let host = sole_host(request.headers());
    // An authority in the request target takes precedence over the header (RFC 9112 section 3.2.2).
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    if host.is_some_and(|host| names.accepts(host))
        && target.is_none_or(|target| names.accepts(target))
    {
        return next.run(request).await;
    }
    let advice = advice(target.or(host).unwrap_or_default());
    terminal::show(
        request.method(),
        request.uri().path(),
        &format!("421 host_not_accepted: {advice}"),
    );
    let plain_text = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (
        StatusCode::MISDIRECTED_REQUEST,
        plain_text,
        format!("{advice}\n"),
    )
        .into_response()
}

fn sole_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none())?;
    host.to_str().ok()
}

/// The message for a rejected host, with the flag that adds it if it is a valid name.
fn advice(host: &str) -> String {
    let name = split_port(host).filter(|name| name.parse::<IpAddr>().is_ok() || is_host_name(name));
    match name {
        Some(name) => format!(
            "This server was called as {host}, which it does not accept. To accept it, start the server with \
             make dev ARGS='--host {}'. Otherwise use localhost.",
            name.trim_end_matches('.').to_ascii_lowercase()
        ),
        None => "This server was called without a valid host name. Use localhost.".to_owned(),
    }
}
