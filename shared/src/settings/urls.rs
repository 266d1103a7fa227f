//! The URLs that the function may call.

use url::Url;

/// Whether a base URL has a part that the function appends: a version or an endpoint at its end, or
/// any path on the provider's own host.
pub(super) fn has_misplaced_path(url: &Url, default: &str) -> bool {
    const ENDPOINTS: [&str; 16] = [
        "token",
        "access-token",
        "single-use-token",
        "tokens",
        "auth_tokens",
        "client_secrets",
        "get-signed-url",
        "grant",
        "temporary-api-key",
        "ws",
        "websocket",
        "converse",
        "listen",
        "speak",
        "realtime",
        "rtc",
    ];
    let is_version = |segment: &str| {
        segment
            .strip_prefix(['v', 'V'])
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let last = url
        .path_segments()
        .and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
    let Some(last) = last else { return false };
    let own_host = Url::parse(default).is_ok_and(|default| default.host() == url.host());
    own_host || is_version(last) || ENDPOINTS.contains(&last)
}

/// Parses a URL that the function may call: `https`, or `http` on a local host.
///
/// # Errors
/// What the URL must be, as the end of a sentence that begins with its name.
pub fn callable_url(value: &str) -> Result<Url, &'static str> {
    let url = Url::parse(value).map_err(|_| "must be a URL such as https://api.example.com")?;
    let secure = match url.scheme() {
        "https" => true,
        "http" => is_local(&url),
        _ => false,
    };
    if !secure || url.host_str().is_none_or(str::is_empty) {
        return Err(
            "must be an https URL (http only on localhost, loopback addresses and host.docker.internal)",
        );
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must not have a user, a password or a fragment");
    }
    Ok(url)
}

/// Whether a URL's host is this machine or the host of this container.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            name == "localhost" || name.ends_with(".localhost") || name == "host.docker.internal"
        }
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_only_for_this_machine() {
        for good in [
            "https://a.example",
            "http://localhost:1",
            "http://127.9.0.1",
            "http://[::1]:2",
            "http://host.docker.internal",
        ] {
            assert!(callable_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://u:p@a.example",
            "https://a/#f",
            "x",
        ] {
            assert!(callable_url(bad).is_err(), "{bad}");
        }
    }
}
