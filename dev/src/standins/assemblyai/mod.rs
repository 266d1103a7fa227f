//! AssemblyAI: minting temporary tokens for streaming sessions, and the sessions themselves.
//! Source: assemblyai.com/docs/streaming/api-spec/generate-streaming-token and the published
//! streaming-token.yml.

mod stt_socket;

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::tokens::Scope;
use super::{Standins, Vendor, sole_header};

/// No session lasts longer, in seconds; one that was asked for no less lasts so long.
const LONGEST_SESSION: u64 = 10_800;

/// A query as it came: names may repeat.
type Pairs = Vec<(String, String)>;

/// An error in AssemblyAI's own shape.
struct Refusal {
    status: StatusCode,
    error: String,
}

pub(super) fn routes() -> Router<Standins> {
    // The router would let the GET answer a HEAD too, and so mint a token that nobody sees.
    let endpoint = get(mint).head(wrong_method).fallback(wrong_method);
    Router::new()
        .route("/v3/token", endpoint)
        .route("/v3/ws", get(stt_socket::open))
}

pub(super) fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "Not found").into_response()
}

async fn mint(
    State(standins): State<Standins>,
    headers: HeaderMap,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Refusal> {
    standins.count_request(Vendor::AssemblyAi);
    // The key stands alone in the header: with a scheme before it, it is no key.
    match sole_header(&headers, "authorization") {
        Some(key) if standins.accepts_key(Vendor::AssemblyAi, key) => {}
        _ => {
            return Err(refuse(
                StatusCode::UNAUTHORIZED,
                "The API key is missing or wrong: send it as Authorization, with no scheme.",
            ));
        }
    }
    let Query(query) = query.map_err(|_| malformed("The query could not be read."))?;
    let (seconds, session) = read_query(&query)?;
    let lifetime = Duration::from_secs(seconds);
    let token = standins
        .mint(
            Vendor::AssemblyAi,
            Scope::AssemblyAi(Duration::from_secs(session)),
            lifetime,
        )
        .map_err(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "No randomness."))?;
    Ok(Json(json!({ "token": token, "expires_in_seconds": seconds })).into_response())
}

/// Checks all parameters; gives how long the token may be redeemed, and how long a session may last
/// then, in seconds.
fn read_query(query: &[(String, String)]) -> Result<(u64, u64), Refusal> {
    let (mut redeemable, mut session) = (None, None);
    for (name, value) in query {
        let (slot, least, most) = match name.as_str() {
            "expires_in_seconds" => (&mut redeemable, 1, 600),
            "max_session_duration_seconds" => (&mut session, 60, LONGEST_SESSION),
            _ => return Err(malformed(format!("Unknown query parameter {name:?}."))),
        };
        let seconds = whole_number(value)
            .filter(|seconds| (least..=most).contains(seconds))
            .ok_or_else(|| malformed(format!("{name} must be {least} to {most} seconds.")))?;
        if slot.replace(seconds).is_some() {
            return Err(malformed(format!("{name} is given twice.")));
        }
    }
    let redeemable = redeemable.ok_or_else(|| malformed("expires_in_seconds is required."))?;
    Ok((redeemable, session.unwrap_or(LONGEST_SESSION)))
}

/// Digits alone: Rust's own parser would let a plus sign pass.
fn whole_number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

