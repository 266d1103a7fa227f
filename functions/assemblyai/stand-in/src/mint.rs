//! AssemblyAI's mint endpoints. Sources:
//! assemblyai.com/docs/streaming/api-spec/generate-streaming-token and the published
//! streaming-token.yml; for the Voice Agent API, the published voice-agent-token.yaml.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::error::AssemblyAiError;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_header};
use voicemint_stand_in::{Permissions, Scope};

/// The maximum duration of a session, in seconds, and the default.
pub(super) const MAX_SESSION_SECONDS: u64 = 10_800;

/// What a token of `/v3/token` opens: one streaming session.
pub(super) const STREAMING: Scope = Scope("streaming");

/// What a token of `/v1/token` opens: one session of the Voice Agent API.
pub(super) const AGENT: Scope = Scope("agent");

type ReadQuery = Result<Query<QueryPairs>, QueryRejection>;

/// `GET /v3/token`. The header holds the key without a scheme.
pub(super) async fn mint_streaming(
    State(account): State<Account>,
    headers: HeaderMap,
    query: ReadQuery,
) -> Result<Response, AssemblyAiError> {
    mint(
        &account,
        single_header(&headers, "authorization"),
        query,
        STREAMING,
    )
}

/// `GET /v1/token`. The header holds the key, alone or after `Bearer`.
pub(super) async fn mint_agent(
    State(account): State<Account>,
    headers: HeaderMap,
    query: ReadQuery,
) -> Result<Response, AssemblyAiError> {
    mint(&account, key_of_agents(&headers), query, AGENT)
}

/// The API key as the Voice Agent API accepts it: alone or after `Bearer`.
pub(super) fn key_of_agents(headers: &HeaderMap) -> Option<&str> {
    let value = single_header(headers, "authorization")?;
    Some(value.strip_prefix("Bearer ").unwrap_or(value))
}

fn mint(
    account: &Account,
    key: Option<&str>,
    query: ReadQuery,
    product: Scope,
) -> Result<Response, AssemblyAiError> {
    account.count_request();
    if !key.is_some_and(|key| account.accepts_key(key)) {
        return Err(AssemblyAiError::new(
            StatusCode::UNAUTHORIZED,
            "The API key is missing or wrong: send it as Authorization, without a scheme.",
        ));
    }
    let Query(query) =
        query.map_err(|_| AssemblyAiError::bad_request("The query could not be read."))?;
    let (seconds, session) = read_query(&query)?;
    let lifetime = Duration::from_secs(seconds);
    let token = account
        .mint(
            Permissions::new([product])
                .single_use()
                .with_max_session(Duration::from_secs(session)),
            lifetime,
        )
        .map_err(|_| {
            AssemblyAiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The system has no random numbers.",
            )
        })?;
    Ok(Json(json!({ "token": token, "expires_in_seconds": seconds })).into_response())
}

/// Checks all parameters. Returns how long the token can be redeemed, and the maximum duration of
/// its session, in seconds.
fn read_query(query: &[(String, String)]) -> Result<(u64, u64), AssemblyAiError> {
    let (mut redeemable, mut session) = (None, None);
    for (name, value) in query {
        let (slot, min, max) = match name.as_str() {
            "expires_in_seconds" => (&mut redeemable, 1, 600),
            "max_session_duration_seconds" => (&mut session, 60, MAX_SESSION_SECONDS),
            _ => {
                return Err(AssemblyAiError::bad_request(format!(
                    "Unknown query parameter {name:?}."
                )));
            }
        };
        let seconds = parse_digits(value)
            .filter(|seconds| (min..=max).contains(seconds))
            .ok_or_else(|| {
                AssemblyAiError::bad_request(format!("{name} must be from {min} to {max} seconds."))
            })?;
        if slot.replace(seconds).is_some() {
            return Err(AssemblyAiError::bad_request(format!(
                "{name} is given more than once."
            )));
        }
    }
    let redeemable = redeemable
        .ok_or_else(|| AssemblyAiError::bad_request("expires_in_seconds is required."))?;
    Ok((redeemable, session.unwrap_or(MAX_SESSION_SECONDS)))
}

