//! Limits which pages can sign the browser in and out. Any website can submit such a form without
//! reading the response, and the browser stores the cookies: the user would continue in a session
//! that an attacker chose (login CSRF).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use voicemint::internals::OriginPattern;

use crate::cli::Arguments;
use crate::providers::PROVIDERS;
use crate::{origins, terminal};

/// The page's own origins, and those that are listed for any function.
#[derive(Clone)]
pub struct AllowedOrigins(Arc<[OriginPattern]>);

impl AllowedOrigins {
    /// The origins of the flags.
    pub fn new(arguments: &Arguments) -> Self {
        let set = PROVIDERS
            .iter()
            .filter_map(|provider| arguments.setting(provider.name, "ALLOWED_ORIGINS"));
        let set = set
            .flat_map(|list| list.split(','))
            .map(|entry| entry.trim().to_owned())
            .filter(|entry| !entry.is_empty());
        let given = arguments
            .page_origins()
            .into_iter()
            .chain(arguments.origin.iter().cloned())
            .chain(set);
        // The deployed functions do not accept plain HTTP on the local network, so it has no
        // pattern.
        Self(
            given
                .map(|origin| OriginPattern::parse(&origin).unwrap_or(OriginPattern::Exact(origin)))
                .collect(),
        )
    }

    /// Why a request is rejected. A request without both headers does not come from a browser.
    fn rejection(&self, headers: &HeaderMap) -> Option<String> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            let is_own = |site: &HeaderValue| site == "same-origin" || site == "none";
            let site = headers.get("sec-fetch-site").filter(|site| !is_own(site));
            return site.map(|_| "Sec-Fetch-Site names another site".to_owned());
        };
        if origins.next().is_some() {
            return Some("there is more than one Origin header".to_owned());
        }
        let is_known =
            self.0.iter().any(|known| known.matches(origin.as_bytes())) || is_own(origin, headers);
        if is_known {
            return None;
        }
        let advice = origins::how_to_list(origin);
        Some(advice.unwrap_or_else(|| "the Origin header is not valid text".to_owned()))
    }
}

/// Whether the origin has the same host as the request, as behind a development proxy that forwards
/// the Host header. The host guard has already accepted that host.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return false;
    };
    let bare = ["http://", "https://"]
        .iter()
        .find_map(|scheme| origin.as_bytes().strip_prefix(scheme.as_bytes()));
    bare == Some(host.as_bytes())
}

/// Rejects requests from other origins.
pub async fn require_allowed_origin(
    State(allowed): State<AllowedOrigins>,
    request: Request,
    next: Next,
) -> Response {
    let Some(reason) = allowed.rejection(request.headers()) else {
        return next.run(request).await;
    };
    let message = format!("origin_not_allowed: this page may not sign in or out here; {reason}");
    terminal::show(
        request.method(),
        request.uri().path(),
        &format!("403 {message}"),
    );
    let plain_text = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (StatusCode::FORBIDDEN, plain_text, format!("{message}\n")).into_response()
}
