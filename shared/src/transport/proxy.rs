//! The proxy for `https` calls, for functions in a VPC whose way out is one.
//!
//! It is asked to connect (RFC 9110 section 9.3.6) and then carries TLS that ends at the host
//! itself: it sees names, ports, times and sizes, and neither keys nor tokens.

use reqwest::{NoProxy, Proxy};
use url::Url;

use crate::settings::Reader;

/// Never asked of a proxy, whatever `NO_PROXY` says: what runs on this machine.
const LOOPBACK: &str = "localhost,localhost.,127.0.0.0/8,::1,::ffff:127.0.0.0/104";

/// Reads `HTTPS_PROXY` and `NO_PROXY`.
pub fn from_settings(reader: &mut Reader) -> Option<Proxy> {
    let value = reader.optional("HTTPS_PROXY")?;
    // As everywhere, a scheme may be left out.
    let value = if value.contains("://") {
        value
    } else {
        format!("http://{value}")
    };
    let url = Url::parse(&value)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let Some(proxy) = url.and_then(|url| Proxy::https(url).ok()) else {
        // The value is not repeated: it may have a password.
        reader.error(
            "HTTPS_PROXY",
            "must be a URL such as http://proxy.example.com:3128",
        );
        return None;
    };
    let except = reader.optional("NO_PROXY").unwrap_or_default();
    let except: Vec<_> = except.split(',').map(plain).collect();
    Some(proxy.no_proxy(NoProxy::from_string(&format!(
        "{LOOPBACK},{}",
        except.join(",")
    ))))
}

/// An entry of `NO_PROXY` in the one form that the library knows: other tools also take
/// `*.example.com`, a port, brackets around IPv6 and a dot at the end.
fn plain(entry: &str) -> &str {
    let entry = entry.trim();
    let entry = entry
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(entry);
    let host = match entry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        // More than one colon is IPv6.
        None => entry
            .split_once(':')
            .filter(|(_, rest)| !rest.contains(':'))
            .map_or(entry, |(host, _)| host),
    };
    host.strip_suffix('.').unwrap_or(host)
}
