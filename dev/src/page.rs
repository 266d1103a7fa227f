//! The page: the embedded files of `web/`, and the `page.js` and `client.js` of each provider, under
//! a content security policy that permits connections to the configured providers only.

use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;
use serde::Serialize;
use serde_json::json;

use crate::providers::PROVIDERS;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the repository, under the same path, so that modules import each other by relative
/// paths here and in tests.
macro_rules! file {
    ($path:literal, $media_type:expr) => {
        (
            concat!("/", $path),
            $media_type,
            include_bytes!(concat!("../../", $path)),
        )
    };
}

/// Path, media type and content of each file.
const FILES: [(&str, &str, &[u8]); 25] = [
    ("/", HTML, include_bytes!("../../web/page/index.html")),
    file!("web/base64.js", SCRIPT),
    file!("web/capture.js", SCRIPT),
    file!("web/microphone.js", SCRIPT),
    file!("web/playback.js", SCRIPT),
    file!("web/socket.js", SCRIPT),
    file!("web/voicemint.js", SCRIPT),
    file!("web/worklet-text.js", SCRIPT),
    file!("web/worklet.js", SCRIPT),
    file!("web/page/converse.js", SCRIPT),
    file!("web/page/dialogue.js", SCRIPT),
    file!("web/page/exchange.js", SCRIPT),
    file!("web/page/fields.js", SCRIPT),
    file!("web/page/input.js", SCRIPT),
    file!("web/page/operation.js", SCRIPT),
    file!("web/page/page.js", SCRIPT),
    file!("web/page/session.js", SCRIPT),
    file!("web/page/source.js", SCRIPT),
    file!("web/page/tokens.js", SCRIPT),
    file!("web/page/use.js", SCRIPT),
    file!("web/page/view.js", SCRIPT),
    file!("web/page/waveform.js", SCRIPT),
    file!("web/page/page.css", CSS),
    file!("web/page/icon.svg", "image/svg+xml"),
    file!("web/page/sample.wav", "audio/wav"),
];

/// What the page has to know about a provider.
#[derive(Serialize)]
pub struct DeployedProvider {
    /// Its name in the path of the endpoint.
    #[serde(skip)]
    pub name: &'static str,
    /// The name of its token cookie.
    pub cookie: String,
    /// Whether a token can be used only once.
    pub single_use: bool,
    /// The host that mints.
    pub base_url: String,
    /// The hosts where pages use the tokens.
    #[serde(skip)]
    pub hosts: Vec<String>,
    /// The names of its profiles, the default one first.
    pub profiles: Vec<String>,
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
        .map(|(path, media_type, content)| {
            (path.to_owned(), media_type, Bytes::from_static(content))
        })
        .chain(provider_files())
        .fold(Router::new(), |router, (path, media_type, content)| {
            let policy = policy.clone();
            router.route(
                &path,
                get(async move || (headers(media_type, &policy), content.clone())),
            )
        });
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    files.route(
        "/deployment.json",
        get(async move || (no_store, axum::Json(deployment.clone())).into_response()),
    )
}

/// The `page.js` and `client.js` of each provider, and the module with all of them.
fn provider_files() -> impl Iterator<Item = (String, &'static str, Bytes)> {
    let modules = PROVIDERS.into_iter().flat_map(|provider| {
        let page = (page_path(provider.name), provider.standin.page());
        let client = provider.standin.client();
        let client = client.map(|code| (format!("/functions/{}/client.js", provider.name), code));
        [Some(page), client].into_iter().flatten()
    });
    let modules = modules.map(|(path, code)| (path, SCRIPT, Bytes::from_static(code.as_bytes())));
    let list = (
        "/web/page/providers.js".to_owned(),
        SCRIPT,
        providers_module().into(),
    );
    modules.chain([list])
}

fn page_path(provider: &str) -> String {
    format!("/functions/{provider}/page.js")
}

/// A module with the page modules of all providers and their names.
fn providers_module() -> String {
    let imports = PROVIDERS.iter().enumerate().map(|(index, provider)| {
        format!(
            "import * as p{index} from {};\n",
            json!(page_path(provider.name))
        )
    });
    let members = PROVIDERS.iter().enumerate().map(|(index, provider)| {
        format!(
            "  {}: {{ ...p{index}, label: {} }},\n",
            json!(provider.name),
            json!(provider.standin.title())
        )
    });
    format!(
        "// The providers, from the list of the local command.\n\n{}\nexport const PROVIDERS = {{\n{}}};\n",
        imports.collect::<String>(),
        members.collect::<String>()
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
        .flat_map(|provider| &provider.hosts)
        .map(|host| origin(host))
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