async fn wrong_method(State(standins): State<Standins>) -> Response {
    standins.count_request(Vendor::AssemblyAi);
    let refusal = refuse(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    ([(header::ALLOW, "GET")], refusal).into_response()
}

fn refuse(status: StatusCode, error: impl Into<String>) -> Refusal {
    let error = error.into();
    Refusal { status, error }
}

fn malformed(error: impl Into<String>) -> Refusal {
    refuse(StatusCode::BAD_REQUEST, error)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standins::testing::{Answer, call, standins};
    use crate::standins::{ASSEMBLYAI_KEY, Need, Why};

    const KEY: (&str, &str) = ("authorization", ASSEMBLYAI_KEY);

    async fn mint(standins: &Standins, query: &str) -> Answer {
        let uri = format!("/v3/token{query}");
        call(standins, "GET", &uri, &[KEY], "").await
    }

    #[tokio::test]
    async fn documented_request_gets_a_token_and_its_window() {
        let (standins, _) = standins();
        for (query, seconds) in [
            ("?expires_in_seconds=1", 1),
            ("?expires_in_seconds=600", 600),
            ("?expires_in_seconds=60&max_session_duration_seconds=60", 60),
            (
                "?max_session_duration_seconds=10800&expires_in_seconds=60",
                60,
            ),
        ] {
            let answer = mint(&standins, query).await;
            let token = answer.token();
            let expected = json!({ "token": token, "expires_in_seconds": seconds });
            assert_eq!(answer.json(), expected);
        }
        assert_eq!(standins.mints(Vendor::AssemblyAi), 4);
    }

    #[tokio::test]
    async fn token_is_redeemed_once_and_only_within_its_window() {
        let (standins, time) = standins();
        let query = "?expires_in_seconds=60";
        let (early, late) = (
            mint(&standins, query).await.token(),
            mint(&standins, query).await.token(),
        );
        time.advance(59);
        assert_eq!(standins.redeem(&early, Need::AssemblyAi), Ok(()));
        assert_eq!(standins.redeem(&early, Need::AssemblyAi), Err(Why::Spent));
        time.advance(1);
        assert_eq!(standins.redeem(&late, Need::AssemblyAi), Err(Why::Expired));
    }

    #[tokio::test]
    async fn queries_outside_the_documentation_are_400() {
        let (standins, _) = standins();
        for query in [
            "",
            "?",
            "?max_session_duration_seconds=60",
            "?expires_in_seconds=",
            "?expires_in_seconds",
            "?expires_in_seconds=0",
            "?expires_in_seconds=601",
            "?expires_in_seconds=-1",
            "?expires_in_seconds=%2B60",
            "?expires_in_seconds=60.0",
            "?expires_in_seconds=99999999999999999999999",
            "?expires_in_seconds=%ff",
            "?expires_in=60",
            "?expires_in_seconds=60&expires_in_seconds=60",
            "?expires_in_seconds=60&product=tts",
            "?expires_in_seconds=60&max_session_duration_seconds=59",
            "?expires_in_seconds=60&max_session_duration_seconds=10801",
        ] {
            let answer = mint(&standins, query).await;
            assert_eq!(answer.status, 400, "{query}");
            assert!(answer.json()["error"].is_string());
        }
        assert_eq!(standins.mints(Vendor::AssemblyAi), 0);
        assert_eq!(standins.requests(Vendor::AssemblyAi), 17);
    }

    #[tokio::test]
    async fn key_with_a_scheme_or_wrong_or_missing_is_401() {
        let (standins, _) = standins();
        let with_scheme = format!("Bearer {ASSEMBLYAI_KEY}");
        for headers in [
            vec![],
            vec![("authorization", "wrong")],
            vec![("authorization", with_scheme.as_str())],
            vec![("xi-api-key", ASSEMBLYAI_KEY)],
            vec![KEY, KEY],
        ] {
            let uri = "/v3/token?expires_in_seconds=60";
            let answer = call(&standins, "GET", uri, &headers, "").await;
            assert_eq!(answer.status, 401, "{headers:?}");
            assert!(answer.json()["error"].is_string());
        }
        assert_eq!(standins.mints(Vendor::AssemblyAi), 0);
    }

    #[tokio::test]
    async fn other_methods_are_405_and_mint_nothing() {
        let (standins, _) = standins();
        for method in ["POST", "HEAD", "PUT", "OPTIONS"] {
            let uri = "/v3/token?expires_in_seconds=60";
            let answer = call(&standins, method, uri, &[KEY], "").await;
            assert_eq!(answer.status, 405, "{method}");
            assert_eq!(answer.header("allow"), "GET");
        }
        assert_eq!(standins.mints(Vendor::AssemblyAi), 0);
        assert_eq!(standins.requests(Vendor::AssemblyAi), 4);
    }
}
