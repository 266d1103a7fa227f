//! The mint endpoints. Source: platform.openai.com/docs/api-reference/realtime-sessions, and the
//! types of openai 7.59.0. `/v1/realtime/client_secrets` has sessions of two types, and
//! `/v1/realtime/translations/client_secrets` those of translations, which have no type.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use voicemint_stand_in::request::single_header;
use voicemint_stand_in::{Account, Permissions};

use crate::auth;
use crate::error::OpenAiError;
use crate::schema;
use crate::session::{self, SessionConfig};
use crate::session_type::SessionType;

/// The lifetime of a client secret if the request has none, in seconds.
const DEFAULT_SECONDS: u64 = 600;

/// `POST /v1/realtime/client_secrets`.
pub(crate) async fn mint(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, OpenAiError> {
    respond(&account, &headers, &body, |session| match session {
        Some(session) => SessionConfig::new(SessionType::read(session)?, session),
        None => SessionConfig::new(SessionType::Realtime, &json!({})),
    })
}

/// `POST /v1/realtime/translations/client_secrets`.
pub(crate) async fn mint_translation(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, OpenAiError> {
    respond(&account, &headers, &body, |session| {
        let session = session.ok_or_else(|| OpenAiError::missing("session"))?;
        SessionConfig::new(SessionType::Translation, session)
    })
}

fn respond(
    account: &Account,
    headers: &HeaderMap,
    body: &[u8],
    configure: impl FnOnce(Option<&Value>) -> Result<SessionConfig, OpenAiError>,
) -> Result<Json<Value>, OpenAiError> {
    account.count_request();
    auth::check_key(account, headers)?;
    let (seconds, session) = read_body(headers, body)?;
    let config = configure(session.as_ref())?;
    let session_type = config.session_type();
    let permissions = Permissions::new([session_type.scope()])
        // By the specification a secret opens several sessions. One report says that a reused one is
        // refused, so the function calls it single-use, and the stand-in is as strict.
        .single_use()
        .with_configuration(config.to_value());
    let token = account
        .mint(permissions, Duration::from_secs(seconds))
        .map_err(|_| {
            let message = "The system has no random numbers.";
            OpenAiError::server(StatusCode::INTERNAL_SERVER_ERROR, message)
        })?;
    // The session that the configuration results in, instructions included.
    let mut session = config.to_value();
    if let Some(session) = session.as_object_mut() {
        session.insert("id".to_owned(), session::id("sess").into());
        session.insert("expires_at".to_owned(), 0.into());
    }
    let expires_at = account.now().as_secs() + seconds;
    Ok(Json(
        json!({"value": token, "expires_at": expires_at, "session": session}),
    ))
}

/// Reads the body. Returns the lifetime in seconds, and the session.
fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<(u64, Option<Value>), OpenAiError> {
    let media_type = single_header(headers, "content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let message = format!(
            "Unsupported content type: '{media_type}'. This API method only accepts 'application/json' requests."
        );
        let error = OpenAiError::invalid("unsupported_content_type", message);
        return Err(error.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else {
        return Err(OpenAiError::invalid(
            None,
            "We could not parse the JSON body of your request.",
        ));
    };
    let seconds = match members.remove("expires_after") {
        None => DEFAULT_SECONDS,
        Some(expires_after) => {
            schema::check("expires_after", &expires_after, &schema::EXPIRES_AFTER)?;
            if expires_after.get("anchor").is_none() {
                return Err(OpenAiError::missing("expires_after.anchor"));
            }
            match expires_after.get("seconds") {
                None => DEFAULT_SECONDS,
                Some(seconds) => seconds.as_u64().ok_or_else(|| {
                    let message = "Invalid type for 'expires_after.seconds': expected an integer.";
                    OpenAiError::invalid("invalid_type", message).at("expires_after.seconds")
                })?,
            }
        }
    };
    let session = members.remove("session");
    match members.keys().next() {
        Some(unknown) => {
            let message = format!("Unknown parameter: '{unknown}'.");
            Err(OpenAiError::invalid("unknown_parameter", message).at(unknown.as_str()))
        }
        None => Ok((seconds, session)),
    }
}

/// The response for other methods, which are counted too.
pub(crate) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    let error = OpenAiError::invalid(
        "method_not_supported",
        "Not allowed with this method. Use POST.",
    );
    let error = error.with_status(StatusCode::METHOD_NOT_ALLOWED);
    ([(header::ALLOW, "POST")], error).into_response()
}

#[cfg(test)]
mod tests;
