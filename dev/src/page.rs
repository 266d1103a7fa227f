//! The page: the embedded files of `web/`, under a content security policy that permits connections
//! to the configured providers only.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;
use serde::Serialize;
use serde_json::json;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of `web/page/`, under the same path.
macro_rules! page {
    ($name:literal, $media_type:expr) => {
        (
            concat!("/page/", $name),
            $media_type,
            include_bytes!(concat!("../../web/page/", $name)),
        )
    };
}

/// Path, media type and content of each file.
const FILES: [(&str, &str, &[u8]); 20] = [
    ("/", HTML, include_bytes!("../../web/page/index.html")),
    (
        "/voicemint.js",
        SCRIPT,
        include_bytes!("../../web/voicemint.js"),
    ),
    page!("assemblyai.js", SCRIPT),
    page!("capture-worklet.js", SCRIPT),
    page!("capture.js", SCRIPT),
    page!("cartesia.js", SCRIPT),
    page!("elevenlabs.js", SCRIPT),
    page!("exchange.js", SCRIPT),
    page!("page.js", SCRIPT),
    page!("playback.js", SCRIPT),
    page!("providers.js", SCRIPT),
    page!("session.js", SCRIPT),
    page!("socket.js", SCRIPT),
    page!("tokens.js", SCRIPT),
    page!("use.js", SCRIPT),
    page!("view.js", SCRIPT),
    page!("waveform.js", SCRIPT),
    page!("page.css", CSS),
    page!("icon.svg", "image/svg+xml"),
    page!("sample.wav", "audio/wav"),
];

/// What the page has to know about a provider.
#[derive(Serialize)]
pub struct DeployedProvider {
    /// Its name in the path of the endpoint.
    #[serde(skip)]
    pub name: &'static str,
    /// The name of its token cookie.
    pub cookie: &'static str,
    /// Whether a token can be used only once.
    pub single_use: bool,
    /// Where clients use the tokens.
    pub base_url: String,
    /// Whether it is a stand-in.
    pub standin: bool,
}

/// The files of the page, and `/deployment.json` with the kind of sessions, whether sessions must
/// list their grants, and the providers.
pub fn router(providers: &[DeployedProvider], sessions: &str, grants_claim: bool) -> Router {
    let by_name: serde_json::Map<_, _> = providers
        .iter()
        .map(|provider| (provider.name.to_owned(), json!(provider)))
        .collect();
    let deployment =
        json!({"sessions": sessions, "grants_claim": grants_claim, "providers": by_name});
    let policy = policy(providers);
    let files = FILES
        .into_iter()
        .fold(Router::new(), |router, (path, media_type, content)| {
            let policy = policy.clone();
            router.route(
                path,
                get(async move || (headers(media_type, &policy), content)),
            )
        });
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    files.route(
        "/deployment.json",
        get(async move || (no_store, axum::Json(deployment.clone())).into_response()),
    )
}

fn headers(media_type: &'static str, policy: &str) -> [(header::HeaderName, String); 5] {
    [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}

/// Permits scripts and styles from own files and connections to the providers. Inline scripts and
/// scripts made from strings are blocked.
fn policy(providers: &[DeployedProvider]) -> String {
    let mut hosts: Vec<String> = providers
        .iter()
        .map(|provider| origin(&provider.base_url))
        .flat_map(|origin| [origin.to_owned(), origin.replacen("http", "ws", 1)])
        .collect();
    hosts.sort();
    hosts.dedup();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {}; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
        hosts.join(" ")
    )
}

/// The URL without its path.
fn origin(url: &str) -> &str {
    url.match_indices('/')
        .nth(2)
        .and_then(|(path, _)| url.get(..path))
        .unwrap_or(url)
}
