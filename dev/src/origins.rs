//! Whose pages may call: the origins for ALLOWED_ORIGINS, and what the deployed functions never
//! accept but a developer needs, pages of plain HTTP on the local network.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use voicemint::log::request::{Outcome, RequestLog};
use voicemint::problem::Code;
use voicemint::provider::Provider;

use crate::cli::{Arguments, values};

/// What the broker is told in the place of an origin that it would not accept. No page has it.
const STAND_IN: &str = "http://plain-http.voicemint.localhost";

/// The origins that may call one provider's endpoint.
pub struct Origins {
    /// What ALLOWED_ORIGINS can list.
    listed: Vec<String>,
    /// What it cannot.
    plain: Vec<HeaderValue>,
}

impl Origins {
    /// The page's own, or those of `--set ALLOWED_ORIGINS`; and those of `--origin`.
    pub fn new<P: Provider>(arguments: &Arguments) -> Self {
        let set = arguments
            .setting(P::NAME, "ALLOWED_ORIGINS")
            .map(|list| vec![list.to_owned()]);
        let own = || {
            arguments
                .page_origins()
                .into_iter()
                .partition(|origin| values::can_be_listed(origin))
        };
        let (mut listed, mut plain): (Vec<_>, Vec<_>) =
            set.map(|set| (set, Vec::new())).unwrap_or_else(own);
        for origin in &arguments.origin {
            if values::can_be_listed(origin) {
                listed.push(origin.clone())
            } else {
                plain.push(origin.clone())
            }
        }
        if !plain.is_empty() {
            listed.push(STAND_IN.to_owned());
        }
        Self {
            listed,
            plain: plain
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok())
                .collect(),
        }
    }

    /// The value of ALLOWED_ORIGINS.
    pub fn setting(&self) -> String {
        self.listed.join(",")
    }

    /// For whom Clerk's tokens may be made, where ALLOWED_ORIGINS, which counts otherwise, cannot
    /// list them all.
    pub fn parties(&self) -> Option<String> {
        let plain: Vec<_> = self
            .plain
            .iter()
            .filter_map(|origin| origin.to_str().ok())
            .collect();
        (!plain.is_empty()).then(|| format!("{},{}", self.setting(), plain.join(",")))
    }

    /// Puts the stand-in in the place of an origin that the broker would not accept; gives that
    /// origin.
    pub fn replace(&self, headers: &mut HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins
            .next()
            .filter(|origin| self.plain.contains(origin))?
            .clone();
        if origins.next().is_some() {
            return None;
        }
        headers.insert(header::ORIGIN, HeaderValue::from_static(STAND_IN));
        Some(origin)
    }
}

/// Gives an answer back to the origin that the stand-in stood for.
pub fn restore(response: &mut Response, origin: Option<HeaderValue>) {
    let allowed = response
        .headers_mut()
        .get_mut(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    if let Some((allowed, origin)) = allowed.zip(origin) {
        *allowed = origin;
    }
}

/// For a request that was refused because its page is not listed: which one it is, and how to list
/// it.
pub fn advice<B>(
    record: &RequestLog,
    origin: Option<&HeaderValue>,
    response: &http::Response<B>,
) -> Option<String> {
    let is_refused = record.outcome == Outcome::Refused(Code::OriginNotAllowed.name());
    if !is_refused
        || response
            .headers()
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    {
        return None;
    }
    how_to_list(origin?)
}

/// Which origin it is, and how to list it where it can be.
pub fn how_to_list(origin: &HeaderValue) -> Option<String> {
    let origin = origin.to_str().ok()?;
    Some(match values::origin(origin) {
        Ok(origin) => format!("it is {origin}: --origin {origin} adds it"),
        Err(_) => format!("it is {origin:?}, which cannot be listed"),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use voicemint_cartesia::Cartesia;

    use super::*;

    fn origins(flags: &[&str]) -> Origins {
        Origins::new::<Cartesia>(
            &Arguments::try_parse_from(["voicemint-dev"].iter().chain(flags)).unwrap(),
        )
    }

    #[test]
    fn a_page_of_plain_http_is_a_party_of_clerks_tokens_though_it_cannot_be_listed() {
        let lan = origins(&[
            "--origin",
            "http://192.168.1.20:5173",
            "--origin",
            "https://app.test",
        ]);
        let parties = lan.parties().unwrap();
        for party in [
            "http://192.168.1.20:5173",
            "https://app.test",
            "http://localhost:8787",
        ] {
            assert!(
                parties.split(',').any(|known| known == party),
                "{party}: {parties}"
            );
        }
        assert!(!lan.setting().contains("192.168.1.20"), "{}", lan.setting());
        assert_eq!(origins(&["--origin", "https://app.test"]).parties(), None);
    }
}
