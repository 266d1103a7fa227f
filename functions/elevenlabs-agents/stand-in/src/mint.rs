//! The two mints. Source: the vendor's SDK @elevenlabs/elevenlabs-js 2.73.0
//! (`conversationalAi.conversations.getSignedUrl` and `.getWebrtcToken`).

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{OverTls, QueryPairs, single_header, single_parameter};

use crate::agents;
use crate::error::ElevenLabsError;
use crate::livekit;
use crate::signature::Binding;

/// `GET /v1/convai/conversation/get-signed-url`. The URL has the host by which the stand-in was
/// called.
pub(crate) async fn signed_url(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    over_tls: Option<Extension<OverTls>>,
) -> Result<Json<Value>, ElevenLabsError> {
    account.count_request();
    check_key(&account, &headers)?;
    let with_id = match parameter(&query, "include_conversation_id")? {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            return Err(ElevenLabsError::Validation(
                "include_conversation_id",
                "bool_parsing",
                "Input should be a valid boolean, unable to interpret input",
            ));
        }
    };
    let signed = binding(&query)?.sign(&account, with_id)?;
    let host = single_header(&headers, "host");
    let host = host.ok_or(ElevenLabsError::Plain(StatusCode::BAD_REQUEST))?;
    let scheme = if over_tls.is_some() { "wss" } else { "ws" };
    let url = format!("{scheme}://{host}/v1/convai/conversation?{signed}");
    Ok(Json(json!({ "signed_url": url })))
}

/// `GET /v1/convai/conversation/token`.
pub(crate) async fn conversation_token(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
) -> Result<Json<Value>, ElevenLabsError> {
    account.count_request();
    check_key(&account, &headers)?;
    let name = parameter(&query, "participant_name")?;
    let agent = binding(&query)?.agent;
    livekit::token_response(&account, agent.id, name).map(Json)
}

/// The response for other methods, which are counted too.
pub(crate) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    let error = ElevenLabsError::Plain(StatusCode::METHOD_NOT_ALLOWED);
    ([(header::ALLOW, "GET")], error).into_response()
}

fn check_key(account: &Account, headers: &HeaderMap) -> Result<(), ElevenLabsError> {
    match single_header(headers, "xi-api-key") {
        Some(key) if account.accepts_key(key) => Ok(()),
        _ => Err(ElevenLabsError::wrong_key()),
    }
}

/// What a request is for.
fn binding(query: &[(String, String)]) -> Result<Binding<'_>, ElevenLabsError> {
    let missing = ElevenLabsError::Validation("agent_id", "missing", "Field required");
    let agent_id = parameter(query, "agent_id")?.ok_or(missing)?;
    let (branch, environment) = (
        parameter(query, "branch_id")?,
        parameter(query, "environment")?,
    );
    let agent = agents::find(agent_id).filter(|agent| agent.has(branch, environment));
    Ok(Binding {
        agent: agent.ok_or_else(ElevenLabsError::unknown_agent)?,
        branch,
        environment,
    })
}

fn parameter<'a>(
    query: &'a [(String, String)],
    name: &'static str,
) -> Result<Option<&'a str>, ElevenLabsError> {
    single_parameter(query, name).map_err(|_| {
        ElevenLabsError::Validation(name, "string_type", "Input should be a valid string")
    })
}
