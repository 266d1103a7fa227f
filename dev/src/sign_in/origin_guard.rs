//! Whose pages may sign this machine's browser in and out. A page of any site can send such a form
//! without reading the answer, and the browser keeps the cookies in it: its visitor would go on as
//! somebody whom that site chose (login CSRF).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use voicemint::origin_pattern::OriginPattern;

use crate::app::PROVIDERS;
use crate::cli::Arguments;
use crate::{origins, terminal};

/// The page's own origins, and all those that are listed for any function.
#[derive(Clone)]
pub struct Pages(Arc<[OriginPattern]>);

impl Pages {
    /// Those of the flags.
    pub fn new(arguments: &Arguments) -> Self {
        let set = PROVIDERS
            .iter()
            .filter_map(|provider| arguments.setting(provider, "ALLOWED_ORIGINS"));
        let set = set
            .flat_map(|list| list.split(','))
            .map(|entry| entry.trim().to_owned())
            .filter(|entry| !entry.is_empty());
        let given = arguments
            .page_origins()
            .into_iter()
            .chain(arguments.origin.iter().cloned())
            .chain(set);
        // Plain HTTP on the local network is no entry that the deployed functions know.
        Self(
            given
                .map(|origin| OriginPattern::parse(&origin).unwrap_or(OriginPattern::Exact(origin)))
                .collect(),
        )
    }

    /// Why a request is refused, if it is. Without both headers it comes from no browser.
    fn refusal(&self, headers: &HeaderMap) -> Option<String> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            let is_own = |site: &HeaderValue| site == "same-origin" || site == "none";
            let site = headers.get("sec-fetch-site").filter(|site| !is_own(site));
            return site
                .map(|_| "Sec-Fetch-Site says that it is a page of another site".to_owned());
        };
        if origins.next().is_some() {
            return Some("there is more than one Origin".to_owned());
        }
        let is_known =
            self.0.iter().any(|known| known.matches(origin.as_bytes())) || is_own(origin, headers);
        (!is_known).then(|| {
            origins::how_to_list(origin).unwrap_or_else(|| "its Origin is no text".to_owned())
        })
    }
}

/// Whether a page has the host that the request names, as behind a dev proxy that keeps it: which
/// names are taken at all was looked at before.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return false;
    };
    let bare = ["http://", "https://"]
        .iter()
        .find_map(|scheme| origin.as_bytes().strip_prefix(scheme.as_bytes()));
    bare == Some(host.as_bytes())
}

/// Answers no request of another page.
pub async fn known_alone(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let Some(reason) = pages.refusal(request.headers()) else {
        return next.run(request).await;
    };
    let said = format!("origin_not_allowed: this page may not sign in or out here; {reason}");
    terminal::show(
        request.method(),
        request.uri().path(),
        &format!("403 {said}"),
    );
    let plain_text = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (StatusCode::FORBIDDEN, plain_text, format!("{said}\n")).into_response()
}
