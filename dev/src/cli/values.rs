//! What the values of flags may be.

use std::net::IpAddr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use url::Url;
use voicemint::endpoint::origin::Origins;
use voicemint::settings::Reader;

use super::Setting;
use crate::app::PROVIDERS;
use crate::identity::Kind;
use crate::{host_guard, tls};

pub(super) fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name))
        .try_map(|name| Kind::named(&name).ok_or("there is no such kind of sessions"))
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
    let advice = "expected an address, such as 192.168.1.20, or 0.0.0.0 for all; a name goes to --host, and localhost is \
                  always listened on";
    text.parse().map_err(|_| advice)
}

/// An origin that ALLOWED_ORIGINS may list, or one of plain HTTP on another machine of the local
/// network.
pub(crate) fn origin(text: &str) -> Result<String, &'static str> {
    let advice =
        "an origin is as browsers send it: scheme, host and port, such as http://localhost:3000";
    (can_be_listed(text) || is_plain_http(text))
        .then(|| text.to_owned())
        .ok_or(advice)
}

/// Whether the deployed functions would accept an origin in ALLOWED_ORIGINS.
pub(crate) fn can_be_listed(origin: &str) -> bool {
    let environment = |name: &str| (name == "ALLOWED_ORIGINS").then(|| origin.to_owned());
    let mut reader = Reader::new(&environment);
    let _ = Origins::from_settings(&mut reader);
    let is_one = !origin.is_empty() && origin.trim() == origin && !origin.contains(',');
    is_one && reader.finish(Some(())).is_ok()
}

fn is_plain_http(origin: &str) -> bool {
    Url::parse(origin)
        .is_ok_and(|url| url.scheme() == "http" && url.origin().ascii_serialization() == origin)
}

/// A name or an address, as it stands in the Host header, without the brackets of IPv6.
pub(super) fn host(text: &str) -> Result<String, &'static str> {
    let advice = "a host is a name or an address without scheme and port, such as my-mac.local or 192.168.1.20";
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    host_guard::is_name(text)
        .then(|| text.trim_end_matches('.').to_ascii_lowercase())
        .ok_or(advice)
}

/// The URL of the stand-ins, where clients see it: paths are appended to it.
pub(super) fn base_url(text: &str) -> Result<String, &'static str> {
    let advice = "expected scheme, host and port of the stand-ins, such as https://localhost:8789";
    let url = Url::parse(text).map_err(|_| advice)?;
    let origin = url.origin().ascii_serialization();
    let is_bare = ["http", "https"].contains(&url.scheme()) && text.trim_end_matches('/') == origin;
    is_bare.then_some(origin).ok_or(advice)
}

/// What is wrong with a base URL whose port is one of this machine's three, but not that of the
/// stand-ins for its scheme.
pub(super) fn misplaced(base_url: &str, ports: [u16; 3]) -> Option<String> {
    let url = Url::parse(base_url).ok()?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let is_here = tls::is_local(host.trim_matches(['[', ']'])) && ports.contains(&port);
    let [_, plain, over_tls] = ports;
    let right = if url.scheme() == "https" {
        over_tls
    } else {
        plain
    };
    (is_here && port != right).then(|| {
        format!(
            "--base-url {base_url} is not where the stand-ins have {0}, which is {0}://{host}:{right}",
            url.scheme()
        )
    })
}

pub(super) fn setting(text: &str) -> Result<Setting, String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let (provider, name) = match name.split_once(':') {
        None => (None, name),
        Some((provider, name)) if PROVIDERS.contains(&provider) => (Some(provider), name),
        Some((provider, _)) => return Err(format!("there is no provider {provider}")),
    };
    let variable = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(variable) {
        return Err("a setting's name is in capitals, such as MAX_EXPIRES_IN".to_owned());
    }
    Ok(Setting {
        provider: provider.map(str::to_owned),
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// The first paragraph of clap's message, which may list the permitted values, with its tip, and
/// where to find more.
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
