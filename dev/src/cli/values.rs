//! Parsers for the values of flags.

use std::net::IpAddr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use url::Url;
use voicemint::internals::Origins;
use voicemint::settings::Reader;

use crate::identity::Kind;
use crate::providers;
use crate::{host_guard, tls};

/// A setting given by `--set`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The provider that it applies to; `None` for all.
    pub provider: Option<String>,
    /// The environment variable.
    pub name: String,
    /// The value of the variable.
    pub value: String,
}

pub(super) fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| {
        name.parse()
            .map_err(|_| "there is no such kind of sessions")
    })
}

pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or("a port is a number from 1 to 65535")
}

pub(super) fn session_seconds(text: &str) -> Result<u32, &'static str> {
    let advice = "expected a number of seconds from 1 to 86400, such as 300 for five minutes";
    text.parse()
        .ok()
        .filter(|seconds| (1..=86_400).contains(seconds))
        .ok_or(advice)
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<IpAddr, &'static str> {
    let advice = "expected an address, such as 192.168.1.20, or 0.0.0.0 for all; use --host for a name; the command \
                  always listens on localhost";
    text.parse().map_err(|_| advice)
}

/// An origin that ALLOWED_ORIGINS can list, or one with plain HTTP on the local network.
pub(crate) fn origin(text: &str) -> Result<String, &'static str> {
    if can_be_listed(text) || is_plain_http(text) {
        return Ok(text.to_owned());
    }
    Err(
        "expected an origin as browsers send it: scheme, host and port, such as http://localhost:3000",
    )
}

/// Whether the deployed functions accept this origin in ALLOWED_ORIGINS.
pub(crate) fn can_be_listed(origin: &str) -> bool {
    let environment = |name: &str| (name == "ALLOWED_ORIGINS").then(|| origin.to_owned());
    let mut reader = Reader::new(&environment);
    let _ = Origins::from_settings(&mut reader);
    let is_single = !origin.is_empty() && origin.trim() == origin && !origin.contains(',');
    is_single && reader.finish(Some(())).is_ok()
}

fn is_plain_http(origin: &str) -> bool {
    Url::parse(origin)
        .is_ok_and(|url| url.scheme() == "http" && url.origin().ascii_serialization() == origin)
}

/// A host name or an address, as in the Host header but without the brackets of IPv6.
pub(super) fn host(text: &str) -> Result<String, &'static str> {
    let advice = "expected a name or an address without scheme and port, such as my-mac.local or 192.168.1.20";
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if !host_guard::is_host_name(text) {
        return Err(advice);
    }
    Ok(text.trim_end_matches('.').to_ascii_lowercase())
}

/// The URL under which clients reach the stand-ins; they append paths to it.
pub(super) fn base_url(text: &str) -> Result<String, &'static str> {
    let advice = "expected scheme, host and port of the stand-ins, such as https://localhost:8789";
    let url = Url::parse(text).map_err(|_| advice)?;
    let origin = url.origin().ascii_serialization();
    let is_bare = ["http", "https"].contains(&url.scheme()) && text.trim_end_matches('/') == origin;
    if is_bare { Ok(origin) } else { Err(advice) }
}

/// The error for a base URL whose port belongs to this command, but not to the stand-ins under that
/// scheme.
pub(super) fn base_url_mismatch(base_url: &str, ports: [u16; 3]) -> Option<String> {
    let url = Url::parse(base_url).ok()?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let is_here = tls::is_local(host.trim_matches(['[', ']'])) && ports.contains(&port);
    let [_, plain, over_tls] = ports;
    let expected = if url.scheme() == "https" {
        over_tls
    } else {
        plain
    };
    (is_here && port != expected).then(|| {
        format!(
            "--base-url {base_url} does not reach the stand-ins: their URL for {0} is {0}://{host}:{expected}",
            url.scheme()
        )
    })
}

pub(super) fn setting(text: &str) -> Result<Setting, String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let (provider, name) = match name.split_once(':') {
        None => (None, name),
        Some((provider, name)) if providers::find(provider).is_some() => (Some(provider), name),
        Some((provider, _)) => return Err(format!("there is no provider {provider}")),
    };
    let variable = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(variable) {
        return Err("the name of a setting is in upper case, such as MAX_EXPIRES_IN".to_owned());
    }
    Ok(Setting {
        provider: provider.map(str::to_owned),
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// One line with the first paragraph of clap's message, which can list the permitted values, its
/// tip, and a reference to the help.
pub(super) fn one_line(message: &str) -> String {
    let lines = || message.lines().map(str::trim);
    let first: Vec<_> = lines().take_while(|line| !line.is_empty()).collect();
    let tip = lines()
        .filter_map(|line| line.strip_prefix("tip: "))
        .map(|tip| format!("; {tip}"))
        .next();
    let tip = tip.unwrap_or_default();
    format!(
        "{}{tip}; --help lists the flags",
        first.join(" ").trim_start_matches("error: ")
    )
}
