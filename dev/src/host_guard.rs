//! The names by which this server may be called, and the refusal of requests that use another.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use crate::terminal;

/// By which containers call the machine that runs them.
const CONTAINERS: &str = "host.docker.internal";

/// The names of the loopback interface, that of containers, and those given by `--host`.
#[derive(Clone, Debug)]
pub struct Names(Arc<[String]>);

impl Names {
    /// Takes these names in addition, in small letters, addresses without brackets.
    pub fn new(given: &[String]) -> Self {
        Self(given.into())
    }

    /// A name or address as it stands in a URL.
    pub fn in_url(host: &str) -> String {
        if host.parse::<Ipv6Addr>().is_ok() {
            format!("[{host}]")
        } else {
            host.to_owned()
        }
    }

    /// The names for which there is a certificate.
    pub fn certified(&self) -> impl Iterator<Item = &str> {
        ["localhost", "127.0.0.1", "::1", CONTAINERS]
            .into_iter()
            .chain(self.0.iter().map(String::as_str))
    }

    /// Whether requests to this host are answered. The port does not count: a proxy that keeps the
    /// header sends its own, and pages cannot choose what a name of the loopback interface resolves
    /// to.
    fn accept(&self, host: &str) -> bool {
        let Some(host) = split_port(host) else {
            return false;
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            return address.is_loopback()
                || self.0.iter().any(|given| *given == address.to_string());
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        // RFC 6761 section 6.3: all names under localhost are the loopback interface.
        let is_loopback = name == "localhost" || name.ends_with(".localhost");
        is_name(&name) && (is_loopback || name == CONTAINERS || self.0.contains(&name))
    }
}

/// Whether a text is the name of a host: labels of letters, digits, hyphens and underscores.
pub fn is_name(text: &str) -> bool {
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
    let port = match rest.strip_prefix(':') {
        Some(port) => port,
        None => return rest.is_empty().then_some(name),
    };
    let is_port = port.is_empty()
        || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    is_port.then_some(name)
}

/// Answers only requests to these names. A foreign site whose name suddenly points here (DNS
/// rebinding) would count as same-origin: it could sign itself in, mint with a developer's real
/// key, and read secrets.
pub fn known_alone(router: Router, names: Names) -> Router {
    router.layer(middleware::from_fn_with_state(names, refuse_others))
}

async fn refuse_others(State(names): State<Names>, request: Request, next: Next) -> Response {
    let host = sole_host(request.headers());
    // The target's own, where it has one, counts more than the header (RFC 9112 section 3.2.2).
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    if host.is_some_and(|host| names.accept(host))
        && target.is_none_or(|target| names.accept(target))
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

/// Which name came, and how to have it accepted where it can be one.
fn advice(host: &str) -> String {
    let name = split_port(host).filter(|name| name.parse::<IpAddr>().is_ok() || is_name(name));
    match name {
        Some(name) => format!(
            "This server was called as {host}, which is none of its names. If that is meant, start it with \
             make dev ARGS='--host {}'; else call it as localhost.",
            name.trim_end_matches('.').to_ascii_lowercase()
        ),
        None => "This server was called by no name that a host can have. Call it as localhost."
            .to_owned(),
    }
}
