//! The proxy for `https` calls, for functions in a VPC that reach the internet through one.
//!
//! The client asks it for a tunnel (`CONNECT`, RFC 9110 section 9.3.6), and TLS ends at the target
//! host: the proxy sees names, ports, times and sizes, but neither keys nor tokens.

use reqwest::{NoProxy, Proxy};
use url::Url;

use crate::settings::Reader;

/// The hosts that are never called through the proxy, whatever `NO_PROXY` says: this machine.
const LOOPBACK: &str = "localhost,localhost.,127.0.0.0/8,::1,::ffff:127.0.0.0/104";

/// Reads `HTTPS_PROXY` and `NO_PROXY`.
pub(super) fn from_settings(reader: &mut Reader) -> Option<Proxy> {
    let value = reader.optional("HTTPS_PROXY")?;
    // As in other tools, the scheme is optional.
    let value = if value.contains("://") {
        value
    } else {
        format!("http://{value}")
    };
    let url = Url::parse(&value)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let Some(proxy) = url.and_then(|url| Proxy::https(url).ok()) else {
        // The message does not repeat the value, which may contain a password.
        reader.error(
            "HTTPS_PROXY",
            "must be a URL such as http://proxy.example.com:3128",
        );
        return None;
    };
    let except = reader.optional("NO_PROXY").unwrap_or_default();
    let except: Vec<_> = except.split(',').map(normalized).collect();
    Some(proxy.no_proxy(NoProxy::from_string(&format!(
        "{LOOPBACK},{}",
        except.join(",")
    ))))
}

/// An entry of `NO_PROXY` in the form that the library knows. Other tools also accept
/// `*.example.com`, a port, brackets around IPv6 and a dot at the end.
fn normalized(entry: &str) -> &str {
    let entry = entry.trim();
    let entry = entry
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(entry);
    let host = match entry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        // An entry with more than one colon is an IPv6 address.
        None => entry
            .split_once(':')
            .filter(|(_, rest)| !rest.contains(':'))
            .map_or(entry, |(host, _)| host),
    };
    host.strip_suffix('.').unwrap_or(host)
}
