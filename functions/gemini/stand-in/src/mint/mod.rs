//! Google's mint endpoint for ephemeral tokens. Sources: `authTokens.create` of @google/genai 3.3.0
//! and `auth_tokens.create` of google-genai 3.6.1, and ai.google.dev/gemini-api/docs/ephemeral-tokens.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use voicemint_stand_in::request::{QueryPairs, single_header};
use voicemint_stand_in::{Account, Permissions, Scope};

use crate::auth::check_key;
use crate::error::GoogleError;
use crate::lock::Lock;
use crate::proto_json;
use crate::setup;

/// What a token opens.
pub(crate) const LIVE: Scope = Scope("live");

/// The maximum of both times, from now.
const MAX_SECONDS: u64 = 20 * 3600;
/// The default of `expireTime`, from now.
const DEFAULT_EXPIRE_SECONDS: u64 = 1800;
/// The default of `newSessionExpireTime`, from now.
const DEFAULT_START_SECONDS: u64 = 60;

/// The fields of a request.
const FIELDS: [&str; 5] = [
    "uses",
    "expireTime",
    "newSessionExpireTime",
    "bidiGenerateContentSetup",
    "fieldMask",
];

/// A mint request, with times in seconds since the Unix epoch.
struct MintRequest {
    single_use: bool,
    messages_until: u64,
    start_until: u64,
    lock: Lock,
}

/// `POST /v1alpha/auth_tokens`.
pub(crate) async fn mint(
    State(account): State<Account>,
    query: Result<Query<QueryPairs>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, GoogleError> {
    account.count_request();
    let Query(query) = query.map_err(|_| GoogleError::invalid("The query could not be read."))?;
    check_key(&account, &query, &headers)?;
    let media_type =
        single_header(&headers, "content-type").and_then(|value| value.split(';').next());
    if media_type != Some("application/json") {
        return Err(GoogleError::invalid(
            "Invalid JSON payload received: the content type is not application/json.",
        ));
    }
    let now = account.now().as_secs();
    let request = MintRequest::read(&body, now).map_err(GoogleError::invalid)?;
    let mut permissions = Permissions::new([LIVE]).with_configuration(json!({
        "messagesUntil": request.messages_until,
        "lock": request.lock.to_value(),
    }));
    if request.single_use {
        permissions = permissions.single_use();
    }
    // A session that has ended before it starts is of no use.
    let lifetime = request.start_until.min(request.messages_until) - now;
    let token = account
        .mint(permissions, Duration::from_secs(lifetime))
        .map_err(|_| {
            GoogleError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal error encountered.",
            )
        })?;
    // Both times are input only.
    Ok(Json(json!({ "name": token })))
}

impl MintRequest {
    fn read(body: &[u8], now: u64) -> Result<Self, String> {
        let fields = proto_json::parse_object(body)
            .ok_or("Invalid JSON payload received: not an object.")?;
        if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(format!(
                "Invalid JSON payload received. Unknown name {name:?}: Cannot find field."
            ));
        }
        let uses = match fields.get("uses") {
            None => Some(1),
            Some(uses) => uses.as_u64().filter(|uses| i32::try_from(*uses).is_ok()),
        };
        let single_use = match uses {
            Some(0) => false,
            Some(1) => true,
            Some(_) => return Err("The stand-in knows 0 and 1 as uses only.".to_owned()),
            None => return Err("Invalid value at 'uses'.".to_owned()),
        };
        let setup = match fields.get("bidiGenerateContentSetup") {
            None => None,
            Some(Value::Object(setup)) => Some(setup.clone()),
            Some(_) => return Err("Invalid value at 'bidi_generate_content_setup'.".to_owned()),
        };
        if let Some(setup) = &setup {
            setup::check(setup)?;
        }
        let mask = match fields.get("fieldMask") {
            None => None,
            Some(Value::String(mask)) => Some(mask.as_str()),
            Some(_) => return Err("Invalid value at 'field_mask'.".to_owned()),
        };
        let time = |name: &str, default: u64| read_time(fields.get(name), name, now, default);
        Ok(Self {
            single_use,
            messages_until: time("expireTime", DEFAULT_EXPIRE_SECONDS)?,
            start_until: time("newSessionExpireTime", DEFAULT_START_SECONDS)?,
            lock: Lock::new(setup, mask)?,
        })
    }
}

/// A time in the future, less than 20 hours from now, in seconds since the Unix epoch.
fn read_time(value: Option<&Value>, name: &str, now: u64, default: u64) -> Result<u64, String> {
    let Some(value) = value else {
        return Ok(now + default);
    };
    let time = value
        .as_str()
        .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
        .and_then(|time| u64::try_from(time.unix_timestamp()).ok())
        .ok_or_else(|| format!("Invalid value at '{name}': it is not a time of RFC 3339."))?;
    // Times are whole seconds, so the current second counts as the future.
    if time < now {
        return Err(format!("{name} must be in the future."));
    }
    if time >= now + MAX_SECONDS {
        return Err(format!("{name} must be less than 20 hours in the future."));
    }
    Ok(time)
}

/// The response for other methods, which are counted too.
pub(crate) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    let error = GoogleError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.");
    ([(header::ALLOW, "POST")], error).into_response()
}

#[cfg(test)]
mod tests;
