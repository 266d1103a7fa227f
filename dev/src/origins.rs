//! The origins whose pages may call the endpoints: those for ALLOWED_ORIGINS, and pages with plain
//! HTTP on the local network, which the deployed functions never accept.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use voicemint::internals::{Outcome, RequestLog};
use voicemint::problem::Code;
use voicemint::provider::Provider;

use crate::cli::{Arguments, values};

/// The origin that the broker sees instead of a plain HTTP one. No page has this origin.
const PLACEHOLDER: &str = "http://plain-http.voicemint.localhost";

/// The origins whose pages may call one provider's endpoint.
pub struct Origins {
    /// Origins that ALLOWED_ORIGINS can list.
    listed: Vec<String>,
    /// Origins with plain HTTP, which it cannot list.
    plain_http: Vec<HeaderValue>,
}

impl Origins {
    /// The page's own origins or those of `--set ALLOWED_ORIGINS`, and those of `--origin`.
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
        let (mut listed, mut plain_http): (Vec<_>, Vec<_>) =
            set.map(|set| (set, Vec::new())).unwrap_or_else(own);
        for origin in &arguments.origin {
            if values::can_be_listed(origin) {
                listed.push(origin.clone())
            } else {
                plain_http.push(origin.clone())
            }
        }
        if !plain_http.is_empty() {
            listed.push(PLACEHOLDER.to_owned());
        }
        Self {
            listed,
            plain_http: plain_http
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok())
                .collect(),
        }
    }

    /// The value of ALLOWED_ORIGINS.
    pub fn setting(&self) -> String {
        self.listed.join(",")
    }

    /// The authorized parties of Clerk's tokens. They default to ALLOWED_ORIGINS, so they are
    /// needed only if it cannot list all origins.
    pub fn authorized_parties(&self) -> Option<String> {
        if self.plain_http.is_empty() {
            return None;
        }
        let plain_http: Vec<_> = self
            .plain_http
            .iter()
            .filter_map(|origin| origin.to_str().ok())
            .collect();
        Some(format!("{},{}", self.setting(), plain_http.join(",")))
    }

    /// Replaces a plain HTTP origin by the placeholder and returns the original.
    pub fn replace(&self, headers: &mut HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins
            .next()
            .filter(|origin| self.plain_http.contains(origin))?
            .clone();
        if origins.next().is_some() {
            return None;
        }
        headers.insert(header::ORIGIN, HeaderValue::from_static(PLACEHOLDER));
        Some(origin)
    }
}

/// Restores the original origin in the response.
pub fn restore(response: &mut Response, origin: Option<HeaderValue>) {
    let allowed = response
        .headers_mut()
        .get_mut(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    if let Some((allowed, origin)) = allowed.zip(origin) {
        *allowed = origin;
    }
}

/// The advice for a request that was refused because its origin is not listed.
pub fn advice<B>(
    log: &RequestLog,
    origin: Option<&HeaderValue>,
    response: &http::Response<B>,
) -> Option<String> {
    let is_refused = log.outcome == Outcome::Refused(Code::OriginNotAllowed.name());
    if !is_refused
        || response
            .headers()
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    {
        return None;
    }
    how_to_list(origin?)
}

/// Names the origin, and the flag that lists it if it can be listed.
pub fn how_to_list(origin: &HeaderValue) -> Option<String> {
    let origin = origin.to_str().ok()?;
    Some(match values::origin(origin) {
        Ok(origin) => format!("the origin is {origin}; --origin {origin} adds it"),
        Err(_) => format!("the origin is {origin:?}, which cannot be listed"),
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
    fn a_page_with_plain_http_is_an_authorized_party_although_it_cannot_be_listed() {
        let lan = origins(&[
            "--origin",
            "http://192.168.1.20:5173",
            "--origin",
            "https://app.test",
        ]);
        let parties = lan.authorized_parties().unwrap();
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
        assert_eq!(
            origins(&["--origin", "https://app.test"]).authorized_parties(),
            None
        );
    }
}