/// Parses digits only; Rust's parser would also accept a plus sign.
pub(super) fn parse_digits(text: &str) -> Option<u64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The response for other methods, which are counted too.
pub(super) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    let error = AssemblyAiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    ([(header::ALLOW, "GET")], error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::API_KEY;
    use crate::testing::{RedeemError, TestResponse, TestStandin, call, standin};

    const KEY: (&str, &str) = ("authorization", API_KEY);

    const PATHS: [&str; 2] = ["/v3/token", "/v1/token"];

    async fn mint(standin: &TestStandin, path: &str, query: &str) -> TestResponse {
        let uri = format!("{path}{query}");
        call(standin, "GET", &uri, &[KEY], "").await
    }

    #[tokio::test]
    async fn documented_request_gets_a_token_and_its_window() {
        let (standin, _) = standin();
        for (path, (query, seconds)) in PATHS.into_iter().flat_map(|path| {
            [
                ("?expires_in_seconds=1", 1),
                ("?expires_in_seconds=600", 600),
                ("?expires_in_seconds=60&max_session_duration_seconds=60", 60),
                (
                    "?max_session_duration_seconds=10800&expires_in_seconds=60",
                    60,
                ),
            ]
            .map(|case| (path, case))
        }) {
            let response = mint(&standin, path, query).await;
            let token = response.token();
            let expected = json!({ "token": token, "expires_in_seconds": seconds });
            assert_eq!(response.json(), expected);
        }
        assert_eq!(standin.mints(), 8);
    }

    #[tokio::test]
    async fn token_is_redeemed_once_and_only_within_its_window() {
        let (standin, time) = standin();
        let query = "?expires_in_seconds=60";
        let (early, late) = (
            mint(&standin, "/v3/token", query).await.token(),
            mint(&standin, "/v3/token", query).await.token(),
        );
        time.advance(59);
        assert_eq!(standin.redeem(&early, STREAMING), Ok(()));
        assert_eq!(standin.redeem(&early, STREAMING), Err(RedeemError::Spent));
        time.advance(1);
        assert_eq!(standin.redeem(&late, STREAMING), Err(RedeemError::Expired));
    }

    #[tokio::test]
    async fn queries_outside_the_documentation_are_400() {
        let (standin, _) = standin();
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
            for path in PATHS {
                let response = mint(&standin, path, query).await;
                assert_eq!(response.status, 400, "{path}{query}");
                assert!(response.json()["error"].is_string());
            }
        }
        assert_eq!(standin.mints(), 0);
        assert_eq!(standin.requests(), 2 * 17);
    }

    #[tokio::test]
    async fn key_with_a_scheme_or_wrong_or_missing_is_401() {
        let (standin, _) = standin();
        let with_scheme = format!("Bearer {API_KEY}");
        for headers in [
            vec![],
            vec![("authorization", "wrong")],
            vec![("authorization", with_scheme.as_str())],
            vec![("xi-api-key", API_KEY)],
            vec![KEY, KEY],
        ] {
            let uri = "/v3/token?expires_in_seconds=60";
            let response = call(&standin, "GET", uri, &headers, "").await;
            assert_eq!(response.status, 401, "{headers:?}");
            assert!(response.json()["error"].is_string());
        }
        assert_eq!(standin.mints(), 0);
    }

    #[tokio::test]
    async fn the_voice_agent_api_accepts_the_key_alone_and_after_bearer() {
        let (standin, _) = standin();
        let with_scheme = |scheme: &str| format!("{scheme}{API_KEY}");
        for (credential, status) in [
            (with_scheme(""), 200),
            (with_scheme("Bearer "), 200),
            (with_scheme("Token "), 401),
            (with_scheme("Bearer Bearer "), 401),
            ("Bearer wrong".to_owned(), 401),
            (String::new(), 401),
        ] {
            let uri = "/v1/token?expires_in_seconds=60";
            let headers = [("authorization", credential.as_str())];
            let response = call(&standin, "GET", uri, &headers, "").await;
            assert_eq!(response.status, status, "{credential}");
        }
        assert_eq!(standin.mints(), 2);
    }

    #[tokio::test]
    async fn a_token_is_for_the_product_that_minted_it() {
        let (standin, _) = standin();
        for (path, own, other) in [
            ("/v3/token", STREAMING, AGENT),
            ("/v1/token", AGENT, STREAMING),
        ] {
            let token = mint(&standin, path, "?expires_in_seconds=60").await.token();
            assert_eq!(standin.redeem(&token, other), Err(RedeemError::NotGranted));
            assert_eq!(standin.redeem(&token, own), Ok(()));
            assert_eq!(standin.redeem(&token, own), Err(RedeemError::Spent));
        }
    }

    #[tokio::test]
    async fn other_methods_are_405_and_mint_nothing() {
        let (standin, _) = standin();
        for path in PATHS {
            for method in ["POST", "HEAD", "PUT", "OPTIONS"] {
                let uri = format!("{path}?expires_in_seconds=60");
                let response = call(&standin, method, &uri, &[KEY], "").await;
                assert_eq!(response.status, 405, "{method} {path}");
                assert_eq!(response.header("allow"), "GET");
            }
        }
        assert_eq!(standin.mints(), 0);
        assert_eq!(standin.requests(), 8);
    }
}
